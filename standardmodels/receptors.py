"""PyNN's post-synaptic responses, the parts of PointNeuron."""

from __future__ import annotations

from pynn_annarchy.standardmodels.later import comes_later

CondAlphaPostSynapticResponse = AlphaPSR = comes_later("CondAlphaPostSynapticResponse")
CondBetaPostSynapticResponse = BetaPSR = comes_later("CondBetaPostSynapticResponse")
CondExpPostSynapticResponse = ExpPSR = comes_later("CondExpPostSynapticResponse")
CurrExpPostSynapticResponse = comes_later("CurrExpPostSynapticResponse")
