"""PyNN's connectors, with whole blocks of columns made at a time.

A connector describes its connections as *blocks*: consecutive post-synaptic columns, the pre-synaptic indices of each
in the order in which PyNN's own algorithm makes them. Everything is drawn from the same generators, in the same order,
as in ``pyNN.connectors``; consecutive draws of a ``RandomState`` join into one, so a block costs one call. A block is
handed to the projection as arrays where every synaptic parameter is a number, a matrix or a plain distribution;
otherwise (expressions of distance or index, location selectors) its columns go through the common path.

Which copy of a generator is drawn from is part of PyNN's algorithm: ``FixedProbabilityConnector`` and all parameters of
synapses draw from copies, hence leave the user's generator as it was; the other connectors advance it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyNN import connectors, errors
from pyNN.common.populations import Population
from pyNN.connectors import (  # noqa: F401
    ArrayConnector,
    CloneConnector,
    CSAConnector,
    DisplacementDependentProbabilityConnector,
    DistanceDependentProbabilityConnector,
    IndexBasedProbabilityConnector,
    SmallWorldConnector,
)
from pyNN.parameters import LazyArray
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.standardmodels import StandardSynapseType

from pynn_annarchy.random_numbers import NativeRNG

BLOCK = 1 << 17
"""Candidate connections looked at together: 1 MB of doubles, which stays in the cache."""


@dataclass(frozen=True, slots=True)
class Block:
    """Connections of consecutive columns.

    ``pre`` and ``post`` are indices in the projection's own pre- and post-synaptic cells; ``counts`` is the number of
    connections of each column of the block, zeros included.
    """

    pre: np.ndarray
    post: np.ndarray
    counts: np.ndarray

    @classmethod
    def of_columns(cls, columns: list[np.ndarray], first: int) -> Block:
        """Columns given one by one; the first of them has index ``first``."""
        counts = np.array([len(column) for column in columns], dtype=np.int64)
        pre = np.concatenate(columns).astype(np.int64) if counts.sum() else np.empty(0, np.int64)
        return cls(pre, np.repeat(np.arange(first, first + len(columns)), counts), counts)

    @classmethod
    def sorted_by_column(cls, pre: np.ndarray, post: np.ndarray, n_post: int) -> Block:
        """All columns at once, from connections in the order of their creation."""
        order = np.argsort(post, kind="stable")
        return cls(pre[order], post[order], np.bincount(post, minlength=n_post))

    def only(self, keep: np.ndarray) -> Block:
        """The connections for which the boolean array ``keep`` is true."""
        column = np.repeat(np.arange(len(self.counts)), self.counts)[keep]
        return Block(self.pre[keep], self.post[keep], np.bincount(column, minlength=len(self.counts)))

    def columns(self) -> list[np.ndarray]:
        """Pre-synaptic indices, column by column."""
        return np.split(self.pre, np.cumsum(self.counts)[:-1])


Value = float | np.ndarray
Draw = Callable[[Block], Value]


def _drawn_by_column(distribution: RandomDistribution) -> Draw:
    """For distributions that redraw what falls outside their limits at the end of each column."""

    def draw(block: Block) -> Value:
        return np.concatenate([distribution.next(n) for n in block.counts if n])

    return draw


def _drawer(value: LazyArray) -> Draw | None:
    """How to evaluate a parameter for a block, as the common path does column by column; None where it cannot be."""
    if value.operations:
        return None
    if value.is_homogeneous:
        constant = value.evaluate(simplify=True)
        return lambda block: constant
    base = value.base_value
    if isinstance(base, np.ndarray) and base.ndim == 2:
        return lambda block: base[block.pre, block.post]
    if not isinstance(base, RandomDistribution):
        return None
    if type(base.rng) not in (NumpyRNG, NativeRNG):
        return None
    if base.name == "normal_clipped" and type(base.rng) is NumpyRNG:
        return _drawn_by_column(base)
    return lambda block: base.next(len(block.pre))


def _drawers(connector: connectors.Connector, projection: Any) -> dict[str, Draw] | None:
    """One drawer for each synaptic parameter; None where the common path has to be taken."""
    if connector.location_selector is not None:
        return None
    if not isinstance(projection.synapse_type, StandardSynapseType):
        return None
    space = connector._parameters_from_synapse_type(projection)
    drawers = {name: _drawer(value) for name, value in space.items()}
    return None if None in drawers.values() else drawers  # type: ignore[return-value]


def _check(connector: connectors.Connector, projection: Any, values: dict[str, Value]) -> None:
    """PyNN's own checks of synaptic parameters (the sign of weights), unless the connector was told ``safe=False``."""
    for name, value in values.items():
        projection._require_finite(name, value)
    if not connector.safe:
        return
    synapse_type = projection.synapse_type
    for name, check in getattr(synapse_type, "parameter_checks", {}).items():
        native_name = synapse_type.translations[name]["translated_name"]
        if native_name in values:
            check(values[native_name], projection)


