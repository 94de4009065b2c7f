"""Copies of a network and simulations at the same time: each by itself, from what the network was."""

from __future__ import annotations

import os

import numpy as np
import pytest

import pynn_annarchy.ann as ann
from pynn_annarchy.exceptions import ModelError
from tests.unit.input_populations import INPUTS, change, network_of, recorded

NOISY = ann.Neuron(
    parameters=dict(tau=10.0, B=ann.Parameter(0.0, "local")), equations="tau*dr/dt + r = B + sum(exc) + Normal(0, 1)"
)


class Trials(ann.Network):
    """What the documents call a network for parallel_run(): all of it is built in the constructor."""

    def __init__(self, n, baseline=0.0):
        self.pop = self.create(n, NOISY, name="noisy")
        self.pop.B = baseline
        self.m = self.monitor(self.pop, "r")


def rates_after(net, duration, gain=1.0):
    net.simulate(duration)
    return gain * net.get_population("noisy").r


@pytest.fixture(autouse=True)
def fresh():
    ann.clear()
    yield
    ann.clear()


def plain_network(**options):
    net = ann.Network(dt=1.0, seed=7)
    net.config(**options)
    pop = net.create((2, 2), NOISY, name="noisy")
    pop.B = ann.Uniform(0.0, 1.0)
    net.connect(pop, pop, "exc", name="within").fixed_probability(0.5, ann.Uniform(0.0, 0.1), delays=2.0)
    net.monitor(pop[0, :], "r", name="upper")
    return net


# copies


def test_a_copy_has_what_the_network_has_and_a_time_of_its_own(target):
    net = plain_network(target=target)
    net.simulate(5.0)
    rates, weights = net.get_population("noisy").r.copy(), net.get_projection("within").w

    twin = net.copy()

    assert (twin.time, net.time, twin.dt, twin.seed) == (0.0, 5.0, 1.0, 7)
    np.testing.assert_array_equal(twin.get_population("noisy").r, rates)
    assert twin.get_projection("within").w == weights

    twin.simulate(3.0)
    net.simulate(1.0)

    assert (twin.time, net.time) == (3.0, 6.0)
    assert (len(twin.get_monitor("upper").get("r")), len(net.get_monitor("upper").get("r"))) == (3, 6)


def test_what_is_set_in_a_copy_does_not_reach_the_network_nor_the_other_way(target):
    net = plain_network(target=target)
    net.constant("of_this_one", 2.0)
    twin = net.copy(dt=0.5, seed=3)
    ours, theirs = net.get_population("noisy"), twin.get_population("noisy")
    before = theirs.B.copy()

    ours.B = 8.0
    net.get_constant("of_this_one").set(4.0)
    net.get_projection("within").w = 9.0

    assert (twin.dt, twin.seed) == (0.5, 3)
    np.testing.assert_array_equal(theirs.B, before)
    assert twin.get_constant("of_this_one").value == 2.0
    assert max(max(row) for row in twin.get_projection("within").w) < 0.1


def test_a_copy_made_before_anything_ran_goes_the_same_way_unless_it_has_another_seed(target):
    net = plain_network(target=target)
    twin, other = net.copy(), net.copy(seed=8)
    np.testing.assert_array_equal(rates_after(net, 20.0), rates_after(twin, 20.0))
    assert (other.get_population("noisy").B != twin.get_population("noisy").B).all()


def test_a_subclass_is_constructed_anew_with_the_same_arguments_unless_others_are_given():
    net = Trials(3, baseline=2.0, dt=0.5, seed=4)
    net.simulate(1.0)

    same, other = net.copy(), net.copy(5, seed=6)

    assert (same.pop.size, same.dt, same.seed, same.time) == (3, 0.5, 4, 0.0)
    assert (other.pop.size, other.dt, other.seed) == (5, 0.5, 6)
    assert (same.pop.B == 2.0).all() and (other.pop.B == 2.0).all()


@pytest.mark.parametrize("is_built", [False, True])
@pytest.mark.parametrize("kind", INPUTS)
def test_every_kind_of_population_is_copied(kind, is_built):
    net, pop, _ = network_of(kind)
    change(kind, pop)
    net.monitor(pop[1:], net.get_monitor("monitor").variables, name="some")
    if is_built:
        net.compile()

    twin = net.copy()

    for each in (net, twin):
        each.simulate(30.0)
    ours, theirs = recorded(net), recorded(twin)
    np.testing.assert_equal(theirs, ours)
    assert any(len(spikes) for spikes in ours.values()) if isinstance(ours, dict) else ours.any()
    variable = net.get_monitor("some").variables[0]
    np.testing.assert_equal(twin.get_monitor("some").get(variable), net.get_monitor("some").get(variable))


