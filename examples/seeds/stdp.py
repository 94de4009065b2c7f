"""The tutorial's spike-timing dependent plasticity, at pairs of spikes that are some time apart."""

import numpy as np

from pynn_annarchy.ann import *

setup(dt=0.1)

STDP = Synapse(
    parameters="""
        tau_plus = 20.0 : projection ; tau_minus = 20.0 : projection
        A_plus = 0.01 : projection ; A_minus = 0.01 : projection
        w_min = 0.0 : projection ; w_max = 1.0 : projection
    """,
    equations="""
        tau_plus * dx/dt = -x : event-driven # pre-synaptic trace
        tau_minus * dy/dt = -y : event-driven # post-synaptic trace
    """,
    pre_spike="""
        g_target += w
        x += A_plus * w_max
        w = clip(w + y, w_min , w_max)
    """,
    post_spike="""
        y -= A_minus * w_max
        w = clip(w + x, w_min , w_max)
    """,
)

# The tutorial leaves out what is connected: one cell spikes at 100 ms, its inputs from 40 ms before to 40 ms after
lags = np.array([-40.0, -20.0, -10.0, -5.0, 5.0, 10.0, 20.0, 40.0])
inputs = SpikeSourceArray([[100.0 - lag] for lag in lags])
teacher = SpikeSourceArray([[99.9]])
pop = Population(1, Neuron(equations="v = g_teach; arrived = g_exc", spike="v > 0.5", reset="v = 0.0"))

proj = Projection(inputs, pop, "exc", STDP)
proj.connect_all_to_all(weights=0.5)
teach = Projection(teacher, pop, "teach")
teach.connect_one_to_one(weights=1.0)

compile()
m = Monitor(pop, "spike")
simulate(200.0)
spikes = m.get("spike")
changes = np.array(proj.w[0]) - 0.5
