"""What signs of numbers tell of many cells at once: whether exponential steps are short, where there may be spikes."""

from __future__ import annotations

import numpy as np
import pytest

MOST = """
#include "pynn_annarchy/laws.h"
void fill(const std::vector<double>& x, std::vector<double>& y) {
    for (size_t k = 0; k + 2 < x.size(); k += 3) {
        const int64_t most = pnn::most_for_small(x[k], x[k + 1], x[k + 2]);
        y.push_back(most < 0 ? -1.0 : pnn::from_bits(uint64_t(most)));
    }
}
"""
ABOVE = """
#include "pynn_annarchy/laws.h"
void fill(const std::vector<double>& x, std::vector<double>& y) {
    for (size_t k = 1; k < x.size(); ++k) {
        y.push_back((pnn::above(pnn::sign_of(x[0]), x[k]) | pnn::sign_of(x[k])) < 0);
        y.push_back(pnn::beyond_small(x[k]) < 0);
        y.push_back(pnn::sign_of(pnn::just_below(x[0]) - x[k]) < 0);
    }
}
"""
SMALL = 0.375
NUMBERS = (0.0, 5e-324, 1e-310, 2.3e-308, 0.1, SMALL, 0.5, 1.0, 7.5, 1e300, np.inf)


def test_sums_up_to_the_greatest_one_are_small_however_they_are_made_up(run_native):
    rng = np.random.default_rng(1)
    constant = rng.choice([0.0, 0.005, 0.1, 0.37], 500)
    factors = rng.choice([0.0, 1e-300, 1e-3, 0.49, 0.5, 30.0], (500, 2))

    most = run_native(MOST, np.column_stack([constant, factors]).ravel())

    assert (most > 0).all()
    for share in (0.0, 1e-9, 0.3, 1.0):
        parts = np.minimum(np.column_stack([share * most, (1 - share) * most]), 1e290)  # beyond that, products overflow
        total = constant + (parts * factors).sum(axis=1)
        assert ((total >= 0) & (total <= SMALL)).all()
    greatest = factors.max(axis=1)
    np.testing.assert_allclose((most * greatest)[greatest > 0], (SMALL - constant)[greatest > 0], rtol=1e-2)
    assert (most[greatest == 0] == np.finfo(float).max).all()


@pytest.mark.parametrize(
    "terms",
    [(-0.01, 0.5, 0.5), (0.1, -5.0, 0.1), (0.1, 0.1, -1e-9), (0.4, 0.1, 0.1), (np.nan, 0.1, 0.1), (0.1, np.nan, 0.1)],
    ids=str,
)
def test_no_sum_is_small_where_terms_have_signs_or_the_constant_is_large(terms, run_native):
    assert run_native(MOST, np.array(terms)).tolist() == [-1.0]


@pytest.mark.parametrize("limit", NUMBERS)
def test_signs_tell_what_comparisons_tell(limit, run_native):
    numbers = np.array([*NUMBERS, *(-x for x in NUMBERS), np.nan, np.nextafter(limit, 0), np.nextafter(limit, np.inf)])

    above, beyond, reached = run_native(ABOVE, np.array([limit, *numbers])).reshape(-1, 3).T.astype(bool)

    has_sign = np.signbit(numbers)
    np.testing.assert_array_equal(above, ~(numbers <= limit) | has_sign)
    np.testing.assert_array_equal(beyond, ~(numbers <= SMALL) | has_sign)
    is_number = ~np.isnan(numbers)
    np.testing.assert_array_equal(reached[is_number], (numbers >= limit)[is_number])
