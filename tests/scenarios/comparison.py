"""Whether an example gives the result that it gives on another back end: a rule for each kind of array.

Rates agree within 5 %; potentials within 0.1 mV outside 2 ms around spikes; other variables within 1 % of their range;
structure exactly. What is random agrees in its means over the trials: within 5 %, of potentials (which have no natural
zero) 5 % of their range. The arrays and their names are those of `run_example`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch

import numpy as np

from tests.scenarios.run_example import FIRST, INTERVAL, Arrays

RATE = 0.05
POTENTIAL = 0.1
"""mV."""
AROUND_SPIKES = 2.0
"""ms."""
OTHER_VARIABLES = 0.01
"""Of their range."""
ROUNDING = 1e-5
"""Of sums and products of the same numbers."""

POTENTIALS = ("v", "v_t")
EXACT = ("cells", "connections", "addresses")
NOT_COMPARED = ("range", "spikes", "error")


def differences(ours: Arrays, theirs: Arrays, random: Sequence[str]) -> list[str]:
    """What does not agree, a line each.

    Args:
        random: patterns of what differs from seed to seed: of keys, or of cells as `network0.population0.v:2`.
    """
    found = [f"{key}: only ours" for key in sorted(ours.keys() - theirs.keys()) if not _matches(key, random)]
    for key in sorted(theirs):
        if _matches(key, random):
            if key.endswith((".mean", ".connections")):
                found += _difference(key, ours, theirs, RATE * _scale(key, theirs))
        elif not key.endswith(NOT_COMPARED):
            found += _difference(key, ours, theirs, _allowed(key, theirs, random))
    return found


def _matches(key: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(key, pattern) for pattern in patterns)


def _difference(key: str, ours: Arrays, theirs: Arrays, allowed: np.ndarray) -> list[str]:
    if key not in ours:
        return [f"{key}: missing"]
    our, their = ours[key], theirs[key]
    if our.shape != their.shape:
        return [f"{key}: shape {our.shape}, not {their.shape}"]
    error = np.abs(our - their)
    if key.endswith(".traces"):
        error[_around_spikes(key, ours) | _around_spikes(key, theirs)] = 0.0
    if np.all(error <= allowed):
        return []
    worst = np.unravel_index(np.argmax(error - allowed), error.shape)
    limit = np.broadcast_to(allowed, error.shape)[worst]
    return [f"{key}{[int(i) for i in worst] or ''}: {our[worst]:.6g}, not {their[worst]:.6g} +- {limit:.2g}"]


def _allowed(key: str, theirs: Arrays, random: Sequence[str]) -> np.ndarray:
    """How far from theirs ours may be; infinitely far where single values are random."""
    their = theirs[key]
    variable, kind = _variable(key), key.rsplit(".", 1)[1]
    if kind in EXACT:
        return np.zeros(their.shape)
    if kind in ("attributes", "weights", "duration"):
        return ROUNDING * np.abs(their)
    if variable == "spikes" or kind == "counts":
        return RATE * their
    per_cell = POTENTIAL if variable in POTENTIALS else OTHER_VARIABLES * float(_range(key, theirs))
    allowed = np.full(their.shape, per_cell)
    if kind in ("traces", "means"):
        base = key.rsplit(".", 1)[0]
        noisy = [column for column in range(their.shape[-1]) if _matches(f"{base}:{column}", random)]
        limit = np.inf if kind == "traces" else RATE * _scale(key, theirs)
        allowed[..., noisy] = np.broadcast_to(limit, allowed.shape)[..., noisy]
    return allowed


def _scale(key: str, theirs: Arrays) -> np.ndarray:
    """What means of random values are compared with: themselves, or the range of a potential."""
    return _range(key, theirs) if _variable(key) in POTENTIALS else np.abs(theirs[key])


def _range(key: str, theirs: Arrays) -> np.ndarray:
    return theirs[f"{key.rsplit('.', 1)[0]}.range"]


def _variable(key: str) -> str:
    """Receptors' variables have a dot: network0.population1.AMPA.gsyn.traces."""
    return ".".join(key.split(".")[2:-1])


def _around_spikes(key: str, arrays: Arrays) -> np.ndarray:
    """Which samples of the traces lie less than 2 ms from a spike of their cell."""
    traces = arrays[key]
    times = FIRST + INTERVAL * np.arange(len(traces))
    near = np.zeros(traces.shape, bool)
    network, population, *_ = key.split(".")
    for column, time in arrays.get(f"{network}.{population}.v.spikes", np.empty((0, 2))):
        near[:, int(column)] |= np.abs(times - time) < AROUND_SPIKES
    return near
