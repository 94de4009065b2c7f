"""Populations of the ANNarchy interface: values in the geometry, parts, resets, standing still, files."""

from __future__ import annotations

import numpy as np
import pytest

import pynn_annarchy.ann as ann
from pynn_annarchy.exceptions import EquationError, ModelError

LEAKY = dict(
    parameters="tau = 10.0; B = 1.0; g = 2.0 : population; n = 3 : int; on = true : bool",
    equations="tau*dv/dt + v = g*B + sum(exc) : init = 0.5\nr = pos(v)",
    functions="double(x) = 2*x",
)
SPIKING = dict(
    parameters="I = 3.0; E = -1.0",
    equations="dv/dt = I : init = E\nw = g_exc",
    spike="v > 5.0",
    reset="v = 0.0",
    refractory=2.0,
)


@pytest.fixture
def network():
    return ann.Network(dt=1.0, seed=1)


@pytest.fixture
def population(network):
    return network.create((3, 4), ann.Neuron(**LEAKY))


@pytest.fixture(params=["declared", "built"])
def either(population, request):
    """A population before and after the network is built."""
    if request.param == "built":
        population.network.compile()
    return population


# values


def test_values_come_in_the_geometry_and_in_their_type(either):
    assert either.tau.shape == (3, 4)
    assert (either.v == 0.5).all()
    assert either.g == 2.0 and isinstance(either.g, float)
    assert either.n.dtype == np.int64
    assert either.on.dtype == np.bool_


@pytest.mark.parametrize(
    "value",
    [np.arange(12.0), np.arange(12.0).reshape(3, 4), list(range(12)), np.arange(12).reshape(3, 4).tolist()],
    ids=["flat", "matrix", "list", "lists"],
)
def test_arrays_and_lists_are_taken_flat_and_in_the_geometry(either, value):
    either.v = value
    either.B = value

    np.testing.assert_array_equal(either.v, np.arange(12.0).reshape(3, 4))
    np.testing.assert_array_equal(either.get("B"), np.arange(12.0).reshape(3, 4))


def test_an_array_that_changes_later_changes_no_values(either):
    values = np.zeros(12)
    either.v = either.B = values
    values[:] = 5.0

    assert (either.v == 0.0).all() and (either.B == 0.0).all()


def test_numbers_and_several_values_at_once(either):
    either.set({"tau": 20.0, "g": 3.0, "v": -1.0})

    assert (either.tau == 20.0).all() and (either.v == -1.0).all() and either.g == 3.0


def test_a_distribution_is_drawn_once_for_each_neuron(either):
    either.B = ann.Uniform(0.0, 1.0)

    assert len(np.unique(either.B)) == 12
    np.testing.assert_array_equal(either.B, either.B)


def test_a_value_may_be_that_of_another_attribute(either):
    either.B = np.arange(12.0)
    either.v = "B"

    np.testing.assert_array_equal(either.v, either.B)


def test_what_is_set_before_building_acts_from_the_start(network):
    population = network.create(2, ann.Neuron(equations="dv/dt = -v/4 : explicit\nr = v"))
    population.v = [4.0, 8.0]
    network.simulate(1.0)

    np.testing.assert_allclose(population.v, [3.0, 6.0], rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("v", [1.0, 2.0], r"'v' of population 'pop0' has the shape \(12,\) or \(3, 4\), and cannot take .* \(2,\)"),
        ("v", np.zeros((4, 3)), r"cannot take an array of shape \(4, 3\)"),
        ("v", [[1.0], [2.0, 3.0]], "takes a number, an array or a distribution"),
        ("v", np.nan, "must be finite"),
        ("g", [1.0] * 12, "is one value for all"),
        ("n", 1.5, "must be a whole number"),
        ("on", 2, "must be True or False"),
        ("v", None, "'v' of population 'pop0'"),
    ],
)
def test_values_that_do_not_fit_are_refused(either, name, value, message):
    before = either.get(name)

    with pytest.raises(ModelError, match=message):
        setattr(either, name, value)
    np.testing.assert_array_equal(either.get(name), before)


def test_unknown_names_are_refused_with_a_suggestion(either):
    with pytest.raises(AttributeError, match="no parameter or variable 'tua'; did you mean 'tau'"):
        either.tua = 1.0
    with pytest.raises(AttributeError, match="it has tau, B, g, n, on, v, r"):
        either.typo  # noqa: B018
    with pytest.raises(ModelError, match="no parameter or variable 'x'"):
        either.get("x")
    with pytest.raises(ModelError, match="no parameter or variable 'x'"):
        either.set({"v": 7.0, "x": 1.0})
    assert (either.v == 0.5).all()


def test_methods_cannot_be_replaced(either):
    with pytest.raises(AttributeError, match="'sum' of population 'pop0' is fixed"):
        either.sum = 3


