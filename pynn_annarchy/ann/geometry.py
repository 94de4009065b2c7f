"""Where neurons lie: ranks, coordinates and what a user writes between brackets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pynn_annarchy.engine.arrays import AnyArray, FloatArray, IntArray
from pynn_annarchy.exceptions import ModelError

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Geometry:
    """A grid of neurons; ranks count them row by row, the last coordinate fastest."""

    shape: Shape

    @classmethod
    def of(cls, given: Any, label: str) -> Geometry:
        """From a number of neurons or the numbers along each dimension.

        Raises:
            ModelError: not positive whole numbers.
        """
        shape = tuple(given) if isinstance(given, tuple | list | np.ndarray) else (given,)
        if not shape or not all(is_rank(n) and n > 0 for n in shape):
            raise ModelError(
                f"{label}: the geometry must be a number of neurons or a tuple of numbers, e.g. 100 or (10, 10), "
                f"got {given!r}"
            )
        return cls(tuple(int(n) for n in shape))

    @property
    def size(self) -> int:
        """Number of neurons."""
        return int(np.prod(self.shape))

    def rank(self, coordinates: Any, label: str) -> int:
        """Rank of the neuron at the coordinates; ModelError where there is none."""
        given = tuple(coordinates) if isinstance(coordinates, tuple | list | np.ndarray) else (coordinates,)
        is_inside = len(given) == len(self.shape) and all(
            is_rank(x) and 0 <= x < n for x, n in zip(given, self.shape, strict=True)
        )
        if not is_inside:
            raise ModelError(f"{label} of geometry {self.shape} has no neuron of coordinates {coordinates!r}")
        return int(np.ravel_multi_index(given, self.shape))

    def coordinates(self, rank: int, label: str) -> Shape:
        """Coordinates of the neuron of a rank; ModelError where there is none."""
        check_rank(rank, self.size, label)
        return tuple(int(x) for x in np.unravel_index(int(rank), self.shape))

    def normalized(self, norm: float = 1.0) -> FloatArray:
        """Coordinates of all neurons between 0 and `norm`, 0 along dimensions of one neuron; (size, n_dimensions)."""
        extent = np.maximum(np.array(self.shape, np.float64) - 1.0, 1.0)
        return norm * np.stack(np.unravel_index(np.arange(self.size), self.shape), axis=1) / extent

    def chosen(self, key: Any, label: str) -> tuple[IntArray, Shape]:
        """Ranks that a user means between brackets, and the geometry that they form.

        A number, a slice, a list or an array of numbers are ranks; several numbers or slices are coordinates, and give
        as many dimensions; an array of truth values has the geometry of the population or is flat.

        Raises:
            ModelError: ranks or coordinates that do not exist, twice the same rank, no neuron at all.
        """
        ranks = np.arange(self.size)
        if isinstance(key, tuple):
            ranks = ranks.reshape(self.shape)
            if len(key) > len(self.shape):
                raise ModelError(f"{label} has {len(self.shape)} dimensions, and is asked for {len(key)} coordinates")
        index = key if isinstance(key, tuple | slice) else self._array(key, label)
        if isinstance(index, np.ndarray) and index.dtype == bool and index.ndim > 1:
            ranks = ranks.reshape(self.shape)
        try:
            chosen = ranks[index]
        except IndexError as error:
            raise ModelError(f"{label} of geometry {self.shape} cannot be indexed by {key!r}: {error}") from error
        flat = np.atleast_1d(chosen).reshape(-1)
        if len(flat) == 0:
            raise ModelError(f"{label} of geometry {self.shape}: {key!r} chooses no neuron")
        if isinstance(index, np.ndarray) and len(np.unique(flat)) < len(flat):
            raise ModelError(f"{label}: a view cannot hold a neuron twice, as {key!r} does")
        return flat, _extents(key, chosen.shape) if isinstance(key, tuple) else np.atleast_1d(chosen).shape

    def _array(self, key: Any, label: str) -> AnyArray:
        """Ranks or truth values."""
        array = np.asarray(key)
        if array.dtype == bool and array.shape in ((self.size,), self.shape):
            return array
        if array.dtype.kind in "iu" and array.ndim <= 1:
            return array
        raise ModelError(
            f"{label} is addressed by ranks, slices, coordinates, or truth values of shape {self.shape}, not by {key!r}"
        )


def _extents(key: tuple[Any, ...], shape: Shape) -> Shape:
    """Extent along each dimension of what coordinates choose: 1 along those of which one is named."""
    remaining = iter(shape)
    named = [1 if is_rank(each) else next(remaining) for each in key]
    return (*named, *remaining)


def is_rank(value: object) -> bool:
    """Whether a value is a whole number."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_)


def check_rank(rank: object, size: int, label: str) -> None:
    """ModelError where there is no neuron of that rank."""
    if not (is_rank(rank) and 0 <= rank < size):  # type: ignore[operator]
        raise ModelError(f"{label} has neurons of ranks 0 to {size - 1}, and none of rank {rank!r}")
