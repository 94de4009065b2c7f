"""A cell's step where the outcome of conditions is known: what it does not need then is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pynn_annarchy.kernels.ir import (
    Arithmetic,
    Cast,
    Comment,
    DType,
    Let,
    Literal,
    Load,
    Local,
    Logic,
    Not,
    Repeat,
    Select,
    Statement,
    Store,
    Value,
    assigned_once,
    map_children,
    nodes,
    statement_values,
)
from pynn_annarchy.language.syntax import BinaryOperator, Connective

_FALSE, _TRUE = (Literal(outcome, DType.MASK) for outcome in (False, True))


def fold(
    body: tuple[Statement, ...], result: Value, outcomes: Mapping[Value, bool]
) -> tuple[tuple[Statement, ...], Value]:
    """A body and its result, with these conditions decided; every number stays what it is."""
    known: dict[Value, Value] = {condition: _TRUE if holds else _FALSE for condition, holds in outcomes.items()}
    folded = tuple(_with_values_folded(body, known))
    once = assigned_once(folded)
    for statement in folded:
        if isinstance(statement, Let) and isinstance(statement.value, Literal) and statement.name in once:
            known[Local(statement.name, statement.value.dtype)] = statement.value
    folded = tuple(_without_idle_stores(tuple(_with_values_folded(folded, known))))
    result = _folded(result, known)
    return without_unread(folded, result), result


def _folded(value: Value, known: Mapping[Value, Value]) -> Value:
    if value in known:
        return known[value]
    value = map_children(value, lambda child: _folded(child, known))
    match value:
        case Not(Literal(holds)):
            return _FALSE if holds else _TRUE
        case Logic(connective, Literal() as one, other) | Logic(connective, other, Literal() as one):
            decides = one == (_FALSE if connective is Connective.AND else _TRUE)
            return one if decides else other
        case Select(Literal(holds), then, otherwise):
            return then if holds else otherwise
        case Cast(Literal(number), DType.COUNT) if isinstance(number, float) and number.is_integer():
            return Literal(number, DType.COUNT)
        case Cast(Cast(operand, DType.REAL64), DType.REAL) if operand.dtype is DType.REAL:
            return operand
        case Arithmetic(BinaryOperator.ADD, one, other, DType.COUNT):
            zero = Literal(0.0, DType.COUNT)
            return other if one == zero else one if other == zero else value
        case _:
            return value


def _with_values_folded(body: Iterable[Statement], known: Mapping[Value, Value]) -> Iterator[Statement]:
    for statement in body:
        match statement:
            case Let(name, value):
                value = _folded(value, known)
                if not (isinstance(value, Local) and value.name == name):
                    yield replace(statement, value=value)
            case Store(_, value):
                yield replace(statement, value=_folded(value, known))
            case Repeat(condition, _, most):
                condition = _folded(condition, known)
                if condition != _FALSE:
                    inner = tuple(s for s in _with_values_folded(statement.body, known) if isinstance(s, Let | Comment))
                    yield replace(statement, condition=condition, most=_folded(most, known), body=inner)
            case _:
                yield statement


def _without_idle_stores(body: tuple[Statement, ...]) -> Iterator[Statement]:
    """Without those that write what they have read."""
    once = assigned_once(body)
    unchanged = {
        Local(statement.name, statement.value.dtype): statement.value.field
        for statement in body
        if isinstance(statement, Let) and isinstance(statement.value, Load) and statement.name in once
    }
    for statement in body:
        if isinstance(statement, Store):
            value = statement.value
            if isinstance(value, Local) and unchanged.get(value) == statement.field:
                continue
        yield statement


def without_unread(body: tuple[Statement, ...], *results: Value) -> tuple[Statement, ...]:
    """Without locals that nobody reads, be it for one of the results."""
    while True:
        read = {value.name for value in nodes(*results, *statement_values(body)) if isinstance(value, Local)}
        read |= {statement.count for statement in body if isinstance(statement, Repeat)}
        left = tuple(s for s in body if not (isinstance(s, Let) and s.name not in read))
        if left == body:
            return body
        body = left