def test_functions_of_the_type_can_be_called(either):
    np.testing.assert_array_equal(either.double([1.0, 2.0]), [2.0, 4.0])
    assert either.functions == ["double"]


def test_names_of_the_model(either):
    assert either.parameters == ["tau", "B", "g", "n", "on"]
    assert either.variables == ["v", "r"]
    assert either.attributes == [*either.parameters, *either.variables]
    assert either.neuron_type.type == "rate"


# shape and parts


def test_ranks_and_coordinates(population):
    assert (population.size, len(population), population.dimension) == (12, 12, 2)
    assert (population.width, population.height, population.depth) == (3, 4, 1)
    assert population.rank_from_coordinates((1, 2)) == 6
    assert population.coordinates_from_rank(6) == (1, 2)
    assert population.normalized_coordinates_from_rank(11) == (1.0, 1.0)
    assert population.normalized_coordinates_from_rank(6, norm=2.0) == pytest.approx((1.0, 4.0 / 3.0))
    assert population.ranks.tolist() == list(range(12))


@pytest.mark.parametrize(
    ("key", "ranks"),
    [
        (3, [3]),
        (slice(2, 8, 3), [2, 5]),
        (slice(-2, None), [10, 11]),
        ([5, 1], [5, 1]),
        ((slice(None), 3), [3, 7, 11]),
        ((1, slice(0, 2)), [4, 5]),
        ((1, 2), [6]),
        (np.arange(12) > 9, [10, 11]),
        (np.eye(3, 4, dtype=bool), [0, 5, 10]),
    ],
)
def test_brackets_choose_neurons(either, key, ranks):
    either.v = np.arange(12.0)
    view = either[key]

    assert view.ranks.tolist() == ranks
    np.testing.assert_array_equal(view.v, float(ranks[0]) if isinstance(view, ann.IndividualNeuron) else ranks)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (12, "cannot be indexed by 12"),
        ((3, 0), "cannot be indexed"),
        ((0, 0, 0), "has 2 dimensions"),
        ([1, 1], "cannot hold a neuron twice"),
        (slice(5, 5), "chooses no neuron"),
        ([True, False], "truth values of shape"),
        ("v", "addressed by ranks"),
        (1.5, "addressed by ranks"),
    ],
)
def test_brackets_that_choose_nothing_are_refused(population, key, message):
    with pytest.raises(ModelError, match=message):
        population[key]


def test_views_write_to_their_neurons_alone(either):
    either[1, :].v = 7.0
    either[[0, 11]].v = [1.0, 2.0]
    either[3].B = ann.Uniform(5.0, 6.0)

    np.testing.assert_array_equal(either.v[1], 7.0)
    assert either.v[0, 0] == 1.0 and either.v[2, 3] == 2.0 and either.v[0, 1] == 0.5
    assert 5.0 < either.B[0, 3] < 6.0 and (either.B[1:] == 1.0).all()
    with pytest.raises(ModelError, match="one value for the whole population"):
        either[0].g = 3.0
    with pytest.raises(ModelError, match="cannot take an array"):
        either[:3].v = [1.0, 2.0]
    with pytest.raises(AttributeError, match="a view of population 'pop0' has no parameter"):
        either[:3].typo = 1.0


def test_one_neuron_has_numbers(either):
    neuron = either.neuron(1, 2)
    neuron.v = 3.0

    assert neuron.v == 3.0 and neuron.rank == 6 and either[6].v == 3.0
    assert either.neuron(6).v == either.neuron((1, 2)).v == 3.0
    assert [each.rank for each in either] == [each.rank for each in either.neurons] == list(range(12))
    with pytest.raises(ModelError, match="none of rank 12"):
        either.neuron(12)


def test_views_are_joined_in_the_order_of_ranks(population, network):
    joined = population[2, 2] + population[0, :2] + population[2, 2]

    assert joined.ranks.tolist() == [0, 1, 10]
    assert joined.geometry is None
    with pytest.raises(ModelError, match="within one population"):
        _ = joined + network.create(3, ann.Neuron(**LEAKY))[0]


def test_views_know_coordinates_of_both_kinds(population):
    view = population[1:, 2:]

    assert view.geometry == (2, 2)
    assert view.coordinates_from_rank(6) == (1, 2)
    assert view.coordinates_from_rank(6, local=True) == (0, 0)
    assert view.rank_from_coordinates((1, 1), local=True) == 11
    assert view.rank_from_coordinates((2, 3)) == 11
    with pytest.raises(ModelError, match="does not hold"):
        view.rank_from_coordinates((0, 0))
    with pytest.raises(ModelError, match="has no geometry"):
        (view + view).coordinates_from_rank(6, local=True)


