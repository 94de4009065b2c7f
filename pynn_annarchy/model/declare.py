"""What users write about a cell or synapse type -> ModelSpec.

    parameters     declare_parameters   text or dictionaries -> ParameterSpecs
    equations      declare_texts        texts and Variables  -> one text, and what it mentions
    all of them    draft                grow a specification part by part, with constants and functions from outside
    here                                what kind of model it is, what it receives and transmits

The model is checked at once, so that what is wrong is told where it is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.declare_parameters import as_text, one_text
from pynn_annarchy.model.declare_texts import Lines, mentions_name
from pynn_annarchy.model.declared import NOTHING, Declared, Surroundings
from pynn_annarchy.model.draft import Draft, Parameters
from pynn_annarchy.model.spec import WEIGHT, Kind, ModelSpec, Order

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
        axon_spike, axon_reset: a second condition and what follows it, for spikes of which only ``pre_axon_spike`` of
            synapses hears.
        refractory: ms, or an expression.
        extra_values: numbers that texts may mention by name.
        takes_current: whether the name `CURRENT` means injected currents.
        units: unit by variable or parameter.
        around: constants and functions known outside of the model.

    Raises:
        EquationError: the text is wrong; with a caret.
        ModelError: what is no text is wrong.
    """
    model = ModelSpec(name=_name(name, "Neuron"), kind=Kind.CELL, order=order, description=_one_line(description))
    draft = Draft(model, extra_values, around, units)
    draft.take_parameters(parameters)
    draft.model = replace(
        draft.model,
        spike=one_text(model, "spike", spike),
        axon_spike=one_text(model, "axon_spike", axon_spike),
        functions=as_text(model, "functions", functions),
    )
    draft.take_texts(equations=equations, reset=reset, axon_reset=axon_reset)
    draft.take_refractory(refractory)
    draft.hold_in_refractoriness()
    mentioned = draft.take_surroundings()
    if draft.model.spike.strip():
        draft.take_receptors(mentioned)
    elif RATE not in mentioned.changed and RATE not in draft.names:
        raise ModelError(
            f"cell type '{model.name}': rate-coded neurons must define the variable 'r', e.g. 'r = positive(v)' "
            "(spiking ones need a 'spike')"
        )
    if takes_current:
        draft.take_current(mentioned)
    draft.take_sums(mentioned)
    return draft.finish()


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
    """A synapse type, spiking where there are statements at spikes, else transmitting all the time.

    Without a ``psp`` a rate-coded one transmits ``w*pre.r``; without ``psp`` and ``pre_spike`` a spiking one sends its
    weight.

    Args:
        weight: what the text calls the weight; None: 'weight' where that is mentioned, else 'w'.

    Raises:
        EquationError: the text is wrong; with a caret.
        ModelError: what is no text is wrong.
    """
    if weight is None:
        texts = (parameters, equations, psp, pre_spike, pre_axon_spike, post_spike)
        weight = WEIGHT if mentions_name(WEIGHT, *texts) else "w"
    model = ModelSpec(
        name=_name(name, "Synapse"),
        kind=Kind.SYNAPSE,
        order=order,
        description=_one_line(description),
        weight=weight,
        operation=operation,
    )
    _refuse_later(model, pruning=pruning, creating=creating)
    draft = Draft(model, extra_values, around, units)
    draft.take_parameters(parameters)
    draft.model = replace(draft.model, functions=as_text(model, "functions", functions))
    draft.take_texts(equations=equations, pre_spike=pre_spike, pre_axon_spike=pre_axon_spike, post_spike=post_spike)
    draft.model = replace(draft.model, psp=one_text(model, "psp", psp))
    draft.take_weight()
    draft.model = _with_transmission(draft.model)
    draft.take_surroundings()
    return draft.finish()


def _with_transmission(model: ModelSpec) -> ModelSpec:
    """What is transmitted where the user does not say it."""
    if model.psp.strip() or model.pre_spike.strip() or model.pre_axon_spike.strip():
        return model
    if model.post_spike.strip():
        return replace(model, pre_spike=f"g_target += {model.weight}")
    return replace(model, psp=f"{model.weight}*pre.{RATE}")


def _refuse_later(model: ModelSpec, **given: Any) -> None:
    """What is not available in this version, by its name."""
    for name, value in given.items():
        if value is not None and value != "":
            raise ModelError(f"{model.kind.value} type '{model.name}': '{name}' is not available in this version")


def _name(given: str, otherwise: str) -> str:
    if given and not isinstance(given, str):
        raise ModelError(f"the name of a type must be text, not {given!r}")
    return given or otherwise


def _one_line(text: str) -> str:
    return " ".join((text or "").split())
