"""Which neurons are connected: patterns as pairs of ranks, and connections as what a projection keeps of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pynn_annarchy.engine.arrays import FloatArray, IntArray, Value
from pynn_annarchy.exceptions import ModelError

RankArray = npt.NDArray[np.int32]

_BLOCK = 1 << 20
"""Pairs that are looked at together."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Connections by the positions of their neurons, one dendrite after the other."""

    pre: RankArray
    post: RankArray

    def __len__(self) -> int:
        return len(self.pre)


def all_pairs(n_pre: int, n_post: int) -> Pairs:
    """Every pair."""
    pre, post = np.arange(n_pre, dtype=np.int32), np.arange(n_post, dtype=np.int32)
    return Pairs(np.tile(pre, n_post), np.repeat(post, n_pre))


def different(pairs: Pairs, pre_ranks: IntArray, post_ranks: IntArray) -> Pairs:
    """The pairs of different neurons."""
    return chosen(pairs, pre_ranks[pairs.pre] != post_ranks[pairs.post])


def chosen(pairs: Pairs, which: npt.NDArray[np.bool_]) -> Pairs:
    """Those of the pairs."""
    return Pairs(pairs.pre[which], pairs.post[which])


def random_pairs(n_pre: int, n_post: int, probability: float, rng: np.random.Generator) -> Pairs:
    """Each pair with a probability; one number is drawn for each, dendrite by dendrite."""
    return joined(
        n_pre, n_post, lambda start, stop: rng.random((stop - start, n_pre)) < probability if n_pre else np.empty((0, 0))
    )


def joined(n_pre: int, n_post: int, mask: Callable[[int, int], Any]) -> Pairs:
    """Pairs from truth values of some dendrites at a time: ``mask(start, stop)`` has the shape (stop - start, n_pre)."""
    height = max(1, _BLOCK // max(1, n_pre))
    parts = []
    for start in range(0, n_post, height):
        rows, columns = np.nonzero(mask(start, min(n_post, start + height)))
        parts.append((columns.astype(np.int32), (rows + start).astype(np.int32)))
    pre, post = (np.concatenate(side) for side in zip(*parts, strict=True))
    return Pairs(pre, post)


def fixed_number(
    n_from: int, number: int, n_rows: int, itself: IntArray, rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    """For each row `number` different positions of `n_from`, ascending; shape (n_rows, number).

    Args:
        itself: position that a row must not choose, -1 where it may choose all.

    Raises:
        ModelError: a row has not as many to choose from.
    """
    available = n_from - int((itself >= 0).any())
    if number > available:
        raise ModelError(f"{number} neurons cannot be chosen out of {available}")
    found = np.empty((n_rows, number), np.int32)
    for row, forbidden in enumerate(itself):
        if forbidden < 0:
            found[row] = rng.choice(n_from, number, replace=False, shuffle=False)
        else:
            picked = rng.choice(n_from - 1, number, replace=False, shuffle=False)
            found[row] = picked + (picked >= forbidden)
    found.sort(axis=1)
    return found


def profile_pairs(
    pre: FloatArray, post: FloatArray, profile: Callable[[FloatArray], FloatArray], limit: float
) -> tuple[Pairs, FloatArray]:
    """Pairs whose weight, a function of the squared distance, is larger than a limit in size.

    Args:
        pre, post: coordinates, shapes (n_pre, n_dimensions) and (n_post, n_dimensions).

    Returns:
        The pairs and their weights.
    """
    weights: list[FloatArray] = []

    def mask(start: int, stop: int) -> Any:
        squared = np.zeros((stop - start, len(pre)))
        for dimension in range(pre.shape[1]):
            squared += (post[start:stop, dimension, None] - pre[None, :, dimension]) ** 2
        here = profile(squared)
        is_large = np.abs(here) > limit
        weights.append(here[is_large])
        return is_large

    pairs = joined(len(pre), len(post), mask)
    return pairs, np.concatenate(weights)


@dataclass(frozen=True, slots=True, eq=False)
class Connections:
    """Connections of a projection, sorted by post-synaptic and within a dendrite by pre-synaptic rank.

    Args:
        pre, post: ranks in the populations.
        weights: one for all or one each.
        delays: in ms; one for all or one each.
    """

    pre: RankArray
    post: RankArray
    weights: Value
    delays: Value

    def __len__(self) -> int:
        return len(self.pre)

    @classmethod
    def sorted(cls, pre: RankArray, post: RankArray, weights: Value, delays: Value, label: str) -> Connections:
        """From connections in any order.

        Raises:
            ModelError: two connections between the same neurons.
        """
        key = post.astype(np.int64) << 32 | pre.astype(np.int64)
        steps = np.diff(key)
        if (steps < 0).any():
            order = np.argsort(key, kind="stable")
            pre, post, steps = pre[order], post[order], np.diff(key[order])
            weights, delays = (value if isinstance(value, float) else value[order] for value in (weights, delays))
        if not steps.all():
            twice = int(np.argmin(steps != 0))
            raise ModelError(
                f"{label}: the synapse from neuron {pre[twice]} to neuron {post[twice]} is given more than once; "
                "use a second projection for a second synapse"
            )
        return cls(pre, post, weights, delays)
