"""The axonal spikes of a population, as a population of their own: what its model's second condition finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pynn_annarchy.engine.arrays import AnyArray, FloatArray, IntArray
from pynn_annarchy.engine.recorders import SpikeRecorder

if TYPE_CHECKING:
    from pynn_annarchy.engine.cells import Cells, Spikes


class Axons:
    """Where axonal spikes begin: they are delivered, recorded and kept as the spikes of any other source.

    Args:
        cells: whose they are.
        number: index in the network.
    """

    receptors: tuple[str, ...] = ()
    takes_current = False
    max_spikes: FloatArray = np.ones(1)
    nbytes = 0
    """What it takes is among what the cells take."""

    def __init__(self, cells: Cells, number: int) -> None:
        self.cells = cells
        self.network = cells.network
        self.size = cells.size
        self.label = cells.label
        self.number = number
        self.is_bound = False
        self.spike_recorder: SpikeRecorder | None = None

    @property
    def is_active(self) -> bool:
        """Whether the cells do anything."""
        return self.cells.is_active

    @property
    def found(self) -> AnyArray:
        """Not zero where there was an axonal spike in the last step."""
        return self.cells.sample_axons()

    def record_spikes(self, index: IntArray) -> SpikeRecorder:
        """Starts recording axonal spikes of the cells `index`, or changes which cells are recorded."""
        self.network.check_open()
        if self.spike_recorder is None:
            self.spike_recorder = SpikeRecorder(self, index)
        else:
            self.spike_recorder.set_index(index)
        self.network.changed()
        return self.spike_recorder

    @property
    def recorded_nbytes(self) -> int:
        """Memory of what was recorded."""
        return 0 if self.spike_recorder is None else self.spike_recorder.nbytes

    def take_spikes(self) -> Spikes:
        return self.network.take_spikes(self.number)

    def step_time(self) -> float:
        return self.network.dt
