"""Objects of the NumPy loop as bytes: what belongs to the network is named, the rest is written out.

Reading makes nothing but arrays and the loop's own records, so that a file of somebody else's cannot run code.
"""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.engine.arrays import AnyArray
from pynn_annarchy.engine.axons import Axons
from pynn_annarchy.engine.cells import Cells, SpikeSource
from pynn_annarchy.engine.clocked import Publication
from pynn_annarchy.engine.connectivity import Synapses
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.targets.compile import CompiledModel, Storage

if TYPE_CHECKING:
    from pynn_annarchy.engine.network import Network

_OWN = ("pynn_annarchy.engine.reference_", "pynn_annarchy.targets.reference_")
_STORAGES = tuple(Storage)
_OF_NUMPY = ("ndarray", "dtype", "_reconstruct", "scalar", "_frombuffer")


def dumped(value: object, network: Network) -> AnyArray:
    """The bytes of a value, uint8; what the network holds anyway is only named."""
    out = io.BytesIO()
    _Writer(out, network).dump(value)
    return np.frombuffer(out.getvalue(), np.uint8)


def loaded(data: AnyArray, network: Network) -> Any:
    """The value, with what belongs to the network taken from this one.

    Raises:
        ModelError: the bytes are damaged, or of a network with other populations and projections.
    """
    try:
        return _Reader(io.BytesIO(data.tobytes()), network).load()
    except (pickle.UnpicklingError, EOFError, LookupError, AttributeError) as error:
        raise ModelError(f"the checkpoint is of another network ({error})") from error


class _Writer(pickle.Pickler):
    def __init__(self, out: io.BytesIO, network: Network) -> None:
        super().__init__(out, protocol=pickle.HIGHEST_PROTOCOL)
        self._network = network
        self._rows = {id(synapses.rows): synapses.number for synapses in network.projections}

    def persistent_id(self, value: Any) -> tuple[str, int] | None:
        if value is self._network:
            return "network", 0
        if isinstance(value, Cells | SpikeSource | Axons):
            return "population", value.number
        if isinstance(value, Synapses):
            return "projection", value.number
        if id(value) in self._rows:
            return "rows", self._rows[id(value)]
        if isinstance(value, CompiledModel):
            number = next(s.number for s in self._network.projections if s.spec == value.spec)
            return "model", 2 * number + _STORAGES.index(value.storage)
        return ("publication", 0) if isinstance(value, Publication) else None


class _Reader(pickle.Unpickler):
    def __init__(self, data: io.BytesIO, network: Network) -> None:
        super().__init__(data)
        self._network = network

    def persistent_load(self, name: Any) -> Any:
        kind, number = name
        match kind:
            case "network":
                return self._network
            case "population":
                return self._network.populations[number]
            case "projection":
                return self._network.projections[number]
            case "rows":
                return self._network.projections[number].rows
            case "model":
                return self._network.modules[self._network.projections[number // 2].spec, _STORAGES[number % 2]]
            case "publication":
                return None  # the loop knows it better
        raise pickle.UnpicklingError(f"what is a {kind}?")

    def find_class(self, module: str, name: str) -> Any:
        of_numpy = module.partition(".")[0] == "numpy" and name in _OF_NUMPY
        if not of_numpy and not module.startswith(_OWN):
            raise pickle.UnpicklingError(f"{module}.{name} is nothing that a checkpoint holds")
        return super().find_class(module, name)
