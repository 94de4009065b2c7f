"""The microcircuit below 1 mm2 of early sensory cortex: four layers, 77,169 cells, 3e8 synapses, on any PyNN back end.

The model of Potjans & Diesmann (2014), Cerebral Cortex 24:785, with the initial potentials of its later
implementations, which shorten the transient. Any scale keeps the number of synapses that each cell receives.

    python examples/microcircuit.py annarchy --scale 0.1 --duration 2000 --plot microcircuit.png
    python examples/microcircuit.py nest --scale 0.02 --drive dc --threads 2

Prints how long building, preparing and simulating took, and for each population its rate, the irregularity of its
spike trains (coefficient of variation of the intervals) and their correlation, beside the published rates.
"""

from __future__ import annotations

import argparse
import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from pyNN.random import NumpyRNG, RandomDistribution

TIME_STEP = 0.1  # ms
LAYERS = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
SIZES = dict(zip(LAYERS, (20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948), strict=True))
BACKGROUND_INPUTS = dict(zip(LAYERS, (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100), strict=True))
BACKGROUND_RATE = 8.0  # Hz, of each input
PUBLISHED_RATES = dict(zip(LAYERS, (0.90, 2.97, 4.41, 5.88, 7.57, 8.63, 1.11, 7.83), strict=True))  # Hz
FIRST_V = dict(
    zip(
        LAYERS,
        (
            (-68.28, 5.36),
            (-63.16, 4.57),
            (-63.33, 4.74),
            (-63.45, 4.94),
            (-63.11, 4.94),
            (-61.66, 4.55),
            (-66.72, 5.46),
            (-61.43, 4.48),
        ),
        strict=True,
    )
)  # mV: mean and standard deviation

CONNECTION_PROBABILITY = (  # a row for each target, a column for each source
    (0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0000, 0.0076, 0.0000),
    (0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0000, 0.0042, 0.0000),
    (0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0000),
    (0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0000, 0.1057, 0.0000),
    (0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0000),
    (0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0000),
    (0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252),
    (0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443),
)

CELL = {
    "cm": 0.25,  # nF
    "tau_m": 10.0,  # ms
    "v_rest": -65.0,  # mV
    "v_thresh": -50.0,
    "v_reset": -65.0,
    "tau_refrac": 2.0,  # ms
    "tau_syn_E": 0.5,
    "tau_syn_I": 0.5,
}
WEIGHT = 0.0878  # nA: a potential of 0.15 mV
INHIBITION = -4.0  # times that
STRONG = {("L4E", "L23E"): 2.0}  # times that, too
WEIGHT_SPREAD = 0.1  # of the mean
DELAY = {"E": 1.5, "I": 0.75}  # ms
DELAY_SPREAD = 0.5  # of the mean
LONGEST_DELAY = 10.0  # ms

N_CORRELATED = 200  # cells of each population, in the correlations
CORRELATION_BIN = 2.0  # ms
N_SHOWN = 0.025  # of the cells, in the figure


@dataclass
class Network:
    populations: dict[str, Any]
    n_synapses: int


@dataclass(frozen=True)
class Activity:
    """What a population did after the transient."""

    rate: float
    irregularity: float
    correlation: float


def n_synapses(source: str, target: str, scale: float) -> int:
    """Number of synapses that a probability of at least one for each pair stands for, times the scale."""
    probability = CONNECTION_PROBABILITY[LAYERS.index(target)][LAYERS.index(source)]
    pairs = SIZES[source] * SIZES[target]
    return round(scale * np.log1p(-probability) / np.log1p(-1.0 / pairs))


def build(sim: Any, options: argparse.Namespace) -> Network:
    rng = sim.NativeRNG(options.seed) if options.rng == "native" else NumpyRNG(seed=options.seed)
    populations = {layer: make_population(sim, layer, options, rng) for layer in LAYERS}
    total = 0
    for target, post in populations.items():
        if options.drive == "poisson":
            drive(sim, target, post)
        for source, pre in populations.items():
            n = n_synapses(source, target, options.scale)
            if n:
                connect(sim, (source, pre), (target, post), n, rng)
                total += n
    return Network(populations, total)


