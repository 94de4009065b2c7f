"""Every cell type of PyNN against converged solutions of its equations, at dt = 0.1 ms over 200 ms (DESIGN D5)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import chisquare

from pynn_annarchy.engine.network import Network
from pynn_annarchy.model.compose import compose
from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.standardmodels import bodies, parts, specs
from pynn_annarchy.standardmodels.specs import STATIC_SYNAPSE
from tests.equivalence.converged import CELLS, solve

DT = 0.1
DURATION = 200.0  # ms
COMPOSED = compose(
    "PointNeuron", bodies.ADEXP, {"A": parts.COND_ALPHA, "B": parts.COND_BETA, "C": parts.CURR_EXP}
)  # fmt: skip
GIF = specs.gif_cond_exp(1, 1)
WITHOUT_CHANCE = {"delta_v": 1e-6, "v_t_star": -55.0, "tau_eta_1": 20.0, "a_eta_1": 0.3, "a_gamma_1": 3.0}
"""A generalized cell that spikes as soon as it is above its threshold."""


@dataclass(frozen=True)
class Case:
    """A cell type, what a spike weighs at each receptor, and a current, in nA, that makes it spike."""

    spec: ModelSpec
    weights: tuple[float, ...]
    current: float
    parameters: tuple[tuple[str, float], ...] = ()
    spiking: tuple[tuple[str, float], ...] = ()


CASES = {
    "IF_curr_exp": Case(specs.IF_CURR_EXP, (0.3, -0.5), 0.9),
    "IF_curr_alpha": Case(specs.IF_CURR_ALPHA, (0.5, -0.5), 0.9),
    "IF_curr_delta": Case(specs.IF_CURR_DELTA, (1.0, -2.0), 0.9),
    "IF_cond_exp": Case(specs.IF_COND_EXP, (0.004, 0.006), 0.9),
    "IF_cond_alpha": Case(specs.IF_COND_ALPHA, (0.004, 0.006), 0.9),
    "IF_cond_exp_gsfa_grr": Case(specs.IF_COND_EXP_GSFA_GRR, (0.004, 0.006), 2.0),
    "IF_facets_hardware1": Case(
        specs.IF_FACETS_HARDWARE1, (0.0005, 0.001), 0.0, spiking=(("v_rest", -50.0), ("v_reset", -70.0))
    ),
    "EIF_cond_exp_isfa_ista": Case(specs.EIF_COND_EXP_ISFA_ISTA, (0.004, 0.006), 1.0),
    "EIF_cond_alpha_isfa_ista": Case(specs.EIF_COND_ALPHA_ISFA_ISTA, (0.001, 0.002), 1.0),
    "EIF_cond_exp_isfa_ista, a high peak": Case(
        specs.EIF_COND_EXP_ISFA_ISTA, (0.004, 0.006), 1.0, (("v_spike", 0.0), ("tau_refrac", 2.0))
    ),
    "EIF_cond_exp_isfa_ista, no upswing": Case(specs.EIF_COND_EXP_ISFA_ISTA, (0.004, 0.006), 1.0, (("delta_T", 0.0),)),
    "HH_cond_exp": Case(specs.HH_COND_EXP, (0.006, 0.01), 0.3),
    "Izhikevich": Case(specs.IZHIKEVICH, (1.0, -1.0), 0.01),
    "GIF_cond_exp": Case(GIF, (0.004, 0.006), 0.9, tuple({**WITHOUT_CHANCE, "tau_refrac": 2.0}.items())),
    "PointNeuron": Case(COMPOSED, (0.001, 0.002, 0.1), 1.0),
}

LATE = {"HH_cond_exp", "EIF_cond_exp_isfa_ista, a high peak"}
"""Whose spikes may be late by a step or so."""


def reference_of(name):
    return CELLS[name.partition(",")[0]]


def trains(n_receptors, dt=DT):
    """Spike times by receptor, ms, multiples of 0.4 so that other time steps meet them too."""
    rng = np.random.default_rng(11)
    return [np.sort(rng.choice(np.arange(2, 499), 60 // (1 + k), replace=False)) * 0.4 for k in range(n_receptors)]


def simulated(case, parameters, names, dt=DT, delay=0.4):
    """The variables on the grid, and the steps of the spikes."""
    net = Network(dt=dt, seed=1, threads=1)
    cell = net.add_cells(case.spec, 1, parameters, "cell")
    for times, weight, receptor in zip(trains(len(case.weights)), case.weights, cell.receptors, strict=True):
        source = net.add_spike_source(1, receptor)
        source.set_times(0, times)
        builder = net.connect(source, cell, receptor, STATIC_SYNAPSE, receptor)
        builder.add(0, 0, weight, round(delay / dt))
        builder.finish()
    recorded = {name: cell.record(name, np.array([0])) for name in names if not name.startswith("_")}
    spikes = cell.record_spikes(np.array([0]))
    net.run(round(DURATION / dt))
    steps = [round(time / dt) for time in spikes.spikes()[1]]
    return {name: signal.data()[:, 0] for name, signal in recorded.items()}, steps


def converged(name, case, parameters, dt=DT):
    arrivals = [np.rint(times / dt).astype(int) + round(0.4 / dt) for times in trains(len(case.weights))]
    every = {**case.spec.defaults(), **parameters}
    if case.spec is specs.IF_FACETS_HARDWARE1:
        every["tau_refrac"] = 1.0
    return solve(reference_of(name), every, arrivals, case.weights, round(DURATION / dt), dt)


def largest_errors(ours, exact, where=slice(None)):
    """Of v in mV; of each other variable relative to its largest value."""
    return {
        name: np.abs(ours[name] - exact[name])[where].max() / (1.0 if name == "v" else np.abs(exact[name]).max() or 1.0)
        for name in ours
    }


@pytest.mark.parametrize("name", CASES)
def test_variables_below_threshold_are_those_of_the_converged_solution(name):
    case = CASES[name]
    parameters = dict(case.parameters)

    ours, spikes = simulated(case, parameters, reference_of(name).variables)
    exact, expected = converged(name, case, parameters)

    assert spikes == expected == []
    assert np.ptp(exact["v"]) > 1.0  # mV: the inputs do move the membrane
    errors = largest_errors(ours, exact)
    # 0.02 mV is asked for; the worst is 0.0003 mV, and 1e-5 of the others
    assert errors.pop("v") < 0.001
    assert max(errors.values(), default=0.0) < 1e-4


@pytest.mark.parametrize("name", CASES)
def test_spikes_are_those_of_the_converged_solution_under_the_same_reset(name):
    case = CASES[name]
    parameters = {**dict(case.parameters), **dict(case.spiking)}
    if case.current:
        parameters["i_offset"] = case.current

    ours, spikes = simulated(case, parameters, reference_of(name).variables)
    exact, expected = converged(name, case, parameters)

    ten = min(10, len(expected))
    assert ten >= 5
    late = np.array(spikes[:ten]) - np.array(expected[:ten])
    # the n-th within n steps is what is asked for; all are on time but where the upswing may last less than a step
    assert np.all(np.abs(late) <= np.arange(1, ten + 1)), late
    assert name in LATE or not late.any()
    if case.spec is specs.HH_COND_EXP:
        assert_shifted_by_little(ours["v"], exact["v"], expected[:ten])
        return
    near = np.zeros(len(exact["v"]), bool)
    for step in (*spikes, *expected):
        near[max(0, step - 20) : step + 21] = True
    near[expected[np.argmax(late != 0) if late.any() else ten - 1] :] = True
    errors = largest_errors(ours, exact, ~near)
    # Izhikevich: a hundredth of a millisecond at the tenth spike, on the way up to which v moves by 30 mV/ms
    assert errors["v"] < (0.5 if name == "Izhikevich" else 0.02)


def assert_shifted_by_little(ours, exact, spikes):
    """Without a reset, an error in time stays: outside 2 ms around spikes ours is the exact v, up to a step apart."""
    times = np.arange(len(exact))
    for first, last in pairwise(spikes):
        between = times[first + 20 : last - 20]
        errors = [
            np.abs(ours[between] - np.interp(between - shift, times, exact)).max() for shift in np.linspace(-1, 1, 81)
        ]
        # mV; a shift is not all, since inputs arrive when they do
        assert min(errors) < 0.1


@pytest.mark.parametrize(
    ("name", "order"),
    [("IF_cond_exp", 2), ("IF_cond_alpha", 2), ("IF_cond_exp_gsfa_grr", 2), ("EIF_cond_exp_isfa_ista", 4),
     ("HH_cond_exp", 4), ("Izhikevich", 4)],
)  # fmt: skip
def test_errors_fall_with_the_order_that_the_conventions_state(name, order):
    case, steps = CASES[name], (0.2, 0.1) if order == 4 else (0.4, 0.2, 0.1, 0.05)
    exact, _ = converged(name, case, dict(case.parameters), dt=0.4)

    errors = []
    for dt in steps:
        ours, _ = simulated(case, dict(case.parameters), ("v",), dt)
        errors.append(np.abs(ours["v"][:: round(0.4 / dt)] - exact["v"]).max())

    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > order - 0.3), (errors, orders)


def test_a_cell_without_an_upswing_among_others_is_as_it_is_alone():
    def spikes(delta_t):
        net = Network(dt=DT, seed=1, threads=1)
        cells = net.add_cells(specs.EIF_COND_EXP_ISFA_ISTA, len(delta_t), {"delta_T": delta_t, "i_offset": 1.0}, "c")
        recorder = cells.record_spikes(np.arange(len(delta_t)))
        net.run(2000)
        index, times = recorder.spikes()
        return [list(times[index == cell]) for cell in range(len(delta_t))]

    together = spikes(np.array([0.0, 2.0, 0.5]))

    assert together == [spikes(np.array([delta]))[0] for delta in (0.0, 2.0, 0.5)]
    assert len(together[0]) != len(together[1])


def test_the_intervals_of_a_random_threshold_have_the_distribution_of_its_rate():
    """v stands at the threshold: after its refractory 2 ms a cell spikes with probability 1 - exp(-rate dt) a step."""
    rate, n_cells, dead = 100.0, 200, 20
    net = Network(dt=DT, seed=7, threads=1)
    still = {"v_t_star": -65.0, "lambda0": rate, "tau_refrac": 2.0, "a_eta_1": 0.0, "a_gamma_1": 0.0}
    cells = net.add_cells(GIF, n_cells, still, "cells")
    recorder = cells.record_spikes(np.arange(n_cells))
    net.run(20_000)
    index, times = recorder.spikes()
    steps = np.rint(times / DT).astype(int)
    waits = np.concatenate([np.diff(steps[index == cell]) for cell in range(n_cells)]) - dead

    assert waits.min() >= 1
    survival = np.exp(-rate * DT / 1000)
    edges = np.array([0, 10, 20, 40, 70, 100, 150, 200, 300, 450])
    observed = [np.count_nonzero((waits > low) & (waits <= high)) for low, high in pairwise(edges)]
    observed.append(np.count_nonzero(waits > edges[-1]))
    expected = -np.diff(np.append(survival**edges, 0.0)) * len(waits)
    # one test, level 0.001; intervals cut off at the end of 2 s are too few to be seen
    assert chisquare(observed, expected).pvalue > 0.001
