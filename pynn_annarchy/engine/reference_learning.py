"""Synapses that learn in the NumPy loop: every spike is applied when it reaches the synapse, nothing is put off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pynn_annarchy.engine import _binding
from pynn_annarchy.engine.arrays import FloatArray, IntArray, spread
from pynn_annarchy.kernels.ir import LearningKernel
from pynn_annarchy.targets import reference
from pynn_annarchy.targets.compile import CompiledModel
from pynn_annarchy.targets.reference_learning import (
    AXONAL,
    FIRST_AXONAL,
    FIRST_POST,
    LOST,
    SOMATIC,
    Drawing,
    Events,
    Fields,
    learn_post,
    learn_pre,
)

if TYPE_CHECKING:
    from pynn_annarchy.engine.connectivity import Synapses

_PRE, _POST = "pre", "post"


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A spike that reaches some synapses at one time, in steps."""

    time: float
    side: str
    emitted: int
    synapses: IntArray
    counts: IntArray
    is_axonal: bool = False


@dataclass
class _Last:
    """Emission of the last spikes of one side, and of the ones before, by synapse; nan for none."""

    emitted: FloatArray
    before: FloatArray

    @classmethod
    def of(cls, n: int) -> _Last:
        return cls(np.full(n, np.nan), np.full(n, np.nan))

    def add(self, synapses: IntArray, emitted: int) -> None:
        self.before[synapses] = self.emitted[synapses]
        self.emitted[synapses] = emitted


