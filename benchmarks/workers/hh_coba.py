"""The COBA network with cells of Hodgkin and Huxley's kind: benchmark 3 of Brette et al. (2007).

J. Comput. Neurosci. 23:349, with the delay of examples/vogels_abbott.py.
4,000 cells, one pair in fifty connected, conductances of 6 and 67 nS; a fixed step of 0.1 ms.

    python benchmarks/workers/hh_coba.py annarchy --json numbers.json
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from time import perf_counter, process_time

from pyNN.random import NumpyRNG, RandomDistribution

DT, DELAY = 0.1, 0.2  # ms
AREA = 20_000e-8  # cm2
CELL = {
    "cm": 1000.0 * AREA,  # nF
    "gbar_Na": 1e5 * AREA,  # uS
    "gbar_K": 3e4 * AREA,
    "g_leak": 50.0 * AREA,
    "e_rev_leak": -60.0,  # mV
    "e_rev_Na": 50.0,
    "e_rev_K": -90.0,
    "e_rev_E": 0.0,
    "e_rev_I": -80.0,
    "v_offset": -63.0,
    "tau_syn_E": 5.0,  # ms
    "tau_syn_I": 10.0,
}
EXCITATORY, INHIBITORY = 0.006, 0.067  # uS
KICK_RATE, KICK_DURATION = 100.0, 50.0  # Hz, ms

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("simulator")
parser.add_argument("--cells", type=int, default=4000)
parser.add_argument("--duration", type=float, default=1000.0, help="ms of which the time is taken")
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()
sim = importlib.import_module(f"pyNN.{options.simulator}")

started = perf_counter()
sim.setup(timestep=DT, min_delay=DELAY, max_delay=DELAY, threads=1)
rng = NumpyRNG(seed=98765)
n_excitatory = options.cells * 4 // 5
populations = [sim.Population(n, sim.HH_cond_exp(**CELL)) for n in (n_excitatory, options.cells - n_excitatory)]
for cells in populations:
    cells.initialize(v=RandomDistribution("uniform", low=-70.0, high=-60.0, rng=rng))
    cells.record("spikes")
kick = sim.Population(20, sim.SpikeSourcePoisson(rate=KICK_RATE, duration=KICK_DURATION))
for pre, weight, receptor, probability in (
    (populations[0], EXCITATORY, "excitatory", 80 / options.cells),
    (populations[1], INHIBITORY, "inhibitory", 80 / options.cells),
    (kick, 0.1, "excitatory", 0.01),
):
    for post in populations:
        connector = sim.FixedProbabilityConnector(probability, rng=rng)
        synapse = sim.StaticSynapse(weight=weight, delay=DELAY)
        sim.Projection(pre, post, connector, synapse, receptor_type=receptor)
built = perf_counter()
sim.run(DT)
prepared, used_before = perf_counter(), process_time()
sim.run(options.duration - DT)
finished, used = perf_counter(), process_time() - used_before
rates = [cells.mean_spike_count() / options.duration * 1000.0 for cells in populations]
numbers = {
    "build": built - started,
    "prepare": prepared - built,
    "simulate": (finished - prepared) / options.duration * 1000.0,
    "simulate_processor": used / options.duration * 1000.0,
    "rate_excitatory": rates[0],
    "rate_inhibitory": rates[1],
}
options.json.write_text(json.dumps(numbers))
