"""Monitors: what is recorded of populations, views, dendrites and projections while time goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.ann import analyses
from pynn_annarchy.ann.monitor_files import check_file, write_file
from pynn_annarchy.ann.observed import AXON_SPIKE, SPIKE, Observed, observed
from pynn_annarchy.ann.recorded import Track
from pynn_annarchy.engine.arrays import AnyArray
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.names import suggestion

if TYPE_CHECKING:
    from pynn_annarchy.ann.network import Network


class Monitor:
    """Records variables of an object, by default from its creation on.

    A variable has one sample a `period`, at the end of a step: T/period samples in a time T. Spikes are recorded as the
    steps in which they happen; multiply them by the network's ``dt`` for times in ms.

    Args:
        obj: a population, a view, a dendrite or a projection.
        variables: name or names of variables; 'spike'; 'axon_spike'; 'sum(exc)' for what rate-coded neurons receive.
        period: between two samples, in ms; one time step where none is given.
        period_offset: when in a period the sample is taken, in ms.
        start: whether to record from the start.
        name: for look-ups; 'monitor0', 'monitor1', ... where none is given.
        network: of the object.

    Raises:
        ModelError: the object has no such variable; a period that is no whole number of time steps.
    """

    def __init__(
        self,
        obj: Any,
        variables: str | Iterable[str] = (),
        period: float | None = None,
        period_offset: float | None = None,
        start: bool = True,
        name: str | None = None,
        network: Network | None = None,
    ) -> None:
        self.object = obj
        self._observed: Observed = observed(obj)
        self.network: Network = network or self._observed.network
        self.name: Any = name
        self._variables = [self._checked(variable) for variable in _names(variables)]
        self._period = period
        self._offset = period_offset or 0.0
        self._phase()
        self._starts = start
        self._tracks: dict[str, Track] = {}
        self._times: dict[str, _Times] = {}
        self._told: dict[str, _Times] = {}
        """When that was recorded which was handed out last."""
        self._is_built = False
        self.network._register(self)

    # what is recorded, and when

    @property
    def variables(self) -> list[str]:
        """Names of what is recorded."""
        return list(self._variables)

    @property
    def period(self) -> float:
        """Time between two samples, in ms."""
        return self.network.dt if self._period is None else self._period

    @period.setter
    def period(self, value: float) -> None:
        self._retime(value, self._offset)

    @property
    def period_offset(self) -> float:
        """When in a period the sample is taken, in ms."""
        return self._offset

    @period_offset.setter
    def period_offset(self, value: float) -> None:
        self._retime(self._period, value)

    def _retime(self, period: float | None, offset: float) -> None:
        before = self._period, self._offset
        self._period, self._offset = period, offset
        try:
            self._phase()
        except ModelError:
            self._period, self._offset = before
            raise
        for variable in [name for name, times in self._times.items() if times.is_open]:
            self._end(variable)
            self._begin(variable)

    def _phase(self) -> tuple[int, int]:
        """Period and offset in steps."""
        dt = self.network.dt
        every = _whole(self.period, dt, f"{self._label}: the period")
        offset = _whole(self._offset, dt, f"{self._label}: the offset of the period")
        if every < 1 or not 0 <= offset < every:
            raise ModelError(
                f"{self._label}: a period of {self.period:g} ms with the offset {self._offset:g} ms cannot be: the "
                f"period must be at least the time step, {dt:g} ms, and the offset at least 0 and less than the period"
            )
        return every, offset

    @property
    def _label(self) -> str:
        return f"monitor of {self._observed.label}" if self.name is None else f"monitor '{self.name}'"

    def _checked(self, variable: str) -> str:
        """The name of something that can be recorded; ModelError where it cannot."""
        known = self._observed.recordable
        if variable in known:
            return variable
        what = self._observed.label
        if variable in self._observed.parameters:
            raise ModelError(
                f"'{variable}' of {what} is a parameter: it does not change in a run, there is nothing to record"
            )
        hint = suggestion(variable, known) or f"there are {', '.join(known) or 'none'}"
        raise ModelError(f"{what} has nothing to record that is called '{variable}'; {hint}")

    # control

    def start(self, variables: str | Iterable[str] | None = None, period: float | None = None) -> None:
        """Starts recording, of all that the monitor was made for or of some variables, maybe others, too."""
        names = self.variables if variables is None else [self._checked(name) for name in _names(variables)]
        if not names:
            raise ModelError(f"{self._label} has no variables to record: name them, e.g. start('r')")
        self._variables += [name for name in names if name not in self._variables]
        if period is not None:
            self._retime(period, self._offset)
        self._starts = True
        if self._is_built:
            for name in names:
                self._begin(name)

    def pause(self) -> None:
        """Ends recording for now; what is recorded stays."""
        self._starts = False
        for variable in self._times:
            self._end(variable)

    def resume(self) -> None:
        """Goes on after `pause`, at the times at which samples would have been taken without it."""
        self._starts = True
        if self._is_built:
            for variable in self._variables:
                self._begin(variable)

    def stop(self) -> None:
        """Ends recording for good; what was not handed out is lost."""
        self.pause()
        self._variables, self._tracks, self._times, self._told = [], {}, {}, {}

    def reset(self) -> None:
        """Forgets what is recorded; recording goes on."""
        for variable, track in self._tracks.items():
            track.clear()
            self._times[variable].forget(self.network.current_step)

    # data

    def get(
        self,
        variables: str | Iterable[str] | None = None,
        keep: bool = False,
        reshape: bool = True,
        force_dict: bool = False,
    ) -> Any:
        """What has been recorded, which is forgotten then.

        Args:
            variables: name or names; all where none is given.
            keep: do not forget it.
            reshape: samples of a population in its geometry, (n_samples, *geometry), instead of flat.
            force_dict: a dictionary also of a single variable.

        Returns:
            For one name its data, else a dictionary: samples as arrays, time first; spikes as a dictionary from the
            rank of the neuron to the list of steps. Samples of a projection have the shape (n_samples, n_dendrites,
            n_synapses), where dendrites differ in size (n_samples, n_dendrites) of arrays.
        """
        names = self.variables if variables is None else _names(variables)
        data = {name: self._take(name, keep, reshape) for name in names}
        return data if force_dict or variables is None or len(names) > 1 else data[names[0]]

    def __getitem__(self, variable: str) -> Any:
        return self.get(variable)

    def times(self, variables: str | Iterable[str] | None = None) -> dict[str, dict[str, list[int]]]:
        """When that was recorded which `get` has handed out last: first steps, and the steps after the last."""
        names = self.variables if variables is None else _names(variables)
        return {name: self._told.get(self._known(name), _Times()).as_dict(self.network.current_step) for name in names}

    def save(
        self,
        filename: str,
        variables: str | Iterable[str] | None = None,
        keep: bool = False,
        reshape: bool = False,
        force_dict: bool = False,
    ) -> None:
        """Writes what has been recorded into a file, see `get`.

        Args:
            filename: ending in '.npy' for one variable, '.npz' or '.hdf5' for any number.
            force_dict: accepted as in `get`; files of several variables always name them.

        Raises:
            ModelError: another ending; several variables into a '.npy'; h5py is not installed.
        """
        names = self.variables if variables is None else _names(variables)
        check_file(filename, names)
        write_file(filename, {name: self._take(name, keep, reshape) for name in names})

    def _take(self, variable: str, keep: bool, reshape: bool) -> Any:
        self._known(variable)
        if not self._is_built:
            self.network.build()
        track = self._tracks.get(variable)
        if track is None:
            track = self._tracks[variable] = self._observed.track(variable)
            self._times[variable] = _Times()
        now = self.network.current_step
        self._told[variable] = self._times[variable].until(now)
        data = self._observed.shaped(variable, track.data(), reshape)
        if not keep:
            track.clear()
            self._times[variable].forget(now)
        return self._with_times(data, self._told[variable]) if isinstance(data, dict) else data

    def _with_times(self, spikes: Mapping[int, list[int]], told: _Times) -> analyses.RecordedSpikes:
        """Spikes that know the time step, and when they have been recorded."""
        now = self.network.current_step
        return analyses.RecordedSpikes(spikes, self.network.dt, told.window(now), told.n_steps(now))

    def _known(self, variable: str) -> str:
        if variable not in self._variables:
            hint = suggestion(variable, self._variables) or f"it records {', '.join(self._variables) or 'nothing'}"
            raise ModelError(f"{self._label} does not record '{variable}'; {hint}")
        return variable

    # statistics of spikes

    def raster_plot(self, spikes: Any = None) -> tuple[Any, Any]:
        """Times in ms and ranks of the spikes; those that `get` returned, or else of what is recorded."""
        return analyses.raster_plot(self._spikes(spikes), dt=self.network.dt)

    def histogram(
        self,
        spikes: Any = None,
        bins: float | None = None,
        per_neuron: bool = False,
        recording_window: analyses.Window | None = None,
    ) -> Any:
        """Numbers of spikes in bins of time, see analyses.histogram."""
        return analyses.histogram(self._spikes(spikes), bins, per_neuron, recording_window, dt=self.network.dt)

    def inter_spike_interval(self, spikes: Any = None, ranks: Any = None, per_neuron: bool = False) -> Any:
        """Intervals between spikes in ms, see analyses.inter_spike_interval."""
        return analyses.inter_spike_interval(self._spikes(spikes), ranks, per_neuron, dt=self.network.dt)

    def coefficient_of_variation(self, spikes: Any = None, ranks: Any = None, per_neuron: bool = False) -> Any:
        """Variation of the intervals, see analyses.coefficient_of_variation."""
        return analyses.coefficient_of_variation(self._spikes(spikes), ranks, per_neuron, dt=self.network.dt)

    def mean_fr(self, spikes: Any = None) -> float:
        """Mean firing rate of the neurons in Hz, over the time in which these spikes were recorded."""
        given = self._spikes(spikes)
        n_steps = self._told_of_spikes().n_steps(self.network.current_step)
        return analyses.mean_fr(given, n_steps, dt=self.network.dt) if n_steps else 0.0

    def smoothed_rate(self, spikes: Any = None, smooth: float = 0.0) -> Any:
        """Firing rate of each neuron in Hz, shape (n_neurons, n_steps), see analyses.smoothed_rate."""
        given = self._spikes(spikes)
        return analyses.smoothed_rate(given, smooth, self.network.dt, self._told_window())

    def population_rate(self, spikes: Any = None, smooth: float = 0.0) -> Any:
        """Mean firing rate in each step in Hz, shape (n_steps,), see analyses.population_rate."""
        given = self._spikes(spikes)
        return analyses.population_rate(given, smooth, self.network.dt, self._told_window())

    def _spikes(self, given: Mapping[Any, Any] | None) -> Mapping[int, Any]:
        if given is None:
            return self.get(self._known(self._spike_name))  # type: ignore[no-any-return]
        # the dictionary of all variables, or of spikes
        return given.get(SPIKE, given.get(AXON_SPIKE, given))  # type: ignore[no-any-return]

    @property
    def _spike_name(self) -> str:
        """What is meant by the spikes: axonal ones only where no others are recorded."""
        return AXON_SPIKE if AXON_SPIKE in self._variables and SPIKE not in self._variables else SPIKE

    def _told_of_spikes(self) -> _Times:
        name = self._spike_name
        if name not in self._told:
            raise ModelError(
                f"{self._label} has not handed out spikes yet: call get('{name}') first, or give no spikes"
            )
        return self._told[name]

    def _told_window(self) -> analyses.Window:
        return self._told_of_spikes().window(self.network.current_step)

    # the network's

    def _build(self) -> None:
        """Begins to record, once the object is built."""
        self._is_built = True
        if self._starts:
            for variable in self._variables:
                self._begin(variable)

    def _begin(self, variable: str) -> None:
        if variable not in self._tracks:
            self._tracks[variable] = self._observed.track(variable)
            self._times[variable] = _Times()
        times = self._times[variable]
        if not times.is_open:
            self._listen(variable)
            times.begin(self.network.current_step)

    def _listen(self, variable: str) -> None:
        """Lets the engine record, at the times at which samples are due anyhow."""
        now, (every, offset) = self.network.current_step, self._phase()
        origin = self._times[variable].origin_or(now)
        self._tracks[variable].begin(every, 1 + (offset - (now - origin)) % every)

    def _end(self, variable: str) -> None:
        times = self._times[variable]
        if times.is_open:
            self._tracks[variable].end()
            times.end(self.network.current_step)

    def _before_rewind(self) -> None:
        """Takes over what the engine holds: time is going back to 0, and the engine forgets."""
        for variable in self._times:
            was_open = self._times[variable].is_open
            self._end(variable)
            self._times[variable].reopens = was_open

    def _after_rewind(self) -> None:
        """Records again, from the new beginning of time."""
        for variable, times in self._times.items():
            times.origin = None
            if times.reopens:
                times.reopens = False
                self._begin(variable)

    def _suspend(self) -> None:
        """The engine stops recording for a moment, of which nobody is told."""
        for variable, times in self._times.items():
            if times.is_open:
                self._tracks[variable].end()

    def _go_on(self) -> None:
        """The engine records again after `_suspend`."""
        for variable, times in self._times.items():
            if times.is_open:
                self._listen(variable)

    def _state(self) -> dict[str, Any]:
        """What it is told to do and when it has done so, in plain numbers; see `_take_over`."""
        told, times = ({name: each.state() for name, each in of.items()} for of in (self._told, self._times))
        return {
            "variables": self._variables,
            "period": self._period,
            "offset": self._offset,
            "starts": self._starts,
            "times": times,
            "told": told,
        }

    def _kept(self) -> dict[str, list[AnyArray]]:
        """What it has recorded, while it is suspended."""
        return {name: track.kept() for name, track in self._tracks.items()}

    def _take_over(self, state: Mapping[str, Any], kept: Mapping[str, list[AnyArray]]) -> None:
        """Takes over what another monitor of the same object was told and has recorded, while it is suspended."""
        self._variables = [self._checked(name) for name in state["variables"]]
        self._period, self._offset, self._starts = state["period"], state["offset"], state["starts"]
        self._times = {name: _Times.of(times) for name, times in state["times"].items()}
        self._told = {name: _Times.of(times) for name, times in state["told"].items()}
        self._tracks = {name: self._observed.track(name) for name in self._times}
        for name, track in self._tracks.items():
            track.take_over(kept[name])

    def _n_bytes(self) -> int:
        """Memory of what is recorded."""
        return sum(track.n_bytes() for track in self._tracks.values())

    def __repr__(self) -> str:
        return f"<Monitor '{self.name}' of {self._observed.label}: {', '.join(self._variables)}>"


class _Times:
    """When something was recorded: from which step on, up to which."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._stops: list[int | None] = []
        self.origin: int | None = None
        """When periods began to count."""
        self.reopens = False

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> _Times:
        """As they were when `state` was taken."""
        times = cls()
        times._starts, times._stops, times.origin = list(state["starts"]), list(state["stops"]), state["origin"]
        return times

    def state(self) -> dict[str, Any]:
        """In plain numbers."""
        return {"starts": self._starts, "stops": self._stops, "origin": self.origin}

    @property
    def is_open(self) -> bool:
        """Whether recording goes on."""
        return bool(self._stops) and self._stops[-1] is None

    def origin_or(self, now: int) -> int:
        """When periods began to count: now, unless it is known."""
        if self.origin is None:
            self.origin = now
        return self.origin

    def begin(self, now: int) -> None:
        self._starts.append(now)
        self._stops.append(None)

    def end(self, now: int) -> None:
        self._stops[-1] = now
        if self._starts[-1] == now:  # nothing was recorded
            del self._starts[-1], self._stops[-1]

    def window(self, now: int) -> analyses.Window:
        """From the first step on, up to the last one."""
        if not self._starts:
            return 0, 0
        stop = self._stops[-1]
        return self._starts[0], now if stop is None else stop

    def forget(self, now: int) -> None:
        """What was recorded is gone; what goes on goes on from now."""
        is_open = self.is_open
        self._starts, self._stops = ([now], [None]) if is_open else ([], [])

    def until(self, now: int) -> _Times:
        """A copy that is closed now."""
        copy = _Times()
        copy._starts = list(self._starts)
        copy._stops = [now if stop is None else stop for stop in self._stops]
        return copy

    def as_dict(self, now: int) -> dict[str, list[int]]:
        closed = self.until(now)
        return {"start": closed._starts, "stop": [int(stop) for stop in closed._stops if stop is not None]}

    def n_steps(self, now: int) -> int:
        """Number of steps that were recorded."""
        told = self.as_dict(now)
        return sum(stop - start for start, stop in zip(told["start"], told["stop"], strict=True))


