"""Lists of what is above a limit: the same from vectors of the CPU and from plain loops."""

from __future__ import annotations

import numpy as np
import pytest

SELECT = """
#include "pynn_annarchy/select.h"
constexpr int LEVELS = 3, MOST = 300;
void fill(const std::vector<double>& x, std::vector<double>& y) {
    const long n = long(x.size());
    static int32_t values[MOST + pnn::SELECT_ROOM], lists[LEVELS][MOST + pnn::SELECT_ROOM];
    for (long i = 0; i < n; ++i) values[i] = int32_t(x[i]);
    for (long i = n; i < n + pnn::SELECT_ROOM; ++i) values[i] = 100;  // is not asked for
    int64_t sizes[LEVELS];
    const auto show = [&](const int32_t* list, int64_t size) {
        y.push_back(double(size));
        for (int64_t j = 0; j < size; ++j) y.push_back(list[j]);
    };
    pnn::select_levels<LEVELS>(values, n, lists, sizes);
    for (int k = 0; k < LEVELS; ++k) show(lists[k], sizes[k]);
    for (int limit = 0; limit < LEVELS; ++limit) {
        sizes[0] = limit == 0 ? pnn::select(values, n, limit, lists[0])
                              : pnn::select(values, lists[0], sizes[0], limit, lists[0]);  // in its place
        show(lists[0], sizes[0]);
    }
}
"""


@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 100, 256, 300])
def test_lists_are_those_above_the_limits_in_order(run_native, n):
    values = np.random.default_rng(n).integers(-2, 6, n)

    lists = run_native(SELECT, values.astype(float))

    expected = [np.flatnonzero(values > limit) for limit in (0, 1, 2)] * 2
    np.testing.assert_array_equal(lists, np.concatenate([[len(one), *one] for one in expected]))
