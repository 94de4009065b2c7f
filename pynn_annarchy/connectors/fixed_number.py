"""Connectors that make a given number of connections: to each cell, from each cell, or in all."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from pyNN import connectors, errors
from pyNN.random import NumpyRNG

from pynn_annarchy.connectors.base import BlockConnector
from pynn_annarchy.connectors.bits import advance, bit_generator
from pynn_annarchy.connectors.blocks import BLOCK, Block, gathered
from pynn_annarchy.connectors.generated import NO_CELL, GeneratingConnector
from pynn_annarchy.engine import _pairs
from pynn_annarchy.random_numbers import NativeRNG


class _FixedNumber(connectors.FixedNumberConnector):
    """What the fixed-number connectors share: draws that exclude a cell."""

    def connect(self, projection):
        """Connect the projection's cells.

        Raises:
            ConnectionError: no cell is left to connect to; a weight of the wrong sign, a delay out of range.
        """
        unheeded = self._unheeded()
        if unheeded:
            warnings.warn(
                f"projection '{projection.label}': as in PyNN's own algorithm, {unheeded} makes no difference to "
                f"{type(self).__name__}",
                stacklevel=3,
            )
        super().connect(projection)

    def _unheeded(self) -> str:
        """The options that were given, but are not part of PyNN's algorithm."""
        return "allow_self_connections='NoMutual'" if self.allow_self_connections == "NoMutual" else ""

    def _excludes_self(self, projection: Any) -> bool:
        return not self.allow_self_connections and projection.pre == projection.post

    def _rng_uniform_int_exclude(self, n, size, exclude):
        """``n`` integers in [0, size), redrawn in place where they equal ``exclude``."""
        if n and size == 1:
            raise errors.ConnectionError(NO_CELL)
        drawn = self._integers(n, size)
        again = np.flatnonzero(drawn == exclude)
        while again.size:
            drawn[again] = self._integers(again.size, size)
            again = again[drawn[again] == exclude]
        return drawn

    def _integers(self, n: int, size: int) -> np.ndarray:
        if n and not size:
            raise errors.ConnectionError(NO_CELL)
        return np.asarray(self.rng.next(n, "uniform_int", {"low": 0, "high": size})).astype(np.int64, copy=False)

    def _without_replacement(self, n: int, cells: np.ndarray) -> np.ndarray:
        """``n`` of ``cells``: all of them as often as they fit into ``n``, the remainder a random choice."""
        if n and not cells.size:
            raise errors.ConnectionError(NO_CELL)
        full_sets, remainder = divmod(int(n), max(1, cells.size))
        chosen = [cells] * full_sets
        if remainder:
            chosen.append(self.rng.permutation(cells)[:remainder])
        return np.concatenate(chosen) if chosen else cells[:0]

    def _draws_natively(self) -> bool:
        return not self.with_replacement and type(self.rng) is NumpyRNG

    def _permuted(self, numbers: np.ndarray, size: int, excludes: bool) -> np.ndarray:
        """As _choose without replacement, for all columns or rows one after the other."""
        if numbers.any() and size <= excludes:
            raise errors.ConnectionError(NO_CELL)
        generator = bit_generator(self.rng)
        chosen = _pairs.choose_without_replacement(generator, size, excludes, numbers)
        advance(self.rng, generator)
        return chosen

    def _choose(self, n: int, size: int, exclude: int | None) -> np.ndarray:
        """``n`` of ``size`` cells for one column or row, by the connector's own rules."""
        if self.with_replacement:
            return self._integers(n, size) if exclude is None else self._rng_uniform_int_exclude(n, size, exclude)
        cells = np.arange(size)
        return self._without_replacement(n, cells if exclude is None else cells[cells != exclude])


