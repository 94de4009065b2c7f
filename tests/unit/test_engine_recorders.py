"""Recorders of the engine: what no loop samples is taken between two of its advances."""

from __future__ import annotations

import numpy as np
import pytest

from pynn_annarchy.engine.network import Network
from pynn_annarchy.engine.recorders import SignalRecorder


class Clock:
    """Three values that tell how many steps have been done."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def sample(self, variable: str) -> np.ndarray:
        return np.array([1.0, 10.0, 100.0]) * self.network.step

    def now(self) -> int:
        return self.network.step


@pytest.mark.parametrize("pieces", [[10], [3, 4, 3], [1] * 10], ids=str)
def test_what_no_loop_samples_is_taken_at_its_steps_however_a_run_is_cut(pieces):
    network = Network(dt=0.1, seed=1)
    recorder = SignalRecorder(Clock(network), "steps", np.array([0, 2]), every=4)
    network.polled.append(recorder)
    for n_steps in pieces:
        network.run(n_steps)

    assert recorder.data().tolist() == [[0, 0], [4, 400], [8, 800]]

    network.reset()
    network.run(4)

    assert recorder.data().tolist() == [[0, 0], [4, 400]]
