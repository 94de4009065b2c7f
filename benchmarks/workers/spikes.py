"""Ten million recorded spikes: to a Neo block, their counts, and all trains as objects."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter

import pyNN.annarchy as sim

N_CELLS, N_SPIKES = 1_000, 10_000_000

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()

sim.setup(timestep=1.0)
cells = sim.Population(N_CELLS, sim.IF_curr_exp(i_offset=1000.0, tau_refrac=0.0))  # a spike in each step
cells.record("spikes")
sim.run(1.0)
started = perf_counter()
sim.run(N_SPIKES / N_CELLS - 1.0)
ran = perf_counter()
trains = cells.get_data().segments[0].spiketrains
listed = perf_counter()
counts = cells.get_spike_counts()
counted = perf_counter()
assert len(trains[0]) == N_SPIKES // N_CELLS == counts[int(cells[0])]
split = perf_counter()

numbers = {"run": ran - started, "get_data": listed - ran, "counts": counted - listed, "trains": split - counted}
options.json.write_text(json.dumps(numbers))
