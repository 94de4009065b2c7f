"""PyNN's current sources: when they act, into what, what is recorded of them, on every target and number of threads."""

from __future__ import annotations

import numpy as np
import pyNN.annarchy as sim
import pytest
from numpy.testing import assert_array_equal
from pyNN import errors

from pynn_annarchy import simulator
from pynn_annarchy.engine.currents import Output
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.spec import ModelSpec

DT = 0.1


@pytest.fixture
def setup(target):
    """sim.setup on the target, with the keywords of the test."""

    def call(**options):
        sim.setup(timestep=DT, **{"target": target, **options})

    call()
    return call


def resting(n=1, **parameters):
    return sim.Population(n, sim.IF_curr_exp(v_thresh=1e3, **parameters))


def amplitudes(source):
    return source.get_data().magnitude.ravel()


def flow(source, steps):
    """What a source was, over so many steps, recorded."""
    source.record()
    sim.run(steps * DT)
    return amplitudes(source)


def potentials(cells):
    return cells.get_data().segments[-1].analogsignals[0].magnitude


def potential_under(current):
    """Exact potential of a resting IF_curr_exp (20 ms, 20 MOhm) under a current, constant over each step."""
    v, decay = [-65.0], np.exp(-DT / 20.0)
    for amplitude in current[:-1]:
        v.append(-65.0 + decay * (v[-1] + 65.0) + 20.0 * (1.0 - decay) * amplitude)
    return np.array(v)


SOURCES = {
    "DC": lambda: sim.DCSource(amplitude=0.3, start=0.5, stop=3.0),
    "AC": lambda: sim.ACSource(amplitude=0.2, offset=0.1, frequency=200.0, phase=30.0, start=0.5, stop=3.0),
    "Step": lambda: sim.StepCurrentSource(times=[0.5, 1.0, 3.0], amplitudes=[0.3, -0.2, 0.1]),
    "Noisy": lambda: sim.NoisyCurrentSource(mean=0.2, stdev=0.1, start=0.5, stop=3.0, dt=0.2),
}


@pytest.fixture(params=SOURCES)
def source(request, setup):
    """One source of each kind, which begins at 0.5 ms."""
    return SOURCES[request.param]()


# when they act


def test_a_current_acts_after_runs_without_any(setup):
    """Until then, and in shorter runs than these, cells need not look at what is injected."""
    cells, injected = resting(70), resting(70)
    for population in (cells, injected):
        population.record("v")
    sim.run(20 * DT)
    source = sim.DCSource(amplitude=0.3)
    source.inject_into(injected[60:61])
    sim.run(20 * DT)

    expected = np.full((41, 70), -65.0)
    assert_array_equal(potentials(cells), expected)
    expected[:, 60] = potential_under(np.r_[np.zeros(20), np.full(21, 0.3)])
    np.testing.assert_allclose(potentials(injected), expected, rtol=1e-14)


def test_what_is_recorded_is_what_acts(source):
    cells = resting()
    cells.record("v")
    source.inject_into(cells)

    current = flow(source, 50)

    assert len(current) == 51
    assert_array_equal(current[:5], 0.0)
    assert current[5] != 0.0
    # exact integration: only rounding remains, 50 steps
    assert potentials(cells)[:, 0] == pytest.approx(potential_under(current), rel=1e-13)


def test_a_sine_has_its_phase_at_the_start(setup):
    current = flow(sim.ACSource(amplitude=2.0, offset=0.5, frequency=100.0, phase=30.0, start=1.04, stop=2.96), 40)

    t = np.arange(20) * DT  # from the step nearest to the start
    assert_array_equal(current[:10], 0.0)
    assert current[10:30] == pytest.approx(0.5 + 2.0 * np.sin(2 * np.pi * 0.1 * t + np.pi / 6), abs=1e-12)
    assert_array_equal(current[30:], 0.0)


