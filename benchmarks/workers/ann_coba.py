"""The COBA network of examples/vogels_abbott.py in this package's ANNarchy interface or in ANNarchy 5 itself.

Both run this same text; what differs is the module that is imported.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
from pathlib import Path
from time import perf_counter

N, N_EXCITATORY = 4000, 3200

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("module", choices=["pynn_annarchy.ann", "ANNarchy"])
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()
ann = importlib.import_module(options.module)


def processor_time() -> float:
    """Of this process and of those that it has waited for, s."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


# conductances in units of the leak, 10 nS
COBA = ann.Neuron(
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
network = ann.Network(dt=0.1, seed=98765)
network.config(num_threads=options.threads)
cells = network.create(geometry=N, neuron=COBA)
cells.v = ann.Uniform(-60.0, -50.0)
kick = network.create(ann.PoissonPopulation(geometry=20, rates="100.0 * ite(t < 50.0, 1.0, 0.0)"))
sources = (
    (cells[:N_EXCITATORY], "exc", 0.4, 0.02),
    (cells[N_EXCITATORY:], "inh", 5.1, 0.02),
    (kick, "exc", 10.0, 0.01),
)
for pre, target, weight, probability in sources:
    network.connect(pre, cells, target=target).fixed_probability(probability=probability, weights=weight, delays=0.2)
spikes = network.monitor(cells, "spike")
built, before = perf_counter(), processor_time()
network.compile(silent=True)
compilation = processor_time() - before
prepared, before = perf_counter(), processor_time()
network.simulate(1000.0)
finished, simulation = perf_counter(), processor_time() - before

times_by_cell = spikes.get("spike")
counts = [len(times_by_cell[rank]) for rank in range(N)]
numbers = {
    "build": built - started,
    "prepare": prepared - built,
    "compile_processor": compilation,
    "simulate": finished - prepared,
    "simulate_processor": simulation,
    "rate_excitatory": sum(counts[:N_EXCITATORY]) / N_EXCITATORY,
    "rate_inhibitory": sum(counts[N_EXCITATORY:]) / (N - N_EXCITATORY),
}
options.json.write_text(json.dumps(numbers))
