"""The scripts of ANNarchy's documents, in examples/seeds, compute what their equations say."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import pynn_annarchy.ann as ann

SEEDS = Path(__file__).parent.parent.parent / "examples" / "seeds"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a script as if it were started alone, in an empty folder; returns what it has defined."""
    monkeypatch.chdir(tmp_path)

    def run_script(name, *arguments):
        ann.clear()
        path = str(SEEDS / f"{name}.py")
        monkeypatch.setattr(sys, "argv", [path, *arguments])
        return runpy.run_path(path, run_name="__main__")

    yield run_script
    ann.clear()


# the page about networks


def test_networks_of_the_page(run):
    script = run("network")

    net = script["net"]
    assert net.time == 1001.0
    assert np.array_equal(script["recorded"], np.zeros((1001, 10)))  # nobody drives the first population
    assert [rates.tolist() for rates in script["rates"]] == [[0.0] * 10] * 2
    assert np.array_equal(script["weights"], np.ones((1, 10, 10)))
    named = script["named"].get_populations()
    assert [script["named_pop1"], script["named_pop2"]] == named
    assert script["named_proj"].pre is named[0]
    assert script["named_m"].object is named[1]
    assert script["simple_rates"].tolist() == [0.0] * 10


def test_time_steps_and_seeds_of_the_page(run):
    script = run("network")

    drawn = np.random.random(3)

    assert [script[name].dt for name in ("net", "fine", "configured", "fine_and_simple")] == [1.0, 0.1, 0.1, 0.1]
    assert [script[name].seed for name in ("seeded", "simple_and_seeded")] == [42, 42]
    # "this also sets the seed of the old RNG of numpy"
    assert drawn.tolist() == np.random.RandomState(42).random_sample(3).tolist()


def test_simulations_end_when_populations_say_so(run):
    durations = run("early_stopping")["durations"]

    # r = t/tau with tau = 50, 100, 200 ms; a step is 0.5 ms, and 1.0 is exceeded at once or one step later
    assert 50.0 <= durations["any"] <= 50.5
    assert durations["condition"] == durations["any"]
    assert 200.0 <= durations["all"] <= 200.5
    assert durations["and"] == durations["all"]
    assert durations["or"] == durations["any"]
    assert durations["stored"] == durations["any"] + 0.5  # a variable holds the maximum of the step before
    assert durations["direct"] == 86.0  # t (1/50 + 1/100 + 1/200)/3 > 1
    assert durations["never"] == 20.0


def test_inputs_are_set_periodically(run):
    script = run("callbacks")

    for outcomes, number in ((script["result"], 100), (script["by_callbacks"], 99)):
        assert len(outcomes) == number
        assert len({outcome.tobytes() for outcome in outcomes}) == number
        assert all(outcome.shape == (4, 6) for outcome in outcomes)
        assert 0.45 < np.mean(outcomes) < 0.55  # 2376 draws or more: 8 standard errors
    assert np.array_equal(script["shown"], np.repeat(script["images"], 1000, axis=0))


def test_callbacks_come_when_the_page_says(run):
    script = run("callbacks")

    start, calls = script["start"], script["calls"]
    first = calls[: script["with_callbacks"]]
    periods = 1000.0 * np.arange(10)
    expected = {
        "set": periods,
        "reset": periods,
        "offset": periods + 500.0,
        "negative": periods + 900.0,
        "modulo": periods + 500.0,
        "wait": periods[5:],
    }
    for name, times in expected.items():
        of_it = [(time - start, n) for kind, time, n in first if kind == name]
        assert of_it == [(time, n) for n, time in enumerate(times.tolist())], name
    # in the order of their definition
    assert [kind for kind, time, _ in first if time == start] == ["set", "reset"]
    assert script["without_callbacks"] == script["with_callbacks"]
    # the last run is without the one that was disabled by itself
    last = calls[script["without_callbacks"] :]
    assert {kind for kind, _, _ in last} == set(expected) - {"wait"}
    assert len(last) == 50


def test_networks_run_in_parallel(run):
    script = run("parallel_run")

    first, second, third = script["same"]
    assert first.tobytes() == third.tobytes()
    # the same noise about another baseline; 10 (1 - (1 - dt/tau)^n) is what the baseline adds
    baseline = 10.0 * (1.0 - 0.9 ** np.arange(1, 51))
    np.testing.assert_allclose(second - first, baseline[:, None] * np.ones(5), rtol=1e-9)
    assert len({outcome.tobytes() for outcome in script["sequential"]}) == 3
    assert script["sequential"][0].tobytes() == first.tobytes()
    assert [outcome.tobytes() for outcome in script["of_plain"]] == [
        outcome.tobytes() for outcome in script["sequential"][:2]
    ]


# the page about configuration


def test_configuration_of_the_page(run):
    script = run("configuration")

    assert np.allclose(script["times"][:, 0], 0.1 * np.arange(10))
    assert script["drawn"].tolist() == np.random.RandomState(62756).random_sample(3).tolist()
    assert ann.magic_network().engine.threads == 2


