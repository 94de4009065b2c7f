"""Recording, control and currents through the PyNN API."""

from __future__ import annotations

import copy
import pickle

import neo
import numpy as np
import pyNN.mock
import pytest
from neo.core.spiketrainlist import SpikeTrainList
from numpy.testing import assert_array_equal
from pyNN.standardmodels import StandardCellType

import pynn_annarchy as sim
from pynn_annarchy import output


def resting(n=3, **parameters):
    return sim.Population(n, sim.IF_curr_exp(**parameters), label="cells")


def test_signals_begin_at_zero_and_end_at_the_present_time():
    sim.setup(timestep=0.1)
    cells = resting()
    cells.record("v")
    sim.run(2.0)
    sim.run(3.0)
    (signal,) = cells.get_data().segments[0].analogsignals
    assert signal.shape == (51, 3)
    assert (float(signal.t_start), float(signal.sampling_period)) == (0.0, 0.1)
    assert str(signal.units.dimensionality) == "mV"
    assert_array_equal(signal.array_annotations["channel_index"], [0, 1, 2])
    assert_array_equal(signal.annotations["channel_ids"], [int(cell) for cell in cells])
    assert_array_equal(signal[0].magnitude, [-65.0] * 3)


def test_sampling_interval_counts_whole_steps():
    sim.setup(timestep=0.1)
    cells = resting()
    cells.record(["v", "isyn_exc"], sampling_interval=0.5)
    sim.run(2.3)
    for signal in cells.get_data().segments[0].analogsignals:
        assert signal.shape == (5, 3)
        assert float(signal.sampling_period) == 0.5


def test_a_view_gives_the_data_of_its_cells():
    sim.setup(timestep=0.1)
    cells = resting(5)
    cells[1:4].record("v")
    cells.record("spikes")
    sim.run(1.0)
    data = cells[[0, 3]].get_data().segments[0]
    (signal,) = data.analogsignals
    assert_array_equal(signal.array_annotations["channel_index"], [3])
    assert [train.annotations["source_index"] for train in data.spiketrains] == [0, 3]


def test_cells_added_later_have_a_signal_of_their_own():
    sim.setup(timestep=0.1)
    cells = resting(4)
    cells[:2].record("v")
    sim.run(1.0)
    cells.record("v")
    sim.run(1.0)
    early, late = cells.get_data().segments[0].analogsignals
    assert (early.shape, float(early.t_start)) == ((21, 2), 0.0)
    assert (late.shape, float(late.t_start)) == ((11, 2), 1.0)
    assert_array_equal(late.array_annotations["channel_index"], [2, 3])


def test_cleared_data_are_gone_and_recording_goes_on():
    sim.setup(timestep=0.1)
    cells = resting()
    cells.record("v")
    sim.run(2.0)
    assert cells.get_data(clear=True).segments[0].analogsignals[0].shape == (21, 3)
    sim.run(1.0)
    (signal,) = cells.get_data().segments[0].analogsignals
    assert signal.shape == (11, 3)
    assert (float(signal.t_start), float(signal.t_stop)) == (2.0, pytest.approx(3.1))


def test_spike_times_of_a_source_come_back_exactly_in_the_run_they_belong_to():
    sim.setup(timestep=0.05)
    times = [0.075, 12.34, 20.01, 30.5]
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=times))
    source.record("spikes")
    recorded = []
    for _ in range(4):
        sim.run(10.0)
        recorded.append(source.get_data(clear=True).segments[0].spiketrains[1].magnitude.tolist())
    assert recorded == [[0.075], [12.34], [20.01], [30.5]]


def test_spike_times_may_be_changed_between_runs():
    sim.setup(timestep=0.1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0, 12.0]))
    source.record("spikes")
    sim.run(10.0)
    source.set(spike_times=[13.0, 14.5])
    sim.run(10.0)
    assert source.get_data().segments[0].spiketrains[0].magnitude.tolist() == [1.0, 13.0, 14.5]
    assert source.get_spike_counts() == {int(source[0]): 3}


def test_reset_begins_a_new_segment_with_the_same_trace():
    sim.setup(timestep=0.1)
    cells = resting(tau_m=10.0)
    cells[:2].initialize(v=-55.0)
    cells.record("v")
    for duration in (2.0, 3.0):
        sim.run(duration)
        sim.reset()
    sim.run(1.0)
    segments = cells.get_data("v").segments
    signals = [segment.analogsignals[0].magnitude for segment in segments]
    assert [len(signal) for signal in signals] == [21, 31, 11]
    assert_array_equal(signals[0], signals[1][:21])
    assert_array_equal(signals[0][:11], signals[2])


