"""Rules about flags: none is accepted where it would mean nothing."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.flags import LOCALITIES
from pynn_annarchy.language.syntax import Assignment, DifferentialEquation, Equation, Flags

CELL_LOCALITIES = frozenset({"local", "global", "population"})
SYNAPSE_LOCALITIES = frozenset({"local", "global", "semiglobal", "projection", "postsynaptic"})

_EQUATION_ONLY = ("method", "event_driven", "unless_refractory")


def method_has_derivative(equation: Equation) -> None:
    """A numerical method belongs to a differential equation, and there is one method for it."""
    flags = equation.flags
    for name in ("method", "event_driven"):
        if name in dict(flags.spans) and not isinstance(equation, DifferentialEquation):
            hint = "an assignment is executed as it stands"
            raise EquationError(flags.where(name), "a method needs a differential equation", hint)
    if flags.method is not None and flags.event_driven:
        raise EquationError(flags.where("method"), "the method is given twice")


def derivative_is_real(equation: Equation) -> None:
    """A variable with a differential equation is a float."""
    flags = equation.flags
    if isinstance(equation, DifferentialEquation) and flags.dtype not in (None, "float"):
        message = f"a variable with a differential equation cannot be {flags.dtype}"
        raise EquationError(flags.where("dtype"), message)


def bounds_are_of_numbers(flags: Flags) -> None:
    """A bool variable has no bounds."""
    for name in ("minimum", "maximum"):
        if flags.dtype == "bool" and name in dict(flags.spans):
            raise EquationError(flags.where(name), "a bool variable has no bounds")


def locality_is_of_kind(flags: Flags, allowed: AbstractSet[str], kind: str) -> None:
    """Cells know ``local`` and ``population``; synapses ``local``, ``postsynaptic`` and ``projection``."""
    if flags.locality is not None and flags.locality not in allowed:
        message = f"'{flags.locality}' is no locality of a {kind}"
        raise EquationError(flags.where("locality"), message, "one of " + ", ".join(sorted(allowed)))


def refractoriness_exists(flags: Flags, *, has_refractory: bool) -> None:
    """``unless_refractory`` needs a model with a refractory period."""
    if flags.unless_refractory and not has_refractory:
        hint = "give the model a refractory period"
        raise EquationError(flags.where("unless_refractory"), "this model is never refractory", hint)
    if flags.unless_refractory and LOCALITIES[flags.locality or "local"] != "local":
        message = f"a {flags.locality} variable belongs to all cells, of which some may be refractory"
        raise EquationError(flags.where("unless_refractory"), message, "leave the flag out, or let it be local")


def refuse(flags: Flags, refused: Iterable[str], reason: str, hint: str = "") -> None:
    """Refuse the first of some flags that is given."""
    for name in refused:
        if name in dict(flags.spans):
            raise EquationError(flags.where(name), reason, hint)


def statement_has_no_method(statement: Assignment) -> None:
    """A statement at an event takes no flag that speaks of a course in time."""
    hint = "it belongs to the variable's equation"
    refuse(statement.flags, _EQUATION_ONLY, "this flag cannot stand at an event", hint)


def second_declaration(statement: Assignment, *, has_equation: bool) -> None:
    """What a variable starts from, its type and its locality are said once: by its equation or its first statement."""
    place = "equation" if has_equation else "first statement"
    reason, hint = f"this variable is declared by its {place}", f"it belongs to the variable's {place}"
    refuse(statement.flags, ("init", "dtype", "locality"), reason, hint)
