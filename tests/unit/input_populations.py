"""One of each kind of population, what a script may give it later, and a network around it."""

from __future__ import annotations

import numpy as np

import pynn_annarchy.ann as ann


def _follower(kind, of, **options):
    def make(net):
        source = net.create(3, of, name="source")
        return kind(source, network=net, **options)

    return make


INPUTS = {
    "InputArray": (lambda net: ann.InputArray(3), lambda pop: setattr(pop, "r", 3.0)),
    "TimedArray": (
        lambda net: ann.TimedArray(rates=np.arange(6.0).reshape(2, 3), schedule=2.0),
        lambda pop: pop.update(rates=2.0 * np.arange(9.0).reshape(3, 3), schedule=3.0, period=9.0),
    ),
    "PoissonPopulation": (
        lambda net: ann.PoissonPopulation(3, rates=300.0),
        lambda pop: setattr(pop, "rates", 200.0),
    ),
    "PoissonPopulation of an equation": (
        lambda net: ann.PoissonPopulation(3, rates="a * (1.0 + sin(t / 5.0))", parameters=dict(a=200.0)),
        lambda pop: setattr(pop, "a", 400.0),
    ),
    "TimedPoissonPopulation": (
        lambda net: ann.TimedPoissonPopulation(3, rates=[100.0, 400.0], schedule=[0.0, 5.0]),
        lambda pop: pop.update(rates=[300.0, 20.0], schedule=[0.0, 4.0]),
    ),
    "SpikeSourceArray": (
        lambda net: ann.SpikeSourceArray([[1.0, 4.0], [2.0], [7.0]]),
        lambda pop: setattr(pop, "spike_times", [[1.0, 20.0], [25.0], [30.0]]),
    ),
    "HomogeneousCorrelatedSpikeTrains": (
        lambda net: ann.HomogeneousCorrelatedSpikeTrains(3, rates=100.0, corr=0.3, tau=5.0),
        lambda pop: pop.update(rates=[200.0, 50.0], corr=0.2, schedule=[0.0, 6.0]),
    ),
    "Rate2SpikePopulation": (
        _follower(ann.Rate2SpikePopulation, ann.Neuron(equations="r = 0.5 + sin(t / 10.0)"), scaling=300.0),
        lambda pop: setattr(pop, "scaling", 100.0),
    ),
    "Spike2RatePopulation": (
        _follower(ann.Spike2RatePopulation, ann.Izhikevich(noise=20.0), window=10.0),
        lambda pop: setattr(pop, "scaling", 3.0),
    ),
    "Izhikevich": (lambda net: ann.Population(3, ann.Izhikevich(noise=10.0)), lambda pop: setattr(pop, "noise", 30.0)),
}
"""By kind: what makes such a population, and a change of what it was given."""


def network_of(kind):
    """A network with a population of that kind and a monitor of what it does: (network, population, monitor)."""
    net = ann.Network(dt=1.0, seed=5)
    pop = net.create(INPUTS[kind][0](net))
    return net, pop, net.monitor(pop, "r" if pop.neuron_type.type == "rate" else "spike", name="monitor")


def change(kind, pop):
    """Gives it something else."""
    INPUTS[kind][1](pop)


def recorded(net):
    """What the monitor has seen."""
    monitor = net.get_monitor("monitor")
    return monitor.get(monitor.variables[0])
