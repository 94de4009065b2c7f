"""What a run leaves behind: samples of variables and spikes, taken natively and handed out as NumPy arrays."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from pynn_annarchy.engine.arrays import AnyArray, FloatArray, IntArray, times_of


class Recorded(Protocol):
    """What a recorder needs of the population that it records from."""

    size: int

    def take_spikes(self) -> tuple[IntArray, IntArray, IntArray]: ...

    def sample(self, variable: str) -> AnyArray: ...

    def now(self) -> int: ...

    def step_time(self) -> float: ...


class SampleBuffer:
    """Rows of samples that grow without copying: a list of blocks, of which the last has room left."""

    _LARGEST_SPARE_BLOCK = 1 << 22  # samples reserved ahead at most

    def __init__(self, width: int) -> None:
        self.width = width
        self._blocks: list[FloatArray] = []
        self._used = 0  # rows of the last block
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def extend(self, rows: int) -> FloatArray:
        """Room for exactly `rows` further rows, to be filled by the caller; shape (rows, width)."""
        if not self._blocks or self._used + rows > len(self._blocks[-1]):
            self._trim()
            spare = min(self._rows, self._LARGEST_SPARE_BLOCK // max(self.width, 1))
            self._blocks.append(np.empty((max(rows, spare), self.width)))
            self._used = 0
        room = self._blocks[-1][self._used : self._used + rows]
        self._used += rows
        self._rows += rows
        return room

    def data(self) -> FloatArray:
        """All rows; a view where they lie in one block."""
        self._trim()
        if not self._blocks:
            return np.empty((0, self.width))
        if len(self._blocks) > 1:
            self._blocks = [np.concatenate(self._blocks)]
            self._used = len(self._blocks[0])
        return self._blocks[0]

    def shrink(self, rows: int) -> None:
        """Gives back the last `rows` rows, which a stopped run left unwritten."""
        self._used -= rows
        self._rows -= rows

    def _trim(self) -> None:
        if self._blocks:
            self._blocks[-1] = self._blocks[-1][: self._used]


class SignalRecorder:
    """Samples of one variable: the value at the start, then one every `every` steps.

    Args:
        cells: the population.
        variable: one of its state variables.
        index: recorded cells, ascending.
        every: sampling interval, in steps.
    """

    def __init__(self, cells: Recorded, variable: str, index: IntArray, every: int) -> None:
        self.cells = cells
        self.variable = variable
        self.index = np.asarray(index, np.int64)
        self.every = every
        self.number = -1
        """Number of the native signal, given by the loop."""
        self.restart()

    def restart(self) -> None:
        """Forgets all samples; the present value, taken when it is needed, is the new first one."""
        self.start_step = self.cells.now()
        self._buffer = SampleBuffer(len(self.index))
        self._pending_first = True

    def take_first(self) -> None:
        """Takes the value at the start, unless that is done."""
        if self._pending_first:
            self._pending_first = False
            self._buffer.extend(1)[0] = self.cells.sample(self.variable)[self.index]

    def room(self, first_step: int, last_step: int) -> FloatArray:
        """Room for the samples of the steps after `first_step` up to `last_step`."""
        return self._buffer.extend(self.n_due(first_step, last_step))

    def give_back(self, first_step: int, last_step: int) -> None:
        """The run stopped after `first_step`: the room up to `last_step` is not needed."""
        self._buffer.shrink(self.n_due(first_step, last_step))

    def n_due(self, first_step: int, last_step: int) -> int:
        """Number of samples after `first_step` up to and with `last_step`."""
        return (last_step - self.start_step) // self.every - (first_step - self.start_step) // self.every

    def data(self) -> FloatArray:
        """Samples, shape (n_samples, n_cells), in the unit of the variable; do not write to them."""
        self.take_first()
        return self._buffer.data()


class SpikeRecorder:
    """Spikes of some cells of a population, one entry a spike."""

    def __init__(self, cells: Recorded, index: IntArray) -> None:
        self.cells = cells
        self.set_index(index)
        self._parts: list[tuple[IntArray, IntArray]] = []

    def set_index(self, index: IntArray) -> None:
        """Chooses the recorded cells, from now on."""
        self.index = np.asarray(index, np.int64)
        self.mask = np.zeros(self.cells.size, np.uint8)
        self.mask[self.index] = 1

    def _collect(self) -> None:
        steps, index, count = self.cells.take_spikes()
        if len(steps):
            self._parts.append((np.repeat(steps, count), np.repeat(index, count)))
        if len(self._parts) > 1:
            self._parts = [
                (np.concatenate([part[0] for part in self._parts]), np.concatenate([part[1] for part in self._parts]))
            ]

    def spikes(self) -> tuple[IntArray, FloatArray]:
        """Index of the cell and time in ms of each spike, sorted by (time, index)."""
        self._collect()
        if not self._parts:
            return np.empty(0, np.int64), np.empty(0)
        steps, index = self._parts[0]
        return index, times_of(steps, self.cells.step_time())

    def counts(self) -> tuple[IntArray, IntArray]:
        """Recorded cells and their numbers of spikes."""
        index, _ = self.spikes()
        return self.index, np.bincount(index, minlength=self.cells.size)[self.index].astype(np.int64)

    def clear(self) -> None:
        """Forgets the spikes so far; recording goes on."""
        self._collect()
        self._parts = []
