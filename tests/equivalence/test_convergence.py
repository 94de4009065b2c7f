"""Conductance-based cells against a converged solution of their differential equations (DESIGN D5)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pynn_annarchy.engine.network import Network
from pynn_annarchy.standardmodels.specs import IF_COND_ALPHA, IF_COND_EXP, STATIC_SYNAPSE

DURATION = 200.0  # ms
PARAMETERS = {
    "v_rest": -65.0, "cm": 0.25, "tau_m": 15.0, "tau_syn_E": 3.0, "tau_syn_I": 8.0, "e_rev_E": 0.0, "e_rev_I": -75.0,
    "v_thresh": 1000.0, "i_offset": 0.05,
}  # fmt: skip
WEIGHTS = (0.004, 0.006)


def trains():
    """Excitatory and inhibitory spike times, ms, multiples of 0.4 so that every tested step meets them."""
    rng = np.random.default_rng(11)
    return [np.sort(rng.choice(np.arange(1, 450), n, replace=False)) * 0.4 for n in (60, 30)]


def simulated(spec, dt):
    """v at multiples of 0.4 ms."""
    net = Network(dt=dt, seed=1, threads=1)
    cell = net.add_cells(spec, 1, PARAMETERS, "cell")
    for times, weight, receptor in zip(trains(), WEIGHTS, cell.receptors, strict=True):
        source = net.add_spike_source(1, receptor)
        source.set_times(0, times)
        builder = net.connect(source, cell, receptor, STATIC_SYNAPSE, receptor)
        builder.add(0, 0, weight, round(0.4 / dt))
        builder.finish()
    v = cell.record("v", np.array([0]), every=round(0.4 / dt))
    net.run(round(DURATION / dt))
    return v.data()[:, 0]


def converged(spec):
    """The same, by an adaptive method between the arrivals, which lie on the grid of 0.4 ms."""
    alpha = spec is IF_COND_ALPHA
    p = PARAMETERS
    arrivals = [np.rint(times / 0.4).astype(int) + 1 for times in trains()]
    taus = (p["tau_syn_E"], p["tau_syn_I"])

    def rate(t, x):
        v, g, y = x[0], x[1:3], x[3:5]
        current = g[0] * (p["e_rev_E"] - v) + g[1] * (p["e_rev_I"] - v) + p["i_offset"]
        dg = [y[k] - g[k] / taus[k] if alpha else -g[k] / taus[k] for k in (0, 1)]
        return [(p["v_rest"] - v) / p["tau_m"] + current / p["cm"], *dg, -y[0] / taus[0], -y[1] / taus[1]]

    x = np.array([-65.0, 0.0, 0.0, 0.0, 0.0])
    trace = [x[0]]
    for k in range(1, round(DURATION / 0.4) + 1):
        x = solve_ivp(rate, (0, 0.4), x, method="DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
        for receptor in (0, 1):
            if k in arrivals[receptor]:
                # the conductance of one spike peaks at the weight, tau after its arrival
                x[(3 if alpha else 1) + receptor] += WEIGHTS[receptor] * (np.e / taus[receptor] if alpha else 1.0)
        trace.append(x[0])
    return np.array(trace)


@pytest.mark.parametrize("spec", [IF_COND_EXP, IF_COND_ALPHA], ids=lambda spec: spec.name)
def test_the_error_is_small_at_the_usual_step_and_of_second_order(spec):
    exact = converged(spec)
    assert np.ptp(exact) > 5.0  # mV: the inputs do move the membrane

    errors = [np.abs(simulated(spec, dt) - exact).max() for dt in (0.4, 0.2, 0.1, 0.05)]

    assert errors[2] < 0.01
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    # second order, as docs/conventions.md states; the reference itself is good to about 1e-9 mV
    assert np.all(orders > 1.9), (errors, orders)
