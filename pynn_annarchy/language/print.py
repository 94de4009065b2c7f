"""Syntax -> text: what the parser would read back as the same tree, with no parenthesis more than needed."""

from __future__ import annotations

from pynn_annarchy.language.syntax import (
    Assignment,
    Binary,
    BinaryOperator,
    Boolean,
    Call,
    Comparison,
    Conditional,
    Connective,
    DifferentialEquation,
    Equation,
    Expression,
    Flags,
    Logical,
    Name,
    Number,
    Unary,
    UnaryOperator,
)

_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 10)

_STRENGTH = {
    BinaryOperator.ADD: _SUM,
    BinaryOperator.SUBTRACT: _SUM,
    BinaryOperator.MULTIPLY: _PRODUCT,
    BinaryOperator.DIVIDE: _PRODUCT,
    BinaryOperator.MODULO: _PRODUCT,
    BinaryOperator.POWER: _POWER,
}

_SPACED = {BinaryOperator.ADD, BinaryOperator.SUBTRACT, BinaryOperator.MODULO}


def show(node: Expression | Equation) -> str:
    """The text of an expression, or of an equation with its flags."""
    match node:
        case Assignment(target=target, value=value, flags=flags):
            return f"{target} = {show(value)}{_flags(flags)}"
        case DifferentialEquation(variable=variable, rate=rate, flags=flags):
            return f"d{variable}/dt = {show(rate)}{_flags(flags)}"
        case _:
            return _expression(node)


def strength(expression: Expression) -> int:
    """How tightly the outermost operator binds; an operand that binds less needs parentheses."""
    match expression:
        case Number(value=value):
            return _SIGN if value < 0 else _ATOM
        case Boolean() | Name() | Call() | Conditional():
            return _ATOM
        case Unary(operator=operator):
            return _SIGN if operator is UnaryOperator.NEGATE else _NOT
        case Binary(operator=operator):
            return _STRENGTH[operator]
        case Comparison():
            return _COMPARISON
        case Logical(connective):
            return _AND if connective is Connective.AND else _OR


def operand_strengths(expression: Binary | Comparison | Logical) -> tuple[int, int]:
    """How tightly the left and the right operand must bind to stand without parentheses."""
    own = strength(expression)
    if isinstance(expression, Comparison):
        return _SUM, _SUM
    if own == _POWER:
        return _ATOM, _SIGN
    return own, own + 1


def _expression(expression: Expression) -> str:
    match expression:
        case Number(value=value):
            return repr(value)
        case Boolean(value=value):
            return str(value)
        case Name(identifier=identifier):
            return identifier
        case Unary(operator=UnaryOperator.NOT, operand=operand):
            return f"not {_operand(operand, _NOT)}"
        case Unary(operand=operand):
            return f"-{_operand(operand, _SIGN)}"
        case Binary(operator=operator, left=left, right=right):
            first, second = operand_strengths(expression)
            symbol = f" {operator.value} " if operator in _SPACED else operator.value
            return f"{_operand(left, first)}{symbol}{_operand(right, second)}"
        case Comparison(operator=operator, left=left, right=right) | Logical(operator=operator, left=left, right=right):
            first, second = operand_strengths(expression)
            return f"{_operand(left, first)} {operator.value} {_operand(right, second)}"
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            return f"ite({', '.join(_expression(part) for part in (condition, then, otherwise))})"
        case Call(function=function, arguments=arguments):
            return f"{function}({', '.join(_expression(argument) for argument in arguments)})"


def _operand(operand: Expression, needed: int) -> str:
    text = _expression(operand)
    return text if strength(operand) >= needed else f"({text})"


def _flags(flags: Flags) -> str:
    values = (("init", flags.init), ("min", flags.minimum), ("max", flags.maximum))
    shown = [f"{name}={_expression(value)}" for name, value in values if value is not None]
    shown += [word for word in (flags.method, flags.locality, flags.dtype) if word is not None]
    words = (
        ("unless_refractory", flags.unless_refractory),
        ("unless_post", flags.unless_post),
        ("event-driven", flags.event_driven),
    )
    shown += [word for word, given in words if given]
    return f" : {', '.join(shown)}" if shown else ""
