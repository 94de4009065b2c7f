"""Propagators against matrix exponentials of 50 digits."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.parse import parse_expression
from pynn_annarchy.language.syntax import Binary, Name, Number, Unary
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.solvers.discretise import discretise
from pynn_annarchy.solvers.propagators import fill, prepare
from pynn_annarchy.solvers.updates import Entry, LinearSystem
from tests.unit.solver_models import CURR_ALPHA, CURR_EXP, PARAMETERS, model

DT = 0.1
OSCILLATOR = "dx/dt = 2*y - x\ndy/dt = -30*x\ndz/dt = x - z/tau_m"
CASCADE = "da/dt = b - a/tau_m\ndb/dt = c - b/tau_w\ndc/dt = d - c/tau_syn_E\ndd/dt = -d/tau_syn_I"


def every_entry(system: LinearSystem) -> LinearSystem:
    n = len(system.variables)
    at = [(i, j) for i in range(n) for j in range(n + 1)]
    return replace(
        system,
        transition=tuple(Entry(f"P{i}_{j}", i, j) for i, j in at),
        mean=tuple(Entry(f"M{i}_{j}", i, j) for i, j in at),
    )


def precisely(expression, values):
    match expression:
        case Number(value):
            return mpmath.mpf(value)
        case Name(name):
            return mpmath.mpf(values[name])
        case Unary(_, operand):
            return -precisely(operand, values)
        case Binary(operator, left, right):
            one, other = precisely(left, values), precisely(right, values)
            return {"+": one + other, "-": one - other, "*": one * other, "/": one / other if other else None}[
                operator.value
            ]


def reference(system: LinearSystem, values, dt: float) -> dict[str, mpmath.mpf]:
    """exp of (X, 1; 0, 0), whose upper right corner is the mean."""
    n = len(system.variables)
    generator = mpmath.zeros(2 * n + 2)
    for i in range(n):
        for j, entry in enumerate((*system.matrix[i], system.constant[i])):
            generator[i, j] = precisely(entry, values) * mpmath.mpf(dt)
    for i in range(n + 1):
        generator[i, n + 1 + i] = 1
    solution = mpmath.expm(generator, method="taylor")
    at = [(i, j) for i in range(n) for j in range(n + 1)]
    return {f"P{i}_{j}": solution[i, j] for i, j in at} | {f"M{i}_{j}": solution[i, j + n + 1] for i, j in at}


def worst_relative_error(equations: str, values, dt: float = DT) -> float:
    system = every_entry(discretise(model(equations)).systems[0])
    found = fill(system, values, dt)
    with mpmath.workdps(50):
        exact = reference(system, values, dt)
        return max(
            float(abs((mpmath.mpf(found[name]) - value) / value)) if abs(value) > 1e-300 else abs(found[name])
            for name, value in exact.items()
        )


@pytest.mark.parametrize("tau_syn", [5.0, 20.0, 20.000001, 19.99, 0.1])
@pytest.mark.parametrize("equations", [CURR_EXP, CURR_ALPHA, CASCADE])
def test_every_entry_is_right_to_rounding_even_where_time_constants_are_equal_or_nearly_so(equations, tau_syn):
    # a handful of roundings at 1.1e-16 each
    assert worst_relative_error(equations, {**PARAMETERS, "tau_syn_E": tau_syn}) < 1e-15


def test_a_stiff_system_keeps_the_digits_of_its_slow_part():
    # |A| dt = 10,000 takes 15 doublings; each may add a rounding or two
    assert worst_relative_error(CURR_ALPHA, {**PARAMETERS, "tau_m": 1e-5, "tau_syn_E": 5.0}) < 5e-15


def test_variables_that_depend_on_each_other_are_as_accurate():
    assert worst_relative_error(OSCILLATOR, PARAMETERS) < 2e-15


def test_a_pure_decay_is_the_exponential_function():
    system = discretise(model("dx/dt = -x/tau_m")).systems[0]
    (entry,) = system.transition

    for tau in (0.01, 1.0, 5.0, 20.0, 1e6):
        found = fill(system, {"tau_m": tau}, DT)[entry.name]
        assert found == pytest.approx(float(mpmath.exp(-mpmath.mpf(DT) / mpmath.mpf(tau))), rel=3e-15)


def test_a_row_of_parameters_gives_the_same_bits_alone_and_among_others():
    updates = discretise(model(CURR_ALPHA))
    taus = np.array([20.0, 1e-4, 10.0, 20.0, 0.03])

    together = prepare(updates, {**PARAMETERS, "tau_m": taus}, DT)

    for element, tau in enumerate(taus):
        alone = prepare(updates, {**PARAMETERS, "tau_m": float(tau)}, DT)
        for name, value in alone.items():
            assert np.broadcast_to(together[name], taus.shape)[element] == value


def test_entries_are_numbers_unless_a_parameter_that_matters_is_an_array():
    filled = prepare(discretise(model(CURR_EXP)), {**PARAMETERS, "e_rev_E": np.zeros(3)}, DT)

    assert all(isinstance(value, float) for value in filled.values())


def test_an_impossible_parameter_is_named_with_the_first_element_that_has_it():
    updates = discretise(model(CURR_EXP))

    with pytest.raises(ModelError, match=r"Cell: the rate of change of 'v' is not finite for element 1 \(tau_m = 0\)"):
        prepare(updates, {**PARAMETERS, "tau_m": np.array([10.0, 0.0, 0.0])}, DT)


def test_growth_beyond_all_numbers_is_refused():
    updates = discretise(model("dx/dt = x/tau_m"))

    with pytest.raises(ModelError, match="the propagator of 'x' is not finite"):
        prepare(updates, {"tau_m": 1e-5}, DT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2*tau + 1", [3.0, 5.0]),
        ("if tau > 1.5: tau**2 else: -tau", [-1.0, 4.0]),
        ("max(tau, 1.5)", [1.5, 2.0]),
        ("not (tau < 2 and tau > 0)", [0.0, 1.0]),
        ("pi*tau", [np.pi, 2 * np.pi]),
    ],
)
def test_expressions_of_parameters_are_evaluated_elementwise(text, expected):
    assert evaluate(parse_expression(text), {"tau": np.array([1.0, 2.0])}) == pytest.approx(expected, rel=1e-15)


def test_a_random_draw_has_no_value_as_a_parameter():
    with pytest.raises(ModelError, match=r"Normal\(\.\.\.\) is random"):
        evaluate(parse_expression("Normal(0, 1)"), {})
