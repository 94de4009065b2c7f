"""Membranes and what they do when they reach threshold; ``i_syn`` stands for the current of all receptors."""

from __future__ import annotations

from dataclasses import replace

from pynn_annarchy.model.spec import InputSpec, ModelSpec, ParameterSpec

_CURRENT = (InputSpec("i_inj", "nA"),)
_MV = (("v", "mV"),)

LIF = ModelSpec(
    name="LIF",
    parameters=(
        ParameterSpec("v_rest", -65.0, "mV"),
        ParameterSpec("cm", 1.0, "nF", positive=True),
        ParameterSpec("tau_m", 20.0, "ms", positive=True),
        ParameterSpec("tau_refrac", 0.1, "ms", not_negative=True),
        ParameterSpec("i_offset", 0.0, "nA"),
        ParameterSpec("v_reset", -65.0, "mV"),
        ParameterSpec("v_thresh", -50.0, "mV"),
    ),
    equations="dv/dt = (v_rest - v)/tau_m + (i_syn + i_offset + i_inj)/cm : init=-65.0, unless_refractory",
    spike="v >= v_thresh",
    reset="v = v_reset",
    refractory="tau_refrac",
    inputs=_CURRENT,
    units=_MV,
    description="Leaky integrate-and-fire membrane with a fixed threshold.",
)

LIF_GSFA_GRR = replace(
    LIF,
    name="LIF_gsfa_grr",
    parameters=(
        *LIF.parameters,
        ParameterSpec("tau_sfa", 100.0, "ms", positive=True),
        ParameterSpec("e_rev_sfa", -75.0, "mV"),
        ParameterSpec("q_sfa", 15.0, "nS"),
        ParameterSpec("tau_rr", 2.0, "ms", positive=True),
        ParameterSpec("e_rev_rr", -75.0, "mV"),
        ParameterSpec("q_rr", 3000.0, "nS"),
    ),
    equations="""
        dv/dt = (v_rest - v)/tau_m + (i_adapt + i_syn + i_offset + i_inj)/cm : init=-65.0, unless_refractory
        dg_s/dt = -g_s/tau_sfa
        dg_r/dt = -g_r/tau_rr
    """.replace("i_adapt", "0.001*(g_s*(e_rev_sfa - v) + g_r*(e_rev_rr - v))"),
    reset="v = v_reset\ng_s += q_sfa\ng_r += q_rr",
    units=(*_MV, ("g_s", "nS"), ("g_r", "nS")),
    description=(
        "Leaky integrate-and-fire membrane with conductances that jump at each spike: one makes it adapt, "
        "the other makes it relatively refractory (Muller et al. 2007, Neural Computation 19:2958-3010)."
    ),
)

FACETS = ModelSpec(
    name="FACETS",
    parameters=(
        ParameterSpec("g_leak", 40.0, "nS", positive=True),
        ParameterSpec("v_reset", -80.0, "mV"),
        ParameterSpec("v_rest", -65.0, "mV"),
        ParameterSpec("v_thresh", -55.0, "mV"),
    ),
    equations="dv/dt = (0.001*g_leak*(v_rest - v) + i_syn + i_inj)/0.2 : init=-65.0, unless_refractory",
    spike="v >= v_thresh",
    reset="v = v_reset",
    refractory="1.0",
    inputs=_CURRENT,
    units=_MV,
    description="Membrane of the FACETS hardware, stage 1: capacity 0.2 nF, refractory for 1 ms.",
)

_PEAK = "ite(delta_T > 0, v_spike, v_thresh)"
"""Where an adaptive exponential cell spikes: without an exponential term it is a leaky integrate-and-fire cell."""

_BELOW = f"min(v, {_PEAK})"
"""Rates never see more than the peak: without that bound the potential may be infinite before the step ends."""

_UPSWING = f"delta_T*exp(min(({_BELOW} - v_thresh)/ite(delta_T > 0, delta_T, 1), 50))"
_LEAK = f"(v_rest - {_BELOW} + {_UPSWING})"
"""Leak and exponential term, in mV; its exponent is bounded where a step of 1e-20 ms would still be too long."""

ADEXP = ModelSpec(
    name="AdExp",
    parameters=(
        ParameterSpec("cm", 0.281, "nF", positive=True),
        ParameterSpec("tau_refrac", 0.1, "ms", not_negative=True),
        ParameterSpec("v_spike", -40.0, "mV"),
        ParameterSpec("v_reset", -70.6, "mV"),
        ParameterSpec("v_rest", -70.6, "mV"),
        ParameterSpec("tau_m", 9.3667, "ms", positive=True),
        ParameterSpec("i_offset", 0.0, "nA"),
        ParameterSpec("a", 4.0, "nS"),
        ParameterSpec("b", 0.0805, "nA"),
        ParameterSpec("delta_T", 2.0, "mV", not_negative=True),
        ParameterSpec("tau_w", 144.0, "ms", positive=True),
        ParameterSpec("v_thresh", -50.4, "mV"),
    ),
    equations=f"""
        dv/dt = {_LEAK}/tau_m + (i_syn + i_offset + i_inj - w)/cm : init=-70.6, unless_refractory
        dw/dt = (0.001*a*({_BELOW} - v_rest) - w)/tau_w
    """,
    spike=f"v >= {_PEAK}",
    reset="v = v_reset\nw += b",
    refractory="tau_refrac",
    inputs=_CURRENT,
    units=(*_MV, ("w", "nA")),
    description=(
        "Adaptive exponential integrate-and-fire membrane (Brette & Gerstner 2005, J Neurophysiol 94:3637-3642). "
        "Within a step that ends in a spike the rates are those at the peak, where the potential would be infinite."
    ),
)

