"""PyNN's standard models as equations; parameters, defaults and units are those of PyNN 0.13."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from pynn_annarchy.model.compose import ReceptorPart, compose
from pynn_annarchy.model.spec import Kind, ModelSpec, ParameterSpec
from pynn_annarchy.standardmodels import bodies
from pynn_annarchy.standardmodels.bodies import LIF
from pynn_annarchy.standardmodels.parts import COND_ALPHA, COND_EXP, CURR_ALPHA, CURR_DELTA, CURR_EXP, TAU_SYN


def _with_defaults(part: ReceptorPart, **defaults: float) -> ReceptorPart:
    """The part with other default values of some of its parameters."""
    changed = (replace(own, default=defaults.get(own.name, own.default)) for own in part.parameters)
    return replace(part, parameters=tuple(changed))


def _currents(part: ReceptorPart, **names: str) -> dict[str, ReceptorPart]:
    """An excitatory and an inhibitory copy; names of further variables are completed by ``_exc`` and ``_inh``."""
    return {
        "excitatory": part.renamed(
            isyn="isyn_exc", tau_syn="tau_syn_E", **{own: f"{name}_exc" for own, name in names.items()}
        ),
        "inhibitory": part.renamed(
            isyn="isyn_inh", tau_syn="tau_syn_I", **{own: f"{name}_inh" for own, name in names.items()}
        ),
    }


def _conductances(excitatory: ReceptorPart, inhibitory: ReceptorPart, **names: str) -> dict[str, ReceptorPart]:
    """The two receptors of a conductance-based cell, likewise."""
    return {
        "excitatory": excitatory.renamed(
            gsyn="gsyn_exc",
            tau_syn="tau_syn_E",
            e_rev="e_rev_E",
            **{own: f"{name}_exc" for own, name in names.items()},
        ),
        "inhibitory": inhibitory.renamed(
            gsyn="gsyn_inh",
            tau_syn="tau_syn_I",
            e_rev="e_rev_I",
            **{own: f"{name}_inh" for own, name in names.items()},
        ),
    }


IF_CURR_EXP = compose(
    "IF_curr_exp",
    LIF,
    _currents(CURR_EXP),
    "Leaky integrate-and-fire cell with exponentially decaying synaptic currents.",
)

IF_CURR_ALPHA = compose(
    "IF_curr_alpha",
    LIF,
    _currents(_with_defaults(CURR_ALPHA, tau_syn=0.5), rise="rise"),
    "Leaky integrate-and-fire cell with alpha-shaped synaptic currents.",
)

IF_CURR_DELTA = compose(
    "IF_curr_delta",
    LIF,
    {"excitatory": CURR_DELTA, "inhibitory": CURR_DELTA},
    "Leaky integrate-and-fire cell whose membrane potential jumps with every arriving spike.",
)

IF_COND_EXP = compose(
    "IF_cond_exp",
    LIF,
    _conductances(COND_EXP, _with_defaults(COND_EXP, e_rev=-70.0)),
    "Leaky integrate-and-fire cell with exponentially decaying synaptic conductances.",
)

IF_COND_ALPHA = compose(
    "IF_cond_alpha",
    LIF,
    _conductances(
        _with_defaults(COND_ALPHA, tau_syn=0.3), _with_defaults(COND_ALPHA, tau_syn=0.5, e_rev=-70.0), rise="rise"
    ),
    "Leaky integrate-and-fire cell with alpha-shaped synaptic conductances.",
)

IF_COND_EXP_GSFA_GRR = compose(
    "IF_cond_exp_gsfa_grr",
    bodies.LIF_GSFA_GRR,
    _conductances(COND_EXP, _with_defaults(COND_EXP, e_rev=-70.0)),
)

IF_FACETS_HARDWARE1 = compose(
    "IF_facets_hardware1",
    bodies.FACETS,
    {
        "excitatory": _with_defaults(
            replace(COND_EXP, parameters=(TAU_SYN,), current="gsyn*(0.0 - v)"), tau_syn=30.0
        ).renamed(gsyn="gsyn_exc", tau_syn="tau_syn_E"),
        "inhibitory": _with_defaults(COND_EXP, tau_syn=30.0, e_rev=-80.0).renamed(
            gsyn="gsyn_inh", tau_syn="tau_syn_I", e_rev="e_rev_I"
        ),
    },
)

HH_COND_EXP = compose(
    "HH_cond_exp",
    bodies.HODGKIN_HUXLEY,
    _conductances(_with_defaults(COND_EXP, tau_syn=0.2), _with_defaults(COND_EXP, tau_syn=2.0, e_rev=-80.0)),
)

EIF_COND_EXP_ISFA_ISTA = compose(
    "EIF_cond_exp_isfa_ista",
    bodies.ADEXP,
    _conductances(COND_EXP, _with_defaults(COND_EXP, e_rev=-80.0)),
)

EIF_COND_ALPHA_ISFA_ISTA = compose(
    "EIF_cond_alpha_isfa_ista",
    bodies.ADEXP,
    _conductances(COND_ALPHA, _with_defaults(COND_ALPHA, e_rev=-80.0), rise="rise"),
)

IZHIKEVICH = compose("Izhikevich", bodies.IZHIKEVICH, {"excitatory": CURR_DELTA, "inhibitory": CURR_DELTA})


@cache
def gif_cond_exp(n_eta: int, n_gamma: int) -> ModelSpec:
    """GIF_cond_exp with so many elements of its current and of its threshold."""
    receptors = _conductances(COND_EXP, _with_defaults(COND_EXP, e_rev=-70.0))
    return compose("GIF_cond_exp", bodies.gif(n_eta, n_gamma), receptors)


STATIC_SYNAPSE = ModelSpec(
    name="StaticSynapse",
    kind=Kind.SYNAPSE,
    parameters=(ParameterSpec("weight", 0.0, "nA or uS"),),
    pre_spike="g_target += weight",
    description="Synapse of constant weight.",
)

ELECTRICAL_SYNAPSE = ModelSpec(
    name="ElectricalSynapse",
    kind=Kind.SYNAPSE,
    parameters=(ParameterSpec("weight", 0.0, "uS"),),
    psp="weight*(pre.v - post.v)",
    description="Gap junction: a current from the cell of the higher potential into the other, in nA.",
)
