"""Takes out of the step what depends on parameters and ``dt`` alone: ``x / cm`` becomes ``x * one_over_cm``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pynn_annarchy.language.functions import DISTRIBUTIONS, FUNCTIONS, Result
from pynn_annarchy.language.syntax import (
    Assignment,
    Binary,
    BinaryOperator,
    Boolean,
    Call,
    Comparison,
    Conditional,
    Expression,
    Logical,
    Name,
    Number,
    Unary,
    UnaryOperator,
)
from pynn_annarchy.language.visit import identifiers, map_children, nodes, substitute
from pynn_annarchy.solvers.algebra import ONE
from pynn_annarchy.solvers.exact import REFRACTORY
from pynn_annarchy.solvers.names import FreshNames
from pynn_annarchy.solvers.updates import DerivedParameter

LONGEST_NAME = 32

_WORDS = {
    BinaryOperator.ADD: "plus",
    BinaryOperator.SUBTRACT: "minus",
    BinaryOperator.MULTIPLY: "times",
    BinaryOperator.DIVIDE: "over",
    BinaryOperator.POWER: "to_the",
    BinaryOperator.MODULO: "modulo",
}


def hoist(
    statements: tuple[Assignment, ...], constants: Collection[str], variables: Collection[str], names: FreshNames
) -> tuple[tuple[Assignment, ...], tuple[DerivedParameter, ...]]:
    """The statements with constant subexpressions named, and the meaning of these names.

    Args:
        constants: names of parameters, ``dt`` and ``pi``.
        variables: names that keep their statement even where its value is constant; a temporary with a constant value
            becomes a derived parameter itself.
    """
    hoisting = _Hoisting(constants, names)
    kept = [hoisting.statement(statement, statement.target in variables) for statement in statements]
    return tuple(statement for statement in kept if statement), tuple(hoisting.derived)


class _Hoisting:
    def __init__(self, constants: Collection[str], names: FreshNames) -> None:
        self._constants = set(constants)
        self._names = names
        self._known: dict[Expression, Name] = {}
        self._aliases: dict[str, Expression] = {}
        self._meanings: dict[str, Expression] = {}
        self.derived: list[DerivedParameter] = []

    def statement(self, statement: Assignment, keep: bool) -> Assignment | None:
        """The statement over derived parameters; None where it became one."""
        statement = replace(statement, value=substitute(statement.value, self._aliases))
        if not keep and self._is_constant(statement.value):
            self._aliases[statement.target] = self._known.get(statement.value) or self._define(
                statement.target, statement.value
            )
            return None
        return replace(statement, value=self._lifted(statement.value, statement.target))

    def _lifted(self, expression: Expression, target: str) -> Expression:
        """The expression over derived parameters.

        Conditions on parameters stay as they are, so that they read alike wherever they are asked.
        """
        match expression:
            case Number() | Boolean() | Name():
                return expression
            case Binary(BinaryOperator.DIVIDE, left, right) if self._divides_by_constant(left, right):
                inverse = self._lifted(Binary(BinaryOperator.DIVIDE, ONE, right), target)
                return Binary(BinaryOperator.MULTIPLY, self._lifted(left, target), inverse, expression.span)
        if isinstance(expression, Conditional) and self._guards(expression):
            return replace(expression, condition=self._lifted(expression.condition, target))
        if _is_condition(expression) and self._is_constant(expression):
            return expression
        if self._is_named_constant(expression):
            return self._known.get(expression) or self._define(self._names.fresh(wish(expression, target)), expression)
        return map_children(expression, lambda child: self._lifted(child, target))

    def _define(self, name: str, expression: Expression) -> Name:
        meaning = substitute(expression, self._meanings)
        self.derived.append(DerivedParameter(name, meaning))
        self._meanings[name] = meaning
        self._constants.add(name)
        self._known[expression] = Name(name)
        return Name(name)

    def _guards(self, expression: Conditional) -> bool:
        """Whether the condition may keep a branch from being evaluated, e.g. a division by a parameter that is zero."""
        return expression.condition != REFRACTORY and not self._is_constant(expression)

    def _divides_by_constant(self, left: Expression, right: Expression) -> bool:
        return self._is_named_constant(right) and not self._is_constant(left)

    def _is_named_constant(self, expression: Expression) -> bool:
        return self._is_constant(expression) and bool(identifiers(expression)) and not _is_condition(expression)

    def _is_constant(self, expression: Expression) -> bool:
        random = any(isinstance(node, Call) and node.function in DISTRIBUTIONS for node in nodes(expression))
        return not random and identifiers(expression) <= self._constants


def _is_condition(expression: Expression) -> bool:
    """Whether the expression is true or false; parameters are numbers."""
    match expression:
        case Comparison() | Logical() | Boolean() | Unary(UnaryOperator.NOT):
            return True
        case Conditional(_, then, otherwise):
            return _is_condition(then) and _is_condition(otherwise)
        case Call(function):
            return function in FUNCTIONS and FUNCTIONS[function].result is Result.BOOLEAN
    return False


def wish(expression: Expression, target: str) -> str:
    """A name that says what the expression is; where that gets long, whose constant it is."""
    words = _words(expression)
    return words if words and len(words) <= LONGEST_NAME else f"{target}_constant"


def _words(expression: Expression) -> str:
    match expression:
        case Number(1):
            return "one"
        case Number(2):
            return "two"
        case Number(int(value)) if value >= 0:
            return f"n{value}"
        case Name(identifier):
            return identifier
        case Unary(UnaryOperator.NEGATE, operand):
            return f"minus_{_words(operand)}"
        case Binary(operator, left, right):
            one, other = _words(left), _words(right)
            return f"{one}_{_WORDS[operator]}_{other}" if one and other else ""
    return ""
