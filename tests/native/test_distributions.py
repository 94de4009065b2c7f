"""Distributions: values that follow from the words by theory, shapes by chi-square, and the same bits in native code.

Keys are fixed, so that a test either always or never fails. They were not searched for: each chi-square has to stay
above a significance of 1e-3 divided by the number of distributions compared here.
"""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from pynn_annarchy import _mathematics
from pynn_annarchy._mathematics import draw

N = 200_000
KEY, OBJECT = _mathematics.hash_seed(20240611), 3


def sample(distribution, *parameters, n=N, **identity):
    return draw(distribution, parameters, KEY, OBJECT, np.arange(n), **identity)


def words_of(element, **identity):
    return _mathematics.philox(KEY, OBJECT, element=element, **identity)


def open_uniform(high, low):
    return (2 * (high << 20 | low >> 12) + 1) / 2**53


# ---- known answers: what the first block of words has to give ------------------------------------------------------


def box_muller(words):
    radius = mpmath.sqrt(-2 * mpmath.log(open_uniform(*words[:2])))
    return radius * mpmath.cos(2 * mpmath.pi * open_uniform(*words[2:]))


CONTINUOUS = {
    "uniform": ((-2.0, 6.0), lambda w: -2 + 8 * mpmath.mpf(open_uniform(*w[:2]))),
    "normal": ((3.0, 0.5), lambda w: 3 + box_muller(w) / 2),
    "lognormal": ((-1.0, 2.0), lambda w: mpmath.exp(-1 + 2 * box_muller(w))),
    "exponential": ((20.0,), lambda w: -20 * mpmath.log(open_uniform(*w[:2]))),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous_value_is_the_transform_of_its_words(name):
    parameters, transform = CONTINUOUS[name]

    drawn = sample(name, *parameters, n=300)

    with mpmath.workdps(40):
        expected = [float(transform(words_of(element))) for element in range(300)]
    # a handful of roundings of numbers of the size of the parameters
    assert drawn == pytest.approx(expected, rel=2e-15, abs=1e-15)


def poisson_cdf(k, rate):
    return mpmath.gammainc(k + 1, rate, regularized=True)


def binomial_cdf(k, n, p):
    def log_probability(i):
        ways = math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1)
        return ways + i * math.log(p) + (n - i) * math.log1p(-p)

    return math.fsum(math.exp(log_probability(i)) for i in range(int(k) + 1))


@pytest.mark.parametrize(
    ("name", "parameters", "cdf"),
    [
        ("poisson", (0.3,), poisson_cdf),
        ("poisson", (9.5,), poisson_cdf),
        ("binomial", (12, 0.4), binomial_cdf),
        ("binomial", (100000, 3e-5), binomial_cdf),
    ],
)
def test_small_counts_are_inverted_exactly(name, parameters, cdf):
    counts = sample(name, *parameters, n=300)

    for element, count in enumerate(counts):
        u = open_uniform(*words_of(element)[:2])
        assert cdf(int(count), *parameters) >= u
        assert count == 0 or cdf(int(count) - 1, *parameters) < u


def test_discrete_uniform_takes_both_ends():
    drawn = sample("discrete_uniform", -3.0, 6.0, n=1000)

    expected = [-3 + math.floor(10 * open_uniform(*words_of(element)[:2])) for element in range(1000)]
    assert drawn.tolist() == expected
    assert set(drawn) == set(range(-3, 7))


# ---- shapes ---------------------------------------------------------------------------------------------------------


def normal_cdf(x, mu, sigma):
    return 0.5 * mpmath.erfc(-(x - mu) / (sigma * mpmath.sqrt(2)))


def gamma_cdf(x, shape, scale):
    return 1 - mpmath.gammainc(shape, x / scale, regularized=True)


def gamma_above_cdf(x, shape, scale, low):
    return 1 - mpmath.gammainc(shape, x / scale) / mpmath.gammainc(shape, low / scale)


def around(mean, variance):
    """Whole numbers from four deviations below the mean to four above."""
    return np.unique(np.rint(mean + math.sqrt(variance) * np.linspace(-4, 4, 41)))


