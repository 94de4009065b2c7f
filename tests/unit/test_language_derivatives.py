"""Differential equations in every form that is linear in the derivative."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.parse import parse_equations
from pynn_annarchy.language.print import show

VALUES = {"v": -0.3, "A": 1.7, "tau": 12.5, "B": 0.4, "v_rest": -2.0}


def value_of(text):
    """What an arithmetic expression of the language is, computed by Python."""
    return eval(compile(ast.parse(text, mode="eval"), "", "eval"), {}, dict(VALUES))


@pytest.mark.parametrize(
    "text",
    [
        "dv/dt = (A - v)/tau",
        "tau*dv/dt = A - v",
        "tau*dv/dt + v = A",
        "v + tau * dv / dt - A = 0",
        "A = v + dv/dt*tau",
        "(tau*d v/dt + v)*2 = 2*A",
        "-(dv/dt) = (v - A)/tau",
        "A - tau*dv/dt = v",
        "3*tau*dv/dt = A - v + 2*tau*dv/dt",
        "dv/dt/2 = (A - v)/(2*tau)",
        "0 = A - v - tau*dv/dt",
    ],
)
def test_every_linear_form_gives_the_same_rate(text):
    (equation,) = parse_equations(text)

    assert equation.variable == "v"
    assert value_of(show(equation.rate)) == pytest.approx((VALUES["A"] - VALUES["v"]) / VALUES["tau"], rel=1e-14)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("dv/dt = A - v/tau", "A - v/tau"),
        ("tau*dv/dt = A - v", "(A - v)/tau"),
        ("tau*dv/dt + v = A", "(A - v)/tau"),
        ("tau*dv/dt = if v > A: 1 else: 2", "ite(v > A, 1, 2)/tau"),
        ("dv/dt + v = 0", "-v"),
        ("v = dv/dt", "v"),
        ("A - tau*dv/dt = v", "(A - v)/tau"),
        ("v - dv/dt = 2", "v - 2"),
    ],
)
def test_the_rate_is_as_simple_as_the_equation(text, rate):
    assert show(parse_equations(text)[0].rate) == rate


def test_a_declared_name_that_begins_with_d_is_no_derivative():
    (equation,) = parse_equations("x = delta/dt", declared={"delta"})

    assert show(equation) == "x = delta/dt"


def test_the_time_step_itself_is_no_derivative():
    assert show(parse_equations("x = dt/dt")[0]) == "x = dt/dt"


@given(slope=st.integers(-3, 3), other=st.integers(-3, 3))
def test_the_slopes_of_both_sides_are_joined(slope, other):
    text = f"{slope}*tau*dv/dt + B = A + {other}*tau*dv/dt"
    if slope == other:
        with pytest.raises(EquationError, match="cancels"):
            parse_equations(text)
        return

    (equation,) = parse_equations(text)

    expected = (VALUES["A"] - VALUES["B"]) / ((slope - other) * VALUES["tau"])
    assert value_of(show(equation.rate)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dv/dt + du/dt = 1", "derivatives of 'v' and 'u'"),
        ("dv/dt**2 = 1", "not linear"),
        ("A/(dv/dt) = 1", "not linear"),
        ("exp(dv/dt) = 1", "not linear"),
        ("ite(A > 0, dv/dt, 1) = 1", "not linear"),
        ("dv/dt - dv/dt = 1", "cancels"),
        ("0*dv/dt = 1", "cancels"),
    ],
)
def test_what_cannot_be_solved_is_refused(text, message):
    with pytest.raises(EquationError, match=message):
        parse_equations(text)