@pytest.mark.parametrize("arguments", [("--clean",), ("-j1",), ("--clean", "-j", "1", "--of-the-script", "7")])
def test_command_line_of_the_page(run, arguments):
    script = run("configuration", *arguments)

    assert np.allclose(script["times"][:, 0], 0.1 * np.arange(10))
    assert sys.argv[1:] == list(arguments)


# the tutorial


def test_first_script_of_the_tutorial(run):
    script = run("skeleton")

    spikes, currents = script["data"], script["pop"].I
    first = {cell: steps[0] for cell, steps in spikes.items() if steps}
    # v = -70 + I (1 - 0.95^n) >= 0 after n steps; weights are 0 until those who spike first have spiked again
    expected = np.ceil(np.log(1.0 - 70.0 / currents[currents > 70.0]) / np.log(0.95))
    earliest = np.flatnonzero(currents > 70.0)[expected <= np.min(expected) + 3]
    assert len(earliest) > 50
    for cell in earliest:
        assert first[cell] == np.ceil(np.log(1.0 - 70.0 / currents[cell]) / np.log(0.95)) - 1
    weights = np.concatenate([np.asarray(row) for row in script["proj"].w])
    # 10 % of a million pairs
    assert abs(len(weights) - 1e5) < 5 * np.sqrt(0.1 * 0.9 * 1e6)
    assert weights.min() == 0.0
    assert 0.1 < weights.max() <= 1.0


def test_populations_and_views_of_the_tutorial(run):
    script = run("populations")

    pop = script["pop"]
    assert script["grid"].geometry == (100, 100)
    assert np.allclose(pop.tau, np.linspace(20.0, 40.0, 1000))
    assert script["E"].ranks.tolist() == list(range(800))
    assert script["I"].ranks.tolist() == list(range(800, 1000))
    excitation, inhibition = script["proj_exc"], script["proj_inh"]
    for post in (0, 500, 999):
        assert len(set(excitation.dendrite(post).pre_ranks)) == 20
        assert max(excitation.dendrite(post).pre_ranks) < 800
        assert min(inhibition.dendrite(post).pre_ranks) >= 800
    assert abs(inhibition.nb_synapses - 40_000) < 5 * np.sqrt(0.2 * 0.8 * 200_000)
    np.testing.assert_allclose(pop.r, np.tanh(pop.x), rtol=1e-15)


def test_connectivity_of_the_tutorial(run):
    patterns = run("populations")["patterns"]

    def matrix(name):
        return patterns[name].connectivity_matrix(fill=0.0)

    everyone = ~np.eye(25, dtype=bool)
    assert np.array_equal(matrix("all_to_all") != 0.0, everyone)
    assert np.all(np.array(patterns["all_to_all"].delay) == 2.0)
    assert np.array_equal(matrix("one_to_one"), np.eye(25))
    delays = np.ravel(patterns["one_to_one"].delay)
    assert 1.0 <= delays.min() < delays.max() <= 10.0
    assert np.all(matrix("fixed_number_pre").sum(axis=1) == 20.0)
    assert np.all(matrix("fixed_number_post").sum(axis=0) == 20.0)
    assert abs(matrix("fixed_probability").sum() - 120.0) < 5 * np.sqrt(0.2 * 0.8 * 600)
    next_one = np.roll(np.eye(25), 1, axis=0)
    assert np.array_equal(matrix("matrix"), next_one)
    assert np.array_equal(matrix("sparse"), next_one)


def test_gaussians_of_the_tutorial(run):
    patterns = run("populations")["patterns"]
    row, column = np.divmod(np.arange(25), 5)
    squared = ((row[:, None] - row) ** 2 + (column[:, None] - column) ** 2) / 16.0  # coordinates from 0 to 1

    def gaussian(amp, sigma):
        return amp * np.exp(-squared / (2.0 * sigma**2))

    others = ~np.eye(25, dtype=bool)
    for name, expected, limit in (
        ("gaussian", gaussian(1.0, 0.2), 0.001),
        ("dog", gaussian(1.0, 0.2) - gaussian(0.3, 0.7), 0.001),
    ):
        kept = np.where(others & (np.abs(expected) > limit), expected, 0.0)
        np.testing.assert_allclose(patterns[name].connectivity_matrix(), kept, rtol=1e-12, atol=1e-15)


def test_reservoir_of_the_tutorial(run):
    script = run("echo_state")

    x, r = script["recorded_x"], script["recorded_r"]
    assert x.shape == (300, 200)
    np.testing.assert_allclose(r, np.tanh(x), rtol=1e-15)
    given = np.where(np.arange(300) < 100, 1.0, 0.0)[1:, None] * script["proj_in"].connectivity_matrix()[:, 0]
    recurrent = 1.5 * r[:-1] @ script["proj"].connectivity_matrix().T
    noise = 30.0 * (x[1:] - x[:-1]) + x[:-1] - given - recurrent
    assert np.abs(noise).max() <= 0.01 + 1e-12
    # of 59800 uniform draws; 5 standard errors
    assert abs(np.std(noise) - 0.01 / np.sqrt(3.0)) < 5 * 0.01 / np.sqrt(3.0 * 59800)
    assert np.std(r[-50:]) > 0.1  # with g = 1.5 the reservoir goes on without its input


