"""Updates of a synapse -> kernel of the primitive `learn`: variables are brought up to date, then come the statements.

A variable's stored value is as of the last spike of its side. Of two spikes that reach a synapse at the same moment,
the post-synaptic one comes first, or the pre-synaptic one where no part of the delay is dendritic. Neither sees what
the other does to variables of its own side: they are read as left limits, so that coincident spikes do not meet in each
other's traces (NEST's convention).

In ANNarchy's order no value is a left limit, spikes that arrive in a step do so at its start, and nothing is kept once
a cell: every spike brings all that follows from time up to date. After a pre-synaptic one time stands still until the
end of its step (see `learn.h`).
"""

from __future__ import annotations

from collections.abc import Iterable

from pynn_annarchy.kernels.handlers import MOMENTS, ZERO, Handlers, Part, left_limit
from pynn_annarchy.kernels.ir import (
    About,
    Apply,
    Arithmetic,
    Comment,
    Decay,
    DType,
    Elapsed,
    Event,
    Field,
    LearningKernel,
    Let,
    Literal,
    Load,
    Local,
    Negate,
    Role,
    Select,
    Since,
    Statement,
    StepValue,
    Store,
    Value,
    loaded,
)
from pynn_annarchy.kernels.traces import Traces, traces
from pynn_annarchy.language import syntax
from pynn_annarchy.language.syntax import BinaryOperator
from pynn_annarchy.model.sides import Side
from pynn_annarchy.model.spec import Order
from pynn_annarchy.model.variables import INCREMENT
from pynn_annarchy.solvers.algebra import is_zero
from pynn_annarchy.solvers.names import FreshNames, names_of
from pynn_annarchy.solvers.updates import Drive, Relaxation, Updates

_DT = StepValue("dt", DType.REAL64)
_SINCE = {Side.PRE: Since.PRE, Side.POST: Since.POST, Side.BOTH: Since.ANY}
_NO_TRACES = Traces((), (), frozenset())


def lower_learning(updates: Updates, share_traces: bool) -> LearningKernel:
    """The kernel of a synapse that stores or changes something.

    Args:
        share_traces: keep traces once a cell, which needs their parameters to be shared; else in every synapse. The
            results have the same bits.
    """
    return _Learning(updates, share_traces).kernel()