class MonitorList(list[Monitor]):
    """Monitors whose data are saved together."""

    def save_all(self, filename: str, keep: bool = False, reshape: bool = False, flat_keys: bool = False) -> None:
        """Writes what all of them have recorded into one file.

        Args:
            filename: ending in '.hdf5' or '.npz'.
            flat_keys: keys ``name-variable`` instead of a group for each monitor.

        Raises:
            ModelError: another ending; two monitors of one name; h5py is not installed.
        """
        names = [monitor.name for monitor in self]
        if len(set(names)) < len(names):
            raise ModelError(f"monitors that are saved together need different names, these are {', '.join(names)}")
        separator = "-" if flat_keys else "/"
        keys = [f"{monitor.name}{separator}{name}" for monitor in self for name in monitor.variables]
        check_file(filename, keys, single=False)
        data: dict[str, Any] = {}
        for monitor in self:
            for name in monitor.variables:
                data[f"{monitor.name}{separator}{name}"] = monitor._take(name, keep, reshape)
        write_file(filename, data)


def _names(variables: str | Iterable[str]) -> list[str]:
    return [variables] if isinstance(variables, str) else list(variables)


def _whole(duration: float, dt: float, what: str) -> int:
    """A duration in ms as a whole number of time steps."""
    steps = duration / dt
    if not np.isfinite(steps) or abs(steps - round(steps)) > 1e-6:
        raise ModelError(f"{what} must be a whole number of time steps of {dt:g} ms, got {duration!r} ms")
    return round(steps)