def test_rule_of_intrator_and_cooper_of_the_tutorial(run):
    script = run("ibcm")

    w, theta = np.array(script["weights"]), np.zeros(12)
    inputs = np.array([0.1, 0.5, 1.0])
    rates, thetas, weights = [], [], []
    for _ in range(300):
        r = w @ inputs
        theta = theta + (1.0 - np.exp(-1.0 / 2000.0)) * (r**2 - theta)
        w = np.maximum(w + 0.01 * (r * (r - theta))[:, None] * inputs, 0.0)
        rates.append(r), thetas.append(theta), weights.append(w)
    # a rule of third order: rates above 3000, and rounding with them, grow before the threshold has followed
    np.testing.assert_allclose(script["rates"], rates, rtol=1e-9)
    np.testing.assert_allclose(script["recorded"]["theta"], thetas, rtol=1e-9)
    np.testing.assert_allclose(script["recorded"]["w"], weights, rtol=1e-9)
    np.testing.assert_allclose(script["theta"], theta, rtol=1e-9)
    np.testing.assert_allclose(script["dendrite"], w[10], rtol=1e-9)


def test_cells_of_the_tutorial_integrate_and_fire(run):
    data = run("integrate_and_fire")["data"]["alone"]

    n = np.arange(1, 2001)
    np.testing.assert_allclose(data["v"][:, 0], -20.0 - 50.0 * (1.0 - 0.1 / 20.0) ** n, rtol=1e-12)
    assert data["spike"][0] == []
    # from -70 and from -58 towards 20, across 0; 2 ms of refractoriness are 20 steps
    to_threshold = [int(np.ceil(np.log(20.0 / (20.0 - start)) / np.log(1.0 - 0.1 / 20.0))) for start in (-70.0, -58.0)]
    assert data["spike"][1][0] == to_threshold[0] - 1
    assert set(np.diff(data["spike"][1])) == {20 + to_threshold[1]}


def test_conductances_of_the_tutorial(run):
    data = run("integrate_and_fire")["data"]

    received = np.flatnonzero(data["instantaneous"]["g_exc"])
    assert received.tolist() == [11]  # emitted at 1 ms, a step later there
    v = data["instantaneous"]["v"][:, 0]
    np.testing.assert_allclose(v[11:], -70.0 + 0.1 / 20.0 * 2.0 * (1.0 - 0.1 / 20.0) ** np.arange(1989), rtol=1e-13)
    alpha = data["alpha"]["alpha_exc"][:, 0]
    # its maximum is the weight, a time constant after the arrival; the equations take the step to be short
    assert alpha.max() == pytest.approx(2.0, rel=0.02)
    assert abs(np.argmax(alpha) - (11 + 50)) <= 1


def test_adaptive_cells_of_the_tutorial(run):
    data = run("adex")["data"]

    v, w, spikes = data["v"], data["w"], data["spike"]
    tonic, adapting, strongly, at_rheobase = (np.diff(spikes[cell]) for cell in range(4))
    assert np.ptp(tonic[-3:]) <= 1
    for intervals in (adapting, strongly):
        assert intervals[-1] > 1.2 * intervals[0]
    assert len(strongly) < len(adapting) < len(tonic)
    # v_T - E_L - delta_T = 18 is the current from which on the membrane has no resting potential
    assert len(at_rheobase) == 0
    assert -51.0 < v[-1, 3] < -50.0
    for cell, b in enumerate((0.0, 5.0, 20.0)):
        steps = np.array(spikes[cell])
        leak = 0.1 / 30.0 * (0.2 * (v[steps - 1, cell] + 70.0) - w[steps - 1, cell])
        np.testing.assert_allclose(w[steps, cell], w[steps - 1, cell] + leak + b, rtol=1e-12)
        assert np.all(v[steps, cell] == -58.0)


def test_short_term_plasticity_of_the_tutorial(run):
    arrived = run("stp")["arrived"]

    steps = np.flatnonzero(arrived)
    assert steps.tolist() == [101 + 100 * n for n in range(10)]
    x, expected = 1.0, []
    for _ in range(10):  # facilitation lasts 0.01 ms: u is 0.5 again at each spike
        expected.append(0.5 * x)
        x = 1.0 - (1.0 - 0.5 * x) * np.exp(-(10.0 - 0.1) / 100.0)  # as in ANNarchy, the step of a spike is left out
    np.testing.assert_allclose(arrived[steps], expected, rtol=1e-12)


def test_spike_timing_dependent_plasticity_of_the_tutorial(run):
    script = run("stdp")

    assert script["spikes"] == {0: [1000]}
    arrivals = 100.0 - script["lags"] + 0.1
    before = arrivals <= 100.0
    # as in ANNarchy: the step in which the post-synaptic spike was is left out when a later one asks for its trace
    passed = np.where(before, 100.0 - arrivals, arrivals - 100.0 - 0.1)
    expected = np.where(before, 0.01, -0.01) * np.exp(-passed / 20.0)
    np.testing.assert_allclose(script["changes"], expected, rtol=1e-9)  # of 0.5: rounding of the weights
