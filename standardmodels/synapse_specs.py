"""PyNN's dynamic synapses as equations; parameters, defaults and units are those of PyNN 0.13.

When a pre-synaptic spike passes, the post-synaptic spikes that have reached the synapse earlier have had their effect,
those of the same moment too, but for what they add to their own trace: coincident spikes do not see each other. The
spike is sent on with the weight as it is after this passage.
"""

from __future__ import annotations

from dataclasses import dataclass

from pynn_annarchy.model.spec import Kind, ModelSpec, ParameterSpec

WEIGHT = ParameterSpec("weight", 0.0, "nA or uS")
W_MIN = ParameterSpec("w_min", 0.0, "nA or uS")
W_MAX = ParameterSpec("w_max", 1.0, "nA or uS")
WITHIN_BOUNDS = "min=w_min, max=w_max"


@dataclass(frozen=True, slots=True)
class WeightDependence:
    """By how much a rule's unit of potentiation and of depression changes the weight: expressions of the weight."""

    name: str
    potentiation: str
    depression: str
    parameters: tuple[ParameterSpec, ...] = (W_MIN, W_MAX)


ADDITIVE = WeightDependence("Additive", "w_max", "w_max")
"""Changes do not depend on the weight. Song, Miller & Abbott 2000, Nat. Neurosci. 3:919-926."""

MULTIPLICATIVE = WeightDependence("Multiplicative", "(w_max - weight)", "(weight - w_min)")
"""Changes are proportional to the distance from the bound. Rubin, Lee & Sompolinsky 2001, PRL 86:364-367."""

ADDITIVE_POTENTIATION_MULTIPLICATIVE_DEPRESSION = WeightDependence(
    "AdditivePotentiationMultiplicativeDepression", "w_max", "weight"
)
"""Constant potentiation, depression proportional to the weight. van Rossum et al. 2000, J. Neurosci. 20:8812-8821."""

GUTIG = WeightDependence(
    "Gutig",
    "w_max*positive((w_max - weight)/w_max)**mu_plus",
    "w_max*positive((weight - w_min)/w_max)**mu_minus",
    (
        W_MIN,
        ParameterSpec("w_max", 1.0, "nA or uS", positive=True),
        ParameterSpec("mu_plus", 0.5),
        ParameterSpec("mu_minus", 0.5),
    ),
)
"""Between additive (mu = 0) and multiplicative (mu = 1). Guetig et al. 2003, J. Neurosci. 23:3697-3714."""

WEIGHT_DEPENDENCES = (ADDITIVE, MULTIPLICATIVE, ADDITIVE_POTENTIATION_MULTIPLICATIVE_DEPRESSION, GUTIG)


def spike_pair(dependence: WeightDependence) -> ModelSpec:
    """STDP of all pairs of spikes, by one exponential trace for each cell.

    Source: Morrison, Diesmann & Gerstner 2008, Biol. Cybern. 98:459-478, section 4.1.
    """
    return ModelSpec(
        name=f"SpikePairRule_{dependence.name}",
        kind=Kind.SYNAPSE,
        parameters=(
            WEIGHT,
            ParameterSpec("tau_plus", 20.0, "ms", positive=True),
            ParameterSpec("tau_minus", 20.0, "ms", positive=True),
            ParameterSpec("A_plus", 0.01),
            ParameterSpec("A_minus", 0.01),
            *dependence.parameters,
        ),
        equations="dx/dt = -x/tau_plus : event-driven\ndy/dt = -y/tau_minus : event-driven",
        pre_spike=f"weight -= A_minus*{dependence.depression}*y : {WITHIN_BOUNDS}\ng_target += weight\nx += 1",
        post_spike=f"weight += A_plus*{dependence.potentiation}*x : {WITHIN_BOUNDS}\ny += 1",
        description=f"Pairwise STDP, all to all; weight dependence: {dependence.name}.",
    )


def vogels_2011(dependence: WeightDependence) -> ModelSpec:
    """Symmetric STDP with a depression by every pre-synaptic spike, which drives the post-synaptic rate towards rho.

    The rule's change of the weight is eta in its unit; a weight dependence other than additive scales it by how far the
    weight is from its bounds.

    Source: Vogels et al. 2011, Science 334:1569-1573; alpha = 2 rho tau there.
    """
    relative = {ADDITIVE: ("1.0", "1.0")}.get(
        dependence, (f"({dependence.potentiation}/w_max)", f"({dependence.depression}/w_max)")
    )
    potentiation, depression = relative
    return ModelSpec(
        name=f"Vogels2011Rule_{dependence.name}",
        kind=Kind.SYNAPSE,
        parameters=(
            WEIGHT,
            ParameterSpec("tau", 20.0, "ms", positive=True),
            ParameterSpec("eta", 1e-10, "nA or uS"),
            ParameterSpec("rho", 3.0, "Hz", not_negative=True),
            *dependence.parameters,
        ),
        equations="dx/dt = -x/tau : event-driven\ndy/dt = -y/tau : event-driven",
        pre_spike=(
            f"weight += eta*{potentiation}*y : {WITHIN_BOUNDS}\n"
            f"weight -= eta*{depression}*2*rho*tau/1000 : {WITHIN_BOUNDS}\n"
            "g_target += weight\n"
            "x += 1"
        ),
        post_spike=f"weight += eta*{potentiation}*x : {WITHIN_BOUNDS}\ny += 1",
        description=f"Homeostatic inhibitory STDP; weight dependence: {dependence.name}.",
    )


