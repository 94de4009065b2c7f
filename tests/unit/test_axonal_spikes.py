"""Spikes of a second condition, `axon_spike`: when cells have them, and what they do in synapses."""

from __future__ import annotations

import numpy as np
import pytest

import pynn_annarchy.ann as ann
from pynn_annarchy.exceptions import EquationError

NEVER = "v > 1e9"
LISTENER = ann.Neuron(equations="v += g_exc", spike=NEVER)
"""Counts what it receives."""


def counter(**arguments):
    """Counts steps; has an axonal spike in step 3 (of 0, 1, ...) unless told otherwise."""
    texts = {"equations": "v += 1", "spike": NEVER, "axon_spike": "v == 4", **arguments}
    return ann.Neuron(**texts)


@pytest.fixture
def network():
    return ann.Network(dt=1.0, seed=1)


def recorded(network, neuron, duration=10.0, variables=("spike", "axon_spike")):
    """What one neuron does: its spikes, its axonal ones, or its variables."""
    monitor = network.monitor(network.create(1, neuron), list(variables))
    network.simulate(duration)
    data = monitor.get()
    return [data[name][0] if name.endswith("spike") else data[name][:, 0].tolist() for name in variables]


def test_an_axonal_spike_comes_where_the_second_condition_holds(network):
    assert recorded(network, counter()) == [[], [3]]


def test_defect_08_the_axonal_reset_follows_axonal_spikes_alone(network):
    neuron = counter(axon_spike="v == 3", axon_reset="v = -1; n += 1", reset="v = 100")

    axonal, v, n = recorded(network, neuron, 8.0, ("axon_spike", "v", "n"))

    assert axonal == [2, 6]
    assert v == [1, 2, -1, 0, 1, 2, -1, 0]
    assert n == [0, 0, 1, 1, 1, 1, 2, 2]


def test_no_axonal_spike_comes_where_the_first_condition_still_holds(network):
    # without a reset the first condition holds from the fourth step on
    assert recorded(network, counter(spike="v > 3", axon_spike="v > 1")) == [[3, 4, 5, 6, 7, 8, 9], [1, 2]]


def test_the_second_condition_is_looked_at_after_the_reset(network):
    # in the step of the spike, v is 1.5 again: so the neuron has both
    neuron = counter(spike="v > 3", reset="v = 1.5", axon_spike="v > 1")

    assert recorded(network, neuron, 6.0) == [[3, 5], [1, 2, 3, 4, 5]]


def test_refractoriness_keeps_nothing_from_the_axon(network):
    neuron = counter(equations="v += 1; u += 1 : unless_refractory", spike="v == 2", axon_spike="v > 2", refractory=3.0)

    assert recorded(network, neuron, 6.0, ("spike", "axon_spike", "u")) == [[1], [2, 3, 4, 5], [1, 2, 2, 2, 2, 3]]


def test_t_last_is_about_other_spikes(network):
    spikes, seen = recorded(network, counter(equations="v += 1; seen = t_last", spike="v == 2"), 6.0, ("spike", "seen"))

    assert spikes == [1]
    assert seen[-1] == 1.0


@pytest.mark.parametrize("delay", [1.0, 4.0])
def test_axonal_spikes_arrive_after_the_delay_of_the_projection(network, delay):
    pre, post = network.create(1, counter()), network.create(1, LISTENER)
    rule = ann.Synapse(pre_spike="g_target += w", pre_axon_spike="g_target += 10*w")
    network.connect(pre, post, "exc", rule).all_to_all(weights=0.5, delays=delay)
    monitor = network.monitor(post, "g_exc")
    network.simulate(10.0)

    expected = np.zeros(10)
    expected[3 + int(delay)] = 5.0
    assert np.array_equal(monitor.get("g_exc")[:, 0], expected)


