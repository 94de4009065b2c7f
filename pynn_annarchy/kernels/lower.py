"""Updates -> kernel: order of the step, holding in refractoriness, bounds, types.

Order PYNN (DESIGN D10): state update, then increments, spike test, reset. Order ANNARCHY: increments first.
"""

from __future__ import annotations

from pynn_annarchy.kernels.clocked import lower_clocked
from pynn_annarchy.kernels.expressions import Lowering, cast
from pynn_annarchy.kernels.handlers import MOMENTS
from pynn_annarchy.kernels.ir import (
    Apply,
    Arithmetic,
    Arrived,
    Cast,
    CellKernel,
    ClearArrived,
    Comment,
    Compare,
    DType,
    Field,
    Kernel,
    Let,
    Literal,
    Load,
    Local,
    Logic,
    Not,
    Repeat,
    Role,
    Select,
    Statement,
    StepValue,
    Store,
    SynapseKernel,
    Value,
)
from pynn_annarchy.kernels.learning import lower_learning
from pynn_annarchy.kernels.passes.fold import without_unread
from pynn_annarchy.language import syntax
from pynn_annarchy.language.flags import LOCALITIES
from pynn_annarchy.language.functions import DISTRIBUTIONS
from pynn_annarchy.language.print import show
from pynn_annarchy.language.syntax import BinaryOperator, Comparator, Connective
from pynn_annarchy.language.visit import nodes
from pynn_annarchy.model.checked import Variable
from pynn_annarchy.model.seen import is_clocked
from pynn_annarchy.model.spec import WEIGHT, Kind, Order
from pynn_annarchy.model.variables import INCREMENT, T_LAST
from pynn_annarchy.solvers.updates import Updates

REFRACTORY = "is_refractory"
COUNTER = "refractory"
"""Field: number of the last step of refractoriness."""
PERIOD = "refractory_steps"
"""Derived parameter: steps of refractoriness after a spike."""
MOST_SPIKES = "most_spikes"
"""Derived parameter: bound of the number of spikes in a step, where they are found one after the other."""
N_SPIKES = "n_spikes"
AXON_SPIKE = "axon_spike"
"""Field: whether there is an axonal spike."""

_ZERO = Literal(0.0, DType.REAL64)
_STEP = StepValue("step", DType.REAL64)


def lower(updates: Updates, share_traces: bool = True) -> Kernel:
    """The kernel of a model.

    Args:
        share_traces: of synapses that store something, see `learning`.
    """
    if updates.model.spec.kind is Kind.CELL:
        return _Cell(updates).kernel()
    if is_clocked(updates.model):
        return lower_clocked(updates)
    if _is_static(updates):
        return _Synapse(updates).kernel()
    return lower_learning(updates, share_traces)


def _is_static(updates: Updates) -> bool:
    """Whether a synapse sends the same whenever a spike arrives, but for its weight."""
    model = updates.model
    axonal = model.spec.pre_axon_spike.strip()
    if axonal and axonal != model.spec.pre_spike.strip():
        return False
    others = [parameter for parameter in model.spec.parameters if parameter.name != WEIGHT]
    if model.variables or model.post_spike or any(LOCALITIES[p.locality] != "global" for p in others):
        return False
    parts = [node for statement in model.pre_spike for node in nodes(statement.value)]
    moments = any(isinstance(part, syntax.Name) and part.identifier in MOMENTS for part in parts)
    random = any(isinstance(part, syntax.Call) and part.function in DISTRIBUTIONS for part in parts)
    return not (moments or random or any(statement.flags.unless_post for statement in model.pre_spike))


