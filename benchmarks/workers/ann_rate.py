"""A rate-coded projection of 4,000 onto 1,000 cells, in this package's ANNarchy interface or in ANNarchy 5 itself.

Both run this same text; what differs is the module that is imported.
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from time import perf_counter

import numpy as np

N_PRE, N_POST = 4000, 1000
REPEATS = 25

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("module", choices=["pynn_annarchy.ann", "ANNarchy"])
parser.add_argument("connections", choices=["dense", "sparse"])
parser.add_argument("synapses", choices=["static", "oja"])
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--format", help="of storage, in ANNarchy 5; its default where none is given")
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()
ann = importlib.import_module(options.module)

SOURCE = ann.Neuron(parameters={"B": ann.Parameter(0.5, locality="local")}, equations="r = B + 0.001*t")
LEAKY = ann.Neuron(
    parameters={"tau": 10.0}, equations=[ann.Variable("tau*dr/dt = sum(exc) - r", method="exponential", min=0.0)]
)
OJA = ann.Synapse(
    parameters={"tau": 5000.0, "alpha": 8.0}, equations="tau*dw/dt = pre.r*post.r - alpha*post.r^2*w", psp="w*pre.r"
)

started = perf_counter()
network = ann.Network(dt=1.0, seed=98765)
network.config(num_threads=options.threads)
sources, cells = network.create(N_PRE, SOURCE), network.create(N_POST, LEAKY)
projection = network.connect(sources, cells, "exc", OJA if options.synapses == "oja" else None)
storage = {"storage_format": options.format} if options.format else {}
weights = ann.Uniform(0.0, 2.0 / N_PRE)
if options.connections == "dense":
    projection.all_to_all(weights, **storage)
else:
    projection.fixed_probability(0.1, weights, **storage)
network.compile(silent=True)
sources.B = np.random.default_rng(1).uniform(0.0, 1.0, N_PRE)
network.simulate(10.0)
built = perf_counter()

steps = 10 if options.connections == "dense" else 100
durations = []
for _ in range(REPEATS):
    begun = perf_counter()
    network.simulate(float(steps))
    durations.append((perf_counter() - begun) / steps)
ran = perf_counter()
mean_weight = float(np.mean([np.mean(row) for row in projection.w]))
read = perf_counter()

numbers = {
    "build": built - started,
    "step": min(durations),
    "rate": float(np.mean(cells.r)),
    "mean_w": mean_weight,
    "read_weights": read - ran,
}
options.json.write_text(json.dumps(numbers))
