"""Converged solutions: of cells on a grid, where spikes are found and cells reset at the ends of steps; of a synapse.

For examples in which NEST differs by more than the tolerance of tests/scenarios: its Izhikevich cell is integrated by
Euler's method, its adaptive exponential cell is reset within a step, and its plastic weights are not up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

SUBSTEPS = 20
"""Of the classical Runge-Kutta method in one step; twice as many change v by less than 1e-6 mV."""

Signal = Callable[[float], float]
"""Of the time in ms."""


def izhikevich(
    current: Signal, duration: float, dt: float, d: float, v_steps: Iterable[tuple[float, float]] = ()
) -> tuple[np.ndarray, list[float]]:
    """v at 0, dt, ... in mV and times of spikes in ms, with a = 0.02, b = 0.2, c = -65.

    Args:
        current: in nA.
        v_steps: times and heights, in ms and mV, of steps of v.

    Source: Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569-1572.
    """
    heights = {round(time / dt): height for time, height in v_steps}
    state, trace, spikes = np.array([-70.0, -14.0]), [-70.0], []
    for step in range(1, round(duration / dt) + 1):
        i = 1000.0 * current((step - 0.5) * dt)

        def derivative(x: np.ndarray, i: float = i) -> np.ndarray:
            return np.array([0.04 * x[0] ** 2 + 5.0 * x[0] + 140.0 - x[1] + i, 0.02 * (0.2 * x[0] - x[1])])

        state = _advance(derivative, state, dt)
        state[0] += heights.get(step, 0.0)
        if state[0] >= 30.0:
            spikes.append(step * dt)
            state = np.array([-65.0, state[1] + d])
        trace.append(state[0])
    return np.array(trace), spikes


def adaptive_exponential(
    current: Signal, a: Signal, duration: float, dt: float, v_thresh: float, tau_refrac: float
) -> tuple[np.ndarray, list[float]]:
    """v at 0, dt, ... in mV and times of spikes in ms, with PyNN's defaults for the other parameters.

    Args:
        current: in nA.
        a: the subthreshold adaptation, in nS.

    Source: Brette & Gerstner 2005, J. Neurophysiol. 94:3637-3642.
    """
    cm, tau_m, v_rest, v_spike, v_reset, delta_t, tau_w, b = 0.281, 9.3667, -70.6, -40.0, -70.6, 2.0, 144.0, 0.0805
    state, trace, spikes, refractory = np.array([v_rest, 0.0]), [v_rest], [], 0
    for step in range(1, round(duration / dt) + 1):
        middle = (step - 0.5) * dt
        i, adaptation, held = current(middle), 1e-3 * a(middle), refractory > 0

        def derivative(x: np.ndarray, i: float = i, adaptation: float = adaptation, held: bool = held) -> np.ndarray:
            upstroke = delta_t * np.exp((min(x[0], v_spike) - v_thresh) / delta_t)  # beyond v_spike it has no solution
            dv = 0.0 if held else (v_rest - x[0] + upstroke) / tau_m + (i - x[1]) / cm
            return np.array([dv, (adaptation * (x[0] - v_rest) - x[1]) / tau_w])

        state = _advance(derivative, state, dt)
        refractory = max(0, refractory - 1)
        if state[0] >= v_spike:
            spikes.append(step * dt)
            state, refractory = np.array([v_reset, state[1] + b]), round(tau_refrac / dt)
        trace.append(state[0])
    return np.array(trace), spikes


def _advance(derivative: Callable[[np.ndarray], np.ndarray], x: np.ndarray, dt: float) -> np.ndarray:
    h = dt / SUBSTEPS
    for _ in range(SUBSTEPS):
        k1 = derivative(x)
        k2 = derivative(x + 0.5 * h * k1)
        k3 = derivative(x + 0.5 * h * k2)
        k4 = derivative(x + h * k3)
        x = x + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return x


def pair_rule_weights(pre: list[np.ndarray], post: np.ndarray, delay: float) -> np.ndarray:
    """Weights of the synapses of simple_STDP after all pairs of spikes, in uS: the additive rule, dendritic delays.

    Args:
        pre: spikes of each source, in ms.
        post: spikes of the target, in ms, which synapses see after the delay.
    """
    maximum, a_plus, a_minus, tau = 1e-7, 0.01, 0.012, 20.0
    weights = []
    for times in pre:
        lag = (post + delay)[None, :] - times[:, None]
        change = np.where(lag > 0.0, a_plus * np.exp(-lag / tau), -a_minus * np.exp(lag / tau))
        weights.append(0.5 * maximum + maximum * change.sum())
    return np.array(weights)
