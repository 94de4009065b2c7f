"""The kernel IR: typed statements over typed fields, one primitive each. Immutable; every union is closed.

A kernel says what happens to element `i`. Loops, threads and memory belong to `native/`, values to the engine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from pynn_annarchy.language.syntax import BinaryOperator, Comparator, Connective
from pynn_annarchy.model.spec import WEIGHT


class DType(Enum):
    """REAL follows the precision of the simulation; REAL64 is always double (times, refractory counters)."""

    REAL = "real"
    REAL64 = "real64"
    COUNT = "count"
    MASK = "mask"


class Role(Enum):
    """Who writes a field: the kernel (state, refractory, axonal spikes) or only the engine (parameter, input).

    Values of the population, of which the engine makes one a step, are the same for all elements.

    What a pass has taken out of the step of one element: values that the struct forms once for all of them, and
    numbers that it draws or forms for many at once.

    Of synapses further: traces, which all synapses of a pre- or post-synaptic cell have in common, what a state was
    just before the last post-synaptic spike, what is seen of the pre- and of the post-synaptic cell, and what all
    synapses of a post-synaptic cell, or of a projection, have in common.
    """

    STATE = "state"
    PARAMETER = "parameter"
    INPUT = "input"
    REFRACTORY = "refractory"
    AXON = "axonal spikes"
    POPULATION = "value of the population"
    COMMON = "formed for all elements"
    AHEAD = "formed for many elements at once"
    PRE_TRACE = "pre trace"
    POST_TRACE = "post trace"
    LEFT = "left limit"
    POST_PARAMETER = "parameter of a post cell's synapses"
    POST_STATE = "state of a post cell's synapses"
    COMMON_STATE = "state of all synapses"
    PRE_CELL = "seen of the pre cell"
    POST_CELL = "seen of the post cell"
    OF_ALL = "seen of all cells of a side"


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    dtype: DType
    role: Role


@dataclass(frozen=True, slots=True)
class Literal:
    value: float | bool
    dtype: DType


@dataclass(frozen=True, slots=True)
class Load:
    """The field's value of this element; for a shared parameter the one value."""

    field: Field

    @property
    def dtype(self) -> DType:
        return self.field.dtype


@dataclass(frozen=True, slots=True)
class Local:
    name: str
    dtype: DType


@dataclass(frozen=True, slots=True)
class StepValue:
    """'t' (start of the step, ms, always double), 't_end' (its end), 'dt' (ms) or 'step' (its number, from 1)."""

    name: str
    dtype: DType


@dataclass(frozen=True, slots=True)
class Arrived:
    """Sum of the increments that arrived at a receptor in this step."""

    receptor: str
    dtype: DType = DType.REAL


@dataclass(frozen=True, slots=True)
class Negate:
    operand: Value
    dtype: DType


