"""The network run by compiled modules: binds arrays to the native engine and picks the number of threads."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import numpy as np

from pynn_annarchy.engine import _binding
from pynn_annarchy.engine.arrays import AnyArray, FloatArray
from pynn_annarchy.engine.axons import Axons
from pynn_annarchy.engine.cells import NO_SPIKES, Cells, Events, Population, Spikes, SpikeSource
from pynn_annarchy.engine.clocked import clocked_synapses, names_of, publications
from pynn_annarchy.engine.currents import Current, Output, Table
from pynn_annarchy.engine.effort import SHORT_STEP
from pynn_annarchy.engine.firing_rate import RATE
from pynn_annarchy.engine.frames import Frames
from pynn_annarchy.engine.loop import Loop
from pynn_annarchy.engine.timings import COUNTS, PHASES
from pynn_annarchy.exceptions import CompilationError, ModelError, unreachable
from pynn_annarchy.kernels.ir import ClockedKernel, LearningKernel
from pynn_annarchy.targets.compile import CompiledModel

if TYPE_CHECKING:
    from pynn_annarchy.engine.connectivity import Synapses
    from pynn_annarchy.engine.network import Network


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load(model: CompiledModel) -> _binding.Module:
    """The library of a model; the system's loader maps each file only once."""
    try:
        return _binding.Module(str(model.library), model.fingerprint)
    except ImportError as error:
        raise CompilationError(
            f"the compiled model '{model.spec.name}' cannot be loaded ({error}); to have it made anew, "
            f"delete {model.library}"
        ) from error


class WorkerChoice:
    """One thread or all: whichever was faster of late. Results never depend on it.

    A step that takes one thread less than a threshold is not worth a barrier, nor a short run waking the others. What
    is slower is tried again as often as its delays stay below a fiftieth of the time that all runs took.
    """

    _SHORT_RUN = 200e-6
    _FIRST_STEPS = 16  # of the first run, in cold memory, and of the first ones that are measured
    _TRIAL = 2e-3  # seconds, if it were as fast as the other
    _WASTE = 0.02

    def __init__(self, most: int, is_fixed: bool) -> None:
        self._most = most
        self._is_fixed = is_fixed
        self._cost: dict[int, float] = {}
        self._has_run = False
        self._spent = 0.0
        self._wasted = 0.0

    def plan(self, n_steps: int) -> tuple[int, int]:
        """How many threads take the next of so many steps, and how many of them."""
        if self._is_fixed or self._most == 1:
            return self._most, n_steps
        alone = self._cost.get(1)
        if alone is None:
            return 1, min(n_steps, self._FIRST_STEPS)
        if alone < SHORT_STEP or alone * n_steps < self._SHORT_RUN:
            return 1, n_steps
        if self._most not in self._cost:
            return self._most, min(n_steps, self._least(alone))
        faster, slower = sorted((1, self._most), key=self._cost.__getitem__)
        n_tried = self._steps_of_trial(self._cost[faster], self._cost[slower])
        return (slower, min(n_steps, n_tried)) if n_tried >= self._least(self._cost[faster]) else (faster, n_steps)

    def _steps_of_trial(self, fast: float, slow: float) -> int:
        """How many steps may be tried at the cost `slow`."""
        excess = max(slow - fast, self._WASTE * fast)
        allowed = (self._WASTE * self._spent - self._wasted) / excess
        return int(min(allowed, max(self._least(fast), self._TRIAL / fast)))

    def _least(self, cost: float) -> int:
        """How many steps of that cost tell something."""
        return max(2, min(self._FIRST_STEPS, int(self._TRIAL / cost)))

    def observe(self, workers: int, n_steps: int, seconds: float) -> None:
        """Takes note of what a run took."""
        self._spent += seconds
        if not self._has_run:
            self._has_run = True
            return
        cost = seconds / n_steps
        if self._cost and workers != (faster := min(self._cost, key=self._cost.__getitem__)):
            fast = self._cost[faster]
            self._wasted += max(cost - fast, self._WASTE * fast) * n_steps
        self._cost[workers] = 0.5 * (self._cost.get(workers, cost) + cost)


