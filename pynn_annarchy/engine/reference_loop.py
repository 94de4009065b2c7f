"""The network run with NumPy: slow, obvious, without a compiler; must give the native engine's bits (DESIGN D7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pynn_annarchy.engine import _binding
from pynn_annarchy.engine.arrays import AnyArray, FloatArray, IntArray
from pynn_annarchy.engine.axons import Axons
from pynn_annarchy.engine.cells import NO_SPIKES, Cells, Events, Population, Spikes, SpikeSource
from pynn_annarchy.engine.clocked import publications, variable_in
from pynn_annarchy.engine.currents import sum_currents
from pynn_annarchy.engine.firing_rate import RATE, SpikeWindow
from pynn_annarchy.engine.frames import Frames
from pynn_annarchy.engine.loop import Loop
from pynn_annarchy.engine.pickles import dumped, loaded
from pynn_annarchy.engine.reference_clocked import ClockedConnections, Copies
from pynn_annarchy.engine.reference_learning import LearningConnections
from pynn_annarchy.engine.schedules import Changes, Schedule
from pynn_annarchy.engine.timings import COUNTS, PHASES, Stopwatch
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.kernels.ir import ClockedKernel, LearningKernel
from pynn_annarchy.model.spec import WEIGHT
from pynn_annarchy.targets import reference
from pynn_annarchy.targets.compile import Storage, compile_models
from pynn_annarchy.targets.reference_clocked import population_value
from pynn_annarchy.targets.reference_learning import Fields

if TYPE_CHECKING:
    from pynn_annarchy.engine.connectivity import Synapses
    from pynn_annarchy.engine.network import Network

Published = tuple[IntArray, IntArray]
"""(index, count) of the cells that spike in a step."""
_NO_SPIKES: Published = (np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass
class _Connections:
    """The synapses of a projection in canonical order; kept while spikes are under way in it."""

    synapses: Synapses
    rows: _binding.Rows
    row_start: IntArray
    post: IntArray
    delay: IntArray
    weight: FloatArray
    pending: dict[int, list[tuple[IntArray, IntArray, bool]]] = field(default_factory=dict)
    """(synapses, multiplicities, whether axonal) by the step in which they fall due."""


class ReferenceLoop(Loop):
    """Steps of a network in NumPy."""

    target = state_form = "reference"

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self._connections: dict[int, _Connections] = {}
        self._learning: dict[int, LearningConnections] = {}
        self._clocked: dict[int, ClockedConnections] = {}
        self._copies: dict[int, Copies] = {}
        self._draining: list[_Connections] = []
        self._published: dict[int, Published] = {}
        self._events: dict[int, dict[int, Published]] = {}
        self._changes: dict[int, Changes] = {}
        self._recorded: dict[int, list[Events]] = {}
        self._windows: dict[int, SpikeWindow] = {}
        self._watch = Stopwatch(PHASES)
        self._counts = dict.fromkeys(COUNTS, 0)

    def _bind_population(self, population: Population) -> None:
        if isinstance(population, SpikeSource):
            self._events[population.number] = _by_step(*population.events())
        if not isinstance(population, Cells):
            return
        if isinstance(population.schedule, Schedule):
            self._changes[population.number] = population.begin_schedule()
        if population.rate is not None:
            window = self._windows.setdefault(population.number, SpikeWindow(population.size))
            window.show(self._network.step, population.rate, population.arrays[RATE])

    def _bind_rest(self) -> None:
        self._draining = [connections for connections in self._draining if connections.pending]
        self._engine.set_draining([connections.rows for connections in self._draining])
        for current in self._network.currents:
            current.is_bound = True
        for connections in self._connections.values():
            connections.weight = connections.synapses.get("weight")
        for number, publication in publications(self._network).items():
            self._copies.setdefault(number, Copies()).bind(publication, self._network.step)

    def _bind_synapses(self, synapses: Synapses) -> None:
        kernel = self._model_of(synapses).kernel
        if isinstance(kernel, LearningKernel):
            self._bind_learning(synapses)
            return
        if isinstance(kernel, ClockedKernel):
            self._bind_clocked(synapses)
            return
        old = self._connections.get(synapses.number)
        if old is not None and old.pending:
            # weights may have been set after the last run and before these rows were replaced
            old.weight = old.rows.weight(old.rows.canonical_order())
            self._draining.append(old)
        row_start = np.searchsorted(synapses.pre(), np.arange(synapses.pre_size + 1))
        assert synapses.rows is not None
        self._connections[synapses.number] = _Connections(
            synapses,
            synapses.rows,
            row_start.astype(np.int64),
            synapses.post().astype(np.int64),
            np.rint(synapses.get("delay") / self._network.dt).astype(np.int64),
            synapses.get("weight"),
        )
        self._bind_rows(synapses, None, np.empty(0))

    def _bind_learning(self, synapses: Synapses) -> None:
        self._bind_rows(synapses, None, np.empty(0))
        key = synapses.spec, Storage.PER_ELEMENT
        if key not in self._network.modules:
            self._network.modules[key] = compile_models([key], self._network.options)[0]
        model = self._network.modules[key]
        synapses.state.declare(model)
        known = self._learning.get(synapses.number)
        if known is None or known.rows is not synapses.rows:
            fresh = LearningConnections.of(synapses, model)
            if known is not None:
                fresh.last_post, fresh.accepted, fresh.sent = known.last_post, known.accepted, known.sent
            self._learning[synapses.number] = fresh
        self._learning[synapses.number].bind()

    def _bind_clocked(self, synapses: Synapses) -> None:
        self._bind_rows(synapses, None, np.empty(0))
        model = self._model_of(synapses)
        synapses.state.declare(model)
        known = self._clocked.get(synapses.number)
        if known is None or known.rows is not synapses.rows:
            self._clocked[synapses.number] = ClockedConnections.of(synapses, model)
            if known is not None:
                self._clocked[synapses.number].take_over(known)
        self._clocked[synapses.number].model = model
        self._clocked[synapses.number].bind()

    def _caught_up(self, synapses: Synapses) -> LearningConnections:
        """The connections after all that has reached them by now: spikes of the last step may pass at once."""
        learning = self._learning[synapses.number]
        if self._network.step > 0:
            learning.send(self._sent_to(synapses), self._network.step)
            learning.apply(self._network.step, self._step_of(self._network.step))
        return learning

    def _fields(self, synapses: Synapses) -> Fields:
        """What synapses that change hold by now."""
        clocked = self._clocked.get(synapses.number)
        return self._caught_up(synapses).fields if clocked is None else clocked.fields

    def forget(self, synapses: Synapses) -> None:
        self._learning.pop(synapses.number, None)
        self._clocked.pop(synapses.number, None)

    def settle(self, synapses: Synapses) -> None:
        weight = self._fields(synapses)[WEIGHT]
        assert synapses.rows is not None
        synapses.rows.set_weight(synapses.cached_order(), np.ascontiguousarray(weight))

    def in_flight(self, synapses: Synapses) -> bool:
        if synapses.number in self._clocked:
            return bool(self._clocked[synapses.number].due)
        learning = self._learning[synapses.number]
        return bool(learning.arrivals or learning.due)

    def read_variable(self, synapses: Synapses, name: str) -> FloatArray:
        return np.array(self._fields(synapses)[name])

    def read_events(self, synapses: Synapses) -> tuple[FloatArray, FloatArray]:
        connections = self._caught_up(synapses)
        return connections.last_pre.emitted.copy(), connections.last_post.emitted.copy()

    def advance(self, last_step: int) -> Synapses | None:
        network = self._network
        while network.step < last_step:
            for cells in self._network.cells:
                for signal in cells.signals:
                    signal.take_first()
            for copies in self._copies.values():
                copies.publish(network.step)  # users may have changed what cells are
            if network.step == 0:
                self._publish_given(0)
                self._counts["spikes"] += self._n_published(self._events)
            with self._watch.of("neuron_update_time"):
                failed = self._step(network.step + 1)
            network.step += 1
            if failed is not None:
                return failed
        return None

    def _step(self, n: int) -> Synapses | None:
        failed = None
        watch = self._watch
        watch.switch("presynaptic_update_time")
        for connections in self._connections.values():
            self._send(connections, n)
        step = self._step_of(n)
        for connections in [*self._connections.values(), *self._draining]:
            if not self._deliver(connections, step):
                failed = connections.synapses
        for learning in self._learning.values():
            learning.send(self._sent_to(learning.synapses), n - 1)
            learning.apply(n, step)
            self._counts["synaptic_events"] += learning.n_due(n)
            if not learning.deliver(step):
                failed = learning.synapses
        watch.switch("synapse_dynamics_time")
        sums = {(cells.number, name): np.zeros(cells.size) for cells in self._network.cells for name in cells.gathered}
        for clocked in self._clocked.values():
            for is_axonal, sources, counts in self._sent_to(clocked.synapses):
                clocked.send(is_axonal, sources, counts, n - 1)
            self._counts["synaptic_events"] += clocked.n_due(n)
            if not clocked.begin(self._copies, sums, step):
                failed = clocked.synapses
        watch.switch("neuron_update_time")
        for current in self._network.currents:
            if current.record is not None:
                current.record.room(1)[0] = current.amplitude(n - 1)
        for cells in self._network.cells:
            if cells.injections:
                sum_currents(cells.injections, n - 1, cells.injected)
            if isinstance(cells.schedule, Frames):
                for array, values in zip(cells.scheduled_arrays, cells.schedule.at(n - 1), strict=True):
                    array[:] = values
            elif cells.schedule is not None:
                _apply(self._changes[cells.number], n - 1, cells)
            for name, (given, base) in zip(cells.gathered, cells.gathering(), strict=True):
                total = sums[cells.number, name]
                given[:] = total if base is None else base.astype(np.float64) + total
            self._form_values(cells, n)
            self._published[cells.number] = self._update(cells, step)
            if cells.axons is not None:
                self._published[cells.axons.number] = _axonal(cells.axons)
            if cells.rate is not None:
                self._windows[cells.number].take(n, *self._published[cells.number])
                self._windows[cells.number].show(n, cells.rate, cells.arrays[RATE])
        self._publish_given(n)
        self._count_step()
        watch.switch("postsynaptic_update_time")
        for learning in self._learning.values():
            learning.hear_of(self._published.get(learning.synapses.pre_cells.number, _NO_SPIKES)[0], n)
            learning.remember(*self._published[learning.synapses.post_cells.number], n)
            learning.apply(n, step)
        for clocked in self._clocked.values():
            if not clocked.kernel.advances_first:
                clocked.reach(*self._published[clocked.synapses.post_cells.number], self._copies, n, step)
        watch.switch("neuron_update_time")
        for copies in self._copies.values():
            copies.publish(n)
        watch.switch("synapse_dynamics_time")
        for clocked in self._clocked.values():
            if clocked.kernel.advances_first:
                sources, _ = self._published.get(clocked.synapses.pre_cells.number, _NO_SPIKES)
                clocked.end(sources, *self._published[clocked.synapses.post_cells.number], self._copies, step)
        watch.switch("recording_time")
        for population in self._network.populations:
            if not isinstance(population, SpikeSource):
                self._record_spikes(population, n)
        for cells in self._network.cells:
            for signal in cells.signals:
                signal.take(n)
        return failed

    def _count_step(self) -> None:
        self._counts["steps"] += 1
        self._counts["neuron_updates"] += sum(cells.size for cells in self._network.cells if cells.is_active)
        self._counts["spikes"] += self._n_published(self._published)

    def _n_published(self, numbers: Iterable[int]) -> int:
        return sum(int(self._published[number][1].sum()) for number in numbers)

    def seconds(self) -> tuple[dict[str, float], float]:
        return dict(self._watch.seconds), 0.0

    def counts(self) -> dict[str, int]:
        return dict(self._counts)

    def _step_of(self, n: int) -> reference.Step:
        network = self._network
        return reference.Step(n, (n - 1) * network.dt, network.dt, network.seed_key, network.trial, 0)

    def _publish_given(self, n: int) -> None:
        for number, events in self._events.items():
            is_active = self._network.populations[number].is_active
            self._published[number] = events.get(n, _NO_SPIKES) if is_active else _NO_SPIKES

    def _sent_to(self, synapses: Synapses) -> Iterator[tuple[bool, IntArray, IntArray]]:
        """What the sources have sent in the last step: whether axonal, cells, numbers of spikes."""
        yield False, *self._published.get(synapses.pre_cells.number, _NO_SPIKES)
        if synapses.axons is not None:
            yield True, *self._published.get(synapses.axons.number, _NO_SPIKES)

    def _send(self, connections: _Connections, n: int) -> None:
        for is_axonal, sources, counts in self._sent_to(connections.synapses):
            self._send_one(connections, is_axonal, sources, counts, n)

    def _send_one(
        self, connections: _Connections, is_axonal: bool, sources: IntArray, counts: IntArray, n: int
    ) -> None:
        starts, lengths = connections.row_start[sources], np.diff(connections.row_start)[sources]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        synapses = np.repeat(starts, lengths) + within
        multiplicities = np.repeat(counts, lengths)
        delays = connections.delay[synapses]
        for delay in np.unique(delays):
            chosen = delays == delay
            due = connections.pending.setdefault(int(n - 1 + delay), [])
            due.append((synapses[chosen], multiplicities[chosen], is_axonal))

    def _deliver(self, connections: _Connections, step: reference.Step) -> bool:
        synapses = connections.synapses
        cells, receptor = synapses.post_cells, synapses.receptor_number
        events = connections.pending.pop(step.step, [])
        model = self._model_of(synapses)
        shared = synapses.shared_values(model)
        is_sound = True
        for due, counts, is_axonal in events:
            if not synapses.doing.passes(is_axonal):
                continue
            self._counts["synaptic_events"] += int(counts.sum())
            increment = reference.increments(model, connections.weight[due], shared, step)
            is_sound &= bool((np.isfinite(increment) & (np.abs(increment) <= connections.rows.bound)).all())
            fixed = reference.to_fixed(increment, 1.0 / cells.quanta[receptor])
            np.add.at(cells.inputs[receptor], connections.post[due], counts * fixed)
        return is_sound

    def _form_values(self, cells: Cells, n: int) -> None:
        """Values of the whole population, as of the step before, among what its cells share."""
        assert cells.compiled is not None
        for value in cells.compiled.population_values:
            operation, variable = variable_in(value)
            row = self._copies[cells.number].row(variable, n - 1)
            cells.shared[cells.compiled.shared.index(value)] = population_value(operation, row)

    def _update(self, cells: Cells, step: reference.Step) -> Published:
        assert cells.compiled is not None
        if not cells.is_active:
            for array in cells.inputs:
                array[:] = 0
            return _NO_SPIKES
        index, count = reference.run_neurons(
            cells.compiled,
            cells.kernel_arrays(),
            cells.shared,
            cells.inputs,
            np.array(cells.quanta),
            cells.object_index,
            0,
            0,
            cells.size,
            step,
        )
        return index.astype(np.int64), count.astype(np.int64)

    def _record_spikes(self, population: Cells | Axons, n: int) -> None:
        if population.spike_recorder is not None:
            index, count = self._published[population.number]
            chosen = population.spike_recorder.mask[index] == 1
            part = (np.full(chosen.sum(), n), index[chosen], count[chosen])
            self._recorded.setdefault(population.number, []).append(part)

    def rewind(self, trial: int, step: int = 0) -> None:
        for window in self._windows.values():
            window.clear()
        self._published.clear()
        self._copies.clear()
        self._draining.clear()
        for connections in self._connections.values():
            connections.pending.clear()
        for learning in self._learning.values():
            learning.rewind()
        for clocked in self._clocked.values():
            clocked.rewind()

    def use_threads(self, threads: int) -> None:
        pass  # there is but one

    def state(self) -> AnyArray:
        self._check_draining(any(connections.pending for connections in self._draining))
        return dumped(self._kept(), self._network)

    def restore(self, state: AnyArray) -> None:
        kept = loaded(state, self._network)
        if not isinstance(kept, dict) or kept.keys() != self._kept().keys():
            raise ModelError("the checkpoint is of another target")
        for name, value in kept.items():
            setattr(self, name, value)
        for number, publication in publications(self._network).items():
            self._copies[number].go_on_with(publication)

    def _kept(self) -> dict[str, object]:
        names = ("_connections", "_learning", "_clocked", "_copies", "_published")
        return {name: getattr(self, name) for name in names}

    def clear_spikes(self, population: Population) -> None:
        self._published.pop(population.number, None)
        if population.number in self._copies:
            self._copies[population.number].publish(self._network.step, forget=True)
        self._draining = [each for each in self._draining if not each.synapses.hear_of(population)]
        for connections in self._connections.values():
            if connections.synapses.hear_of(population):
                connections.pending.clear()
        for learning in self._learning.values():
            if learning.synapses.hear_of(population):
                learning.rewind()
        for clocked in self._clocked.values():
            if clocked.synapses.hear_of(population):
                clocked.rewind()

    def recent_spikes(self, cells: Cells) -> Events:
        return self._windows[cells.number].events()

    def set_recent_spikes(self, cells: Cells, events: Events) -> None:
        window = self._windows[cells.number]
        window.clear()
        for step, (index, count) in _by_step(*events).items():
            window.take(step, index, count)

    def take_spikes(self, number: int) -> Spikes:
        parts = self._recorded.pop(number, [])
        if not parts:
            return NO_SPIKES
        steps, index, count = (np.concatenate(column) for column in zip(*parts, strict=True))
        return np.repeat(steps, count), np.repeat(index, count)


def _axonal(axons: Axons) -> Published:
    if not axons.is_active:
        return _NO_SPIKES
    index = np.flatnonzero(axons.found)
    return index, np.ones(len(index), np.int64)


def _apply(changes: Changes, step: int, cells: Cells) -> None:
    begin, end = np.searchsorted(changes.steps, [step, step + 1])
    for array, values in zip(cells.scheduled_arrays, changes.values, strict=True):
        array[changes.index[begin:end]] = values[begin:end]


def _by_step(steps: IntArray, index: IntArray, count: IntArray) -> dict[int, Published]:
    return {int(step): (index[steps == step], count[steps == step]) for step in np.unique(steps)}