_USE = ParameterSpec("U", 0.5)
_TAU_FACIL = ParameterSpec("tau_facil", 0.0, "ms", not_negative=True)

TSODYKS_MARKRAM = ModelSpec(
    name="TsodyksMarkramSynapse",
    kind=Kind.SYNAPSE,
    parameters=(
        WEIGHT,
        _USE,
        ParameterSpec("tau_rec", 100.0, "ms", positive=True),
        _TAU_FACIL,
        ParameterSpec("tau_psc", 3.0, "ms", positive=True),
    ),
    equations=(
        "dy/dt = -y/tau_psc : event-driven\n"
        "dz/dt = y/tau_psc - z/tau_rec : event-driven\n"
        "du/dt = -u/tau_facil : event-driven"
    ),
    pre_spike=(
        "u = U + (1 - U)*ite(tau_facil > 0, u, 0)\nreleased = u*(1 - y - z)\ny += released\ng_target += weight*released"
    ),
    description=(
        "Short-term depression and facilitation: of the resources y are active, z inactive, the rest is recovered; "
        "u is the fraction that a spike uses. tau_psc is that of the post-synaptic current."
    ),
)
"""Source: Tsodyks, Uziel & Markram 2000, J. Neurosci. 20:RC50."""

SIMPLE_STOCHASTIC = ModelSpec(
    name="SimpleStochasticSynapse",
    kind=Kind.SYNAPSE,
    parameters=(WEIGHT, ParameterSpec("p", 0.5)),
    pre_spike="g_target += ite(Uniform(0, 1) < p, weight, 0)",
    description="Each spike is transmitted with the probability p.",
)

STOCHASTIC_TSODYKS_MARKRAM = ModelSpec(
    name="StochasticTsodyksMarkramSynapse",
    kind=Kind.SYNAPSE,
    parameters=(WEIGHT, _USE, ParameterSpec("tau_rec", 100.0, "ms", positive=True), _TAU_FACIL),
    equations="du/dt = -u/tau_facil : event-driven\ndempty/dt = -empty/tau_rec : event-driven",
    pre_spike=(
        "u = U + (1 - U)*ite(tau_facil > 0, u, 0)\n"
        "is_empty = Uniform(0, 1) < empty : bool\n"
        "releases = not is_empty and Uniform(0, 1) < u : bool\n"
        "empty = ite(is_empty or releases, 1, 0)\n"
        "g_target += ite(releases, weight, 0)"
    ),
    description=(
        "One vesicle, released with the probability u and replaced with the rate 1/tau_rec; 'empty' is the probability "
        "that it has not been replaced yet."
    ),
)
"""Source: Fuhrmann et al. 2002, J. Neurophysiol. 87:140-148."""

MULTI_QUANTAL = ModelSpec(
    name="MultiQuantalSynapse",
    kind=Kind.SYNAPSE,
    parameters=(
        WEIGHT,
        _USE,
        ParameterSpec("n", 1.0),
        ParameterSpec("tau_rec", 800.0, "ms", positive=True),
        _TAU_FACIL,
    ),
    equations="du/dt = -u/tau_facil : event-driven\ndempty/dt = -empty/tau_rec : event-driven",
    pre_spike=(
        "u = U + (1 - U)*ite(tau_facil > 0, u, 0)\n"
        "a += Binomial(positive(n - a), 1 - empty) : init=n, max=n\n"
        "released = Binomial(a, u)\n"
        "a -= released\n"
        "empty = 1\n"
        "g_target += weight*released"
    ),
    description=(
        "a of n release sites are ready; each of these releases with the probability u and recovers with the rate "
        "1/tau_rec; each release sends the weight. 'empty' is the probability that a site has not recovered since the "
        "last spike."
    ),
)
"""Source: Fuhrmann et al. 2002, J. Neurophysiol. 87:140-148, eq. 4 for u, which is at rest before the first spike."""
