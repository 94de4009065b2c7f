"""PyNN's synapse types over the equations of `specs` and `synapse_specs`."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyNN import errors
from pyNN.standardmodels import base, build_translations, synapses

from pynn_annarchy import simulator
from pynn_annarchy.model.receiving import input_of
from pynn_annarchy.standardmodels import specs, synapse_specs

DENDRITIC = "dendritic_delay_fraction"
"""A parameter of synapse types that all synapses of a projection share, and that is fixed when they are made."""


ANY = "any"
"""The receptor type of cells that use ``sum()``, what all projections bring, besides those that they name."""


def check_weights(weights: Any, projection: Any) -> None:
    """PyNN's rules for the sign of weights; none where the cell's own equations give the sign its meaning.

    Raises:
        ConnectionError: weights of the wrong sign, or of both.
    """
    is_conductance, receptor = projection.post.conductance_based, projection.receptor_type
    inhibits_by_sign = is_conductance is False and receptor in base.inhibitory_receptor_types
    if is_conductance or inhibits_by_sign or receptor in base.excitatory_receptor_types:
        base.check_weights(weights, projection)


def check_conductances(weights: Any, projection: Any) -> None:
    """ConnectionError where a conductance is negative."""
    if np.min(weights, initial=0.0) < 0:
        raise errors.ConnectionError(
            f"projection '{projection.label}': the conductance of a gap junction is not negative"
        )


def _identity(*names: str) -> dict[str, dict[str, object]]:
    return build_translations(*((name, name) for name in names))


class Synapse:
    """What all synapse types share."""

    parameter_checks = {**base.StandardSynapseType.parameter_checks, "weight": check_weights}

    spec: Any
    """Its equations."""

    def _get_minimum_delay(self) -> float:
        """The delay of synapses that are given none, in ms: min_delay, or a time step where that is 'auto'."""
        smallest = simulator.state.delay_limits[0]
        return simulator.state.dt if smallest == "auto" else float(smallest)

    is_mutual = False
    """Whether one connection acts on both of its cells."""

    def input_of(self, post: Any, receptor_type: str) -> str:
        """The target by which what is sent arrives in a population of the engine.

        Raises:
            ModelError: the cells have nothing of that name for such synapses.
        """
        target = "" if receptor_type == ANY else receptor_type
        input_of(post.spec, target, self.spec, f"population '{post.label}'")
        return target

    def given_by_cells(self, post: Any, receptor_type: str) -> dict[str, Any]:
        """Parameters that follow from the post-synaptic cells: by name, one value for each of them."""
        return {}


def dendritic_fraction(synapse_type: Any) -> float:
    """The part of each delay that lies behind the synapse, one number for all synapses of a projection.

    Raises:
        ValueError: it is no number from 0 to 1.
    """
    fraction = synapse_type.parameter_space[DENDRITIC].base_value
    if not isinstance(fraction, float | int) or not 0 <= fraction <= 1:
        raise ValueError(
            f"{type(synapse_type).__name__}: {DENDRITIC} is one number for all synapses, from 0 to 1, not {fraction!r}"
        )
    return float(fraction)


class StaticSynapse(Synapse, synapses.StaticSynapse):
    __doc__ = synapses.StaticSynapse.__doc__
    translations = _identity("weight", "delay")
    spec = specs.STATIC_SYNAPSE


class TsodyksMarkramSynapse(Synapse, synapses.TsodyksMarkramSynapse):
    __doc__ = synapses.TsodyksMarkramSynapse.__doc__
    translations = _identity("weight", "delay", "U", "tau_rec", "tau_facil")
    spec = synapse_specs.TSODYKS_MARKRAM

    def given_by_cells(self, post: Any, receptor_type: str) -> dict[str, Any]:
        """The time constant of the synaptic current, of which the model's active state is an image.

        Raises:
            NotImplementedError: the cells have no such time constant.
        """
        names = {"excitatory": "tau_syn_E", "inhibitory": "tau_syn_I"}
        name = names.get(receptor_type, f"{receptor_type}.tau_syn")
        parts = post.populations if hasattr(post, "populations") else [post]
        if any(name not in part.celltype.get_parameter_names() for part in parts):
            raise NotImplementedError(
                f"TsodyksMarkramSynapse follows the decay of the synaptic current, but cells of '{post.label}' have "
                f"no parameter '{name}'; StochasticTsodyksMarkramSynapse and MultiQuantalSynapse need none"
            )
        return {"tau_psc": post.get(name, simplify=False)}


class SimpleStochasticSynapse(Synapse, synapses.SimpleStochasticSynapse):
    __doc__ = synapses.SimpleStochasticSynapse.__doc__
    translations = _identity("weight", "delay", "p")
    spec = synapse_specs.SIMPLE_STOCHASTIC


class StochasticTsodyksMarkramSynapse(Synapse, synapses.StochasticTsodyksMarkramSynapse):
    __doc__ = synapses.StochasticTsodyksMarkramSynapse.__doc__
    translations = _identity("weight", "delay", "U", "tau_rec", "tau_facil")
    spec = synapse_specs.STOCHASTIC_TSODYKS_MARKRAM


class MultiQuantalSynapse(Synapse, synapses.MultiQuantalSynapse):
    """A synapse with ``n`` release sites, each of which releases a quantum with the probability u and recovers.

    The weight is that of one quantum. Source: Fuhrmann et al. 2002, J. Neurophysiol. 87:140-148.
    """

    translations = _identity("weight", "delay", "U", "n", "tau_rec", "tau_facil")
    spec = synapse_specs.MULTI_QUANTAL


class AdditiveWeightDependence(synapses.AdditiveWeightDependence):
    __doc__ = synapses.AdditiveWeightDependence.__doc__
    translations = _identity("w_min", "w_max")
    dependence = synapse_specs.ADDITIVE


class MultiplicativeWeightDependence(synapses.MultiplicativeWeightDependence):
    __doc__ = synapses.MultiplicativeWeightDependence.__doc__
    translations = _identity("w_min", "w_max")
    dependence = synapse_specs.MULTIPLICATIVE


class AdditivePotentiationMultiplicativeDepression(synapses.AdditivePotentiationMultiplicativeDepression):
    __doc__ = synapses.AdditivePotentiationMultiplicativeDepression.__doc__
    translations = _identity("w_min", "w_max")
    dependence = synapse_specs.ADDITIVE_POTENTIATION_MULTIPLICATIVE_DEPRESSION


class GutigWeightDependence(synapses.GutigWeightDependence):
    __doc__ = synapses.GutigWeightDependence.__doc__
    translations = _identity("w_min", "w_max", "mu_plus", "mu_minus")
    dependence = synapse_specs.GUTIG


class SpikePairRule(synapses.SpikePairRule):
    __doc__ = synapses.SpikePairRule.__doc__
    translations = _identity("tau_plus", "tau_minus", "A_plus", "A_minus")
    rule = staticmethod(synapse_specs.spike_pair)


class Vogels2011Rule(synapses.Vogels2011Rule):
    __doc__ = synapses.Vogels2011Rule.__doc__
    translations = _identity("tau", "eta", "rho")
    rule = staticmethod(synapse_specs.vogels_2011)


class STDPMechanism(Synapse, synapses.STDPMechanism):
    __doc__ = synapses.STDPMechanism.__doc__
    base_translations = _identity("weight", "delay", "dendritic_delay_fraction")

    def __init__(
        self,
        timing_dependence: Any = None,
        weight_dependence: Any = None,
        voltage_dependence: Any = None,
        dendritic_delay_fraction: float = 1.0,
        weight: Any = 0.0,
        delay: Any = None,
    ) -> None:
        if voltage_dependence is not None:
            raise NotImplementedError("PyNN defines no voltage dependence; leave voltage_dependence out")
        if timing_dependence is None or weight_dependence is None:
            raise TypeError("STDPMechanism needs a timing_dependence and a weight_dependence")
        for part, kind in ((timing_dependence, "rule"), (weight_dependence, "dependence")):
            if not hasattr(part, kind):
                raise TypeError(f"{type(part).__name__} of another back end cannot be used here: take that of this one")
        super().__init__(timing_dependence, weight_dependence, None, dendritic_delay_fraction, weight, delay)
        self.spec = timing_dependence.rule(weight_dependence.dependence)

    def _build_translations(self) -> None:
        # PyNN's method adds to one dictionary of the class, so that mechanisms would see each other's parameters.
        parts = (self.timing_dependence.translations, self.weight_dependence.translations)
        self.translations = {**self.base_translations, **parts[0], **parts[1]}

    @property
    def possible_models(self) -> set[str]:
        """The one model that these parts make."""
        return {self.spec.name}


class ElectricalSynapse(Synapse, synapses.ElectricalSynapse):
    """A gap junction: a conductance between two membranes, through which a current flows in both directions.

    ``weight`` is the conductance in uS; there is no delay. One connection serves both cells, as in PyNN's definition
    and in NEURON: ``weight*(v_pre - v_post)`` flows into the post-synaptic cell, and the opposite into the other one.
    Who connects a pair of cells in both directions makes two junctions, whose conductances add up. Cells need a
    potential ``v`` and must take injected currents; ``receptor_type`` and ``source`` may be left out, be 'gap', or end
    in '.gap', as the names of sections do.

    The current of each step follows from the potentials at its start: the error is of first order in the time step. A
    coupling that would be unstable is refused: for each cell, the time step times the sum of its conductances must not
    be larger than its capacity.
    """

    translations = _identity("weight")
    spec = specs.ELECTRICAL_SYNAPSE
    is_mutual = True
    parameter_checks = {"weight": check_conductances}

    def __init__(self, **parameters: Any) -> None:
        """
        Raises:
            NonExistentParameterError: another parameter than the weight, e.g. a delay.
        """
        for name in parameters.keys() - self.default_parameters:
            raise errors.NonExistentParameterError(name, type(self).__name__, list(self.default_parameters))
        super().__init__(**parameters)

    def get_schema(self) -> dict[str, type]:
        """The weight alone; PyNN lets every synapse type have a delay."""
        return {"weight": float}

    def input_of(self, post: Any, receptor_type: str) -> str:
        """The current that flows into the membrane.

        Raises:
            ConnectionError: cells of such a population take none.
        """
        if not post.takes_current:
            raise errors.ConnectionError(f"an electrical synapse is a current, and cells of '{post.label}' take none")
        return str(post.current_inputs[0])
