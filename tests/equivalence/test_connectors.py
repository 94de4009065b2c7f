"""Connectors that work block by block make exactly what PyNN's own algorithms make, from the same random numbers."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from pyNN import connectors as common
from pyNN.random import NumpyRNG, RandomDistribution

import pynn_annarchy as sim

FAILS_WITHOUT_PARALLEL_SAFE = ("FixedNumberPost", "FixedTotalNumber")
"""PyNN's own code builds a ragged array there, which NumPy 2 refuses."""


def _number(rng):
    return RandomDistribution("uniform_int", low=0, high=9, rng=rng)


CONNECTORS = {
    "AllToAll": ("AllToAllConnector", lambda rng: {}),
    "AllToAll, no self": ("AllToAllConnector", lambda rng: {"allow_self_connections": False}),
    "OneToOne": ("OneToOneConnector", lambda rng: {}),
    "FixedProbability": ("FixedProbabilityConnector", lambda rng: {"p_connect": 0.3, "rng": rng}),
    "FixedProbability, no self": (
        "FixedProbabilityConnector",
        lambda rng: {"p_connect": 0.3, "rng": rng, "allow_self_connections": False},
    ),
    "FixedProbability, default rng": ("FixedProbabilityConnector", lambda rng: {"p_connect": 0.3}),
    "FixedNumberPre": ("FixedNumberPreConnector", lambda rng: {"n": 3, "rng": rng}),
    "FixedNumberPre, many": ("FixedNumberPreConnector", lambda rng: {"n": 47, "rng": rng}),
    "FixedNumberPre, with replacement": (
        "FixedNumberPreConnector",
        lambda rng: {"n": 5, "rng": rng, "with_replacement": True},
    ),
    "FixedNumberPre, random n": (
        "FixedNumberPreConnector",
        lambda rng: {"n": _number(rng), "rng": rng, "with_replacement": True},
    ),
    "FixedNumberPre, no self": (
        "FixedNumberPreConnector",
        lambda rng: {"n": 3, "rng": rng, "allow_self_connections": False},
    ),
    "FixedNumberPost": ("FixedNumberPostConnector", lambda rng: {"n": 3, "rng": rng}),
    "FixedNumberPost, many": ("FixedNumberPostConnector", lambda rng: {"n": 31, "rng": rng}),
    "FixedNumberPost, with replacement": (
        "FixedNumberPostConnector",
        lambda rng: {"n": 5, "rng": rng, "with_replacement": True},
    ),
    "FixedNumberPost, random n": (
        "FixedNumberPostConnector",
        lambda rng: {"n": _number(rng), "rng": rng, "with_replacement": True},
    ),
    "FixedNumberPost, no self": (
        "FixedNumberPostConnector",
        lambda rng: {"n": 3, "rng": rng, "allow_self_connections": False},
    ),
    "FixedTotalNumber": ("FixedTotalNumberConnector", lambda rng: {"n": 60, "rng": rng}),
    "FromList": ("FromListConnector", lambda rng: {"conn_list": [(i % 7, i * i % 5) for i in range(30)]}),
    "FromList, weights and delays": (
        "FromListConnector",
        lambda rng: {"conn_list": [(i % 7, i * i % 5, 0.01 * i, 0.1 + 0.1 * i) for i in range(30)]},
    ),
    "FromList, weights": (
        "FromListConnector",
        lambda rng: {"conn_list": [(i % 7, i * i % 5, 0.01 * i) for i in range(30)], "column_names": ("weight",)},
    ),
}


def _weights(rng):
    return RandomDistribution("normal", mu=5.0, sigma=0.5, rng=rng)


def _delays(rng):
    return RandomDistribution("normal_clipped", mu=1.0, sigma=0.7, low=0.1, high=2.0, rng=rng)


VALUES = {
    "constant": lambda rng, own: {"weight": 0.2, "delay": 0.5},
    "random weights": lambda rng, own: {"weight": _weights(own), "delay": 0.5},
    "random delays": lambda rng, own: {"weight": 0.2, "delay": _delays(own)},
    "both, sharing the connector's generator": lambda rng, own: {"weight": _weights(rng), "delay": _delays(rng)},
}


def _populations():
    first = sim.Population(13, sim.IF_curr_exp())
    second = sim.Population(11, sim.IF_curr_exp())
    return {
        "populations": (first, second),
        "one population": (first, first),
        "views": (first[2:12], second[[1, 3, 4, 6, 7, 10]]),
        "one view": (first[::2], first[::2]),
        "assemblies": (first + second, second[5:] + sim.Population(4, sim.IF_curr_exp()) + first[:3]),
    }


CELLS = ("populations", "one population", "views", "one view", "assemblies")


def _connections(connector, cells, values, rng, own):
    pre, post = _populations()[cells]
    projection = sim.Projection(pre, post, connector, sim.StaticSynapse(**VALUES[values](rng, own)))
    return projection.get(["weight", "delay"], format="list")


def _generators(seed, parallel_safe):
    return NumpyRNG(seed=seed, parallel_safe=parallel_safe), NumpyRNG(seed=seed + 1, parallel_safe=parallel_safe)


def _state(rng):
    return [np.asarray(part).tolist() for part in rng.rng.get_state()]