HODGKIN_HUXLEY = ModelSpec(
    name="HodgkinHuxley",
    parameters=(
        ParameterSpec("gbar_Na", 20.0, "uS", not_negative=True),
        ParameterSpec("gbar_K", 6.0, "uS", not_negative=True),
        ParameterSpec("g_leak", 0.01, "uS", not_negative=True),
        ParameterSpec("cm", 0.2, "nF", positive=True),
        ParameterSpec("v_offset", -63.0, "mV"),
        ParameterSpec("e_rev_Na", 50.0, "mV"),
        ParameterSpec("e_rev_K", -90.0, "mV"),
        ParameterSpec("e_rev_leak", -65.0, "mV"),
        ParameterSpec("i_offset", 0.0, "nA"),
    ),
    equations="""
        v_before = v
        dv/dt = (i_ion + i_syn + i_offset + i_inj)/cm : init=-65.0
        dm/dt = 1.28/exprel((v_offset + 13 - v)/4)*(1 - m) - 1.4/exprel((v - v_offset - 40)/5)*m
        dh/dt = 0.128*exp((v_offset + 17 - v)/18)*(1 - h) - 4/(1 + exp((v_offset + 40 - v)/5))*h : init=1.0
        dn/dt = 0.16/exprel((v_offset + 15 - v)/5)*(1 - n) - 0.5*exp((v_offset + 10 - v)/40)*n
    """.replace("i_ion", "gbar_Na*m**3*h*(e_rev_Na - v) + gbar_K*n**4*(e_rev_K - v) + g_leak*(e_rev_leak - v)"),
    spike="v < v_before and v >= v_offset + 30",
    refractory="2.0",
    inputs=_CURRENT,
    units=(*_MV, ("m", ""), ("h", ""), ("n", "")),
    description=(
        "Hodgkin-Huxley membrane with the currents of Traub & Miles 1991 (Neuronal Networks of the Hippocampus). "
        "A spike is a maximum of the potential 30 mV or more above v_offset; the next can follow after 2 ms."
    ),
)

IZHIKEVICH = ModelSpec(
    name="Izhikevich",
    parameters=(
        ParameterSpec("a", 0.02, "/ms"),
        ParameterSpec("b", 0.2, "/ms"),
        ParameterSpec("c", -65.0, "mV"),
        ParameterSpec("d", 2.0, "mV/ms"),
        ParameterSpec("i_offset", 0.0, "nA"),
    ),
    equations="""
        dv/dt = 0.04*v**2 + 5*v + 140 - u + 1000*(i_syn + i_offset + i_inj) : init=-70.0
        du/dt = a*(b*v - u) : init=-14.0
    """,
    spike="v >= 30",
    reset="v = c\nu += d",
    inputs=_CURRENT,
    units=(*_MV, ("u", "mV/ms")),
    description=(
        "Izhikevich's quadratic cell with recovery (2003, IEEE Trans Neural Networks 14:1569-1572); "
        "currents charge a capacity of 1 pF."
    ),
)


def gif(n_eta: int, n_gamma: int) -> ModelSpec:
    """The generalized integrate-and-fire membrane with so many elements of its current and of its threshold."""
    eta, gamma = _elements("eta", n_eta), _elements("gamma", n_gamma)
    decays = (f"d{element}/dt = -{element}/tau_{element}" for element in (*eta, *gamma))
    current, threshold = " + ".join(eta) or "0.0", " + ".join(("v_t_star", *gamma))
    membrane = f"dv/dt = (v_rest - v)/tau_m + (i_syn + i_offset + i_inj - ({current}))/cm"
    sums = (f"i_eta = {current}", f"v_t = {threshold}")
    jumps = (f"{element} += a_{element}" for element in (*eta, *gamma))
    return ModelSpec(
        name="GIF",
        parameters=(
            ParameterSpec("v_rest", -65.0, "mV"),
            ParameterSpec("cm", 1.0, "nF", positive=True),
            ParameterSpec("tau_m", 20.0, "ms", positive=True),
            ParameterSpec("tau_refrac", 4.0, "ms", not_negative=True),
            ParameterSpec("v_reset", -65.0, "mV"),
            ParameterSpec("i_offset", 0.0, "nA"),
            ParameterSpec("delta_v", 0.5, "mV", positive=True),
            ParameterSpec("v_t_star", -48.0, "mV"),
            ParameterSpec("lambda0", 1.0, "Hz", not_negative=True),
            *(ParameterSpec(f"tau_{element}", 10.0, "ms", positive=True) for element in (*eta, *gamma)),
            *(ParameterSpec(f"a_{element}", 1.0, "nA") for element in eta),
            *(ParameterSpec(f"a_{element}", 1.0, "mV") for element in gamma),
        ),
        equations="\n".join(
            (f"{membrane} : init=-65.0, unless_refractory", *decays, sums[0], f"{sums[1]} : init=v_t_star")
        ),
        spike="Uniform(0, 1) < -expm1(-0.001*lambda0*dt*exp((v - v_t)/delta_v))",
        reset="\n".join(("v = v_reset", *jumps, *sums)),
        refractory="tau_refrac",
        inputs=_CURRENT,
        units=(*_MV, ("i_eta", "nA"), ("v_t", "mV")),
        description=(
            "Leaky integrate-and-fire membrane with a current and a threshold that jump at each spike; it spikes at "
            "random, the likelier the nearer to the threshold (Pozzorini et al. 2015, PLoS Comput Biol 11:e1004275)."
        ),
    )


def _elements(name: str, n: int) -> tuple[str, ...]:
    return tuple(f"{name}_{number}" for number in range(1, n + 1))