class _Learning(Handlers):
    def __init__(self, updates: Updates, share_traces: bool) -> None:
        super().__init__(updates)
        self._relaxations = {relaxation.variable: relaxation for relaxation in updates.relaxations}
        self._possible = {side: traces(updates, side) for side in (Side.PRE, Side.POST)}
        self._arrives_first = self._model.spec.order is Order.ANNARCHY
        if self._arrives_first:
            self._possible = dict.fromkeys(self._possible, _NO_TRACES)
        self._traces = self._possible if share_traces else dict.fromkeys(self._possible, _NO_TRACES)
        self._decays: list[Value] = []
        self._decay_names: dict[Decay, str] = {}
        self._names = FreshNames({*names_of(self._model), *self._fields, *MOMENTS})
        for name in self._sides:
            self._fields[name] = Field(name, DType.REAL64, self._role(name))
        for name in self._with_left_limit(Side.PRE):
            left = left_limit(self._fields[name], Side.PRE)
            self._fields[left.name] = left

    def kernel(self) -> LearningKernel:
        pre = self._handler(Side.PRE)
        post = self._handler(Side.POST)
        increment = Local(INCREMENT, DType.REAL64)
        read = _fields_in(pre) | _fields_in(post)
        return LearningKernel(
            model=self._model.spec.name,
            arrives_first=self._arrives_first,
            parameters=tuple(f for f in self._fields.values() if f.role is Role.PARAMETER and f in read),
            variables=self._of_role(Role.STATE),
            pre_traces=self._of_role(Role.PRE_TRACE),
            post_traces=self._of_role(Role.POST_TRACE),
            left_limits=tuple(left_limit(self._fields[n], Side.POST) for n in self._with_left_limit(Side.POST)),
            pre=pre,
            increment=increment,
            post=post,
            pre_trace=self._trace_body(Side.PRE),
            post_trace=self._trace_body(Side.POST),
            decays=tuple(self._decays),
            present=self._present_body(),
            trace_parameters=tuple(
                parameter.name
                for parameter in self._model.spec.parameters
                if any(parameter.name in found.parameters for found in self._possible.values())
            ),
        )

    def _role(self, name: str) -> Role:
        if name in self._traces[Side.PRE].names:
            return Role.PRE_TRACE
        return Role.POST_TRACE if name in self._traces[Side.POST].names else Role.STATE

    def _of_role(self, role: Role) -> tuple[Field, ...]:
        return tuple(field for field in self._fields.values() if field.role is role)

    # bodies

    def _handler(self, side: Side) -> tuple[Statement, ...]:
        """All that happens in one synapse."""
        self._begin(self._taken_over(side) | set(self._with_left_limit(side)), side)
        if side is Side.PRE:
            self._let(INCREMENT, ZERO)
        self._keep_left_limits(side)
        self._execute_all(side)
        states = {field.name for field in self._of_role(Role.STATE)}
        return self._end(name for name in self._sides if name in states and self._is_written(name, side))

    def _trace_body(self, side: Side) -> tuple[Statement, ...]:
        """What the traces of one cell become."""
        found = self._traces[side]
        self._begin(found.names, side)
        part = Part(f"{side.value}_spike", None, found.statements)
        for statement in part.statements:
            self._execute(statement, part)
        return self._end(found.names)

    def _present_body(self) -> tuple[Statement, ...]:
        """What the variables have become, at a moment when nothing happens."""
        self._body, self._locals = [], {}
        for name in self._sides:
            self._let(name, self._advanced(name))
        return tuple(self._body)

    def _begin(self, names: Iterable[str], side: Side) -> None:
        """Starts a body with the present values of variables."""
        self._body, self._locals = [], {}
        wanted = set(names)
        for name in self._sides:
            if name in wanted:
                self._let(name, self._present(name, side))

    def _end(self, names: Iterable[str]) -> tuple[Statement, ...]:
        wanted = set(names)
        for name in self._sides:
            if name in wanted:
                value = Apply("flush", (Local(name, DType.REAL64),), DType.REAL64)
                self._body.append(Store(self._fields[name], value))
        return tuple(self._body)

    def _taken_over(self, side: Side) -> set[str]:
        """Variables whose values a handler needs from before."""
        statements = self._statements(side)
        needed = self._read_at(side)
        needed |= {name for name in self._sides if self._is_written(name, side) and not _assigns(statements, name)}
        for name in tuple(needed):
            needed |= self._read_by_bounds(name)
        return needed & self._sides.keys()

    def _is_written(self, name: str, side: Side) -> bool:
        return self._sides[name] in (side, Side.BOTH)

    def _with_left_limit(self, side: Side) -> list[str]:
        """States of one side that spikes of the other read as they were before."""
        if self._arrives_first:
            return []
        read = self._taken_over(Side.PRE if side is Side.POST else Side.POST)
        return [
            name
            for name, own in self._sides.items()
            if own is side and name in read and self._fields[name].role is Role.STATE
        ]

    def _keep_left_limits(self, side: Side) -> None:
        for name in self._with_left_limit(side):
            field = left_limit(self._fields[name], side)
            self._body.append(Comment(f"for a spike of the other side at the same moment: {name} before this one"))
            present = Local(name, DType.REAL64)
            self._body.append(Store(field, Select(Event(About.REPEATED), Load(field), present, DType.REAL64)))

    # what a variable has become since it was stored

    def _present(self, name: str, side: Side) -> Value:
        field = self._fields[name]
        value = self._advanced(name)
        own = self._sides[name]
        if own not in (side, Side.BOTH) and field.role is Role.STATE and not self._arrives_first:
            value = Select(Event(About.COINCIDENT), Load(left_limit(field, own)), value, DType.REAL64)
        return value

    def _advanced(self, name: str) -> Value:
        stored: Value = Load(self._fields[name])
        relaxation = self._relaxations.get(name)
        if relaxation is None:
            return stored
        elapsed = Elapsed(_SINCE[self._sides[name]])
        value = self._relaxed(relaxation, stored, elapsed)
        for drive in relaxation.drives:
            value = _plus(value, self._driven(relaxation, drive, elapsed))
        return self._fitted(self._variables[name], value)

    def _relaxed(self, relaxation: Relaxation, stored: Value, elapsed: Elapsed) -> Value:
        if relaxation.tau is None:
            growth = self._lower(relaxation.growth)
            return stored if is_zero(relaxation.growth) else _plus(stored, _times(_times(elapsed, _DT), growth))
        decay = self._decay(relaxation.tau, elapsed, relaxation.variable)
        if is_zero(relaxation.end):
            return _times(stored, decay)
        end = self._lower(relaxation.end)
        return _plus(end, _times(_minus(stored, end), decay))

    def _driven(self, relaxation: Relaxation, drive: Drive, elapsed: Elapsed) -> Value:
        """The convolution of two exponentials (see solvers/event_driven.py)."""
        other = Load(self._fields[drive.variable])
        slower = self._decay(drive.tau, elapsed, drive.variable)
        apart = _divided(_times(elapsed, _DT), self._lower(drive.tau))
        if relaxation.tau is None:
            slower = Literal(1.0, DType.REAL64)
        else:
            decay = self._decay(relaxation.tau, elapsed, relaxation.variable)
            slower = Apply("maximum", (slower, decay), DType.REAL64)
            own = _divided(_times(elapsed, _DT), self._lower(relaxation.tau))
            apart = Apply("abs", (_minus(own, apart),), DType.REAL64)
        shape = Apply("exprel", (Negate(apart, DType.REAL64),), DType.REAL64)
        amount = _times(_times(self._lower(drive.coefficient), other), _times(elapsed, _DT))
        return _times(amount, _times(slower, shape))

    def _decay(self, tau: syntax.Expression, elapsed: Elapsed, variable: str) -> Value:
        """A local that holds the decay, one for each time constant and elapsed time."""
        constant = self._lower(tau)
        if constant not in self._decays:
            self._decays.append(constant)
        decay = Decay(elapsed, constant, self._decays.index(constant))
        if decay not in self._decay_names:
            self._decay_names[decay] = self._names.fresh(f"decay_of_{variable}")
        name = self._decay_names[decay]
        if name not in self._locals:
            self._let(name, decay)
        return Local(name, DType.REAL64)


def _assigns(statements: Iterable[syntax.Assignment], name: str) -> bool:
    return any(statement.target == name for statement in statements)


def _fields_in(body: tuple[Statement, ...]) -> set[Field]:
    values = [statement.value for statement in body if isinstance(statement, Let | Store)]
    return set().union(*(loaded(value) for value in values))


def _arithmetic(operator: BinaryOperator, left: Value, right: Value) -> Value:
    return Arithmetic(operator, left, right, DType.REAL64)


def _plus(left: Value, right: Value) -> Value:
    return _arithmetic(BinaryOperator.ADD, left, right)


def _minus(left: Value, right: Value) -> Value:
    return _arithmetic(BinaryOperator.SUBTRACT, left, right)


def _times(left: Value, right: Value) -> Value:
    return _arithmetic(BinaryOperator.MULTIPLY, left, right)


def _divided(left: Value, right: Value) -> Value:
    return _arithmetic(BinaryOperator.DIVIDE, left, right)
