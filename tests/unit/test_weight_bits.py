"""Weights of static synapses in 16 bits: what users read is what is used, with an error that has a bound."""

from __future__ import annotations

import numpy as np
import pytest

import pynn_annarchy as sim
import pynn_annarchy.ann as ann
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.standardmodels.source_specs import SPIKE_SOURCE_POISSON
from pynn_annarchy.standardmodels.specs import IF_CURR_EXP
from tests.equivalence.networks import digest, network, random_synapses, record_all

N_SOURCES = 5
PARTS = 32767
"""Of the largest weight, one of which is more than the error of any."""


def sources_of(n=N_SOURCES):
    times = np.random.default_rng(0).integers(0, 90, (n, 9)) / 10
    return sim.Population(n, sim.SpikeSourceArray(spike_times=np.sort(times).tolist()))


def projection_of(sources, cells, weights, delay=1.0, synapse=sim.StaticSynapse, **options):
    """Everyone to everyone with weights given as an array; delays differ where no number is given."""
    shape = (sources.size, cells.size)
    delays = np.random.default_rng(9).integers(1, 30, shape) / 10 if delay is None else delay
    of_type = synapse(weight=np.broadcast_to(weights, shape), delay=delays)
    return sim.Projection(sources, cells, sim.AllToAllConnector(), of_type, **options)


def weights_of(projection):
    return np.array(projection.get("weight", "list", with_address=False))


def drawn(n, seed=0, largest=1.0):
    """Weights between whose sizes lie many powers of two."""
    return largest * np.random.default_rng(seed).uniform(0.0, 1.0, n) ** 5


def alone(weights, **options):
    """A simulation with one projection with these weights."""
    sim.setup(timestep=0.1, min_delay=0.1, weight_bits=16, **options)
    weights = np.reshape(weights, (N_SOURCES, -1))
    return projection_of(
        sources_of(), sim.Population(weights.shape[1], sim.IF_curr_exp()), weights, receptor_type="excitatory"
    )


# values


@pytest.mark.parametrize("largest", [1e-300, 3e-3, 0.5, 0.999, 1.0, 1.001, 87.8, 1e5, 1e300])
def test_the_error_of_a_weight_is_less_than_the_largest_divided_by_32767(largest):
    weights = drawn(1000, largest=largest)
    given = np.abs(weights).max()

    kept = weights_of(alone(weights))

    assert np.abs(kept - weights).max() < given / PARTS
    assert np.abs(kept - weights).max() > given / PARTS / 8  # it is rounding that is tested


def test_weights_that_are_whole_multiples_already_stay_as_they_are():
    weights = np.arange(1000) / 64

    assert np.array_equal(weights_of(alone(weights)), weights)


def test_rounding_rounded_weights_changes_nothing():
    once = weights_of(alone(drawn(1000)))

    assert np.array_equal(weights_of(alone(once)), once)


def test_one_weight_for_all_synapses_is_exact():
    projection = alone(np.full(50, 0.1))
    assert (weights_of(projection) == 0.1).all()

    projection.set(weight=0.3)
    assert (weights_of(projection) == 0.3).all()


def test_weights_of_synapses_that_learn_or_do_something_in_every_step_are_exact():
    sim.setup(timestep=0.1, min_delay=0.1, weight_bits=16)
    weights = np.random.default_rng(1).uniform(0.1, 1.0, (N_SOURCES, 7))
    cells = sim.Population(7, sim.IF_curr_exp())
    learning = projection_of(sources_of(), cells, weights, synapse=sim.TsodyksMarkramSynapse)
    gaps = projection_of(cells, cells, weights[:1, :1], synapse=lambda weight, delay: sim.ElectricalSynapse(weight=0.1))

    sim.run(1.0)

    assert np.array_equal(weights_of(learning), weights.ravel())
    assert (weights_of(gaps) == 0.1).all()


def test_new_weights_are_rounded_for_themselves():
    projection = alone(drawn(1000, largest=100.0))
    weights = drawn(1000, seed=1, largest=0.01)

    projection.set(weight=weights)

    assert np.abs(weights_of(projection) - weights).max() < np.abs(weights).max() / PARTS


def test_one_new_weight_within_the_range_leaves_the_others_alone():
    weights = drawn(1000)
    projection = alone(weights)
    before = weights_of(projection)

    connection = projection.connections[17]
    connection.weight = 0.1234567
    connection.weight = connection.weight

    kept = weights_of(projection)
    assert abs(kept[17] - 0.1234567) < np.abs(weights).max() / PARTS
    assert connection.weight == kept[17]
    assert np.array_equal(np.delete(kept, 17), np.delete(before, 17))


