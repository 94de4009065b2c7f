"""PyNN's current sources."""

from __future__ import annotations

import numpy as np
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


ACSource = comes_later("ACSource")
NoisyCurrentSource = comes_later("NoisyCurrentSource")
StepCurrentSource = comes_later("StepCurrentSource")
