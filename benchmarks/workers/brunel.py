"""A balanced random network after Brunel (2000), J. Comput. Neurosci. 8:183: sparse, inhibition dominates, irregular.

Four fifths of the cells are excitatory; each cell gets input from a tenth of all. A constant current drives them, so
that the same network runs on every simulator. All synapses among excitatory cells are plastic: additive pair STDP.

    python benchmarks/workers/brunel.py annarchy plastic --json numbers.json

The first 100 ms are part of `build` and no part of the rates. `simulate` and `thread_time`, what all threads spend
at work, are for one second of the network's time, `read_weights` is for all plastic weights. `ns_per_event` is the
thread time of the whole network over the number of spikes that pass synapses among excitatory cells.

With pyNN.nest, cells and runs are PyNN's, and NEST itself is asked for the synapses: PyNN's projections keep objects of
Python for each of them, more than the memory of most machines.
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

DT, DELAY, SETTLING = 0.1, 1.5, 100.0  # ms
PROBABILITY = 0.1
CELL = {
    "cm": 0.25,  # nF
    "tau_m": 20.0,  # ms
    "v_rest": -65.0,  # mV
    "v_thresh": -50.0,
    "v_reset": -60.0,
    "tau_refrac": 2.0,
    "tau_syn_E": 2.0,
    "tau_syn_I": 2.0,
    "i_offset": 0.35,  # nA: 22.4 mV
}
EXCITATORY, INHIBITORY = 0.02, -0.18  # nA, with 1,000 inputs a cell: PSPs of about 0.08 and 0.6 mV
W_MAX, TAU, A_PLUS, A_MINUS = 3 * EXCITATORY, 20.0, 0.005, 0.00525


def weight_scale(n_cells: int) -> float:
    """Weights of smaller networks are larger, so that the mean input of a cell is the same."""
    return 10_000 / n_cells


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("simulator")
parser.add_argument("synapses", choices=["static", "plastic"])
parser.add_argument("--cells", type=int, default=10_000)
parser.add_argument("--duration", type=float, default=1000.0, help="ms of which the time is taken")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()
sim = importlib.import_module(f"pyNN.{options.simulator}")


def plastic(weight: float):
    return sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=TAU, tau_minus=TAU, A_plus=A_PLUS, A_minus=A_MINUS),
        weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=W_MAX * scale),
        weight=weight,
        delay=DELAY,
    )


def static(weight: float):
    return sim.StaticSynapse(weight=weight, delay=DELAY)


def connect(pre, post, synapse, receptor: str):
    """A tenth of all pairs, with PyNN; returns what reads all weights, in nA."""
    connector = sim.FixedProbabilityConnector(PROBABILITY, rng=sim.NativeRNG(seed=1))
    projection = sim.Projection(pre, post, connector, synapse, receptor_type=receptor)
    return lambda: np.array(projection.get("weight", "list", with_address=False))


def connect_in_nest(pre, post, synapse, _):
    """The same with NEST's own synapses; the weights are those of the first hundred cells."""
    import nest

    model, parameters = "static_synapse", {}
    if isinstance(synapse, sim.STDPMechanism):
        nest.SetStatus(post.node_collection, {"tau_minus": TAU})
        rule = {"lambda": A_PLUS, "alpha": A_MINUS / A_PLUS, "mu_plus": 0.0, "mu_minus": 0.0, "tau_plus": TAU}
        model, parameters = "stdp_synapse", {**rule, "Wmax": W_MAX * scale * 1000.0}
    given = {"synapse_model": model, "weight": synapse.parameter_space["weight"].base_value * 1000.0, "delay": DELAY}
    rule = {"rule": "pairwise_bernoulli", "p": PROBABILITY}
    nest.Connect(pre.node_collection, post.node_collection, rule, {**given, **parameters})
    some = nest.GetConnections(pre.node_collection, post.node_collection[:100])
    return lambda: np.array(some.weight) / 1000.0


scale = weight_scale(options.cells)
rng = np.random.default_rng(1)
started = perf_counter()
sim.setup(timestep=DT, min_delay=DELAY, max_delay=DELAY, threads=options.threads)
n_excitatory = options.cells * 4 // 5
populations = [sim.Population(n, sim.IF_curr_exp(**CELL)) for n in (n_excitatory, options.cells - n_excitatory)]
for cells in populations:
    cells.initialize(v=rng.uniform(-65.0, -50.0, cells.size))
    cells.record("spikes")
excitatory, inhibitory = populations
make = connect_in_nest if options.simulator == "nest" else connect
read_weights, *_ = [
    make(pre, post, synapse(scale * weight), receptor)
    for pre, post, synapse, weight, receptor in (
        (excitatory, excitatory, plastic if options.synapses == "plastic" else static, EXCITATORY, "excitatory"),
        (excitatory, inhibitory, static, EXCITATORY, "excitatory"),
        (inhibitory, excitatory, static, INHIBITORY, "inhibitory"),
        (inhibitory, inhibitory, static, INHIBITORY, "inhibitory"),
    )
]
sim.run(SETTLING)
settled, used_before = perf_counter(), process_time()
sim.run(options.duration)
finished, thread_time = perf_counter(), process_time() - used_before
weights = read_weights()
read = perf_counter()
rates, irregularity = [], []
for cells in populations:
    trains = [np.asarray(train.magnitude) for train in cells.get_data("spikes").segments[0].spiketrains]
    trains = [train[train > SETTLING] for train in trains]
    rates.append(sum(map(len, trains)) / cells.size / options.duration * 1000.0)
    intervals = [np.diff(train) for train in trains if len(train) > 3]
    irregularity.append(float(np.mean([one.std() / one.mean() for one in intervals])) if intervals else 0.0)
n_events = rates[0] * options.duration / 1000.0 * n_excitatory**2 * PROBABILITY

numbers = {
    "build": settled - started,
    "simulate": (finished - settled) / options.duration * 1000.0,
    "thread_time": thread_time / options.duration * 1000.0,
    "rate_excitatory": rates[0],
    "rate_inhibitory": rates[1],
    "irregularity": irregularity[0],
    "ns_per_event": thread_time / n_events * 1e9,
    "mean_weight": float(np.mean(weights)) / scale,
}
if make is connect:
    numbers["read_weights"] = read - finished
options.json.write_text(json.dumps(numbers))
