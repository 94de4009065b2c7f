"""The predefined neurons and synapses as classes: each is a Neuron or Synapse whose keywords are its parameters."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Mapping
from typing import Any

from pynn_annarchy.ann.models import Neuron, Parameter, Synapse
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.names import suggestion
from pynn_annarchy.language.parse import parse_expression
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.standardmodels import annarchy
from pynn_annarchy.standardmodels.annarchy import Given, Predefined


def list_standard_neurons() -> list[type[Neuron]]:
    """The predefined neuron types."""
    return [globals()[declared.name] for declared in annarchy.NEURONS]


def list_standard_synapses() -> list[type[Synapse]]:
    """The predefined synapse types."""
    return [globals()[declared.name] for declared in annarchy.SYNAPSES]


class _Piece(str):
    """A piece of an equation; with the format ``+`` it is added, unless it is empty."""

    def __format__(self, spec: str) -> str:
        if spec == "+":
            return f" + {self}" if self else ""
        return super().__format__(spec)


def _type_of(declared: Predefined, base: type) -> type:
    """The class of a predefined neuron or synapse."""
    signature = inspect.Signature(
        [
            inspect.Parameter(given.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=given.default)
            for given in declared.given
        ]
    )

    def begin(self: Any, *args: Any, **keywords: Any) -> None:
        bound = signature.bind(*args, **_known(declared, keywords))
        bound.apply_defaults()
        base.__init__(self, **_texts(declared, bound.arguments))

    attributes = {
        "__init__": begin,
        "__signature__": signature,
        "__doc__": _documentation(declared),
        "__module__": __name__,
    }
    return type(declared.name, (base,), attributes)


def _known(declared: Predefined, keywords: dict[str, Any]) -> dict[str, Any]:
    names = [given.name for given in declared.given]
    for keyword in keywords:
        if keyword not in names:
            hint = suggestion(keyword, names) or f"it has {', '.join(names)}"
            raise TypeError(f"{declared.name} has no parameter '{keyword}' ({hint})")
    return keywords


def _texts(declared: Predefined, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a user would hand to Neuron or Synapse."""
    for name in declared.positive:
        if isinstance(values[name], numbers.Real) and values[name] <= 0:
            raise ModelError(
                f"{declared.name}: {name} must be greater than zero, got {values[name]}; choose a small value, or "
                "declare a synapse without it"
            )
    shown = {given.name: _shown(declared, given, values[given.name]) for given in declared.given}
    parameters = {
        given.name: Parameter(values[given.name], locality=given.locality) for given in declared.given if given.locality
    }
    for name, expression in declared.computed:
        numbers_given = {key: float(value) for key, value in shown.items() if not isinstance(value, _Piece)}
        parameters[name] = Parameter(float(evaluate(parse_expression(expression), numbers_given)), locality="global")
    texts = {
        key: getattr(declared, key).format_map(shown)
        for key in ("equations", "spike", "reset", "pre_spike", "post_spike")
        if getattr(declared, key)
    }
    if declared.refractory:
        is_parameter = declared.refractory in parameters
        texts["refractory"] = declared.refractory if is_parameter else float(shown[declared.refractory])
    return {"parameters": parameters, **texts, "name": declared.title, "description": declared.description}


def _shown(declared: Predefined, given: Given, value: Any) -> str:
    """How a value that is given stands in the texts: a number as it is, what is no number by its name."""
    if isinstance(given.default, str):
        return _Piece(value or "")
    if isinstance(value, numbers.Real):
        return repr(float(value))
    if not given.locality:
        raise ModelError(f"{declared.name}: {given.name} must be a number, got {value!r}")
    return given.name


def _documentation(declared: Predefined) -> str:
    source = f"\n\nSource: {declared.source}." if declared.source else ""
    arguments = "\n".join(f"    {given.name}: {given.meaning}." for given in declared.given)
    parts = [("Equations", declared.equations), ("Spike", declared.spike), ("Reset", declared.reset)]
    parts += [("At a pre-synaptic spike", declared.pre_spike), ("At a post-synaptic spike", declared.post_spike)]
    texts = "\n\n".join(f"{heading}::\n\n{_indented(text)}" for heading, text in parts if text)
    return f"{declared.description}{source}\n\nArgs:\n{arguments}\n\n{texts}\n"


def _indented(text: str) -> str:
    return "\n".join(f"    {line.strip()}" for line in text.strip().splitlines())


LeakyIntegrator = _type_of(annarchy.LEAKY_INTEGRATOR, Neuron)
Izhikevich = _type_of(annarchy.IZHIKEVICH, Neuron)
IF_curr_exp = _type_of(annarchy.IF_CURR_EXP, Neuron)
IF_cond_exp = _type_of(annarchy.IF_COND_EXP, Neuron)
IF_curr_alpha = _type_of(annarchy.IF_CURR_ALPHA, Neuron)
IF_cond_alpha = _type_of(annarchy.IF_COND_ALPHA, Neuron)
EIF_cond_exp_isfa_ista = _type_of(annarchy.EIF_COND_EXP_ISFA_ISTA, Neuron)
EIF_cond_alpha_isfa_ista = _type_of(annarchy.EIF_COND_ALPHA_ISFA_ISTA, Neuron)
GIF_curr = _type_of(annarchy.GIF_CURR, Neuron)
GIF_curr_exp = _type_of(annarchy.GIF_CURR_EXP, Neuron)
HH_cond_exp = _type_of(annarchy.HH_COND_EXP, Neuron)

Hebb = _type_of(annarchy.HEBB, Synapse)
Oja = _type_of(annarchy.OJA, Synapse)
IBCM = _type_of(annarchy.IBCM, Synapse)
STP = _type_of(annarchy.STP, Synapse)
STDP = _type_of(annarchy.STDP, Synapse)
