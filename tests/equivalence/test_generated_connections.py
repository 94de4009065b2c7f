"""Connections that the engine draws: the same for any number of threads, by the laws asked for, checked like others."""

from __future__ import annotations

import numpy as np
import pyNN.annarchy as sim
import pytest
from pyNN import errors
from pyNN.random import NumpyRNG, RandomDistribution
from scipy import stats

from pynn_annarchy import _mathematics

SIGNIFICANCE = 1e-4
N = 300_000  # more than one block of the native arrays


def connected(threads=1, n=N, sizes=(300, 70_000), weight=0.5, delay=1.0, seed=3, synapse=None):
    sim.setup(timestep=0.1, threads=threads)
    cells = [sim.Population(size, sim.IF_curr_exp()) for size in sizes]
    connector = sim.FixedTotalNumberConnector(n, rng=sim.NativeRNG(seed))
    synapse = synapse or sim.StaticSynapse(weight=weight, delay=delay)
    return sim.Projection(*cells, connector, synapse, receptor_type="excitatory")


def normal(mu, sigma, low, high):
    return RandomDistribution("normal_clipped", mu=mu, sigma=sigma, low=low, high=high, rng=sim.NativeRNG(8))


def columns(projection):
    """Sources, targets, weights and delays, in the order (pre, post, creation)."""
    return [np.asarray(column) for column in zip(*projection.get(["weight", "delay"], "list"), strict=True)]


@pytest.mark.parametrize("threads", [2, 3])
def test_the_number_of_threads_changes_nothing(threads):
    def drawn(threads):
        return columns(connected(threads, weight=normal(0.3, 0.1, 0.0, 1.0), delay=normal(2.0, 1.0, 0.1, 5.0)))

    for one, several in zip(drawn(1), drawn(threads), strict=True):
        np.testing.assert_array_equal(one, several)


def test_each_connection_has_the_random_numbers_of_its_rank():
    projection = connected(n=2000, sizes=(5, 1), weight=normal(3.0, 0.1, 0.0, np.inf), delay=1.0)
    pre, _, weight, _ = columns(projection)
    drawn = _mathematics.draw("uniform", (0.0, 1.0), _mathematics.hash_seed(3), 0, np.arange(2000))
    source = np.floor(drawn * 5).astype(int)
    np.testing.assert_array_equal(pre, np.sort(source))
    rng = sim.NativeRNG(8)
    streams = (
        _mathematics.draw("normal", (3.0, 0.1), _mathematics.hash_seed(rng.seed), stream, np.arange(2000))
        for stream in range(8)
    )
    order = np.argsort(source, kind="stable")  # one target: in the order of creation
    assert any(np.array_equal(weight, values.astype(np.float32)[order]) for values in streams)


def test_pairs_are_uniform_and_independent():
    pre, post, _, _ = columns(connected(n=N, sizes=(20, 30)))
    counts = np.zeros((20, 30))
    np.add.at(counts, (pre.astype(int), post.astype(int)), 1)
    assert counts.sum() == N
    assert stats.chisquare(counts.ravel()).pvalue > SIGNIFICANCE


@pytest.mark.parametrize(
    ("name", "parameters", "law"),
    [
        ("uniform", {"low": 0.1, "high": 0.7}, stats.uniform(0.1, 0.6)),
        ("normal", {"mu": 3.0, "sigma": 0.2}, stats.norm(3.0, 0.2)),
        ("lognormal", {"mu": 0.1, "sigma": 0.5}, stats.lognorm(0.5, scale=np.exp(0.1))),
        ("exponential", {"beta": 0.4}, stats.expon(scale=0.4)),
        ("gamma", {"k": 2.5, "theta": 0.4}, stats.gamma(2.5, scale=0.4)),
        ("normal_clipped", {"mu": 0.5, "sigma": 0.5, "low": 0.0, "high": 0.8}, stats.truncnorm(-1, 0.6, 0.5, 0.5)),
    ],
)
def test_weights_follow_their_law(name, parameters, law):
    weight = RandomDistribution(name, **parameters, rng=sim.NativeRNG(9))
    assert stats.kstest(columns(connected(n=50_000, weight=weight))[2], law.cdf).pvalue > SIGNIFICANCE


def test_delays_are_rounded_to_the_nearest_step():
    law = stats.truncnorm(-1.9, 3.0, 2.0, 1.0)
    delay = columns(connected(n=50_000, delay=normal(2.0, 1.0, 0.1, 5.0)))[3]
    steps, counts = np.unique(np.rint(delay * 10).astype(int), return_counts=True)
    np.testing.assert_allclose(delay * 10, np.rint(delay * 10), rtol=1e-12)
    edges = np.clip((np.append(steps, steps[-1] + 1) - 0.5) / 10, 0.1, 5.0)
    assert stats.chisquare(counts, np.diff(law.cdf(edges)) * 50_000).pvalue > SIGNIFICANCE


def test_weights_beyond_32_bits_take_no_memory():
    fixed, drawn = (connected(weight=weight) for weight in (0.1, normal(0.3, 0.1, 0.0, 1.0)))
    sizes = [projection._parts[0].synapses.nbytes for projection in (fixed, drawn)]
    assert sizes[1] - sizes[0] == 4 * N


def test_further_parameters_that_are_numbers_reach_the_synapses():
    rule = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=17.0),
        weight_dependence=sim.AdditiveWeightDependence(w_max=0.9),
        weight=normal(0.3, 0.1, 0.0, 1.0),
        delay=1.0,
    )
    projection = connected(n=100, synapse=rule)
    assert set(projection.get("tau_plus", "list", with_address=False)) == {17.0}
    assert set(projection.get("w_max", "list", with_address=False)) == {0.9}


def test_what_the_engine_cannot_draw_goes_the_common_way():
    weight = RandomDistribution("uniform", low=0.0, high=1.0, rng=NumpyRNG(4))
    projection = connected(n=1000, weight=weight)
    assert len(projection) == 1000
    assert len(np.unique(columns(projection)[2])) == 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weight": normal(-0.5, 0.01, -1.0, 1.0)}, "positive"),
        ({"delay": normal(1.0, 0.5, -5.0, 5.0)}, "below the smallest"),
        ({"weight": normal(0.5, 0.01, 7.0, 8.0)}, "hardly ever"),
        ({"weight": np.nan}, "finite"),
    ],
)
def test_wrong_laws_are_refused_and_leave_nothing_behind(arguments, message):
    with pytest.raises((errors.ConnectionError, ValueError), match=message):
        connected(n=1000, **arguments)
    assert sim.simulator.state.network.projections == []
