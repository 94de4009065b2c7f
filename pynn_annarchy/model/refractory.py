"""Models whose refractory period is a parameter."""

from __future__ import annotations

from dataclasses import replace

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.declare_texts import mentions_name
from pynn_annarchy.model.spec import REFRACTORY, ModelSpec, ParameterSpec


def with_refractory(model: ModelSpec, period: float = 0.0) -> ModelSpec:
    """A cell type whose refractory period, in ms, is a parameter: the one that its `refractory` names.

    Raises:
        ModelError: it is negative.
    """
    declared = {parameter.name for parameter in model.parameters}
    name = REFRACTORY
    while name in declared or mentions_name(
        name, model.equations, model.spike, model.reset, model.axon_spike, model.axon_reset, model.functions
    ):
        name += "_"
    parameter = ParameterSpec(name, period, "ms", not_negative=True)
    objection = parameter.objection(period)
    if objection:
        raise ModelError(f"cell type '{model.name}': 'refractory' {objection}")
    return replace(model, parameters=(*model.parameters, parameter), refractory=name)
