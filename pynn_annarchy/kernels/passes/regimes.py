"""Takes out of the step of one cell what is the same for all cells of a call.

- A condition that says whether random numbers are drawn: one body for each outcome, without the condition.
- Values that depend on the time, beside shared parameters: formed once a call. (Those of parameters alone are derived
  parameters already.)
- Random numbers of laws that `laws.h` draws for many cells at once, where all cells share the law's parameters.

Where parameters differ between cells little of that is left: then they are not shared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

from pynn_annarchy.kernels.ir import (
    Arrived,
    Cast,
    CellKernel,
    Draw,
    DType,
    Field,
    Let,
    Load,
    Local,
    Repeat,
    Role,
    Select,
    Statement,
    StepValue,
    Store,
    Value,
    children,
    loaded,
    map_children,
    nodes,
    statement_values,
    values_in,
)
from pynn_annarchy.kernels.passes.fold import fold

LAWS = ("poisson",)
"""Distributions that `laws.h` draws for many cells at once."""
_MOST_CONDITIONS = 2

IsShared = Callable[[Field], bool]


@dataclass(frozen=True, slots=True)
class Regime:
    """The step of one cell under conditions.

    Args:
        outcomes: the conditions and whether they hold; none where there is one regime.
        kernel: what a cell does then. Its fields may have the roles COMMON and DRAWN besides; they keep their order.
        common: what the values of role COMMON are.
        drawn: what the random numbers of role DRAWN are.
    """

    outcomes: tuple[tuple[Value, bool], ...]
    kernel: CellKernel
    common: tuple[tuple[Field, Value], ...]
    drawn: tuple[tuple[Field, Draw], ...]


def regimes(kernel: CellKernel, is_shared: IsShared) -> tuple[Regime, ...]:
    """One for each outcome of the conditions, that in which none holds first.

    Args:
        is_shared: whether a field has one value for all cells of a call.
    """
    conditions = _conditions(kernel, is_shared)
    outcomes = (tuple(zip(conditions, holds, strict=True)) for holds in product((False, True), repeat=len(conditions)))
    return tuple(_regime(kernel, outcome, is_shared) for outcome in outcomes)


def _conditions(kernel: CellKernel, is_shared: IsShared) -> tuple[Value, ...]:
    """Those that all cells share and that choose whether something is drawn."""
    found = {
        value.condition: None
        for value in values_in(kernel)
        if isinstance(value, Select) and _draws(value) and _is_common(value.condition, is_shared)
    }
    return tuple(sorted(found, key=repr))[:_MOST_CONDITIONS]


def _draws(choice: Select) -> bool:
    return any(isinstance(value, Draw) for value in nodes(choice.then, choice.otherwise))


def _regime(kernel: CellKernel, outcomes: tuple[tuple[Value, bool], ...], is_shared: IsShared) -> Regime:
    body, spikes = (fold(kernel.body, kernel.spikes, dict(outcomes))) if outcomes else (kernel.body, kernel.spikes)
    lifting = _Lifting(is_shared)
    body = tuple(lifting.statement(statement) for statement in body)
    spikes = lifting.value(spikes, is_certain=True)
    values = (spikes, *statement_values(body), *(of for _, of in (*lifting.common, *lifting.drawn)))
    used = set().union(*map(loaded, values)) | {statement.field for statement in body if isinstance(statement, Store)}
    own = tuple(field for field in kernel.fields if field in used)
    lean = replace(kernel, fields=own, body=body, spikes=spikes)
    return Regime(outcomes, lean, tuple(lifting.common), tuple(lifting.drawn))


class _Lifting:
    """Puts values and draws that all cells of a call share in one place, and their names where they were."""

    def __init__(self, is_shared: IsShared) -> None:
        self._is_shared = is_shared
        self._known: dict[Value, Load] = {}
        self.common: list[tuple[Field, Value]] = []
        self.drawn: list[tuple[Field, Draw]] = []

    def statement(self, statement: Statement) -> Statement:
        match statement:
            case Let(_, value) | Store(_, value):
                return replace(statement, value=self.value(value, is_certain=True))
            case Repeat(condition, _, most, repeated):
                return replace(
                    statement,
                    condition=self.value(condition, is_certain=False),
                    most=self.value(most, is_certain=False),
                    body=tuple(
                        replace(each, value=self.value(each.value, is_certain=False)) if isinstance(each, Let) else each
                        for each in repeated
                    ),
                )
            case _:
                return statement

    def value(self, value: Value, is_certain: bool) -> Value:
        """Args: is_certain: whether every cell needs it; what few need is not drawn for all."""
        if is_certain and isinstance(value, Draw) and self._is_of_a_law(value):
            field = Field(f"{value.distribution}_{value.number}", DType.REAL64, Role.DRAWN)
            if (field, value) not in self.drawn:
                self.drawn.append((field, value))
            number: Value = Load(field)
            return number if value.dtype is DType.REAL64 else Cast(number, value.dtype)
        if self._is_worth_it(value):
            if value not in self._known:
                field = Field(f"common_{len(self.common)}", value.dtype, Role.COMMON)
                self.common.append((field, value))
                self._known[value] = Load(field)
            return self._known[value]
        is_certain = is_certain and not isinstance(value, Select)
        return map_children(value, lambda child: self.value(child, is_certain))

    def _is_of_a_law(self, draw: Draw) -> bool:
        is_shared = all(_is_common(argument, self._is_shared) for argument in draw.arguments)
        return draw.distribution in LAWS and is_shared and not draw.common

    def _is_worth_it(self, value: Value) -> bool:
        has_time = any(isinstance(node, StepValue) and node.name != "dt" for node in nodes(value))
        return bool(children(value)) and has_time and _is_common(value, self._is_shared)


def _is_common(value: Value, is_shared: IsShared) -> bool:
    """Whether a value is the same for all cells of a call."""
    for node in nodes(value):
        if isinstance(node, Local | Draw | Arrived) or (isinstance(node, Load) and not is_shared(node.field)):
            return False
    return True