def test_recording_is_forgotten_on_request():
    sim.setup(timestep=0.1)
    cells = resting()
    cells.record(["v", "spikes"])
    sim.run(1.0)
    cells.record(None)
    sim.run(1.0)
    segment = cells.get_data().segments[0]
    assert (len(segment.analogsignals), len(segment.spiketrains)) == (0, 0)


def test_there_are_no_data_before_the_first_run():
    sim.setup(timestep=0.1)
    cells = resting()
    cells.record("v")
    assert len(cells.get_data().segments) == 0


def test_end_writes_the_files_that_were_asked_for(tmp_path):
    neo_io = pytest.importorskip("neo.io")
    sim.setup(timestep=0.1)
    cells = resting()
    path = tmp_path / "v.pkl"
    cells[0:1].record("v", to_file=str(path))
    sim.run(1.0)
    sim.end()
    block = neo_io.PickleIO(filename=str(path)).read_block()
    assert block.segments[0].analogsignals[0].shape == (11, 1)
    assert cells.get_data().segments[0].analogsignals[0].shape == (11, 1)


def test_callbacks_are_called_at_the_times_they_ask_for():
    sim.setup(timestep=0.1)
    resting()
    heard = []

    def every_half(t):
        heard.append(t)
        return t + 0.5

    assert sim.run(2.0, callbacks=[every_half]) == 2.0
    assert heard == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_a_constant_current_acts_from_its_start_to_its_stop():
    sim.setup(timestep=0.1)
    cells = resting(2)
    source = sim.DCSource(amplitude=0.5, start=1.0, stop=2.0)
    source.inject_into(cells[0:1])
    source.record()
    cells.record("v")
    sim.run(3.0)
    current = source.get_data().magnitude.ravel()
    assert current[9] == 0.0
    assert_array_equal(current[10:20], 0.5)
    assert_array_equal(current[20:], 0.0)
    v = cells.get_data().segments[0].analogsignals[0].magnitude
    assert_array_equal(v[:11, 0], -65.0)
    # exact: 20 MOhm membrane, one step of tau_m = 20 ms
    assert v[11, 0] == pytest.approx(-65.0 + 20.0 * 0.5 * -np.expm1(-0.1 / 20.0), rel=1e-12)
    assert v[20, 0] == pytest.approx(-65.0 + 20.0 * 0.5 * -np.expm1(-1.0 / 20.0), rel=1e-12)
    assert (np.diff(v[20:, 0]) < 0).all()
    assert_array_equal(v[:, 1], -65.0)


def test_a_changed_current_acts_from_now_on_and_from_the_beginning_after_reset():
    sim.setup(timestep=0.1)
    source = sim.DCSource(amplitude=0.1)
    resting().inject(source)
    source.record()
    sim.run(1.0)
    source.amplitude += 0.1
    sim.run(1.0)
    assert source.amplitude == 0.2
    assert_array_equal(source.get_data().magnitude.ravel(), [0.1] * 10 + [0.2] * 11)
    sim.reset()
    sim.run(0.5)
    assert_array_equal(source.get_data().magnitude.ravel(), [0.2] * 6)


def test_setup_in_a_row_gives_fresh_simulations():
    for _ in range(3):
        sim.setup(timestep=0.1)
        cells = resting()
        cells.record("v")
        sim.run(1.0)
        assert sim.get_current_time() == 1.0
        assert len(cells.get_data().segments) == 1
        sim.end()


def test_steps_of_current_fall_on_time_steps():
    sim.setup(timestep=0.1)
    source = sim.StepCurrentSource(times=[0.41, 0.42, 0.86], amplitudes=[1.0, 2.0, 3.0])
    assert_array_equal(source.times, [0.4, 0.9])
    assert_array_equal(source.amplitudes, [2.0, 3.0])
    source.record()
    sim.run(1.0)
    assert_array_equal(source.get_data().magnitude.ravel(), [0.0] * 4 + [2.0] * 5 + [3.0] * 2)


@pytest.mark.parametrize("times", [[-0.1, 1.0], [1.0, 0.5], [1.0, 1.0]])
def test_steps_of_current_must_ascend_from_zero_on(times):
    sim.setup(timestep=0.1)
    with pytest.raises(ValueError, match="Step current"):
        sim.StepCurrentSource(times=times, amplitudes=[1.0, 2.0])


