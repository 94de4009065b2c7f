"""Rows of samples that grow without being copied, and leave as arrays that belong to whoever asked.

Few rows lie on the heap, and are copied when they are asked for. Many lie in a file in memory (Linux), of which each
reader gets a private mapping: nothing is copied, what readers write is theirs alone, and 320 MB are handed out in a
millisecond. Memory touched for the first time is what recording costs most, so no second copy is made.
"""

from __future__ import annotations

import mmap
import os
import weakref

import numpy as np

from pynn_annarchy.engine.arrays import FloatArray, IntArray

_SAMPLE = 8  # bytes


class SampleBuffer:
    """Rows of `width` samples."""

    _MANY = 1 << 22  # samples, from which on a file in memory is worth its page faults

    def __init__(self, width: int) -> None:
        self.width = width
        self._n_rows = 0
        self._store: _HeapRows | _FileRows = _HeapRows(width)
        self._may_move = hasattr(os, "memfd_create")

    def __len__(self) -> int:
        return self._n_rows

    def extend(self, n_rows: int) -> FloatArray:
        """Room for exactly so many further rows, to be filled by the caller; shape (n_rows, width)."""
        if self._may_move and (self._n_rows + n_rows) * self.width > self._MANY:
            self._move_to_file()
        room = self._store.room(self._n_rows, n_rows)
        self._n_rows += n_rows
        return room

    def shrink(self, n_rows: int) -> None:
        """Gives back rows of the last room, which a stopped run left unwritten."""
        self._n_rows -= n_rows

    def rows(self, n_rows: int) -> FloatArray:
        """The first rows, the caller's own array; shape (n_rows, width)."""
        return self._store.rows(n_rows) if n_rows else np.empty((0, self.width))

    def columns(self, n_rows: int, columns: IntArray) -> FloatArray:
        """Some columns of the first rows, the caller's own array; shape (n_rows, n_columns)."""
        return self._store.columns(n_rows, columns) if n_rows else np.empty((0, len(columns)))

    def _move_to_file(self) -> None:
        self._may_move = False
        try:
            store = _FileRows(self.width)
        except OSError:  # no such files here, or too many: the heap will do
            return
        if self._n_rows:
            store.room(0, self._n_rows)[:] = self._store.rows(self._n_rows)
        self._store = store


class _HeapRows:
    """Blocks of rows, of which the last has room left."""

    _LARGEST_SPARE_BLOCK = 1 << 22  # samples reserved ahead at most

    def __init__(self, width: int) -> None:
        self._width = width
        self._blocks: list[FloatArray] = []
        self._first_rows: list[int] = []

    def room(self, first: int, n_rows: int) -> FloatArray:
        if not self._blocks or first + n_rows - self._first_rows[-1] > len(self._blocks[-1]):
            spare = min(first, self._LARGEST_SPARE_BLOCK // max(self._width, 1))
            self._blocks.append(np.empty((max(n_rows, spare), self._width)))
            self._first_rows.append(first)
        start = first - self._first_rows[-1]
        return self._blocks[-1][start : start + n_rows]

    def rows(self, n_rows: int) -> FloatArray:
        out = np.empty((n_rows, self._width))
        for target, block in self._parts(out):
            target[:] = block
        return out

    def columns(self, n_rows: int, columns: IntArray) -> FloatArray:
        out = np.empty((n_rows, len(columns)))
        for target, block in self._parts(out):
            np.take(block, columns, axis=1, out=target, mode="clip")
        return out

    def _parts(self, out: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
        """Rows of `out` with those of the blocks that belong there."""
        ends = [*self._first_rows[1:], len(out)]
        parts = []
        for first, end, block in zip(self._first_rows, ends, self._blocks, strict=True):
            target = out[first:end]
            parts.append((target, block[: len(target)]))
        return parts


class _FileRows:
    """A file in memory, written through one mapping that moves along with it."""

    _LARGEST_WINDOW = 1 << 25  # samples that are mapped ahead at most; memory is taken only as they are written

    def __init__(self, width: int) -> None:
        self._width = width
        self._open()

    def _open(self) -> None:
        self._file = os.memfd_create("samples")
        self._owner = os.getpid()
        self._window = np.empty((0, self._width))
        self._first = 0  # row of the window
        weakref.finalize(self, os.close, self._file)

    def room(self, first: int, n_rows: int) -> FloatArray:
        if self._owner != os.getpid():
            self._leave_parent(first)
        if first + n_rows > self._first + len(self._window):
            n_mapped = max(n_rows, min(first, self._LARGEST_WINDOW // self._width))
            os.ftruncate(self._file, (first + n_mapped) * self._width * _SAMPLE)
            self._window, self._first = self._mapped(first, n_mapped, mmap.MAP_SHARED), first
        return self._window[first - self._first : first - self._first + n_rows]

    def rows(self, n_rows: int) -> FloatArray:
        try:
            return self._mapped(0, n_rows, mmap.MAP_PRIVATE)
        except OSError:  # too many open files: each mapping holds one
            return self._read(n_rows)

    def columns(self, n_rows: int, columns: IntArray) -> FloatArray:
        return self.rows(n_rows).take(columns, axis=1)

    def _mapped(self, first: int, n_rows: int, flags: int) -> FloatArray:
        begin, end = (row * self._width * _SAMPLE for row in (first, first + n_rows))
        page = begin - begin % mmap.ALLOCATIONGRANULARITY
        memory = mmap.mmap(self._file, end - page, flags=flags, offset=page)
        values = np.frombuffer(memory, np.float64, n_rows * self._width, offset=begin - page)
        return values.reshape(n_rows, self._width)

    def _read(self, n_rows: int) -> FloatArray:
        out = np.empty((n_rows, self._width))
        view, done = memoryview(out).cast("B"), 0
        while done < len(view):
            done += os.preadv(self._file, [view[done:]], done)
        return out

    def _leave_parent(self, n_rows: int) -> None:
        """After a fork parent and child would write to one file: the child goes on in one of its own."""
        rows = self.rows(n_rows)
        self._open()
        self.room(0, n_rows)[:] = rows
