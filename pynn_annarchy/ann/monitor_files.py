"""Recorded data in files: arrays as they are, spikes by rank of the neuron."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pynn_annarchy.exceptions import ModelError

_HDF5 = (".hdf5", ".h5")


def check_file(filename: str, names: Collection[str], single: bool = True) -> None:
    """Refuses files that cannot be written, before anything is taken out of a monitor.

    Args:
        names: of the variables to be written.
        single: whether a '.npy' file of one variable will do.

    Raises:
        ModelError: says which endings there are, and what is missing.
    """
    ending = Path(filename).suffix
    known = [*([".npy"] if single else []), ".npz", *_HDF5]
    if ending not in known:
        raise ModelError(f"'{filename}': recorded data are written to files that end in {', '.join(known)}")
    if ending == ".npy" and len(names) != 1:
        raise ModelError(
            f"'{filename}': a .npy file holds one variable, not {len(names)} ({', '.join(names)}); name one with "
            "variables=, or use .npz or .hdf5"
        )
    if ending in _HDF5:
        _h5py(filename)


def write_file(filename: str, data: Mapping[str, Any]) -> None:
    """Writes data by name; names with a slash lie in groups, spikes in a group with one list for each neuron."""
    ending = Path(filename).suffix
    if ending == ".npy":
        np.save(filename, _as_array(next(iter(data.values()))))
    elif ending == ".npz":
        np.savez(filename, **{name: _as_array(value) for name, value in data.items()})
    else:
        with _h5py(filename).File(filename, "w") as file:
            for name, value in data.items():
                _write_hdf5(file, name, value)


def _as_array(value: Any) -> Any:
    """An array; of a dictionary of spikes one object, which ``np.load(..., allow_pickle=True)[()]`` gives back."""
    return np.array(value, dtype=object) if isinstance(value, dict) else value


def _write_hdf5(file: Any, name: str, value: Any) -> None:
    if isinstance(value, dict):
        group = file.create_group(name)
        for rank, steps in value.items():
            group.create_dataset(str(rank), data=np.asarray(steps, np.int64))
    elif value.dtype == object:
        group = file.create_group(name)
        for number in range(value.shape[1]):
            group.create_dataset(str(number), data=np.array([row[number] for row in value], np.float64))
    else:
        file.create_dataset(name, data=value)


def _h5py(filename: str) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ModelError(f"'{filename}': HDF5 files need the package h5py: pip install h5py, or use .npz") from error
    return h5py
