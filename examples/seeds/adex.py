"""The tutorial's adaptive exponential integrate-and-fire neuron."""

from pynn_annarchy.ann import *

setup(dt=0.1)

AdEx = Neuron(
    parameters="""
        tau = 20.
        E_L = -70.
        v_T = -50. ; v_r = -58.
        delta_T = 2.0
        a = 0.2 ; b = 0.
        tau_w = 30.
        I = 50.0
    """,
    equations="""
        tau * dv/dt = (E_L - v) + delta_T * exp((v-v_T)/delta_T) + I - w : init=E_L
        tau_w * dw/dt = a * (v - E_L) - w : init=0.0
    """,
    spike=" v >= 0.0 ",
    reset=" v = v_r ; w += b ",
    refractory=2.0,
)

# The notebook that goes with the tutorial is no part of it: cells that differ in their adaptation
pop = Population(4, AdEx)
pop.a = [0.2, 0.2, 0.2, 0.0]
pop.b = [0.0, 5.0, 20.0, 0.0]
pop.I = [50.0, 50.0, 50.0, 18.0]

compile()
m = Monitor(pop, ["v", "w", "spike"])
simulate(500.0)
data = m.get()
