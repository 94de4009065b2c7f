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
from pynn_annarchy.language.names import operation_in
from pynn_annarchy.language.syntax import BinaryOperator, Comparator
from pynn_annarchy.model.checked import Model, Variable
from pynn_annarchy.model.evaluate import OWN_NAMES
from pynn_annarchy.solvers.updates import Updates, entry_names

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
        self._mentioned: dict[object, Draw] = {}
        """Draws of the present statement by what mentions them."""
        self._drawing_all = False
        parameters, variables = self._model.spec.parameters, self._model.variables
        self._conditions = {parameter.name for parameter in parameters if parameter.dtype == "bool"}
        self._conditions |= {variable.name for variable in variables if variable.dtype == "bool"}
        for parameter in parameters:
            self._fields[parameter.name] = Field(parameter.name, self._stored(parameter.dtype), Role.PARAMETER)
        for name in (*(derived.name for derived in updates.derived), *entry_names(updates.systems)):
            self._fields[name] = Field(name, self._parameter_type, Role.PARAMETER)

    def _stored(self, dtype: str) -> DType:
        """As what a value is stored: whole numbers as doubles, which are exact up to 2^53, conditions as 0 or 1."""
        return DType.REAL64 if dtype == "int" else self._parameter_type

    def _let(self, name: str, value: Value) -> None:
        is_new = name not in self._locals
        if not is_new and value.dtype is not self._locals[name]:
            value = Cast(value, self._locals[name])
        self._locals.setdefault(name, value.dtype)
        self._body.append(Let(name, value, is_new))
        self._mentioned.clear()

    def _used_fields(self, *values: Value) -> set[Field]:
        read = set(statement_values(self._body))
        stored = {statement.field for statement in self._body if isinstance(statement, Store)}
        return stored.union(*(loaded(value) for value in (*read, *values)))

    def _fitted(self, variable: Variable, value: Value) -> Value:
        """A number as the variable holds it: within its bounds, and without its fraction where it is an int."""
        if variable.minimum is not None:
            value = Apply("maximum", (value, cast(self._number(variable.minimum), value.dtype)), value.dtype)
        if variable.maximum is not None:
            value = Apply("minimum", (value, cast(self._number(variable.maximum), value.dtype)), value.dtype)
        return Apply("trunc", (value,), value.dtype) if variable.dtype == "int" else value

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
            case syntax.Call(function, arguments, span):
                values = tuple(self._number(argument) for argument in arguments)
                return (
                    self._drawn(function, values, span) if function in DISTRIBUTIONS else self._called(function, values)
                )
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
        if operation_in(identifier):
            self._fields.setdefault(identifier, Field(identifier, self._real, Role.POPULATION))
        if identifier in self._fields:
            return self._as_condition(identifier, Load(self._fields[identifier]))
        raise ModelError(f"'{self._model.spec.name}': no value is known for '{identifier}' at this place of the step")

    def _as_condition(self, identifier: str, value: Value) -> Value:
        """What is stored of a condition is a number: one that is not zero is true."""
        if identifier not in self._conditions or value.dtype is DType.MASK:
            return value
        return Compare(Comparator.NOT_EQUAL, value, Literal(0.0, value.dtype))

    def _binary(self, operator: BinaryOperator, left: syntax.Expression, right: syntax.Expression) -> Value:
        first, second = _unified(self._number(left), self._number(right))
        match operator:
            case BinaryOperator.POWER:
                return _power(first, second)
            case BinaryOperator.MODULO:
                return Apply("modulo", (first, second), first.dtype)
            case _:
                return Arithmetic(operator, first, second, first.dtype)

    def _called(self, function: str, arguments: tuple[Value, ...]) -> Apply:
        if FUNCTIONS[function].result is Result.BOOLEAN:
            return Apply(function, arguments, DType.MASK)
        dtype = DType.REAL64 if any(a.dtype is DType.REAL64 for a in arguments) else self._real
        return Apply(OWN_NAMES.get(function, function), tuple(cast(a, dtype) for a in arguments), dtype)

    def _drawn(self, distribution: str, arguments: tuple[Value, ...], span: syntax.Span) -> Draw:
        """A draw; what is written once is drawn once, however often a function of the user repeats its argument."""
        mention = distribution, arguments, span.text, span.start, span.end
        if span is syntax.NOWHERE or mention not in self._mentioned:
            self._draws += 1
            if self._draws > MOST_DRAWS:
                raise ModelError(f"'{self._model.spec.name}' draws more than {MOST_DRAWS} random numbers a step")
            doubles = tuple(cast(argument, DType.REAL64) for argument in arguments)
            law = _distribution(distribution)
            self._mentioned[mention] = Draw(law, doubles, self._draws - 1, self._real, self._drawing_all)
        return self._mentioned[mention]


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
