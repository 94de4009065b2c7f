"""The driver of the solvers: a checked model -> what happens to each variable in one time step.

    blocks       consecutive differential equations; assignments between them pass      Model      -> Block
    classify     which variables advance together, by which method, and why             Block      -> Groups
    solve        each group by its method, in the order of dependence                   Group      -> values at the end
    sequence     assignments in an order in which old values are read before they go    values     -> statements
    hoist        what depends on parameters alone is taken out of the step              statements -> Updates

Within a step, ``t`` is the time of its start; equations read ``t`` of the stage they are evaluated at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain, groupby

from pynn_annarchy.language.checks.definitions import changed_by
from pynn_annarchy.language.functions import DISTRIBUTIONS
from pynn_annarchy.language.syntax import (
    Assignment,
    Call,
    Conditional,
    DifferentialEquation,
    Equation,
    Expression,
    Name,
    Number,
)
from pynn_annarchy.language.visit import identifiers, map_children
from pynn_annarchy.model.checked import Model
from pynn_annarchy.model.seen import is_clocked
from pynn_annarchy.model.spec import WEIGHT, Kind
from pynn_annarchy.solvers import event_driven, exponential, implicit, splitting, tableaus
from pynn_annarchy.solvers.algebra import LinearForm, linear_form, multiply, total
from pynn_annarchy.solvers.classify import Block, Group, Method, classify, is_constant_form, method_named
from pynn_annarchy.solvers.course import Course
from pynn_annarchy.solvers.exact import REFRACTORY, ExactSolver, assemble
from pynn_annarchy.solvers.hoist import hoist
from pynn_annarchy.solvers.names import FreshNames, Temporaries, names_of
from pynn_annarchy.solvers.symbolic import form_of
from pynn_annarchy.solvers.updates import Choice, LinearSystem, Updates, entry_names

_TABLEAUS = {Method.EXPLICIT: tableaus.EULER, Method.MIDPOINT: tableaus.MIDPOINT, Method.RK4: tableaus.RK4}

_EXPONENTIALS = {
    Method.EXPONENTIAL: exponential.solve_with_start,
    Method.STEP_MEAN: exponential.solve_with_mean,
    Method.STEP_MIDDLE: exponential.solve_with_middle,
    Method.SPLITTING: splitting.solve_extrapolated,
}


@dataclass(frozen=True, slots=True)
class _Discretised:
    """A block or an assignment in discrete time."""

    statements: tuple[Assignment, ...]
    systems: tuple[LinearSystem, ...] = ()
    choices: tuple[Choice, ...] = ()
    noise: tuple[tuple[str, str], ...] = ()


def discretise(model: Model, default_method: str | None = None) -> Updates:
    """The model in discrete time.

    Args:
        default_method: method of variables without a flag of their own; None leaves it to classification.

    Raises:
        EquationError: a method that a flag asks for cannot solve its equation.
    """
    if model.spec.kind is Kind.SYNAPSE:
        if not is_clocked(model):
            return event_driven.solve(model)
        event_driven.check_flagged(model)
    names = FreshNames(names_of(model))
    constants = _constants(model)
    parts: list[_Discretised] = []
    for part in _parts(_common_first(model)):
        if isinstance(part, Assignment):
            parts.append(_Discretised((part,)))
        else:
            block = _block(model, part, constants, default_method)
            parts.append(_solve(block, model, Temporaries(names)))
    statements = tuple(statement for part in parts for statement in part.statements)
    systems = tuple(system for part in parts for system in part.systems)
    if model.spec.kind is Kind.CELL:
        constants |= set(entry_names(systems))
    lifted, derived = hoist(statements, constants, {variable.name for variable in model.variables}, names)
    choices = tuple(choice for part in parts for choice in part.choices)
    noise = tuple(drawn for part in parts for drawn in part.noise)
    return Updates(model, lifted, derived, systems, choices, noise=noise)


def _constants(model: Model) -> frozenset[str]:
    """Names that no step changes. The weight of a synapse is none: it is not prepared with the parameters."""
    changing = {variable.name for variable in model.variables}
    if model.spec.kind is Kind.SYNAPSE:
        changing.add(WEIGHT)
    return frozenset([p.name for p in model.spec.parameters if p.name not in changing] + ["dt", "pi"])


_ORDER_OF_PLACES = ("global", "semiglobal", "local")


def _common_first(model: Model) -> tuple[tuple[Equation, ...], ...]:
    """The equations; of synapses first those of what they have in common, which are advanced before the others."""
    if model.spec.kind is Kind.CELL:
        return (model.equations,)
    return tuple(
        tuple(equation for equation in model.equations if model.variable(changed_by(equation)).locality == locality)
        for locality in _ORDER_OF_PLACES
    )


def _parts(sections: Iterable[tuple[Equation, ...]]) -> list[Assignment | tuple[DifferentialEquation, ...]]:
    """Runs of differential equations in each section, and the assignments between them one by one."""
    parts: list[Assignment | tuple[DifferentialEquation, ...]] = []
    for _, members in chain.from_iterable(groupby(equations, type) for equations in sections):
        run = tuple(members)
        differential = tuple(equation for equation in run if isinstance(equation, DifferentialEquation))
        parts += [differential] if differential else [e for e in run if isinstance(e, Assignment)]
    return parts


def _block(
    model: Model, equations: tuple[DifferentialEquation, ...], constants: frozenset[str], default_method: str | None
) -> Block:
    owner = f"{model.spec.kind.value} type '{model.spec.name}'"
    requested = {}
    for equation in equations:
        flag = model.variable(equation.variable).method or default_method
        # What is event-driven in a synapse that does something in every step is linear: solved exactly anyhow.
        if flag is not None and not equation.flags.event_driven:
            requested[equation.variable] = method_named(flag, equation, owner)
    return Block(equations, constants, requested, owner)


def _solve(block: Block, model: Model, temporaries: Temporaries) -> _Discretised:
    held = {variable.name for variable in model.variables if variable.unless_refractory}
    block, noise = _with_draws_once(block, temporaries)
    block = _with_linear_rates(block)
    groups = classify(block)
    exactly = {v: block.rates[v] for group in groups if group.method is Method.EXACT for v in group.variables}
    drive = {v: _with_held_drive(v, rate, exactly, block.constants, temporaries) for v, rate in exactly.items()}
    common = {variable.name for variable in model.variables if variable.locality == "global"}
    solver = ExactSolver(assemble(drive, block.constants), held, common, temporaries.names)
    course = Course(block.rates, held, solver, temporaries, block.constants)
    rates = _held_rates(block.rates, held)
    for group in groups:
        course.settle(_advance(group, rates, block, course))
    ends = course.ends(block.rates)
    statements = (*temporaries.assignments, *sequence(ends, temporaries.names))
    choices = tuple(Choice(group.variables, group.method.value, group.reason) for group in groups)
    return _Discretised(statements, solver.systems(), choices, noise)


def _with_draws_once(block: Block, temporaries: Temporaries) -> tuple[Block, tuple[tuple[str, str], ...]]:
    """Random draws become temporaries: one draw a step for each that is written, whatever a method or a function does.

    Returns:
        The block, and pairs of a temporary and the variable whose equation draws it.
    """

    def lifted(expression: Expression, variable: str) -> Expression:
        if isinstance(expression, Call) and expression.function in DISTRIBUTIONS:
            mention = variable, expression, expression.span.start, expression.span.end
            if mention not in known:
                known[mention] = temporaries.define(f"noise_{variable}", expression)
            return known[mention]
        return map_children(expression, lambda child: lifted(child, variable))

    known: dict[tuple[str, Expression, int, int], Name] = {}
    equations = tuple(replace(e, rate=lifted(e.rate, e.variable)) for e in block.equations)
    noise = tuple((name.identifier, variable) for (variable, *_), name in known.items())
    return replace(block, equations=equations), noise


def _with_linear_rates(block: Block) -> Block:
    """Rates that are to be solved exactly, in a form whose linearity is visible, where there is one."""

    def visible(equation: DifferentialEquation) -> DifferentialEquation:
        if block.requested.get(equation.variable) is not Method.EXACT:
            return equation
        form = form_of(equation.rate, tuple(block.rates))
        return replace(equation, rate=_joined(form)) if form else equation

    return replace(block, equations=tuple(visible(equation) for equation in block.equations))


def _with_held_drive(
    variable: str, rate: Expression, states: Collection[str], constants: Collection[str], temporaries: Temporaries
) -> Expression:
    """The rate with its part that no state is in made one name, unless that part is a constant form already."""
    form = linear_form(rate, states)
    assert form is not None, "only exactly solvable rates come here"
    if is_constant_form(form.remainder, constants):
        return rate
    return _joined(LinearForm(form.coefficients, temporaries.define(f"drive_{variable}", form.remainder)))


def _joined(form: LinearForm) -> Expression:
    return total([*(multiply(c, Name(name)) for name, c in form.coefficients.items()), form.remainder])


def _held_rates(rates: Mapping[str, Expression], held: Collection[str]) -> dict[str, Expression]:
    """Rates of held variables are zero in refractoriness, said where a variable that moves on reads them.

    What nobody reads needs no condition: lowering keeps held variables at their values.
    """
    read = {name for variable, rate in rates.items() if variable not in held for name in identifiers(rate)}
    felt = read & set(held)
    return {v: Conditional(REFRACTORY, Number(0.0), rate) if v in felt else rate for v, rate in rates.items()}


def _advance(group: Group, rates: Mapping[str, Expression], block: Block, course: Course) -> dict[str, Expression]:
    ours = {variable: rates[variable] for variable in group.variables}
    if group.method is Method.EXACT:
        return {}
    if group.method in _TABLEAUS:
        return tableaus.solve(_TABLEAUS[group.method], ours, course)
    if group.method is Method.SEMIIMPLICIT:
        return implicit.solve_sequentially(ours, course)
    if group.method is Method.IMPLICIT:
        return implicit.solve_backward({v: _form(v, rate, group.variables, block) for v, rate in ours.items()}, course)
    return _EXPONENTIALS[group.method]({v: _form(v, rate, (v,), block) for v, rate in ours.items()}, course)


def _form(variable: str, rate: Expression, unknowns: tuple[str, ...], block: Block) -> LinearForm:
    form = form_of(rate, unknowns)
    if form is None:
        method = block.requested[variable].value
        message = f"'{method}' needs a rate of '{variable}' that is linear in {', '.join(unknowns)}"
        raise block.refusal(variable, message, "use 'midpoint' or 'rk4'")
    return form


def sequence(values: Mapping[str, Expression], names: FreshNames) -> tuple[Assignment, ...]:
    """Assign all values at once: nobody's old value goes before the last that reads it; cycles take a temporary."""
    pending = dict(values)
    statements: list[Assignment] = []
    while pending:
        free = next((v for v in pending if not _read_by_others(v, pending)), None)
        if free is not None:
            statements.append(Assignment(free, pending.pop(free)))
            continue
        blocked = next(iter(pending))
        temporary = names.fresh(f"{blocked}_new")
        statements.append(Assignment(temporary, pending[blocked]))
        pending[blocked] = Name(temporary)
    return tuple(statements)


def _read_by_others(variable: str, pending: Mapping[str, Expression]) -> bool:
    return any(variable in identifiers(value) for other, value in pending.items() if other != variable)
