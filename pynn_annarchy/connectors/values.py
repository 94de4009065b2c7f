"""Parameters of a block of synapses, and probabilities of a block of pairs, out of PyNN's lazy arrays.

PyNN evaluates a lazy array column by column. Here numbers, matrices, distances, plain draws and arithmetic are
evaluated for a whole block, with the same operations in the same order, hence with the same bits; functions that
users wrote are called as PyNN calls them, once for each column, since what they return may depend on the whole column.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from copy import copy, deepcopy
from functools import cached_property
from typing import Any

import numpy as np
from lazyarray import larray
from pyNN import errors
from pyNN.core import IndexBasedExpression
from pyNN.parameters import LazyArray
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.space import Space

from pynn_annarchy.connectors.blocks import Block, Grid, Pairs
from pynn_annarchy.engine import _pairs
from pynn_annarchy.random_numbers import NativeRNG

Value = float | np.ndarray
"""One value for all pairs of a block, or an array with one for each."""

Draw = Callable[[RandomDistribution, np.ndarray], np.ndarray]
"""Draws from a distribution for columns with so many connections each."""

_ELEMENTWISE = (
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pos, operator.abs),
    *(operator.lt, operator.le, operator.gt, operator.ge),
)
"""Give the same bits for an array, its parts and its numbers."""


class DistanceMap:
    """Distances between the cells of a projection, in its space; a function of two indices, as lazy arrays want it."""

    def __init__(self, projection: Any) -> None:
        self._projection = projection
        self._last: tuple[Pairs | None, np.ndarray] = (None, np.empty(0))
        self._scratch = np.empty(0)

    def __deepcopy__(self, memo: Any) -> DistanceMap:
        return self

    def __call__(self, i: Any, j: Any) -> Any:
        return self._as_pynn(i, j)

    def between(self, pairs: Pairs) -> np.ndarray:
        """Distance of each pair, in the unit of the positions; an expression asks once for each `d` in it."""
        if self._last[0] is not pairs:
            self._last = pairs, self._between(pairs)
        return self._last[1]

    def _between(self, pairs: Pairs) -> np.ndarray:
        if _overrides_distances(self._projection.space):
            return _by_column(pairs, self._as_pynn)
        if isinstance(pairs, Grid) and self._pre.dtype == self._post.dtype == np.float64:
            return self._in_grid(pairs)
        return self._listed(pairs)

    def _in_grid(self, grid: Grid) -> np.ndarray:
        if len(self._scratch) < len(grid):
            self._scratch = np.empty(len(grid))
        distances = self._scratch[: len(grid)]
        _pairs.distances(*self._rows, grid.first, grid.width, distances)
        return distances

    def _listed(self, pairs: Pairs) -> np.ndarray:
        space = self._projection.space
        total: Any = None
        for axis in space.axes:
            if self._is_flat(axis):
                continue
            pre, post = pairs.pairs(self._pre[axis], self._post[axis])
            difference = pre - post
            limits = None if space.periodic_boundaries is None else space.periodic_boundaries[axis]
            if limits is not None:
                np.abs(difference, out=difference)
                np.minimum(difference, limits[1] - limits[0] - difference, out=difference)
            difference *= difference
            if total is None:
                total = difference.astype(self._pre.dtype, copy=False)
            else:
                total += difference
        return np.zeros(len(pairs)) if total is None else np.sqrt(total, out=total).ravel()

    @cached_property
    def _as_pynn(self) -> Callable[[Any, Any], Any]:
        pre, post = self._projection.pre, self._projection.post
        return self._projection.space.distance_generator(pre.position_generator, post.position_generator)

    @cached_property
    def _pre(self) -> np.ndarray:
        positions = np.ascontiguousarray(self._projection.pre.positions)
        return positions if positions.dtype.kind == "f" else positions.astype(float)

    @cached_property
    def _post(self) -> np.ndarray:
        space = self._projection.space
        return np.ascontiguousarray((space.scale_factor * (self._projection.post.positions.T + space.offset)).T)

    @cached_property
    def _rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coordinates along the axes that matter, and the length of each of these where it is periodic, else 0."""
        boundaries = self._projection.space.periodic_boundaries or (None, None, None)
        axes = [axis for axis in self._projection.space.axes if not self._is_flat(axis)]
        periods = [0.0 if boundaries[axis] is None else boundaries[axis][1] - boundaries[axis][0] for axis in axes]
        rows = (np.ascontiguousarray(positions[axes]) for positions in (self._pre, self._post))
        return (*rows, np.array(periods, dtype=float))

    def _is_flat(self, axis: int) -> bool:
        """Whether all cells have one coordinate, so that the axis adds zero to each distance."""
        pre, post = self._pre[axis], self._post[axis]
        return bool(pre.size and post.size and (pre == post[0]).all() and (post == post[0]).all())