def make_population(sim: Any, layer: str, options: argparse.Namespace, rng: Any) -> Any:
    """Cells at random potentials, whose spikes are recorded."""
    arriving = BACKGROUND_INPUTS[layer] * BACKGROUND_RATE * 1e-3  # a ms
    current = arriving * WEIGHT * CELL["tau_syn_E"] if options.drive == "dc" else 0.0
    size = max(round(SIZES[layer] * options.scale), 1)
    cells = sim.Population(size, sim.IF_curr_exp(**CELL, i_offset=current), label=layer)
    mean, deviation = FIRST_V[layer]
    cells.initialize(v=RandomDistribution("normal", mu=mean, sigma=deviation, rng=rng))
    if not options.unrecorded:
        cells.record("spikes")
    return cells


def drive(sim: Any, layer: str, cells: Any) -> None:
    """Spikes from outside: one source for each cell does what all of its inputs together do."""
    rate = BACKGROUND_INPUTS[layer] * BACKGROUND_RATE
    sources = sim.Population(cells.size, sim.SpikeSourcePoisson(rate=rate), label=f"{layer} background")
    synapse = sim.StaticSynapse(weight=WEIGHT, delay=DELAY["E"])
    sim.Projection(sources, cells, sim.OneToOneConnector(), synapse, receptor_type="excitatory")


def connect(sim: Any, source: tuple[str, Any], target: tuple[str, Any], n: int, rng: Any) -> Any:
    """``n`` synapses between pairs drawn at random, with random weights and delays."""
    (source_name, pre), (target_name, post) = source, target
    kind = source_name[-1]
    weight = WEIGHT * (1.0 if kind == "E" else INHIBITION) * STRONG.get((source_name, target_name), 1.0)
    low, high = (0.0, np.inf) if kind == "E" else (-np.inf, 0.0)
    weights = RandomDistribution(
        "normal_clipped", mu=weight, sigma=abs(weight) * WEIGHT_SPREAD, low=low, high=high, rng=rng
    )
    delay = DELAY[kind]
    delays = RandomDistribution(
        "normal_clipped", mu=delay, sigma=delay * DELAY_SPREAD, low=TIME_STEP, high=LONGEST_DELAY, rng=rng
    )
    return sim.Projection(
        pre,
        post,
        sim.FixedTotalNumberConnector(n, with_replacement=True, rng=rng),
        sim.StaticSynapse(weight=weights, delay=delays),
        receptor_type="excitatory" if kind == "E" else "inhibitory",
    )


def simulate(options: argparse.Namespace) -> tuple[Network, dict[str, Any]]:
    """The network after its run, and what it took: seconds, cells, synapses."""
    sim = importlib.import_module(f"pyNN.{options.simulator}")
    threads = {} if options.threads is None else {"threads": options.threads}
    sim.setup(timestep=TIME_STEP, min_delay=TIME_STEP, max_delay=LONGEST_DELAY, **threads)

    started = perf_counter()
    network = build(sim, options)
    built = perf_counter()
    # Back ends generate, compile and arrange what they need when the first step is asked for.
    sim.run(TIME_STEP)
    prepared = perf_counter()
    sim.run(options.transient - TIME_STEP)
    begun = perf_counter()
    sim.run(options.duration)
    finished = perf_counter()
    return network, {
        "cells": sum(cells.size for cells in network.populations.values()),
        "synapses": network.n_synapses,
        "build": built - started,
        "prepare": prepared - built,
        "transient": begun - prepared,
        "simulate": finished - begun,
        "real_time_factor": (finished - begun) / (options.duration * 1e-3),
    }


def spike_trains(cells: Any, transient: float) -> list[np.ndarray]:
    """Times of the spikes of each cell after the transient, in ms."""
    trains = [train.magnitude for train in cells.get_data("spikes").segments[0].spiketrains]
    return [times[times > transient] for times in trains]


def activity(trains: list[np.ndarray], start: float, stop: float) -> Activity:
    """Mean rate in Hz, irregularity of cells with three spikes or more, and correlation of pairs of spike counts."""
    intervals = [np.diff(times) for times in trains if len(times) > 2]
    irregularity = float(np.mean([np.std(each) / np.mean(each) for each in intervals])) if intervals else np.nan
    edges = np.arange(start, stop + CORRELATION_BIN / 2, CORRELATION_BIN)
    counts = np.array([np.histogram(times, edges)[0] for times in trains[:N_CORRELATED]])
    varying = counts[counts.std(axis=1) > 0]
    matrix = np.corrcoef(varying) if len(varying) > 1 else np.full((2, 2), np.nan)
    correlation = float(np.mean(matrix[np.triu_indices(len(matrix), 1)]))
    spikes = sum(len(times) for times in trains)
    return Activity(spikes / (len(trains) * (stop - start) * 1e-3), irregularity, correlation)


