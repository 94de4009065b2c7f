"""The networks of examples/vogels_abbott.py in Brian2's C++ standalone mode, on one thread.

Conductances are in units of the leak, 10 nS, so that all quantities but voltages and times are plain numbers.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter

from brian2 import (
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeMonitor,
    Synapses,
    defaultclock,
    device,
    ms,
    second,
    seed,
    set_device,
)

N, N_EXCITATORY = 4000, 3200
CONDUCTANCES = """
dv/dt = (-60*mV - v + g_exc*(0*mV - v) + g_inh*(-80*mV - v)) / (20*ms) : volt (unless refractory)
dg_exc/dt = -g_exc / (5*ms) : 1
dg_inh/dt = -g_inh / (10*ms) : 1
"""
CURRENTS = """
dv/dt = (-49*mV - v + g_exc*60*mV - g_inh*20*mV) / (20*ms) : volt (unless refractory)
dg_exc/dt = -g_exc / (5*ms) : 1
dg_inh/dt = -g_inh / (10*ms) : 1
"""
BENCHMARKS = {"COBA": (CONDUCTANCES, "exponential_euler", 0.4, 5.1), "CUBA": (CURRENTS, "exact", 0.027, 0.45)}


def build(benchmark: str) -> tuple[Network, SpikeMonitor]:
    equations, method, excitatory, inhibitory = BENCHMARKS[benchmark]
    cells = NeuronGroup(N, equations, threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms, method=method)
    cells.v = "-60*mV + 10*mV*rand()"
    spikes = SpikeMonitor(cells)
    from_excitatory = Synapses(cells[:N_EXCITATORY], cells, on_pre=f"g_exc += {excitatory}", delay=0.2 * ms)
    from_inhibitory = Synapses(cells[N_EXCITATORY:], cells, on_pre=f"g_inh += {inhibitory}", delay=0.2 * ms)
    for synapses in (from_excitatory, from_inhibitory):
        synapses.connect(p=0.02)
    network = Network(cells, spikes, from_excitatory, from_inhibitory)
    if benchmark == "COBA":
        kick = PoissonGroup(20, rates="100*Hz*int(t < 50*ms)")
        kicks = Synapses(kick, cells, on_pre="g_exc += 10", delay=0.2 * ms)
        kicks.connect(p=0.01)
        network.add(kick, kicks)
    return network, spikes


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("benchmark", choices=sorted(BENCHMARKS))
parser.add_argument("--json", type=Path, required=True)
options = parser.parse_args()

set_device("cpp_standalone", directory="brian2_standalone")
defaultclock.dt = 0.1 * ms
seed(98765)
started = perf_counter()
network, spikes = build(options.benchmark)
network.run(1 * second)
total = perf_counter() - started

indices = spikes.i[:]
numbers = {
    "prepare": total - device._last_run_time,
    "simulate": device._last_run_time,
    "rate_excitatory": float((indices < N_EXCITATORY).sum()) / N_EXCITATORY,
    "rate_inhibitory": float((indices >= N_EXCITATORY).sum()) / (N - N_EXCITATORY),
}
options.json.write_text(json.dumps(numbers))
