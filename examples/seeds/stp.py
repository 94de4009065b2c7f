"""The tutorial's synapses with short-term plasticity."""

from pynn_annarchy.ann import *

setup(dt=0.1)

STP = Synapse(
    parameters="""
        tau_rec = 100.0 : projection
        tau_facil = 0.01 : projection
        U = 0.5
    """,
    equations="""
        dx/dt = (1 - x)/tau_rec : init = 1.0, event-driven
        du/dt = (U - u)/tau_facil : init = 0.5, event-driven
    """,
    pre_spike="""
        g_target += w * u * x
        x *= (1 - u)
        u += U * (1 - u)
    """,
)

# The tutorial leaves out what is connected: a regular train, and a cell that shows what arrives
source = SpikeSourceArray([[10.0 * n for n in range(1, 11)]])
pop = Population(1, Neuron(equations="v = g_exc", spike="v > 1000.0", reset=""))
proj = Projection(source, pop, "exc", STP)
proj.connect_all_to_all(weights=1.0)

compile()
m = Monitor(pop, "v")
simulate(120.0)
arrived = m.get("v")[:, 0]
