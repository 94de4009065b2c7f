"""PyNN's current sources."""

from __future__ import annotations

import numpy as np
from pyNN.parameters import Sequence
from pyNN.standardmodels import build_translations, electrodes

from pynn_annarchy.current_sources import CurrentSource
from pynn_annarchy.standardmodels.later import comes_later


class DCSource(CurrentSource, electrodes.DCSource):
    __doc__ = electrodes.DCSource.__doc__
    translations = build_translations(("amplitude", "amplitude"), ("start", "start"), ("stop", "stop"))

    def _waveform(self) -> tuple[np.ndarray, np.ndarray]:
        start, stop = (max(0, self._step(self._native[name])) for name in ("start", "stop"))
        if stop <= start:
            return np.zeros(1, dtype=np.int64), np.zeros(1)
        return np.array([start, stop]), np.array([self._native["amplitude"], 0.0])


class StepCurrentSource(CurrentSource, electrodes.StepCurrentSource):
    __doc__ = electrodes.StepCurrentSource.__doc__
    translations = build_translations(("amplitudes", "amplitudes"), ("times", "times"))

    def _waveform(self) -> tuple[np.ndarray, np.ndarray]:
        times, amplitudes = (np.asarray(self._native[name].value, dtype=float) for name in ("times", "amplitudes"))
        if times.shape != amplitudes.shape:
            raise ValueError(f"{times.size} times need as many amplitudes, not {amplitudes.size}")
        if (times < 0).any():
            raise ValueError("Step current cannot accept negative timestamps.")
        if (np.diff(times) <= 0).any():
            raise ValueError("Step current timestamps should be monotonically increasing.")
        # times that fall into one step: the last amplitude holds
        steps, last = np.unique([self._step(time) for time in times[::-1]], return_index=True)
        amplitudes = amplitudes[::-1][last]
        self._native.update(times=Sequence(np.round(steps * self._simulation.dt, 12)), amplitudes=Sequence(amplitudes))
        return steps.astype(np.int64), amplitudes


ACSource = comes_later("ACSource")
NoisyCurrentSource = comes_later("NoisyCurrentSource")
