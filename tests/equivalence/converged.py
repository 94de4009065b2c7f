"""Converged solutions of PyNN's cell types: rates in plain Python, DOP853 between the times when something happens.

What happens, happens on the grid, as docs/conventions.md says: arrivals change synaptic variables, then comes the test
for a spike, then the reset; a held potential stands still for its refractory steps. Between two such times the error
of the solution is below 1e-9 of each variable's size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

Parameters = Mapping[str, float]
Rates = Callable[[np.ndarray, Parameters], list[float]]


@dataclass(frozen=True)
class Cell:
    """One cell type.

    Args:
        variables: names, ``v`` first; those that begin with an underscore are compared with nothing.
        rates: derivatives by ms, of the state, in the order of the variables.
        arrivals: by receptor, variable that a spike changes, and its change for a weight of one.
        threshold: value of v at and above which it spikes, by state; None where its maxima are its spikes.
        jumps: by variable, what a spike adds; v is reset to ``reset``.
    """

    variables: tuple[str, ...]
    rates: Rates
    arrivals: Callable[[Parameters], tuple[tuple[str, float], ...]]
    start: Mapping[str, float]
    threshold: Callable[[np.ndarray, Parameters], float] | None = None
    reset: str = "v_reset"
    jumps: Callable[[Parameters], Mapping[str, float]] = lambda p: {}


def solve(
    cell: Cell, p: Parameters, arrivals: list[np.ndarray], weights: tuple[float, ...], n_steps: int, dt: float
) -> tuple[dict[str, np.ndarray], list[int]]:
    """The variables on the grid, shape (n_steps + 1,), and the steps of the spikes.

    Args:
        arrivals: by receptor, the steps at which a spike arrives.
    """
    x = np.array([cell.start.get(name, 0.0) for name in cell.variables])
    trace, spikes = [x], []
    held_until = 0
    changes = sorted({0, n_steps, *(int(k) for steps in arrivals for k in steps if k < n_steps)})
    step = 0
    while step < n_steps:
        held = step < held_until
        until = min([k for k in changes if k > step] + ([held_until] if held else []))
        ahead = _advance(cell, p, x, until - step, dt, held)
        for k, state in enumerate(ahead, start=step + 1):
            x = state.copy()
            for (name, size), weight, steps in zip(cell.arrivals(p), weights, arrivals, strict=True):
                if not (k <= held_until and name == "v"):
                    x[cell.variables.index(name)] += size * weight * np.count_nonzero(steps == k)
            spiked = cell.threshold is not None and k > held_until and x[0] >= cell.threshold(x, p)
            if spiked:
                x[0] = p[cell.reset]
                for name, jump in cell.jumps(p).items():
                    x[cell.variables.index(name)] += jump
                spikes.append(k)
                held_until = k + round(p.get("tau_refrac", 0.0) / dt)
            trace.append(x)
            step = k
            if spiked:
                break
    values = dict(zip(cell.variables, np.array(trace).T, strict=True))
    return values, spikes if cell.threshold else maxima(values["v"], p["v_offset"] + 30, round(2.0 / dt))


def maxima(v: np.ndarray, least: float, dead: int) -> list[int]:
    """Steps that first lie below their predecessor, at ``least`` or more, ``dead`` steps or more apart."""
    found: list[int] = []
    for k in range(1, len(v)):
        if least <= v[k] < v[k - 1] and (not found or k > found[-1] + dead):
            found.append(k)
    return found


def _advance(cell: Cell, p: Parameters, x: np.ndarray, n: int, dt: float, held: bool) -> np.ndarray:
    def rates(t: float, state: np.ndarray) -> list[float]:
        slopes = cell.rates(state, p)
        return [0.0, *slopes[1:]] if held else slopes

    times = np.arange(1, n + 1) * dt
    solution = solve_ivp(rates, (0.0, times[-1]), x, method="DOP853", t_eval=times, rtol=1e-10, atol=1e-12)
    assert solution.success, solution.message
    return solution.y.T


# synapses: rates and arrivals of the two receptors, ``_E`` and ``_I``


def _exponential(p, g_exc, g_inh):
    return [-g_exc / p["tau_syn_E"], -g_inh / p["tau_syn_I"]]


def _alpha(p, g_exc, g_inh, rise_exc, rise_inh):
    tau = p["tau_syn_E"], p["tau_syn_I"]
    return [rise_exc - g_exc / tau[0], rise_inh - g_inh / tau[1], -rise_exc / tau[0], -rise_inh / tau[1]]


def _driven(p, v, g_exc, g_inh):
    return g_exc * (p.get("e_rev_E", 0.0) - v) + g_inh * (p["e_rev_I"] - v) + p.get("i_offset", 0.0)


def _onto(prefix, alpha=False):
    def arrivals(p):
        if alpha:
            return (("_rise_exc", np.e / p["tau_syn_E"]), ("_rise_inh", np.e / p["tau_syn_I"]))
        return ((f"{prefix}_exc", 1.0), (f"{prefix}_inh", 1.0))

    return arrivals


def _jump(p):
    return (("v", 1.0), ("v", 1.0))


# cells


def _leak(p, v):
    return (p["v_rest"] - v) / p["tau_m"]


def _if_curr_exp(x, p):
    v, *i = x
    return [_leak(p, v) + (sum(i) + p["i_offset"]) / p["cm"], *_exponential(p, *i)]


def _if_curr_alpha(x, p):
    v, *i = x
    return [_leak(p, v) + (i[0] + i[1] + p["i_offset"]) / p["cm"], *_alpha(p, *i)]


def _if_curr_delta(x, p):
    return [_leak(p, x[0]) + p["i_offset"] / p["cm"]]


def _if_cond_exp(x, p):
    v, *g = x
    return [_leak(p, v) + _driven(p, v, *g) / p["cm"], *_exponential(p, *g)]


def _if_cond_alpha(x, p):
    v, *g = x
    return [_leak(p, v) + _driven(p, v, *g[:2]) / p["cm"], *_alpha(p, *g)]


def _gsfa_grr(x, p):
    v, g_s, g_r, *g = x
    adapting = 1e-3 * (g_s * (p["e_rev_sfa"] - v) + g_r * (p["e_rev_rr"] - v))
    membrane = _leak(p, v) + (adapting + _driven(p, v, *g)) / p["cm"]
    return [membrane, -g_s / p["tau_sfa"], -g_r / p["tau_rr"], *_exponential(p, *g)]


def _facets(x, p):
    v, *g = x
    return [(1e-3 * p["g_leak"] * (p["v_rest"] - v) + _driven(p, v, *g)) / 0.2, *_exponential(p, *g)]


def _peak(x, p):
    return p["v_spike"] if p["delta_T"] else p["v_thresh"]


def _adaptive(x, p, synapse):
    v, w, *g = x
    seen = min(v, _peak(x, p))
    # at an exponent of 12 it is 1e-4 ms to infinity
    upswing = p["delta_T"] * np.exp(min((seen - p["v_thresh"]) / p["delta_T"], 12.0)) if p["delta_T"] else 0.0
    membrane = (p["v_rest"] - seen + upswing) / p["tau_m"] + (_driven(p, v, *g[:2]) - w) / p["cm"]
    return [membrane, (1e-3 * p["a"] * (seen - p["v_rest"]) - w) / p["tau_w"], *synapse(p, *g)]


def _relative(x):
    """x / (exp(x) - 1)."""
    return x / np.expm1(x) if abs(x) > 1e-8 else 1.0 - x / 2


def _hodgkin_huxley(x, p):
    v, m, h, n, *g = x
    u = v - p["v_offset"]
    sodium = p["gbar_Na"] * m**3 * h * (p["e_rev_Na"] - v)
    potassium = p["gbar_K"] * n**4 * (p["e_rev_K"] - v)
    current = sodium + potassium + p["g_leak"] * (p["e_rev_leak"] - v) + _driven(p, v, *g)
    gates = (
        (m, 0.32 * 4 * _relative((13 - u) / 4), 0.28 * 5 * _relative((u - 40) / 5)),
        (h, 0.128 * np.exp((17 - u) / 18), 4 / (1 + np.exp((40 - u) / 5))),
        (n, 0.032 * 5 * _relative((15 - u) / 5), 0.5 * np.exp((10 - u) / 40)),
    )
    return [current / p["cm"], *(alpha * (1 - gate) - beta * gate for gate, alpha, beta in gates), *_exponential(p, *g)]


def _izhikevich(x, p):
    v, u = min(x[0], 100.0), x[1]  # a spike ends the step long before 100 mV; beyond lies infinity
    return [0.04 * v * v + 5 * v + 140 - u + 1000 * p["i_offset"], p["a"] * (p["b"] * v - u)]


def _gif(x, p):
    v, eta, _, *g = x
    membrane = _leak(p, v) + (_driven(p, v, *g) - eta) / p["cm"]
    return [membrane, -eta / p["tau_eta_1"], -x[2] / p["tau_gamma_1"], *_exponential(p, *g)]


def _composed(x, p):
    """AdExp with an alpha-shaped and a beta-shaped conductance, A and B, and a current C."""
    v, w, alpha, beta, current, rise_a, rise_b = x
    reversal = {"e_rev_E": p["A_e_rev"], "e_rev_I": p["B_e_rev"], "i_offset": p["i_offset"] + current}
    return [
        *_adaptive((v, w, alpha, beta), {**p, **reversal}, lambda p, *g: ()),
        rise_a - alpha / p["A_tau_syn"],
        rise_b - beta / p["B_tau_decay"],
        -current / p["C_tau_syn"],
        -rise_a / p["A_tau_syn"],
        -rise_b / p["B_tau_rise"],
    ]


def _beta_height(p):
    """Slope at the start of a difference of two exponentials whose largest value is one."""
    rise, decay = p["B_tau_rise"], p["B_tau_decay"]
    time = np.log(decay / rise) * rise * decay / (decay - rise)
    return (1 / rise - 1 / decay) / (np.exp(-time / decay) - np.exp(-time / rise))


def _v_thresh(x, p):
    return p["v_thresh"]


_REST = {"v": -65.0}
_CURRENTS, _CONDUCTANCES = ("isyn_exc", "isyn_inh"), ("gsyn_exc", "gsyn_inh")
_RISES = ("_rise_exc", "_rise_inh")
_ADAPTIVE = {"v": -70.6}

CELLS: Mapping[str, Cell] = {
    "IF_curr_exp": Cell(("v", *_CURRENTS), _if_curr_exp, _onto("isyn"), _REST, _v_thresh),
    "IF_curr_alpha": Cell(("v", *_CURRENTS, *_RISES), _if_curr_alpha, _onto("isyn", alpha=True), _REST, _v_thresh),
    "IF_curr_delta": Cell(("v",), _if_curr_delta, _jump, _REST, _v_thresh),
    "IF_cond_exp": Cell(("v", *_CONDUCTANCES), _if_cond_exp, _onto("gsyn"), _REST, _v_thresh),
    "IF_cond_alpha": Cell(("v", *_CONDUCTANCES, *_RISES), _if_cond_alpha, _onto("gsyn", alpha=True), _REST, _v_thresh),
    "IF_cond_exp_gsfa_grr": Cell(
        ("v", "g_s", "g_r", *_CONDUCTANCES), _gsfa_grr, _onto("gsyn"), _REST, _v_thresh,
        jumps=lambda p: {"g_s": p["q_sfa"], "g_r": p["q_rr"]},
    ),
    "IF_facets_hardware1": Cell(("v", *_CONDUCTANCES), _facets, _onto("gsyn"), _REST, _v_thresh),
    "EIF_cond_exp_isfa_ista": Cell(
        ("v", "w", *_CONDUCTANCES), lambda x, p: _adaptive(x, p, _exponential), _onto("gsyn"), _ADAPTIVE, _peak,
        jumps=lambda p: {"w": p["b"]},
    ),
    "EIF_cond_alpha_isfa_ista": Cell(
        ("v", "w", *_CONDUCTANCES, *_RISES), lambda x, p: _adaptive(x, p, _alpha), _onto("gsyn", alpha=True), _ADAPTIVE,
        _peak, jumps=lambda p: {"w": p["b"]},
    ),
    "HH_cond_exp": Cell(("v", "m", "h", "n", *_CONDUCTANCES), _hodgkin_huxley, _onto("gsyn"), {"v": -65.0, "h": 1.0}),
    "Izhikevich": Cell(
        ("v", "u"), _izhikevich, _jump, {"v": -70.0, "u": -14.0}, lambda x, p: 30.0, reset="c",
        jumps=lambda p: {"u": p["d"]},
    ),
    "GIF_cond_exp": Cell(
        ("v", "i_eta", "_gamma", *_CONDUCTANCES), _gif, _onto("gsyn"), _REST, lambda x, p: p["v_t_star"] + x[2],
        jumps=lambda p: {"i_eta": p["a_eta_1"], "_gamma": p["a_gamma_1"]},
    ),
    "PointNeuron": Cell(
        ("v", "w", "A_gsyn", "B_gsyn", "C_isyn", "_rise_A", "_rise_B"), _composed,
        lambda p: (("_rise_A", np.e / p["A_tau_syn"]), ("_rise_B", _beta_height(p)), ("C_isyn", 1.0)), _ADAPTIVE, _peak,
        jumps=lambda p: {"w": p["b"]},
    ),
}  # fmt: skip
