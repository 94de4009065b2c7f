"""Synapse types beyond PyNN's list, over the equations of `plasticity_specs`, in the manner of PyNN's.

Each takes ``weight``, ``delay``, ``dendritic_delay_fraction`` (as STDPMechanism, 1 by default) and its own parameters.
The weight changes additively, in multiples of ``w_max``, and stays within ``w_min`` and ``w_max``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pyNN.standardmodels import base, build_translations

from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.standardmodels import plasticity_specs, synapse_specs
from pynn_annarchy.standardmodels.synapses import DENDRITIC, Synapse, TsodyksMarkramSynapse, dendritic_fraction


class _PlasticSynapse(Synapse, base.StandardSynapseType):
    """A synapse type whose parameters are those of its equations."""

    spec: ClassVar[ModelSpec]
    _not_given: ClassVar[tuple[str, ...]] = ()
    """Parameters of the equations that follow from something else."""

    def __init_subclass__(cls) -> None:
        own = {name: value for name, value in cls.spec.defaults().items() if name not in cls._not_given}
        cls.default_parameters = {"weight": own.pop("weight"), "delay": None, DENDRITIC: 1.0, **own}
        cls.translations = build_translations(*((name, name) for name in cls.default_parameters))

    def __init__(self, **parameters: Any) -> None:
        """
        Raises:
            ValueError: `dendritic_delay_fraction` is no number from 0 to 1.
        """
        super().__init__(**parameters)
        self.dendritic_delay_fraction = dendritic_fraction(self)


class TripletSTDPSynapse(_PlasticSynapse):
    """Triplet STDP, all to all: Pfister & Gerstner 2006, J. Neurosci. 26:9673-9682.

    A pre-synaptic spike changes the weight by ``-w_max o1 (A2_minus + A3_minus r2)``, a post-synaptic one by
    ``w_max r1 (A2_plus + A3_plus o2)``, with r2 and o2 just before the spike itself. r1 (``tau_plus``) and r2
    (``tau_x``) grow by one with each pre-synaptic spike, o1 (``tau_minus``) and o2 (``tau_y``) with each post-synaptic
    one. Spikes that coincide at the synapse do not see each other.

    The defaults are the paper's full model of visual cortex (table 3, all-to-all), whose changes are relative to the
    first weight as ours are to `w_max`. That of hippocampal cultures (table 4): A2_plus=6.1e-3, A3_plus=6.7e-3,
    A2_minus=1.6e-3, A3_minus=1.4e-3, tau_x=946, tau_y=27, the other time constants as here.
    """

    spec = plasticity_specs.TRIPLET


class NearestTripletSTDPSynapse(_PlasticSynapse):
    """Triplet STDP of nearest spikes: Pfister & Gerstner 2006, J. Neurosci. 26:9673-9682.

    As TripletSTDPSynapse, but each spike sets its two variables to one. The defaults are the paper's full model of
    visual cortex (table 3, nearest-spike). That of hippocampal cultures (table 4): A2_plus=4.6e-3, A3_plus=9.1e-3,
    A2_minus=3e-3, A3_minus=7.5e-9, tau_x=575, tau_y=47, the other time constants as here.
    """

    spec = plasticity_specs.NEAREST_TRIPLET


class SymmetricNearestSTDPSynapse(_PlasticSynapse):
    """Pair STDP, symmetric nearest-neighbour scheme: Morrison, Diesmann & Gerstner 2008, Biol. Cybern. 98:459-478.

    Each spike is paired with the last one of the other cell, a coincident one left out.
    """

    spec = plasticity_specs.SYMMETRIC_NEAREST


class PresynapticCentredSTDPSynapse(_PlasticSynapse):
    """Pair STDP, presynaptic-centred nearest-neighbour scheme: Morrison, Diesmann & Gerstner 2008.

    Each pre-synaptic spike is paired with the last post-synaptic one before it and the next one after it; coincident
    ones are neither.
    """

    spec = plasticity_specs.PRESYNAPTIC_CENTRED


class ReducedSymmetricSTDPSynapse(_PlasticSynapse):
    """Pair STDP, reduced symmetric nearest-neighbour scheme: Morrison, Diesmann & Gerstner 2008.

    Each spike is paired with the last one of the other cell where its own cell has not spiked since (at the same moment
    it may have); coincident spikes make no pair.
    """

    spec = plasticity_specs.REDUCED_SYMMETRIC


class TsodyksMarkramSTDPSynapse(_PlasticSynapse):
    """Pair STDP (SpikePairRule, additive) of a synapse with short-term plasticity (TsodyksMarkramSynapse).

    A spike that passes first depresses the weight, then releases the fraction u x of the resources, and sends the
    weight times that. The time constant of the synaptic current is that of the post-synaptic cells.
    """

    spec = plasticity_specs.TSODYKS_MARKRAM_STDP
    _not_given = ("tau_psc",)
    given_by_cells = TsodyksMarkramSynapse.given_by_cells


class Vogels2011Synapse(_PlasticSynapse):
    """Homeostatic inhibitory plasticity: Vogels et al. 2011, Science 334:1569-1573.

    What STDPMechanism makes of Vogels2011Rule and AdditiveWeightDependence; see there for the parameters.
    """

    spec = synapse_specs.vogels_2011(synapse_specs.ADDITIVE)


class RewardModulatedSTDPSynapse(_PlasticSynapse):
    """Reward-modulated STDP with eligibility traces: Izhikevich 2007, Cereb. Cortex 17:2443-2452.

    The pair rule (all to all, additive) changes the eligibility c, which decays with ``tau_c``; the weight follows
    dw/dt = c ``dopamine`` at all times, within its bounds. ``dopamine``, in 1/s, is set by the user, e.g. from a
    callback: ``projection.set(dopamine=0.5)`` holds from the moment at which it is called.
    """

    spec = plasticity_specs.REWARD_MODULATED


class ClopathSTDPSynapse(Synapse, base.StandardSynapseType):
    """Voltage-based STDP: Clopath et al. 2010, Nat. Neurosci. 13:344-352.

    A pre-synaptic spike changes the weight by ``-w_max A_LTD [u_minus - theta_minus]+``; at all times it grows with
    ``w_max A_LTP x [v - theta_plus]+ [u_plus - theta_minus]+``. v is the potential of the post-synaptic cell, u_minus
    and u_plus are v low-pass filtered (``tau_minus``, ``tau_plus``; theta_minus at first), x the spikes of the
    pre-synaptic cell (``tau_x``), all of whose delay lies before the synapse. In each step come first the growth, from
    v and all others as they were at its start, then the filters, exactly for that v, then spikes that pass at its end.
    A_LTD is constant: the paper's homeostatic factor is left to the user, who may set it between runs.

    Potentiation needs a potential that exceeds theta_plus in a spike, as that of HH_cond_exp does, or of an
    EIF_cond_exp_isfa_ista with a high v_spike; one that is reset at a lower threshold gives depression alone.
    The defaults are those of visual cortex, whose resting potential is theta_minus.
    """

    spec = plasticity_specs.CLOPATH
    default_parameters = {"weight": 0.0, "delay": None, **plasticity_specs.CLOPATH.defaults()}
    translations = build_translations(*((name, name) for name in default_parameters))
