"""Refractory periods, firing rates and later inputs of populations of the ANNarchy interface."""

from __future__ import annotations

import numpy as np
import pytest

from pynn_annarchy import ann
from pynn_annarchy.exceptions import ModelError


def population(size=(2, 2), refractory=None, **parts):
    """Neurons that spike in every second step, unless they rest."""
    net = ann.Network(dt=1.0, seed=5)
    texts = {"equations": "v += 1", "spike": "v == 3", "reset": "v = 1", **parts}
    return net, net.create(size, ann.Neuron(refractory=refractory, **texts))


def spikes_of(net, pop, duration=10.0):
    monitor = net.monitor(pop, "spike")
    net.compile()
    net.simulate(duration)
    return monitor.get("spike")


@pytest.mark.parametrize("declared", [None, 1.0, "pause"])
@pytest.mark.parametrize("is_built", [False, True])
def test_a_refractory_period_can_be_set_at_any_time(declared, is_built):
    net, pop = population(refractory=declared, parameters="pause = 2.0")
    assert np.max(pop.refractory) == {None: 0.0, 1.0: 1.0, "pause": 2.0}[declared]
    if is_built:
        net.compile()

    pop.refractory = 3.0
    assert np.unique(pop.refractory).tolist() == [3.0]
    pop.refractory = [[0.0, 1.0], [3.0, 5.0]]

    assert spikes_of(net, pop) == {0: [2, 4, 6, 8], 1: [2, 5, 8], 2: [2, 7], 3: [2, 9]}
    assert pop.refractory.tolist() == [[0.0, 1.0], [3.0, 5.0]]


@pytest.mark.parametrize("is_built", [False, True])
def test_refractory_periods_may_be_drawn(is_built):
    net, pop = population(100)
    if is_built:
        net.compile()

    pop.refractory = ann.Uniform(1.0, 5.0)

    periods = pop.refractory
    assert periods.shape == (100,) and len(set(periods)) == 100
    assert 1.0 <= periods.min() < periods.max() <= 5.0
    assert (pop.refractory == periods).all()
    assert len(spikes_of(net, pop)[0]) > 1


def test_wrong_periods_are_refused_at_once():
    _, pop = population()

    for value, message in ((-1.0, "must not be negative"), ([1.0, 2.0, 3.0], "shape"), ("pause", "takes a number")):
        with pytest.raises(ModelError, match=message):
            pop.refractory = value
    with pytest.raises(ModelError, match="'pop0' do not spike"):
        population(equations="r = 1", spike=None, reset=None)[1].refractory = 1.0


@pytest.mark.parametrize("is_built", [False, True])
def test_firing_rates_are_computed_where_they_are_asked_for(is_built):
    net, pop = population()
    assert pop.r.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    if is_built:
        net.compile()

    pop.compute_firing_rate(window=10.0)
    monitor = net.monitor(pop, "r")
    net.compile()
    net.simulate(20.0)

    assert pop.r.tolist() == [[500.0, 500.0], [500.0, 500.0]]
    assert monitor.get("r")[:5, 0, 0].tolist() == [0.0, 0.0, 100.0, 100.0, 200.0]
    with pytest.raises(ModelError, match="'r' of population 'pop0' is its firing rate and cannot be set"):
        pop.r = 1.0


def test_rates_without_spikes_are_refused():
    with pytest.raises(ModelError, match="'pop0' does not spike"):
        population(equations="r = 1", spike=None, reset=None)[1].compute_firing_rate()


@pytest.mark.parametrize("varied", [False, True], ids=["shared parameters", "own parameters"])
@pytest.mark.parametrize("target", ["cpp", "reference"])
def test_synapses_that_transmit_all_the_time_may_be_added_to_neurons_that_run(target, varied):
    def recorded(is_added):
        net = ann.Network(dt=1.0)
        net.config(target=target)
        neuron = ann.Neuron(
            parameters="I = 0.3", equations="v += I + 0.01*g_exc", spike="v > 1", reset="v = 0", refractory=2
        )
        cells = net.create(3, neuron)
        if varied:
            cells.I = [0.3, 0.2, 0.4]
        cells.compute_firing_rate(5.0)
        trains = net.create(ann.SpikeSourceArray([[3.0, 8.0]]))
        net.connect(trains, cells, "exc").all_to_all(1.0, delays=3.0)
        monitor = net.monitor(cells, ["v", "g_exc", "r", "spike"])
        if is_added:
            net.simulate(10.0)  # a spike is under way
        added = net.connect(cells, cells, "exc", ann.Synapse(psp="w*pre.v")).all_to_all(0.1)
        if not is_added:
            added.transmission = False
            net.simulate(10.0)
            added.transmission = True
        net.simulate(10.0)
        return {name: np.array(list(values.values()) if name == "spike" else values, object).tolist()
                for name, values in monitor.get().items()}  # fmt: skip

    assert recorded(is_added=True) == recorded(is_added=False)
    assert max(max(row) for row in recorded(is_added=True)["g_exc"][11:]) > 0