class FixedNumberPreConnector(_FixedNumber, BlockConnector, connectors.FixedNumberPreConnector):
    __doc__ = connectors.FixedNumberPreConnector.__doc__

    def _blocks(self, projection):
        n_pre, n_post = projection.shape
        numbers = np.full(n_post, self.n) if isinstance(self.n, int) else np.asarray(self.n.next(n_post), dtype=int)
        excludes = self._excludes_self(projection)
        if self.with_replacement and not excludes:
            yield from _blocks_of(self._integers(int(numbers.sum()), n_pre), numbers)
        elif self._draws_natively():
            yield from _blocks_of(self._permuted(numbers, n_pre, excludes), numbers)
        else:
            columns = (self._choose(n, n_pre, j if excludes else None) for j, n in enumerate(numbers.tolist()))
            yield from gathered(columns, n_pre)


def _blocks_of(pre: np.ndarray, counts: np.ndarray) -> Iterator[Block]:
    """Blocks of columns that were made all at once."""
    width = max(1, BLOCK // max(1, int(counts.max(initial=0))))
    ends = np.cumsum(counts)
    for first in range(0, len(counts), width):
        here = counts[first : first + width]
        end = int(ends[first + len(here) - 1])
        post = np.repeat(np.arange(first, first + len(here), dtype=np.int32), here)
        yield Block(pre[end - len(post) : end], post, here)


class FixedNumberPostConnector(_FixedNumber, BlockConnector, connectors.FixedNumberPostConnector):
    __doc__ = connectors.FixedNumberPostConnector.__doc__

    def _blocks(self, projection):
        n_pre, n_post = projection.shape
        excludes = self._excludes_self(projection)
        if isinstance(self.n, int) and self.with_replacement and not excludes:
            counts, post = np.full(n_pre, self.n), self._integers(self.n * n_pre, n_post)
        elif isinstance(self.n, int) and self._draws_natively():
            counts = np.full(n_pre, self.n)
            post = self._permuted(counts, n_post, excludes)
        else:
            rows = [self._choose(self._get_num_post(), n_post, i if excludes else None) for i in range(n_pre)]
            counts = np.array([len(row) for row in rows], dtype=np.int64)
            post = np.concatenate([*rows, np.empty(0, np.int64)])
        return [Block.sorted_by_column(np.repeat(np.arange(n_pre, dtype=np.int32), counts), post, n_post)]


class FixedTotalNumberConnector(_FixedNumber, GeneratingConnector, connectors.FixedTotalNumberConnector):
    __doc__ = f"""{connectors.FixedTotalNumberConnector.__doc__}

    Makes ``n`` connections between randomly drawn pairs. As in PyNN's own algorithm, which this reproduces,
    ``allow_self_connections`` and ``with_replacement`` have no influence; a warning says so where they are given.

    With a `NativeRNG`, and weights and delays that are numbers or drawn by one too, the engine draws everything on all
    threads; random weights are then rounded to 32 bits.
    """

    def _unheeded(self):
        given = (
            [] if self.allow_self_connections is True else [f"allow_self_connections={self.allow_self_connections!r}"]
        )
        if not self.with_replacement:
            given.append("with_replacement=False")
        return " and ".join(given)

    def _number(self, projection):
        return self.n if isinstance(self.n, int) else int(self.n.next())

    def _blocks(self, projection):
        n_pre, n_post = projection.shape
        total = self._number(projection)
        # PyNN draws the share of this process, which is all of them, before the connections
        self.rng.next(1, "binomial", {"n": total, "p": 1.0})
        if total and not (n_pre and n_post):
            raise errors.ConnectionError(NO_CELL)
        if type(self.rng) is NumpyRNG:
            pairs = self.rng.rng.randint(0, np.tile([n_pre, n_post], total)).reshape(total, 2)
        elif type(self.rng) is NativeRNG:
            return [Block.sorted_by_column(*(self._integers(total, size) for size in (n_pre, n_post)), n_post)]
        else:
            pairs = np.array([[self._integers(1, size)[0] for size in (n_pre, n_post)] for _ in range(total)])
            pairs = pairs.reshape(total, 2)
        return [Block.sorted_by_column(pairs[:, 0], pairs[:, 1], n_post)]
