"""ANNarchy's predefined neurons and synapses, as their users would write them: texts and default values.

In the texts ``{name}`` stands for what is given when a neuron or synapse is made: a value, or a piece of an equation;
``{name:+}`` for a piece that is added, unless it is empty.
Equations, methods and defaults are those of ANNarchy 5, so that the same script gives the same numbers. Where one of
its expressions is 0/0 at some potential (`HH_cond_exp`) it is written with ``exprel``, which is the same elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Given:
    """A keyword of a predefined type.

    Args:
        name: of the keyword, and of the parameter of the model.
        default: a number, or a piece of an equation.
        meaning: for the documentation, with the unit.
        locality: 'local' or 'global' for a parameter of the model; '' for what only its texts use.
    """

    name: str
    default: float | str
    meaning: str
    locality: str = "local"


@dataclass(frozen=True, slots=True)
class Predefined:
    """A neuron or synapse type.

    Args:
        name: of its class; `title` is its name in reports.
        computed: parameters that follow from what is given, and how; one value for all.
        positive: keywords of which only values above zero make sense.
    """

    name: str
    title: str
    description: str
    given: tuple[Given, ...]
    equations: str
    source: str = ""
    computed: tuple[tuple[str, str], ...] = ()
    positive: tuple[str, ...] = ()
    spike: str = ""
    reset: str = ""
    refractory: str = ""
    """What is given as the refractory period by this name."""
    pre_spike: str = ""
    post_spike: str = ""


LEAKY_INTEGRATOR = Predefined(
    name="LeakyIntegrator",
    title="Leaky-Integrator",
    description="Leaky-Integrator with positive transfer function and additive noise.",
    given=(
        Given("tau", 10.0, "time constant (ms)", "global"),
        Given("B", 0.0, "baseline"),
        Given("T", 0.0, "threshold of the transfer function", "global"),
        Given("sum", "sum(exc) - sum(inh)", "what is integrated", ""),
        Given("noise", "", "what is added to it, e.g. 'Normal(0.0, 1.0)'", ""),
    ),
    equations="""
        tau * dv/dt + v = {sum} + B{noise:+} : exponential
        r = pos(v - T)
    """,
)

IZHIKEVICH = Predefined(
    name="Izhikevich",
    title="Izhikevich",
    description="Quadratic integrate-and-fire spiking neuron with adaptation.",
    source="Izhikevich 2003, IEEE Trans Neural Networks 14:1569-1572",
    given=(
        Given("a", 0.02, "speed of the recovery variable (1/ms)"),
        Given("b", 0.2, "scaling of the recovery variable"),
        Given("c", -65.0, "reset potential (mV)"),
        Given("d", 8.0, "increment of the recovery variable after a spike"),
        Given("v_thresh", 30.0, "spike threshold (mV)"),
        Given("i_offset", 0.0, "external current"),
        Given("noise", 0.0, "amplitude of the normal noise that is added in each step"),
        Given("tau_refrac", 0.0, "refractory period (ms)"),
        Given("conductance", "g_exc - g_inh", "what synapses contribute to the current", ""),
    ),
    equations="""
        I = {conductance} + noise * Normal(0.0, 1.0) + i_offset
        dv/dt = 0.04 * v**2 + 5.0 * v + 140.0 - u + I : init={c}, explicit
        du/dt = a * (b * v - u) : init={b} * ({c}), explicit
    """,
    spike="v > v_thresh",
    reset="v = c\nu += d",
    refractory="tau_refrac",
)

_LIF = (
    Given("v_rest", -65.0, "resting potential (mV)"),
    Given("cm", 1.0, "capacity of the membrane (nF)"),
    Given("tau_m", 20.0, "membrane time constant (ms)"),
    Given("tau_refrac", 0.0, "refractory period (ms)"),
    Given("tau_syn_E", 5.0, "time constant of excitatory synapses (ms)"),
    Given("tau_syn_I", 5.0, "time constant of inhibitory synapses (ms)"),
)
_REVERSALS = (
    Given("e_rev_E", 0.0, "excitatory reversal potential (mV)"),
    Given("e_rev_I", -70.0, "inhibitory reversal potential (mV)"),
)
_THRESHOLD = (
    Given("v_thresh", -50.0, "spike threshold (mV)"),
    Given("v_reset", -65.0, "reset potential (mV)"),
    Given("i_offset", 0.0, "offset current (nA)"),
)

_PEAKS = """
        gmax_exc = exp((tau_syn_E - dt/2.0)/tau_syn_E)
        gmax_inh = exp((tau_syn_I - dt/2.0)/tau_syn_I)"""
"""Factors that let an alpha function rise to the weight."""
_DECAYS = """
        tau_syn_E * dg_exc/dt = -g_exc : exponential
        tau_syn_I * dg_inh/dt = -g_inh : exponential"""
_ALPHAS = f"""{_DECAYS}
        tau_syn_E * dalpha_exc/dt = gmax_exc * g_exc - alpha_exc : exponential
        tau_syn_I * dalpha_inh/dt = gmax_inh * g_inh - alpha_inh : exponential"""


def _leaky(current: str) -> str:
    """The leaky membrane under a synaptic current."""
    return f"""
        cm * dv/dt = cm/tau_m * (v_rest - v) + {current} + i_offset : exponential, init={{v_reset}}"""


IF_CURR_EXP = Predefined(
    name="IF_curr_exp",
    title="Integrate-and-Fire",
    description=(
        "Leaky integrate-and-fire model with fixed threshold and decaying-exponential post-synaptic current. "
        "Separate currents for excitatory and inhibitory synapses."
    ),
    given=(*_LIF, *_THRESHOLD),
    equations=_leaky("g_exc - g_inh") + _DECAYS,
    spike="v > v_thresh",
    reset="v = v_reset",
    refractory="tau_refrac",
)

IF_COND_EXP = Predefined(
    name="IF_cond_exp",
    title="Integrate-and-Fire",
    description=(
        "Leaky integrate-and-fire model with fixed threshold and decaying-exponential post-synaptic conductances."
    ),
    given=(*_LIF, *_REVERSALS, *_THRESHOLD),
    equations=_leaky("g_exc * (e_rev_E - v) + g_inh * (e_rev_I - v)") + _DECAYS,
    spike="v > v_thresh",
    reset="v = v_reset",
    refractory="tau_refrac",
)

IF_CURR_ALPHA = Predefined(
    name="IF_curr_alpha",
    title="Integrate-and-Fire",
    description=(
        "Leaky integrate-and-fire model with fixed threshold and alpha post-synaptic currents, which reach the weight "
        "tau_syn after the spike has arrived."
    ),
    given=(*_LIF, *_THRESHOLD),
    equations=_PEAKS + _leaky("alpha_exc - alpha_inh") + _ALPHAS,
    spike="v > v_thresh",
    reset="v = v_reset",
    refractory="tau_refrac",
)

IF_COND_ALPHA = Predefined(
    name="IF_cond_alpha",
    title="Integrate-and-Fire",
    description=(
        "Leaky integrate-and-fire model with fixed threshold and alpha post-synaptic conductances, which reach the "
        "weight tau_syn after the spike has arrived."
    ),
    given=(*_LIF, *_REVERSALS, *_THRESHOLD),
    equations=_PEAKS + _leaky("alpha_exc * (e_rev_E - v) + alpha_inh * (e_rev_I - v)") + _ALPHAS,
    spike="v > v_thresh",
    reset="v = v_reset",
    refractory="tau_refrac",
)

_ADEX = (
    Given("v_rest", -70.6, "resting potential (mV)"),
    Given("cm", 0.281, "capacity of the membrane (nF)"),
    Given("tau_m", 9.3667, "membrane time constant (ms)"),
    Given("tau_refrac", 0.1, "refractory period (ms)"),
    Given("tau_syn_E", 5.0, "time constant of excitatory synapses (ms)"),
    Given("tau_syn_I", 5.0, "time constant of inhibitory synapses (ms)"),
    Given("e_rev_E", 0.0, "excitatory reversal potential (mV)"),
    Given("e_rev_I", -80.0, "inhibitory reversal potential (mV)"),
    Given("tau_w", 144.0, "time constant of the adaptation (ms)"),
    Given("a", 4.0, "adaptation below threshold (nS)"),
    Given("b", 0.0805, "increment of the adaptation after a spike (nA)"),
    Given("i_offset", 0.0, "offset current (nA)"),
    Given("delta_T", 2.0, "sharpness of the upswing (mV)"),
    Given("v_thresh", -50.4, "threshold of the upswing (mV)"),
    Given("v_reset", -70.6, "reset potential (mV)"),
    Given("v_spike", -40.0, "spike threshold (mV)"),
)


def _exponential(current: str) -> str:
    """The adaptive exponential membrane under a synaptic current."""
    upswing = "(v_rest - v + delta_T * exp((v - v_thresh)/delta_T))"
    return f"""
        I = {current} + i_offset
        tau_m * dv/dt = {upswing} + tau_m/cm * (I - w) : init={{v_reset}}, explicit
        tau_w * dw/dt = a * (v - v_rest) / 1000.0 - w : explicit"""


_BRETTE_GERSTNER = "Brette & Gerstner 2005, J Neurophysiol 94:3637-3642"

EIF_COND_EXP_ISFA_ISTA = Predefined(
    name="EIF_cond_exp_isfa_ista",
    title="Adaptive exponential Integrate-and-Fire",
    description=(
        "Exponential integrate-and-fire neuron with spike triggered and sub-threshold adaptation currents, and "
        "decaying-exponential post-synaptic conductances."
    ),
    source=_BRETTE_GERSTNER,
    given=_ADEX,
    equations=_exponential("g_exc * (e_rev_E - v) + g_inh * (e_rev_I - v)") + _DECAYS,
    spike="v > v_spike",
    reset="v = v_reset\nw += b",
    refractory="tau_refrac",
)

EIF_COND_ALPHA_ISFA_ISTA = Predefined(
    name="EIF_cond_alpha_isfa_ista",
    title="Adaptive exponential Integrate-and-Fire",
    description=(
        "Exponential integrate-and-fire neuron with spike triggered and sub-threshold adaptation currents, and alpha "
        "post-synaptic conductances."
    ),
    source=_BRETTE_GERSTNER,
    given=_ADEX,
    equations=_PEAKS + _exponential("alpha_exc * (e_rev_E - v) + alpha_inh * (e_rev_I - v)") + _ALPHAS,
    spike="v > v_spike",
    reset="v = v_reset\nw += b",
    refractory="tau_refrac",
)

_GIF = (
    Given("C_m", 250.0, "capacity of the membrane (pF)", ""),
    Given("tau_m", 10.0, "membrane time constant (ms)", "global"),
    Given("tau_v", 1000.0, "time constant of the threshold (ms)", "global"),
    Given("J_v", 1000.0, "strength of the adaptation of the threshold (mV ms)", "global"),
    Given("u_r", -65.0, "resting and reset potential (mV)", "global"),
    Given("u_th", -50.0, "threshold at rest (mV)", "global"),
    Given("c", 10.0, "escape rate at threshold (Hz)", "global"),
    Given("delta_u", 5.0, "softness of the threshold (mV)", "global"),
)
_GIF_INPUT = (
    Given("I_ext", 375.0, "external current (pA)", "global"),
    Given("current", "R*(g_exc - g_inh)", "what synapses contribute to the potential (mV)", ""),
    Given("refractory_period", 0.0, "refractory period (ms)", ""),
)
_GIF_EQUATIONS = """
        tau_m * du/dt = -u + u_r + R*I_ext{current:+} : init={u_r}, explicit
        tau_v * dv/dt = -(v - u_th) : init={u_th}, explicit
        Lambda = c * exp((u - v)/delta_u)
        p = Uniform(0.0, 1.0) * 1000.0 / dt"""
_SCHWALGER = "Schwalger, Deger & Gerstner 2017, PLoS Comput Biol 13:e1005507"

GIF_CURR = Predefined(
    name="GIF_curr",
    title="GIF",
    description="Generalized leaky integrate-and-fire neuron with escape noise and instantaneous synaptic currents.",
    source=_SCHWALGER,
    given=(*_GIF, *_GIF_INPUT),
    computed=(("R", "tau_m/C_m"),),
    equations=_GIF_EQUATIONS,
    spike="p < Lambda",
    reset="u = u_r\nv += J_v/tau_v",
    refractory="refractory_period",
)

GIF_CURR_EXP = Predefined(
    name="GIF_curr_exp",
    title="GIF",
    description="Generalized leaky integrate-and-fire neuron with escape noise and decaying synaptic currents.",
    source=_SCHWALGER,
    given=(
        *_GIF,
        Given("tau_g_exc", 5.0, "time constant of excitatory synapses (ms)", "global"),
        Given("tau_g_inh", 5.0, "time constant of inhibitory synapses (ms)", "global"),
        *_GIF_INPUT,
    ),
    computed=(("R", "tau_m/C_m"),),
    equations=f"""{_GIF_EQUATIONS}
        tau_g_exc * dg_exc/dt = -g_exc : explicit
        tau_g_inh * dg_inh/dt = -g_inh : explicit""",
    spike="p < Lambda",
    reset="u = u_r\nv += J_v/tau_v",
    refractory="refractory_period",
)

HH_COND_EXP = Predefined(
    name="HH_cond_exp",
    title="Hodgkin-Huxley",
    description=(
        "Single-compartment Hodgkin-Huxley-type neuron with transient sodium and delayed-rectifier potassium currents."
    ),
    source="channels of Traub & Miles 1991, Neuronal Networks of the Hippocampus",
    given=(
        Given("gbar_Na", 20.0, "maximal sodium conductance (uS)"),
        Given("gbar_K", 6.0, "maximal potassium conductance (uS)"),
        Given("gleak", 0.01, "leak conductance (uS)"),
        Given("cm", 0.2, "capacity of the membrane (nF)"),
        Given("v_offset", -63.0, "offset of the rates (mV)"),
        Given("e_rev_Na", 50.0, "sodium reversal potential (mV)"),
        Given("e_rev_K", -90.0, "potassium reversal potential (mV)"),
        Given("e_rev_leak", -65.0, "leak reversal potential (mV)"),
        Given("e_rev_E", 0.0, "excitatory reversal potential (mV)"),
        Given("e_rev_I", -80.0, "inhibitory reversal potential (mV)"),
        Given("tau_syn_E", 0.2, "time constant of excitatory synapses (ms)"),
        Given("tau_syn_I", 2.0, "time constant of inhibitory synapses (ms)"),
        Given("i_offset", 0.0, "offset current (nA)"),
        Given("v_thresh", 0.0, "potential that a spike crosses from below (mV)"),
    ),
    equations=f"""
        prev_v = v
        an = 0.16 / exprel((15.0 - v + v_offset)/5.0)
        am = 1.28 / exprel((13.0 - v + v_offset)/4.0)
        ah = 0.128 * exp((17.0 - v + v_offset)/18.0)
        bn = 0.5 * exp((10.0 - v + v_offset)/40.0)
        bm = 1.4 / exprel((v - v_offset - 40.0)/5.0)
        bh = 4.0 / (1.0 + exp(10.0 - v + v_offset))
        dn/dt = an * (1.0 - n) - bn * n : init=0.0, exponential
        dm/dt = am * (1.0 - m) - bm * m : init=0.0, exponential
        dh/dt = ah * (1.0 - h) - bh * h : init=1.0, exponential
        cm * dv/dt = gleak * (e_rev_leak - v) + gbar_K * n**4 * (e_rev_K - v) + gbar_Na * m**3 * h * (e_rev_Na - v) \\
            + g_exc * (e_rev_E - v) + g_inh * (e_rev_I - v) + i_offset : exponential, init={{e_rev_leak}}{_DECAYS}
    """,
    spike="v > v_thresh and prev_v <= v_thresh",
)

NEURONS = (
    LEAKY_INTEGRATOR,
    IZHIKEVICH,
    IF_CURR_EXP,
    IF_COND_EXP,
    IF_CURR_ALPHA,
    IF_COND_ALPHA,
    GIF_CURR,
    GIF_CURR_EXP,
    HH_COND_EXP,
    EIF_COND_ALPHA_ISFA_ISTA,
    EIF_COND_EXP_ISFA_ISTA,
)

_ETA = Given("eta", 0.01, "learning rate", "global")

HEBB = Predefined(
    name="Hebb",
    title="Hebbian Plasticity",
    description="Simple Hebbian learning rule.",
    given=(_ETA,),
    equations="dw/dt = eta * pre.r * post.r : min=0.0, explicit",
)

OJA = Predefined(
    name="Oja",
    title="Oja plasticity",
    description="Regularized Hebbian learning rule.",
    source="Oja 1982, J Math Biol 15:267-273",
    given=(_ETA, Given("alpha", 1.0, "strength of the regularization", "global")),
    equations="dw/dt = eta * (pre.r * post.r - alpha * post.r**2 * w) : min=0.0, explicit",
)

IBCM = Predefined(
    name="IBCM",
    title="IBCM",
    description="Intrator and Cooper (1992) learning rule: a threshold slides with the square of the activity.",
    source="Intrator & Cooper 1992, Neural Networks 5:3-17",
    given=(_ETA, Given("tau", 2000.0, "time constant of the sliding threshold (ms)", "global")),
    equations="""
        tau * dtheta/dt + theta = post.r**2 : postsynaptic, exponential
        dw/dt = eta * post.r * (post.r - theta) * pre.r : min=0.0, explicit
    """,
)

STP = Predefined(
    name="STP",
    title="Short-term plasticity",
    description="Synapse exhibiting short-term facilitation and depression, the model of Tsodyks, Markram et al.",
    source="Tsodyks, Uziel & Markram 2000, J Neurosci 20:RC50",
    given=(
        Given("tau_rec", 100.0, "time constant of the depression (ms)", "global"),
        Given("tau_facil", 0.01, "time constant of the facilitation (ms)", "global"),
        Given("U", 0.5, "use of resources at rest"),
    ),
    positive=("tau_facil",),
    equations="""
        dx/dt = (1 - x)/tau_rec : init=1.0, event-driven
        du/dt = (U - u)/tau_facil : init={U}, event-driven
    """,
    pre_spike="""
        g_target += w * u * x
        x *= (1 - u)
        u += U * (1 - u)
    """,
)

STDP = Predefined(
    name="STDP",
    title="Spike-timing dependent plasticity",
    description="Synapse exhibiting spike-timing dependent plasticity of all pairs, additive.",
    source="Song & Abbott 2001, Neuron 32:339-350",
    given=(
        Given("tau_plus", 20.0, "time constant of the pre-synaptic trace (ms)", "global"),
        Given("tau_minus", 20.0, "time constant of the post-synaptic trace (ms)", "global"),
        Given("A_plus", 0.01, "increment of the pre-synaptic trace at a spike", "global"),
        Given("A_minus", 0.01, "decrement of the post-synaptic trace at a spike", "global"),
        Given("w_min", 0.0, "smallest weight", "global"),
        Given("w_max", 1.0, "largest weight", "global"),
    ),
    equations="""
        tau_plus * dx/dt = -x : event-driven
        tau_minus * dy/dt = -y : event-driven
    """,
    pre_spike="""
        g_target += w
        x += A_plus * w_max
        w = clip(w + y, w_min, w_max)
    """,
    post_spike="""
        y -= A_minus * w_max
        w = clip(w + x, w_min, w_max)
    """,
)

SYNAPSES = (STP, STDP, HEBB, OJA, IBCM)
