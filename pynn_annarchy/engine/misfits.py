"""Errors of synapse types: between cells for which they make no sense, and those that have grown too far."""

from __future__ import annotations

from pynn_annarchy.engine.cells import Cells, Population, SpikeSource
from pynn_annarchy.engine.connectivity import Synapses
from pynn_annarchy.exceptions import EquationError, ModelError
from pynn_annarchy.model.seen import first_mention
from pynn_annarchy.model.sent import lines_behind_what_is_sent
from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.targets.compile import Options, checked_model

_NO_SPIKES = "give the cells a condition 'spike', or write a 'psp' or an equation of what is to happen all the time"
_NO_AXONAL_SPIKES = "give the cells a condition 'axon_spike'"


def check_cells(pre: Population, post: Population, spec: ModelSpec, label: str, options: Options) -> None:
    """Refuses synapses onto sources, and statements at spikes of cells that never spike.

    Raises:
        ModelError: the post-synaptic cells are sources.
        EquationError: with a caret under the first statement, the synapse type and the population.
    """
    if isinstance(post, SpikeSource):
        raise ModelError(f"'{label}': {no_input(post.label, spec)}")
    has_spikes = not isinstance(pre, Cells) or pre.can_spike
    has_axonal_spikes = isinstance(pre, Cells) and pre.axons is not None
    model = checked_model(spec, options)
    for where, is_there, cells, what, hint in (
        ("pre_spike", has_spikes, pre, "does not spike", _NO_SPIKES),
        ("pre_axon_spike", has_axonal_spikes, pre, "has no axonal spikes", _NO_AXONAL_SPIKES),
        ("post_spike", isinstance(post, Cells) and post.can_spike, post, "does not spike", _NO_SPIKES),
    ):
        if getattr(spec, where).strip() and not is_there:
            statement = getattr(model, where)[0]
            whose = f"'{cells.label}'" + (f" ({cells.spec.name})" if isinstance(cells, Cells) else "")
            message = f"{whose} {what}, so that this would never be executed"
            raise EquationError(statement.span, message, hint, f"in synapse type '{spec.name}', {where}")
    for moment, cells in (("t_pre", pre), ("t_post", post)):
        if isinstance(cells, Cells) and not cells.can_spike and (found := first_mention(model, moment)):
            where, span = found
            message = f"'{cells.label}' ({cells.spec.name}) does not spike, so that there is no '{moment}'"
            raise EquationError(
                span, message, "give the cells a condition 'spike'", f"in synapse type '{spec.name}', {where}"
            )


def no_input(label: str, spec: ModelSpec) -> str:
    """What to tell where synapses would end on cells that take no input; with the line that waits for their spikes."""
    waiting = [f"{line.strip()}   (post_spike)" for line in spec.post_spike.strip().splitlines()[:1]]
    message = f"the cells of '{label}' take no synaptic input: no synapse of type '{spec.name}' can end on them"
    return "\n  ".join([message, *waiting])


def too_large(synapses: Synapses, headroom: float, t: float, options: Options) -> ModelError:
    """What to tell where synapses have sent more than can be added up, or what is no number.

    Args:
        headroom: how far an increment may grow beyond the largest initial weight.
        t: in ms.
    """
    what = "what its synapses transmit is not finite"
    if synapses.input is None:
        what = f"a synaptic increment is not finite or larger than {headroom:g} times the largest initial weight"
    lines = lines_behind_what_is_sent(checked_model(synapses.spec, options))
    message = (
        f"projection '{synapses.label}': {what}, at t = {t} ms; in synapse type '{synapses.spec.name}' it follows from "
        "these lines (limit what grows, e.g. by ': min=0, max=w_max')"
    )
    return ModelError("\n  ".join([message, *lines]))
