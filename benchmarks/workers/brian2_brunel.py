"""The network of brunel.py in Brian2's C++ standalone mode, with static synapses or additive pair STDP."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter

from brian2 import Network, NeuronGroup, SpikeMonitor, Synapses, defaultclock, device, ms, prefs, seed, set_device

N, N_EXCITATORY = 10_000, 8_000
PROBABILITY, SETTLING = 0.1, 100.0  # ms
EXCITATORY, INHIBITORY = 0.02, -0.18  # nA
# 80 MOhm are 20 ms over 0.25 nF
CELL = """
dv/dt = (-65*mV - v + 80*mV*(0.35 + i_exc + i_inh)) / (20*ms) : volt (unless refractory)
di_exc/dt = -i_exc / (2*ms) : 1
di_inh/dt = -i_inh / (2*ms) : 1
"""
PLASTIC = """
w : 1
dx/dt = -x / (20*ms) : 1 (event-driven)
dy/dt = -y / (20*ms) : 1 (event-driven)
"""

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("synapses", choices=["static", "plastic"])
parser.add_argument("--duration", type=float, default=1000.0, help="ms of which the time is taken")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()


def among_excitatory(cells: NeuronGroup) -> Synapses:
    if options.synapses == "static":
        return Synapses(cells, cells, on_pre=f"i_exc += {EXCITATORY}", delay=1.5 * ms)
    limits = f"0, {3 * EXCITATORY}"
    return Synapses(
        cells,
        cells,
        PLASTIC,
        on_pre=f"i_exc += w; x += 1; w = clip(w - {0.00525 * 3 * EXCITATORY}*y, {limits})",
        on_post=f"y += 1; w = clip(w + {0.005 * 3 * EXCITATORY}*x, {limits})",
        delay=1.5 * ms,
    )


set_device("cpp_standalone", build_on_run=False, directory="brian2_standalone")
prefs.devices.cpp_standalone.openmp_threads = options.threads if options.threads > 1 else 0
defaultclock.dt = 0.1 * ms
seed(98765)
started = perf_counter()
cells = NeuronGroup(N, CELL, threshold="v > -50*mV", reset="v = -60*mV", refractory=2 * ms, method="exact")
cells.v = "-65*mV + 15*mV*rand()"
excitatory, inhibitory = cells[:N_EXCITATORY], cells[N_EXCITATORY:]
projections = [
    among_excitatory(excitatory),
    Synapses(excitatory, inhibitory, on_pre=f"i_exc += {EXCITATORY}", delay=1.5 * ms),
    Synapses(inhibitory, cells, on_pre=f"i_inh += {INHIBITORY}", delay=1.5 * ms),
]
for projection in projections:
    projection.connect(p=PROBABILITY)
if options.synapses == "plastic":
    projections[0].w = EXCITATORY
spikes = SpikeMonitor(cells)
network = Network(cells, spikes, *projections)
network.run(SETTLING * ms)
network.run(options.duration * ms)
device.build(directory="brian2_standalone", compile=True, run=True)
total = perf_counter() - started

indices, times = spikes.i[:], spikes.t[:] / ms
late = indices[times > SETTLING]
# Both runs are timed as one: the first is a tenth of a second of the same network.
simulated = device._last_run_time / (SETTLING + options.duration) * 1000.0
numbers = {
    "build": total - device._last_run_time,
    "simulate": simulated,
    "rate_excitatory": float((late < N_EXCITATORY).sum()) / N_EXCITATORY / options.duration * 1000.0,
    "rate_inhibitory": float((late >= N_EXCITATORY).sum()) / (N - N_EXCITATORY) / options.duration * 1000.0,
}
options.json.write_text(json.dumps(numbers))
