"""Which state variables a model has: those with an equation, and those that only events change."""

from __future__ import annotations

from collections.abc import Iterator

from pynn_annarchy.language.checks.definitions import changed_by, leads_somewhere
from pynn_annarchy.language.flags import LOCALITIES
from pynn_annarchy.language.syntax import Boolean, DifferentialEquation, Equation, Expression, Flags, Number
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.checked import Variable
from pynn_annarchy.model.spec import ModelSpec, Order
from pynn_annarchy.model.texts import Texts
from pynn_annarchy.model.told import told

INCREMENT = "g_target"
"""What a synapse sends; collected by its target, no variable of its own."""

_ZERO: dict[str, Expression] = {"float": Number(0.0), "int": Number(0), "bool": Boolean(False)}


def declared_variables(spec: ModelSpec, texts: Texts) -> tuple[Variable, ...]:
    """Variables in the order of their first mention on a left side.

    Raises:
        EquationError: an event changes a name that leads nowhere.
    """
    held = _held(spec, texts)
    declared = {changed_by(equation): equation.flags for equation in texts.equations}
    for where, statement in texts.statements():
        name = statement.target
        if name == INCREMENT or name in declared:
            continue
        with told(spec, where):
            leads_somewhere(statement, declared.keys(), _read_elsewhere(spec, texts, name))
        declared[name] = statement.flags
    return tuple(_variable(name, flags, name in held) for name, flags in declared.items())


def _variable(name: str, flags: Flags, held: bool) -> Variable:
    dtype = flags.dtype or "float"
    return Variable(
        name=name,
        init=_ZERO[dtype] if flags.init is None else flags.init,
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
    return {changed_by(equation) for equation in texts.equations if not changed_by(equation).startswith("g_")}


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
    for expression in (texts.spike, texts.emits):
        if expression is not None:
            yield "", identifiers(expression)


def value_of(equation: Equation) -> Expression:
    """The right side."""
    return equation.rate if isinstance(equation, DifferentialEquation) else equation.value
