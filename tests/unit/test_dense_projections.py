"""Synapses with one weight that a source has with many cells lie as bits, until something is changed."""

from __future__ import annotations

import numpy as np
import pytest

import pynn_annarchy as sim
import pynn_annarchy.ann as ann

N_SOURCES = 30
SIZES = (1300, 700, 40)


class Network:
    """Given sources that often spike together and Poisson sources that do so several times a step; dense projections.

    The first population receives bits alone, the second those of two projections at one receptor and weights of their
    own at the other one, the third has few cells.
    """

    def __init__(self, target, delay=0.8, threads=1, cell=sim.IF_curr_exp, precision="double", sizes=SIZES):
        sim.setup(timestep=0.1, min_delay=delay, target=target, threads=threads, precision=precision)
        rng = np.random.default_rng(4)
        times = [np.unique(np.round(rng.uniform(0.2, 8.0, n), 1)).tolist() for n in range(N_SOURCES)]
        self.sources = sim.Population(N_SOURCES, sim.SpikeSourceArray(spike_times=times))
        self.noise = sim.Population(20, sim.SpikeSourcePoisson(rate=12000.0))
        self.cells = [sim.Population(size, cell(v_thresh=-64.0)) for size in sizes]
        for cells in self.cells:
            cells.record(["v", "spikes"])
        self.delay = delay
        self.inhibitory_sign = 1.0 if self.cells[0].conductance_based else -1.0
        first, second, third = self.cells
        self.dense = self.connect(self.sources, first, 0.25, "excitatory")
        self.connect(self.noise, first, 0.01, "inhibitory", 0.1)
        self.connect(first, second, 0.003, "excitatory", 0.5)
        self.connect(self.sources, second, 0.125, "excitatory", 0.9)
        own = self.inhibitory_sign * rng.integers(1, 9, (N_SOURCES, sizes[1])) / 64
        self.connect(self.sources, second, 0.125, "inhibitory").set(weight=own)
        self.connect(self.noise, third, 0.03, "excitatory", 1.0)
        self.connect(second, third, 0.01, "inhibitory", 0.4)

    def connect(self, pre, post, weight, receptor, probability=0.3):
        connector = sim.FixedProbabilityConnector(probability, rng=sim.NativeRNG(seed=8))
        sign = self.inhibitory_sign if receptor == "inhibitory" else 1.0
        synapse = sim.StaticSynapse(weight=sign * weight, delay=self.delay)
        return sim.Projection(pre, post, connector, synapse, receptor_type=receptor)

    def seen(self):
        segments = [cells.get_data().segments[-1] for cells in self.cells]
        trains = [train.magnitude.tolist() for segment in segments for train in segment.spiketrains]
        return trains, [segment.analogsignals[0].magnitude.tolist() for segment in segments]


def nothing(network):
    """Runs in pieces only."""


def another_weight(network):
    network.dense.set(weight=0.5)


def weights_of_their_own(network):
    weights = network.dense.get("weight", format="array")
    network.dense.set(weight=np.linspace(0.5, 1.5, weights.size).reshape(weights.shape) * weights)


def two_delays(network):
    delays = np.where(np.arange(SIZES[0]) % 2, network.delay, network.delay + 0.3)
    network.dense.set(delay=np.broadcast_to(delays, (N_SOURCES, SIZES[0])))


def one_more_projection(network):
    network.connect(network.noise, network.cells[0], 0.002, "excitatory", 0.02)


def a_current(network):
    sim.DCSource(amplitude=0.01).inject_into(network.cells[0])


def reading(network):
    pairs = network.dense.get("weight", format="list")
    assert len(pairs) == network.dense.size() and {weight for *_, weight in pairs} == {0.25}
    assert pairs == sorted(pairs)


def another_run_from_the_start(network):
    sim.reset()


CHANGES = (
    nothing,
    another_weight,
    weights_of_their_own,
    two_delays,
    one_more_projection,
    a_current,
    reading,
    another_run_from_the_start,
)