def test_one_weight_beyond_the_range_rounds_the_others_once_more():
    weights = drawn(1000)
    projection = alone(weights)
    assert projection.connections[3].weight == weights_of(projection)[3]

    projection.connections[17].weight = 50.0

    kept = weights_of(projection)
    assert kept[17] == 50.0
    # two roundings: half of the unit, and less than that for the one before
    assert np.abs(np.delete(kept - weights, 17)).max() < 2 * 50.0 / PARTS
    assert projection.connections[3].weight == kept[3]


def test_an_exact_weight_of_all_becomes_a_rounded_one_where_others_are_set():
    projection = alone(np.full(50, 0.1))

    projection.connections[7].weight = 0.7

    kept = weights_of(projection)
    assert abs(kept[7] - 0.7) < 0.7 / PARTS
    assert 0 < abs(kept[8] - 0.1) < 0.7 / PARTS


def test_saved_weights_come_back(tmp_path):
    projection = alone(drawn(200))
    file = str(tmp_path / "weights.txt")
    projection.save(["weight", "delay"], file)
    kept = weights_of(projection)

    sim.setup(timestep=0.1, min_delay=0.1, weight_bits=16)
    cells = sim.Population(40, sim.IF_curr_exp())
    again = sim.Projection(sources_of(), cells, sim.FromFileConnector(file), sim.StaticSynapse())

    assert np.array_equal(weights_of(again), kept)
    counts, _ = again.weightHistogram(nbins=3)
    assert sum(counts) == 200


def test_networks_in_the_manner_of_annarchy_have_the_option(target):
    net = ann.Network(dt=1.0, seed=3)
    net.config(weight_bits=16, target=target)
    pre, post = net.create(ann.SpikeSourceArray([[2.0], [5.0, 7.0]] * 10)), net.create(15, ann.Izhikevich())
    projection = net.connect(pre, post, "exc")
    projection.all_to_all(ann.Uniform(0.0, 1.0), delays=2.0)
    net.compile()
    projection.dendrite(2)[3].w = 0.7654321
    net.simulate(10.0)

    weights = np.array(projection.w)
    unit = 2.0**-15
    assert np.array_equal(weights, np.rint(weights / unit) * unit)
    assert abs(projection.dendrite(2)[3].w - 0.7654321) < 1.0 / PARTS


# what they do


class Network:
    """Projections that lie alone, in pairs, in pieces and scattered; two of different units onto the same receptor."""

    def __init__(self, **options):
        sim.setup(timestep=0.1, min_delay=0.1, **options)
        sources = sources_of()
        self.cells = [sim.Population(size, sim.IF_curr_exp(v_thresh=1e3)) for size in (4, 40, 3)]
        self.projections = []
        for number, cells in enumerate(self.cells):
            for largest in (1.0, 37.0):
                self.connect(sources, cells, number, largest, "excitatory")
        self.connect(self.cells[0], self.cells[1], 77, 1.0, "inhibitory")
        for number in range(66):
            self.connect(sources_of(2), self.cells[number % 3], number, 3.0 + number, "inhibitory")
        for cells in self.cells:
            cells.record(["isyn_exc", "isyn_inh", "v"])

    def connect(self, pre, post, seed, largest, receptor):
        weights = drawn((pre.size, post.size), seed, largest) * (-1 if receptor == "inhibitory" else 1)
        self.projections.append(projection_of(pre, post, weights, None, receptor_type=receptor))

    def seen(self):
        segments = [cells.get_data().segments[-1] for cells in self.cells]
        recorded = [signal.magnitude for segment in segments for signal in segment.analogsignals]
        return [*recorded, *map(weights_of, self.projections)]


def nothing(network):
    """Runs in pieces only."""


def other_weights(network):
    for number in (0, 2, 10, 50):
        projection = network.projections[number]
        projection.set(weight=np.sign(weights_of(projection)) * drawn(len(projection), 5, 0.2))


def one_weight_for_all(network):
    for number in (0, 10):
        network.projections[number].set(weight=0.3 if number == 0 else -0.3)


def one_weight(network):
    for number in (1, 3, 11):
        projection = network.projections[number]
        projection.connections[2].weight *= 0.7
        projection.connections[1].weight *= 5.1


def new_delays(network):
    network.projections[1].set(delay=2.2)


def larger_sums(network):
    """Which have other quanta."""
    network.projections[1].set(weight=3e4)


CHANGES = (nothing, other_weights, one_weight_for_all, one_weight, new_delays, larger_sums)