class _Cell(Lowering):
    def __init__(self, updates: Updates) -> None:
        super().__init__(updates)
        self._variables = {variable.name: variable for variable in self._model.variables}
        for variable in self._model.variables:
            dtype = DType.REAL64 if variable.name == T_LAST else self._stored(variable.dtype)
            self._fields[variable.name] = Field(variable.name, dtype, Role.STATE)
        for given in self._model.spec.inputs:
            self._fields[given.name] = Field(given.name, DType.REAL, Role.INPUT)
        self._common = {v.name for v in self._model.variables if v.locality == "global"}
        self._common |= {name for name, variable in updates.noise if variable in self._common}
        self._at_spike = False
        self._counter = Field(COUNTER, DType.REAL64, Role.REFRACTORY)
        self._period = Field(PERIOD, DType.REAL64, Role.PARAMETER)
        self._axon = Field(AXON_SPIKE, DType.REAL64, Role.AXON)
        self._most_spikes = Field(MOST_SPIKES, DType.REAL64, Role.PARAMETER)

    @property
    def _has_refractoriness(self) -> bool:
        return self._model.refractory is not None and self._model.spike is not None

    def kernel(self) -> CellKernel:
        for variable in self._model.variables:
            self._let(variable.name, self._name(variable.name))
        if self._has_refractoriness:
            self._let(COUNTER, Load(self._counter))
            self._let(REFRACTORY, Compare(Comparator.GREATER_EQUAL, Local(COUNTER, DType.REAL64), _STEP))
        else:
            self._let(REFRACTORY, Literal(False, DType.MASK))
        if self._model.spec.order is Order.PYNN:
            self._update_state()
            self._add_increments()
        else:
            self._add_increments()
            self._update_state()
        spikes = self._spikes()
        self._add_axonal_spikes()
        for variable in self._model.variables:
            self._store(self._fields[variable.name])
        body = without_unread(tuple(self._body), spikes)
        reset = self._reset_apart() if self._resets_apart else ()
        self._body = [*body, *reset]
        used = self._used_fields(spikes)
        order = [*self._fields.values(), self._counter, self._axon, self._period, self._most_spikes]
        fields = tuple(field for field in order if field in used)
        receptors = tuple(receptor.name for receptor in self._model.receptors)
        return CellKernel(self._model.spec.name, fields, receptors, body, spikes, reset)

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

    def _store(self, field: Field) -> None:
        local: Value = Local(field.name, self._locals[field.name])
        if local.dtype is DType.MASK:
            local = Cast(local, field.dtype)
        self._body.append(Store(field, local))

    def _assign(self, assignment: syntax.Assignment) -> None:
        self._drawing_all = assignment.target in self._common
        self._let(assignment.target, self._assigned(assignment))
        self._drawing_all = False

    def _assigned(self, assignment: syntax.Assignment) -> Value:
        variable = self._variables.get(assignment.target)
        if variable is None:
            return self._lower(assignment.value)
        old, value = self._old_and_new(variable, assignment.value)
        if variable.unless_refractory and self._has_refractoriness:
            value = Select(Local(REFRACTORY, DType.MASK), old, value, old.dtype)
        return value

    def _old_and_new(self, variable: Variable, expression: syntax.Expression) -> tuple[Local, Value]:
        """A variable, and what an expression makes of it."""
        old = Local(variable.name, self._locals[variable.name])
        if variable.dtype == "bool":
            return old, self._lower(expression)
        return old, self._fitted(variable, cast(self._number(expression), old.dtype))

    def _spikes(self) -> Value:
        spikes = self._found_spikes()
        if T_LAST in self._variables and not self._resets_apart:
            last = Local(T_LAST, DType.REAL64)
            spiked = Compare(Comparator.GREATER, spikes, Literal(0.0, DType.COUNT))
            self._let(T_LAST, Select(spiked, self._time_of_spike, last, DType.REAL64))
        return spikes

    @property
    def _time_of_spike(self) -> StepValue:
        """A spike comes at the end of its step, in ANNarchy's order at the start."""
        return StepValue("t_end" if self._model.spec.order is Order.PYNN else "t", DType.REAL64)

    def _found_spikes(self) -> Value:
        if self._model.spike is None:
            return Literal(0.0, DType.COUNT) if self._model.emits is None else self._emitted(self._model.emits)
        self._body.append(Comment(f"spike: {show(self._model.spike)}"))
        condition = self._lower(self._model.spike)
        if self._model.spec.repeats:
            return self._repeated_spikes(condition)
        if self._has_refractoriness:
            condition = Logic(Connective.AND, Not(Local(REFRACTORY, DType.MASK)), condition)
        self._let("has_spiked", condition)
        spiked = Local("has_spiked", DType.MASK)
        if not self._resets_apart:
            self._reset_all("reset", self._model.reset, spiked)
            if self._has_refractoriness:
                last = Select(spiked, self._last_refractory_step(), Local(COUNTER, DType.REAL64), DType.REAL64)
                self._body.append(Store(self._counter, last))
        return Cast(spiked, DType.COUNT)

    @property
    def _resets_apart(self) -> bool:
        """Whether a spike is the last thing of a step, so that only a cell that has spiked needs to do what follows."""
        model = self._model
        return not (model.spike is None or model.spec.repeats or model.axon_spike is not None)

    def _reset_apart(self) -> tuple[Statement, ...]:
        """What follows a spike, as a body of its own."""
        self._body, self._locals = [], {}
        for variable in self._model.variables:
            self._let(variable.name, self._name(variable.name))
        self._set_all(self._model.reset)
        changed = dict.fromkeys(assignment.target for assignment in self._model.reset)
        if self._has_refractoriness:
            self._body.append(Store(self._counter, self._last_refractory_step()))
        if T_LAST in self._variables:
            self._let(T_LAST, self._time_of_spike)
            changed[T_LAST] = None
        for name in changed:
            self._store(self._fields[name])
        return without_unread(tuple(self._body))

    def _last_refractory_step(self) -> Value:
        return Arithmetic(BinaryOperator.ADD, _STEP, self._steps_of_refractoriness(), DType.REAL64)

    def _steps_of_refractoriness(self) -> Value:
        """Prepared with the parameters, or, where variables decide, of what they are after the reset."""
        if not self._model.refractory_varies:
            return Load(self._period)
        assert self._model.refractory is not None
        self._body.append(Comment(f"refractory: {show(self._model.refractory)}"))
        period = cast(self._number(self._model.refractory), DType.REAL64)
        steps = Arithmetic(BinaryOperator.DIVIDE, period, StepValue("dt", DType.REAL64), DType.REAL64)
        return Apply("rint", (steps,), DType.REAL64)

    def _add_axonal_spikes(self) -> None:
        """The second condition, after the reset and whatever is refractory: it counts where the first does not hold."""
        if self._model.axon_spike is None:
            return
        assert self._model.spike is not None, "a rule of the language"
        self._body.append(Comment(f"axon_spike: {show(self._model.axon_spike)}"))
        others = Not(self._lower(self._model.spike))
        self._let(AXON_SPIKE, Logic(Connective.AND, self._lower(self._model.axon_spike), others))
        spiked = Local(AXON_SPIKE, DType.MASK)
        self._reset_all("axon_reset", self._model.axon_reset, spiked)
        self._body.append(Store(self._axon, Cast(spiked, DType.REAL64)))

    def _reset_all(self, where: str, statements: tuple[syntax.Assignment, ...], spiked: Value) -> None:
        for assignment in statements:
            old, value = self._reset(assignment, where)
            self._let(assignment.target, Select(spiked, value, old, old.dtype))

    def _set_all(self, statements: tuple[syntax.Assignment, ...]) -> None:
        for assignment in statements:
            _, value = self._reset(assignment)
            self._let(assignment.target, value)

    def _reset(self, assignment: syntax.Assignment, where: str = "reset") -> tuple[Local, Value]:
        self._body.append(Comment(f"{where}: {show(assignment)}"))
        self._at_spike = True
        old_and_new = self._old_and_new(self._variables[assignment.target], assignment.value)
        self._at_spike = False
        return old_and_new

    def _name(self, identifier: str) -> Value:
        if identifier == "t" and self._at_spike:
            return self._time_of_spike
        return super()._name(identifier)

    def _repeated_spikes(self, condition: Value) -> Value:
        """The test and the reset again and again, as often as the condition holds in this step."""
        count = Local(N_SPIKES, DType.COUNT)
        self._let(N_SPIKES, Literal(0.0, DType.COUNT))
        outer, self._body = self._body, []
        self._set_all(self._model.reset)
        body = tuple(statement for statement in self._body if isinstance(statement, Let | Comment))
        self._body = outer
        self._body.append(Repeat(condition, N_SPIKES, Load(self._most_spikes), body))
        if self._model.emits is None:
            return count
        return Arithmetic(BinaryOperator.ADD, count, self._emitted(self._model.emits), DType.COUNT)

    def _emitted(self, emits: syntax.Expression) -> Value:
        self._body.append(Comment(f"emits: {show(emits)}"))
        return Cast(self._lower(emits), DType.COUNT)


class _Synapse(Lowering):
    """Increments are formed in double, whatever the precision: they are on their way into fixed point (D14)."""

    _parameter_type = DType.REAL64

    def kernel(self) -> SynapseKernel:
        spec = self._model.spec
        self._locals["weight"] = DType.REAL64
        self._let(INCREMENT, _ZERO)
        for assignment in self._model.pre_spike:
            self._body.append(Comment(f"pre_spike: {show(assignment)}"))
            self._let(assignment.target, cast(self._number(assignment.value), DType.REAL64))
        increment = Local(INCREMENT, DType.REAL64)
        used = self._used_fields(increment)
        fields = tuple(field for field in self._fields.values() if field in used)
        return SynapseKernel(spec.name, fields, tuple(self._body), increment)
