"""Many small projections are delivered together, whatever populations they come from, until something is changed."""

from __future__ import annotations

import numpy as np
import pytest

import pynn_annarchy as sim
from pynn_annarchy import ann
from pynn_annarchy.exceptions import ModelError

N_SOURCES, N_TARGETS = 12, 6


class Network:
    """Twelve populations of given spikes onto six: 72 projections with weights of their own, 72 with one each."""

    def __init__(self, target: str, threads: int = 1):
        sim.setup(timestep=0.1, min_delay=0.1, target=target, threads=threads)
        times = np.random.default_rng(0).integers(0, 90, (N_SOURCES, 3, 4)) / 10
        self.sources = [sim.Population(3, sim.SpikeSourceArray(spike_times=np.sort(each).tolist())) for each in times]
        self.cells = [sim.Population(2 + 9 * k, sim.IF_curr_exp(v_thresh=1e3)) for k in range(N_TARGETS)]
        for cells in self.cells:
            cells.record(["isyn_exc", "isyn_inh"])
        self.projections = []
        for number in range(N_SOURCES * N_TARGETS):
            pre, post = self.sources[number // N_TARGETS], self.cells[number % N_TARGETS]
            rng = np.random.default_rng(number)
            each = self.connect(pre, post, 1.0, 1.0, "excitatory")
            each.set(delay=rng.integers(1, 30, each.shape) / 10)
            each.set(weight=rng.integers(1, 64, each.shape) / 32)
            self.projections.append(each)
            self.connect(pre, post, -0.25 * (1 + number % 3), 0.1 * (1 + number % 13), "inhibitory")

    def connect(self, pre, post, weight, delay, receptor):
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        return sim.Projection(pre, post, sim.AllToAllConnector(), synapse, receptor_type=receptor)

    def seen(self) -> list[list[list[float]]]:
        segments = [cells.get_data().segments[-1] for cells in self.cells]
        return [signal.magnitude.tolist() for segment in segments for signal in segment.analogsignals]


def nothing(network):
    """Runs in pieces only."""


def one_weight_for_many(network):
    network.projections[10].set(weight=2.5)


def weights_that_single_precision_lacks(network):
    network.projections[20].set(weight=0.1)


def one_delay(network):
    network.projections[30].set(delay=2.2)


def one_more_projection(network):
    network.connect(network.sources[0], network.cells[0], 0.5, 0.7, "excitatory")


def other_spikes(network):
    network.sources[4].set(spike_times=[8.5, 8.9])


def reading(network):
    assert network.projections[40].get("weight", format="array").max() < 2.0
    assert network.projections[40].get("delay", format="array").max() < 3.0


def another_run_from_the_start(network):
    sim.reset()


@pytest.mark.parametrize(
    "change",
    [
        nothing,
        one_weight_for_many,
        weights_that_single_precision_lacks,
        one_delay,
        one_more_projection,
        other_spikes,
        reading,
        another_run_from_the_start,
    ],
)
@pytest.mark.parametrize("threads", [1, 3])
def test_what_arrives_is_what_the_oracle_says(change, threads):
    def session(target, threads):
        network = Network(target, threads)
        for duration in (1.3, 2.4, 0.1, 5.0):
            sim.run(duration)
            change(network)
        return network.seen(), sim.timings()["synaptic_events"]

    assert session("cpp", threads) == session("reference", 1)


def test_an_increment_beyond_its_bound_names_the_projection():
    sim.setup(timestep=0.1, target="cpp")
    growing = sim.Synapse(pre_spike="g_target += weight*exp(t)")
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[[1.0, 9.0], [2.0]]))
    cells = sim.Population(3, sim.IF_curr_exp())
    for number in range(80):  # a bound is 1024 times the weight; exp(t) is more from 6.9 ms on
        synapse = growing(weight=0.5, delay=0.1) if number == 57 else growing(weight=50.0, delay=4.0)
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse, label=f"number {number}")
    sim.run(8.0)  # others have sent more than number 57 may, but no more than they may
    with pytest.raises(ModelError, match=r"'number 57'.*at t = 9\.1 ms"):
        sim.run(2.0)


def test_populations_and_projections_that_are_switched_off_and_on():
    def session(target, threads):
        network = ann.Network(dt=1.0)
        network.config(target=target, num_threads=threads)
        cell = ann.Neuron("tau = 5.0", "dg_exc/dt = -g_exc/tau\nv = 0.0", "v > 1")
        sources = [
            network.create(ann.SpikeSourceArray([[float(t) for t in range(n, 60, n % 5 + 2)] for n in (k, k + 1)]))
            for k in range(1, 11)
        ]
        cells = [network.create(3, cell) for _ in range(7)]
        projections = []
        for k, source in enumerate(sources):
            for post in cells:
                projections.append(network.connect(source, post, "exc"))
                projections[-1].all_to_all(0.5, delays=float(1 + k % 4))
        monitors = [network.monitor(post, ["g_exc"]) for post in cells]
        network.compile(silent=True)
        network.simulate(15.0)
        projections[8].transmission = False
        cells[2].disable()
        network.simulate(15.0)
        projections[8].transmission = True
        sources[3].clear()
        network.simulate(1.0)
        cells[2].enable()
        network.simulate(20.0)
        return [monitor.get("g_exc").tolist() for monitor in monitors], network.timings()["synaptic_events"]

    expected = session("reference", 1)
    assert session("cpp", 1) == expected
    assert session("cpp", 2) == expected


def test_a_checkpoint_takes_the_spikes_that_are_under_way():
    network = Network("cpp")
    sim.run(3.0)
    checkpoint = sim.simulator.state.network.checkpoint()
    sim.run(6.0)
    seen = network.seen()
    sim.simulator.state.network.go_on_from(checkpoint)
    sim.run(6.0)
    assert network.seen() == seen
