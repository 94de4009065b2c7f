"""Connectors that work block by block make exactly what PyNN's own algorithms make, from the same random numbers."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from pyNN import connectors as common
from pyNN import errors
from pyNN.core import IndexBasedExpression
from pyNN.parameters import LazyArray
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.recording.files import NumpyBinaryFile, PickleFile
from pyNN.space import Grid2D, RandomStructure, Space, Sphere

import pynn_annarchy as sim

FAILS_WITHOUT_PARALLEL_SAFE = ("FixedNumberPost", "FixedTotalNumber")
"""PyNN's own code builds a ragged array there, which NumPy 2 refuses."""


class _NearDiagonal(IndexBasedExpression):
    """Probability by indices, and a weight by indices."""

    def __call__(self, i, j):
        return 0.8 / (1.0 + abs(i - j))


def _half_space(displacement):
    return 0.6 * (displacement[0] > 0.5) + 0.1


def _by_distance(expression, **others):
    return "DistanceDependentProbabilityConnector", lambda rng: {"d_expression": expression, "rng": rng, **others}


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
    "FixedNumberPost, as many as fit": (
        "FixedNumberPostConnector",
        lambda rng: {"n": 23, "rng": rng, "allow_self_connections": False},
    ),
    "DistanceDependentProbability": _by_distance("exp(-d*d/20.0)"),
    "DistanceDependentProbability, a limit": _by_distance("d < 4"),
    "DistanceDependentProbability, a power": _by_distance("exp(-d**2/20.0)"),
    "DistanceDependentProbability, a constant": _by_distance("0.3"),
    "DistanceDependentProbability, no self": _by_distance("exp(-d/5.0)", allow_self_connections=False),
    "DisplacementDependentProbability": (
        "DisplacementDependentProbabilityConnector",
        lambda rng: {"disp_function": _half_space, "rng": rng},
    ),
    "IndexBasedProbability": (
        "IndexBasedProbabilityConnector",
        lambda rng: {"index_expression": _NearDiagonal(), "rng": rng},
    ),
    "IndexBasedProbability, no self": (
        "IndexBasedProbabilityConnector",
        lambda rng: {"index_expression": _NearDiagonal(), "rng": rng, "allow_self_connections": False},
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
    "by distance": lambda rng, own: {"weight": "0.1 + 0.2*d**2", "delay": lambda d: 0.5 + 0.1 * (d > 2)},
    "by indices": lambda rng, own: {"weight": _NearDiagonal(), "delay": 0.5},
}


def _populations():
    first = sim.Population(13, sim.IF_curr_exp())
    second = sim.Population(11, sim.IF_curr_exp())
    second.positions = second.positions * 1.3
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


def _compare_with_pynn(name, values, cells, parallel_safe, seed):
    class_name, arguments = CONNECTORS[name]
    if name.startswith("FromList") and cells == "one view":
        cells = "one population"
    if name.startswith("FromList") and values.startswith("by "):
        pytest.skip("PyNN takes the position in the list for the distance, and cannot evaluate functions of indices")
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


@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("name", CONNECTORS)
def test_connections_weights_delays_and_generators_are_those_of_pynn(name, values, cells):
    _compare_with_pynn(name, values, cells, parallel_safe=True, seed=20261121)


@pytest.mark.parametrize("cells", ["populations", "assemblies"])
@pytest.mark.parametrize("name", CONNECTORS)
def test_generators_that_are_not_parallel_safe_give_the_connections_of_pynn(name, cells):
    _compare_with_pynn(name, "both, sharing the connector's generator", cells, parallel_safe=False, seed=5)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", CONNECTORS)
def test_connections_are_those_of_pynn_for_ten_seeds(name, seed):
    _compare_with_pynn(name, "both, sharing the connector's generator", "one population", True, seed)


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


def _both(pre, post, make, synapse, **options):
    """Connections and weights of our connector and of PyNN's, made by ``make(library)``."""
    return tuple(
        sim.Projection(pre, post, make(library), synapse, **options).get(["weight", "delay"], "list")
        for library in (sim, common)
    )


