"""Closed linear systems with constant coefficients: which numbers to compute at set-up, and how a step uses them.

The solution over one step is x(t + dt) = P x(t) + c. Whatever is given from outside and held over the step (an injected
current, the result of an assignment) is a variable with rate zero, and time is one with rate one, so that A and b
depend on parameters only. A part of the matrix gives what is reached after that part of the step, the integral of the
solution its mean.

Source: Rotter & Diesmann 1999, Biol. Cybern. 81:381-402.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from pynn_annarchy.language.syntax import Conditional, Expression, Name
from pynn_annarchy.language.visit import names_in
from pynn_annarchy.solvers.algebra import ONE, ZERO, is_zero, linear_form, multiply, scale, total
from pynn_annarchy.solvers.graphs import reachable
from pynn_annarchy.solvers.names import FreshNames
from pynn_annarchy.solvers.updates import Entry, LinearSystem, entry_names

REFRACTORY = Name("is_refractory")


class Solution(Enum):
    """What is asked of a system: (prefix of matrix entries, prefix of constant entries)."""

    END = ("P", "c")
    MEAN = ("M", "m")
    QUARTER = ("Q", "q")
    MIDDLE = ("H", "h")
    THREE_QUARTERS = ("T", "u")


_PARTS = {
    Solution.QUARTER: Fraction(1, 4),
    Solution.MIDDLE: Fraction(1, 2),
    Solution.THREE_QUARTERS: Fraction(3, 4),
}
"""Solutions within a step, and the part of the step after which they hold."""


@dataclass(frozen=True, slots=True)
class System:
    """dx/dt = A x + b; ``solved`` are the variables of the model among ``states``, the rest is given from outside."""

    states: tuple[str, ...]
    solved: tuple[str, ...]
    matrix: tuple[tuple[Expression, ...], ...]
    constant: tuple[Expression, ...]

    def holding(self, held: Collection[str]) -> System:
        """The system with the rates of some variables zero."""
        nothing = tuple(ZERO for _ in self.states)
        matrix = tuple(nothing if state in held else row for state, row in zip(self.states, self.matrix, strict=True))
        constant = tuple(ZERO if s in held else b for s, b in zip(self.states, self.constant, strict=True))
        return System(self.states, self.solved, matrix, constant)

    def part(self, wanted: Collection[str]) -> System:
        """The system of some variables, which depend on no others, and of what is given from outside."""
        states = tuple(state for state in self.states if state in wanted or state not in self.solved)
        chosen = [self.states.index(state) for state in states]
        matrix = tuple(tuple(self.matrix[i][j] for j in chosen) for i in chosen)
        solved = tuple(variable for variable in self.solved if variable in wanted)
        return System(states, solved, matrix, tuple(self.constant[i] for i in chosen))

    def scaled(self, part: Fraction) -> System:
        """The system whose solution after one step is this one's after a part of a step."""
        matrix = tuple(tuple(scale(entry, part) for entry in row) for row in self.matrix)
        return System(self.states, self.solved, matrix, tuple(scale(entry, part) for entry in self.constant))

    def graph(self) -> dict[int, frozenset[int]]:
        """By row, the columns whose entries are not zero."""
        columns = range(len(self.states))
        return {i: frozenset(j for j in columns if not is_zero(row[j])) for i, row in enumerate(self.matrix)}


def assemble(rates: Mapping[str, Expression], constants: Collection[str]) -> System:
    """The system of rates that are linear in their own variables with constant coefficients.

    What remains of each rate must be linear in names held over the step (and ``t``) or hold none; see
    `classify.exactly_solvable`, which makes sure of it.
    """
    read = dict.fromkeys(name.identifier for rate in rates.values() for name in names_in(rate))
    states = (*rates, *(name for name in read if name not in rates and name not in constants))
    forms = {variable: linear_form(rate, states) for variable, rate in rates.items()}
    matrix, constant = [], []
    for state in states:
        form = forms.get(state)
        matrix.append(tuple(form.coefficient(other) if form else ZERO for other in states))
        constant.append(form.remainder if form else ONE if state == "t" else ZERO)
    return System(states, tuple(rates), tuple(matrix), tuple(constant))