def test_reset_draws_new_noise_unless_it_is_asked_to_repeat_it():
    sim.setup(timestep=0.1, seed=7)
    source = sim.Population(20, sim.SpikeSourcePoisson(rate=200.0))
    source.record("spikes")
    sim.run(50.0)
    sim.reset(repeat_noise=True)
    sim.run(50.0)
    sim.reset()
    sim.run(50.0)

    first, repeated, new = (
        [train.magnitude.tolist() for train in segment.spiketrains] for segment in source.get_data().segments
    )
    assert repeated == first
    assert new != first


def test_spikes_of_the_last_step_lie_inside_their_segment(target):
    # 3 * 0.1 is larger than 0.3: times of spikes and the present time have to be formed alike
    sim.setup(timestep=0.1, target=target)
    cells = resting(1, i_offset=1000.0, tau_refrac=0.0)
    cells.record("spikes")
    for step in range(1, 21):
        sim.run(0.1)
        (train,) = cells.get_data().segments[0].spiketrains
        assert train[-1] == train.t_stop == step / 10 == sim.get_current_time()


def test_given_spike_times_in_the_last_step_lie_inside_their_segment():
    sim.setup(timestep=0.1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=np.arange(1, 10) * 0.1 + 1e-8))
    source.record("spikes")
    for step in range(1, 10):
        sim.run(0.1)
        (train,) = source.get_data().segments[0].spiketrains
        assert len(train) == step
        assert train[-1] == train.t_stop


def test_a_population_made_at_a_later_time_is_recorded_from_zero_on_after_reset():
    sim.setup(timestep=0.1)
    sim.run(10.0)
    cells = resting(1, i_offset=10.0)
    cells.record(["spikes", "v"])
    sim.run(5.0)
    sim.reset()
    sim.run(3.0)
    first, second = cells.get_data().segments
    assert [float(s.spiketrains[0].t_start) for s in (first, second)] == [10.0, 0.0]
    assert [float(s.analogsignals[0].t_start) for s in (first, second)] == [10.0, 0.0]
    assert len(second.spiketrains[0]) > 0


def test_data_cleared_before_a_reset_do_not_shorten_the_next_segment():
    sim.setup(timestep=0.1)
    cells = resting(1, i_offset=10.0)
    cells.record("spikes")
    sim.run(5.0)
    cells.get_data(clear=True)
    sim.run(5.0)
    sim.reset()
    sim.run(3.0)
    first, second = cells.get_data().segments
    assert [float(s.spiketrains[0].t_start) for s in (first, second)] == [5.0, 0.0]


def test_a_view_gives_the_data_of_its_cells_for_segments_before_a_reset_too():
    sim.setup(timestep=0.1)
    cells = resting(5, i_offset=10.0)
    cells.record(["v", "spikes"])
    sim.run(5.0)
    sim.reset()
    sim.run(5.0)
    for segment in cells[[1, 3]].get_data().segments:
        (signal,) = segment.analogsignals
        assert_array_equal(signal.array_annotations["channel_index"], [1, 3])
        assert_array_equal(signal.annotations["channel_ids"], [int(cells[1]), int(cells[3])])
        assert signal.shape == (51, 2)
        assert [train.annotations["source_index"] for train in segment.spiketrains] == [1, 3]
        assert [len(train) for train in segment.spiketrains] == [3, 3]


def test_cells_that_have_not_run_yet_have_no_spikes(target):
    sim.setup(timestep=0.1, target=target)
    resting()
    sim.run(1.0)
    cells = resting(2)
    cells.record("spikes")
    (segment,) = cells.get_data().segments
    assert [len(train) for train in segment.spiketrains] == [0, 0]
    assert cells.mean_spike_count() == 0


def test_reading_an_assembly_again_gives_the_same_data_and_leaves_those_of_its_populations_alone():
    sim.setup(timestep=0.1)
    one, other = resting(2, i_offset=10.0), resting(3, i_offset=10.0)
    assembly = one + other
    assembly.record(["v", "spikes"])
    sim.run(5.0)
    sim.reset()
    sim.run(5.0)
    for _ in range(2):
        for segment in assembly.get_data().segments:
            indices = [signal.array_annotations["channel_index"] for signal in segment.analogsignals]
            assert np.concatenate(indices).tolist() == [0, 1, 2, 3, 4]
            assert [len(train) for train in segment.spiketrains] == [3] * 5
    for segment in other.get_data().segments:
        assert segment.analogsignals[0].array_annotations["channel_index"].tolist() == [0, 1, 2]
        assert len(segment.spiketrains) == 3