SPACES = {
    "all axes": {},
    "one axis": {"axes": "y"},
    "periodic": {"periodic_boundaries": ((0.0, 6.0), None, (0.0, 3.5))},
    "periodic plane": {"axes": "xy", "periodic_boundaries": ((0.0, 6.0), (0.0, 4.0), None)},
    "scaled and moved": {"scale_factor": 0.7, "offset": 1.25},
}


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_distances_are_those_of_the_projections_space(space, dtype):
    sim.setup()
    pre = sim.Population(24, sim.IF_curr_exp(), structure=Grid2D(aspect_ratio=1.5, dx=0.9))
    post = sim.Population(17, sim.IF_curr_exp(), structure=RandomStructure(Sphere(3.0), rng=NumpyRNG(seed=3)))
    post.positions = post.positions.astype(dtype)
    pre.positions = pre.positions.astype(dtype)
    synapse = sim.StaticSynapse(weight="0.3*d", delay=lambda d: 0.1 + 0.1 * d)
    ours, theirs = _both(
        pre,
        post,
        lambda library: library.DistanceDependentProbabilityConnector("exp(-d/2.0)", rng=NumpyRNG(seed=8)),
        synapse,
        space=Space(**SPACES[space]),
    )
    assert len(ours) > 20
    assert ours == theirs


def test_a_space_of_ones_own_gives_its_distances():
    class CityBlock(Space):
        def distances(self, A, B, expand=False):
            return np.abs(np.atleast_2d(A)[:, None, :] - np.atleast_2d(B)[None, :, :]).sum(axis=2).ravel()

    sim.setup()
    cells = sim.Population(16, sim.IF_curr_exp(), structure=Grid2D())
    ours, theirs = _both(
        cells,
        cells,
        lambda library: library.DistanceDependentProbabilityConnector("d < 2.5"),
        sim.StaticSynapse(weight="0.1*d"),
        space=CityBlock(),
    )
    assert ours == theirs
    assert max(weight for _, _, weight, _ in ours) == 0.2


def test_the_probability_may_be_a_function_of_distances():
    sim.setup()
    cells = sim.Population(16, sim.IF_curr_exp())
    connectors = (sim.DistanceDependentProbabilityConnector(p, rng=NumpyRNG(seed=2)) for p in ("1/(1+d)", _falling))
    text, function = (sim.Projection(cells, cells, one).get("weight", "list") for one in connectors)
    assert text == function


def _falling(d):
    return 1 / (1 + d)


@pytest.mark.parametrize("array", ["sparse", "dense"])
def test_a_matrix_connects_what_it_connects_in_pynn(array):
    sim.setup()
    pre, post = sim.Population(12, sim.IF_curr_exp()), sim.Population(9, sim.IF_curr_exp())
    matrix = np.random.RandomState(4).rand(12, 9) < {"sparse": 0.1, "dense": 0.7}[array]
    weight = RandomDistribution("normal", mu=5.0, sigma=0.5, rng=NumpyRNG(seed=1))
    ours, theirs = _both(pre, post, lambda library: library.ArrayConnector(matrix), sim.StaticSynapse(weight=weight))
    assert len(ours) == matrix.sum()
    assert ours == theirs


def test_a_matrix_of_numbers_or_of_another_shape_is_refused():
    sim.setup()
    cells = sim.Population(3, sim.IF_curr_exp())
    for matrix in (np.eye(3), np.eye(4, 3, dtype=bool)):
        with pytest.raises(errors.ConnectionError, match=r"boolean array of shape \(3, 3\)"):
            sim.Projection(cells, cells, sim.ArrayConnector(matrix))


@pytest.mark.parametrize("cells", CELLS)
def test_a_clone_is_that_of_pynn(cells):
    sim.setup()
    pre, post = _populations()[cells]
    repeated = sim.FixedNumberPreConnector(9, with_replacement=True, rng=NumpyRNG(seed=1))
    reference = sim.Projection(pre, post, repeated)
    weight = RandomDistribution("normal", mu=5.0, sigma=0.5, rng=NumpyRNG(seed=1))
    ours, theirs = _both(pre, post, lambda library: library.CloneConnector(reference), sim.StaticSynapse(weight=weight))
    assert ours == theirs
    assert 0 < len(ours) < len(reference)


