"""Every cell type of PyNN: parameters that come back as they were set, equal or not, and what can be recorded."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from pyNN import errors
from pyNN.parameters import ArrayParameter
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.standardmodels import StandardCellType

import pynn_annarchy as sim

MODELS = [getattr(sim, name) for name in sim.list_standard_models()]
CELLS = [
    model for model in MODELS
    if issubclass(model, StandardCellType) and model.receptor_types and model is not sim.PointNeuron
]  # fmt: skip


def composed():
    return sim.PointNeuron(
        sim.AdExp(v_rest=[-60.0, -61.0, -62.0]),
        NMDA=sim.BetaPSR(tau_rise=[2.0, 3.0, 4.0], tau_decay=90.0),
        AMPA=sim.AlphaPSR(tau_syn=1.0),
        direct=sim.CurrExpPostSynapticResponse(),
    )


@pytest.fixture(autouse=True)
def simulation():
    sim.setup(timestep=0.1)


@pytest.fixture(params=[*CELLS, composed], ids=lambda model: model.__name__)
def cells(request):
    """Three cells of one type, a spike from each of two sources at each receptor, everything recorded."""
    celltype = request.param()
    population = sim.Population(3, celltype, label="cells")
    population.record(celltype.recordable)
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0]))
    for receptor in celltype.receptor_types:
        weight = -0.001 if celltype.conductance_based is False and receptor == "inhibitory" else 0.001
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyNN cannot check weights of receptors that it does not know
            synapse = sim.StaticSynapse(weight=weight, delay=0.5)
            sim.Projection(source, population, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    return population


def test_every_parameter_comes_back_as_it_was_set_in_all_cells_or_in_each(cells):
    for name in cells.celltype.get_parameter_names():
        default = cells.celltype.default_parameters[name]
        for before_run in (True, False):
            if isinstance(default, ArrayParameter):
                each = [ArrayParameter(default.value * factor) for factor in (1.1, 1.2, 1.3)]
                cells.set(**{name: each})
                assert list(cells.get(name)) == each
            else:
                each = [default * 1.1 + 0.01, default * 1.2 + 0.02, default * 1.3 + 0.03]
                cells.set(**{name: each})
                assert cells.get(name, simplify=False).tolist() == each
                assert cells[1:3].get(name, simplify=False).tolist() == each[1:]
            cells.set(**{name: default})
            assert cells.get(name) == default
            if before_run:
                sim.run(0.1)


def test_everything_recordable_is_recorded_with_its_unit_and_moves_where_a_spike_arrives(cells):
    sim.run(5.0)

    signals = {signal.name: signal for signal in cells.get_data().segments[0].analogsignals}
    assert set(signals) == set(cells.celltype.recordable) - {"spikes"}
    for name, signal in signals.items():
        assert signal.shape == (51, 3)
        assert np.isfinite(signal.magnitude).all()
        assert signal.units == signal.rescale(cells.celltype.units[name] or "dimensionless").units
        if "syn" in name:
            assert np.ptp(signal.magnitude[:, 0]) > 0


def test_initial_values_hold_at_the_start_and_after_a_reset(cells):
    states = [name for name in cells.celltype.default_initial_values if name not in ("v_t", "i_eta")]
    given = {name: [0.1, 0.2, 0.3] for name in states}
    cells.initialize(**given)
    for _ in range(2):
        sim.run(1.0)
        signals = {signal.name: signal.magnitude for signal in cells.get_data().segments[-1].analogsignals}
        for name in set(states) & set(signals):
            assert signals[name][0].tolist() == given[name], name
        sim.reset()


def test_its_equations_and_methods_can_be_read(cells):
    report = cells.report()

    assert "dv/dt" in report
    assert "Methods" in report


def test_a_composed_neuron_names_parameters_and_variables_of_receptors_by_their_receptor():
    celltype = composed()
    cells = sim.Population(3, celltype)

    assert celltype.receptor_types == ["AMPA", "NMDA", "direct"]
    assert celltype.recordable == ["spikes", "v", "w", "AMPA.gsyn", "NMDA.gsyn", "direct.isyn"]
    assert celltype.conductance_based is None
    assert cells.get("NMDA.tau_rise").tolist() == [2.0, 3.0, 4.0]
    assert cells.get(["AMPA.tau_syn", "v_rest"])[0] == 1.0

    cells[0:2].set(**{"AMPA.tau_syn": RandomDistribution("uniform", low=1.0, high=2.0, rng=NumpyRNG(seed=1))})
    cells.set(AMPA={"e_syn": -3.0})

    assert len(set(cells.get("AMPA.tau_syn"))) == 3
    assert cells.get("AMPA.tau_syn")[2] == 1.0
    assert cells.get("AMPA.e_syn") == -3.0


def test_a_spike_at_a_beta_receptor_makes_a_conductance_that_peaks_at_the_weight():
    celltype = sim.PointNeuron(sim.LIF(), slow=sim.BetaPSR(tau_rise=[1.0, 2.0, 5.0], tau_decay=[1.0, 20.0, 5.0]))
    cells = sim.Population(3, celltype)
    cells.record("slow.gsyn")
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01), receptor_type="slow")

    sim.run(30.0)

    peak = cells.get_data().segments[0].analogsignals[0].magnitude.max(axis=0)
    # between two samples the top lies at most (0.05 ms)^2/(2 tau^2) higher
    assert peak == pytest.approx([0.01] * 3, rel=2e-3)


def test_a_neuron_may_have_no_receptor_and_components_may_be_used_again():
    neuron = sim.LIF(tau_m=10.0)

    first, second = (sim.Population(2, sim.PointNeuron(neuron)) for _ in range(2))
    first.set(tau_m=12.0)

    assert first.celltype.receptor_types == []
    assert second.get("tau_m") == 10.0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: sim.PointNeuron(sim.IF_cond_exp()), TypeError, "takes LIF"),
        (lambda: sim.PointNeuron(sim.LIF(), AMPA=sim.LIF()), TypeError, "'AMPA' of PointNeuron"),
        (lambda: sim.PointNeuron(sim.LIF(), A=sim.ExpPSR(locations=1)), errors.InvalidParameterValueError, "locations"),
        (lambda: sim.GIF_cond_exp(tau_eta=[1.0, 2.0]), errors.InvalidDimensionsError, "tau_eta 2, a_eta 3"),
        (lambda: sim.GIF_cond_exp(tau_eta=3.0), errors.InvalidDimensionsError, "tau_eta 1, a_eta 3"),
        (lambda: sim.Population(1, sim.PointNeuron(sim.LIF())).set(tau=1.0), errors.NonExistentParameterError, "tau"),
        (lambda: sim.Population(1, sim.PointNeuron(sim.LIF())).get("A.tau"), errors.NonExistentParameterError, "A.tau"),
        (lambda: sim.Population(1, sim.HH_cond_exp(cm=0.0)), errors.InvalidParameterValueError, "greater than zero"),
        (lambda: sim.Population(2, sim.GIF_cond_exp()).set(a_eta=[1.0]), errors.InvalidDimensionsError, "3 elements"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_generalized_cell_may_have_any_number_of_elements():
    cells = sim.Population(2, sim.GIF_cond_exp(tau_eta=[5.0], a_eta=[0.2], tau_gamma=[], a_gamma=[], v_t_star=-55.0,
                                               delta_v=1e-6, i_offset=1.0))  # fmt: skip
    cells.record(["i_eta", "v_t", "spikes"])

    sim.run(50.0)

    data = cells.get_data().segments[0]
    signals = {signal.name: signal.magnitude for signal in data.analogsignals}
    assert cells.get("tau_gamma") == ArrayParameter([])
    assert (signals["v_t"] == -55.0).all()
    assert signals["i_eta"].max() > 0.19
    assert len(data.spiketrains[0]) > 1
