"""Small-world networks in space, which PyNN declares and leaves unimplemented."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyNN import connectors, errors
from pyNN.connectors import Connector, _get_rng

from pynn_annarchy.connectors.base import BlockConnector
from pynn_annarchy.connectors.blocks import Block, permission
from pynn_annarchy.connectors.values import DistanceMap


class SmallWorldConnector(BlockConnector, connectors.SmallWorldConnector):
    """Connects neighbours in space, and sends some of the connections elsewhere (Watts & Strogatz 1998).

    For each pre-synaptic cell in turn:

    1. its local targets are the cells nearer than `degree`, in the projection's space;
    2. with `n_connections`, so many of these are chosen at random; where there are fewer, all of them are taken, and
       the missing ones are drawn from the other cells;
    3. each connection is rewired with probability `rewiring`: it goes to a cell that the pre-synaptic cell has no
       connection to after step 2, every such cell being as likely. No two go to the same cell; where none is left, the
       connection stays.

    So a pre-synaptic cell keeps the number of its connections, and no pair of cells is connected twice. On a ring
    (cells on a line, a `Space` with periodic boundaries) this is the model of the paper, for directed connections. All
    numbers are drawn from `rng` itself, not from a copy.

    Takes any of the standard :class:`Connector` optional arguments and, in addition:

        `degree`:
            the distance, in the unit of the positions, below which cells are connected locally.
        `rewiring`:
            the probability of rewiring each connection.
        `allow_self_connections`:
            whether a cell may connect to itself, locally or by rewiring; 'NoMutual' in a projection from a Population
            to itself: only to cells of lower index.
        `n_connections`:
            the number of connections from each pre-synaptic cell; by default as many as there are local targets.
        `rng`:
            an :class:`RNG` instance used to choose connections.

    Source: Watts & Strogatz 1998, Nature 393:440-442.
    """

    def __init__(
        self,
        degree,
        rewiring,
        allow_self_connections=True,
        n_connections=None,
        location_selector=None,
        rng=None,
        safe=True,
        callback=None,
    ):
        Connector.__init__(self, location_selector, safe, callback)
        if not 0 <= rewiring <= 1:
            raise ValueError(f"rewiring is a probability, from 0 to 1, not {rewiring}")
        if n_connections is not None and (n_connections < 0 or n_connections != int(n_connections)):
            raise ValueError(f"n_connections is a whole number, not {n_connections}")
        if allow_self_connections not in (True, False, "NoMutual"):
            raise ValueError(f"allow_self_connections is True, False or 'NoMutual', not {allow_self_connections!r}")
        self.degree = degree
        self.rewiring = rewiring
        self.allow_self_connections = allow_self_connections
        self.n_connections = n_connections
        self.rng = _get_rng(rng)

    def _blocks(self, projection):
        n_pre, n_post = projection.shape
        distances = DistanceMap(projection)
        permitted = permission(projection, self.allow_self_connections)
        post = np.arange(n_post, dtype=np.int32)
        targets = [np.empty(0, np.int64)]
        for i in range(n_pre):
            pre = np.full(n_post, i, dtype=np.int32)
            is_possible = np.ones(n_post, dtype=bool) if permitted is None else permitted(pre, post)
            is_local = distances.between(Block(pre, post, np.ones_like(post))) < self.degree
            targets.append(self._targets(is_local & is_possible, is_possible, projection))
        pre = np.repeat(np.arange(n_pre, dtype=np.int32), [len(one) for one in targets[1:]])
        return [Block.sorted_by_column(pre, np.concatenate(targets), n_post)]

    def _targets(self, is_local: np.ndarray, is_possible: np.ndarray, projection: Any) -> np.ndarray:
        """Post-synaptic indices of one pre-synaptic cell; boolean arrays tell its local and its possible ones."""
        targets = self._first_targets(is_local, is_possible, projection)
        is_free = is_possible.copy()
        is_free[targets] = False
        moved = np.flatnonzero(self.rng.next(len(targets)) < self.rewiring)
        if len(moved):
            new = self._some(np.flatnonzero(is_free), len(moved))
            targets[moved[: len(new)]] = new
        return targets

    def _first_targets(self, is_local: np.ndarray, is_possible: np.ndarray, projection: Any) -> np.ndarray:
        local = np.flatnonzero(is_local)
        if self.n_connections is None:
            return local
        if self.n_connections > is_possible.sum():
            raise errors.ConnectionError(
                f"projection '{projection.label}': a cell has {is_possible.sum()} possible targets, "
                f"too few for n_connections={self.n_connections}"
            )
        if self.n_connections <= len(local):
            return self._some(local, self.n_connections)
        others = np.flatnonzero(is_possible & ~is_local)
        return np.concatenate([local, self._some(others, self.n_connections - len(local))])

    def _some(self, cells: np.ndarray, n: int) -> np.ndarray:
        """``n`` of the cells at random, in random order; all of them where there are fewer."""
        return self.rng.permutation(cells)[:n]
