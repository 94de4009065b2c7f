"""Recording into Neo: the engine's arrays with units, channel numbers and start times."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import neo
import numpy as np
import quantities as pq
from pyNN import errors, recording
from pyNN.recording import Variable

from pynn_annarchy import output, simulator
from pynn_annarchy.engine.arrays import time_of
from pynn_annarchy.engine.recorders import Samples
from pynn_annarchy.neo_objects import SpikeTrains


@dataclass(frozen=True)
class _Simulation:
    """What pyNN's Recorder calls the simulator, bound to the simulation that the recorder belongs to."""

    state: simulator.State
    name: str = simulator.name


@dataclass(frozen=True, eq=False)
class _Recording:
    """What one segment of data is made of."""

    name: str
    description: str
    rec_datetime: datetime
    annotations: dict[str, Any]
    t_start: pq.Quantity
    t_stop: pq.Quantity
    signals: dict[Variable, list[Samples]]
    spikes: tuple[np.ndarray, np.ndarray] | None
    """Index of the cell and time in ms of each spike; None where no spikes are recorded."""
    spiking: np.ndarray
    """Indices of the cells whose spikes are recorded."""

    def for_a_reader(self) -> _Recording:
        """The same with times of its own, which Neo's lists do not copy and readers may change."""
        return self if self.spikes is None else replace(self, spikes=(self.spikes[0], self.spikes[1].copy()))


