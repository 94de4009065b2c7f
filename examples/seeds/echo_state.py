"""The tutorial's neuron of an echo-state network, in a reservoir with its input."""

from pynn_annarchy.ann import *

setup(dt=1.0, seed=5)

ESN_Neuron = Neuron(
    parameters="""
        tau = 30.0 # Time constant
        g = 1.0 : population # Scaling
        noise = 0.01 : population # Noise amplitude
    """,
    equations="""
        tau * dx/dt + x = sum(in) + g * sum(exc) + noise * Uniform(-1, 1) : init=0.0
        r = tanh(x)
    """,
)

# The notebook that goes with the tutorial is no part of it: an input, and the connections of a reservoir
inp = InputArray(1)
pop = Population(200, ESN_Neuron)
pop.g = 1.5

proj_in = Projection(inp, pop, "in")
proj_in.connect_all_to_all(weights=Uniform(-1.0, 1.0))
proj = Projection(pop, pop, "exc")
proj.connect_all_to_all(weights=Normal(0.0, 1.0 / pop.size**0.5), allow_self_connections=True)

compile()
m = Monitor(pop, ["x", "r"])

inp.r = 1.0
simulate(100.0)
inp.r = 0.0
simulate(200.0)

recorded_x = m.get("x")
recorded_r = m.get("r")
