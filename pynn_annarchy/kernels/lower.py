"""Updates -> kernel: order of the step, holding in refractoriness, bounds, types.

Order PYNN (DESIGN D10): state update, then increments, spike test, reset. Order ANNARCHY: increments first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from pynn_annarchy.exceptions import ModelError, unreachable
from pynn_annarchy.kernels.ir import (
    Apply,
    Arithmetic,
    Arrived,
    Cast,
    CellKernel,
    ClearArrived,
    Comment,
    Compare,
    Draw,
    DType,
    Field,
    Let,
    Literal,
    Load,
    Local,
    Logic,
    Negate,
    Not,
    Repeat,
    Role,
    Select,
    Statement,
    StepValue,
    Store,
    SynapseKernel,
    Value,
    children,
    loaded,
    statement_values,
)
from pynn_annarchy.language import syntax
from pynn_annarchy.language.functions import DISTRIBUTIONS, FUNCTIONS, Result
from pynn_annarchy.language.print import show
from pynn_annarchy.language.syntax import BinaryOperator, Comparator, Connective
from pynn_annarchy.model.checked import Model, Variable
from pynn_annarchy.model.spec import Kind, Order
from pynn_annarchy.solvers.evaluate import OWN_NAMES
from pynn_annarchy.solvers.updates import Updates

REFRACTORY = "is_refractory"
COUNTER = "refractory"
"""Field: steps of refractoriness that are left."""
PERIOD = "refractory_steps"
"""Derived parameter: steps of refractoriness after a spike."""
MOST_SPIKES = "most_spikes"
"""Derived parameter: bound of the number of spikes in a step, where they are found one after the other."""
N_SPIKES = "n_spikes"
INCREMENT = "g_target"
MOST_DRAWS = 256
"""What the random streams tell apart within one step (philox.h)."""

_ZERO = Literal(0.0, DType.REAL64)
_ONE = Literal(1.0, DType.REAL64)


def lower(updates: Updates) -> CellKernel | SynapseKernel:
    """The kernel of a model."""
    if updates.model.spec.kind is Kind.SYNAPSE:
        return _Synapse(updates).kernel()
    return _Cell(updates).kernel()


class _Lowering:
    """What cells and synapses share: names to values, expressions to typed expressions."""

    _parameter_type = DType.REAL

    def __init__(self, updates: Updates) -> None:
        self._updates = updates
        self._model: Model = updates.model
        self._body: list[Statement] = []
        self._locals: dict[str, DType] = {}
        self._fields: dict[str, Field] = {}
        self._draws = 0
        spec = self._model.spec
        names = [parameter.name for parameter in spec.parameters]
        names += [derived.name for derived in updates.derived]
        for system in updates.systems:
            names += [entry.name for entry in (*system.transition, *system.mean)]
        for name in names:
            self._fields[name] = Field(name, self._parameter_type, Role.PARAMETER)

    def _let(self, name: str, value: Value) -> None:
        is_new = name not in self._locals
        if not is_new and value.dtype is not self._locals[name]:
            value = Cast(value, self._locals[name])
        self._locals.setdefault(name, value.dtype)
        self._body.append(Let(name, value, is_new))

    def _used_fields(self, *values: Value) -> set[Field]:
        read = set(statement_values(self._body))
        stored = {statement.field for statement in self._body if isinstance(statement, Store)}
        return stored.union(*(loaded(value) for value in (*read, *values)))

    # expressions

    def _lower(self, expression: syntax.Expression) -> Value:
        match expression:
            case syntax.Number(value):
                return Literal(float(value), DType.REAL)
            case syntax.Boolean(value):
                return Literal(value, DType.MASK)
            case syntax.Name(identifier):
                return self._name(identifier)
            case syntax.Unary(syntax.UnaryOperator.NEGATE, operand):
                lowered = self._number(operand)
                return Negate(lowered, lowered.dtype)
            case syntax.Unary(_, operand):
                return Not(self._lower(operand))
            case syntax.Binary(operator, left, right):
                return self._binary(operator, left, right)
            case syntax.Comparison(operator, left, right):
                return Compare(operator, *_unified(self._number(left), self._number(right)))
            case syntax.Logical(connective, left, right):
                return Logic(connective, self._lower(left), self._lower(right))
            case syntax.Conditional(condition, then, otherwise):
                first, second = _unified(self._lower(then), self._lower(otherwise))
                return Select(self._lower(condition), first, second, first.dtype)
            case syntax.Call(function, arguments):
                return self._call(function, tuple(self._number(argument) for argument in arguments))
            case _:
                unreachable(expression)

    def _number(self, expression: syntax.Expression) -> Value:
        value = self._lower(expression)
        return Cast(value, DType.REAL) if value.dtype in (DType.MASK, DType.COUNT) else value

    def _name(self, identifier: str) -> Value:
        if identifier in self._locals:
            return Local(identifier, self._locals[identifier])
        if identifier == "t":
            return StepValue("t", DType.REAL64)
        if identifier == "dt":
            return StepValue("dt", DType.REAL)
        if identifier == "pi":
            return Literal(math.pi, DType.REAL)
        if identifier in self._fields:
            return Load(self._fields[identifier])
        raise ModelError(f"'{self._model.spec.name}': no value is known for '{identifier}' at this place of the step")

    def _binary(self, operator: BinaryOperator, left: syntax.Expression, right: syntax.Expression) -> Value:
        first, second = _unified(self._number(left), self._number(right))
        match operator:
            case BinaryOperator.POWER:
                return _power(first, second)
            case BinaryOperator.MODULO:
                return Apply("modulo", (first, second), first.dtype)
            case _:
                return Arithmetic(operator, first, second, first.dtype)

    def _call(self, function: str, arguments: tuple[Value, ...]) -> Value:
        if function in DISTRIBUTIONS:
            self._draws += 1
            if self._draws > MOST_DRAWS:
                raise ModelError(f"'{self._model.spec.name}' draws more than {MOST_DRAWS} random numbers a step")
            return Draw(_distribution(function), tuple(Cast(a, DType.REAL64) for a in arguments), self._draws - 1)
        if FUNCTIONS[function].result is Result.BOOLEAN:
            return Apply(function, arguments, DType.MASK)
        dtype = DType.REAL64 if any(a.dtype is DType.REAL64 for a in arguments) else DType.REAL
        return Apply(OWN_NAMES.get(function, function), tuple(_cast(a, dtype) for a in arguments), dtype)


class _Cell(_Lowering):
    def __init__(self, updates: Updates) -> None:
        super().__init__(updates)
        self._variables = {variable.name: variable for variable in self._model.variables}
        for variable in self._model.variables:
            self._fields[variable.name] = Field(variable.name, DType.REAL, Role.STATE)
        for given in self._model.spec.inputs:
            self._fields[given.name] = Field(given.name, DType.REAL, Role.INPUT)
        self._counter = Field(COUNTER, DType.REAL64, Role.REFRACTORY)
        self._period = Field(PERIOD, DType.REAL64, Role.PARAMETER)
        self._most_spikes = Field(MOST_SPIKES, DType.REAL64, Role.PARAMETER)

    @property
    def _has_refractoriness(self) -> bool:
        return self._model.refractory is not None and self._model.spike is not None

    def kernel(self) -> CellKernel:
        for variable in self._model.variables:
            self._let(variable.name, Load(self._fields[variable.name]))
        if self._has_refractoriness:
            self._let(COUNTER, Load(self._counter))
            self._let(REFRACTORY, Compare(Comparator.GREATER, Local(COUNTER, DType.REAL64), _ZERO))
        else:
            self._let(REFRACTORY, Literal(False, DType.MASK))
        if self._model.spec.order is Order.PYNN:
            self._update_state()
            self._add_increments()
        else:
            self._add_increments()
            self._update_state()
        spikes = self._spikes()
        for variable in self._model.variables:
            local = Local(variable.name, self._locals[variable.name])
            self._body.append(Store(self._fields[variable.name], Apply("flush", (local,), DType.REAL)))
        if self._has_refractoriness:
            self._body.append(Store(self._counter, Local(COUNTER, DType.REAL64)))
        used = self._used_fields(spikes)
        order = [*self._fields.values(), self._counter, self._period, self._most_spikes]
        fields = tuple(field for field in order if field in used)
        receptors = tuple(receptor.name for receptor in self._model.receptors)
        return CellKernel(self._model.spec.name, fields, receptors, tuple(self._without_unused_mask()), spikes)

    def _without_unused_mask(self) -> Iterator[Statement]:
        """The body, without the refractory flag of a model that has none and never asks."""
        for statement in self._body:
            if (
                isinstance(statement, Let)
                and statement.value == Literal(False, DType.MASK)
                and statement.name == REFRACTORY
            ):
                if any(_reads(other, REFRACTORY) for other in self._body):
                    yield statement
            else:
                yield statement

    def _update_state(self) -> None:
        for equation in self._model.equations:
            self._body.append(Comment(show(equation)))
        for assignment in self._updates.statements:
            self._assign(assignment)

    def _add_increments(self) -> None:
        for receptor in self._model.receptors:
            self._body.append(Comment(f"{receptor.name}: {show(receptor.increment)}"))
            self._let("input", Arrived(receptor.name))
            self._assign(receptor.increment)
            self._body.append(ClearArrived(receptor.name))

    def _assign(self, assignment: syntax.Assignment) -> None:
        variable = self._variables.get(assignment.target)
        value = self._number(assignment.value)
        if variable is None:
            self._let(assignment.target, self._lower(assignment.value))
            return
        old = Local(variable.name, self._locals[variable.name])
        value = self._bounded(variable, _cast(value, old.dtype))
        if variable.unless_refractory and self._has_refractoriness:
            value = Select(Local(REFRACTORY, DType.MASK), old, value, old.dtype)
        self._let(variable.name, value)

    def _bounded(self, variable: Variable, value: Value) -> Value:
        if variable.minimum is not None:
            value = Apply("maximum", (value, _cast(self._number(variable.minimum), value.dtype)), value.dtype)
        if variable.maximum is not None:
            value = Apply("minimum", (value, _cast(self._number(variable.maximum), value.dtype)), value.dtype)
        return value

    def _spikes(self) -> Value:
        if self._model.emits is not None:
            self._body.append(Comment(f"emits: {show(self._model.emits)}"))
            return Cast(self._lower(self._model.emits), DType.COUNT)
        if self._model.spike is None:
            return Literal(0.0, DType.COUNT)
        self._body.append(Comment(f"spike: {show(self._model.spike)}"))
        condition = self._lower(self._model.spike)
        if self._model.spec.repeats:
            return self._repeated_spikes(condition)
        if self._has_refractoriness:
            condition = Logic(Connective.AND, Not(Local(REFRACTORY, DType.MASK)), condition)
            counter = Local(COUNTER, DType.REAL64)
            left = Arithmetic(BinaryOperator.SUBTRACT, counter, _ONE, DType.REAL64)
            self._let(COUNTER, Select(Local(REFRACTORY, DType.MASK), left, counter, DType.REAL64))
        self._let("has_spiked", condition)
        spiked = Local("has_spiked", DType.MASK)
        for assignment in self._model.reset:
            self._body.append(Comment(f"reset: {show(assignment)}"))
            old = Local(assignment.target, self._locals[assignment.target])
            value = self._bounded(self._variables[assignment.target], _cast(self._number(assignment.value), old.dtype))
            self._let(assignment.target, Select(spiked, value, old, old.dtype))
        if self._has_refractoriness:
            counter = Local(COUNTER, DType.REAL64)
            self._let(COUNTER, Select(spiked, Load(self._period), counter, DType.REAL64))
        return Cast(spiked, DType.COUNT)

    def _repeated_spikes(self, condition: Value) -> Value:
        """The test and the reset again and again, as often as the condition holds in this step."""
        count = Local(N_SPIKES, DType.COUNT)
        self._let(N_SPIKES, Literal(0.0, DType.COUNT))
        outer, self._body = self._body, []
        for assignment in self._model.reset:
            self._body.append(Comment(f"reset: {show(assignment)}"))
            old = Local(assignment.target, self._locals[assignment.target])
            value = self._bounded(self._variables[assignment.target], _cast(self._number(assignment.value), old.dtype))
            self._let(assignment.target, value)
        body = tuple(statement for statement in self._body if isinstance(statement, Let | Comment))
        self._body = outer
        self._body.append(Repeat(condition, N_SPIKES, Load(self._most_spikes), body))
        return count


class _Synapse(_Lowering):
    """Increments are formed in double, whatever the precision: they are on their way into fixed point (D14)."""

    _parameter_type = DType.REAL64

    def kernel(self) -> SynapseKernel:
        spec = self._model.spec
        self._refuse_what_must_be_stored()
        self._locals["weight"] = DType.REAL64
        self._let(INCREMENT, _ZERO)
        for assignment in self._model.pre_spike:
            self._body.append(Comment(f"pre_spike: {show(assignment)}"))
            self._let(assignment.target, _cast(self._number(assignment.value), DType.REAL64))
        increment = Local(INCREMENT, DType.REAL64)
        used = self._used_fields(increment)
        fields = tuple(field for field in self._fields.values() if field in used)
        return SynapseKernel(spec.name, fields, tuple(self._body), increment)

    def _refuse_what_must_be_stored(self) -> None:
        spec = self._model.spec
        stored = [p.name for p in spec.parameters if p.locality != "global" and p.name != "weight"]
        stored += [v.name for v in self._model.variables if v.name not in (INCREMENT, "weight")]
        changed = [a.target for a in self._model.pre_spike if a.target == "weight"]
        if stored or changed or self._updates.statements:
            names = ", ".join(stored + changed) or "its equations"
            raise ModelError(
                f"synapse type '{spec.name}': {names} would have to be stored and changed in every synapse, which this "
                "version does not do; a synapse can use its weight and global parameters"
            )


def _reads(statement: Statement, name: str) -> bool:
    pending = list(statement_values([statement]))
    while pending:
        value = pending.pop()
        if isinstance(value, Local) and value.name == name:
            return True
        pending.extend(children(value))
    return False


def _distribution(name: str) -> str:
    """As `distributions.h` spells it: LogNormal -> lognormal, DiscreteUniform -> discrete_uniform."""
    return "lognormal" if name == "LogNormal" else re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _cast(value: Value, dtype: DType) -> Value:
    return value if value.dtype is dtype else Cast(value, dtype)


def _unified(left: Value, right: Value) -> tuple[Value, Value]:
    """Both values in the wider of their types."""
    if left.dtype is right.dtype:
        return left, right
    wider = DType.REAL64 if DType.REAL64 in (left.dtype, right.dtype) else DType.REAL
    return _cast(left, wider), _cast(right, wider)


def _power(base: Value, exponent: Value) -> Value:
    """Small whole exponents by multiplication, which is exact to the last bit on every target."""
    if isinstance(exponent, Literal) and exponent.value in (2.0, 3.0, 4.0):
        square = Arithmetic(BinaryOperator.MULTIPLY, base, base, base.dtype)
        match int(exponent.value):
            case 2:
                return square
            case 3:
                return Arithmetic(BinaryOperator.MULTIPLY, square, base, base.dtype)
            case _:
                return Arithmetic(BinaryOperator.MULTIPLY, square, square, base.dtype)
    return Apply("pow", (base, exponent), base.dtype)
