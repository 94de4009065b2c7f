"""Synapses of several projections from one population lie together until something is changed."""

from __future__ import annotations

import numpy as np
import pytest

import pynn_annarchy as sim
import pynn_annarchy.ann as ann

SPIKES = [[0.4, 1.1, 1.2, 3.3], [0.5, 2.0], [], [1.0, 3.1, 4.9], [2.2]]


class Network:
    """Five given sources onto three populations; weights and delays of all kinds that may lie together."""

    def __init__(self, target: str, threads: int = 1):
        sim.setup(timestep=0.1, min_delay=0.1, target=target, threads=threads)
        self.sources = sim.Population(len(SPIKES), sim.SpikeSourceArray(spike_times=SPIKES))
        self.cells = [sim.Population(size, sim.IF_curr_exp(v_thresh=1e3)) for size in (4, 40, 3)]
        for cells in self.cells:
            cells.record(["isyn_exc", "isyn_inh"])
        self.projections = []
        for number, cells in enumerate(self.cells):
            weights = np.random.default_rng(number).integers(1, 64, (len(SPIKES), cells.size)) / 32
            delays = np.random.default_rng(number + 9).integers(1, 30, weights.shape) / 10
            self.projections.append(
                self.connect(cells, sim.ArrayConnector(np.ones(weights.shape, bool)), weights, delays)
            )
        self.connect(self.cells[1], sim.AllToAllConnector(), -0.25, 1.0, "inhibitory")
        self.connect(self.cells[2], sim.AllToAllConnector(), -0.5, 0.3, "inhibitory")

    def connect(self, cells, connector, weight, delay, receptor="excitatory"):
        synapse = sim.StaticSynapse(weight=np.sign(np.mean(weight)), delay=1.0)
        projection = sim.Projection(self.sources, cells, connector, synapse, receptor_type=receptor)
        projection.set(delay=delay)
        projection.set(weight=weight)
        return projection

    def seen(self) -> list[list[list[float]]]:
        segments = [cells.get_data().segments[-1] for cells in self.cells]
        return [signal.magnitude.tolist() for segment in segments for signal in segment.analogsignals]


def nothing(network):
    """Runs in pieces only."""


def other_weights(network):
    network.projections[0].set(weight=2.5)


def weights_that_single_precision_lacks(network):
    network.projections[1].set(weight=0.1)


def weights_in_double_precision(network):
    """From now on, those of all projections."""
    for number, projection in enumerate(network.projections):
        shape = (projection.pre.size, projection.post.size)
        projection.set(weight=np.random.default_rng(number).uniform(0.1, 2.0, shape) / 3.0)


def weights_of_any_size(network):
    """Of which single precision lacks none, but the smallest as so many quanta."""
    sizes = np.ldexp(1.0, np.arange(5) * 50 - 140)
    network.projections[0].set(weight=np.broadcast_to(sizes[:, np.newaxis], (5, 4)))


def one_weight_of_many(network):
    weights = network.projections[1].get("weight", format="array")
    weights[3, 17] *= 1000.0
    network.projections[1].set(weight=weights)


def one_delay(network):
    network.projections[2].set(delay=2.2)


def one_more_projection(network):
    network.projections.append(network.connect(network.cells[0], sim.AllToAllConnector(), 0.5, 0.7))


def reading(network):
    assert network.projections[1].get("weight", format="array").max() < 2.0


def another_run_from_the_start(network):
    sim.reset()


@pytest.mark.parametrize(
    "change",
    [
        nothing,
        other_weights,
        weights_that_single_precision_lacks,
        weights_in_double_precision,
        weights_of_any_size,
        one_weight_of_many,
        one_delay,
        one_more_projection,
        reading,
        another_run_from_the_start,
    ],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_what_arrives_is_what_the_oracle_says(change, threads):
    def session(target, threads):
        network = Network(target, threads)
        for duration in (1.3, 2.4, 0.1, 4.0):
            sim.run(duration)
            change(network)
        return network.seen()

    assert session("cpp", threads) == session("reference", 1)


@pytest.mark.parametrize("weight", [0.5, ann.Uniform(0.25, 0.75)], ids=["alike", "of_each_synapse"])
@pytest.mark.parametrize("delay", [1.0, 4.0])
def test_one_of_them_is_silent_while_it_does_not_transmit(delay, weight):
    def session(target):
        network = ann.Network(dt=1.0, seed=3)
        network.config(target=target)
        pre = network.create(ann.SpikeSourceArray([[float(t) for t in range(n, 60, n + 2)] for n in range(1, 5)]))
        post = network.create(
            3, ann.Neuron("tau = 5.0", "dg_exc/dt = -g_exc/tau\ndg_inh/dt = -g_inh/tau\nv = 0.0", "v > 1")
        )
        silenced, other = (network.connect(pre, post, name) for name in ("exc", "inh"))
        silenced.all_to_all(weight, delays=delay)
        other.all_to_all(weight if isinstance(weight, ann.Uniform) else 0.25, delays=2.0)
        monitor = network.monitor(post, ["g_exc", "g_inh"])
        network.compile()
        for transmits in (True, False, True):
            silenced.transmission = transmits
            network.simulate(20.0)
        return {name: monitor.get(name) for name in ("g_exc", "g_inh")}

    native, oracle = session("cpp"), session("reference")
    for name, values in native.items():
        np.testing.assert_array_equal(values, oracle[name])
    silent = native["g_exc"][21:40]
    assert (silent[1:] < silent[:-1]).all() and (np.diff(native["g_inh"][20:40], axis=0) > 0).any()


@pytest.mark.parametrize("threads", [1, 2])
def test_more_cells_than_two_bytes_tell_apart_are_reached(threads):
    def session(target):
        sim.setup(timestep=0.1, min_delay=0.1, target=target, threads=threads)
        sources = sim.Population(len(SPIKES), sim.SpikeSourceArray(spike_times=SPIKES))
        cells = [sim.Population(size, sim.IF_curr_exp(v_thresh=1e3)) for size in (40000, 30000, 20, 65536)]
        for number, population in enumerate(cells):
            rng = np.random.default_rng(number)
            ends = np.column_stack([rng.integers(0, len(SPIKES), 500), rng.integers(0, population.size, 500)])
            values = np.column_stack([rng.integers(1, 64, 500) / 32, rng.integers(1, 30, 500) / 10])
            sim.Projection(sources, population, sim.FromListConnector(np.hstack([ends, values])), sim.StaticSynapse())
            population.record("isyn_exc", sampling_interval=1.7)
        for _ in range(3):
            sim.run(1.7)
        segments = [population.get_data().segments[0] for population in cells]
        return [segment.analogsignals[0].magnitude for segment in segments]

    for native, oracle in zip(session("cpp"), session("reference"), strict=True):
        np.testing.assert_array_equal(native, oracle)
        assert np.unique(native).size > 50
