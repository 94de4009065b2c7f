"""Input populations of the ANNarchy interface, and those that turn rates into spikes and back."""

from __future__ import annotations

import math

import numpy as np
import pytest

import pynn_annarchy.ann as ann
from pynn_annarchy.ann.inputs import rectified
from pynn_annarchy.exceptions import ModelError


@pytest.fixture(params=["cpp", "reference"])
def target(request):
    return request.param


def network(target="auto", dt=1.0):
    net = ann.Network(dt=dt, seed=5)
    net.config(target=target)
    return net


def seen(net, pop, duration, variable="r"):
    """What is recorded of a population in a run."""
    monitor = net.monitor(pop, variable)
    net.simulate(duration)
    return monitor.get(variable)


def n_spikes(spikes):
    return sum(map(len, spikes.values()))


# rates


def test_an_input_array_keeps_what_it_is_given_and_is_recorded():
    net = network()
    inp = net.create(ann.InputArray((2, 2)))
    inp.r = [[1.0, 2.0], [3.0, 4.0]]
    assert seen(net, inp, 2.0).tolist() == [[[1.0, 2.0], [3.0, 4.0]]] * 2
    inp.r = 5.0
    net.simulate(1.0)
    assert (inp.r == 5.0).all()


def test_a_timed_array_shows_a_row_a_step_and_keeps_the_last(target):
    net = network(target)
    inp = net.create(ann.TimedArray(rates=np.arange(1.0, 4.0)[:, None]))
    assert seen(net, inp, 5.0)[:, 0].tolist() == [1.0, 2.0, 3.0, 3.0, 3.0]


@pytest.mark.parametrize(
    "schedule, period, expected",
    [
        (2.0, -1.0, [1, 1, 2, 2, 3, 3, 3, 3, 3]),
        ([1.0, 2.0, 5.0], -1.0, [0, 1, 2, 2, 2, 3, 3, 3, 3]),
        ([1.0, 2.0], -1.0, [0, 1, 2, 2, 2, 2, 2, 2, 2]),
        (2.0, 7.0, [1, 1, 2, 2, 3, 3, 3, 1, 1]),
        (2.0, 3.0, [1, 1, 2, 1, 1, 2, 1, 1, 2]),
    ],
)
def test_schedules_and_periods(target, schedule, period, expected):
    net = network(target)
    inp = net.create(ann.TimedArray(rates=np.arange(1.0, 4.0)[:, None], schedule=schedule, period=period))
    assert seen(net, inp, 9.0)[:, 0].tolist() == expected


def test_a_timed_array_has_the_geometry_of_its_rates():
    net = network()
    rates = np.arange(12.0).reshape(2, 3, 2)
    inp = net.create(ann.TimedArray(rates=rates, schedule=1.0))
    assert inp.geometry == (3, 2)
    np.testing.assert_array_equal(inp.rates, rates)
    np.testing.assert_array_equal(seen(net, inp, 2.0), rates)


def test_a_reset_of_a_timed_array_begins_anew():
    net = network()
    inp = net.create(ann.TimedArray(rates=np.arange(1.0, 4.0)[:, None], schedule=2.0))
    net.simulate(5.0)
    inp.reset()
    assert seen(net, inp, 3.0)[:, 0].tolist() == [1.0, 1.0, 2.0]


def test_a_reset_of_the_network_begins_anew(target):
    net = network(target)
    inp = net.create(ann.TimedArray(rates=np.arange(1.0, 4.0)[:, None]))
    net.simulate(5.0)
    inp.reset()
    net.reset()
    assert seen(net, inp, 2.0)[:, 0].tolist() == [1.0, 2.0]


def test_update_begins_anew_or_goes_on():
    net = network()
    inp = net.create(ann.TimedArray(rates=np.arange(1.0, 5.0)[:, None]))
    net.simulate(2.0)
    inp.update(10.0 * np.arange(1.0, 5.0)[:, None], reset=False)
    assert seen(net, inp, 2.0)[:, 0].tolist() == [30.0, 40.0]
    inp.update(np.arange(5.0, 7.0)[:, None], schedule=2.0, period=4.0)
    assert seen(net, inp, 6.0)[:, 0].tolist() == [5.0, 5.0, 6.0, 6.0, 5.0, 5.0]
    assert (inp.schedule, inp.period) == ([0.0, 2.0], 4.0)


