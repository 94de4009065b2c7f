"""Recording of weights and other variables of synapses through the PyNN API."""

from __future__ import annotations

import neo
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import pynn_annarchy as sim


@pytest.fixture(autouse=True)
def simulation():
    sim.setup(timestep=0.1)


def sources(n=2):
    times = [np.arange(2.0 + i, 60.0, 7.0 + i) for i in range(n)]
    return sim.Population(n, sim.SpikeSourceArray(spike_times=times))


def cells(n=3, cell_type=None):
    return sim.Population(n, cell_type or sim.IF_curr_exp(i_offset=1.2, tau_refrac=2.0))


def pair_rule(weight=0.3, delay=1.0):
    return sim.STDPMechanism(
        sim.SpikePairRule(A_plus=0.1, A_minus=0.12), sim.AdditiveWeightDependence(), weight=weight, delay=delay
    )


def plastic(pre=None, post=None, connector=None):
    return sim.Projection(pre or sources(), post or cells(), connector or sim.AllToAllConnector(), pair_rule())


def test_a_sample_is_what_get_returns_at_that_time():
    projection = plastic()
    projection.record("weight", sampling_interval=2.0)
    weights = [projection.get("weight", "list", with_address=False)]
    for _ in range(20):
        sim.run(2.0)
        weights.append(projection.get("weight", "list", with_address=False))

    (signal,) = projection.get_data().segments[0].analogsignals

    assert_array_equal(signal.magnitude, weights)
    assert weights[0] != weights[-1]
    assert (signal.name, float(signal.t_start), float(signal.sampling_period)) == ("weight", 0.0, 2.0)
    assert_array_equal(signal.array_annotations["presynaptic_index"], [0, 0, 0, 1, 1, 1])
    assert_array_equal(signal.array_annotations["postsynaptic_index"], [0, 1, 2, 0, 1, 2])


def test_recording_changes_nothing():
    ends = []
    for is_recorded in (False, True):
        sim.setup(timestep=0.1)
        projection = plastic()
        if is_recorded:
            projection.record("all")
        sim.run(50.0)
        ends.append(projection.get("weight", "list"))
    assert ends[0] == ends[1]


UNITS = [
    (sim.IF_curr_exp, "nA"),
    (sim.IF_curr_alpha, "nA"),
    (sim.IF_cond_exp, "uS"),
    (sim.EIF_cond_alpha_isfa_ista, "uS"),
    (sim.IF_curr_delta, "mV"),
]


@pytest.mark.parametrize(("cell_type", "unit"), UNITS)
def test_weights_have_the_unit_of_what_they_change(cell_type, unit):
    projection = plastic(post=cells(2, cell_type()))
    projection.record("weight")
    sim.run(1.0)
    (signal,) = projection.get_data().segments[0].analogsignals
    assert str(signal.units.dimensionality) == unit
    assert signal.shape == (11, 4)


def test_variables_of_short_term_plasticity_are_recorded_at_intervals_of_their_own():
    synapse = sim.TsodyksMarkramSynapse(U=0.3, tau_rec=100.0, tau_facil=50.0, weight=0.1)
    projection = sim.Projection(sources(), cells(), sim.OneToOneConnector(), synapse)
    projection.record(["u", "z"], sampling_interval=0.5)
    projection.record("weight", sampling_interval=5.0)
    sim.run(20.0)

    signals = {signal.name: signal for signal in projection.get_data().segments[0].analogsignals}

    assert {name: signal.shape for name, signal in signals.items()} == {"u": (41, 2), "z": (41, 2), "weight": (5, 2)}
    assert str(signals["u"].units.dimensionality) == "dimensionless"
    u = signals["u"].magnitude[:, 0]
    passed = 5  # the sample at 2.5 ms: the spike sent at 2.0 ms has passed after a time step, its delay
    assert_array_equal(u[:passed], 0.0)
    assert u[passed] == pytest.approx(0.3 * np.exp(-0.4 / 50.0), rel=1e-12)
    assert projection.get_data("u").segments[0].analogsignals[0].name == "u"


def test_static_synapses_are_recorded_as_they_were_set():
    projection = sim.Projection(sources(), cells(), sim.AllToAllConnector(), sim.StaticSynapse(weight=0.2))
    projection.record("weight", sampling_interval=1.0)
    sim.run(2.0)
    projection.set(weight=0.3)
    sim.run(1.0)
    (signal,) = projection.get_data().segments[0].analogsignals
    assert_array_equal(signal.magnitude, np.repeat([[0.2], [0.2], [0.2], [0.3]], 6, axis=1))


