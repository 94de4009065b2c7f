"""Rules about what an expression may depend on."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.functions import DISTRIBUTIONS
from pynn_annarchy.language.names import operation_in
from pynn_annarchy.language.syntax import Assignment, Call, Expression
from pynn_annarchy.language.visit import names_in, nodes

_REACH = {"global": 0, "semiglobal": 1, "local": 2}

_NUMBER_OF = {"global": "one value for all", "semiglobal": "one value for each post-synaptic cell"}


def depends_on(expression: Expression, names: AbstractSet[str], what: str, kinds: str = "parameters") -> None:
    """Depends on some names, ``dt`` and ``pi`` alone: on parameters, where it is computed before the start."""
    for name in names_in(expression):
        if name.identifier not in {*names, "dt", "pi"}:
            message = f"{what} cannot depend on '{name.identifier}'"
            raise EquationError(name.span, message, f"it may depend on {kinds} and dt only")


CONSTANT_ONLY = "its coefficients may depend on parameters only; without the flag it is advanced in every step"
"""The way out for event-driven equations that depend on anything else."""


def follows_no_spike_time(expression: Expression) -> None:
    """An event-driven equation is solved over the time between spikes, whenever they were."""
    for name in names_in(expression):
        if name.identifier in ("t_pre", "t_post"):
            message = f"an event-driven equation cannot depend on '{name.identifier}'"
            raise EquationError(name.span, message, CONSTANT_ONLY)


def draws_nothing(expression: Expression, what: str) -> None:
    """A bound or a duration is not drawn at random."""
    for node in nodes(expression):
        if isinstance(node, Call) and node.function in DISTRIBUTIONS:
            raise EquationError(node.span, f"{what} cannot be random")


def reaches_no_further(expression: Expression, locality: str, localities: Mapping[str, str]) -> None:
    """A global variable depends on nothing local or semiglobal, a semiglobal one on nothing local or pre-synaptic."""
    for name in names_in(expression):
        other = _locality_of(name.identifier, localities)
        if _REACH[other] > _REACH[locality]:
            message = f"a {locality} variable cannot depend on '{name.identifier}', which is {other}"
            raise EquationError(name.span, message, f"{locality} means {_NUMBER_OF[locality]}")


def changes_what_is_local(statement: Assignment, localities: Mapping[str, str]) -> None:
    """An event happens to one cell or synapse, and changes that one alone."""
    locality = localities.get(statement.target, "local")
    if locality != "local":
        message = f"an event cannot change '{statement.target}', which is {locality}"
        raise EquationError(statement.span, message, f"{locality} means {_NUMBER_OF[locality]}")


def _locality_of(identifier: str, localities: Mapping[str, str]) -> str:
    """Locality of a name; ``post.x`` has one value for each post-synaptic cell, ``pre.x`` one for each synapse."""
    if operation_in(identifier):
        return "global"
    if identifier.startswith("post."):
        return "semiglobal"
    return localities.get(identifier, "local" if "." in identifier else "global")
