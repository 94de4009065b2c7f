"""Names of ANNarchy that are not there yet: whoever asks for one is told so, and what there is instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

_EXTENSIONS = {
    "bold": (
        *("BoldMonitor", "BoldModel", "balloon_RN", "balloon_RL", "balloon_CN", "balloon_CL", "balloon_maith2021"),
        "balloon_two_inputs",
    ),
    "convolution": ("Convolution", "Pooling", "Copy", "Transpose"),
    "diagonal": ("DiagonalProjection",),
    "image": ("ImagePopulation", "VideoPopulation"),
    "tensorboard": ("Logger",),
    "ann_to_snn_conversion": ("ANNtoSNNConverter",),
}
"""By module of ANNarchy's extensions what it has."""

_INSTEAD = {
    "bold": "record the variables with a Monitor, and compute the signal from them",
    "convolution": "from_matrix() and from_sparse() connect any weights",
    "diagonal": "from_matrix() and from_sparse() connect any weights",
    "image": "an InputArray takes the pixels: pop.r = array",
    "tensorboard": "tensorboardX itself logs what Monitors give",
    "ann_to_snn_conversion": "from_matrix() takes the weights of a trained layer",
    "structural plasticity": "synapses can be made from a matrix when the network is set up",
    "devices": "networks run on processors, where there are no blocks of threads to choose",
}

MODULES = tuple(_EXTENSIONS)
"""Modules of extensions that are not there yet."""

_SUBJECTS = {
    **{name: module for module, names in _EXTENSIONS.items() for name in names},
    "Pruning": "structural plasticity",
    "Creating": "structural plasticity",
}

_METHODS = {
    **dict.fromkeys(("start_pruning", "stop_pruning", "start_creating", "stop_creating"), "structural plasticity"),
    **dict.fromkeys(("create_synapse", "create_synapses", "prune_synapse", "prune_synapses"), "structural plasticity"),
    "update_launch_config": "devices",
}
"""Methods of projections and dendrites."""


def is_later(name: str) -> bool:
    """Whether ANNarchy has something of that name which is not there yet."""
    return name in _SUBJECTS


def refuse(name: str) -> NoReturn:
    """NotImplementedError with the way out."""
    raise NotImplementedError(
        f"'{name}' of ANNarchy comes later; until then, {_INSTEAD[{**_SUBJECTS, **_METHODS}[name]]}"
    )


def refused(name: str) -> Callable[..., NoReturn]:
    """A method of ANNarchy that is not there yet."""

    def method(*_: object, **__: object) -> NoReturn:
        refuse(name)

    method.__name__, method.__doc__ = name, f"Comes later, with {_METHODS[name]}."
    return method
