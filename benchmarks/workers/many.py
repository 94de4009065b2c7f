"""300 populations of 256 cells with 5,000 projections, or one population of as many cells and synapses.

Each projection has a delay of its own; in the merged network each synapse draws from the same range. `step` is the
processor time of one step, of all threads together, in the median of pieces of 50 ms, and `compile` what making the
models' code ready took, of 300 populations as of 3.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np
import pyNN.annarchy as sim
from pyNN.random import RandomDistribution

DT, SHORTEST, LONGEST = 0.1, 0.5, 3.0  # ms
SETTLING, PIECE = 100.0, 50.0  # ms

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("layout", choices=["many", "merged"])
parser.add_argument("--populations", type=int, default=300)
parser.add_argument("--cells", type=int, default=256, help="of each population")
parser.add_argument("--projections", type=int, default=5000)
parser.add_argument("--synapses", type=int, default=2000, help="of each projection")
parser.add_argument("--pieces", type=int, default=10)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()

rng = np.random.default_rng(1)
native = sim.NativeRNG(seed=5)
weight = RandomDistribution("normal", mu=0.005, sigma=0.0005, rng=native)


def population(n_cells: int):
    cells = sim.Population(n_cells, sim.IF_curr_exp(i_offset=0.76, tau_refrac=2.0, tau_syn_E=2.0))
    cells.initialize(v=rng.uniform(-65.0, -50.0, n_cells))
    cells.record("spikes")
    return cells


def connect(pre, post, n_synapses: int, delay) -> None:
    connector = sim.FixedTotalNumberConnector(n_synapses, rng=native)
    sim.Projection(pre, post, connector, sim.StaticSynapse(weight=weight, delay=delay))


def build_many() -> list:
    n = options.populations
    populations = [population(options.cells) for _ in range(n)]
    for pair in rng.choice(n * n, options.projections, replace=False):
        connect(populations[pair // n], populations[pair % n], options.synapses, rng.uniform(SHORTEST, LONGEST))
    return populations


def build_merged() -> list:
    cells = population(options.populations * options.cells)
    delay = RandomDistribution("uniform", low=SHORTEST, high=LONGEST, rng=native)
    connect(cells, cells, options.projections * options.synapses, delay)
    return [cells]


sim.setup(timestep=DT, min_delay=DT, threads=options.threads)
started, used_before = perf_counter(), process_time()
populations = build_many() if options.layout == "many" else build_merged()
sim.run(DT)
built, used = perf_counter() - started, process_time() - used_before
sim.run(SETTLING)
steps = []
for _ in range(options.pieces):
    begun = process_time()
    sim.run(PIECE)
    steps.append((process_time() - begun) / PIECE * DT)
timings = sim.timings()
seconds = options.pieces * PIECE * 1e-3
spikes = sum(cells.mean_spike_count() * cells.size for cells in populations)
numbers = {
    "build": built,
    "build_processor": used,
    "compile": timings["compile_time"],
    "step": median(steps),
    "best_step": min(steps),
    "ns_per_neuron_update": timings["ns_per_neuron_update"],
    "ns_per_event": timings["ns_per_event"],
    "events_per_step": timings["synaptic_events"] / timings["steps"],
    "rate": spikes / (options.populations * options.cells) / (seconds + SETTLING * 1e-3),
}
options.json.write_text(json.dumps(numbers))
