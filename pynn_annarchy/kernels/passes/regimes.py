"""Takes out of the step of one cell what is the same for all cells of a call.

- A condition that says whether random numbers are drawn: one body for each outcome, without the condition.
- Values that depend on the time, beside shared parameters: formed once a call. (Those of parameters alone are derived
  parameters already.)
- Random numbers of laws that `poisson_law.h` draws for many cells at once, where all cells share the law's parameters.

Where parameters differ between cells little of that is left: then they are not shared.

What an exponential step of a variable takes, ``exprel(-(rate*dt))``, mostly has arguments for which it is formed with
less. So these, as far as they are known when the step begins, are looked at for many cells before any of them does its
step, unless the end of the step before has told (`endings`); this holds for all parameters. They are formed twice:
keeping them would take longer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

from pynn_annarchy.kernels.ir import (
    Apply,
    Arithmetic,
    Arrived,
    Cast,
    CellKernel,
    Draw,
    DType,
    Field,
    Let,
    Literal,
    Load,
    Local,
    Negate,
    Repeat,
    Role,
    Select,
    Statement,
    StepValue,
    Store,
    Value,
    assigned_once,
    children,
    loaded,
    map_children,
    map_known,
    map_values,
    nodes,
    statement_values,
    values_in,
)
from pynn_annarchy.kernels.passes.fold import fold
from pynn_annarchy.kernels.passes.inputs import join_inputs
from pynn_annarchy.language.syntax import BinaryOperator

LAWS = ("poisson",)
"""Distributions that `poisson_law.h` draws for many cells at once."""
EXPONENTIAL = "exprel"
"""The function whose arguments are looked at before the step."""
LOOKED_AT = "exprel_in"
"""The same of such an argument: `laws.h` forms it as the form of the step tells."""
_LARGEST = 64
"""Operands of an argument that is looked at, at most."""
_MOST_CONDITIONS = 2

IsShared = Callable[[Field], bool]


@dataclass(frozen=True, slots=True)
class Regime:
    """The step of one cell under conditions.

    Args:
        outcomes: the conditions and whether they hold; none where there is one regime.
        kernel: what a cell does then; its fields keep their order. It may read fields of the roles COMMON and AHEAD.
        common: what the values of role COMMON are.
        ahead: what the numbers of role AHEAD are.
        looked_at: the numbers x of which the step takes ``exprel(-x)`` and that are known when it begins.
        formulas: what these are made of, in the order of the step.
    """

    outcomes: tuple[tuple[Value, bool], ...]
    kernel: CellKernel
    common: tuple[tuple[Field, Value], ...]
    ahead: tuple[tuple[Field, Draw], ...]
    looked_at: tuple[Value, ...]
    formulas: tuple[Let, ...]


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
        for value in nodes(kernel.spikes, *statement_values(kernel.body))
        if isinstance(value, Select) and _draws(value) and _is_common(value.condition, is_shared)
    }
    return tuple(sorted(found, key=repr))[:_MOST_CONDITIONS]


def _draws(choice: Select) -> bool:
    return any(isinstance(value, Draw) for value in nodes(choice.then, choice.otherwise))


def _regime(kernel: CellKernel, outcomes: tuple[tuple[Value, bool], ...], is_shared: IsShared) -> Regime:
    body, spikes = (fold(kernel.body, kernel.spikes, dict(outcomes))) if outcomes else (kernel.body, kernel.spikes)
    body = join_inputs(body)
    lifting = _Lifting(is_shared, any(map(_is_time, values_in(kernel))), assigned_once(body))
    body = tuple(lifting.statement(statement) for statement in body)
    spikes = lifting.value(spikes, is_certain=True)
    formed = (of for _, of in (*lifting.common, *lifting.ahead))
    statements = (*body, *kernel.reset)
    used = set().union(*map(loaded, (spikes, *statement_values(statements), *formed)))
    used |= {statement.field for statement in statements if isinstance(statement, Store)}
    own = tuple(field for field in kernel.fields if field in used)
    lean = replace(kernel, fields=own, body=body, spikes=spikes)
    return Regime(
        outcomes, lean, tuple(lifting.common), tuple(lifting.ahead), tuple(lifting.looked_at), lifting.formulas()
    )


class _Lifting:
    """Puts values and draws that all cells of a call share in one place, and their names where they were."""

    def __init__(self, is_shared: IsShared, has_time: bool, assigned_once: set[str]) -> None:
        self._is_shared = is_shared
        self._has_time = has_time
        self._assigned_once = assigned_once
        self._known: dict[Value, Load] = {}
        self._locals: dict[str, Value | None] = {}
        self._formulas: dict[str, Let] = {}
        self._has_stored = False
        self.common: list[tuple[Field, Value]] = []
        self.ahead: list[tuple[Field, Draw]] = []
        self.looked_at: dict[Value, None] = {}
        self._asked: set[str] = set()

    def formulas(self) -> tuple[Let, ...]:
        """What is formed with the arguments of functions, in the order of the step."""
        return tuple(formula for name, formula in self._formulas.items() if name in self._asked)

    def statement(self, statement: Statement) -> Statement:
        match statement:
            case Let(name, value):
                lifted = replace(statement, value=self.value(value, is_certain=True))
                self._locals[name] = self._plain(value)
                if self._locals[name] is not None and children(value) and name in self._assigned_once:
                    self._formulas[name] = replace(statement, value=self._of_formulas(value))
                return lifted
            case Store(_, value):
                self._has_stored = True
                return replace(statement, value=self.value(value, is_certain=True))
            case Repeat(_, count, _, repeated):
                for name in (count, *(each.name for each in repeated if isinstance(each, Let))):
                    self._locals.pop(name, None)
                return map_values(statement, lambda value: self.value(value, is_certain=False))
            case _:
                return statement

    def value(self, value: Value, is_certain: bool) -> Value:
        """Args: is_certain: whether every cell needs it; what few need is not drawn for all."""
        if is_certain and isinstance(value, Draw) and self._is_of_a_law(value):
            return self._put_ahead(Field(f"{value.distribution}_{value.number}", DType.REAL64, Role.AHEAD), value)
        if isinstance(value, Apply) and (exponent := self._exponent_of_step(value)) is not None:
            self.looked_at[exponent] = None
            value = replace(value, function=LOOKED_AT)
        if self._has_time and self._is_worth_it(value):
            if value not in self._known:
                field = Field(f"common_{len(self.common)}", value.dtype, Role.COMMON)
                self.common.append((field, value))
                self._known[value] = Load(field)
            return self._known[value]
        is_certain = is_certain and not isinstance(value, Select)
        return map_children(value, lambda child: self.value(child, is_certain))

    def _put_ahead(self, field: Field, value: Draw) -> Value:
        if value not in self._known:
            self.ahead.append((field, value))
            self._known[value] = Load(field)
        number = self._known[value]
        return number if number.dtype is value.dtype else Cast(number, value.dtype)

    def _exponent_of_step(self, value: Apply) -> Value | None:
        """x of an exponential step's ``exprel(-x)``, of what is known when the step begins; None where it is not."""
        if value.function != EXPONENTIAL or self._has_stored or not _is_of_step(value.arguments[0]):
            return None
        if self._plain(value.arguments[0]) is None:
            return None
        (exponent,) = children(self._of_formulas(value.arguments[0]))
        self._ask_for(exponent)
        return exponent

    def _ask_for(self, value: Value) -> None:
        """Remembers what a value is made of."""
        for node in nodes(value):
            if isinstance(node, Local) and node.name not in self._asked:
                self._asked.add(node.name)
                self._ask_for(self._formulas[node.name].value)

    def _of_formulas(self, value: Value) -> Value:
        """The same of values that stay what they are, and of what is known when the step begins."""
        if isinstance(value, Local):
            known = self._locals[value.name]
            assert known is not None, "nothing else is asked for"
            return value if value.name in self._formulas else known
        return map_children(value, self._of_formulas)

    def _plain(self, value: Value) -> Value | None:
        """The same of what is known when the step begins, by the four operations; None where it is more, or long."""
        match value:
            case Local(name):
                return self._locals.get(name)
            case Load() | Literal() | StepValue():
                return value
            case Negate() | Arithmetic() | Cast() | Apply("fma"):
                plain = map_known(value, self._plain)
                return plain if plain is not None and len(list(nodes(plain))) <= _LARGEST else None
            case _:
                return None

    def _is_of_a_law(self, draw: Draw) -> bool:
        is_shared = all(_is_common(argument, self._is_shared) for argument in draw.arguments)
        return draw.distribution in LAWS and is_shared and not draw.common

    def _is_worth_it(self, value: Value) -> bool:
        return bool(children(value)) and any(map(_is_time, nodes(value))) and _is_common(value, self._is_shared)


def _is_time(value: Value) -> bool:
    """Whether it is another one in each step."""
    return isinstance(value, StepValue) and value.name != "dt"


def _is_of_step(argument: Value) -> bool:
    """Whether it is ``-(rate*dt)``, or minus a value that has a name."""
    match argument:
        case Negate(Local()):
            return True
        case Negate(Arithmetic(BinaryOperator.MULTIPLY, left, right)):
            return any(isinstance(factor, StepValue) and factor.name == "dt" for factor in (left, right))
    return False


def _is_common(value: Value, is_shared: IsShared) -> bool:
    """Whether a value is the same for all cells of a call."""
    for node in nodes(value):
        if isinstance(node, Local | Draw | Arrived) or (isinstance(node, Load) and not is_shared(node.field)):
            return False
    return True
