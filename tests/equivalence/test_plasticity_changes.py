"""Plastic synapses that are read, set and reset between runs, against their rules in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from pyNN.random import RandomDistribution

import pynn_annarchy as sim
from tests.equivalence.plain_plasticity import (
    BOUNDS,
    Driven,
    connect_at_random,
    expected_currents,
    mechanism,
    random_trains,
    weights_of,
)

ACCURACY = 1e-12
STEPS = 260
HALF = 131
"""A step with spikes under way before and behind the synapses."""
FRACTIONS = (0.0, 0.3, 0.5, 1.0)
KINDS = (
    ("SpikePairRule", "AdditiveWeightDependence"),
    ("SpikePairRule", "MultiplicativeWeightDependence"),
    ("SpikePairRule", "GutigWeightDependence"),
    ("Vogels2011Rule", "AdditivePotentiationMultiplicativeDepression"),
)


def driven(target, **options):
    pre = random_trains(3, 5, STEPS + 1, 25, most=3)
    post = random_trains(4, 4, STEPS + 1, 25, most=1)
    # in the step of the change, spikes that pass at once and spikes that have just been found
    pre[0], post[0] = np.union1d(pre[0], [HALF, HALF + 1]), np.union1d(post[0], [HALF, HALF + 1])
    return Driven(pre, post, target=target, **{"threads": 2, **options})


def all_kinds(net, is_each=False):
    """Each rule with another dendritic fraction."""
    return [
        connect_at_random(net, *kind, fraction, is_each=is_each)
        for kind, fraction in zip(KINDS, FRACTIONS, strict=True)
    ]


def every_fraction(net, is_each=False):
    return [connect_at_random(net, *KINDS[0], fraction, is_each=is_each) for fraction in FRACTIONS]


def run(steps):
    sim.run(steps * 0.1)


def each(projection, low, high):
    """A value for every pair of cells."""
    return np.random.default_rng(5).uniform(low, high, projection.shape)


def expect(projections, plain, net):
    for projection, synapses in zip(projections, plain, strict=True):
        expected = [synapse.advance(STEPS) for synapse in synapses]
        np.testing.assert_allclose(weights_of(projection), expected, rtol=ACCURACY, err_msg=projection.label)
    together = list(zip(projections, plain, strict=True))
    np.testing.assert_allclose(net.currents(), expected_currents(together, len(net.post)), rtol=ACCURACY, atol=1e-12)


# reading


def test_asking_for_values_never_changes_any(target):
    def values(asks):
        net = driven(target)
        projections = [*every_fraction(net), connect_at_random(net, *KINDS[0], 0.7, is_each=True)]
        for _ in range(STEPS // 13):
            run(13)
            if asks:
                for projection in projections:
                    projection.get(["weight", "x", "y", "delay", "A_plus"], "list")
        return [projection.get(["weight", "x", "y"], "list") for projection in projections], net.currents().tolist()

    assert values(asks=True) == values(asks=False)


def test_every_moment_shows_what_has_reached_the_synapse_and_nothing_under_way(target):
    net = driven(target)
    projections = every_fraction(net)
    plain = [net.plain(projection) for projection in projections]
    run(HALF - 4)
    for step in range(HALF - 3, HALF + 4):
        run(1)
        for projection, synapses in zip(projections, plain, strict=True):
            weight, x, y = np.array(projection.get(["weight", "x", "y"], "list", with_address=False)).T
            np.testing.assert_allclose(weight, [synapse.advance(step) for synapse in synapses], rtol=ACCURACY)
            now = 10 * step + 1e-9  # spikes of this moment are in the traces, too
            np.testing.assert_allclose(x, [synapse.trace("x", "tau_plus", now) for synapse in synapses], rtol=1e-9)
            np.testing.assert_allclose(y, [synapse.trace("y", "tau_minus", now) for synapse in synapses], rtol=1e-9)


def test_a_callback_may_watch_weights(target):
    net = driven(target)
    projection = connect_at_random(net, *KINDS[0], 0.3)
    plain = net.plain(projection)
    seen = []

    def watch(t):
        seen.append((round(t / 0.1), weights_of(projection)))
        return t + 2.0

    sim.run(STEPS * 0.1, callbacks=[watch])

    assert len(seen) >= STEPS // 20
    for step, weight in seen:
        np.testing.assert_allclose(weight, [synapse.advance(step) for synapse in plain], rtol=ACCURACY)


# setting


@pytest.mark.parametrize("build, is_each", [(every_fraction, False), (all_kinds, True)])
def test_new_weights_hold_for_passages_to_come_and_leave_what_was_sent_alone(build, is_each, target):
    net = driven(target)
    projections = build(net, is_each)
    plain = [net.plain(projection) for projection in projections]
    run(HALF)
    for projection, synapses in zip(projections, plain, strict=True):
        projection.set(weight=each(projection, *BOUNDS.values()))
        new = weights_of(projection)
        for synapse, weight in zip(synapses, new, strict=True):
            synapse.advance(HALF)
            synapse.weight = weight
    run(STEPS - HALF)

    expect(projections, plain, net)


CHANGES = {
    "SpikePairRule": {"A_plus": 0.05, "A_minus": 0.01, "tau_plus": 8.0, "tau_minus": 50.0},
    "Vogels2011Rule": {"eta": 0.01, "rho": 30.0, "tau": 10.0},
}
DEPENDENCE = {"w_min": 0.05, "w_max": 2.5}
"""Wider than before, and so are those of every synapse: nothing lies outside."""


@pytest.mark.parametrize(
    "build, is_each, becomes_each",
    [
        (all_kinds, False, False),
        (every_fraction, False, True),
        (every_fraction, True, False),
        (all_kinds, True, True),
    ],
)
def test_new_parameters_act_from_now_on(build, is_each, becomes_each, target):
    """Time constants, too: what is left of earlier spikes decays with the new one from now on."""
    net = driven(target)
    projections = build(net, is_each)
    plain = [net.plain(projection) for projection in projections]
    run(HALF)
    for projection, synapses in zip(projections, plain, strict=True):
        for name, value in {**CHANGES[synapses[0].rule], **DEPENDENCE}.items():
            spread = (0.9, 1.1) if becomes_each else (1.0, 1.0)
            if name in BOUNDS:
                spread = (0.5, 1.0) if name == "w_min" else (1.0, 2.0)
            before = weights_of(projection)
            projection.set(**{name: value * each(projection, *spread) if becomes_each else value})
            np.testing.assert_array_equal(weights_of(projection), before)
            for synapse, new in zip(synapses, projection.get(name, "list", with_address=False), strict=True):
                synapse.advance(HALF)
                synapse.set(**{name: new})
    run(STEPS - HALF)

    expect(projections, plain, net)


def test_narrower_bounds_hold_from_the_next_change_on(target):
    net = driven(target)
    projections = every_fraction(net)
    plain = [net.plain(projection) for projection in projections]
    run(HALF)
    for projection, synapses in zip(projections, plain, strict=True):
        projection.set(w_min=0.6, w_max=0.9)
        for synapse in synapses:
            synapse.advance(HALF)
            synapse.set(w_min=0.6, w_max=0.9)
    run(STEPS - HALF)

    expect(projections, plain, net)


def test_traces_that_were_read_before_may_be_given_values(target):
    projection = connect_at_random(driven(target), *KINDS[0], 0.5)
    for value in (0.5, 0.7):
        projection.initialize(x=value)
        assert set(projection.get("x", "list", with_address=False)) == {value}


@pytest.mark.parametrize("step", [0, HALF])
def test_traces_may_be_given_values(step, target):
    net = driven(target)
    projections = [*every_fraction(net), connect_at_random(net, *KINDS[0], 0.7, is_each=True)]
    plain = [net.plain(projection) for projection in projections]
    if step:
        run(step)
    for projection, synapses in zip(projections, plain, strict=True):
        projection.initialize(x=each(projection, 0, 2), y=0.7)
        given = projection.get(["x", "y"], "list", with_address=False)
        for synapse, (x, y) in zip(synapses, given, strict=True):
            assert 0 <= x < 2 and y == 0.7
            synapse.advance(step)
            synapse.give("x", x)
            synapse.give("y", y)
    run(STEPS - step)

    expect(projections, plain, net)


def test_single_connections_may_be_set_in_mid_run(target):
    net = driven(target)
    projection = connect_at_random(net, *KINDS[0], 0.5)
    plain = net.plain(projection)
    run(HALF)
    for synapse in plain:
        synapse.advance(HALF)
    projection[3].weight = 1.25
    projection[4].tau_plus = 33.0
    plain[3].weight = 1.25
    plain[4].set(tau_plus=33.0)
    run(STEPS - HALF)

    expect([projection], [plain], net)


def test_new_delays_between_spikes_hold_for_the_next_ones(target):
    """Where no part of the delay is dendritic and nothing is under way."""
    pre, post = [np.array([20, 40, 150, 160])], [np.array([25, 30, 50, 151, 158, 200])]
    net = Driven(pre, post, target=target)
    synapse = mechanism(*KINDS[0], 0.0)
    projection = net.connect(synapse, np.array([0]), np.array([0]), weight=np.array([1.0]), delay=np.array([0.3]))
    (before,) = net.plain(projection)
    run(100)
    x, y = (before.trace(*names, 1000) for names in (("x", "tau_plus"), ("y", "tau_minus")))
    projection.set(delay=1.9)
    assert projection.get(["weight", "delay"], "list", with_address=False) == [(before.advance(100), 1.9)]
    (after,) = net.plain(projection)
    after.advance(100)
    after.weight = before.weight
    after.sent[:] = before.sent
    after.give("x", x)
    after.give("y", y)
    run(160)

    expect([projection], [[after]], net)


@pytest.mark.parametrize("fraction, change_at", [(0.0, 41), (1.0, 100)])
def test_new_delays_are_refused_where_they_would_concern_spikes_under_way(fraction, change_at, target):
    net = Driven([np.array([20, 40])], [np.array([25])], target=target)
    synapse = mechanism(*KINDS[0], fraction)
    projection = net.connect(synapse, np.array([0]), np.array([0]), weight=np.array([1.0]), delay=np.array([0.3]))
    run(change_at)
    with pytest.raises(Exception, match=rf"'{projection.label}': delays of synapses that learn cannot change"):
        projection.set(delay=1.9)
    assert projection.get("delay", "list", with_address=False) == [0.3]


# beginning anew


def test_reset_brings_back_weights_and_variables_and_runs_repeat(target):
    net = driven(target)
    projections = [*all_kinds(net), connect_at_random(net, *KINDS[0], 0.7, is_each=True)]
    projections[1].initialize(x=0.4)
    start = [projection.get(["weight", "x", "y"], "list") for projection in projections]
    ends = []
    for _ in range(3):
        assert [projection.get(["weight", "x", "y"], "list") for projection in projections] == start
        run(STEPS)
        ends.append(
            ([projection.get(["weight", "x", "y"], "list") for projection in projections], net.currents().tolist())
        )
        sim.reset()

    assert ends[0] == ends[1] == ends[2]
    assert ends[0][0] != start


def test_reset_keeps_what_was_set_and_undoes_what_was_learned(target):
    net = driven(target)
    projection, other = connect_at_random(net, *KINDS[0], 0.5), connect_at_random(net, *KINDS[0], 0.5)
    untouched = weights_of(other)
    run(HALF)
    projection.set(weight=0.8, tau_plus=9.0)
    run(STEPS - HALF)
    sim.reset()
    assert set(weights_of(projection)) == {0.8}
    assert set(projection.get("tau_plus", "list", with_address=False)) == {9.0}
    np.testing.assert_array_equal(weights_of(other), untouched)
    plain = [net.plain(projection), net.plain(other)]
    run(STEPS)

    expect([projection, other], plain, net)


# several steps between two barriers


@pytest.mark.compiler
@pytest.mark.parametrize("fraction", FRACTIONS)
@pytest.mark.parametrize("is_each", [False, True], ids=["one delay", "delays of each"])
def test_steps_that_are_done_at_once_give_the_bits_of_single_steps(fraction, is_each):
    """Cells that fire more often than their history has room for, so that synapses are caught up in the middle."""

    def outcome(duration):
        sim.setup(timestep=0.1, min_delay=1.2, max_delay=3.0, threads=2, target="cpp")
        cells = sim.Population(40, sim.IF_curr_exp(tau_m=10.0, tau_refrac=0.2, tau_syn_E=1.0))
        drawn = np.random.default_rng(7)
        cells.set(i_offset=drawn.uniform(2.0, 9.0, 40))
        cells.record("spikes")
        of_each = RandomDistribution("uniform", low=1.2, high=3.0, rng=sim.NativeRNG(seed=2))
        synapse = sim.STDPMechanism(
            timing_dependence=sim.SpikePairRule(A_plus=0.03, A_minus=0.02),
            weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=0.1),
            weight=0.02,
            delay=of_each if is_each else 1.5,
            dendritic_delay_fraction=fraction,
        )
        projection = sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
        for _ in range(round(90.0 / duration)):
            sim.run(duration)
        times = [np.asarray(train).tobytes() for train in cells.get_data().segments[0].spiketrains]
        return projection.get("weight", "array").tobytes(), times, cells.mean_spike_count()

    weights, times, count = outcome(90.0)
    assert count > 15
    assert outcome(0.1) == (weights, times, count)
