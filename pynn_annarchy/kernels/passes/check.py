"""The last look before printing: every local is set before it is read, every type is what its place asks for."""

from __future__ import annotations

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.kernels.ir import (
    Arithmetic,
    Compare,
    DType,
    Kernel,
    Let,
    Local,
    Logic,
    Not,
    Repeat,
    Role,
    Select,
    Statement,
    Store,
    SynapseKernel,
    Value,
    bodies,
    children,
    results,
)
from pynn_annarchy.language.syntax import BinaryOperator

_SEEN = (Role.PRE_CELL, Role.POST_CELL, Role.OF_ALL)
_OF_THE_ENGINE = (Role.PARAMETER, Role.POST_PARAMETER, Role.INPUT, Role.POPULATION, *_SEEN)
_NUMBERS = (DType.REAL, DType.REAL64)


def verify(kernel: Kernel) -> Kernel:
    """The kernel itself.

    Raises:
        ModelError: it is not well formed, which is an error of the generator and names the place.
    """
    locals_of = [_verify_body(body, kernel) for body in bodies(kernel)]
    result, *others = results(kernel)
    _verify_value(result, locals_of[0], kernel.model)
    for other in others:
        _verify_value(other, {}, kernel.model)
    return kernel


def _verify_body(body: tuple[Statement, ...], kernel: Kernel) -> dict[str, DType]:
    """The locals of a body and their types."""
    known: dict[str, DType] = {"weight": DType.REAL64} if isinstance(kernel, SynapseKernel) else {}
    for statement in body:
        if isinstance(statement, Let):
            _verify_value(statement.value, known, kernel.model)
            if statement.is_new == (statement.name in known):
                raise _fault(kernel.model, f"'{statement.name}' is declared twice or never")
            if known.setdefault(statement.name, statement.value.dtype) is not statement.value.dtype:
                raise _fault(kernel.model, f"'{statement.name}' changes its type")
        elif isinstance(statement, Store):
            _verify_value(statement.value, known, kernel.model)
            if statement.field.role in _OF_THE_ENGINE:
                raise _fault(kernel.model, f"'{statement.field.name}' is written, but belongs to the engine")
            if statement.value.dtype is not statement.field.dtype:
                raise _fault(kernel.model, f"'{statement.field.name}' is stored as another type")
        elif isinstance(statement, Repeat):
            _verify_repeat(statement, known, kernel.model)
    return known


def _verify_repeat(repeat: Repeat, known: dict[str, DType], model: str) -> None:
    for value, dtype in ((repeat.condition, DType.MASK), (repeat.most, DType.REAL64)):
        _verify_value(value, known, model)
        if value.dtype is not dtype:
            raise _fault(model, f"a {value.dtype.value} says how often something is repeated")
    if known.get(repeat.count) is not DType.COUNT:
        raise _fault(model, f"'{repeat.count}' cannot count")
    for statement in repeat.body:
        if isinstance(statement, Let):
            _verify_value(statement.value, known, model)
            if statement.is_new or known.get(statement.name) is not statement.value.dtype:
                raise _fault(model, f"'{statement.name}' is declared where it is repeated, or changes its type")


def _verify_value(value: Value, known: dict[str, DType], model: str) -> None:
    for child in children(value):
        _verify_value(child, known, model)
    match value:
        case Local(name, dtype):
            if known.get(name) is not dtype:
                raise _fault(model, f"'{name}' is read before it is set, or as another type")
        case Arithmetic(operator, left, right, dtype):
            is_sum_of_counts = dtype is DType.COUNT and operator is BinaryOperator.ADD
            if not (left.dtype is right.dtype is dtype and (dtype in _NUMBERS or is_sum_of_counts)):
                raise _fault(model, f"arithmetic between {left.dtype.value} and {right.dtype.value}")
        case Compare(_, left, right):
            if left.dtype is not right.dtype:
                raise _fault(model, f"comparison of {left.dtype.value} with {right.dtype.value}")
        case Select(condition, then, otherwise, dtype):
            if condition.dtype is not DType.MASK or not (then.dtype is otherwise.dtype is dtype):
                raise _fault(model, "a condition that is none, or branches of different types")
        case Logic(_, left, right):
            if not left.dtype is right.dtype is DType.MASK:
                raise _fault(model, "a logical operator between numbers")
        case Not(operand):
            if operand.dtype is not DType.MASK:
                raise _fault(model, "'not' of a number")
        case _:
            pass


def _fault(model: str, what: str) -> ModelError:
    return ModelError(f"the code generator made a kernel of '{model}' that no target can run: {what}; please report it")
