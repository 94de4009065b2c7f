"""The tutorial's leaky integrate-and-fire neurons: alone, with instantaneous, exponential and alpha conductances."""

from pynn_annarchy.ann import *

setup(dt=0.1)

parameters = """
    tau = 20.
    E_L = -70.
    v_T = 0.
    v_r = -58.
    I = 50.0
    tau_exc = 5.0
"""

LIF = Neuron(
    parameters="""
        tau = 20.
        E_L = -70.
        v_T = 0.
        v_r = -58.
        I = 50.0
    """,
    equations="""
        tau * dv/dt = (E_L - v) + I : init=E_L
    """,
    spike=" v >= v_T ",
    reset=" v = v_r ",
    refractory=2.0,
)

# The tutorial writes "..." for the parameters of the following two, and its first line of the third lacks an end: the
# equation of alpha_exc goes on in a second line.
Instantaneous = Neuron(
    parameters=parameters,
    equations="""
        tau * dv/dt = (E_L - v) + g_exc - g_inh : init=E_L
    """,
    spike=" v >= v_T ",
    reset=" v = v_r ",
    refractory=2.0,
)

Alpha = Neuron(
    parameters=parameters,
    equations="""
        tau * dv/dt = (E_L - v) + g_exc + alpha_exc : init=E_L # exponential or alpha
        tau_exc * dg_exc/dt = - g_exc : exponential
        tau_exc * dalpha_exc/dt = exp((tau_exc - dt/2.0)/tau_exc) * g_exc
                                - alpha_exc : exponential
    """,
    spike=" v >= v_T ",
    reset=" v = v_r ",
    refractory=2.0,
)

alone = Population(2, LIF)
alone.I = [50.0, 90.0]
source = SpikeSourceArray([[1.0]])
instantaneous = Population(1, Instantaneous)
alpha = Population(1, Alpha)

for pop in (instantaneous, alpha):
    proj = Projection(source, pop, "exc")
    proj.connect_one_to_one(weights=2.0)

compile()

monitors = {
    "alone": Monitor(alone, ["v", "spike"]),
    "instantaneous": Monitor(instantaneous, ["v", "g_exc"]),
    "alpha": Monitor(alpha, ["v", "g_exc", "alpha_exc"]),
}
simulate(200.0)
data = {name: m.get() for name, m in monitors.items()}
