"""Connectors that decide for each pair of cells: all, one to one, by probability, by a matrix, as a projection does."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy, deepcopy
from numbers import Real
from typing import Any

import numpy as np
from pyNN import connectors, errors
from pyNN.common.populations import Population
from pyNN.core import IndexBasedExpression
from pyNN.parameters import LazyArray
from pyNN.random import AbstractRNG, NumpyRNG

from pynn_annarchy.connectors.base import BlockConnector
from pynn_annarchy.connectors.bits import bit_generator
from pynn_annarchy.connectors.blocks import Block, Grid, Pairs, allowed, gathered, grids, off_diagonal
from pynn_annarchy.connectors.values import draw_by_column, evaluate
from pynn_annarchy.random_numbers import NativeRNG


class AllToAllConnector(BlockConnector, connectors.AllToAllConnector):
    __doc__ = connectors.AllToAllConnector.__doc__

    def __init__(self, allow_self_connections=True, location_selector=None, safe=True, callback=None):
        super().__init__(bool(allow_self_connections), location_selector, safe, callback)
        self.allow_self_connections = allow_self_connections

    def _blocks(self, projection):
        is_within = isinstance(projection.pre, Population) and projection.pre == projection.post
        if is_within and self.allow_self_connections is False and self.callback is None:
            parameters = projection.synapse_type.native_parameters
            if all(isinstance(lazy.base_value, Real) and not lazy.operations for _, lazy in parameters.items()):
                return off_diagonal(0, projection.pre.size)  # equal synapses may be made in any order
        return map(allowed(projection, self.allow_self_connections), grids(*projection.shape))


class OneToOneConnector(BlockConnector, connectors.OneToOneConnector):
    __doc__ = connectors.OneToOneConnector.__doc__

    def _blocks(self, projection):
        cells = np.arange(min(projection.shape), dtype=np.int32)
        yield Block(cells, cells, np.ones(len(cells), dtype=np.int64))


class _ProbabilityConnector(BlockConnector):
    """Connects each pair with a probability of its own; draws one number for each from a copy of the generator."""

    def _probability(self, projection: Any) -> LazyArray | float:
        raise NotImplementedError

    def _blocks(self, projection: Any) -> Iterator[Pairs]:
        probability = self._probability(projection)
        keep_allowed = allowed(projection, self.allow_self_connections)
        rng = deepcopy(self.rng)
        generator = bit_generator(rng) if type(rng) is NumpyRNG else None
        for grid in grids(*projection.shape):
            is_map = isinstance(probability, LazyArray)
            here = evaluate(probability, grid, draw_by_column) if is_map else probability
            block = grid.only(_uniform(rng, grid) < here) if generator is None else grid.chosen(generator, here)
            yield keep_allowed(block)


def _uniform(rng: AbstractRNG, grid: Grid) -> np.ndarray:
    """A number from 0 to 1 for each pair, as PyNN draws them column by column."""
    if type(rng) is NativeRNG:
        return rng.next(len(grid))
    parameters = {"low": 0, "high": 1}
    return np.concatenate([rng.next(grid.n_pre, "uniform", parameters) for _ in range(grid.width)])


class FixedProbabilityConnector(_ProbabilityConnector, connectors.FixedProbabilityConnector):
    __doc__ = connectors.FixedProbabilityConnector.__doc__

    def _probability(self, projection):
        return self.p_connect


class DistanceDependentProbabilityConnector(_ProbabilityConnector, connectors.DistanceDependentProbabilityConnector):
    __doc__ = f"""{connectors.DistanceDependentProbabilityConnector.__doc__}
        `d_expression` may also be a function of an array of distances.
    """

    def __init__(
        self, d_expression, allow_self_connections=True, location_selector=None, rng=None, safe=True, callback=None
    ):
        is_function = callable(d_expression)
        super().__init__(
            "0" if is_function else d_expression, allow_self_connections, location_selector, rng, safe, callback
        )
        if is_function:
            self.d_expression = d_expression
            self.distance_function = LazyArray(d_expression)

    def _probability(self, projection):
        return self.distance_function(self._generate_distance_map(projection))


class IndexBasedProbabilityConnector(_ProbabilityConnector, connectors.IndexBasedProbabilityConnector):
    __doc__ = connectors.IndexBasedProbabilityConnector.__doc__

    def _probability(self, projection):
        expression = copy(self.index_expression)
        expression.projection = projection
        return LazyArray(expression, shape=projection.shape)


class _DisplacementExpression(connectors.DisplacementDependentProbabilityConnector.DisplacementExpression):
    """PyNN's, but it looks the positions of the cells up once for each projection."""

    @property
    def projection(self) -> Any:
        return IndexBasedExpression.projection.fget(self)

    @projection.setter
    def projection(self, projection: Any) -> None:
        IndexBasedExpression.projection.fset(self, projection)
        self._pre, self._post = (np.ascontiguousarray(cells.positions) for cells in (projection.pre, projection.post))
        self._all = np.arange(self._pre.shape[1])

    def __call__(self, i, j):
        pre = self._pre if np.array_equal(i, self._all) else self._pre[:, i]
        post = self._post[:, j]
        return self._disp_function((post if np.ndim(i) == 0 or np.ndim(j) else post[:, None]) - pre)