def test_sampling_intervals_that_are_the_same_number_of_steps_are_the_same():
    sim.setup(timestep=0.1)
    cells = resting(2)
    cells.record("v", sampling_interval=0.3)
    cells.record("isyn_exc", sampling_interval=3 * 0.1)
    sim.run(0.9)
    assert [signal.shape for signal in cells.get_data().segments[0].analogsignals] == [(4, 2), (4, 2)]


def test_variables_may_have_different_sampling_intervals(target):
    sim.setup(timestep=0.1, target=target)
    cells = resting(2, i_offset=0.5)
    cells.record("v")
    cells.record("isyn_exc", sampling_interval=0.5)
    cells[1:2].record("isyn_inh", sampling_interval=0.2)
    sim.run(1.3)
    signals = {signal.name: signal for signal in cells.get_data().segments[0].analogsignals}
    assert {name: (signal.shape, float(signal.sampling_period)) for name, signal in signals.items()} == {
        "v": ((14, 2), 0.1),
        "isyn_exc": ((3, 2), 0.5),
        "isyn_inh": ((7, 1), 0.2),
    }


def test_cells_of_one_variable_may_have_different_sampling_intervals():
    sim.setup(timestep=0.1)
    cells = resting(3, i_offset=0.5)
    cells[[0, 2]].record("v")
    cells[1:2].record("v", sampling_interval=0.5)
    sim.run(1.0)
    often, rarely = cells.get_data().segments[0].analogsignals
    assert_array_equal(often.array_annotations["channel_index"], [0, 2])
    assert_array_equal(rarely.array_annotations["channel_index"], [1])
    assert_array_equal(often.magnitude[::5, :1], rarely.magnitude)


def test_a_variable_of_a_cell_has_one_sampling_interval():
    sim.setup(timestep=0.1)
    cells = resting(3)
    cells[1:].record("v")
    with pytest.raises(ValueError, match=r"'v' of cell 1 of 'cells' is already recorded every 0\.1 ms"):
        cells.record("v", sampling_interval=0.5)
    sim.run(1.0)
    with pytest.raises(ValueError, match="already recorded every"):
        cells.record("v", sampling_interval=0.5)
    cells.record(None)
    cells.record("v", sampling_interval=0.5)


@pytest.mark.parametrize("interval", [0.25, 0.05, 0.0, -0.1])
def test_sampling_intervals_are_multiples_of_the_time_step(interval):
    sim.setup(timestep=0.1)
    with pytest.raises(ValueError, match="multiple of the time step"):
        resting().record("v", sampling_interval=interval)


def test_locations_are_for_cells_of_several_compartments():
    sim.setup(timestep=0.1)
    with pytest.raises(ValueError, match=r"locations 'dendrite': only cells of several compartments"):
        resting().record("v", locations="dendrite")


def test_what_a_reader_does_to_his_data_is_his_alone():
    sim.setup(timestep=0.1)
    cells = resting(2, i_offset=10.0)
    cells.record(["v", "spikes"])
    sim.run(5.0)
    sim.reset()
    sim.run(5.0)
    for segment in cells.get_data().segments:
        segment.analogsignals[0][:] = 0.0 * segment.analogsignals[0].units
        segment.analogsignals[0].array_annotations["channel_index"] += 7
        segment.spiketrains.multiplexed[1][:] = 0.0 * segment.spiketrains.t_stop.units
    for segment in cells.get_data().segments:
        assert segment.analogsignals[0].max() > -60.0
        assert_array_equal(segment.analogsignals[0].array_annotations["channel_index"], [0, 1])
        assert (segment.spiketrains.multiplexed[1].magnitude > 0).all()


def described(block):
    """What there is in a block, its numbers aside."""
    return {
        "block": (block.name, sorted(block.annotations)),
        "segments": [
            (
                segment.name,
                segment.annotations,
                [
                    (
                        signal.name,
                        str(signal.units.dimensionality),
                        signal.dtype,
                        signal.shape,
                        float(signal.t_start),
                        float(signal.sampling_period),
                        sorted(signal.annotations),
                        signal.annotations["source_population"],
                        signal.array_annotations["channel_index"].tolist(),
                    )
                    for signal in sorted(segment.analogsignals, key=lambda signal: signal.name)
                ],
                [
                    (
                        str(train.units.dimensionality),
                        train.dtype,
                        float(train.t_start),
                        float(train.t_stop),
                        sorted(train.annotations),
                        train.annotations["source_population"],
                        int(train.annotations["source_index"]),
                    )
                    for train in segment.spiketrains
                ],
            )
            for segment in block.segments
        ],
    }


