"""Populations, views and assemblies through the PyNN API: parameters, initial values, identities of cells."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from pyNN.parameters import Sequence
from pyNN.random import NumpyRNG, RandomDistribution

import pynn_annarchy as sim


@pytest.fixture(autouse=True)
def simulation():
    sim.setup(timestep=0.1)


def test_parameters_come_back_as_they_were_set():
    cells = sim.Population(5, sim.IF_curr_exp(tau_m=lambda i: 10.0 + i, cm=0.3))
    assert_array_equal(cells.get("tau_m"), [10.0, 11.0, 12.0, 13.0, 14.0])
    assert cells.get("cm") == 0.3
    cells[2:4].set(tau_m=[1.0, 2.0])
    cells[0].tau_m = 99.0
    assert_array_equal(cells.get("tau_m"), [99.0, 11.0, 1.0, 2.0, 14.0])
    assert cells[3].tau_m == 2.0
    assert_array_equal(cells[1:][::2].get("tau_m"), [11.0, 2.0])


def test_a_distribution_of_parameters_is_drawn_once():
    expected = NumpyRNG(seed=3).next(4, "uniform", {"low": 10.0, "high": 20.0})
    tau_m = RandomDistribution("uniform", low=10.0, high=20.0, rng=NumpyRNG(seed=3))
    cells = sim.Population(4, sim.IF_curr_exp(tau_m=tau_m))
    assert_array_equal(cells.get("tau_m"), expected)
    assert_array_equal(cells.get("tau_m"), expected)


def test_a_distribution_of_initial_values_is_drawn_once():
    v = RandomDistribution("uniform", low=-60.0, high=-50.0, rng=NumpyRNG(seed=3))
    cells = sim.Population(4, sim.IF_curr_exp(), initial_values={"v": v})
    first = cells.initial_values["v"].evaluate()
    assert_array_equal(cells.initial_values["v"].evaluate(), first)
    assert cells[2].get_initial_value("v") == first[2]


def test_views_of_views_initialize_their_own_cells():
    cells = sim.Population(6, sim.IF_curr_exp())
    cells[1:5][[0, 3]].initialize(v=-55.0)
    cells[5].set_initial_value("v", -70.0)
    assert_array_equal(cells.initial_values["v"].evaluate(), [-65.0, -55.0, -65.0, -65.0, -55.0, -70.0])
    assert_array_equal(cells[3:5].initial_values["v"].evaluate(), [-65.0, -55.0])


def test_spike_times_are_kept_exactly():
    source = sim.Population(3, sim.SpikeSourceArray(spike_times=[0.075, 12.34]))
    source[1:2].set(spike_times=[1.03])
    assert [train.value.tolist() for train in source.get("spike_times")] == [[0.075, 12.34], [1.03], [0.075, 12.34]]
    each = sim.Population(2, sim.SpikeSourceArray(spike_times=[Sequence([1.0]), Sequence([2.0, 3.0])]))
    assert each[1].spike_times.value.tolist() == [2.0, 3.0]


def test_cells_know_their_population():
    first, second = sim.Population(3, sim.IF_curr_exp()), sim.Population(4, sim.IF_curr_exp())
    assert second[2].parent is second
    assert second.id_to_index(second[2]) == 2
    assembly = first[1:] + second
    assert assembly[3].parent is second
    assert [cell.parent.label for cell in assembly] == [first.label] * 2 + [second.label] * 4
    assert all(isinstance(cell, sim.simulator.ID) for cell in assembly.all())
    assert_array_equal(assembly.id_to_index(assembly.all_cells), np.arange(6))


def test_indices_in_a_view_are_integers():
    view = sim.Population(10, sim.IF_curr_exp())[2:10:2]
    indices = view.index_from_parent_index(np.array([4, 8]))
    assert indices.dtype == int
    assert_array_equal(indices, [1, 3])


def test_receptors_of_an_assembly_keep_their_order():
    both = sim.Population(2, sim.IF_curr_exp()) + sim.Population(2, sim.IF_cond_exp())
    assert both.receptor_types == ["excitatory", "inhibitory"]


def test_a_million_cells_take_seconds():
    started = time.perf_counter()
    cells = sim.Population(1_000_000, sim.IF_curr_exp())
    cells.record("spikes")
    cells[::2].set(tau_m=10.0)
    assert time.perf_counter() - started < 5.0


def test_standard_models_are_listed():
    assert sim.list_standard_models() == [
        "EIF_cond_alpha_isfa_ista",
        "EIF_cond_exp_isfa_ista",
        "GIF_cond_exp",
        "HH_cond_exp",
        "IF_cond_alpha",
        "IF_cond_exp",
        "IF_cond_exp_gsfa_grr",
        "IF_curr_alpha",
        "IF_curr_delta",
        "IF_curr_exp",
        "IF_facets_hardware1",
        "Izhikevich",
        "PointNeuron",
        "SpikeSourceArray",
        "SpikeSourceGamma",
        "SpikeSourceInhGamma",
        "SpikeSourcePoisson",
        "SpikeSourcePoissonRefractory",
    ]


def test_a_population_reports_its_equations_and_why_each_method_was_chosen():
    sim.setup(timestep=0.1)
    report = sim.Population(2, sim.IF_cond_exp()).report()

    assert "dgsyn_exc/dt = -gsyn_exc/tau_syn_E" in report
    assert "gsyn_exc, gsyn_inh: exact, " in report
    with pytest.raises(TypeError, match="its spike times are given"):
        sim.Population(1, sim.SpikeSourceArray(), label="source").report()
