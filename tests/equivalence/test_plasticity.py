"""Rules of plasticity in running networks: weights against sums over the spikes that were recorded."""

from __future__ import annotations

import numpy as np
import pytest
from pytest import approx

import pynn_annarchy as sim
from tests.unit.one_synapse import DT
from tests.unit.plain_rules import BOUNDS, RULES, follow

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


@pytest.mark.parametrize("name", [*RULES, "Vogels2011Synapse", "RewardModulatedSTDPSynapse"])
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
