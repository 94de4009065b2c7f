"""What is known of every name during one step: at its start, in its middle, its mean, at its end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import Enum, auto

from pynn_annarchy.language.syntax import Conditional, Expression, Name
from pynn_annarchy.language.visit import names_in, substitute
from pynn_annarchy.solvers.algebra import DT, TWO, add, divide
from pynn_annarchy.solvers.exact import REFRACTORY, ExactSolver, Solution
from pynn_annarchy.solvers.names import Temporaries


class When(Enum):
    START = auto()
    MIDDLE = auto()
    MEAN = auto()
    END = auto()


_ROWS = {
    When.MIDDLE: (Solution.MIDDLE, "mid"),
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
        self, variables: Collection[str], held: Collection[str], exact: ExactSolver, temporaries: Temporaries
    ) -> None:
        self._changing = frozenset(variables)
        self._held = frozenset(held)
        self._exact = exact
        self._known: dict[tuple[str, When], Expression] = {}
        self._ends: dict[str, Expression] = {}
        self.define = temporaries.define

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
            return add(Name(name), DT if when is When.END else divide(DT, TWO))
        solution, suffix = _ROWS[when]
        if name in self._exact.solved:
            return self.define(f"{name}_{suffix}", self._held_or(name, self._exact.row(name, solution)))
        if when is When.END:
            return self.define(f"{name}_{suffix}", self._ends[name])
        return divide(add(Name(name), self.at(name, When.END)), TWO)

    def _held_or(self, name: str, value: Expression) -> Expression:
        return Conditional(REFRACTORY, Name(name), value) if name in self._held else value