def test_rates_may_come_after_the_geometry():
    net = network()
    inp = net.create(ann.TimedArray(geometry=2))
    net.simulate(2.0)
    inp.update([[1.0, 2.0]])
    assert seen(net, inp, 2.0).tolist() == [[1.0, 2.0]] * 2


def test_a_period_shorter_than_the_default_time_step_is_that_of_the_network():
    net = network(dt=0.1)
    inp = net.create(ann.TimedArray(rates=np.arange(1.0, 4.0)[:, None], schedule=0.1, period=0.2))
    assert seen(net, inp, 0.5)[:, 0].tolist() == [1.0, 2.0, 1.0, 2.0, 1.0]


def test_timed_arrays_that_cannot_be_are_refused_and_leave_nothing_behind():
    net = network()
    refused = [
        ({}, "needs rates, or the geometry"),
        ({"rates": np.zeros(3)}, "time as the first dimension"),
        ({"rates": np.zeros((3, 2)), "geometry": 4}, "do not fit"),
        ({"rates": np.zeros((1, 2)), "schedule": [0.0, 1.0]}, "2 times are given for 1 rows"),
        ({"rates": np.zeros((2, 2)), "schedule": [1.0, 0.0]}, "must ascend from 0 on"),
        ({"rates": [[np.nan]]}, "must be finite"),
    ]
    for given, message in refused:
        with pytest.raises(ModelError, match=message):
            ann.TimedArray(**given, network=net)
    assert net.get_populations() == []
    inp = net.create(ann.TimedArray(geometry=2))
    with pytest.raises(ModelError, match="'r' follows the rates that are given"):
        inp.r = 1.0


# random spikes


@pytest.mark.parametrize("dt", [1.0, 0.1])
def test_poisson_neurons_spike_at_their_rates(dt):
    net = network(dt=dt)
    pop = net.create(ann.PoissonPopulation(500, rates=40.0))
    # 20,000 spikes expected in a second; five standard deviations
    assert abs(n_spikes(seen(net, pop, 1000.0, "spike")) - 20000) < 5 * math.sqrt(20000)
    pop.rates = 0.0
    assert n_spikes(seen(net, pop, 100.0, "spike")) == 0


def test_each_poisson_neuron_may_have_its_rate():
    net = network()
    pop = net.create(ann.PoissonPopulation(3, rates=np.array([0.0, 100.0, 1000.0])))
    spikes = seen(net, pop, 1000.0, "spike")
    assert spikes[0] == [] and 50 < len(spikes[1]) < 150 and len(spikes[2]) == 1000


def test_rates_may_be_an_equation_with_parameters():
    net = network()
    pop = net.create(ann.PoissonPopulation(200, rates="ite(t >= 500, amp, 0.0)", parameters={"amp": 100.0}))
    steps = np.concatenate([np.array(own) for own in seen(net, pop, 1000.0, "spike").values()])
    assert steps.min() >= 500
    assert abs(len(steps) - 10000) < 5 * math.sqrt(10000)
    pop.amp = 0.0
    assert n_spikes(seen(net, pop, 100.0, "spike")) == 0


def test_rates_may_come_from_a_rate_coded_population():
    net = network()
    source = net.create(200, ann.Neuron(equations="r = 0.1"))
    pop = net.create(ann.PoissonPopulation(200, target="exc"))
    net.connect(source, pop, "exc").one_to_one(1000.0)
    assert abs(n_spikes(seen(net, pop, 1000.0, "spike")) - 20000) < 5 * math.sqrt(20000)


def test_refractory_poisson_neurons_keep_their_distance():
    net = network()
    pop = net.create(ann.PoissonPopulation(50, rates=200.0, refractory=5.0))
    intervals = ann.inter_spike_interval(seen(net, pop, 1000.0, "spike"))
    assert min(intervals) > 5.0


def test_poisson_populations_that_cannot_be_are_refused():
    net = network()
    for given, message in [
        ({}, "either rates or the target"),
        ({"rates": 1.0, "target": "exc"}, "either rates or the target"),
        ({"rates": -1.0}, "must not be negative"),
        ({"rates": 1.0, "parameters": {"a": 1.0}}, "give the rates as text"),
    ]:
        with pytest.raises(ModelError, match=message):
            ann.PoissonPopulation(3, network=net, **given)
    assert net.get_populations() == []


