"""Values of parameters and variables in files: .npz, .gz, .mat (only written) and plain pickles.

What is saved is a dictionary by object of dictionaries by name. In an .npz each entry is an array of its own, called
``object.name``, so that reading one executes nothing; the other formats hold the dictionary itself.
"""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from pynn_annarchy.exceptions import ModelError

State = dict[str, dict[str, Any]]
"""Values by object and name."""

_SEPARATOR = "."


def save(filename: str | Path, state: State) -> None:
    """Writes a state in the format that the file's name asks for; folders are made as needed."""
    path = Path(filename)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        flat = {f"{obj}{_SEPARATOR}{name}": value for obj, values in state.items() for name, value in values.items()}
        ragged = [key for key, value in flat.items() if _as_array(value).dtype == object]
        if ragged:
            raise ModelError(f"'{path}': {ragged[0]} is no array of numbers; save it to a file with another ending")
        np.savez_compressed(path, **{key: _as_array(value) for key, value in flat.items()})
    elif path.suffix == ".mat":
        from scipy.io import savemat

        savemat(path, state)
    elif path.suffix == ".gz":
        with gzip.open(path, "wb") as file:
            pickle.dump(state, file, protocol=pickle.HIGHEST_PROTOCOL)
    else:
        path.write_bytes(pickle.dumps(state, protocol=pickle.HIGHEST_PROTOCOL))


def load(filename: str | Path, pickle_encoding: str | None = None) -> State:
    """Reads what `save` wrote.

    Raises:
        ModelError: a .mat file, which is for other programs, or a file that holds something else.
    """
    path = Path(filename)
    if path.suffix == ".mat":
        raise ModelError(f"'{path}': files for MATLAB can be written, but not read; save to .npz to load it again")
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return _nested({key: arrays[key] for key in arrays.files}, path)
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    state = pickle.loads(content, encoding=pickle_encoding or "ASCII")
    if not isinstance(state, dict) or not all(isinstance(values, dict) for values in state.values()):
        raise ModelError(f"'{path}' holds no values of populations and projections")
    return state


def values_of(state: State, name: str, filename: str | Path) -> dict[str, Any]:
    """The values of one object; where the file holds but one, its name does not matter.

    Raises:
        ModelError: the file holds several others.
    """
    if name in state:
        return state[name]
    if len(state) == 1:
        return next(iter(state.values()))
    raise ModelError(f"'{filename}' holds values of {', '.join(state)}, and none of '{name}'")


def _nested(flat: dict[str, Any], path: Path) -> State:
    state: State = {}
    for key, value in flat.items():
        obj, separator, name = key.rpartition(_SEPARATOR)
        if not separator:
            raise ModelError(f"'{path}' holds no values of populations and projections: what is '{key}'?")
        state.setdefault(obj, {})[name] = value[()] if value.ndim == 0 else value
    return state


def _as_array(value: Any) -> Any:
    try:
        return np.asarray(value)
    except ValueError:  # rows of different lengths
        return np.asarray(value, dtype=object)
