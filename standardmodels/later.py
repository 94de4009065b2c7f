"""Names of PyNN's models that this back end does not have."""

from __future__ import annotations

from typing import Any

from pyNN.standardmodels import ModelNotAvailable


class ComesLater(ModelNotAvailable):
    """A model of PyNN that cannot be used yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__} comes later: pyNN.annarchy does not have this model yet")


def comes_later(name: str) -> type[ComesLater]:
    """A class of that name that says so when it is used."""
    return type(name, (ComesLater,), {"__doc__": f"PyNN's {name}: not available yet."})


class NeedsCompartments(ModelNotAvailable):
    """A model of PyNN for cells with compartments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            f"{type(self).__name__} needs cells with compartments; pyNN.annarchy has point neurons only: "
            "describe the cell with PointNeuron or equations of your own, or use pyNN.neuron or pyNN.arbor"
        )


def needs_compartments(name: str) -> type[NeedsCompartments]:
    """A class of that name, to be subclassed at most, that says so when it is used."""
    return type(name, (NeedsCompartments,), {"__doc__": f"PyNN's {name}: not available, there are no compartments."})
