"""sim.Neuron, sim.Synapse and sim.compose: types of users in PyNN scripts, beside the standard ones."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pyNN import errors
from pyNN.random import NumpyRNG, RandomDistribution

import pynn_annarchy as sim
from pynn_annarchy.exceptions import ModelError

LIF = {
    "parameters": "tau_m = 20.0; cm = 1.0; v_rest = -65.0; v_thresh = -50.0; tau_exc = 5.0",
    "equations": """
        dv/dt = (v_rest - v)/tau_m + (g_exc - g_inh + i_inj)/cm : init=-65.0
        tau_exc*dg_exc/dt = -g_exc
    """,
    "spike": "v >= v_thresh",
    "reset": "v = v_rest",
    "refractory": 2.0,
    "name": "MyLIF",
    "units": {"v": "mV", "tau_m": "ms", "g_exc": "nA"},
}
LEAKY = {
    "parameters": {"tau": 10.0, "baseline": 0.0},
    "equations": ["tau*dmp/dt + mp = sum(exc) - sum(inh) + baseline", "r = positive(mp)"],
    "name": "Leaky",
}


@pytest.fixture(autouse=True)
def simulation(target):
    sim.setup(timestep=0.1, target=target)


def signal(cells, name):
    return cells.get_data().segments[0].filter(name=name)[0].magnitude


def spikes(cells):
    return [train.magnitude.tolist() for train in cells.get_data().segments[0].spiketrains]


def source(*times, n=1):
    return sim.Population(n, sim.SpikeSourceArray(spike_times=list(times)))


# cells


def test_a_spiking_type_has_parameters_variables_and_receptors():
    cell_type = sim.Neuron(**LIF)
    assert cell_type.__name__ == "MyLIF"
    assert cell_type.default_parameters["refractory_period"] == 2.0
    assert cell_type.recordable == ["spikes", "v", "g_exc", "g_inh"]
    assert cell_type.receptor_types == ["exc", "inh"]
    assert cell_type.injectable
    assert cell_type.units["v"] == "mV"
    assert cell_type.spec.parameters[0].unit == "ms"


def test_the_equations_of_a_standard_cell_give_its_spikes():
    own = sim.Population(3, sim.Neuron(**LIF)(tau_m=[10.0, 15.0, 20.0]))
    standard = sim.Population(
        3, sim.IF_curr_exp(tau_m=[10.0, 15.0, 20.0], v_reset=-65.0, tau_refrac=2.0, tau_syn_E=5.0, cm=1.0)
    )
    spiking = source(*np.arange(1.0, 100.0, 3.7))
    for cells, receptor in ((own, "exc"), (standard, "excitatory")):
        weights = sim.StaticSynapse(weight=1.9, delay=0.5)
        sim.Projection(spiking, cells, sim.AllToAllConnector(), weights, receptor_type=receptor)
        cells.inject(sim.DCSource(amplitude=0.7, start=20.0))
        cells.record(["spikes", "v"])
    sim.run(100.0)
    assert_allclose(signal(own, "v"), signal(standard, "v"), rtol=1e-12)
    assert spikes(own) == spikes(standard)
    assert len(spikes(own)[0]) > 3


def test_a_conductance_without_an_equation_lasts_one_step():
    cells = sim.Population(1, sim.Neuron(**LIF)())
    sim.Projection(
        source(1.0), cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=3.0, delay=0.5), receptor_type="inh"
    )
    cells.record("g_inh")
    sim.run(2.0)
    received = signal(cells, "g_inh")[:, 0]
    assert received[15] == pytest.approx(3.0)
    assert np.count_nonzero(received) == 1


def test_all_but_conductances_stands_still_in_refractoriness():
    cells = sim.Population(
        1, sim.Neuron(equations="dv/dt = 1\ndg_exc/dt = -g_exc/5.0", spike="v >= 1", reset="v = 0", refractory=1.0)()
    )
    cells.initialize(v=0.95, g_exc=1.0)
    cells.record(["v", "g_exc"])
    sim.run(1.2)
    v, g = signal(cells, "v")[:, 0], signal(cells, "g_exc")[:, 0]
    assert v[1:12] == pytest.approx([0.0] * 11)
    assert v[12] == pytest.approx(0.1)
    assert_allclose(g, np.exp(-np.arange(13) * 0.1 / 5), rtol=1e-13)


def test_flags_tell_what_stands_still():
    cells = sim.Population(
        1,
        sim.Neuron(
            equations="dv/dt = 1 : unless_refractory\ndu/dt = 1", spike="v >= 1", reset="v = 0", refractory=1.0
        )(),
    )
    cells.initialize(v=0.95)
    sim.run(1.0)
    assert cells._engine.state("u")[0] == pytest.approx(1.0)
    assert cells._engine.state("v")[0] == 0.0


def test_values_are_read_and_set_through_populations_views_and_assemblies():
    cell_type = sim.Neuron(**LIF)
    first, second = sim.Population(3, cell_type(tau_m=12.0)), sim.Population(2, cell_type(tau_m=14.0))
    first[1:].set(tau_m=[15.0, 16.0])
    first[:1].initialize(v=-55.0)
    both = first + second
    assert both.get("tau_m").tolist() == [12.0, 15.0, 16.0, 14.0, 14.0]
    both.record("v")
    sim.run(0.1)
    assert signal(both, "v")[0].tolist() == [-55.0, -65.0, -65.0, -65.0, -65.0]
    with pytest.raises(errors.NonExistentParameterError):
        first.set(tau=1.0)


def test_what_is_drawn_differs_between_cells_and_is_the_same_for_the_same_seed(target):
    def draw(seed):
        sim.setup(timestep=0.1, target=target, seed=seed)
        kinds = sim.Neuron(
            parameters="tau = Uniform(5, 15); n = DiscreteUniform(1, 3)",
            equations="dv/dt = -v/tau : init=Normal(0, 1)",
            spike="v > 10",
            reset="v = 0",
        )
        cells = [sim.Population(200, kinds()) for _ in range(2)]
        return [[*each.get(["tau", "n"]), each._engine.state("v")] for each in cells]

    first, again, other = draw(1), draw(1), draw(2)
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    (tau, n, v), (other_tau, _, _) = first
    assert (tau != other_tau).all()
    assert tau.min() >= 5 and tau.max() < 15 and 9.0 < tau.mean() < 11.0  # 3.5 standard errors
    assert set(n) == {1.0, 2.0, 3.0}
    assert abs(v.mean()) < 0.3 and 0.8 < v.std() < 1.2


def test_a_given_value_comes_before_one_that_is_drawn():
    drawn = RandomDistribution("uniform", (1.0, 2.0), rng=NumpyRNG(seed=3))
    cell_type = sim.Neuron(parameters={"tau": drawn}, equations="dv/dt = -v/tau", spike="v > 1", reset="v = 0")
    assert sim.Population(2, cell_type(tau=7.0)).get("tau") == 7.0
    assert len(set(sim.Population(4, cell_type()).get("tau"))) == 4


# rate-coded cells


def test_rates_settle_at_what_they_receive():
    cell_type = sim.Neuron(**LEAKY)
    pre, post = sim.Population(2, cell_type(baseline=[1.0, 2.0])), sim.Population(2, cell_type())
    post.record("r")
    fixed = sim.Synapse(name="Fixed")
    sim.Projection(pre, post, sim.AllToAllConnector(), fixed(weight=0.5), receptor_type="exc")
    sim.Projection(pre, post[1:], sim.AllToAllConnector(), fixed(weight=0.25), receptor_type="inh")
    sim.run(300.0)
    assert cell_type.recordable == ["mp", "r"]
    assert_allclose(signal(post, "r")[-1], [1.5, 0.75], rtol=1e-9)


def test_the_sum_of_all_targets_has_a_receptor_type_for_those_without_a_name():
    cell_type = sim.Neuron(parameters={"b": 0.0}, equations="r = sum() + b - 2*sum(inh)")
    assert cell_type.receptor_types == ["any", "inh"]
    pre, post = sim.Population(1, cell_type(b=1.0)), sim.Population(1, cell_type())
    fixed = sim.Synapse(name="Fixed")
    for receptor in cell_type.receptor_types:
        sim.Projection(pre, post, sim.AllToAllConnector(), fixed(weight=3.0), receptor_type=receptor)
    sim.run(1.0)
    assert post._engine.state("r")[0] == pytest.approx(3.0 + 3.0 - 2 * 3.0)


def test_weights_follow_rates(target):
    sim.setup(timestep=1.0, target=target)
    cell_type = sim.Neuron(**LEAKY)
    pre, post = sim.Population(2, cell_type(baseline=[1.0, 0.5])), sim.Population(1, cell_type())
    oja = sim.Synapse(
        parameters={"tau": 50.0, "alpha": 1.0}, equations="tau*dw/dt = pre.r*post.r - alpha*post.r**2*w", name="Oja"
    )
    learning = sim.Projection(pre, post, sim.AllToAllConnector(), oja(weight=0.3), receptor_type="exc")
    learning.record("weight", sampling_interval=100.0)
    sim.run(2000.0)
    weights = learning.get("weight", format="array")[:, 0]
    # Oja 1982, J. Math. Biol. 15:267-273: the unit vector along the principal component of the inputs
    assert_allclose(weights, np.array([1.0, 0.5]) / np.sqrt(1.25), rtol=1e-3)
    recorded = learning.get_data().segments[0].filter(name="weight")[0].magnitude
    assert_array_equal(recorded[-1], weights)


# both kinds


def test_rates_drive_spiking_cells_and_spiking_cells_rates():
    rates = sim.Population(1, sim.Neuron(**LEAKY)(baseline=3.0))
    spiking = sim.Population(1, sim.Neuron(**LIF)())
    reader = sim.Population(1, sim.Neuron(equations="r = sum(exc)")())
    drive = sim.Synapse(psp="w*pre.r", name="Drive")
    trace = sim.Synapse(
        parameters="tau = 10.0", equations="dx/dt = -x/tau", pre_spike="x += 1", psp="w*x", name="Trace"
    )
    sim.Projection(rates, spiking, sim.AllToAllConnector(), drive(weight=0.05), receptor_type="exc")
    sim.Projection(spiking, reader, sim.AllToAllConnector(), trace(weight=2.0), receptor_type="exc")
    spiking.record("spikes")
    reader.record("r")
    sim.run(100.0)
    times = spikes(spiking)[0]
    assert len(times) > 2
    last = round(times[-1] / 0.1)
    # passes a step later, is transmitted in the step after that
    assert signal(reader, "r")[last + 2, 0] == pytest.approx(signal(reader, "r")[last + 1, 0] * np.exp(-0.01) + 2.0)


# synapses


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_the_pair_rule_by_its_equations_is_the_standard_one(fraction):
    own = sim.Synapse(
        parameters="tau_plus = 20.0; tau_minus = 20.0; A_plus = 0.01; A_minus = 0.01; w_max = 5.0",
        equations="dx/dt = -x/tau_plus : event-driven\ndy/dt = -y/tau_minus : event-driven",
        pre_spike="w -= A_minus*w_max*y : min=0.0, max=w_max\ng_target += w\nx += 1",
        post_spike="w += A_plus*w_max*x\ny += 1",
        name="Pairs",
    )
    standard = sim.STDPMechanism(
        sim.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.01, A_minus=0.01),
        sim.AdditiveWeightDependence(w_min=0.0, w_max=5.0),
        weight=2.5,
        delay=1.0,
        dendritic_delay_fraction=fraction,
    )
    weights = []
    for synapse in (own(weight=2.5, delay=1.0, dendritic_delay_fraction=fraction), standard):
        pre = sim.Population(20, sim.SpikeSourceArray(spike_times=np.arange(1.0, 200.0, 7.3).tolist()))
        post = sim.Population(5, sim.IF_curr_exp(i_offset=[0.8, 0.9, 1.0, 1.1, 1.2]))
        weights.append(sim.Projection(pre, post, sim.AllToAllConnector(), synapse, receptor_type="excitatory"))
    sim.run(200.0)
    first, second = (each.get("weight", format="array") for each in weights)
    assert_array_equal(first, second)
    assert len(np.unique(first)) > 3


def test_parameters_of_synapses_are_given_and_set_as_those_of_standard_ones():
    facilitating = sim.Synapse(
        parameters="U = 0.2; tau = 100.0",
        equations="du/dt = (U - u)/tau : init=0.2, event-driven",
        pre_spike="g_target += weight*u; u += U*(1 - u)",
        name="Facilitating",
    )
    pre, post = source(1.0, 2.0, n=2), sim.Population(3, sim.Neuron(**LIF)())
    projection = sim.Projection(
        pre, post, sim.AllToAllConnector(), facilitating(weight=2.0, delay=0.3, U=0.4), receptor_type="exc"
    )
    assert facilitating.default_parameters == {"weight": 0.0, "delay": None, "U": 0.2, "tau": 100.0}
    assert projection.get(["U", "delay"], format="list", with_address=False)[0] == (0.4, pytest.approx(0.3))
    projection.set(U=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], weight=1.0)
    post.record("g_exc")
    sim.run(1.5)
    # u relaxes from 0.2 to U, until the spikes of 1 ms pass
    U = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    u = U + (0.2 - U) * np.exp(-1.3 / 100.0)
    assert_allclose(signal(post, "g_exc")[13], u.sum(axis=0), rtol=1e-9)
    assert projection.synaptic_variables == ("u",)
    grown = u + U * (1 - u)
    assert_allclose(projection.get("u", format="array"), U + (grown - U) * np.exp(-0.2 / 100.0), rtol=1e-9)


def test_a_variable_of_synapses_is_drawn_for_each():
    noisy = sim.Synapse(
        equations="dx/dt = -x/10.0 : event-driven, init=Uniform(1, 2)", pre_spike="g_target += w*x; x += 1"
    )
    pre, post = source(50.0, n=10), sim.Population(10, sim.Neuron(**LIF)())
    projection = sim.Projection(pre, post, sim.AllToAllConnector(), noisy(weight=1.0), receptor_type="exc")
    x = projection.get("x", format="array")
    assert len(np.unique(x)) == 100
    assert x.min() >= 1 and x.max() < 2


def test_a_psp_goes_into_the_conductance_of_spiking_cells():
    gap = sim.Synapse(psp="w*(pre.v - post.v)", name="Gap")
    membrane = {**LIF, "equations": "dv/dt = (v_rest - v)/tau_m + g_gap/cm : init=-65.0"}
    cells = sim.Population(2, sim.Neuron(**membrane)())
    cells.initialize(v=[-60.0, -64.0])
    sim.Projection(
        cells, cells, sim.FromListConnector([(0, 1), (1, 0)]), gap(weight=0.5, delay=0.1), receptor_type="gap"
    )
    sim.run(100.0)
    v = cells._engine.state("v")
    assert v[0] == pytest.approx(v[1], abs=1e-6)


def test_a_dendritic_fraction_belongs_to_synapses_that_post_synaptic_spikes_change():
    assert "dendritic_delay_fraction" not in sim.Synapse(pre_spike="g_target += w").default_parameters
    learning = sim.Synapse(post_spike="w += 0.1")
    assert learning.default_parameters["dendritic_delay_fraction"] == 0.0
    with pytest.raises(ValueError, match="from 0 to 1"):
        learning(dendritic_delay_fraction=2.0)


# composition


def test_a_body_with_a_calcium_variable_counts_its_spikes():
    cell_type = sim.compose(
        "AdExCalcium",
        sim.AdExp,
        {"ampa": sim.CondExpPostSynapticResponse, "gaba": sim.CondAlphaPostSynapticResponse},
        parameters="tau_ca = 80.0; d_ca = 1.0",
        equations="dca/dt = -ca/tau_ca",
        reset="ca += d_ca",
        units={"tau_ca": "ms"},
    )
    cells = sim.Population(1, cell_type(i_offset=1.0))
    cells.record(["spikes", "ca"])
    sim.run(100.0)
    times = np.array(spikes(cells)[0])
    assert cell_type.receptor_types == ["ampa", "gaba"]
    assert len(times) > 3
    assert signal(cells, "ca")[-1, 0] == pytest.approx(np.exp(-(100.0 - times) / 80.0).sum(), rel=1e-12)


def test_an_added_current_acts_as_an_injected_one():
    cell_type = sim.compose("WithLeak", sim.IF_curr_exp, parameters="g = 0.01; E = -80.0", current="g*(E - v)")
    leaky, plain = sim.Population(1, cell_type(tau_m=2.0)), sim.Population(1, sim.IF_curr_exp())
    sim.run(50.0)
    # steady state: (v_rest - v)/tau_m + g (E - v)/cm = 0
    assert leaky._engine.state("v")[0] == pytest.approx((-65.0 / 2.0 + 0.01 * -80.0) / (1 / 2.0 + 0.01), rel=1e-9)
    assert plain._engine.state("v")[0] == -65.0


def test_a_complete_cell_takes_further_receptors():
    cell_type = sim.compose("WithNMDA", sim.IF_cond_exp, {"nmda": sim.CondBetaPostSynapticResponse})
    assert cell_type.receptor_types == ["excitatory", "inhibitory", "nmda"]
    cells = sim.Population(1, cell_type())
    sim.Projection(source(1.0), cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1), receptor_type="nmda")
    cells.record(["v", "nmda_gsyn"])
    sim.run(20.0)
    assert signal(cells, "nmda_gsyn").max() == pytest.approx(0.1, rel=1e-2)  # peaks at the weight, between samples
    assert signal(cells, "v").max() > -64.0


def test_nothing_added_leaves_a_cell_as_it_is():
    same = sim.compose("Same", sim.IF_cond_exp)
    both = [sim.Population(1, kind(i_offset=0.9)) for kind in (same, sim.IF_cond_exp)]
    for cells in both:
        cells.record("v")
    sim.run(50.0)
    assert_array_equal(signal(both[0], "v"), signal(both[1], "v"))


def test_a_composed_type_is_extended_again():
    first = sim.compose("First", sim.LIF, {"exc": sim.CurrExpPostSynapticResponse}, equations="dx/dt = v - x")
    second = sim.compose("Second", first, equations="dy/dt = x - y")
    assert second.recordable[-2:] == ["x", "y"]


def test_a_model_that_takes_no_current_cannot_be_given_one():
    with pytest.raises(ModelError, match="takes no injected current"):
        sim.compose("Mine", sim.Neuron(equations="r = 1"), current="0.1")


# a session with everything in it


def test_a_mixed_network_is_read_changed_and_reset_like_any_other(target):
    sim.setup(timestep=0.1, min_delay=0.1, target=target, seed=4)
    rate_type, cell_type = sim.Neuron(**LEAKY), sim.Neuron(**LIF)
    hebb = sim.Synapse(parameters="eta = 0.001", equations="w += eta*pre.r*post.r : max=1.0", name="Hebb")
    trace = sim.Synapse(
        parameters="tau = 10.0", equations="dx/dt = -x/tau", pre_spike="x += 1", psp="w*x", name="Trace"
    )
    rates, heard = sim.Population(6, rate_type(baseline=[1, 2, 3, 4, 5, 6.0])), sim.Population(3, rate_type())
    cells, standard = sim.Population(4, cell_type()), sim.Population(4, sim.IF_curr_exp(i_offset=1.5))
    drive = sim.Synapse(psp="w*pre.r", name="Drive")(weight=0.1)
    sim.Projection(rates[1:4], cells[:3], sim.AllToAllConnector(), drive, receptor_type="exc")
    learning = sim.Projection(rates, heard, sim.AllToAllConnector(), hebb(weight=0.1), receptor_type="exc")
    read = sim.Projection(
        cells + standard, heard[1:], sim.AllToAllConnector(), trace(weight=0.01, delay=1.0), receptor_type="inh"
    )
    everybody = cells + standard
    everybody.record(["spikes", "v"])
    heard.record("r", sampling_interval=1.0)
    learning.record("weight", sampling_interval=10.0)

    sim.run(30.0)
    cells[1:3].set(tau_m=[8.0, 9.0])
    rates.set(baseline=2.0)
    learning.set(eta=0.0)
    heard[1:2].initialize(mp=3.0)
    sim.run(30.0)
    first = everybody.get_data(clear=True).segments[0]
    assert [len(train) > 1 for train in first.spiketrains] == [True, True, True, False, True, True, True, True]
    assert cells.get("tau_m").tolist() == [20.0, 8.0, 9.0, 20.0]
    weights = learning.get_data().segments[0].filter(name="weight")[0].magnitude
    assert weights.shape == (7, 18)
    assert (weights[3] > weights[0]).any() and (weights[3:] == weights[3]).all()
    x = np.array(read.get("x", format="array"))
    assert x.shape == (8, 2) and (x[3] == 0.0).all() and (x[:3] > 0).all()
    assert signal(heard, "r").shape == (61, 3)

    sim.reset()
    sim.run(10.0)
    second = everybody.get_data().segments[-1]
    assert second.filter(name="v")[0].shape == (101, 8)
    assert second.filter(name="v")[0].magnitude[0].tolist() == [-65.0] * 8


def test_spikes_do_not_reach_cells_that_take_what_is_transmitted_all_the_time():
    rates = sim.Population(2, sim.Neuron(**LEAKY)(), label="rates")
    with pytest.raises(ModelError, match=r"population 'rates': cells of type 'Leaky' take 'exc' from synapses that"):
        sim.Projection(source(1.0), rates, sim.AllToAllConnector(), sim.StaticSynapse(), receptor_type="exc")
