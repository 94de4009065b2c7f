"""Inputs whose values in time are given for all cells of a population together, maybe with a period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pynn_annarchy.engine.arrays import FloatArray, IntArray, finite
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.spec import InputSpec


class Frames:
    """Scheduled inputs of a population, piecewise constant in time.

    Frame k acts from step ``origin + steps[k]`` until the next one; before the first one the inputs are zero. With a
    period they begin anew after it; frames that begin later never act, and the last one lasts until the first again.

    Args:
        inputs: which.
        steps: when frames begin, counted from the origin; ascending, the first one not negative.
        values: by input, shape (n_frames, size), or (n_frames,) where all cells have the same.
        size: number of cells.
        label: of the population, for messages.
        origin: the step that times are counted from.
        period: in steps; 0 for none.

    Raises:
        ModelError: values of another shape, not finite, or not positive where they have to be; steps that descend.
    """

    def __init__(
        self,
        inputs: Sequence[InputSpec],
        steps: IntArray,
        values: Mapping[str, FloatArray],
        size: int,
        label: str,
        origin: int = 0,
        period: int = 0,
    ) -> None:
        self.names = tuple(given.name for given in inputs)
        self.size = size
        self.steps = np.ascontiguousarray(steps, np.int64)
        self.origin = origin
        self.period = period
        columns = [self._column(given, values[given.name], label) for given in inputs]
        widest = max((column.shape[1] for column in columns), default=1)
        shape = (len(self.steps), widest)
        self.values = np.ascontiguousarray(np.stack([np.broadcast_to(column, shape) for column in columns], axis=1))
        """Shape (n_frames, n_inputs, size), or (n_frames, n_inputs, 1)."""
        if len(self.steps) and (self.steps[0] < 0 or (np.diff(self.steps) < 0).any()):
            raise ModelError(f"times at which the inputs of '{label}' change must ascend from 0 on")

    def _column(self, given: InputSpec, values: FloatArray, label: str) -> FloatArray:
        what = f"'{given.name}' of '{label}'"
        column = np.asarray(finite(values, what), np.float64)
        if column.ndim == 1:
            column = column[:, None]
        if column.ndim != 2 or len(column) != len(self.steps) or column.shape[1] not in (1, self.size):
            raise ModelError(
                f"{what} takes values of the shape ({len(self.steps)}, {self.size}) or ({len(self.steps)},), one row "
                f"for each time, not {np.shape(values)}"
            )
        if given.positive and column.size and column.min() <= 0:
            raise ModelError(f"{what} must be greater than zero, got {column.min():g}")
        return column

    def at(self, step: int) -> FloatArray:
        """Values that act over the step that begins at ``step * dt``, shape (n_inputs, size)."""
        row = self.row_at(step)
        values = self.values[row] if row >= 0 else np.zeros((len(self.names), 1))
        return np.broadcast_to(values, (len(self.names), self.size))

    def row_at(self, step: int) -> int:
        """The frame of that step, -1 before the first."""
        since = step - self.origin
        last = int(np.searchsorted(self.steps, self.period)) if self.period else len(self.steps)
        is_repeated = self.period > 0 and since >= self.period
        if is_repeated:
            since %= self.period
        row = int(np.searchsorted(self.steps[:last], since, side="right")) - 1
        return last - 1 if row < 0 and is_repeated else row

    def rows(self) -> tuple[IntArray, dict[str, FloatArray]]:
        """Cell of each value of all frames, and the values of each input."""
        values = np.broadcast_to(self.values, (len(self.steps), len(self.names), self.size))
        cells = np.tile(np.arange(self.size), len(self.steps))
        return cells, {name: values[:, k].reshape(-1) for k, name in enumerate(self.names)}
