"""Files of recorded data: which format a file name asks for, whether it can be written here, and the writing itself."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import PurePath
from typing import Any

import neo
from pyNN.recording import get_io

_LIBRARIES = {
    ".pkl": None,
    ".pickle": None,
    ".mat": "scipy",
    ".nix": "nixio",
    ".h5": "nixio",
    ".nwb": "pynwb",
}
"""What Neo needs for a file name's extension, named as by pip."""
_ONE_BLOCK = (".pkl", ".pickle", ".mat", ".nwb")
"""Formats of which each writing makes the whole file anew."""


def check_file_name(filename: str) -> None:
    """Refuses at once what could not be written at the end of a simulation.

    Raises:
        ValueError: no known extension; names those that there are.
        ImportError: the library of the format is not installed; names the package.
    """
    extension = PurePath(filename).suffix
    if extension not in _LIBRARIES:
        raise ValueError(f"'{filename}': data can be written to files named {', '.join('*' + e for e in _LIBRARIES)}")
    library = _LIBRARIES[extension]
    if library is not None and find_spec(library) is None:
        raise ImportError(
            f"'{filename}': writing *{extension} files needs the package {library}: pip install {library}"
        )


def holds_one_block(filename: str) -> bool:
    """Whether writing a second block to the file replaces the first."""
    return PurePath(filename).suffix in _ONE_BLOCK


def is_named(to_file: Any) -> bool:
    """Whether a file or Neo IO is meant; the procedural interface says True where it means no file in particular."""
    return to_file is not None and not isinstance(to_file, bool)


def write(block: neo.Block, target: Any) -> None:
    """Writes a block to a file of that name, or through a Neo IO object, which stays open."""
    if not isinstance(target, str):
        _write_through(target, block)
        return
    check_file_name(target)
    io = get_io(target)
    try:
        _write_through(io, block)
    finally:
        if hasattr(io, "close"):
            io.close()


def _write_through(io: Any, block: neo.Block) -> None:
    if isinstance(io, neo.io.NWBIO) and block.segments:  # the format asks for a time, with its zone
        block.annotations.setdefault("session_start_time", block.rec_datetime.astimezone())
    io.write_block(block)