def test_a_sine_that_is_told_another_start_or_frequency_begins_with_its_phase(setup):
    late, slow = (sim.ACSource(start=0.5, frequency=100.0, phase=90.0) for _ in range(2))
    sim.run(0.2)
    late.start = 1.0
    slow.frequency = 20.0
    late.record()
    slow.record()

    sim.run(1.8)

    assert_array_equal(amplitudes(late)[:8], 0.0)
    assert amplitudes(late)[8] == pytest.approx(1.0, abs=1e-12)
    assert amplitudes(slow)[3:8] == pytest.approx(np.cos(2 * np.pi * 0.02 * np.arange(5) * DT), abs=1e-12)


def test_a_source_whose_stop_is_infinite_never_stops(setup):
    assert_array_equal(flow(sim.DCSource(amplitude=0.3, stop=np.inf), 20), 0.3)


def test_a_source_that_stops_before_it_starts_is_silent(setup):
    assert_array_equal(flow(sim.DCSource(start=2.0, stop=1.0), 30), 0.0)


def test_parameters_changed_between_runs_act_from_then_on(source):
    source.record()
    sim.run(1.0)
    if "amplitudes" in source.get_parameters():
        source.set_parameters(times=[0.2, 2.0], amplitudes=[5.0, 6.0])
        expected = [5.0] * 10 + [6.0] * 11
    else:
        values = {"offset": 5.0, "amplitude": 0.0} if "offset" in source.get_parameters() else {"amplitude": 5.0}
        source.set_parameters(**({"mean": 5.0, "stdev": 0.0} if "mean" in source.get_parameters() else values))
        expected = [5.0] * 20 + [0.0]
    before = amplitudes(source)
    sim.run(2.0)

    after = amplitudes(source)
    assert_array_equal(after[:10], before[:10])
    assert_array_equal(after[10:], expected)
    assert before[10] == 5.0  # what will act from now on


def test_after_a_reset_the_present_parameters_hold_from_the_beginning(setup):
    source = sim.DCSource(amplitude=0.1)
    source.record()
    sim.run(1.0)
    source.amplitude = 0.2
    sim.run(1.0)
    sim.reset()
    sim.run(0.5)

    assert_array_equal(amplitudes(source), [0.2] * 6)


def test_runs_in_pieces_give_what_one_run_gives(target):
    def run(pieces):
        sim.setup(timestep=DT, target=target)
        cells = resting(2)
        cells.record("v")
        sources = [make() for make in SOURCES.values()]
        for source in sources:
            source.inject_into(cells)
            source.record()
        for duration in pieces:
            sim.run(duration)
        return [potentials(cells), *(amplitudes(source) for source in sources)]

    for whole, cut in zip(run([4.0]), run([0.1, 0.4, 1.3, 2.2]), strict=True):
        assert_array_equal(whole, cut)


# noise


def test_noise_has_its_mean_its_deviation_and_no_memory(setup):
    n = 2000
    current = flow(sim.NoisyCurrentSource(mean=0.5, stdev=0.2), n)[:-1]

    # three comparisons at 4.5 standard errors each: a false alarm in 50,000 seeds, and the seed is fixed
    z = (current - 0.5) / 0.2
    assert abs(z.mean()) < 4.5 / np.sqrt(n)
    assert abs((z**2).mean() - 1) < 4.5 * np.sqrt(2 / n)
    assert abs((z[1:] * z[:-1]).mean()) < 4.5 / np.sqrt(n)


def test_noise_is_held_over_its_interval_and_stops_inside_of_one(setup):
    current = flow(sim.NoisyCurrentSource(mean=0.5, stdev=0.2, dt=0.5, start=0.3, stop=2.0), 30)

    assert_array_equal(current[:3], 0.0)
    held = [current[3:8], current[8:13], current[13:18], current[18:20]]
    assert all((part == part[0]).all() for part in held)
    assert len({part[0] for part in held}) == 4
    assert_array_equal(current[20:], 0.0)


