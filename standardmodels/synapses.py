"""PyNN's synapse types."""

from __future__ import annotations

from typing import Any

from pyNN.standardmodels import base, build_translations, synapses

from pynn_annarchy import simulator
from pynn_annarchy.standardmodels import specs
from pynn_annarchy.standardmodels.later import comes_later


def check_weights(weights: Any, projection: Any) -> None:
    """PyNN's rules for the sign of weights; none where the cell's own equations give the sign its meaning.

    Raises:
        ConnectionError: weights of the wrong sign, or of both.
    """
    is_conductance, receptor = projection.post.conductance_based, projection.receptor_type
    inhibits_by_sign = is_conductance is False and receptor in base.inhibitory_receptor_types
    if is_conductance or inhibits_by_sign or receptor in base.excitatory_receptor_types:
        base.check_weights(weights, projection)


class StaticSynapse(synapses.StaticSynapse):
    __doc__ = synapses.StaticSynapse.__doc__
    translations = build_translations(("weight", "weight"), ("delay", "delay"))
    parameter_checks = {**synapses.StaticSynapse.parameter_checks, "weight": check_weights}
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
