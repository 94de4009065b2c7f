"""Small exact algebra on syntax trees: constructors that drop zeros and ones, and linear forms.

Enough to take linear equations apart without a computer algebra system; what it cannot decide is `symbolic`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pynn_annarchy.language.syntax import (
    Binary,
    BinaryOperator,
    Conditional,
    Expression,
    Name,
    Number,
    Unary,
    UnaryOperator,
)
from pynn_annarchy.language.visit import identifiers

ZERO = Number(0)
ONE = Number(1)
TWO = Number(2)
DT = Name("dt")


@dataclass(frozen=True, slots=True)
class LinearForm:
    """``sum of coefficients[x] * x, plus remainder``; neither holds an unknown, zero coefficients are left out."""

    coefficients: Mapping[str, Expression]
    remainder: Expression

    def coefficient(self, unknown: str) -> Expression:
        return self.coefficients.get(unknown, ZERO)

    def map(self, function: Callable[[Expression], Expression]) -> LinearForm:
        """The form with every coefficient and the remainder replaced by ``function`` of it."""
        mapped = {name: function(coefficient) for name, coefficient in self.coefficients.items()}
        return LinearForm({n: c for n, c in mapped.items() if not is_zero(c)}, function(self.remainder))


def is_zero(expression: Expression) -> bool:
    return isinstance(expression, Number) and expression.value == 0


def _unsigned(expression: Expression) -> Expression | None:
    """What the expression is the negative of, if it is visibly negative."""
    match expression:
        case Unary(UnaryOperator.NEGATE, operand):
            return operand
        case Number(value) if value < 0:
            return Number(-value)
    return None


def negate(operand: Expression) -> Expression:
    match operand:
        case Number(value):
            return Number(-value) if value else operand
        case Unary(UnaryOperator.NEGATE, inner):
            return inner
        case Binary(BinaryOperator.SUBTRACT, left, right):
            return Binary(BinaryOperator.SUBTRACT, right, left)
    return Unary(UnaryOperator.NEGATE, operand)


def add(left: Expression, right: Expression) -> Expression:
    if is_zero(left):
        return right
    if is_zero(right):
        return left
    match left, right:
        case Number(a), Number(b):
            return Number(a + b)
        case Unary(UnaryOperator.NEGATE, a), Unary(UnaryOperator.NEGATE, b):
            return negate(add(a, b))
        case _, Unary(UnaryOperator.NEGATE, b):
            return subtract(left, b)
        case Unary(UnaryOperator.NEGATE, a), _:
            return subtract(right, a)
    return Binary(BinaryOperator.ADD, left, right)


def subtract(left: Expression, right: Expression) -> Expression:
    if is_zero(right):
        return left
    if is_zero(left):
        return negate(right)
    match left, right:
        case Number(a), Number(b):
            return Number(a - b)
        case _, Unary(UnaryOperator.NEGATE, b):
            return add(left, b)
        case Unary(UnaryOperator.NEGATE, a), _:
            return negate(add(a, right))
    return Binary(BinaryOperator.SUBTRACT, left, right)


def multiply(left: Expression, right: Expression) -> Expression:
    if is_zero(left) or is_zero(right):
        return ZERO
    if (positive := _unsigned(left)) is not None:
        return negate(multiply(positive, right))
    if (positive := _unsigned(right)) is not None:
        return negate(multiply(left, positive))
    match left, right:
        case Number(a), Number(b):
            return Number(a * b)
        case (Number(1), other) | (other, Number(1)):
            return other
        case (Binary(BinaryOperator.DIVIDE, Number(1), b), a) | (a, Binary(BinaryOperator.DIVIDE, Number(1), b)):
            return divide(a, b)
    return Binary(BinaryOperator.MULTIPLY, left, right)


def divide(left: Expression, right: Expression) -> Expression:
    if is_zero(left):
        return ZERO
    if (positive := _unsigned(left)) is not None:
        return negate(divide(positive, right))
    if (positive := _unsigned(right)) is not None:
        return negate(divide(left, positive))
    match left, right:
        case Number(a), Number(b) if b != 0:
            return Number(a / b)
        case other, Number(1):
            return other
    return Binary(BinaryOperator.DIVIDE, left, right)


def scale(expression: Expression, factor: Fraction) -> Expression:
    """The expression times a fraction."""
    return divide(multiply(Number(factor.numerator), expression), Number(factor.denominator))


def choose(condition: Expression, then: Expression, otherwise: Expression) -> Expression:
    return then if then == otherwise else Conditional(condition, then, otherwise)


def total(terms: Iterable[Expression]) -> Expression:
    """The sum, taken from left to right; zero where there are no terms."""
    result: Expression = ZERO
    for term in terms:
        result = add(result, term)
    return result


def linear_form(expression: Expression, unknowns: Collection[str]) -> LinearForm | None:
    """The expression as a linear form in the unknowns; None where its structure does not show that it is one."""
    if identifiers(expression).isdisjoint(unknowns):
        return LinearForm({}, expression)
    match expression:
        case Name(identifier):
            return LinearForm({identifier: ONE}, ZERO)
        case Unary(UnaryOperator.NEGATE, operand):
            form = linear_form(operand, unknowns)
            return form and form.map(negate)
        case Binary(BinaryOperator.ADD, left, right):
            return _merged(left, right, unknowns, add)
        case Binary(BinaryOperator.SUBTRACT, left, right):
            return _merged(left, right, unknowns, subtract)
        case Binary(BinaryOperator.MULTIPLY, left, right):
            return _product(left, right, unknowns)
        case Binary(BinaryOperator.DIVIDE, left, right) if identifiers(right).isdisjoint(unknowns):
            form = linear_form(left, unknowns)
            return form and form.map(lambda part: divide(part, right))
        case Conditional(condition, then, otherwise) if identifiers(condition).isdisjoint(unknowns):
            return _merged(then, otherwise, unknowns, lambda one, other: choose(condition, one, other))
    return None


def constant_form(expression: Expression, constants: Collection[str]) -> LinearForm | None:
    """The expression as a linear form, with constant coefficients, in all that is not constant; None as above."""
    form = linear_form(expression, identifiers(expression) - set(constants))
    if form is None or not all(identifiers(c) <= set(constants) for c in form.coefficients.values()):
        return None
    return form


def _merged(
    left: Expression,
    right: Expression,
    unknowns: Collection[str],
    combine: Callable[[Expression, Expression], Expression],
) -> LinearForm | None:
    one, other = linear_form(left, unknowns), linear_form(right, unknowns)
    if one is None or other is None:
        return None
    every = dict.fromkeys([*one.coefficients, *other.coefficients])
    merged = {name: combine(one.coefficient(name), other.coefficient(name)) for name in every}
    return LinearForm({n: c for n, c in merged.items() if not is_zero(c)}, combine(one.remainder, other.remainder))


def _product(left: Expression, right: Expression, unknowns: Collection[str]) -> LinearForm | None:
    if identifiers(left).isdisjoint(unknowns):
        form = linear_form(right, unknowns)
        return form and form.map(lambda part: multiply(left, part))
    if identifiers(right).isdisjoint(unknowns):
        form = linear_form(left, unknowns)
        return form and form.map(lambda part: multiply(part, right))
    return None