class NativeLoop(Loop):
    """Steps of a network in C++."""

    target = state_form = "cpp"

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self._n_currents = 0
        self._choice = WorkerChoice(min(network.partitions, network.n_threads), network.threads != "auto")
        self._workers = 1

    def _bind_population(self, population: Population) -> None:
        if isinstance(population, Cells):
            self._bind_cells(population)
        elif isinstance(population, Axons):
            self._engine.take_axonal(population.number, population.found)
        else:
            steps, index, count = population.events()
            self._engine.set_events(population.number, steps, index.astype("uint32"), count.astype("uint32"))

    def _bind_cells(self, cells: Cells) -> None:
        assert cells.compiled is not None
        self._engine.bind_cells(
            cells.number, load(cells.compiled), cells.kernel_arrays(), cells.shared, cells.object_index
        )
        if cells.rate is not None:
            self._engine.count_spikes(cells.number, cells.arrays[RATE], cells.rate.n_steps, cells.rate.per_spike)
        frames = cells.schedule
        if isinstance(frames, Frames):
            self._engine.set_frames(
                cells.number, cells.scheduled_arrays, frames.steps, frames.values, frames.origin, frames.period
            )
        elif cells.schedule is not None:
            changes = cells.begin_schedule()
            self._engine.set_schedule(
                cells.number, cells.scheduled_arrays, changes.steps, changes.index, changes.values
            )

    def _bind_synapses(self, synapses: Synapses) -> None:
        model = self._model_of(synapses)
        self._let_act(synapses)
        if not isinstance(model.kernel, LearningKernel | ClockedKernel):
            self._bind_rows(synapses, load(model), synapses.shared_values(model))
            return
        self._bind_rows(synapses, load(model), np.empty(0))
        synapses.state.declare(model)
        rows = synapses.rows
        values = {**synapses.state.parameters(model), **synapses.state.take_variables(model)}
        assert rows is not None
        for number, field in enumerate(model.kernel.fields):
            value = values.get(field.name)
            if value is not None and np.ndim(value) == 0:
                rows.set_common(number, float(value))
            elif value is not None:
                rows.set_column(synapses.cached_order(), number, np.asarray(value))
        if isinstance(model.kernel, ClockedKernel):
            rows.prepare_clocked(synapses.cached_order())
        else:
            rows.prepare_learning(synapses.cached_order() if model.kernel.draws else None)

    def _let_act(self, synapses: Synapses) -> None:
        activity = synapses.doing
        assert synapses.rows is not None
        synapses.rows.act(
            activity.transmits, activity.axons_transmit, activity.advances, activity.period, activity.offset
        )

    def recent_spikes(self, cells: Cells) -> Events:
        return self._engine.recent_spikes(cells.number)

    def set_recent_spikes(self, cells: Cells, events: Events) -> None:
        self._engine.set_recent_spikes(cells.number, *events)

    def settle(self, synapses: Synapses) -> None:
        self._engine.apply(synapses.number)

    def in_flight(self, synapses: Synapses) -> bool:
        assert synapses.rows is not None
        self._engine.take_back()
        return synapses.rows.in_flight

    def _bind_clocked(self) -> None:
        """What cells publish and gather, and which of that each projection means."""
        published = publications(self._network)
        for number, publication in published.items():
            values = [(name, publication.values(name), publication.changes(name)) for name in publication.names]
            self._engine.publish(number, values, publication.depth)
            self._engine.form_values(number, publication.formed())
        for cells in self._network.cells:
            if cells.gathered:
                self._engine.gather(cells.number, cells.gathering())
        for synapses, kernel in clocked_synapses(self._network):
            pre, post = (
                [published[cells.number].place(name) for name in names_of(fields)]
                for cells, fields in ((synapses.pre_cells, kernel.pre_seen), (synapses.post_cells, kernel.post_seen))
            )
            given = -1 if synapses.input is None else synapses.post_cells.gathered.index(synapses.input)
            assert synapses.rows is not None
            synapses.rows.see(pre, post, given)
            self._let_act(synapses)

    def read_variable(self, synapses: Synapses, name: str) -> FloatArray:
        kernel = self._model_of(synapses).kernel
        assert isinstance(kernel, LearningKernel | ClockedKernel)
        order = synapses.cached_order()
        if isinstance(kernel, ClockedKernel):
            assert synapses.rows is not None
            return synapses.rows.read_field(order, [field.name for field in kernel.fields].index(name))
        for number, field in enumerate(kernel.fields):
            if field.name == name:
                return self._engine.read_column(synapses.number, order, number)
        _, _, pre_traces, post_traces = self._engine.read_events(synapses.number, order)
        traces = zip((*kernel.pre_traces, *kernel.post_traces), (*pre_traces, *post_traces), strict=True)
        return next(values for field, values in traces if field.name == name)

    def read_events(self, synapses: Synapses) -> tuple[FloatArray, FloatArray]:
        last_pre, last_post, *_ = self._engine.read_events(synapses.number, synapses.cached_order())
        return last_pre, last_post

    def _bind_currents(self) -> None:
        for current in self._network.currents:
            if current.number >= self._n_currents:
                self._engine.add_current()
                self._n_currents += 1
            if not current.is_bound:
                self._bind_current(current)
                current.is_bound = True
        for cells in self._network.cells:
            if not cells.injections_are_bound:
                injections = [(injection.current.number, injection.index) for injection in cells.injections]
                self._engine.inject(cells.number, cells.injected, injections)
                cells.injections_are_bound = True

    def _bind_current(self, current: Current) -> None:
        match current.waveform:
            case Table(steps, amplitudes):
                self._engine.set_table(current.number, steps, amplitudes)
            case Output(start=start, stop=stop):
                assert current.compiled is not None
                module = load(current.compiled)
                self._engine.set_output(
                    current.number, module, current.shared, start, stop, current.every, current.object_index
                )
            case _:
                unreachable(current.waveform)

    def _bind_rest(self) -> None:
        self._bind_currents()
        self._bind_clocked()
        self._engine.clear_signals()
        for population in self._network.populations:
            recorder = None if isinstance(population, SpikeSource) else population.spike_recorder
            if recorder is not None:
                everything = len(recorder.index) == population.size
                self._engine.record_spikes(population.number, True, None if everything else recorder.mask)
        for cells in self._network.cells:
            for signal in cells.signals:
                signal.number = self._engine.add_signal(cells.number, signal.index)

    def steps_at_once(self, n_steps: int) -> int:
        self._workers, n = self._choice.plan(n_steps)
        return n

    def advance(self, last_step: int) -> Synapses | None:
        first_step = self._network.step
        recorders = [(cells, signal) for cells in self._network.cells for signal in cells.signals]
        for cells, signal in recorders:
            signal.take_first()
            room = signal.room(first_step, last_step)
            source, anchor = cells.place(signal.variable), signal.start_step - signal.every
            self._engine.bind_signal(signal.number, source, room, anchor, signal.every)
        amplitudes = [current.record for current in self._network.currents if current.record is not None]
        for record in amplitudes:
            self._engine.record_current(record.current.number, record.room(last_step - first_step))
        n_steps = last_step - first_step
        started = time.perf_counter()
        failed = self._engine.run(n_steps, self._workers)
        self._choice.observe(self._workers, n_steps, time.perf_counter() - started)
        self._network.step = int(self._engine.step)
        for _, signal in recorders:
            signal.give_back(self._network.step, last_step)
        for record in amplitudes:
            record.give_back(last_step - self._network.step)
        return None if failed == -1 else self._network.projections[failed]

    def seconds(self) -> tuple[dict[str, float], float]:
        sampled, undivided, preparation = self._engine.seconds
        whole = sum(sampled)
        scale = 1.0 + undivided / whole if whole else 1.0
        return {name: scale * value for name, value in zip(PHASES, sampled, strict=True)}, preparation

    def counts(self) -> dict[str, int]:
        return dict(zip(COUNTS, self._engine.work, strict=True))

    def rewind(self, trial: int, step: int = 0) -> None:
        self._engine.step = step
        self._engine.forget_published()
        self._engine.trial = trial
        self._engine.clear_events()

    def use_threads(self, threads: int) -> None:
        self._choice = WorkerChoice(min(self._network.partitions, threads), is_fixed=True)

    def state(self) -> AnyArray:
        self._check_draining(self._engine.is_draining)
        return self._engine.state()

    def restore(self, state: AnyArray) -> None:
        try:
            self._engine.restore(np.ascontiguousarray(state, np.uint8))
        except RuntimeError as error:
            raise ModelError(str(error)) from error

    def clear_spikes(self, population: Population) -> None:
        self._engine.clear_spikes(population.number)

    def take_spikes(self, number: int) -> Spikes:
        if number >= self._n_populations:  # made since the last run
            return NO_SPIKES
        return self._engine.take_spikes(number)