def report(options: argparse.Namespace, result: dict[str, Any], activities: dict[str, Activity]) -> str:
    factor = result["real_time_factor"]
    lines = [
        f"microcircuit at scale {options.scale:g} on pyNN.{options.simulator}, {options.drive} drive",
        f"  build     {result['build']:8.2f} s   {result['cells']:,} cells, {result['synapses']:,} synapses",
        f"  prepare   {result['prepare']:8.2f} s   code generation, compilation and the first step",
        f"  simulate  {result['simulate']:8.2f} s   {options.duration:g} ms, {factor:.3g} x real time",
    ]
    if activities:
        lines.append("            rate (Hz)   published   irregularity   correlation")
    for layer, found in activities.items():
        lines.append(
            f"  {layer:8} {found.rate:9.2f} {PUBLISHED_RATES[layer]:11.2f} {found.irregularity:14.2f} "
            f"{found.correlation:13.4f}"
        )
    return "\n".join(lines)


def plot(trains: dict[str, list[np.ndarray]], activities: dict[str, Activity], options: argparse.Namespace) -> None:
    """Spikes of some cells of each layer, and rates, irregularities and correlations of all populations."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplot_mosaic(
        [["raster", "rate"], ["raster", "irregularity"], ["raster", "correlation"]],
        figsize=(11, 7),
        width_ratios=(3, 1),
        layout="constrained",
    )
    colours = ["tab:blue" if layer.endswith("E") else "tab:red" for layer in trains]
    row, middles = 0, []
    for (_, population), colour in zip(trains.items(), colours, strict=True):
        few = population[: max(round(len(population) * N_SHOWN), 10)]
        rows = np.repeat(np.arange(row, row + len(few)), [len(times) for times in few])
        axes["raster"].plot(np.concatenate(few), rows, ".", markersize=2, markeredgewidth=0, color=colour)
        middles.append(row + len(few) / 2)
        row += len(few)
    stop = options.transient + options.duration
    axes["raster"].set(xlabel="time (ms)", xlim=(max(stop - 1000.0, options.transient), stop), ylim=(row, -1))
    axes["raster"].set_yticks(middles, list(trains))
    for name, label in (("rate", "rate (Hz)"), ("irregularity", "CV of intervals"), ("correlation", "correlation")):
        axes[name].barh(list(activities), [getattr(found, name) for found in activities.values()], color=colours)
        axes[name].invert_yaxis()
        axes[name].set(xlabel=label)
    axes["rate"].plot(list(PUBLISHED_RATES.values()), list(PUBLISHED_RATES), "k|", markersize=9, label="published")
    axes["rate"].legend(fontsize="small")
    figure.suptitle(f"Microcircuit at scale {options.scale:g}, {options.drive} drive, pyNN.{options.simulator}")
    figure.savefig(options.plot, dpi=120)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("simulator", help="back end of PyNN: annarchy, nest, neuron, brian2")
    parser.add_argument("--scale", type=float, default=0.1, help="share of the cells; 1 needs about 4 GB on annarchy")
    parser.add_argument("--drive", choices=("poisson", "dc"), default="poisson", help="input from outside")
    parser.add_argument("--duration", type=float, default=1000.0, help="ms, after the transient")
    parser.add_argument("--transient", type=float, default=500.0, help="ms before that")
    parser.add_argument("--threads", type=int, help="by default what the back end chooses")
    parser.add_argument("--seed", type=int, default=55, help="of initial potentials and connections")
    parser.add_argument(
        "--rng", choices=("numpy", "native"), default="numpy", help="who draws: NumPy, or the back end, which is faster"
    )
    parser.add_argument("--unrecorded", action="store_true", help="record nothing, to measure the simulation alone")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="write a figure")
    parser.add_argument("--json", type=Path, metavar="FILE.json", help="write the numbers of the report")
    return parser.parse_args()


def main() -> None:
    options = parse_arguments()
    network, result = simulate(options)
    stop = options.transient + options.duration
    trains, activities = {}, {}
    if not options.unrecorded:
        trains = {layer: spike_trains(cells, options.transient) for layer, cells in network.populations.items()}
        activities = {layer: activity(each, options.transient, stop) for layer, each in trains.items()}
    print(report(options, result, activities))
    if options.json:
        rates = {layer: vars(found) for layer, found in activities.items()}
        options.json.write_text(json.dumps({**result, "activity": rates}))
    if options.plot and trains:
        plot(trains, activities, options)
        print(f"  figure    {options.plot}")


if __name__ == "__main__":
    main()