@pytest.mark.parametrize(
    ("key", "geometry"),
    [
        ((1, slice(None)), (1, 4)),
        ((slice(None), 3), (3, 1)),
        ((slice(0, 2), slice(1, 3)), (2, 2)),
        ((slice(1, 3),), (2, 4)),
        ([3, 5], (2,)),
    ],
)
def test_coordinates_keep_the_dimensions(population, key, geometry):
    view = population[key]

    assert view.geometry == geometry
    last = tuple(n - 1 for n in geometry)
    assert view.rank_from_coordinates(last, local=True) == view.ranks[-1]


def test_names_count_all_populations(network):
    network.create(1, ann.LeakyIntegrator, name="first")

    assert network.create(1, ann.LeakyIntegrator).name == "pop1"


def test_views_of_views(population):
    assert population[1:3, :][0, 1:].ranks.tolist() == [5, 6, 7]
    assert population[4:][2].ranks.tolist() == [6]


@pytest.mark.parametrize("geometry", [0, -1, (3, 0), 2.5, (2, "a"), ()])
def test_wrong_geometries_are_refused(network, geometry):
    with pytest.raises(ModelError, match="the geometry must be"):
        network.create(geometry, ann.Neuron(**LEAKY))


def test_a_population_needs_a_type_of_neurons(network):
    with pytest.raises(ModelError, match="needs a type of neurons"):
        network.create(10, "Izhikevich")


def test_a_class_of_types_is_enough(network):
    assert network.create(2, ann.LeakyIntegrator).neuron_type.type == "rate"


# input


def test_sum_is_what_arrived_and_zero_without_projections(network):
    neuron = ann.Neuron(equations="r = sum(exc)")
    source, population = network.create(2, ann.Neuron(equations="r = 3.0")), network.create((1, 2), neuron)
    lonely = network.create(2, neuron)
    network.connect(source, population, "exc").all_to_all(weights=0.5)
    network.simulate(3.0)

    np.testing.assert_array_equal(population.sum("exc"), [[3.0, 3.0]])
    np.testing.assert_array_equal(population[0, 1:].sum("exc"), [3.0])
    np.testing.assert_array_equal(lonely.sum("exc"), [0.0, 0.0])
    assert population.targets == ["exc"] and lonely.targets == []
    with pytest.raises(ModelError, match="do not use the target 'ext'; did you mean 'exc'"):
        population.sum("ext")


# going back


def test_reset_goes_back_to_what_was_given(network):
    population = network.create(3, ann.Neuron(**LEAKY))
    population.v, population.tau = [1.0, 2.0, 3.0], 5.0
    network.simulate(4.0)
    population.tau, population.B = 7.0, -1.0
    population.reset(["v"])

    np.testing.assert_array_equal(population.v, [1.0, 2.0, 3.0])
    assert (population.tau == 7.0).all()
    population.reset()
    assert (population.tau == 5.0).all() and (population.B == 1.0).all()
    with pytest.raises(ModelError, match="no parameter or variable 'x'"):
        population.reset(["x"])


def test_a_population_that_stands_still_neither_changes_nor_spikes_nor_keeps_what_arrives(target):
    network = ann.Network(dt=1.0, seed=1)
    network.config(target=target, num_threads=2)
    source = network.create(1, ann.Neuron(equations="dx/dt = 1", spike="x > 0.5", reset="x = 0.0"))
    neuron = ann.Neuron(equations="dv/dt = 1\ndg_exc/dt = 0", spike="v > 3.5", reset="v = 0.0")
    population = network.create(1, neuron)
    network.connect(source, population, "exc").all_to_all(weights=1.0)
    network.simulate(2.0)
    population.disable()
    network.simulate(5.0)
    held = population.v[0], population.g_exc[0]
    population.enable()
    network.simulate(1.0)

    assert held == (2.0, 1.0)
    assert population.enabled
    assert (population.v[0], population.g_exc[0]) == (3.0, 2.0)


def test_clear_forgets_spikes_on_their_way(target):
    network = ann.Network(dt=1.0, seed=1)
    network.config(target=target, num_threads=2)
    source = network.create(1, ann.Neuron(equations="dx/dt = 1", spike="x == 2.0"))
    population = network.create(1, ann.Neuron(equations="dg_exc/dt = 0", spike="g_exc > 10"))
    network.connect(source, population, "exc").all_to_all(weights=1.0, delays=4.0)
    network.simulate(4.0)
    source.clear()
    network.simulate(6.0)

    assert population.g_exc[0] == 0.0


# refractoriness


