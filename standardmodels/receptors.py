"""PyNN's post-synaptic responses, the parts of PointNeuron."""

from __future__ import annotations

from pyNN.standardmodels import build_translations, receptors

from pynn_annarchy.standardmodels import parts


class CurrExpPostSynapticResponse(receptors.CurrExpPostSynapticResponse):
    __doc__ = receptors.CurrExpPostSynapticResponse.__doc__
    part = parts.CURR_EXP
    translations = build_translations(("tau_syn", "tau_syn"))
    recordable = ["isyn"]


class CondExpPostSynapticResponse(receptors.CondExpPostSynapticResponse):
    __doc__ = receptors.CondExpPostSynapticResponse.__doc__
    part = parts.COND_EXP
    translations = build_translations(("e_syn", "e_rev"), ("tau_syn", "tau_syn"))
    recordable = ["gsyn"]


class CondAlphaPostSynapticResponse(receptors.CondAlphaPostSynapticResponse):
    __doc__ = receptors.CondAlphaPostSynapticResponse.__doc__
    part = parts.COND_ALPHA
    translations = build_translations(("e_syn", "e_rev"), ("tau_syn", "tau_syn"))
    recordable = ["gsyn"]


class CondBetaPostSynapticResponse(receptors.CondBetaPostSynapticResponse):
    __doc__ = receptors.CondBetaPostSynapticResponse.__doc__
    part = parts.COND_BETA
    translations = build_translations(("e_syn", "e_rev"), ("tau_rise", "tau_rise"), ("tau_decay", "tau_decay"))
    recordable = ["gsyn"]


AlphaPSR = CondAlphaPostSynapticResponse
BetaPSR = CondBetaPostSynapticResponse
ExpPSR = CondExpPostSynapticResponse
