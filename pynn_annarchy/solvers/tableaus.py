"""Explicit methods as Butcher tableaus, and the one function that turns a tableau into statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from pynn_annarchy.language.syntax import Binary, BinaryOperator, Expression, Name, Number
from pynn_annarchy.solvers.algebra import DT, add, divide, multiply, total
from pynn_annarchy.solvers.course import Course, When

HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Tableau:
    """Stage i reads x + dt * sum of ``stages[i][j]`` * k_j; the step adds dt * sum of ``weights[i]`` * k_i.

    A stage's time is the sum of its row, which must be 0, 1/2 or 1.
    """

    stages: tuple[tuple[Fraction | int, ...], ...]
    weights: tuple[Fraction | int, ...]


EULER = Tableau(stages=((),), weights=(1,))
MIDPOINT = Tableau(stages=((), (HALF,)), weights=(0, 1))
RK4 = Tableau(
    stages=((), (HALF,), (0, HALF), (0, 0, 1)),
    weights=(Fraction(1, 6), Fraction(1, 3), Fraction(1, 3), Fraction(1, 6)),
)

_TIMES = {Fraction(0): When.START, HALF: When.MIDDLE, Fraction(1): When.END}


def solve(tableau: Tableau, rates: Mapping[str, Expression], course: Course) -> dict[str, Expression]:
    """The variables at the end of the step; slopes of stages become temporaries ``k1_v``, ``k2_v``, ..."""
    slopes: dict[str, list[Expression]] = {variable: [] for variable in rates}
    for stage, row in enumerate(tableau.stages, start=1):
        when = _TIMES[Fraction(sum(row))]
        states = {variable: _state(variable, stage, row, slopes[variable], course) for variable in rates}
        now = {variable: course.read(_as_product(rate), when, states) for variable, rate in rates.items()}
        for variable, slope in now.items():
            slopes[variable].append(course.define(f"k{stage}_{variable}", slope))
    return {variable: _moved(variable, tableau.weights, slopes[variable]) for variable in rates}


def _as_product(rate: Expression) -> Expression:
    """``x / 20.0`` as ``x * 0.05``, as `hoist` does where a parameter divides: a division costs ten multiplications."""
    match rate:
        case Binary(BinaryOperator.DIVIDE, numerator, Number(value)) if value != 0:
            return multiply(numerator, Number(1.0 / value))
    return rate


def _state(
    variable: str, stage: int, row: tuple[Fraction | int, ...], slopes: list[Expression], course: Course
) -> Expression:
    """The variable as the stage sees it."""
    return course.define(f"{variable}_at_k{stage}", _moved(variable, row, slopes)) if any(row) else Name(variable)


def _moved(variable: str, weights: tuple[Fraction | int, ...], slopes: list[Expression]) -> Expression:
    fractions = [Fraction(weight) for weight in weights]
    denominator = lcm(*(fraction.denominator for fraction in fractions))
    combined = total(
        multiply(Number(int(fraction * denominator)), slope) for fraction, slope in zip(fractions, slopes, strict=True)
    )
    return add(Name(variable), multiply(divide(DT, Number(denominator)), combined))
