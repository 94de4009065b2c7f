"""The language of cells as the engine runs it: localities, types, random numbers."""

from __future__ import annotations

from math import fsum, sqrt

import numpy as np
import pytest
from pytest import approx

from pynn_annarchy.engine.network import Network
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.spec import ModelSpec, ParameterSpec
from pynn_annarchy.targets.compile import Options

SIZE = 70  # some more than two vectors' rests, in up to four parts


def cells_of(target, equations, size=SIZE, threads=1, precision="double", dt=1.0, values=(), **parts):
    """A population of one model; `parameters` is a tuple of ParameterSpec."""
    net = Network(dt=dt, seed=3, threads=threads, options=Options(target=target, precision=precision))
    return net.add_cells(ModelSpec("MyNeuron", equations=equations, **parts), size, dict(values), "ours")


def after(cells, n_steps, *names):
    """Values of variables after some more steps."""
    cells.network.run(n_steps)
    return [cells.state(name) for name in names]


# one value for the population


@pytest.mark.parametrize("threads", [1, 3])
def test_a_population_variable_draws_one_number_for_all_cells(target, threads):
    cells = cells_of(target, "g = Normal(0, 1) : population\nx = Normal(0, 1)\ny = x - g", threads=threads)

    g, x, y = after(cells, 1, "g", "x", "y")

    assert isinstance(g, float)
    assert len(set(cells.sample("g"))) == 1
    assert len(set(x)) == SIZE and g not in x
    assert y == approx(x - g, abs=0)


@pytest.mark.parametrize("method", ["", ", explicit", ", rk4", ", midpoint", ", implicit", ", exponential"])
def test_noise_of_a_population_is_the_same_for_all_cells_whatever_the_method(target, method):
    cells = cells_of(target, f"dg/dt = -g/10 + Normal(0, 1) : population{method}\ndx/dt = g - x : local{method}")

    after(cells, 5, "g")

    assert len(set(cells.sample("g"))) == 1
    assert cells.state("g") != 0


def test_no_bit_of_a_population_variable_depends_on_the_cells_beside_it(target):
    parameters = (ParameterSpec("tau", 1.0), ParameterSpec("tau_g", 7.0, locality="global"))
    equations = "dg/dt = (1 - g)/tau_g : population\ndv/dt = (g - v)/tau"

    def run(tau):
        cells = cells_of(target, equations, parameters=parameters, values={"tau": tau})
        return after(cells, 50, "g")[0], cells

    alone, _ = run(1.0)
    together, cells = run(np.geomspace(1e-3, 1e4, SIZE))

    assert "exact" in cells.report()
    assert len(set(cells.sample("g"))) == 1
    assert together == alone == approx(1 - np.exp(-50 / 7), rel=1e-12)
    v = 1 - (np.exp(-50 / 7) - np.exp(-50 / cells.get("tau")) * cells.get("tau") / 7) / (1 - cells.get("tau") / 7)
    assert cells.state("v") == approx(v, rel=1e-10)


def test_a_population_variable_is_set_by_one_number(target):
    cells = cells_of(target, "g = g + 1 : population, init=2")
    assert cells.state("g") == 2.0

    cells.set_initial("g", 5)
    cells.set_state("g", np.full(SIZE, 7.0))

    assert after(cells, 1, "g") == [8.0]
    for change in (
        lambda: cells.set_state("g", np.arange(SIZE)),
        lambda: cells.set_state("g", 1.0, np.array([3])),
        lambda: cells.set_initial("g", np.arange(SIZE)),
    ):
        with pytest.raises(ModelError, match="'g' of 'ours' is one value for the whole population"):
            change()
    cells.network.reset()
    assert cells.state("g") == 5.0


def test_a_population_parameter_is_one_number(target):
    parameters = (ParameterSpec("tau", 1.0, locality="global"), ParameterSpec("a", 0.0))
    cells = cells_of(target, "x = a/tau", parameters=parameters, values={"a": np.arange(SIZE)})

    cells.set("tau", 4.0)

    assert cells.get("tau") == 4.0
    assert after(cells, 1, "x")[0] == approx(np.arange(SIZE) / 4, abs=0)
    with pytest.raises(ModelError, match="parameter 'tau' of 'ours' is one value for the whole population"):
        cells.set("tau", np.arange(1.0, SIZE + 1))
    with pytest.raises(ModelError, match="is one value for the whole population"):
        cells.set("tau", 5.0, np.array([1, 2]))


