"""Firing rates of cells: the number of spikes in a window of time that ends with the present step."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from pynn_annarchy.engine.arrays import AnyArray, IntArray
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.syntax import Number
from pynn_annarchy.model.checked import Variable

RATE = "r"
"""What a firing rate is called, in Hz."""

RATE_VARIABLE = Variable(RATE, Number(0.0), None, None, None, unless_refractory=False)


@dataclass(frozen=True)
class FiringRate:
    """What loops need to know of the firing rates of a population.

    Args:
        n_steps: length of the window; a spike counts in the step it is found in, and in so many steps altogether.
        per_spike: what one spike in the window adds to the rate, in Hz.
    """

    n_steps: int
    per_spike: float

    @staticmethod
    def of(window: float, dt: float, label: str) -> FiringRate:
        """From a window and a time step in ms; ModelError where there is not one step in the window."""
        n_steps = int(np.rint(window / dt)) if np.isfinite(window) else 0
        if n_steps < 1:
            raise ModelError(
                f"the window for firing rates of '{label}' must be a time step of {dt} ms or longer, got {window} ms"
            )
        return FiringRate(n_steps, 1000.0 / (n_steps * dt))


class SpikeWindow:
    """Counts the spikes of a population within a window, with NumPy."""

    def __init__(self, size: int) -> None:
        self._counts = np.zeros(size, np.int64)
        self._spikes: deque[tuple[int, IntArray, IntArray]] = deque()

    def take(self, step: int, index: IntArray, count: IntArray) -> None:
        """Takes the spikes of a step."""
        if len(index):
            self._spikes.append((step, index, count))
            self._counts[index] += count

    def events(self) -> tuple[IntArray, IntArray, IntArray]:
        """Step, index and number of the spikes in the window."""
        nothing = np.empty(0, np.int64)
        steps = [np.full(len(index), step) for step, index, _ in self._spikes]
        indices, counts = ([spikes[column] for spikes in self._spikes] for column in (1, 2))
        return (
            np.concatenate([nothing, *steps]),
            np.concatenate([nothing, *indices]),
            np.concatenate([nothing, *counts]),
        )

    def clear(self) -> None:
        """Forgets all."""
        self._counts[:] = 0
        self._spikes.clear()

    def show(self, step: int, rate: FiringRate, values: AnyArray) -> None:
        """Forgets what is too old after a step, and writes the rates."""
        while self._spikes and self._spikes[0][0] <= step - rate.n_steps:
            _, index, count = self._spikes.popleft()
            self._counts[index] -= count
        values[:] = self._counts * rate.per_spike
