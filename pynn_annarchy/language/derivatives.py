"""An equation with a derivative anywhere in it -> ``dx/dt = rate``, by collecting ``a * dx/dt + b`` on both sides."""

from __future__ import annotations

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.syntax import (
    Binary,
    BinaryOperator,
    Call,
    Expression,
    Name,
    Number,
    Span,
    Unary,
    UnaryOperator,
)
from pynn_annarchy.language.visit import nodes

DERIVATIVE = "d/dt"
"""The function name under which the parser hands over ``dx/dt``; it never leaves this package."""

ZERO = Number(0)
ONE = Number(1)


def derivative(variable: str, span: Span) -> Call:
    """The node of ``d(variable)/dt``."""
    return Call(DERIVATIVE, (Name(variable, span),), span)


def derivatives_in(expression: Expression) -> tuple[Call, ...]:
    """Every derivative in an expression, in the order of the text."""
    return tuple(node for node in nodes(expression) if isinstance(node, Call) and node.function == DERIVATIVE)


def solve(left: Expression, right: Expression) -> tuple[str, Expression]:
    """The variable whose derivative occurs in ``left = right``, and the derivative in terms of the rest.

    Raises:
        EquationError: derivatives of two variables, a derivative in a place that is not linear, or one that cancels.
    """
    found = derivatives_in(left) + derivatives_in(right)
    variable = _one_variable(found)
    left_slope, left_rest = _collect(left)
    right_slope, right_rest = _collect(right)
    slope, rest = subtract(left_slope, right_slope), subtract(right_rest, left_rest)
    if slope == ZERO:
        raise EquationError(found[0].span, f"the derivative of '{variable}' cancels out of this equation")
    if _is_negative(slope):
        slope, rest = subtract(right_slope, left_slope), subtract(left_rest, right_rest)
    return variable, divide(rest, slope)


def _is_negative(slope: Expression) -> bool:
    """Whether a minus sign leads: then both sides are better exchanged."""
    if isinstance(slope, Number):
        return slope.value < 0
    return isinstance(slope, Unary) and slope.operator is UnaryOperator.NEGATE


def _one_variable(found: tuple[Call, ...]) -> str:
    first = _variable(found[0])
    for other in found[1:]:
        if _variable(other) != first:
            message = f"derivatives of '{first}' and '{_variable(other)}' in one equation"
            raise EquationError(other.span, message, "write one equation for each derivative")
    return first


def _variable(node: Call) -> str:
    (name,) = node.arguments
    assert isinstance(name, Name)
    return name.identifier


def _collect(expression: Expression) -> tuple[Expression, Expression]:
    """The pair (a, b) of ``a * derivative + b``."""
    inner = derivatives_in(expression)
    if not inner:
        return ZERO, expression
    match expression:
        case Call(function="d/dt"):
            return ONE, ZERO
        case Unary(operator=UnaryOperator.NEGATE, operand=operand):
            slope, rest = _collect(operand)
            return negate(slope), negate(rest)
        case Binary(operator=BinaryOperator.ADD, left=left, right=right):
            (left_slope, left_rest), (right_slope, right_rest) = _collect(left), _collect(right)
            return add(left_slope, right_slope), add(left_rest, right_rest)
        case Binary(operator=BinaryOperator.SUBTRACT, left=left, right=right):
            (left_slope, left_rest), (right_slope, right_rest) = _collect(left), _collect(right)
            return subtract(left_slope, right_slope), subtract(left_rest, right_rest)
        case Binary(operator=BinaryOperator.MULTIPLY, left=left, right=right) if not derivatives_in(left):
            slope, rest = _collect(right)
            return multiply(left, slope), multiply(left, rest)
        case Binary(operator=BinaryOperator.MULTIPLY, left=left, right=right) if not derivatives_in(right):
            slope, rest = _collect(left)
            return multiply(slope, right), multiply(rest, right)
        case Binary(operator=BinaryOperator.DIVIDE, left=left, right=right) if not derivatives_in(right):
            slope, rest = _collect(left)
            return divide(slope, right), divide(rest, right)
    message = f"the equation is not linear in the derivative of '{_variable(inner[0])}'"
    raise EquationError(inner[0].span, message, "it may only be added, subtracted, multiplied or divided by a value")


def add(left: Expression, right: Expression) -> Expression:
    """``left + right`` without zeros."""
    if left == ZERO:
        return right
    if right == ZERO:
        return left
    if isinstance(left, Number) and isinstance(right, Number):
        return Number(left.value + right.value)
    return Binary(BinaryOperator.ADD, left, right, left.span)


def subtract(left: Expression, right: Expression) -> Expression:
    """``left - right`` without zeros; zero where both are the same."""
    if right == ZERO:
        return left
    if left == right:
        return ZERO
    if isinstance(left, Number) and isinstance(right, Number):
        return Number(left.value - right.value)
    return negate(right) if left == ZERO else Binary(BinaryOperator.SUBTRACT, left, right, left.span)


def negate(operand: Expression) -> Expression:
    """``-operand``, double signs and signs of numbers joined."""
    if isinstance(operand, Number):
        return Number(-operand.value)
    if isinstance(operand, Unary) and operand.operator is UnaryOperator.NEGATE:
        return operand.operand
    return Unary(UnaryOperator.NEGATE, operand, operand.span)


def multiply(left: Expression, right: Expression) -> Expression:
    """``left * right`` without zeros and ones."""
    if ZERO in (left, right):
        return ZERO
    if left == ONE:
        return right
    return left if right == ONE else Binary(BinaryOperator.MULTIPLY, left, right, left.span)


def divide(left: Expression, right: Expression) -> Expression:
    """``left / right`` without a division by one or of zero."""
    return left if left == ZERO or right == ONE else Binary(BinaryOperator.DIVIDE, left, right, left.span)
