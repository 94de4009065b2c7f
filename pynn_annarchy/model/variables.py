"""Which state variables a model has: those with an equation, and those that only events change."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from math import inf

from pynn_annarchy.language.checks.definitions import changed_by, leads_somewhere, sends_by_target
from pynn_annarchy.language.flags import LOCALITIES
from pynn_annarchy.language.syntax import (
    Assignment,
    Boolean,
    DifferentialEquation,
    Equation,
    Expression,
    Flags,
    Name,
    Number,
)
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.checked import Variable
from pynn_annarchy.model.spec import WEIGHT, Kind, ModelSpec, Order
from pynn_annarchy.model.texts import Texts
from pynn_annarchy.model.told import told

INCREMENT = "g_target"
"""What a synapse sends; collected by its target, no variable of its own."""

T_LAST = "t_last"
"""Time of a cell's last spike, in ms; minus infinity before the first."""

_LAST_SPIKE = Variable(T_LAST, Number(-inf), None, None, None, unless_refractory=False)

_ZERO: dict[str, Expression] = {"float": Number(0.0), "int": Number(0), "bool": Boolean(False)}


def declared_variables(spec: ModelSpec, texts: Texts) -> tuple[Variable, ...]:
    """Variables in the order of their first mention on a left side.

    Raises:
        EquationError: an event changes a name that leads nowhere.
    """
    held = _held(spec, texts)
    with_equation = {changed_by(equation): equation.flags for equation in texts.equations}
    declared = dict(with_equation)
    given = {spec.in_text(parameter.name) for parameter in spec.parameters} | {each.name for each in spec.inputs}
    for where, statement in texts.statements():
        name = statement.target
        if name == INCREMENT or name in declared:
            continue
        with told(spec, where):
            if name not in given:  # whether it may be changed at all is for the rules to say
                read = _read_elsewhere(spec, texts, name)
                if spec.kind is Kind.SYNAPSE:
                    sends_by_target(statement, read)
                leads_somewhere(statement, declared.keys(), read, declares=spec.order is Order.ANNARCHY)
        # In ANNarchy's order bounds of a statement hold for what it does alone.
        is_own = spec.order is Order.ANNARCHY
        declared[name] = replace(statement.flags, minimum=None, maximum=None) if is_own else statement.flags
    intermediate = _intermediate(spec, texts) - with_equation.keys()
    variables = (
        replace(_variable(name, flags, name in held, changeable_parameters(spec)), is_kept=name not in intermediate)
        for name, flags in declared.items()
    )
    return (*variables, *([_LAST_SPIKE] if _asks_when(spec, texts) else []))


def _asks_when(spec: ModelSpec, texts: Texts) -> bool:
    """Whether a cell reads when it has spiked last."""
    spikes = texts.spike is not None or texts.emits is not None
    return spec.kind is Kind.CELL and spikes and any(T_LAST in names for _, names in _readings(texts))


def changeable_parameters(spec: ModelSpec) -> frozenset[str]:
    """Parameters that a synapse may change, by their names in the text: its weight."""
    names = {parameter.name for parameter in spec.parameters}
    return frozenset({spec.weight} if spec.kind is Kind.SYNAPSE and WEIGHT in names else ())


def _intermediate(spec: ModelSpec, texts: Texts) -> set[str]:
    """Variables of a synapse that carry nothing from one spike to the next, nor are to be seen.

    Whoever reads one has assigned it before in the same handler; one with an initial value or a unit is to be kept, and
    one that is read in every step. In ANNarchy's order all are, as users of that expect to read them.
    """
    if spec.kind is Kind.CELL or spec.order is Order.ANNARCHY:
        return set()
    handlers = (texts.pre_spike, texts.pre_axon_spike, texts.post_spike)
    targets = {statement.target for handler in handlers for statement in handler}
    in_steps = (*(value_of(equation) for equation in texts.equations), *([] if texts.psp is None else [texts.psp]))
    read_in_steps = set().union(*(identifiers(expression) for expression in in_steps))
    initialised = {s.target for handler in handlers for s in handler if s.flags.init is not None}
    carried = set().union(*(read_before_assigned(handler) for handler in handlers))
    kept = carried | initialised | read_in_steps | dict(spec.units).keys() | changeable_parameters(spec)
    return targets - kept


def read_before_assigned(handler: tuple[Assignment, ...]) -> set[str]:
    """Names whose value a handler takes over from before."""
    assigned: set[str] = set()
    carried: set[str] = set()
    for statement in handler:
        bounds = (bound for bound in (statement.flags.minimum, statement.flags.maximum) if bound is not None)
        carried |= set().union(*(identifiers(part) for part in (statement.value, *bounds))) - assigned
        if statement.flags.unless_post and statement.target not in assigned:
            carried.add(statement.target)
        assigned.add(statement.target)
    return carried


def _variable(name: str, flags: Flags, held: bool, parameters: AbstractSet[str]) -> Variable:
    dtype = flags.dtype or "float"
    init = Name(name) if name in parameters else _ZERO[dtype]
    return Variable(
        name=name,
        init=init if flags.init is None else flags.init,
        minimum=flags.minimum,
        maximum=flags.maximum,
        method="event-driven" if flags.event_driven else flags.method,
        unless_refractory=held,
        locality=LOCALITIES[flags.locality or "local"],
        dtype=dtype,
    )


def _held(spec: ModelSpec, texts: Texts) -> set[str]:
    """Variables that stand still in refractoriness.

    Those with the flag; in ANNarchy's order of a step, where no variable has it, all but the conductances ``g_*``.
    """
    flagged = {changed_by(equation) for equation in texts.equations if equation.flags.unless_refractory}
    if flagged or spec.order is Order.PYNN or texts.refractory is None:
        return flagged
    changed = {changed_by(equation): LOCALITIES[equation.flags.locality or "local"] for equation in texts.equations}
    return {name for name, locality in changed.items() if locality == "local" and not name.startswith("g_")}


def _read_elsewhere(spec: ModelSpec, texts: Texts, name: str) -> set[str]:
    """The name, where it has a unit or is read by anything but statements that change it; else nothing."""
    read = {reader for reader, of in _readings(texts) if name in of}
    return {name} if read - {name} or name in dict(spec.units) else set()


def _readings(texts: Texts) -> Iterator[tuple[str, frozenset[str]]]:
    """For each expression: what it changes ('' for none), and the names that it reads."""
    for equation in (*texts.equations, *(statement for _, statement in texts.statements())):
        yield changed_by(equation), identifiers(value_of(equation))
        for bound in (equation.flags.minimum, equation.flags.maximum):
            if bound is not None:
                yield "", identifiers(bound)
    for expression in (texts.spike, texts.axon_spike, texts.emits, texts.refractory, texts.psp):
        if expression is not None:
            yield "", identifiers(expression)


def value_of(equation: Equation) -> Expression:
    """The right side."""
    return equation.rate if isinstance(equation, DifferentialEquation) else equation.value
