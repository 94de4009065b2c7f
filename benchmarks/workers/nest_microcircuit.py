"""The network of examples/microcircuit.py in NEST's own interface: Poisson drive, nothing recorded."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from time import perf_counter

import nest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))
import microcircuit as model

PA, PF = 1000.0, 1000.0  # of an nA, of an nF
CELL = {
    "C_m": model.CELL["cm"] * PF,
    "tau_m": model.CELL["tau_m"],
    "E_L": model.CELL["v_rest"],
    "V_th": model.CELL["v_thresh"],
    "V_reset": model.CELL["v_reset"],
    "t_ref": model.CELL["tau_refrac"],
    "tau_syn_ex": model.CELL["tau_syn_E"],
    "tau_syn_in": model.CELL["tau_syn_I"],
}

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--scale", type=float, default=1.0)
parser.add_argument("--duration", type=float, default=100.0, help="ms of which the time is taken")
parser.add_argument("--transient", type=float, default=50.0, help="ms before them")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--json", type=Path, help="where to write the figures")
options = parser.parse_args()

nest.verbosity = nest.VerbosityLevel.ERROR
nest.local_num_threads = options.threads
nest.resolution = model.TIME_STEP
started = perf_counter()
populations = {}
for layer in model.LAYERS:
    mean, deviation = model.FIRST_V[layer]
    size = round(model.SIZES[layer] * options.scale)
    nest.CopyModel("static_synapse", f"from_{layer}")  # a model has at most 134 million synapses for each thread
    populations[layer] = nest.Create("iaf_psc_exp", size, {**CELL, "V_m": nest.random.normal(mean, deviation)})
for target, post in populations.items():
    source = nest.Create("poisson_generator", params={"rate": model.BACKGROUND_INPUTS[target] * model.BACKGROUND_RATE})
    nest.Connect(source, post, syn_spec={"weight": model.WEIGHT * PA, "delay": model.DELAY["E"]})
    for origin, pre in populations.items():
        number = model.n_synapses(origin, target, options.scale)
        if not number:
            continue
        weight = model.WEIGHT * PA * model.STRONG.get((origin, target), 1.0)
        weight *= model.INHIBITION if origin.endswith("I") else 1.0
        delay = model.DELAY[origin[-1]]
        bounds = {"min": 0.0} if weight > 0 else {"max": 0.0}
        nest.Connect(
            pre,
            post,
            {"rule": "fixed_total_number", "N": number},
            {
                "synapse_model": f"from_{origin}",
                "weight": nest.math.redraw(
                    nest.random.normal(weight, abs(weight) * model.WEIGHT_SPREAD),
                    **{"min": float("-inf"), "max": float("inf"), **bounds},
                ),
                "delay": nest.math.redraw(
                    nest.random.normal(delay, delay * model.DELAY_SPREAD),
                    min=model.TIME_STEP,
                    max=model.LONGEST_DELAY,
                ),
            },
        )
built = perf_counter()
nest.Simulate(options.transient)
prepared = perf_counter()
nest.Simulate(options.duration)
ended = perf_counter()
figures = {
    "build": built - started,
    "prepare": prepared - built,
    "real_time_factor": (ended - prepared) / (options.duration * 1e-3),
}
print(figures)
if options.json:
    options.json.write_text(json.dumps(figures))