@pytest.mark.parametrize("kind", ["text", PickleFile, NumpyBinaryFile])
def test_a_saved_projection_is_read_back(kind, tmp_path):
    sim.setup()
    pre, post = _populations()["assemblies"]
    weight = RandomDistribution("normal", mu=5.0, sigma=0.5, rng=NumpyRNG(seed=1))
    connector = sim.FixedProbabilityConnector(0.3, rng=NumpyRNG(seed=1))
    saved = sim.Projection(pre, post, connector, sim.StaticSynapse(weight=weight, delay=0.7))
    path = str(tmp_path / "connections")
    file = path if kind == "text" else kind(path, "wb")
    saved.save(["weight", "delay"], file, format="list")
    if kind != "text":
        file.close()
    reader = sim.FromFileConnector(path if kind == "text" else kind(path, "rb"))
    for _ in range(2):  # a connector may serve several projections
        read = sim.Projection(pre, post, reader)
        assert read.get(["weight", "delay"], "list") == saved.get(["weight", "delay"], "list")


def test_each_process_reads_its_own_file_and_leaves_the_other_alone(tmp_path):
    sim.setup()
    cells = sim.Population(4, sim.IF_curr_exp())
    (tmp_path / "list.0").write_text("0 1 0.5 0.3\n2 3 0.25 0.4\n")
    (tmp_path / "list").write_text("0 0 0.1 0.1\n")
    read = sim.Projection(cells, cells, sim.FromFileConnector(str(tmp_path / "list"), distributed=True))
    assert read.get(["weight", "delay"], "list") == [(0, 1, 0.5, 0.3), (2, 3, 0.25, 0.4)]
    assert (tmp_path / "list").exists()


def test_listed_connections_take_their_distances_from_space():
    sim.setup()
    cells = sim.Population(9, sim.IF_curr_exp())
    connector = sim.FromListConnector([(0, 4), (3, 4), (8, 2)])
    projection = sim.Projection(cells, cells, connector, sim.StaticSynapse(weight="0.5*d"))
    assert projection.get("weight", "list") == [(0, 4, 2.0), (3, 4, 0.5), (8, 2, 3.0)]


@pytest.mark.parametrize("arity", [0, 2])
def test_connection_sets_of_the_csa_are_those_of_pynn(arity):
    csa = pytest.importorskip("csa")
    sim.setup()
    pre, post = sim.Population(6, sim.IF_curr_exp()), sim.Population(5, sim.IF_curr_exp())
    all_but_own = csa.full - csa.oneToOne
    cset = all_but_own if arity == 0 else csa.cset(all_but_own, 0.4, 1.5)
    ours, theirs = _both(pre, post, lambda library: library.CSAConnector(cset), sim.StaticSynapse(weight=0.1))
    assert len(ours) == 25
    assert ours == theirs


def test_values_may_be_a_list_in_the_order_of_the_connections():
    sim.setup()
    pre, post = _populations()["views"]
    rng = NumpyRNG(seed=7)
    connector = sim.FixedProbabilityConnector(0.4, rng=rng)
    n = len(sim.Projection(pre, post, connector))
    weights = [0.1 * k for k in range(n)]
    listed = sim.Projection(pre, post, connector, sim.StaticSynapse(weight=weights))
    assert listed.get("weight", "list", with_address=False) == weights
    with pytest.raises(errors.InvalidDimensionsError, match=f"has {n} connections, but 3 values of weight"):
        sim.Projection(pre, post, connector, sim.StaticSynapse(weight=[0.1, 0.2, 0.3]))


def test_values_may_be_a_matrix_of_the_projections_shape():
    sim.setup()
    pre, post = sim.Population(4, sim.IF_curr_exp()), sim.Population(3, sim.IF_curr_exp())
    matrix = np.arange(12.0).reshape(4, 3)
    for value in (matrix, matrix.tolist(), LazyArray(matrix)):
        made = sim.Projection(pre, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=value))
        assert np.array_equal(made.get("weight", "array"), matrix)
    with pytest.raises(errors.InvalidDimensionsError, match=r"weight has shape \(3, 4\)"):
        sim.Projection(pre, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=matrix.T))


@pytest.mark.parametrize("base", ["ours", "pynn's", "a plain connector"])
def test_connectors_of_ones_own_work(base):
    class Below(sim.MapConnector if base == "ours" else common.MapConnector):
        parameter_names = ()

        def connect(self, projection):
            self._connect_with_map(projection, LazyArray(lambda i, j: i > j, shape=projection.shape))

    class BelowOneByOne(sim.Connector):
        parameter_names = ()

        def connect(self, projection):
            for j, cell in enumerate(projection.post):
                chosen = [projection.pre[i] for i in range(j + 1, projection.pre.size)]
                projection._convergent_connect(chosen, cell, weight=0.1, delay=np.full(len(chosen), 0.5))

    sim.setup()
    cells = sim.Population(4, sim.IF_curr_exp())
    connector = Below() if base != "a plain connector" else BelowOneByOne()
    made = sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=0.1, delay=0.5))
    expected = [(i, j, 0.1, 0.5) for i in range(4) for j in range(i)]
    assert made.get(["weight", "delay"], "list") == expected


