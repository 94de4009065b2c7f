"""Set-up and control of a simulation: setup(), end(), run() and their kin."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from pyNN import common
from pyNN.common.control import DEFAULT_MAX_DELAY, DEFAULT_MIN_DELAY, DEFAULT_TIMESTEP

from pynn_annarchy import options, simulator
from pynn_annarchy.engine.timings import Timings


def setup(timestep: float = DEFAULT_TIMESTEP, min_delay: float | str = DEFAULT_MIN_DELAY, **extra_params: Any) -> int:
    """Begins a fresh simulation; objects of an earlier one can be read, but neither run nor changed.

    Args:
        timestep: in ms.
        min_delay: smallest delay allowed, in ms; 'auto' allows any from one time step on.
        max_delay: largest delay allowed, in ms, or 'auto'.
        threads: number of threads, or 'auto'; results do not depend on it.
        seed: of all random numbers of the engine; also under the names it has in other back ends, `options.SEEDS`.
        target: 'auto', 'cpp', 'cuda' or 'reference'.
        device: of the target 'cuda', its number, or 'emulated' for code of a device on the CPU; see docs/gpu.md.
        precision: 'double' or 'single'.
        weight_bits: 16 for weights of static synapses in two bytes each: where they differ within a projection, they
            are rounded to whole multiples of a power of two, each with an error of less than the largest magnitude
            divided by 32767; see docs/conventions.md. None (the default) keeps them exactly.
        compiler, compiler_flags: for the targets 'cpp' and 'cuda' (nvcc); flags as one string or a list.
        others: options of other back ends; those that mean nothing here are named in one warning.

    Returns:
        The rank of this process, 0.

    Raises:
        ValueError: timestep, delay limits, seed or threads out of range.
        TypeError: an option that no back end has; names the one that was probably meant.
    """
    extra = dict(extra_params)
    max_delay = extra.pop("max_delay", DEFAULT_MAX_DELAY)
    _check_times(timestep, min_delay, max_delay)
    given = options.read(extra)
    simulator.state.close()
    simulator.state = simulator.State(float(timestep), min_delay, max_delay, given.seed, given.threads, given.compile)
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


def end(compatible_output: bool = True) -> None:
    """Writes the files that record(..., to_file) asked for; data stay readable."""
    files = simulator.state.write_on_end
    while files:  # a file that cannot be written leaves the later ones to another end()
        cells, variables, target = files.pop(0)
        cells.write_data(target, variables)


Callback = Callable[[float], float]


def run(simtime: float, callbacks: Iterable[Callback] | None = None) -> float:
    """Advances the simulation by a duration, in ms, and returns the time reached.

    The end is rounded to the nearest time step (at least one), with a warning. ``callbacks``: callables that take the
    present time and return the next one at which they want to be called; the first is also called at the end.

    Raises:
        ValueError: the duration is not positive or not finite; a callback does not ask for a later time.
        TypeError: a callback cannot be called, or returns no number.
    """
    if not _is_number(simtime) or simtime <= 0:
        raise ValueError(f"the duration of a run must be a positive number of ms, not {simtime!r}")
    return _run(simulator.state.t + simtime, callbacks)


def run_until(time_point: float, callbacks: Iterable[Callback] | None = None) -> float:
    """Advances the simulation to a time, in ms, and returns the time reached; else as run().

    Raises:
        ValueError: the time is in the past or not finite.
    """
    if not _is_number(time_point):
        raise ValueError(f"time_point must be a number of ms, not {time_point!r}")
    if time_point < simulator.state.t - simulator.state.dt / 2:
        raise ValueError(f"{time_point} ms is in the past: it is {simulator.state.t} ms")
    return _run(time_point, callbacks)


def _run(end: float, callbacks: Iterable[Callback] | None) -> float:
    if callable(callbacks):
        raise TypeError("callbacks must be a list of functions of the time, not one alone")
    watched = [_watched(callback) for callback in callbacks or ()]
    last_step = simulator.state.end_of_run(end)
    if watched:
        _run_calling(watched, last_step, end)
    else:
        simulator.state.run_to(last_step)
    return simulator.state.t


def _run_calling(callbacks: list[Callback], last_step: int, end: float) -> None:
    """Runs from callback to callback; those that are due within one step are called together."""
    state = simulator.state
    due = [callback(state.t) for callback in callbacks]
    while state.network.step < last_step:
        first = min(due)
        state.run_to(min(state.step_at(max(min(first, end), state.t)), last_step))
        soon = first + state.dt * (1 - simulator.GRID_TOLERANCE)
        due = [callback(state.t) if time < soon else time for callback, time in zip(callbacks, due, strict=True)]


def _watched(callback: Callback) -> Callback:
    """The callback, refused where it would keep run() from ending because it never asks for a later time."""
    if not callable(callback):
        raise TypeError(f"callbacks must be functions of the time, not {callback!r}")
    name = getattr(callback, "__name__", repr(callback))
    stood_at = -np.inf

    def watched(t: float) -> float:
        nonlocal stood_at
        following = callback(t)
        if isinstance(following, bool) or not isinstance(following, (int, float, np.number)) or np.isnan(following):
            raise TypeError(f"callback {name} must return the next time at which to call it, not {following!r}")
        if following <= t:
            if stood_at == t:
                raise ValueError(f"callback {name}, called at {t} ms, asks again to be called at {following} ms")
            stood_at = t
        return following

    return watched


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


def timings() -> Timings:
    """What the present simulation has taken and done so far; print it for a table. See docs/timings.md.

    Seconds: 'compile_time', 'build_time' ('init_time' and 'init_sparse_time' are in it) and 'run_time', of which the
    steps take 'neuron_update_time', 'presynaptic_update_time', 'postsynaptic_update_time', 'synapse_dynamics_time',
    'recording_time' and 'waiting_time'. Counts: 'steps', 'neuron_updates', 'spikes', 'synaptic_events'. Quotients:
    'ns_per_neuron_update', 'ns_per_event', 'bytes_per_synapse'. All go on through reset(), and end with setup().
    """
    return simulator.state.network.timings


def memory_footprint() -> dict[str, int]:
    """Bytes that the cells of each population and the synapses of each projection take, by label.

    What has been recorded so far is the entry 'recorded data'. Objects of the same label are added up.
    """
    network = simulator.state.network
    network.prepare()
    return {**network.memory_footprint(), "recorded data": network.recorded_nbytes()}


def pull() -> None:
    """Copies now what a device has computed and the host has not; else whatever is read is copied when it is read."""
    simulator.state.network.pull()


def push() -> None:
    """Copies now what has been set to the device, if one runs the steps; else the next run does."""
    simulator.state.network.push()


initialize = common.initialize

(
    get_current_time,
    get_time_step,
    get_min_delay,
    get_max_delay,
    num_processes,
    rank,
) = common.build_state_queries(simulator)