class Recorder(recording.Recorder):
    """Records one population; analog signals begin with the value at the time at which recording began.

    Cells whose recording begins later, or that are sampled at other intervals, have a signal of their own.
    """

    _simulator = simulator
    _element = "cell"
    """What errors call one of those that are recorded."""

    def __init__(self, population: Any, file: Any = None) -> None:
        self._simulator = _Simulation(population._simulation)
        super().__init__(population, file)
        self._signals: dict[Variable, list[Any]] = defaultdict(list)
        self._pending: list[tuple[Variable, np.ndarray, int]] = []
        self._spikes: Any = None

    # what to record

    def record(self, variables: Any, ids: Any, sampling_interval: float | None = None, locations: Any = None) -> None:
        """Adds cells to those recorded; variables may be 'all'.

        Without a sampling interval, in ms, the one given last for this population holds, at first the time step.

        Raises:
            RecordingError: the cell type does not have that variable.
            ValueError: the sampling interval is no multiple of the time step, or cells are already recorded at
                another one; locations, which only cells of several compartments have.
            StaleSimulationError: the population belongs to an earlier setup().
        """
        self.population.check_open()
        if isinstance(variables, str) and variables == "all":
            variables = list(self.population.celltype.recordable)
        localized = self._localize_variables(variables, locations)
        for variable in localized:
            if not self.population.can_record(variable.name, variable.location):
                raise errors.RecordingError(variable.name, self.population.celltype)
        sampled = [variable for variable in localized if variable.name != "spikes"]
        cells = set(np.asarray(ids).tolist())
        if sampling_interval is not None:
            every = self._steps_of(sampling_interval)
            for variable in sampled:
                self._refuse_other_interval(variable, self._index(cells), every)
            if sampled:
                self.sampling_interval = time_of(every, self._simulator.state.dt)
        for variable in localized:
            new = cells - self.recorded[variable]
            self.recorded[variable] |= cells
            if new:
                self._record(variable, new)

    def _localize_variables(self, variables: Any, locations: Any) -> list[Variable]:
        if locations is not None:
            raise ValueError(
                f"'{self.population.label}' cannot be recorded at locations {locations!r}: only cells of several "
                f"compartments have them, and {type(self.population.celltype).__name__} has one; leave `locations` out"
            )
        return super()._localize_variables(variables, locations)

    def _steps_of(self, interval: float) -> int:
        dt = self._simulator.state.dt
        every = round(interval / dt)
        if every < 1 or abs(interval / dt - every) > simulator.GRID_TOLERANCE * every:
            raise ValueError(f"sampling_interval must be a multiple of the time step of {dt} ms, not {interval}")
        return every

    def _refuse_other_interval(self, variable: Variable, index: np.ndarray, every: int) -> None:
        present = [(recorder.index, recorder.every) for recorder in self._signals[variable]]
        present += [(cells, steps) for name, cells, steps in self._pending if name == variable]
        for cells, steps in present:
            both = np.intersect1d(cells, index)
            if steps != every and len(both):
                raise ValueError(
                    f"'{variable.name}' of {self._element} {both[0]} of '{self.population.label}' is already recorded "
                    f"every {time_of(steps, self._simulator.state.dt)} ms: a variable of a {self._element} has one "
                    "sampling_interval, which record(None) lets you choose anew"
                )

    def _record(self, variable: Variable, new_ids: set[int], sampling_interval: float | None = None) -> None:
        if variable.name == "spikes":
            self._spikes = self.population._engine.record_spikes(self._index(self.recorded[variable]))
        else:
            self._pending.append((variable, self._index(new_ids), self._steps_of(self.sampling_interval)))

    def _index(self, ids: set[int]) -> np.ndarray:
        return np.sort(np.fromiter(ids, dtype=np.int64, count=len(ids))) - int(self.population.first_id)

    def attach(self) -> None:
        """Starts the recordings asked for since the last run; the models have to be compiled for that."""
        together: dict[tuple[Variable, int], list[np.ndarray]] = defaultdict(list)
        for variable, index, every in self._pending:
            together[variable, every].append(index)
        for (variable, every), parts in together.items():
            index = np.sort(np.concatenate(parts))
            self._signals[variable].append(self._start(variable, index, every))
        self._pending = []

    def _start(self, variable: Variable, index: np.ndarray, every: int) -> Any:
        """The engine's recorder of a variable, sampled every so many steps from now on."""
        return self.population._engine.record(simulator.in_model(variable.name), index, every)

    def _stop(self, signal: Any) -> None:
        self.population._engine.stop_recording(signal)

    @property
    def has_pending(self) -> bool:
        """Whether attach() has something to do."""
        return bool(self._pending)

    def _reset(self) -> None:
        for signals in self._signals.values():
            for signal in signals:
                self._stop(signal)
        self._signals.clear()
        self._pending = []
        self.sampling_interval = self._simulator.state.dt
        if self._spikes is not None:
            self._spikes.clear()
            self._spikes = self.population._engine.record_spikes(np.empty(0, dtype=np.int64))

    def store_to_cache(self, annotations: dict[str, Any] | None = None) -> None:
        """Keeps the data of the present segment, unless they have been cleared just now."""
        now = self._simulator.state.t * pq.ms
        has_nothing = self.clear_flag and self._recording_start_time == now
        if now != 0 and not has_nothing:
            self.cache.store(self._present(annotations or {}))
        self.clear_flag = False
        self._recording_start_time = 0.0 * pq.ms

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
        recordings = [recorded.for_a_reader() for recorded in self.cache]
        if self._simulator.state.running:
            recordings.append(self._present({}))
        wanted = None if filter_ids is None else self._index({int(id) for id in filter_ids})
        block = neo.Block(name=self.population.label, description=self.population.describe())
        block.segments = [self._segment(each, names, wanted) for each in recordings]
        for segment in block.segments:
            segment.block = block
        if block.segments:
            block.rec_datetime = block.segments[0].rec_datetime
        block.annotate(**self.metadata, **(annotations or {}))
        if clear:
            self.clear()
        return block

    def write(
        self,
        variables: Any,
        file: Any = None,
        gather: bool = False,
        filter_ids: Any = None,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
        locations: Any = None,
    ) -> None:
        """Writes the recorded data to a file, or through a Neo IO; they are cleared once they have been written.

        Raises:
            ValueError, ImportError: the file's format is not known, or its library not installed.
        """
        block = self.get(variables, gather, filter_ids, annotations=annotations, locations=locations)
        output.write(block, file or self.file)
        if clear:
            self.clear()

    def _present(self, annotations: dict[str, Any]) -> _Recording:
        """What has been recorded since the last reset."""
        return _Recording(
            name=f"segment{self._simulator.state.segment_counter:03d}",
            description=self.population.describe(),
            rec_datetime=datetime.now(),
            annotations=annotations,
            t_start=self._recording_start_time,
            t_stop=self._simulator.state.t * pq.ms,
            signals={variable: [s.samples() for s in signals] for variable, signals in self._signals.items()},
            spikes=None if self._spikes is None else self._spikes.spikes(),
            spiking=self._index(self.recorded.get(Variable("spikes", None, None), set())),
        )

    def _segment(self, recorded: _Recording, names: Any, wanted: np.ndarray | None) -> neo.Segment:
        """The wanted variables ('all' or names) of some cells, None for all."""
        segment = neo.Segment(name=recorded.name, description=recorded.description, rec_datetime=recorded.rec_datetime)
        segment.annotate(**recorded.annotations)
        for variable, samples in recorded.signals.items():
            if names == "all" or variable.name in names:
                segment.analogsignals.extend(self._analog_signals(variable, samples, wanted))
        if recorded.spikes is not None and (names == "all" or "spikes" in names):
            segment.spiketrains = self._spike_trains(recorded, wanted)
            segment.spiketrains.segment = segment
        for signal in segment.analogsignals:
            signal.segment = segment
        return segment

    def _analog_signals(self, variable: Variable, parts: list[Samples], wanted: Any) -> list[neo.AnalogSignal]:
        alike: dict[tuple[int, int], list[Samples]] = defaultdict(list)
        for samples in parts:
            if wanted is None or np.isin(samples.index, wanted).any():
                alike[samples.start_step, samples.every].append(samples)
        return [self._analog_signal(variable, alike[key], wanted) for key in sorted(alike)]

    def _analog_signal(self, variable: Variable, parts: list[Samples], wanted: np.ndarray | None) -> neo.AnalogSignal:
        index, values = _joined(parts, wanted)
        dt = self._simulator.state.dt
        units = self._units(variable)
        return neo.AnalogSignal(
            values,
            units="dimensionless" if units == "unknown" else units,
            t_start=time_of(parts[0].start_step, dt) * pq.ms,
            sampling_period=time_of(parts[0].every, dt) * pq.ms,
            name=variable.name,
            **self._annotations(index),
        )

    def _units(self, variable: Variable) -> str:
        return str(self.population.find_units(variable))

    def _annotations(self, index: np.ndarray) -> dict[str, Any]:
        """What a signal says of where it comes from."""
        return {
            "channel_ids": index + int(self.population.first_id),
            "source_population": self.population.label,
            "array_annotations": {"channel_index": index},
        }

    def _spike_trains(self, recorded: _Recording, wanted: np.ndarray | None) -> SpikeTrains:
        """Spike trains of the recorded cells, in the order of their indices, with or without spikes."""
        assert recorded.spikes is not None
        index, times = recorded.spikes
        cells = recorded.spiking if wanted is None else np.intersect1d(recorded.spiking, wanted)
        if len(cells) < self.population.size:
            is_wanted = np.zeros(self.population.size, dtype=bool)
            is_wanted[cells] = True
            keep = is_wanted[index]
            index, times = index[keep], times[keep]
        first_id = int(self.population.first_id)
        return SpikeTrains.from_spike_time_array(
            times,
            index + first_id,
            cells + first_id,
            t_start=recorded.t_start,
            t_stop=recorded.t_stop,
            units="ms",
            source_population=self.population.label,
            source_index=cells,
        )

    def _local_count(self, variable: Variable, filter_ids: Any = None) -> dict[int, int]:
        if self._spikes is None:
            return {}
        wanted = self.filter_recorded(variable, filter_ids)
        index, counts = self._spikes.counts()
        cells = (index.astype(np.int64) + int(self.population.first_id)).tolist()
        return {cell: n for cell, n in zip(cells, counts.tolist(), strict=True) if cell in wanted}

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


def _joined(parts: list[Samples], wanted: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Indices, ascending, and values of the wanted cells (None: all) of samples taken at the same times."""
    if len(parts) > 1:
        index = np.concatenate([part.index for part in parts])
        order = np.argsort(index)
        values = np.concatenate([part.values() for part in parts], axis=1)[:, order]
        index = index[order]
        columns = slice(None) if wanted is None else np.flatnonzero(np.isin(index, wanted))
        return index[columns], values[:, columns]
    (part,) = parts
    columns = np.flatnonzero(np.isin(part.index, part.index if wanted is None else wanted))
    everything = len(columns) == len(part.index)
    return part.index[columns], part.values(None if everything else columns)
