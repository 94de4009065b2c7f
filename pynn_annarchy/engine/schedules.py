"""Inputs whose values in time are given in advance, as a table for each cell; and lists of any lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pynn_annarchy.engine.arrays import FloatArray, IntArray, finite
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.spec import InputSpec


@dataclass(frozen=True, eq=False)
class Changes:
    """``values[:, k]``, one for each input, act on the cell ``index[k]`` from ``steps[k] * dt`` on; steps ascend."""

    steps: IntArray
    index: IntArray
    values: FloatArray


class Schedule:
    """The scheduled inputs of a population: piecewise constant in time, in each cell by a table of its own.

    A row of a table acts from its time, rounded to the nearest step, until that of the next row; before the first one
    the inputs are zero.

    Args:
        inputs: which.
        size: number of cells.
        dt: time step, in ms.
    """

    def __init__(self, inputs: Sequence[InputSpec], size: int, dt: float) -> None:
        self.names = tuple(given.name for given in inputs)
        self.size = size
        self._dt = dt
        self._positive = {given.name for given in inputs if given.positive}
        self._columns = {name: [np.empty(0)] * size for name in ("times", *self.names)}

    def set(self, tables: Mapping[int, Mapping[str, Sequence[float] | FloatArray]], label: str) -> None:
        """Gives cells new tables: by cell, ``times`` in ms and the values of each input; all are checked first.

        Raises:
            ModelError: columns of different lengths, values that are not finite or not positive where they have to be,
                times that do not ascend.
        """
        cells = list(tables)
        new = {name: [as_list(tables[cell][name]) for cell in cells] for name in self._columns}
        for name, lists in new.items():
            check_finite(lists, cells, f"'{name}'", label)
            if name in self._positive:
                _check_positive(lists, cells, name, label)
            unequal = np.flatnonzero(_lengths(lists) != _lengths(new["times"]))
            if len(unequal):
                cell, n = cells[unequal[0]], len(lists[unequal[0]])
                raise ModelError(
                    f"cell {cell} of '{label}' has {n} values of '{name}' for {len(new['times'][unequal[0]])} times"
                )
        check_ascending(new["times"], cells, "times", label)
        for name, lists in new.items():
            for cell, values in zip(cells, lists, strict=True):
                self._columns[name][cell] = values

    def get(self, name: str, index: int) -> FloatArray:
        """One column of a cell's table, ``times`` or an input."""
        return self._columns[name][index]

    def columns(self) -> dict[str, list[FloatArray]]:
        """All tables: ``times`` and each input, one array a cell."""
        return self._columns

    def set_columns(self, columns: dict[str, list[FloatArray]]) -> None:
        """Takes over the tables of a schedule like this one."""
        assert columns.keys() == self._columns.keys(), "a schedule of other inputs"
        self._columns = columns

    def rows(self) -> tuple[IntArray, dict[str, FloatArray]]:
        """Cell of each row of all tables, and the values of each input in it."""
        cells, _ = flat(self._columns["times"])
        return cells, {name: flat(self._columns[name])[1] for name in self.names}

    def at(self, step: int) -> FloatArray:
        """Values that act over the step that begins at ``step * dt``, shape (n_inputs, size)."""
        values = np.zeros((len(self.names), self.size))
        changes = self._changes()
        past = changes.steps <= step
        values[:, changes.index[past]] = changes.values[:, past]
        return values

    def after(self, step: int) -> Changes:
        """All changes after that."""
        changes = self._changes()
        ahead = changes.steps > step
        return Changes(changes.steps[ahead], changes.index[ahead], changes.values[:, ahead])

    def _changes(self) -> Changes:
        cells, times = flat(self._columns["times"])
        steps = np.rint(times / self._dt).astype(np.int64)
        # of several rows that fall on one step, the last one holds
        last = np.r_[(np.diff(steps) != 0) | (np.diff(cells) != 0), True] if len(steps) else np.empty(0, bool)
        values = np.array([flat(self._columns[name])[1] for name in self.names])
        cells, steps, values = cells[last], steps[last], values[:, last]
        order = np.lexsort((cells, steps))
        return Changes(steps[order], cells[order], values[:, order])


def as_list(values: Sequence[float] | FloatArray) -> FloatArray:
    """A copy of numbers as a flat array."""
    return np.array(values, np.float64).reshape(-1)


def flat(lists: Sequence[FloatArray]) -> tuple[IntArray, FloatArray]:
    """All lists one after the other: number of the list, value."""
    numbers = np.repeat(np.arange(len(lists)), _lengths(lists))
    return numbers, np.concatenate(lists) if len(lists) else np.empty(0)


def _lengths(lists: Sequence[FloatArray]) -> IntArray:
    return np.fromiter(map(len, lists), np.int64, len(lists))


def check_finite(lists: Sequence[FloatArray], cells: Sequence[int], what: str, label: str) -> None:
    """ModelError naming the first of `cells` whose list has an entry that is no finite number."""
    numbers, values = flat(lists)
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        finite(values[wrong[0]], f"{what} of cell {cells[numbers[wrong[0]]]} of '{label}'")


def check_ascending(lists: Sequence[FloatArray], cells: Sequence[int], what: str, label: str) -> None:
    """ModelError naming the first of `cells` whose list descends somewhere."""
    numbers, values = flat(lists)
    wrong = np.flatnonzero((np.diff(values) < 0) & (np.diff(numbers) == 0))
    if len(wrong):
        raise ModelError(f"{what} of cell {cells[numbers[wrong[0]]]} of '{label}' must ascend")


def _check_positive(lists: Sequence[FloatArray], cells: Sequence[int], name: str, label: str) -> None:
    numbers, values = flat(lists)
    wrong = np.flatnonzero(values <= 0)
    if len(wrong):
        cell = cells[numbers[wrong[0]]]
        raise ModelError(f"'{name}' of cell {cell} of '{label}' must be greater than zero, got {values[wrong[0]]:g}")
