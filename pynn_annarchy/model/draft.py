"""A specification that grows part by part from what users write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from numbers import Real
from typing import Any

from pynn_annarchy.exceptions import EquationError, ModelError
from pynn_annarchy.language.checks.names import is_sum
from pynn_annarchy.language.parse import parse_functions
from pynn_annarchy.language.syntax import Call, FunctionDefinition, Span
from pynn_annarchy.language.visit import names_in, nodes
from pynn_annarchy.model.check import check
from pynn_annarchy.model.declare_parameters import GivenParameter, parameters_of
from pynn_annarchy.model.declare_texts import (
    TARGET,
    Lines,
    Mentions,
    Written,
    held_in_refractoriness,
    mentions,
    written,
)
from pynn_annarchy.model.declared import Declared, Surroundings
from pynn_annarchy.model.own_functions import definitions_in
from pynn_annarchy.model.refractory import with_refractory
from pynn_annarchy.model.spec import WEIGHT, InputSpec, Kind, ModelSpec, Order, ParameterSpec, ReceptorSpec
from pynn_annarchy.model.told import told

Parameters = str | Sequence[str] | Mapping[str, Any] | None

CURRENT = "i_inj"
"""The name by which equations mean injected currents, in nA, where the model does not declare it."""


class Draft:
    """A specification that grows part by part."""

    def __init__(
        self,
        model: ModelSpec,
        extra_values: Mapping[str, float] | None,
        around: Surroundings,
        units: Mapping[str, str] | None,
    ) -> None:
        self.model = model
        self._extra = dict(extra_values or {})
        self._around = around
        self._units = dict(units or {})
        self._known = {**around.constants, **self._extra}
        self._values: dict[str, Any] = {}
        self._constants: list[str] = []

    @property
    def names(self) -> frozenset[str]:
        """Names of parameters in the text."""
        return frozenset(self.model.in_text(parameter.name) for parameter in self.model.parameters)

    def take_parameters(self, given: Parameters) -> None:
        for parameter in parameters_of(self.model, given, self._known):
            self._add(parameter)

    def _add(self, parameter: GivenParameter) -> None:
        """Takes a parameter; that of the weight by the engine's name."""
        own = parameter.spec.name
        is_weight = self.model.kind is Kind.SYNAPSE and own == self.model.weight
        if self.model.kind is Kind.SYNAPSE and own == WEIGHT and not is_weight:
            with told(self.model, "parameters"):
                message = f"'{own}' is another word for the weight, which is '{self.model.weight}' here"
                raise EquationError(Span(own, 0, len(own)), message, "choose another name")
        unit = self._units.get(own, parameter.spec.unit)
        spec = replace(parameter.spec, name=WEIGHT if is_weight else own, unit=unit)
        self.model = replace(self.model, parameters=(*self.model.parameters, spec))
        if parameter.drawn is not None:
            self._values[spec.name] = parameter.drawn

    def take_refractory(self, given: float | str | None) -> None:
        """A number becomes a parameter, so that it can be set."""
        if given is None:
            return
        if isinstance(given, str):
            self.model = replace(self.model, refractory=given)
            return
        if not isinstance(given, Real) or isinstance(given, bool):
            raise ModelError(f"cell type '{self.model.name}': 'refractory' is a number of ms or text, not {given!r}")
        self.model = with_refractory(self.model, float(given))

    def take_texts(self, **parts: Lines) -> None:
        """Equations and statements of events, by the names of their fields."""
        for where, lines in parts.items():
            part: Written = written(self.model, where, lines, self.names, self._known)
            self.model = replace(self.model, **{where: part.text})  # type: ignore[arg-type]
            self._values.update(part.initial)

    def hold_in_refractoriness(self) -> None:
        """In PyNN's order too, all but ``g_*`` stands still in refractoriness where no flag says what does."""
        if self.model.order is Order.PYNN and self.model.refractory.strip():
            held = held_in_refractoriness(self.model.equations, self.names)
            self.model = replace(self.model, equations=held)

    def take_weight(self) -> None:
        """Every synapse has a weight, whether it is declared or not."""
        initial = self._values.pop(self.model.weight, None)
        declared = {parameter.name: parameter for parameter in self.model.parameters}
        weight = declared.pop(
            WEIGHT, ParameterSpec(WEIGHT, 0.0, unit=self._units.get(self.model.weight, "dimensionless"))
        )
        if isinstance(initial, (int, float)):
            weight = replace(weight, default=float(initial))
        elif initial is not None:
            self._values[WEIGHT] = initial
        self.model = replace(self.model, parameters=(weight, *declared.values()))

    def take_surroundings(self) -> Mentions:
        """Extra values, constants and functions that the texts mention become parts of the model."""
        mentioned = mentions(self.model, self.names)
        own = {*mentioned.changed, *self.names} - self.model.shared_names()
        with told(self.model, "functions"):
            functions = _with_global_functions(self.model, mentioned, self._around, own)
        self.model = replace(self.model, functions=functions)
        mentioned = mentions(self.model, self.names)
        for name in mentioned.names:
            if name in self._known and name not in self.names and name not in mentioned.changed:
                parameter = ParameterSpec(name, float(self._known[name]), locality="global")
                self.model = replace(self.model, parameters=(*self.model.parameters, parameter))
                if name not in self._extra:
                    self._constants.append(name)
        return mentioned

    def take_receptors(self, mentioned: Mentions, besides: AbstractSet[str] = frozenset()) -> None:
        """A receptor for each ``g_target``: what arrives is added where it has an equation, else it is all of it.

        Args:
            besides: names that are something else.
        """
        names = dict.fromkeys([*mentioned.names, *sorted(mentioned.changed)])
        targets = [name for name in names if name.startswith(TARGET) and name != TARGET]
        for name in targets:
            if name in self.names or name in besides:
                continue
            if name not in mentioned.changed:
                self._add_receptor(name, "=")
            elif name in mentioned.carried:
                self._add_receptor(name, "+=")

    def _add_receptor(self, name: str, operator: str) -> None:
        receptor = ReceptorSpec(name.removeprefix(TARGET), f"{name} {operator} input")
        self.model = replace(self.model, receptors=(*self.model.receptors, receptor))

    def take_current(self, mentioned: Mentions) -> None:
        """The input for injected currents, where the texts read it and nothing declares it."""
        if CURRENT in mentioned.names and CURRENT not in mentioned.changed and CURRENT not in self.names:
            self.model = replace(self.model, inputs=(*self.model.inputs, InputSpec(CURRENT)))

    def take_sums(self, mentioned: Mentions) -> None:
        """An input for each ``sum(target)`` that there is none for."""
        known = {given.name for given in self.model.inputs}
        sums = [InputSpec(name, unit="dimensionless") for name in mentioned.names if is_sum(name) and name not in known]
        self.model = replace(self.model, inputs=(*self.model.inputs, *sums))

    def finish(self, units: tuple[tuple[str, str], ...] = ()) -> Declared:
        """The checked model.

        Args:
            units: of variables, before those that the user gives.
        """
        own = {name: unit for name, unit in self._units.items() if name not in self.names}
        spec = replace(self.model, units=tuple({**dict(units), **own}.items()))
        check(spec)
        return Declared(spec, self._values, tuple(self._constants))


def _with_global_functions(model: ModelSpec, mentioned: Mentions, around: Surroundings, own: AbstractSet[str]) -> str:
    """The model's own functions, after those from outside that it, or one of these, calls.

    Args:
        own: names by which the model means what differs between its elements.
    """
    definitions = parse_functions(around.functions)
    wanted = set(mentioned.calls)
    for definition in reversed(definitions):
        if definition.name in wanted:
            _reads_constants(definition, own)
            wanted |= {node.function for node in nodes(definition.body) if isinstance(node, Call)}
    texts = [text for name, text in definitions_in(around.functions).items() if name in wanted]
    return "\n".join([*texts, model.functions] if model.functions else texts)


def _reads_constants(definition: FunctionDefinition, own: AbstractSet[str]) -> None:
    for name in names_in(definition.body):
        if name.identifier in own and name.identifier not in definition.parameters:
            message = f"'{name.identifier}' is a constant in '{definition.name}', but the model declares it itself"
            raise EquationError(name.span, message, "call the model's own one otherwise")
