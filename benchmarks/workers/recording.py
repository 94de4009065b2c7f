"""What recording one variable of 4,000 cells for 1 s adds to the same run without, in time and memory. Linux only."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter

import pyNN.annarchy as sim

N_CELLS, DURATION, DT = 4_000, 1000.0, 0.1
N_SAMPLES = N_CELLS * (round(DURATION / DT) + 1)


def peak_memory() -> int:
    """VmHWM, the most since the last reset, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def measure(is_recorded: bool) -> tuple[float, float, int]:
    """Time of the run and of get_data, in s, and the most memory, in bytes."""
    sim.setup(timestep=DT)
    cells = sim.Population(N_CELLS, sim.IF_curr_exp(i_offset=0.8))
    if is_recorded:
        cells.record("v")
    Path("/proc/self/clear_refs").write_text("5")
    started = perf_counter()
    sim.run(DURATION)
    ran = perf_counter()
    data = cells.get_data()
    finished = perf_counter()
    if is_recorded:
        (signal,) = data.segments[0].analogsignals
        assert signal.size == N_SAMPLES
        assert signal.magnitude.min() >= -70.0  # all of it is looked at, so that it counts
    return ran - started, finished - ran, peak_memory()


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()

measure(is_recorded=False)  # models are compiled, libraries are loaded
silent_run, silent_data, silent_peak = measure(is_recorded=False)
run, data, peak = measure(is_recorded=True)
numbers = {
    "without": silent_run,
    "run": run,
    "get_data": data,
    "recording": run + data - silent_run - silent_data,
    "peak_of_samples": (peak - silent_peak) / (8 * N_SAMPLES),
}
options.json.write_text(json.dumps(numbers))