@pytest.mark.parametrize("rule", [
    {"pre_spike": "g_target += w", "pre_axon_spike": "g_target += w"},
    {"pre_spike": "g_target += w", "pre_axon_spike": "g_target += 2*w"},
    {"pre_spike": "g_target += w; n += 1", "pre_axon_spike": "g_target += w; n += 1"},
    {"pre_spike": "g_target += w; n += 1", "pre_axon_spike": "g_target += 2*w; n += 10"},
    {"pre_spike": "g_target += w", "pre_axon_spike": "g_target += 2*w", "equations": "dx/dt = 1"},
], ids=["alike", "other", "alike changing", "other changing", "in every step"])  # fmt: skip
def test_flags_of_projections_let_axonal_spikes_pass_or_not(network, rule):
    # every spike is followed by an axonal one in the same step
    neuron = counter(spike="v > 2", reset="v = 0", axon_spike="v == 0")
    pre, post = network.create(1, neuron), network.create(1, LISTENER)
    projection = network.connect(pre, post, "exc", ann.Synapse(**rule)).all_to_all(weights=1.0)
    both, alone = (2.0 if rule["pre_axon_spike"].startswith(rule["pre_spike"]) else 3.0), 1.0
    assert projection.axon_transmission

    gains = []
    for transmits, axons_transmit in ((True, True), (True, False), (False, True), (True, True)):
        projection.transmission, projection.axon_transmission = transmits, axons_transmit
        before = float(post.v[0])
        network.simulate(3.0)
        gains.append(float(post.v[0]) - before)

    # the spikes of the last step of a part arrive in the next one; those of the first three steps in the second
    assert gains == [0.0, alone, 0.0, both]
    if "n" in projection.variables:
        assert projection.get("n") == [[1.0 + (2.0 if both == 2.0 else 11.0)]]


def test_a_spike_and_an_axonal_one_of_the_same_step_do_what_they_do_one_after_the_other(network):
    neuron = counter(spike="v > 2", reset="v = 0", axon_spike="v == 0")
    pre, post = network.create(1, neuron), network.create(1, LISTENER)
    rule = ann.Synapse(
        equations="tau*dx/dt = -x : event-driven", parameters="tau = 5.0",
        pre_spike="g_target += w; x += 1; w += 1 : max=8", pre_axon_spike="g_target += 10*w; y = x; x += 0.5",
    )  # fmt: skip
    projection = network.connect(pre, post, "exc", rule).all_to_all(weights=1.0)
    network.simulate(4.0)

    assert float(post.v[0]) == 1.0 + 10 * 2.0
    assert projection.get("y") == [[1.0]]  # no time lies between
    assert projection.get("w") == [[2.0]]
    network.simulate(3.0)
    # spikes come every third step, and time stands still in the step of their arrival
    assert projection.get("y")[0][0] == pytest.approx(1.5 * np.exp(-2 / 5.0) + 1.0)


def test_t_pre_is_about_other_spikes(network):
    neuron = counter(spike="v == 2", axon_spike="v > 2")
    pre, post = network.create(1, neuron), network.create(1, LISTENER)
    rule = ann.Synapse(pre_spike="g_target += w", pre_axon_spike="lag = t - t_pre; n += 1")
    projection = network.connect(pre, post, "exc", rule).all_to_all(weights=1.0)
    network.simulate(8.0)

    # the spike of step 1; the axonal one that arrives in step 7
    assert projection.get("lag") == [[6.0]]
    assert projection.get("n") == [[5.0]]


def test_a_synapse_may_transmit_axonal_spikes_alone(network):
    neuron = counter(spike="v > 2", reset="v = 0", axon_spike="v == 0")
    pre, post = network.create(1, neuron), network.create(1, LISTENER)
    rule = ann.Synapse(pre_axon_spike="g_target += 3*w")
    assert rule.type == "spike"
    network.connect(pre, post, "exc", rule).all_to_all(weights=1.0)
    network.simulate(4.0)

    assert float(post.v[0]) == 3.0