def recorded_in(simulator):
    simulator.setup(timestep=0.1)
    cells = simulator.Population(4, simulator.IF_cond_exp(), label="cells")
    cells.annotate(region="V1")
    cells.record(["v", "gsyn_inh", "spikes"])
    simulator.run(2.0)
    return cells


@pytest.mark.parametrize("chosen", [slice(None), slice(1, 3)], ids=["population", "view"])
@pytest.mark.parametrize("variables", ["all", ["v", "spikes"], ["spikes"]], ids=str)
def test_data_are_described_as_pynn_describes_them(chosen, variables):
    ours, pynns = (recorded_in(simulator)[chosen].get_data(variables) for simulator in (sim, pyNN.mock))
    assert described(ours) == described(pynns)


def test_segments_are_described_as_pynn_describes_them():
    def data_of(simulator):
        cells = recorded_in(simulator)
        simulator.reset(annotations={"trial": 1})
        simulator.run(3.0)
        return cells.get_data()

    assert described(data_of(sim)) == described(data_of(pyNN.mock))


@pytest.mark.parametrize("name", sorted(sim.list_standard_models()))
def test_everything_that_a_cell_type_calls_recordable_is_recorded(name):
    sim.setup(timestep=0.1)
    cell_type = getattr(sim, name)
    if not issubclass(cell_type, StandardCellType):
        pytest.skip("not a cell type")
    components = (sim.AdExp(),) if cell_type is sim.PointNeuron else ()
    cells = sim.Population(2, cell_type(*components))
    cells.record("all")
    sim.run(1.0)
    (segment,) = cells.get_data().segments
    sampled = [variable for variable in cells.celltype.recordable if variable != "spikes"]
    assert [signal.name for signal in segment.analogsignals] == sampled
    assert all(signal.shape == (11, 2) and np.isfinite(signal).all() for signal in segment.analogsignals)
    assert len(segment.spiketrains) == (2 if "spikes" in cells.celltype.recordable else 0)


@pytest.mark.parametrize("extension", ["pkl", "mat", "nix", "h5", "nwb"])
@pytest.mark.parametrize("of_assembly", [False, True], ids=["population", "assembly"])
def test_data_are_written_to_files_and_read_back(extension, of_assembly, tmp_path):
    library, reader = {
        "pkl": ("neo", lambda name: neo.io.PickleIO(name)),
        "mat": ("scipy", lambda name: neo.io.NeoMatlabIO(name)),
        "nix": ("nixio", lambda name: neo.io.NixIO(name, "ro")),
        "h5": ("nixio", lambda name: neo.io.NixIO(name, "ro")),
        "nwb": ("pynwb", lambda name: neo.io.NWBIO(name, "r")),
    }[extension]
    pytest.importorskip(library)
    path = str(tmp_path / f"data.{extension}")
    sim.setup(timestep=0.1)
    one, other = resting(3, i_offset=10.0), resting(2, i_offset=10.0)
    one.record(["v", "spikes"])
    other.record(["v", "spikes"], sampling_interval=0.5)
    sim.run(5.0)
    (one + other if of_assembly else one).write_data(path, clear=True)
    (segment,) = (
        reader(path).read_all_blocks()[0].segments if extension == "nwb" else reader(path).read_block().segments
    )
    shapes = [signal.shape for signal in segment.analogsignals]
    assert shapes == ([(51, 3), (11, 2)] if of_assembly else [(51, 3)])
    assert [len(train) for train in segment.spiketrains] == ([3] * 5 if of_assembly else [3] * 3)
    assert one.get_spike_counts() == {int(cell): 0 for cell in one}


@pytest.mark.parametrize("write", ["record", "write_data"])
@pytest.mark.parametrize("of_assembly", [False, True], ids=["population", "assembly"])
def test_files_that_cannot_be_written_are_refused_at_once(write, of_assembly, monkeypatch):
    monkeypatch.setattr(output, "find_spec", lambda name: None)
    sim.setup(timestep=0.1)
    cells = resting() + resting() if of_assembly else resting()
    call = cells.write_data if write == "write_data" else lambda name: cells.record("v", to_file=name)
    with pytest.raises(ImportError, match="pip install nixio"):
        call("data.nix")
    with pytest.raises(ImportError, match="pip install pynwb"):
        call("data.nwb")
    with pytest.raises(ValueError, match=r"files named \*\.pkl"):
        call("data.txt")


