"""Walking over expressions: children, all nodes, all names, and copies with other children."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from pynn_annarchy.language.syntax import (
    Binary,
    Boolean,
    Call,
    Comparison,
    Conditional,
    Expression,
    Logical,
    Name,
    Number,
    Unary,
)


def children(expression: Expression) -> tuple[Expression, ...]:
    """The operands of an expression, in the order of the text."""
    match expression:
        case Number() | Boolean() | Name():
            return ()
        case Unary(operand=operand):
            return (operand,)
        case Binary(left=left, right=right) | Comparison(left=left, right=right) | Logical(left=left, right=right):
            return (left, right)
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case Call(arguments=arguments):
            return arguments


def map_children(expression: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The same node with each operand changed."""
    match expression:
        case Number() | Boolean() | Name():
            return expression
        case Unary():
            return replace(expression, operand=change(expression.operand))
        case Binary() | Comparison() | Logical():
            return replace(expression, left=change(expression.left), right=change(expression.right))
        case Conditional():
            return replace(
                expression,
                condition=change(expression.condition),
                then=change(expression.then),
                otherwise=change(expression.otherwise),
            )
        case Call():
            return replace(expression, arguments=tuple(change(argument) for argument in expression.arguments))


def nodes(expression: Expression) -> Iterator[Expression]:
    """The expression and everything in it, outermost first."""
    yield expression
    for child in children(expression):
        yield from nodes(child)


def names_in(expression: Expression) -> Iterator[Name]:
    """Every mention of a name, in the order of the text."""
    return (node for node in nodes(expression) if isinstance(node, Name))


def identifiers(expression: Expression) -> frozenset[str]:
    """The names that an expression reads."""
    return frozenset(name.identifier for name in names_in(expression))


def substitute(expression: Expression, replacements: Mapping[str, Expression]) -> Expression:
    """The expression with names replaced by expressions."""
    if isinstance(expression, Name):
        return replacements.get(expression.identifier, expression)
    return map_children(expression, lambda child: substitute(child, replacements))
