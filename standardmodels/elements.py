"""Parameters of PyNN that are arrays, as the model's parameters, one a number: ``tau_eta`` is ``tau_eta_1``, ..."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pyNN import errors
from pyNN.parameters import ArrayParameter, LazyArray, ParameterSpace


class ElementParameters:
    """A cell type with array parameters; their lengths are those given at first, and the same in all cells.

    ``groups`` tells which parameters have one length, e.g. time constants and jumps of the same elements.
    """

    groups: tuple[tuple[str, ...], ...] = ()

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.n_elements = tuple(self._length(group, self.parameter_space) for group in self.groups)

    def translate(self, parameters: ParameterSpace, copy: bool = True) -> ParameterSpace:
        """Parameters by the model's names.

        Raises:
            InvalidDimensionsError: arrays of another length than the cell type has.
        """
        native = {}
        for name, value in parameters.items():
            number = self._n_elements_of(name)
            if number is None:
                native[name] = value
                continue
            for index in range(number):
                native[f"{name}_{index + 1}"] = _element(name, value, index, number)
        return ParameterSpace(native, schema=None, shape=parameters.shape)

    def reverse_translate(self, native_parameters: Mapping[str, Any]) -> ParameterSpace:
        """The model's parameters as PyNN's."""
        known = set(native_parameters.keys())
        standard = {}
        for name in self.default_parameters:
            number = self._n_elements_of(name)
            if number is None and name in known:
                standard[name] = native_parameters[name]
            elif number and f"{name}_1" in known:
                standard[name] = _joined([native_parameters[f"{name}_{k + 1}"] for k in range(number)])
            elif number == 0:
                standard[name] = ArrayParameter([])
        return ParameterSpace(standard, schema=self.get_schema(), shape=native_parameters.shape)

    def get_native_names(self, *names: str) -> list[str]:
        """The model's names of parameters, of all where none is named."""
        native = []
        for name in names or self.default_parameters:
            number = self._n_elements_of(name)
            native += [name] if number is None else [f"{name}_{index + 1}" for index in range(number)]
        return native

    def _n_elements_of(self, name: str) -> int | None:
        for group, number in zip(self.groups, self.n_elements, strict=True):
            if name in group:
                return number
        return None

    def _length(self, group: tuple[str, ...], parameters: ParameterSpace) -> int:
        lengths = {name: _lengths(name, parameters[name]) for name in group}
        if len(set().union(*lengths.values())) > 1:
            told = ", ".join(f"{name} {' or '.join(map(str, sorted(found)))}" for name, found in lengths.items())
            raise errors.InvalidDimensionsError(
                f"{type(self).__name__}: {' and '.join(group)} need the same number of elements in all cells, "
                f"not {told}; fill up with zeros"
            )
        return next(iter(lengths[group[0]]))


def _lengths(name: str, value: LazyArray) -> set[int]:
    return {array.value.size for array in np.atleast_1d(np.array(_arrays(name, value), dtype=object)).ravel()}


def _arrays(name: str, value: LazyArray) -> Any:
    """One ArrayParameter for all cells, or a list of one for each."""
    base = value.base_value
    if isinstance(base, ArrayParameter):
        return base
    if isinstance(base, np.ndarray) and all(isinstance(array, ArrayParameter) for array in base.flat):
        return list(base.flat)
    raise errors.InvalidParameterValueError(
        f"'{name}' takes an array of numbers for all cells, or a list of one array for each, not {base!r}"
    )


def _element(name: str, value: LazyArray, index: int, number: int) -> Any:
    """The element of that index: a number, or an array with one for each cell."""
    if _lengths(name, value) != {number}:
        raise errors.InvalidDimensionsError(f"'{name}' has {number} elements in this population, from its creation on")
    arrays = _arrays(name, value)
    if isinstance(arrays, ArrayParameter):
        return float(arrays.value[index])
    return np.array([array.value[index] for array in arrays], dtype=float)


def _joined(elements: list[LazyArray]) -> Any:
    """One array parameter from its elements; one for each cell where they differ."""
    values = [element.evaluate(simplify=True) for element in elements]
    if all(np.ndim(value) == 0 for value in values):
        return ArrayParameter(values)
    table = np.stack(np.broadcast_arrays(*values), axis=1)
    joined = np.empty(len(table), dtype=object)
    joined[:] = [ArrayParameter(row) for row in table]
    return joined
