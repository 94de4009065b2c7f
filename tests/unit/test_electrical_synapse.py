"""Gap junctions through PyNN: currents in both directions, against the analytic solution of two coupled membranes."""

from __future__ import annotations

import numpy as np
import pyNN.annarchy as sim
import pytest
from pyNN import errors
from pytest import approx
from scipy.linalg import expm

from pynn_annarchy.exceptions import EquationError, ModelError

PASSIVE = {"v_thresh": 1e6, "v_rest": -65.0}


def pair(target, dt=0.1, weight=0.03, cell=sim.IF_curr_exp, **parameters):
    """Two passive cells that differ in capacity and time constant, joined by one junction."""
    sim.setup(timestep=dt, target=target)
    first = sim.Population(1, cell(cm=1.0, tau_m=20.0, **PASSIVE, **parameters), initial_values={"v": -45.0})
    second = sim.Population(1, cell(cm=0.5, tau_m=10.0, **PASSIVE, **parameters), initial_values={"v": -75.0})
    junction = sim.Projection(first, second, sim.OneToOneConnector(), sim.ElectricalSynapse(weight=weight))
    for cells in (first, second):
        cells.record("v")
    return first, second, junction


def potentials(*populations):
    return np.hstack([cells.get_data().segments[0].analogsignals[0].magnitude for cells in populations])


def analytic(t, weight):
    """The potentials at time t, in ms, of the two cells of `pair`."""
    rates = np.array([[-1 / 20 - weight, weight], [weight / 0.5, -1 / 10 - weight / 0.5]])
    return -65 + expm(rates * t) @ np.array([20.0, -10.0])


def test_two_coupled_cells_follow_the_analytic_solution_with_an_error_of_first_order():
    """At dt = 0.1 ms, with a time constant of the coupling of 11 ms, the error is 0.03 mV of 30 mV at most."""

    def error(dt):
        first, second, _ = pair("cpp", dt)
        sim.run(40.0)
        v = potentials(first, second)
        exact = np.array([analytic(k * dt, 0.03) for k in range(len(v))])
        return np.abs(v - exact).max()

    errors_ = [error(dt) for dt in (0.4, 0.2, 0.1, 0.05)]

    assert np.diff(np.log2(errors_)) == approx(-1.0, abs=0.03)  # the second order is 2 % at 0.4 ms
    assert errors_[2] < 0.03


@pytest.mark.parametrize("cell", [sim.IF_curr_exp, sim.IF_cond_exp, sim.IF_curr_alpha, sim.EIF_cond_exp_isfa_ista])
def test_every_cell_with_a_potential_can_be_coupled(target, cell):
    more = {"delta_T": 0.0, "a": 0.0, "v_spike": 1e6} if cell is sim.EIF_cond_exp_isfa_ista else {}
    first, second, _ = pair(target, cell=cell, **more)
    sim.run(20.0)
    assert potentials(first, second)[-1] == approx(analytic(20.0, 0.03), abs=0.03)


def test_a_spike_is_felt_by_the_neighbours_of_a_cell(target):
    """In both directions, by cells of another type."""
    sim.setup(timestep=0.05, target=target)
    cells = sim.Population(2, sim.HH_cond_exp(i_offset=[0.5, 0.0]))
    other = sim.Population(1, sim.IF_curr_exp(**PASSIVE))
    sim.Projection(cells[0:1], other, sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.01))
    sim.Projection(other, cells[1:2], sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.05))
    for population in (cells, other):
        population.record("v")
    sim.run(30.0)
    driving, driven, between = np.ptp(potentials(cells, other), axis=0)
    assert driving > 80 and 0.2 < between < 5 and 0.01 < driven < between


def test_junctions_between_one_pair_add_up(target):
    def final(*weights):
        first, second, junction = pair(target, weight=0.0)
        sources = ([first, second, weights[0]], [second, first, weights[-1]])
        junction.set(weight=weights[0])
        for pre, post, weight in sources[1:] if len(weights) > 1 else []:
            sim.Projection(pre, post, sim.OneToOneConnector(), sim.ElectricalSynapse(weight=weight))
        sim.run(10.0)
        return potentials(first, second)[-1]

    assert final(0.01, 0.02) == approx(final(0.03), rel=1e-12)


