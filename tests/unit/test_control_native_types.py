"""Cell types from models of the language: native_cell_type()."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from pyNN import errors

import pynn_annarchy as sim
from pynn_annarchy.exceptions import EquationError, ModelError
from pynn_annarchy.model.spec import InputSpec, Kind, ModelSpec, ParameterSpec, ReceptorSpec

CALCIUM = ModelSpec(
    name="CalciumCell",
    parameters=(
        ParameterSpec("tau", 10.0, "ms", positive=True),
        ParameterSpec("E_L", -60.0, "mV"),
        ParameterSpec("theta", -50.0, "mV"),
    ),
    equations="dv/dt = (E_L - v + g)/tau : init=E_L\ndg/dt = -g/5.0\ndca/dt = -ca/100.0 : init=0.5",
    spike="v >= theta",
    reset="v = E_L\nca += 1",
    receptors=(ReceptorSpec("up", "g += input"), ReceptorSpec("down", "g -= input")),
    units=(("v", "mV"), ("g", "mV")),
    description="A cell that counts its spikes.",
)


@pytest.fixture(autouse=True)
def simulation():
    sim.setup(timestep=0.1)


def source(*times):
    return sim.Population(1, sim.SpikeSourceArray(spike_times=list(times)))


def connect(pre, post, weight, receptor_type):
    sim.Projection(pre, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=weight), receptor_type=receptor_type)


def signal(cells, name, segment=0):
    return cells.get_data().segments[segment].filter(name=name)[0]


def test_a_standard_model_by_name_is_the_standard_cell(target):
    sim.setup(timestep=0.1, target=target)
    both = [sim.Population(2, kind(tau_m=12.0)) for kind in (sim.native_cell_type("IF_cond_exp"), sim.IF_cond_exp)]
    spikes = source(1.0, 2.0)
    for cells in both:
        connect(spikes, cells, 0.1, "excitatory")
        cells.inject(sim.DCSource(amplitude=0.4))
        cells.record(["v", "gsyn_exc", "spikes"])
    sim.run(20.0)
    native, standard = (cells.get_data().segments[0] for cells in both)
    for name in ("v", "gsyn_exc"):
        assert_array_equal(native.filter(name=name)[0].magnitude, standard.filter(name=name)[0].magnitude)
        assert native.filter(name=name)[0].units == standard.filter(name=name)[0].units
    assert [train.tolist() for train in native.spiketrains] == [train.tolist() for train in standard.spiketrains]
    assert len(native.spiketrains[0]) > 0


def test_a_model_of_ones_own_becomes_a_cell_type():
    cell_type = sim.native_cell_type(CALCIUM)
    assert cell_type.__name__ == "CalciumCell"
    assert cell_type.__doc__ == "A cell that counts its spikes."
    assert cell_type.default_parameters == {"tau": 10.0, "E_L": -60.0, "theta": -50.0}
    assert cell_type.recordable == ["spikes", "v", "g", "ca"]
    assert cell_type.receptor_types == ["up", "down"]
    assert sim.native_cell_type(CALCIUM) is cell_type


def test_its_receptors_take_spikes_and_its_variables_are_recorded():
    cells = sim.Population(2, sim.native_cell_type(CALCIUM)())
    cells.record("all")
    connect(source(1.0), cells, 50.0, "up")
    connect(source(1.5), cells[1:], 50.0, "down")
    sim.run(10.0)
    np.testing.assert_allclose(signal(cells, "g").magnitude[11], [50.0, 50.0], rtol=1e-14)
    assert signal(cells, "v").dimensionality.string == "mV"
    assert signal(cells, "ca").dimensionality.string == "dimensionless"
    assert [len(train) for train in cells.get_data().segments[0].spiketrains] == [1, 0]
    decay = np.exp(-10.0 / 100.0)
    assert signal(cells, "ca").magnitude[100, 1] == pytest.approx(0.5 * decay, rel=1e-12)
    assert signal(cells, "ca").magnitude[100, 0] > 1.0


def test_initial_values_may_depend_on_the_parameters_of_each_cell():
    cells = sim.Population(3, sim.native_cell_type(CALCIUM)(E_L=[-60.0, -61.0, -62.0]))
    cells[2:].initialize(v=-70.0)
    cells.record("v")
    sim.run(0.1)
    assert_array_equal(signal(cells, "v").magnitude[0], [-60.0, -61.0, -70.0])
    assert (
        sim.Population(1, sim.native_cell_type(CALCIUM)(), initial_values={"v": -55.0})[0].get_initial_value("v") == -55
    )


def test_parameters_are_set_like_those_of_standard_cells():
    cells = sim.Population(3, sim.native_cell_type(CALCIUM)(tau=lambda i: 5.0 + i))
    cells[1].theta = -45.0
    cells[1:].set(tau=[8.0, 9.0])
    assert_array_equal(cells.get("tau"), [5.0, 8.0, 9.0])
    assert_array_equal(cells.get("theta"), [-50.0, -45.0, -50.0])
    assert "CalciumCell" in cells.describe()
    assert "init=E_L" in cells.report()
    assert str(cells.celltype.default_initial_values["v"]) == "E_L"


def test_the_equations_give_the_sign_of_a_weight_its_meaning(recwarn):
    cells = sim.Population(2, sim.native_cell_type(CALCIUM)())
    connect(source(1.0), cells, np.array([[1.0, -1.0]]), "down")
    assert not recwarn
    with pytest.raises(errors.ConnectionError, match="Weights must be positive"):
        connect(source(1.0), sim.Population(1, sim.native_cell_type("IF_curr_exp")()), -1.0, "excitatory")


def test_wrong_use_is_refused_in_the_models_own_words():
    cell_type = sim.native_cell_type(CALCIUM)
    with pytest.raises(errors.NonExistentParameterError, match=r"tua .*E_L, tau, theta"):
        cell_type(tua=1.0)
    with pytest.raises(errors.InvalidParameterValueError, match=r"'tau' of .* greater than zero"):
        sim.Population(1, cell_type(tau=-1.0))
    cells = sim.Population(1, cell_type(), label="counting")
    with pytest.raises(TypeError, match="'counting'"):
        cells.inject(sim.DCSource())
    with pytest.raises(errors.ConnectionError, match="'counting' has no receptor type 'excitatory'; it has up, down"):
        connect(source(1.0), cells, 0.1, "excitatory")
    with pytest.raises(errors.RecordingError):
        cells.record("w")


def test_a_current_goes_into_the_input_of_the_model():
    spec = ModelSpec("Leaky", equations="dv/dt = -v/10.0 + i_inj", inputs=(InputSpec("i_inj", "nA"),))
    cells = sim.Population(1, sim.native_cell_type(spec)())
    cells.inject(sim.DCSource(amplitude=2.0))
    cells.record("v")
    sim.run(5.0)
    assert signal(cells, "v").magnitude[-1, 0] == pytest.approx(20.0 * (1 - np.exp(-0.5)), rel=1e-12)


def test_what_is_no_cell_model_is_refused():
    with pytest.raises(ModelError, match="no cell model 'IF_cond_xp'; did you mean 'IF_cond_exp'"):
        sim.native_cell_type("IF_cond_xp")
    with pytest.raises(ModelError, match=r"there are .*IF_curr_exp.*, and specifications of your own"):
        sim.native_cell_type("iaf_psc_fancy_neuron")
    with pytest.raises(ModelError, match="'Twice' is a synapse type"):
        sim.native_cell_type(ModelSpec("Twice", kind=Kind.SYNAPSE, pre_spike="g_target += 2.0"))
    with pytest.raises(EquationError, match="'tau' is not defined"):
        sim.native_cell_type(ModelSpec("Wrong", equations="dv/dt = -v/tau"))
