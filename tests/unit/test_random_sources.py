"""Random spike sources: the intervals that theory gives, new parameters at once, windows of activity.

Where parameters change: by the time-rescaling theorem spikes are a Poisson process of rate 1 in the time that the
integrated rate counts, whatever the process (Brown et al. 2002, Neural Comput. 14:325-346). Seeds are fixed and were
not searched for; each test of a distribution has a significance of 1e-4.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import gammaincc

from pynn_annarchy.engine.network import Network
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.standardmodels.source_specs import (
    SPIKE_SOURCE_GAMMA,
    SPIKE_SOURCE_INH_GAMMA,
    SPIKE_SOURCE_POISSON,
    SPIKE_SOURCE_POISSON_REFRACTORY,
)
from pynn_annarchy.targets.compile import Options

SIGNIFICANCE = 1e-4


def sources(spec, size, parameters, dt=0.01, seed=42, target="cpp", precision="double", tables=None):
    net = Network(dt=dt, seed=seed, options=Options(target, precision=precision))
    cells = net.add_cells(spec, size, parameters, "sources")
    if tables is not None:
        cells.set_tables(tables)
    cells.record_spikes(np.arange(size))
    return net, cells


def trains(cells):
    index, times = cells.spike_recorder.spikes()
    return [times[index == cell] for cell in range(cells.size)]


def gamma_hazard(alpha, scale):
    """Integral of the rate from the last spike to an age, in ms."""
    return lambda age: -np.log(gammaincc(alpha, np.maximum(age, 0.0) / scale))


def refractory_hazard(rate, tau_refrac):
    return lambda age: np.maximum(age - tau_refrac, 0.0) / (1000.0 / rate - tau_refrac)


def rescaled(train, laws, begin=0.0):
    """Integrated rate between successive spikes; `laws` are (time from which on, hazard)."""
    edges = np.array([start for start, _ in laws] + [np.inf])
    last, result = begin, []
    for spike in train:
        total = 0.0
        for (start, hazard), end in zip(laws, edges[1:], strict=True):
            low, high = max(start, last), min(end, spike)
            if low < high:
                total += hazard(high - last) - hazard(low - last)
        result.append(total)
        last = spike
    return result


def assert_gamma_intervals(intervals, shape, scale, dt):
    """Chi-square against the exact law of intervals between steps, whose phase in a step is uniform.

    An interval T spans k or k + 1 steps by its phase: P(steps <= k) dt = E[((k + 1) dt - T)+] - E[(k dt - T)+].
    """

    def expected_rest(x):
        x = np.maximum(x, 0.0)
        return x * stats.gamma.cdf(x, shape, scale=scale) - shape * scale * stats.gamma.cdf(x, shape + 1, scale=scale)

    assert len(intervals) > 500
    steps = np.rint(intervals / dt)
    edges = np.unique(np.quantile(steps, np.linspace(0, 1, 41)[1:-1]))
    cumulative = np.r_[0.0, (expected_rest((edges + 1) * dt) - expected_rest(edges * dt)) / dt, 1.0]
    observed = np.diff(np.r_[0, np.searchsorted(np.sort(steps), edges, side="right"), len(steps)])
    assert stats.chisquare(observed, np.diff(cumulative) * len(steps)).pvalue > SIGNIFICANCE


# ---- intervals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("rate", [0.5, 20.0, 300.0])
def test_intervals_of_a_poisson_source_are_exponential(rate, precision):
    n = int(np.ceil(3000 / rate / 10)) if rate < 100 else 1
    net, cells = sources(SPIKE_SOURCE_POISSON, max(n, 1), {"rate": rate}, precision=precision)
    net.run(1_000_000)

    intervals = np.concatenate([np.diff(train) for train in trains(cells)])
    # 10 s cut off long intervals where the rate is low: the intervals that begin early enough are not chosen by length
    if rate < 1:
        first = np.array([train[0] if len(train) else np.inf for train in trains(cells)])
        seen = np.sort(first[np.isfinite(first)])
        expected = stats.truncexpon(b=10_000 * rate / 1000, scale=1000 / rate)
        assert stats.kstest(seen, expected.cdf).pvalue > SIGNIFICANCE
        assert abs(np.isinf(first).mean() - np.exp(-10 * rate)) < 5 * np.sqrt(np.exp(-10 * rate) / n)
    else:
        assert_gamma_intervals(intervals, 1.0, 1000 / rate, 0.01)


@pytest.mark.parametrize("rate", [3_000.0, 6_000.0, 250_000.0])
def test_several_spikes_a_step_have_the_numbers_of_a_poisson_process(rate, target):
    net, cells = sources(SPIKE_SOURCE_POISSON, 50, {"rate": rate}, dt=0.1, target=target)
    net.run(100)
    index, times = cells.spike_recorder.spikes()
    steps = np.rint(times / 0.1).astype(int)
    counts = np.bincount((steps - 1) * 50 + index, minlength=5000)

    edges = np.arange(int(counts.min()), int(counts.max()) + 1)
    expected = np.diff(stats.poisson.cdf(np.r_[-1, edges[:-1], 10**9], rate * 1e-4)) * counts.size
    observed = np.bincount(counts - edges[0], minlength=len(edges))
    keep = expected > 5
    pooled = np.r_[observed[keep], observed[~keep].sum()], np.r_[expected[keep], expected[~keep].sum() + 1e-12]
    used = pooled[1] > 1

    assert stats.chisquare(pooled[0][used], pooled[1][used] * pooled[0][used].sum() / pooled[1][used].sum()).pvalue > (
        SIGNIFICANCE
    )


@pytest.mark.parametrize(("rate", "tau_refrac"), [(50.0, 5.0), (100.0, 0.0), (190.0, 5.0), (20.0, 40.0)])
def test_a_dead_time_is_kept_and_what_follows_it_is_exponential(rate, tau_refrac):
    net, cells = sources(SPIKE_SOURCE_POISSON_REFRACTORY, 20, {"rate": rate, "tau_refrac": tau_refrac})
    net.run(1_000_000)
    intervals = np.concatenate([np.diff(train) for train in trains(cells)])

    assert intervals.min() >= tau_refrac - 1e-9
    assert_gamma_intervals(intervals - tau_refrac, 1.0, 1000 / rate - tau_refrac, 0.01)


@pytest.mark.parametrize(("alpha", "beta"), [(2.0, 200.0), (0.4, 30.0), (6.0, 1000.0), (40.0, 900.0), (1.0, 50.0)])
def test_intervals_of_a_gamma_source_are_gamma_distributed(alpha, beta):
    net, cells = sources(SPIKE_SOURCE_GAMMA, 20, {"alpha": alpha, "beta": beta}, dt=0.1)
    net.run(250_000)
    intervals = np.concatenate([np.diff(train) for train in trains(cells)])

    assert_gamma_intervals(intervals, alpha, 1000 / beta, 0.1)


def test_high_rates_of_regular_and_of_bursting_sources_are_kept(target):
    alpha = np.repeat([0.2, 1.0, 5.0], 30)
    net, cells = sources(SPIKE_SOURCE_GAMMA, 90, {"alpha": alpha, "beta": 30_000.0 * alpha}, dt=0.1, target=target)
    net.run(300)
    counts = np.array([len(train) for train in trains(cells)]).reshape(3, 30)

    # 30 spikes a ms for 30 ms; an ordinary renewal process has the mean t/mu + (1/alpha - 1)/2, variance t/(mu alpha)
    for shape, group in zip([0.2, 1.0, 5.0], counts, strict=True):
        deviation = np.sqrt(900 / shape / 30)
        assert abs(group.mean() - 900 - (1 / shape - 1) / 2) < 4.5 * deviation


def test_the_first_interval_begins_with_the_activity():
    net, cells = sources(SPIKE_SOURCE_GAMMA, 3000, {"alpha": 9.0, "beta": 900.0, "start": 3.1415})
    net.run(4000)
    first = np.array([train[0] for train in trains(cells)])

    assert stats.kstest(first - 3.1415 - 0.005, "gamma", (9.0, 0, 1000 / 900)).pvalue > SIGNIFICANCE


# ---- changes --------------------------------------------------------------------------------------------------------

CHANGING = {
    "Poisson": (
        SPIKE_SOURCE_POISSON,
        [{"rate": 40.0}, {"rate": 400.0}, {"rate": 5.0}, {"rate": 100.0}],
        lambda rate: refractory_hazard(rate, 0.0),
    ),
    "refractory": (
        SPIKE_SOURCE_POISSON_REFRACTORY,
        [
            {"rate": 40.0, "tau_refrac": 10.0},
            {"rate": 80.0, "tau_refrac": 10.0},
            {"rate": 80.0, "tau_refrac": 2.0},
            {"rate": 20.0, "tau_refrac": 30.0},
        ],
        refractory_hazard,
    ),
    "gamma": (
        SPIKE_SOURCE_GAMMA,
        [
            {"alpha": 3.0, "beta": 100.0},
            {"alpha": 3.0, "beta": 400.0},
            {"alpha": 0.5, "beta": 20.0},
            {"alpha": 20.0, "beta": 600.0},
        ],
        lambda alpha, beta: gamma_hazard(alpha, 1000.0 / beta),
    ),
}


@pytest.mark.parametrize("case", CHANGING)
def test_new_parameters_act_at_once_and_on_intervals_that_have_begun(case):
    spec, changes, hazard = CHANGING[case]
    net, cells = sources(spec, 400, changes[0])
    for parameters in changes:
        cells.set_many(parameters)
        net.run(2000)

    laws = [(20.0 * k, hazard(**parameters)) for k, parameters in enumerate(changes)]
    intervals, rest = [], 0.0
    for train in trains(cells):  # one after the other: what is left of one source's time precedes the next one's spike
        own = [*rescaled(train, laws), *rescaled([80.0], laws, train[-1] if len(train) else 0.0)]
        own[0] += rest
        rest = own.pop()
        intervals += own

    # two spikes in one step have no interval between them, which holds for less than a percent of them
    assert len(intervals) > 500
    assert stats.kstest(intervals, "expon").pvalue > SIGNIFICANCE


def test_a_gamma_source_of_tables_follows_them(target):
    """The rescaled time of every piece of the table has as many spikes as it lasts; two laws of shape in one train."""
    size = 300 if target == "reference" else 1500
    times, a, b = [2.0, 12.0, 22.0], [4.0, 1.0, 0.5], [0.0005, 0.004, 0.02]
    tables = {cell: {"times": times, "a": a, "b": b} for cell in range(size)}
    net, cells = sources(SPIKE_SOURCE_INH_GAMMA, size, {}, dt=0.05, target=target, tables=tables)
    net.run(800)

    laws = [(0.0, lambda age: 0.0 * age)]
    laws += [(time, gamma_hazard(shape, 1000 * scale)) for time, shape, scale in zip(times, a, b, strict=True)]
    expected, seen = np.zeros(3), np.zeros(3)
    edges = [*times, 40.0]
    for train in trains(cells):
        seen += np.histogram(train - 1e-9, edges)[0]
        marks = np.sort(np.r_[train, 12.0, 22.0, 40.0])
        last = 2.0
        for low, high in zip(np.r_[2.0, marks[:-1]], marks, strict=True):
            piece = np.searchsorted(times, (low + high) / 2) - 1
            hazard = laws[piece + 1][1]
            expected[piece] += hazard(high - last) - hazard(low - last)
            if high in train:
                last = high

    assert (np.abs(seen - expected) < 5 * np.sqrt(expected) + 0.03 * expected).all()
    assert min(train[0] for train in trains(cells) if len(train)) > 2.0


def test_a_window_of_activity_is_kept_to_and_can_be_moved(target):
    for spec in (SPIKE_SOURCE_POISSON, SPIKE_SOURCE_POISSON_REFRACTORY, SPIKE_SOURCE_GAMMA):
        rates = {"beta": 4000.0} if spec is SPIKE_SOURCE_GAMMA else {"rate": 2000.0}
        net, cells = sources(spec, 100, {**rates, "start": 3.0, "duration": 4.0}, dt=0.1, target=target)
        net.run(100)
        cells.set_many({"start": 12.0, "duration": 2.0})
        net.run(100)
        times = np.concatenate(trains(cells))

        first, second = times[times < 10], times[times > 10]
        assert 3.0 < first.min() < 3.3
        assert 6.7 < first.max() <= 7.0
        assert 12.0 < second.min() < 12.3
        assert 13.7 < second.max() <= 14.0


def test_a_rate_of_zero_is_silence_and_ends(target):
    net, cells = sources(SPIKE_SOURCE_POISSON, 50, {"rate": 0.0}, dt=0.1, target=target)
    net.run(100)
    assert sum(map(len, trains(cells))) == 0

    cells.set("rate", 500.0)
    net.run(100)
    # 250 spikes expected
    assert abs(sum(map(len, trains(cells))) - 250) < 5 * np.sqrt(250)


def test_a_dead_time_longer_than_the_mean_interval_is_refused():
    _, cells = sources(SPIKE_SOURCE_POISSON_REFRACTORY, 3, {"rate": 100.0, "tau_refrac": 5.0})

    with pytest.raises(
        ModelError, match=r"rate\*tau_refrac < 1000 must hold, but cell 1 has rate = 300, tau_refrac = 5"
    ):
        cells.set("rate", 300.0, np.array([1]))
    assert cells.get("rate") == 100.0
    cells.set_many({"rate": 300.0, "tau_refrac": 1.0})


def test_more_spikes_than_streams_tell_apart_are_refused():
    net, _ = sources(SPIKE_SOURCE_GAMMA, 1, {"beta": 1e10}, dt=0.1)

    with pytest.raises(ModelError, match=r"more than 65535; use a lower rate, or a shorter time step"):
        net.run(1)


# ---- tables ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"times": [0.0, 1.0], "a": [1.0], "b": [1.0, 1.0]}, "cell 1 of 'sources' has 1 values of 'a' for 2 times"),
        ({"times": [1.0, 0.0], "a": [1.0, 1.0], "b": [1.0, 1.0]}, "times of cell 1 of 'sources' must ascend"),
        ({"times": [0.0], "a": [0.0], "b": [1.0]}, "'a' of cell 1 of 'sources' must be greater than zero, got 0"),
        ({"times": [0.0], "a": [1.0], "b": [np.nan]}, "'b' of cell 1 of 'sources' must be finite"),
    ],
)
def test_a_wrong_table_is_refused_and_changes_nothing(table, message):
    good = {"times": [0.0], "a": [2.0], "b": [0.1]}
    _, cells = sources(SPIKE_SOURCE_INH_GAMMA, 2, {}, tables={0: good, 1: good})

    with pytest.raises(ModelError, match=message):
        cells.set_tables({0: {"times": [5.0], "a": [1.0], "b": [1.0]}, 1: table})
    assert cells.get_table("a", 0).tolist() == [2.0]


def test_tables_can_be_given_anew_between_runs_and_hold_after_reset(target):
    fast = {"times": [0.0], "a": [5.0], "b": [1e-4]}
    silent = {"times": [1e6], "a": [5.0], "b": [1e-4]}
    net, cells = sources(SPIKE_SOURCE_INH_GAMMA, 2, {}, dt=0.1, target=target, tables={0: fast, 1: silent})
    net.run(100)
    cells.set_tables({0: silent, 1: fast})
    net.run(100)
    first, second = trains(cells)

    assert first.max() <= 10.0 < second.min()
    net.reset()
    net.run(200)
    first, second = trains(cells)
    assert len(first) == 0
    assert second.min() < 2.0
