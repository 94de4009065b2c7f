"""Small tools of the engine: times to steps, values with and without elements, growing sample buffers."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynn_annarchy.engine.arrays import Arenas, aligned_zeros, steps_of, times_of, updated
from pynn_annarchy.exceptions import ModelError


@pytest.mark.parametrize(
    ("time", "step"),
    [(0.0, 0), (0.3, 3), (0.1 + 0.2, 3), (0.30001, 4), (0.25, 3), (1000.0, 10000)],
)
def test_times_map_to_the_step_that_ends_at_or_after_them(time, step):
    assert steps_of(np.array([time]), 0.1).tolist() == [step]


@pytest.mark.parametrize("dt", [0.1, 0.05, 0.025, 0.3, 1.0, 2.5, 0.01, 2.0**-12, 1e-3])
def test_times_of_steps_are_the_doubles_that_their_decimal_numbers_are_read_as(dt):
    steps = np.array([0, 1, 3, 7, 123457, 98765431])
    expected = [float(step * Decimal(repr(dt))) for step in steps.tolist()]
    assert times_of(steps, dt).tolist() == expected
    assert float(times_of(3, dt)) == expected[2]
    assert steps_of(times_of(steps, dt), dt).tolist() == steps.tolist()


@given(st.floats(1e-4, 100.0), st.integers(0, 2**40))
def test_times_of_steps_ascend(dt, step):
    assert (np.diff(times_of(np.arange(step, step + 5), dt)) > 0).all()


def test_setting_some_elements_spreads_a_shared_value():
    assert updated(1.0, 2.0, 3, np.array([1]), "x").tolist() == [1.0, 2.0, 1.0]
    assert updated(1.0, 1.0, 3, np.array([1]), "x") == 1.0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1.0, float("nan"), 2.0]])
def test_values_that_are_not_finite_are_refused(value):
    with pytest.raises(ModelError, match="parameter 'tau' must be finite"):
        updated(1.0, value, 3, None, "parameter 'tau'")


def test_arrays_of_another_length_are_refused():
    with pytest.raises(ModelError, match=r"3 elements cannot take an array of shape \(2,\)"):
        updated(1.0, [1.0, 2.0], 3, None, "x")


def test_arrays_of_a_page_begin_at_other_places_of_it_for_each_use_and_never_overlap():
    arenas, arrays = Arenas(), []
    for size in (700, 100, 511, 512, 5000, 3, 20_000, 700, 130_000):
        of_uses = [arenas[use].zeros(size, np.float64) for use in "abcdefgh"]
        if size >= 512:
            assert sorted(array.ctypes.data % 4096 for array in of_uses) == list(range(0, 4096, 512))
        arrays += of_uses

    assert all(array.ctypes.data % 64 == 0 for array in arrays)
    for number, array in enumerate(arrays, 1):
        assert not array.any()
        array[:] = number
    assert all((array == number).all() for number, array in enumerate(arrays, 1))


def test_arrays_of_small_populations_lie_one_behind_the_other():
    arena = Arenas()["v"]
    arena.zeros(500, np.float64)
    first, second = arena.zeros(16, np.float64), arena.zeros(16, np.float64)
    assert second.ctypes.data - first.ctypes.data == 16 * 8


def test_arrays_begin_at_a_cache_line():
    for size in (1, 3, 1000):
        assert aligned_zeros(size, np.float32).ctypes.data % 64 == 0