def test_each_reset_begins_a_segment():
    projection = plastic()
    projection.record("weight", sampling_interval=10.0)
    for duration in (20.0, 30.0):
        sim.run(duration)
        sim.reset(annotations={"duration": duration})
    sim.run(20.0)
    segments = projection.get_data().segments
    values = [segment.analogsignals[0].magnitude for segment in segments]
    assert [len(each) for each in values] == [3, 4, 3]
    assert_array_equal(values[0], values[1][:3])
    assert_array_equal(values[0], values[2])
    assert [segment.annotations.get("duration") for segment in segments] == [20.0, 30.0, None]


def test_cleared_data_are_gone_and_recording_goes_on():
    projection = plastic()
    projection.record("weight")
    sim.run(5.0)
    first = projection.get_data(clear=True).segments[0].analogsignals[0]
    sim.run(1.0)
    (signal,) = projection.get_data().segments[0].analogsignals
    assert (first.shape, signal.shape, float(signal.t_start)) == ((51, 6), (11, 6), 5.0)
    assert_array_equal(signal.magnitude[0], first.magnitude[-1])


def test_none_ends_recording():
    projection = plastic()
    projection.record("weight")
    sim.run(1.0)
    projection.record(None)
    sim.run(1.0)
    assert len(projection.get_data().segments[0].analogsignals) == 0
    projection.record("weight", sampling_interval=0.5)
    sim.run(1.0)
    (signal,) = projection.get_data().segments[0].analogsignals
    assert (signal.shape, float(signal.t_start)) == ((3, 6), 2.0)


def test_some_connections_are_recorded_by_number_or_as_such():
    projection = plastic()
    projection.record("weight", sampling_interval=1.0, connections=[4, 1])
    projection.record("weight", connections=projection.connections[4:])
    sim.run(30.0)
    (signal,) = projection.get_data().segments[0].analogsignals
    assert_array_equal(signal.array_annotations["connection_index"], [1, 4, 5])
    assert_array_equal(signal.array_annotations["presynaptic_index"], [0, 1, 1])
    assert_array_equal(signal.magnitude[-1], np.array(projection.get("weight", "list", with_address=False))[[1, 4, 5]])


def test_connections_of_assemblies_come_in_the_projections_order():
    pre, post = sources(2) + sources(1), cells(2) + cells(1)
    projection = plastic(pre, post[[2, 0]])
    projection.record("weight", sampling_interval=10.0)
    sim.run(30.0)
    (signal,) = projection.get_data().segments[0].analogsignals
    assert_array_equal(signal.magnitude[-1], projection.get("weight", "list", with_address=False))
    assert_array_equal(signal.array_annotations["presynaptic_index"], [0, 0, 1, 1, 2, 2])
    assert_array_equal(signal.array_annotations["postsynaptic_index"], [0, 1, 0, 1, 0, 1])


def test_data_are_written_at_the_end(tmp_path):
    projection = plastic()
    projection.record("weight", to_file=str(tmp_path / "weights.pkl"), sampling_interval=5.0)
    sim.run(20.0)
    sim.end()
    block = neo.io.PickleIO(str(tmp_path / "weights.pkl")).read_block()
    (signal,) = block.segments[0].analogsignals
    assert_array_equal(signal.magnitude[-1], projection.get("weight", "list", with_address=False))
    assert block.annotations["receptor_type"] == "excitatory"


def test_what_cannot_be_recorded_is_refused():
    projection = plastic()
    with pytest.raises(ValueError, match=r"'u' of projection .* cannot be recorded; its connections have weight, x, y"):
        projection.record("u")
    with pytest.raises(ValueError, match="has no connection 6: it has 6, counted from 0"):
        projection.record("weight", connections=[6])
    projection.record("weight", sampling_interval=1.0)
    with pytest.raises(ValueError, match=r"'weight' of connection 0 of .* already recorded every 1.0 ms"):
        projection.record("weight", sampling_interval=2.0)
    with pytest.raises(ValueError, match="must be a multiple of the time step"):
        projection.record("x", sampling_interval=0.25)
    other = plastic()
    with pytest.raises(ValueError, match="is none of projection"):
        projection.record("weight", connections=[other[0]])
    with pytest.raises(ValueError, match=r"\.txt"):
        projection.record("weight", to_file="weights.txt")
