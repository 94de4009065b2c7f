"""Options of setup(): our own, read and checked, and those of other back ends, which scripts may name here too."""

from __future__ import annotations

import difflib
import shlex
from dataclasses import dataclass
from typing import Any

import numpy as np

from pynn_annarchy import simulator
from pynn_annarchy.exceptions import warn
from pynn_annarchy.targets.compile import Options

SEEDS = ("seed", "rng_seed", "rng_seeds_seed", "grng_seed", "rng_seeds", "native_rng_baseseed")
"""Names of the seed: ours, then those of NEST's and NEURON's back ends; the first that is given counts."""

COMPILE = ("target", "device", "precision", "weight_bits", "compiler", "compiler_flags")

OWN = ("timestep", "min_delay", "max_delay", "threads", "seed", *COMPILE)

OF_OTHERS = {
    "NEST": ("allow_offgrid_spikes", "recording_precision", "rng_type", "spike_precision", "t_flush", "verbosity"),
    "NEURON": ("atol", "default_maxstep", "quit_on_end", "rtol", "use_cvode"),
    "GeNN": ("backend", "model_name", "reuse_genn_model"),
    "SpiNNaker": ("database_socket_addresses", "n_boards_required", "n_chips_required", "time_scale_factor"),
    "BrainScaleS": (
        "hardware",
        "hardwareNeuronSize",
        "loglevel",
        "logfile",
        "maxNeuronLoss",
        "maxSynapseLoss",
        "useSystemSim",
    ),
    "NeuroML and NineML": ("file", "filename", "reference", "save_format"),
    "mock and PyNN before 0.8": ("auxiliary_files", "debug", "label", "num_processes", "rank"),
}
"""Options of other back ends that mean nothing here, by who has them."""

SPIKE_PRECISIONS = ("off_grid", "on_grid")

_CUTOFF = 0.75
"""How alike (difflib's ratio) an unknown option is to the one that was probably meant."""


@dataclass(frozen=True)
class SetupOptions:
    """What setup() was told, checked; options without effect have been warned about."""

    seed: int
    threads: int | str
    compile: Options


def read(given: dict[str, Any]) -> SetupOptions:
    """Reads the options of setup() beyond the times, and names those without effect in one warning.

    Raises:
        TypeError: an option that no back end has, naming the one probably meant; a compiler or flags that are no text.
        ValueError: a seed or a number of threads that is none.
    """
    left = dict(given)
    _refuse_unknown(left)
    options = SetupOptions(_seed(left), _threads(left), _compile_options(left))
    _drop_satisfied(left)
    if left:
        warn(f"options without effect in pyNN.annarchy: {', '.join(sorted(left))}")
    return options


def _refuse_unknown(given: dict[str, Any]) -> None:
    known = {*OWN, *SEEDS, *(name for names in OF_OTHERS.values() for name in names)}
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, (*OWN, *sorted(known)), n=1, cutoff=_CUTOFF)
            hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(OWN)}"
            raise TypeError(f"setup() has no option '{name}'; {hint}")


def _seed(left: dict[str, Any]) -> int:
    """Takes the first seed that is given; further ones stay, to be named as without effect."""
    seed: Any = simulator.DEFAULT_SEED
    for name in SEEDS:
        if name in left and left[name] is None:
            del left[name]
    name = next((name for name in SEEDS if name in left), None)
    if name is not None:
        seed = left.pop(name)
        if name == "rng_seeds":
            seed = next(iter(np.atleast_1d(seed).tolist()), None)
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool):
        raise ValueError(f"{name} must be a whole number, not {seed!r}")
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"{name} must have 64 bits, from 0 to {(1 << 64) - 1}, not {seed}")
    return int(seed)


def _threads(left: dict[str, Any]) -> int | str:
    threads = left.pop("threads", "auto")
    if threads is None or threads == "auto":
        return "auto"
    if not isinstance(threads, (int, np.integer)) or isinstance(threads, bool) or threads < 1:
        raise ValueError(f"threads must be 'auto' or a positive whole number, not {threads!r}")
    return int(threads)


def _compile_options(left: dict[str, Any]) -> Options:
    """Takes what says how to compile; a device that the target does not have stays, to be named as without effect."""
    is_cuda = left.get("target") == "cuda"
    given = {key: left.pop(key) for key in COMPILE if key in left and (key != "device" or is_cuda)}
    compiler, flags = given.get("compiler"), given.get("compiler_flags", ())
    if not (compiler is None or isinstance(compiler, str)):
        raise TypeError(f"compiler must be the name of a command, not {compiler!r}")
    if isinstance(flags, str):
        flags = shlex.split(flags)
    elif not (isinstance(flags, (list, tuple)) and all(isinstance(flag, str) for flag in flags)):
        raise TypeError(f"compiler_flags must be one string or a list of strings, not {flags!r}")
    return Options(**{**given, "compiler_flags": tuple(flags)})


def _drop_satisfied(left: dict[str, Any]) -> None:
    """Takes out what other back ends must be told and is always so here."""
    if left.get("spike_precision", "off_grid") not in SPIKE_PRECISIONS:
        raise ValueError(f"spike_precision must be 'off_grid' or 'on_grid', not {left['spike_precision']!r}")
    always = {"spike_precision": "off_grid", "use_cvode": False, "rank": 0, "num_processes": 1}
    for name, value in always.items():
        if name in left and left[name] == value:
            del left[name]
