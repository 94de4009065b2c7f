"""Control of a simulation through the PyNN API: options of setup(), callbacks, pieces of runs, several simulations."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.utility import SimulationProgressBar

import pynn_annarchy as sim
from pynn_annarchy.exceptions import StaleSimulationError


@pytest.fixture(autouse=True)
def simulation():
    sim.setup(timestep=0.1)


def seed():
    return sim.simulator.state.network.seed


# options of setup


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("thread", "threads"),
        ("sead", "seed"),
        ("mindelay", "min_delay"),
        ("maxdelay", "max_delay"),
        ("time_step", "timestep"),
        ("rng_sed", "rng_seed"),
        ("verbose", "verbosity"),
    ],
)
def test_a_misspelt_option_is_refused_with_the_right_one(misspelt, meant):
    with pytest.raises(TypeError, match=f"no option '{misspelt}'; did you mean '{meant}'"):
        sim.setup(**{misspelt: 1})


@pytest.mark.parametrize("option", ["dt", "gpu"])
def test_an_option_that_no_back_end_has_is_refused_with_those_there_are(option):
    with pytest.raises(TypeError, match=f"no option '{option}'; it has timestep, min_delay, .* threads, seed"):
        sim.setup(**{option: 1})


def test_options_of_other_back_ends_are_named_in_one_warning():
    with pytest.warns(UserWarning) as caught:
        sim.setup(spike_precision="on_grid", verbosity="error", t_flush=10.0, use_cvode=True, filename="a", debug=True)
    assert [str(warning.message) for warning in caught] == [
        "options without effect in pyNN.annarchy: debug, filename, spike_precision, t_flush, use_cvode, verbosity"
    ]
    assert caught[0].filename == __file__


def test_what_is_always_so_needs_no_warning(recwarn):
    sim.setup(spike_precision="off_grid", use_cvode=False, rank=0, num_processes=1, threads=None, seed=None)
    assert not recwarn
    with pytest.raises(ValueError, match="'off_grid' or 'on_grid', not 'fine'"):
        sim.setup(spike_precision="fine")


@pytest.mark.parametrize(
    "option",
    [{"seed": 7}, {"rng_seed": 7}, {"rng_seeds_seed": 7}, {"grng_seed": 7}, {"rng_seeds": [7, 8]}],
)
def test_the_seed_has_the_names_that_other_back_ends_give_it(option, recwarn):
    sim.setup(**option)
    assert seed() == 7
    assert not recwarn


def test_a_second_seed_is_named_as_without_effect():
    with pytest.warns(UserWarning, match="without effect in pyNN.annarchy: grng_seed$"):
        sim.setup(rng_seed=5, grng_seed=6)
    assert seed() == 5


# running


def test_callbacks_are_called_when_they_ask_to_be():
    sim.Population(1, sim.IF_curr_exp())
    fast, slow = [], []
    sim.run(1.0, callbacks=[lambda t: fast.append(t) or t + 0.2, lambda t: slow.append(t) or t + 0.5])
    np.testing.assert_allclose(fast, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0], rtol=1e-12)
    np.testing.assert_allclose(slow, [0.0, 0.5, 1.0], rtol=1e-12)
    sim.run_until(1.5, callbacks=[lambda t: slow.append(t) or 10.0])
    assert slow[3:] == [1.0, 1.5]


def test_a_callback_sees_and_changes_the_network():
    cell = sim.Population(1, sim.IF_curr_exp())
    cell.record("v")

    def clamp(t):
        cell.initialize(v=-60.0 - t)
        return t + 1.0

    sim.run(3.0, callbacks=[clamp])
    v = cell.get_data().segments[0].analogsignals[0].magnitude[:, 0]
    decay = np.exp(-0.1 / 20.0)
    np.testing.assert_allclose(v[[1, 11, 21]], -65.0 + np.array([5.0, 4.0, 3.0]) * decay, rtol=1e-14)


def test_the_progress_bar_of_pynn_works():
    sim.Population(1, sim.IF_curr_exp())
    with redirect_stdout(io.StringIO()) as printed:
        sim.run(10.0, callbacks=[SimulationProgressBar(2.5, 10.0)])
    assert "100%" in printed.getvalue()


@pytest.mark.parametrize(
    ("callback", "error", "words"),
    [
        (lambda t: None, TypeError, "must return the next time at which to call it, not None"),
        (lambda t: float("nan"), TypeError, "must return the next time"),
        (lambda t: t, ValueError, "asks again to be called at 0.0 ms"),
        (5.0, TypeError, "functions of the time, not 5.0"),
    ],
)
def test_a_callback_that_would_keep_the_run_from_ending_is_refused(callback, error, words):
    with pytest.raises(error, match=words):
        sim.run(1.0, callbacks=[callback])


def test_callbacks_come_as_a_list():
    with pytest.raises(TypeError, match="a list of functions"):
        sim.run(1.0, callbacks=lambda t: t + 1.0)


def noisy_network():
    sim.setup(timestep=0.1, seed=3)
    source = sim.Population(20, sim.SpikeSourcePoisson(rate=300.0))
    cells = sim.Population(10, sim.IF_cond_exp())
    weight = RandomDistribution("uniform", (0.0, 0.02), rng=NumpyRNG(1))
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=weight, delay=1.3))
    cells.record(["v", "spikes"])
    return cells


def test_a_run_in_pieces_is_the_run_in_one():
    cells = noisy_network()
    sim.run(50.0)
    whole = cells.get_data().segments[0]
    cells = noisy_network()
    for piece in (0.1, 0.1, 9.8, 20.0):
        sim.run(piece)
    sim.run_until(30.1)
    sim.run_for(19.9)
    pieces = cells.get_data().segments[0]
    assert sim.get_current_time() == 50.0
    assert_array_equal(pieces.analogsignals[0].magnitude, whole.analogsignals[0].magnitude)
    assert [train.tolist() for train in pieces.spiketrains] == [train.tolist() for train in whole.spiketrains]
    assert sum(len(train) for train in whole.spiketrains) > 0


def test_a_network_grows_between_runs():
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.5, 1.5, 2.5]))
    sim.run(1.0)
    cells = sim.Population(2, sim.IF_curr_exp())
    cells.record("isyn_exc")
    synapse = sim.StaticSynapse(weight=1.0, delay=0.1)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
    sim.run(1.0)
    sim.Projection(source, cells[0:1], sim.AllToAllConnector(), synapse)
    sim.run(1.0)
    current = cells.get_data().segments[0].analogsignals[0]
    assert current.t_start == 1.0
    step = np.diff(current.magnitude, axis=0)
    assert_array_equal(np.flatnonzero(step[:, 1] > 0.5) + 1, [6, 16])
    decay = np.exp(-1.0 / 5.0)
    np.testing.assert_allclose(current.magnitude[6], [1.0, 1.0], rtol=1e-14)
    np.testing.assert_allclose(current.magnitude[16], [2.0 + decay, 1.0 + decay], rtol=1e-14)


def test_a_reset_brings_back_the_start_and_keeps_what_was_set():
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0, 4.9]))
    cell = sim.Population(1, sim.IF_curr_exp(), initial_values={"v": -62.0})
    projection = sim.Projection(source, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5, delay=2.0))
    cell.record(["v", "isyn_exc"])
    sim.run(6.0)  # the second spike is under way
    sim.reset(annotations={"trial": 1})
    assert sim.get_current_time() == 0.0
    sim.run(6.0)
    first, second = cell.get_data().segments
    for name in ("v", "isyn_exc"):
        assert_array_equal(first.filter(name=name)[0].magnitude, second.filter(name=name)[0].magnitude)
    assert first.annotations == {"trial": 1}
    projection.set(weight=0.25)
    cell.set(tau_m=10.0)
    sim.reset()
    assert projection.get("weight", "list", with_address=False) == [0.25]
    assert cell.get("tau_m") == 10.0


def test_several_simulations_follow_each_other_in_one_process():
    old = sim.Population(1, sim.IF_curr_exp(), label="old")
    old.record("v")
    sim.run(1.0)
    for timestep in (0.2, 0.05):
        sim.end()
        sim.setup(timestep=timestep)
        new = sim.Population(1, sim.IF_curr_exp())
        new.record("v")
        sim.run(1.0)
        assert new.get_data().segments[0].analogsignals[0].shape == (round(1.0 / timestep) + 1, 1)
    assert old.get_data().segments[0].analogsignals[0].shape == (11, 1)
    assert old.get("tau_m") == 20.0
    with pytest.raises(StaleSimulationError, match="'old' belongs to an earlier setup"):
        old.set(tau_m=10.0)
    with pytest.raises(StaleSimulationError, match="earlier setup"):
        sim.Projection(old, new, sim.AllToAllConnector())


def test_the_time_that_a_simulation_took_is_told():
    sim.Population(1, sim.IF_curr_exp())
    sim.run(1.0)
    assert sim.timings()["run_time"] > 0
    sim.setup()
    assert sim.timings()["run_time"] == 0


def test_the_state_has_what_pynn_reads_of_it():
    state = sim.simulator.state
    assert (sim.rank(), sim.num_processes()) == (state.mpi_rank, state.num_processes) == (0, 1)
    assert (sim.get_time_step(), sim.get_current_time()) == (state.dt, state.t) == (0.1, 0.0)
    assert (sim.get_min_delay(), sim.get_max_delay()) == (state.min_delay, state.max_delay)
    assert (state.running, state.t_start, state.segment_counter, state.write_on_end) == (False, 0, 0, [])
    sim.Population(1, sim.IF_curr_exp()).record("v", to_file="unused.pkl")
    assert len(state.recorders) == len(state.write_on_end) == 1


def test_names_that_only_other_back_ends_have_say_what_to_do_instead():
    with pytest.raises(AttributeError, match=r"no 'native_synapse_type': .* language"):
        sim.native_synapse_type("stdp_synapse")
    with pytest.raises(AttributeError, match=r"no 'Poplation'$"):
        sim.Poplation(3)
    for name in ("MultiCompartmentNeuron", "NaChannel", "KdrChannel", "PassiveLeak", "PassiveLeakHH"):
        with pytest.raises(NotImplementedError, match=rf"{name} needs cells with compartments; .* PointNeuron"):
            getattr(sim, name)()
