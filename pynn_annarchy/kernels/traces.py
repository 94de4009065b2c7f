"""Which variables of a synapse all synapses of a cell have in common, so that they are kept once a cell: its traces.

A variable is a trace of the pre-synaptic cell if only pre-synaptic spikes change it, starting from zero, by statements
and an equation that read nothing but traces of the same cell and parameters. It has the same value in all synapses of
the cell where these parameters have: a first spike finds zero however long it was on its way. For the post-synaptic
cell likewise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pynn_annarchy.language.functions import DISTRIBUTIONS
from pynn_annarchy.language.syntax import Assignment, Call, Expression, Number
from pynn_annarchy.language.visit import identifiers, nodes
from pynn_annarchy.model.checked import Model, Variable
from pynn_annarchy.model.sides import Side, sides
from pynn_annarchy.model.spec import WEIGHT
from pynn_annarchy.solvers.algebra import is_zero
from pynn_annarchy.solvers.updates import Relaxation, Updates


@dataclass(frozen=True, slots=True)
class Traces:
    """The traces of one cell.

    Args:
        names: in the model's order.
        statements: what its spikes do to them, and to the intermediate results that this takes, in order.
        parameters: of the model, on which all of this depends.
    """

    names: tuple[str, ...]
    statements: tuple[Assignment, ...]
    parameters: frozenset[str]


def traces(updates: Updates, side: Side) -> Traces:
    """The traces of the pre- or of the post-synaptic cell."""
    return _Analysis(updates, side).traces()


class _Analysis:
    def __init__(self, updates: Updates, side: Side) -> None:
        model: Model = updates.model
        self._handler = model.pre_spike if side is Side.PRE else model.post_spike
        self._variables = {variable.name: variable for variable in model.variables}
        self._relaxations = {relaxation.variable: relaxation for relaxation in updates.relaxations}
        self._derived = {derived.name: derived.expression for derived in updates.derived}
        self._parameters = {parameter.name for parameter in model.spec.parameters} - {WEIGHT}
        self._candidates = [name for name, changed_by in sides(model).items() if changed_by is side]

    def traces(self) -> Traces:
        names = [name for name in self._candidates if self._may_be_trace(name)]
        while bad := [name for name in names if not self._reads_only(name, names)]:
            names = [name for name in names if name not in bad]
        needed = self._closure(names)
        statements = tuple(statement for statement in self._handler if statement.target in needed)
        return Traces(tuple(names), statements, frozenset(needed & self._parameters))

    def _may_be_trace(self, name: str) -> bool:
        """Its value is zero until the first spike, however long that takes."""
        variable, relaxation = self._variables[name], self._relaxations.get(name)
        if name == WEIGHT or not (isinstance(variable.init, Number) and is_zero(variable.init)):
            return False
        return relaxation is None or (relaxation.tau is not None and is_zero(relaxation.end))

    def _reads_only(self, name: str, names: Collection[str]) -> bool:
        """Whether all that the variable follows from belongs to the cell."""
        needed = self._closure([name])
        statements = [statement for statement in self._handler if statement.target in needed]
        if any(statement.flags.unless_post or _is_random(statement.value) for statement in statements):
            return False
        intermediate = {target for target, variable in self._variables.items() if not variable.is_kept}
        return needed <= {*names, *intermediate, *self._parameters, *self._derived, "dt", "pi"}

    def _closure(self, names: Collection[str]) -> set[str]:
        """The names and all that their values follow from."""
        found: set[str] = set()
        pending = list(names)
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                pending.extend(self._read_by(name))
        return found

    def _read_by(self, name: str) -> set[str]:
        expressions = [statement.value for statement in self._handler if statement.target == name]
        if name in self._variables:
            expressions += _bounds(self._variables[name])
        if name in self._relaxations:
            expressions += _parts(self._relaxations[name])
        if name in self._derived:
            expressions.append(self._derived[name])
        return set().union(*(identifiers(expression) for expression in expressions))


def _bounds(variable: Variable) -> Iterator[Expression]:
    return (bound for bound in (variable.minimum, variable.maximum) if bound is not None)


def _parts(relaxation: Relaxation) -> Iterator[Expression]:
    yield from (part for part in (relaxation.tau, relaxation.end, relaxation.growth) if part is not None)
    for drive in relaxation.drives:
        yield from (drive.coefficient, drive.tau)


def _is_random(expression: Expression) -> bool:
    return any(isinstance(node, Call) and node.function in DISTRIBUTIONS for node in nodes(expression))
