"""Projections through the PyNN API: what get() returns, what set() changes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from pyNN.random import NumpyRNG, RandomDistribution

import pynn_annarchy as sim

REPEATED = [(0, 1, 0.3, 1.0), (1, 0, 0.1, 0.5), (0, 1, 0.1, 2.0), (0, 0, 0.7, 0.2), (0, 1, 0.2, 1.5)]


@pytest.fixture(autouse=True)
def simulation():
    sim.setup(timestep=0.1)


def cells(n=2):
    return sim.Population(n, sim.IF_curr_exp())


def test_connections_come_in_the_order_of_pre_and_post():
    projection = sim.Projection(cells(), cells(), sim.FromListConnector([(1, 0), (0, 1), (1, 1), (0, 0)]))
    assert projection.get("weight", "list") == [(0, 0, 0.0), (0, 1, 0.0), (1, 0, 0.0), (1, 1, 0.0)]
    assert len(projection) == projection.size() == 4


CHOICES = [("sum", 0.6), ("min", 0.1), ("max", 0.3), ("first", 0.3), ("last", 0.2)]


@pytest.mark.parametrize(("choice", "expected"), CHOICES)
def test_several_synapses_of_a_pair_are_joined_as_asked(choice, expected):
    projection = sim.Projection(cells(), cells(), sim.FromListConnector(REPEATED))
    weights = projection.get("weight", "array", multiple_synapses=choice)
    np.testing.assert_allclose(weights, [[0.7, expected], [0.1, np.nan]], rtol=1e-15)
    if choice == "first":  # the unstable sort of PyNN's connector keeps the order of so short a list
        assert [delay for i, j, delay in projection.get("delay", "list") if (i, j) == (0, 1)] == [1.0, 2.0, 1.5]


def test_single_connections_are_set():
    projection = sim.Projection(cells(), cells(), sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5, delay=0.5))
    projection[2].weight = 0.75
    projection.connections[1].delay = 1.2
    assert projection.get(["weight", "delay"], "list", with_address=False) == [
        (0.5, 0.5),
        (0.5, 1.2),
        (0.75, 0.5),
        (0.5, 0.5),
    ]
    assert projection.connections[2].as_tuple("presynaptic_index", "postsynaptic_index", "weight") == (1, 0, 0.75)


def test_many_connections_can_be_gone_through_one_by_one():
    projection = sim.Projection(cells(100), cells(100), sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5))
    assert sum(connection.weight for connection in projection.connections) == 5000.0
    assert [connection.postsynaptic_index for connection in projection[3:6]] == [3, 4, 5]


def test_weights_are_set_by_number_array_list_distribution_and_function_of_distance():
    projection = sim.Projection(cells(3), cells(3), sim.AllToAllConnector(allow_self_connections=True))
    projection.set(weight=0.25)
    assert projection.get("weight", "list", with_address=False) == [0.25] * 9
    array = np.arange(9.0).reshape(3, 3)
    projection.set(weight=array)
    assert_array_equal(projection.get("weight", "array"), array)
    projection.set(weight=list(range(9, 0, -1)))
    assert_array_equal(projection.get("weight", "array"), np.arange(9.0, 0.0, -1.0).reshape(3, 3))
    projection.set(weight=RandomDistribution("uniform", low=0.0, high=1.0, rng=NumpyRNG(seed=8)))
    expected = NumpyRNG(seed=8).next(9, "uniform", {"low": 0.0, "high": 1.0}).reshape(3, 3)
    assert_array_equal(projection.get("weight", "array"), expected)
    projection.set(weight=lambda d: 0.1 + d)
    assert_array_equal(projection.get("weight", "array"), 0.1 + abs(np.subtract.outer(np.arange(3), np.arange(3))))


def test_an_array_may_have_gaps_where_there_is_no_connection():
    projection = sim.Projection(cells(), cells(), sim.OneToOneConnector())
    projection.set(weight=np.array([[0.5, np.nan], [np.nan, 0.25]]))
    assert projection.get("weight", "list") == [(0, 0, 0.5), (1, 1, 0.25)]


def test_a_projection_between_assemblies_counts_in_the_assemblies():
    first, second, third = cells(3), cells(2), cells(4)
    pre, post = second + first[1:], third[[0, 2]] + first
    projection = sim.Projection(
        pre, post, sim.AllToAllConnector(allow_self_connections=False), sim.StaticSynapse(weight=0.5, delay="0.2+0.1*d")
    )
    pairs = [(i, j) for i in range(4) for j in range(5) if pre[i] != post[j]]
    assert [pair[:2] for pair in projection.get("weight", "list")] == pairs
    weights = np.arange(len(pairs)) / 10
    projection.set(weight=list(weights))
    assert [w for _, _, w in projection.get("weight", "list")] == weights.tolist()
    projection[7].weight = 4.0
    assert projection.get("weight", "list")[7] == (*pairs[7], 4.0)
    distance = [abs(pre.positions[0, i] - post.positions[0, j]) for i, j in pairs]
    np.testing.assert_allclose([d for _, _, d in projection.get("delay", "list")], 0.2 + 0.1 * np.array(distance))


def test_delays_are_rounded_to_the_nearest_step():
    connector = sim.FromListConnector([(0, 0, 0.1, 0.14), (0, 1, 0.1, 0.15), (1, 1, 0.1, 0.3)])
    projection = sim.Projection(cells(), cells(), connector)
    assert [delay for _, _, delay in projection.get("delay", "list")] == [0.1, 0.2, 0.3]


def test_automatic_delay_limits_follow_the_network():
    assert (sim.get_min_delay(), sim.get_max_delay()) == (0.1, 0.1)
    projection = sim.Projection(cells(), cells(), sim.FromListConnector([(0, 0, 0.1, 0.5), (0, 1, 0.1, 2.5)]))
    assert (sim.get_min_delay(), sim.get_max_delay()) == (0.5, 2.5)
    projection.set(delay=1.0)
    assert (sim.get_min_delay(), sim.get_max_delay()) == (1.0, 1.0)


def test_delay_is_min_delay_where_none_is_given():
    sim.setup(timestep=0.05, min_delay=0.35)
    projection = sim.Projection(cells(), cells(), sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1))
    assert set(projection.get("delay", "list", with_address=False)) == {0.35}


def test_saved_connections_are_read_back(tmp_path):
    path = str(tmp_path / "connections.txt")
    saved = sim.Projection(cells(), cells(), sim.FromListConnector(REPEATED[:2] + REPEATED[3:4]))
    saved.save("all", path)
    read = sim.Projection(cells(), cells(), sim.FromFileConnector(path))
    assert read.get(["weight", "delay"], "list") == saved.get(["weight", "delay"], "list")


def test_a_projection_without_connections_can_be_read():
    projection = sim.Projection(cells(), cells(), sim.FixedProbabilityConnector(0.0))
    assert len(projection) == 0
    assert projection.get("weight", "list") == []
    assert np.isnan(projection.get("weight", "array")).all()


def test_procedural_api_connects():
    with pytest.warns(DeprecationWarning):
        projection = sim.connect(cells(), cells(), weight=0.2, delay=0.4, p=1)
    assert projection.get(["weight", "delay"], "list", with_address=False) == [(0.2, 0.4)] * 4


UNDER_WAY = [
    ([{"weight": 3.0}], 3.0),
    ([{"delay": 1.0}], 1.0),
    ([{"weight": 3.0}, {"delay": 1.0}], 3.0),
    ([{"delay": 1.0}, {"weight": 3.0}], 1.0),
]


@pytest.mark.parametrize(("changes", "arriving"), UNDER_WAY, ids=str)
def test_a_spike_under_way_keeps_its_delay_and_takes_the_weight_until_delays_are_set(target, changes, arriving):
    sim.setup(timestep=0.1, target=target)
    source, cell = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0])), cells(1)
    projection = sim.Projection(source, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0, delay=5.0))
    cell.record("isyn_exc")
    sim.run(3.0)
    for change in changes:
        projection.set(**change)
    sim.run(4.0)
    current = cell.get_data().segments[0].filter(name="isyn_exc")[0].magnitude[:, 0]
    assert np.flatnonzero(current)[0] == 60
    assert current[60] == arriving


def test_a_connection_has_the_attributes_of_its_synapse_type_and_no_others():
    sim.setup(timestep=0.1)
    projection = sim.Projection(cells(), cells(), sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5, delay=0.5))
    assert projection[0].weight == 0.5
    assert not hasattr(projection[0], "U")
    with pytest.raises(AttributeError, match=r"no attribute 'wieght'.*weight"):
        projection[0].wieght  # noqa: B018


@pytest.mark.parametrize(
    "values", [{"weight": 0.1}, {"delay": 1.0}, {"weight": []}, {"delay": []}, {"delay": np.full((2, 2), 1.0)}]
)
def test_a_projection_without_connections_can_be_read_and_set(values):
    projection = sim.Projection(cells(), cells(), sim.FromListConnector([]))
    projection.set(**values)
    assert len(projection) == 0
    assert projection.get(["weight", "delay"], "list") == []
    assert np.isnan(projection.get("weight", "array")).all()
