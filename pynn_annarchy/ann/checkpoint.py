"""Checkpoints of a network: all that it is, in one file, from which the same script goes on bit for bit.

The engine's checkpoint (engine/checkpoint.py) and what lies above it: monitors with what they have recorded, the
generator that connectors and distributions draw from, the values that reset() goes back to, constants.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from pynn_annarchy.ann.patterns import Dendrites
from pynn_annarchy.engine.arrays import AnyArray
from pynn_annarchy.exceptions import ModelError

if TYPE_CHECKING:
    from pynn_annarchy.ann.network import Network
    from pynn_annarchy.ann.projection import Projection

_ABOVE = "ann"
"""Begin of the names of what lies above the engine."""


def save(network: Network, filename: str | Path) -> None:
    """Writes a checkpoint, an .npz of numbers whatever the file is called."""
    path = Path(filename)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez(file, **capture(network))


def load(filename: str | Path) -> dict[str, AnyArray]:
    """Reads a checkpoint.

    Raises:
        ModelError: the file is none.
    """
    try:
        with np.load(filename, allow_pickle=False) as arrays:
            values = {name: arrays[name] for name in arrays.files}
    except (ValueError, BadZipFile, AttributeError) as error:
        raise ModelError(f"'{filename}' is no checkpoint: {error}") from error
    if _ABOVE not in values:
        raise ModelError(f"'{filename}' is no checkpoint of a network of pynn_annarchy.ann")
    return values


def capture(network: Network) -> dict[str, AnyArray]:
    """The network as it is now, as arrays."""
    engine = network.build()
    with _without_recorders(network):
        values = engine.checkpoint()
        for number, monitor in enumerate(network._monitors):
            for name, parts in monitor._kept().items():
                values.update((f"{_ABOVE}/monitor/{number}/{name}/{k}", part) for k, part in enumerate(parts))
    for obj in (*network._populations, *network._projections):
        given = {name: value for name, value in obj._values.items() if isinstance(value, (float, np.ndarray))}
        values.update((f"{_ABOVE}/given/{obj.name}/{name}", np.asarray(value)) for name, value in given.items())
    arrays: list[AnyArray] = []
    others = {
        population.name: {name: _emptied(getattr(population, name), arrays) for name in population._OTHERS}
        for population in network._populations
    }
    values.update((f"{_ABOVE}/array/{number}", array) for number, array in enumerate(arrays))
    values[_ABOVE] = np.asarray(json.dumps({**_told(network), "others": others}))
    return values


def _told(network: Network) -> dict[str, Any]:
    return {
        "seed": network.seed,
        "default_rng": network.default_rng.bit_generator.state,
        "monitors": [monitor._state() for monitor in network._monitors],
        "constants": _constants(network),
    }


def _constants(network: Network) -> dict[str, float]:
    """Values of the network's own constants, and of those of all networks that its models mention."""
    own = {name: constant.value for name, constant in network._constants.items()}
    objects = (*network._populations, *network._projections)
    return {**own, **{name: float(each.get(name)) for each in objects for name in each._declared.constants}}


def restore(network: Network, values: dict[str, AnyArray]) -> None:
    """Puts a network made by the same script into the state of a checkpoint.

    Raises:
        ModelError: the network has other populations, projections or monitors.
    """
    told = json.loads(str(values[_ABOVE]))
    if len(told["monitors"]) != len(network._monitors):
        raise ModelError(
            f"the checkpoint is of another network: it has {len(told['monitors'])} monitors, this one has "
            f"{len(network._monitors)}"
        )
    network._seed = told["seed"]
    engine = network.build()
    with _without_recorders(network):
        engine.go_on_from({name: value for name, value in values.items() if not _is_above(name)})
        for projection in network._projections:
            _take_over_structure(projection)
        for number, (monitor, state) in enumerate(zip(network._monitors, told["monitors"], strict=True)):
            begin = f"{_ABOVE}/monitor/{number}/"
            monitor._take_over(state, {name: _parts(values, begin + name) for name in state["times"]})
    for obj in (*network._populations, *network._projections):
        begin = f"{_ABOVE}/given/{obj.name}/"
        obj._values.update((key.removeprefix(begin), _value(v)) for key, v in values.items() if key.startswith(begin))
    for population in network._populations:
        for name, value in told["others"][population.name].items():
            setattr(population, name, _filled(value, lambda number: np.array(values[f"{_ABOVE}/array/{number}"])))
    for name, value in told["constants"].items():
        network.get_constant(name).set(value)
    network.default_rng.bit_generator.state = told["default_rng"]


def _emptied(value: Any, arrays: list[AnyArray]) -> Any:
    """A value for JSON, with the numbers of the arrays in it, which are added to those that there are."""
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if isinstance(value, dict):
        return {"dict": {name: _emptied(item, arrays) for name, item in value.items()}}
    if isinstance(value, (list, tuple)):
        return [_emptied(item, arrays) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _filled(value: Any, array: Callable[[int], AnyArray]) -> Any:
    """What `_emptied` was given, with arrays by their numbers."""
    if isinstance(value, list):
        return [_filled(item, array) for item in value]
    if not isinstance(value, dict):
        return value
    return array(value["array"]) if "array" in value else {k: _filled(v, array) for k, v in value["dict"].items()}


def partitions(values: dict[str, AnyArray]) -> int:
    """Parts that the populations of the checkpoint are cut into."""
    return int(values["partitions"])


def _is_above(name: str) -> bool:
    return name == _ABOVE or name.startswith(f"{_ABOVE}/")


def _parts(values: dict[str, AnyArray], path: str) -> list[AnyArray]:
    n = sum(key.rpartition("/")[0] == path for key in values)
    return [values[f"{path}/{k}"] for k in range(n)]


def _value(array: AnyArray) -> Any:
    return float(array) if array.ndim == 0 else np.array(array)


@contextmanager
def _without_recorders(network: Network) -> Iterator[None]:
    """Monitors hold what they have recorded, and the engine records nothing meanwhile."""
    for monitor in network._monitors:
        monitor._suspend()
    try:
        yield
    finally:
        for monitor in network._monitors:
            monitor._go_on()


def _take_over_structure(projection: Projection) -> None:
    """Tells a projection which connections the engine has now."""
    assert projection.synapses is not None
    pre, post = projection.synapses.pre(), projection.synapses.post()
    order = np.lexsort((pre, post))
    projection._structure = Dendrites(pre[order], post[order])
