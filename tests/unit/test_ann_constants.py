"""Constants and functions that models share, in networks that are there; what they refuse: test_errors_in_scripts."""

from __future__ import annotations

import numpy as np
import pytest

from pynn_annarchy import ann
from pynn_annarchy.exceptions import EquationError, ModelError


@pytest.fixture(autouse=True)
def nothing_known():
    yield
    ann.clear()


@pytest.fixture
def net():
    return ann.Network(dt=1.0, seed=3)


# constants


def test_a_new_value_reaches_populations_and_projections_that_are_there(net):
    gain = ann.Constant("gain", 2.0)
    cells = net.create(2, ann.Neuron(equations="r = gain + sum(exc)"))
    held = net.connect(cells, cells, "exc", ann.Synapse(psp="gain*w*pre.r")).one_to_one(weights=0.0)
    late = ann.Synapse(parameters="a = gain/2", equations="x = gain*a")
    net.simulate(1.0)
    np.testing.assert_array_equal(cells.r, [2.0, 2.0])

    gain.set(3.0)
    held.w = 1.0
    traced = net.connect(cells, cells, "exc", late).one_to_one(weights=0.0)
    net.simulate(1.0)

    np.testing.assert_array_equal(cells.r, [3.0 + 3.0 * 2.0] * 2)
    assert (traced.a, traced.x) == ([[1.5]] * 2, [[4.5]] * 2)


def test_a_value_set_between_creation_and_compilation_counts(net):
    gain = ann.Constant("gain", 2.0)
    cells = net.create(1, ann.Neuron(equations="dr/dt = 0 : init=gain, max=gain"))
    gain.set(5.0)
    net.compile()
    assert cells.r[0] == 5.0


def test_a_constant_is_told_apart_from_parameters_and_set_by_itself_alone(net):
    ann.Constant("gain", 2.0)
    cells = net.create(2, ann.Neuron(parameters="b = 1.0", equations="r = gain*b"))
    assert cells.parameters == ["b"] and cells.gain == 2.0
    with pytest.raises(ModelError, match="'gain' of population 'pop0' is a constant that all models share"):
        cells.gain = 3.0
    with pytest.raises(AttributeError, match="no parameter or variable 'gain'"):
        cells[:1].gain = 3.0


def test_a_name_that_the_model_declares_is_its_own(net):
    gain = ann.Constant("gain", 2.0)
    cells = net.create(1, ann.Neuron(parameters="gain = 5.0", equations="r = gain"))
    gain.set(3.0)
    cells.gain = 7.0
    net.simulate(1.0)
    assert cells.r[0] == 7.0


def test_what_is_set_in_one_network_stays_there_and_what_is_set_for_all_comes_everywhere():
    gain = ann.Constant("gain", 2.0)
    model = ann.Neuron(equations="r = gain")
    first, second = ann.Network(), ann.Network()
    one, other = first.create(1, model), second.create(1, model)

    first.get_constant("gain").set(3.0)
    later = first.create(1, model)
    assert [cells.gain for cells in (one, later, other)] == [3.0, 3.0, 2.0]

    gain.set(4.0)
    assert [cells.gain for cells in (one, later, other)] == [4.0, 4.0, 4.0]
    assert [each.name for each in first.get_constants()] == ["gain"]


def test_constants_of_a_network_are_known_to_it_alone(net):
    offset = net.constant("offset", 1.0)
    model = ann.Neuron(equations="r = offset")
    cells = net.create(1, model)
    offset.set(2.5)
    net.simulate(1.0)
    assert cells.r[0] == 2.5
    with pytest.raises(EquationError, match="'offset' is not defined"):
        ann.Network().create(1, model)


def test_a_copy_begins_with_the_present_value_and_goes_its_own_way(net):
    gain, offset = ann.Constant("gain", 2.0), net.constant("offset", 1.0)
    cells = net.create(1, ann.Neuron(equations="r = gain + offset"), name="cells")
    net.simulate(1.0)
    gain.set(3.0)
    offset.set(10.0)

    copy = net.copy()
    copy.get_constant("offset").set(20.0)
    copy.simulate(1.0)
    net.simulate(1.0)

    assert (cells.r[0], copy.get_population("cells").r[0]) == (13.0, 23.0)


def test_a_network_that_has_run_is_copied_with_its_synapses(net):
    cells = net.create(2, ann.Neuron(equations="r = 1 + sum(exc)"), name="cells")
    net.connect(cells, cells, "exc").all_to_all(weights=0.1)
    net.simulate(2.0)
    copy = net.copy()
    copy.simulate(1.0)
    net.simulate(1.0)
    np.testing.assert_array_equal(copy.get_population("cells").r, cells.r)


def test_a_checkpoint_holds_the_values_of_constants(tmp_path):
    def made():
        ann.clear()
        ann.Constant("gain", 2.0)
        network = ann.Network(dt=1.0, seed=3)
        return network, network.create(1, ann.Neuron(equations="r = gain"))

    first, _ = made()
    first.get_constant("gain").set(3.0)
    first.simulate(1.0)
    first.save_checkpoint(str(tmp_path / "state.npz"))
    second, cells = made()
    second.load_checkpoint(str(tmp_path / "state.npz"))
    second.simulate(1.0)
    assert (cells.r[0], second.get_constant("gain").value) == (3.0, 3.0)


def test_a_stop_condition_reads_constants(net):
    threshold = ann.Constant("threshold", 3.0)
    cells = net.create(1, ann.Neuron(equations="r = t"), stop_condition="r >= threshold")
    assert net.simulate_until(100.0, cells) == 4.0
    threshold.set(10.0)
    assert net.simulate_until(100.0, cells) == 7.0


