"""Neuron types that are given as models, not by users' texts: those of input populations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynn_annarchy.ann.constants import Constant
from pynn_annarchy.ann.models import Neuron
from pynn_annarchy.model.declared import Declared
from pynn_annarchy.model.spec import ModelSpec


class SpecifiedNeuron(Neuron):
    """A neuron type that a specification describes."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__(name=spec.name, description=spec.description)
        self._spec = spec

    def declared(self, of_network: Mapping[str, Constant] | None = None) -> Declared:
        """The specification, in which constants of users cannot appear."""
        return Declared(self._spec)

    def share_constants(self, owner: Any, of_network: Mapping[str, Constant] | None = None) -> None:
        """Nothing: there are none."""

    @property
    def type(self) -> str:
        """'spike' or 'rate'."""
        return "spike" if self._spec.spike else "rate"
