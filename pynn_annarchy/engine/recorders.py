"""What a run leaves behind: samples of variables and spikes, taken natively and handed out as NumPy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pynn_annarchy.engine.arrays import AnyArray, FloatArray, IntArray, times_of
from pynn_annarchy.engine.samples import SampleBuffer


class Sampled(Protocol):
    """What a recorder needs of the population or projection whose variables it samples."""

    def sample(self, variable: str) -> AnyArray:
        """Present values of a variable, one an element."""
        ...

    def now(self) -> int:
        """Steps done."""
        ...


class Spiking(Protocol):
    """What a recorder needs of the population whose spikes it keeps."""

    size: int

    def take_spikes(self) -> tuple[IntArray, IntArray]: ...

    def step_time(self) -> float: ...


@dataclass(frozen=True)
class Samples:
    """What was sampled up to now; later samples do not change it.

    Args:
        index: recorded cells.
        start_step: of the first sample.
        every: sampling interval, in steps.
        n_samples: of each cell.
    """

    index: IntArray
    start_step: int
    every: int
    n_samples: int
    _buffer: SampleBuffer

    def values(self, columns: IntArray | None = None) -> FloatArray:
        """Samples of all cells, or of those at `columns` of the index, as the caller's own array.

        Shape (n_samples, n_columns), in the unit of the variable.
        """
        if columns is None:
            return self._buffer.rows(self.n_samples)
        return self._buffer.columns(self.n_samples, columns)


class SignalRecorder:
    """Samples of one variable, one every `every` steps.

    Args:
        cells: the population, or whatever else has values in time.
        variable: one of its state variables.
        index: recorded cells, ascending.
        every: sampling interval, in steps.
        first: steps from now to the first sample, at most `every`; 0 for the present value, taken when it is needed.
    """

    def __init__(self, cells: Sampled, variable: str, index: IntArray, every: int, first: int = 0) -> None:
        assert 0 <= first <= every, "samples begin within the first interval"
        self.cells = cells
        self.variable = variable
        self.index = np.asarray(index, np.int64)
        self.every = every
        self._first = first
        self.number = -1
        """Number of the native signal, given by the loop."""
        self.restart()

    def restart(self) -> None:
        """Forgets all samples and begins anew, as it did at first."""
        self.start_step = self.cells.now() + self._first
        self._buffer = SampleBuffer(len(self.index))
        self._pending_first = self._first == 0

    def clear(self) -> None:
        """Forgets the samples so far; the next one is taken when it is due anyhow."""
        self.take_first()
        self.start_step = self.next_due(self.cells.now())
        self._buffer = SampleBuffer(len(self.index))

    def take_first(self) -> None:
        """Takes the value at the start, unless that is done or not wanted."""
        if self._pending_first:
            self._pending_first = False
            self._buffer.extend(1)[0] = self.cells.sample(self.variable)[self.index]

    def take(self, step: int) -> None:
        """Takes the sample of a step that has just been done, if one is due."""
        if self.n_due(step - 1, step):
            self.room(step - 1, step)[0] = self.cells.sample(self.variable)[self.index]

    def next_due(self, step: int) -> int:
        """The first step after `step` with a sample."""
        return self.start_step + ((step - self.start_step) // self.every + 1) * self.every

    def room(self, first_step: int, last_step: int) -> FloatArray:
        """Room for the samples of the steps after `first_step` up to `last_step`."""
        return self._buffer.extend(self.n_due(first_step, last_step))

    def give_back(self, first_step: int, last_step: int) -> None:
        """The run stopped after `first_step`: the room up to `last_step` is not needed."""
        self._buffer.shrink(self.n_due(first_step, last_step))

    def n_due(self, first_step: int, last_step: int) -> int:
        """Number of samples after `first_step` up to and with `last_step`."""
        return (last_step - self.start_step) // self.every - (first_step - self.start_step) // self.every

    def go_on_with(self, start_step: int, samples: FloatArray) -> None:
        """Takes over what another recorder has sampled since a step, shape (n_samples, n_cells)."""
        self.start_step = start_step
        self._buffer = SampleBuffer(len(self.index))
        self._buffer.extend(len(samples))[:] = samples
        self._pending_first = False

    def samples(self) -> Samples:
        """What was sampled up to now, the first value included."""
        self.take_first()
        return Samples(self.index, self.start_step, self.every, len(self._buffer), self._buffer)

    @property
    def nbytes(self) -> int:
        """Memory of the samples so far."""
        return len(self._buffer) * len(self.index) * 8

    def data(self) -> FloatArray:
        """Samples, shape (n_samples, n_cells), in the unit of the variable; the caller's own array."""
        return self.samples().values()


class SpikeRecorder:
    """Spikes of some cells of a population, one entry a spike."""

    def __init__(self, cells: Spiking, index: IntArray) -> None:
        self.cells = cells
        self.set_index(index)
        self._parts: list[tuple[IntArray, IntArray]] = []

    def set_index(self, index: IntArray) -> None:
        """Chooses the recorded cells, from now on."""
        self.index = np.asarray(index, np.int64)
        self.mask = np.zeros(self.cells.size, np.uint8)
        self.mask[self.index] = 1

    def _collect(self) -> None:
        steps, index = self.cells.take_spikes()
        if len(steps):
            self._parts.append((steps, index))
        if len(self._parts) > 1:
            self._parts = [
                (np.concatenate([part[0] for part in self._parts]), np.concatenate([part[1] for part in self._parts]))
            ]

    @property
    def nbytes(self) -> int:
        """Memory of the spikes so far."""
        return sum(array.nbytes for array in self.events())

    def go_on_with(self, steps: IntArray, index: IntArray) -> None:
        """Takes over what another recorder has, sorted by (step, index)."""
        self._collect()
        self._parts = [(np.asarray(steps, np.int64), np.asarray(index, np.int64))]

    def events(self) -> tuple[IntArray, IntArray]:
        """Step and index of each spike, sorted by both; do not write to them."""
        self._collect()
        return self._parts[0] if self._parts else (np.empty(0, np.int64), np.empty(0, np.int64))

    def spikes(self) -> tuple[IntArray, FloatArray]:
        """Index of the cell and time in ms of each spike, sorted by (time, index); do not write to them."""
        steps, index = self.events()
        return index, times_of(steps, self.cells.step_time())

    def counts(self) -> tuple[IntArray, IntArray]:
        """Recorded cells and their numbers of spikes."""
        index, _ = self.spikes()
        return self.index, np.bincount(index, minlength=self.cells.size)[self.index].astype(np.int64)

    def clear(self) -> None:
        """Forgets the spikes so far; recording goes on."""
        self._collect()
        self._parts = []