@pytest.mark.parametrize("target", ["cpp", "reference"])
def test_reset_and_clear_forget_rates_on_their_way(target):
    net = ann.Network(dt=1.0)
    net.config(target=target)
    source = net.create(1, ann.Neuron(equations=ann.Variable("r = r + 1", init=10.0)))
    echo = net.create(1, ann.Neuron(equations="r = sum(exc)"))
    net.connect(source, echo, "exc").one_to_one(1.0, delays=3.0)
    monitor = net.monitor(echo, "r")

    def run():
        net.simulate(6.0)
        return monitor.get("r")[:, 0].tolist()

    fresh = [10.0, 10.0, 10.0, 11.0, 12.0, 13.0]
    assert run() == fresh
    source.reset()
    assert run() == fresh
    source.reset(["r"])
    assert run() == fresh
    source.clear()
    assert run() == [16.0, 16.0, 16.0, 17.0, 18.0, 19.0]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("value", [3.0, [1.0, 4.0], ann.DiscreteUniform(2, 5)], ids=["number", "list", "law"])
def test_the_refractory_period_can_be_read_and_set(network, value, when):
    population = network.create(2, ann.Neuron(**SPIKING))
    assert (population.refractory == 2.0).all()
    if when == "after":
        network.compile()
    population.refractory = value

    if isinstance(value, ann.RandomDistribution):
        assert ((population.refractory >= 2.0) & (population.refractory <= 5.0)).all()
    else:
        np.testing.assert_array_equal(population.refractory, np.broadcast_to(value, 2))


def test_types_without_a_refractory_period_can_be_given_one(network):
    neuron = ann.Neuron(**{**SPIKING, "refractory": None})
    first, second = network.create(1, neuron), network.create(1, neuron)
    first.refractory = 3.0
    network.simulate(6.0)

    assert first.refractory == 3.0 and second.refractory == 0.0
    assert first.v[0] == 0.0 and second.v[0] > 0.0  # both have spiked at 3 ms
    second.refractory = 1.0
    assert (second.refractory == 1.0).all()


def test_a_refractory_period_by_name_is_that_parameter(network):
    neuron = ann.Neuron(parameters="T = 2.0", equations="dv/dt = 1", spike="v > 3", refractory="T")
    population = network.create(2, neuron)
    population.refractory = 4.0

    assert (population.T == 4.0).all()


def test_rate_coded_neurons_have_no_refractory_period(population):
    with pytest.raises(ModelError, match="do not spike"):
        population.refractory  # noqa: B018


# names and conditions


def test_a_wrong_stop_condition_is_refused_where_it_is_given(network):
    with pytest.raises(EquationError, match="'x'"):
        network.create(2, ann.Neuron(**LEAKY), stop_condition="x > 1.0 : any")


@pytest.mark.parametrize("ending", ["npz", "gz", "data"])
def test_values_go_to_files_and_come_back(network, tmp_path, ending):
    population = network.create((2, 3), ann.Neuron(**LEAKY))
    population.tau = np.arange(1.0, 7.0)
    network.simulate(3.0)
    population.save(tmp_path / f"state.{ending}")
    v, tau = population.v, population.tau
    population.set({"tau": 1.0, "g": 0.0, "v": 0.0})
    population.load(tmp_path / f"state.{ending}")

    np.testing.assert_array_equal(population.v, v)
    np.testing.assert_array_equal(population.tau, tau)
    assert population.g == 2.0


def test_firing_rates_are_neither_saved_nor_reset(network, tmp_path):
    population = network.create(2, ann.Neuron(equations="v = v + 1", spike="v > 3", reset="v = 0"))
    population.compute_firing_rate(10.0)
    network.simulate(7.0)
    population.save(str(tmp_path / "values.npz"))
    twin = network.copy().get_population(population.name)
    population.reset(["v", "r"])
    population.load(str(tmp_path / "values.npz"))

    assert (population.v == twin.v).all() and (population.r > 0.0).all()


def test_constants_of_the_network_reach_populations(network):
    shared = network.constant("C", 2.0)
    population = network.create(2, ann.Neuron(equations="r = C"))
    network.simulate(1.0)
    shared.set(5.0)
    network.simulate(1.0)

    np.testing.assert_array_equal(population.r, [5.0, 5.0])
    assert "C" not in population.parameters


@pytest.mark.parametrize("name", ["size", "ranks", "geometry", "reset"])
def test_names_that_all_populations_have_are_refused_for_parameters(network, name):
    with pytest.raises(ModelError, match=f"cell type 'Neuron': all populations have an attribute '{name}'"):
        network.create(2, ann.Neuron(parameters={name: 1.0}, equations="r = 1"))


@pytest.mark.parametrize("name", ["size", "geometry", "neuron_type"])
def test_what_a_population_is_made_of_is_fixed(network, name):
    population = network.create(2, ann.Neuron(equations="r = 1"))
    with pytest.raises(AttributeError, match=f"'{name}' of population 'pop0' is fixed"):
        setattr(population, name, 3)
    assert population.size == 2