def test_timed_poisson_neurons_follow_the_schedule_over_and_over():
    net = network()
    pop = net.create(ann.TimedPoissonPopulation(10, [0.0, 1000.0], [0.0, 10.0], period=20.0))
    spikes = seen(net, pop, 60.0, "spike")
    expected = [*range(10, 20), *range(30, 40), *range(50, 60)]
    assert all(own == expected for own in spikes.values())


def test_timed_poisson_neurons_may_have_rates_of_their_own():
    net = network()
    pop = net.create(ann.TimedPoissonPopulation(2, [[0.0, 1000.0], [1000.0, 0.0]], [0.0, 2.0]))
    assert seen(net, pop, 4.0, "spike") == {0: [2, 3], 1: [0, 1]}
    with pytest.raises(ModelError, match="2 rates are given for 1 times"):
        pop.update([1.0, 2.0], schedule=[0.0])


# correlated spikes


def test_rectified_has_the_mean_and_variance_that_are_asked_for():
    draws = np.random.default_rng(1).normal(size=4_000_000)
    for rate, corr, tau in [(10.0, 0.3, 10.0), (50.0, 0.1, 20.0), (5.0, 0.8, 5.0)]:
        mu, sigma = rectified(rate, corr, tau)
        cut = np.maximum(mu + sigma * draws, 0.0)
        variance = corr * rate / (2.0 * tau / 1000.0)
        assert cut.mean() == pytest.approx(rate, rel=0.01)
        assert cut.var() == pytest.approx(variance, rel=0.02)


