"""Networks, as the page about them shows."""

# The page says `Network()` where it imports `ANNarchy as ann`, and forgets the colon after `__init__(self, N)`.

import pynn_annarchy.ann as ann

neuron = ann.Neuron(parameters=dict(tau=10.0), equations=["tau * dv/dt  + v =  sum(exc)", "r = pos(v)"])

synapse = ann.Synapse(
    parameters=dict(tau=5000.0),
    equations="tau * dw/dt = pre.r * post.r ",
)

# Create the empty network
net = ann.Network()

# Create two populations
pop1 = net.create(10, neuron)
pop2 = net.create(10, neuron)

# Connect the two populations; the page leaves out how
proj = net.connect(pop1, pop2, "exc", synapse)
proj.all_to_all(weights=1.0)

# Monitor the second population
m = net.monitor(pop2, "r")

rates = [pop.r for pop in net.get_populations()]
weights = [projection.w for projection in net.get_projections()]


def create_network():
    net = ann.Network()
    pop1 = net.create(10, neuron, name="pop1")
    pop2 = net.create(10, neuron, name="pop2")
    proj = net.connect(pop1, pop2, "exc", synapse, name="projection1")
    proj.all_to_all(weights=1.0)
    net.monitor(pop2, "r", name="monitor")
    return net


named = create_network()
named_pop1 = named.get_population("pop1")
named_pop2 = named.get_population("pop2")
named_proj = named.get_projection("projection1")
named_m = named.get_monitor("monitor")


class SimpleNetwork(ann.Network):
    def __init__(self, N):
        self.pop1 = self.create(N, neuron)
        self.pop2 = self.create(N, neuron)
        self.proj = self.connect(self.pop1, self.pop2, "exc", synapse)
        self.proj.all_to_all(weights=1.0)
        self.m = self.monitor(self.pop2, "r")


simple = SimpleNetwork(10)
simple_rates = simple.pop1.r

net.compile()

net.simulate(1000.0)  # Simulate for 1 second
net.step()  # Simulate for 1 step

recorded = m.get("r")

fine = ann.Network(dt=0.1)

configured = ann.Network()
configured.config(dt=0.1)

fine_and_simple = SimpleNetwork(N=10, dt=0.1)

seeded = ann.Network(dt=0.1, seed=42)

simple_and_seeded = SimpleNetwork(N=10, dt=0.1, seed=42)
