"""A network that is mostly construction: ten million synapses with random weights and delays, among eight populations.

`build` is from the first population to the end of the first step; memory is that of the process, beyond what it had
with a small network of the same kind. Linux only. With pyNN.nest, NEST itself makes the synapses: PyNN's algorithm
takes minutes for a fiftieth of them.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
from pathlib import Path
from time import perf_counter

from pyNN.random import RandomDistribution

N_POPULATIONS, N_CELLS, DT = 8, 2_500, 0.1

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("simulator")
parser.add_argument("--synapses", type=int, default=10_000_000)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()
sim = importlib.import_module(f"pyNN.{options.simulator}")


def memory(field: str) -> int:
    """VmRSS (now) or VmHWM (the most since the last reset), in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def connect(pre, post, n: int) -> None:
    rng = sim.NativeRNG(seed=2)
    weight = RandomDistribution("normal_clipped", mu=0.02, sigma=0.002, low=0.0, high=1.0, rng=rng)
    delay = RandomDistribution("normal_clipped", mu=1.5, sigma=0.75, low=DT, high=5.0, rng=rng)
    connector = sim.FixedTotalNumberConnector(n, rng=rng)
    sim.Projection(pre, post, connector, sim.StaticSynapse(weight=weight, delay=delay), receptor_type="excitatory")


def connect_in_nest(pre, post, n: int) -> None:
    import nest

    given = {
        "weight": nest.math.redraw(nest.random.normal(mean=20.0, std=2.0), min=0.0, max=1000.0),
        "delay": nest.math.redraw(nest.random.normal(mean=1.5, std=0.75), min=DT, max=5.0),
    }
    nest.Connect(pre.node_collection, post.node_collection, {"rule": "fixed_total_number", "N": n}, given)


def build(n_cells: int, n_synapses: int) -> None:
    sim.setup(timestep=DT, min_delay=DT, max_delay=5.0, threads=options.threads)
    populations = [sim.Population(n_cells, sim.IF_curr_exp()) for _ in range(N_POPULATIONS)]
    for pre in populations:
        for post in populations:
            make(pre, post, n_synapses // N_POPULATIONS**2)
    sim.run(DT)


make = connect_in_nest if options.simulator == "nest" else connect
build(10, 640)  # models are compiled, libraries are loaded
sim.end()
gc.collect()
before = memory("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
started = perf_counter()
build(N_CELLS, options.synapses)
built = perf_counter() - started
peak = memory("VmHWM")
gc.collect()
numbers = {
    "build": built,
    "ns_per_synapse": built / options.synapses * 1e9,
    "bytes_per_synapse": (memory("VmRSS") - before) / options.synapses,
    "peak_bytes_per_synapse": (peak - before) / options.synapses,
}
options.json.write_text(json.dumps(numbers))
