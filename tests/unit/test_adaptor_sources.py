"""Sources through PyNN: spike times and tables set at any time, of all cells, views and single cells."""

from __future__ import annotations

import numpy as np
import pytest
from pyNN import errors
from pyNN.parameters import Sequence

import pynn_annarchy as sim


def recorded(source):
    return [train.magnitude.tolist() for train in source.get_data("spikes").segments[-1].spiketrains]


@pytest.fixture
def source(target):
    sim.setup(timestep=0.1, target=target)
    source = sim.Population(3, sim.SpikeSourceArray(spike_times=[Sequence([1.0, 7.0]), Sequence([]), Sequence([2.0])]))
    source.record("spikes")
    return source


def test_new_spike_times_replace_those_to_come_and_leave_those_that_were(source):
    sim.run(5.0)
    source.set(spike_times=[Sequence([3.0, 6.0]), Sequence([8.5]), Sequence([])])
    sim.run(5.0)
    source.set(spike_times=Sequence([11.0]))
    sim.run(5.0)

    # 3.0 is in the past when it is given; 7.0 was replaced before its time
    assert recorded(source) == [[1.0, 6.0, 11.0], [8.5, 11.0], [2.0, 11.0]]


def test_spike_times_can_be_set_by_view_by_cell_and_after_reset(source):
    sim.run(5.0)
    source[1:3].set(spike_times=[Sequence([5.5]), Sequence([5.6, 5.7])])
    source[0].spike_times = [5.8]
    sim.run(5.0)
    assert recorded(source) == [[1.0, 5.8], [5.5], [2.0, 5.6, 5.7]]

    sim.reset()
    source[2].spike_times = [0.5]
    sim.run(10.0)
    assert recorded(source) == [[5.8], [5.5], [0.5]]
    assert source[2].spike_times == Sequence([0.5])
    assert [list(times.value) for times in source.get("spike_times")] == [[5.8], [5.5], [0.5]]


def test_spike_times_can_be_appended_while_the_simulation_goes_on(source):
    times = np.array([0.3])
    for step in range(4):
        source[1].spike_times = times
        sim.run(1.0)
        times = np.append(times, step + 1.3)

    assert recorded(source)[1] == [0.3, 1.3, 2.3, 3.3]


def test_an_array_that_the_user_changes_later_is_not_the_source_s(source):
    times = np.array([4.0])
    source[1].spike_times = times
    times += 2.0
    sim.run(10.0)

    assert recorded(source)[1] == [4.0]


def test_refused_spike_times_change_nothing(source):
    for wrong in ([2.0, 1.0], [np.nan], [-1.0]):
        with pytest.raises(errors.InvalidParameterValueError, match="cell 1"):
            source.set(spike_times=[Sequence([9.0]), Sequence(wrong), Sequence([])])
    sim.run(10.0)

    assert recorded(source) == [[1.0, 7.0], [], [2.0]]


def test_exact_times_come_back_in_the_run_that_they_belong_to(target):
    sim.setup(timestep=0.05, spike_precision="off_grid", target=target)
    times = [0.075, 10.025, 12.34, 1000.025]
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    source.record("spikes")
    parts = []
    for _ in range(3):
        sim.run(10.0)
        parts.append(source.get_data(clear=True).segments[0].spiketrains[0].magnitude.tolist())

    assert parts == [[0.075], [10.025, 12.34], []]


# ---- inhomogeneous gamma --------------------------------------------------------------------------------------------


def inhomogeneous(target, n=2, **parameters):
    sim.setup(timestep=0.1, target=target)
    source = sim.Population(n, sim.SpikeSourceInhGamma(**parameters))
    source.record("spikes")
    return source


def test_each_cell_has_its_tables(target):
    fast, slow = Sequence([1e-4, 1e3]), Sequence([1e3, 1e-4])
    source = inhomogeneous(target, a=Sequence([4.0, 4.0]), b=[fast, slow], tbins=Sequence([0.0, 10.0]))
    sim.run(20.0)
    first, second = recorded(source)

    assert max(first) <= 10.0 < min(second)
    # 10 ms of intervals of 0.4 ms, variance 1/4 of their squared mean
    assert len(first) == pytest.approx(25, abs=4.5 * np.sqrt(25 / 4))
    assert [list(b.value) for b in source.get("b")] == [[1e-4, 1e3], [1e3, 1e-4]]
    assert source[1].tbins == Sequence([0.0, 10.0])


def test_tables_of_single_cells_can_be_changed_between_runs(target):
    source = inhomogeneous(target, a=Sequence([4.0]), b=Sequence([1e3]), tbins=Sequence([0.0]))
    sim.run(10.0)
    source[1].b = Sequence([1e-4])
    sim.run(10.0)
    assert [bool(train) for train in recorded(source)] == [False, True]

    source[1:2].set(a=Sequence([2.0, 4.0]), b=Sequence([1e3, 1e-4]), tbins=Sequence([0.0, 30.0]), start=5.0)
    sim.run(10.0)
    assert max(recorded(source)[1]) < 21.0
    sim.run(10.0)
    assert max(recorded(source)[1]) > 39.0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"a": Sequence([1.0, 2.0])}, "has 2 values of 'a' for 1 times"),
        ({"b": Sequence([0.0])}, "'b' of cell 0 of .* must be greater than zero"),
        ({"a": Sequence([np.inf])}, "'a' of cell 0 of .* must be finite"),
    ],
)
def test_tables_that_make_no_sense_are_refused_and_leave_no_population(parameters, message):
    sim.setup(timestep=0.1)

    with pytest.raises(errors.InvalidParameterValueError, match=message):
        sim.Population(2, sim.SpikeSourceInhGamma(**parameters))
    sim.Population(1, sim.SpikeSourceInhGamma())
    sim.run(1.0)


# ---- random sources -------------------------------------------------------------------------------------------------

RANDOM = {
    "SpikeSourcePoisson": {"rate": 300.0},
    "SpikeSourcePoissonRefractory": {"rate": 150.0, "tau_refrac": 3.0},
    "SpikeSourceGamma": {"alpha": 3.0, "beta": 900.0},
    "SpikeSourceInhGamma": {"a": Sequence([3.0, 2.0]), "b": Sequence([1e-3, 2e-3]), "tbins": Sequence([0.0, 20.0])},
}


@pytest.mark.parametrize("name", RANDOM)
def test_noise_is_new_after_reset_unless_it_is_to_be_repeated(name, target):
    sim.setup(timestep=0.1, target=target, seed=5)
    source = sim.Population(10, getattr(sim, name)(**RANDOM[name]))
    source.record("spikes")
    sim.run(50.0)
    first = recorded(source)
    sim.reset(repeat_noise=True)
    sim.run(50.0)
    assert recorded(source) == first

    sim.reset()
    sim.run(50.0)
    assert recorded(source) != first


def test_a_dead_time_that_leaves_no_time_is_refused_at_once():
    sim.setup(timestep=0.1)
    with pytest.raises(errors.InvalidParameterValueError, match=r"rate\*tau_refrac < 1000 must hold"):
        sim.Population(2, sim.SpikeSourcePoissonRefractory(rate=300.0, tau_refrac=5.0))
    source = sim.Population(2, sim.SpikeSourcePoissonRefractory(rate=100.0, tau_refrac=5.0))
    with pytest.raises(errors.InvalidParameterValueError, match="cell 1 has rate = 100, tau_refrac = 20"):
        source[1:2].set(tau_refrac=20.0)

    assert source.get("tau_refrac") == 5.0
