"""The network of brunel.py in ANNarchy 5, in its own language: the same cells, numbers and rule of plasticity."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter, process_time

import ANNarchy
import numpy as np

N, N_EXCITATORY = 10_000, 8_000
PROBABILITY, DELAY, SETTLING = 0.1, 1.5, 100.0  # ms
EXCITATORY, INHIBITORY = 0.02, 0.18  # nA

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("synapses", choices=["static", "plastic"])
parser.add_argument("--duration", type=float, default=1000.0, help="ms of which the time is taken")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()

# 80 MOhm are 20 ms over 0.25 nF
IF_CURR_EXP = ANNarchy.Neuron(
    parameters={"v_rest": -65.0, "v_thresh": -50.0, "v_reset": -60.0, "i_offset": 0.35, "resistance": 80.0},
    equations=[
        ANNarchy.Variable("20.0*dv/dt = v_rest - v + resistance*(i_offset + g_exc - g_inh)", method="exponential"),
        ANNarchy.Variable("2.0*dg_exc/dt = -g_exc", method="exponential"),
        ANNarchy.Variable("2.0*dg_inh/dt = -g_inh", method="exponential"),
    ],
    spike="v > v_thresh",
    reset="v = v_reset",
    refractory=2.0,
)
ADDITIVE_STDP = ANNarchy.STDP(tau_plus=20.0, tau_minus=20.0, A_plus=0.005, A_minus=0.00525, w_max=3 * EXCITATORY)

started = perf_counter()
network = ANNarchy.Network(dt=0.1, seed=98765)
network.config(num_threads=options.threads)
cells = network.create(geometry=N, neuron=IF_CURR_EXP)
cells.v = ANNarchy.Uniform(-65.0, -50.0)
excitatory, inhibitory = cells[:N_EXCITATORY], cells[N_EXCITATORY:]
among_excitatory = ADDITIVE_STDP if options.synapses == "plastic" else None
projections = [
    network.connect(pre, post, target=target, synapse=synapse).fixed_probability(
        probability=PROBABILITY, weights=weight, delays=DELAY, allow_self_connections=True
    )
    for pre, post, target, weight, synapse in (
        (excitatory, excitatory, "exc", EXCITATORY, among_excitatory),
        (excitatory, inhibitory, "exc", EXCITATORY, None),
        (inhibitory, excitatory, "inh", INHIBITORY, None),
        (inhibitory, inhibitory, "inh", INHIBITORY, None),
    )
]
spikes = network.monitor(cells, "spike")
built = perf_counter()
network.compile()
network.simulate(SETTLING)
settled, used_before = perf_counter(), process_time()
network.simulate(options.duration)
finished, thread_time = perf_counter(), process_time() - used_before
given = projections[0].w
weights = np.array([given]) if np.isscalar(given) else np.concatenate(given)  # one where all synapses share it
read = perf_counter()

trains = spikes.get("spike")
counts = np.array([sum(step * 0.1 > SETTLING for step in trains[rank]) for rank in range(N)])
rates = counts / options.duration * 1000.0
n_events = counts[:N_EXCITATORY].mean() * len(weights)
numbers = {
    "build": settled - started,
    "simulate": (finished - settled) / options.duration * 1000.0,
    "thread_time": thread_time / options.duration * 1000.0,
    "rate_excitatory": float(rates[:N_EXCITATORY].mean()),
    "rate_inhibitory": float(rates[N_EXCITATORY:].mean()),
    "ns_per_event": thread_time / n_events * 1e9,
    "read_weights": read - finished,
    "mean_weight": float(weights.mean()),
}
options.json.write_text(json.dumps(numbers))
