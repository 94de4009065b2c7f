"""Which spikes change a variable of a synapse: the pre-synaptic cell's, the post-synaptic one's, or both.

The stored value of a variable is as of the last spike that could change it, so that its side tells how old it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from pynn_annarchy.model.checked import Model


class Side(Enum):
    """The events at which a variable is stored."""

    PRE = "pre"
    POST = "post"
    BOTH = "both"


def sides(model: Model) -> Mapping[str, Side]:
    """The side of every variable that a synapse keeps; one that nobody changes is brought up to date by pre_spike."""
    pre = {statement.target for statement in model.pre_spike}
    post = {statement.target for statement in model.post_spike}
    return {v.name: _side(v.name in pre, v.name in post) for v in model.variables if v.is_kept}


def _side(by_pre: bool, by_post: bool) -> Side:
    if by_pre and by_post:
        return Side.BOTH
    return Side.POST if by_post else Side.PRE
