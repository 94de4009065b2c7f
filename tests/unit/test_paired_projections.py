"""Sources of many spikes, of which each drives one cell: whether they are listed or counted makes no difference."""

from __future__ import annotations

import numpy as np
import pytest

import pynn_annarchy as sim

SIZE = 40
DELAY = 1.1  # ms
RECEPTORS = ("excitatory", "inhibitory")


class Network:
    """Poisson sources, several spikes a step at first, that each drive one cell; nobody records the sources."""

    def __init__(self, target: str, threads: int = 1, size: int = SIZE):
        sim.setup(timestep=0.1, min_delay=0.1, max_delay=5.0, target=target, threads=threads)
        self.sources = sim.Population(size, sim.SpikeSourcePoisson(rate=16000.0))
        self.cells = sim.Population(size, sim.IF_curr_exp(v_thresh=-60.0))
        self.cells.record(["isyn_exc", "spikes"])
        self.drive = self.connect(sim.OneToOneConnector(), 0.125, DELAY)

    def connect(self, connector, weight, delay):
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        return sim.Projection(self.sources, self.cells, connector, synapse, receptor_type="excitatory")

    def seen(self):
        segments = [p.get_data().segments[-1] for p in (self.cells, self.sources)]
        trains = [train.magnitude.tolist() for segment in segments for train in segment.spiketrains]
        return trains, segments[0].analogsignals[0].magnitude.tolist()


def nothing(network):
    """Runs in pieces only."""


def another_weight(network):
    network.drive.set(weight=0.25)


def weights_of_their_own(network):
    network.drive.set(weight=np.diag(np.linspace(0.1, 0.2, SIZE))[np.eye(SIZE, dtype=bool)])


def another_delay(network):
    network.drive.set(delay=0.4)


def one_more_projection(network):
    network.connect(sim.AllToAllConnector(), 0.001, 0.7)


def one_more_pair(network):
    network.connect(sim.OneToOneConnector(), 0.01, 0.7)


def recording(network):
    network.sources.record("spikes")


def silence(network):
    network.sources.set(rate=0.0)


def rare_spikes(network):
    network.sources.set(rate=300.0)


def rates_of_their_own(network):
    network.sources.set(rate=np.linspace(0.0, 30000.0, network.sources.size))


def reading(network):
    assert np.nanmax(network.drive.get("delay", format="array")) == pytest.approx(DELAY)


def another_run_from_the_start(network):
    sim.reset()


CHANGES = (
    nothing,
    another_weight,
    weights_of_their_own,
    another_delay,
    one_more_projection,
    one_more_pair,
    recording,
    silence,
    rare_spikes,
    rates_of_their_own,
    reading,
    another_run_from_the_start,
)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("threads", [1, 2])
def test_what_arrives_is_what_the_oracle_says(change, threads):
    def session(target, threads):
        network = Network(target, threads)
        for duration in (1.7, 2.0, 0.1, 0.3, 3.0):
            sim.run(duration)
            change(network)
        return network.seen()

    assert session("cpp", threads) == session("reference", 1)


@pytest.mark.parametrize("change", [nothing, another_delay, recording, silence, rare_spikes, rates_of_their_own])
def test_threads_that_help_each_other_draw_what_the_oracle_says(change):
    """Done in steps of their own, as one synapse asks for; in several pieces for each partition."""

    def session(target, threads):
        network = Network(target, threads, size=14_000)
        sim.Projection(
            network.cells[:1], network.cells[1:2], sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01, delay=0.1)
        )
        seldom = sim.Population(network.cells.size, sim.SpikeSourcePoisson(rate=500.0))
        sim.Projection(seldom, network.cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.5, delay=0.2))
        for duration in (1.7, 0.1, 1.2):
            sim.run(duration)
            change(network)
        timings = sim.timings()
        return network.seen(), timings["spikes"], timings["synaptic_events"]

    expected = session("reference", 1)
    for threads in (1, 2, 3):
        assert session("cpp", threads) == expected


