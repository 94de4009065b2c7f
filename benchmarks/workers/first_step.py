"""How long the first step takes to come, with imports done: generation and compilation of the models' code included."""

from __future__ import annotations

import argparse
import json
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter

import pyNN.annarchy as sim

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--types", required=True, help="cell types, separated by commas")
parser.add_argument("--populations", type=int, required=True)
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()

started = perf_counter()
sim.setup(timestep=0.1)
for name in islice(cycle(options.types.split(",")), options.populations):
    sim.Population(1, getattr(sim, name)())
created = perf_counter()
sim.run(0.1)
finished = perf_counter()

numbers = {
    "create": created - started,
    "compile": sim.simulator.state.network.timings["compile_time"],
    "first_step": finished - started,
}
options.json.write_text(json.dumps(numbers))
