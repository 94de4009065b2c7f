"""Connections as blocks: consecutive post-synaptic columns, each with its pre-synaptic indices in order of creation.

Two forms serve one purpose and have the same methods: `Block` lists its pairs, `Grid` holds all pairs of its columns
and lists none until it is asked to. Indices are those of the projection's own pre- and post-synaptic cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyNN import errors
from pyNN.common.populations import Population

from pynn_annarchy.engine import _pairs

BLOCK = 1 << 17
"""Pairs of cells looked at together: 1 MB of doubles, which stays in the cache."""

Column = tuple[np.ndarray, int]
"""Pre-synaptic indices, and the post-synaptic index that they share."""


@dataclass(frozen=True, slots=True)
class Block:
    """Listed connections; ``counts`` holds how many each of its columns has, and may hold zeros."""

    pre: np.ndarray
    post: np.ndarray
    counts: np.ndarray

    @classmethod
    def of_columns(cls, columns: list[np.ndarray], first: int) -> Block:
        """Columns given one by one; the first of them has index ``first``."""
        counts = np.array([len(column) for column in columns], dtype=np.int64)
        pre = np.concatenate(columns).astype(np.int32) if counts.sum() else np.empty(0, np.int32)
        return cls(pre, np.repeat(np.arange(first, first + len(columns), dtype=np.int32), counts), counts)

    @classmethod
    def sorted_by_column(cls, pre: np.ndarray, post: np.ndarray, n_post: int) -> Block:
        """All columns at once, from connections in the order of their creation."""
        key = post.astype(np.uint16) if n_post <= 1 << 16 else post  # NumPy sorts 16 bits by radix
        order = np.argsort(key, kind="stable")
        return cls(pre[order], post[order], np.bincount(post, minlength=n_post))

    @classmethod
    def joined(cls, blocks: Iterable[Block | Grid]) -> Block:
        """One block of consecutive ones."""
        listed = [block.listed() for block in blocks]
        if not listed:
            return cls(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int64))
        return cls(*(np.concatenate([getattr(one, name) for one in listed]) for name in cls.__slots__))

    def __len__(self) -> int:
        return len(self.pre)

    def listed(self) -> Block:
        return self

    def only(self, keep: np.ndarray) -> Block:
        """The connections for which the boolean array ``keep`` is true."""
        column = np.repeat(np.arange(len(self.counts)), self.counts)[keep]
        return Block(self.pre[keep], self.post[keep], np.bincount(column, minlength=len(self.counts)))

    def elements(self, matrix: np.ndarray) -> np.ndarray:
        """Entries of a matrix of shape (n_pre, n_post), one a connection."""
        return matrix[self.pre, self.post]

    def pairs(self, pre_values: np.ndarray, post_values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values of the pre- and of the post-synaptic cells, one of each a connection."""
        return pre_values[self.pre], post_values[self.post]

    def indices(self) -> tuple[np.ndarray, np.ndarray]:
        """Pre- and post-synaptic indices."""
        return self.pre, self.post

    def columns(self) -> Iterator[Column]:
        """Columns that have connections, as PyNN would hand them to a user's function."""
        end = 0
        for count in self.counts.tolist():
            if count:
                end += count
                yield self.pre[end - count : end].astype(np.int64), int(self.post[end - 1])


