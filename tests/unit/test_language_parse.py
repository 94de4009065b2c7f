"""Text of the language and the syntax that it stands for."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.parse import parse_equations, parse_expression, parse_functions, parse_statements
from pynn_annarchy.language.print import show
from pynn_annarchy.language.syntax import (
    Assignment,
    Binary,
    BinaryOperator,
    Boolean,
    Call,
    Conditional,
    DifferentialEquation,
    Name,
    Number,
    Unary,
)
from pynn_annarchy.language.visit import nodes


def text_of(span):
    return span.text[span.start : span.end]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a + b*c", "a + (b*c)"),
        ("a - b - c", "(a - b) - c"),
        ("a/b/c", "(a/b)/c"),
        ("2**3**x", "2**(3**x)"),
        ("a^2", "a**2"),
        ("-x**2", "-(x**2)"),
        ("2**-x", "2**(-x)"),
        ("-a*b", "(-a)*b"),
        ("a % b * c", "(a % b)*c"),
        ("a < b and not c > d or e == f", "((a < b) and (not (c > d))) or (e == f)"),
        ("a is not b", "a != b"),
        ("a is b", "a == b"),
        ("+a", "a"),
        ("ite(a > 0, 1, 2)", "if a > 0: 1 else: 2"),
        ("if a > 0: 1 else: if b > 0: 2 else: 3", "ite(a > 0, 1, ite(b > 0, 2, 3))"),
        ("if a > 0: if b > 0: 1 else: 2 else: 3", "ite(a > 0, ite(b > 0, 1, 2), 3)"),
        ("power(a, 2)", "a**2"),
        ("pow(a, b)", "a**b"),
        ("2*modulo(t, 10)", "2*(t % 10)"),
        ("ln(a) + fabs(b) + pos(c) + neg(d)", "log(a) + abs(b) + positive(c) + negative(d)"),
        ("(a +\n b)", "a + b"),
    ],
)
def test_two_spellings_mean_the_same(text, same):
    assert parse_expression(text) == parse_expression(same)


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3), ("3.", 3.0), (".5", 0.5), ("1e-3", 1e-3), ("2.5E+2", 250.0), ("1e3", 1000.0)]
)
def test_a_number_is_whole_only_without_point_and_exponent(text, value):
    parsed = parse_expression(text)

    assert parsed == Number(value)
    assert type(parsed.value) is type(value)


@pytest.mark.parametrize("text", ["1e999", "9" * 400, "9" * 5000])
def test_a_number_beyond_all_doubles_is_refused(text):
    with pytest.raises(EquationError, match="too large"):
        parse_expression(text)


@pytest.mark.parametrize(("text", "value"), [("True", True), ("true", True), ("False", False), ("false", False)])
def test_truth_is_written_in_both_cases(text, value):
    assert parse_expression(text) == Boolean(value)


def test_every_node_knows_its_place_in_the_whole_text():
    text = "  dv/dt = (v_rest - v)/tau_m\n  du/dt = exp(-u) + 1.5"

    first, second = parse_equations(text)

    places = {text_of(node.span) for equation in (first, second) for node in nodes(equation.rate)}
    assert {"(v_rest - v)/tau_m", "(v_rest - v)", "tau_m", "exp(-u)", "-u", "1.5"} <= places
    assert text_of(second.span) == "du/dt = exp(-u) + 1.5"
    assert second.span.text == text


def test_places_take_no_part_in_equality():
    assert parse_expression("a  +  b") == parse_expression("a+b")
    assert hash(parse_expression("a  +  b")) == hash(parse_expression("a+b"))


@pytest.mark.parametrize(
    "text",
    [
        "dv/dt = -v\nr = 2*v",
        "dv/dt = -v; r = 2*v",
        "# comment\n\n  dv/dt = -v  # decay\n;; r = 2*v",
        "dv/dt =\n   -v\nr = 2\n  * v",
        "dv/dt = -\n v\n r = (2\n*v\n)",
        "dv/dt = - \\\n v\r\nr = 2*v",
    ],
)
def test_statements_are_separated_by_lines_and_semicolons_and_continue_where_they_must(text):
    assert parse_equations(text) == (
        DifferentialEquation("v", Unary(operator=parse_expression("-v").operator, operand=Name("v"))),
        Assignment("r", parse_expression("2*v")),
    )


def test_a_line_that_begins_with_a_colon_holds_the_flags_of_the_one_before():
    (equation,) = parse_equations("x = if t > 5:\n   a\n else:\n   b\n  : init=0.5,\n min=-1, midpoint")

    assert isinstance(equation.value, Conditional)
    assert (equation.flags.init, equation.flags.method) == (Number(0.5), "midpoint")
    assert show(equation.flags.minimum) == "-1"


def test_flags_follow_the_last_colon():
    (equation,) = parse_equations("x = if a: b else: c : population, int")

    assert equation.value == parse_expression("ite(a, b, c)")
    assert (equation.flags.locality, equation.flags.dtype) == ("population", "int")


@pytest.mark.parametrize(
    ("flag", "field", "value"),
    [
        *((method, "method", method) for method in ("explicit", "implicit", "semiimplicit", "exponential", "midpoint")),
        ("rk4", "method", "rk4"),
        ("runge-kutta4", "method", "rk4"),
        ("exact", "method", "exact"),
        ("event-driven", "event_driven", True),
        ("unless_refractory", "unless_refractory", True),
        ("unless_post", "unless_post", True),
        ("postsynaptic", "locality", "postsynaptic"),
        ("bool", "dtype", "bool"),
        ("init=Uniform(0, 1)", "init", Call("Uniform", (Number(0), Number(1)))),
        ("max=-w_max", "maximum", parse_expression("-w_max")),
    ],
)
def test_each_flag_is_understood(flag, field, value):
    (equation,) = parse_equations(f"dv/dt = -v : {flag}")

    assert getattr(equation.flags, field) == value
    assert text_of(equation.flags.where(field)) == flag


@pytest.mark.parametrize("operator", ["+", "-", "*", "/"])
def test_augmented_assignments_are_written_out(operator):
    (statement,) = parse_statements(f"x {operator}= a + b")

    assert statement == Assignment("x", Binary(BinaryOperator(operator), Name("x"), parse_expression("a + b")))


def test_functions_have_arguments_and_optional_types():
    plain, typed = parse_functions("f(x, y) = if x > y: x else: y; g(n) = 2*n : double, int")

    assert (plain.name, plain.parameters, plain.types) == ("f", ("x", "y"), ())
    assert plain.body == parse_expression("ite(x > y, x, y)")
    assert typed.types == ("float", "int")


def test_a_function_with_types_for_some_of_its_arguments_is_refused():
    with pytest.raises(EquationError, match="3 types belong here: of the result, then of each argument"):
        parse_functions("f(x, y) = x : double, int")


def test_nothing_is_no_statement():
    assert parse_equations("  # nothing\n\n;") == ()


# fmt: off
WORDS = st.sampled_from([
    "v", "tau", "dv/dt", "d", "dt", "=", "+=", "==", "<", "and", "or", "not", "if", "else", ":", ";", ",", "(", ")",
    "+", "-", "*", "/", "**", "^", "%", "1", "2.5", "1e3", "init=", "exact", "event-driven", "#", "\n", "&", "!",
    "exp(", "ite(", "True", "pre.x", "a.b",
])
# fmt: on


@given(st.lists(WORDS, max_size=20).map(" ".join) | st.text(max_size=20))
def test_whatever_is_written_is_understood_or_refused_with_a_place(text):
    for parse in (parse_equations, parse_statements, parse_functions, parse_expression):
        with contextlib.suppress(EquationError):
            parse(text)
