"""What arriving spikes do: receptors as equations, to be composed with a body (`bodies`)."""

from __future__ import annotations

from pynn_annarchy.model.compose import ReceptorPart
from pynn_annarchy.model.spec import ParameterSpec

TAU_SYN = ParameterSpec("tau_syn", 5.0, "ms", positive=True)
E_REV = ParameterSpec("e_rev", 0.0, "mV")

CURR_EXP = ReceptorPart(
    name="CurrExp",
    parameters=(TAU_SYN,),
    equations="disyn/dt = -isyn/tau_syn",
    increment="isyn += input",
    current="isyn",
    units=(("isyn", "nA"),),
)
"""A current that jumps by the weight and decays."""

CURR_ALPHA = ReceptorPart(
    name="CurrAlpha",
    parameters=(TAU_SYN,),
    equations="disyn/dt = rise - isyn/tau_syn\ndrise/dt = -rise/tau_syn",
    increment="rise += exp(1.0)/tau_syn * input",
    current="isyn",
    units=(("isyn", "nA"), ("rise", "nA/ms")),
)
"""A current weight * (s/tau_syn) * exp(1 - s/tau_syn), which peaks at the weight, s = tau_syn after the spike."""

CURR_DELTA = ReceptorPart(name="CurrDelta", increment="v += input")
"""A jump of the membrane potential by the weight, in mV."""

COND_EXP = ReceptorPart(
    name="CondExp",
    parameters=(TAU_SYN, E_REV),
    equations="dgsyn/dt = -gsyn/tau_syn",
    increment="gsyn += input",
    current="gsyn*(e_rev - v)",
    units=(("gsyn", "uS"),),
)
"""A conductance that jumps by the weight and decays."""

COND_ALPHA = ReceptorPart(
    name="CondAlpha",
    parameters=(TAU_SYN, E_REV),
    equations="dgsyn/dt = rise - gsyn/tau_syn\ndrise/dt = -rise/tau_syn",
    increment="rise += exp(1.0)/tau_syn * input",
    current="gsyn*(e_rev - v)",
    units=(("gsyn", "uS"), ("rise", "uS/ms")),
)
"""A conductance of the course of CURR_ALPHA."""

COND_BETA = ReceptorPart(
    name="CondBeta",
    parameters=(
        ParameterSpec("tau_rise", 0.2, "ms", positive=True),
        ParameterSpec("tau_decay", 1.7, "ms", positive=True),
        E_REV,
    ),
    equations="dgsyn/dt = height*rise - gsyn/tau_decay\ndrise/dt = -rise/tau_rise".replace(
        # r**(r/(r - 1))/tau_decay for r = tau_decay/tau_rise, without a singularity where both are equal
        "height",
        "exp(tau_decay/tau_rise/exprel(log(tau_decay/tau_rise)))/tau_decay",
    ),
    increment="rise += input",
    current="gsyn*(e_rev - v)",
    units=(("gsyn", "uS"), ("rise", "uS")),
)
"""A conductance exp(-s/tau_decay) - exp(-s/tau_rise), scaled so that it peaks at the weight."""
