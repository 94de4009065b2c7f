"""Neurons of ANNarchy's input populations, and of those that turn rates into spikes or spikes into rates."""

from __future__ import annotations

from pynn_annarchy.model.spec import InputSpec, Kind, ModelSpec, Order, ParameterSpec, ReceptorSpec

DRAWN = "p = Uniform(0.0, 1.0)*1000.0/dt"
"""Smaller than a rate in Hz with the probability of a spike in a step; so there is at most one a step."""

TIMED_ARRAY = ModelSpec(
    name="TimedArray",
    equations="r = rates",
    inputs=(InputSpec("rates", "dimensionless", scheduled=True),),
    order=Order.ANNARCHY,
    description="Rates that are given in time.",
)

TIMED_POISSON = ModelSpec(
    name="TimedPoisson",
    equations=DRAWN,
    spike="p < rates",
    inputs=(InputSpec("rates", "Hz", scheduled=True),),
    order=Order.ANNARCHY,
    description="Spiking neuron following a Poisson distribution whose rate is given in time.",
)

SPIKE_SOURCE = ModelSpec(
    name="SpikeSource",
    spike="fires > 0",
    inputs=(InputSpec("fires", "dimensionless", scheduled=True),),
    order=Order.ANNARCHY,
    description="Spiking neuron whose spikes are given in time.",
)


def correlated(refractory: float | str | None) -> ModelSpec:
    """Neurons that spike at a common rate, an Ornstein-Uhlenbeck process, which is advanced exactly.

    Args:
        refractory: in ms, or an expression of the parameters.
    """
    is_number = isinstance(refractory, (int, float))
    period = (ParameterSpec("refractory_period", float(refractory), "ms", "global"),) if is_number else ()
    return ModelSpec(
        name="HomogeneousCorrelated",
        parameters=(ParameterSpec("tau", 10.0, "ms", "global", positive=True), *period),
        equations=f"""
            x = mu + (x - mu)*exp(-dt/tau) + sigma*sqrt(-expm1(-2*dt/tau))*Normal(0.0, 1.0) : global
            {DRAWN}
        """,
        spike="p < x",
        refractory="refractory_period" if is_number else str(refractory or ""),
        inputs=(
            InputSpec("mu", "Hz", scheduled=True, locality="global"),
            InputSpec("sigma", "Hz", scheduled=True, locality="global"),
        ),
        order=Order.ANNARCHY,
        description="Homogeneous correlated spike trains (Brette 2009, Neural Comput 21:188-215).",
    )


def rate_to_spike(scaling: float, refractory: float | str | None) -> ModelSpec:
    """Neurons that spike at the rate, times a factor, that they receive.

    Args:
        scaling: Hz for a rate of 1.
        refractory: in ms, or an expression of the parameters.
    """
    is_number = isinstance(refractory, (int, float))
    period = (ParameterSpec("refractory_period", float(refractory), "ms", "global"),) if is_number else ()
    return ModelSpec(
        name="Rate2Spike",
        parameters=(ParameterSpec("scaling", float(scaling), "Hz", "global"), *period),
        equations=f"""
            rates = scaling*sum(rate)
            {DRAWN}
        """,
        spike="p < rates",
        refractory="refractory_period" if is_number else str(refractory or ""),
        inputs=(InputSpec("sum(rate)", "dimensionless"),),
        order=Order.ANNARCHY,
        description="Spiking neuron whose rate is that of a rate-coded neuron.",
    )


_SMOOTHED = (
    ParameterSpec("scaling", 1.0, "Hz", "global", positive=True),
    ParameterSpec("smooth", 1.0, "ms", "global", positive=True),
)

SPIKE_TO_RATE_WINDOW = ModelSpec(
    name="Spike2RateWindow",
    parameters=(ParameterSpec("window", 100.0, "ms", "global", positive=True), *_SMOOTHED),
    equations="dr/dt = (1000.0*n/(window*scaling) - r)/smooth : explicit",
    receptors=(ReceptorSpec("spikes", "n += input"),),
    order=Order.ANNARCHY,
    description="Rate-coded neuron that counts the spikes of a sliding window: each one again, negative, at its end.",
)

_NEVER = "1e30"
"""ms: the interval of a neuron that has not spiked twice."""

SPIKE_TO_RATE_ISI = ModelSpec(
    name="Spike2RateISI",
    parameters=(ParameterSpec("cut", 3.0, locality="global", positive=True), *_SMOOTHED),
    equations=f"""
        since = elapsed + dt
        interval = ite(arrived > 0, since, interval) : init={_NEVER}
        support = ite(arrived > 0 or since <= interval, interval, ite(since <= cut*interval, support + dt, {_NEVER})) \\
            : init={_NEVER}
        elapsed = ite(arrived > 0, 0.0, since) : init={_NEVER}
        dr/dt = (ite(support < {_NEVER}, 1000.0/(support*scaling), 0.0) - r)/smooth : explicit
    """,
    receptors=(ReceptorSpec("spikes", "arrived = input"),),
    order=Order.ANNARCHY,
    description=(
        "Rate-coded neuron whose rate is the inverse of the last interval between spikes, falls when the next spike is "
        "late, and is zero when it is late by more than a factor."
    ),
)

SEND_SPIKE = ModelSpec(
    name="SendSpike",
    kind=Kind.SYNAPSE,
    parameters=(ParameterSpec("weight", 1.0),),
    pre_spike="g_target += weight",
    order=Order.ANNARCHY,
    description="Synapse that sends its weight at a spike.",
)

SEND_RATE = ModelSpec(
    name="SendRate",
    kind=Kind.SYNAPSE,
    parameters=(ParameterSpec("weight", 1.0),),
    psp="weight*pre.r",
    order=Order.ANNARCHY,
    description="Synapse that transmits the rate of its neuron all the time.",
)
