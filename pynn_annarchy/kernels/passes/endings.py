"""What the end of a cell's step tells: how often it has spiked, and what the next step will look at.

The one is told of what the step has stored, so that nothing is kept beside it; the other of what it is about to store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pynn_annarchy.kernels.ir import (
    Apply,
    Arithmetic,
    Arrived,
    Cast,
    CellKernel,
    Compare,
    Draw,
    Field,
    Literal,
    Load,
    Local,
    Logic,
    Role,
    Statement,
    StepValue,
    Store,
    Value,
    assigned,
    loaded,
    map_children,
    map_known,
    map_values,
    nodes,
)
from pynn_annarchy.kernels.passes.contract import FUSED
from pynn_annarchy.kernels.passes.regimes import LOOKED_AT, IsShared, Regime
from pynn_annarchy.language.syntax import BinaryOperator, Comparator, Connective

_LARGEST = 32
"""Parts of a condition that is told anew, at most."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A number that is a sum of variables times values that all cells share.

    Args:
        constant: what is added to them; None for nothing.
        factors: of each variable.
    """

    constant: Value | None
    factors: tuple[tuple[Field, Value], ...]


@dataclass(frozen=True, slots=True)
class Left:
    """What a step leaves for the next one to look at.

    Args:
        sums: the numbers, if all of them are sums; else none.
        formulas: else what they are made of, at the end of the step.
        looked_at: and the numbers themselves.
        is_reset: whether what follows a spike changes them.
    """

    sums: tuple[Sum, ...]
    formulas: tuple[Statement, ...]
    looked_at: tuple[Value, ...]
    is_reset: bool


def left_for_next(regime: Regime, is_shared: IsShared) -> Left | None:
    """What the next step looks at, if the end of this one knows it: made of variables and parameters alone."""
    kernel, stored = regime.kernel, _stored(regime.kernel.body)
    values = (*regime.looked_at, *(let.value for let in regime.formulas))
    read = set().union(*map(loaded, values))
    new = {field for field in read if stored.get(field) == Local(field.name, field.dtype)}
    is_known = all(field in new or (field.role is Role.PARAMETER and field not in stored) for field in read)
    if not values or not is_known or any(map(_comes_with_a_step, nodes(*values))):
        return None
    is_reset = not read.isdisjoint(_stored(kernel.reset))
    summing = _Summing({let.name: let.value for let in regime.formulas}, new, is_shared)
    sums = [found for found in map(summing.sum_of, regime.looked_at) if found is not None]
    if len(sums) == len(regime.looked_at) and all(found.factors for found in sums):
        return Left(tuple(sums), (), (), is_reset)

    def at_the_end(value: Value) -> Value:
        if isinstance(value, Load) and value.field in new:
            return Local(value.field.name, value.field.dtype)
        return map_children(value, at_the_end)

    formulas = tuple(map_values(let, at_the_end) for let in regime.formulas)
    return Left((), formulas, tuple(map(at_the_end, regime.looked_at)), is_reset)


def _comes_with_a_step(value: Value) -> bool:
    return isinstance(value, Draw | Arrived) or (isinstance(value, StepValue) and value.name != "dt")


class _Summing:
    """Finds values that are sums of variables times what all cells share."""

    def __init__(self, formulas: dict[str, Value], variables: set[Field], is_shared: IsShared) -> None:
        self._formulas = formulas
        self._variables = variables
        self._is_shared = is_shared

    def sum_of(self, value: Value) -> Sum | None:
        match value:
            case Local(name):
                return self.sum_of(self._formulas[name])
            case Load(field) if field in self._variables:
                return Sum(None, ((field, Literal(1.0, field.dtype)),))
            case Load(field) if not self._is_shared(field):
                return None
            case Load() | Literal() | StepValue():
                return Sum(value, ())
            case Apply(function, (one, other, term)) if function == FUSED:
                return _added(_multiplied(self.sum_of(one), self.sum_of(other)), self.sum_of(term))
            case Arithmetic(BinaryOperator.MULTIPLY, left, right):
                return _multiplied(self.sum_of(left), self.sum_of(right))
            case Arithmetic(BinaryOperator.ADD, left, right):
                return _added(self.sum_of(left), self.sum_of(right))
        return None


def _multiplied(one: Sum | None, other: Sum | None) -> Sum | None:
    """The product, of which one has no variables."""
    if one is None or other is None:
        return None
    if one.factors:
        one, other = other, one
    factor = one.constant
    if one.factors or factor is None:
        return None
    constant = None if other.constant is None else _product(factor, other.constant)
    return Sum(constant, tuple((field, _product(factor, of_field)) for field, of_field in other.factors))


def _product(one: Value, other: Value) -> Value:
    if isinstance(other, Literal) and other.value == 1.0:
        return one
    return Arithmetic(BinaryOperator.MULTIPLY, one, other, one.dtype)


def _added(one: Sum | None, other: Sum | None) -> Sum | None:
    """The sum, in which nothing comes twice: where signs differ, it matters in which order terms are added."""
    if one is None or other is None or (one.constant is not None and other.constant is not None):
        return None
    if not dict(one.factors).keys().isdisjoint(dict(other.factors)):
        return None
    return Sum(one.constant or other.constant, one.factors + other.factors)


@dataclass(frozen=True, slots=True)
class Told:
    """The spikes of a step, told anew.

    Args:
        number: of a cell's spikes, by its fields after the step and before what follows a spike.
        bound: a variable, what all cells share that it has to reach for there to be a spike, and whether to be equal is
            enough; None where there is no such thing.
    """

    number: Value
    bound: tuple[Field, Value, bool] | None


def spikes_of_stored(kernel: CellKernel, is_shared: IsShared) -> Told | None:
    """How spikes are told by what a step has stored; None where that does not tell them."""
    number = _Telling(kernel.body).told(kernel.spikes, len(kernel.body))
    if number is None or len(list(nodes(number))) > _LARGEST:
        return None
    stored = _stored(kernel.body)
    bounds = (
        (left.field, right, comparator is Comparator.GREATER_EQUAL)
        for comparator, left, right in _needed(number)
        if isinstance(left, Load) and stored.get(left.field) == Local(left.field.name, left.dtype)
        if isinstance(right, Literal) or (isinstance(right, Load) and is_shared(right.field))
    )
    return Told(number, next(bounds, None))


def _needed(number: Value) -> Iterator[tuple[Comparator, Value, Value]]:
    """Comparisons, for what is greater, that have to hold for there to be a spike."""
    match number:
        case Cast(operand):
            yield from _needed(operand)
        case Logic(Connective.AND, left, right):
            yield from _needed(left)
            yield from _needed(right)
        case Compare(Comparator.GREATER | Comparator.GREATER_EQUAL as comparator, left, right):
            yield comparator, left, right


class _Telling:
    """Says what values are of what a body has stored at its end."""

    def __init__(self, body: tuple[Statement, ...]) -> None:
        self._stored = _stored(body)
        self._field_of = {value.name: field for field, value in self._stored.items() if isinstance(value, Local)}
        self._assigned: dict[str, list[tuple[int, Value | None]]] = {}
        for place, statement in enumerate(body):
            for name, value in assigned((statement,)):
                self._assigned.setdefault(name, []).append((place, value))

    def told(self, value: Value, place: int) -> Value | None:
        """Args: place: of the statement before which the value is asked for."""
        match value:
            case Local():
                return self._local(value, place)
            case Load(field):
                return value if field not in self._stored and field.role not in (Role.INPUT, Role.AHEAD) else None
            case Draw() | Arrived():
                return None
            case Apply(function) if function == LOOKED_AT:
                return None
        return map_known(value, lambda operand: self.told(operand, place))

    def _local(self, local: Local, place: int) -> Value | None:
        given, field = self._assigned.get(local.name, []), self._field_of.get(local.name)
        if field is not None:
            is_last = field.dtype is local.dtype and all(at < place for at, _ in given)
            return Load(field) if is_last else None
        if len(given) != 1:
            return None
        ((at, value),) = given
        return None if value is None else self.told(value, at)


def _stored(body: Iterable[Statement]) -> dict[Field, Value]:
    return {statement.field: statement.value for statement in body if isinstance(statement, Store)}
