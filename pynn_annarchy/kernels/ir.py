"""The kernel IR: typed statements over typed fields, one primitive each. Immutable; every union is closed.

A kernel says what happens to element `i`. Loops, threads and memory belong to `native/`, values to the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from pynn_annarchy.language.syntax import BinaryOperator, Comparator, Connective


class DType(Enum):
    """REAL follows the precision of the simulation; REAL64 is always double (times, refractory counters)."""

    REAL = "real"
    REAL64 = "real64"
    COUNT = "count"
    MASK = "mask"


class Role(Enum):
    """Who writes a field: the kernel (state, refractory) or only the engine (parameter, input)."""

    STATE = "state"
    PARAMETER = "parameter"
    INPUT = "input"
    REFRACTORY = "refractory"


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    dtype: DType
    role: Role


@dataclass(frozen=True, slots=True)
class Literal:
    value: float | bool
    dtype: DType


@dataclass(frozen=True, slots=True)
class Load:
    """The field's value of this element; for a shared parameter the one value."""

    field: Field

    @property
    def dtype(self) -> DType:
        return self.field.dtype


@dataclass(frozen=True, slots=True)
class Local:
    name: str
    dtype: DType


@dataclass(frozen=True, slots=True)
class StepValue:
    """'t' (start of the step, ms, always double) or 'dt' (ms)."""

    name: str
    dtype: DType


@dataclass(frozen=True, slots=True)
class Arrived:
    """Sum of the increments that arrived at a receptor in this step."""

    receptor: str
    dtype: DType = DType.REAL


@dataclass(frozen=True, slots=True)
class Negate:
    operand: Value
    dtype: DType


@dataclass(frozen=True, slots=True)
class Not:
    operand: Value
    dtype: DType = DType.MASK


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+ - * /` only; powers and modulo are function calls."""

    operator: BinaryOperator
    left: Value
    right: Value
    dtype: DType


@dataclass(frozen=True, slots=True)
class Compare:
    operator: Comparator
    left: Value
    right: Value
    dtype: DType = DType.MASK


@dataclass(frozen=True, slots=True)
class Logic:
    operator: Connective
    left: Value
    right: Value
    dtype: DType = DType.MASK


@dataclass(frozen=True, slots=True)
class Select:
    """Both branches are evaluated; draws have identity, so that an unused one disturbs nothing."""

    condition: Value
    then: Value
    otherwise: Value
    dtype: DType


@dataclass(frozen=True, slots=True)
class Apply:
    """A function of `mathematics.h`, by its name there."""

    function: str
    arguments: tuple[Value, ...]
    dtype: DType


@dataclass(frozen=True, slots=True)
class Draw:
    """A random number of a law of `distributions.h`; `number` tells the draws of one kernel apart (DESIGN D7)."""

    distribution: str
    arguments: tuple[Value, ...]
    number: int
    dtype: DType = DType.REAL


@dataclass(frozen=True, slots=True)
class Cast:
    operand: Value
    dtype: DType


Value = (
    Literal
    | Load
    | Local
    | StepValue
    | Arrived
    | Negate
    | Not
    | Arithmetic
    | Compare
    | Logic
    | Select
    | Apply
    | Draw
    | Cast
)


@dataclass(frozen=True, slots=True)
class Let:
    """Gives a local its first value, or a further one where `is_new` is false."""

    name: str
    value: Value
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Store:
    field: Field
    value: Value


@dataclass(frozen=True, slots=True)
class ClearArrived:
    """The receptor's sum begins anew with the next step."""

    receptor: str


@dataclass(frozen=True, slots=True)
class Comment:
    text: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """Executes `body` as long as `condition` holds and the local `count`, the number of times so far, is below `most`.

    The locals that the body changes exist before. Each time has random numbers of its own.
    """

    condition: Value
    count: str
    most: Value
    body: tuple[Let | Comment, ...]


Statement = Let | Store | ClearArrived | Comment | Repeat


@dataclass(frozen=True, slots=True)
class CellKernel:
    """Primitive `neurons`: one cell over one step.

    Args:
        model: name of the cell type.
        fields: everything the body loads or stores; parameters and inputs that it does not read are not among them.
        receptors: of the cell type, in order.
        body: statements, executed in order.
        spikes: number of spikes of the step, a COUNT.
    """

    model: str
    fields: tuple[Field, ...]
    receptors: tuple[str, ...]
    body: tuple[Statement, ...]
    spikes: Value


@dataclass(frozen=True, slots=True)
class SynapseKernel:
    """Primitive `deliver`: what one synapse sends when a spike arrives; reads the local `weight`."""

    model: str
    fields: tuple[Field, ...]
    body: tuple[Statement, ...]
    increment: Value


Kernel = CellKernel | SynapseKernel


def children(value: Value) -> tuple[Value, ...]:
    """The direct operands of an expression."""
    match value:
        case Literal() | Load() | Local() | StepValue() | Arrived():
            return ()
        case Negate(operand) | Not(operand) | Cast(operand):
            return (operand,)
        case Arithmetic(_, left, right) | Compare(_, left, right) | Logic(_, left, right):
            return (left, right)
        case Select(condition, then, otherwise):
            return (condition, then, otherwise)
        case Apply(_, arguments) | Draw(_, arguments):
            return arguments


def loaded(value: Value) -> set[Field]:
    """All fields that an expression reads."""
    if isinstance(value, Load):
        return {value.field}
    return set().union(*(loaded(child) for child in children(value)))


def statement_values(body: Iterable[Statement]) -> Iterator[Value]:
    """What the statements compute, those within others included."""
    for statement in body:
        match statement:
            case Let(_, value) | Store(_, value):
                yield value
            case Repeat(condition, _, most, repeated):
                yield from (condition, most, *statement_values(repeated))


def values_in(kernel: Kernel) -> Iterator[Value]:
    """Every expression of a kernel and of its statements, operands included."""
    result = kernel.spikes if isinstance(kernel, CellKernel) else kernel.increment
    pending = [result, *statement_values(kernel.body)]
    while pending:
        value = pending.pop()
        yield value
        pending.extend(children(value))