def test_noise_is_drawn_every_step_where_no_interval_is_given(target):
    sim.setup(timestep=0.25, target=target)
    source = sim.NoisyCurrentSource(stdev=1.0)
    source.record()
    sim.run(5.0)

    assert source.dt == 0.25
    assert len(set(amplitudes(source))) == 21


def test_reset_brings_new_noise_unless_it_is_to_repeat(setup):
    source = sim.NoisyCurrentSource(stdev=1.0)
    first = flow(source, 20)
    sim.reset()
    second = flow(source, 20)
    sim.reset(repeat_noise=True)
    third = flow(source, 20)

    assert len(set(first) | set(second)) == 42
    assert_array_equal(second, third)


def test_two_sources_of_noise_are_independent(setup):
    one, other = (sim.NoisyCurrentSource(stdev=1.0) for _ in range(2))
    other.record()

    assert not set(flow(one, 20)) & set(amplitudes(other))


def test_the_interval_of_noise_is_a_multiple_of_the_time_step(setup):
    for interval in (0.05, 0.25, 0.0, -0.1):
        with pytest.raises(errors.InvalidParameterValueError, match="NoisyCurrentSource: dt must be a multiple"):
            sim.NoisyCurrentSource(dt=interval)


@pytest.mark.parametrize("precision", ["double", "single"])
def test_targets_and_threads_give_the_same_bits(precision):
    def run(**options):
        sim.setup(timestep=DT, precision=precision, seed=5, **options)
        cells = [sim.Population(n, sim.IF_curr_exp(v_thresh=-60.0)) for n in (70, 5, 1)]
        for population in cells:
            population.record("v")
        sources = []
        for k in range(12):
            source = list(SOURCES.values())[k % 4]()
            sources.append(source)
            source.record()
            for population in cells[: 1 + k % 3]:
                source.inject_into(population.sample(1 + population.size // 2, rng=sim.NumpyRNG(seed=k)))
        cells[0].inject(sources[1])
        sim.run(1.7)
        sources[3].stdev = 0.5
        sources[1].frequency = 77.0
        late = SOURCES["Noisy"]()
        late.inject_into(cells[0][3:40])
        sim.run(1.0)
        sim.reset()
        sim.run(3.0)
        return [potentials(p) for p in cells] + [amplitudes(s) for s in sources]

    expected = run(target="reference")
    for threads in (1, 2, 3, 4):
        for wanted, found in zip(expected, run(target="cpp", threads=threads), strict=True):
            assert_array_equal(wanted, found)


# where they flow


def test_currents_flow_into_whatever_has_cells(setup):
    cells, others = resting(6), resting(2)
    for population in (cells, others):
        population.record("v")
    source = sim.DCSource(amplitude=0.1)

    cells[0:1].inject(source)
    cells[1].inject(source)
    source.inject_into(cells[2])
    source.inject_into([cells[3], others[0]])
    source.inject_into(sim.Assembly(cells[4:5], others[1:2]))
    sim.run(1.0)

    v = np.hstack([potentials(cells), potentials(others)])
    assert_array_equal(v[:, 5], -65.0)
    once = v[:, 0]
    assert once[-1] > -65.0
    for k in (1, 2, 3, 4, 6, 7):
        assert_array_equal(v[:, k], once)


def test_several_currents_into_one_cell_add_up(setup):
    cells = resting(3, tau_refrac=1.0)
    cells.record("v")
    one, two = sim.DCSource(amplitude=0.1), sim.DCSource(amplitude=0.2)
    one.inject_into(cells[:2])
    two.inject_into(cells[0:1])
    one.inject_into([cells[1], cells[1]])
    sim.DCSource(amplitude=0.1 + 0.2).inject_into(cells[2:3])
    sim.run(5.0)

    v = potentials(cells)
    assert_array_equal(v[:, 0], v[:, 2])
    assert v[:, 1] == pytest.approx(v[:, 2], rel=1e-13)


def test_a_source_may_come_after_runs_and_take_further_cells(setup):
    cells = resting(2)
    cells.record("v")
    sim.run(1.0)
    source = sim.ACSource(offset=0.5, start=0.0)
    source.inject_into(cells[0:1])
    sim.run(1.0)
    cells[1].inject(source)
    source.record()
    sim.run(1.0)

    v = potentials(cells)
    assert_array_equal(v[:11], -65.0)
    assert_array_equal(v[:21, 1], -65.0)
    assert v[11, 0] != -65.0 and v[21, 1] != -65.0
    signal = source.get_data()
    assert float(signal.t_start) == 2.0 and len(signal) == 11


def test_a_current_stays_when_cells_get_parameters_of_their_own(setup):
    cells = resting(2)
    cells.record("v")
    cells.inject(sim.DCSource(amplitude=0.1))
    sim.run(1.0)
    cells.set(tau_refrac=[1.0, 2.0])
    sim.run(1.0)

    assert potentials(cells)[:, 0] == pytest.approx(potential_under(np.full(21, 0.1)), rel=1e-13)


def test_cells_that_take_no_current_are_named_and_nothing_is_injected(setup):
    cells = sim.Population(2, sim.IF_curr_exp(), label="cells")
    spikes = sim.Population(2, sim.SpikeSourcePoisson(), label="spikes")
    cells.record("v")
    source = sim.DCSource(amplitude=1.0)
    for inject in (
        lambda: spikes.inject(source),
        lambda: spikes[0].inject(source),
        lambda: source.inject_into(sim.Assembly(cells, spikes)),
        lambda: sim.Assembly(cells, spikes).inject(source),
        lambda: source.inject_into([cells[0], spikes[1]]),
    ):
        with pytest.raises(TypeError, match="'spikes': SpikeSourcePoisson takes no injected current"):
            inject()
    with pytest.raises(TypeError, match="not into 3"):
        source.inject_into([cells[0], 3])
    sim.run(1.0)

    assert_array_equal(potentials(cells), -65.0)


def test_a_location_on_a_cell_is_refused(setup):
    with pytest.raises(NotImplementedError, match="multi-compartment"):
        resting()[0].inject(sim.DCSource(), location="soma")


# parameters and data


def test_parameters_read_back_as_they_were_set(source):
    values = source.get_parameters()
    source.set_parameters(**values)

    for name, value in values.items():
        assert_array_equal(getattr(source, name), value)


@pytest.mark.parametrize("wrong", [{"start": np.nan}, {"amplitude": np.inf}, {"stop": -np.inf}, {"amplitude": "much"}])
def test_values_that_make_no_sense_are_refused_and_nothing_changes(setup, wrong):
    source = sim.DCSource(amplitude=0.1)
    with pytest.raises((errors.InvalidParameterValueError, errors.InvalidDimensionsError, ValueError)):
        source.set_parameters(**wrong)

    assert_array_equal(flow(source, 10), 0.1)


def test_noise_of_negative_deviation_is_refused(setup):
    with pytest.raises(errors.InvalidParameterValueError, match="negative"):
        sim.NoisyCurrentSource(stdev=-0.1)


def test_data_without_record_say_what_is_missing(setup):
    source = sim.DCSource()
    sim.run(1.0)
    with pytest.raises(RuntimeError, match=r"call record\(\)"):
        source.get_data()


@pytest.mark.parametrize("equations", ["di/dt = -i/10", "i = i + 1", "a = t\ni = a"])
def test_a_current_with_a_memory_is_refused(setup, equations):
    sim.setup(timestep=DT)
    network = simulator.state.network
    network.add_current(Output(ModelSpec(name="Leaky", equations=equations), {}), "leaky")
    with pytest.raises(ModelError, match="'Leaky': a current is one equation"):
        network.prepare()
