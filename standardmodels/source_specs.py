"""PyNN's random spike sources as equations.

Each draws the interval to its next spike when the last one is over and counts the time down, in steps with their
fractions: the process is one in continuous time, whatever the time step, of which the spikes of a step are counted. A
step that the time of activity, [start, start + duration), cuts counts with the part that lies in it.

New parameters act at once: the interval that has begun is drawn anew by the new law, given that it is longer than the
time since the last spike. The rate of spikes at any time is then that of the present law at the present age, which is
what a renewal process of changing parameters means (Muller et al. 2007, Neural Comput. 19:2958-3010). The first
interval begins with the time of activity, as if a spike that is not counted had been there.

Times and intervals are counted in whole steps plus a fraction that stays: exact also in single precision.
"""

from __future__ import annotations

from pynn_annarchy.model.spec import InputSpec, ModelSpec, ParameterSpec

_START = ParameterSpec("start", 0.0, "ms")
_DURATION = ParameterSpec("duration", 1e10, "ms", not_negative=True)

_NEVER = "1e30"
"""Steps: mean interval of a source whose rate is zero."""
_SHARE = "clip((start + duration - t)/dt, 0, 1) - clip((start - t)/dt, 0, 1)"
"""The part of the step in which a source is active."""
_FREQUENT = "500"
"""Hz ms: half a spike a step, above which one Poisson number is cheaper than the intervals one after the other."""
_MOST = "most(mean) = mean + 12*sqrt(mean) + 20"
"""Poisson numbers of that mean are larger with a probability below 1e-30."""

SPIKE_SOURCE_POISSON = ModelSpec(
    name="SpikeSourcePoisson",
    parameters=(ParameterSpec("rate", 1.0, "Hz", not_negative=True), _START, _DURATION),
    functions=f"""
        {_MOST}
        is_frequent(rate) = rate*dt > {_FREQUENT}
        steps(rate) = ite(rate > 0, 1000/(rate*dt), {_NEVER})
        share(start, duration, t) = {_SHARE}
    """,
    equations="""
        left = ite(is_frequent(rate), left, \
            ite(rate == drawn_rate, left, Exponential(steps(rate))) - share(start, duration, t))
        drawn_rate = ite(is_frequent(rate), drawn_rate, rate) : init=-1
    """,
    spike="not is_frequent(rate) and left <= 0",
    reset="left += Exponential(steps(rate))",
    repeats=True,
    emits="ite(is_frequent(rate), Poisson(rate*dt/1000*share(start, duration, t)), 0)",
    max_spikes="most(rate*dt/1000)",
    description="Poisson spike source: intervals, or where they are shorter than two steps the number in each step.",
)

SPIKE_SOURCE_POISSON_REFRACTORY = ModelSpec(
    name="SpikeSourcePoissonRefractory",
    parameters=(
        ParameterSpec("rate", 1.0, "Hz", not_negative=True),
        ParameterSpec("tau_refrac", 0.0, "ms", not_negative=True),
        _START,
        _DURATION,
    ),
    requires=("rate*tau_refrac < 1000",),
    functions=f"""
        {_MOST}
        rest(rate, dead_time) = ite(rate > 0, (1000/rate - dead_time)/dt, {_NEVER})
    """,
    equations=f"""
        share = {_SHARE}
        interval = ite(share <= 0 or rate == drawn_rate and tau_refrac == drawn_tau, \
            interval, max(age, tau_refrac/dt) + Exponential(rest(rate, tau_refrac)))
        age = ite(share > 0, age + share, 0)
        drawn_rate = ite(share > 0, rate, -1) : init=-1
        drawn_tau = tau_refrac
    """,
    spike="share > 0 and age >= interval",
    reset="""
        age -= interval
        interval = tau_refrac/dt + Exponential(rest(rate, tau_refrac))
    """,
    repeats=True,
    max_spikes="min(most(1/rest(rate, tau_refrac)), ite(tau_refrac > 0, dt/tau_refrac + 2, 1e5))",
    description="Poisson spike source with a dead time after each spike; its mean rate includes the dead time.",
)

SPIKE_SOURCE_GAMMA = ModelSpec(
    name="SpikeSourceGamma",
    parameters=(
        ParameterSpec("alpha", 2.0, positive=True),
        ParameterSpec("beta", 1.0, "Hz", not_negative=True),
        _START,
        _DURATION,
    ),
    functions=f"""
        {_MOST}
        scale(beta) = ite(beta > 0, 1000/(beta*dt), {_NEVER})
    """,
    equations=f"""
        share = {_SHARE}
        interval = ite(share <= 0 or alpha == drawn_alpha and beta == drawn_beta, \
            interval, GammaAbove(alpha, scale(beta), age))
        age = ite(share > 0, age + share, 0)
        drawn_alpha = ite(share > 0, alpha, 0)
        drawn_beta = beta
    """,
    spike="share > 0 and age >= interval",
    reset="""
        age -= interval
        interval = Gamma(alpha, scale(beta))
    """,
    repeats=True,
    max_spikes="most(beta*dt/1000)/alpha + 1",
    description="Spike source with gamma distributed intervals of mean alpha/beta.",
)

SPIKE_SOURCE_INH_GAMMA = ModelSpec(
    name="SpikeSourceInhGamma",
    parameters=(_START, _DURATION),
    inputs=(
        InputSpec("a", "dimensionless", scheduled=True, positive=True),
        InputSpec("b", "s", scheduled=True, positive=True),
    ),
    functions=f"""
        {_MOST}
        scale(b) = 1000*b/dt
    """,
    equations=f"""
        share = {_SHARE}
        interval = ite(share <= 0 or a == 0 or a == drawn_a and b == drawn_b, \\
            interval, GammaAbove(a, scale(b), age))
        age = ite(share > 0 and a > 0, age + share, 0)
        drawn_a = ite(share > 0, a, 0)
        drawn_b = b
    """,
    spike="share > 0 and a > 0 and age >= interval",
    reset="""
        age -= interval
        interval = Gamma(a, scale(b))
    """,
    repeats=True,
    max_spikes="most(dt/(1000*b))/a + 1",
    description="Spike source with gamma distributed intervals of shape a and scale b, which are tables of time.",
)
"""Silent where a is zero, as it is before the first time of the table."""
