"""Voltage-based STDP against the rule in plain Python, step by step, from the potential that was recorded."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from pytest import approx

import pynn_annarchy as sim

DT = 0.1
PARAMETERS = {
    "A_LTD": 3e-4, "A_LTP": 2e-4, "theta_minus": -70.0, "theta_plus": -45.0, "tau_minus": 9.0, "tau_plus": 6.0,
    "tau_x": 12.0, "w_min": 0.01, "w_max": 0.05,
}  # fmt: skip


def simulated(target, cell, currents, pre, delay, weight, duration=200.0):
    """The weight after each step, and the potential, of one synapse onto a cell that is driven by current pulses."""
    sim.setup(timestep=DT, target=target)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=pre))
    cells = sim.Population(1, cell)
    times, amplitudes = zip(*currents, strict=True)
    cells.inject(sim.StepCurrentSource(times=times, amplitudes=amplitudes))
    synapse = sim.ClopathSTDPSynapse(weight=weight, delay=delay, **PARAMETERS)
    projection = sim.Projection(source, cells, sim.OneToOneConnector(), synapse)
    cells.record("v")
    projection.record("weight")
    sim.run(duration)
    of_cell, of_synapse = (each.get_data().segments[0].analogsignals[0] for each in (cells, projection))
    return of_synapse.magnitude[:, 0], of_cell.magnitude[:, 0]


def expected(v, pre, delay, weight):
    """The weight after each step by the rule."""
    p = PARAMETERS
    passing = np.rint((np.asarray(pre) + delay) / DT).astype(int).tolist()
    u_minus = u_plus = p["theta_minus"]
    x, weights = 0.0, [weight]
    for step, before in enumerate(v[:-1], 1):
        grows = x * max(before - p["theta_plus"], 0.0) * max(u_plus - p["theta_minus"], 0.0)
        weight = min(max(weight + DT * p["w_max"] * p["A_LTP"] * grows, p["w_min"]), p["w_max"])
        u_minus = before + (u_minus - before) * exp(-DT / p["tau_minus"])
        u_plus = before + (u_plus - before) * exp(-DT / p["tau_plus"])
        x *= exp(-DT / p["tau_x"])
        for _ in range(passing.count(step)):
            weight -= p["w_max"] * p["A_LTD"] * max(u_minus - p["theta_minus"], 0.0)
            weight = min(max(weight, p["w_min"]), p["w_max"])
            x += 1 / p["tau_x"]
        weights.append(weight)
    return np.array(weights)


PULSES = [(10.0 * k + shift, amplitude) for k in range(1, 19) for shift, amplitude in ((0.0, 3.0), (1.0, 0.0))]


CELLS = [sim.HH_cond_exp(), sim.EIF_cond_exp_isfa_ista(v_spike=20.0)]


def before_and_after(lead):
    """Times before the pulses by about `lead` ms, three of them equal."""
    pre = [10.0 * k - lead + 0.3 * (k % 3) for k in range(2, 18)]
    return sorted([*pre, pre[3], pre[3]])


@pytest.mark.parametrize("cell", CELLS, ids=["HH", "AdEx"])
@pytest.mark.parametrize("lead, delay", [(8.0, 0.5), (-3.0, 2.0)])
def test_the_weight_follows_the_rule(target, cell, lead, delay):
    pre = before_and_after(lead)

    weights, v = simulated(target, cell, PULSES, pre, delay, 0.02)

    assert weights == approx(expected(v, pre, delay, 0.02), rel=1e-12)
    assert np.diff(weights).min() < 0 < np.diff(weights).max()


@pytest.mark.parametrize(
    "bound, cell, lead, delay, weight",
    [("w_max", CELLS[0], 5.0, 0.1, 0.049), ("w_min", CELLS[1], -2.0, 1.0, 0.0101)],
    ids=["w_max", "w_min"],
)
def test_the_weight_stays_within_its_bounds(target, bound, cell, lead, delay, weight):
    pre = before_and_after(lead)

    weights, v = simulated(target, cell, PULSES, pre, delay, weight)

    assert weights == approx(expected(v, pre, delay, weight), rel=1e-12)
    assert PARAMETERS[bound] in weights
    assert PARAMETERS["w_min"] <= weights.min() < weights.max() <= PARAMETERS["w_max"]


def test_spikes_that_come_before_those_of_the_cell_potentiate_and_later_ones_depress():
    """The signs of the paper's figure 2a, with cells that fire at 10 Hz and stay depolarised after a spike."""
    pulses = [(100.0 * k + shift, amplitude) for k in range(1, 10) for shift, amplitude in ((0.0, 8.0), (1.0, 0.0))]
    cell = sim.EIF_cond_exp_isfa_ista(v_rest=-70.0, v_reset=-60.0, v_spike=20.0)

    def change(lead):
        pre = [100.0 * k - lead for k in range(1, 10)]
        weights, _ = simulated("cpp", cell, pulses, pre, 0.1, 0.02, 1000.0)
        return weights[-1] - 0.02

    assert change(lead=10.0) > 0 > change(lead=-10.0)