@dataclass(frozen=True, slots=True)
class Grid:
    """All pairs of ``n_pre`` consecutive cells and ``width`` consecutive post-synaptic cells."""

    n_pre: int
    first: int
    """The first post-synaptic cell."""
    width: int
    first_pre: int = 0

    @property
    def counts(self) -> np.ndarray:
        return np.full(self.width, self.n_pre)

    def __len__(self) -> int:
        return self.n_pre * self.width

    def listed(self) -> Block:
        return Block(*(index.ravel() for index in np.broadcast_arrays(*self.indices())), self.counts)

    def only(self, keep: np.ndarray) -> Block:
        """The pairs for which the boolean array ``keep`` is true."""
        keep = keep.reshape(self.width, self.n_pre)
        if 8 * np.count_nonzero(keep) > len(self):
            pre, post = np.broadcast_arrays(*self.indices())
            return Block(pre[keep], post[keep], np.count_nonzero(keep, axis=1))
        column, pre = np.divmod(np.flatnonzero(keep).astype(np.int32), np.int32(max(1, self.n_pre)))
        return Block(
            pre + np.int32(self.first_pre), column + np.int32(self.first), np.bincount(column, minlength=self.width)
        )

    def chosen(self, generator: np.random.BitGenerator, probability: Any) -> Block:
        """The pairs that numbers drawn from 0 to 1 choose; the probability is one number, or one for each pair."""
        limits = np.atleast_1d(np.asarray(probability, dtype=float))
        pre, counts = _pairs.choose(generator, limits, self.n_pre, self.width)
        post = np.repeat(np.arange(self.first, self.first + self.width, dtype=np.int32), counts)
        return Block(pre + np.int32(self.first_pre) if self.first_pre else pre, post, counts)

    def elements(self, matrix: np.ndarray) -> np.ndarray:
        """Entries of a matrix of shape (n_pre, n_post), one a pair."""
        return np.ascontiguousarray(matrix[self._pre, self.first : self.first + self.width].T).ravel()

    @property
    def _pre(self) -> slice:
        return slice(self.first_pre, self.first_pre + self.n_pre)

    def pairs(self, pre_values: np.ndarray, post_values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values of the pre- and of the post-synaptic cells, of shapes that broadcast to (width, n_pre)."""
        return pre_values[None, self._pre], post_values[self.first : self.first + self.width, None]

    def indices(self) -> tuple[np.ndarray, np.ndarray]:
        """Pre- and post-synaptic indices, of shapes that broadcast to (width, n_pre)."""
        pre, post = (
            np.arange(self.first_pre, self.first_pre + self.n_pre, dtype=np.int32),
            np.arange(self.first, self.first + self.width, dtype=np.int32),
        )
        return pre[None, :], post[:, None]

    def columns(self) -> Iterator[Column]:
        """All columns, as PyNN would hand them to a user's function."""
        for column in range(self.first, self.first + self.width):
            yield np.arange(self.first_pre, self.first_pre + self.n_pre), column


Pairs = Block | Grid


def grids(n_pre: int, n_post: int) -> Iterator[Grid]:
    """All pairs of cells, in grids of about `BLOCK`."""
    if not n_pre:
        return
    width = max(1, BLOCK // n_pre)
    for first in range(0, n_post, width):
        yield Grid(n_pre, first, min(width, n_post - first))


_LISTED = 64
"""Cells around the diagonal whose pairs are listed one by one."""


def off_diagonal(first: int, n: int) -> Iterator[Pairs]:
    """All pairs of different cells among n consecutive ones, most of them in grids, in no order that columns have."""
    if n <= _LISTED:
        grid = Grid(n, first, n, first)
        yield grid.only(np.not_equal(*grid.indices()))
        return
    half = n // 2
    yield Grid(half, first + half, n - half, first)
    yield Grid(n - half, first, half, first + half)
    yield from off_diagonal(first, half)
    yield from off_diagonal(first + half, n - half)


def gathered(masks: Iterable[Any], n_pre: int) -> Iterator[Block]:
    """Blocks of the source masks that PyNN's connectors make, one for each post-synaptic cell.

    A mask is an array of indices, a boolean array with one entry for each pre-synaptic cell, or True or False for all
    or none of them.
    """
    columns: list[np.ndarray] = []
    first, size = 0, 0
    for mask in masks:
        columns.append(_indices(mask, n_pre))
        size += len(columns[-1])
        if size >= BLOCK:
            yield Block.of_columns(columns, first)
            first, size, columns = first + len(columns), 0, []
    if columns:
        yield Block.of_columns(columns, first)


def _indices(mask: Any, n_pre: int) -> np.ndarray:
    array = np.asarray(mask)
    if array.ndim == 0:
        array = np.full(n_pre, bool(array))
    return np.flatnonzero(array) if array.dtype == bool else array


Permission = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Which pairs of pre- and post-synaptic indices may be connected."""


def permission(projection: Any, allow_self_connections: bool | str) -> Permission | None:
    """What a connector's ``allow_self_connections`` lets be connected; None where that is every pair.

    Raises:
        ConnectionError: 'NoMutual' in a projection that is not from a Population to itself.
    """
    if allow_self_connections == "NoMutual":
        if not (isinstance(projection.pre, Population) and projection.pre == projection.post):
            raise errors.ConnectionError(
                f"allow_self_connections='NoMutual' needs a projection from a Population to itself, "
                f"'{projection.label}' is not one"
            )
        return np.greater
    if allow_self_connections:
        return None
    pre_ids, post_ids = np.asarray(projection.pre.all_cells), np.asarray(projection.post.all_cells)
    if not np.intersect1d(pre_ids, post_ids).size:
        return None
    return lambda pre, post: pre_ids[pre] != post_ids[post]


def allowed(projection: Any, allow_self_connections: bool | str) -> Callable[[Pairs], Pairs]:
    """A filter that takes self-connections (or, for ``'NoMutual'``, all but i > j) out of a block."""
    permitted = permission(projection, allow_self_connections)

    def keep_permitted(pairs: Pairs) -> Pairs:
        if permitted is None:
            return pairs
        return pairs.only(permitted(*pairs.indices()))

    return keep_permitted
