"""Runs single cells, as a file tells, on one back end of PyNN: `cells.py BACK_END cells.json potentials.npz`."""

from __future__ import annotations

import importlib
import json
import sys
import warnings

import numpy as np


def main() -> None:
    back_end, given, written = sys.argv[1:]
    sim = importlib.import_module(f"pyNN.{back_end}")
    warnings.simplefilter("ignore")
    results = {}
    with open(given) as file:
        cells = json.load(file)
    for cell in cells:
        for what, values in outcome(sim, cell).items():
            results[f"{cell['name']}/{what}"] = values
    np.savez(written, **results)


def outcome(sim, cell) -> dict[str, np.ndarray]:
    """What the back end computes, or, where it lacks the type, what it says."""
    try:
        v, spikes = run(sim, cell)
    except Exception as error:
        return {"error": np.array(f"{type(error).__name__}: {error}")}
    return {"v": v, "spikes": spikes}


def run(sim, cell) -> tuple[np.ndarray, np.ndarray]:
    """v in mV at 0, dt, ..., and spike times in ms."""
    sim.setup(timestep=cell["dt"], min_delay=cell["delay"], **cell["setup"].get(sim.__name__, {}))
    population = sim.Population(1, getattr(sim, cell["type"])(**cell["parameters"]))
    population.initialize(**cell["start"])
    for receptor, times, weight in zip(("excitatory", "inhibitory"), cell["times"], cell["weights"], strict=True):
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
        synapse = sim.StaticSynapse(weight=weight, delay=cell["delay"])
        sim.Projection(source, population, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    population.record(["v", "spikes"])
    sim.run(cell["duration"])
    segment = population.get_data().segments[0]
    return segment.analogsignals[0].magnitude[:, 0], np.array(segment.spiketrains[0].magnitude)


if __name__ == "__main__":
    main()
