"""Populations, views and connectivity of the tutorial."""

# The tutorial writes `w[pre.size, ...]` in the loop over `i`, a row that does not exist: `w[i, ...]` is meant; and
# `pop.v` for the `x` of its neuron.

import numpy as np
from scipy.sparse import lil_matrix

from pynn_annarchy.ann import *

setup(seed=10)

ESN_Neuron = Neuron(
    parameters="""
        tau = 30.0 # Time constant
        g = 1.0 : population # Scaling
        noise = 0.01 : population # Noise amplitude
    """,
    equations="""
        tau * dx/dt + x = sum(in) + g * sum(exc) + sum(inh) + noise * Uniform(-1, 1) : init=0.0
        r = tanh(x)
    """,
)

pop = Population(1000, ESN_Neuron)
grid = Population((100, 100), ESN_Neuron)

pop.tau = np.linspace(20.0, 40.0, 1000)
pop.r = np.tanh(pop.x)
pop[10].r = 1.0

E = pop[:800]
I = pop[800:]

proj_exc = Projection(E, pop, "exc")
proj_inh = Projection(I, pop, "inh")
proj_exc.connect_fixed_number_pre(number=20, weights=1.0)
proj_inh.connect_fixed_probability(probability=0.2, weights=1.0)

small = Population((5, 5), ESN_Neuron)
patterns = {}


def connect(name):
    patterns[name] = Projection(small, small, "exc")
    return patterns[name]


connect("all_to_all").connect_all_to_all(weights=Normal(0.0, 1.0), delays=2.0, allow_self_connections=False)
connect("one_to_one").connect_one_to_one(weights=1.0, delays=Uniform(1.0, 10.0))
connect("fixed_number_pre").connect_fixed_number_pre(number=20, weights=1.0)
connect("fixed_number_post").connect_fixed_number_post(number=20, weights=1.0)
connect("fixed_probability").connect_fixed_probability(probability=0.2, weights=1.0)
connect("gaussian").connect_gaussian(amp=1.0, sigma=0.2, limit=0.001)
connect("dog").connect_dog(amp_pos=1.0, sigma_pos=0.2, amp_neg=0.3, sigma_neg=0.7, limit=0.001)

pre = post = small

# Synfire chains
w = np.array([[None] * pre.size] * post.size)
for i in range(post.size):
    w[i, (i - 1) % pre.size] = 1.0
connect("matrix").connect_from_matrix(w)

w = lil_matrix((pre.size, post.size))
for i in range(pre.size):
    w[i, (i + 1) % post.size] = 1.0
connect("sparse").connect_from_sparse(w)

compile()
simulate(10.0)
