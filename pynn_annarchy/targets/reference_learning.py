"""Learning kernels evaluated with NumPy, over many synapses at once: the oracle of the primitive `learn`.

Everything is stored in each synapse (Storage.PER_ELEMENT), nothing once a cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pynn_annarchy import _mathematics
from pynn_annarchy.kernels.ir import About, Decay, Draw, Elapsed, Event, LearningKernel, Moment, Value
from pynn_annarchy.targets.compile import CompiledModel
from pynn_annarchy.targets.reference import Array, Evaluation, Step

Fields = MutableMapping[str, Any]
"""By name: parameters, one number or one a synapse; variables, one a synapse, changed in place; and left limits, which
the first spike adds."""

FIRST_POST = 32768
"""Number of the first of several identical post-synaptic spikes; pre-synaptic ones count from 0 (`learn.h`)."""
FIRST_AXONAL = 16384
"""Number of an axonal spike, of which there is one at a time."""

SOMATIC, AXONAL, LOST = range(3)
"""Kinds of pre-synaptic spikes (`abi.h`)."""


@dataclass(frozen=True, slots=True)
class Events:
    """One spike at each of some synapses, as `pnn_event` of abi.h; numbers hold for all of them.

    Args:
        since_pre: steps since the last earlier pre-synaptic spike, or since t = 0; likewise `since_post`, `since_any`.
        t: of the spike at the synapse, in ms; `t_pre` and `t_post` of the last earlier ones, minus infinity for none.
        step: of its emission.
        repetition: among identical spikes; 16384 for axonal, 32768 and more for post-synaptic ones.
        coincident: a spike of the other side has reached the synapse at the same time and has been applied.
        kind: SOMATIC, AXONAL, or LOST for an axonal one that is not transmitted.
    """

    since_pre: Any
    since_post: Any
    since_any: Any
    t: Any
    t_pre: Any
    t_post: Any
    step: Any
    repetition: Any = 0
    coincident: Any = False
    kind: Any = 0


@dataclass(frozen=True, slots=True)
class Drawing:
    """Whose random numbers a projection draws: its creation index, and the canonical rank of every synapse."""

    object_index: int
    ranks: Array


def learn_post(
    model: CompiledModel, fields: Fields, index: Array, events: Events, step: Step, drawing: Drawing | None = None
) -> None:
    """One post-synaptic spike reaches each of the synapses of these indices."""
    evaluation = _at(model, fields, index, events, step, drawing)
    with np.errstate(all="ignore"):
        evaluation.execute(_kernel_of(model).post)
    _put_back(evaluation, model, fields, index)


def learn_pre(
    model: CompiledModel, fields: Fields, index: Array, events: Events, step: Step, drawing: Drawing | None = None
) -> npt.NDArray[np.float64]:
    """One pre-synaptic spike passes each of the synapses of these indices; returns what they send."""
    kernel = _kernel_of(model)
    evaluation = _at(model, fields, index, events, step, drawing)
    with np.errstate(all="ignore"):
        evaluation.execute(kernel.pre)
        increments = np.broadcast_to(evaluation.value(kernel.increment), np.shape(index)).astype(np.float64)
    _put_back(evaluation, model, fields, index)
    return increments


def present(model: CompiledModel, fields: Mapping[str, Any], events: Events, dt: float) -> dict[str, Any]:
    """The variables of every synapse, by name, at a moment when nothing happens.

    Args:
        fields: by name: parameters and derived ones, and variables as of the last spike of their side.
        events: the moment, and how long ago the last spikes were.
        dt: time step, in ms.
    """
    kernel = model.kernel
    assert isinstance(kernel, LearningKernel)
    evaluation = EventEvaluation(model.precision, fields, events, Step(0, 0.0, dt, 0, 0, 0))
    with np.errstate(all="ignore"):
        evaluation.execute(kernel.present)
    shape = np.shape(events.since_pre)
    variables = (*kernel.variables, *kernel.pre_traces, *kernel.post_traces)
    values = {field.name: evaluation.locals[field.name] for field in variables if field.name in evaluation.locals}
    return {name: np.broadcast_to(value, shape).astype(np.float64) for name, value in values.items()}


def decay(elapsed: Any, tau: Any, dt: float) -> Array:
    """exp(-t/tau) after a time in steps; 1 in no time, whatever the time constant."""
    with np.errstate(all="ignore"):  # tau may be zero: all is gone at once
        return np.where(elapsed == 0.0, 1.0, _mathematics.apply("exp", -(elapsed * dt) / tau))


def _kernel_of(model: CompiledModel) -> LearningKernel:
    kernel = model.kernel
    assert isinstance(kernel, LearningKernel), f"'{model.spec.name}' does not learn"
    assert not (kernel.pre_traces or kernel.post_traces), "the oracle stores everything in every synapse"
    return kernel


class EventEvaluation(Evaluation):
    """The values of one spike at some synapses; what they draw is told apart by the spike."""

    def __init__(self, precision: str, fields: Mapping[str, Any], events: Events, step: Step) -> None:
        super().__init__(precision, fields, step)
        self._events = events

    def value(self, value: Value) -> Any:
        match value:
            case Elapsed(since):
                return np.asarray(getattr(self._events, since.value), np.float64)
            case Moment(name):
                return np.asarray(getattr(self._events, name), np.float64)
            case Event(about):
                return _ABOUT[about](self._events)
            case Decay(elapsed, tau):
                assert self.step is not None
                return decay(self.value(elapsed), self.value(tau), self.step.dt)
            case _:
                return super().value(value)

    def _draw(self, draw: Draw) -> Any:
        """Spikes of different steps draw different numbers: those of one step and number together."""
        size = len(self.elements)
        arguments = tuple(np.broadcast_to(np.asarray(self.value(a), np.float64), (size,)) for a in draw.arguments)
        steps = np.broadcast_to(self._events.step, (size,))
        repetitions = np.broadcast_to(self._events.repetition, (size,))
        drawn = np.empty(size)
        for step, event in set(zip(steps.tolist(), repetitions.tolist(), strict=True)):
            here = np.flatnonzero((steps == step) & (repetitions == event))
            chosen = tuple(argument[here] for argument in arguments)
            drawn[here] = self.drawn(draw, chosen, self.elements[here], step, event)
        return drawn


_ABOUT: Mapping[About, Callable[[Events], Array]] = {
    About.COINCIDENT: lambda events: np.asarray(events.coincident, np.bool_),
    About.REPEATED: lambda events: np.asarray(events.repetition) % FIRST_POST != 0,
    About.SOMATIC: lambda events: np.asarray(events.kind == SOMATIC),
    About.AXONAL: lambda events: np.asarray(events.kind == AXONAL),
}


def _at(
    model: CompiledModel, fields: Fields, index: Array, events: Events, step: Step, drawing: Drawing | None
) -> EventEvaluation:
    """The evaluation of one spike at some synapses."""
    kernel = _kernel_of(model)
    gathered = (*kernel.fields, *kernel.left_limits)
    for field in gathered:
        if field.name.endswith(".left"):
            fields.setdefault(field.name, np.zeros_like(fields[field.name.removesuffix(".left")]))
    values = {field.name: taken(fields[field.name], index) for field in gathered}
    evaluation = EventEvaluation(model.precision, values, events, step)
    evaluation.elements = index
    if drawing is not None:
        evaluation.object_index, evaluation.elements = drawing.object_index, drawing.ranks[index]
    return evaluation


def _put_back(evaluation: EventEvaluation, model: CompiledModel, fields: Fields, index: Array) -> None:
    """Hands what was written to the synapses."""
    kernel = _kernel_of(model)
    for field in (*kernel.variables, *kernel.left_limits):
        fields[field.name][index] = evaluation.fields[field.name]


def taken(values: Any, index: Array) -> Any:
    """The values of some synapses; one number stays one."""
    return np.asarray(values, np.float64)[index] if np.ndim(values) else np.float64(values)
