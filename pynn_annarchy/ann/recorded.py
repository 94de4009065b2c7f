"""What a monitor has recorded of one thing: samples of a variable, taken by the engine's recorders, or spikes.

A track can be begun and ended often; what was recorded meanwhile stays until it is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from pynn_annarchy.engine.arrays import AnyArray, FloatArray, IntArray, steps_of
from pynn_annarchy.engine.axons import Axons
from pynn_annarchy.engine.cells import Cells, SpikeSource
from pynn_annarchy.engine.network import Network
from pynn_annarchy.engine.recorders import SignalRecorder

SpikeLists = dict[int, list[int]]
"""By rank of the neuron, the steps in which it has spiked."""


class Track(Protocol):
    """One recorded thing."""

    def begin(self, every: int, first: int) -> None:
        """Records from now on: every so many steps, the first time after `first` steps."""
        ...

    def end(self) -> None:
        """Ends recording; what is recorded stays."""
        ...

    def data(self) -> Any:
        """What is recorded, the caller's own."""
        ...

    def clear(self) -> None:
        """Forgets what is recorded; recording goes on."""
        ...

    def harvest(self) -> None:
        """Takes over what the engine holds, before it forgets."""
        ...

    def kept(self) -> list[AnyArray]:
        """What is recorded, for `take_over` of a track of the same thing, while it is ended."""
        ...

    def take_over(self, kept: list[AnyArray]) -> None:
        """Takes over what another track has recorded, and forgets its own."""
        ...

    def n_bytes(self) -> int:
        """Memory of what is recorded."""
        ...


class SampledTrack:
    """Samples of a variable of some elements.

    Args:
        index: of the elements, in the order in which their samples are handed out.
        start: starts an engine's recorder of the elements of an ascending index, see SignalRecorder.
        stop: stops it.
    """

    def __init__(
        self,
        index: IntArray,
        start: Callable[[IntArray, int, int], SignalRecorder],
        stop: Callable[[SignalRecorder], None],
    ) -> None:
        self._index, self._columns = np.unique(np.asarray(index, np.int64), return_inverse=True)
        self._start, self._stop = start, stop
        self._recorder: SignalRecorder | None = None
        self._parts: list[FloatArray] = []

    def begin(self, every: int, first: int) -> None:
        self._recorder = self._start(self._index, every, first)

    def end(self) -> None:
        self.harvest()
        if self._recorder is not None:
            self._stop(self._recorder)
            self._recorder = None

    def data(self) -> FloatArray:
        """Samples, shape (n_samples, n_elements)."""
        parts = [*self._parts, *([] if self._recorder is None else [self._recorder.data()])]
        together = parts[0] if len(parts) == 1 else np.concatenate([np.empty((0, len(self._index))), *parts])
        is_ascending = len(self._columns) == len(self._index) and (np.diff(self._columns) > 0).all()
        return together if is_ascending else together[:, self._columns]

    def clear(self) -> None:
        self._parts = []
        if self._recorder is not None:
            self._recorder.clear()

    def harvest(self) -> None:
        if self._recorder is not None:
            self._parts.append(self._recorder.data())
            self._recorder.clear()

    def kept(self) -> list[AnyArray]:
        return list(self._parts)

    def take_over(self, kept: list[AnyArray]) -> None:
        self._parts = list(kept)

    def n_bytes(self) -> int:
        held = 0 if self._recorder is None else self._recorder.samples().n_samples * len(self._index) * 8
        return held + sum(part.nbytes for part in self._parts)


def cell_track(cells: Cells, variable: str, index: IntArray) -> SampledTrack:
    """Samples of a variable, or of an input, of cells."""
    return SampledTrack(
        index, lambda ranks, every, first: cells.record(variable, ranks, every, first), cells.stop_recording
    )


