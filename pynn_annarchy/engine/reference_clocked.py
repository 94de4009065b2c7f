"""Synapses that do something in every step, in the NumPy loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from pynn_annarchy.engine import _binding
from pynn_annarchy.engine.arrays import FloatArray, IntArray, spread
from pynn_annarchy.engine.cells import Cells
from pynn_annarchy.engine.clocked import Publication, names_of, variable_in
from pynn_annarchy.kernels.ir import ClockedKernel, Field, Place, Role
from pynn_annarchy.language.names import operation_in
from pynn_annarchy.model.spec import WEIGHT
from pynn_annarchy.targets import reference
from pynn_annarchy.targets.compile import CompiledModel
from pynn_annarchy.targets.reference_clocked import (
    Dendrites,
    advance,
    gather,
    population_value,
    post_spike,
    pre_spike,
    transmit,
)
from pynn_annarchy.targets.reference_learning import AXONAL, FIRST_AXONAL, FIRST_POST, SOMATIC, Drawing, Events, Fields

if TYPE_CHECKING:
    from pynn_annarchy.engine.connectivity import Synapses


Sums = dict[tuple[int, str], FloatArray]
"""What synapses transmit in a step, by number of the population and target."""


class Copies:
    """What a population publishes: the values at the end of the last steps, by name."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[int, FloatArray]] = {}
        self._publication: Publication | None = None

    def bind(self, publication: Publication, step: int) -> None:
        """Takes new names and a new depth; what is not known of earlier steps is like the oldest that is."""
        self._publication = publication
        for name in publication.names:
            present = publication.values(name).astype(np.float64)
            if name not in self._rows or not publication.changes(name):
                self._rows[name] = {}
            known = self._rows[name]
            known[step] = present
            for earlier in range(step - 1, step - publication.depth, -1):
                known.setdefault(earlier, known[earlier + 1])

    def go_on_with(self, publication: Publication) -> None:
        """Publishes this from now on, after the values that are known."""
        self._publication = publication

    def publish(self, step: int, forget: bool = False) -> None:
        """Takes the present values for those at the end of a step; before the first one all was like them.

        Args:
            forget: all that is past is like them, too.
        """
        assert self._publication is not None
        depth = self._publication.depth
        for name in self._publication.names:
            present = self._publication.values(name).astype(np.float64)
            known = self._rows[name]
            if step == 0 or forget:
                known.update((earlier, present) for earlier in range(step + 1 - depth, step + 1))
            known[step] = present
            known.pop(step - depth, None)

    def row(self, name: str, step: int) -> FloatArray:
        """Values of all cells at the end of a step, or the one value of the whole population."""
        if operation_in(name):
            operation, variable = variable_in(name)
            return np.array(population_value(operation, self._rows[variable][step]))
        return self._rows[name][step]


