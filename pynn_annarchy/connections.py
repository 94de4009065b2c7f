"""The connections of a projection, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN import common

if TYPE_CHECKING:
    from pynn_annarchy.projections import Projection


class Connection(common.Connection):
    """One synapse of a projection; its parameters can be read and set as attributes, in PyNN's units."""

    def __init__(self, projection: Projection, number: int) -> None:
        object.__setattr__(self, "_projection", projection)
        object.__setattr__(self, "_number", number)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        names = ("presynaptic_index", "postsynaptic_index", *self._projection.synapse_type.get_parameter_names())
        if name not in names:
            raise AttributeError(f"a connection has no attribute '{name}'; it has {', '.join(names)}")
        return self._projection._cached_column(name)[self._number].item()

    def __setattr__(self, name: str, value: float) -> None:
        self._projection._set_columns({name: value}, np.array([self._number]))

    def __repr__(self) -> str:
        addresses = f"{self.presynaptic_index} to {self.postsynaptic_index}"
        return f"<connection {self._number} of '{self._projection.label}', from {addresses}>"

    def as_tuple(self, *attribute_names: str) -> tuple[Any, ...]:
        """The given attributes, 'presynaptic_index' and 'postsynaptic_index' among them."""
        return tuple(getattr(self, name) for name in attribute_names)


class Connections(Sequence):
    """All connections of a projection, in the order (pre, post, creation)."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection

    def __len__(self) -> int:
        return len(self._projection)

    def __getitem__(self, i: Any) -> Any:
        numbers = range(len(self))[i]
        if isinstance(numbers, range):
            return [Connection(self._projection, number) for number in numbers]
        return Connection(self._projection, numbers)


def number_of(connection: Any, projection: Projection) -> int:
    """The number of a connection, given as that or by itself."""
    if not isinstance(connection, Connection):
        return int(connection)
    if connection._projection is not projection:
        raise ValueError(f"{connection!r} is none of projection '{projection.label}'")
    return int(connection._number)