@pytest.mark.parametrize(
    "connector",
    [
        sim.AllToAllConnector(),
        sim.OneToOneConnector(),
        sim.FixedProbabilityConnector(0.5),
        sim.DistanceDependentProbabilityConnector("d < 5"),
        sim.FixedNumberPreConnector(0),
        sim.FixedNumberPostConnector(0),
        sim.FixedTotalNumberConnector(0),
        sim.FromListConnector([]),
        sim.SmallWorldConnector(2.0, 0.1),
    ],
    ids=lambda connector: type(connector).__name__,
)
@pytest.mark.parametrize("weight", [0.1, "0.1*d", [], RandomDistribution("uniform", low=0.1, high=0.2)])
def test_views_without_cells_have_no_connections(connector, weight):
    sim.setup()
    cells = sim.Population(5, sim.IF_curr_exp())
    none = cells[np.zeros(5, dtype=bool)]
    for pre, post in ((none, cells), (cells, none), (none, none)):
        assert len(sim.Projection(pre, post, connector, sim.StaticSynapse(weight=weight))) == 0


def test_options_that_pynn_does_not_heed_are_told():
    sim.setup()
    cells = sim.Population(5, sim.IF_curr_exp())
    with pytest.warns(UserWarning, match="with_replacement=False makes no difference to FixedTotalNumberConnector"):
        sim.Projection(cells, cells, sim.FixedTotalNumberConnector(4, with_replacement=False))
    with pytest.warns(UserWarning, match="'NoMutual' makes no difference to FixedNumberPreConnector"):
        sim.Projection(cells, cells, sim.FixedNumberPreConnector(2, allow_self_connections="NoMutual"))


def _small_world(n=60, space=None, **options):
    sim.setup()
    cells = sim.Population(n, sim.IF_curr_exp())
    ring = space or Space(periodic_boundaries=((0.0, float(n)), None, None))
    connector = sim.SmallWorldConnector(rng=NumpyRNG(seed=6), **options)
    made = sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=1.0), space=ring)
    return np.nan_to_num(made.get("weight", "array"))


def test_a_small_world_without_rewiring_is_the_lattice():
    matrix = _small_world(degree=3.5, rewiring=0.0, allow_self_connections=False)
    apart = np.abs(np.subtract.outer(np.arange(60), np.arange(60)))
    assert np.array_equal(matrix, (np.minimum(apart, 60 - apart) < 3.5) & (apart > 0))


@pytest.mark.parametrize("rewiring", [0.1, 1.0])
def test_rewiring_moves_its_share_of_connections_and_keeps_their_number(rewiring):
    n = 200
    matrix = _small_world(n, degree=5.5, rewiring=rewiring, allow_self_connections=False)
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    is_local = np.minimum(apart, n - apart) < 5.5
    assert (matrix.sum(axis=1) == 10).all()
    assert matrix.max() == 1
    assert not matrix.diagonal().any()
    # binomial over 2000 connections; five standard deviations
    moved = matrix[~is_local].sum()
    assert abs(moved - 2000 * rewiring) <= 5 * np.sqrt(2000 * rewiring * (1 - rewiring))


@pytest.mark.parametrize("n_connections", [4, 6, 20])
def test_a_small_world_has_the_number_of_connections_it_was_given(n_connections):
    matrix = _small_world(degree=3.5, rewiring=0.2, n_connections=n_connections, allow_self_connections=False)
    assert (matrix.sum(axis=1) == n_connections).all()
    assert matrix.max() == 1


def test_a_small_world_without_mutual_connections_has_none():
    matrix = _small_world(degree=8.0, rewiring=0.3, allow_self_connections="NoMutual")
    assert np.array_equal(matrix, np.tril(matrix, -1))
    assert matrix.sum() > 0


def test_a_small_world_refuses_more_connections_than_there_are_cells():
    with pytest.raises(errors.ConnectionError, match="59 possible targets, too few for n_connections=60"):
        _small_world(degree=3.5, rewiring=0.2, n_connections=60, allow_self_connections=False)


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