class SynapticValues:
    """Values of synapses in time, as the engine's recorder takes them."""

    def __init__(self, network: Network, values: Callable[[str], AnyArray]) -> None:
        self._network = network
        self._values = values

    def sample(self, variable: str) -> AnyArray:
        """Present values, one a synapse."""
        return self._values(variable)

    def now(self) -> int:
        """Steps done."""
        return self._network.step


def synaptic_track(network: Network, values: Callable[[str], AnyArray], variable: str, index: IntArray) -> SampledTrack:
    """Samples of a variable of synapses, `values` being the present ones of all synapses of the projection.

    Nothing but the samples themselves is taken in a run: between two of them, nothing costs.
    """
    source = SynapticValues(network, values)

    def start(numbers: IntArray, every: int, first: int) -> SignalRecorder:
        recorder = SignalRecorder(source, variable, numbers, every, first)
        network.polled.append(recorder)
        return recorder

    return SampledTrack(index, start, network.polled.remove)


class SpikeFeed:
    """Spikes of a population for several tracks: the engine keeps those of all cells that some track listens to."""

    def __init__(self, cells: Cells | SpikeSource | Axons) -> None:
        self.cells = cells
        self._listeners: list[SpikeTrack] = []

    def join(self, track: SpikeTrack) -> None:
        """The track hears the spikes from now on."""
        self.deliver()
        self._listeners.append(track)
        self._listen()

    def leave(self, track: SpikeTrack) -> None:
        """The track has heard the spikes up to now."""
        self.deliver()
        self._listeners.remove(track)
        self._listen()

    def deliver(self) -> None:
        """Hands the spikes up to now to all who listen."""
        if not self._listeners:
            return
        recorder = self._listen()
        index, times = recorder.spikes()
        if len(index):
            # the engine's step n ends at n dt; ANNarchy counts steps from 0
            steps = steps_of(times, self.cells.network.dt) - 1
            for track in self._listeners:
                track.hear(steps, index)
            recorder.clear()

    def _listen(self) -> Any:
        ranks = [track.ranks for track in self._listeners]
        index = np.unique(np.concatenate(ranks)) if ranks else np.empty(0, np.int64)
        current = self.cells.recorder if isinstance(self.cells, SpikeSource) else self.cells.spike_recorder
        if current is not None and np.array_equal(current.index, index):
            return current
        return self.cells.record_spikes(index)


class SpikeTrack:
    """Spikes of the neurons of some ranks."""

    def __init__(self, feed: SpikeFeed, ranks: IntArray) -> None:
        self.ranks = np.asarray(ranks, np.int64)
        self._feed = feed
        self._is_wanted = np.zeros(feed.cells.size, bool)
        self._is_wanted[self.ranks] = True
        self._parts: list[tuple[IntArray, IntArray]] = []

    def hear(self, steps: IntArray, index: IntArray) -> None:
        """Takes spikes of the population in."""
        wanted = self._is_wanted[index]
        if wanted.any():
            self._parts.append((steps[wanted], index[wanted]))

    def begin(self, every: int, first: int) -> None:
        self._feed.join(self)

    def end(self) -> None:
        self._feed.leave(self)

    def data(self) -> SpikeLists:
        """Steps of the spikes of each neuron, in the order of the ranks."""
        self._feed.deliver()
        if not self._parts:
            return {int(rank): [] for rank in self.ranks}
        steps, index = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        order = np.argsort(index, kind="stable")
        steps, index = steps[order], index[order]
        begins, ends = (np.searchsorted(index, self.ranks, side) for side in ("left", "right"))
        return {int(rank): steps[begin:end].tolist() for rank, begin, end in zip(self.ranks, begins, ends, strict=True)}

    def clear(self) -> None:
        self.harvest()
        self._parts = []

    def harvest(self) -> None:
        self._feed.deliver()

    def kept(self) -> list[AnyArray]:
        return [np.stack(part) for part in self._parts]

    def take_over(self, kept: list[AnyArray]) -> None:
        self._parts = [(part[0], part[1]) for part in kept]

    def n_bytes(self) -> int:
        return sum(steps.nbytes + index.nbytes for steps, index in self._parts)