SHAPES = {
    "uniform": (("uniform", -2.0, 6.0), np.linspace(-1.8, 5.8, 39), lambda x, low, high: (x - low) / (high - low)),
    "normal": (("normal", -65.0, 2.0), np.linspace(-72, -58, 57), normal_cdf),
    "lognormal": (
        ("lognormal", -1.0, 0.5),
        np.exp(np.linspace(-3, 1, 40)),
        lambda x, mu, sigma: normal_cdf(mpmath.log(x), mu, sigma),
    ),
    "exponential": (("exponential", 20.0), np.linspace(1, 150, 60), lambda x, mean: 1 - mpmath.exp(-x / mean)),
    "gamma below one": (("gamma", 0.3, 2.0), np.linspace(0.05, 6, 40), gamma_cdf),
    "gamma of one": (("gamma", 1.0, 0.5), np.linspace(0.05, 3, 40), gamma_cdf),
    "gamma": (("gamma", 7.5, 10.0), np.linspace(20, 180, 60), gamma_cdf),
    "large gamma": (("gamma", 1e6, 1.0), 1e6 + 1e3 * np.linspace(-3.5, 3.5, 40), gamma_cdf),
    "gamma above its mode": (("gamma_above", 7.5, 10.0, 90.0), np.linspace(91, 200, 50), gamma_above_cdf),
    "gamma below its mode": (("gamma_above", 7.5, 10.0, 50.0), np.linspace(52, 180, 50), gamma_above_cdf),
    "gamma far above": (("gamma_above", 30.0, 1.0, 90.0), np.linspace(90.1, 100, 50), gamma_above_cdf),
    "exponential above": (("gamma_above", 1.0, 3.0, 5.0), np.linspace(5.1, 20, 50), gamma_above_cdf),
    "nearly exponential above": (("gamma_above", 1.001, 3.0, 5.0), np.linspace(5.1, 20, 50), gamma_above_cdf),
    "burst above": (("gamma_above", 0.3, 2.0, 0.02), np.geomspace(0.022, 6, 50), gamma_above_cdf),
    "burst above one": (("gamma_above", 0.05, 2.0, 3.0), np.linspace(3.1, 12, 50), gamma_above_cdf),
    "discrete uniform": (("discrete_uniform", 0.0, 9.0), np.arange(9), lambda k, low, high: (k + 1) / 10),
    "rare events": (("poisson", 0.05), np.arange(4), poisson_cdf),
    "poisson by inversion": (("poisson", 8.0), np.arange(20), poisson_cdf),
    "poisson at the switch": (("poisson", 10.0), np.arange(25), poisson_cdf),
    "poisson by rejection": (("poisson", 130.0), around(130, 130), poisson_cdf),
    "poisson of a million": (("poisson", 1e6), around(1e6, 1e6), poisson_cdf),
    "binomial by inversion": (("binomial", 20.0, 0.3), np.arange(15), binomial_cdf),
    "binomial by rejection": (("binomial", 100.0, 0.3), np.arange(12, 49), binomial_cdf),
    "binomial of the frequent": (("binomial", 60.0, 0.8), np.arange(35, 59), binomial_cdf),
    "large binomial": (("binomial", 10000.0, 0.37), around(3700, 2331), binomial_cdf),
}


def merged(observed, expected, least=10.0):
    """Neighbouring bins joined until each is expected to hold `least` values."""
    joint = [[0.0, 0.0]]
    for seen, foreseen in zip(observed, expected, strict=True):
        if joint[-1][1] >= least:
            joint.append([0.0, 0.0])
        joint[-1][0] += seen
        joint[-1][1] += foreseen
    if joint[-1][1] < least and len(joint) > 1:
        last = joint.pop()
        joint[-1] = [joint[-1][0] + last[0], joint[-1][1] + last[1]]
    return np.array(joint).T


def chi_square_significance(values, edges, cdf):
    """Probability of a deviation as large as that of `values`, in bins that end at `edges` inclusively."""
    below = np.searchsorted(np.sort(values), edges, side="right")
    observed = np.diff(np.concatenate([[0], below, [len(values)]]))
    cumulative = np.array([0.0, *(float(cdf(x)) for x in edges.tolist()), 1.0])
    observed, expected = merged(observed, np.diff(cumulative) * len(values))
    statistic = np.sum((observed - expected) ** 2 / expected)
    return float(mpmath.gammainc((len(expected) - 1) / 2, statistic / 2, regularized=True))


