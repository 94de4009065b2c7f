"""A million cells: created, initialized with random values, recorded and run for one step, after compilation."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter

import pyNN.annarchy as sim
from pyNN.random import NumpyRNG, RandomDistribution

N_CELLS = 1_000_000


def measure(n_cells: int) -> dict[str, float]:
    """Time of each part, in s."""
    sim.setup(timestep=0.1)
    moments = [perf_counter()]
    cells = sim.Population(n_cells, sim.IF_curr_exp(tau_m=15.0))
    moments.append(perf_counter())
    cells.initialize(v=RandomDistribution("uniform", low=-70.0, high=-50.0, rng=NumpyRNG(seed=1)))
    moments.append(perf_counter())
    cells.record("spikes")
    moments.append(perf_counter())
    sim.run(0.1)
    moments.append(perf_counter())
    parts = dict(zip(("create", "initialize", "record", "run"), map(float.__sub__, moments[1:], moments), strict=True))
    return {**parts, "total": moments[-1] - moments[0]}


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()

measure(10)  # models are compiled, libraries are loaded
options.json.write_text(json.dumps(measure(N_CELLS)))
