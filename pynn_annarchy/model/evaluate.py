"""Expressions of parameters on NumPy arrays, with the language's own functions: the same bits on any machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from math import pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pynn_annarchy import _mathematics
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.functions import DISTRIBUTIONS
from pynn_annarchy.language.syntax import (
    Binary,
    BinaryOperator,
    Boolean,
    Call,
    Comparator,
    Comparison,
    Conditional,
    Connective,
    Expression,
    Logical,
    Name,
    Number,
    Unary,
    UnaryOperator,
)
from pynn_annarchy.language.visit import identifiers, nodes

Array = NDArray[np.float64]
Values = Mapping[str, "float | Array"]
"""By name a number, or an array of one number for each element, all of one length."""

ARITHMETIC: Mapping[BinaryOperator, Callable[[Any, Any], Any]] = {
    BinaryOperator.ADD: np.add,
    BinaryOperator.SUBTRACT: np.subtract,
    BinaryOperator.MULTIPLY: np.multiply,
    BinaryOperator.DIVIDE: np.divide,
}
"""What NumPy computes to the last bit as C++ does."""

_BINARY: Mapping[BinaryOperator, Callable[[Any, Any], Any]] = {
    **ARITHMETIC,
    BinaryOperator.POWER: lambda base, exponent: _mathematics.apply("pow", base, exponent),
    BinaryOperator.MODULO: lambda left, right: _mathematics.apply("modulo", left, right),
}

COMPARISONS: Mapping[Comparator, Callable[[Any, Any], Any]] = {
    Comparator.LESS: np.less,
    Comparator.LESS_EQUAL: np.less_equal,
    Comparator.GREATER: np.greater,
    Comparator.GREATER_EQUAL: np.greater_equal,
    Comparator.EQUAL: np.equal,
    Comparator.NOT_EQUAL: np.not_equal,
}

CONNECTIVES: Mapping[Connective, Callable[[Any, Any], Any]] = {
    Connective.AND: np.logical_and,
    Connective.OR: np.logical_or,
}

OWN_NAMES = {"min": "minimum", "max": "maximum"}
"""Functions that the mathematics library calls otherwise than the language."""


def evaluate(expression: Expression, values: Values) -> float | Array:
    """The expression's value for each element; a number where no array takes part.

    Args:
        values: parameters (in the model's units) and ``dt`` (in ms) by name; truth is 1.0, falsehood 0.0.

    Raises:
        ModelError: a name without a value, or a random draw.
    """
    with np.errstate(all="ignore"):
        result = np.asarray(_value(expression, values), dtype=np.float64)
    return float(result) if result.ndim == 0 else result


def constant_value(expression: Expression) -> float | None:
    """What an expression is worth that is made of numbers alone, `-2*pi`; None for any other."""
    is_known = identifiers(expression) <= {"pi"} and not any(isinstance(node, Call) for node in nodes(expression))
    return float(evaluate(expression, {})) if is_known else None


@singledispatch
def _value(expression: Any, values: Values) -> Any:
    raise TypeError(f"no value for {type(expression).__name__}: register it in model/evaluate.py")


@_value.register(Number)
@_value.register(Boolean)
def _literal(expression: Number | Boolean, values: Values) -> Any:
    return np.float64(expression.value)


@_value.register
def _name(expression: Name, values: Values) -> Any:
    if expression.identifier == "pi":
        return np.float64(pi)
    if expression.identifier not in values:
        raise ModelError(f"'{expression.identifier}' has no value here; only parameters, dt and pi do")
    return np.asarray(values[expression.identifier], dtype=np.float64)


@_value.register
def _unary(expression: Unary, values: Values) -> Any:
    operand = _value(expression.operand, values)
    return np.negative(operand) if expression.operator is UnaryOperator.NEGATE else np.logical_not(operand)


@_value.register
def _binary(expression: Binary, values: Values) -> Any:
    return _BINARY[expression.operator](_value(expression.left, values), _value(expression.right, values))


@_value.register
def _comparison(expression: Comparison, values: Values) -> Any:
    return COMPARISONS[expression.operator](_value(expression.left, values), _value(expression.right, values))


@_value.register
def _logical(expression: Logical, values: Values) -> Any:
    return CONNECTIVES[expression.operator](_value(expression.left, values), _value(expression.right, values))


@_value.register
def _conditional(expression: Conditional, values: Values) -> Any:
    condition = np.asarray(_value(expression.condition, values)) != 0
    return np.where(condition, _value(expression.then, values), _value(expression.otherwise, values))


@_value.register
def _call(expression: Call, values: Values) -> Any:
    if expression.function in DISTRIBUTIONS:
        raise ModelError(f"{expression.function}(...) is random and has no value here; only functions of parameters do")
    name = OWN_NAMES.get(expression.function, expression.function)
    return _mathematics.apply(name, *(_value(argument, values) for argument in expression.arguments))
