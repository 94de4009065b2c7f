"""PyNN's point neurons over the equations of `specs`, in PyNN's names and units throughout."""

from __future__ import annotations

from pyNN.standardmodels import build_translations, cells

from pynn_annarchy.standardmodels import specs
from pynn_annarchy.standardmodels.later import comes_later, needs_compartments

_MEMBRANE = ("v_rest", "cm", "tau_m", "tau_refrac", "i_offset", "v_reset", "v_thresh")
_SYNAPSES = ("tau_syn_E", "tau_syn_I")
_REVERSAL = ("e_rev_E", "e_rev_I")


def _identity(*names: str) -> dict[str, dict[str, object]]:
    return build_translations(*((name, name) for name in names))


class IF_curr_exp(cells.IF_curr_exp):
    __doc__ = cells.IF_curr_exp.__doc__
    translations = _identity(*_MEMBRANE, *_SYNAPSES)
    recordable = ["spikes", "v", "isyn_exc", "isyn_inh"]
    spec = specs.IF_CURR_EXP


class IF_curr_alpha(cells.IF_curr_alpha):
    __doc__ = cells.IF_curr_alpha.__doc__
    translations = _identity(*_MEMBRANE, *_SYNAPSES)
    recordable = ["spikes", "v", "isyn_exc", "isyn_inh"]
    spec = specs.IF_CURR_ALPHA


class IF_curr_delta(cells.IF_curr_delta):
    __doc__ = cells.IF_curr_delta.__doc__
    translations = _identity(*_MEMBRANE)
    spec = specs.IF_CURR_DELTA


class IF_cond_exp(cells.IF_cond_exp):
    __doc__ = cells.IF_cond_exp.__doc__
    translations = _identity(*_MEMBRANE, *_SYNAPSES, *_REVERSAL)
    spec = specs.IF_COND_EXP


class IF_cond_alpha(cells.IF_cond_alpha):
    __doc__ = cells.IF_cond_alpha.__doc__
    translations = _identity(*_MEMBRANE, *_SYNAPSES, *_REVERSAL)
    spec = specs.IF_COND_ALPHA


AdExp = comes_later("AdExp")
EIF_cond_alpha_isfa_ista = comes_later("EIF_cond_alpha_isfa_ista")
EIF_cond_exp_isfa_ista = comes_later("EIF_cond_exp_isfa_ista")
GIF_cond_exp = comes_later("GIF_cond_exp")
HH_cond_exp = comes_later("HH_cond_exp")
IF_cond_exp_gsfa_grr = comes_later("IF_cond_exp_gsfa_grr")
IF_facets_hardware1 = comes_later("IF_facets_hardware1")
Izhikevich = comes_later("Izhikevich")
LIF = comes_later("LIF")
MultiCompartmentNeuron = needs_compartments("MultiCompartmentNeuron")
PointNeuron = comes_later("PointNeuron")