@dataclass(frozen=True, slots=True)
class Not:
    operand: Value
    dtype: DType = DType.MASK


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+ - * /` only; powers and modulo are function calls. Of counts, only sums."""

    operator: BinaryOperator
    left: Value
    right: Value
    dtype: DType


@dataclass(frozen=True, slots=True)
class Compare:
    operator: Comparator
    left: Value
    right: Value
    dtype: DType = DType.MASK


@dataclass(frozen=True, slots=True)
class Logic:
    operator: Connective
    left: Value
    right: Value
    dtype: DType = DType.MASK


@dataclass(frozen=True, slots=True)
class Select:
    """Both branches are evaluated; draws have identity, so that an unused one disturbs nothing."""

    condition: Value
    then: Value
    otherwise: Value
    dtype: DType


@dataclass(frozen=True, slots=True)
class Apply:
    """A function of `mathematics.h`, by its name there."""

    function: str
    arguments: tuple[Value, ...]
    dtype: DType


@dataclass(frozen=True, slots=True)
class Draw:
    """A random number of a law of `distributions.h`; `number` tells the draws of one kernel apart (DESIGN D7).

    Where it is `common`, all elements draw the same.
    """

    distribution: str
    arguments: tuple[Value, ...]
    number: int
    dtype: DType = DType.REAL
    common: bool = False


@dataclass(frozen=True, slots=True)
class Cast:
    operand: Value
    dtype: DType


class Since(Enum):
    """The spikes after which time is counted; the value is the name of the number of steps in `learn.h`."""

    PRE = "since_pre"
    POST = "since_post"
    ANY = "since_any"


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Steps since the last spike of a kind that reached the synapse; since t = 0 where there was none."""

    since: Since
    dtype: DType = DType.REAL64


@dataclass(frozen=True, slots=True)
class Decay:
    """exp(-(elapsed * dt)/tau); `number` is the place of tau in the kernel's decays, for which there may be tables."""

    elapsed: Elapsed
    tau: Value
    number: int
    dtype: DType = DType.REAL64


@dataclass(frozen=True, slots=True)
class Moment:
    """When a spike reaches the synapse, in ms: 't' this one, 't_pre' and 't_post' the last ones before.

    In ANNarchy's order 't' is when the step begins, 't_pre' and 't_post' when the steps began in which the cells have
    spiked last, be it in the present one. The last two may also be asked for in every step.
    """

    name: str
    dtype: DType = DType.REAL64


class About(Enum):
    """What may be asked about a spike."""

    COINCIDENT = "coincident"
    """A pre-synaptic one: a post-synaptic one has reached the synapse at the same moment."""
    REPEATED = "repeated"
    """Not the first of several that a cell has sent in one step."""
    SOMATIC = "somatic"
    """A pre-synaptic one: it is no axonal one."""
    AXONAL = "axonal"
    """A pre-synaptic one of the second condition of its cell that is transmitted; one that is not is neither."""


@dataclass(frozen=True, slots=True)
class Event:
    """Whether something holds for this spike."""

    about: About
    dtype: DType = DType.MASK


Value = (
    Literal
    | Load
    | Local
    | StepValue
    | Arrived
    | Negate
    | Not
    | Arithmetic
    | Compare
    | Logic
    | Select
    | Apply
    | Draw
    | Cast
    | Elapsed
    | Decay
    | Moment
    | Event
)


@dataclass(frozen=True, slots=True)
class Let:
    """Gives a local its first value, or a further one where `is_new` is false."""

    name: str
    value: Value
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Store:
    field: Field
    value: Value


@dataclass(frozen=True, slots=True)
class ClearArrived:
    """The receptor's sum begins anew with the next step."""

    receptor: str


@dataclass(frozen=True, slots=True)
class Comment:
    text: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """Executes `body` as long as `condition` holds and the local `count`, the number of times so far, is below `most`.

    The locals that the body changes exist before. Each time has random numbers of its own.
    """

    condition: Value
    count: str
    most: Value
    body: tuple[Let | Comment, ...]


Statement = Let | Store | ClearArrived | Comment | Repeat


FLUSHED_EVERY = 32
"""A step whose number this divides begins with subnormal states of cells set to zero: seldom enough to cost nothing,
often enough that nobody waits for arithmetic on subnormal numbers."""


@dataclass(frozen=True, slots=True)
class CellKernel:
    """Primitive `neurons`: one cell over one step.

    Args:
        model: name of the cell type.
        fields: everything the bodies load or store; parameters and inputs that they do not read are not among them.
        receptors: of the cell type, in order.
        body: statements, executed in order.
        spikes: number of spikes of the step, a COUNT.
        reset: what follows the body in a cell that has spiked. It has locals of its own.
    """

    model: str
    fields: tuple[Field, ...]
    receptors: tuple[str, ...]
    body: tuple[Statement, ...]
    spikes: Value
    reset: tuple[Statement, ...] = ()

    @property
    def flushed(self) -> tuple[Field, ...]:
        """What may have become subnormal, see FLUSHED_EVERY."""
        return tuple(field for field in self.fields if field.role is Role.STATE and field.dtype is DType.REAL)


@dataclass(frozen=True, slots=True)
class SynapseKernel:
    """Primitive `deliver`: what one synapse sends when a spike arrives; reads the local `weight`."""

    model: str
    fields: tuple[Field, ...]
    body: tuple[Statement, ...]
    increment: Value

    @property
    def sends_weight(self) -> bool:
        """Whether the body does nothing but add the weight to nothing."""
        if not isinstance(self.increment, Local):
            return False
        begins = Let(self.increment.name, Literal(0.0, DType.REAL64))
        total = Arithmetic(BinaryOperator.ADD, self.increment, Local(WEIGHT, DType.REAL64), DType.REAL64)
        statements = [statement for statement in self.body if not isinstance(statement, Comment)]
        return statements == [begins, Let(self.increment.name, total, False)]


@dataclass(frozen=True, slots=True)
class LearningKernel:
    """Primitive `learn`: what a synapse does when a spike of its pre- or post-synaptic cell reaches it.

    Args:
        model: name of the synapse type.
        arrives_first: ANNarchy's order, see `kernels.learning`.
        parameters: all that the bodies load, each one value for all synapses or one for each of them.
        variables: stored in every synapse.
        pre_traces: stored once for all synapses of a pre-synaptic cell that a projection has.
        post_traces: the same of post-synaptic cells.
        left_limits: states just before the last post-synaptic spike, for pre-synaptic ones of the same moment.
        pre: statements at a pre-synaptic spike.
        increment: what that one sends.
        post: statements at a post-synaptic spike.
        pre_trace: statements that bring the traces of a pre-synaptic cell to its next spike.
        post_trace: the same of a post-synaptic one.
        decays: the distinct time constants of the decays.
        present: gives every variable's name the value at a moment when nothing happens, for those who read it.
        trace_parameters: parameters that all synapses must share for there to be traces.
    """

    model: str
    arrives_first: bool
    parameters: tuple[Field, ...]
    variables: tuple[Field, ...]
    pre_traces: tuple[Field, ...]
    post_traces: tuple[Field, ...]
    left_limits: tuple[Field, ...]
    pre: tuple[Statement, ...]
    increment: Value
    post: tuple[Statement, ...]
    pre_trace: tuple[Statement, ...]
    post_trace: tuple[Statement, ...]
    decays: tuple[Value, ...]
    present: tuple[Statement, ...]
    trace_parameters: tuple[str, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """What the engine has an array or a value for, in the order of the module's table."""
        return self.parameters + self.variables

    @property
    def sees_post(self) -> bool:
        """Whether it matters when the post-synaptic cell spikes."""
        asks = any(isinstance(value, Moment) and value.name == "t_post" for value in values_in(self))
        asks = asks or any(isinstance(value, Event) and value.about is About.COINCIDENT for value in values_in(self))
        return asks or any(isinstance(statement, Store | Let) for statement in self.post)

    @property
    def asks_sent(self) -> bool:
        """Whether it matters when the pre-synaptic cell has sent spikes that are still on their way."""
        asks = any(isinstance(value, Moment) and value.name == "t_pre" for value in values_in(self))
        return self.arrives_first and asks

    @property
    def draws(self) -> bool:
        """Whether a spike draws random numbers."""
        return any(isinstance(value, Draw) for value in values_in(self))


CHANGES_WEIGHT = "changes_weight()"
"""Parameter of synapses in ANNarchy's order, not of their text: whether they change their weights at present."""


class Place(Enum):
    """Of what a field of synapses has one value; the numbers are those of `dendrites.h`."""

    SYNAPSE = 0
    POST_CELL = 1
    PROJECTION = 2


_PLACES = {
    Role.PARAMETER: Place.SYNAPSE,
    Role.STATE: Place.SYNAPSE,
    Role.POST_PARAMETER: Place.POST_CELL,
    Role.POST_STATE: Place.POST_CELL,
    Role.COMMON_STATE: Place.PROJECTION,
}


@dataclass(frozen=True, slots=True)
class ClockedKernel:
    """Primitive `synapses`: what a synapse does in every step, and when a spike of one of its cells reaches it.

    Args:
        model: name of the synapse type.
        parameters: all that the bodies load, each one value for all synapses or one for each of them, or for each
            post-synaptic cell.
        variables: stored in every synapse, once for all synapses of a post-synaptic cell, or once.
        pre_seen: variables and parameters of the pre-synaptic cell that it loads, by their names 'pre.x', and values of
            all pre-synaptic cells, by theirs, 'mean(pre.x)'.
        post_seen: the same of the post-synaptic one.
        advances_first: ANNarchy's order, see `kernels.clocked`.
        psp: what it transmits over the step that begins; None for nothing.
        operation: what becomes of the psp of all synapses of a cell.
        common_step: statements that bring what all synapses have in common from the start of the step to its end.
        post_step: then the same of what those of a post-synaptic cell have in common.
        step: then of the synapse itself.
        pre: statements at a pre-synaptic spike.
        increment: what that one sends.
        post: statements at a post-synaptic spike.
    """

    model: str
    parameters: tuple[Field, ...]
    variables: tuple[Field, ...]
    pre_seen: tuple[Field, ...]
    post_seen: tuple[Field, ...]
    advances_first: bool
    psp: Value | None
    operation: str
    common_step: tuple[Statement, ...]
    post_step: tuple[Statement, ...]
    step: tuple[Statement, ...]
    pre: tuple[Statement, ...]
    increment: Value
    post: tuple[Statement, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """What the engine has an array or a value for, in the order of the module's table."""
        return self.parameters + self.variables

    @property
    def pre_traces(self) -> tuple[Field, ...]:
        """None: everything is stored in every synapse."""
        return ()

    @property
    def post_traces(self) -> tuple[Field, ...]:
        """None either."""
        return ()

    def place_of(self, name: str) -> Place:
        """Of what there is one value."""
        return _PLACES[next(field.role for field in self.fields if field.name == name)]

    @property
    def keeps_weight(self) -> bool:
        """Whether it reads a weight that it never changes, so that one value may do for all synapses."""
        return any(field.name == WEIGHT for field in self.parameters)

    @property
    def spikes_matter(self) -> bool:
        """Whether spikes change, send or ask for anything."""
        return self.has_pre or self.has_post or self.asks_when

    @property
    def has_step(self) -> bool:
        """Whether time alone changes anything."""
        return _does_something(self.step)

    @property
    def has_pre(self) -> bool:
        """Whether pre-synaptic spikes change or send anything."""
        return _does_something(self.pre)

    @property
    def has_post(self) -> bool:
        """Whether post-synaptic spikes change anything."""
        return _does_something(self.post)

    @property
    def asks_in_steps(self) -> bool:
        """Whether what it does in every step depends on when the last spikes were."""
        bodies = (*self.common_step, *self.post_step, *self.step)
        pending = [*statement_values(bodies), *([] if self.psp is None else [self.psp])]
        while pending:
            value = pending.pop()
            if isinstance(value, Moment):
                return True
            pending.extend(children(value))
        return False

    @property
    def asks_when(self) -> bool:
        """Whether it matters when the last spikes were."""
        values = list(values_in(self))
        moments = any(isinstance(value, Moment) and value.name != "t" for value in values)
        return moments or any(isinstance(value, Event) and value.about is About.COINCIDENT for value in values)

    @property
    def draws(self) -> bool:
        """Whether it draws random numbers."""
        return any(isinstance(value, Draw) for value in values_in(self))


Kernel = CellKernel | SynapseKernel | LearningKernel | ClockedKernel


def _does_something(body: Iterable[Statement]) -> bool:
    return any(not isinstance(statement, Comment) for statement in body)


def children(value: Value) -> tuple[Value, ...]:
    """The direct operands of an expression."""
    match value:
        case Literal() | Load() | Local() | StepValue() | Arrived() | Elapsed() | Moment() | Event():
            return ()
        case Negate(operand) | Not(operand) | Cast(operand):
            return (operand,)
        case Arithmetic(_, left, right) | Compare(_, left, right) | Logic(_, left, right):
            return (left, right)
        case Select(condition, then, otherwise):
            return (condition, then, otherwise)
        case Apply(_, arguments) | Draw(_, arguments):
            return arguments
        case Decay(elapsed, tau):
            return (elapsed, tau)


def map_children(value: Value, change: Callable[[Value], Value]) -> Value:
    """The same expression of changed operands; the type of an operand stays."""
    match value:
        case Negate() | Not() | Cast():
            return replace(value, operand=change(value.operand))
        case Arithmetic() | Compare() | Logic():
            return replace(value, left=change(value.left), right=change(value.right))
        case Select(condition, then, otherwise):
            return replace(value, condition=change(condition), then=change(then), otherwise=change(otherwise))
        case Apply(_, arguments) | Draw(_, arguments):
            return replace(value, arguments=tuple(map(change, arguments)))
        case Decay(_, tau):
            return replace(value, tau=change(tau))
        case _:
            return value


def map_known(value: Value, change: Callable[[Value], Value | None]) -> Value | None:
    """The same of operands that may be unknown: None where one of them is."""
    operands = [change(child) for child in children(value)]
    known = iter([operand for operand in operands if operand is not None])
    return None if None in operands else map_children(value, lambda _: next(known))


def map_values(statement: Statement, change: Callable[[Value], Value]) -> Statement:
    """The same statement of changed expressions; their types stay."""
    match statement:
        case Let(_, value) | Store(_, value):
            return replace(statement, value=change(value))
        case Repeat(condition, _, most):
            body = tuple(replace(s, value=change(s.value)) if isinstance(s, Let) else s for s in statement.body)
            return replace(statement, condition=change(condition), most=change(most), body=body)
        case _:
            return statement


def assigned(body: Iterable[Statement]) -> Iterator[tuple[str, Value | None]]:
    """Locals that get a value, and this; None where a repetition gives them one after the other."""
    for statement in body:
        match statement:
            case Let(name, value):
                yield name, value
            case Repeat(_, count, _, repeated):
                yield count, None
                yield from ((name, None) for name, _ in assigned(repeated))


def assigned_once(body: Iterable[Statement]) -> set[str]:
    """Locals that keep their first value."""
    values = list(assigned(body))
    names = Counter(name for name, _ in values)
    return {name for name, value in values if names[name] == 1 and value is not None}


def loaded(value: Value) -> set[Field]:
    """All fields that an expression reads."""
    if isinstance(value, Load):
        return {value.field}
    return set().union(*(loaded(child) for child in children(value)))


def statement_values(body: Iterable[Statement]) -> Iterator[Value]:
    """What the statements compute, those within others included."""
    for statement in body:
        match statement:
            case Let(_, value) | Store(_, value):
                yield value
            case Repeat(condition, _, most, repeated):
                yield from (condition, most, *statement_values(repeated))


def bodies(kernel: Kernel) -> tuple[tuple[Statement, ...], ...]:
    """The statements of each of a kernel's functions."""
    if isinstance(kernel, LearningKernel):
        return kernel.pre, kernel.post, kernel.pre_trace, kernel.post_trace
    if isinstance(kernel, ClockedKernel):
        return kernel.pre, kernel.post, kernel.step, kernel.post_step, kernel.common_step
    if isinstance(kernel, CellKernel):
        return kernel.body, kernel.reset
    return (kernel.body,)


def results(kernel: Kernel) -> tuple[Value, ...]:
    """What a kernel hands on: first that of its first body, then what needs no statements."""
    match kernel:
        case CellKernel():
            return (kernel.spikes,)
        case ClockedKernel(psp=psp):
            return (kernel.increment,) if psp is None else (kernel.increment, psp)
        case _:
            return (kernel.increment,)


def values_in(kernel: Kernel) -> Iterator[Value]:
    """Every expression of a kernel and of its statements, operands included."""
    return nodes(*results(kernel), *(value for body in bodies(kernel) for value in statement_values(body)))


def nodes(*values: Value) -> Iterator[Value]:
    """The expressions with all their operands."""
    pending = list(values)
    while pending:
        value = pending.pop()
        yield value
        pending.extend(children(value))