@pytest.mark.parametrize("case", SHAPES)
def test_values_have_their_distribution(case):
    (name, *parameters), edges, cdf = SHAPES[case]

    values = sample(name, *parameters)

    assert chi_square_significance(values, edges, lambda x: cdf(x, *parameters)) > 1e-3 / len(SHAPES)


@pytest.mark.parametrize("name", ["uniform", "normal"])
def test_no_deviation_shows_in_the_cumulative_distribution(name):
    cdf = {"uniform": lambda x: x, "normal": np.vectorize(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)))}[name]
    values = np.sort(sample(name, 0.0, 1.0))

    theory = cdf(values)
    ranks = np.arange(N + 1) / N
    distance = max(np.max(ranks[1:] - theory), np.max(theory - ranks[:-1]))

    # Kolmogorov's limit: P(distance sqrt(N) > 2.2) = 2 exp(-2 * 2.2^2) = 1.2e-4
    assert distance * math.sqrt(N) < 2.2


@pytest.mark.parametrize(
    "other", [{"step": 1}, {"trial": 1}, {"batch": 1}, {"event": 1}, {"draw": 1}], ids=lambda other: next(iter(other))
)
def test_other_steps_trials_batches_events_and_draws_are_independent(other):
    correlation = np.corrcoef(sample("normal", 0.0, 1.0), sample("normal", 0.0, 1.0, **other))[0, 1]

    assert abs(correlation) * math.sqrt(N) < 4.5  # standard deviations: 7e-6, five comparisons


def test_neighbouring_elements_are_independent():
    values = sample("normal", 0.0, 1.0)

    assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) * math.sqrt(N) < 4.5


@pytest.mark.parametrize("name", _mathematics.DISTRIBUTIONS)
def test_a_value_belongs_to_its_element_not_to_the_order_of_drawing(name):
    parameters = (0.0, 40.0) if "uniform" in name else (40.0, 0.6, 30.0)[: _mathematics.DISTRIBUTIONS[name]]
    elements = np.random.default_rng(1).permutation(1000) + 2**40

    shuffled = draw(name, parameters, KEY, OBJECT, elements)
    alone = [draw(name, parameters, KEY, OBJECT, np.array([element]))[0] for element in elements[:20]]

    assert shuffled[:20].tolist() == alone
    assert np.array_equal(np.sort(shuffled), np.sort(draw(name, parameters, KEY, OBJECT, np.sort(elements))))


# ---- edges of the parameters ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters", "value"),
    [
        ("poisson", (0.0,), 0.0), ("poisson", (-1.0,), 0.0), ("poisson", (-np.inf,), 0.0),
        ("poisson", (np.nan,), np.nan), ("poisson", (np.inf,), np.nan), ("poisson", (1e-300,), 0.0),
        ("binomial", (0.0, 0.5), 0.0), ("binomial", (50.0, 0.0), 0.0), ("binomial", (50.0, 1.0), 50.0),
        ("binomial", (1e6, 1.0), 1e6), ("binomial", (-1.0, 0.5), np.nan), ("binomial", (5.0, 1.1), np.nan),
        ("binomial", (5.0, np.nan), np.nan), ("gamma", (0.0, 1.0), np.nan), ("gamma", (-1.0, 1.0), np.nan),
        ("gamma", (np.nan, 1.0), np.nan), ("gamma_above", (0.0, 1.0, 1.0), np.nan),
        ("gamma_above", (2.0, np.nan, 1.0), np.nan), ("gamma_above", (2.0, 1.0, np.nan), np.nan),
        ("normal", (4.0, 0.0), 4.0), ("uniform", (4.0, 4.0), 4.0),
        ("exponential", (0.0,), 0.0), ("discrete_uniform", (3.0, 3.0), 3.0), ("discrete_uniform", (3.0, 2.0), np.nan),
        ("discrete_uniform", (3.2, 3.8), np.nan), ("normal", (0.0, -1.0), np.nan), ("lognormal", (0.0, -1.0), np.nan),
        ("uniform", (1.0, 0.0), np.nan), ("uniform", (np.nan, 0.0), np.nan), ("exponential", (-1.0,), np.nan),
        ("gamma", (1.0, -1.0), np.nan), ("gamma_above", (1.0, -1.0, 1.0), np.nan), ("gamma", (1.0, 0.0), 0.0),
    ],
)  # fmt: skip
def test_value_for_parameters_at_the_edge(name, parameters, value):
    assert np.array_equal(sample(name, *parameters, n=100), np.full(100, value), equal_nan=True)