def test_learning_synapses_decoding_and_currents_are_copied_with_their_values():
    net = ann.Network(dt=1.0, seed=5)
    spikes = net.create(ann.PoissonPopulation(4, rates=200.0))
    cells = net.create(3, ann.Izhikevich(), name="cells")
    rates = net.create(3, ann.LeakyIntegrator(sum="sum(exc)"), name="rates")
    net.connect(spikes, cells, "exc", ann.STDP(), name="stdp").all_to_all(ann.Uniform(0.0, 5.0), delays=2.0)
    decoding = ann.DecodingProjection(spikes, rates, "exc", window=10.0)
    net.connect(decoding, name="decoding").all_to_all(1.0)
    net.connect(ann.CurrentInjection(rates, cells, "exc"), name="current").connect_current()
    net.monitor(net.get_projection("stdp").dendrite(1), "w", name="dendrite")
    net.simulate(50.0)

    twin = net.copy()

    assert twin.get_projection("stdp").w == net.get_projection("stdp").w
    twin.simulate(20.0)
    assert twin.get_monitor("dendrite").get("w").shape == (20, 4)
    assert twin.get_population("rates").r.max() > 0.0


# parallel runs


def test_each_run_of_a_subclass_has_its_own_arguments_and_seed():
    net = Trials(2, baseline=0.0, seed=1)
    net.compile()

    means = net.parallel_run(
        method=lambda net, gain: (net.seed, net.pop.B[0], gain),
        number=3,
        baseline=[1.0, 2.0, 3.0],
        gain=5,
        seeds=[7, 8, 9],
    )

    assert means == [(7, 1.0, 5), (8, 2.0, 5), (9, 3.0, 5)]
    assert net.time == 0.0 and (net.pop.B == 0.0).all()


@pytest.mark.parametrize("is_compiled", [False, True])
def test_runs_need_no_subclass(is_compiled):
    net = plain_network()
    if is_compiled:
        net.compile()

    same = net.parallel_run(rates_after, 3, seeds="same", duration=20.0, gain=[1.0, 1.0, 2.0])
    others = net.parallel_run(rates_after, 3, seeds="sequential", duration=20.0)

    np.testing.assert_array_equal(same[0], same[1])
    np.testing.assert_array_equal(2.0 * same[0], same[2])
    np.testing.assert_array_equal(others[0], same[0])
    assert len({run.tobytes() for run in others}) == 3
    np.testing.assert_array_equal(same[0], rates_after(net, 20.0))


def test_runs_go_on_from_where_a_network_is():
    net = plain_network()
    net.simulate(10.0)
    results = net.parallel_run(rates_after, 2, seeds="same", duration=10.0, max_processes=1)
    assert net.time == 10.0
    np.testing.assert_array_equal(results[0], rates_after(net, 10.0))


def test_runs_without_seeds_differ_and_lie_in_other_processes(capsys):
    net = Trials(2)
    runs = net.parallel_run(lambda net: (os.getpid(), net.seed), 4, max_processes=2, measure_time=True)
    assert len({seed for _, seed in runs}) == 4 and os.getpid() not in {process for process, _ in runs}
    assert "Running 4 simulations took" in capsys.readouterr().out


def test_large_results_come_back_whole():
    results = Trials(2).parallel_run(lambda net, k: np.full(1_000_000, k), 3, k=[1.0, 2.0, 3.0])
    assert [(result.size, result[0], result[-1]) for result in results] == [(1_000_000, k, k) for k in (1.0, 2.0, 3.0)]


def fails(net):
    raise ValueError("a trial without reward")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(method=fails, number=2), "simulation [01] failed:(.|\n)*ValueError: a trial without reward"),
        (dict(method=lambda net: os._exit(3), number=1), "the process of simulation 0 died"),
        (dict(method=lambda net: lambda: 0, number=1), "simulation 0 failed:(.|\n)*pickle"),
        (dict(method=rates_after, number=2, duration=1.0, gian=2.0), "takes no argument 'gian'"),
        (dict(method=rates_after, number=0, duration=1.0), "number must be a positive whole number"),
        (dict(method=rates_after, number=2, duration=1.0, seeds=[1]), "1 seeds cannot serve 2 simulations"),
        (
            dict(method=rates_after, number=2, duration=1.0, seeds="equal"),
            "must be None, 'same', 'sequential' or a list",
        ),
    ],
)
def test_what_goes_wrong_in_a_run_is_told(arguments, message):
    with pytest.raises(ModelError, match=message):
        Trials(2).parallel_run(**arguments)


def test_runs_after_a_run_on_several_threads():
    net = ann.Network(dt=1.0, seed=3)
    net.config(num_threads=2)
    net.create(20_000, NOISY, name="noisy")
    net.simulate(5.0)
    results = net.parallel_run(rates_after, 2, seeds="same", duration=5.0)
    np.testing.assert_array_equal(results[0], rates_after(net, 5.0))
