"""What is known of every name during one step: at its start, in its middle, its mean, at its end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from fractions import Fraction

from pynn_annarchy.language.syntax import Conditional, Expression, Name
from pynn_annarchy.language.visit import names_in, substitute
from pynn_annarchy.solvers.algebra import DT, ONE, TWO, add, constant_form, divide, is_zero, scale, subtract
from pynn_annarchy.solvers.exact import REFRACTORY, ExactSolver, Solution
from pynn_annarchy.solvers.names import Temporaries


class When(Enum):
    """Times of a step by the part of it that has passed, and the mean over the step."""

    START = Fraction(0)
    QUARTER = Fraction(1, 4)
    MIDDLE = Fraction(1, 2)
    THREE_QUARTERS = Fraction(3, 4)
    END = Fraction(1)
    MEAN = "mean"

    @property
    def passed(self) -> Fraction:
        """The part of the step that has passed; of what changes linearly, the middle is the mean."""
        return self.value if isinstance(self.value, Fraction) else Fraction(1, 2)


_ROWS = {
    When.QUARTER: (Solution.QUARTER, "quarter"),
    When.MIDDLE: (Solution.MIDDLE, "mid"),
    When.THREE_QUARTERS: (Solution.THREE_QUARTERS, "three_quarters"),
    When.MEAN: (Solution.MEAN, "mean"),
    When.END: (Solution.END, "new"),
}


class Course:
    """The course of a block's variables over one step, as far as solved; collects the temporaries that this takes.

    Exactly solved variables are known exactly at any time. The others are known at the start and, once ``settle`` has
    told their end, between both by linear interpolation, whose error is of second order. Parameters, inputs and
    variables of other blocks stand still, and so do variables held in refractoriness while it lasts.
    """

    def __init__(
        self,
        variables: Collection[str],
        held: Collection[str],
        exact: ExactSolver,
        temporaries: Temporaries,
        constants: frozenset[str],
    ) -> None:
        self.constants = constants
        self._changing = frozenset(variables)
        self._held = frozenset(held)
        self._exact = exact
        self._known: dict[tuple[str, When], Expression] = {}
        self._ends: dict[str, Expression] = {}
        self.define = temporaries.define
        self._temporaries = temporaries

    def settle(self, values: Mapping[str, Expression]) -> None:
        """Tell the values of variables at the end of the step."""
        self._ends.update(values)

    def at(self, name: str, when: When) -> Expression:
        """The name's value then, for names that stand still, are solved exactly or have been settled."""
        if when is When.START or not self.changes(name):
            return Name(name)
        if (name, when) not in self._known:
            self._known[name, when] = self._value(name, when)
        return self._known[name, when]

    def changes(self, name: str) -> bool:
        """Whether the name has another value at the end of the step than at its start."""
        return name in self._changing or name == "t"

    def read(self, expression: Expression, when: When, ours: Mapping[str, Expression]) -> Expression:
        """The expression with our own variables replaced as told, and all others by their value then."""
        others = dict.fromkeys(name.identifier for name in names_in(expression) if name.identifier not in ours)
        return substitute(expression, {**{name: self.at(name, when) for name in others}, **ours})

    def as_multiple(self, name: str) -> tuple[str, Expression]:
        """Of which name a temporary is a constant multiple, and which; else the name itself and 1."""
        meaning = self._temporaries.meaning(name)
        form = constant_form(meaning, self.constants | self._exact.entries()) if meaning else None
        if form is None or len(form.coefficients) != 1 or not is_zero(form.remainder):
            return name, ONE
        return next(iter(form.coefficients.items()))

    def ends(self, variables: Iterable[str]) -> dict[str, Expression]:
        """The value at the end of the step by variable."""
        return {variable: self._end(variable) for variable in variables}

    def _end(self, variable: str) -> Expression:
        if (variable, When.END) in self._known:
            return self._known[variable, When.END]
        if variable in self._exact.solved:
            return self._exact.row(variable, Solution.END)
        return self._ends[variable]

    def _value(self, name: str, when: When) -> Expression:
        if name == "t":
            return add(Name(name), scale(DT, when.passed))
        solution, suffix = _ROWS[when]
        if name in self._exact.solved:
            return self.define(f"{name}_{suffix}", self._held_or(name, self._exact.row(name, solution)))
        if when is When.END:
            return self.define(f"{name}_{suffix}", self._ends[name])
        end = self.at(name, When.END)
        if when.passed == Fraction(1, 2):
            return divide(add(Name(name), end), TWO)
        return add(Name(name), scale(subtract(end, Name(name)), when.passed))

    def _held_or(self, name: str, value: Expression) -> Expression:
        return Conditional(REFRACTORY, Name(name), value) if name in self._held else value
