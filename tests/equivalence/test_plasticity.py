"""Rules of plasticity in running networks: weights against sums over the spikes that were recorded."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from pytest import approx

import pynn_annarchy as sim
from tests.unit.one_synapse import DT
from tests.unit.plain_rules import BOUNDS, REWARD, RULES, follow, reward_modulated

ALL = [*RULES, "Vogels2011Synapse", "RewardModulatedSTDPSynapse"]

ROUNDING = 1e-12
"""Sums of tens of exponentials, each with a few ulp."""

END = 1000
"""In steps; nothing spikes that would arrive later."""

DELAY = 10
"""In steps."""


def driven(synapse_type):
    """Two sources, with several spikes in a step among theirs, and three cells that spike often, with that synapse."""
    rng = np.random.default_rng(8)
    times = [np.sort(rng.integers(1, END - 50, 60)) * DT for _ in range(2)]
    sources = sim.Population(2, sim.SpikeSourceArray(spike_times=times))
    currents = [1.2, 1.7, 2.4]
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=currents, tau_refrac=0.5, tau_m=5.0, tau_syn_E=5.0, cm=0.25))
    cells.record("spikes")
    return sources, cells, sim.Projection(sources, cells, sim.AllToAllConnector(), synapse_type)


def at_synapse(population, shift):
    """Steps at which the spikes of each cell reach a synapse."""
    if isinstance(population.celltype, sim.SpikeSourceArray):
        times = [value.value for value in population.get("spike_times")]
    else:
        times = [train.magnitude for train in population.get_data().segments[0].spiketrains]
    return [(np.rint(np.asarray(train) / DT) + shift).tolist() for train in times]


def reached(spikes, end):
    return [k for k in spikes if k <= end]


def trains_of(sources, cells, fraction, end=END):
    """By source and cell: the spikes that reach their synapse, and which side comes first."""
    dendritic = round(fraction * DELAY, 6)
    pre = at_synapse(sources, DELAY - dendritic)
    post = at_synapse(cells, dendritic)
    first = "pre" if fraction == 0 else "post"
    return {(i, j): (reached(pre[i], end), reached(post[j], end), first) for i in range(2) for j in range(3)}


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("name", RULES)
def test_weights_are_sums_over_the_pairs_of_the_spikes_that_were_fired(name, fraction, target):
    rule, parameters = RULES[name]
    weights = []
    for threads in (1, 2) if target == "cpp" else (1,):
        sim.setup(timestep=DT, min_delay=DT, target=target, threads=threads)
        kind = getattr(sim, name)(
            weight=1.0, delay=DELAY * DT, dendritic_delay_fraction=fraction, **parameters, **BOUNDS
        )
        sources, cells, projection = driven(kind)
        sim.run(END * DT)
        weights.append(projection.get("weight", "array"))

    assert all((other == weights[0]).all() for other in weights)
    trains = trains_of(sources, cells, fraction)
    expected = {pair: follow(rule, pre, post, 1.0, first)[0] for pair, (pre, post, first) in trains.items()}
    assert any(set(pre) & set(post) for pre, post, _ in trains.values())
    assert any(BOUNDS["w_min"] < weight < BOUNDS["w_max"] for weight in expected.values())
    for pair, weight in expected.items():
        assert weights[0][pair] == approx(weight, rel=ROUNDING), pair


LEVELS = [0.0, 0.2, -0.15, 0.0, -0.4]
"""Of dopamine, in 1/s; each for 2 ms, again and again."""


class Dopamine:
    """A callback that goes through levels."""

    def __init__(self, projection):
        self.projection = projection
        self.given = []

    def __call__(self, t):
        step = round(t / DT)
        if step < END:
            self.given.append((step, LEVELS[len(self.given) % len(LEVELS)]))
            self.projection.set(dopamine=self.given[-1][1])
        return t + 2.0


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.5, 1.0])
def test_dopamine_acts_from_the_moment_at_which_it_is_given(fraction, target):
    ends = []
    for threads in (1, 2) if target == "cpp" else (1,):
        sim.setup(timestep=DT, min_delay=DT, target=target, threads=threads)
        kind = sim.RewardModulatedSTDPSynapse(
            weight=1.0, delay=DELAY * DT, dendritic_delay_fraction=fraction, **REWARD, **BOUNDS
        )
        sources, cells, projection = driven(kind)
        dopamine = Dopamine(projection)
        sim.run(END * DT, callbacks=[dopamine])
        ends.append([projection.get(name, "array") for name in ("weight", "c")])

    assert all(np.array_equal(other, ends[0]) for other in ends)
    assert len(dopamine.given) == END // 20
    trains = trains_of(sources, cells, fraction)
    assert any({step for step, _ in dopamine.given} & {*pre, *post} for pre, post, _ in trains.values())
    weights = []
    for pair, (pre, post, first) in trains.items():
        weight, c = reward_modulated(pre, post, 1.0, dopamine.given, END, first)
        assert ends[0][0][pair] == approx(weight, rel=ROUNDING), pair
        assert ends[0][1][pair] == approx(c, rel=ROUNDING), pair
        weights.append(weight)
    assert any(BOUNDS["w_min"] < weight < BOUNDS["w_max"] for weight in weights)


@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler on this machine")
@pytest.mark.parametrize("name", ALL)
def test_the_reference_gives_the_bits_of_compiled_code(name):
    ends = []
    for target in ("cpp", "reference"):
        sim.setup(timestep=DT, min_delay=DT, target=target)
        given = {"dopamine": 0.2} if name == "RewardModulatedSTDPSynapse" else {}
        _, cells, projection = driven(getattr(sim, name)(weight=0.5, delay=0.4, dendritic_delay_fraction=0.5, **given))
        sim.run(30.0)
        spikes = [train.magnitude for train in cells.get_data().segments[0].spiketrains]
        ends.append([*spikes, projection.get("weight", "array")])

    assert all(np.array_equal(one, other) for one, other in zip(*ends, strict=True))
    assert (ends[0][-1] != 0.5).any()


@pytest.mark.parametrize("name", ALL)
def test_ready_synapse_types_take_their_parameters_for_each_synapse(name, target):
    sim.setup(timestep=DT, target=target)
    _, _, projection = driven(getattr(sim, name)(weight=0.5, w_max=2.0))
    parameters = [each for each in projection.synapse_type.default_parameters if each.startswith("tau_")] or ["tau"]
    values = np.arange(10.0, 16.0).reshape(2, 3)

    projection.set(**{parameters[0]: values})
    sim.run(20.0)

    assert (projection.get(parameters[0], "array") == values).all()


def test_the_dendritic_part_of_the_delay_is_one_number():
    sim.setup()
    with pytest.raises(ValueError, match=r"from 0 to 1, not 1\.5"):
        sim.TripletSTDPSynapse(dendritic_delay_fraction=1.5)
