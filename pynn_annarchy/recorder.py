"""Recording into Neo: the engine's arrays with units, channel numbers and start times."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import neo
import numpy as np
import quantities as pq
from pyNN import errors, recording
from pyNN.recording import Variable

from pynn_annarchy import simulator
from pynn_annarchy.engine.arrays import times_of


@dataclass(frozen=True)
class _Simulation:
    """What pyNN's Recorder calls the simulator, bound to the simulation that the recorder belongs to."""

    state: simulator.State
    name: str = simulator.name


class Recorder(recording.Recorder):
    """Records one population; analog signals begin with the value at the time at which recording began.

    Cells whose recording begins later have a signal of their own, with its own start time.
    """

    _simulator = simulator

    def __init__(self, population: Any, file: Any = None) -> None:
        self._simulator = _Simulation(simulator.state)
        super().__init__(population, file)
        self._signals: dict[str, list[Any]] = defaultdict(list)
        self._pending: list[tuple[str, np.ndarray]] = []
        self._spikes: Any = None

    # what to record

    def record(self, variables: Any, ids: Any, sampling_interval: float | None = None, locations: Any = None) -> None:
        """Adds cells to those recorded; variables may be 'all'.

        Raises:
            RecordingError: the cell type does not have that variable.
            ValueError: the sampling interval is no multiple of the time step, or differs from an earlier one.
            StaleSimulationError: the population belongs to an earlier setup().
        """
        self.population.check_open()
        if isinstance(variables, str) and variables == "all":
            variables = list(self.population.celltype.recordable)
        localized = self._localize_variables(variables, locations)
        for variable in localized:
            if not self.population.can_record(variable.name, variable.location):
                raise errors.RecordingError(variable.name, self.population.celltype)
        if sampling_interval is not None:
            self._set_sampling_interval(sampling_interval)
        cells = set(np.asarray(ids).tolist())
        for variable in localized:
            new = cells - self.recorded[variable]
            self.recorded[variable] |= cells
            if new:
                self._record(variable, new)

    def _set_sampling_interval(self, interval: float) -> None:
        dt = self._simulator.state.dt
        every = round(interval / dt)
        if every < 1 or abs(interval / dt - every) > simulator.GRID_TOLERANCE * every:
            raise ValueError(f"sampling_interval must be a multiple of the time step of {dt} ms, not {interval}")
        interval = float(times_of(every, dt))
        self._check_sampling_interval(interval)
        self.sampling_interval = interval

    def _record(self, variable: Variable, new_ids: set[int], sampling_interval: float | None = None) -> None:
        if variable.name == "spikes":
            self._spikes = self.population._engine.record_spikes(self._index(self.recorded[variable]))
        else:
            self._pending.append((variable.name, self._index(new_ids)))

    def _index(self, ids: set[int]) -> np.ndarray:
        return np.sort(np.fromiter(ids, dtype=np.int64, count=len(ids))) - int(self.population.first_id)

    def attach(self) -> None:
        """Starts the recordings asked for since the last run; the models have to be compiled for that."""
        every = round(self.sampling_interval / self._simulator.state.dt)
        for name, index in self._pending:
            self._signals[name].append(self.population._engine.record(name, index, every))
        self._pending = []

    @property
    def has_pending(self) -> bool:
        """Whether attach() has something to do."""
        return bool(self._pending)

    def _reset(self) -> None:
        for signals in self._signals.values():
            for signal in signals:
                self.population._engine.stop_recording(signal)
        self._signals.clear()
        self._pending = []
        if self._spikes is not None:
            self._spikes.clear()
            self._spikes = self.population._engine.record_spikes(np.empty(0, dtype=np.int64))

    def store_to_cache(self, annotations: dict[str, Any] | None = None) -> None:
        """Keeps the data of the present segment, unless they have been cleared just now."""
        self.clear_flag = self.clear_flag and self._recording_start_time == self._simulator.state.t * pq.ms
        super().store_to_cache(annotations)

    # what was recorded

    def get(
        self,
        variables: Any,
        gather: bool = False,
        filter_ids: Any = None,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
        locations: Any = None,
    ) -> neo.Block:
        """The recorded data as a Neo Block, one segment a run since setup() or reset(); none before the first run."""
        names = variables if variables == "all" else {v.name for v in self._localize_variables(variables, locations)}
        block = neo.Block(name=self.population.label, description=self.population.describe())
        ids = None if filter_ids is None else np.array([int(id) for id in filter_ids])
        block.segments = [self._only(segment, names, ids) for segment in self.cache]
        if self._simulator.state.running:
            block.segments.append(self._get_current_segment(filter_ids, names))
        for segment in block.segments:
            segment.block = block
        if block.segments:
            block.rec_datetime = block.segments[0].rec_datetime
        block.annotate(**self.metadata, **(annotations or {}))
        if clear:
            self.clear()
        return block

    def _get_current_segment(self, filter_ids: Any = None, variables: Any = "all", clear: bool = False) -> neo.Segment:
        segment = neo.Segment(
            name=f"segment{self._simulator.state.segment_counter:03d}",
            description=self.population.describe(),
            rec_datetime=datetime.now(),
        )
        for variable in list(self.recorded):
            if variables != "all" and variable.name not in variables:
                continue
            ids = sorted(int(id) for id in self.filter_recorded(variable, filter_ids))
            if variable.name == "spikes":
                segment.spiketrains = self._spike_trains(ids)
                segment.spiketrains.segment = segment
            elif ids:
                segment.analogsignals.extend(self._analog_signals(variable, ids))
        for signal in segment.analogsignals:
            signal.segment = segment
        return segment

    def _spike_trains(self, ids: list[int]) -> Any:
        cells, times = self._get_spiketimes(ids)
        period = self._recording_start_time, self._simulator.state.t * pq.ms
        return self._train_list(np.array(ids, dtype=int), cells, times, *period)

    def _train_list(self, ids: np.ndarray, cells: np.ndarray, times: np.ndarray, t_start: Any, t_stop: Any) -> Any:
        """Spike trains of the cells `ids` from pairs of cell and time in ms, made when they are looked at."""
        return neo.spiketrainlist.SpikeTrainList.from_spike_time_array(
            times,
            cells,
            ids,
            t_start=t_start,
            t_stop=t_stop,
            units="ms",
            source_population=self.population.label,
            source_index=ids - int(self.population.first_id),
        )

    def _get_spiketimes(self, ids: list[int], clear: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Number of the cell and time, in ms, of each spike."""
        index, times = self._spikes.spikes()
        wanted = np.zeros(self.population.size, dtype=bool)
        wanted[np.asarray(ids, dtype=np.int64) - int(self.population.first_id)] = True
        keep = wanted[index]
        return index[keep].astype(np.int64) + int(self.population.first_id), np.array(times[keep], dtype=float)

    def _analog_signals(self, variable: Variable, ids: list[int]) -> list[neo.AnalogSignal]:
        by_start: dict[int, list[Any]] = defaultdict(list)
        for signal in self._signals[variable.name]:
            by_start[signal.start_step].append(signal)
        wanted = np.array(ids, dtype=np.int64) - int(self.population.first_id)
        signals = [self._analog_signal(variable, by_start[start], wanted) for start in sorted(by_start)]
        return [signal for signal in signals if signal.shape[1]]

    def _analog_signal(self, variable: Variable, recorders: list[Any], wanted: np.ndarray) -> neo.AnalogSignal:
        index, samples = _joined(recorders)
        columns = np.flatnonzero(np.isin(index, wanted))
        columns = columns[np.argsort(index[columns], kind="stable")]
        units = self.population.find_units(variable)
        return neo.AnalogSignal(
            samples[:, columns],
            units="dimensionless" if units == "unknown" else units,
            t_start=float(times_of(recorders[0].start_step, self._simulator.state.dt)) * pq.ms,
            sampling_period=self.sampling_interval * pq.ms,
            name=variable.name,
            channel_ids=index[columns] + int(self.population.first_id),
            source_population=self.population.label,
            array_annotations={"channel_index": index[columns]},
        )

    def _get_all_signals(self, variable: Variable, ids: Any, clear: bool = False) -> tuple[np.ndarray, None]:
        """Samples, shape (n_samples, n_cells), of cells whose recording began together."""
        self.attach()
        signals = self._analog_signals(variable, sorted(int(id) for id in ids))
        return (signals[0].magnitude if signals else np.empty((0, 0))), None

    def _local_count(self, variable: Variable, filter_ids: Any = None) -> dict[int, int]:
        if self._spikes is None:
            return {}
        wanted = self.filter_recorded(variable, filter_ids)
        index, counts = self._spikes.counts()
        cells = (index.astype(np.int64) + int(self.population.first_id)).tolist()
        return {cell: n for cell, n in zip(cells, counts.tolist(), strict=True) if cell in wanted}

    def _only(self, segment: neo.Segment, names: Any, ids: np.ndarray | None) -> neo.Segment:
        """A copy of a finished segment with the wanted variables of some cells, None for all."""
        chosen = neo.Segment(name=segment.name, description=segment.description, rec_datetime=segment.rec_datetime)
        chosen.annotate(**segment.annotations)
        signals = [_signal_of(s, ids) for s in segment.analogsignals if names == "all" or s.name in names]
        chosen.analogsignals = [signal for signal in signals if signal.shape[1]]
        trains = segment.spiketrains
        if len(trains) and (names == "all" or "spikes" in names):
            recorded, (cells, times) = np.asarray(trains.all_channel_ids), trains.multiplexed
            if ids is not None:
                keep = np.isin(cells, ids)
                recorded, cells, times = np.intersect1d(recorded, ids), cells[keep], times[keep]
            chosen.spiketrains = self._train_list(recorded, cells, times, trains.t_start, trains.t_stop)
            chosen.spiketrains.segment = chosen
        for signal in chosen.analogsignals:
            signal.segment = chosen
        return chosen

    # clearing

    def _clear_simulator(self) -> None:
        """Forgets what was recorded; signals go on with the present value."""
        self._restart()

    def _restart(self) -> None:
        if self._spikes is not None:
            self._spikes.clear()
        for signals in self._signals.values():
            for signal in signals:
                signal.restart()


def _joined(recorders: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Cells and samples of recorders that began together."""
    if len(recorders) == 1:
        return recorders[0].index, recorders[0].data()
    return (
        np.concatenate([recorder.index for recorder in recorders]),
        np.concatenate([recorder.data() for recorder in recorders], axis=1),
    )


def _signal_of(signal: neo.AnalogSignal, ids: np.ndarray | None) -> neo.AnalogSignal:
    """A signal of some cells, None for all; its annotations are its own, as PyNN changes them."""
    channels = signal.annotations["channel_ids"]
    columns = np.arange(len(channels)) if ids is None else np.flatnonzero(np.isin(channels, ids))
    part = signal[:, :] if ids is None else signal[:, columns]
    part.annotate(channel_ids=channels[columns])
    part.array_annotate(channel_index=signal.array_annotations["channel_index"][columns])
    return part