@pytest.mark.parametrize("rate", [1e9, 1e12, 1e15])
def test_poisson_has_no_upper_limit_of_its_own(rate):
    deviations = (sample("poisson", rate, n=20_000) - rate) / math.sqrt(rate)

    # mean 0 +- 1/sqrt(n), variance 1 +- sqrt(2/n); five standard deviations each
    assert abs(deviations.mean()) < 5 / math.sqrt(20_000)
    assert abs(deviations.var() - 1) < 5 * math.sqrt(2 / 20_000)


def test_parameters_may_differ_between_elements():
    elements = np.arange(8)
    rates = np.array([0.1, 0.5, 2.0, 9.0, 11.0, 50.0, 1e3, 1e6])

    together = draw("poisson", (rates,), KEY, OBJECT, elements)

    assert together.tolist() == [draw("poisson", (r,), KEY, OBJECT, elements)[i] for i, r in enumerate(rates)]


def test_a_wrong_number_of_parameters_is_refused():
    with pytest.raises(TypeError, match="normal takes 2 arguments, not 1"):
        sample("normal", 0.0, n=3)


# ---- the same bits in generated modules as in the extension ---------------------------------------------------------

NATIVE = """
#include "pynn_annarchy/distributions.h"
static pnn::Identity who(std::size_t i) {
    return {KEYu, OBJECTu, static_cast<uint64_t>(i), pnn::trial_batch(2, 1), 77u, 5u, 9u};
}
void fill(const std::vector<double>& x, std::vector<double>& y) {
    const std::size_t n = x.size() / 2;
    const double *a = x.data(), *b = a + n;
    y.resize(9 * n);
    double* out = y.data();
    for (std::size_t i = 0; i < n; ++i) *out++ = pnn::exponential(who(i), a[i]);
    for (std::size_t i = 0; i < n; ++i) *out++ = pnn::poisson(who(i), a[i]);
    for (std::size_t i = 0; i < n; ++i) *out++ = pnn::uniform(who(i), a[i], b[i]);
    for (std::size_t i = 0; i < n; ++i) *out++ = pnn::normal(who(i), a[i], b[i]);
    for (std::size_t i = 0; i < n; ++i) *out++ = pnn::lognormal(who(i), a[i], b[i]);
    for (std::size_t i = 0; i < n; ++i) *out++ = pnn::gamma(who(i), a[i], b[i]);
    for (std::size_t i = 0; i < n; ++i) *out++ = pnn::binomial(who(i), a[i], b[i]);
    for (std::size_t i = 0; i < n; ++i) *out++ = pnn::discrete_uniform(who(i), -a[i], a[i]);
    for (std::size_t i = 0; i < n; ++i) *out++ = pnn::gamma_above(who(i), a[i], b[i], 3.0);
}
"""


@pytest.mark.compiler
def test_extension_and_native_code_draw_the_same_bits(run_native):
    first, second = 10 ** np.linspace(-2, 4, 5000), np.tile(np.linspace(0, 1, 50), 100)
    names = [
        "exponential",
        "poisson",
        "uniform",
        "normal",
        "lognormal",
        "gamma",
        "binomial",
        "discrete_uniform",
        "gamma_above",
    ]
    text = NATIVE.replace("KEY", str(KEY)).replace("OBJECT", str(OBJECT))

    native = run_native(text, np.array([first, second])).reshape(len(names), -1)

    for name, values in zip(names, native, strict=True):
        parameters = (-first, first) if name == "discrete_uniform" else (first, second, np.full(5000, 3.0))
        arguments = parameters[: _mathematics.DISTRIBUTIONS[name]]
        drawn = draw(name, arguments, KEY, OBJECT, np.arange(5000), trial=2, batch=1, step=77, event=5, draw=9)
        assert np.array_equal(drawn.view(np.int64), values.view(np.int64)), name