def test_conductances_can_be_read_and_set_between_runs(target):
    sim.setup(timestep=0.1, target=target)
    cells = sim.Population(4, sim.IF_curr_exp(**PASSIVE), initial_values={"v": [-60.0, -65.0, -70.0, -62.0]})
    listed = [(0, 1, 0.01), (2, 0, 0.02), (2, 3, 0.03), (2, 0, 0.04)]
    connector = sim.FromListConnector(listed, column_names=["weight"])
    junctions = sim.Projection(cells, cells[:4], connector, sim.ElectricalSynapse())
    cells.record("v")
    assert junctions.get("weight", "list") == [(0, 1, 0.01), (2, 0, 0.02), (2, 0, 0.04), (2, 3, 0.03)]
    assert junctions.get("weight", "array")[2, 0] == approx(0.06)

    sim.run(1.0)
    junctions[2].weight = 0.0
    sim.run(1.0)
    junctions.set(weight=[0.0, 0.0, 0.5, 0.0])
    sim.run(1.0)

    assert junctions.get("weight", "list", with_address=False) == [0.0, 0.0, 0.5, 0.0]
    v = potentials(cells)
    # what flows between cells of equal capacity and leak changes no mean
    assert v[-1].mean() + 65 == approx((v[0].mean() + 65) * np.exp(-3 / 20), rel=1e-9)
    assert v[-1][2] == approx(v[-1][0], abs=0.5 * abs(v[20][2] - v[20][0]))


def test_assemblies_can_be_joined(target):
    def final(join):
        sim.setup(timestep=0.1, target=target)
        populations = [sim.Population(2, sim.IF_curr_exp(**PASSIVE)) for _ in range(2)]
        populations[0].initialize(v=[-50.0, -60.0])
        join(*populations)
        for population in populations:
            population.record("v")
        sim.run(5.0)
        return potentials(*populations)[-1]

    def together(a, b):
        sim.Projection(a + b, a + b, sim.FixedProbabilityConnector(1.0), sim.ElectricalSynapse(weight=0.01))

    def apart(a, b):
        for pre in (a, b):
            for post in (a, b):
                sim.Projection(pre, post, sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.01))

    assert final(together) == approx(final(apart), rel=1e-12)


@pytest.mark.parametrize("name", [None, "default", "gap", "source_section.gap"])
def test_there_is_one_receptor_whatever_its_section_is_called(name):
    first, second, junction = pair("reference")
    other = sim.Projection(
        first, second, sim.OneToOneConnector(), sim.ElectricalSynapse(weight=0.1), receptor_type=name, source=name
    )
    assert junction.receptor_type == other.receptor_type == "gap"


def test_what_is_no_junction_is_refused():
    first, second, junction = pair("reference")
    every, synapse = sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.1)
    with pytest.raises(errors.ConnectionError, match="receptor_type is 'gap' or left out, not 'excitatory'"):
        sim.Projection(first, second, every, synapse, receptor_type="excitatory")
    with pytest.raises(errors.ConnectionError, match="conductance of a gap junction is not negative"):
        sim.Projection(first, second, every, sim.ElectricalSynapse(weight=-0.1))
    with pytest.raises(errors.ConnectionError, match="conductance of a gap junction is not negative"):
        junction.set(weight=-0.1)
    with pytest.raises(errors.NonExistentParameterError):
        sim.ElectricalSynapse(weight=0.1, delay=1.0)
    source = sim.Population(1, sim.SpikeSourceArray(), label="source")
    with pytest.raises(errors.ConnectionError, match="cells of 'source' take none"):
        sim.Projection(source, second, every, synapse)


def test_cells_without_a_potential_are_refused_by_name():
    from pynn_annarchy.custom import native_cell_type
    from pynn_annarchy.model.spec import InputSpec, ModelSpec

    _, second, _ = pair("reference")
    rate = ModelSpec("Rate", equations="dr/dt = -r + drive", inputs=(InputSpec("drive", "nA"),))
    cells = sim.Population(1, native_cell_type(rate)(), label="rates")
    with pytest.raises(EquationError, match=r"'rates' \(Rate\) has no variable or parameter 'v'"):
        sim.Projection(cells, second, sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.1))


def test_a_coupling_that_is_too_strong_for_the_time_step_is_refused(target):
    """0.1 ms * 6 uS > 0.5 nF; the step that is offered is short enough."""
    pair(target, weight=6.0)
    with pytest.raises(ModelError, match=r"use a time step of at most 0\.0833 ms") as raised:
        sim.run(1.0)
    assert "is too strong for a time step of 0.1 ms: v would follow its neighbours by 1.2" in str(raised.value)

    first, second, _ = pair(target, dt=0.08, weight=6.0)
    sim.run(20.0)

    v = potentials(first, second)
    assert np.all((v >= -75) & (v <= -45)) and abs(v[-1, 0] - v[-1, 1]) < 0.01


def test_conductances_can_be_recorded_with_their_unit():
    _, _, junction = pair("reference")
    junction.record("weight", sampling_interval=1.0)
    sim.run(2.0)
    (signal,) = junction.get_data().segments[0].analogsignals
    assert str(signal.dimensionality) == "uS" and signal.magnitude.ravel().tolist() == [0.03] * 3
