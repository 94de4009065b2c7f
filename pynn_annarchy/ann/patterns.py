"""Which neurons are connected: patterns as pairs of ranks, and connections as what a projection keeps of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from pynn_annarchy.engine.arrays import AnyArray, FloatArray, IntArray, Value
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
        n_pre,
        n_post,
        lambda start, stop: rng.random((stop - start, n_pre)) < probability if n_pre else np.empty((0, 0)),
    )


def joined(n_pre: int, n_post: int, mask: Callable[[int, int], Any]) -> Pairs:
    """Pairs from truth values of some dendrites at a time: `mask(start, stop)`, shape (stop - start, n_pre)."""
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
        ascends = _ascend(pre, post)
        if not ascends.all():
            order = np.lexsort((pre, post))
            pre, post = pre[order], post[order]
            weights, delays = (value if isinstance(value, float) else value[order] for value in (weights, delays))
            ascends = _ascend(pre, post)
        if not ascends.all():
            twice = int(np.argmin(ascends))
            raise ModelError(
                f"{label}: the synapse from neuron {pre[twice]} to neuron {post[twice]} is given more than once; "
                "use a second projection for a second synapse"
            )
        return cls(pre, post, weights, delays)


def _ascend(pre: RankArray, post: RankArray) -> npt.NDArray[np.bool_]:
    """Whether each connection but the first comes after the one before, by post-, then by pre-synaptic rank."""
    return (post[1:] > post[:-1]) | ((post[1:] == post[:-1]) & (pre[1:] > pre[:-1]))


class Dendrites:
    """Which synapses belong together, and where each of them lies among the engine's, which are sorted by (pre, post).

    Args:
        pre, post: ranks in the populations, sorted by (post, pre).
    """

    def __init__(self, pre: RankArray, post: RankArray) -> None:
        first = np.flatnonzero(np.diff(post, prepend=-1))
        self.pre = pre
        self.post_ranks: list[int] = post[first].tolist()
        self.starts: IntArray = np.append(first, len(post)).astype(np.int64)
        self._position = {rank: position for position, rank in enumerate(self.post_ranks)}
        self._is_grid = self._all_have_the_same_pre()
        self._order: IntArray | None = None

    @classmethod
    def of_engine(cls, pre: RankArray, post: RankArray) -> Dendrites:
        """From ranks in the order of the engine."""
        order = _stable_order(post)
        return cls(pre[order], post[order])

    def __len__(self) -> int:
        return len(self.post_ranks)

    @property
    def n(self) -> int:
        """Number of synapses."""
        return len(self.pre)

    @property
    def sizes(self) -> IntArray:
        """Number of synapses of each dendrite."""
        return np.diff(self.starts)

    @property
    def post(self) -> RankArray:
        """Post-synaptic rank of each synapse."""
        return np.repeat(np.array(self.post_ranks, np.int32), self.sizes)

    def position(self, post_rank: int) -> int | None:
        """Place of the dendrite of a neuron, None where it has none."""
        return self._position.get(post_rank)

    def of(self, position: int) -> slice:
        """Synapses of a dendrite."""
        return slice(int(self.starts[position]), int(self.starts[position + 1]))

    def split(self, values: AnyArray) -> list[list[Any]]:
        """One value a synapse as lists, one a dendrite."""
        return [values[start:stop].tolist() for start, stop in pairwise(self.starts.tolist())]

    def flat(self, value: Any, shape: tuple[int, int], what: str) -> AnyArray:
        """One value a synapse, from what a user gives.

        Args:
            value: a list with a value or a list of values for each dendrite, an array of that shape, or a matrix of all
                pairs with the post-synaptic neurons first.
            shape: of such a matrix.

        Raises:
            ModelError: as many neither of dendrites nor of synapses in one of them.
        """
        if isinstance(value, np.ndarray) and value.ndim == 2 and value.shape == shape:
            return value[self.post, self.pre]
        rows = list(value)
        if len(rows) != len(self):
            raise ModelError(f"{what}: a list needs an entry for each of {len(self)} dendrites, and has {len(rows)}")
        if all(np.ndim(row) == 0 for row in rows):
            return np.repeat(np.asarray(value), self.sizes)
        for row, size, rank in zip(rows, self.sizes.tolist(), self.post_ranks, strict=True):
            if np.shape(row) not in ((), (size,)):
                raise ModelError(f"{what}: the dendrite of neuron {rank} has {size} synapses, and cannot take {row!r}")
        return np.concatenate([np.broadcast_to(row, size) for row, size in zip(rows, self.sizes, strict=True)])

    # the order of the engine

    def _all_have_the_same_pre(self) -> bool:
        n_dendrites = len(self.post_ranks)
        if n_dendrites == 0 or len(self.pre) % n_dendrites:
            return False
        rows = self.pre.reshape(n_dendrites, -1)
        return bool((np.diff(self.starts) == rows.shape[1]).all() and (rows == rows[0]).all())

    def to_engine(self, values: AnyArray) -> AnyArray:
        """One value a synapse in the order of the engine."""
        if self._is_grid:
            return values.reshape(len(self), -1).T.reshape(-1)
        sorted_values = np.empty_like(values)
        sorted_values[self._places()] = values
        return sorted_values

    def from_engine(self, values: AnyArray) -> AnyArray:
        """One value a synapse, dendrite after dendrite."""
        if self._is_grid:
            return values.reshape(-1, len(self)).T.reshape(-1)
        return values[self._places()]

    def engine_index(self, position: int) -> IntArray:
        """Where the synapses of a dendrite lie in the order of the engine."""
        if self._is_grid:
            return np.arange(int(self.starts[1])) * len(self) + position
        return self._places()[self.of(position)]

    def _places(self) -> IntArray:
        if self._order is None:
            self._order = np.empty(self.n, np.int64)
            self._order[_stable_order(self.pre)] = np.arange(self.n)
        return self._order


def _stable_order(ranks: RankArray) -> IntArray:
    """Indices that sort ranks and keep the order of equal ones; in linear time where 16 bits hold the ranks."""
    narrow = ranks.astype(np.uint16) if np.max(ranks, initial=0) < 1 << 16 else ranks
    return np.argsort(narrow, kind="stable")
