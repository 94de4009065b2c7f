"""Puts what has arrived at a receptor where the step needs it, instead of in a local, if that is one place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pynn_annarchy.kernels.ir import Arrived, ClearArrived, Let, Local, Statement, Value, map_children, nodes


def join_inputs(body: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The body, in which an increment that reads its input once reads what has arrived."""
    inputs = {each.name for each in body if isinstance(each, Let) and isinstance(each.value, Arrived)}
    return tuple(_declared(_joined(body), inputs))


def _joined(body: tuple[Statement, ...]) -> Iterator[Statement]:
    statements = list(body)
    while statements:
        match statements:
            case [Let(name, Arrived() as arrived), Let(_, value) as added, ClearArrived(), *_] if (
                _n_read(value, name) == 1
            ):
                yield replace(added, value=_with_input(value, name, arrived))
                del statements[:2]
            case _:
                yield statements.pop(0)


def _declared(body: Iterator[Statement], inputs: set[str]) -> Iterator[Statement]:
    """The first value of a local that is left declares it."""
    is_new = True
    for statement in body:
        if isinstance(statement, Let) and statement.name in inputs:
            yield replace(statement, is_new=is_new)
            is_new = False
        else:
            yield statement


def _n_read(value: Value, name: str) -> int:
    return sum(isinstance(node, Local) and node.name == name for node in nodes(value))


def _with_input(value: Value, name: str, arrived: Arrived) -> Value:
    if isinstance(value, Local) and value.name == name:
        return arrived
    return map_children(value, lambda child: _with_input(child, name, arrived))
