"""Types of expressions: real, integer or boolean, inferred bottom-up; numbers are no conditions, nor the reverse."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.functions import Result, function_named
from pynn_annarchy.language.syntax import (
    Binary,
    BinaryOperator,
    Boolean,
    Call,
    Comparator,
    Comparison,
    Conditional,
    Expression,
    Logical,
    Name,
    Number,
    Unary,
    UnaryOperator,
)


class Type(Enum):
    """Type of a value; the words are those of the flags."""

    REAL = "float"
    INTEGER = "int"
    BOOLEAN = "bool"


Types = Mapping[str, Type]
"""Type by name; ``pre.x`` and ``post.x`` are real where they are not in it."""


def type_of(expression: Expression, types: Types) -> Type:
    """The type of an expression whose names and functions are known.

    Raises:
        EquationError: a condition is used as a number, or a number as a condition.
    """
    match expression:
        case Number(value=value):
            return Type.INTEGER if isinstance(value, int) else Type.REAL
        case Boolean():
            return Type.BOOLEAN
        case Name(identifier=identifier):
            return types.get(identifier, Type.REAL)
        case Unary(operator=UnaryOperator.NOT, operand=operand):
            return require_condition(operand, types)
        case Unary(operand=operand):
            return require_number(operand, types)
        case Binary():
            return _type_of_binary(expression, types)
        case Comparison():
            return _type_of_comparison(expression, types)
        case Logical(left=left, right=right):
            require_condition(left, types)
            return require_condition(right, types)
        case Conditional():
            return _type_of_conditional(expression, types)
        case Call():
            return _type_of_call(expression, types)


def require_number(expression: Expression, types: Types) -> Type:
    """The type of a number, integer or real; refuses a condition."""
    found = type_of(expression, types)
    if found is Type.BOOLEAN:
        raise EquationError(expression.span, "a condition is used as a number", "write ite(condition, 1, 0)")
    return found


def require_condition(expression: Expression, types: Types) -> Type:
    """Boolean; refuses a number."""
    found = type_of(expression, types)
    if found is not Type.BOOLEAN:
        raise EquationError(expression.span, "a number is used as a condition", "compare it, e.g. x > 0")
    return found


def _common(types: tuple[Type, ...]) -> Type:
    return Type.INTEGER if all(found is Type.INTEGER for found in types) else Type.REAL


def _type_of_binary(expression: Binary, types: Types) -> Type:
    common = _common((require_number(expression.left, types), require_number(expression.right, types)))
    match expression.operator:
        case BinaryOperator.DIVIDE:
            return Type.REAL
        case BinaryOperator.POWER:
            return common if isinstance(expression.right, Number) else Type.REAL
        case _:
            return common


def _type_of_comparison(expression: Comparison, types: Types) -> Type:
    equality = expression.operator in (Comparator.EQUAL, Comparator.NOT_EQUAL)
    if equality and type_of(expression.left, types) is Type.BOOLEAN:
        return require_condition(expression.right, types)
    require_number(expression.left, types)
    require_number(expression.right, types)
    return Type.BOOLEAN


def _type_of_conditional(expression: Conditional, types: Types) -> Type:
    require_condition(expression.condition, types)
    if type_of(expression.then, types) is Type.BOOLEAN:
        return require_condition(expression.otherwise, types)
    return _common((require_number(expression.then, types), require_number(expression.otherwise, types)))


def _type_of_call(expression: Call, types: Types) -> Type:
    arguments = tuple(require_number(argument, types) for argument in expression.arguments)
    function = function_named(expression.function)
    match function.result if function else Result.REAL:
        case Result.INTEGER:
            return Type.INTEGER
        case Result.BOOLEAN:
            return Type.BOOLEAN
        case Result.OF_ARGUMENTS:
            return _common(arguments)
        case _:
            return Type.REAL
