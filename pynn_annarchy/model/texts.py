"""Every text of a ModelSpec as syntax, with the user's own functions expanded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.checks.definitions import changed_by
from pynn_annarchy.language.functions import expand, expand_definitions
from pynn_annarchy.language.parse import parse_equations, parse_expression, parse_functions, parse_statements
from pynn_annarchy.language.syntax import (
    Assignment,
    Call,
    DifferentialEquation,
    Equation,
    Expression,
    Flags,
    FunctionDefinition,
    Span,
)
from pynn_annarchy.model.checked import Receptor
from pynn_annarchy.model.spec import Kind, ModelSpec, Order, ReceptorSpec
from pynn_annarchy.model.told import told

Definitions = Mapping[str, FunctionDefinition]


@dataclass(frozen=True, slots=True)
class Texts:
    """What a model says, parsed, before any name is looked at; None and () for what it leaves out."""

    equations: tuple[Equation, ...]
    spike: Expression | None
    emits: Expression | None
    max_spikes: Expression
    reset: tuple[Assignment, ...]
    axon_spike: Expression | None
    axon_reset: tuple[Assignment, ...]
    refractory: Expression | None
    receptors: tuple[Receptor, ...]
    pre_spike: tuple[Assignment, ...]
    pre_axon_spike: tuple[Assignment, ...]
    post_spike: tuple[Assignment, ...]
    psp: Expression | None

    def statements(self) -> tuple[tuple[str, Assignment], ...]:
        """Statements of all events, each with the words for where it stands."""
        return (
            *(("reset", statement) for statement in self.reset),
            *(("axon_reset", statement) for statement in self.axon_reset),
            *((f"receptor '{receptor.name}'", receptor.increment) for receptor in self.receptors),
            *(("pre_spike", statement) for statement in self.pre_spike),
            *(("pre_axon_spike", statement) for statement in self.pre_axon_spike),
            *(("post_spike", statement) for statement in self.post_spike),
        )


def read(spec: ModelSpec) -> Texts:
    """Parse all texts of a specification.

    Raises:
        EquationError: a text breaks the grammar, or calls a function that does not exist.
    """
    with told(spec, "functions"):
        definitions = expand_definitions(parse_functions(spec.functions), spec.shared_names())
    return Texts(
        equations=_equations(spec, definitions),
        spike=_optional(spec, "spike", spec.spike, definitions),
        emits=_optional(spec, "emits", spec.emits, definitions),
        max_spikes=_expression(spec, "max_spikes", spec.max_spikes, definitions),
        reset=_statements(spec, "reset", spec.reset, definitions),
        axon_spike=_optional(spec, "axon_spike", spec.axon_spike, definitions),
        axon_reset=_statements(spec, "axon_reset", spec.axon_reset, definitions),
        refractory=_optional(spec, "refractory", spec.refractory, definitions),
        receptors=tuple(_receptor(spec, receptor, definitions) for receptor in spec.receptors),
        pre_spike=_statements(spec, "pre_spike", spec.pre_spike, definitions),
        pre_axon_spike=_statements(spec, "pre_axon_spike", spec.pre_axon_spike, definitions),
        post_spike=_statements(spec, "post_spike", spec.post_spike, definitions),
        psp=_optional(spec, "psp", spec.psp, definitions),
    )


def _equations(spec: ModelSpec, definitions: Definitions) -> tuple[Equation, ...]:
    declared = {spec.in_text(parameter.name) for parameter in spec.parameters} | {given.name for given in spec.inputs}
    with told(spec, "equations"):
        parsed = parse_equations(spec.equations, declared)
    return tuple(_equation(spec, equation, definitions) for equation in parsed)


def _equation(spec: ModelSpec, equation: Equation, definitions: Definitions) -> Equation:
    with told(spec, f"variable '{changed_by(equation)}'"):
        return _with_old_names(_expanded(equation, definitions), spec)


def _with_old_names(equation: Equation, spec: ModelSpec) -> Equation:
    """In synapses of ANNarchy that spikes visit, 'exact' is the former name of 'event-driven'."""
    visits = f"{spec.pre_spike}{spec.pre_axon_spike}".strip()
    is_visited = spec.kind is Kind.SYNAPSE and spec.order is Order.ANNARCHY and bool(visits)
    if not is_visited or equation.flags.method != "exact":
        return equation
    return replace(equation, flags=replace(equation.flags, method=None, event_driven=True))


def _statements(spec: ModelSpec, where: str, text: str, definitions: Definitions) -> tuple[Assignment, ...]:
    with told(spec, where):
        return tuple(_expanded_statement(statement, definitions) for statement in parse_statements(text))


def _expression(spec: ModelSpec, where: str, text: str, definitions: Definitions) -> Expression:
    with told(spec, where):
        return expand(parse_expression(text), definitions)


def _optional(spec: ModelSpec, where: str, text: str, definitions: Definitions) -> Expression | None:
    return _expression(spec, where, text, definitions) if text.strip() else None


def _receptor(spec: ModelSpec, receptor: ReceptorSpec, definitions: Definitions) -> Receptor:
    where = f"receptor '{receptor.name}'"
    statements = _statements(spec, where, receptor.increment, definitions)
    if len(statements) != 1:
        with told(spec, where):
            text = receptor.increment
            raise EquationError(Span(text, 0, len(text)), "an increment is one statement", "write e.g. 'isyn += input'")
    return Receptor(receptor.name, statements[0])


def _expanded(equation: Equation, definitions: Definitions) -> Equation:
    flags = _expanded_flags(equation.flags, definitions)
    if isinstance(equation, DifferentialEquation):
        return replace(equation, rate=expand(equation.rate, definitions), flags=flags)
    return replace(equation, value=expand(equation.value, definitions), flags=flags)


def _expanded_statement(statement: Assignment, definitions: Definitions) -> Assignment:
    flags = _expanded_flags(statement.flags, definitions)
    return replace(statement, value=expand(statement.value, definitions), flags=flags)


def _expanded_flags(flags: Flags, definitions: Definitions) -> Flags:
    def expanded(value: Expression | None) -> Expression | None:
        return None if value is None else expand(value, definitions)

    return replace(flags, init=expanded(flags.init), minimum=expanded(flags.minimum), maximum=expanded(flags.maximum))


def bounded(statement: Assignment) -> Assignment:
    """The statement with its own ``min=`` and ``max=`` written into its value."""
    value, flags = statement.value, statement.flags
    if flags.minimum is not None:
        value = Call("max", (value, flags.minimum), value.span)
    if flags.maximum is not None:
        value = Call("min", (value, flags.maximum), value.span)
    return replace(statement, value=value)