LAW = """
#include <initializer_list>
#include "pynn_annarchy/laws.h"
using namespace pnn;
void fill(const std::vector<double>& means, std::vector<double>& y) {
    double values[MANY_DRAWN];
    for (double mean : means) {
        const PoissonLaw law(mean);
        double n_others = 0, n_astray = 0;
        for (uint32_t step = 0; step < 200; ++step) {
            const int64_t n = step % 3 == 0 ? MANY_DRAWN : step % 3 == 1 ? 37 : 1;
            const Identity first = {1, 2, 0xffffffffu - 5000 + step * 64, trial_batch(1, 2), step, 3, 4};
            law.draw(first, n, values);
            for (int64_t i = 0; i < n; ++i) {
                Identity who = first;
                who.element += uint64_t(i);
                n_others += bits_of(values[i]) != bits_of(poisson(who, mean));
            }
        }
        for (int j = 0; j < law.bounds().n; ++j) {
            for (const int away : {1, -2}) {
                const uint16_t half = uint16_t(law.bounds().at[j] + away);
                int n_below = 0;
                bool is_open = false;
                for (int other = 0; other < law.bounds().n; ++other) {
                    n_below += half > law.bounds().at[other];
                    is_open |= uint16_t(law.bounds().at[other] - half) < 2;
                }
                const uint32_t rest = away > 0 ? 0 : 0xffffffffu;
                const double u = open_uniform(uint32_t(half) << 16 | (rest & 0xffff), rest);
                n_astray += !is_open && poisson_by_inversion(u, mean) != n_below;
            }
        }
        y.push_back(n_others);
        y.push_back(n_astray);
    }
}
"""


@pytest.mark.compiler
def test_a_law_of_many_elements_gives_the_numbers_of_each(run_native):
    """Also right beside the numbers at which a count changes, which chance never meets."""
    edges = [0.0, -1.0, np.nan, 1e-300, 1e-17, np.nextafter(10, 0), 10.0, 12.8, 2.0**53]
    means = np.array([*edges, *10 ** np.linspace(-6, 1, 400, endpoint=False)])

    n_others, n_astray = run_native(LAW, means).reshape(-1, 2).T

    assert not n_others.any()
    assert not n_astray.any()


BOUNDS = """
#include "pynn_annarchy/laws.h"
using namespace pnn;
void fill(const std::vector<double>& means, std::vector<double>& y) {
    for (double mean : means) {
        const PoissonLaw law(mean);
        const Bounds& bounds = law.bounds();
        Comparison comparison;
        comparison.prepare(bounds);
        double n_astray = 0, n_missed = 0, n_open = 0;
        for (uint32_t first = 0; first < 65536; first += Bounds::TOGETHER) {
            uint16_t halves[Bounds::TOGETHER], above[Bounds::TOGETHER];
            for (int i = 0; i < Bounds::TOGETHER; ++i) halves[i] = uint16_t(first + i);
            const uint32_t are_open = comparison.compare(bounds, halves, above);
            for (int i = 0; i < Bounds::TOGETHER; ++i) {
                int expected = 0;
                for (int j = 0; j < bounds.n; ++j) expected += halves[i] > bounds.at[j];
                const bool is_open = (are_open >> i & 1) != 0;
                n_open += is_open;
                n_missed += !is_open && bounds.is_open(halves[i], expected);
                n_astray += !is_open && above[i] != expected;
            }
        }
        for (double n : {n_astray, n_missed, n_open}) y.push_back(n);
    }
}
"""


@pytest.mark.compiler
def test_every_half_of_a_word_is_told_from_the_bounds_of_a_law_or_left_open(run_native):
    """All of them, at means with few bounds and many; few are left open, so that the rest is worth it."""
    means = 10 ** np.linspace(-4, 1, 150, endpoint=False)

    n_astray, n_missed, n_open = run_native(BOUNDS, means).reshape(-1, 3).T

    assert not n_astray.any()
    assert not n_missed.any()
    assert n_open.max() < 65536 / 512
