"""A generated library called through abi.h by ctypes, and both targets driven in the same way."""

from __future__ import annotations

import ctypes as c
from dataclasses import dataclass, field

import numpy as np

from pynn_annarchy.targets import reference
from pynn_annarchy.targets.compile import CompiledModel

DT = 0.1
SEED_KEY = 0x5EED
QUANTUM = 2.0**-40
CELLS_TOGETHER = 256


class Field(c.Structure):
    _fields_ = [("name", c.c_char_p), ("dtype", c.c_int32), ("is_input", c.c_int32)]


class Step(c.Structure):
    _fields_ = [
        ("step", c.c_int64),
        ("t", c.c_double),
        ("dt", c.c_double),
        ("seed_key", c.c_uint32),
        ("trial", c.c_uint16),
        ("batch", c.c_uint16),
    ]


class Segment(c.Structure):
    _fields_ = [
        ("arrays", c.POINTER(c.c_void_p)),
        ("shared", c.c_void_p),
        ("inputs", c.POINTER(c.c_void_p)),
        ("quanta", c.c_void_p),
        ("object_index", c.c_uint32),
        ("element_offset", c.c_int64),
        ("numbers", c.c_void_p),
        ("each", c.c_void_p),
        ("are_small", c.c_void_p),
        ("small_from", c.c_int64),
        ("added", c.c_void_p),
        ("added_each", c.c_int64),
        ("added_to", c.c_int32),
    ]


class Spikes(c.Structure):
    _fields_ = [
        ("index", c.c_void_p),
        ("count", c.c_void_p),
        ("n", c.c_int64),
        ("counts", c.c_void_p),
        ("n_counted", c.c_int64),
        ("has_more", c.c_int32),
    ]


class Group(c.Structure):
    _fields_ = [("begin", c.c_uint64), ("end", c.c_uint64), ("multiplicity", c.c_int64)]


class Rows(c.Structure):
    _fields_ = [
        ("targets", c.c_void_p),
        ("target_bits", c.c_int32),
        ("weight_form", c.c_int32),
        ("weights", c.c_void_p),
        ("weight_unit", c.c_double),
        ("arrays", c.POINTER(c.c_void_p)),
        ("shared", c.c_void_p),
        ("accumulator", c.c_void_p),
        ("inverse_quantum", c.c_double),
        ("bound", c.c_double),
        ("object_index", c.c_uint32),
        ("sinks", c.c_void_p),
        ("sink_of", c.c_void_p),
    ]


_NEURONS = c.CFUNCTYPE(None, c.POINTER(Segment), c.c_int64, c.c_int64, c.POINTER(Step), c.POINTER(Spikes))
_DELIVER = c.CFUNCTYPE(c.c_int32, c.POINTER(Rows), c.POINTER(Group), c.c_int64, c.POINTER(Step))


class Module(c.Structure):
    _fields_ = [
        ("abi_version", c.c_uint32),
        ("fingerprint", c.c_char_p),
        ("model", c.c_char_p),
        ("arrays", c.POINTER(Field)),
        ("n_arrays", c.c_int32),
        ("shared", c.POINTER(c.c_char_p)),
        ("n_shared", c.c_int32),
        ("receptors", c.POINTER(c.c_char_p)),
        ("n_receptors", c.c_int32),
        ("neurons", _NEURONS),
        ("deliver", _DELIVER),
        ("deliver_counts", c.c_void_p),
    ]


def load(model: CompiledModel) -> Module:
    """The table of a compiled library, kept loaded for good."""
    library = c.CDLL(str(model.library))
    library.pnn_module_entry.restype = c.POINTER(Module)
    table = library.pnn_module_entry().contents
    table.library = library
    return table


def pointers(arrays: list[np.ndarray]) -> c.Array:
    return (c.c_void_p * max(len(arrays), 1))(*(array.ctypes.data for array in arrays))


@dataclass
class Population:
    """Cells of one model on one target, with everything that a step reads and writes.

    Args:
        model: compiled for the target; one without a library is evaluated with NumPy.
        size: number of cells.
        parameters: values by name.
        states: starting values by name; the rest is zero.
        remembers: whether a step finds what the one before has remembered, as in a run; nobody may change states then.
        at_rest: whether inputs have no arrays, as in a run in which all of them are zero.
    """

    model: CompiledModel
    size: int
    parameters: dict[str, float | np.ndarray]
    states: dict[str, np.ndarray]
    remembers: bool = False
    at_rest: bool = False
    step: int = 0
    inputs: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        prepared = self.model.prepare(self.parameters, DT)
        self.shared = np.array([prepared[name] for name in self.model.shared], np.float64)
        self.arrays = []
        for array in self.model.arrays:
            given = prepared if array.role == "parameter" else self.states
            self.arrays.append(np.full(self.size, given.get(array.name, 0.0)).astype(array.dtype))
        self.inputs = [np.zeros(self.size, np.int64) for _ in self.model.receptors]
        self.quanta = np.full(len(self.inputs), QUANTUM)
        self._module = load(self.model) if self.model.library else None
        self._remembered = np.zeros(self.size // CELLS_TOGETHER + 1, np.uint8) if self.remembers else None

    def advance(self, begin: int = 0, end: int | None = None) -> tuple[list[int], list[int]]:
        """Updates cells [begin, end) over one step; the spikes' indices and multiplicities."""
        end = self.size if end is None else end
        self.step += 1
        if self._module is None:
            step = reference.Step(self.step, (self.step - 1) * DT, DT, SEED_KEY, 1, 0)
            index, count = reference.run_neurons(
                self.model, self.arrays, self.shared, self.inputs, self.quanta, 7, 100, begin, end, step
            )
            return index.tolist(), count.tolist()
        index, count = np.zeros((2, self.size), np.uint32)
        spikes = Spikes(index.ctypes.data, count.ctypes.data, 0)
        arrays = pointers(self.arrays)
        if self.at_rest:
            for number, array in enumerate(self.model.arrays):
                if array.role == "input":
                    arrays[number] = None
        segment = Segment(arrays, self.shared.ctypes.data, pointers(self.inputs), self.quanta.ctypes.data, 7, 100)
        if self._remembered is not None:
            segment.are_small = self._remembered.ctypes.data
        self._module.neurons(segment, begin, end, Step(self.step, (self.step - 1) * DT, DT, SEED_KEY, 1, 0), spikes)
        return index[: spikes.n].tolist(), count[: spikes.n].tolist()

    def state(self, name: str) -> np.ndarray:
        """The array of a variable."""
        return self.arrays[[array.name for array in self.model.arrays].index(name)]
