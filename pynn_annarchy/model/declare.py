"""What users write about a cell or synapse type -> ModelSpec.

    parameters     declare_parameters   text or dictionaries -> ParameterSpecs
    equations      declare_texts        texts and Variables  -> one text, what it mentions
    here                                receptors, inputs, defaults, constants, functions -> ModelSpec

The model is checked at once, so that what is wrong is told where it is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

from pynn_annarchy.exceptions import EquationError, ModelError
from pynn_annarchy.language.checks.names import is_sum
from pynn_annarchy.language.names import suggestion, sum_of, target_of
from pynn_annarchy.language.parse import parse_functions
from pynn_annarchy.language.syntax import Call, Span
from pynn_annarchy.language.visit import nodes
from pynn_annarchy.model.check import check
from pynn_annarchy.model.declare_parameters import GivenParameter, as_text, parameters_of
from pynn_annarchy.model.declare_texts import (
    TARGET,
    Lines,
    Mentions,
    Written,
    held_in_refractoriness,
    mentions,
    mentions_name,
    written,
)
from pynn_annarchy.model.declared import NOTHING, Declared, Surroundings
from pynn_annarchy.model.own_functions import definitions_in
from pynn_annarchy.model.spec import WEIGHT, InputSpec, Kind, ModelSpec, Order, ParameterSpec, ReceptorSpec
from pynn_annarchy.model.told import told

Parameters = str | Sequence[str] | Mapping[str, Any] | None

REFRACTORY = "refractory_period"
"""The parameter that holds a refractory period that was given as a number, in ms."""

CURRENT = "i_inj"
"""The name by which equations mean injected currents, in nA, where the model does not declare it."""

RATE = "r"


def declare_neuron(
    *,
    parameters: Parameters = None,
    equations: Lines = None,
    spike: str | None = None,
    reset: Lines = None,
    refractory: float | str | None = None,
    functions: str | Sequence[str] | None = None,
    axon_spike: str | None = None,
    axon_reset: Lines = None,
    name: str = "",
    description: str = "",
    extra_values: Mapping[str, float] | None = None,
    order: Order,
    takes_current: bool = False,
    units: Mapping[str, str] | None = None,
    around: Surroundings = NOTHING,
) -> Declared:
    """A cell type, spiking where there is a ``spike``, else rate-coded.

    Args:
        parameters: text (``tau = 10.0 : population``, local unless flagged) or a dictionary (in ANNarchy's order
            global unless it holds a Parameter that says otherwise).
        equations: text, a Variable, or a list of both.
        refractory: ms, or an expression.
        extra_values: numbers that texts may mention by name.
        takes_current: whether the name `CURRENT` means injected currents.
        units: unit by variable or parameter.
        around: constants and functions known outside of the model.

    Raises:
        EquationError: the text is wrong; with a caret.
        ModelError: what is no text is wrong.
    """
    model = ModelSpec(name=name or "Neuron", kind=Kind.CELL, order=order, description=_one_line(description))
    _refuse_later(model, axon_spike=axon_spike, axon_reset=axon_reset)
    draft = _Draft(model, extra_values, around, units)
    draft.take_parameters(parameters)
    draft.take_refractory(refractory)
    draft.model = replace(draft.model, spike=spike or "", functions=as_text(model, "functions", functions))
    draft.take_texts(equations=equations, reset=reset)
    draft.hold_in_refractoriness()
    mentioned = draft.take_surroundings()
    if draft.model.spike.strip():
        draft.model = replace(draft.model, receptors=_receptors(draft.model, mentioned))
    elif RATE not in mentioned.changed and RATE not in draft.names:
        raise ModelError(
            f"cell type '{model.name}': rate-coded neurons must define the variable 'r', e.g. 'r = positive(v)' "
            "(spiking ones need a 'spike')"
        )
    return draft.finish(inputs=_inputs(mentioned, takes_current and CURRENT not in draft.names))


def declare_synapse(
    *,
    parameters: Parameters = None,
    equations: Lines = None,
    psp: str | None = None,
    operation: str = "sum",
    pre_spike: Lines = None,
    post_spike: Lines = None,
    functions: str | Sequence[str] | None = None,
    pre_axon_spike: Lines = None,
    pruning: Any = None,
    creating: Any = None,
    name: str = "",
    description: str = "",
    extra_values: Mapping[str, float] | None = None,
    order: Order,
    weight: str | None = "w",
    units: Mapping[str, str] | None = None,
    around: Surroundings = NOTHING,
) -> Declared:
    """A synapse type, spiking where there is a ``pre_spike`` or ``post_spike``, else transmitting all the time.

    Without a ``psp`` a rate-coded one transmits ``w*pre.r``; without ``psp`` and ``pre_spike`` a spiking one sends its
    weight.

    Args:
        weight: what the text calls the weight; None: 'weight' where that is mentioned, else 'w'.

    Raises:
        EquationError: the text is wrong; with a caret.
        ModelError: what is no text is wrong.
    """
    if weight is None:
        weight = WEIGHT if mentions_name(WEIGHT, parameters, equations, psp, pre_spike, post_spike) else "w"
    model = ModelSpec(
        name=name or "Synapse",
        kind=Kind.SYNAPSE,
        order=order,
        description=_one_line(description),
        weight=weight,
        operation=operation,
    )
    _refuse_later(model, pre_axon_spike=pre_axon_spike, pruning=pruning, creating=creating)
    draft = _Draft(model, extra_values, around, units)
    draft.take_parameters(parameters)
    draft.model = replace(draft.model, functions=as_text(model, "functions", functions))
    draft.take_texts(equations=equations, pre_spike=pre_spike, post_spike=post_spike)
    draft.model = replace(draft.model, psp=psp or "")
    draft.take_weight()
    draft.model = _with_transmission(draft.model)
    draft.take_surroundings()
    return draft.finish()


# where projections go


def receptors_used(spec: ModelSpec) -> tuple[str, ...]:
    """Names of the targets that a cell type uses, those of spikes first, then those of rates; '' for ``sum()``."""
    sums = (target_of(given.name) for given in spec.inputs if is_sum(given.name))
    return tuple(dict.fromkeys([*(receptor.name for receptor in spec.receptors), *sums]))


def input_of(post: ModelSpec, target: str, synapse: ModelSpec, label: str) -> str:
    """Where the synapses of a projection go in cells of a type: a receptor, or an input where they have a ``psp``.

    Args:
        label: of the projection, for messages.

    Raises:
        ModelError: the cells do not use the target; names those that they use.
    """
    inputs = [given.name for given in post.inputs]
    receptors = [receptor.name for receptor in post.receptors]
    if synapse.psp.strip():
        for name in (sum_of(target), sum_of(""), target):
            if name in inputs:
                return name
        if target in receptors:
            return sum_of(target)  # see with_psp
    elif target in receptors:
        return target
    targets = [*receptors_used(post), *(given.name for given in post.inputs if synapse.psp and not given.scheduled)]
    used = ", ".join(f"'{name}'" for name in targets if name and not is_sum(name)) or "none"
    near = suggestion(target, targets)
    only = (
        f"'{post.name}' takes '{target}' from rate-coded synapses only, in 'sum({target})'; "
        if (sum_of(target) in inputs)
        else ""
    )
    raise ModelError(
        f"'{label}': {only}the cells ({post.name}) have no target '{target}' for synapses of type '{synapse.name}'; "
        f"they use {used}" + (f"; {near}" if near else "")
    )


def with_psp(spec: ModelSpec, target: str) -> ModelSpec:
    """A spiking cell type whose target also takes what synapses transmit all the time, by the input ``sum(target)``.

    It is added to what spikes bring, in each step.
    """
    name = sum_of(target)
    if name in {given.name for given in spec.inputs}:
        return spec
    receptors = tuple(
        replace(receptor, increment=f"{receptor.increment} + {name}") if receptor.name == target else receptor
        for receptor in spec.receptors
    )
    return replace(spec, receptors=receptors, inputs=(*spec.inputs, InputSpec(name, unit="dimensionless")))


# the parts


class _Draft:
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
        parameter = ParameterSpec(REFRACTORY, float(given), "ms", not_negative=True)
        objection = parameter.objection(float(given))
        if objection:
            raise ModelError(f"cell type '{self.model.name}': 'refractory' {objection}")
        self.model = replace(self.model, parameters=(*self.model.parameters, parameter), refractory=REFRACTORY)

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
        self.model = replace(self.model, functions=_with_global_functions(self.model, mentioned, self._around))
        for name in mentioned.names:
            if name in self._known and name not in self.names and name not in mentioned.changed:
                parameter = ParameterSpec(name, float(self._known[name]), locality="global")
                self.model = replace(self.model, parameters=(*self.model.parameters, parameter))
                if name not in self._extra:
                    self._constants.append(name)
        return mentioned

    def finish(self, inputs: tuple[InputSpec, ...] = ()) -> Declared:
        """The checked model."""
        units = tuple((name, unit) for name, unit in self._units.items() if name not in self.names)
        spec = replace(self.model, inputs=inputs, units=units)
        check(spec)
        return Declared(spec, self._values, tuple(self._constants))


def _with_transmission(model: ModelSpec) -> ModelSpec:
    """What is transmitted where the user does not say it."""
    if model.psp.strip() or model.pre_spike.strip():
        return model
    if model.post_spike.strip():
        return replace(model, pre_spike=f"g_target += {model.weight}")
    return replace(model, psp=f"{model.weight}*pre.{RATE}")


def _receptors(model: ModelSpec, mentioned: Mentions) -> tuple[ReceptorSpec, ...]:
    """A receptor for each target: what arrives is added where the cell has an equation for it, else it is all of it."""
    parameters = {parameter.name for parameter in model.parameters}
    found = []
    for name in dict.fromkeys([*mentioned.names, *sorted(mentioned.changed)]):
        if not name.startswith(TARGET) or name == TARGET or name in parameters:
            continue
        if name not in mentioned.changed:
            found.append(ReceptorSpec(name.removeprefix(TARGET), f"{name} = input"))
        elif name in mentioned.carried:
            found.append(ReceptorSpec(name.removeprefix(TARGET), f"{name} += input"))
    return tuple(found)


def _inputs(mentioned: Mentions, takes_current: bool) -> tuple[InputSpec, ...]:
    sums = tuple(InputSpec(name, unit="dimensionless") for name in mentioned.names if is_sum(name))
    is_current = takes_current and CURRENT in mentioned.names and CURRENT not in mentioned.changed
    return (*((InputSpec(CURRENT),) if is_current else ()), *sums)


def _with_global_functions(model: ModelSpec, mentioned: Mentions, around: Surroundings) -> str:
    """The model's own functions, after those from outside that it, or one of these, calls."""
    definitions = parse_functions(around.functions)
    wanted = set(mentioned.calls)
    for definition in reversed(definitions):
        if definition.name in wanted:
            wanted |= {node.function for node in nodes(definition.body) if isinstance(node, Call)}
    texts = [text for name, text in definitions_in(around.functions).items() if name in wanted]
    return "\n".join([*texts, model.functions] if model.functions else texts)


def _refuse_later(model: ModelSpec, **given: Any) -> None:
    """What is not available in this version, by its name."""
    for name, value in given.items():
        if value is not None and value != "":
            raise ModelError(f"{model.kind.value} type '{model.name}': '{name}' is not available in this version")


def _one_line(text: str) -> str:
    return " ".join((text or "").split())
