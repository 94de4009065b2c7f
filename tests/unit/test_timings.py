"""What a simulation tells of what it took and did: names, sums, and counts against spikes and connections."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from pyNN.random import RandomDistribution

import pynn_annarchy as sim
from pynn_annarchy import ann
from pynn_annarchy.engine.timings import COUNTS, PHASES, Stopwatch, Timings

DT = 0.1
TIMES = {
    *("compile_time", "build_time", "init_time", "init_sparse_time", "run_time", "waiting_time", "recording_time"),
    *("neuron_update_time", "presynaptic_update_time", "postsynaptic_update_time", "synapse_dynamics_time"),
}
QUOTIENTS = {"ns_per_neuron_update", "ns_per_event", "bytes_per_synapse"}


def stdp():
    return sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(),
        weight_dependence=sim.AdditiveWeightDependence(w_max=1.0),
        weight=0.02,
        delay=0.7,
    )


class Network:
    """Sources, two of which spike twice in one step, and cells; static, plastic synapses, several delays."""

    def __init__(self, target: str, threads: int = 1, *, learns: bool = True):
        sim.setup(timestep=DT, target=target, threads=threads, seed=3)
        times = [[0.0, 0.5, 0.52, 7.0], [2.0, 2.1], [], [9.8, 9.9, 10.0, 12.3]]
        given = sim.Population(4, sim.SpikeSourceArray(spike_times=times))
        noise = sim.Population(20, sim.SpikeSourcePoisson(rate=80.0))
        self.cells = sim.Population(40, sim.IF_curr_exp(i_offset=0.9, tau_refrac=2.0))
        self.populations = [given, noise, self.cells]
        for population in self.populations:
            population.record("spikes")
        delays = np.arange(1, 161).reshape(4, 40) % 23 / 10 + 0.1
        self.projections = [
            self.connect(given, sim.StaticSynapse(weight=0.1), "excitatory"),
            self.connect(given, sim.StaticSynapse(weight=-0.1, delay=1.3), "inhibitory"),
            self.connect(noise, sim.StaticSynapse(weight=0.05, delay=0.2), "excitatory"),
            self.connect(noise, stdp() if learns else sim.StaticSynapse(delay=0.7), "excitatory"),
            self.connect(self.cells, sim.StaticSynapse(weight=0.01, delay=2.5), "excitatory"),
        ]
        self.projections[0].set(delay=delays)

    def connect(self, pre, synapse, receptor):
        connector = sim.FixedProbabilityConnector(0.3) if receptor == "excitatory" else sim.AllToAllConnector()
        if pre is self.populations[0]:
            connector = sim.AllToAllConnector()
        return sim.Projection(pre, self.cells, connector, synapse, receptor_type=receptor)

    def n_spikes(self) -> int:
        return sum(sum(map(len, self.trains(population))) for population in self.populations)

    def n_events(self, until: float) -> int:
        """Spikes that have reached a synapse, from what was recorded and the lists of connections."""
        n = 0
        for projection in self.projections:
            trains = self.trains(projection.pre)
            for pre, _, delay in projection.get("delay", format="list"):
                arrivals = np.ceil(trains[int(pre)] / DT - 1e-6) + round(delay / DT)
                n += int(np.sum(arrivals <= round(until / DT)))
        return n

    def trains(self, population):
        return [np.asarray(train.magnitude) for train in population.get_data().segments[-1].spiketrains]


def test_names_are_those_that_are_documented(target):
    sim.setup(target=target)
    assert set(sim.timings()) == TIMES | set(COUNTS) | QUOTIENTS
    sim.Population(1, sim.IF_curr_exp())
    sim.run(1.0)
    assert set(sim.timings()) == TIMES | set(COUNTS) | QUOTIENTS


def test_spikes_and_events_are_those_that_recordings_and_connections_tell(target):
    network = Network(target)
    for until in (0.1, 7.3, 9.9, 25.0):
        sim.run_until(until)
        told = sim.timings()
        assert told["spikes"] == network.n_spikes()
        assert told["synaptic_events"] == network.n_events(until)
        assert told["steps"] == round(until / DT)
        assert told["neuron_updates"] == told["steps"] * 60  # sources of given times are not updated


def test_counts_do_not_depend_on_target_or_threads():
    counts = []
    for target, threads in (("reference", 1), ("cpp", 1), ("cpp", 2), ("cpp", 3)):
        Network(target, threads)
        sim.run(20.0)
        counts.append([sim.timings()[name] for name in COUNTS])
    assert counts[0] == counts[1] == counts[2] == counts[3]
    assert counts[0][3] > 1000


def test_what_was_changed_or_read_between_runs_is_counted_once(target):
    network = Network(target)
    sim.run(9.9)
    network.projections[3].get("weight", format="list")  # applies what has reached the synapses
    network.projections[3].set(weight=0.03)
    network.projections[1].set(weight=-0.2)
    sim.run(5.1)
    assert sim.timings()["synaptic_events"] == network.n_events(15.0)


def test_spikes_past_synapses_that_are_followed_in_every_step_are_counted(target):
    network = ann.Network(dt=DT)
    network.config(target=target)
    source = network.create(ann.SpikeSourceArray([[1.0, 2.0, 3.0], [1.5]]))
    cells = network.create(3, ann.Neuron(equations="v = g_exc + sum(psp)", spike="v > 1e3", reset="v = 0.0"))
    synapse = ann.Synapse(equations="tau*dg/dt = -g", parameters="tau = 5.0", pre_spike="g += w", psp="g")
    network.connect(source, cells, "psp", synapse).all_to_all(0.5, delays=0.4)
    network.simulate(2.7)
    assert network.timings()["spikes"] == 3
    assert network.timings()["synaptic_events"] == 3 * 3
    assert network.timings()["synapse_dynamics_time"] > 0


def test_no_time_is_negative_and_the_phases_are_within_the_run(target):
    Network(target, threads=2)
    started = time.perf_counter()
    for duration in (0.1, 0.1, 3.0, 20.0):
        sim.run(duration)
    sim.reset()
    sim.run(5.0)
    elapsed = time.perf_counter() - started
    told = sim.timings()
    assert all(told[name] >= 0 for name in TIMES)
    # both clocks are monotonic and count the same seconds; their readings differ by less than a microsecond
    assert sum(told[name] for name in PHASES) <= told["run_time"] + 1e-6
    assert told["init_time"] + told["init_sparse_time"] <= told["build_time"]
    assert told["run_time"] <= elapsed
    assert told["neuron_update_time"] > 0 and told["presynaptic_update_time"] > 0


def test_the_first_step_tells_where_its_time_went_already(target):
    Network(target)
    sim.run(DT)
    told = sim.timings()
    assert 0 < sum(told[name] for name in PHASES) <= told["run_time"] + 1e-6


def test_counts_and_times_go_on_through_reset_and_end_with_setup(target):
    network = Network(target, learns=False)
    sim.run(10.0)
    first = sim.timings()
    before = network.n_spikes()
    sim.reset()
    sim.run(10.0)
    assert sim.timings()["spikes"] == before + network.n_spikes()
    assert sim.timings()["steps"] == 2 * first["steps"]
    assert sim.timings()["run_time"] > first["run_time"]
    sim.setup()
    assert sim.timings()["steps"] == sim.timings()["run_time"] == 0


def test_quotients_are_of_the_numbers_beside_them_and_nan_of_nothing():
    sim.setup(threads=1)
    assert all(math.isnan(sim.timings()[name]) for name in QUOTIENTS)
    network = Network("cpp")
    sim.run(50.0)
    told = sim.timings()
    assert told["ns_per_event"] == 1e9 * told["presynaptic_update_time"] / told["synaptic_events"]
    assert told["ns_per_neuron_update"] == 1e9 * told["neuron_update_time"] / told["neuron_updates"]
    n_synapses = sum(projection.size() for projection in network.projections)
    sizes = sim.memory_footprint()
    synapses = sum(sizes[projection.label] for projection in {p.label: p for p in network.projections}.values())
    assert told["bytes_per_synapse"] == pytest.approx(synapses / n_synapses, rel=1e-12)


def test_memory_is_told_of_cells_of_all_projections_of_a_label_and_of_recordings(target):
    sim.setup(target=target)
    cells = sim.Population(100, sim.IF_curr_exp(), label="cells")
    weight = RandomDistribution("uniform", (0.0, 0.1))  # synapses of one weight may take a bit each
    for _ in range(2):
        sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=weight), label="twice")
    cells.record("v")
    sim.run(1.0)
    sizes = sim.memory_footprint()
    assert set(sizes) == {"cells", "twice", "recorded data"}
    assert sizes["cells"] >= 100 * 8
    assert sizes["twice"] >= 2 * 100 * 99  # a target takes one byte or more
    assert sizes["recorded data"] == 11 * 100 * 8


def test_the_summary_has_a_line_for_each_name():
    Network("cpp")
    sim.run(5.0)
    lines = str(sim.timings()).splitlines()
    assert [line[:26].strip().replace(" ", "_") for line in lines] == list(sim.timings())
    assert "nan" not in str(Timings.of_nothing())


def test_networks_of_the_annarchy_interface_tell_the_same(capsys):
    ann.clear()
    ann.Population(10, ann.Izhikevich(), name="ten")
    assert ann.timings()["steps"] == 0
    ann.simulate(3.0)
    assert set(ann.timings()) == TIMES | set(COUNTS) | QUOTIENTS
    assert ann.timings()["neuron_updates"] == 30
    assert ann.magic_network().timings()["steps"] == 3
    assert ann.memory_footprint()["ten"] > 0
    assert "ten: " in capsys.readouterr().out
    ann.clear()


def test_time_inside_something_else_is_counted_once(monkeypatch):
    clock = iter([0.0, 1.0, 3.0, 6.0, 10.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    watch = Stopwatch(["outer", "inner", "next"])
    with watch.of("outer"):  # 0
        with watch.of("inner"):  # 1 to 3
            pass
        watch.start("next")  # 6
        watch.stop()  # 10
        monkeypatch.setattr(time, "perf_counter", lambda: 15.0)
    assert watch.seconds == {"outer": 1.0 + 3.0 + 5.0, "inner": 2.0, "next": 4.0}
