"""Updates of a synapse that does something in every step -> kernel of the primitive `synapses`.

In the step that ends at n dt a synapse first transmits (`psp`), from what it and its cells were at (n - 1) dt; then it
advances; then come the pre-synaptic spikes that pass at n dt and, once the cells have been updated, the post-synaptic
ones. Of its cells it sees the end of an earlier step, never the present one.

Coincident spikes do not see each other's traces, as where synapses are event-driven: a post-synaptic spike reads what a
pre-synaptic one of the same moment alone has changed as it was before.

What synapses have in common, all of a projection or all of a post-synaptic cell, is advanced first; the equations of
the others read it as it has become.

Of a whole population, as in ``mean(pre.x)``, it sees what that is without delay.

In ANNarchy's order synapses advance once the cells have been updated, and see what those are now, and their sources as
they were the delay less one step ago; then come the post-synaptic spikes. The psp of the next step is formed from what
all that has become and the pre-synaptic spikes that pass at the start of that step: so the same walk through memory
can do both. Each spike sees what all earlier ones have done, the pre-synaptic one of the same step included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import chain

from pynn_annarchy.kernels.expressions import cast
from pynn_annarchy.kernels.handlers import ZERO, Handlers, left_limit
from pynn_annarchy.kernels.ir import (
    About,
    Apply,
    ClockedKernel,
    Comment,
    DType,
    Event,
    Field,
    Load,
    Local,
    Role,
    Select,
    Statement,
    StepValue,
    Store,
    Value,
    loaded,
    statement_values,
)
from pynn_annarchy.language.checks.definitions import changed_by
from pynn_annarchy.language.flags import LOCALITIES
from pynn_annarchy.language.print import show
from pynn_annarchy.language.syntax import Assignment
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.seen import POST, PRE, seen, seen_of_all
from pynn_annarchy.model.sides import Side
from pynn_annarchy.model.spec import Order
from pynn_annarchy.model.variables import INCREMENT
from pynn_annarchy.solvers.updates import Updates

_STATES = {"local": Role.STATE, "semiglobal": Role.POST_STATE, "global": Role.COMMON_STATE}


def lower_clocked(updates: Updates) -> ClockedKernel:
    """The kernel of a synapse that sees its cells, transmits all the time, or has equations without 'event-driven'."""
    return _Clocked(updates).kernel()


class _Clocked(Handlers):
    def __init__(self, updates: Updates) -> None:
        super().__init__(updates)
        self._at_spike = self._in_psp = False
        self._advances_first = self._model.spec.order is Order.ANNARCHY
        for name in self._parameters_of_post():
            self._fields[name] = replace(self._fields[name], role=Role.POST_PARAMETER)
        for name in self._sides:
            self._fields[name] = Field(name, DType.REAL64, _STATES[self._variables[name].locality])
        for prefix, role in ((PRE, Role.PRE_CELL), (POST, Role.POST_CELL)):
            for name in seen(self._model, prefix):
                self._fields[prefix + name] = Field(prefix + name, DType.REAL64, role)
            for name in seen_of_all(self._model, prefix):
                of_all = name.replace("(", f"({prefix}")
                self._fields[of_all] = Field(of_all, DType.REAL64, Role.OF_ALL)
        for name in self._with_left_limit():
            left = left_limit(self._fields[name], Side.PRE)
            self._fields[left.name] = left

    def kernel(self) -> ClockedKernel:
        psp = self._psp()
        steps = self._steps()
        pre = self._handler(Side.PRE)
        increment = Local(INCREMENT, DType.REAL64) if pre else ZERO
        post = self._handler(Side.POST)
        values = (*statement_values((*chain(*steps.values()), *pre, *post)), *([] if psp is None else [psp]))
        read = set().union(*(loaded(value) for value in values))
        return ClockedKernel(
            model=self._model.spec.name,
            parameters=tuple(f for f in self._of_role(Role.PARAMETER, Role.POST_PARAMETER) if f in read),
            variables=self._of_role(Role.STATE, Role.POST_STATE, Role.COMMON_STATE),
            pre_seen=self._seen(Role.PRE_CELL, PRE, read),
            post_seen=self._seen(Role.POST_CELL, POST, read),
            advances_first=self._advances_first,
            psp=psp,
            operation=self._model.spec.operation,
            common_step=steps["global"],
            post_step=steps["semiglobal"],
            step=steps["local"],
            pre=pre,
            increment=increment,
            post=post,
        )

    def _of_role(self, *roles: Role) -> tuple[Field, ...]:
        return tuple(field for field in self._fields.values() if field.role in roles)

    def _seen(self, role: Role, prefix: str, read: AbstractSet[Field]) -> tuple[Field, ...]:
        """What is read of the cell of one side, and of all of that side."""
        fields = (*self._of_role(role), *(f for f in self._of_role(Role.OF_ALL) if f"({prefix}" in f.name))
        return tuple(field for field in fields if field in read)

    def _parameters_of_post(self) -> set[str]:
        """Parameters and what follows from them that is one value for all synapses of a post-synaptic cell."""
        place = {parameter.name: LOCALITIES[parameter.locality] for parameter in self._model.spec.parameters}
        derived = [(each.name, identifiers(each.expression)) for each in self._updates.derived]
        for system in self._updates.systems:
            entries = (*chain.from_iterable(system.matrix), *system.constant)
            read = frozenset().union(*(identifiers(entry) for entry in entries))
            derived += [(entry.name, read) for entry in (*system.transition, *system.mean)]
        for name, read in derived:
            places = {place[other] for other in read if other in place}
            place[name] = next((each for each in ("local", "semiglobal") if each in places), "global")
        return {name for name, each in place.items() if each == "semiglobal"}

    # bodies

    def _psp(self) -> Value | None:
        if self._model.psp is None:
            return None
        self._begin(())
        self._in_psp = True
        psp = cast(self._number(self._model.psp), DType.REAL64)
        self._in_psp = False
        return psp

    def _steps(self) -> dict[str, tuple[Statement, ...]]:
        """By locality the statements that bring its variables from the start of the step to its end."""
        statements = list(self._updates.statements)
        localities = [self._variables[s.target].locality if s.target in self._variables else "" for s in statements]
        steps = {}
        for locality in ("global", "semiglobal"):
            # temporaries come before the variables that they are for
            n = max((place + 1 for place, name in enumerate(localities) if name == locality), default=0)
            steps[locality] = self._step(statements[:n], locality)
            statements, localities = statements[n:], localities[n:]
        return {**steps, "local": self._step(statements, "local")}

    def _step(self, statements: Sequence[Assignment], locality: str) -> tuple[Statement, ...]:
        if not statements:
            return ()
        needed = {name for statement in statements for name in (statement.target, *identifiers(statement.value))}
        for statement in statements:
            needed |= self._read_by_bounds(statement.target)
        self._begin(needed)
        own = (e for e in self._model.equations if self._variables[changed_by(e)].locality == locality)
        self._body += [Comment(show(equation)) for equation in own]
        for statement in statements:
            self._assign(statement)
        return self._end(statement.target for statement in statements)

    def _assign(self, statement: Assignment) -> None:
        variable = self._variables.get(statement.target)
        if variable is None:
            self._let(statement.target, self._lower(statement.value))
            return
        value = self._fitted(variable, cast(self._number(statement.value), DType.REAL64))
        self._let(variable.name, self._as_allowed(variable.name, value))

    def _handler(self, side: Side) -> tuple[Statement, ...]:
        statements = self._statements(side)
        if not statements:
            return ()
        self._at_spike = True
        kept = self._with_left_limit() if side is Side.PRE else []
        self._begin(self._read_at(side) | set(kept), side)
        if side is Side.PRE:
            self._let(INCREMENT, ZERO)
        for name in kept:
            field = left_limit(self._fields[name], Side.PRE)
            self._body.append(Comment(f"for a post-synaptic spike of the same moment: {name} before this one"))
            present = Local(name, DType.REAL64)
            self._body.append(Store(field, Select(Event(About.REPEATED), Load(field), present, DType.REAL64)))
        self._execute_all(side)
        self._at_spike = False
        return self._end(statement.target for statement in statements)

    def _begin(self, names: Iterable[str], side: Side | None = None) -> None:
        """Starts a body with the present values of variables."""
        self._body, self._locals = [], {}
        wanted = set(names)
        for name, own in self._sides.items():
            if name not in wanted:
                continue
            value: Value = Load(self._fields[name])
            if side is Side.POST and own is Side.PRE and name in self._with_left_limit():
                left = Load(left_limit(self._fields[name], Side.PRE))
                value = Select(Event(About.COINCIDENT), left, value, DType.REAL64)
            self._let(name, value)

    def _end(self, changed: Iterable[str]) -> tuple[Statement, ...]:
        wanted = set(changed)
        for name in self._sides:
            if name in wanted:
                value = Apply("flush", (Local(name, DType.REAL64),), DType.REAL64)
                self._body.append(Store(self._fields[name], value))
        return tuple(self._body)

    def _with_left_limit(self) -> list[str]:
        """Variables that of all spikes only pre-synaptic ones change, and that post-synaptic ones read."""
        if self._advances_first:
            return []
        read, changed = self._read_at(Side.POST), {statement.target for statement in self._model.pre_spike}
        return [name for name, own in self._sides.items() if own is Side.PRE and name in read and name in changed]

    def _name(self, identifier: str) -> Value:
        if identifier == "t" and not self._at_spike:
            # In ANNarchy's order what is transmitted over a step is formed at the end of the one before.
            return StepValue("t_end" if self._in_psp and self._advances_first else "t", DType.REAL64)
        return super()._name(identifier)