class BlockConnector(connectors.MapConnector):
    """A connector that makes its connections block by block."""

    def _blocks(self, projection: Any) -> Iterator[Block]:
        raise NotImplementedError

    def connect(self, projection: Any) -> None:
        """Connect the projection's cells.

        Raises:
            ConnectionError: a weight of the wrong sign, a delay out of range, a value that is not finite.
        """
        drawers = _drawers(self, projection)
        if drawers is None:
            self._connect_by_column(projection)
        else:
            self._connect_by_block(projection, self._blocks(projection), drawers)

    def _connect_by_block(self, projection: Any, blocks: Iterator[Block], drawers: dict[str, Draw]) -> None:
        n_done = 0
        for block in blocks:
            if len(block.pre):
                values = {name: draw(block) for name, draw in drawers.items()}
                _check(self, projection, values)
                projection._connect_block(block.pre, block.post, **values)
            n_done += len(block.counts)
            if self.callback:
                self.callback(n_done / projection.post.size)

    def _connect_by_column(self, projection: Any) -> None:
        def build_source_masks(mask: Any = None) -> Iterator[np.ndarray]:
            for block in self._blocks(projection):
                yield from block.columns()

        self._standard_connect(projection, build_source_masks)


class EagerBlockConnector(BlockConnector):
    """A connector that makes its connections before PyNN copies the generators of the synaptic parameters."""

    def connect(self, projection: Any) -> None:
        blocks = list(self._blocks(projection))
        drawers = _drawers(self, projection)
        if drawers is None:
            self._standard_connect(projection, lambda mask=None: [c for block in blocks for c in block.columns()])
        else:
            self._connect_by_block(projection, iter(blocks), drawers)


def _allowed(projection: Any, allow_self_connections: bool | str) -> Callable[[Block], Block]:
    """A filter that takes self-connections (or, for ``'NoMutual'``, all but i > j) out of a block."""
    if allow_self_connections == "NoMutual":
        if not (isinstance(projection.pre, Population) and projection.pre == projection.post):
            raise errors.ConnectionError(
                f"allow_self_connections='NoMutual' needs a projection from a Population to itself, "
                f"'{projection.label}' is not one"
            )
        return lambda block: block.only(block.pre > block.post)
    if allow_self_connections:
        return lambda block: block
    pre_ids, post_ids = np.asarray(projection.pre.all_cells), np.asarray(projection.post.all_cells)
    if not np.intersect1d(pre_ids, post_ids).size:
        return lambda block: block
    return lambda block: block.only(pre_ids[block.pre] != post_ids[block.post])


