"""A script that runs on any back end of PyNN: STDP by pairs, with every weight dependence.

Where it is run on pyNN.nest (benchmarks/record_nest.py) there is nothing of this project but this file.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

DT = 0.125
"""A power of two: pyNN.nest subtracts the shortest delay from spike times, and NEST rounds up what that leaves."""
FLUSHING = 800.0
"""The last pre-synaptic spike in ms, after which nothing happens: NEST's weights are up to date just after it."""

DEPENDENCES = (
    "AdditiveWeightDependence",
    "MultiplicativeWeightDependence",
    "AdditivePotentiationMultiplicativeDepression",
    "GutigWeightDependence",
)
"""With their default exponents: pyNN.nest drops others (NEST itself is compared with others in its own terms)."""


def pair_rules(sim: ModuleType, dependence: str, **options: object) -> tuple[np.ndarray, np.ndarray]:
    """Weights at the end, in nA, shape (source, cell), and the spikes (step, cell) of the cells; 20 x 5 synapses.

    The cells are driven by a current and by strong synapses; those that learn have weights that hardly move them.
    """
    sim.setup(timestep=DT, min_delay=DT, max_delay=10.0, **options)
    rng = np.random.default_rng(20261124)
    times = [np.append(np.sort(rng.choice(np.arange(5, 6000), 20, replace=False)) * DT, FLUSHING) for _ in range(20)]
    drive = [np.sort(rng.choice(np.arange(5, 6000), 40, replace=False)) * DT for _ in range(5)]
    sources = sim.Population(20, sim.SpikeSourceArray(spike_times=times))
    drivers = sim.Population(5, sim.SpikeSourceArray(spike_times=drive))
    cells = sim.Population(5, sim.IF_curr_exp(tau_refrac=1.0, i_offset=0.3))
    cells.record("spikes")
    sim.Projection(drivers, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=8.0, delay=0.5))
    synapse = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=15.0, tau_minus=30.0, A_plus=0.08, A_minus=0.1),
        weight_dependence=getattr(sim, dependence)(w_min=0.0, w_max=0.002),
        weight=0.001,
        delay=1.25,
        dendritic_delay_fraction=1.0,
    )
    projection = sim.Projection(sources, cells, sim.AllToAllConnector(), synapse)
    sim.run(FLUSHING + 5.0)
    spikes = [
        (round(float(time) / DT), index)
        for index, train in enumerate(cells.get_data("spikes").segments[0].spiketrains)
        for time in train.magnitude
    ]
    return projection.get("weight", format="array"), np.array(sorted(spikes))