def test_all_that_was_asked_for_is_in_the_file(tmp_path):
    path = str(tmp_path / "data.pkl")
    sim.setup(timestep=0.1)
    one, other = resting(1), resting(2, i_offset=10.0)
    (one + other).record("v", to_file=path)
    other.record("spikes", to_file=(mine := str(tmp_path / "other.pkl")))
    other.record("isyn_exc", to_file=mine)
    sim.run(5.0)
    sim.end()
    (segment,) = neo.io.PickleIO(path).read_block().segments
    assert [signal.shape for signal in segment.analogsignals] == [(51, 3)]
    (segment,) = neo.io.PickleIO(mine).read_block().segments
    assert [signal.name for signal in segment.analogsignals] == ["isyn_exc"]
    assert [len(train) for train in segment.spiketrains] == [3, 3]


def test_a_file_that_another_population_will_replace_is_named_in_a_warning(tmp_path):
    path = str(tmp_path / "data.pkl")
    sim.setup(timestep=0.1)
    resting(1).record("v", to_file=path)
    with pytest.warns(UserWarning, match=r"data\.pkl' holds the data of one population"):
        resting(2).record("v", to_file=path)


def test_a_neo_io_object_will_do_for_a_file_name(tmp_path):
    io = neo.io.PickleIO(str(tmp_path / "data.pickle"))
    sim.setup(timestep=0.1)
    resting(2).record("v", to_file=io)
    sim.run(1.0)
    sim.end()
    assert io.read_block().segments[0].analogsignals[0].shape == (11, 2)


def test_populations_that_began_at_different_times_make_one_assembly():
    sim.setup(timestep=0.1)
    early = resting(1, i_offset=10.0)
    early.record(["v", "spikes"])
    sim.run(1.0)
    sim.reset()
    sim.run(2.0)
    late = resting(2, i_offset=10.0)
    late.record(["v", "spikes"])
    sim.run(5.0)
    first, second = (early + late).get_data().segments
    assert [signal.shape for signal in first.analogsignals] == [(11, 1)]
    assert [(signal.shape, float(signal.t_start)) for signal in second.analogsignals] == [
        ((71, 1), 0.0),
        ((51, 2), 2.0),
    ]
    assert [float(train.t_start) for train in second.spiketrains] == [0.0, 2.0, 2.0]


def test_data_of_an_earlier_setup_stay_readable():
    sim.setup(timestep=0.1)
    cells = resting(2, i_offset=10.0)
    cells.record(["v", "spikes"])
    sim.run(5.0)
    sim.setup(timestep=1.0)
    resting(1)
    sim.run(3.0)
    (segment,) = cells.get_data().segments
    assert segment.analogsignals[0].shape == (51, 2)
    assert float(segment.spiketrains[0].t_stop) == 5.0
    assert cells.mean_spike_count() == 3.0


def test_deprecated_names_do_as_their_successors(tmp_path):
    sim.setup(timestep=0.1)
    cells = sim.Population(2, sim.IF_cond_exp(i_offset=10.0))
    path = str(tmp_path / "spikes.pkl")
    with pytest.warns(DeprecationWarning):
        cells.record_v()
        cells.record_gsyn()
        cells.record("spikes")
        sim.run(5.0)
        assert cells.meanSpikeCount() == cells.mean_spike_count() > 0
        assert cells.get_v().segments[0].analogsignals[0].shape == (51, 2)
        assert len(cells.get_gsyn().segments[0].analogsignals) == 2
        assert len(cells.getSpikes().segments[0].spiketrains) == 2
        cells.printSpikes(path)
    sim.end()
    assert len(neo.io.PickleIO(path).read_block().segments[0].spiketrains) == 2


def test_spike_trains_are_those_of_neo():
    sim.setup(timestep=0.1, seed=3)
    cells = sim.Population(30, sim.SpikeSourcePoisson(rate=50.0))
    cells[5:].record("spikes")
    sim.run(100.0)
    trains = cells.get_data().segments[0].spiketrains
    copied = copy.deepcopy(trains)
    assert type(copied) is type(pickle.loads(pickle.dumps(trains))) is SpikeTrainList
    assert len(trains) == 25
    for train, expected in zip(trains, copied, strict=True):
        assert_array_equal(train.magnitude, expected.magnitude)
        assert train.annotations == expected.annotations