class DisplacementDependentProbabilityConnector(
    IndexBasedProbabilityConnector, connectors.DisplacementDependentProbabilityConnector
):
    __doc__ = connectors.DisplacementDependentProbabilityConnector.__doc__
    DisplacementExpression = _DisplacementExpression

    def __init__(
        self, disp_function, allow_self_connections=True, location_selector=None, rng=None, safe=True, callback=None
    ):
        expression = self.DisplacementExpression(disp_function)
        IndexBasedProbabilityConnector.__init__(
            self, expression, allow_self_connections, location_selector, rng, safe, callback
        )


class ArrayConnector(BlockConnector, connectors.ArrayConnector):
    __doc__ = connectors.ArrayConnector.__doc__

    def _blocks(self, projection):
        if callable(self.array) or isinstance(self.array, LazyArray):
            return gathered(LazyArray(self.array, projection.shape).by_column(), projection.pre.size)
        matrix = np.asarray(self.array)
        if matrix.shape != projection.shape or matrix.dtype != bool:
            raise errors.ConnectionError(
                f"projection '{projection.label}': ArrayConnector needs a boolean array of shape {projection.shape}, "
                f"not one of {matrix.dtype} and shape {matrix.shape}"
            )
        if 8 * np.count_nonzero(matrix) < matrix.size:  # then sorting is cheaper than to transpose
            pre, post = np.divmod(np.flatnonzero(matrix), matrix.shape[1])
            return [Block.sorted_by_column(pre, post, projection.post.size)]
        return (grid.only(grid.elements(matrix)) for grid in grids(*projection.shape))


class CloneConnector(BlockConnector, connectors.CloneConnector):
    __doc__ = f"""{connectors.CloneConnector.__doc__}

    Several connections between one pair of cells are cloned as one, as in PyNN's own algorithm.
    """

    def _blocks(self, projection):
        reference = self.reference_projection
        if projection.pre != reference.pre or projection.post != reference.post:
            raise errors.ConnectionError(
                f"projection '{projection.label}' must have the pre- and post-synaptic cells of '{reference.label}' "
                "to be a clone of it"
            )
        # in the order (pre, post): connections of one pair lie together
        pre, post = (reference._column(name) for name in ("presynaptic_index", "postsynaptic_index"))
        is_new = np.ones(len(pre), dtype=bool)
        is_new[1:] = (np.diff(pre) != 0) | (np.diff(post) != 0)
        return [Block.sorted_by_column(pre[is_new], post[is_new], projection.post.size)]
