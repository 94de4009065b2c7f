"""Synapses that do something in every step: what they see of their cells, and where what they transmit goes.

Cells publish copies of what is seen, one row a step; a synapse of a delay d sees its pre-synaptic cell as it was d ago,
and its post-synaptic cell at the end of the step before. So nobody waits for anybody within a step (DESIGN D9).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pynn_annarchy.engine.arrays import AnyArray, FloatArray, spread
from pynn_annarchy.engine.cells import Cells, Population
from pynn_annarchy.exceptions import EquationError, ModelError
from pynn_annarchy.kernels.ir import ClockedKernel, Field, LearningKernel, Role
from pynn_annarchy.language.names import operation_in, suggestion
from pynn_annarchy.language.syntax import DifferentialEquation, Expression
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.model.seen import POST, PRE, first_mention, seen, seen_of_all
from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.solvers.algebra import linear_form
from pynn_annarchy.targets.compile import Generated, Options, Storage, generate

if TYPE_CHECKING:
    from pynn_annarchy.engine.connectivity import Synapses
    from pynn_annarchy.engine.network import Network


# what they do


@dataclass(frozen=True, slots=True)
class Activity:
    """What the synapses of a projection do while time goes on.

    Args:
        transmits: whether anything comes from them, and they advance and hear of spikes at all.
        axons_transmit: whether, besides, they hear of axonal spikes.
        advances: whether the equations that are followed in every step are.
        period: in steps; equations are followed every so many steps, by as many at once. Only in ANNarchy's order.
        offset: in steps; equations are followed in those that begin at ``offset + k * period``.
    """

    transmits: bool = True
    axons_transmit: bool = True
    advances: bool = True
    period: int = 1
    offset: int = 0
    changes_weight: bool = True
    """Whether synapses that spikes reach change their weights; only in ANNarchy's order."""

    def passes(self, axonal: bool) -> bool:
        """Whether pre-synaptic spikes do anything, axonal ones or others."""
        return self.transmits and (self.axons_transmit or not axonal)

    def advances_in(self, step: int) -> bool:
        """Whether equations are followed in a step."""
        return self.transmits and self.advances and (step - 1 - self.offset) % self.period == 0


# what is seen


def is_clocked(spec: ModelSpec, options: Options) -> bool:
    """Whether synapses of a type do something in every step."""
    return isinstance(_generated(spec, options).kernel, ClockedKernel)


def is_static(spec: ModelSpec, options: Options) -> bool:
    """Whether nothing in synapses of a type ever changes by itself."""
    return not isinstance(_generated(spec, options).kernel, LearningKernel | ClockedKernel)


def check_seen(pre: Population, post: Population, spec: ModelSpec, options: Options) -> None:
    """Refuses synapses that see what their cells do not have.

    Raises:
        EquationError: with a caret under the name, the synapse type and the population.
    """
    model = _generated(spec, options).updates.model
    for prefix, cells in ((PRE, pre), (POST, post)):
        known = _names(cells, options)
        wanted = {prefix + name: name for name in seen(model, prefix)}
        for value in seen_of_all(model, prefix):
            operation, variable = variable_in(value)
            wanted[f"{operation}({prefix}{variable})"] = variable
        for text, name in wanted.items():
            if name in known:
                continue
            mention = first_mention(model, text)
            assert mention is not None, "it is seen"
            where, span = mention
            kind = f"'{cells.label}'" + (f" ({cells.spec.name})" if isinstance(cells, Cells) else "")
            hint = suggestion(name, known) or f"it has {', '.join(known) or 'none'}"
            message = f"{kind} has no variable or parameter '{name}'"
            raise EquationError(span, message, hint, f"in synapse type '{spec.name}', {where}")


@functools.lru_cache(maxsize=256)
def _generated(spec: ModelSpec, options: Options) -> Generated:
    """What is known of a model before it is compiled."""
    return generate(spec, Storage.SHARED, options)


def _names(cells: Population, options: Options) -> list[str]:
    """What synapses may see of cells: variables, parameters, sums; nothing of sources of given spikes."""
    if not isinstance(cells, Cells):
        return []
    generated = _generated(cells.spec, options)
    sums = [field.name for field in generated.kernel.fields if field.role is Role.INPUT]
    return [*(variable.name for variable in cells.variables), *cells.parameters, *sums]


@dataclass
class Publication:
    """What a population publishes: names in order, and over how many steps."""

    cells: Cells
    names: list[str]
    depth: int = 2
    values_of_all: list[str] = field(default_factory=list)
    """What is formed of the whole population in each step, ``mean(v)`` and the like."""

    def values(self, name: str) -> AnyArray:
        """Present values of a variable or a parameter."""
        if self.changes(name):
            return self.cells.sample(name)
        return spread(self.cells.parameters[name], self.cells.size)

    def changes(self, name: str) -> bool:
        """Whether it is a variable."""
        return name not in self.cells.parameters

    def form(self, value_of_all: str) -> int:
        """Takes a value of the whole population in; returns its place."""
        self.see((variable_in(value_of_all)[1],), 1)
        if value_of_all not in self.values_of_all:
            self.values_of_all.append(value_of_all)
        return self.values_of_all.index(value_of_all)

    def formed(self) -> list[tuple[int, str, int]]:
        """For each of those values: the place of its variable, the operation, its place among shared values or -1."""
        assert self.cells.compiled is not None
        shared = self.cells.compiled.shared
        parts = [(value, *variable_in(value)) for value in self.values_of_all]
        return [(self.names.index(v), o, shared.index(value) if value in shared else -1) for value, o, v in parts]

    def see(self, names: tuple[str, ...], longest_delay: int) -> list[int]:
        """Takes names in, of variables and parameters, or of values of the whole population; returns their places."""
        own = [name for name in names if not operation_in(name)]
        self.names += [name for name in own if name not in self.names]
        self.depth = max(self.depth, longest_delay + 1)
        for name in names:
            if operation_in(name):
                self.form(name)
        return [self.place(name) for name in names]

    def place(self, name: str) -> int:
        """Where a name is among those that are published, or -1 less that among values of the whole population."""
        return -1 - self.values_of_all.index(name) if operation_in(name) else self.names.index(name)


