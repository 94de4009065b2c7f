"""Wrong input is refused with PyNN's kinds of errors, in words that name the object, and leaves nothing half done."""

from __future__ import annotations

import numpy as np
import pytest
from pyNN import errors
from pyNN.random import NumpyRNG, RandomDistribution

import pynn_annarchy as sim
from pynn_annarchy.exceptions import ModelError, StaleSimulationError
from pynn_annarchy.standardmodels.later import comes_later


@pytest.fixture
def cells():
    sim.setup(timestep=0.1, min_delay=0.2, max_delay=5.0)
    return sim.Population(4, sim.IF_curr_exp(), label="cells")


def engine():
    return sim.simulator.state.network


def connect(cells, connector=None, receptor_type="excitatory", **synapse):
    connector = connector or sim.AllToAllConnector()
    synapse_type = sim.StaticSynapse(**synapse)
    return sim.Projection(cells, cells, connector, synapse_type, receptor_type=receptor_type, label="ee")


# setup


@pytest.mark.parametrize("timestep", [0.0, -0.1, float("nan"), float("inf"), "fast"])
def test_time_step_must_be_positive(timestep):
    with pytest.raises(ValueError, match="timestep must be a positive number"):
        sim.setup(timestep=timestep)


@pytest.mark.parametrize("limits", [{"min_delay": 0.05}, {"max_delay": 0.05}, {"min_delay": 3.0, "max_delay": 2.0}])
def test_delay_limits_must_be_possible(limits):
    with pytest.raises(ValueError, match="delay"):
        sim.setup(timestep=0.1, **limits)


def test_a_failing_setup_leaves_the_simulation_as_it_was(cells):
    with pytest.raises(TypeError):
        sim.setup(timestep=0.5, sead=3)
    assert sim.get_time_step() == 0.1
    cells.set(tau_m=10.0)
    assert cells.get("tau_m") == 10.0


@pytest.mark.parametrize("option", [{"threads": 0}, {"threads": 1.5}, {"seed": "a"}])
def test_threads_and_seed_are_whole_numbers(option):
    with pytest.raises(ValueError, match="whole number"):
        sim.setup(**option)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_has_64_bits(seed):
    with pytest.raises(ValueError, match="64 bits"):
        sim.setup(seed=seed)


def test_more_trials_than_there_is_noise_for_are_refused_before_anything_is_reset(cells, target):
    sim.setup(timestep=0.1, target=target)
    noise = sim.Population(1, sim.SpikeSourcePoisson())
    noise.record("spikes")
    sim.run(1.0)
    engine().trial = 65535
    with pytest.raises(ModelError, match=r"65536 trials.*setup"):
        sim.reset()
    assert sim.get_current_time() == 1.0
    assert len(noise.get_data().segments) == 1
    sim.reset(repeat_noise=True)
    assert sim.get_current_time() == 0.0


# populations


def test_unknown_parameter_is_refused_with_those_there_are(cells):
    with pytest.raises(errors.NonExistentParameterError, match="tau_m"):
        sim.IF_curr_exp(tau=10.0)
    with pytest.raises(errors.NonExistentParameterError, match="tau_m"):
        cells.set(tau=10.0)
    with pytest.raises(errors.NonExistentParameterError, match="tau_m"):
        cells.get("tau")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.array([1.0, np.nan, 1.0, 1.0])])
def test_parameters_must_be_finite(cells, value):
    with pytest.raises(errors.InvalidParameterValueError, match=r"'cm' of '.*' must be finite"):
        cells.set(tau_m=10.0, cm=value)
    assert cells.get(["tau_m", "cm"]) == [20.0, 1.0]


