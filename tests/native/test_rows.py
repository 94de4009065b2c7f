"""Synapses in delayed rows: what connectors staged is what users read back, whatever the layout."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn_annarchy.engine import _binding


def build(n_pre, n_post, pre, post, weight, delay, partitions=1, has_units=False):
    staging = _binding.Staging(n_pre, n_post)
    as_array = lambda values, dtype: np.ascontiguousarray(np.atleast_1d(values), dtype)  # noqa: E731
    staging.add(
        len(np.atleast_1d(pre)), as_array(pre, np.int32), as_array(post, np.int32), as_array(weight, np.float64),
        as_array(delay, np.uint16),
    )  # fmt: skip
    return _binding.Rows(staging, _binding.bounds_of_partitions(n_post, partitions), has_units)


def listing(rows):
    order = rows.canonical_order()
    return np.array([rows.pre(order), rows.post(order), rows.weight(order), rows.delay(order)]).T


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    n=st.integers(1, 300),
    partitions=st.integers(1, 4),
    n_post=st.sampled_from([1, 7, 40, 100]),
    n_delays=st.sampled_from([1, 3, 50]),
)
def test_synapses_are_listed_by_pre_post_and_creation(seed, n, partitions, n_post, n_delays):
    rng = np.random.default_rng(seed)
    pre, post = rng.integers(0, 11, n), rng.integers(0, n_post, n)
    weight, delay = rng.normal(size=n), rng.integers(1, n_delays + 1, n)

    rows = build(11, n_post, pre, post, weight, delay, partitions)

    expected = sorted(range(n), key=lambda i: (pre[i], post[i], i))
    assert np.array_equal(listing(rows), np.array([pre, post, weight, delay]).T[expected])
    assert rows.min_delay == delay.min()
    assert rows.max_delay == delay.max()


@pytest.mark.parametrize(
    ("weights", "bytes_a_weight"),
    [([0.5] * 1000, 0), (list(np.arange(1000) / 8), 4), (list(np.arange(1000) / 10), 8)],
    ids=["one value", "exact in 32 bits", "64 bits"],
)
def test_weights_take_the_narrowest_form_that_holds_them_exactly(weights, bytes_a_weight):
    pre, post = np.arange(1000) % 10, np.arange(1000) // 10

    rows = build(10, 100, pre, post, weights, 3)

    tables = 4 * 11 + 4 * 11 + 2 * 10
    assert rows.nbytes <= 1000 * (2 + bytes_a_weight) + tables
    assert np.array_equal(np.sort(listing(rows)[:, 2]), np.sort(weights))


def test_weights_of_16_bits_are_multiples_of_the_least_power_of_two_that_reaches_the_largest():
    pre, post = np.arange(1000) % 10, np.arange(1000) // 10
    weights = np.random.default_rng(3).normal(size=1000)

    for largest, unit in (
        (5.0, 2.0**-12),
        (32767.0, 1.0),
        (32767.4, 1.0),
        (32768.0, 2.0),
        (-32768.0, 2.0),
        (5e-324, 5e-324),
    ):
        weights *= abs(largest) / np.abs(weights).max()
        weights[17] = largest
        rows = build(10, 100, pre, post, weights, 3, 2, True)

        assert rows.weight_unit == unit
        assert rows.nbytes <= 1000 * (2 + 2) + 2 * (4 * 11 + 4 * 11 + 2 * 10)
        order = np.argsort(pre * 100 + post)
        assert np.array_equal(rows.weight(rows.canonical_order()), np.rint(weights[order] / unit) * unit)


def test_setting_weights_widens_the_form_where_a_value_asks_for_it():
    pre, post = np.arange(100) % 10, np.arange(100) // 10
    rows = build(10, 10, pre, post, 0.5, 1, partitions=2)
    order = rows.canonical_order()
    weights = np.arange(100) * 0.1

    rows.set_weight(order, weights)

    assert np.array_equal(rows.weight(order), weights)


def test_setting_all_weights_to_one_value_needs_no_memory_for_them():
    rows = build(10, 10, np.arange(100) % 10, np.arange(100) // 10, np.arange(100) * 0.1, 1, partitions=2)
    before = rows.nbytes

    rows.set_weight(rows.canonical_order(), np.full(100, 0.25))

    assert rows.nbytes == before - 100 * 8
    assert (rows.weight(rows.canonical_order()) == 0.25).all()


def test_wide_populations_use_wide_targets():
    pre, post = np.zeros(3), [0, 70_000, 99_999]

    rows = build(1, 100_000, pre, post, 1.0, 1)

    assert listing(rows)[:, 1].tolist() == post


def test_values_of_another_number_than_synapses_are_refused():
    with pytest.raises(ValueError, match="3 synapses cannot take 2 values"):
        build(3, 3, [0, 1, 2], [0, 1], 1.0, 1)


def test_partitions_cover_the_population_and_begin_at_cache_lines():
    for size in (0, 1, 15, 16, 17, 1000):
        for partitions in (1, 2, 3, 4):
            bounds = _binding.bounds_of_partitions(size, partitions)
            assert bounds[0] == 0
            assert bounds[-1] == size
            assert (np.diff(bounds) >= 0).all()
            assert all(bound % 16 == 0 or bound == size for bound in bounds)