@pytest.mark.compiler
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "options",
    [{"threads": 1}, {"threads": 2}, {"threads": 3}, {"target": "cuda", "device": "emulated-shuffled"}],
    ids=["one thread", "two", "three", "device"],
)
def test_what_arrives_is_what_the_oracle_says(change, options):
    def session(**options):
        network = Network(weight_bits=16, **options)
        for duration in (1.3, 2.4, 0.1, 4.0):
            sim.run(duration)
            change(network)
        return network.seen()

    for native, oracle in zip(session(**options), session(target="reference"), strict=True):
        np.testing.assert_array_equal(native, oracle)


def test_weights_that_are_read_are_those_that_act(target):
    def session(weights=None, **options):
        network = Network(target=target, **options)
        if weights is not None:
            for projection, own in zip(network.projections, weights, strict=True):
                projection.set(weight=own)
        sim.run(9.0)
        return network.seen(), [weights_of(projection) for projection in network.projections]

    rounded, weights = session(weight_bits=16)
    exact, _ = session(weights)

    assert any(np.any(a != b) for a, b in zip(session()[0], rounded, strict=True))
    for one, other in zip(rounded, exact, strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_take_two_bytes(target):
    native = sim.NativeRNG(seed=1)

    def memory(connector, **options):
        sim.setup(timestep=0.1, min_delay=0.1, threads=2, target=target, **options)
        cells = [sim.Population(300, sim.IF_curr_exp()) for _ in range(2)]
        weight = sim.RandomDistribution("uniform", low=0.0, high=1e-3, rng=native)
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        projections = [sim.Projection(cells[0], post, connector, synapse) for post in cells]
        before = sim.timings()["bytes_per_synapse"]
        sim.run(1.0)
        footprint = sim.memory_footprint()
        after = sum(footprint[projection.label] for projection in projections) / 180_000
        assert after == pytest.approx(sim.timings()["bytes_per_synapse"], rel=1e-9)
        return np.array([before, after])

    drawn_in_32_bits, in_64 = sim.FixedTotalNumberConnector(90_000, rng=native), sim.AllToAllConnector()

    rounded = memory(in_64, weight_bits=16)
    assert (rounded < 4.3).all()  # in rows and in pairs, with two bytes for the target
    assert memory(in_64) - rounded == pytest.approx(6.0, abs=0.1)
    assert memory(drawn_in_32_bits) - memory(drawn_in_32_bits, weight_bits=16) == pytest.approx(2.0, abs=0.1)


# checkpoints


def driven(target="cpp", seed=42, weight_bits=16):
    """Cells that Poisson sources drive, and the projection between them."""
    net = network(target=target, threads=2, seed=seed, weight_bits=weight_bits)
    cells = net.add_cells(IF_CURR_EXP, 40, {"i_offset": 0.6}, "cells")
    noise = net.add_cells(SPIKE_SOURCE_POISSON, 30, {"rate": 500.0}, "noise")
    rng = np.random.default_rng(seed)
    synapses = random_synapses(
        net, noise, cells, "excitatory", rng, 0.3,
        lambda n: rng.uniform(0.0, 0.6, n), lambda n: rng.integers(1, 60, n), "driving",
    )  # fmt: skip
    record_all(net)
    return net, synapses


def test_what_goes_on_from_a_checkpoint_rounds_as_what_was_saved(target):
    """Weights do not tell of which unit they are multiples: one that was large once has made it so."""
    first, synapses = driven(target)
    first.run(137)
    for weight in (1000.0, 0.0):
        synapses.set("weight", weight, np.array([17]))
    checkpoint = first.checkpoint()
    second, restored = driven(target, seed=7)
    second.go_on_from(checkpoint)

    for net, own in ((first, synapses), (second, restored)):
        own.set("weight", 0.1234567, np.array([23]))
        net.run(163)

    assert abs(synapses.get("weight")[23] - 0.1234567) > 0.001  # the unit is large indeed
    assert np.array_equal(restored.get("weight"), synapses.get("weight"))
    assert digest(second) == digest(first)


def test_a_checkpoint_with_exact_weights_is_refused():
    with pytest.raises(ModelError, match="this one has weights of 16 bits"):
        driven()[0].go_on_from(driven(weight_bits=None)[0].checkpoint())


# options


@pytest.mark.parametrize("bits", [8, 32, "16", True])
def test_other_widths_are_refused(bits):
    with pytest.raises(ModelError, match="weight_bits must be 16, or None"):
        sim.setup(weight_bits=bits)
    with pytest.raises(ModelError, match="weight_bits must be 16, or None"):
        ann.Network(dt=1.0).config(weight_bits=bits)
