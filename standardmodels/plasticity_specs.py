"""Rules of plasticity beyond PyNN's list, as equations.

The conventions are those of `synapse_specs`: coincident spikes do not see each other, and a spike is sent on with the
weight as it is after its passage. Amplitudes are multiples of ``w_max`` (additive weight dependence), so that they have
no unit. The defaults of triplet and voltage-based rules are those that the papers fit to visual cortex; those of all
others are round numbers, 20 ms and 0.01 for pairs (1 s for the eligibility, as in the paper), as PyNN's.
"""

from __future__ import annotations

from pynn_annarchy.model.spec import Kind, ModelSpec, ParameterSpec
from pynn_annarchy.standardmodels.synapse_specs import TSODYKS_MARKRAM, W_MAX, W_MIN, WEIGHT, WITHIN_BOUNDS


def _time_constant(name: str, default: float) -> ParameterSpec:
    return ParameterSpec(name, default, "ms", positive=True)


_TAU_PLUS = _time_constant("tau_plus", 20.0)
_TAU_MINUS = _time_constant("tau_minus", 20.0)
_A_PLUS = ParameterSpec("A_plus", 0.01)
_A_MINUS = ParameterSpec("A_minus", 0.01)
_PAIR = (WEIGHT, _TAU_PLUS, _TAU_MINUS, _A_PLUS, _A_MINUS, W_MIN, W_MAX)
_PAIR_TRACES = "dx/dt = -x/tau_plus : event-driven\ndy/dt = -y/tau_minus : event-driven"


def _triplet(name: str, description: str, grows: str, constants: dict[str, float]) -> ModelSpec:
    """The triplet rule; ``grows`` is what a spike does to its detectors, e.g. ``+= 1``."""
    taus = ("tau_plus", "tau_minus", "tau_x", "tau_y")
    return ModelSpec(
        name=name,
        kind=Kind.SYNAPSE,
        parameters=(
            WEIGHT,
            *(_time_constant(tau, constants[tau]) for tau in taus),
            *(ParameterSpec(each, value) for each, value in constants.items() if each not in taus),
            W_MIN,
            W_MAX,
        ),
        equations=(
            "dr1/dt = -r1/tau_plus : event-driven\n"
            "dr2/dt = -r2/tau_x : event-driven\n"
            "do1/dt = -o1/tau_minus : event-driven\n"
            "do2/dt = -o2/tau_y : event-driven"
        ),
        pre_spike=(
            f"weight -= w_max*o1*(A2_minus + A3_minus*r2) : {WITHIN_BOUNDS}\ng_target += weight\nr1 {grows}\nr2 {grows}"
        ),
        post_spike=f"weight += w_max*r1*(A2_plus + A3_plus*o2) : {WITHIN_BOUNDS}\no1 {grows}\no2 {grows}",
        description=description,
    )


TRIPLET = _triplet(
    "TripletSTDPSynapse",
    "Triplet STDP of all spikes: r2 and o2 are those just before the spike itself.",
    "+= 1",
    {
        "tau_plus": 16.8, "tau_minus": 33.7, "tau_x": 101.0, "tau_y": 125.0,
        "A2_plus": 5e-10, "A2_minus": 7e-3, "A3_plus": 6.2e-3, "A3_minus": 2.3e-4,
    },
)  # fmt: skip
"""Source: Pfister & Gerstner 2006, J. Neurosci. 26:9673-9682, eqs. 2-4; visual cortex, all-to-all, full (table 3)."""

NEAREST_TRIPLET = _triplet(
    "NearestTripletSTDPSynapse",
    "Triplet STDP of nearest spikes: a spike sets its detectors to one instead of adding one.",
    "= 1",
    {
        "tau_plus": 16.8, "tau_minus": 33.7, "tau_x": 714.0, "tau_y": 40.0,
        "A2_plus": 8.8e-11, "A2_minus": 6.6e-3, "A3_plus": 5.3e-2, "A3_minus": 3.1e-3,
    },
)  # fmt: skip
"""Source: as TRIPLET; visual cortex, nearest-spike, full (table 3)."""

SYMMETRIC_NEAREST = ModelSpec(
    name="SymmetricNearestSTDPSynapse",
    kind=Kind.SYNAPSE,
    parameters=_PAIR,
    equations=_PAIR_TRACES,
    pre_spike=f"weight -= A_minus*w_max*y : {WITHIN_BOUNDS}\ng_target += weight\nx = 1",
    post_spike=f"weight += A_plus*w_max*x : {WITHIN_BOUNDS}\ny = 1",
    description="Pair STDP; each spike is paired with the last one of the other cell.",
)
"""Source: Morrison, Diesmann & Gerstner 2008, Biol. Cybern. 98:459-478, fig. 7A."""

