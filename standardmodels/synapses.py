"""PyNN's synapse types."""

from __future__ import annotations

from pyNN.standardmodels import build_translations, synapses

from pynn_annarchy import simulator
from pynn_annarchy.standardmodels import specs
from pynn_annarchy.standardmodels.later import comes_later


class StaticSynapse(synapses.StaticSynapse):
    __doc__ = synapses.StaticSynapse.__doc__
    translations = build_translations(("weight", "weight"), ("delay", "delay"))
    spec = specs.STATIC_SYNAPSE

    def _get_minimum_delay(self) -> float:
        """The delay of synapses that are given none, in ms: min_delay, or a time step where that is 'auto'."""
        smallest = simulator.state.delay_limits[0]
        return simulator.state.dt if smallest == "auto" else float(smallest)


AdditivePotentiationMultiplicativeDepression = comes_later("AdditivePotentiationMultiplicativeDepression")
AdditiveWeightDependence = comes_later("AdditiveWeightDependence")
ElectricalSynapse = comes_later("ElectricalSynapse")
GutigWeightDependence = comes_later("GutigWeightDependence")
MultiplicativeWeightDependence = comes_later("MultiplicativeWeightDependence")
MultiQuantalSynapse = comes_later("MultiQuantalSynapse")
SimpleStochasticSynapse = comes_later("SimpleStochasticSynapse")
SpikePairRule = comes_later("SpikePairRule")
STDPMechanism = comes_later("STDPMechanism")
StochasticTsodyksMarkramSynapse = comes_later("StochasticTsodyksMarkramSynapse")
TsodyksMarkramSynapse = comes_later("TsodyksMarkramSynapse")
Vogels2011Rule = comes_later("Vogels2011Rule")
