"""A PyNN network of types made from equations: cells whose spikes are held at a wished rate by inhibition that learns.

Adaptive exponential cells with a calcium-dependent current are driven by noise. A rate-coded cell follows their mean
rate and inhibits them; the strength of that grows while they are faster than wished, and falls while they are slower.

    python examples/own_equations.py
    python examples/own_equations.py --rate 5 --duration 20000 --threads 2

Prints the mean rate without inhibition and with what was learned, and the strength of the inhibition.
"""

from __future__ import annotations

import argparse

import pyNN.annarchy as sim

N_CELLS = 50

CalciumCell = sim.compose(
    "CalciumCell",
    sim.AdExp,
    {"exc": sim.CurrExpPostSynapticResponse},
    parameters="tau_ca = 80.0; g_ahp = 0.002; E_K = -90.0",
    equations="dca/dt = -ca/tau_ca",
    reset="ca += 1.0",
    current="g_ahp*ca*(E_K - v) - sum(inh)",
    description="An adaptive exponential cell with a current that follows its calcium.",
)

Follower = sim.Neuron(
    parameters="tau = 50.0",
    equations="tau*dr/dt = sum(spikes) - r",
    name="Follower",
    description="A rate-coded cell that follows what it receives.",
)

Counting = sim.Synapse(
    parameters="tau = 100.0",
    equations="dx/dt = -x/tau",
    pre_spike="x += 1000.0/tau",
    psp="w*x",
    name="Counting",
    description="Transmits the rate of a spiking cell in Hz, as of the last tenth of a second, times its weight.",
)

Holding = sim.Synapse(
    parameters="eta = 2e-6; wished = 10.0",
    equations="dw/dt = eta*(pre.r - wished) : min=0.0",
    psp="w*pre.r",
    name="Holding",
    description="Grows while the pre-synaptic rate is above the wished one.",
)


def run(wished: float, duration: float, threads: int | str) -> tuple[float, float, float]:
    """Runs the network until it has learned.

    Args:
        wished: mean rate of the cells, in Hz.
        duration: of learning, in ms.
        threads: number of threads, or 'auto'.

    Returns:
        The mean rate of the cells in the second before and in that after learning, in Hz; the weight, in nA/Hz.
    """
    sim.setup(timestep=0.1, seed=1, threads=threads)
    cells = sim.Population(N_CELLS, CalciumCell(i_offset=0.3), label="cells")
    noise = sim.Population(N_CELLS, sim.SpikeSourcePoisson(rate=500.0), label="noise")
    mean = sim.Population(1, Follower(), label="mean rate")
    everyone = sim.AllToAllConnector()
    sim.Projection(noise, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.25), receptor_type="exc")
    sim.Projection(cells, mean, everyone, Counting(weight=1.0 / N_CELLS), receptor_type="spikes")
    inhibition = sim.Projection(mean, cells, everyone, Holding(weight=0.0, eta=0.0, wished=wished), receptor_type="inh")
    cells.record("spikes")

    sim.run(1000.0)
    before = cells.mean_spike_count()
    inhibition.set(eta=2e-6)
    sim.run(duration)
    inhibition.set(eta=0.0)
    learned = cells.mean_spike_count()
    sim.run(1000.0)
    after = cells.mean_spike_count() - learned
    weight = inhibition.get("weight", format="array").mean()
    sim.end()
    return before, after, float(weight)


def main() -> None:
    """Runs the network as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=10.0, help="wished for, in Hz (default: %(default)s)")
    parser.add_argument("--duration", type=float, default=10000.0, help="of learning, in ms (default: %(default)s)")
    parser.add_argument("--threads", type=int, help="number of threads (default: automatic)")
    options = parser.parse_args()
    before, after, weight = run(options.rate, options.duration, options.threads or "auto")
    print(f"without inhibition {before:.1f} Hz, then {after:.1f} Hz, held by {1000 * weight:.2f} pA for each Hz")


if __name__ == "__main__":
    main()