PRESYNAPTIC_CENTRED = ModelSpec(
    name="PresynapticCentredSTDPSynapse",
    kind=Kind.SYNAPSE,
    parameters=_PAIR,
    equations=f"{_PAIR_TRACES}\ndpaired/dt = -paired/tau_plus : event-driven",
    pre_spike=f"weight -= A_minus*w_max*y : {WITHIN_BOUNDS}\ng_target += weight\nx += 1",
    post_spike=f"weight += A_plus*w_max*(x - paired) : {WITHIN_BOUNDS}\npaired = x\ny = 1",
    description=(
        "Pair STDP; each pre-synaptic spike is paired with the last and with the next post-synaptic one. 'paired' is "
        "the part of the trace x that has met its post-synaptic spike."
    ),
)
"""Source: Morrison, Diesmann & Gerstner 2008, fig. 7B."""

REDUCED_SYMMETRIC = ModelSpec(
    name="ReducedSymmetricSTDPSynapse",
    kind=Kind.SYNAPSE,
    parameters=_PAIR,
    equations=_PAIR_TRACES,
    pre_spike=f"weight -= ite(t_pre <= t_post, A_minus*w_max*y, 0) : {WITHIN_BOUNDS}\ng_target += weight\nx = 1",
    post_spike=f"weight += ite(t_post <= t_pre, A_plus*w_max*x, 0) : {WITHIN_BOUNDS}\ny = 1",
    description="Pair STDP; only pairs with no other spike of either cell in between.",
)
"""Source: Morrison, Diesmann & Gerstner 2008, fig. 7C."""

TSODYKS_MARKRAM_STDP = ModelSpec(
    name="TsodyksMarkramSTDPSynapse",
    kind=Kind.SYNAPSE,
    parameters=(*_PAIR, *TSODYKS_MARKRAM.parameters[1:]),
    equations=(f"dx/dt = -x/tau_plus : event-driven\ndo/dt = -o/tau_minus : event-driven\n{TSODYKS_MARKRAM.equations}"),
    pre_spike=f"weight -= A_minus*w_max*o : {WITHIN_BOUNDS}\n{TSODYKS_MARKRAM.pre_spike}\nx += 1",
    post_spike=f"weight += A_plus*w_max*x : {WITHIN_BOUNDS}\no += 1",
    description=(
        "Pair STDP, all to all (traces x and o), of the weight that short-term depression and facilitation scale (y, z "
        "and u, as in TsodyksMarkramSynapse)."
    ),
)
"""Source: the pair rule of Morrison, Diesmann & Gerstner 2008; Tsodyks, Uziel & Markram 2000, J. Neurosci. 20:RC50."""

REWARD_MODULATED = ModelSpec(
    name="RewardModulatedSTDPSynapse",
    kind=Kind.SYNAPSE,
    parameters=(
        WEIGHT,
        _TAU_PLUS,
        _TAU_MINUS,
        _A_PLUS,
        _A_MINUS,
        _time_constant("tau_c", 1000.0),
        ParameterSpec("dopamine", 0.0, "1/s"),
        W_MIN,
        W_MAX,
    ),
    equations=(
        f"{_PAIR_TRACES}\ndc/dt = -c/tau_c : event-driven\ndweight/dt = c*dopamine/1000 : event-driven, {WITHIN_BOUNDS}"
    ),
    pre_spike="c -= A_minus*w_max*y\ng_target += weight\nx += 1",
    post_spike="c += A_plus*w_max*x\ny += 1",
    units=(("c", "nA or uS"),),
    description=(
        "Pair STDP, all to all, changes an eligibility c, which decays; the weight grows with the rate c*dopamine, in "
        "1/s, at all times."
    ),
)
"""Source: Izhikevich 2007, Cereb. Cortex 17:2443-2452, eqs. 2.1 and 2.2; ``dopamine`` is given from outside."""

CLOPATH = ModelSpec(
    name="ClopathSTDPSynapse",
    kind=Kind.SYNAPSE,
    parameters=(
        WEIGHT,
        ParameterSpec("A_LTD", 14e-5, "/mV"),
        ParameterSpec("A_LTP", 8e-5, "/mV**2"),
        ParameterSpec("theta_minus", -70.6, "mV"),
        ParameterSpec("theta_plus", -45.3, "mV"),
        _time_constant("tau_minus", 10.0),
        _time_constant("tau_plus", 7.0),
        _time_constant("tau_x", 15.0),
        W_MIN,
        W_MAX,
    ),
    equations=(
        "du_minus/dt = (post.v - u_minus)/tau_minus : init=theta_minus\n"
        "du_plus/dt = (post.v - u_plus)/tau_plus : init=theta_minus\n"
        "dx/dt = -x/tau_x\n"
        "dweight/dt = w_max*A_LTP*x*positive(post.v - theta_plus)*positive(u_plus - theta_minus) "
        f": explicit, {WITHIN_BOUNDS}"
    ),
    pre_spike=(
        f"weight -= w_max*A_LTD*positive(u_minus - theta_minus) : {WITHIN_BOUNDS}\ng_target += weight\nx += 1/tau_x"
    ),
    units=(("u_minus", "mV"), ("u_plus", "mV"), ("x", "/ms")),
    description="Voltage-based STDP: low-pass filters of the post-synaptic potential stand for its spikes.",
)
"""Source: Clopath et al. 2010, Nat. Neurosci. 13:344-352, eq. 1 and 2; parameters of visual cortex."""
