"""Connections that the engine draws by itself, on all threads: where all that is random comes from `NativeRNG`."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from pyNN import errors
from pyNN.parameters import LazyArray
from pyNN.random import RandomDistribution

from pynn_annarchy import simulator
from pynn_annarchy.connectors.base import BlockConnector, check_signs, refuse_location
from pynn_annarchy.random_numbers import CONSTANT, Law, NativeRNG


class GeneratingConnector(BlockConnector):
    """A connector whose pairs of cells are drawn independently of each other."""

    rng: Any

    def _number(self, projection: Any) -> int:
        """How many connections there are to be; drawn once where it is random."""
        raise NotImplementedError

    def connect(self, projection: Any) -> None:
        """Connect the projection's cells.

        Raises:
            ConnectionError: a weight of the wrong sign, a delay out of range, a value that is not finite.
            InvalidDimensionsError: an array of values that does not fit the projection.
        """
        parameters = self._parameters_from_synapse_type(projection) if _is_native(self, projection) else {}
        if not parameters or not all(_is_plain(name, lazy) for name, lazy in parameters.items()):
            super().connect(projection)
            return
        refuse_location(self)
        if not all(projection.shape):
            raise errors.ConnectionError(NO_CELL)
        for name, lazy in parameters.items():
            if isinstance(lazy.base_value, Real):
                projection._require_finite(name, lazy.base_value)
        n = self._number(projection)
        weight, delay = (_law(parameters.pop(name), n) for name in ("weight", "delay"))
        values = {name: float(lazy.base_value) for name, lazy in parameters.items()}
        found = projection._build.sole.generate(
            n, self.rng.take(n), weight, delay, simulator.GRID_TOLERANCE, **projection._native_values(values)
        )
        for name, (least, greatest, failed) in zip(("weight", "delay"), found, strict=True):
            if failed:
                raise errors.ConnectionError(
                    f"projection '{projection.label}': the distribution of the {name} has parameters out of range, or "
                    "hardly ever falls between its limits"
                )
            if n:
                limits = projection._require_finite(name, np.array([least, greatest]))
                if name == "delay":
                    projection._delay_in_steps(limits)
                else:
                    check_signs(self, projection, {name: limits})
        if self.callback:
            self.callback(1.0)


NO_CELL = "connections were asked for, but no cell is left that they could come from or go to"


def _is_native(connector: GeneratingConnector, projection: Any) -> bool:
    return (
        type(connector.rng) is NativeRNG
        and projection._build.sole is not None
        and not projection._given_by_cells
        and {"weight", "delay"} <= set(projection.synapse_type.native_parameters.keys())
    )


def _is_plain(name: str, lazy: LazyArray) -> bool:
    """Whether a parameter is a number, or, if weight or delay, drawn by laws that the engine knows."""
    value = lazy.base_value
    if lazy.operations:
        return False
    if isinstance(value, Real):
        return True
    return (
        name in ("weight", "delay")
        and type(value) is RandomDistribution
        and type(value.rng) is NativeRNG
        and value.rng.law(value.name, value.parameters, 0) is not None
    )


def _law(lazy: LazyArray, n: int) -> Law:
    value = lazy.base_value
    if isinstance(value, Real):
        return CONSTANT, float(value), 0.0, 0.0, 0.0, 0, 0, 0
    law: Law = value.rng.law(value.name, value.parameters, n)
    return law
