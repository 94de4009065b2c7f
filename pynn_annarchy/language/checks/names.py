"""Rules about names: which may be declared, and that every one that is read means something."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.functions import BUILT_IN
from pynn_annarchy.language.names import KEYWORDS, RESERVED, operation_in, suggestion, sum_of
from pynn_annarchy.language.syntax import Expression, Span
from pynn_annarchy.language.visit import names_in

ONLY_HERE = {
    "input": "'input' stands for what arrived in this step, in the increment of a receptor",
    "g_target": "'g_target' is what a synapse adds to its target, in 'pre_spike'",
    "sum": "write 'sum(exc)' for what a cell receives by the target 'exc', 'sum()' for all of it",
    "xi": "noise is a number that is drawn in each step, e.g. Normal(0, 1)",
    "delay": "the delay of a connection cannot be read in equations",
    "t_last": "'t_last' is the time of a cell's last spike, in cell types that have a 'spike' condition",
    "t_pre": "'t_pre' is the time of the last pre-synaptic spike, in statements and equations of synapses",
    "t_post": "'t_post' is the time of the last post-synaptic spike, in statements and equations of synapses",
}
"""Names that mean something in one place only."""


def may_be_declared(name: str, where: Span | None = None) -> None:
    """A parameter, input or variable is called by a word that has no other meaning."""
    span = where or Span(name, 0, len(name))
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise EquationError(span, f"'{name}' cannot be a name", "names are made of letters, digits and '_'")
    if name in KEYWORDS or name in RESERVED or name in BUILT_IN:
        raise EquationError(span, f"'{name}' has a meaning in the language", "choose another name")


def is_sum(name: str) -> bool:
    """Whether a name is ``sum(exc)`` or ``sum()``, which inputs may bear."""
    return re.fullmatch(r"sum\(([A-Za-z_]\w*)?\)", name, re.ASCII) is not None


def declared_once(names: Iterable[str]) -> None:
    """No two parameters, inputs or receptors share a name."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise EquationError(Span(name, 0, len(name)), f"'{name}' is declared twice")
        seen.add(name)


def _received(identifier: str) -> str:
    """The hint for a name of what cells receive, where it means nothing."""
    if is_sum(identifier):
        return f"what a cell receives is read in its own equations; synapses read 'post.{identifier}'"
    if identifier.startswith("g_") and len(identifier) > 2:
        return f"spiking cells receive '{identifier}', rate-coded ones '{sum_of(identifier.removeprefix('g_'))}'"
    return ""


def names_are_known(expression: Expression, known: AbstractSet[str], *, of_synapse: bool = False) -> None:
    """Every name that an expression reads is declared; a synapse may also read ``pre.x`` and ``post.x``."""
    for name in names_in(expression):
        identifier = name.identifier
        if identifier in known or operation_in(identifier) or (of_synapse and "." in identifier):
            continue
        if "." in identifier:
            raise EquationError(name.span, f"'{identifier}' cannot be read here", "only synapses have a pre and a post")
        hint = ONLY_HERE.get(identifier) or suggestion(identifier, known) or _received(identifier)
        raise EquationError(name.span, f"'{identifier}' is not defined", hint)
