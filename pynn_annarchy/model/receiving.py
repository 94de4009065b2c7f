"""Where in cells synapses go: a receptor takes what spikes bring, an input what is transmitted all the time."""

from __future__ import annotations

from dataclasses import replace

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.checks.names import is_sum
from pynn_annarchy.language.names import suggestion, sum_of, target_of
from pynn_annarchy.model.spec import InputSpec, ModelSpec


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
