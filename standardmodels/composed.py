"""PointNeuron: a membrane and receptors chosen by the user, made one cell type."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pyNN import errors
from pyNN.parameters import ParameterSpace
from pyNN.standardmodels import cells

from pynn_annarchy.model.compose import compose
from pynn_annarchy.model.spec import ModelSpec

NOT_OF_POINTS = "locations"
"""Where the synapses are: PyNN's receptors have it, a neuron without extension has no use for it."""


class PointNeuron(cells.PointNeuron):
    """A neuron model with any number of receptors, ``PointNeuron(LIF(...), AMPA=ExpPSR(...), ...)``.

    Parameters and variables of receptors are called ``"AMPA.tau_syn"``, ``"AMPA.gsyn"``; receptor types by their names.
    """

    def __init__(self, neuron: Any, **post_synaptic_receptors: Any) -> None:
        _check_components(neuron, post_synaptic_receptors)
        self.neuron = neuron
        self.post_synaptic_receptors = post_synaptic_receptors
        for receptor in post_synaptic_receptors.values():
            receptor.set_parent(self)
        self.spec = _spec(neuron, {name: post_synaptic_receptors[name] for name in self.receptor_types})
        self.default_parameters = dict(neuron.default_parameters)
        self.translations = dict(neuron.translations)
        space = {name: deepcopy(value) for name, value in neuron.parameter_space.items()}
        for name, receptor in post_synaptic_receptors.items():
            for own, translation in receptor.translations.items():
                self.default_parameters[f"{name}.{own}"] = receptor.default_parameters[own]
                self.translations[f"{name}.{own}"] = _translation(name, own, translation["translated_name"])
                space[f"{name}.{own}"] = deepcopy(receptor.parameter_space[own])
        self.parameter_space = ParameterSpace(space, self.get_schema(), shape=None, component=type(self))

    @property
    def conductance_based(self) -> bool | None:
        """Whether all receptors are conductances; None where there are both kinds, or none."""
        kinds = {receptor.conductance_based for receptor in self.post_synaptic_receptors.values()}
        return kinds.pop() if len(kinds) == 1 else None

    def has_parameter(self, name: str) -> bool:
        """Whether the neuron has a parameter of that name, ``"tau_m"`` or ``"AMPA.tau_syn"``."""
        return name in self.default_parameters

    def get_parameter_names(self) -> list[str]:
        """Names of all parameters, those of receptors with their receptor's."""
        return list(self.default_parameters)

    def translate(self, parameters: ParameterSpace, copy: bool = True) -> ParameterSpace:
        """Parameters by the model's names; ``AMPA={"tau_syn": 2.0}`` is ``"AMPA.tau_syn"``."""
        flat = ParameterSpace(_flat(parameters), self.get_schema(), parameters.shape, type(self))
        return super().translate(flat, copy)

    def simple_parameters(self) -> list[str]:
        """All: values are the model's."""
        return self.get_parameter_names()

    def scaled_parameters(self) -> list[str]:
        """None: values are the model's."""
        return []

    def computed_parameters(self) -> list[str]:
        """None: values are the model's."""
        return []

    def computed_parameters_include(self, parameter_names: Any) -> bool:
        """No parameter is computed from others."""
        return False


def _check_components(neuron: Any, receptors: Mapping[str, Any]) -> None:
    if getattr(neuron, "body", None) is None:
        raise TypeError(f"PointNeuron takes LIF(...) or AdExp(...) of this back end, not {neuron!r}")
    for name, receptor in receptors.items():
        if getattr(receptor, "part", None) is None:
            raise TypeError(f"receptor '{name}' of PointNeuron: {receptor!r} is no post-synaptic response")
        place = receptor.parameter_space[NOT_OF_POINTS].base_value
        if place != receptor.default_parameters[NOT_OF_POINTS]:
            raise errors.InvalidParameterValueError(
                f"receptor '{name}' of PointNeuron: '{NOT_OF_POINTS}' belongs to neurons with several compartments"
            )


def _spec(neuron: Any, receptors: Mapping[str, Any]) -> ModelSpec:
    kinds = "_".join(f"{name}_{receptor.part.name}" for name, receptor in receptors.items())
    name = f"PointNeuron_{neuron.body.name}_{kinds}"
    return compose(name, neuron.body, {name: receptor.part for name, receptor in receptors.items()})


def _translation(receptor: str, own: str, part_name: str) -> dict[str, Any]:
    """As `build_translations` would write it, for names that are no names of Python."""
    name, native = f"{receptor}.{own}", f"{receptor}_{part_name}"
    return {
        "translated_name": native,
        "forward_transform": lambda **parameters: parameters[name],
        "reverse_transform": lambda **parameters: parameters[native],
        "type": "simple",
    }


def _flat(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in parameters.items():
        flat.update(_flat(value, f"{name}.") if isinstance(value, ParameterSpace) else {f"{prefix}{name}": value})
    return flat
