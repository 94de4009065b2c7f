"""A balanced network of excitatory and inhibitory cells that keeps itself active, on any PyNN back end.

The networks of Vogels & Abbott (2005), J. Neurosci. 25:10786, with the parameters of benchmarks 1 (COBA, synapses that
change conductances) and 2 (CUBA, synapses that inject currents) of Brette et al. (2007), J. Comput. Neurosci. 23:349.

    python examples/vogels_abbott.py annarchy COBA
    python examples/vogels_abbott.py nest CUBA --size 8000 --duration 500 --threads 2 --plot activity.png

Prints how long building, preparing and simulating took, the firing rates and the real-time factor.
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
from pyNN.utility import SimulationProgressBar

TIME_STEP = 0.1  # ms
DELAY = 0.2  # ms
CONNECTION_PROBABILITY = 0.02
EXCITATORY_SHARE = 0.8
RATE_BIN = 5.0  # ms, in the figure
KICK = {"rate": 100.0, "duration": 50.0}  # Hz, ms: what sets the COBA network going
N_KICK, KICK_PROBABILITY, KICK_WEIGHT = 20, 0.01, 0.1  # cells, per pair, uS

CELL = {
    "cm": 0.2,  # nF: 1 uF/cm2 on 20,000 um2
    "tau_m": 20.0,  # ms
    "v_thresh": -50.0,  # mV
    "v_reset": -60.0,
    "tau_refrac": 5.0,  # ms
    "tau_syn_E": 5.0,
    "tau_syn_I": 10.0,
}


@dataclass(frozen=True)
class Benchmark:
    """What differs between the two networks."""

    cell_type: str
    cell: dict[str, float]
    excitatory_weight: float
    inhibitory_weight: float
    kicked: bool


BENCHMARKS = {
    # conductances of 4 and 51 nS, in uS
    "COBA": Benchmark("IF_cond_exp", {"v_rest": -60.0, "e_rev_E": 0.0, "e_rev_I": -80.0}, 0.004, 0.051, kicked=True),
    # conductances of 0.27 and 4.5 nS times the driving forces at -60 mV, in nA; the cells fire by themselves
    "CUBA": Benchmark("IF_curr_exp", {"v_rest": -49.0}, 0.27e-3 * 60.0, 4.5e-3 * -20.0, kicked=False),
}


@dataclass
class Network:
    excitatory: Any
    inhibitory: Any
    projections: list[Any]

    @property
    def n_synapses(self) -> int:
        return sum(projection.size() for projection in self.projections)


def build(sim: Any, benchmark: Benchmark, size: int, seed: int) -> Network:
    """Cells at random potentials, connected at random; spikes of all and voltages of two cells are recorded."""
    cell_type = getattr(sim, benchmark.cell_type)(**CELL, **benchmark.cell)
    n_excitatory = round(size * EXCITATORY_SHARE)
    excitatory = sim.Population(n_excitatory, cell_type, label="excitatory")
    inhibitory = sim.Population(size - n_excitatory, cell_type, label="inhibitory")

    rng = NumpyRNG(seed=seed, parallel_safe=True)
    for cells in (excitatory, inhibitory):
        cells.initialize(v=RandomDistribution("uniform", low=CELL["v_reset"], high=CELL["v_thresh"], rng=rng))
        cells.record("spikes")
    excitatory[0:2].record("v")

    projections = connect(sim, benchmark, excitatory, inhibitory, rng)
    if benchmark.kicked:
        projections += kick(sim, (excitatory, inhibitory), rng)
    return Network(excitatory, inhibitory, projections)


def connect(sim: Any, benchmark: Benchmark, excitatory: Any, inhibitory: Any, rng: NumpyRNG) -> list[Any]:
    connector = sim.FixedProbabilityConnector(CONNECTION_PROBABILITY, rng=rng)
    sources = (
        (excitatory, benchmark.excitatory_weight, "excitatory"),
        (inhibitory, benchmark.inhibitory_weight, "inhibitory"),
    )
    return [
        sim.Projection(pre, post, connector, sim.StaticSynapse(weight=weight, delay=DELAY), receptor_type=receptor)
        for pre, weight, receptor in sources
        for post in (excitatory, inhibitory)
    ]


def kick(sim: Any, targets: tuple[Any, ...], rng: NumpyRNG) -> list[Any]:
    """Random spikes at the beginning."""
    sources = sim.Population(N_KICK, sim.SpikeSourcePoisson(**KICK), label="kick")
    connector = sim.FixedProbabilityConnector(KICK_PROBABILITY, rng=rng)
    synapse = sim.StaticSynapse(weight=KICK_WEIGHT, delay=DELAY)
    return [sim.Projection(sources, cells, connector, synapse, receptor_type="excitatory") for cells in targets]


def simulate(options: argparse.Namespace) -> tuple[Network, dict[str, float]]:
    """The network after its run, and what it took: seconds, cells, synapses, Hz."""
    sim = importlib.import_module(f"pyNN.{options.simulator}")
    sim.setup(timestep=TIME_STEP, min_delay=DELAY, max_delay=1.0, threads=options.threads)

    started = perf_counter()
    network = build(sim, BENCHMARKS[options.benchmark], options.size, options.seed)
    built = perf_counter()
    # Back ends generate, compile and arrange what they need when the first step is asked for.
    sim.run(TIME_STEP)
    prepared = perf_counter()
    sim.run(options.duration - TIME_STEP, callbacks=[] if options.quiet else [progress_bar(options.duration)])
    finished = perf_counter()

    seconds = options.duration * 1e-3
    return network, {
        "cells": options.size,
        "synapses": network.n_synapses,
        "build": built - started,
        "prepare": prepared - built,
        "simulate": finished - prepared,
        "rate_excitatory": network.excitatory.mean_spike_count() / seconds,
        "rate_inhibitory": network.inhibitory.mean_spike_count() / seconds,
    }


def progress_bar(duration: float) -> SimulationProgressBar:
    return SimulationProgressBar(interval=duration / 40, t_stop=duration)


def report(options: argparse.Namespace, result: dict[str, float]) -> str:
    factor = result["simulate"] / (options.duration * 1e-3)
    excitatory, inhibitory = result["rate_excitatory"], result["rate_inhibitory"]
    return "\n".join(
        (
            f"{options.benchmark} of Vogels & Abbott on pyNN.{options.simulator}, threads: {options.threads}",
            f"  build     {result['build']:8.3f} s   {result['cells']:,} cells, {result['synapses']:,} synapses",
            f"  prepare   {result['prepare']:8.3f} s   code generation, compilation and the first step",
            f"  simulate  {result['simulate']:8.3f} s   {options.duration:g} ms, {factor:.3g} x real time",
            f"  rates     {excitatory:8.2f} Hz excitatory, {inhibitory:.2f} Hz inhibitory",
        )
    )


def plot(network: Network, title: str, duration: float, path: Path) -> None:
    """Spikes of some cells of both populations, the rates of both, and the voltages of two excitatory cells."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (raster, rates, voltages) = pyplot.subplots(
        3, 1, sharex=True, figsize=(9, 7), height_ratios=(4, 1, 2), layout="constrained"
    )
    shown = 0
    edges = np.linspace(0.0, duration, max(round(duration / RATE_BIN), 1) + 1)
    for cells, colour, n_shown in ((network.excitatory, "tab:blue", 400), (network.inhibitory, "tab:red", 100)):
        trains = [train.magnitude for train in cells.get_data("spikes").segments[0].spiketrains]
        few = trains[:n_shown]
        rows = np.repeat(range(shown, shown + len(few)), [len(times) for times in few])
        raster.plot(np.concatenate(few), rows, ".", markersize=2.5, markeredgewidth=0, color=colour)
        shown += len(few)
        counts, _ = np.histogram(np.concatenate(trains), edges)
        rates.stairs(counts / (len(trains) * edges[1] * 1e-3), edges, color=colour, label=cells.label)
    raster.set(ylabel="cell", xlim=(0, duration), ylim=(-1, shown), title=title)
    rates.set(ylabel="rate (Hz)", ylim=(0, None))
    rates.legend(loc="upper right", ncols=2, fontsize="small")

    (signal,) = network.excitatory[0:2].get_data("v").segments[0].filter(name="v")
    voltages.plot(signal.times.rescale("ms"), signal.magnitude, linewidth=0.8)
    voltages.set(xlabel="time (ms)", ylabel="v of two cells (mV)")
    figure.savefig(path, dpi=120)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("simulator", help="back end of PyNN: annarchy, nest, neuron, brian2")
    parser.add_argument("benchmark", choices=sorted(BENCHMARKS))
    parser.add_argument("--size", type=int, default=4000, help="number of cells")
    parser.add_argument("--duration", type=float, default=1000.0, help="biological time to simulate, in ms")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=98765, help="of initial potentials and connections")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="write a figure of spikes and voltages")
    parser.add_argument("--json", type=Path, metavar="FILE.json", help="write the numbers of the report")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser.parse_args()


def main() -> None:
    options = parse_arguments()
    network, result = simulate(options)
    print("\n" + report(options, result))
    if options.json:
        options.json.write_text(json.dumps(result))
    if options.plot:
        title = f"{options.benchmark} network of Vogels & Abbott, {options.size:,} cells, pyNN.{options.simulator}"
        plot(network, title, options.duration, options.plot)
        print(f"  figure    {options.plot}")


if __name__ == "__main__":
    main()