@pytest.mark.parametrize("seed", [1, 20261121])
@pytest.mark.parametrize("parallel_safe", [True, False])
@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("name", CONNECTORS)
def test_connections_weights_delays_and_generators_are_those_of_pynn(name, values, cells, parallel_safe, seed):
    class_name, arguments = CONNECTORS[name]
    if name.startswith("FromList") and cells == "one view":
        cells = "one population"
    reference_is_safe = parallel_safe or name.startswith(FAILS_WITHOUT_PARALLEL_SAFE) or "no self" in name
    sim.setup(timestep=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rng, own = _generators(seed, parallel_safe)
        ours = _connections(getattr(sim, class_name)(**arguments(rng)), cells, values, rng, own)
        after = _state(rng), _state(own)

        rng, own = _generators(seed, reference_is_safe)
        theirs = _connections(getattr(common, class_name)(**arguments(rng)), cells, values, rng, own)

    assert len(ours) > 0
    assert ours == theirs
    assert after == (_state(rng), _state(own))


def test_no_mutual_connections_are_those_of_pynn():
    sim.setup()
    cells = sim.Population(20, sim.IF_curr_exp())
    arguments = {"p_connect": 0.4, "allow_self_connections": "NoMutual"}
    ours, theirs = (
        sim.Projection(cells, cells, library.FixedProbabilityConnector(**arguments)).get("weight", "list")
        for library in (sim, common)
    )
    assert ours == theirs
    assert all(i > j for i, j, _ in ours)


@pytest.mark.parametrize("sizes", [(1, 1), (1, 5), (5, 1)])
@pytest.mark.parametrize("weight", [0.5, "0.5 + d"])
def test_one_to_one_connects_populations_of_one_cell(sizes, weight):
    """PyNN's own code fails there with NumPy 2."""
    sim.setup()
    pre, post = (sim.Population(size, sim.IF_curr_exp()) for size in sizes)
    projection = sim.Projection(pre, post, sim.OneToOneConnector(), sim.StaticSynapse(weight=weight))
    assert projection.get("weight", "list") == [(0, 0, 0.5)]


@pytest.mark.parametrize("name", CONNECTORS)
def test_expressions_of_distance_take_the_common_path_to_the_same_connections(name):
    class_name, arguments = CONNECTORS[name]
    if name.startswith("FromList"):
        pytest.skip("PyNN takes the position in the list for the distance")
    sim.setup()
    pre, post = _populations()["populations"]
    rng = NumpyRNG(seed=4)
    expressed = sim.Projection(pre, post, getattr(sim, class_name)(**arguments(rng)), sim.StaticSynapse(weight="1+d"))
    rng = NumpyRNG(seed=4)
    constant = sim.Projection(pre, post, getattr(sim, class_name)(**arguments(rng)), sim.StaticSynapse(weight=1.0))
    weights = expressed.get("weight", "list")
    assert [pair[:2] for pair in weights] == [pair[:2] for pair in constant.get("weight", "list")]
    assert [w for _, _, w in weights] == [1.0 + abs(i - j) for i, j, _ in weights]


@pytest.mark.parametrize("connector", ["AllToAllConnector", "OneToOneConnector"])
@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("weight", [0.1, "0.1 + d"])
def test_a_callback_hears_of_the_progress(connector, cells, weight):
    sim.setup()
    pre, post = _populations()[cells]
    heard = []
    sim.Projection(pre, post, getattr(sim, connector)(callback=heard.append), sim.StaticSynapse(weight=weight))
    assert heard == sorted(heard)
    assert 0.5 < heard[-1] <= 1.0


def test_native_generator_gives_the_expected_number_of_connections_and_repeats_them():
    def connections(seed):
        sim.setup()
        cells = sim.Population(300, sim.IF_curr_exp())
        rng = sim.NativeRNG(seed=seed)
        weight = RandomDistribution("uniform", low=0.1, high=0.3, rng=rng)
        connector = sim.FixedProbabilityConnector(0.1, rng=rng)
        return sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=weight)).get("weight", "list")

    made = connections(seed=1)
    # binomial: 90,000 pairs, standard deviation 90; five of them
    assert abs(len(made) - 9000) < 450
    weights = np.array([w for _, _, w in made])
    # uniform: standard error 0.2 / sqrt(12 * 9000)
    assert abs(weights.mean() - 0.2) < 5 * 0.2 / np.sqrt(12 * 9000)
    assert made == connections(seed=1)
    assert made != connections(seed=2)


@pytest.mark.parametrize("name", ["FixedNumberPre", "FixedNumberPost", "FixedTotalNumber"])
@pytest.mark.parametrize("with_replacement", [True, False])
def test_native_generator_serves_the_fixed_number_connectors(name, with_replacement):
    sim.setup()
    pre, post = sim.Population(30, sim.IF_curr_exp()), sim.Population(20, sim.IF_curr_exp())
    connector = getattr(sim, name + "Connector")(7, with_replacement=with_replacement, rng=sim.NativeRNG(seed=3))
    weights = sim.Projection(pre, post, connector, sim.StaticSynapse(weight=1.0)).get("weight", "array")
    counts = np.nan_to_num(weights)
    if name == "FixedNumberPre":
        assert (counts.sum(axis=0) == 7).all()
    elif name == "FixedNumberPost":
        assert (counts.sum(axis=1) == 7).all()
    else:
        assert counts.sum() == 7
    if not with_replacement and name != "FixedTotalNumber":
        assert counts.max() == 1
