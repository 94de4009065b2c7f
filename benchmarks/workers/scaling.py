"""One point of a scaling curve: what an update of a cell and an event cost in networks of one kind and many sizes.

    python benchmarks/workers/scaling.py --cells 100000 --synapses 10000000 --threads 2 --delays 30 --json numbers.json

Cells fire at 18 Hz, as a current makes them, whatever the number of synapses, which are weak. Times are those of
sim.timings(), divided by what it counts; `step` is processor time of all threads.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pyNN.annarchy as sim
from pyNN.random import RandomDistribution

DT = 0.1  # ms

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--cells", type=int, default=10_000)
parser.add_argument("--synapses", type=int, default=1_000_000)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--delays", type=int, default=16, help="how many distinct ones, in steps from 10 on")
parser.add_argument("--weight-bits", type=int, choices=(16,), help="of each weight; without it as many as hold it")
parser.add_argument("--duration", type=float, default=500.0, help="ms of which the time is taken")
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()

sim.setup(timestep=DT, min_delay=DT, threads=options.threads, weight_bits=options.weight_bits)
cells = sim.Population(options.cells, sim.IF_curr_exp(i_offset=0.78, tau_refrac=2.0))
cells.initialize(v=np.random.default_rng(1).uniform(-65.0, -50.0, options.cells))
started = perf_counter()
if options.synapses:
    rng = sim.NativeRNG(seed=3)
    mean = 1e-4 * options.cells / options.synapses  # nA
    weight = RandomDistribution("uniform", low=0.5 * mean, high=1.5 * mean, rng=rng)
    delay = RandomDistribution("uniform", low=1.0, high=1.0 + DT * (options.delays - 1), rng=rng)
    synapse = sim.StaticSynapse(weight=weight, delay=delay if options.delays > 1 else 1.0)
    sim.Projection(cells, cells, sim.FixedTotalNumberConnector(options.synapses, rng=rng), synapse)
sim.run(20.0)
built = perf_counter() - started
before, begun, used_before = sim.timings(), perf_counter(), process_time()
sim.run(options.duration)
finished, used = perf_counter() - begun, process_time() - used_before
after = sim.timings()
n_steps = after["steps"] - before["steps"]


def ns(time: str, count: str) -> float:
    n = after[count] - before[count]
    return 1e9 * (after[time] - before[time]) / n if n else 0.0


numbers = {
    "build": built,
    "simulate": finished / options.duration * 1000.0,
    "step": used / n_steps,
    "ns_per_neuron_update": ns("neuron_update_time", "neuron_updates"),
    "ns_per_event": ns("presynaptic_update_time", "synaptic_events"),
    "events_per_step": (after["synaptic_events"] - before["synaptic_events"]) / n_steps,
    "rate": (after["spikes"] - before["spikes"]) / options.cells / options.duration * 1000.0,
}
if options.synapses:
    numbers["bytes_per_synapse"] = after["bytes_per_synapse"]
options.json.write_text(json.dumps(numbers))
