"""Many simulations of one network at the same time."""

# The page only says that subclasses can use parallel_run() if the whole network is built in the constructor.

import pynn_annarchy.ann as ann

neuron = ann.Neuron(
    parameters=dict(tau=10.0, B=ann.Parameter(0.0, locality="local")),
    equations="tau * dr/dt + r = B + Normal(0.0, 1.0)",
)


class SimpleNetwork(ann.Network):
    def __init__(self, N):
        self.pop = self.create(N, neuron)
        self.m = self.monitor(self.pop, "r")


def trial(net, baseline):
    net.pop.B = baseline
    net.simulate(50.0)
    return net.m.get("r")


net = SimpleNetwork(N=5, seed=42)
net.compile()

same = net.parallel_run(method=trial, number=3, seeds="same", baseline=[0.0, 10.0, 0.0])
sequential = net.parallel_run(method=trial, number=3, seeds="sequential", baseline=[0.0, 0.0, 0.0])

# Here networks need not be of a class of their own
plain = ann.Network(seed=42)
cells = plain.create(5, neuron, name="cells")
plain.monitor(cells, "r", name="rates")
plain.compile()


def plain_trial(net, baseline):
    net.get_population("cells").B = baseline
    net.simulate(50.0)
    return net.get_monitor("rates").get("r")


of_plain = plain.parallel_run(method=plain_trial, number=2, seeds=[42, 43], baseline=[0.0, 0.0])
