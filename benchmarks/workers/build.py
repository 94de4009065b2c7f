"""Time to make a projection of 4,000 x 4,000 cells of which one pair in fifty is connected."""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from time import perf_counter

from pyNN.random import NumpyRNG
from pyNN.space import Grid2D

N = 4000
# of a plane of 80 x 50 cells, about pi * 28 lie in reach of one: 0.02 of them, fewer at the borders
EXPRESSION = "exp(-d*d/28.0)"

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("simulator")
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()
sim = importlib.import_module(f"pyNN.{options.simulator}")


sim.setup(timestep=0.1, min_delay=0.1)
cells = sim.Population(N, sim.IF_curr_exp(), structure=Grid2D(aspect_ratio=1.6))
numbers = {}
for name, connector in (
    ("fixed_probability", sim.FixedProbabilityConnector(0.02, rng=NumpyRNG(seed=1))),
    ("by_distance", sim.DistanceDependentProbabilityConnector(EXPRESSION, rng=NumpyRNG(seed=1))),
):
    started = perf_counter()
    projection = sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=0.01, delay=0.5))
    numbers[name] = perf_counter() - started
    numbers[f"{name}_connections"] = projection.size()
options.json.write_text(json.dumps(numbers))
