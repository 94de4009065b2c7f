"""Memory of ten million synapses, what stays and the most while they are made; the time to read weights. Linux only.

Weights of static synapses are drawn. Those of plastic ones, additive pair STDP, start equal, so that `reset` needs no
copy.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
from pathlib import Path
from time import perf_counter

from pyNN.random import NumpyRNG, RandomDistribution

N_SOURCES, N_TARGETS, N_DELAYS = 10_000, 1_000, 16
DURATION = 100.0  # ms


def memory(field: str) -> int:
    """VmRSS (now) or VmHWM (the most since the last reset), in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def setup(n_sources: int, n_targets: int):
    sim.setup(timestep=0.1, min_delay=0.1, max_delay=float(N_DELAYS), threads=1)
    return sim.Population(n_sources, sim.SpikeSourcePoisson(rate=1.0)), sim.Population(n_targets, sim.IF_curr_exp())


def connect(pre, post):
    rng = NumpyRNG(seed=1)
    delay = RandomDistribution("uniform_int", low=1, high=N_DELAYS, rng=rng)
    if options.synapses == "static":
        synapse = sim.StaticSynapse(weight=RandomDistribution("uniform", low=0.001, high=0.002, rng=rng), delay=delay)
    else:
        synapse = sim.STDPMechanism(
            timing_dependence=sim.SpikePairRule(A_plus=0.01, A_minus=0.01),
            weight_dependence=sim.AdditiveWeightDependence(w_max=0.002),
            weight=0.001,
            delay=delay,
        )
    return sim.Projection(pre, post, sim.AllToAllConnector(), synapse, receptor_type="excitatory")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("simulator")
parser.add_argument("synapses", choices=["static", "plastic"])
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()
sim = importlib.import_module(f"pyNN.{options.simulator}")

# A small network first: libraries are loaded, models compiled, before the counting begins.
connect(*setup(10, 10))
sim.run(DURATION)
sim.end()

pre, post = setup(N_SOURCES, N_TARGETS)
sim.run(0.1)
gc.collect()
before = memory("VmRSS")
reset_peak()
started = perf_counter()
projection = connect(pre, post)
sim.run(0.1)
built = perf_counter()
peak = memory("VmHWM")
sim.run(DURATION)
gc.collect()
after = memory("VmRSS")

n_synapses = N_SOURCES * N_TARGETS
assert projection.size() == n_synapses
numbers = {
    "build": built - started,
    "bytes_per_synapse": (after - before) / n_synapses,
    "peak_bytes_per_synapse": (peak - before) / n_synapses,
}
if options.simulator == "annarchy":
    started = perf_counter()
    weights = projection.get("weight", "array")
    numbers["read_weights"] = perf_counter() - started
    assert weights.shape == (N_SOURCES, N_TARGETS)
options.json.write_text(json.dumps(numbers))
