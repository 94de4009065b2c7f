"""Rows of samples: what was written comes back, and belongs to whoever asked."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pynn_annarchy.engine import samples
from pynn_annarchy.engine.samples import SampleBuffer

AS_MANY_AS_FIT = 1 << 22


@pytest.fixture(params=[AS_MANY_AS_FIT, 30], ids=["heap", "file"], autouse=True)
def many(request, monkeypatch):
    """How many samples are too many for the heap."""
    monkeypatch.setattr(SampleBuffer, "_MANY", request.param)
    if request.param != AS_MANY_AS_FIT and not hasattr(os, "memfd_create"):
        pytest.skip("this system has no files in memory")
    return request.param


def filled(n_rows: int, width: int = 4) -> SampleBuffer:
    buffer = SampleBuffer(width)
    for row in range(n_rows):
        buffer.extend(1)[:] = row
    return buffer


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 400), max_size=30), st.integers(1, 5), st.data())
def test_all_rows_come_back_in_order(lengths, width, data):
    buffer = SampleBuffer(width)
    written = 0
    for length in lengths:
        room = buffer.extend(length)
        room[:] = np.arange(written, written + length)[:, None] + np.arange(width) / 8
        written += length
    expected = np.arange(written)[:, None] + np.arange(width) / 8
    columns = np.array(data.draw(st.lists(st.integers(0, width - 1), unique=True)), dtype=np.int64)

    assert len(buffer) == written
    assert np.array_equal(buffer.rows(written), expected)
    assert np.array_equal(buffer.rows(written // 2), expected[: written // 2])
    assert np.array_equal(buffer.columns(written, columns), expected[:, columns])


def test_room_that_a_stopped_run_left_unwritten_is_given_back():
    buffer = SampleBuffer(20)
    buffer.extend(3)[:] = 1.0
    buffer.extend(5)[:2] = 2.0
    buffer.shrink(3)
    buffer.extend(1)[:] = 3.0

    assert buffer.rows(len(buffer))[:, 0].tolist() == [1, 1, 1, 2, 2, 3]


def test_what_a_reader_writes_is_his_alone():
    buffer = filled(50)
    mine, yours = buffer.rows(50), buffer.rows(50)
    mine[:] = -1.0

    assert yours[49, 0] == buffer.rows(50)[49, 0] == 49.0


def test_rows_taken_outlive_the_buffer_and_do_not_change_with_it():
    buffer = filled(20)
    early = buffer.rows(20)
    buffer.extend(500)[:] = -1.0
    del buffer

    assert early[:, 0].tolist() == list(range(20))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked on this system")
def test_after_a_fork_parent_and_child_write_their_own_rows():
    buffer = filled(20)
    child = os.fork()
    if child == 0:
        buffer.extend(1)[:] = -1.0
        sound = np.array_equal(buffer.rows(21)[:, 0], [*range(20), -1.0])
        os._exit(0 if sound else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    buffer.extend(1)[:] = 20.0

    assert buffer.rows(21)[:, 0].tolist() == list(range(21))


def test_without_files_the_heap_will_do(monkeypatch):
    def none_left(name):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(samples.os, "memfd_create", none_left, raising=False)

    assert filled(50).rows(50)[:, 3].tolist() == list(range(50))


def test_rows_are_read_where_they_cannot_be_mapped(many, monkeypatch):
    buffer = filled(50)

    def none_left(*arguments, **options):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(samples.mmap, "mmap", none_left)

    assert buffer.rows(50)[:, 3].tolist() == list(range(50))
