"""Statistics of spikes, as monitors hand them out: by rank of the neuron, the steps in which it has spiked.

What a monitor hands out knows the time step of its network and when it has recorded. For other dictionaries the
functions take both; the default of the time step, 1 ms, is that of ANNarchy.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pynn_annarchy.exceptions import ModelError

Spikes = Mapping[int, Sequence[int]]
"""Steps of the spikes by rank, each list ascending."""
Window = tuple[int, int]
"""First step, and the one after the last."""


class RecordedSpikes(dict[int, list[int]]):
    """Steps of spikes by rank, as a monitor hands them out.

    Attributes:
        dt: time step of the network, in ms.
        window: when they were recorded.
        n_steps: number of steps in which they were recorded: fewer than the window has where recording paused.
    """

    def __init__(self, steps: Mapping[int, list[int]], dt: float, window: Window, n_steps: int):
        super().__init__(steps)
        self.dt, self.window, self.n_steps = dt, window, n_steps


def raster_plot(spikes: Spikes, dt: float | None = None) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Time in ms and rank of each spike, neuron by neuron."""
    steps, ranks = _flat(spikes)
    return _time_step(spikes, dt) * steps, ranks


def histogram(
    spikes: Spikes,
    bins: float | None = None,
    per_neuron: bool = False,
    recording_window: Window | None = None,
    dt: float | None = None,
) -> npt.NDArray[np.int64]:
    """Numbers of spikes in bins of time.

    Args:
        bins: width of a bin in ms; by default one time step.
        per_neuron: one row for each rank up to the highest one, instead of the sum over all neurons.
        recording_window: steps of the beginning and the end, both counted; spikes outside are left out. By default from
            the first spike to the last.

    Returns:
        Counts, shape (n_bins,) or (n_ranks, n_bins); no bins where there is no spike and no window.
    """
    dt = _time_step(spikes, dt)
    width = _steps(dt if bins is None else bins, dt, "bins")
    steps, ranks = _flat(spikes)
    n_ranks = max(spikes, default=-1) + 1
    if recording_window is None and not len(steps):
        return np.zeros((n_ranks, 0) if per_neuron else 0, np.int64)
    first, last = recording_window if recording_window is not None else (steps.min(), steps.max())
    within = (steps >= first) & (steps <= last)
    number, n_bins = (steps[within] - first) // width, int((last - first) // width) + 1
    if not per_neuron:
        return np.bincount(number, minlength=n_bins)
    return np.bincount(ranks[within] * n_bins + number, minlength=n_ranks * n_bins).reshape(n_ranks, n_bins)


def inter_spike_interval(
    spikes: Spikes, ranks: Collection[int] | None = None, per_neuron: bool = False, dt: float | None = None
) -> Any:
    """Intervals between the spikes of each neuron, in ms.

    Args:
        ranks: only these neurons.
        per_neuron: a dictionary by rank, of neurons with at least two spikes, instead of one list.
    """
    dt = _time_step(spikes, dt)
    intervals = {
        rank: (np.diff(np.asarray(steps, np.int64)) * dt).tolist()
        for rank, steps in _chosen(spikes, ranks).items()
        if len(steps) > 1
    }
    return intervals if per_neuron else [interval for of_one in intervals.values() for interval in of_one]


def coefficient_of_variation(
    spikes: Spikes, ranks: Collection[int] | None = None, per_neuron: bool = False, dt: float | None = None
) -> Any:
    """Standard deviation of the intervals divided by their mean, of each neuron with at least three spikes.

    Returns:
        A list, or with `per_neuron` a dictionary by rank.
    """
    intervals = inter_spike_interval(spikes, ranks, per_neuron=True, dt=dt)
    of_each = {rank: float(np.std(given) / np.mean(given)) for rank, given in intervals.items() if len(given) > 1}
    return of_each if per_neuron else list(of_each.values())


