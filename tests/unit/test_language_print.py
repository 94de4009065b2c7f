"""Syntax as text: what is printed is read back as the same tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynn_annarchy.language.functions import FUNCTIONS
from pynn_annarchy.language.latex import latex_equation, latex_expression
from pynn_annarchy.language.names import POPULATION_OPERATIONS
from pynn_annarchy.language.parse import parse_equations, parse_expression
from pynn_annarchy.language.print import show
from pynn_annarchy.language.syntax import (
    Binary,
    BinaryOperator,
    Boolean,
    Call,
    Comparator,
    Comparison,
    Conditional,
    Connective,
    Logical,
    Name,
    Number,
    Unary,
    UnaryOperator,
)

LEAVES = (
    st.integers(0, 10**20).map(Number)
    | st.floats(0, allow_nan=False, allow_infinity=False).map(Number)
    | st.sampled_from(["v", "tau_m", "pre.x", "post.y", "dt", "d", "iff"]).map(Name)
    | st.booleans().map(Boolean)
)


def branches(inner):
    """Every kind of node over given operands."""
    unary = st.builds(Unary, st.sampled_from(UnaryOperator), inner)
    binary = st.builds(Binary, st.sampled_from(BinaryOperator), inner, inner)
    comparison = st.builds(Comparison, st.sampled_from(Comparator), inner, inner)
    logical = st.builds(Logical, st.sampled_from(Connective), inner, inner)
    conditional = st.builds(Conditional, inner, inner, inner)
    call = st.builds(Call, st.sampled_from([*FUNCTIONS, "f"]), st.lists(inner, max_size=3).map(tuple)).filter(
        lambda node: (
            node.function not in POPULATION_OPERATIONS or len(node.arguments) != 1
        )  # which is a value of all cells
    )
    return unary | binary | comparison | logical | conditional | call


@given(st.recursive(LEAVES, branches, max_leaves=30))
def test_what_is_printed_is_read_back(expression):
    assert parse_expression(show(expression)) == expression


@pytest.mark.parametrize(
    "text",
    [
        "(a - b)*c/(d*e)",
        "a - (b - c)",
        "-(a + b)**2",
        "(a < b) == (c < d)",
        "not (a or b) and c",
        "2**-x",
        "f(a, b + 1)",
        "ite(a > 0, 1, 2.5)",
    ],
)
def test_no_parenthesis_is_printed_that_is_not_needed(text):
    assert show(parse_expression(text)) == text


def test_a_negative_number_is_kept_together():
    assert show(Binary(BinaryOperator.POWER, Number(-2.0), Number(3))) == "(-2.0)**3"
    assert show(Binary(BinaryOperator.MULTIPLY, Number(-2.0), Number(3))) == "-2.0*3"


@pytest.mark.parametrize(
    "text",
    [
        "dv/dt = -v : init=0.5, min=0, max=v_max, rk4, population, float, unless_refractory",
        "x = 2*x : int",
        "dw/dt = -w : event-driven",
    ],
)
def test_equations_are_printed_with_their_flags(text):
    (equation,) = parse_equations(text)

    assert show(equation) == text
    assert parse_equations(show(equation)) == (equation,)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("tau_syn_E", r"\tau_{\mathrm{syn,E}}"),
        ("pre.r", r"r_{\mathrm{pre}}"),
        ("cm", r"\mathrm{cm}"),
        ("a/b*(c - d)", r"\frac{a}{b} \, \left(c - d\right)"),
        ("(a + b)**2", r"\left(a + b\right)^{2}"),
        ("sqrt(x) + exp(-abs(y))", r"\sqrt{x} + \exp\left(-\left|y\right|\right)"),
        ("1e-9", r"1 \cdot 10^{-9}"),
        ("a >= b and not c != d", r"a \ge b \wedge \neg c \ne d"),
        ("ite(a > 0, 1, 2)", r"\begin{cases} 1 & \text{if } a > 0 \\ 2 & \text{otherwise} \end{cases}"),
    ],
)
def test_expressions_in_latex(text, latex):
    assert latex_expression(parse_expression(text)) == latex


def test_equations_in_latex_are_aligned_at_their_equals_sign():
    differential, assignment = parse_equations("tau_m*dv/dt = -v\nr = 2*v")

    assert latex_equation(differential) == r"\frac{dv}{dt} &= \frac{-v}{\tau_{\mathrm{m}}}"
    assert latex_equation(assignment, align=False) == r"r = 2 \, v"