def test_a_delay_of_one_step_and_no_recording_at_all():
    def potentials(target):
        network = Network(target)
        network.drive.set(delay=0.1)
        sim.run(3.0)
        network.cells.record(None)
        sim.run(4.0)
        network.cells.record("v")
        sim.run(1.0)
        return network.cells.get_data().segments[-1].analogsignals[0].magnitude.tolist()

    assert potentials("cpp") == potentials("reference")


@pytest.mark.parametrize(("rate", "are_counted"), [(16000.0, True), (10.0, False)])
def test_only_spikes_that_are_many_are_counted(rate, are_counted):
    network = Network("cpp")
    network.sources.set(rate=rate)
    (synapses,) = sim.simulator.state.network.projections
    synapses.network.prepare()
    before = synapses.nbytes

    sim.run(3.0)

    # two bytes for each source and step that a spike is under way, and that in which it arrives
    assert synapses.nbytes - before == (2 * SIZE * (round(DELAY / 0.1) + 1) if are_counted else 0)


def three_receptors():
    return sim.Neuron(
        parameters="tau = 10.0; v_thresh = 1.0",
        equations="""
            dv/dt = (g_excitatory - g_inhibitory + g_other + i_inj - v)/tau : init=0.0
            dg_excitatory/dt = -g_excitatory/2.0
            dg_inhibitory/dt = -g_inhibitory/4.0
            dg_other/dt = -g_other/8.0
        """,
        spike="v >= v_thresh",
        reset="v = 0.0",
        name="ThreeReceptors",
    )()


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("is_injected", [False, True])
@pytest.mark.parametrize(
    ("cell", "receptors"),
    [
        *(
            (cell, (receptor,))
            for cell in (sim.IF_curr_exp, sim.IF_cond_exp, sim.HH_cond_exp)
            for receptor in RECEPTORS
        ),
        (sim.IF_curr_exp, RECEPTORS),
        (three_receptors, ("other",)),
        (three_receptors, (*RECEPTORS, "other")),
    ],
)
def test_what_is_counted_comes_on_top_of_sums(cell, receptors, is_injected, precision):
    """In steps of their own, where cells add up by themselves what arrives at one receptor."""

    def seen(target, threads):
        sim.setup(timestep=0.1, min_delay=0.1, target=target, threads=threads, precision=precision)
        cells = sim.Population(300, cell())
        sign = -1.0 if cell is sim.IF_curr_exp else 1.0

        def connect(pre, connector, weight, delay, receptor):
            synapse = sim.StaticSynapse(weight=weight, delay=delay)
            return sim.Projection(pre, cells, connector, synapse, receptor_type=receptor)

        for receptor in receptors:
            sources = sim.Population(300, sim.SpikeSourcePoisson(rate=16000.0))
            weight = sign * 0.0625 if receptor == "inhibitory" else 0.03125
            connect(sources, sim.OneToOneConnector(), weight, 0.3, receptor)
        connector = sim.FixedProbabilityConnector(0.1, rng=sim.NativeRNG(seed=4))
        for receptor, weight in zip(RECEPTORS, (0.01, sign * 0.02), strict=True):
            weights = sim.RandomDistribution("uniform", sorted((0.5 * weight, weight)), rng=sim.NativeRNG(seed=3))
            connect(cells, connector, weights, 0.1, receptor)
        if is_injected:
            sim.DCSource(amplitude=0.3, start=1.0, stop=4.0).inject_into(cells[:100])
        cells.record(["v", "spikes"])
        for duration in (2.0, 0.1, 3.9):
            sim.run(duration)
        segment = cells.get_data().segments[0]
        return [train.magnitude.tolist() for train in segment.spiketrains], segment.analogsignals[0].magnitude.tolist()

    assert seen("cpp", 2) == seen("reference", 1)
