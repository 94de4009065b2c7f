"""Parameters in files that people edit: JSON with values of one number each, and ANNarchy's older XML."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.exceptions import ModelError

if TYPE_CHECKING:
    from pynn_annarchy.ann.network import Network

_KINDS = ("populations", "projections")


def save(network: Network, filename: str | Path) -> None:
    """Writes the present values of global parameters, by population and projection."""
    objects = {"populations": network.get_populations(), "projections": network.get_projections(suppress_error=True)}
    content: dict[str, Any] = {kind: {obj.name: _of(obj, global_only=True) for obj in objects[kind]} for kind in _KINDS}
    content["network"] = {}
    path = Path(filename)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=4) + "\n")


def load(network: Network, filename: str | Path, global_only: bool, verbose: bool) -> dict[str, Any]:
    """Sets parameters from a file.

    Args:
        global_only: parameters with a value for each neuron or synapse are passed over; else all get the one value.
        verbose: print each change.

    Returns:
        What the file says under ``network``.

    Raises:
        ModelError: the file is no JSON of that form, or names what the network does not have.
    """
    content = _read(filename)
    for kind, find in zip(_KINDS, (network.get_population, network.get_projection), strict=True):
        for name, values in content.get(kind, {}).items():
            _set(find(name), values, global_only, verbose)
    return dict(content.get("network", {}))


def _read(filename: str | Path) -> dict[str, Any]:
    try:
        content = json.loads(Path(filename).read_text())
    except ValueError as error:
        raise ModelError(f"'{filename}' is no JSON file: {error}") from error
    unknown = [key for key in content if key not in (*_KINDS, "network")] if isinstance(content, dict) else ["it"]
    if unknown:
        raise ModelError(f"'{filename}' must hold 'populations', 'projections' and 'network', not {unknown[0]!r}")
    return dict(content)


def _of(obj: Any, global_only: bool) -> dict[str, Any]:
    values = {name: obj.get(name) for name in obj.parameters if not global_only or obj._attributes[name].is_global}
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}


def _set(obj: Any, values: dict[str, Any], global_only: bool, verbose: bool) -> None:
    unknown = [name for name in values if name not in obj.parameters]
    if unknown:
        raise ModelError(obj._no_attribute(unknown[0]))
    for name, value in values.items():
        if global_only and not obj._attributes[name].is_global:
            continue
        if verbose:
            print(f"{obj.name}: {name} {obj.get(name)} -> {value}")
        obj.set({name: value})


def read_xml(files: str | Path | Iterable[str | Path]) -> dict[str, Any]:
    """Parameters by name from files ``<parameters> <parameter><name>tau</name><value>10.0</value></parameter> ...``.

    Values are whole numbers, numbers or texts.

    Raises:
        ModelError: a file has another form, or two of them name the same parameter.
    """
    read: dict[str, Any] = {}
    for file in [files] if isinstance(files, (str, Path)) else files:
        for name, value in _in_xml(file):
            if name in read:
                raise ModelError(f"'{file}': parameter '{name}' is given more than once")
            read[name] = value
    return read


def _in_xml(file: str | Path) -> list[tuple[str, Any]]:
    try:
        root = ElementTree.parse(file).getroot()
    except ElementTree.ParseError as error:
        raise ModelError(f"'{file}' is no XML file: {error}") from error
    pairs = []
    for parameter in root.findall("parameter"):
        parts = {part.tag: (part.text or "").strip() for part in parameter}
        if set(parts) != {"name", "value"} or not all(parts.values()):
            raise ModelError(f"'{file}': each <parameter> must hold one <name> and one <value>, not {parts}")
        pairs.append((parts["name"], _number_or_text(parts["value"])))
    return pairs


def _number_or_text(text: str) -> Any:
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text
