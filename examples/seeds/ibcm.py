"""The tutorial's rule of Intrator and Cooper, with the sliding threshold that all synapses of a neuron share."""

from pynn_annarchy.ann import *

setup(seed=7)

IBCM = Synapse(
    parameters="""
        eta = 0.01 : projection
        tau = 2000.0 : projection
    """,
    equations="""
        tau * dtheta/dt + theta = post.r^2 : postsynaptic, exponential
        dw/dt = eta * post.r * (post.r - theta) * pre.r : min=0.0, explicit
    """,
    psp=" w * pre.r",
)

# The tutorial connects `inp` to `pop`: a constant input, and linear neurons
inp = InputArray(3)
inp.r = [0.1, 0.5, 1.0]
pop = Population(12, Neuron(equations="r = sum(exc)"))

proj = Projection(inp, pop, "exc", IBCM)
proj.connect_all_to_all(weights=Uniform(0.2, 0.6))

compile()
weights = proj.w
m = Monitor(pop, "r")
n = Monitor(proj, ["w", "theta"])
simulate(300.0)

rates = m.get("r")
recorded = n.get()
theta = proj.theta
dendrite = proj[10].w
