"""10,000 runs of one time step against one run of 10,000, with and without recording."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter

import pyNN.annarchy as sim

N_CELLS, N_STEPS, DT = 100, 10_000, 0.1


def duration(n_runs: int, is_recorded: bool) -> float:
    """Time, in s, of so many runs that together make N_STEPS steps."""
    sim.setup(timestep=DT, seed=1)
    noise = sim.Population(N_CELLS, sim.SpikeSourcePoisson(rate=20.0))
    cells = sim.Population(N_CELLS, sim.IF_curr_exp())
    sim.Projection(noise, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.05, delay=1.0))
    if is_recorded:
        cells.record(["v", "spikes"])
    sim.run(DT)
    started = perf_counter()
    for _ in range(n_runs):
        sim.run(N_STEPS // n_runs * DT)
    return perf_counter() - started


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()

duration(1, is_recorded=False)  # models are compiled, libraries are loaded
numbers = {}
for is_recorded, suffix in ((False, ""), (True, "_recorded")):
    whole, pieces = duration(1, is_recorded), duration(N_STEPS, is_recorded)
    numbers.update({"one_run" + suffix: whole, "extra" + suffix: pieces - whole})
options.json.write_text(json.dumps(numbers))