def _column_ranges(n_pre: int, n_post: int) -> Iterator[tuple[int, int]]:
    """First column and number of columns of each block."""
    width = max(1, BLOCK // max(1, n_pre))
    for first in range(0, n_post, width):
        yield first, min(width, n_post - first)


class AllToAllConnector(BlockConnector, connectors.AllToAllConnector):
    __doc__ = connectors.AllToAllConnector.__doc__

    def __init__(self, allow_self_connections=True, location_selector=None, safe=True, callback=None):
        super().__init__(bool(allow_self_connections), location_selector, safe, callback)
        self.allow_self_connections = allow_self_connections

    def _blocks(self, projection):
        n_pre, n_post = projection.shape
        allowed = _allowed(projection, self.allow_self_connections)
        for first, width in _column_ranges(n_pre, n_post):
            pre = np.tile(np.arange(n_pre), width)
            post = np.repeat(np.arange(first, first + width), n_pre)
            yield allowed(Block(pre, post, np.full(width, n_pre)))


class OneToOneConnector(BlockConnector, connectors.OneToOneConnector):
    __doc__ = connectors.OneToOneConnector.__doc__

    def _blocks(self, projection):
        n = min(projection.shape)
        yield Block(np.arange(n), np.arange(n), np.ones(n, dtype=np.int64))


class FixedProbabilityConnector(BlockConnector, connectors.FixedProbabilityConnector):
    __doc__ = connectors.FixedProbabilityConnector.__doc__

    def _blocks(self, projection):
        n_pre, n_post = projection.shape
        allowed = _allowed(projection, self.allow_self_connections)
        rng = deepcopy(self.rng)
        uniform = rng.rng.random_sample if type(rng) is NumpyRNG else rng.next
        for first, width in _column_ranges(n_pre, n_post):
            hits = np.flatnonzero(uniform(width * n_pre) < self.p_connect)
            column, pre = np.divmod(hits, n_pre)
            yield allowed(Block(pre, column + first, np.bincount(column, minlength=width)))


class _FixedNumber(connectors.FixedNumberConnector):
    """What the fixed-number connectors share: draws that exclude a cell."""

    def _excludes_self(self, projection: Any) -> bool:
        return not self.allow_self_connections and projection.pre == projection.post

    def _rng_uniform_int_exclude(self, n, size, exclude):
        """``n`` integers in [0, size), redrawn in place where they equal ``exclude``."""
        if n and size < 2:
            raise errors.ConnectionError("no cell is left to connect to when self-connections are not allowed")
        drawn = self._integers(n, size)
        again = np.flatnonzero(drawn == exclude)
        while again.size:
            drawn[again] = self._integers(again.size, size)
            again = again[drawn[again] == exclude]
        return drawn

    def _integers(self, n: int, size: int) -> np.ndarray:
        return np.asarray(self.rng.next(n, "uniform_int", {"low": 0, "high": size})).astype(np.int64, copy=False)

    def _without_replacement(self, n: int, cells: np.ndarray) -> np.ndarray:
        """``n`` of ``cells``: all of them as often as they fit into ``n``, the remainder a random choice."""
        if n and not cells.size:
            raise errors.ConnectionError("no cell is left to connect to when self-connections are not allowed")
        full_sets, remainder = divmod(int(n), max(1, cells.size))
        chosen = [cells] * full_sets
        if remainder:
            chosen.append(self.rng.permutation(cells)[:remainder])
        return np.concatenate(chosen) if chosen else cells[:0]

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
        one_draw = self.with_replacement and not self._excludes_self(projection)
        for first, width in _column_ranges(max(1, int(numbers.max(initial=0))), n_post):
            counts = numbers[first : first + width]
            if one_draw:
                post = np.repeat(np.arange(first, first + width), counts)
                yield Block(self._integers(int(counts.sum()), n_pre), post, counts)
            else:
                yield Block.of_columns(self._columns(projection, first, counts), first)

    def _columns(self, projection, first, counts):
        excludes = self._excludes_self(projection)
        return [
            self._choose(int(n), projection.pre.size, column if excludes else None)
            for column, n in enumerate(counts, first)
        ]


class FixedNumberPostConnector(_FixedNumber, EagerBlockConnector, connectors.FixedNumberPostConnector):
    __doc__ = connectors.FixedNumberPostConnector.__doc__

    def _blocks(self, projection):
        n_pre, n_post = projection.shape
        excludes = self._excludes_self(projection)
        if isinstance(self.n, int) and self.with_replacement and not excludes:
            counts, post = np.full(n_pre, self.n), self._integers(self.n * n_pre, n_post)
        else:
            rows = [self._choose(self._get_num_post(), n_post, i if excludes else None) for i in range(n_pre)]
            counts, post = np.array([len(row) for row in rows]), np.concatenate(rows)
        yield Block.sorted_by_column(np.repeat(np.arange(n_pre), counts), post, n_post)


class FixedTotalNumberConnector(_FixedNumber, EagerBlockConnector, connectors.FixedTotalNumberConnector):
    __doc__ = f"""{connectors.FixedTotalNumberConnector.__doc__}

    Makes ``n`` connections between randomly drawn pairs. As in PyNN's own algorithm, which this reproduces,
    ``allow_self_connections`` and ``with_replacement`` have no influence.
    """

    def _blocks(self, projection):
        n_pre, n_post = projection.shape
        total = self.n if isinstance(self.n, int) else int(self.n.next())
        # PyNN draws the share of this process, which is all of them, before the connections
        self.rng.next(1, "binomial", {"n": total, "p": 1.0})
        if type(self.rng) is NumpyRNG:
            pairs = self.rng.rng.randint(0, np.tile([n_pre, n_post], total)).reshape(total, 2)
        else:
            pairs = np.array([[self._integers(1, size)[0] for size in (n_pre, n_post)] for _ in range(total)])
            pairs = pairs.reshape(total, 2)
        yield Block.sorted_by_column(pairs[:, 0], pairs[:, 1], n_post)


class FromListConnector(connectors.FromListConnector):
    __doc__ = connectors.FromListConnector.__doc__

    def connect(self, projection):
        """Connect the listed pairs.

        Raises:
            ValueError: a column name is not a parameter of the synapse type.
            ConnectionError: an index that is no cell of the projection, or a parameter out of range.
        """
        self._check_list(projection)
        drawers = self._list_drawers(projection)
        if drawers is None or not self.conn_list.size:
            connectors.FromListConnector.connect(self, projection)
            return
        # the same unstable sort as in PyNN, whose outcome decides the order within a column
        self.conn_list = self.conn_list[np.argsort(self.conn_list[:, 1])]
        pre, post = self.conn_list[:, 0].astype(np.int64), self.conn_list[:, 1].astype(np.int64)
        block = Block(pre, post, np.unique(post, return_counts=True)[1])
        values = {name: draw(block) for name, draw in drawers.items()}
        for column, name in enumerate(self.column_names, 2):
            native_name = projection.synapse_type.translations[name]["translated_name"]
            values[native_name] = self.conn_list[:, column].astype(float)
        _check(self, projection, values)
        projection._connect_block(pre, post, **values)

    def _check_list(self, projection: Any) -> None:
        unknown = [name for name in self.column_names if not projection.synapse_type.has_parameter(name)]
        if unknown:
            raise ValueError(f"{unknown[0]} is not a valid parameter for {type(projection.synapse_type).__name__}")
        if not self.conn_list.size:
            return
        for column, side, cells in ((0, "source", projection.pre), (1, "target", projection.post)):
            index = self.conn_list[:, column]
            if np.any((index < 0) | (index >= cells.size) | (index != np.floor(index))):
                raise errors.ConnectionError(
                    f"{side} index out of range in projection '{projection.label}': "
                    f"integers from 0 to {cells.size - 1} are possible"
                )

    def _list_drawers(self, projection: Any) -> dict[str, Draw] | None:
        """Drawers of the parameters that the list does not give.

        PyNN copies the synapse's generators anew for each column, so that all columns begin with the same numbers.
        """
        drawers = _drawers(self, projection)
        if drawers is None or any(value["type"] != "simple" for value in projection.synapse_type.translations.values()):
            return None
        listed = {projection.synapse_type.translations[name]["translated_name"] for name in self.column_names}
        space = projection.synapse_type.native_parameters
        for name in list(drawers):
            if name in listed:
                del drawers[name]
            elif isinstance(space[name].base_value, RandomDistribution):
                drawers[name] = _restarted_by_column(space[name].base_value)
            elif not space[name].is_homogeneous:
                return None
        return drawers


class FromFileConnector(FromListConnector, connectors.FromFileConnector):
    __doc__ = connectors.FromFileConnector.__doc__

    def __init__(self, file: Any, distributed: bool = False, **options: Any) -> None:
        connectors.FromFileConnector.__init__(self, file, distributed, **options)

    def connect(self, projection: Any) -> None:
        """Connects the pairs that the file lists.

        Raises:
            ConnectionError: as FromListConnector; or the file's rows are not as long as its header says.
        """
        if self.distributed:
            self.file.rename(f"{self.file.name}.{projection._simulator.state.mpi_rank}")
        columns = self.file.get_metadata().get("columns", ("weight", "delay"))
        self.column_names = [name for name in columns if name not in ("i", "j")]
        # a file of one connection is read as one row
        self.conn_list = np.atleast_2d(np.asarray(self.file.read(), dtype=float))
        if self.conn_list.size and self.conn_list.shape[1] != len(self.column_names) + 2:
            raise errors.ConnectionError(
                f"projection '{projection.label}': '{self.file.name}' has rows of {self.conn_list.shape[1]} numbers, "
                f"for i, j, {', '.join(map(str, self.column_names))}"
            )
        super().connect(projection)


def _restarted_by_column(distribution: RandomDistribution) -> Draw:
    def draw(block: Block) -> Value:
        return np.concatenate([deepcopy(distribution).next(int(n)) for n in block.counts if n])

    return draw