def _overrides_distances(space: Any) -> bool:
    kind = type(space)
    return kind.distances is not Space.distances or kind.distance_generator is not Space.distance_generator


def evaluate(lazy: larray, pairs: Pairs, draw: Draw) -> Value:
    """The lazy array's values at the given pairs.

    Raises:
        InvalidDimensionsError: a user's function returned an array of another length than it was given.
    """
    value = _base(lazy, pairs, draw)
    is_function = callable(lazy.base_value)
    for function, operand in lazy.operations:
        operands = () if operand is None else (_operand(operand, pairs, draw),)
        are_numbers = all(np.ndim(one) == 0 for one in (value, *operands))
        if are_numbers or _is_elementwise(function, is_function, pairs):
            value = function(value, *operands)
        else:
            value = _applied_by_column(function, (value, *operands), pairs.counts, is_function)
    return value


def _is_elementwise(function: Callable[..., Any], is_of_function: bool, pairs: Pairs) -> bool:
    """Whether the function gives the same bits for a whole block as for its columns, of which PyNN makes numbers where
    a function is evaluated for a single pair."""
    if function is operator.pow:  # squares arrays, but not numbers
        return not (is_of_function and (pairs.counts == 1).any())
    return isinstance(function, np.ufunc) or any(function is known for known in _ELEMENTWISE)


def _operand(operand: Any, pairs: Pairs, draw: Draw) -> Any:
    if isinstance(operand, larray):
        return evaluate(operand, pairs, draw)
    return pairs.elements(operand) if np.ndim(operand) == 2 else operand


def _base(lazy: larray, pairs: Pairs, draw: Draw) -> Value:
    base = lazy.base_value
    if isinstance(base, DistanceMap):
        return base.between(pairs)
    if isinstance(base, RandomDistribution):
        return draw(base, pairs.counts)
    if isinstance(base, np.ndarray):
        return pairs.elements(base) if base.ndim == 2 else base
    if callable(base):
        return _by_column(pairs, base)
    if isinstance(base, (bool, int, float, np.number, np.bool_)):
        return base  # type: ignore[return-value]
    raise errors.InvalidParameterValueError(f"{base!r} is no value for synapses: give a number, an array or a function")


def _by_column(pairs: Pairs, function: Callable[[Any, Any], Any]) -> np.ndarray:
    """Values of a function of two indices, which gets the pre-synaptic indices of a column as an array."""
    return _joined([_spread(function(pre, post), len(pre)) for pre, post in pairs.columns()])


def _applied_by_column(
    function: Callable[..., Any], operands: tuple[Any, ...], counts: np.ndarray, scalars: bool
) -> np.ndarray:
    """Results of a function that gets each column's values as an array; if ``scalars``, a single one as a number."""
    results, end = [], 0
    for count in counts.tolist():
        if count:
            end += count
            part = end - 1 if scalars and count == 1 else slice(end - count, end)
            # copies: a user's function may work in place
            parts = (one if np.ndim(one) == 0 else one[part].copy() for one in operands)
            results.append(_spread(function(*parts), count))
    return _joined(results)


def _spread(values: Any, count: int) -> np.ndarray:
    array = np.asarray(values)
    if array.shape == (count,):
        return array
    if array.size != 1:
        raise errors.InvalidDimensionsError(
            f"a function of distance or of indices returned an array of shape {array.shape} for {count} pairs of cells"
        )
    return np.full(count, array.item())


