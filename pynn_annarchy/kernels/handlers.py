"""What synapses do at spikes, in whatever primitive: statements of the language as statements of a kernel."""

from __future__ import annotations

from dataclasses import dataclass

from pynn_annarchy.kernels.expressions import Lowering, cast
from pynn_annarchy.kernels.ir import (
    CHANGES_WEIGHT,
    About,
    Arithmetic,
    Comment,
    Compare,
    DType,
    Event,
    Field,
    Literal,
    Load,
    Local,
    Moment,
    Role,
    Select,
    StepValue,
    Value,
)
from pynn_annarchy.language import syntax
from pynn_annarchy.language.print import show
from pynn_annarchy.language.syntax import BinaryOperator, Comparator
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.sides import Side, sides
from pynn_annarchy.model.spec import WEIGHT, Order
from pynn_annarchy.model.variables import read_before_assigned
from pynn_annarchy.solvers.updates import Updates

MOMENTS = frozenset({"t", "t_pre", "t_post"})
"""Names that mean when a spike reaches the synapse."""

ZERO = Literal(0.0, DType.REAL64)


@dataclass(frozen=True, slots=True)
class Part:
    """What a model does at spikes of one kind.

    Args:
        where: the words for it.
        condition: whether a spike is of that kind; None where all of the side are.
        statements: in order.
    """

    where: str
    condition: Value | None
    statements: tuple[syntax.Assignment, ...]


class Handlers(Lowering):
    """Everything in double, whatever the precision of cells (DESIGN D14)."""

    _real = DType.REAL64
    _parameter_type = DType.REAL64

    def __init__(self, updates: Updates) -> None:
        super().__init__(updates)
        self._variables = {variable.name: variable for variable in self._model.variables}
        self._sides = sides(self._model)
        if WEIGHT in self._variables and self._model.spec.order is Order.ANNARCHY:
            self._fields[CHANGES_WEIGHT] = Field(CHANGES_WEIGHT, DType.REAL64, Role.PARAMETER)

    def _parts(self, side: Side) -> tuple[Part, ...]:
        """What happens at spikes of each kind that one side has."""
        model = self._model
        if side is Side.POST:
            return (Part("post_spike", None, model.post_spike),)
        if not model.pre_axon_spike:
            return (Part("pre_spike", None, model.pre_spike),)
        return (
            Part("pre_spike", Event(About.SOMATIC), model.pre_spike),
            Part("pre_axon_spike", Event(About.AXONAL), model.pre_axon_spike),
        )

    def _statements(self, side: Side) -> tuple[syntax.Assignment, ...]:
        return tuple(statement for part in self._parts(side) for statement in part.statements)

    def _read_at(self, side: Side) -> set[str]:
        """Names whose values a handler and the bounds of what it changes take over from before."""
        parts = self._parts(side)
        read = set().union(*(read_before_assigned(part.statements) for part in parts))
        kept = {statement.target for part in parts if part.condition is not None for statement in part.statements}
        changed = {statement.target for statement in self._statements(side)}
        return read | kept | set().union(*map(self._read_by_bounds, changed))

    def _read_by_bounds(self, name: str) -> set[str]:
        variable = self._variables.get(name)
        bounds = (variable.minimum, variable.maximum) if variable else ()
        return set().union(*(identifiers(bound) for bound in bounds if bound is not None))

    def _execute_all(self, side: Side) -> None:
        for part in self._parts(side):
            for statement in part.statements:
                self._execute(statement, part)

    def _execute(self, statement: syntax.Assignment, part: Part) -> None:
        self._body.append(Comment(f"{part.where}: {show(statement)}"))
        value = cast(self._number(statement.value), DType.REAL64)
        name = statement.target
        if name in self._variables:
            value = self._fitted(self._variables[name], value)
        if statement.flags.unless_post:
            value = Select(self._meets_post(), Local(name, DType.REAL64), value, DType.REAL64)
        if part.condition is not None:
            value = Select(part.condition, value, Local(name, DType.REAL64), DType.REAL64)
        self._let(name, self._as_allowed(name, value))

    def _as_allowed(self, name: str, value: Value) -> Value:
        """What a variable becomes: a weight stays what it is where weights must not change at present."""
        if name != WEIGHT or CHANGES_WEIGHT not in self._fields:
            return value
        may_change = Compare(Comparator.NOT_EQUAL, Load(self._fields[CHANGES_WEIGHT]), ZERO)
        return Select(may_change, value, Local(name, DType.REAL64), DType.REAL64)

    def _meets_post(self) -> Value:
        """Whether a post-synaptic spike has come at the same moment; in ANNarchy's order in the step before."""
        if self._model.spec.order is Order.PYNN:
            return Event(About.COINCIDENT)
        since = Arithmetic(BinaryOperator.SUBTRACT, Moment("t"), Moment("t_post"), DType.REAL64)
        limit = Arithmetic(
            BinaryOperator.MULTIPLY, Literal(1.5, DType.REAL64), StepValue("dt", DType.REAL64), DType.REAL64
        )
        return Compare(Comparator.LESS, since, limit)

    def _name(self, identifier: str) -> Value:
        if identifier in MOMENTS:
            return Moment(identifier)
        return self._as_condition(identifier, super()._name(identifier))


def left_limit(field: Field, side: Side) -> Field:
    """What a state was before the last spike of its side: needed in the next moment, or until the cell spikes."""
    return Field(f"{field.name}.left", field.dtype, Role.LEFT if side is Side.POST else Role.STATE)