# types


@pytest.mark.parametrize("precision", ["double", "single"])
def test_an_int_variable_loses_fractions_towards_zero(target, precision):
    cells = cells_of(target, "n = 2.7*sign(x) : int\nx = -x : init=1", precision=precision, size=1)

    assert after(cells, 1, "n")[0].tolist() == [2]  # x is 1 still
    assert after(cells, 1, "n")[0].tolist() == [-2]
    assert cells.state("n").dtype == np.int64


def test_an_int_variable_counts_on_in_single_precision(target):
    cells = cells_of(target, "n = n + 1 : int, init=16777216", precision="single")  # 2^24: the next one is no float

    assert set(after(cells, 3, "n")[0]) == {16777219}


def test_bounds_of_an_int_variable_leave_it_whole(target):
    cells = cells_of(target, "n = n + 1.9 : int, max=4.5\nm = m/2 : int, init=7, min=1", size=1)

    assert [part.tolist() for part in after(cells, 9, "n", "m")] == [[4], [1]]


def test_a_bool_variable_is_a_condition(target):
    equations = """
        on = not on : bool, init=True
        far = on and t > 1 : bool
        x = if far: 2 else: if on: 1 else: 0
        same = on is far : bool
        other = on is not far : bool
    """
    cells = cells_of(target, equations)

    seen = [[part[0].item() for part in after(cells, 1, "on", "far", "x", "same", "other")] for _ in range(4)]

    assert cells.state("on").dtype == np.bool_
    assert seen == [
        [False, False, 0.0, True, False],
        [True, False, 1.0, False, True],
        [False, False, 0.0, True, False],
        [True, True, 2.0, True, False],
    ]


def test_bool_and_int_parameters_are_what_they_say(target):
    parameters = (ParameterSpec("on", 1.0, dtype="bool"), ParameterSpec("n", 3, dtype="int"), ParameterSpec("a", 1.5))
    cells = cells_of(target, "x = ite(on, n*a, -n)", size=3, parameters=parameters)
    assert (cells.get("on"), cells.get("n"), cells.get("a")) == (True, 3, 1.5)
    assert [type(cells.get(name)) for name in ("on", "n", "a")] == [bool, int, float]

    cells.set_many({"on": [True, False, True], "n": np.array([1, 2, 3])})

    assert after(cells, 1, "x")[0].tolist() == [1.5, -2.0, 4.5]
    assert (cells.get("on").dtype, cells.get("n").dtype) == (np.bool_, np.int64)
    with pytest.raises(ModelError, match="'n' of 'ours' must be a whole number, got 2"):
        cells.set("n", 2.5)
    with pytest.raises(ModelError, match="'on' of 'ours' must be True or False, got 2"):
        cells.set("on", 2)


def test_values_of_int_and_bool_variables_are_checked(target):
    cells = cells_of(target, "n = n + 1 : int\non = not on : bool")

    cells.set_state("n", np.arange(SIZE))
    cells.set_initial("on", True)

    assert after(cells, 1, "n")[0].tolist() == list(range(1, SIZE + 1))
    with pytest.raises(ModelError, match="variable 'n' of 'ours' must be a whole number, got 0"):
        cells.set_state("n", 0.5, np.array([2]))
    with pytest.raises(ModelError, match="initial value of 'on' of 'ours' must be True or False, got -1"):
        cells.set_initial("on", -1)


def test_reset_and_bounds_know_the_types(target):
    cells = cells_of(
        target, "n = n + 0.5 : int\nv = v + 1\ngone = gone : bool", size=1, spike="v > 2",
        reset="v = 0; n += 1.5; gone = not gone",
    )  # fmt: skip

    n, gone = after(cells, 7, "n", "gone")

    assert (n.tolist(), gone.tolist()) == ([2], [False])  # two spikes


# random numbers


def test_equal_texts_in_two_equations_are_two_draws(target):
    for equations in ("x = Normal(0, 1)\ny = Normal(0, 1)", "dx/dt = Normal(0, 1)\ndy/dt = Normal(0, 1)"):
        x, y = after(cells_of(target, equations), 1, "x", "y")

        assert not (x == y).any()


