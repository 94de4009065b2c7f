"""What the solvers hand on: what happens to each variable in one step, in the syntax of the language.

Values of parameters are not known here. What must be computed numerically from them once per distinct parameter row is
named (`DerivedParameter`, `LinearSystem`) and filled at set-up (`propagators.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pynn_annarchy.language.syntax import Assignment, Expression
from pynn_annarchy.model.checked import Model


@dataclass(frozen=True, slots=True)
class DerivedParameter:
    """A number that follows from parameters and ``dt`` alone, e.g. ``1/cm``; ``expression`` holds only those names.

    In cells it may hold entries of propagators as well.
    """

    name: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Entry:
    """One used entry of a propagator: ``name`` is how the statements call it.

    ``column`` counts the system's variables; one more column, the last, is the inhomogeneous part.
    """

    name: str
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class LinearSystem:
    """dx/dt = A x + b with A and b depending on parameters only; inputs held over the step are variables with rate 0.

    Args:
        variables: names of x, in the order of rows and columns.
        matrix: A, in 1/ms, row by row.
        constant: b.
        transition: used entries of the solution over one step, x(t + dt) = P x(t) + c.
        mean: used entries of the mean over the step, (1/dt) * integral of x = M x(t) + m.
    """

    variables: tuple[str, ...]
    matrix: tuple[tuple[Expression, ...], ...]
    constant: tuple[Expression, ...]
    transition: tuple[Entry, ...]
    mean: tuple[Entry, ...] = ()


def entry_names(systems: Iterable[LinearSystem]) -> Iterator[str]:
    """The names of what is filled at set-up."""
    return (entry.name for system in systems for entry in (*system.transition, *system.mean))


@dataclass(frozen=True, slots=True)
class Choice:
    """Which method a block of variables got, and why, in words for people."""

    variables: tuple[str, ...]
    method: str
    reason: str


@dataclass(frozen=True, slots=True)
class Drive:
    """One variable that another follows: ``coefficient * variable`` in its rate of change.

    ``tau`` is the time constant with which it decays to zero itself.
    """

    variable: str
    coefficient: Expression
    tau: Expression


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The course of an event-driven variable between two events, solved exactly over any time that has elapsed.

    dx/dt = (end - x)/tau + sum over drives of coefficient * y; without ``tau``, dx/dt = growth. All of them are numbers
    or names of parameters and derived parameters.
    """

    variable: str
    tau: Expression | None
    end: Expression
    growth: Expression
    drives: tuple[Drive, ...] = ()


@dataclass(frozen=True, slots=True)
class Updates:
    """A model in discrete time.

    ``statements`` are executed in order, once a step. Their targets are variables of the model or temporaries (any
    other name), each temporary assigned before it is read. They hold names of parameters, derived parameters, entries
    of systems, variables, inputs, temporaries, ``t``, ``dt``, ``pi`` and the boolean ``is_refractory``. Bounds (min,
    max) and the holding of ``unless_refractory`` variables are not in them: lowering adds both.

    A synapse has no statements here: its handlers are the model's, ``relaxations`` say what happens between them.
    ``noise`` says of each temporary that is drawn at random which variable it belongs to.
    """

    model: Model
    statements: tuple[Assignment, ...]
    derived: tuple[DerivedParameter, ...]
    systems: tuple[LinearSystem, ...]
    choices: tuple[Choice, ...]
    relaxations: tuple[Relaxation, ...] = ()
    noise: tuple[tuple[str, str], ...] = ()
