"""How a simulation is configured in the manner of ANNarchy 4, as the page about configuration shows."""

import numpy as np

from pynn_annarchy.ann import *

setup(dt=0.1)
setup(seed=62756)

# "Note that this also sets the seed of Numpy"
drawn = np.random.random(3)

setup(num_threads=2)

neuron = Neuron(equations="r = t")
pop = Population(2, neuron)

compile(compiler="g++", compiler_flags="-march=native -O2")

m = Monitor(pop, "r")
simulate(1.0)
times = m.get("r")
