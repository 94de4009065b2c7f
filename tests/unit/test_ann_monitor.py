"""Monitors of the ANNarchy interface: what they record, when, and the statistics of spikes."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import pynn_annarchy.ann as ann
from pynn_annarchy.exceptions import ModelError

CLOCK = "r = t"
"""The time at which a step begins: shows when a sample was taken."""


@pytest.fixture(params=["cpp", "reference"])
def target(request):
    return request.param


def clocks(target="auto", geometry=3, dt=1.0):
    """A network with neurons that show the time."""
    net = ann.Network(dt=dt, seed=1)
    net.config(target=target)
    return net, net.create(geometry, ann.Neuron(equations=CLOCK))


def spiking(times, dt=1.0, target="auto"):
    net = ann.Network(dt=dt, seed=1)
    net.config(target=target)
    return net, net.create(ann.SpikeSourceArray(times))


# samples


def test_a_variable_has_a_sample_for_each_step_from_the_first_one_on(target):
    net, pop = clocks(target)
    monitor = net.monitor(pop, "r")
    net.simulate(5.0)
    assert monitor.get("r")[:, 0].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_get_empties_the_record_unless_told_to_keep_it():
    net, pop = clocks()
    monitor = net.monitor(pop, "r")
    net.simulate(2.0)
    assert len(monitor.get("r", keep=True)) == len(monitor.get("r")) == 2
    assert monitor.get("r").shape == (0, 3)
    net.simulate(2.0)
    assert monitor["r"][:, 0].tolist() == [2.0, 3.0]


def test_all_variables_come_as_a_dictionary_one_as_an_array():
    net, pop = clocks()
    monitor = net.monitor(pop, ["r"])
    net.simulate(1.0)
    assert list(monitor.get(keep=True)) == ["r"]
    assert list(monitor.get("r", keep=True, force_dict=True)) == ["r"]
    assert isinstance(monitor.get("r"), np.ndarray)


def test_samples_of_a_population_have_its_geometry_those_of_a_view_are_flat():
    net, pop = clocks(geometry=(2, 3))
    whole, part = net.monitor(pop, "r"), net.monitor(pop[1, :], "r")
    net.simulate(4.0)
    assert whole.get("r", keep=True).shape == (4, 2, 3)
    assert whole.get("r", reshape=False).shape == (4, 6)
    assert part.get("r").shape == (4, 3)


def test_a_view_is_recorded_in_its_own_order():
    net = ann.Network(seed=1)
    pop = net.create(4, ann.Neuron(parameters=dict(k=ann.Parameter(0, "local")), equations="r = k"))
    pop.k = [10, 11, 12, 13]
    monitor = net.monitor(pop[[3, 0]], "r")
    net.simulate(1.0)
    assert monitor.get("r").tolist() == [pop[[3, 0]].k.tolist()]


@pytest.mark.parametrize("offset, expected", [(0.0, [0, 2, 4, 6]), (0.5, [0.5, 2.5, 4.5, 6.5]), (1.5, [1.5, 3.5, 5.5])])
def test_a_period_and_its_offset_choose_the_steps(target, offset, expected):
    net, pop = clocks(target, dt=0.5)
    monitor = net.monitor(pop, "r", period=2.0, period_offset=offset)
    net.simulate(3.5)
    net.simulate(3.5)
    assert monitor.get("r")[:, 0].tolist() == expected
    assert (monitor.period, monitor.period_offset) == (2.0, offset)


def test_the_period_is_kept_over_get_pause_and_resume():
    net, pop = clocks()
    monitor = net.monitor(pop, "r", period=3.0)
    net.simulate(4.0)  # samples at 0, 3
    assert monitor.get("r")[:, 0].tolist() == [0.0, 3.0]
    net.simulate(1.0)
    monitor.pause()
    net.simulate(2.0)  # none at 6
    monitor.resume()
    net.simulate(6.0)
    assert monitor.get("r")[:, 0].tolist() == [9.0, 12.0]


def test_a_new_period_acts_from_now_on_and_an_offset_is_no_period():
    net, pop = clocks()
    monitor = net.monitor(pop, "r", period=2.0)
    net.simulate(4.0)
    monitor.period_offset = 1.0
    assert monitor.period == 2.0 and monitor.period_offset == 1.0
    net.simulate(4.0)
    assert monitor.get("r")[:, 0].tolist() == [0.0, 2.0, 5.0, 7.0]


def test_periods_that_cannot_be_are_refused_and_change_nothing():
    net, pop = clocks(dt=0.5)
    with pytest.raises(ModelError, match=r"must be a whole number of time steps of 0\.5 ms, got 0\.7 ms"):
        net.monitor(pop, "r", period=0.7)
    monitor = net.monitor(pop, "r", period=1.0)
    with pytest.raises(ModelError, match="the offset at least 0 and less than the period"):
        monitor.period_offset = 1.0
    with pytest.raises(ModelError, match="period must be at least the time step"):
        monitor.period = 0.0
    assert (monitor.period, monitor.period_offset) == (1.0, 0.0)


def test_recording_may_begin_later_and_end():
    net, pop = clocks()
    monitor = net.monitor(pop, "r", start=False)
    net.simulate(2.0)
    monitor.start()
    net.simulate(2.0)
    assert monitor.get("r")[:, 0].tolist() == [2.0, 3.0]
    monitor.stop()
    assert monitor.variables == []
    with pytest.raises(ModelError, match="does not record 'r'"):
        monitor.get("r")
    monitor.start("r")
    net.simulate(1.0)
    assert monitor.get("r")[:, 0].tolist() == [4.0]


def test_a_monitor_may_be_made_after_compilation():
    net, pop = clocks()
    net.compile()
    net.simulate(3.0)
    monitor = net.monitor(pop, "r")
    net.simulate(2.0)
    assert monitor.get("r")[:, 0].tolist() == [3.0, 4.0]


def test_times_tell_when_the_data_were_recorded():
    net, pop = clocks()
    monitor = net.monitor(pop, "r")
    net.simulate(3.0)
    monitor.pause()
    net.simulate(2.0)
    monitor.resume()
    net.simulate(1.0)
    monitor.get()
    assert monitor.times() == {"r": {"start": [0, 5], "stop": [3, 6]}}


def test_reset_of_a_monitor_forgets_what_it_has():
    net, pop = clocks()
    monitor = net.monitor(pop, "r")
    net.simulate(3.0)
    monitor.reset()
    net.simulate(1.0)
    assert monitor.get("r")[:, 0].tolist() == [3.0]


@pytest.mark.parametrize("monitors, expected", [(True, [0.0]), (False, [0.0, 1.0, 2.0, 0.0])])
def test_reset_of_the_network_keeps_records_only_if_told_to(target, monitors, expected):
    net, pop = clocks(target)
    monitor = net.monitor(pop, "r")
    net.simulate(3.0)
    net.reset(monitors=monitors)
    net.simulate(1.0)
    assert monitor.get("r")[:, 0].tolist() == expected


def test_population_variables_have_one_number_a_sample_and_types_are_kept():
    net = ann.Network(seed=1)
    equations = ["g = t : population", "n = 2*t : int", "b = t > 1 : bool", "r = g"]
    pop = net.create(3, ann.Neuron(equations=equations))
    data = net.monitor(pop, ["g", "n", "b"])
    net.simulate(3.0)
    seen = data.get()
    assert seen["g"].tolist() == [0.0, 1.0, 2.0]
    assert seen["n"].dtype == np.int64 and seen["n"][:, 0].tolist() == [0, 2, 4]
    assert seen["b"].dtype == bool and seen["b"][:, 0].tolist() == [False, False, True]


def test_what_neurons_receive_is_recorded_as_they_used_it(target):
    net = ann.Network(dt=1.0, seed=1)
    net.config(target=target)
    source = net.create(2, ann.Neuron(equations=CLOCK))
    sink = net.create(1, ann.Neuron(equations="r = sum(exc)"))
    net.connect(source, sink, "exc").all_to_all(0.5)
    monitor = net.monitor(sink, ["sum(exc)", "r"])
    net.simulate(4.0)
    data = monitor.get()
    assert data["sum(exc)"][:, 0].tolist() == [0.0, 0.0, 1.0, 2.0]
    assert np.array_equal(data["sum(exc)"], data["r"])


def test_conductances_are_recorded_the_step_after_the_spike(target):
    net, source = spiking([1.0], target=target)
    sink = net.create(1, ann.Neuron(equations="v = g_exc", spike="v > 100"))
    net.connect(source, sink, "exc").all_to_all(5.0)
    monitor = net.monitor(sink, "g_exc")
    net.simulate(4.0)
    assert monitor.get("g_exc")[:, 0].tolist() == [0.0, 0.0, 5.0, 0.0]


# synapses


def learning():
    """Two neurons that project to two others, all of rate 1 and 2: weights grow by 0.1 and 0.2 a step."""
    net = ann.Network(dt=1.0, seed=1)
    pre = net.create(2, ann.Neuron(parameters=dict(k=ann.Parameter(0.0, "local")), equations="r = k"))
    post = net.create(2, ann.Neuron(equations="r = 1 + 0*sum(exc)"))
    pre.k = [1.0, 2.0]
    proj = net.connect(pre, post, "exc", ann.Synapse(equations="w += 0.1*pre.r*post.r"))
    return net, proj


def test_weights_of_a_projection_are_recorded_by_dendrite():
    net, proj = learning()
    proj.all_to_all(0.0)
    whole, part = net.monitor(proj, "w"), net.monitor(proj.dendrite(1), "w", period=2.0)
    net.simulate(3.0)
    data = whole.get("w")
    assert data.shape == (3, 2, 2)
    np.testing.assert_allclose(np.diff(data[:, 0], axis=0), [[0.1, 0.2]] * 2, rtol=1e-12)
    np.testing.assert_array_equal(part.get("w"), data[::2, 1])


def test_dendrites_of_different_sizes_come_as_arrays_of_their_own():
    net, proj = learning()
    proj.from_matrix([[1.0, 2.0], [None, 3.0]])
    monitor = net.monitor(proj, "w")
    net.simulate(2.0)
    data = monitor.get("w")
    assert data.shape == (2, 2)
    assert [len(row) for row in data[0]] == [2, 1]
    np.testing.assert_allclose(data[1, 1] - data[0, 1], [0.2], rtol=1e-12)


def test_what_the_synapses_of_a_neuron_or_a_projection_share_is_recorded_once():
    net = ann.Network(dt=1.0, seed=1)
    pre = net.create(3, ann.Neuron(equations="r = 0.5"))
    post = net.create(2, ann.Neuron(parameters="k = 1.0", equations="r = k + 0*sum(exc)"))
    post.k = [1.0, 2.0]
    sliding = net.connect(pre, post, "exc", ann.IBCM(tau=10.0)).all_to_all(0.1)
    common = net.connect(pre, post, "exc", ann.Synapse(equations=["q = t : projection", "w += 0*q"])).all_to_all(0.1)
    theta, one, q = net.monitor(sliding, "theta"), net.monitor(sliding[1], "theta"), net.monitor(common, "q")
    net.simulate(3.0)
    expected = np.outer(1.0 - np.exp(-np.arange(1, 4) / 10.0), [1.0, 4.0])
    np.testing.assert_allclose(theta.get("theta"), expected, rtol=1e-12)
    np.testing.assert_allclose(one.get("theta"), expected[:, 1], rtol=1e-12)
    assert q.get("q").tolist() == [0.0, 1.0, 2.0]


# spikes


def test_spikes_are_steps_by_rank(target):
    net, pop = spiking([[1.0, 3.0], [], [2.0]], dt=0.5, target=target)
    monitor = net.monitor(pop, "spike")
    net.simulate(5.0)
    assert monitor.get("spike") == {0: [2, 6], 1: [], 2: [4]}
    assert monitor.get("spike") == {0: [], 1: [], 2: []}


def test_monitors_of_one_population_do_not_disturb_each_other():
    net, pop = spiking([[1.0, 4.0], [2.0, 5.0]])
    early, late, part = net.monitor(pop, "spike"), net.monitor(pop, "spike", start=False), net.monitor(pop[1:], "spike")
    net.simulate(3.0)
    early.pause()
    late.start()
    net.simulate(3.0)
    assert early.get("spike") == {0: [1], 1: [2]}
    assert late.get("spike") == {0: [4], 1: [5]}
    assert part.get("spike") == {1: [2, 5]}


def test_spikes_survive_a_reset_of_the_network_that_keeps_records():
    net, pop = spiking([[1.0]])
    monitor = net.monitor(pop, "spike")
    net.simulate(3.0)
    net.reset(monitors=False)
    net.simulate(2.0)
    assert monitor.get("spike") == {0: [1, 1]}


# refusals


def test_what_cannot_be_recorded_is_refused_with_the_way_out():
    net = ann.Network()
    pop = net.create(2, ann.Izhikevich)
    with pytest.raises(ModelError, match="'a' of population 'pop0' is a parameter"):
        net.monitor(pop, "a")
    with pytest.raises(ModelError, match="nothing to record that is called 'spikes'; did you mean 'spike'"):
        net.monitor(pop, ["v", "spikes"])
    with pytest.raises(ModelError, match="a monitor records populations, views of them, dendrites and projections"):
        net.monitor("pop0", "v")
    assert net.get_monitors() == []
    rate = net.create(2, ann.LeakyIntegrator)
    with pytest.raises(ModelError, match="called 'spike'"):
        net.monitor(rate, "spike")


def test_what_is_not_recorded_cannot_be_got():
    net, pop = clocks()
    monitor = net.monitor(pop, "r")
    with pytest.raises(ModelError, match="does not record 'spike'; it records r"):
        monitor.mean_fr()


# files


def test_records_are_saved_to_files(tmp_path):
    net, pop = spiking([[1.0, 3.0], []])
    clock = net.create((2, 2), ann.Neuron(equations=CLOCK))
    spikes, rates = net.monitor(pop, "spike"), net.monitor(clock, ["r"])
    net.simulate(4.0)
    rates.save(str(tmp_path / "r.npy"), "r", keep=True)
    assert np.load(tmp_path / "r.npy").shape == (4, 4)
    rates.save(str(tmp_path / "r.npz"), keep=True, reshape=True)
    assert np.load(tmp_path / "r.npz")["r"].shape == (4, 2, 2)
    spikes.save(str(tmp_path / "spike.npy"), "spike", keep=True)
    assert np.load(tmp_path / "spike.npy", allow_pickle=True)[()] == {0: [1, 3], 1: []}
    h5py = pytest.importorskip("h5py")
    ann.MonitorList([spikes, rates]).save_all(str(tmp_path / "all.hdf5"), keep=True)
    with h5py.File(tmp_path / "all.hdf5") as file:
        assert file["monitor0/spike/0"][:].tolist() == [1, 3]
        assert file["monitor1/r"].shape == (4, 4)
    ann.MonitorList([spikes, rates]).save_all(str(tmp_path / "flat.hdf5"), flat_keys=True)
    with h5py.File(tmp_path / "flat.hdf5") as file:
        assert set(file) == {"monitor0-spike", "monitor1-r"}


def test_files_that_cannot_be_written_are_refused_before_anything_is_taken_out(tmp_path, monkeypatch):
    net, pop = clocks()
    monitor = net.monitor(pop, "r")
    net.simulate(2.0)
    with pytest.raises(ModelError, match=r"end in \.npy, \.npz, \.hdf5, \.h5"):
        monitor.save(str(tmp_path / "r.txt"))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ModelError, match=r"pip install h5py, or use \.npz"):
        monitor.save(str(tmp_path / "r.hdf5"))
    assert len(monitor.get("r")) == 2


# statistics


SPIKES = {0: [10, 20, 40], 1: [], 3: [12]}


def test_raster_plot_lists_times_and_ranks():
    times, ranks = ann.raster_plot(SPIKES, dt=0.5)
    assert times.tolist() == [5.0, 10.0, 20.0, 6.0]
    assert ranks.tolist() == [0, 0, 0, 3]


def test_histogram_counts_spikes_in_bins():
    assert ann.histogram(SPIKES, bins=10.0).tolist() == [2, 1, 0, 1]
    assert ann.histogram(SPIKES, bins=5.0, dt=0.5).tolist() == [2, 1, 0, 1]
    assert ann.histogram(SPIKES, bins=10.0, recording_window=(15, 45)).tolist() == [1, 0, 1, 0]
    each = ann.histogram(SPIKES, bins=10.0, per_neuron=True)
    assert each.shape == (4, 4) and each[3].tolist() == [1, 0, 0, 0] and not each[[1, 2]].any()
    assert ann.histogram({0: []}).shape == (0,)


def test_intervals_and_their_variation():
    assert ann.inter_spike_interval(SPIKES, dt=0.5) == [5.0, 10.0]
    assert ann.inter_spike_interval(SPIKES, per_neuron=True) == {0: [10, 20]}
    assert ann.inter_spike_interval(SPIKES, ranks=[3]) == []
    assert ann.coefficient_of_variation(SPIKES) == pytest.approx([5.0 / 15.0])


@pytest.mark.parametrize("dt", [1.0, 0.5, 0.1])
def test_rates_are_right_at_any_time_step(dt):
    net, pop = spiking([np.arange(5.0, 1000.0, 10.0).tolist()] * 4, dt=dt)
    monitor = net.monitor(pop, "spike")
    net.simulate(1000.0)
    spikes = monitor.get("spike")
    assert monitor.mean_fr(spikes) == pytest.approx(100.0)
    assert ann.mean_fr(spikes) == ann.mean_fr(dict(spikes), duration=1000.0 / dt, dt=dt) == pytest.approx(100.0)
    assert ann.raster_plot(spikes)[0][:2].tolist() == pytest.approx([5.0, 15.0])
    assert len(ann.histogram(spikes, bins=10.0)) == 100 and ann.inter_spike_interval(spikes)[0] == pytest.approx(10.0)
    rate = monitor.population_rate(spikes)
    assert ann.population_rate(spikes).tolist() == rate.tolist()
    assert ann.smoothed_rate(spikes).tolist() == monitor.smoothed_rate(spikes).tolist()
    assert len(rate) == round(1000.0 / dt) and rate.mean() == pytest.approx(100.0)
    each = monitor.smoothed_rate(spikes)
    assert each.shape == (4, round(1000.0 / dt))
    within = slice(round(5.0 / dt), round(995.0 / dt))
    np.testing.assert_allclose(each[:, within], 100.0, rtol=1e-12)
    assert monitor.population_rate(spikes, smooth=200.0)[-1] == pytest.approx(100.0, rel=0.06)


def test_rates_know_when_recording_began():
    net, pop = spiking([[105.0, 115.0, 125.0]])
    monitor = net.monitor(pop, "spike", start=False)
    net.simulate(100.0)
    monitor.start()
    net.simulate(100.0)
    spikes = monitor.get("spike")
    assert monitor.mean_fr(spikes) == pytest.approx(30.0)
    assert monitor.smoothed_rate(spikes).shape == (1, 100)
    assert np.flatnonzero(monitor.population_rate(spikes)).tolist() == [5, 15, 25]


def test_statistics_take_the_spikes_out_unless_they_are_given():
    net, pop = spiking([[1.0, 2.0]])
    monitor = net.monitor(pop, "spike")
    net.simulate(10.0)
    times, _ = monitor.raster_plot()
    assert times.tolist() == [1.0, 2.0]
    assert monitor.get()["spike"] == {0: []}


def test_no_spikes_have_the_rate_zero_and_unknown_durations_are_refused():
    assert ann.mean_fr({0: [], 1: []}) == 0.0
    with pytest.raises(ModelError, match="give duration="):
        ann.mean_fr({0: [5]})
    with pytest.raises(ModelError, match="bins must be at least one time step"):
        ann.histogram(SPIKES, bins=0.1)


def test_smoothing_is_a_low_pass_filter():
    rate = ann.population_rate({0: [0]}, smooth=10.0, dt=1.0, recording_window=(0, 3))
    np.testing.assert_allclose(rate, [1000.0, 900.0, 810.0])
