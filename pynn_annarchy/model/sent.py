"""Which lines of a synapse type decide how large that is what it sends: for the errors that a network raises later."""

from __future__ import annotations

from collections.abc import Iterator

from pynn_annarchy.language.checks.definitions import changed_by
from pynn_annarchy.language.syntax import Equation
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.checked import Model
from pynn_annarchy.model.variables import INCREMENT, value_of


def lines_behind_what_is_sent(model: Model) -> list[str]:
    """The user's lines, each with its place: those that send, and of all that these read what no bounds limit.

    A line ``weight += 0.1*weight`` is followed where it has no ``min`` and ``max``, and so is what it reads.
    """
    followed = {INCREMENT} | (identifiers(model.psp) if model.psp is not None else frozenset())
    unlimited = _without_bounds(model)
    lines: list[tuple[str, Equation]] = []
    while True:
        lines = [(where, each) for where, each in _lines(model) if changed_by(each) in followed & unlimited]
        found = followed.union(*(identifiers(value_of(each)) for _, each in lines))
        if found == followed:
            sent = [] if model.psp is None else [f"{model.spec.psp.strip()}   (psp)"]
            return sent + [f"{each.span.locate()[0]}   ({where})" for where, each in lines]
        followed = found


def _without_bounds(model: Model) -> set[str]:
    return {INCREMENT} | {each.name for each in model.variables if each.minimum is None or each.maximum is None}


def _lines(model: Model) -> Iterator[tuple[str, Equation]]:
    for where, statements in (
        ("pre_spike", model.pre_spike),
        ("pre_axon_spike", model.pre_axon_spike),
        ("post_spike", model.post_spike),
        ("equations", model.equations),
    ):
        yield from ((where, statement) for statement in statements)
