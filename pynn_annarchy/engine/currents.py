"""Currents injected from outside: piecewise constant, changing at steps."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from pynn_annarchy.engine.arrays import AnyArray, FloatArray, IntArray
from pynn_annarchy.exceptions import ModelError


class Injectable(Protocol):
    """What a current needs of the population that it flows into."""

    def currents_changed(self) -> None: ...


class CurrentInput:
    """A current into the cells `index`: `amplitudes[k]`, in nA, acts from ``steps[k] * dt`` on; none before."""

    def __init__(self, cells: Injectable, index: IntArray, steps: IntArray, amplitudes: FloatArray) -> None:
        self.cells = cells
        self.index = np.asarray(index, np.int64)
        self.update(steps, amplitudes)

    def update(self, steps: IntArray, amplitudes: FloatArray) -> None:
        """Replaces the waveform; steps ascending, amplitudes finite, in nA."""
        self.steps = np.asarray(steps, np.int64)
        self.amplitudes = np.asarray(amplitudes, np.float64)
        if self.steps.shape != self.amplitudes.shape or (np.diff(self.steps) <= 0).any():
            raise ModelError("a current needs one amplitude a step, and ascending steps")
        if not np.isfinite(self.amplitudes).all():
            raise ModelError("the amplitude of a current must be finite")
        self.cells.currents_changed()

    def amplitude(self, step: int) -> float:
        """Amplitude, in nA, over the step that begins at ``step * dt``."""
        k = int(np.searchsorted(self.steps, step, side="right")) - 1
        return float(self.amplitudes[k]) if k >= 0 else 0.0

    def next_change(self, step: int) -> int | None:
        """The first step after `step` at which the amplitude may change."""
        k = int(np.searchsorted(self.steps, step, side="right"))
        return int(self.steps[k]) if k < len(self.steps) else None


def sum_currents(currents: list[CurrentInput], step: int, out: AnyArray) -> None:
    """Writes the sum of all currents at a step to `out` (one per cell, nA), in the order of their creation."""
    out[:] = 0.0
    for current in currents:
        # np.add.at, not +=: a cell may be listed twice.
        np.add.at(out, current.index, out.dtype.type(current.amplitude(step)))
