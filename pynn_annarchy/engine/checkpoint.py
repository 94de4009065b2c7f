"""Checkpoints: a network that has run, as a dictionary of arrays, from which one like it goes on bit for bit.

What is in it: parameters, states, synapses (pairs, weights, delays, parameters, variables), spikes and rates under way,
the clock, the trial of the random streams, and what recorders have taken. What is not: the structure. Who restores has
built the same network before, by the same script; sizes, models and what is recorded are compared. Connections may have
been drawn otherwise: those of the checkpoint hold.

Keys are paths such as ``cells/0/state/v``. Everything lies in arrays of numbers, so that a file of them runs no code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.engine.arrays import AnyArray, Value
from pynn_annarchy.engine.axons import Axons
from pynn_annarchy.engine.cells import Cells, SourceRecorder, SpikeSource
from pynn_annarchy.engine.clocked import Activity
from pynn_annarchy.engine.connectivity import Synapses
from pynn_annarchy.engine.currents import Current, Output, Table
from pynn_annarchy.engine.firing_rate import RATE
from pynn_annarchy.engine.recorders import SignalRecorder, SpikeRecorder
from pynn_annarchy.engine.schedules import Schedule
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.canonical import canonical
from pynn_annarchy.targets import cache

if TYPE_CHECKING:
    from pynn_annarchy.engine.network import Network

Checkpoint = dict[str, AnyArray]

VERSION = 3


def capture(network: Network) -> Checkpoint:
    """The network as it is now.

    Raises:
        ModelError: spikes are under way on synapses whose delays have been changed since.
    """
    network.prepare()
    out = _Section({}, "")
    out["version"] = VERSION
    out["clock"] = [network.step, network.trial]
    out["partitions"] = network.partitions
    out["random"] = [network.seed]
    out["structure"] = _structure(network)
    out["loop"] = network.loop.state()
    for population in network.populations:
        part = out.section(f"cells/{population.number}")
        if isinstance(population, SpikeSource):
            _capture_source(population, part)
            continue
        if isinstance(population, Cells):
            _capture_cells(population, part)
        if population.spike_recorder is not None:
            _capture_spikes(population.spike_recorder, part.section("spikes"))
    for synapses in network.projections:
        _capture_synapses(synapses, out.section(f"synapses/{synapses.number}"))
    for current in network.currents:
        _capture_current(current, out.section(f"currents/{current.number}"))
    for number, recorder in enumerate(network.polled):
        _capture_samples(recorder, out.section(f"polled/{number}"))
    return out.values


def restore(network: Network, checkpoint: Mapping[str, AnyArray]) -> None:
    """Puts a network with the structure of the checkpoint's into its state.

    Raises:
        ModelError: another structure, target or number of partitions; says which. The network is as it was then.
    """
    given = _Section(dict(checkpoint), "")
    if "version" not in given or int(given["version"]) != VERSION:
        raise ModelError("this is no checkpoint of this version")
    network.check_open()
    network.prepare()
    if str(given["structure"]) != _structure(network):
        raise ModelError(_difference(str(given["structure"]), _structure(network)))
    if int(given["random"][0]) != network.seed:
        network.reseed(int(given["random"][0]))
    step, trial = (int(value) for value in given["clock"])
    network.jump(step, trial)
    for population in network.populations:
        part = given.section(f"cells/{population.number}")
        if isinstance(population, Axons):
            continue
        network.activate(population, bool(part["active"]))
        if isinstance(population, SpikeSource):
            _restore_source(population, part)
        else:
            _restore_parameters(population, part)
    for synapses in network.projections:
        _restore_synapses(synapses, given.section(f"synapses/{synapses.number}"))
    for current in network.currents:
        _restore_current(current, given.section(f"currents/{current.number}"))
    network.changed()
    network.prepare()
    for cells in network.cells:
        _restore_states(cells, given.section(f"cells/{cells.number}"))
    for population in network.populations:
        if not isinstance(population, SpikeSource) and population.spike_recorder is not None:
            _restore_spikes(population.spike_recorder, given.section(f"cells/{population.number}/spikes"))
    for number, recorder in enumerate(network.polled):
        _restore_samples(recorder, given.section(f"polled/{number}"))
    network.loop.restore(given["loop"])


class _Section:
    """Values under one path."""

    def __init__(self, values: Checkpoint, path: str) -> None:
        self.values = values
        self._path = path

    def section(self, name: str) -> _Section:
        return _Section(self.values, f"{self._path}{name}/")

    def __setitem__(self, name: str, value: Any) -> None:
        self.values[self._path + name] = np.asarray(value)

    def __getitem__(self, name: str) -> Any:
        return self.values[self._path + name]

    def __contains__(self, name: str) -> bool:
        return self._path + name in self.values

    def put(self, values: Mapping[str, Value]) -> None:
        for name, value in values.items():
            self[name] = value

    def names(self) -> Iterator[str]:
        return (key.removeprefix(self._path) for key in self.values if key.startswith(self._path))

    def all(self) -> dict[str, Value]:
        """Numbers and arrays of their own, by name."""
        return {name: _value(self[name]) for name in self.names()}


def _value(array: AnyArray) -> Value:
    return float(array) if array.ndim == 0 else np.array(array, np.float64)


# structure


def _structure(network: Network) -> str:
    """What must be alike: models, sizes, who is connected to whom, what is recorded; one line each."""
    options = network.options
    lines = [f"a network with dt = {network.dt} on {network.loop.state_form} in {options.precision} precision"]
    lines.append(f"{network.partitions} partitions")
    if options.weight_bits is not None:
        lines.append(f"weights of {options.weight_bits} bits")
    for population in network.populations:
        if isinstance(population, SpikeSource):
            lines.append(f"{population.size} sources of given spikes, population '{population.label}'")
        if not isinstance(population, Cells):
            continue
        model = f"{population.spec.name} ({cache.key(canonical(population.spec))[:8]})"
        lines.append(f"{population.size} {model}, population '{population.label}'")
        lines += [f"a recording of '{s.variable}' of '{population.label}', {s.every}" for s in population.signals]
    for synapses in network.projections:
        model = f"{synapses.spec.name} ({cache.key(canonical(synapses.spec))[:8]})"
        ends = f"from '{synapses.pre_cells.label}' to '{synapses.post_cells.label}'"
        lines.append(f"{model}, projection '{synapses.label}' {ends}")
    lines += [f"a current '{current.label}'" for current in network.currents]
    lines += [f"a recording of '{recorder.variable}', {recorder.every}" for recorder in network.polled]
    return "\n".join(lines)


def _difference(saved: str, own: str) -> str:
    theirs, ours = saved.split("\n"), own.split("\n")
    if theirs[1] != ours[1] and theirs[:1] + theirs[2:] == ours[:1] + ours[2:]:
        number = theirs[1].split()[0]
        return (
            f"the checkpoint was taken with {number} threads: ask for as many, here there are {ours[1].split()[0]}; "
            "target='cuda' goes on from those of one thread"
        )
    missing = [line for line in theirs if line not in ours]
    if missing:
        return f"the checkpoint is of another network: it has {missing[0]}, which this one has not"
    more = [line for line in ours if line not in theirs]
    if more:
        return f"the checkpoint is of another network: this one has {more[0]}, which the checkpoint has not"
    return "the checkpoint is of another network: the same objects were made in another order"


# populations


def _capture_cells(cells: Cells, out: _Section) -> None:
    out["active"] = cells.is_active
    out.section("parameters").put(cells.parameters)
    out.section("initial").put(cells.initial)
    for name, array in _states(cells).items():
        cells.network.fetch(array)
        out.section("state")[name] = array.copy()
    out["quanta"] = cells.quanta
    for number, signal in enumerate(cells.signals):
        _capture_samples(signal, out.section(f"signals/{number}"))
    if cells.rate is not None:
        out["rate window"] = cells.rate.n_steps * cells.network.dt
        recent = out.section("recent spikes")
        recent["step"], recent["index"], recent["count"] = cells.network.loop.recent_spikes(cells)
    if isinstance(cells.schedule, Schedule):
        _put_lists(out.section("schedule"), cells.schedule.columns())
    elif cells.schedule is not None:
        out["frames"] = [cells.schedule.origin, cells.schedule.period]
        out["frame steps"], out["frame values"] = cells.schedule.steps, cells.schedule.values


def _states(cells: Cells) -> dict[str, AnyArray]:
    """Arrays that a step changes, by name."""
    assert cells.compiled is not None
    states = {field.name: cells.arrays[field.name] for field in cells.compiled.arrays if field.role != "parameter"}
    if cells.rate is not None:
        states[RATE] = cells.arrays[RATE]
    return states


def _restore_parameters(cells: Cells, given: _Section) -> None:
    cells.set_many(given.section("parameters").all())
    cells.initial = given.section("initial").all()
    if "rate window" in given:
        cells.compute_firing_rate(float(given["rate window"]))
    if "frames" in given:
        origin, period = (int(value) for value in given["frames"])
        values = dict(zip(cells.spec.scheduled(), np.moveaxis(given["frame values"], 1, 0), strict=True))
        cells.set_frames(given["frame steps"], values, origin, period)
    elif isinstance(cells.schedule, Schedule):
        cells.schedule.set_columns(_get_lists(given.section("schedule")))


def _restore_states(cells: Cells, given: _Section) -> None:
    # What tables say of the coming step is known; a change that is due now had not been made when states were taken.
    told = cells.spec.scheduled() if isinstance(cells.schedule, Schedule) else ()
    for name, array in _states(cells).items():
        if name in told:
            continue
        cells.network.touch(array)
        array[:] = given.section("state")[name]
    cells.quanta = [float(quantum) for quantum in given["quanta"]]
    if cells.rate is not None:
        step, index, count = (given.section("recent spikes")[name] for name in ("step", "index", "count"))
        cells.network.loop.set_recent_spikes(cells, (step, index, count))
    for number, signal in enumerate(cells.signals):
        _restore_samples(signal, given.section(f"signals/{number}"))


def _capture_source(source: SpikeSource, out: _Section) -> None:
    out["active"] = source.is_active
    _put_lists(out, {"times": source.times})
    recorder = source.recorder
    if recorder is not None:
        index, times = recorder.spikes()
        out["recorded index"], out["recorded times"] = index, times


def _restore_source(source: SpikeSource, given: _Section) -> None:
    source.set_all(dict(enumerate(_get_lists(given)["times"])))
    recorder = source.recorder
    if isinstance(recorder, SourceRecorder) and "recorded index" in given:
        recorder.go_on_with(given["recorded index"], given["recorded times"])


def _put_lists(out: _Section, columns: Mapping[str, list[Any]]) -> None:
    """Lists of any lengths, one a cell."""
    for name, lists in columns.items():
        out[f"{name} lengths"] = [len(values) for values in lists]
        out[f"{name} values"] = np.concatenate([np.empty(0), *lists])


def _get_lists(given: _Section) -> dict[str, list[Any]]:
    names = [name.removesuffix(" lengths") for name in given.names() if name.endswith(" lengths")]
    return {name: np.split(given[f"{name} values"], np.cumsum(given[f"{name} lengths"])[:-1]) for name in names}


# synapses


def _capture_synapses(synapses: Synapses, out: _Section) -> None:
    out.section("parameters").put(synapses.parameters)
    initial, *rest = synapses.state.kept
    out.section("initial").put(initial)
    out["origin"] = rest
    out["activity"] = astuple(synapses.activity)
    if synapses.rows is None:
        return
    out["pre"], out["post"] = synapses.pre(), synapses.post()
    out["delay"] = synapses.delay_steps()
    out["weight"] = synapses.rows.weight(synapses.cached_order())
    if synapses.rows.weight_unit:
        out["weight unit"] = synapses.rows.weight_unit


def _restore_synapses(synapses: Synapses, given: _Section) -> None:
    if "pre" in given:
        unit = float(given["weight unit"]) if "weight unit" in given else 0.0
        synapses.replace(given["pre"], given["post"], given["weight"], given["delay"], unit)
    synapses.parameters = given.section("parameters").all()
    origin, is_each, is_kept = (int(value) for value in given["origin"])
    transmits, axons, advances, period, offset, changes_weight = (int(value) for value in given["activity"])
    synapses.activity = Activity(bool(transmits), bool(axons), bool(advances), period, offset, bool(changes_weight))
    synapses.state.go_on_with(given.section("initial").all(), origin, bool(is_each), bool(is_kept))
    synapses.unbind()


# currents


def _capture_current(current: Current, out: _Section) -> None:
    match current.waveform:
        case Table(steps, amplitudes):
            out["steps"], out["amplitudes"] = steps, amplitudes
        case Output(parameters=parameters, start=start, stop=stop, every=every):
            out["when"] = [start, stop, every]
            out.section("parameters").put(parameters)
    if current.record is not None:
        out["record"] = current.record.past()
        out["recorded since"] = current.record.start_step


def _restore_current(current: Current, given: _Section) -> None:
    if isinstance(current.waveform, Table):
        current.set(Table(given["steps"], given["amplitudes"]))
    else:
        start, stop, every = (int(value) for value in given["when"])
        parameters = {name: float(value) for name, value in given.section("parameters").all().items()}
        current.set(Output(current.waveform.spec, parameters, start, stop, every))
    if current.record is not None and "record" in given:
        current.record.go_on_with(int(given["recorded since"]), given["record"])


# recorders


def _capture_samples(recorder: SignalRecorder, out: _Section) -> None:
    samples = recorder.samples()
    out["samples"], out["index"], out["since"] = samples.values(), samples.index, samples.start_step


def _restore_samples(recorder: SignalRecorder, given: _Section) -> None:
    if not np.array_equal(recorder.index, given["index"]):
        raise ModelError(f"the checkpoint holds records of '{recorder.variable}' of other cells")
    recorder.go_on_with(int(given["since"]), given["samples"])


def _capture_spikes(recorder: SpikeRecorder, out: _Section) -> None:
    steps, index = recorder.events()
    out["steps"], out["index"], out["recorded"] = steps, index, recorder.index


def _restore_spikes(recorder: SpikeRecorder, given: _Section) -> None:
    if "steps" not in given:
        if len(recorder.index):
            raise ModelError("the checkpoint has no spikes of a population whose spikes are recorded here")
        return
    recorder.set_index(given["recorded"])
    recorder.go_on_with(given["steps"], given["index"])