def _joined(columns: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(columns) if columns else np.empty(0)


def draw_by_column(distribution: RandomDistribution, counts: np.ndarray) -> np.ndarray:
    """The numbers that PyNN draws column by column; in one go where that gives the same ones."""
    if _joins(distribution):
        return distribution.next(int(counts.sum()))
    return _joined([np.atleast_1d(distribution.next(n)) for n in counts.tolist() if n])


def draw_each_column_anew(distribution: RandomDistribution, counts: np.ndarray) -> np.ndarray:
    """As where PyNN copies the generator for each column, so that all of them begin with the same numbers."""
    if not _joins(distribution) or isinstance(distribution.rng, NativeRNG):
        return _joined([np.atleast_1d(deepcopy(distribution).next(n)) for n in counts.tolist() if n])
    drawn = deepcopy(distribution).next(int(counts.max(initial=0)))
    starts = np.cumsum(counts) - counts
    return drawn[np.arange(counts.sum()) - np.repeat(starts, counts)]


def _joins(distribution: RandomDistribution) -> bool:
    """Whether two draws one after the other are one draw of both sizes."""
    if type(distribution) is not RandomDistribution:
        return False
    if type(distribution.rng) is NativeRNG:
        return True
    # normal_clipped redraws what falls outside its limits at the end of each draw
    return type(distribution.rng) is NumpyRNG and distribution.name != "normal_clipped"


def _distributions(lazy: larray) -> Iterator[RandomDistribution]:
    if isinstance(lazy.base_value, RandomDistribution):
        yield lazy.base_value
    for _, operand in lazy.operations:
        if isinstance(operand, larray):
            yield from _distributions(operand)


class SynapseValues:
    """Evaluates all parameters of a projection's synapses, block by block, in the order of their creation."""

    def __init__(self, parameters: Mapping[str, LazyArray], draw: Draw = draw_by_column) -> None:
        self._parameters = dict(parameters)
        self._draw = draw
        rngs = [id(one.rng) for lazy in self._parameters.values() for one in _distributions(lazy)]
        self._takes_turns = len(set(rngs)) < len(rngs)
        """Whether parameters draw from one generator, hence one after the other in each column."""

    @property
    def has_lists(self) -> bool:
        """Whether a parameter is a list with one value a connection."""
        return any(is_listed(lazy) for lazy in self._parameters.values())

    def place_lists(self, block: Block, label: str) -> None:
        """Lays lists of values, which are in the order of get(format='list'), out for a block with all connections.

        Raises:
            InvalidDimensionsError: a list of another length than there are connections.
        """
        if not self.has_lists:
            return
        order = np.lexsort((block.post, block.pre))
        for name, lazy in self._parameters.items():
            if is_listed(lazy):
                if len(lazy.base_value) != len(block):
                    raise errors.InvalidDimensionsError(
                        f"projection '{label}' has {len(block)} connections, but {len(lazy.base_value)} values of "
                        f"{name} were given"
                    )
                placed = np.empty_like(lazy.base_value)
                placed[order] = lazy.base_value
                self._parameters[name] = copy(lazy)
                self._parameters[name].base_value = placed

    def of(self, pairs: Pairs) -> dict[str, Value]:
        """One value, or an array with one a connection, for each native parameter."""
        if not self._takes_turns:
            return {name: evaluate(lazy, pairs, self._draw) for name, lazy in self._parameters.items()}
        columns = [Block(pre, np.full(len(pre), post), np.array([len(pre)])) for pre, post in pairs.columns()]
        values = [
            {name: evaluate(lazy, column, self._draw) for name, lazy in self._parameters.items()} for column in columns
        ]
        return {
            name: np.concatenate([np.broadcast_to(v[name], len(c)) for v, c in zip(values, columns, strict=True)])
            for name in self._parameters
        }


def is_listed(lazy: larray) -> bool:
    """Whether the lazy array is a list of values, without any place in a matrix."""
    return isinstance(lazy.base_value, np.ndarray) and lazy.base_value.ndim == 1


def located(name: str, lazy: LazyArray, projection: Any, distances: LazyArray) -> LazyArray:
    """A synapse type's parameter as a matrix over the pairs of a projection; functions get its distances.

    Raises:
        InvalidDimensionsError: a matrix of another shape than the projection's; names the parameter.
    """
    if is_listed(lazy):
        return lazy
    try:
        lazy.shape = projection.shape
    except ValueError as error:
        raise errors.InvalidDimensionsError(
            f"projection '{projection.label}': {name} has shape {np.shape(lazy.base_value)}, but there are "
            f"{projection.shape[0]} pre- and {projection.shape[1]} post-synaptic cells"
        ) from error
    if isinstance(lazy.base_value, IndexBasedExpression):
        lazy = copy(lazy)
        lazy.base_value = copy(lazy.base_value)
        lazy.base_value.projection = projection
        return lazy
    return lazy(distances) if callable(lazy.base_value) else lazy