def clocked_synapses(network: Network) -> Iterator[tuple[Synapses, ClockedKernel]]:
    """Projections whose synapses do something in every step, with their kernels."""
    for synapses in network.projections:
        if synapses.rows is not None and synapses.compiled is not None:
            kernel = synapses.compiled.kernel
            if isinstance(kernel, ClockedKernel):
                yield synapses, kernel


def publications(network: Network) -> dict[int, Publication]:
    """By number of the population."""
    found: dict[int, Publication] = {}
    for population in network.cells:
        assert population.compiled is not None
        for value in population.compiled.population_values:
            found.setdefault(population.number, Publication(population, [])).form(value)
    for synapses, kernel in clocked_synapses(network):
        assert synapses.rows is not None
        sides = (
            (synapses.pre_cells, kernel.pre_seen, synapses.rows.max_delay),
            (synapses.post_cells, kernel.post_seen, 1),
        )
        for cells, fields, longest_delay in sides:
            if fields:
                assert isinstance(cells, Cells), "sources of given spikes have nothing to see"
                found.setdefault(cells.number, Publication(cells, [])).see(names_of(fields), longest_delay)
    return found


def variable_in(value_of_all: str) -> tuple[str, str]:
    """Operation and variable of a value of a whole population."""
    parts = operation_in(value_of_all)
    assert parts is not None, f"'{value_of_all}' is no value of a population"
    return parts


def names_of(fields: tuple[Field, ...]) -> tuple[str, ...]:
    """Names of cells' variables by the fields 'pre.x', 'post.x', and of values of them all, by 'mean(pre.x)'."""
    return tuple(re.sub(r"\b(pre|post)\.", "", field.name, count=1) for field in fields)


# whether a step is short enough


def check_coupling(network: Network) -> None:
    """Refuses couplings that are too strong for the time step.

    A psp that falls with a variable of the cell that takes it, as that of a gap junction, is held over each step. The
    error of a step then is multiplied by up to ``1 - 2 c``, where ``c = dt * (change of the variable's rate with the
    input) * (sum over the synapses of a cell of the fall of the psp)``, e.g. ``dt * g/cm``. Beyond c = 1 it may grow.

    Raises:
        ModelError: c > 1 in some cell; names it, its projections and the longest time step.
    """
    strengths: dict[tuple[int, str, str], FloatArray] = {}
    labels: dict[tuple[int, str, str], list[str]] = {}
    for synapses, _ in clocked_synapses(network):
        for variable, falls in _falls(synapses):
            key = synapses.post_cells.number, str(synapses.input), variable
            total = strengths.setdefault(key, np.zeros(synapses.post_size))
            np.add.at(total, synapses.post(), falls)
            labels.setdefault(key, []).append(f"'{synapses.label}'")
    for (number, given, variable), total in strengths.items():
        cells = network.populations[number]
        assert isinstance(cells, Cells)
        per_input = _rate_per_input(cells, variable, given)
        if per_input is None:
            continue
        strength = total * per_input * network.dt
        worst = int(np.argmax(strength)) if len(strength) else 0
        if len(strength) and strength[worst] > 1.0:
            names = ", ".join(dict.fromkeys(labels[number, given, variable]))
            raise ModelError(
                f"{names}: the coupling of cell {worst} of '{cells.label}' is too "
                f"strong for a time step of {network.dt} ms: {variable} would follow its neighbours by "
                f"{strength[worst]:.3g} of the difference in one step, and need not settle; use a time step of at most "
                f"{network.dt / strength[worst]:.3g} ms, or weaker synapses"
            )


def _falls(synapses: Synapses) -> Iterator[tuple[str, FloatArray]]:
    """By variable of the post-synaptic cell: by how much each synapse's psp falls with it, where that is constant."""
    assert synapses.compiled is not None
    psp = synapses.compiled.updates.model.psp
    if psp is None:
        return
    for name in sorted(identifiers(psp)):
        if not name.startswith(POST):
            continue
        coefficient = _coefficient(psp, name, {*synapses.parameters, "weight"})
        if coefficient is not None:
            values = {**synapses.spread_parameters(), "weight": synapses.get("weight"), "dt": synapses.network.dt}
            yield name.removeprefix(POST), -np.broadcast_to(evaluate(coefficient, values), (synapses.n,))


def _rate_per_input(cells: Cells, variable: str, given: str) -> float | FloatArray | None:
    """Change of a variable's rate with an input, e.g. 1/cm; None where that is no constant or there is no rate."""
    assert cells.compiled is not None
    for equation in cells.compiled.updates.model.equations:
        if isinstance(equation, DifferentialEquation) and equation.variable == variable:
            coefficient = _coefficient(equation.rate, given, set(cells.parameters))
            return None if coefficient is None else evaluate(coefficient, {**cells.parameters, "dt": cells.network.dt})
    return None


def _coefficient(expression: Expression, name: str, constants: set[str]) -> Expression | None:
    """By how much an expression that is linear in a name changes with it, where constants alone decide that."""
    form = linear_form(expression, [name])
    if form is None:
        return None
    coefficient = form.coefficient(name)
    return coefficient if identifiers(coefficient) <= {*constants, "dt", "pi"} else None
