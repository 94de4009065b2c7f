"""Which spikes change a variable of a synapse: the pre-synaptic cell's, the post-synaptic one's, or both.

Axonal spikes are the pre-synaptic cell's, too.

The stored value of a variable is as of the last spike that could change it, so that its side tells how old it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum

from pynn_annarchy.language.checks.definitions import changed_by
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.checked import Model
from pynn_annarchy.model.spec import Order
from pynn_annarchy.model.variables import value_of


class Side(Enum):
    """The events at which a variable is stored."""

    PRE = "pre"
    POST = "post"
    BOTH = "both"


def sides(model: Model) -> Mapping[str, Side]:
    """The side of every variable that a synapse keeps.

    One that no spike changes has the side of those that its equation follows; where there are none, pre_spike brings it
    up to date. In ANNarchy's order every spike brings all that have an equation up to date.
    """
    pre = {statement.target for statement in (*model.pre_spike, *model.pre_axon_spike)}
    post = {statement.target for statement in model.post_spike}
    rates = {changed_by(equation): identifiers(value_of(equation)) for equation in model.equations}
    kept = [variable.name for variable in model.variables if variable.is_kept]
    if model.spec.order is Order.ANNARCHY:
        at_each = set(rates)
        pre, post = (changed | at_each if changed else changed for changed in (pre, post))
    sources = {name: _sources(name, rates, pre | post) for name in kept}
    return {name: _side(bool(sources[name] & pre), bool(sources[name] & post)) for name in kept}


def _sources(name: str, rates: Mapping[str, Collection[str]], changed: Collection[str]) -> set[str]:
    """The variable, and, as long as spikes change nothing of it, all that it follows."""
    found: set[str] = set()
    waiting = {name}
    while waiting:
        source = waiting.pop()
        found.add(source)
        if source not in changed:
            waiting |= set(rates.get(source, ())) - found
    return found


def _side(by_pre: bool, by_post: bool) -> Side:
    if by_pre and by_post:
        return Side.BOTH
    return Side.POST if by_post else Side.PRE
