"""Linear forms, the order of dependent variables, and the door to computer algebra."""

import pytest

from pynn_annarchy.language.parse import parse_expression
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.solvers import symbolic
from pynn_annarchy.solvers.algebra import linear_form
from pynn_annarchy.solvers.graphs import components, reachable


@pytest.mark.parametrize(
    ("text", "coefficients", "remainder"),
    [
        ("(v_rest - v)/tau", {"v": "-(1/tau)"}, "v_rest/tau"),
        ("g*(e - v) - 2*v", {"v": "-(g + 2)"}, "g*e"),
        ("if g > 0: v else: 3*v + 1", {"v": "if g > 0: 1 else: 3"}, "if g > 0: 0 else: 1"),
        ("v - w - v", {"v": "", "w": "-1"}, "0"),
    ],
)
def test_linear_forms_are_read_off(text, coefficients, remainder):
    form = linear_form(parse_expression(text), ("v", "w"))

    values = {"g": 0.3, "e": 2.0, "tau": 7.0, "v_rest": -65.0}
    assert set(form.coefficients) == {name for name, value in coefficients.items() if value}
    for name, coefficient in form.coefficients.items():
        expected = evaluate(parse_expression(coefficients[name]), values)
        assert evaluate(coefficient, values) == pytest.approx(expected, rel=1e-15)
    assert evaluate(form.remainder, values) == evaluate(parse_expression(remainder), values)


@pytest.mark.parametrize("text", ["v*v", "1/v", "exp(v)", "v**2", "if v > 0: 1 else: 2", "v*w"])
def test_what_is_not_linear_has_no_form(text):
    assert linear_form(parse_expression(text), ("v", "w")) is None
    assert symbolic.linear_form(parse_expression(text), ("v", "w")) is None


@pytest.mark.parametrize("text", ["v*v/v", "(v + a)**2 - v*v", "exp(a)*(v - a*v)/(1 - a)", "exp(v) + v - exp(v)"])
def test_algebra_finds_hidden_linearity(text):
    form = symbolic.linear_form(parse_expression(text), ("v",))

    for v in (0.7, -1.3):
        values = {"a": 0.3, "v": v}
        linear = evaluate(form.coefficients["v"], values) * v + evaluate(form.remainder, values)
        assert linear == pytest.approx(evaluate(parse_expression(text), values), rel=1e-13)


def test_a_small_linear_system_is_solved():
    matrix = [[parse_expression(entry) for entry in row] for row in (("a", "b", "0"), ("1", "c", "b"), ("0", "2", "a"))]
    right = [parse_expression(side) for side in ("x", "y", "a")]
    values = {"a": 3.0, "b": 0.5, "c": 2.0, "x": 1.0, "y": -1.0}

    numerators, determinant = symbolic.solve_linear(matrix, right)

    solution = [evaluate(numerator, values) / evaluate(determinant, values) for numerator in numerators]
    for row, side in zip(matrix, right, strict=True):
        total = sum(evaluate(entry, values) * x for entry, x in zip(row, solution, strict=True))
        assert total == pytest.approx(evaluate(side, values), rel=1e-13)


def test_components_come_after_what_they_need():
    graph = {"v": ["w", "g"], "w": ["v"], "g": [], "trace": ["v"]}

    assert components(graph) == (("g",), ("v", "w"), ("trace",))
    assert reachable(graph)["trace"] == {"v", "w", "g"}
