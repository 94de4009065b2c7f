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
        label: whose synapses they are, for messages, e.g. ``projection 'proj0'``.

    Raises:
        ModelError: the cells do not use the target; names those that they use.
    """
    inputs = [given.name for given in post.inputs]
    receptors = [receptor.name for receptor in post.receptors]
    if synapse.psp.strip():
        for name in (sum_of(target), target, sum_of("")):
            if name in inputs:
                return name
        if target in receptors:
            return sum_of(target)  # see with_psp
    elif target in receptors:
        return target
    raise ModelError(f"{label}: {_no_target(post, target, synapse)}")


def _no_target(post: ModelSpec, target: str, synapse: ModelSpec) -> str:
    """Why synapses do not reach a target, and which ones there are."""
    if sum_of(target) in (given.name for given in post.inputs):
        return (
            f"cells of type '{post.name}' take '{target}' from synapses that transmit all the time, in "
            f"'{sum_of(target)}'; those of type '{synapse.name}' send at spikes: give them a 'psp', or the cells "
            f"'g_{target}' and a 'spike'"
        )
    others = (given.name for given in post.inputs if synapse.psp.strip() and not given.scheduled)
    targets = [name for name in (*receptors_used(post), *others) if name and not is_sum(name)]
    hint = suggestion(target, targets) or f"they use {', '.join(map(repr, targets)) or 'none'}"
    return f"cells of type '{post.name}' have no target '{target}'; {hint}"


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
