"""A network in time: what is in it, how far it has come, and the one way forward, `run`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from pynn_annarchy import _mathematics
from pynn_annarchy.engine import _binding, effort, interrupts
from pynn_annarchy.engine.arrays import AnyArray, Arenas, IntArray, time_of
from pynn_annarchy.engine.axons import Axons
from pynn_annarchy.engine.cells import NO_SPIKES, Cells, Population, Spikes, SpikeSource
from pynn_annarchy.engine.checkpoint import Checkpoint, capture, restore
from pynn_annarchy.engine.clocked import check_coupling, check_seen, clocked_synapses, is_clocked
from pynn_annarchy.engine.connectivity import SynapseBuilder, Synapses
from pynn_annarchy.engine.cuda_loop import CudaLoop, open_device
from pynn_annarchy.engine.currents import Current, Output, Waveform
from pynn_annarchy.engine.frames import Frames
from pynn_annarchy.engine.loop import Loop
from pynn_annarchy.engine.misfits import check_cells, too_large
from pynn_annarchy.engine.native_loop import NativeLoop, available_cores
from pynn_annarchy.engine.recorders import SignalRecorder
from pynn_annarchy.engine.reference_loop import ReferenceLoop
from pynn_annarchy.engine.timings import PHASES, STAGES, Stopwatch, Timings
from pynn_annarchy.exceptions import ModelError, StaleSimulationError
from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.targets.compile import CompiledModel, Options, Storage, compile_models, forget

TRIALS = 1 << 16
"""Each trial has noise of its own; its number has 16 bits."""

_CHUNK_SECONDS = 0.1
"""How long a loop may run before Ctrl-C is heeded."""


class Network:
    """Populations, projections and a clock.

    Args:
        dt: time step, in ms.
        seed: of all random numbers, 64 bits.
        threads: number of threads, or 'auto'. Results never depend on it.
        partitions: parts that every population is cut into, where a checkpoint asks. Else as many as threads; if that
            is 'auto', one in a network of short steps, else as many as cores. On a device there is one.
        options: target, compiler and precision.

    Raises:
        ModelError: dt or threads not positive.
    """

    def __init__(
        self,
        *,
        dt: float,
        seed: int,
        threads: int | str = "auto",
        options: Options | None = None,
        partitions: int | None = None,
    ) -> None:
        if not (np.isfinite(dt) and dt > 0):
            raise ModelError(f"the time step must be a positive number of ms, got {dt}")
        if threads != "auto" and not (isinstance(threads, int) and threads > 0):
            raise ModelError(f"threads must be a positive integer or 'auto', got {threads!r}")
        self.dt = float(dt)
        self.seed = seed
        self.seed_key = int(_mathematics.hash_seed(seed))
        self.threads = threads
        self._partitions = partitions
        self.options = options or Options()
        self.step = 0
        self.trial = 0
        self.populations: list[Population] = []
        self.projections: list[Synapses] = []
        self.currents: list[Current] = []
        self.modules: dict[tuple[ModelSpec, Storage], CompiledModel] = {}
        self.watch = Stopwatch((*STAGES, "recording_time"))
        """Time spent before and around the steps; see `timings`."""
        self.polled: list[SignalRecorder] = []
        """Recorders of what no loop samples: each sample is taken between two advances of the loop."""
        self._loop: Loop | None = None
        self._device: _binding.Device | None = None
        self._is_open = True
        self._has_changed = True
        self._n_changes = 0
        self._stale_bounds: set[int] = set()
        self._n_objects = 0
        self._n_cells = self._n_synapses = 0
        self.arenas = Arenas()
        """Where the arrays of populations lie, by model and use."""

    # structure

    @property
    def t(self) -> float:
        """Present time, in ms."""
        return time_of(self.step, self.dt)

    @property
    def partitions(self) -> int:
        """Number of parts that every population is cut into; decided when the first models have been compiled."""
        if self.options.target == "cuda":
            return 1
        if self._partitions is not None:
            return self._partitions
        if self.threads != "auto":
            return int(self.threads)
        return self._parts_of(effort.guess(self._n_cells, self._n_synapses, self.dt))

    @staticmethod
    def _parts_of(seconds_of_step: float) -> int:
        return 1 if seconds_of_step < effort.SHORT_STEP else available_cores()

    def _cut(self) -> None:
        """Decides about partitions, now that kernels are known, and brings synapses into so many."""
        if self._partitions is None and self.threads == "auto" and self.options.target != "cuda":
            self._partitions = self._parts_of(effort.seconds_of_step(self))
        for synapses in self.projections:
            synapses.cut(self.partitions)

    @property
    def n_threads(self) -> int:
        """How many there may be."""
        return available_cores() if self.threads == "auto" else int(self.threads)

    @property
    def cells(self) -> list[Cells]:
        """Populations that have a model."""
        return [population for population in self.populations if isinstance(population, Cells)]

    @property
    def target(self) -> str:
        """'cpp', 'cuda' or 'reference'; not 'auto', but what that came to."""
        return self.loop.target

    def bounds(self, size: int, n_synapses: int) -> IntArray:
        """First element of each partition of a population onto which so many new synapses go, and its size."""
        self._n_synapses += n_synapses
        return np.asarray(_binding.bounds_of_partitions(size, self.partitions))

    def add_cells(self, spec: ModelSpec, size: int, parameters: Mapping[str, Any], label: str) -> Cells:
        """Adds a population; see Cells."""
        self.check_open()
        cells = Cells(self, spec, size, parameters, label, len(self.populations), self._next_object())
        self._n_cells += size
        self.populations.append(cells)
        if spec.axon_spike.strip():
            cells.axons = Axons(cells, len(self.populations))
            self.populations.append(cells.axons)
        self.changed()
        return cells

    def add_spike_source(self, size: int, label: str) -> SpikeSource:
        """Adds a population of given spike times."""
        self.check_open()
        source = SpikeSource(self, size, label, len(self.populations))
        self._next_object()
        self.populations.append(source)
        self.changed()
        return source

    def add_current(self, waveform: Waveform, label: str) -> Current:
        """Adds a current, which flows nowhere until it is injected."""
        self.check_open()
        current = Current(self, waveform, label, len(self.currents), self._next_object())
        self.currents.append(current)
        self.changed()
        return current

    def withdraw(self, population: Population) -> None:
        """Takes back the population that was added last, before anything refers to it."""
        self.check_open()
        self.populations.remove(population)
        if isinstance(population, Cells) and population.axons is not None:
            self.populations.remove(population.axons)
        self._n_objects -= 1

    def connect(
        self, pre: Population, post: Cells, receptor: str, spec: ModelSpec, label: str, dendritic: float = 0.0
    ) -> SynapseBuilder:
        """A builder for the synapses of a new projection, which joins the network when it is finished.

        Args:
            receptor: of the post-synaptic cells; their input, where the synapses transmit all the time.
            dendritic: part of each delay that lies between synapse and cell, for synapses that spikes alone change.

        Raises:
            ModelError: no such receptor or input, or a source as target.
            EquationError: the synapses see a variable that their cells do not have, or act at spikes that never come.
        """
        self.check_open()
        check_cells(pre, post, spec, label, self.options)
        if is_clocked(spec, self.options):
            if dendritic > 0:
                raise ModelError(
                    f"'{label}': synapses of type '{spec.name}' do something in every step; for them all of the delay "
                    "lies before the synapse, so that its dendritic part must be 0"
                )
            check_seen(pre, post, spec, self.options)
        return SynapseBuilder(_NewSynapses(self, pre, post, receptor, spec, label, -1, dendritic))

    def join(self, synapses: Synapses) -> None:
        """Takes a finished projection into the network."""
        synapses.number = len(self.projections)
        synapses.object_index = self._next_object()
        self.projections.append(synapses)
        if synapses.input is not None:
            synapses.post_cells.gather(synapses.input)

    def _next_object(self) -> int:
        self._n_objects += 1
        return self._n_objects - 1

    def changed(self) -> None:
        """Something must be prepared before the next step."""
        self._has_changed = True
        self._n_changes += 1

    @property
    def moment(self) -> tuple[int, int, int]:
        """What differs whenever a value may have changed: by time, or by users."""
        return self.step, self.trial, self._n_changes

    def bounds_changed(self, cells: Cells) -> None:
        """The bounds of what arrives at a population must be formed anew."""
        self._stale_bounds.add(cells.number)
        self.changed()

    def check_open(self) -> None:
        """StaleSimulationError after `close`."""
        if not self._is_open:
            raise StaleSimulationError(
                "this object belongs to an earlier simulation, which the last setup() ended; its data can still be "
                "read, but it can neither run nor change"
            )

    def close(self) -> None:
        """Ends the simulation; recorded data and present values stay readable."""
        self._is_open = False
        self._device = None
        if self._loop is not None:
            self._loop.close()

    # preparation

    @property
    def loop(self) -> Loop:
        """What runs this network: decided when its first model is compiled."""
        if self._loop is None:
            self.prepare()
        assert self._loop is not None
        return self._loop

    def device(self) -> _binding.Device:
        """The device of the target 'cuda', opened when it is first asked for."""
        if self._device is None:
            self._device = open_device(self.options)
        return self._device

    def fetch(self, state: AnyArray) -> None:
        """Sees to it that a population's array has its present values: a device may have newer ones."""
        if self._loop is not None:
            self._loop.fetch(state)

    def touch(self, state: AnyArray) -> None:
        """The same, before it is changed: the next run takes its values over."""
        if self._loop is not None:
            self._loop.touch(state)

    def pull(self) -> None:
        """Copies all that a device has newer values of to the host, where reading would copy it piece by piece.

        That is never needed.
        """
        if self._loop is not None:
            self._loop.pull()

    def push(self) -> None:
        """Copies states that have been changed to the device now, where the next run would; that is never needed."""
        if self._loop is not None:
            self._loop.push()

    def compile(
        self, cells: Iterable[Cells], synapses: Iterable[Synapses] = (), specs: Iterable[ModelSpec] = ()
    ) -> None:
        """Makes sure that these have compiled models of the right storage; distinct models compile in parallel."""
        cells, synapses = list(cells), list(synapses)
        wanted = {(item.spec, item.storage): None for item in cells}
        wanted.update({(item.spec, item.storage): None for item in synapses})
        wanted.update({(spec, Storage.SHARED): None for spec in specs})
        missing = [key for key in wanted if key not in self.modules]
        if missing:
            with self.watch.of("compile_time"):
                if self.options.target == "cuda":
                    self.device()  # that there is none is known sooner than models are compiled for it
                self.modules.update(zip(missing, compile_models(missing, self.options), strict=True))
        for item in cells:
            item.compiled = self.modules[item.spec, item.storage]
        for projection in synapses:
            projection.compiled = self.modules[projection.spec, projection.storage]

    def prepare(self) -> None:
        """Compiles and binds whatever has changed since the last time."""
        if not self._has_changed:
            return
        models = [current.waveform.spec for current in self.currents if isinstance(current.waveform, Output)]
        self.compile(self.cells, self.projections, models)
        with interrupts.deferred(), self.watch.of("build_time"):
            self._bind()
        self._has_changed = False

    def _bind(self) -> None:
        if self._loop is None:
            self._cut()
            self._loop = self._new_loop()
        pending = [population for population in self.populations if not population.is_bound]
        before = {population.number: population.max_spikes for population in pending}
        with self.watch.of("init_time"):
            self._fill([population for population in pending if isinstance(population, Cells)])
        for current in self.currents:
            if not current.is_bound and isinstance(current.waveform, Output):
                current.fill(self.modules[current.waveform.spec, Storage.SHARED])
        rebound = {p.number for p in pending if not np.array_equal(before[p.number], p.max_spikes)}
        rebound |= {population.number for population in pending if isinstance(population, SpikeSource)}
        changed_bounds = {s.post_cells.number for s in self.projections if s.pre_cells.number in rebound}
        changed_bounds |= self._stale_bounds
        unbound = {population.number for population in pending}
        if any(not s.is_bound or s.post_cells.number in unbound for s, _ in clocked_synapses(self)):
            check_coupling(self)
        self._loop.bind()
        for number in changed_bounds:
            self._update_quanta(self.populations[number])
        self._stale_bounds.clear()

    def _new_loop(self) -> Loop:
        if self.options.target == "cuda":
            return CudaLoop(self)
        native = all(model.library is not None for model in self.modules.values())
        return NativeLoop(self) if native else ReferenceLoop(self)

    def _fill(self, cells: list[Cells]) -> None:
        """Computes what kernels read as parameters; populations of one model with shared values go together."""
        together: dict[CompiledModel, list[Cells]] = {}
        for item in cells:
            item.allocate()
            assert item.compiled is not None
            if item.compiled.storage is Storage.SHARED and item.schedule is None:
                together.setdefault(item.compiled, []).append(item)
            else:
                self._fill_one(item)
        for model, group in together.items():
            parameters = {name: np.array([item.parameters[name] for item in group]) for name in group[0].parameters}
            try:
                values = model.prepare(parameters, self.dt)
            except ModelError:
                for item in group:  # one of them will say which it is
                    self._fill_one(item)
                raise
            bounds = np.broadcast_to(model.max_spikes(parameters, self.dt), (len(group),))
            columns = {name: np.broadcast_to(value, (len(group),)) for name, value in values.items()}
            for row, item in enumerate(group):
                item.fill({name: float(column[row]) for name, column in columns.items()}, float(bounds[row]))

    def _fill_one(self, cells: Cells) -> None:
        assert cells.compiled is not None
        try:
            bound = cells.most_spikes()
            values = cells.compiled.prepare(cells.parameters, self.dt, bound)
        except ModelError as error:
            raise ModelError(f"population '{cells.label}': {error}") from error
        cells.fill(values, bound)

    def _update_quanta(self, cells: Population) -> None:
        assert isinstance(cells, Cells) and self._loop is not None
        cells.quanta = self._loop.update_quanta(cells)
        for receptor, quantum in zip(cells.receptors, cells.quanta, strict=True):
            if not np.isfinite(quantum):
                raise ModelError(
                    f"the weights onto receptor '{receptor}' of '{cells.label}' are too large to be summed"
                )

    # what it took

    @property
    def timings(self) -> Timings:
        """Seconds, counts and their quotients since the network was made, whatever was reset; see docs/timings.md."""
        stages = dict(self.watch.seconds)
        recording = stages.pop("recording_time")
        phases, prepared, counts = dict.fromkeys(PHASES, 0.0), 0.0, {}
        if self._loop is not None:
            phases, prepared = self._loop.seconds()
            counts = self._loop.counts()
        phases["recording_time"] += recording
        stages["run_time"] += recording - prepared
        stages["init_sparse_time"] += prepared
        stages["build_time"] += stages["init_time"] + stages["init_sparse_time"]
        n_synapses = sum(synapses.n for synapses in self.projections)
        n_bytes = sum(synapses.nbytes for synapses in self.projections)
        return Timings.of(stages, phases, counts, n_bytes / n_synapses if n_synapses else float("nan"))

    def memory_footprint(self) -> dict[str, int]:
        """Bytes that the states, parameters and inputs of each population and the synapses of each projection take.

        What bears the same label is added up.
        """
        sizes: dict[str, int] = {}
        for item in (*self.populations, *self.projections):
            sizes[item.label] = sizes.get(item.label, 0) + item.nbytes
        return sizes

    def recorded_nbytes(self) -> int:
        """Memory of all that was recorded and has not been forgotten since."""
        of_populations = sum(population.recorded_nbytes for population in self.populations)
        return of_populations + sum(recorder.nbytes for recorder in self.polled)

    # time

    def run(self, n_steps: int) -> None:
        """Advances by `n_steps` steps. Ctrl-C stops between two steps and keeps all data.

        Raises:
            ModelError: a synaptic increment was not finite or beyond its bound; names the projection.
            StaleSimulationError: the network was closed.
        """
        self.check_open()
        self.prepare()
        end = self.step + n_steps
        chunk = 256
        with self.watch.of("run_time"):
            self._poll(lambda recorder: recorder.take_first())
            while self.step < end:
                stop = min([end, self.step + chunk, *(recorder.next_due(self.step) for recorder in self.polled)])
                stop = self.step + self.loop.steps_at_once(stop - self.step)
                n, chunk_started = stop - self.step, time.perf_counter()
                with interrupts.deferred():
                    self._advance(stop)
                self._poll(lambda recorder: recorder.take(self.step))
                elapsed = time.perf_counter() - chunk_started
                chunk = max(1, min(2 * chunk, int(n * _CHUNK_SECONDS / max(elapsed, 1e-9))))

    def _poll(self, take: Callable[[SignalRecorder], None]) -> None:
        if self.polled:
            with self.watch.of("recording_time"):
                for recorder in self.polled:
                    take(recorder)

    def _advance(self, last_step: int) -> None:
        failed = self.loop.advance(last_step)
        if failed is not None:
            raise too_large(failed, _binding.HEADROOM, self.t, self.options)

    def next_trial(self, repeat_noise: bool) -> int:
        """Number of the trial that a reset would begin; ModelError where there are no more."""
        trial = self.trial + (0 if repeat_noise else 1)
        if trial == TRIALS:
            raise ModelError(
                f"there is noise for {TRIALS} trials between two calls of setup(): begin anew with setup(seed=...), "
                "or reset(repeat_noise=True)"
            )
        return trial

    def reset(self, repeat_noise: bool = False) -> None:
        """Back to t = 0: initial values, no spikes under way, recorders empty; new noise unless it is to repeat."""
        self._restart(self.next_trial(repeat_noise))
        for synapses in self.projections:
            synapses.state.restore()
        for cells in self.cells:
            cells.restore_initial()
        self._restart_recorders()
        self.changed()

    def rewind(self, repeat_noise: bool = False, step: int = 0) -> None:
        """Back to t = 0, or to another step, with all values as they are now, what synapses have learned included.

        No spikes are under way then, what cells were before is as they are now, schedules begin, recorders are empty.
        """
        trial = self.next_trial(repeat_noise)
        self.prepare()
        for synapses in self.projections:
            synapses.state.keep(step)
        self._restart(trial, step)
        self._restart_recorders()
        self.changed()

    def activate(self, population: Cells | SpikeSource, is_active: bool) -> None:
        """Lets the cells of a population go on, or stand still: then they do not spike, and lose what arrives."""
        self.check_open()
        if is_active == population.is_active:
            return
        reaching = [synapses for synapses in self.projections if synapses.post_cells is population]
        for synapses in reaching:
            synapses.state.take_out()
        population.is_active, population.is_bound = is_active, False
        if isinstance(population, Cells):
            population.move_refractoriness(self.step if is_active else -self.step)
            if population.axons is not None:
                population.axons.is_bound = False
        for synapses in reaching:
            synapses.unbind()
        self.changed()

    def clear_spikes(self, population: Population) -> None:
        """Forgets the spikes of a population that are under way, and when its cells have spiked last.

        Values that reach others after a delay are the present ones, too.
        """
        self.check_open()
        self.prepare()
        for synapses in self.projections:
            if synapses.pre_cells is population:
                synapses.state.take_out()
        self.loop.clear_spikes(population)
        if isinstance(population, Cells) and population.axons is not None:
            self.loop.clear_spikes(population.axons)

    def forget(self, synapses: Synapses) -> None:
        """The synapses of a projection will be others."""
        if self._loop is not None:
            self._loop.forget(synapses)

    def _restart(self, trial: int, step: int = 0) -> None:
        """Time begins anew: no spikes under way, sources and schedules at their beginning."""
        self.check_open()
        self.prepare()
        self._set_clock(step, trial)
        for population in self.populations:
            if isinstance(population, SpikeSource):
                population.is_bound = False
            if not isinstance(population, Cells):
                continue
            if population.schedule is not None:
                population.is_bound = False
            if isinstance(population.schedule, Frames):
                population.schedule.origin = step
            for array in population.inputs:
                array[:] = 0

    def _restart_recorders(self) -> None:
        for current in self.currents:
            if current.record is not None:
                current.record.restart()
        for population in self.populations:
            if isinstance(population, SpikeSource):
                if population.recorder is not None:
                    population.recorder.rewind()
            elif population.spike_recorder is not None:
                population.spike_recorder.clear()
        for cells in self.cells:
            for signal in cells.signals:
                signal.restart()
        for recorder in self.polled:
            recorder.restart()

    def jump(self, step: int, trial: int) -> None:
        """To another step and trial, with values as they are; no spikes are under way then."""
        self.prepare()
        self._set_clock(step, trial)
        for population in self.populations:
            population.is_bound = False
        self.changed()

    def _set_clock(self, step: int, trial: int) -> None:
        for cells in self.cells:
            if cells.is_active:
                cells.move_refractoriness(step - self.step)
        self.step, self.trial = step, trial
        self.loop.rewind(trial, step)

    def use_threads(self, threads: int) -> None:
        """Runs on so many threads from now on; results never depend on it."""
        self.threads = threads
        self.loop.use_threads(threads)

    def reseed(self, seed: int) -> None:
        """Random numbers of another seed from now on."""
        self.seed = seed
        self.seed_key = int(_mathematics.hash_seed(seed))
        self.loop.reseed(self.seed_key)

    def checkpoint(self) -> Checkpoint:
        """All that this network is now, so that one like it can go on from here; see engine/checkpoint.py."""
        self.check_open()
        return capture(self)

    def go_on_from(self, checkpoint: Mapping[str, AnyArray]) -> None:
        """Takes over a checkpoint of a network with the same structure.

        Raises:
            ModelError: the structure, the target or the number of partitions is another.
        """
        restore(self, checkpoint)

    def forget_compiled(self) -> None:
        """Lets all models be generated and compiled anew; before the first step only."""
        assert self._loop is None, "what runs already has its models"
        models = [(cells.spec, cells.storage) for cells in self.cells]
        models += [(synapses.spec, synapses.storage) for synapses in self.projections]
        forget(models, self.options)
        self.modules.clear()

    def take_spikes(self, number: int) -> Spikes:
        """Recorded spikes of a population since the last call, one entry a spike."""
        return NO_SPIKES if self._loop is None else self._loop.take_spikes(number)


class _NewSynapses(Synapses):
    """Synapses that join the network with their first rows, so that a failing connector leaves nothing behind."""

    def _replace(self, staging: _binding.Staging) -> None:
        if self.number < 0:
            self.network.join(self)
        super()._replace(staging)
