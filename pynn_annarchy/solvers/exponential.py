"""Exponential Euler methods, for variables that are linear in themselves: dx/dt = b - a x.

With a and b held, x(t + dt) = x + dt (b - a x) exprel(-a dt) is exact; the methods differ in when they take a and b.
"""

from __future__ import annotations

from collections.abc import Mapping

from pynn_annarchy.language.syntax import Call, Expression, Name
from pynn_annarchy.solvers.algebra import (
    DT,
    LinearForm,
    add,
    is_zero,
    multiply,
    negate,
    subtract,
)
from pynn_annarchy.solvers.course import Course, When

Forms = Mapping[str, LinearForm]
"""By variable, its rate as a linear form in itself."""


def solve_with_start(forms: Forms, course: Course) -> dict[str, Expression]:
    """a and b from the start of the step: first order."""
    return {variable: _relaxed(variable, form, DT, course) for variable, form in forms.items()}


def solve_with_mean(forms: Forms, course: Course) -> dict[str, Expression]:
    """a and b from the mean of everything else over the step: second order, where both are linear in it.

    Source: the first term of the Magnus expansion; Hochbruck & Ostermann 2010, Acta Numerica 19:209-286.
    """
    return _solve_between(forms, When.MEAN, course)


def solve_with_middle(forms: Forms, course: Course) -> dict[str, Expression]:
    """a and b from the middle of the step, for a variable that nothing it reads depends on: second order."""
    return _solve_between(forms, When.MIDDLE, course)


def _solve_between(forms: Forms, when: When, course: Course) -> dict[str, Expression]:
    read = {v: form.map(lambda part: course.read(part, when, {})) for v, form in forms.items()}
    return {variable: _relaxed(variable, form, DT, course) for variable, form in read.items()}


def _relaxed(variable: str, form: LinearForm, duration: Expression, course: Course) -> Expression:
    """The variable after a time during which its rate keeps this form."""
    decay = negate(form.coefficient(variable))
    if not is_zero(decay):
        decay = course.define(f"decay_{variable}", decay)
    return relaxed(Name(variable), decay, form.remainder, duration)


def relaxed(start: Expression, decay: Expression, drive: Expression, duration: Expression) -> Expression:
    """The solution of dx/dt = drive - decay x, both constant, after that time."""
    if is_zero(decay):
        return add(start, multiply(duration, drive))
    relative = Call("exprel", (negate(multiply(decay, duration)),))
    return add(start, multiply(multiply(duration, relative), subtract(drive, multiply(decay, start))))