def test_a_constant_is_a_number_for_all_who_take_one(net):
    two = ann.Constant("two", 2.0)
    assert (two * 3, 3 - two, -two, two**2, two / 4, two > 1, f"{two:.1f}") == (6.0, 1.0, -2.0, 4.0, 0.5, True, "2.0")
    np.testing.assert_array_equal(two * np.arange(2), [0.0, 2.0])
    spiking = ann.Neuron(parameters=dict(tau=two), equations="dv/dt = g_exc/tau", spike="v > 1", refractory=two)
    cells = net.create(3, spiking)
    weights = net.connect(cells, cells, "exc").all_to_all(weights=two, delays=two)
    cells.v = two
    assert (cells.tau, cells.v[0], weights.w, weights.delay) == (2.0, 2.0, 2.0, 2.0)
    assert net.create(population=ann.PoissonPopulation(2, rates=two)).rates.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("wrong", ["3", "x", None, [1.0, 2.0], float("nan"), float("inf")])
def test_a_constant_that_is_no_number_changes_nothing(wrong):
    gain = ann.Constant("gain", 2.0)
    with pytest.raises(ModelError, match="constant 'gain' must be a"):
        gain.set(wrong)
    assert gain.value == 2.0


@pytest.mark.parametrize("name", ["t", "dt", "exp", "if", "3x", "two words", "g_target", "Normal"])
def test_a_constant_bears_no_name_that_means_something_else(name):
    with pytest.raises(ModelError, match=r"constant '.*': "):
        ann.Constant(name, 1.0)


# functions


def test_functions_are_called_with_numbers_lists_and_arrays():
    ann.add_function("larger(x, y) = if x > y: x else: y")
    ann.add_function("steps(x) = x/0.1 : int, float")
    ann.add_function("whole(n) = n/2 : float, int")
    larger = ann.functions("larger")
    assert larger(1, 2) == 2.0
    np.testing.assert_array_equal(larger([1.0, 5.0], 2.0), [2.0, 5.0])
    np.testing.assert_array_equal(larger([[1.0], [5.0]], [2.0, 7.0]), [[2.0, 7.0], [5.0, 7.0]])
    assert ann.functions("steps")([0.35])[0] == 3
    assert ann.functions("steps")([0.35]).dtype == np.int64
    assert ann.functions("whole")(3.7) == 1.5


def test_a_function_of_several_lines_is_one():
    ann.add_function(
        """
        piecewise(x, a, b) = if x < a:
                                a
                             else:
                                if x > b:
                                    b
                                else:
                                    x
        """
    )
    assert ann.functions("piecewise")([0.0, 1.5, 3.0], 1, 2).tolist() == [1.0, 1.5, 2.0]


def test_populations_and_views_have_the_functions_of_their_models(net):
    ann.add_function("twice(x) = 2*x")
    cells = net.create(3, ann.Neuron(equations="r = twice(cube(1))", functions="cube(x) = x^3"))
    net.simulate(1.0)
    assert cells.functions == ["twice", "cube"]
    assert cells.cube(2) == 8.0
    assert cells[:1].cube([2, 3]).tolist() == [8.0, 27.0]
    assert cells.twice(cells.r).tolist() == [4.0] * 3


def test_synapses_call_their_functions_and_so_does_python(net):
    cells = net.create(2, ann.Neuron(parameters="b = 2.0", equations="r = b + sum(exc)"))
    square = ann.Synapse(psp="f(w*pre.r)", functions="f(x) = x^2")
    synapses = net.connect(cells, cells, "exc", square).one_to_one(weights=0.5)
    net.simulate(2.0)
    assert cells.r.tolist() == (2.0 + synapses.f([1.0, 1.0])).tolist()


def test_functions_read_constants_and_what_all_share_of_a_model(net):
    gain = ann.Constant("gain", 2.0)
    ann.add_function("amplified(x) = gain*x + t/dt")
    cells = net.create(
        1,
        ann.Neuron(parameters=dict(tau=3.0), equations="r = amplified(1) + slow(1)", functions="slow(x) = tau*x"),
    )
    net.simulate(3.0)
    assert cells.r[0] == 2.0 + 2.0 + 3.0  # t is the time at which the step begins
    gain.set(4.0)
    cells.tau = 5.0
    assert (cells.slow(2), cells.amplified([1.0]).tolist()) == (10.0, [4.0 + 3.0])
    assert ann.functions("amplified", net)(1.0) == 4.0 + 3.0
    with pytest.raises(ModelError, match=r"reads 't' of a network: name it, functions\('amplified', network\)"):
        ann.functions("amplified")(1.0)


def test_a_function_defined_anew_is_the_new_one_for_models_used_from_then_on(net):
    ann.add_function("gain(x) = x")
    model = ann.Neuron(equations="r = gain(3)")
    before = net.create(1, model)
    ann.add_function("gain(x) = 2*x")
    after = net.create(1, model)
    net.simulate(1.0)
    assert (before.r[0], after.r[0], ann.functions("gain")(3.0)) == (3.0, 6.0, 6.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.0,), r"'f\(x, y\)' takes 2 arguments, not 1"),
        (([1.0, 2.0], [1.0, 2.0, 3.0]), r"arguments of the shapes \(2,\), \(3,\) do not fit together"),
        (("a", 1.0), "'x' takes a number, a list or an array of numbers, not 'a'"),
        ((1.0, [[1.0], [1.0, 2.0]]), "'y' takes a number"),
    ],
)
def test_a_function_refuses_what_it_cannot_compute_with(arguments, message):
    ann.add_function("f(x, y) = x + y")
    with pytest.raises(ModelError, match=message):
        ann.functions("f")(*arguments)
