"""With threads='auto', one thread or all of them run a network: whichever is faster, found out at little cost."""

from __future__ import annotations

import numpy as np
import pyNN.annarchy as sim
import pytest
from pyNN.random import NumpyRNG, RandomDistribution

from pynn_annarchy.engine.native_loop import WorkerChoice


def simulate(alone, together, n_steps=100_000, chunk=2000, first=0.05, noise=0.0, together_later=None):
    """Seconds that a run takes on a machine where a step costs so much on one thread, and on all of them."""
    rng = np.random.default_rng(5)
    choice, took, done = WorkerChoice(2, is_fixed=False), first, 0
    while done < n_steps:
        workers, n = choice.plan(min(chunk, n_steps - done))
        now = together if together_later is None or done < n_steps // 2 else together_later
        cost = (alone, now)[workers - 1] * (1 + noise * rng.random())
        seconds = n * cost + (first if done == 0 else 0.0)
        choice.observe(workers, n, seconds)
        took += n * cost
        done += n
    return took - first


@pytest.mark.parametrize("alone", [1e-6, 9e-6, 30e-6, 1e-3])
@pytest.mark.parametrize("ratio", [1.0, 1.1, 1.5, 4.0, 30.0])
def test_a_network_that_one_thread_runs_faster_is_not_slower_by_a_twentieth(alone, ratio):
    n_steps = int(2.0 / alone)

    assert simulate(alone, ratio * alone, n_steps) < 1.05 * n_steps * alone


@pytest.mark.parametrize("alone", [20e-6, 1e-3])
def test_a_network_that_all_threads_run_faster_gets_them(alone):
    n_steps = int(2.0 / alone)

    assert simulate(alone, 0.55 * alone, n_steps) < 1.05 * 0.55 * n_steps * alone


def test_noise_of_a_busy_machine_does_not_decide_for_long():
    alone, n_steps = 50e-6, 40_000

    assert simulate(alone, 1.3 * alone, n_steps, noise=0.5) < 1.06 * 1.25 * n_steps * alone


def test_what_becomes_faster_is_found_out():
    alone, n_steps = 50e-6, 200_000
    slow_half, fast_half = n_steps / 2 * alone, n_steps / 2 * 0.5 * alone

    assert simulate(alone, 2 * alone, n_steps, together_later=0.5 * alone) < 1.15 * (slow_half + fast_half)


def test_a_given_number_of_threads_is_taken():
    assert WorkerChoice(3, is_fixed=True).plan(7) == (3, 7)
    assert WorkerChoice(1, is_fixed=False).plan(7) == (1, 7)


def network_of(n_cells, model):
    sim.setup(timestep=0.1)
    sim.Population(n_cells, getattr(sim, model)())
    sim.run(0.1)
    return sim.simulator.state.network


@pytest.mark.compiler
@pytest.mark.parametrize(
    ("model", "n_cells", "partitions"),
    [("IF_curr_exp", 4000, 1), ("IF_cond_exp", 4000, 1), ("HH_cond_exp", 4000, 3), ("IF_curr_exp", 100_000, 3)],
)
def test_a_network_of_short_steps_is_not_cut(monkeypatch, model, n_cells, partitions):
    monkeypatch.setattr("pynn_annarchy.engine.network.available_cores", lambda: 3)

    assert network_of(n_cells, model).partitions == partitions


@pytest.mark.compiler
@pytest.mark.parametrize("weight_bits", [None, 16])
@pytest.mark.parametrize(("first", "then"), [(0.0, 1.0), (1.0, 0.0)])
def test_synapses_that_are_cut_otherwise_once_kernels_are_known_stay_what_they_are(
    monkeypatch, weight_bits, first, then
):
    """As where cells turn out to be costly that were taken for cheap ones, and the other way round."""
    monkeypatch.setattr("pynn_annarchy.engine.network.available_cores", lambda: 3)
    monkeypatch.setattr("pynn_annarchy.engine.effort.guess", lambda *_: first)
    monkeypatch.setattr("pynn_annarchy.engine.effort.seconds_of_step", lambda _: then)

    cut, whole = (spikes_and_weights(threads, weight_bits) for threads in ("auto", 1))

    assert cut[0] == whole[0] and len(cut[0]) > 50
    for one, other in zip(cut[1:], whole[1:], strict=True):
        np.testing.assert_array_equal(one, other)


def spikes_and_weights(threads, weight_bits):
    sim.setup(timestep=0.1, min_delay=0.1, threads=threads, weight_bits=weight_bits)
    cells = sim.Population(40, sim.IF_curr_exp(i_offset=np.linspace(0.7, 1.1, 40)))
    cells.record("spikes")
    rng = NumpyRNG(seed=3)
    weight, delay = (
        RandomDistribution("normal", (0.2, 0.05), rng=rng),
        RandomDistribution("uniform", (0.1, 4.0), rng=rng),
    )
    rule = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(A_plus=0.01, A_minus=0.012),
        weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=0.5),
        weight=weight,
        delay=delay,
    )
    connections = [
        sim.Projection(cells, cells, sim.FixedProbabilityConnector(0.3, rng=rng), synapse)
        for synapse in (sim.StaticSynapse(weight=weight, delay=delay), sim.StaticSynapse(weight=0.1, delay=1.0), rule)
    ]
    one = next(iter(connections[0].connections))
    one.weight = 7.0  # for which 16-bit weights take a larger unit, and keep it
    one.weight = 0.2
    sim.run(100.0)
    one.weight = 0.21234
    spikes = [train.magnitude.tolist() for train in cells.get_data().segments[0].spiketrains]
    return [time for train in spikes for time in train], *(
        np.array(projection.get(["weight", "delay"], "list", with_address=True)) for projection in connections
    )
