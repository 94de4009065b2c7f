"""What a script may change between runs while spikes are under way."""

from __future__ import annotations

import pytest

import pynn_annarchy as sim


def current_after(changes, target):
    """Largest synaptic current that a spike of weight 1 causes when a projection is changed while it is under way."""
    sim.setup(timestep=0.1, target=target)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    cell = sim.Population(1, sim.IF_curr_exp())
    projection = sim.Projection(source, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0, delay=3.0))
    cell.record("isyn_exc")
    sim.run(2.0)
    for change in changes:
        projection.set(**change)
    sim.run(3.0)
    return cell.get_data().segments[0].analogsignals[0].magnitude.max()


@pytest.mark.parametrize(
    "changes",
    [
        [{"weight": 0.25}],
        [{"weight": 0.25}, {"delay": 1.0}],
        [{"weight": 0.25, "delay": 1.0}],
        [{"weight": 0.25}, {"delay": 1.0}, {"delay": 2.0}],
    ],
)
def test_new_weights_hold_for_spikes_under_way_whether_or_not_delays_follow(changes, target):
    assert current_after(changes, target) == 0.25


def test_spikes_under_way_keep_the_weights_of_the_moment_in_which_delays_are_set(target):
    assert current_after([{"delay": 1.0}, {"weight": 0.25}], target) == 1.0
