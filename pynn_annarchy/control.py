"""Set-up and control of a simulation: setup(), end(), run() and their kin."""

from __future__ import annotations

import difflib
import shlex
import warnings
from typing import Any

import numpy as np
from pyNN import common
from pyNN.common.control import DEFAULT_MAX_DELAY, DEFAULT_MIN_DELAY, DEFAULT_TIMESTEP
from pyNN.recording import get_io

from pynn_annarchy import simulator
from pynn_annarchy.targets.compile import Options

OWN_OPTIONS = ("max_delay", "threads", "seed", "rng_seed", "target", "precision", "compiler", "compiler_flags")
COMPILE_OPTIONS = ("target", "precision", "compiler", "compiler_flags")
OTHERS_OPTIONS = frozenset({
    "allow_offgrid_spikes", "auxiliary_files", "backend", "debug", "default_maxstep", "filename", "label", "model_name",
    "native_rng_baseseed", "num_processes", "quit_on_end", "rank", "recording_precision", "reuse_genn_model",
    "rng_seeds", "rng_seeds_seed", "rng_type", "rtol", "atol", "spike_precision", "t_flush", "use_cvode", "verbosity",
})  # fmt: skip
"""Options of other back ends: scripts that name them run here too."""


def setup(timestep: float = DEFAULT_TIMESTEP, min_delay: float | str = DEFAULT_MIN_DELAY, **extra_params: Any) -> int:
    """Begins a fresh simulation; objects of an earlier one can be read, but neither run nor changed.

    Args:
        timestep: in ms.
        min_delay: smallest delay allowed, in ms; 'auto' allows any from one time step on.
        max_delay: largest delay allowed, in ms, or 'auto'.
        threads: number of threads, or 'auto'; results do not depend on it.
        seed (or rng_seed): of all random numbers of the engine.
        target: 'auto', 'cpp' or 'reference'.
        precision: 'double' or 'single'.
        compiler, compiler_flags: for the target 'cpp'; flags as one string or a list.
        others: options of other back ends, named in one warning and ignored.

    Returns:
        The rank of this process, 0.

    Raises:
        ValueError: timestep, delay limits, seed or threads out of range.
        TypeError: an option that looks like a misspelt one of the above.
    """
    options = dict(extra_params)
    max_delay = options.pop("max_delay", DEFAULT_MAX_DELAY)
    _check_times(timestep, min_delay, max_delay)
    common.setup(timestep, min_delay, **extra_params)
    seed = _seed(options)
    compile_options = _compile_options(options)
    threads = _threads(options)
    _warn_about(options)
    simulator.state.close()
    simulator.state = simulator.State(float(timestep), min_delay, max_delay, seed, threads, compile_options)
    return 0


def _check_times(timestep: float, min_delay: float | str, max_delay: float | str) -> None:
    if not _is_number(timestep) or not timestep > 0:
        raise ValueError(f"timestep must be a positive number of ms, not {timestep!r}")
    for name, delay in (("min_delay", min_delay), ("max_delay", max_delay)):
        if delay != "auto" and (not _is_number(delay) or delay < timestep * (1 - simulator.GRID_TOLERANCE)):
            raise ValueError(f"{name} must be 'auto' or at least the time step of {timestep} ms, not {delay!r}")
    if "auto" not in (min_delay, max_delay) and min_delay > max_delay:  # type: ignore[operator]
        raise ValueError(f"min_delay ({min_delay} ms) must not be larger than max_delay ({max_delay} ms)")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and bool(np.isfinite(value))


def _seed(options: dict[str, Any]) -> int:
    given = [options.pop(name) for name in ("seed", "rng_seed") if options.get(name) is not None]
    seed = given[0] if given else simulator.DEFAULT_SEED
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool):
        raise ValueError(f"seed must be a whole number, not {seed!r}")
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"seed must have 64 bits, from 0 to {(1 << 64) - 1}, not {seed}")
    return int(seed)


def _compile_options(options: dict[str, Any]) -> Options:
    given = {key: options.pop(key) for key in COMPILE_OPTIONS if key in options}
    flags = given.get("compiler_flags", ())
    return Options(**{**given, "compiler_flags": tuple(shlex.split(flags) if isinstance(flags, str) else flags)})


def _threads(options: dict[str, Any]) -> int | str:
    threads = options.pop("threads", "auto")
    if threads == "auto":
        return "auto"
    if not isinstance(threads, (int, np.integer)) or isinstance(threads, bool) or threads < 1:
        raise ValueError(f"threads must be 'auto' or a positive whole number, not {threads!r}")
    return int(threads)


def _warn_about(unknown: dict[str, Any]) -> None:
    unknown.pop("rng_seed", None)
    unknown.pop("seed", None)
    for name in unknown:
        close = [] if name in OTHERS_OPTIONS else difflib.get_close_matches(name, OWN_OPTIONS, n=1, cutoff=0.75)
        if close:
            raise TypeError(f"setup() has no option '{name}'; did you mean '{close[0]}'?")
    if unknown:
        warnings.warn(f"options without effect in pyNN.annarchy: {', '.join(sorted(unknown))}", stacklevel=3)


def end(compatible_output: bool = True) -> None:
    """Writes the files that record(..., to_file) asked for; data stay readable."""
    for population, variables, filename in simulator.state.write_on_end:
        population.write_data(get_io(filename), variables)
    simulator.state.write_on_end = []


_run, _run_until = common.build_run(simulator)


def run(simtime: float, callbacks: Any = None) -> float:
    """Advances the simulation by a duration, in ms, and returns the time reached.

    The end is rounded to the nearest time step (at least one), with a warning. ``callbacks``: callables that take the
    present time and return the next one at which they want to be called.

    Raises:
        ValueError: the duration is not positive or not finite.
    """
    if not _is_number(simtime) or simtime <= 0:
        raise ValueError(f"the duration of a run must be a positive number of ms, not {simtime!r}")
    return _run(simtime, callbacks)


def run_until(time_point: float, callbacks: Any = None) -> float:
    """Advances the simulation to a time, in ms, and returns the time reached; else as run().

    Raises:
        ValueError: the time is in the past or not finite.
    """
    if not _is_number(time_point):
        raise ValueError(f"time_point must be a number of ms, not {time_point!r}")
    return _run_until(time_point, callbacks)


run_for = run

_reset = common.build_reset(simulator)


def reset(annotations: dict[str, Any] | None = None, repeat_noise: bool = False) -> None:
    """Back to t = 0: initial values, no spikes under way; data go on in a new segment.

    Structure, parameters, weights that were set and what is recorded stay. Noise is new, as in another trial of the
    same experiment, unless ``repeat_noise`` asks for that of the trial before.
    """
    simulator.state.network.next_trial(repeat_noise)
    simulator.state.repeats_noise = repeat_noise
    _reset(annotations or {})


initialize = common.initialize

(
    get_current_time,
    get_time_step,
    get_min_delay,
    get_max_delay,
    num_processes,
    rank,
) = common.build_state_queries(simulator)