def data_of(network, change):
    for duration in (2.3, 2.4, 0.1, 4.0):
        sim.run(duration)
        change(network)
    return network.seen()


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("delay", "threads"), [(0.8, 1), (0.8, 2), (0.1, 1)])
def test_what_arrives_is_what_the_oracle_says(change, delay, threads):
    native = data_of(Network("cpp", delay, threads), change)
    oracle = data_of(Network("reference", delay), change)

    assert native == oracle
    assert sum(map(len, native[0])) > 100 or change is another_run_from_the_start


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("cell", [sim.IF_cond_exp, sim.IF_curr_alpha], ids=lambda cell: cell.__name__)
def test_every_cell_may_be_told_numbers_instead_of_sums(cell, precision):
    """Numbers go to forms of a cell's step that are generated for them, or become sums where there is no such form."""
    native, oracle = (
        data_of(Network(target, cell=cell, precision=precision), nothing) for target in ("cpp", "reference")
    )

    assert native == oracle


def test_step_by_step_is_what_several_steps_of_more_cells_than_go_through_them_together_are():
    def session(duration):
        network = Network("cpp", sizes=(5000, 4500, 40))
        for _ in range(round(4.0 / duration)):
            sim.run(duration)
        return network.seen()

    together, step_by_step = session(4.0), session(0.1)

    assert together == step_by_step
    assert sum(map(len, together[0])) > 1000


def test_bits_take_less_memory_than_targets():
    network = Network("cpp")
    (synapses, *_) = sim.simulator.state.network.projections
    synapses.network.prepare()
    before = synapses.nbytes

    sim.run(1.0)

    n_synapses = network.dense.size()
    assert synapses.nbytes < before - n_synapses  # of 2 bytes each
    assert len(network.dense.get("weight", format="list")) == n_synapses


@pytest.mark.parametrize("connector", [sim.AllToAllConnector(), sim.FixedNumberPreConnector(20, with_replacement=True)])
def test_more_than_one_synapse_of_a_pair_counts_as_often(connector):
    def session(target):
        sim.setup(timestep=0.1, min_delay=0.5, target=target)
        sources = sim.Population(20, sim.SpikeSourceArray(spike_times=[0.3, 0.4, 2.0]))
        cells = sim.Population(300, sim.IF_curr_exp(v_thresh=1e3))
        sim.Projection(sources, cells, connector, sim.StaticSynapse(weight=0.1, delay=0.5))
        cells.record("isyn_exc")
        sim.run(4.0)
        return cells.get_data().segments[0].analogsignals[0].magnitude

    np.testing.assert_array_equal(session("cpp"), session("reference"))


@pytest.mark.parametrize("has_rate", [False, True], ids=["in_tiles", "whole"])
def test_it_is_silent_while_it_does_not_transmit(has_rate):
    """Cells whose rates are formed do several steps at once as others do, but not tile by tile."""

    def session(target):
        network = ann.Network(dt=1.0, seed=3)
        network.config(target=target)
        pre = network.create(ann.SpikeSourceArray([[float(t) for t in range(n, 60, n + 2)] for n in range(1, 5)]))
        post = network.create(100, ann.Neuron("tau = 5.0", "dg_exc/dt = -g_exc/tau\nv = 0.0", "v > 1"))
        dense = network.connect(pre, post, "exc")
        dense.all_to_all(0.5, delays=4.0)
        monitor = network.monitor(post, ["g_exc"])
        network.compile()
        if has_rate:
            post.compute_firing_rate(window=10.0)
        for transmits in (True, False, True):
            dense.transmission = transmits
            network.simulate(20.0)
        return monitor.get("g_exc")

    native = session("cpp")
    np.testing.assert_array_equal(native, session("reference"))
    assert (native[22:40] < native[21:39]).all() and native[45:].max() > native[40].max()