@dataclass
class ClockedConnections:
    """The synapses of a projection in canonical order, with the spikes on their way to them.

    Args:
        passed: step in which the last spike passed each synapse, and the one before; minus infinity for none. In
            ANNarchy's order that in which its source has sent the last one.
        spiked: step of the last spike of each post-synaptic cell.
        due: (synapses, multiplicities, emission, whether axonal) by the step in which spikes pass.
    """

    synapses: Synapses
    rows: _binding.Rows
    model: CompiledModel
    pre: IntArray
    post: IntArray
    delay: IntArray
    dendrites: Dendrites
    passed: FloatArray
    passed_before: FloatArray
    spiked: FloatArray
    fields: Fields = field(default_factory=dict)
    due: dict[int, list[tuple[IntArray, IntArray, int, bool]]] = field(default_factory=dict)

    @classmethod
    def of(cls, synapses: Synapses, model: CompiledModel) -> ClockedConnections:
        """Nothing under way, no spike so far."""
        assert synapses.rows is not None
        post = synapses.post().astype(np.int64)
        return cls(
            synapses,
            synapses.rows,
            model,
            synapses.pre().astype(np.int64),
            post,
            np.rint(synapses.get("delay") / synapses.network.dt).astype(np.int64),
            Dendrites.of(post, synapses.post_size),
            passed=np.full(synapses.n, -np.inf),
            passed_before=np.full(synapses.n, -np.inf),
            spiked=np.full(synapses.post_size, -np.inf),
        )

    @property
    def kernel(self) -> ClockedKernel:
        assert isinstance(self.model.kernel, ClockedKernel)
        return self.model.kernel

    def bind(self) -> None:
        """Takes over parameters, weights and the variables that were set."""
        synapses = self.synapses
        assert synapses.rows is not None
        self.fields.update(synapses.state.parameters(self.model))
        self.fields[WEIGHT] = np.array(synapses.rows.weight(synapses.cached_order()))
        for name, value in synapses.state.take_variables(self.model).items():
            self.fields[name] = np.array(spread(value, synapses.count_of(name)))
        for variable in self.kernel.variables:
            self.fields.setdefault(variable.name, np.zeros(synapses.count_of(variable.name)))

    def take_over(self, old: ClockedConnections) -> None:
        """The moments of post-synaptic spikes, from the same synapses with other delays."""
        self.spiked = old.spiked

    def at_synapses(self) -> Fields:
        """All fields as each synapse sees them; its own ones can be changed in place."""
        values: Fields = {}
        for given in self.kernel.fields:
            value, place = self.fields[given.name], self.kernel.place_of(given.name)
            if isinstance(value, float) or place is Place.SYNAPSE:
                values[given.name] = value
            else:
                values[given.name] = value[self.post] if place is Place.POST_CELL else value[0]
        return values

    def advance(self, copies: dict[int, Copies], seen_in: int, step: reference.Step) -> None:
        """One step of what all synapses have in common, then of what those of a cell have, then of each of them."""
        kernel, number = self.kernel, self.synapses.object_index
        if kernel.common_step:
            of_all = {f.name: value for f, value in self._seen_of_cells(copies, seen_in) if f.role is Role.OF_ALL}
            advance(self.model, kernel.common_step, self.fields, of_all, step, Drawing(number, np.zeros(1, np.int64)))
        if kernel.post_step:
            self._advance_post(copies, seen_in, step)
        if kernel.step:
            seen = self.seen(copies, seen_in)
            advance(self.model, kernel.step, self.at_synapses(), seen, step, self._drawing())

    def _advance_post(self, copies: dict[int, Copies], seen_in: int, step: reference.Step) -> None:
        """Cells without synapses stay as they are."""
        of_cells = {name: self.fields[name] for name in self._names(Place.POST_CELL)}
        before = {name: np.array(value) for name, value in of_cells.items()}
        common = {name: self.fields[name][0] for name in self._names(Place.PROJECTION)}
        shared = {name: value for name, value in self.fields.items() if isinstance(value, float)}
        seen = {f.name: value for f, value in self._seen_of_cells(copies, seen_in) if f.role is not Role.PRE_CELL}
        seen["t_post"] = self._time_of(self.spiked)
        drawing = Drawing(self.synapses.object_index, np.arange(self.synapses.post_size))
        advance(self.model, self.kernel.post_step, {**shared, **common, **of_cells}, seen, step, drawing)
        alone = np.setdiff1d(np.arange(self.synapses.post_size), self.post)
        for name, value in of_cells.items():
            if not isinstance(value, float):
                value[alone] = before[name][alone]

    def _names(self, place: Place) -> list[str]:
        return [given.name for given in self.kernel.fields if self.kernel.place_of(given.name) is place]

    def seen(self, copies: dict[int, Copies], step: int) -> Fields:
        """What each synapse sees in a step of its cells, by name."""
        values: Fields = {}
        for given, row in self._seen_of_cells(copies, step):
            match given.role:
                case Role.PRE_CELL:
                    values[given.name] = self._delayed(copies, given, step)
                case Role.POST_CELL:
                    values[given.name] = row[self.post]
                case _:
                    values[given.name] = np.broadcast_to(row, self.post.shape)
        return {**values, "t_pre": self._time_of(self.passed), "t_post": self._time_of(self.spiked)[self.post]}

    def _time_of(self, steps: FloatArray) -> FloatArray:
        """What synapses take for the times of spikes, in ms."""
        return np.asarray((steps - self._lateness) * self.synapses.network.dt)

    def _seen_of_cells(self, copies: dict[int, Copies], step: int) -> Iterator[tuple[Field, FloatArray]]:
        """What synapses see in a step without delays: values of all cells of a side, or one of them all."""
        kernel, synapses = self.kernel, self.synapses
        for cells, fields in ((synapses.pre_cells, kernel.pre_seen), (synapses.post_cells, kernel.post_seen)):
            for given, name in zip(fields, names_of(fields), strict=True):
                assert isinstance(cells, Cells)
                yield given, copies[cells.number].row(name, step - 1)

    def _delayed(self, copies: dict[int, Copies], given: Field, step: int) -> FloatArray:
        (name,) = names_of((given,))
        rows = copies[self.synapses.pre_cells.number]
        values = np.empty(len(self.pre))
        for delay in np.unique(self.delay):
            here = self.delay == delay
            values[here] = rows.row(name, step - int(delay))[self.pre[here]]
        return values

    def send(self, is_axonal: bool, sources: IntArray, counts: IntArray, emitted: int) -> None:
        """Sources spike."""
        if not len(sources) or not (self.kernel.has_pre or self.kernel.asks_when):
            return
        of_cell = np.zeros(self.synapses.pre_size, np.int64)
        of_cell[sources] = counts
        chosen = np.flatnonzero(of_cell[self.pre])
        for delay in np.unique(self.delay[chosen]):
            here = chosen[self.delay[chosen] == delay]
            due = self.due.setdefault(emitted + int(delay), [])
            due.append((here, of_cell[self.pre[here]], emitted, is_axonal))

    def n_due(self, step: int) -> int:
        """How many events there are in a step."""
        due = self.due.get(step, [])
        return sum(int(counts.sum()) for _, counts, _, is_axonal in due if self.synapses.doing.passes(is_axonal))

    def begin(self, copies: dict[int, Copies], sums: Sums, step: reference.Step) -> bool:
        """The start of a step, from what the cells were; False where what is sent or transmitted is not sound."""
        if self.kernel.advances_first:
            before = replace(step, step=step.step - 1, t=(step.step - 2) * step.dt)
            return self._deliver(copies, step) & self._transmit(copies, sums, step.step, before)
        is_sound = self._transmit(copies, sums, step.step, step)
        if self.synapses.doing.advances_in(step.step):
            self.advance(copies, step.step, step)
        return is_sound & self._deliver(copies, step)

    def end(
        self, sources: IntArray, cells: IntArray, counts: IntArray, copies: dict[int, Copies], step: reference.Step
    ) -> None:
        """The end of a step in ANNarchy's order: sources and post-synaptic cells have spiked, and all are published."""
        self.passed[np.isin(self.pre, sources)] = step.step
        self.spiked[cells] = step.step
        activity = self.synapses.doing
        if activity.advances_in(step.step):
            whole = replace(step, dt=step.dt * activity.period)
            self.advance(copies, step.step + 1, whole)
        self.reach(cells, counts, copies, step.step + 1, step)

    def _transmit(self, copies: dict[int, Copies], sums: Sums, seen_in: int, step: reference.Step) -> bool:
        synapses = self.synapses
        if synapses.input is None or not synapses.doing.transmits:
            return True
        psp = transmit(self.model, self.at_synapses(), self.seen(copies, seen_in), step, self._drawing())
        received = gather(psp, self.dendrites, self.kernel.operation)
        sums[synapses.post_cells.number, synapses.input] += received
        return bool(np.isfinite(received).all())

    def _deliver(self, copies: dict[int, Copies], step: reference.Step) -> bool:
        """Spikes that are due pass; False where an increment is not sound."""
        is_sound = True
        for here, counts, emitted, is_axonal in self.due.pop(step.step, []):
            for count in np.unique(counts) if self.synapses.doing.passes(is_axonal) else []:
                is_sound &= self._pass(copies, here[counts == count], int(count), emitted, is_axonal, step)
        return is_sound

    def _pass(
        self,
        copies: dict[int, Copies],
        here: IntArray,
        count: int,
        emitted: int,
        is_axonal: bool,
        step: reference.Step,
    ) -> bool:
        seen, now, dt = self.seen(copies, step.step), float(step.step), step.dt
        late = self._lateness
        t, t_pre = (now - late) * dt, (self.passed[here] - late) * dt
        t_post = (self.spiked[self.post[here]] - late) * dt
        total = np.zeros(len(here))
        for repetition in range(count):
            number, kind = (FIRST_AXONAL, AXONAL) if is_axonal else (repetition, SOMATIC)
            events = Events(0.0, 0.0, 0.0, t, t_pre, t_post, emitted, number, kind=kind)
            total = total + pre_spike(self.model, self.at_synapses(), seen, here, events, step, self._drawing())
            t_pre = t_pre if self.kernel.advances_first else np.full(len(here), t)
        if not self.kernel.advances_first:
            self.passed_before[here], self.passed[here] = self.passed[here], now
        cells, receptor = self.synapses.post_cells, self.synapses.receptor_number
        if receptor < 0:
            return True
        fixed = reference.to_fixed(total, 1.0 / cells.quanta[receptor])
        np.add.at(cells.inputs[receptor], self.post[here], fixed)
        assert self.synapses.rows is not None
        return bool((np.isfinite(total) & (np.abs(total) <= self.synapses.rows.bound * count)).all())

    def reach(
        self, cells: IntArray, counts: IntArray, copies: dict[int, Copies], seen_in: int, step: reference.Step
    ) -> None:
        """Post-synaptic cells spike; synapses see what they see in step `seen_in`."""
        if not self.synapses.doing.transmits:
            self.spiked[cells] = step.step
            return
        seen, now, dt = self.seen(copies, seen_in), float(step.step), step.dt
        of_cell = np.zeros(self.synapses.post_size, np.int64)
        of_cell[cells] = counts
        for count in np.unique(counts):
            here = np.flatnonzero(of_cell[self.post] == count)
            coincident = (self.passed[here] == now) & (not self.kernel.advances_first)
            late = self._lateness
            t, t_pre = (now - late) * dt, np.where(coincident, self.passed_before[here], self.passed[here] - late) * dt
            t_post = np.full(len(here), t) if self.kernel.advances_first else self.spiked[self.post[here]] * dt
            for repetition in range(int(count)):
                events = Events(0.0, 0.0, 0.0, t, t_pre, t_post, step.step, FIRST_POST + repetition, coincident)
                post_spike(self.model, self.at_synapses(), seen, here, events, step, self._drawing())
                t_post = np.full(len(here), t)
        self.spiked[cells] = now

    @property
    def _lateness(self) -> float:
        """Steps from what models take for the time of a step, in ANNarchy's order its start, to its end."""
        return float(self.kernel.advances_first)

    def _drawing(self) -> Drawing:
        return Drawing(self.synapses.object_index, np.arange(self.synapses.n))

    def rewind(self) -> None:
        """No spike so far."""
        self.due.clear()
        for moments in (self.passed, self.passed_before, self.spiked):
            moments[:] = -np.inf
