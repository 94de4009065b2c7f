"""Types and small tools for the arrays that Python and C++ share."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pynn_annarchy.exceptions import ModelError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
AnyArray = npt.NDArray[Any]
Value = float | FloatArray
"""One value for all elements, or one each."""
Reading = float | int | bool | AnyArray
"""A value as users read it: of its own type, one for all elements or one each."""

_ALIGNMENT = 64
_PAGE = 4096


def aligned_zeros(size: int, dtype: npt.DTypeLike) -> AnyArray:
    """Zeros that begin at a cache line, so that partitions (multiples of 16 elements) never share one."""
    return _zeros_at(0, _ALIGNMENT, size, np.dtype(dtype))


def _zeros_at(place: int, period: int, size: int, dtype: np.dtype[Any]) -> AnyArray:
    """Zeros whose address is `place`, but for multiples of `period` bytes."""
    raw = np.zeros(size * dtype.itemsize + period, np.uint8)
    offset = (place - raw.ctypes.data) % period
    return raw[offset : offset + size * dtype.itemsize].view(dtype)


class Arena:
    """Zeros of one use in blocks: the arrays of small populations lie one behind the other, in the order of creation.

    What a step reads of one population then goes on where that of the last one ended, as if they were one: a CPU that
    reads ahead does not have to begin anew for each of hundreds of populations. Only arrays of a page and more begin
    with a page, or at the same place of one as all of this use; see `Arenas`. A block lives as long as one of its
    arrays.
    """

    _LARGE = 1 << 16  # bytes, from which on an array is a block of its own
    _LARGEST_BLOCK = 1 << 22

    def __init__(self, place: int = 0) -> None:
        self._block: AnyArray = np.empty(0, np.uint8)
        self._used = 0
        self._place = place

    def zeros(self, size: int, dtype: npt.DTypeLike) -> AnyArray:
        """Zeros that begin at a cache line."""
        dtype = np.dtype(dtype)
        n_bytes = size * dtype.itemsize
        if n_bytes >= self._LARGE:
            return _zeros_at(self._place, _PAGE, size, dtype)
        begin = self._begin(n_bytes)
        if begin + n_bytes > len(self._block):
            grown = min(2 * len(self._block), self._LARGEST_BLOCK)
            self._block, self._used = _zeros_at(self._place, _PAGE, max(n_bytes, grown), np.dtype(np.uint8)), 0
            begin = 0
        self._used = begin + -(-n_bytes // _ALIGNMENT) * _ALIGNMENT
        return self._block[begin : begin + n_bytes].view(dtype)

    def _begin(self, n_bytes: int) -> int:
        return self._used if n_bytes < _PAGE else -(-self._used // _PAGE) * _PAGE


class Arenas(dict[Any, Arena]):
    """One for each use, at places of their pages that are far from each other.

    A CPU compares the lower twelve bits of what it reads with those of what has just been written. Where the arrays of
    some cells begin 64 bytes apart, their step takes half as much again as where they begin 512 bytes apart, and a
    tenth more where all begin at one place (AMD Zen 4).
    """

    _APART = 1 << 9

    def __missing__(self, use: Any) -> Arena:
        arena = self[use] = Arena(len(self) * self._APART % _PAGE)
        return arena


def finite(value: Any, what: str, or_infinite: bool = False) -> Value:
    """The value as float or float64 array; ModelError naming `what` where an entry is not a finite number.

    Args:
        or_infinite: of variables, which a model itself makes infinite where it subtracts the time of no spike.
    """
    array = np.asarray(value, np.float64)
    fits = ~np.isnan(array) if or_infinite else np.isfinite(array)
    if not fits.all():
        raise ModelError(f"{what} must be finite, got {array.flat[int(np.argmin(fits))]}")
    return float(array) if array.ndim == 0 else array


def of_type(value: Value, dtype: str, what: str) -> Value:
    """The value itself; ModelError naming `what` where an 'int' is no whole number or a 'bool' neither 0 nor 1."""
    if dtype == "float":
        return value
    fits = np.isin(value, (0.0, 1.0)) if dtype == "bool" else np.trunc(value) == value
    if not np.all(fits):
        wrong = np.ravel(value)[int(np.argmin(np.ravel(fits)))]
        kinds = {"int": "a whole number", "bool": "True or False"}
        raise ModelError(f"{what} must be {kinds[dtype]}, got {wrong}")
    return value


def common(value: Value, what: str) -> float:
    """The one value that all elements have; ModelError naming `what` where they differ."""
    if isinstance(value, float):
        return value
    if len(value) == 0 or not (value == value[0]).all():
        raise ModelError(f"{what} is one value for the whole population: give it one number")
    return float(value[0])


_READ_AS: dict[str, Any] = {"float": np.float64, "int": np.int64, "bool": np.bool_}


def as_type(value: Value | AnyArray, dtype: str) -> Reading:
    """A number as users read it: a Python float, int or bool, or an array of them that is the caller's own."""
    read = np.array(value).astype(_READ_AS[dtype])
    return read.item() if read.ndim == 0 else read


def updated(old: Value, value: Any, size: int, index: IntArray | None, what: str, or_infinite: bool = False) -> Value:
    """`old` with `value` written to the elements `index` (None: all); stays a scalar where all elements stay equal."""
    new = finite(value, what, or_infinite)
    if index is None:
        if isinstance(new, float):
            return new
        if new.shape != (size,):
            raise ModelError(f"{what}: {size} elements cannot take an array of shape {new.shape}")
        return new.copy()
    if isinstance(new, float) and isinstance(old, float) and new == old:
        return old
    array = np.full(size, old, np.float64) if isinstance(old, float) else old.copy()
    array[index] = new
    return array


def spread(value: Value, size: int) -> FloatArray:
    """The value as one number an element."""
    return np.full(size, value, np.float64) if isinstance(value, float) else value


@cache
def _decimal(dt: float) -> tuple[float, float]:
    """Numerator and denominator of the decimal number that dt is written as."""
    ratio = Fraction(repr(dt))
    return float(ratio.numerator), float(ratio.denominator)


def time_of(step: int, dt: float) -> float:
    """Time of one step in ms, see times_of."""
    numerator, denominator = _decimal(dt)
    return step * numerator / denominator


def times_of(steps: int | IntArray, dt: float) -> FloatArray:
    """Times of steps in ms: the doubles nearest to the decimal numbers that users write (3 * 0.1 is not 0.3)."""
    numerator, denominator = _decimal(dt)
    return np.asarray(steps, np.float64) * numerator / denominator


def steps_of(times: Sequence[float] | FloatArray, dt: float) -> IntArray:
    """Steps of times in ms, shape of the times: the nearest where they agree to 1e-6 steps, else the next one (D10)."""
    steps = np.asarray(times, np.float64) / dt
    nearest = np.rint(steps)
    return np.where(np.abs(steps - nearest) <= 1e-6, nearest, np.ceil(steps)).astype(np.int64)
