"""Networks on an emulated device: those of ANNarchy's interface, and what ANNarchy 5 leaves out of its CUDA paradigm.

Its documentation lists: delays of each synapse, firing rates, continuous inputs of spiking neurons, SpikeSourceArray;
convolutions and structural plasticity, which are not here yet on any target.
"""

from __future__ import annotations

import numpy as np
import pytest
from pyNN.random import NumpyRNG, RandomDistribution

import pynn_annarchy as sim
import pynn_annarchy.ann as ann
from tests.equivalence.annarchy_models import Comparison
from tests.equivalence.test_ann_networks import NETWORKS

pytestmark = pytest.mark.compiler

CPU = {"paradigm": "openmp", "num_threads": 1}
DEVICE = {"paradigm": "cuda", "device": "emulated-shuffled"}


def records(build, dt=0.5, duration=60.0, **config):
    """What the monitors of a network hold, by label and variable."""
    net = ann.Network(dt=dt, seed=5)
    net.config(**config)
    return Comparison(build, dt, duration).run(ann, net)


def check(build, **times):
    """The device gives the bits of the CPU; returns what it gives."""
    expected, found = records(build, **times, **CPU), records(build, **times, **DEVICE)
    assert {label: values.tobytes() for label, values in found.items()} == {
        label: values.tobytes() for label, values in expected.items()
    }
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_annarchys_interface_give_the_bits_of_the_cpu(name):
    comparison = NETWORKS[name]
    check(comparison.build, dt=comparison.dt, duration=min(comparison.duration, 200 * comparison.dt))


def test_every_spiking_synapse_has_a_delay_of_its_own():
    def build(package, net):
        source = net.create(package.SpikeSourceArray([[5.0]] * 10))
        cells = net.create(10, package.Neuron(equations="g_seen = g_exc", spike="g_seen > 1e9", reset=""))
        delays = np.arange(1.0, 11.0)
        net.connect(source, cells, "exc").from_matrix(np.diag(np.full(10, 2.0)), delays=np.diag(delays))
        return {"cells": net.monitor(cells, "g_seen")}

    seen = check(build, dt=1.0, duration=20.0)["cells.g_seen"]

    arrivals = np.argmax(seen > 0, axis=0)
    assert (arrivals - arrivals[0] == np.arange(10)).all() and arrivals[0] > 0


def test_every_rate_coded_synapse_has_a_delay_of_its_own():
    def build(package, net):
        clock = net.create(10, package.Neuron(equations="r = t"))
        follower = net.create(10, package.Neuron(equations="r = sum(exc)"))
        delays = np.diag(np.arange(1.0, 11.0))
        net.connect(clock, follower, "exc").from_matrix(np.diag(np.ones(10)), delays=delays)
        return {"follower": net.monitor(follower, "r")}

    seen = check(build, dt=1.0, duration=30.0)["follower.r"]

    assert (seen[-1][0] - seen[-1] == np.arange(10)).all() and seen[-1][-1] > 0


def test_spiking_neurons_have_firing_rates():
    def build(package, net):
        cells = net.create(package.PoissonPopulation(20, rates=np.linspace(10.0, 400.0, 20)))
        cells.compute_firing_rate(window=20.0)
        reader = net.create(1, package.Neuron(equations="r = sum(exc)"))
        net.connect(cells, reader, "exc", package.Synapse(psp="w*pre.r")).all_to_all(1.0)
        return {"cells": net.monitor(cells, ["r", "spike"]), "reader": net.monitor(reader, "r")}

    found = check(build, dt=1.0, duration=100.0)

    index, steps = found["cells.spike"].T
    last = [np.sum((index == cell) & (steps > 79)) * 1000 / 20 for cell in range(20)]
    assert np.allclose(found["cells.r"][-1], last) and np.max(last) > 100


def test_spiking_neurons_integrate_continuous_inputs():
    def build(package, net):
        units = net.create(4, package.Neuron(equations="r = 0.3 + 0.1*sin(t/5)"))
        cell = package.Neuron(
            parameters="tau = 10.0", equations="tau*dv/dt = -v + sum(rates) + sum(gap)", spike="v > 1", reset="v = 0"
        )
        cells = net.create(6, cell)
        gap = package.Synapse(psp="w*(pre.v - post.v)")
        net.connect(units, cells, "rates").all_to_all(package.Uniform(0.8, 1.6))
        net.connect(cells, cells, "gap", gap).all_to_all(0.05)
        return {"cells": net.monitor(cells, ["v", "spike"])}

    assert len(check(build)["cells.spike"]) > 10


def test_spikes_can_be_given_and_given_anew():
    def recorded(**config):
        net = ann.Network(dt=0.1, seed=1)
        net.config(**config)
        source = net.create(ann.SpikeSourceArray([[1.0, 2.5, 2.5], [0.0], []]))
        monitor = net.monitor(source, "spike")
        net.simulate(5.0)
        source.spike_times = [[6.0], [], [7.0, 8.1]]
        net.simulate(5.0)
        return monitor.get("spike")

    found = recorded(**DEVICE)

    assert found == recorded(**CPU)
    assert [len(found[cell]) for cell in range(3)] == [3, 1, 2]


def test_networks_of_pynn_give_the_bits_of_the_cpu_whatever_is_asked_of_them_between_runs():
    def data(**options):
        sim.setup(timestep=0.1, seed=3, **options)
        rng = NumpyRNG(7)
        source = sim.Population(20, sim.SpikeSourceArray(spike_times=[[k + 0.3, 2 * k + 5.1] for k in range(20)]))
        cells = sim.Population(30, sim.IF_cond_exp(i_offset=0.6))
        delay = RandomDistribution("uniform", low=0.1, high=9.0, rng=rng)
        stdp = sim.STDPMechanism(
            sim.SpikePairRule(), sim.AdditiveWeightDependence(w_max=0.05), weight=0.02, delay=delay
        )
        connector = sim.FixedProbabilityConnector(0.4, rng=rng)
        plastic = sim.Projection(source, cells, connector, stdp, receptor_type="excitatory")
        sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=0.01, delay=delay), receptor_type="inhibitory")
        cells.record(["spikes", "v"])
        cells[:5].record("gsyn_exc", sampling_interval=0.5)
        seen = []
        sim.run(15.0, callbacks=[lambda t: seen.append(plastic.get("weight", "list")) or t + 4.0])
        cells.set(i_offset=0.9)
        cells.inject(sim.ACSource(amplitude=0.3, frequency=40.0))
        sim.run(15.0)
        segment = cells.get_data().segments[0]
        return (
            seen,
            [train.magnitude.tolist() for train in segment.spiketrains],
            [signal.magnitude.tolist() for signal in segment.analogsignals],
            plastic.get("weight", "list"),
        )

    found = data(target="cuda", device="emulated-reverse")

    assert found == data(target="cpp", threads=2)
    assert sum(map(len, found[1])) > 20
