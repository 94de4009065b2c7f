"""The tutorial's first script, in the manner of ANNarchy 4."""

# The tutorial leaves out what the types are: here, its leaky integrate-and-fire neuron with a conductance, its pair
# rule of plasticity, and a current that lets the cells fire.

from pynn_annarchy.ann import *

setup(dt=1.0)
setup(seed=1)

neuron = Neuron(
    parameters="""
        tau = 20.
        E_L = -70.
        v_T = 0.
        v_r = -58.
        I = 80.0
    """,
    equations="""
        tau * dv/dt = (E_L - v) + I + g_exc : init=E_L
    """,
    spike=" v >= v_T ",
    reset=" v = v_r ",
    refractory=2.0,
)  # Create neuron types
stdp = Synapse(
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
)  # Create synapse types for transmission and/or plasticity

pop = Population(1000, neuron)  # Create populations of neurons
pop.I = Uniform(60.0, 100.0)

proj = Projection(pop, pop, "exc", stdp)  # Connect the populations
proj.connect_fixed_probability(weights=0.0, probability=0.1)

compile()  # Generate and compile the code

m = Monitor(pop, ["spike"])  # Record spikes
simulate(1000.0)  # Simulate for 1 second
data = m.get("spike")  # Retrieve the data and plot it
