"""Clocked kernels evaluated with NumPy, over many synapses at once: the oracle of the primitive `synapses`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pynn_annarchy import _mathematics
from pynn_annarchy.kernels.ir import ClockedKernel, Moment, Role, Statement, Value
from pynn_annarchy.targets.compile import CompiledModel
from pynn_annarchy.targets.reference import Array, Evaluation, Step
from pynn_annarchy.targets.reference_learning import Drawing, EventEvaluation, Events, Fields, taken

LANES = 32
"""Partial results, as in reduce.h."""

_Join = Callable[[Array, Array], Array]

_JOINS: Mapping[str, tuple[float, _Join]] = {
    "sum": (0.0, np.add),
    "mean": (0.0, np.add),
    "max": (-np.inf, lambda a, b: _mathematics.apply("maximum", a, b)),
    "min": (np.inf, lambda a, b: _mathematics.apply("minimum", a, b)),
}
"""By operation what a lane starts from, and how two values are joined."""


@dataclass(frozen=True, slots=True)
class Dendrites:
    """Which synapses end at which cell.

    Args:
        n_cells: number of post-synaptic cells.
        post: cell of each synapse, in canonical order, so that those of one cell come in the order of their sources.
        position: of each synapse among those of its cell.
    """

    n_cells: int
    post: Array
    position: Array

    @staticmethod
    def of(post: Array, n_cells: int) -> Dendrites:
        """From the cell of each synapse."""
        order = np.argsort(post, kind="stable")
        counts = np.bincount(post, minlength=n_cells)
        position = np.empty(len(post), np.int64)
        position[order] = np.arange(len(post)) - np.repeat(np.cumsum(counts) - counts, counts)
        return Dendrites(n_cells, post, position)


def transmit(
    model: CompiledModel, fields: Fields, seen: Mapping[str, Array], step: Step, drawing: Drawing
) -> npt.NDArray[np.float64]:
    """What each synapse transmits over a step.

    Args:
        seen: values of 'pre.x' and 'post.x', and of 't_pre' and 't_post', for each synapse.
    """
    kernel = _kernel_of(model)
    assert kernel.psp is not None
    evaluation = _whole(model, fields, seen, step, drawing)
    with np.errstate(all="ignore"):
        return np.broadcast_to(evaluation.value(kernel.psp), (len(drawing.ranks),)).astype(np.float64)


def gather(psp: npt.NDArray[np.float64], dendrites: Dendrites, operation: str) -> npt.NDArray[np.float64]:
    """What each cell receives; zero where no synapse ends."""
    start, join = _JOINS[operation]
    lanes = np.full((dendrites.n_cells, LANES), start)
    for block in range(int(dendrites.position.max(initial=-1)) // LANES + 1):
        here = np.flatnonzero(dendrites.position // LANES == block)
        place = dendrites.post[here], dendrites.position[here] % LANES
        lanes[place] = join(lanes[place], psp[here])
    while lanes.shape[1] > 1:
        half = lanes.shape[1] // 2
        lanes = np.asarray(join(lanes[:, :half], lanes[:, half:]))
    counts = np.bincount(dendrites.post, minlength=dendrites.n_cells)
    received = lanes[:, 0] / np.maximum(counts, 1) if operation == "mean" else lanes[:, 0]
    return np.where(counts > 0, received, 0.0)


def population_value(operation: str, values: npt.NDArray[np.float64]) -> float:
    """A whole population's values as one number."""
    joined = {"norm1": "sum", "norm2": "sum"}.get(operation, operation)
    terms = {"norm1": np.abs(values), "norm2": values * values}.get(operation, values)
    total = gather(terms, Dendrites.of(np.zeros(len(terms), np.int64), 1), joined)[0]
    return float(np.sqrt(total) if operation == "norm2" else total)


def advance(
    model: CompiledModel,
    body: tuple[Statement, ...],
    fields: Fields,
    seen: Mapping[str, Array],
    step: Step,
    drawing: Drawing,
) -> None:
    """One step of all synapses, or of what all or those of each post-synaptic cell have in common.

    Args:
        body: the kernel's statements for that; what they store is changed in place.
        seen: as of `transmit`, for each element of the body.
    """
    evaluation = _whole(model, fields, seen, step, drawing)
    with np.errstate(all="ignore"):
        evaluation.execute(body)


def pre_spike(
    model: CompiledModel,
    fields: Fields,
    seen: Mapping[str, Array],
    index: Array,
    events: Events,
    step: Step,
    drawing: Drawing,
) -> npt.NDArray[np.float64]:
    """One pre-synaptic spike passes each of the synapses of these indices; returns what they send."""
    kernel = _kernel_of(model)
    evaluation = _at(model, fields, seen, index, events, step, drawing, kernel.pre)
    with np.errstate(all="ignore"):
        return np.broadcast_to(evaluation.value(kernel.increment), np.shape(index)).astype(np.float64)


def post_spike(
    model: CompiledModel,
    fields: Fields,
    seen: Mapping[str, Array],
    index: Array,
    events: Events,
    step: Step,
    drawing: Drawing,
) -> None:
    """One post-synaptic spike reaches each of the synapses of these indices."""
    _at(model, fields, seen, index, events, step, drawing, _kernel_of(model).post)


def _kernel_of(model: CompiledModel) -> ClockedKernel:
    assert isinstance(model.kernel, ClockedKernel), f"'{model.spec.name}' does nothing in every step"
    return model.kernel


def _whole(model: CompiledModel, fields: Fields, seen: Mapping[str, Array], step: Step, drawing: Drawing) -> Evaluation:
    """The evaluation of all synapses, whose fields are changed in place."""
    evaluation = _StepEvaluation(model.precision, {**fields, **seen}, step)
    evaluation.object_index, evaluation.elements = drawing.object_index, drawing.ranks
    return evaluation


class _StepEvaluation(Evaluation):
    """The values of one step; when cells have spiked last is told with what is seen of them."""

    def value(self, value: Value) -> Any:
        return np.array(self.fields[value.name]) if isinstance(value, Moment) else super().value(value)


def _at(
    model: CompiledModel,
    fields: Fields,
    seen: Mapping[str, Array],
    index: Array,
    events: Events,
    step: Step,
    drawing: Drawing,
    body: tuple[Statement, ...],
) -> EventEvaluation:
    """The evaluation of one spike at some synapses, whose body has been executed."""
    kernel = _kernel_of(model)
    values = {name: taken(value, index) for name, value in (*fields.items(), *seen.items())}
    evaluation = EventEvaluation(model.precision, values, events, step)
    evaluation.object_index, evaluation.elements = drawing.object_index, drawing.ranks[index]
    with np.errstate(all="ignore"):
        evaluation.execute(body)
    for field in kernel.variables:
        if field.role is Role.STATE:
            fields[field.name][index] = evaluation.fields[field.name]
    return evaluation