def test_correlated_neurons_have_the_rate_and_the_correlation_that_are_asked_for():
    net = network()
    pop = net.create(ann.HomogeneousCorrelatedSpikeTrains(100, rates=20.0, corr=0.3, tau=10.0))
    duration, window = 100_000.0, 200
    spikes = seen(net, pop, duration, "spike")
    rate = n_spikes(spikes) / 100 / (duration / 1000.0)
    assert rate == pytest.approx(20.0, rel=0.03)
    steps, ranks = ann.raster_plot(spikes)
    counts = np.zeros((100, int(duration) // window))
    np.add.at(counts, (ranks, steps.astype(int) // window), 1)
    # covariance of counts in T: c r (T - tau (1 - exp(-T/tau))), in spikes; mean over all pairs
    total = np.cov(counts)
    covariance = (total.sum() - np.trace(total)) / (100 * 99)
    expected = 0.3 * 0.020 * (window - 10.0 * (1.0 - math.exp(-window / 10.0)))
    assert covariance == pytest.approx(expected, rel=0.15)  # 500 windows: about 6 %


def test_the_common_rate_is_one_number_and_follows_the_schedule():
    net = network()
    trains = ann.HomogeneousCorrelatedSpikeTrains(50, [10.0, 80.0], [0.0, 0.0], 10.0, schedule=[0.0, 1000.0])
    pop = net.create(trains)
    x = seen(net, pop, 2000.0, "x")
    assert x.shape == (2000,)
    # without correlation the rate relaxes with tau from one value to the next
    assert x[999] == pytest.approx(10.0) and x[1999] == pytest.approx(80.0)
    pop.update(20.0, 0.0)
    net.simulate(500.0)
    assert pop.x == pytest.approx(20.0)
    pop.rates = 30.0
    net.simulate(500.0)
    assert pop.x == pytest.approx(30.0) and pop.tau == 10.0


def test_correlated_trains_that_cannot_be_are_refused():
    net = network()
    for given, message in [
        ((10.0, 1.5, 10.0), "between 0 and 1"),
        ((-1.0, 0.5, 10.0), "must not be negative"),
        ((10.0, 0.5, 0.0), "tau must be a positive number"),
        (([10.0, 20.0], 0.5, 10.0), "2 values of rates are given for 1 times"),
    ]:
        with pytest.raises(ModelError, match=message):
            ann.HomogeneousCorrelatedSpikeTrains(3, *given, network=net)
    assert net.get_populations() == []


# given spikes


@pytest.mark.parametrize("times", [[1.0, 2.0, 7.4], np.array([1.0, 2.0, 7.4]), [[1.0, 2.0, 7.4]]])
def test_spike_sources_spike_at_their_times(target, times):
    net = network(target)
    pop = net.create(ann.SpikeSourceArray(times))
    assert pop.size == 1
    assert seen(net, pop, 10.0, "spike") == {0: [1, 2, 7]}


def test_order_and_repetition_of_spike_times_do_not_matter():
    net = network(dt=0.5)
    pop = net.create(ann.SpikeSourceArray([[3.0, 1.0, 1.1], []]))
    assert seen(net, pop, 5.0, "spike") == {0: [2, 6], 1: []}


def test_times_count_from_the_last_reset_and_may_be_given_anew():
    net = network()
    pop = net.create(ann.SpikeSourceArray([[1.0, 4.0]]))
    net.simulate(10.0)
    pop.reset()
    assert seen(net, pop, 10.0, "spike") == {0: [11, 14]}
    pop.spike_times = [[2.0, 14.0]]
    assert seen(net, pop, 10.0, "spike") == {0: [24]}  # both count from the reset at 10; the first is over
    assert pop.spike_times == [[2.0, 14.0]]


def test_a_source_that_is_made_later_counts_from_then():
    net = network()
    net.create(1, ann.Izhikevich)
    net.simulate(5.0)
    pop = net.create(ann.SpikeSourceArray([1.0]))
    assert seen(net, pop, 3.0, "spike") == {0: [6]}


def test_spike_times_that_cannot_be_are_refused():
    net = network()
    for given, message in [
        ([[1.0, -1.0]], "must be finite and not negative"),
        (3.0, "must be a list of times"),
    ]:
        with pytest.raises(ModelError, match=message):
            ann.SpikeSourceArray(given, network=net)
    pop = net.create(ann.SpikeSourceArray([[1.0], [2.0]]))
    with pytest.raises(ModelError, match="has 2 neurons, and cannot take 1 lists"):
        pop.spike_times = [1.0]


# between rates and spikes


def test_an_injected_current_is_the_rate_one_step_before(target):
    net = network(target)
    source = net.create(2, ann.Neuron(equations="r = t"))
    cell = net.create(2, ann.Neuron(equations="v = g_exc", spike="v > 1000"))
    net.connect(ann.CurrentInjection(source, cell, "exc")).connect_current()
    assert seen(net, cell, 4.0, "v").tolist() == [[0.0] * 2, [0.0] * 2, [1.0] * 2, [2.0] * 2]


def test_currents_are_injected_into_views_and_add_to_spikes():
    net = network()
    source = net.create(1, ann.Neuron(equations="r = 2.0"))
    spikes = net.create(ann.SpikeSourceArray([2.0]))
    cell = net.create(3, ann.Neuron(equations="v = g_exc", spike="v > 1000"))
    net.connect(ann.CurrentInjection(source, cell[1:2], "exc")).connect_current()
    net.connect(spikes, cell, "exc").all_to_all(10.0)
    assert seen(net, cell, 5.0, "v")[3].tolist() == [10.0, 12.0, 10.0]


def test_current_injection_refuses_what_does_not_fit():
    net = network()
    rate, cell = net.create(2, ann.LeakyIntegrator), net.create(3, ann.Izhikevich)
    with pytest.raises(ModelError, match="neurons of the same rank: 'pop0' has 2, 'pop1' has 3"):
        ann.CurrentInjection(rate, cell, "exc")
    with pytest.raises(ModelError, match="must be rate-coded; the neurons of 'pop1' are spiking"):
        ann.CurrentInjection(cell, cell, "exc")
    with pytest.raises(ModelError, match="must be spiking; the neurons of 'pop0' are rate-coded"):
        ann.CurrentInjection(rate, rate, "exc")


def test_rates_become_spikes_of_that_rate():
    net = network()
    rate = net.create((10, 10), ann.Neuron(equations="r = 0.5"))
    pop = net.create(ann.Rate2SpikePopulation(rate, scaling=100.0))
    assert pop.geometry == (10, 10)
    assert abs(n_spikes(seen(net, pop, 2000.0, "spike")) - 10000) < 5 * math.sqrt(10000)
    pop.scaling = 0.0
    assert n_spikes(seen(net, pop, 100.0, "spike")) == 0


def test_spikes_become_rates_in_a_sliding_window(target):
    net = network(target)
    source = net.create(ann.SpikeSourceArray([[1.0, 3.0]]))
    pop = net.create(ann.Spike2RatePopulation(source, window=4.0))
    # a spike is known one step later, and counts for the window: 250 Hz each
    assert seen(net, pop, 10.0)[:, 0].tolist() == [0, 0, 250, 250, 500, 500, 250, 250, 0, 0]


@pytest.mark.parametrize("dt", [1.0, 0.5])
def test_rates_are_right_and_scaled_at_any_time_step(dt):
    net = network(dt=dt)
    source = net.create(ann.SpikeSourceArray([np.arange(5.0, 1000.0, 10.0).tolist()]))
    pop = net.create(ann.Spike2RatePopulation(source, window=50.0, scaling=50.0, smooth=dt))
    np.testing.assert_allclose(seen(net, pop, 500.0)[round(60.0 / dt) :, 0], 2.0, rtol=1e-12)


def test_smoothing_lets_the_rate_follow_slowly():
    net = network()
    source = net.create(ann.SpikeSourceArray([[0.0]]))
    pop = net.create(ann.Spike2RatePopulation(source, window=100.0, smooth=10.0))
    np.testing.assert_allclose(seen(net, pop, 4.0)[:, 0], [0.0, 1.0, 1.9, 2.71], rtol=1e-12)


def test_the_window_may_change_in_mid_run_and_no_spike_is_lost():
    net = network()
    source = net.create(ann.SpikeSourceArray([[1.0, 20.0]]))
    pop = net.create(ann.Spike2RatePopulation(source, window=4.0))
    net.simulate(3.0)
    pop.window = 8.0
    rates = seen(net, pop, 40.0)[:, 0]
    assert np.flatnonzero(rates[15:]).tolist() == list(range(3, 11))  # 21 to 28
    assert (rates[-10:] == 0.0).all()


def test_intervals_become_rates(target):
    net = network(target)
    source = net.create(ann.SpikeSourceArray([[10.0, 20.0]]))
    pop = net.create(ann.Spike2RatePopulation(source, mode="isi", cut=2.0))
    rates = seen(net, pop, 60.0)[:, 0]
    assert (rates[:21] == 0.0).all()  # one spike has no interval
    np.testing.assert_allclose(rates[21:32], 100.0)
    assert (np.diff(rates[31:42]) < 0).all()  # the next one is late
    assert (rates[42:] == 0.0).all()


def test_hybrid_populations_refuse_what_does_not_fit():
    net = network()
    rate, cell = net.create(2, ann.LeakyIntegrator), net.create(2, ann.Izhikevich)
    with pytest.raises(ModelError, match="Rate2SpikePopulation follows rate-coded neurons"):
        ann.Rate2SpikePopulation(cell)
    with pytest.raises(ModelError, match="Spike2RatePopulation follows spiking neurons"):
        ann.Spike2RatePopulation(rate)
    with pytest.raises(ModelError, match="mode must be 'window' or 'isi', not 'mean'"):
        ann.Spike2RatePopulation(cell, mode="mean")
    with pytest.raises(ModelError, match="come later"):
        ann.Spike2RatePopulation(cell, mode="adaptive")
    net.create(ann.Spike2RatePopulation(cell, smooth=0.5))
    with pytest.raises(ModelError, match="smooth must be at least the time step"):
        net.compile()


# the same bits


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_inputs_give_the_same_bits_on_any_number_of_threads_and_target(threads):
    def digest(target, threads):
        net = network(target)
        net.config(num_threads=threads)
        pops = [
            net.create(ann.PoissonPopulation(37, rates=80.0)),
            net.create(ann.TimedPoissonPopulation(37, [50.0, 200.0], [0.0, 20.0], period=40.0)),
            net.create(ann.HomogeneousCorrelatedSpikeTrains(37, rates=50.0, corr=0.4, tau=5.0)),
        ]
        monitors = [net.monitor(pop, "spike") for pop in pops]
        follower = net.create(ann.Spike2RatePopulation(pops[0], window=10.0, smooth=3.0))
        net.simulate(100.0)
        return [monitor.get("spike") for monitor in monitors], follower.r.tobytes()

    assert digest("cpp", threads) == digest("reference", 1)
