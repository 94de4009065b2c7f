"""Exponential Euler methods, for variables that are linear in themselves: dx/dt = b - a x.

With a and b held, x(t + dt) = x + dt (b - a x) exprel(-a dt) is exact; the methods differ in when they take a and b.
"""

from __future__ import annotations

from collections.abc import Mapping

from pynn_annarchy.language.syntax import Call, Expression, Name
from pynn_annarchy.solvers.algebra import (
    DT,
    ZERO,
    LinearForm,
    add,
    constant_form,
    is_zero,
    multiply,
    negate,
    subtract,
    total,
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
    scaled_decay, scaled_drive = (_scaled(part, duration, course) for part in (decay, form.remainder))
    if scaled_decay is not None and scaled_drive is not None:
        scaled_decay = course.define(f"relaxation_{variable}", scaled_decay)
        relative = Call("exprel", (negate(scaled_decay),))
        approach = subtract(scaled_drive, multiply(scaled_decay, Name(variable)))
        return add(Name(variable), multiply(relative, approach))
    if not is_zero(decay):
        decay = course.define(f"decay_{variable}", decay)
    return relaxed(Name(variable), decay, form.remainder, duration)


def _scaled(expression: Expression, duration: Expression, course: Course) -> Expression | None:
    """The expression times the duration, as a sum of names times constants; None where it is none, or zero."""
    form = constant_form(expression, course.constants)
    if is_zero(expression) or form is None:
        return None
    factors: dict[str, Expression] = {}
    for name, factor in form.coefficients.items():
        of_what, part = course.as_multiple(name)
        factors[of_what] = add(factors.get(of_what, ZERO), multiply(part, multiply(duration, factor)))
    terms = (multiply(Name(name), factor) for name, factor in factors.items())
    return total([multiply(duration, form.remainder), *terms])


def relaxed(start: Expression, decay: Expression, drive: Expression, duration: Expression) -> Expression:
    """The solution of dx/dt = drive - decay x, both constant, after that time."""
    if is_zero(decay):
        return add(start, multiply(duration, drive))
    relative = Call("exprel", (negate(multiply(decay, duration)),))
    return add(start, multiply(multiply(duration, relative), subtract(drive, multiply(decay, start))))
