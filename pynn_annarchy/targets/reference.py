"""Kernels evaluated with NumPy: the oracle of every other target, bit by bit; needs no compiler (DESIGN D7).

Additions, products, quotients and square roots are NumPy's; functions and draws are those of `mathematics.h` and
`distributions.h`, through the prebuilt extension.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pynn_annarchy import _mathematics
from pynn_annarchy.exceptions import unreachable
from pynn_annarchy.kernels.ir import (
    FLUSHED_EVERY,
    Apply,
    Arithmetic,
    Arrived,
    Cast,
    CellKernel,
    ClearArrived,
    Comment,
    Compare,
    Decay,
    Draw,
    DType,
    Elapsed,
    Event,
    Let,
    Literal,
    Load,
    Local,
    Logic,
    Moment,
    Negate,
    Not,
    Repeat,
    Select,
    Statement,
    StepValue,
    Store,
    SynapseKernel,
    Value,
)
from pynn_annarchy.model.evaluate import ARITHMETIC, COMPARISONS, CONNECTIVES
from pynn_annarchy.targets.compile import PRECISIONS, CompiledModel

Array = npt.NDArray[Any]

_OPERATIONS: Mapping[Any, Callable[[Any, Any], Any]] = {**ARITHMETIC, **COMPARISONS, **CONNECTIVES}


@dataclass(frozen=True, slots=True)
class Step:
    """One step, as abi.h has it: `t` is the time of its start, in ms."""

    step: int
    t: float
    dt: float
    seed_key: int
    trial: int
    batch: int

    @property
    def t_end(self) -> float:
        """Time of its end, in ms."""
        return self.step * self.dt


def to_fixed(increment: Array, inverse_quantum: float) -> npt.NDArray[np.int64]:
    """The nearest whole numbers of quanta, as fixed_point.h."""
    return np.asarray(np.rint(increment * inverse_quantum)).astype(np.int64)


def from_fixed(total: npt.NDArray[np.int64], quantum: float) -> Array:
    """Sums of quanta as numbers, as fixed_point.h."""
    return np.asarray(total.astype(np.float64) * quantum)


class Evaluation:
    """The values of one kernel call: locals by name, fields by array."""

    def __init__(self, precision: str, fields: Mapping[str, Any], step: Step | None) -> None:
        self.precision = precision
        self.real: Any = PRECISIONS[precision]
        self.fields = dict(fields)
        self.locals: dict[str, Any] = {}
        self.arrived: dict[str, tuple[Array, float]] = {}
        self.step = step
        self.object_index = 0
        self.elements: Array = np.empty(0, np.int64)
        self.event = 0
        self._types = {
            DType.REAL: self.real,
            DType.REAL64: np.float64,
            DType.COUNT: np.int64,
            DType.MASK: np.bool_,
        }

    def execute(self, body: tuple[Statement, ...]) -> None:
        for statement in body:
            match statement:
                case Let(name, value):
                    self.locals[name] = self.value(value)
                case Store(field, value):
                    self.fields[field.name][...] = self.value(value)
                case ClearArrived(receptor):
                    self.arrived[receptor][0][...] = 0
                case Comment():
                    pass
                case Repeat():
                    self._repeat(statement)
                case _:
                    unreachable(statement)

    def execute_for(self, index: npt.NDArray[np.int64], body: tuple[Statement, ...]) -> None:
        """Executes a body of its own locals for some of the elements."""
        fields = {name: field[index] if np.ndim(field) else field for name, field in self.fields.items()}
        some = Evaluation(self.precision, fields, self.step)
        some.object_index, some.elements = self.object_index, self.elements[index]
        some.execute(body)
        for statement in body:
            if isinstance(statement, Store):
                self.fields[statement.field.name][index] = some.fields[statement.field.name]

    def _repeat(self, repeat: Repeat) -> None:
        """All elements together, as often as one of them goes on; the others keep their values."""
        going = np.full(self.elements.shape, True)
        while True:
            below = self.locals[repeat.count] < self.value(repeat.most)
            going = going & below & self.value(repeat.condition)
            if not going.any():
                break
            before = dict(self.locals)
            self.execute(repeat.body)
            for name, old in before.items():
                if self.locals[name] is not old:
                    self.locals[name] = np.where(going, self.locals[name], old)
            self.locals[repeat.count] = self.locals[repeat.count] + going.astype(np.int64)
            self.event += 1
        self.event = 0

    def value(self, value: Value) -> Any:
        match value:
            case Literal(number, dtype):
                return self._types[dtype](number)
            case Load(field):
                # A copy: locals keep the value of the moment, whatever is stored later.
                return np.array(self.fields[field.name], self._types[field.dtype])
            case Local(name):
                return self.locals[name]
            case StepValue(name, dtype):
                return self._types[dtype](getattr(self.step, name))
            case Arrived(receptor):
                return from_fixed(*self.arrived[receptor]).astype(self.real)
            case Negate(operand):
                return -self.value(operand)
            case Not(operand):
                return np.logical_not(self.value(operand))
            case Arithmetic(operator, left, right) | Compare(operator, left, right) | Logic(operator, left, right):
                return _OPERATIONS[operator](self.value(left), self.value(right))
            case Select(condition, then, otherwise):
                return np.where(self.value(condition), self.value(then), self.value(otherwise))
            case Apply(function, arguments, dtype):
                return self._apply(function, [self.value(argument) for argument in arguments], dtype)
            case Draw():
                return self._draw(value)
            case Elapsed() | Decay() | Moment() | Event():
                raise TypeError(f"{value!r} has no value but in a synapse that learns")
            case Cast(operand, dtype):
                return np.asarray(self.value(operand)).astype(self._types[dtype])
            case _:
                unreachable(value)

    def _apply(self, function: str, arguments: list[Any], dtype: DType) -> Any:
        if function == "flush":
            real = self._types[dtype]
            return np.where(np.abs(arguments[0]) < np.finfo(real).tiny, real(0.0), arguments[0])
        if function == "fma" and self._types[dtype] is np.float32:
            function = "fma_single"
        doubles = [np.asarray(argument, np.float64) for argument in arguments]
        return np.asarray(_mathematics.apply(function, *doubles)).astype(self._types[dtype])

    def _draw(self, draw: Draw) -> Any:
        assert self.step is not None
        arguments = tuple(np.asarray(self.value(argument), np.float64) for argument in draw.arguments)
        elements = np.zeros_like(self.elements) if draw.common else self.elements
        return self.drawn(draw, arguments, elements, self.step.step, self.event).astype(self._types[draw.dtype])

    def drawn(self, draw: Draw, arguments: tuple[Array, ...], elements: Array, step: int, event: int) -> Array:
        """What elements draw at one event of one step, in double."""
        assert self.step is not None
        return _mathematics.draw(
            draw.distribution,
            arguments,
            self.step.seed_key,
            self.object_index,
            elements,
            self.step.trial,
            self.step.batch,
            step,
            event,
            draw.number,
        )


def run_neurons(
    model: CompiledModel,
    arrays: list[Array],
    shared: Array,
    inputs: list[Array],
    quanta: Array,
    object_index: int,
    element_offset: int,
    begin: int,
    end: int,
    step: Step,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The primitive `neurons` over elements [begin, end); changes the arrays; returns (index, count) of the spikes."""
    kernel = model.kernel
    assert isinstance(kernel, CellKernel)
    fields: dict[str, Any] = {field.name: array[begin:end] for field, array in zip(model.arrays, arrays, strict=True)}
    fields.update(zip(model.shared, shared, strict=True))
    evaluation = Evaluation(model.precision, fields, step)
    evaluation.object_index = object_index
    evaluation.elements = np.arange(begin, end) + element_offset
    if step.step % FLUSHED_EVERY == 0:
        for field in kernel.flushed:
            fields[field.name][...] = evaluation.value(Apply("flush", (Load(field),), field.dtype))
    for receptor, array, quantum in zip(kernel.receptors, inputs, quanta, strict=True):
        evaluation.arrived[receptor] = (array[begin:end], float(quantum))
    with np.errstate(all="ignore"):
        evaluation.execute(kernel.body)
        counts = np.broadcast_to(evaluation.value(kernel.spikes), (end - begin,)).astype(np.int64)
        index = np.flatnonzero(counts > 0)
        evaluation.execute_for(index, kernel.reset)
    return index + begin, counts[index]


def increments(
    model: CompiledModel, weight: npt.NDArray[np.float64], shared: Array | None = None, step: Step | None = None
) -> npt.NDArray[np.float64]:
    """What synapses of these weights send when a spike arrives.

    Args:
        shared: the module's shared values, in its order; may be left out where it has none.
        step: may be left out where the model does not read the time.
    """
    kernel = model.kernel
    assert isinstance(kernel, SynapseKernel)
    fields = dict(zip(model.shared, () if shared is None else shared, strict=True))
    evaluation = Evaluation(model.precision, fields, step)
    evaluation.locals["weight"] = weight
    with np.errstate(all="ignore"):
        evaluation.execute(kernel.body)
        return np.broadcast_to(evaluation.value(kernel.increment), weight.shape)