def mean_fr(spikes: Spikes, duration: float | None = None, dt: float | None = None) -> float:
    """Mean firing rate of the neurons, in Hz.

    Args:
        duration: of the recording, in steps; by default as long as they were recorded, or else from the first spike
            to the last.

    Raises:
        ModelError: no duration is given, and the spikes do not tell one.
    """
    steps, _ = _flat(spikes)
    if duration is None and isinstance(spikes, RecordedSpikes):
        duration = spikes.n_steps or None
    if not len(spikes) or (duration is None and not len(steps)):
        return 0.0
    n_steps = float(steps.max() - steps.min()) if duration is None else float(duration)
    if not n_steps > 0:
        raise ModelError(f"mean_fr: the duration must be a positive number of steps, got {n_steps:g}; give duration=")
    return len(steps) / len(spikes) / (n_steps * _time_step(spikes, dt)) * 1000.0


def smoothed_rate(
    spikes: Spikes, smooth: float = 0.0, dt: float | None = None, recording_window: Window | None = None
) -> npt.NDArray[np.float64]:
    """Instantaneous firing rate of each neuron, in Hz: between two spikes the inverse of their interval, else 0.

    Args:
        smooth: time constant of a low-pass filter over it, in ms; none unless it is longer than the time step.
        recording_window: first step and the one after the last; by default when they were recorded, or else from the
            first spike to the last.

    Returns:
        Rates, shape (n_neurons, n_steps); neurons in the order of `spikes`.
    """
    first, end = _window(spikes, recording_window)
    dt = _time_step(spikes, dt)
    rates = np.zeros((len(spikes), end - first))
    for row, steps in zip(rates, spikes.values(), strict=True):
        given = np.asarray(steps, np.int64)
        given = given[(given >= first) & (given < end)] - first
        if len(given) > 1:
            intervals = np.diff(given)
            row[given[0] : given[-1]] = np.repeat(1000.0 / (dt * np.maximum(intervals, 1)), intervals)
    return _low_pass(rates, smooth, dt)


def population_rate(
    spikes: Spikes, smooth: float = 0.0, dt: float | None = None, recording_window: Window | None = None
) -> npt.NDArray[np.float64]:
    """Mean firing rate of the neurons in each step, in Hz.

    Args:
        smooth, recording_window: see smoothed_rate.

    Returns:
        Rates, shape (n_steps,).
    """
    first, end = _window(spikes, recording_window)
    dt = _time_step(spikes, dt)
    steps, _ = _flat(spikes)
    counts = np.bincount(steps[(steps >= first) & (steps < end)] - first, minlength=end - first)
    return _low_pass(counts * (1000.0 / (dt * max(len(spikes), 1))), smooth, dt)


def _low_pass(rates: npt.NDArray[np.float64], smooth: float, dt: float) -> npt.NDArray[np.float64]:
    """First-order low-pass filter along the last axis, beginning with the first value."""
    if smooth <= dt:
        return rates
    smoothed, share = np.empty_like(rates), dt / smooth
    value = rates[..., 0].copy() if rates.shape[-1] else rates
    for step in range(rates.shape[-1]):
        value = value + (rates[..., step] - value) * share
        smoothed[..., step] = value
    return smoothed


def _time_step(spikes: Spikes, given: float | None) -> float:
    if given is not None:
        return given
    return spikes.dt if isinstance(spikes, RecordedSpikes) else 1.0


def _window(spikes: Spikes, given: Window | None) -> Window:
    if given is not None:
        return given
    if isinstance(spikes, RecordedSpikes):
        return spikes.window
    steps, _ = _flat(spikes)
    return (int(steps.min()), int(steps.max()) + 1) if len(steps) else (0, 0)


def _flat(spikes: Spikes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Step and rank of each spike."""
    lists = [np.asarray(steps, np.int64) for steps in spikes.values()]
    ranks = np.repeat(np.fromiter(spikes, np.int64, len(spikes)), [len(steps) for steps in lists])
    return np.concatenate(lists) if lists else np.empty(0, np.int64), ranks


def _chosen(spikes: Spikes, ranks: Collection[int] | None) -> Spikes:
    return spikes if ranks is None else {rank: steps for rank, steps in spikes.items() if rank in ranks}


def _steps(duration: float, dt: float, what: str) -> int:
    """A duration in ms as a whole number of steps, at least one."""
    n_steps = round(duration / dt)
    if n_steps < 1:
        raise ModelError(f"{what} must be at least one time step, {dt:g} ms, got {duration:g}")
    return n_steps
