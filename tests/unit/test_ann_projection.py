"""Projections of the ANNarchy interface: connectors, values by dendrite, learning switched off, files."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import io as scipy_io
from scipy import sparse

import pynn_annarchy.ann as ann
from pynn_annarchy.exceptions import ModelError

RATE = ann.Neuron(parameters="B = 0.0", equations="r = B + sum(exc) - sum(inh)")
LEARNING = ann.Synapse(
    parameters=dict(eta=0.1, tau=ann.Parameter(10.0, locality="local"), k=3.0),
    equations=[ann.Variable("x = k*tau", init=1.5), ann.Variable("dw/dt = eta*pre.r", method="explicit")],
)
POSTSYNAPTIC = ann.Synapse(
    parameters=dict(theta=ann.Parameter(2.0, locality="semiglobal"), eta=0.1), equations="dw/dt = eta*theta*pre.r"
)


@pytest.fixture
def network():
    return ann.Network(dt=0.5, seed=2)


@pytest.fixture
def pre(network):
    return network.create(4, RATE)


@pytest.fixture
def post(network):
    return network.create(3, RATE)


@pytest.fixture(params=["declared", "built"])
def ready(network, request):
    """Builds the network where the test is about one that has been built."""
    return network.compile if request.param == "built" else lambda: None


# connectors


def test_all_to_all(network, pre, post):
    projection = network.connect(pre, post, "exc").all_to_all(weights=0.5)

    assert projection.size == len(projection) == 3
    assert projection.nb_synapses == 12
    assert projection.nb_synapses_per_dendrite == [4, 4, 4]
    assert projection.post_ranks == [0, 1, 2]
    assert projection.pre_ranks == [[0, 1, 2, 3]] * 3
    assert projection.connector_name == "All-to-All"


@pytest.mark.parametrize(
    "connect",
    [
        lambda projection, allow: projection.all_to_all(1.0, allow_self_connections=allow),
        lambda projection, allow: projection.fixed_probability(1.0, 1.0, allow_self_connections=allow),
        lambda projection, allow: projection.gaussian(1.0, 10.0, allow_self_connections=allow),
        lambda projection, allow: projection.dog(1.0, 10.0, 0.1, 1.0, allow_self_connections=allow),
    ],
    ids=["all_to_all", "fixed_probability", "gaussian", "dog"],
)
def test_neurons_connect_to_themselves_only_where_they_may(network, pre, connect):
    without = connect(network.connect(pre, pre, "exc"), False)
    between_views = connect(network.connect(pre[1:3], pre[2:], "exc"), False)
    with_themselves = connect(network.connect(pre, pre, "exc"), True)

    assert without.pre_ranks == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    assert (between_views.post_ranks, between_views.pre_ranks) == ([2, 3], [[1], [1, 2]])
    assert with_themselves.nb_synapses == 16


def test_different_populations_have_no_self_connections(network, pre, post):
    assert network.connect(pre, post, "exc").all_to_all(1.0).nb_synapses == 12
    assert network.connect(pre, post, "exc").fixed_probability(1.0, 1.0).nb_synapses == 12


def test_one_to_one(network, pre, post):
    with pytest.warns(UserWarning, match="connects the first 3"):
        projection = network.connect(pre, post, "exc").one_to_one(weights=2.0)
    views = network.connect(pre[2:], post[[2, 0]], "exc").one_to_one(weights=[1.0][0])

    assert projection.pre_ranks == [[0], [1], [2]]
    assert (views.post_ranks, views.pre_ranks) == ([0, 2], [[3], [2]])


def test_fixed_probability_connects_that_part_of_all_pairs(network):
    pre, post = network.create(300, RATE), network.create(400, RATE)
    projection = network.connect(pre, post, "exc").fixed_probability(0.1, weights=1.0)

    # five standard deviations of a binomial number
    assert abs(projection.nb_synapses - 12_000) < 5 * np.sqrt(120_000 * 0.09)
    assert all(ranks == sorted(set(ranks)) for ranks in projection.pre_ranks)


@pytest.mark.parametrize("allow", [True, False])
def test_fixed_numbers(network, allow):
    population = network.create(20, RATE)
    convergent = network.connect(population, population, "exc")
    convergent.fixed_number_pre(5, weights=1.0, allow_self_connections=allow)
    divergent = network.connect(population, population, "inh")
    divergent.fixed_number_post(5, weights=1.0, allow_self_connections=allow)

    assert convergent.nb_synapses_per_dendrite == [5] * 20
    assert all(len(set(ranks)) == 5 for ranks in convergent.pre_ranks)
    sources = np.concatenate(divergent.pre_ranks)
    assert np.bincount(sources, minlength=20).tolist() == [5] * 20
    if not allow:
        for projection in (convergent, divergent):
            pairs = zip(projection.post_ranks, projection.pre_ranks, strict=True)
            assert all(post not in ranks for post, ranks in pairs)


def test_fixed_numbers_choose_all_neurons_alike(network):
    population = network.create(10, RATE)
    counts = np.zeros(10)
    for _ in range(300):
        projection = network.connect(population[:1], population, "exc").fixed_number_post(3, 1.0)
        counts[projection.post_ranks] += 1

    assert counts[0] == 0  # itself
    # 100 each; five standard deviations
    assert (abs(counts[1:] - 100) < 5 * np.sqrt(100 * 2 / 3)).all()


def test_numbers_that_cannot_be_chosen_are_refused(network, pre):
    with pytest.raises(ModelError, match="projection 'proj0': 4 neurons cannot be chosen out of 3"):
        network.connect(pre, pre, "exc").fixed_number_pre(4, weights=1.0)
    with pytest.raises(ModelError, match="positive whole number"):
        network.connect(pre, pre, "exc").fixed_number_post(0, weights=1.0)


def test_gaussian_weights_fall_with_the_distance_of_normalized_coordinates(network):
    pre, post = network.create((2, 3), RATE), network.create((3, 3), RATE)
    projection = network.connect(pre, post, "exc").gaussian(amp=2.0, sigma=0.4, limit=0.05)

    expected = np.zeros((9, 6))
    for i in range(9):
        for j in range(6):
            (x, y), (u, v) = post.normalized_coordinates_from_rank(i), pre.normalized_coordinates_from_rank(j)
            weight = 2.0 * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * 0.4**2))
            expected[i, j] = weight if weight > 0.1 else 0.0
    np.testing.assert_allclose(projection.connectivity_matrix(), expected, rtol=1e-14)
    assert 0 < projection.nb_synapses < 54


def test_difference_of_gaussians(network):
    population = network.create(11, RATE)
    projection = network.connect(population, population, "exc")
    projection.dog(amp_pos=2.0, sigma_pos=0.2, amp_neg=1.0, sigma_neg=0.5, limit=0.1)

    distance = np.linspace(0, 1, 11)[:, None] - np.linspace(0, 1, 11)
    weights = 2 * np.exp(-(distance**2) / 0.08) - np.exp(-(distance**2) / 0.5)
    weights[(abs(weights) <= 0.1) | np.eye(11, dtype=bool)] = 0.0
    np.testing.assert_allclose(projection.connectivity_matrix(), weights, rtol=1e-12)
    assert (projection.connectivity_matrix() < 0).any()


def test_profiles_need_populations_of_equal_dimensions(network, pre):
    with pytest.raises(ModelError, match="equally many dimensions; there are 1 and 2"):
        network.connect(pre, network.create((2, 2), RATE), "exc").gaussian(1.0, 0.5)


def test_matrices_have_the_post_synaptic_neurons_first_and_none_for_no_synapse(network, pre, post, ready):
    matrix = [[1.0, None, 2.0, None], [None, None, None, None], [3.0, 4.0, 5.0, 6.0]]
    projection = network.connect(pre, post, "exc").from_matrix(matrix)
    turned = network.connect(pre, post, "inh").from_matrix(np.arange(12.0).reshape(4, 3), pre_post=True)
    ready()

    assert projection.post_ranks == [0, 2]
    assert projection.pre_ranks == [[0, 2], [0, 1, 2, 3]]
    assert projection.w == [[1.0, 2.0], [3.0, 4.0, 5.0, 6.0]]
    np.testing.assert_array_equal(projection.connectivity_matrix(-1.0), [[1, -1, 2, -1], [-1] * 4, [3, 4, 5, 6]])
    np.testing.assert_array_equal(turned.connectivity_matrix(), np.arange(12.0).reshape(4, 3).T)


def test_a_matrix_that_changes_later_changes_no_weights(network, pre, post):
    matrix = np.ones((3, 4))
    projection = network.connect(pre, post, "exc").from_matrix(matrix)
    matrix[:] = 2.0
    network.compile()

    assert projection.w == [[1.0] * 4] * 3


def test_matrices_of_views_and_of_delays(network, pre, post, ready):
    weights, delays = [[1.0, None], [2.0, 3.0]], [[1.0, None], [2.0, 1.5]]
    projection = network.connect(pre[[3, 1]], post[1:], "exc").from_matrix(weights, delays)
    ready()

    assert (projection.post_ranks, projection.pre_ranks) == ([1, 2], [[3], [1, 3]])
    assert projection.w == [[1.0], [3.0, 2.0]]
    assert projection.delay == [[1.0], [1.5, 2.0]]


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.zeros((4, 3)), r"have the shape \(4, 3\), and need \(3, 4\): post-synaptic neurons first"),
        ([[1.0], [1.0, 2.0]], "rows that are given have different lengths"),
        (np.full((3, 4), np.nan), "must be finite"),
    ],
)
def test_matrices_that_do_not_fit_are_refused(network, pre, post, matrix, message):
    with pytest.raises(ModelError, match=message):
        network.connect(pre, post, "exc").from_matrix(matrix)


@pytest.mark.parametrize("kind", ["lil", "csr", "csc", "coo"])
def test_sparse_matrices_have_the_pre_synaptic_neurons_first(network, pre, post, kind, ready):
    matrix = sparse.lil_matrix((4, 3))
    matrix[0, 1], matrix[3, 1], matrix[2, 0] = 1.0, 2.0, 3.0
    delays = ann.sparse_delays_from_weights(matrix, 2.5)
    projection = network.connect(pre, post, "exc").from_sparse(matrix.asformat(kind), delays)
    ready()

    np.testing.assert_array_equal(projection.connectivity_matrix(), matrix.toarray().T)
    assert projection.delay == 2.5
    with pytest.raises(ModelError, match=r"needs \(4, 3\): pre-synaptic neurons first"):
        network.connect(pre, post, "exc").from_sparse(matrix.T)


def test_random_sparse_matrices(network):
    pre, post = network.create(100, RATE), network.create(50, RATE)
    matrix = ann.sparse_random_matrix(pre, post, 0.2, ann.Uniform(1.0, 2.0))

    assert matrix.shape == (100, 50)
    assert abs(matrix.nnz - 1000) < 5 * np.sqrt(800)
    assert matrix.tocoo().data.min() >= 1.0


@pytest.mark.parametrize("matrix", [sparse.coo_matrix(np.eye(3, 4)), np.arange(12.0).reshape(3, 4)])
def test_matrix_market_files(network, pre, post, tmp_path, matrix):
    scipy_io.mmwrite(tmp_path / "weights.mtx", matrix)
    projection = network.connect(pre, post, "exc").from_matrix_market(str(tmp_path / "weights.mtx"))

    expected = matrix.toarray() if sparse.issparse(matrix) else matrix
    np.testing.assert_array_equal(projection.connectivity_matrix(), expected)


def test_functions_fill_lists(network, pre, post, ready):
    def pattern(pre, post, dt, weight):
        lists = ann.LILConnectivity(dt)
        for rank in reversed(range(post.size)):
            lists.add(rank, range(rank + 1), weight, [2 * dt] * (rank + 1))
        lists.add(0, [3], [weight + 1], 0.0)
        lists.add(1, [], [], [])
        return lists

    projection = network.connect(pre, post, "exc").from_function(pattern, weight=0.5)
    ready()

    assert projection.pre_ranks == [[0, 3], [0, 1], [0, 1, 2]]
    assert projection.w == [[0.5, 1.5], [0.5, 0.5], [0.5, 0.5, 0.5]]
    assert projection.delay == [[1.0, 0.5], [1.0, 1.0], [1.0, 1.0, 1.0]]
    assert projection.connector_description == "Created by the method pattern"


def test_lists_know_what_they_hold():
    lists = ann.LILConnectivity(0.5)
    lists.add(2, [0, 1, 5], 0.5, 1.0)
    lists.push_back(0, np.array([3]), [2.0], [1.5])

    assert (lists.size, lists.nb_synapses, lists.post_rank, lists.pre_rank) == (2, 4, [2, 0], [[0, 1, 5], [3]])
    assert (lists.w, lists.delay) == ([[0.5, 0.5, 0.5], [2.0]], [[2, 2, 2], [3]])
    assert (lists.max_delay, lists.get_max_delay(), lists.uniform_delay, lists.get_uniform_delay()) == (3, 3, -1, -1)
    assert lists.compute_average_row_length() == (2.0, 1.0, 1, 3)
    assert lists.compute_average_col_idx_gap() == (2.5, 1.5)
    lists.validate()
    lists.add(0, [3], 1.0, 0.0)
    with pytest.raises(ModelError, match="from neuron 3 to neuron 0 is given more than once"):
        lists.validate()


def test_lists_are_filled_by_patterns(network, pre, post):
    def filled(fill):
        lists = ann.LILConnectivity(network.dt)
        fill(lists)
        return lists

    half = filled(lambda lists: lists.all_to_all(pre, post, 1.0, 0.5, False))
    assert (half.size, half.nb_synapses, half.uniform_delay) == (3, 12, 1)
    assert filled(lambda lists: lists.all_to_all(pre, pre, 1.0, 0.5, False)).pre_rank[1] == [0, 2, 3]
    assert filled(lambda lists: lists.one_to_one(pre[1:4], post, 1.0, 0.5)).pre_rank == [[1], [2], [3]]
    rngs = np.random.default_rng(1), np.random.default_rng(1)
    first, second = (
        filled(lambda lists, rng=rng: lists.fixed_probability(pre, post, rng, 0.5, ann.Uniform(0.0, 1.0), 0.5, True))
        for rng in rngs
    )
    assert (first.pre_rank, first.w) == (second.pre_rank, second.w)
    assert filled(lambda lists: lists.fixed_number_pre(pre, post, rngs[0], 2, 1.0, 0.5, True)).nb_synapses == 6
    assert filled(lambda lists: lists.fixed_number_post(pre, post, rngs[0], 2, 1.0, 0.5, True)).nb_synapses == 8
    weights = network.connect(pre, post, "exc").gaussian(1.0, 0.3).w
    assert filled(lambda lists: lists.gaussian(pre, post, 1.0, 0.3, 0.0, 0.01, True)).w == weights
    weights = network.connect(pre, post, "exc").dog(1.0, 0.3, 0.5, 0.6).w
    assert filled(lambda lists: lists.dog(pre, post, 1.0, 0.3, 0.5, 0.6, 0.0, 0.01, True)).w == weights


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (lambda lists: lists.add(0, [1, 1], [1.0, 2.0], 0.0), "from neuron 1 to neuron 0 is given more than once"),
        (lambda lists: lists.add(7, [1], 1.0, 0.0), "post-synaptic side has no neuron of rank 7"),
        (lambda lists: lists.add(0, [9], 1.0, 0.0), "pre-synaptic side has no neuron of rank 9"),
        (lambda lists: lists.add(0, [1, 2], [1.0, 2.0, 3.0], 0.0), "2 pre-synaptic neurons, and 3 weights"),
        (lambda lists: lists.add(0, [1], 1.0, -1.0), "delays must not be negative"),
    ],
)
def test_wrong_lists_are_refused(network, pre, post, fill, message):
    def pattern(pre, post, dt):
        lists = ann.LILConnectivity(dt)
        fill(lists)
        return lists

    with pytest.raises(ModelError, match=message):
        network.connect(pre, post, "exc").connect_with_func(pattern)


def test_a_function_must_return_lists(network, pre, post):
    with pytest.raises(ModelError, match="must return a LILConnectivity"):
        network.connect(pre, post, "exc").from_function(lambda pre, post, dt: None)


def test_all_connectors_have_their_older_names(network, pre, post):
    names = (
        *("all_to_all", "one_to_one", "fixed_probability", "fixed_number_pre", "fixed_number_post", "gaussian", "dog"),
        *("from_matrix", "from_sparse", "from_matrix_market", "from_file"),
    )
    assert all(getattr(ann.Projection, f"connect_{name}") is getattr(ann.Projection, name) for name in names)
    assert ann.Projection.connect_with_func is ann.Projection.from_function
    assert network.connect(pre, post, "exc").connect_all_to_all(1.0, storage_format="csr").size == 3


@pytest.mark.parametrize(
    ("connect", "message"),
    [
        (lambda p: p.all_to_all(1.0, storage_format="cst"), "there is no storage_format 'cst'"),
        (lambda p: p.all_to_all(1.0, storage_order="rows"), "there is no storage_order 'rows'"),
        (lambda p: p.all_to_all("1"), "takes a number, an array or a distribution"),
        (lambda p: p.all_to_all(None), "takes a number, an array or a distribution"),
        (lambda p: p.all_to_all([1.0, 2.0]), r"a number or a distribution here; from_matrix\(\)"),
        (lambda p: p.gaussian(1.0, 0.0), "sigma must be greater than zero"),
        (lambda p: p.dog(1.0, 0.1, 1.0, -0.1), "sigma must be greater than zero"),
        (lambda p: p.all_to_all(1.0, delays=-1.0), "delays must not be negative"),
        (lambda p: p.fixed_probability(1.5, 1.0), "between 0 and 1"),
        (lambda p: p.all_to_all(1.0).all_to_all(1.0), "has been connected already"),
        (lambda p: p.all_to_all(np.inf), "must be finite"),
    ],
)
def test_wrong_arguments_of_connectors_are_refused(network, pre, post, connect, message):
    with pytest.raises(ModelError, match=message):
        connect(network.connect(pre, post, "exc"))


def test_the_seed_of_the_network_decides_on_random_connections():
    found = []
    for _ in range(2):
        network = ann.Network(seed=5)
        population = network.create(30, RATE)
        projection = network.connect(population, population, "exc")
        projection.fixed_probability(0.3, weights=ann.Normal(0.0, 1.0), delays=ann.DiscreteUniform(1, 9))
        found.append((projection.pre_ranks, projection.w, projection.delay))

    assert found[0] == found[1]


# what is connected


def test_targets_that_the_neurons_do_not_use_are_refused(network, pre, post):
    with pytest.raises(ModelError, match="no target 'ext'; did you mean 'exc'"):
        network.connect(pre, post, "ext")
    assert network.get_projections() == []


def test_sides_must_be_populations_of_one_network(network, pre):
    other = ann.Network(dt=0.5).create(3, RATE)
    with pytest.raises(ModelError, match="different"):
        network.connect(pre, other, "exc")
    with pytest.raises(ModelError, match="a population or a view"):
        network.connect(pre, 7, "exc")


def test_a_projection_without_synapses_says_so(network, pre, post):
    projection = network.connect(pre, post, "exc")
    for ask in (lambda: projection.size, lambda: projection.w, network.compile):
        with pytest.raises(ModelError, match="projection 'proj0' has no synapses yet: connect it first"):
            ask()


@pytest.mark.parametrize("size", ["none", "some"])
def test_what_is_transmitted(network, pre, post, size):
    pre.B = [1.0, 2.0, 3.0, 4.0]
    projection = network.connect(pre, post, "exc")
    projection.fixed_probability(0.0 if size == "none" else 0.5, weights=ann.Uniform(0.0, 1.0))
    network.simulate(3.0)

    np.testing.assert_allclose(post.r, projection.connectivity_matrix() @ pre.r, rtol=1e-14)


def test_one_neuron_is_a_side(network, pre, post):
    projection = network.connect(pre.neuron(2), post.neuron(1), "exc").all_to_all(1.0)

    assert (projection.post_ranks, projection.pre_ranks) == ([1], [[2]])


def test_one_weight_drives_several_targets(network, target):
    network.config(target=target)
    source = network.create(2, ann.Neuron(equations="dx/dt = 1", spike="x > 0.7", reset="x = 0.0"))
    neuron = ann.Neuron(equations="dg_ampa/dt = 0\ndg_nmda/dt = 0\nu = 2*g_ampa + g_nmda", spike="u > 1000")
    population = network.create(2, neuron)
    synapse = ann.Synapse(pre_spike="g_target += w\nw = clip(w + 0.1*Uniform(1.0, 2.0), 0.0, 10.0)")
    projection = network.connect(source, population, ["ampa", "nmda"], synapse).all_to_all(0.5)
    network.simulate(5.0)
    projection[0].w = 2.0
    network.simulate(5.0)

    assert projection.target == projection.targets == ["ampa", "nmda"]
    assert population.targets == ["ampa", "nmda"]
    assert population.g_ampa[0] > 10.0
    np.testing.assert_array_equal(population.g_ampa, population.g_nmda)
    twin = network.copy().get_projection(projection.name)
    assert (twin.targets, twin.w) == (projection.targets, projection.w)
    with pytest.raises(ModelError, match="no target 'gaba'"):
        network.connect(source, population, ["ampa", "gaba"])


# values


def test_one_constant_weight_is_shown_as_a_number(network, pre, post, ready):
    projection = network.connect(pre, post, "exc").all_to_all(0.5)
    forced = network.connect(pre, post, "exc").all_to_all(0.5, force_multiple_weights=True)
    learning = network.connect(pre, post, "exc", LEARNING).all_to_all(0.5)
    ready()

    assert projection.w == projection.get("w") == projection[0].w == projection[0][1].w == 0.5
    assert forced.w == learning.w == [[0.5] * 4] * 3
    projection.w = 0.25
    assert projection.w == 0.25
    projection.w = [[1.0] * 4, 2.0, 3.0]
    assert projection.w == [[1.0] * 4, [2.0] * 4, [3.0] * 4]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2.0, [[2.0, 2.0], [2.0]]),
        ([[1.0, 2.0], [3.0]], [[1.0, 2.0], [3.0]]),
        ([1.0, 2.0], [[1.0, 1.0], [2.0]]),
        ([[1.0, 2.0], 3.0], [[1.0, 2.0], [3.0]]),
        (np.arange(12.0).reshape(3, 4), [[0.0, 2.0], [9.0]]),
    ],
    ids=["number", "lists", "list", "mixed", "matrix"],
)
def test_weights_are_set_by_numbers_lists_and_matrices(network, pre, post, ready, value, expected):
    projection = network.connect(pre, post, "exc")
    projection.from_matrix([[5.0, None, 6.0, None], [None] * 4, [None, 7.0, None, None]])
    ready()
    projection.w = value

    assert projection.w == expected


def test_values_by_locality(network, pre, post, ready):
    projection = network.connect(pre, post, "exc", LEARNING)
    projection.from_matrix([[5.0, None, 6.0, None], [None] * 4, [None, 7.0, None, None]])
    projection.set({"tau": [[1.0, 2.0], [3.0]], "eta": 0.2})
    ready()

    assert projection.parameters == ["eta", "tau", "k"]
    assert projection.variables == ["w", "x"]
    assert (projection.eta, projection.k) == (0.2, 3.0)
    assert projection.tau == [[1.0, 2.0], [3.0]]
    assert projection.x == [[1.5, 1.5], [1.5]]
    projection.tau, projection.x = 6.0, ann.Uniform(0.0, 1.0)
    assert projection.tau == [[6.0, 6.0], [6.0]]
    assert len(set(np.concatenate(projection.x))) == 3


def test_values_that_the_synapses_of_a_neuron_share(network, pre, post, ready):
    projection = network.connect(pre, post, "exc", POSTSYNAPTIC)
    projection.from_matrix([[5.0, None, 6.0, None], [None] * 4, [None, 7.0, None, None]])
    projection.theta = [4.0, 5.0]
    ready()

    assert projection.theta == [4.0, 5.0]
    assert projection.dendrite(2).theta == 5.0
    projection.dendrite(0).theta = 7.0
    assert projection.theta == [7.0, 5.0]
    projection.theta = 6.0
    assert projection.theta == [6.0, 6.0]
    with pytest.raises(ModelError, match=r"has the shape \(2,\)"):
        projection.theta = [1.0, 2.0, 3.0]
    with pytest.raises(ModelError, match="one value for a whole dendrite"):
        projection[0][0].theta = 1.0


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("w", [1.0], "an entry for each of 3 dendrites, and has 1"),
        ("w", [[1.0, 2.0]] * 3, "the dendrite of neuron 0 has 4 synapses"),
        ("eta", [1.0, 2.0, 3.0], "is one value for all"),
        ("w", np.nan, "must be finite"),
    ],
)
def test_values_that_do_not_fit_are_refused(network, pre, post, ready, name, value, message):
    projection = network.connect(pre, post, "exc", LEARNING).all_to_all(1.0)
    ready()

    with pytest.raises(ModelError, match=message):
        setattr(projection, name, value)


def test_unknown_names_are_refused(network, pre, post, ready):
    projection = network.connect(pre, post, "exc", LEARNING).all_to_all(1.0)
    ready()

    with pytest.raises(AttributeError, match="no parameter or variable 'tua'; did you mean 'tau'"):
        projection.tua = 1.0
    for part in (projection, projection[0], projection[0][1]):
        with pytest.raises(AttributeError, match="no parameter or variable 'z'"):
            part.z  # noqa: B018
        with pytest.raises(AttributeError, match="no parameter or variable 'z'"):
            part.z = 1.0


def test_dendrites_and_synapses(network, pre, post, ready):
    projection = network.connect(pre, post, "exc", LEARNING)
    projection.from_matrix([[5.0, None, 6.0, None], [None] * 4, [None, 7.0, None, None]], delays=1.0)
    ready()

    dendrite = projection.dendrite(0)
    assert (dendrite.size, len(dendrite), dendrite.pre_ranks, dendrite.post_rank) == (2, 2, [0, 2], 0)
    assert [each.post_rank for each in projection] == [each.post_rank for each in projection.dendrites] == [0, 2]
    np.testing.assert_array_equal(dendrite.w, [5.0, 6.0])
    assert dendrite.eta == 0.1 and dendrite.delay == 1.0
    np.testing.assert_array_equal(dendrite.receptive_field(fill=-1.0), [5.0, -1.0, 6.0, -1.0])
    dendrite.w = [8.0, 9.0]
    dendrite.set({"tau": 3.0})
    projection.synapse(1, 2).w = 1.0
    assert projection.w == [[8.0, 9.0], [1.0]]
    assert projection.tau == [[3.0, 3.0], [10.0]]
    assert dendrite[2].w == dendrite.synapse(2).w == projection[0][2].w == 9.0
    assert [each.rank for each in dendrite] == [0, 2]
    assert projection[0][2].delay == 1.0


def test_what_dendrites_do_not_have_is_refused(network, pre, post):
    projection = network.connect(pre, post, "exc", LEARNING).from_matrix([[1.0, None, 1.0, None]] * 3)

    with pytest.raises(ModelError, match="the neuron of rank 3 has no synapses"):
        projection.dendrite(3)
    with pytest.raises(ModelError, match="has no synapse from the neuron of rank 1"):
        projection.synapse(1, 0)
    with pytest.raises(ModelError, match="one value for the whole projection"):
        projection[0].eta = 1.0


def test_dendrites_by_coordinates(network, pre):
    grid = network.create((2, 2), RATE)
    projection = network.connect(grid, grid, "exc").all_to_all(weights=1.0)

    assert projection[1, 0].post_rank == projection.dendrite((1, 0)).post_rank == 2
    assert projection[1, 0][0, 1].rank == 1


def test_receptive_fields_lie_as_the_neurons_do(network):
    pre, post = network.create((2, 3), RATE), network.create((2, 2), RATE)
    weights = np.arange(24.0).reshape(4, 6)
    projection = network.connect(pre, post, "exc").from_matrix(weights)
    fields = weights.reshape(4, 2, 3)

    expected = np.block([[fields[0], fields[1]], [fields[2], fields[3]]])
    np.testing.assert_array_equal(projection.receptive_fields(), expected)
    np.testing.assert_array_equal(projection.receptive_fields(in_post_geometry=False), expected)
    flat = network.connect(pre, network.create(3, RATE), "exc").from_matrix(weights[:3])
    assert flat.receptive_fields().shape == (2, 9)
    assert flat.receptive_fields(in_post_geometry=False).shape == (4, 6)


# delays


def test_delays_are_whole_steps_and_at_least_one(network, pre, post, ready):
    none = network.connect(pre, post, "exc").all_to_all(1.0)
    uniform = network.connect(pre, post, "exc").all_to_all(1.0, delays=2.2)
    random = network.connect(pre, post, "exc").all_to_all(1.0, delays=ann.Uniform(1.0, 9.0))
    ready()

    assert (none.delay, uniform.delay) == (0.5, 2.0)
    delays = np.array(random.delay)
    assert delays.shape == (3, 4) and delays.min() >= 1.0 and delays.max() <= 9.0
    np.testing.assert_array_equal(delays / 0.5, np.rint(delays / 0.5))


def test_delays_can_be_set(network, pre, post, ready):
    projection = network.connect(pre, post, "exc").all_to_all(1.0)
    ready()
    projection.delay = [[1.0, 1.5, 2.0, 2.5]] * 3
    assert projection.delay == [[1.0, 1.5, 2.0, 2.5]] * 3
    np.testing.assert_array_equal(projection[1].delay, [1.0, 1.5, 2.0, 2.5])
    projection.set({"delay": 3.0})
    assert projection.delay == projection.get("delay") == 3.0
    with pytest.raises(ModelError, match="must not be negative"):
        projection.delay = -1.0


@pytest.mark.parametrize("dt", [1.0, 0.5])
def test_rates_arrive_after_their_delay(dt):
    network = ann.Network(dt=dt)
    source = network.create(1, ann.Neuron(equations="r = t"))
    population = network.create(1, ann.Neuron(equations="r = sum(exc)"))
    network.connect(source, population, "exc").all_to_all(1.0, delays=3.0)
    network.simulate(10.0)

    assert population.r[0] == 10.0 - dt - 3.0


# learning


def test_synapses_learn_and_can_be_stopped(network, pre, post):
    pre.B = 1.0
    projection = network.connect(pre, post, "exc", LEARNING).all_to_all(0.0)
    network.simulate(5.0)
    learned = np.array(projection.w)
    projection.disable_learning()
    assert not projection.update
    network.simulate(5.0)
    np.testing.assert_array_equal(projection.w, learned)
    projection.enable_learning()
    network.simulate(5.0)

    np.testing.assert_allclose(learned, 0.5, rtol=1e-12)
    np.testing.assert_allclose(projection.w, 1.0, rtol=1e-12)


@pytest.mark.parametrize("target", ["cpp", "reference"])
@pytest.mark.parametrize("varied", [False, True])
def test_weights_of_rates_can_be_held_while_all_else_goes_on(target, varied):
    net = ann.Network(dt=1.0)
    net.config(target=target)
    cells = net.create(3, ann.Neuron(equations="r = t + 1"))
    synapse = ann.Synapse(
        parameters="eta = 0.5",
        equations="""
            trace = trace + pre.r
            dw/dt = eta*post.r : min=0.0, max=1000.0
        """,
    )
    projection = net.connect(cells, net.create(2, ann.Neuron(equations="r = 2 + 0*sum(exc)")), "exc", synapse)
    projection.all_to_all(1.0)
    if varied:
        projection.eta = [[0.5, 0.5, 0.25], [0.5, 0.5, 0.25]]
    net.simulate(4.0)
    before = projection.w
    assert before[0][0] == 5.0

    projection.plasticity = False
    net.simulate(4.0)
    assert not projection.plasticity and projection.update
    assert projection.w == before
    assert projection.trace[0][0] == sum(range(1, 9))
    projection.plasticity = True
    net.simulate(4.0)
    assert projection.w[0][0] == 9.0
    assert projection.w[1][2] == (5.0 if varied else 9.0)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (dict(period=5.0), [10, 15, 20]),
        (dict(period=5.0, offset=0.0), [7, 12, 17]),
        (dict(period=5.0, offset=4.0), [11, 16, 21]),
    ],
)
def test_periods_of_learning_begin_at_their_multiples_or_so_long_after_now(arguments, expected):
    network = ann.Network(dt=1.0)
    cells = network.create(1, ann.Neuron(equations="r = t"))
    counting = ann.Synapse(equations="last = t; w += 1")
    projection = network.connect(cells, network.create(1, ann.Neuron(equations="r = sum(exc)")), "exc", counting)
    projection.all_to_all(0.0)
    network.simulate(7.0)
    projection.enable_learning(**arguments)
    found = []
    for _ in range(15):
        network.step()
        found.append(projection.last[0][0])

    assert [time for time in dict.fromkeys(found) if time > 6.0] == expected


def test_variables_that_the_synapses_of_a_neuron_share(network, pre, post):
    synapse = ann.Synapse(
        parameters="tau = 2.0 : postsynaptic",
        equations=["y = tau*post.r + y : postsynaptic, init = 1.0", "total = total + 1.0 : projection"],
    )
    pre.B = 1.0
    projection = network.connect(pre, post, "exc", synapse)
    projection.from_matrix([[0.5, None, 0.5, None], [None] * 4, [None, 2.0, None, None]])
    projection.tau = [1.0, 3.0]
    assert projection.y == [1.0, 1.0]
    network.simulate(1.0)

    # the first step finds no rates: they arrive one step later
    assert projection.y == [2.0, 7.0]
    assert projection.total == 2.0
    projection[2].y = 5.0
    projection.total = 0.5
    assert projection.y == [2.0, 5.0] and projection.total == 0.5
    projection.reset()
    assert projection.y == [1.0, 1.0] and projection.total == 0.0


def test_transmission_switched_off_is_silence(network, pre, post):
    pre.B = 1.0
    projection = network.connect(pre, post, "exc").all_to_all(0.5)
    projection.transmission = False
    network.simulate(2.0)
    silent = post.r
    projection.transmission = True
    network.simulate(2.0)

    np.testing.assert_array_equal(silent, 0.0)
    np.testing.assert_array_equal(post.r, 2.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(offset=1.0), "an offset needs a period"),
        (dict(period=2.0, offset=2.0), "must be smaller than the period"),
        (dict(period=0.7), "multiple of the time step"),
        (dict(period=0.0), "at least one time step"),
    ],
)
def test_wrong_periods_of_learning_are_refused(network, pre, post, arguments, message):
    projection = network.connect(pre, post, "exc", LEARNING).all_to_all(1.0)

    with pytest.raises(ModelError, match=message):
        projection.enable_learning(**arguments)


# going back, files


def test_reset_goes_back_but_for_the_weights(network, pre, post):
    pre.B = 1.0
    projection = network.connect(pre, post, "exc", LEARNING).all_to_all(0.0)
    projection.tau = 4.0
    network.simulate(5.0)
    projection.tau, projection.eta = 6.0, 0.7
    learned = projection.w
    projection.reset()

    assert projection.tau == [[4.0] * 4] * 3 and projection.eta == 0.1
    assert projection.x == [[1.5] * 4] * 3
    assert projection.w == learned


def test_reset_of_synapses_connects_anew(network, target):
    network.config(target=target)
    population = network.create(40, ann.Neuron(parameters="B = 1.0", equations="r = B + 0.0*sum(exc)"))
    projection = network.connect(population, population, "exc", LEARNING)
    projection.fixed_probability(0.3, weights=0.0, delays=ann.DiscreteUniform(1, 3))
    network.simulate(3.0)
    before = projection.pre_ranks
    network.reset(synapses=True, reseed_rng=False)

    assert projection.pre_ranks != before
    assert np.concatenate(projection.w).max() == 0.0
    network.simulate(3.0)
    # synapses see the rates of 1 after their delays: those of 1 ms in five of six steps
    delays = np.concatenate(projection.delay)
    np.testing.assert_allclose(np.concatenate(projection.w), 0.05 * (7 - 2 * delays), rtol=1e-12)
    assert projection.connectivity_matrix(-1.0).shape == (40, 40)


@pytest.mark.parametrize("ending", ["npz", "gz", "data"])
def test_connectivity_goes_to_files_and_comes_back(network, pre, post, tmp_path, ending, ready):
    file = str(tmp_path / f"connections.{ending}")
    projection = network.connect(pre, post, "exc")
    projection.fixed_probability(0.6, weights=ann.Uniform(0.0, 1.0), delays=ann.DiscreteUniform(1, 4))
    ready()
    projection.save_connectivity(file)
    other = ann.Network(dt=0.5)
    again = other.connect(other.create(4, RATE), other.create(3, RATE), "exc").from_file(file)
    other.compile()

    assert again.pre_ranks == projection.pre_ranks and again.post_ranks == projection.post_ranks
    assert (again.w, again.delay) == (projection.w, projection.delay)


@pytest.mark.parametrize("ending", ["npz", "data"])
def test_values_go_to_files_and_come_back_with_their_connections(tmp_path, ending):
    file = str(tmp_path / f"values.{ending}")
    values = []
    for seed in (1, 2):
        network = ann.Network(dt=0.5, seed=seed)
        population = network.create(20, ann.Neuron(parameters="B = 1.0", equations="r = B + 0.0*sum(exc)"))
        projection = network.connect(population, population, "exc", LEARNING)
        projection.fixed_probability(0.3, weights=ann.Uniform(0.0, 1.0))
        projection.tau = ann.Uniform(5.0, 6.0)
        network.simulate(2.0)
        if seed == 1:
            projection.save(file)
        else:
            projection.load(file)
        values.append([projection.get(name) for name in ("w", "tau", "x", "delay", "eta")])
        network.simulate(1.0)

    assert values[0] == values[1]


def test_files_of_something_else_are_refused(network, pre, post, tmp_path):
    file = str(tmp_path / "population.npz")
    pre.save(file)

    with pytest.raises(ModelError, match=r"was not written by save_connectivity\(\)"):
        network.connect(pre, post, "exc").from_file(file)


# speed


def test_large_matrices_are_connected_and_read_in_a_moment():
    network = ann.Network(dt=1.0)
    pre, post = network.create(4000, RATE), network.create(1000, RATE)
    weights = np.random.default_rng(0).random((1000, 4000))
    started = time.process_time()
    projection = network.connect(pre, post, "exc").from_matrix(weights)
    network.compile()
    read = projection.connectivity_matrix()
    total = sum(dendrite.w.sum() for dendrite in projection.dendrites)

    # well under a second on an idle machine; the bound is for crowded ones
    assert time.process_time() - started < 5.0
    np.testing.assert_array_equal(read, weights)
    assert total == pytest.approx(weights.sum(), rel=1e-12)


def test_names_that_all_projections_have_are_refused_for_parameters(network, pre, post):
    with pytest.raises(ModelError, match="synapse type 'Synapse': all projections have an attribute 'delay'"):
        network.connect(pre, post, "exc", ann.Synapse(parameters={"delay": 1.0}))


def test_the_sides_of_a_projection_are_fixed(network, pre, post):
    projection = network.connect(pre, post, "exc")
    with pytest.raises(AttributeError, match="'target' of projection 'proj0' is fixed"):
        projection.target = "inh"
