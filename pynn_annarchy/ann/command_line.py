"""What the command line of a script says about the simulation: ``python network.py --clean -j 4``.

It is looked at when a script calls setup() or makes a network, and never changed. Only scripts are looked at: not what
runs from where packages are installed (pytest, Jupyter), not an interactive session. Words that are not listed here
belong to the script.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pynn_annarchy.exceptions import warn
from pynn_annarchy.targets.device import EMULATIONS

_SWITCHES: dict[str, dict[str, Any]] = {
    "-c": {"clean": True},
    "--clean": {"clean": True},
    "-d": {"debug": True},
    "--debug": {"debug": True},
    "-v": {"verbose": True},
    "--verbose": {"verbose": True},
    "--profile": {"profile": True},
    "--gpu": {"paradigm": "cuda"},
}
_WITH_VALUE = {
    "-j": "num_threads",
    "--num-threads": "num_threads",
    "--prec": "precision",
    "--visible-cores": "visible_cores",
    "--report": "report",
    "--gpu": "device",
}
"""``--gpu`` is both: alone, or with a device as in ``--gpu=1``."""


def options() -> dict[str, Any]:
    """Options of a network by ANNarchy's names, as the command line of the running script gives them."""
    return read(sys.argv[1:]) if is_script() else {}


def is_script() -> bool:
    """Whether Python runs a file of the user's, rather than a program that is installed."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if file is None:
        return False
    path = Path(file).resolve()
    installed = {Path(folder).resolve() for folder in sysconfig.get_paths().values()}
    return not any(folder in path.parents for folder in installed) and "site-packages" not in path.parts


def read(words: list[str]) -> dict[str, Any]:
    """Options that the words of a command line give; unknown words are passed over.

    A value that makes no sense is passed over with a warning: the word may be meant for the script.
    """
    told: dict[str, Any] = {}
    for word, value in _pairs(words):
        asked = dict(_SWITCHES.get(word, {}))
        if word in _WITH_VALUE and (value or not asked):
            name = _WITH_VALUE[word]
            try:
                asked[name] = _READERS.get(name, str)(value)
            except ValueError:
                warn(f"the command line says {word} {value!r}, which is no {name.replace('_', ' ')}: it is not heeded")
                continue
        told.update(asked)
    return told


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """Our words, each with its value: ``-j4``, ``-j 4``, ``--gpu``, ``--gpu=1``."""
    left = iter(words)
    for word in left:
        head, _, value = word.partition("=")
        if word == "--":
            return
        if head in _SWITCHES:
            yield head, value
        elif head in _WITH_VALUE:
            yield head, value if "=" in word else next(left, "")
        elif word.startswith("-j"):
            yield "-j", word[2:]


def _threads(value: str) -> int:
    number = int(value)
    if number < 1:
        raise ValueError(value)
    return number


def _cores(value: str) -> list[int]:
    return [int(core) for core in value.split(",")]


def _precision(value: str) -> str:
    if value not in ("single", "double", "float", "float32", "float64"):
        raise ValueError(value)
    return value


def _device(value: str) -> int | str:
    return value if value in EMULATIONS else int(value)


_READERS: dict[str, Any] = {
    "num_threads": _threads,
    "visible_cores": _cores,
    "precision": _precision,
    "device": _device,
}
