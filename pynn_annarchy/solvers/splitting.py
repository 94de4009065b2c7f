"""Variables that depend on each other, each linear in itself: symmetric splitting, extrapolated; fourth order.

While all others stand still, the solution of such a variable is known: an exponential. Variables that do not read each
other form a class and advance at once; the classes take turns in an order that reads the same backwards,

    v half of the time, m h n all of it, v half of it.

That is of second order, for one step and for two of half the length; since a symmetric method's error has even powers
of the time step only, (4 x two half steps - one step)/3 is of fourth. The largest class has its turn in the middle,
once: in a cell of Hodgkin and Huxley's kind the rates of all gates are computed three times a step.

Source: Strang 1968, SIAM J. Numer. Anal. 5:506-517; Hairer, Lubich & Wanner 2006, Geometric Numerical Integration.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from pynn_annarchy.language.syntax import Expression, Name, Number
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.solvers.algebra import DT, LinearForm, add, divide, is_zero, negate, scale, subtract
from pynn_annarchy.solvers.course import Course, When
from pynn_annarchy.solvers.exponential import Forms, relaxed

_WHOLE = (When.START, When.MIDDLE, When.END)
_HALVES = (When.START, When.QUARTER, When.MIDDLE, When.THREE_QUARTERS, When.END)


def solve_extrapolated(forms: Forms, course: Course) -> dict[str, Expression]:
    """The variables at the end of the step, from one step and two half ones."""
    splitting = _Splitting(forms, course)
    whole, halves = splitting.end(_WHOLE, "whole"), splitting.end(_HALVES, "halves")
    return {v: add(halves[v], divide(subtract(halves[v], whole[v]), Number(3))) for v in forms}


def classes(forms: Forms) -> tuple[tuple[str, ...], ...]:
    """The variables in classes whose members do not read each other, smaller ones first."""
    read = {v: _names_read(form) for v, form in forms.items()}
    found: list[list[str]] = []
    for variable in forms:
        for members in found:
            if all(variable not in read[other] and other not in read[variable] for other in members):
                members.append(variable)
                break
        else:
            found.append([variable])
    return tuple(tuple(members) for members in sorted(found, key=len))


def _names_read(form: LinearForm) -> frozenset[str]:
    return identifiers(form.remainder).union(*(identifiers(part) for part in form.coefficients.values()))


class _Splitting:
    """Turns of the classes of one group, over one step or several shorter ones."""

    def __init__(self, forms: Forms, course: Course) -> None:
        self._forms = forms
        self._course = course
        self._classes = classes(forms)
        self._rates: dict[object, tuple[Expression, Expression]] = {}

    def end(self, times: tuple[When, ...], name: str) -> dict[str, Expression]:
        """The variables after steps from the first to the third of these times, from there to the fifth, and so on."""
        outer, *inner = self._classes
        state: dict[str, Expression] = {variable: Name(variable) for variable in self._forms}
        step = times[2].passed
        self._turn(outer, state, times[0], step / 2, name)
        for middle, end in zip(times[1::2], times[2::2], strict=True):
            for members in inner[:-1]:
                self._turn(members, state, middle, step / 2, name)
            self._turn(inner[-1], state, middle, step, name)
            for members in inner[-2::-1]:
                self._turn(members, state, middle, step / 2, name)
            # the last half of a turn and the first of the next step's are one
            self._turn(outer, state, end, step / 2 if end is When.END else step, name)
        return state

    def _turn(
        self, members: tuple[str, ...], state: dict[str, Expression], when: When, part: Fraction, name: str
    ) -> None:
        """The members advance by a part of the step while all others stand still."""
        for variable in members:
            decay, drive = self._rate(variable, state, when)
            value = relaxed(state[variable], decay, drive, scale(DT, part))
            state[variable] = self._course.define(f"{variable}_{name}", value)

    def _rate(self, variable: str, state: Mapping[str, Expression], when: When) -> tuple[Expression, Expression]:
        """Decay and drive of a variable; what both solutions need at their start is computed once."""
        others = tuple(value for other, value in state.items() if other != variable)
        key = (variable, when, others)
        if key not in self._rates:
            form = self._forms[variable].map(lambda part: self._course.read(part, when, state))
            decay = negate(form.coefficient(variable))
            self._rates[key] = (
                decay if is_zero(decay) else self._course.define(f"decay_{variable}", decay),
                form.remainder if is_zero(form.remainder) else self._course.define(f"drive_{variable}", form.remainder),
            )
        return self._rates[key]