@dataclass
class LearningConnections:
    """The synapses of a projection in canonical order, with all that is under way to them.

    Args:
        model: with everything stored in every synapse.
        shifts: of each synapse (see `Rows.shifts`), shape (3, n).
    """

    synapses: Synapses
    rows: _binding.Rows
    model: CompiledModel
    pre: IntArray
    post: IntArray
    delay: IntArray
    shifts: FloatArray
    fields: Fields
    last_pre: _Last
    last_post: _Last
    sent: FloatArray
    """Emission of the last spike of each pre-synaptic cell, nan for none; kept in ANNarchy's order."""
    arrivals: list[_Arrival] = field(default_factory=list)
    accepted: int = -1
    """The step whose spikes were sent on their way last."""
    due: dict[int, list[tuple[IntArray, IntArray, FloatArray]]] = field(default_factory=dict)
    """(synapses, multiplicities, sums of increments) by the step in which they fall due."""

    @classmethod
    def of(cls, synapses: Synapses, model: CompiledModel) -> LearningConnections:
        """Nothing under way, no spike so far."""
        assert synapses.rows is not None
        delay = np.rint(synapses.get("delay") / synapses.network.dt)
        n = synapses.n
        return cls(
            synapses,
            synapses.rows,
            model,
            synapses.pre().astype(np.int64),
            synapses.post().astype(np.int64),
            delay.astype(np.int64),
            synapses.rows.shifts(delay),
            {},
            _Last.of(n),
            _Last.of(n),
            np.full(synapses.pre_size, np.nan),
        )

    @property
    def arrives_first(self) -> bool:
        """ANNarchy's order, see `kernels.learning`."""
        assert isinstance(self.model.kernel, LearningKernel)
        return self.model.kernel.arrives_first

    def bind(self) -> None:
        """Takes over parameters, weights and the variables that were set."""
        synapses = self.synapses
        assert synapses.rows is not None
        self.fields.update(synapses.state.parameters(self.model))
        self.fields["weight"] = np.array(synapses.rows.weight(synapses.cached_order()))
        for name, value in synapses.state.take_variables(self.model).items():
            self.fields[name] = np.array(spread(value, synapses.n))

    def send(self, sent: Iterable[tuple[bool, IntArray, IntArray]], emitted: int) -> None:
        """Sources spike, by kind: whether axonal, cells, numbers of spikes. Said twice, it is heard once."""
        if emitted == self.accepted:
            return
        self.accepted = emitted
        for is_axonal, sources, counts in sent:
            if not is_axonal:
                self.hear_of(sources, emitted)
            self._travel(_PRE, self.pre, sources, counts, emitted, self.shifts[0], is_axonal)

    def hear_of(self, sources: IntArray, emitted: int) -> None:
        """Sources spike in this step; what they send is not on its way yet."""
        self.sent[sources] = emitted

    def remember(self, cells: IntArray, counts: IntArray, emitted: int) -> None:
        """Post-synaptic cells spike."""
        self._travel(_POST, self.post, cells, counts, emitted, self.shifts[1])

    def _travel(
        self,
        side: str,
        of_synapse: IntArray,
        cells: IntArray,
        counts: IntArray,
        emitted: int,
        shift: FloatArray,
        is_axonal: bool = False,
    ) -> None:
        if not len(cells):
            return
        of_cell = np.zeros(int(max(of_synapse.max(initial=0), cells.max())) + 1, np.int64)
        of_cell[cells] = counts
        chosen = np.flatnonzero(of_cell[of_synapse])
        for value in np.unique(shift[chosen]):
            here = chosen[shift[chosen] == value]
            counts_here = of_cell[of_synapse[here]]
            self.arrivals.append(_Arrival(emitted + float(value), side, emitted, here, counts_here, is_axonal))

    def apply(self, now: int, step: reference.Step) -> None:
        """Applies all that reaches the synapses up to `now`."""
        reached = [arrival for arrival in self.arrivals if arrival.time <= now]
        self.arrivals = [arrival for arrival in self.arrivals if arrival.time > now]
        first = _PRE if self.synapses.dendritic == 0 else _POST
        for arrival in sorted(reached, key=lambda arrival: (arrival.time, arrival.side != first, arrival.emitted)):
            if not self.synapses.doing.transmits:
                last = self.last_pre if arrival.side == _PRE else self.last_post
                last.add(arrival.synapses, arrival.emitted)
                continue
            for count in np.unique(arrival.counts):
                here = arrival.synapses[arrival.counts == count]
                if arrival.side == _PRE:
                    self._pass(arrival, here, int(count), step)
                else:
                    self._reach(arrival, here, int(count), step)

    def _pass(self, arrival: _Arrival, here: IntArray, count: int, step: reference.Step) -> None:
        shift, emitted = self.shifts[:, here], arrival.emitted
        coincident = self.last_post.emitted[here] == emitted + shift[2]
        last_post = np.where(coincident, self.last_post.before[here], self.last_post.emitted[here])
        last_pre = self.last_pre.emitted[here]
        early = float(self.arrives_first)
        age = emitted + shift[0] - early
        since_origin = age - self.synapses.state.origin
        since_pre = np.fmin(emitted - last_pre - early, since_origin)
        if self.arrives_first:
            since_pre = np.maximum(since_pre, 0.0)  # an axonal spike may join another one
        since_post = np.fmin((emitted - last_post) + shift[2] - early, since_origin)
        since_any = np.where(coincident, 0.0, np.minimum(since_pre, since_post))
        t_pre, t_post = self._moments(here, last_pre, last_post)
        t = age * step.dt
        total = np.zeros(len(here))
        kind, first = (SOMATIC, 0) if not arrival.is_axonal else (AXONAL, FIRST_AXONAL)
        if not self.synapses.doing.passes(arrival.is_axonal):
            kind = LOST
        for repetition in range(first, first + count):
            if repetition > first:
                since_pre = since_any = np.zeros(len(here))
                t_pre = t_pre if self.arrives_first else t
            events = Events(since_pre, since_post, since_any, t, t_pre, t_post, emitted, repetition, coincident, kind)
            sent = learn_pre(self.model, self.fields, here, events, step, self._drawing())
            total = sent if repetition == first else total + sent
        self.last_pre.add(here, emitted)
        counts = np.full(len(here), count)
        for delay in np.unique(self.delay[here]):
            chosen = self.delay[here] == delay
            self.due.setdefault(emitted + int(delay), []).append((here[chosen], counts[chosen], total[chosen]))

    def _reach(self, arrival: _Arrival, here: IntArray, count: int, step: reference.Step) -> None:
        shift, emitted = self.shifts[:, here], arrival.emitted
        coincident = (emitted == self.last_pre.emitted[here] + shift[2]) & (not self.arrives_first)
        last_pre = np.where(coincident, self.last_pre.before[here], self.last_pre.emitted[here])
        last_post = self.last_post.emitted[here]
        age = emitted + shift[1]
        since_origin = age - self.synapses.state.origin
        since_pre = np.fmin((emitted - last_pre) - shift[2], since_origin)
        since_post = np.fmin(emitted - last_post, since_origin)
        since_any = np.where(coincident, 0.0, np.minimum(since_pre, since_post))
        t_pre, t_post = self._moments(here, last_pre, last_post)
        t = (age - float(self.arrives_first)) * step.dt
        if self.arrives_first:
            t_post = t
        for repetition in range(count):
            if repetition:
                since_post = since_any = np.zeros(len(here))
                t_post = t
            events = Events(
                since_pre, since_post, since_any, t, t_pre, t_post, emitted, FIRST_POST + repetition, coincident
            )
            learn_post(self.model, self.fields, here, events, step, self._drawing())
        self.last_post.add(here, emitted)

    def _moments(self, here: IntArray, last_pre: FloatArray, last_post: FloatArray) -> tuple[FloatArray, FloatArray]:
        """t_pre and t_post at some synapses, with the last spikes that they have seen."""
        shift = self.shifts[:, here]
        ends = (last_pre + shift[0], last_post + shift[1])
        if self.arrives_first:
            ends = (self.sent[self.pre[here]] - 1.0, last_post - 1.0)
        dt = self.synapses.network.dt
        t_pre, t_post = (np.where(np.isnan(end), -np.inf, end * dt) for end in ends)
        return t_pre, t_post

    def _drawing(self) -> Drawing:
        return Drawing(self.synapses.object_index, np.arange(self.synapses.n))

    def n_due(self, step: int) -> int:
        """How many events fall due in a step."""
        return sum(int(counts.sum()) for _, counts, _ in self.due.get(step, []))

    def deliver(self, step: reference.Step) -> bool:
        """What falls due goes into the sums of the cells; False where an increment is not sound."""
        assert self.synapses.rows is not None
        bound = self.synapses.rows.bound
        cells, receptor = self.synapses.post_cells, self.synapses.receptor_number
        is_sound = True
        for here, counts, increments in self.due.pop(step.step, []):
            is_sound &= bool((np.isfinite(increments) & (np.abs(increments) <= bound * counts)).all())
            fixed = reference.to_fixed(increments, 1.0 / cells.quanta[receptor])
            np.add.at(cells.inputs[receptor], self.post[here], fixed)
        return is_sound

    def rewind(self) -> None:
        """No spike so far."""
        n = self.synapses.n
        self.arrivals, self.due, self.accepted = [], {}, -1
        self.last_pre, self.last_post = _Last.of(n), _Last.of(n)
        self.sent[:] = np.nan
