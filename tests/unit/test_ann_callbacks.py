"""Functions that are called regularly while a network runs."""

from __future__ import annotations

import pytest

import pynn_annarchy.ann as ann
from pynn_annarchy.exceptions import ModelError


@pytest.fixture
def network():
    ann.clear()
    net = ann.Network(dt=1.0)
    net.config(target="reference")
    net.create(1, ann.Neuron(parameters=dict(I=0.0), equations="r = I"), name="cells")
    yield net
    ann.clear()


@pytest.fixture
def calls():
    """(time, number) of each call."""
    return []


def record(network, calls, **times):
    @ann.every(network=network, **times)
    def called(n):
        calls.append((network.time, n))

    return called


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"period": 10.0}, [0, 10, 20]),
        ({"period": 10.0, "offset": 5.0}, [5, 15, 25]),
        ({"period": 10.0, "offset": -1.0}, [9, 19, 29]),
        ({"period": 10.0, "offset": 15.0}, [5, 15, 25]),
        ({"period": 10.0, "wait": 12.0}, [12, 22]),
        ({"period": 10.0, "wait": 12.0, "offset": 3.0}, [15, 25]),
        ({"period": 0.1, "wait": 27.0}, [27, 28, 29]),
    ],
)
def test_a_callback_is_called_before_the_steps_of_its_times(network, calls, times, expected):
    record(network, calls, **times)
    network.simulate(30.0)

    assert calls == [(float(time), n) for n, time in enumerate(expected)]
    assert network.time == 30.0


def test_times_count_from_the_call_of_simulate(network, calls):
    record(network, calls, period=10.0)
    network.simulate(15.0)
    network.simulate(15.0)

    assert calls == [(0.0, 0), (10.0, 1), (15.0, 0), (25.0, 1)]


def test_single_steps_count_from_the_first_of_them(network, calls):
    record(network, calls, period=3.0)
    for _ in range(7):
        network.step()
    network.simulate(1.0)
    network.step()

    assert calls == [(0.0, 0), (3.0, 1), (6.0, 2), (7.0, 0), (8.0, 0)]


def test_callbacks_are_called_until_a_stop_condition_holds(network, calls):
    population = network.create(1, ann.Neuron(equations="r = r + 1"), stop_condition="r >= 5")
    record(network, calls, period=2.0)

    assert network.simulate_until(100.0, population) == 5.0
    assert [time for time, _ in calls] == [0.0, 2.0, 4.0]


def test_callbacks_of_one_time_are_called_in_the_order_of_their_definition(network):
    cells = network.get_population("cells")

    @ann.every(network=network, period=10.0)
    def switch_on(n):
        cells.I = 1.0

    @ann.every(network=network, period=10.0)
    def switch_off(n):
        cells.I = 0.0

    network.simulate(1.0)
    assert cells.I == 0.0


def test_what_a_callback_sets_acts_in_the_step_that_follows(network):
    cells = network.get_population("cells")

    @ann.every(network=network, period=5.0)
    def set_input(n):
        cells.I = n + 1.0

    network.simulate(6.0)
    assert cells.r[0] == 2.0


def test_callbacks_are_disabled_all_together_or_one_by_one(network):
    seen = []
    first = ann.every(network=network, period=10.0)(lambda n: seen.append("first"))
    ann.every(network=network, period=10.0)(lambda n: seen.append("second"))

    first.disable()
    network.simulate(1.0)
    network.disable_callbacks()
    assert not network.callbacks_enabled()
    network.simulate(1.0)
    network.enable_callbacks()
    first.enable()
    network.simulate(1.0)
    network.clear_all_callbacks()
    network.simulate(1.0)

    assert seen == ["second", "first", "second"]


def test_a_callback_can_disable_itself(network):
    seen = []

    @ann.every(network=network, period=1.0)
    def three_times(n):
        seen.append(n)
        if n == 2:
            three_times.disable()

    network.simulate(10.0)
    assert seen == [0, 1, 2]


def test_a_callback_stays_a_function(network):
    @ann.every(network=network, period=1.0)
    def double(n):
        """Twice."""
        return 2 * n

    assert (double(4), double.__name__, double.__doc__) == (8, "double", "Twice.")


def test_without_a_network_the_default_one_is_meant_or_while_it_is_empty_the_one_made_last(network, calls):
    @ann.every(period=10.0)
    def of_latest(n):
        calls.append("latest")

    ann.Population(1, ann.Neuron(equations="r = 1.0"))

    @ann.every(period=10.0)
    def of_default(n):
        calls.append("default")

    network.simulate(1.0)
    assert calls == ["latest"]
    ann.simulate(1.0, callbacks=False)
    ann.simulate(1.0)
    assert calls == ["latest", "default"]


def test_a_callback_cannot_run_the_network(network):
    ann.every(network=network, period=1.0)(lambda n: network.simulate(1.0))

    with pytest.raises(ModelError, match="a callback cannot run the network that has called it"):
        network.simulate(3.0)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ({"period": -1.0}, "period must not be negative, got -1.0 ms"),
        ({"wait": -1.0}, "wait must not be negative"),
        ({"offset": "soon"}, "offset must be a number of ms, not 'soon'"),
    ],
)
def test_times_that_make_no_sense_are_refused(network, times, message):
    with pytest.raises(ModelError, match=message):
        ann.every(network=network, **times)
