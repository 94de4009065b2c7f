"""What a synapse sees of its cells: their variables and parameters, by the names ``pre.x`` and ``post.x``.

A synapse that sees any, transmits all the time, has an equation that is not event-driven, or one of what it shares with
others, does something in every step: it is *clocked*. All others are visited by spikes only.
"""

from __future__ import annotations

from collections.abc import Iterator

from pynn_annarchy.language.checks.definitions import changed_by
from pynn_annarchy.language.names import operation_in
from pynn_annarchy.language.syntax import Expression, Span
from pynn_annarchy.language.visit import names_in
from pynn_annarchy.model.checked import Model
from pynn_annarchy.model.spec import Kind
from pynn_annarchy.model.variables import value_of

PRE, POST = "pre.", "post."


def is_clocked(model: Model) -> bool:
    """Whether a model is one of synapses that do something in every step."""
    if model.spec.kind is not Kind.SYNAPSE:
        return False
    shared = {variable.name for variable in model.variables if variable.locality != "local"}
    stepped = any(not equation.flags.event_driven or changed_by(equation) in shared for equation in model.equations)
    return (
        model.psp is not None or stepped or any(seen(model, side) or seen_of_all(model, side) for side in (PRE, POST))
    )


def seen(model: Model, side: str) -> tuple[str, ...]:
    """Names of what a synapse sees of the cell of one side, without the prefix, in the order of the text."""
    names = (name.identifier for _, expression in _expressions(model) for name in names_in(expression))
    return tuple(dict.fromkeys(name.removeprefix(side) for name in names if name.startswith(side)))


def seen_of_all(model: Model, side: str) -> tuple[str, ...]:
    """The same for values of the whole population of one side: 'mean(r)' for ``mean(pre.r)``."""
    parts = (operation_in(name.identifier) for _, expression in _expressions(model) for name in names_in(expression))
    found = (f"{part[0]}({part[1].removeprefix(side)})" for part in parts if part and part[1].startswith(side))
    return tuple(dict.fromkeys(found))


def first_mention(model: Model, identifier: str) -> tuple[str, Span] | None:
    """Where a name is read for the first time: in which part of the model, and its place in the text; None: nowhere."""
    for where, expression in _expressions(model):
        for name in names_in(expression):
            if name.identifier == identifier:
                return where, name.span
    return None


def _expressions(model: Model) -> Iterator[tuple[str, Expression]]:
    """Every expression that is evaluated while time goes on, and the words for where it stands."""
    for equation in model.equations:
        yield f"variable '{changed_by(equation)}'", value_of(equation)
    for statement in model.pre_spike:
        yield "pre_spike", statement.value
    for statement in model.pre_axon_spike:
        yield "pre_axon_spike", statement.value
    for statement in model.post_spike:
        yield "post_spike", statement.value
    for variable in model.variables:
        for bound in (variable.minimum, variable.maximum):
            if bound is not None:
                yield f"variable '{variable.name}'", bound
    if model.psp is not None:
        yield "psp", model.psp