@pytest.mark.parametrize("equation", ["x = square(Normal(0, 1))", "dx/dt = square(Normal(0, 1))"])
def test_what_is_written_once_is_drawn_once(target, equation):
    (x,) = after(cells_of(target, equation, functions="square(a) = a*a"), 1, "x")

    assert (x > 0).all()


def test_what_is_written_twice_is_drawn_twice(target):
    for equation in ("x = Uniform(0, 1) - Uniform(0, 1)", "dx/dt = Uniform(0, 1) - Uniform(0, 1)"):
        (x,) = after(cells_of(target, equation), 1, "x")

        assert (x != 0).all()


# values of the whole population


def plainly(operation, values):
    """A global operation in exact arithmetic, rounded once."""
    values = [float(value) for value in values]
    match operation:
        case "mean":
            return fsum(values) / len(values)
        case "norm1":
            return fsum(map(abs, values))
        case "norm2":
            return sqrt(fsum(value * value for value in values))
        case _:
            return {"min": min, "max": max}[operation](values)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("storage", ["shared", "per element"])
def test_operations_see_the_population_as_of_the_step_before(target, threads, storage):
    operations = ("mean", "min", "max", "norm1", "norm2")
    lines = ["r = gain*Uniform(-1, 1)", *(f"{operation}_r = {operation}(r)" for operation in operations)]
    gain = {"shared": 2.0, "per element": np.linspace(1, 2, SIZE)}[storage]
    cells = cells_of(
        target, "\n".join(lines), threads=threads, parameters=(ParameterSpec("gain", 1.0),), values={"gain": gain}
    )
    cells.set_initial("r", np.linspace(-2, 1, SIZE))

    before = cells.state("r")
    for _ in range(3):
        cells.network.run(1)
        for operation in operations:
            (value,) = set(cells.state(f"{operation}_r"))
            assert value == approx(plainly(operation, before), rel=1e-14)
        before = cells.state("r")


def test_two_arguments_of_min_and_max_are_compared(target):
    cells = cells_of(target, "v = v + 1\nlow = min(v, 2.5)\nhigh = max(v, mean(v))", size=3)
    cells.set_initial("v", [1.0, 2.0, 6.0])

    assert [part.tolist() for part in after(cells, 1, "low", "high")] == [[2.0, 2.5, 2.5], [3.0, 3.0, 7.0]]


def test_an_operation_may_stand_wherever_a_number_does(target):
    cells = cells_of(
        target,
        "dv/dt = (mean(v) - v)/tau + 1\ng = max(v) : population\nn = excess(v, mean(v)) : int",
        functions="excess(a, b) = a - b",
        parameters=(ParameterSpec("tau", 10.0),),
        spike="v > 2*mean(v)",
        reset="v = min(v)",
        size=3,
    )
    cells.set_initial("v", [1.0, 2.0, 6.0])
    spikes = cells.record_spikes(np.arange(3))

    v, g, n = after(cells, 1, "v", "g", "n")

    decay = np.exp(-0.1)
    free = 3 + (np.array([1.0, 2.0, 6.0]) - 3) * decay + 10 * (1 - decay)  # the mean is held over the step
    assert v == approx([free[0], free[1], 1.0], rel=1e-14)
    assert g == 6.0
    assert n.tolist() == [int(x - 3) for x in free]
    assert spikes.spikes()[0].tolist() == [2]


def test_operations_heed_what_is_set_between_runs_and_a_reset(target):
    cells = cells_of(target, "x = mean(v)\nv = v + 1", size=4)

    assert after(cells, 2, "x")[0].tolist() == [1.0] * 4
    cells.set_state("v", 10.0)
    assert after(cells, 1, "x")[0].tolist() == [10.0] * 4
    cells.network.reset()
    assert after(cells, 1, "x")[0].tolist() == [0.0] * 4


@pytest.mark.compiler
def test_operations_are_the_same_bits_on_both_targets_and_any_number_of_threads():
    equations = "dr/dt = -r/10 + Normal(0, 1)*(1 + norm2(r)/100) - mean(r)\ns = max(r) - min(r) + norm1(r)"

    def run(target, threads, precision):
        cells = cells_of(target, equations, size=1001, threads=threads, precision=precision)
        return b"".join(part.tobytes() for part in after(cells, 20, "r", "s"))

    for precision in ("double", "single"):
        runs = {run("cpp", threads, precision) for threads in (1, 2, 3, 4)} | {run("reference", 2, precision)}
        assert len(runs) == 1
