"""The COBA network of examples/vogels_abbott.py in ANNarchy 5, on one thread."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter

import ANNarchy

N, N_EXCITATORY = 4000, 3200

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()

# conductances in units of the leak, 10 nS
COBA = ANNarchy.Neuron(
    parameters={"v_rest": -60.0, "v_reset": -60.0, "v_thresh": -50.0, "e_exc": 0.0, "e_inh": -80.0},
    equations=[
        "20.0*dv/dt = (v_rest - v) + g_exc*(e_exc - v) + g_inh*(e_inh - v)",
        "5.0*dg_exc/dt = -g_exc",
        "10.0*dg_inh/dt = -g_inh",
    ],
    spike="v > v_thresh",
    reset="v = v_reset",
    refractory=5.0,
)

started = perf_counter()
network = ANNarchy.Network(dt=0.1, seed=98765)
cells = network.create(geometry=N, neuron=COBA)
cells.v = ANNarchy.Uniform(-60.0, -50.0)
kick = network.create(ANNarchy.PoissonPopulation(geometry=20, rates="100.0 * ite(t < 50.0, 1.0, 0.0)"))
sources = (
    (cells[:N_EXCITATORY], "exc", 0.4, 0.02),
    (cells[N_EXCITATORY:], "inh", 5.1, 0.02),
    (kick, "exc", 10.0, 0.01),
)
for pre, target, weight, probability in sources:
    network.connect(pre, cells, target=target).fixed_probability(probability=probability, weights=weight, delays=0.2)
spikes = network.monitor(cells, "spike")
built = perf_counter()
network.compile()
prepared = perf_counter()
network.simulate(1000.0)
finished = perf_counter()

times_by_cell = spikes.get("spike")
counts = [len(times_by_cell[rank]) for rank in range(N)]
numbers = {
    "build": built - started,
    "prepare": prepared - built,
    "simulate": finished - prepared,
    "rate_excitatory": sum(counts[:N_EXCITATORY]) / N_EXCITATORY,
    "rate_inhibitory": sum(counts[N_EXCITATORY:]) / (N - N_EXCITATORY),
}
options.json.write_text(json.dumps(numbers))