class ExactSolver:
    """Writes the solution of one system row by row, and keeps account of the propagator entries that this uses.

    Args:
        held: variables that stand still in refractoriness.
        common: variables that are one value for all elements: they are solved without the others, so that no last bit
            of theirs depends on an element's parameters.
    """

    def __init__(self, system: System, held: Collection[str], common: Collection[str], names: FreshNames) -> None:
        self._names = names
        self._common = frozenset(common) & frozenset(system.solved)
        self._held = frozenset(held) & frozenset(system.solved)
        self._always = _Regime(system, "")
        self._together = _Regime(system.part(self._common), "")
        self._refractory = _Regime(system.holding(self._held), "_held")
        self._closure = reachable(system.graph())

    @property
    def solved(self) -> tuple[str, ...]:
        return self._always.system.solved

    def row(self, variable: str, solution: Solution) -> Expression:
        """The variable at the end of a step in which it is not itself held, within it, or its mean over it."""
        regime = self._together if variable in self._common else self._always
        active = regime.row(variable, solution, self._names)
        if self._follows_held(variable):
            return Conditional(REFRACTORY, self._refractory.row(variable, solution, self._names), active)
        return active

    def systems(self) -> tuple[LinearSystem, ...]:
        """What must be filled at set-up for the rows asked for so far."""
        return self._always.systems() + self._together.systems() + self._refractory.systems()

    def entries(self) -> frozenset[str]:
        """Names of all entries that the rows asked for so far use."""
        return frozenset(entry_names(self.systems()))

    def _follows_held(self, variable: str) -> bool:
        states = self._always.system.states
        followed = {states[column] for column in self._closure[states.index(variable)]}
        return variable not in self._held and not followed.isdisjoint(self._held)


class _Regime:
    """A system and the entries used of its solutions."""

    def __init__(self, system: System, suffix: str) -> None:
        self.system = system
        self._suffix = suffix
        self._graph = system.graph()
        self._closure = reachable(self._graph)
        self._entries: dict[tuple[Solution, int, int], Entry] = {}

    def row(self, variable: str, solution: Solution, names: FreshNames) -> Expression:
        states, i = self.system.states, self.system.states.index(variable)
        columns = [i, *(j for j in range(len(states)) if j != i and j in self._closure[i])]
        terms = [self._term(solution, i, j, names) for j in columns]
        if any(not is_zero(self.system.constant[j]) for j in {i, *self._closure[i]}):
            terms.append(Name(self._entry(solution, i, len(states), names)))
        return total(terms)

    def systems(self) -> tuple[LinearSystem, ...]:
        full = self._linear_system(self.system, Solution.END, Solution.MEAN)
        parts = (self._linear_system(self.system.scaled(part), within, None) for within, part in _PARTS.items())
        return tuple(system for system in (full, *parts) if system.transition or system.mean)

    def _term(self, solution: Solution, i: int, j: int, names: FreshNames) -> Expression:
        factor = ONE if i == j and i not in self._closure[i] else Name(self._entry(solution, i, j, names))
        return multiply(factor, Name(self.system.states[j]))

    def _entry(self, solution: Solution, i: int, j: int, names: FreshNames) -> str:
        key = (solution, i, j)
        if key not in self._entries:
            matrix, constant = solution.value
            states = self.system.states
            wish = f"{matrix}_{states[i]}_{states[j]}" if j < len(states) else f"{constant}_{states[i]}"
            self._entries[key] = Entry(names.fresh(wish + self._suffix), i, j)
        return self._entries[key].name

    def _linear_system(self, system: System, transition: Solution, mean: Solution | None) -> LinearSystem:
        def entries(wanted: Solution | None) -> tuple[Entry, ...]:
            return tuple(entry for (solution, _, _), entry in self._entries.items() if solution is wanted)

        return LinearSystem(system.states, system.matrix, system.constant, entries(transition), entries(mean))
