"""Expressions of the language -> typed expressions of a kernel."""

from __future__ import annotations

import math
import re

from pynn_annarchy.exceptions import ModelError, unreachable
from pynn_annarchy.kernels.ir import (
    Apply,
    Arithmetic,
    Cast,
    Compare,
    Draw,
    DType,
    Field,
    Let,
    Literal,
    Load,
    Local,
    Logic,
    Negate,
    Not,
    Role,
    Select,
    Statement,
    StepValue,
    Store,
    Value,
    loaded,
    statement_values,
)
from pynn_annarchy.language import syntax
from pynn_annarchy.language.functions import DISTRIBUTIONS, FUNCTIONS, Result
from pynn_annarchy.language.syntax import BinaryOperator
from pynn_annarchy.model.checked import Model, Variable
from pynn_annarchy.model.evaluate import OWN_NAMES
from pynn_annarchy.solvers.updates import Updates

MOST_DRAWS = 256
"""What the random streams tell apart within one step (philox.h)."""


class Lowering:
    """What cells and synapses share: names to values, expressions to typed expressions."""

    _real = DType.REAL
    """Type of numbers."""

    _parameter_type = DType.REAL

    def __init__(self, updates: Updates) -> None:
        self._updates = updates
        self._model: Model = updates.model
        self._body: list[Statement] = []
        self._locals: dict[str, DType] = {}
        self._fields: dict[str, Field] = {}
        self._draws = 0
        spec = self._model.spec
        names = [parameter.name for parameter in spec.parameters]
        names += [derived.name for derived in updates.derived]
        for system in updates.systems:
            names += [entry.name for entry in (*system.transition, *system.mean)]
        for name in names:
            self._fields[name] = Field(name, self._parameter_type, Role.PARAMETER)

    def _let(self, name: str, value: Value) -> None:
        is_new = name not in self._locals
        if not is_new and value.dtype is not self._locals[name]:
            value = Cast(value, self._locals[name])
        self._locals.setdefault(name, value.dtype)
        self._body.append(Let(name, value, is_new))

    def _used_fields(self, *values: Value) -> set[Field]:
        read = set(statement_values(self._body))
        stored = {statement.field for statement in self._body if isinstance(statement, Store)}
        return stored.union(*(loaded(value) for value in (*read, *values)))

    def _bounded(self, variable: Variable, value: Value) -> Value:
        """The value within the variable's bounds."""
        if variable.minimum is not None:
            value = Apply("maximum", (value, cast(self._number(variable.minimum), value.dtype)), value.dtype)
        if variable.maximum is not None:
            value = Apply("minimum", (value, cast(self._number(variable.maximum), value.dtype)), value.dtype)
        return value

    # expressions

    def _lower(self, expression: syntax.Expression) -> Value:
        match expression:
            case syntax.Number(value):
                return Literal(float(value), self._real)
            case syntax.Boolean(value):
                return Literal(value, DType.MASK)
            case syntax.Name(identifier):
                return self._name(identifier)
            case syntax.Unary(syntax.UnaryOperator.NEGATE, operand):
                lowered = self._number(operand)
                return Negate(lowered, lowered.dtype)
            case syntax.Unary(_, operand):
                return Not(self._lower(operand))
            case syntax.Binary(operator, left, right):
                return self._binary(operator, left, right)
            case syntax.Comparison(operator, left, right):
                return Compare(operator, *_unified(self._number(left), self._number(right)))
            case syntax.Logical(connective, left, right):
                return Logic(connective, self._lower(left), self._lower(right))
            case syntax.Conditional(condition, then, otherwise):
                first, second = _unified(self._lower(then), self._lower(otherwise))
                return Select(self._lower(condition), first, second, first.dtype)
            case syntax.Call(function, arguments):
                return self._call(function, tuple(self._number(argument) for argument in arguments))
            case _:
                unreachable(expression)

    def _number(self, expression: syntax.Expression) -> Value:
        value = self._lower(expression)
        return Cast(value, self._real) if value.dtype in (DType.MASK, DType.COUNT) else value

    def _name(self, identifier: str) -> Value:
        if identifier in self._locals:
            return Local(identifier, self._locals[identifier])
        if identifier == "t":
            return StepValue("t", DType.REAL64)
        if identifier == "dt":
            return StepValue("dt", self._real)
        if identifier == "pi":
            return Literal(math.pi, self._real)
        if identifier in self._fields:
            return Load(self._fields[identifier])
        raise ModelError(f"'{self._model.spec.name}': no value is known for '{identifier}' at this place of the step")

    def _binary(self, operator: BinaryOperator, left: syntax.Expression, right: syntax.Expression) -> Value:
        first, second = _unified(self._number(left), self._number(right))
        match operator:
            case BinaryOperator.POWER:
                return _power(first, second)
            case BinaryOperator.MODULO:
                return Apply("modulo", (first, second), first.dtype)
            case _:
                return Arithmetic(operator, first, second, first.dtype)

    def _call(self, function: str, arguments: tuple[Value, ...]) -> Value:
        if function in DISTRIBUTIONS:
            self._draws += 1
            if self._draws > MOST_DRAWS:
                raise ModelError(f"'{self._model.spec.name}' draws more than {MOST_DRAWS} random numbers a step")
            return Draw(
                _distribution(function), tuple(cast(a, DType.REAL64) for a in arguments), self._draws - 1, self._real
            )
        if FUNCTIONS[function].result is Result.BOOLEAN:
            return Apply(function, arguments, DType.MASK)
        dtype = DType.REAL64 if any(a.dtype is DType.REAL64 for a in arguments) else self._real
        return Apply(OWN_NAMES.get(function, function), tuple(cast(a, dtype) for a in arguments), dtype)


def _distribution(name: str) -> str:
    """As `distributions.h` spells it: LogNormal -> lognormal, DiscreteUniform -> discrete_uniform."""
    return "lognormal" if name == "LogNormal" else re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def cast(value: Value, dtype: DType) -> Value:
    """The value in another type; itself where it is of that type."""
    return value if value.dtype is dtype else Cast(value, dtype)


def _unified(left: Value, right: Value) -> tuple[Value, Value]:
    """Both values in the wider of their types."""
    if left.dtype is right.dtype:
        return left, right
    wider = DType.REAL64 if DType.REAL64 in (left.dtype, right.dtype) else DType.REAL
    return cast(left, wider), cast(right, wider)


def _power(base: Value, exponent: Value) -> Value:
    """Small whole exponents by multiplication, which is exact to the last bit on every target."""
    if isinstance(exponent, Literal) and exponent.value in (2.0, 3.0, 4.0):
        square = Arithmetic(BinaryOperator.MULTIPLY, base, base, base.dtype)
        match int(exponent.value):
            case 2:
                return square
            case 3:
                return Arithmetic(BinaryOperator.MULTIPLY, square, base, base.dtype)
            case _:
                return Arithmetic(BinaryOperator.MULTIPLY, square, square, base.dtype)
    return Apply("pow", (base, exponent), base.dtype)
