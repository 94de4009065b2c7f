"""Methods that read the end of the step: backward Euler for coupled linear equations, and its sequential relative."""

from __future__ import annotations

from collections.abc import Mapping

from pynn_annarchy.language.syntax import Expression, Name
from pynn_annarchy.solvers.algebra import DT, ONE, ZERO, LinearForm, add, divide, multiply, subtract
from pynn_annarchy.solvers.course import Course, When


def solve_backward(forms: Mapping[str, LinearForm], course: Course) -> dict[str, Expression]:
    """Backward Euler, (1 - dt A) x_new = x + dt b: first order, stable for any dt where the equations are.

    Args:
        forms: by variable, its rate as a linear form in all of them.
    """
    variables = tuple(forms)
    read = {v: form.map(lambda part: course.read(part, When.END, {})) for v, form in forms.items()}
    matrix = [
        [subtract(ONE if row == column else ZERO, multiply(DT, read[row].coefficient(column))) for column in variables]
        for row in variables
    ]
    right = [add(Name(variable), multiply(DT, read[variable].remainder)) for variable in variables]
    if len(variables) == 1:
        return {variables[0]: divide(right[0], matrix[0][0])}
    return _solve_coupled(variables, matrix, right, course)


def solve_sequentially(rates: Mapping[str, Expression], course: Course) -> dict[str, Expression]:
    """Euler steps one after another, each with the new values of those before it: first order."""
    new: dict[str, Expression] = {}
    for variable, rate in rates.items():
        value = add(Name(variable), multiply(DT, course.read(rate, When.START, new)))
        new[variable] = course.define(f"{variable}_new", value)
    return new


def _solve_coupled(
    variables: tuple[str, ...], matrix: list[list[Expression]], right: list[Expression], course: Course
) -> dict[str, Expression]:
    from pynn_annarchy.solvers.symbolic import solve_linear  # sympy: only where a system must be solved

    named = [course.define(f"explicit_{v}", side) for v, side in zip(variables, right, strict=True)]
    numerators, determinant = solve_linear(matrix, named)
    divisor = course.define("determinant", determinant)
    return {v: divide(numerator, divisor) for v, numerator in zip(variables, numerators, strict=True)}
