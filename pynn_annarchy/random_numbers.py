"""Random numbers of the engine for PyNN: `NativeRNG`, the same words as in the kernels, in any amount at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np
from pyNN import random

from pynn_annarchy import _mathematics, simulator

MAX_REDRAWS = 1000
"""Rounds of redrawing values outside the limits of a clipped distribution, as in PyNN."""


class NativeRNG(random.NativeRNG):
    """Counter-based random numbers (Philox4x32-10): each value is a function of (seed, stream, position) alone.

    A copy is a stream of its own, so that a connector's choice of connections, the weights and the delays of every
    projection are independent though they name one generator. Same seed, same script: same numbers.

    Args:
        seed: whole number; by default the seed given to ``setup()``.
    """

    parallel_safe = True

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(simulator.state.seed if seed is None else seed)
        self._key = _mathematics.hash_seed(self.seed)
        self._streams = itertools.count(1)
        self._stream = 0
        self._position = 0

    def __deepcopy__(self, memo: Any) -> NativeRNG:
        copy = NativeRNG(self.seed)
        copy._streams = self._streams
        copy._stream = next(self._streams)
        return copy

    def next(
        self,
        n: int | None = None,
        distribution: str | None = None,
        parameters: Mapping[str, float] | None = None,
        mask: np.ndarray | None = None,
    ) -> Any:
        """The next ``n`` values of a PyNN distribution, as an array; one value for ``n=None``.

        Raises:
            ValueError: a negative number of values, or parameters outside the distribution's range.
            NotImplementedError: a distribution that the engine lacks (vonmises).
        """
        if n is not None and n < 0:
            raise ValueError("The sample number must be positive")
        name = distribution or "uniform"
        given = dict(parameters) if parameters is not None else {"low": 0.0, "high": 1.0}
        count = 1 if n is None else int(n)
        elements = np.arange(self._position, self._position + count)
        self._position += count
        values = self._values(name, given, elements)
        if np.isnan(values).any():
            raise ValueError(f"parameters out of range: {name}({given})")
        if n is None:
            return values[0]
        return values if mask is None else values[mask]

    def take(self, n: int) -> tuple[int, int, int]:
        """Key, stream and first position of the next ``n`` values, for those who draw them natively."""
        taken = self._key, self._stream, self._position
        self._position += n
        return taken

    def law(self, distribution: str, parameters: Mapping[str, float], n: int) -> Law | None:
        """The next ``n`` values of a distribution as the engine draws them; None where it has no such law."""
        kind = _LAWS.get(distribution)
        if kind is None:
            return None
        clips = distribution == "normal_clipped"
        name = "normal" if clips else distribution
        first, second = (*_NATIVE[name][1](parameters), 0.0)[:2]
        low, high = (parameters["low"], parameters["high"]) if clips else (0.0, 0.0)
        return kind, float(first), float(second), float(low), float(high), *self.take(n)

    def permutation(self, cells: np.ndarray | int) -> np.ndarray:
        """The given values (or 0 ... cells-1) in random order."""
        values = np.arange(cells) if isinstance(cells, (int, np.integer)) else np.asarray(cells)
        return values[np.argsort(self.next(len(values)), kind="stable")]

    def _values(self, name: str, given: Mapping[str, float], elements: np.ndarray) -> np.ndarray:
        if name.startswith("normal_clipped"):
            return self._clipped(name, given, elements)
        try:
            native, arguments = _NATIVE[name]
        except KeyError:
            raise NotImplementedError(
                f"NativeRNG has no distribution '{name}'; it has {', '.join(_NATIVE)}, normal_clipped"
            ) from None
        values = self._draw(native, arguments(given), elements)
        return values.astype(np.int64) if name in _WHOLE and not np.isnan(values).any() else values

    def _clipped(self, name: str, given: Mapping[str, float], elements: np.ndarray) -> np.ndarray:
        normal = (given["mu"], given["sigma"])
        values = self._draw("normal", normal, elements)
        if name == "normal_clipped_to_boundary":
            return np.clip(values, given["low"], given["high"])
        for redraw in range(1, MAX_REDRAWS):
            outside = np.flatnonzero((values < given["low"]) | (values > given["high"]))
            if not outside.size:
                return values
            values[outside] = self._draw("normal", normal, elements[outside], redraw)
        raise ValueError(f"normal_clipped({dict(given)}) hardly ever falls between its limits")

    def _draw(self, native: str, arguments: tuple[float, ...], elements: np.ndarray, step: int = 0) -> np.ndarray:
        return _mathematics.draw(native, arguments, self._key, self._stream, elements, step=step)


def stream_of_types() -> NativeRNG:
    """A stream of its own for values that a cell or synapse type draws by itself, such as ``tau = Uniform(5, 15)``."""
    state = simulator.state
    if state.generator is None:
        state.generator = NativeRNG(state.seed ^ _TYPES)
    return deepcopy(state.generator)


_TYPES = 0x7479706573
"""Sets their seed apart from that which users' generators have by default."""

_NATIVE: dict[str, tuple[str, Callable[[Mapping[str, float]], tuple[float, ...]]]] = {
    "binomial": ("binomial", lambda p: (p["n"], p["p"])),
    "gamma": ("gamma", lambda p: (p["k"], p["theta"])),
    "exponential": ("exponential", lambda p: (p["beta"],)),
    "lognormal": ("lognormal", lambda p: (p["mu"], p["sigma"])),
    "normal": ("normal", lambda p: (p["mu"], p["sigma"])),
    "poisson": ("poisson", lambda p: (p["lambda_"],)),
    "uniform": ("uniform", lambda p: (p["low"], p["high"])),
    "uniform_int": ("discrete_uniform", lambda p: (p["low"], p["high"] - 1)),
}
"""PyNN's name: the engine's name and its parameters; PyNN's uniform_int leaves out its upper end."""

Law = tuple[int, float, float, float, float, int, int, int]
"""How the engine is told of a distribution: kind, two parameters, two limits, key, stream, position (generate.h)."""

CONSTANT = 0
_LAWS = {
    name: kind + 1
    for kind, name in enumerate(("uniform", "normal", "lognormal", "exponential", "gamma", "normal_clipped"))
}

_WHOLE = frozenset({"binomial", "poisson", "uniform_int"})