def test_a_population_that_fails_leaves_nothing_behind(cells):
    before = len(engine().populations), len(sim.simulator.state.recorders)
    with pytest.raises(errors.InvalidParameterValueError):
        sim.Population(3, sim.IF_curr_exp(cm=float("nan")))
    with pytest.raises(errors.NonExistentParameterError):
        sim.Population(3, sim.IF_curr_exp(), initial_values={"u": 0.0})
    with pytest.raises(errors.InvalidParameterValueError):
        sim.Population(3, sim.IF_curr_exp(), initial_values={"v": float("inf")})
    with pytest.raises(errors.InvalidDimensionsError, match=r"'v' of 'new': 3 cells .* \(4,\)"):
        sim.Population(3, sim.IF_curr_exp(), initial_values={"v": [-60.0] * 4}, label="new")
    with pytest.raises(ZeroDivisionError):
        sim.Population(3, sim.IF_curr_exp(), initial_values={"v": lambda i: 1 // 0})
    with pytest.raises(errors.InvalidDimensionsError, match=r"'tau_m' of 'new': 3 cells .* \(2,\)"):
        sim.Population(3, sim.IF_curr_exp(tau_m=[10.0, 20.0]), label="new")
    with pytest.raises(errors.InvalidDimensionsError):
        sim.Population(0, sim.IF_curr_exp())
    assert len(sim.simulator.state.populations) == before[0]
    assert (len(engine().populations), len(sim.simulator.state.recorders)) == before


def test_an_array_of_the_wrong_length_is_refused(cells):
    with pytest.raises(errors.InvalidDimensionsError):
        cells.set(tau_m=[10.0, 20.0])


@pytest.mark.parametrize("times", [[2.0, 1.0], [1.0, float("nan")], [-1.0, 2.0]])
def test_spike_times_must_ascend_from_zero_on(cells, times):
    before = len(engine().populations)
    with pytest.raises(errors.InvalidParameterValueError, match="spike times"):
        sim.Population(2, sim.SpikeSourceArray(spike_times=times))
    assert len(engine().populations) == before


def test_unknown_variables_are_not_initialized(cells):
    with pytest.raises(errors.NonExistentParameterError, match="isyn_exc"):
        cells.initialize(u=0.0)


def test_unknown_variables_are_not_recorded(cells):
    with pytest.raises(errors.RecordingError, match="gsyn_exc"):
        cells.record(["v", "gsyn_exc"])
    assert not any(cells.recorder.recorded.values())


def test_sampling_interval_is_a_multiple_of_the_time_step(cells):
    with pytest.raises(ValueError, match="multiple of the time step"):
        cells.record("v", sampling_interval=0.25)
    assert not any(cells.recorder.recorded.values())


def test_current_into_a_spike_source_is_refused(cells):
    with pytest.raises(TypeError, match="SpikeSourceArray takes no injected current"):
        sim.DCSource(amplitude=1.0).inject_into(sim.Population(1, sim.SpikeSourceArray()))


def test_a_model_that_comes_later_says_so():
    with pytest.raises(NotImplementedError, match="Dendrite comes later"):
        comes_later("Dendrite")()


# projections

BAD_SYNAPSES = {
    "weight of the wrong sign": ({"weight": -0.1}, "Weights must be positive"),
    "weights of both signs": (
        {"weight": RandomDistribution("normal", mu=0.0, sigma=1.0, rng=NumpyRNG(seed=1))},
        "all positive or all negative",
    ),
    "weight not finite": ({"weight": float("nan")}, "weight must be finite"),
    "weights not all finite": ({"weight": np.where(np.eye(4), np.inf, 0.1)}, "weight must be finite"),
    "delay below min_delay": ({"weight": 0.1, "delay": 0.1}, "0.1 ms is below the smallest one allowed, 0.2 ms"),
    "delay above max_delay": ({"weight": 0.1, "delay": 5.1}, "5.1 ms is above the largest one allowed, 5.0 ms"),
    "some delays below": (
        {"weight": 0.1, "delay": RandomDistribution("uniform", low=0.0, high=1.0, rng=NumpyRNG(seed=1))},
        "below the smallest one",
    ),
    "delay not finite": ({"weight": 0.1, "delay": float("inf")}, "delay must be finite"),
    "expression with a delay below": ({"weight": 0.1, "delay": "0.1*d"}, "below the smallest one"),
}


@pytest.mark.parametrize("name", BAD_SYNAPSES)
def test_bad_synapses_are_refused_and_nothing_is_connected(cells, name):
    parameters, message = BAD_SYNAPSES[name]
    with pytest.raises(errors.ConnectionError, match=message):
        connect(cells, **parameters)
    assert engine().projections == []
    assert sim.simulator.state.projections == []


def test_a_delay_below_the_time_step_is_refused_with_automatic_limits():
    sim.setup(timestep=0.1)
    with pytest.raises(errors.ConnectionError, match=r"projection 'ee': a delay of 0\.04 ms is below"):
        connect(sim.Population(2, sim.IF_curr_exp()), weight=0.1, delay=0.04)


def test_positive_weights_are_refused_on_inhibitory_currents(cells):
    with pytest.raises(errors.ConnectionError, match="negative"):
        connect(cells, receptor_type="inhibitory", weight=0.1)


def test_listed_weights_are_checked_too(cells):
    with pytest.raises(errors.ConnectionError, match="positive"):
        connect(cells, sim.FromListConnector([(0, 1, -0.1, 0.5)]))
    with pytest.raises(errors.ConnectionError, match="below"):
        connect(cells, sim.FromListConnector([(0, 1, 0.1, 0.1)]))


@pytest.mark.parametrize(("pair", "side"), [((4, 0), "source"), ((0, 4), "target"), ((-1, 0), "source")])
def test_listed_cells_must_exist(cells, pair, side):
    with pytest.raises(errors.ConnectionError, match=f"{side} index out of range.*0 to 3"):
        connect(cells, sim.FromListConnector([pair]))


def test_unknown_receptor_type_is_refused_with_those_there_are(cells):
    with pytest.raises(errors.ConnectionError, match="no receptor type 'NMDA'; it has excitatory, inhibitory"):
        connect(cells, receptor_type="NMDA", weight=0.1)


def test_a_spike_source_takes_no_input(cells):
    with pytest.raises(errors.ConnectionError, match="take no synaptic input"):
        sim.Projection(cells, sim.Population(1, sim.SpikeSourceArray()), sim.AllToAllConnector())


def test_no_cell_left_to_connect_to(cells):
    connector = sim.FixedNumberPreConnector(1, allow_self_connections=False, with_replacement=True)
    one = sim.Population(1, sim.IF_curr_exp())
    with pytest.raises(errors.ConnectionError, match="no cell is left"):
        sim.Projection(one, one, connector, sim.StaticSynapse(weight=0.1))


def test_setting_bad_values_changes_nothing(cells):
    projection = connect(cells, weight=0.1, delay=0.5)
    for attributes in (
        {"weight": -0.1},
        {"weight": float("nan")},
        {"weight": 0.2, "delay": 0.1},
        {"weight": 0.2, "delay": 7.0},
        {"weight": [0.2] * 15 + [float("inf")]},
    ):
        with pytest.raises(errors.ConnectionError):
            projection.set(**attributes)
    with pytest.raises(errors.NonExistentParameterError):
        projection.set(weight=0.2, U=0.5)
    with pytest.raises(errors.InvalidDimensionsError, match="16 connections, but 3 values"):
        projection.set(delay=1.0, weight=[0.1, 0.2, 0.3])
    with pytest.raises(errors.ConnectionError):
        projection[3].delay = 0.1
    assert set(projection.get(["weight", "delay"], "list", with_address=False)) == {(0.1, 0.5)}


# running


@pytest.mark.parametrize("duration", [0.0, -1.0, float("nan"), float("inf"), "long"])
def test_duration_must_be_positive(cells, duration):
    with pytest.raises(ValueError, match="duration of a run must be a positive number"):
        sim.run(duration)


def test_the_past_cannot_be_run(cells):
    sim.run(1.0)
    with pytest.raises(ValueError, match="in the past"):
        sim.run_until(0.5)


@pytest.mark.parametrize(("duration", "reached"), [(1.04, 1.0), (1.05, 1.1), (0.01, 0.1)])
def test_a_duration_off_the_grid_is_rounded_to_the_nearest_step_with_one_warning(cells, duration, reached):
    with pytest.warns(errors.RoundingWarning, match=f"running until {reached} ms instead") as caught:
        assert sim.run(duration) == reached
    assert len(caught) == 1


def test_a_warning_about_the_duration_points_to_the_users_line(cells):
    for run in (
        lambda: sim.run(0.14),
        lambda: sim.run_until(sim.get_current_time() + 0.14),
        lambda: sim.run(0.14, callbacks=[lambda t: t + 0.1]),
    ):
        with pytest.warns(errors.RoundingWarning) as caught:
            run()
        assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize("flags", [5, ["-O2", 3], {"-O2"}])
def test_compiler_flags_are_text(flags):
    with pytest.raises(TypeError, match="compiler_flags must be one string or a list of strings"):
        sim.setup(compiler_flags=flags)


def test_the_compiler_is_a_command():
    with pytest.raises(TypeError, match="compiler must be the name of a command, not 5"):
        sim.setup(compiler=5)


# earlier simulations


def test_objects_of_an_earlier_setup_can_be_read_but_not_changed(cells):
    projection = connect(cells, weight=0.1, delay=0.5)
    source = sim.DCSource(amplitude=0.0)
    cells.inject(source)
    source.record()
    cells.record("v")
    sim.run(2.0)

    sim.setup(timestep=0.5)

    for change in (
        lambda: cells.set(tau_m=5.0),
        lambda: setattr(cells[0], "tau_m", 5.0),
        lambda: cells.initialize(v=-60.0),
        lambda: cells.record("spikes"),
        lambda: cells.inject(sim.DCSource()),
        lambda: projection.set(weight=0.2),
        lambda: setattr(projection[0], "weight", 0.2),
        lambda: setattr(source, "amplitude", 0.2),
        lambda: connect(cells, weight=0.1),
    ):
        with pytest.raises(StaleSimulationError, match="earlier"):
            change()
    signal = cells.get_data().segments[0].analogsignals[0]
    assert signal.shape == (21, 4)
    assert float(signal.t_stop) == pytest.approx(2.1)
    assert cells.get("tau_m") == 20.0
    assert projection.get("weight", "list")[0] == (0, 0, 0.1)
    assert len(source.get_data()) == 21
    assert sim.get_current_time() == 0.0


@pytest.mark.parametrize(
    ("celltype", "parameters", "message"),
    [
        ("IF_curr_exp", {"tau_m": 0.0}, "parameter 'tau_m' of 'bad' must be greater than zero, got 0"),
        ("IF_cond_alpha", {"tau_syn_E": [1.0, -2.0, 1.0]}, "'tau_syn_E' of 'bad' must be greater than zero, got -2"),
        ("IF_cond_exp", {"tau_refrac": -1.0}, "'tau_refrac' of 'bad' must not be negative, got -1"),
        ("SpikeSourcePoisson", {"rate": -5.0}, "'rate' of 'bad' must not be negative, got -5"),
    ],
)
def test_parameters_outside_the_range_that_makes_sense_are_refused(celltype, parameters, message):
    sim.setup(timestep=0.1)

    with pytest.raises(errors.InvalidParameterValueError, match=message):
        sim.Population(3, getattr(sim, celltype)(**parameters), label="bad")
    population = sim.Population(3, getattr(sim, celltype)(), label="bad")
    with pytest.raises(errors.InvalidParameterValueError, match=message):
        population.set(**parameters)
    assert population.get(next(iter(parameters))) == population.celltype.default_parameters[next(iter(parameters))]