def test_synapses_without_pre_axon_spike_hear_nothing(network):
    pre, post = network.create(1, counter()), network.create(1, LISTENER)
    network.connect(pre, post, "exc").all_to_all(weights=1.0)
    network.simulate(10.0)

    assert float(post.v[0]) == 0.0


def test_synapses_of_a_view_hear_the_axons_of_its_neurons(network):
    pre, post = network.create(6, counter()), network.create(1, LISTENER)
    rule = ann.Synapse(pre_spike="g_target += w", pre_axon_spike="g_target += w")
    network.connect(pre[2:5], post, "exc", rule).all_to_all(weights=1.0)
    monitor = network.monitor(pre[1:3], "axon_spike")
    network.simulate(10.0)

    assert float(post.v[0]) == 3.0
    assert monitor.get("axon_spike") == {1: [3], 2: [3]}


def test_a_monitor_of_axonal_spikes_has_the_analyses_of_spikes(network):
    # every second step
    cells = network.create(3, counter(axon_spike="modulo(v, 2) == 0"))
    monitor = network.monitor(cells, "axon_spike")
    network.simulate(100.0)
    spikes = monitor.get("axon_spike")

    assert monitor.mean_fr(spikes) == 500.0
    assert monitor.inter_spike_interval(spikes) == [2.0] * (3 * 49)
    network.simulate(100.0)
    assert len(monitor.raster_plot()[0]) == 150


def test_a_population_that_is_switched_off_has_no_axonal_spikes(network):
    cells = network.create(2, counter(axon_spike="v > 0"))
    monitor = network.monitor(cells, "axon_spike")
    network.simulate(2.0)
    cells.disable()
    network.simulate(2.0)
    cells.enable()
    network.simulate(2.0)

    assert monitor.get("axon_spike")[1] == [0, 1, 4, 5]


def test_clearing_a_population_forgets_axonal_spikes_under_way(network):
    pre, post = network.create(1, counter(axon_spike="v > 0")), network.create(1, LISTENER)
    rule = ann.Synapse(pre_spike="g_target += w", pre_axon_spike="g_target += 2*w")
    network.connect(pre, post, "exc", rule).all_to_all(weights=1.0, delays=4.0)
    network.simulate(4.0)
    pre.clear()
    network.simulate(4.0)

    assert float(post.v[0]) == 0.0


def test_a_reset_forgets_axonal_spikes(network):
    pre, post = network.create(1, counter()), network.create(1, LISTENER)
    rule = ann.Synapse(pre_spike="g_target += w", pre_axon_spike="g_target += 2*w")
    network.connect(pre, post, "exc", rule).all_to_all(weights=1.0, delays=2.0)
    monitor = network.monitor(pre, "axon_spike")
    for _ in range(2):
        network.simulate(5.0)
        assert float(post.v[0]) == 0.0
        network.simulate(1.0)
        assert float(post.v[0]) == 2.0
        assert monitor.get("axon_spike") == {0: [3]}
        network.reset(populations=True, projections=True)


def test_a_report_tells_of_axonal_spikes(network, tmp_path):
    pre = network.create(1, counter(axon_reset="v = 0"))
    network.connect(pre, network.create(1, LISTENER), "exc", ann.Synapse(pre_axon_spike="g_target += w")).all_to_all(
        1.0
    )
    ann.report(network, filename=str(tmp_path / "report.md"))
    text = (tmp_path / "report.md").read_text()

    assert "An axonal spike is emitted" in text
    assert "When an axonal spike arrives" in text


def test_sources_have_no_axonal_spikes(network):
    source = network.create(ann.SpikeSourceArray([[1.0]]))
    rule = ann.Synapse(pre_spike="g_target += w", pre_axon_spike="g_target += w")
    network.connect(source, network.create(1, LISTENER), "exc", rule).all_to_all(weights=1.0)
    with pytest.raises(EquationError, match="has no axonal spikes"):
        network.compile()
