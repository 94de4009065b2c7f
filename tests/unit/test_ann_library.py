"""ANNarchy's predefined neurons and synapses: their keywords, and what they do, against plain Python."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

import pynn_annarchy.ann as ann
from pynn_annarchy.exceptions import ModelError

DT = 0.5


def run(neuron, variables, duration=100.0, dt=DT, change=None):
    """Samples of the variables of one neuron without synapses, by name."""
    net = ann.Network(dt=dt, seed=1)
    pop = net.create(1, neuron)
    if change:
        change(pop)
    monitor = net.monitor(pop, variables)
    net.simulate(duration)
    data = monitor.get()
    return {name: value if name == "spike" else value[:, 0] for name, value in data.items()}


# what there is


def test_all_of_annarchy_are_there():
    assert {cls.__name__ for cls in ann.list_standard_neurons()} == {
        *("LeakyIntegrator", "Izhikevich", "IF_curr_exp", "IF_cond_exp", "IF_curr_alpha", "IF_cond_alpha"),
        *("GIF_curr", "GIF_curr_exp", "HH_cond_exp", "EIF_cond_alpha_isfa_ista", "EIF_cond_exp_isfa_ista"),
    }
    assert {cls.__name__ for cls in ann.list_standard_synapses()} == {"STP", "STDP", "Hebb", "Oja", "IBCM"}


@pytest.mark.parametrize(
    "name", ["LeakyIntegrator", "Izhikevich", "IF_curr_exp", "HH_cond_exp", "GIF_curr_exp", "STDP"]
)
def test_keywords_are_parameters_with_their_defaults(name):
    cls = getattr(ann, name)
    made = cls()
    defaults = made.declared().spec.defaults()
    for keyword in inspect.signature(cls).parameters.values():
        if keyword.name in defaults:
            assert defaults[keyword.name] == keyword.default
    assert "Args:" in cls.__doc__ and made.description


def test_values_may_be_given_in_order_or_by_keyword():
    assert ann.Izhikevich(0.1).declared().spec.defaults()["a"] == 0.1
    assert ann.Izhikevich(d=2.0).declared().spec.defaults()["d"] == 2.0


def test_the_class_itself_may_be_passed_to_create():
    net = ann.Network()
    assert net.create(3, ann.IF_curr_exp).v_thresh.tolist() == [-50.0] * 3


def test_a_subclass_can_choose_other_defaults():
    class FastSpiking(ann.Izhikevich):
        def __init__(self):
            super().__init__(a=0.1, d=2.0)

    assert FastSpiking().declared().spec.defaults()["a"] == 0.1


def test_unknown_keywords_are_refused_with_a_suggestion():
    with pytest.raises(TypeError, match=r"IF_curr_exp has no parameter 'tau_mm' .*did you mean 'tau_m'"):
        ann.IF_curr_exp(tau_mm=10.0)


def test_what_is_needed_as_a_number_must_be_one():
    with pytest.raises(ModelError, match="GIF_curr: C_m must be a number, got '250'"):
        ann.GIF_curr(C_m="250")
    with pytest.raises(ModelError, match="STP: tau_facil must be greater than zero"):
        ann.STP(tau_facil=0.0)


def test_a_law_as_a_value_is_drawn_for_each_neuron():
    net = ann.Network(seed=1)
    pop = net.create(100, ann.IF_curr_exp(v_reset=ann.Uniform(-70.0, -60.0)))
    assert len(set(pop.v_reset)) == 100
    assert (pop.v == pop.v_reset).all()


# what they do


def test_leaky_integrator_relaxes_exactly_to_its_baseline():
    seen = run(ann.LeakyIntegrator(tau=10.0, B=2.0, T=0.5), ["v", "r"])
    time = DT * np.arange(1, 201)
    # the exponential method is exact for constant input; only rounding remains
    np.testing.assert_allclose(seen["v"], 2.0 * (1.0 - np.exp(-time / 10.0)), rtol=1e-12)
    np.testing.assert_allclose(seen["r"], np.maximum(seen["v"] - 0.5, 0.0), rtol=1e-15)


def test_the_noise_and_the_sum_of_a_leaky_integrator_are_texts():
    text = ann.LeakyIntegrator(sum="sum(ampa)", noise="Normal(0.0, 1.0)").declared().spec.equations
    assert "sum(ampa) + B + Normal(0.0, 1.0)" in text
    assert "+ B" in ann.LeakyIntegrator().declared().spec.equations


def plain_izhikevich(n_steps, current, a=0.02, b=0.2, c=-65.0, d=8.0):
    v, u, spikes, trace = c, b * c, [], []
    for step in range(n_steps):
        dv = 0.04 * v * v + 5.0 * v + 140.0 - u + current
        du = a * (b * v - u)
        v, u = v + DT * dv, u + DT * du
        if v > 30.0:
            v, u = c, u + d
            spikes.append(step)
        trace.append(v)
    return np.array(trace), spikes


def test_izhikevich_is_explicit_euler():
    seen = run(ann.Izhikevich(i_offset=10.0), ["v", "spike"], duration=500.0)
    trace, spikes = plain_izhikevich(1000, 10.0)
    assert seen["spike"][0] == spikes and len(spikes) > 5
    np.testing.assert_allclose(seen["v"], trace, rtol=1e-9)


@pytest.mark.parametrize("cls", [ann.IF_curr_exp, ann.IF_cond_exp, ann.IF_curr_alpha, ann.IF_cond_alpha])
def test_leaky_membranes_charge_exactly_and_spike_above_threshold(cls):
    seen = run(cls(i_offset=1.0), ["v", "spike"], duration=60.0)
    time = DT * np.arange(1, 121)
    free = -65.0 + 20.0 * (1.0 - np.exp(-time / 20.0))
    first = int(np.argmax(free > -50.0))
    assert seen["spike"][0][0] == first
    np.testing.assert_allclose(seen["v"][:first], free[:first], rtol=1e-12)
    assert seen["v"][first] == -65.0


def test_alpha_currents_peak_after_the_time_constant_at_the_weight():
    net = ann.Network(dt=0.1, seed=1)
    source = net.create(ann.SpikeSourceArray([1.0]))
    cell = net.create(1, ann.IF_curr_alpha(tau_syn_E=5.0))
    net.connect(source, cell, "exc").one_to_one(0.5)
    monitor = net.monitor(cell, "alpha_exc")
    net.simulate(30.0)
    alpha = monitor.get("alpha_exc")[:, 0]
    # both decays are advanced one after the other: the peak is met to first order in dt
    assert alpha.max() == pytest.approx(0.5, rel=0.02)
    assert 0.1 * alpha.argmax() == pytest.approx(1.0 + 5.0, abs=0.3)


@pytest.mark.parametrize("cls", [ann.EIF_cond_exp_isfa_ista, ann.EIF_cond_alpha_isfa_ista])
def test_adaptive_exponential_cells_adapt(cls):
    spikes = run(cls(i_offset=1.0), ["spike"], duration=400.0, dt=0.1)["spike"][0]
    intervals = np.diff(spikes)
    assert len(intervals) > 4 and intervals[-1] > 1.5 * intervals[0]


def test_hodgkin_huxley_goes_where_that_of_annarchy_goes():
    v = run(ann.HH_cond_exp(i_offset=0.5), ["v"], duration=100.0, dt=0.01)["v"]
    # ANNarchy 5.0.4.1, the same script
    np.testing.assert_allclose(
        [v[0], v[1], v[100], v[5000], v.max()],
        [-64.97500624895846, -64.95002484281792, -62.517728888843564, -49.78311175447783, -42.55173298542777],
        rtol=1e-12,
    )


def test_rates_of_hodgkin_huxley_are_defined_where_their_fractions_are_zero_over_zero():
    def at_the_gap(pop):
        pop.v = -63.0 + 15.0

    seen = run(ann.HH_cond_exp(), ["an"], duration=0.01, dt=0.01, change=at_the_gap)
    assert seen["an"][0] == pytest.approx(0.16, rel=1e-12)


@pytest.mark.parametrize("cls", [ann.GIF_curr, ann.GIF_curr_exp])
def test_gif_spikes_at_its_escape_rate(cls):
    # without adaptation and far from any reset effect the hazard is constant: c exp((u - v)/delta_u)
    net = ann.Network(dt=0.1, seed=2)
    pop = net.create(400, cls(J_v=0.0, I_ext=0.0, u_th=-65.0, c=20.0, current=""))
    monitor = net.monitor(pop, "spike")
    net.simulate(1000.0)
    n_spikes = sum(map(len, monitor.get("spike").values()))
    assert abs(n_spikes - 8000) < 5 * math.sqrt(8000)
    np.testing.assert_allclose(pop.R, 10.0 / 250.0)


def test_hebb_and_oja_against_plain_python():
    def plain(rule):
        w, trace = 0.5, []
        for _ in range(20):
            w += DT * rule(w)
            trace.append(w)
        return trace

    for synapse, rule in (
        (ann.Hebb(eta=0.1), lambda w: 0.1 * 0.6 * 0.3),
        (ann.Oja(eta=0.1, alpha=2.0), lambda w: 0.1 * (0.6 * 0.3 - 2.0 * 0.3**2 * w)),
    ):
        net = ann.Network(dt=DT, seed=1)
        pre, post = (
            net.create(1, ann.Neuron(equations="r = 0.6")),
            net.create(1, ann.Neuron(equations="r = 0.3 + 0*sum(exc)")),
        )
        proj = net.connect(pre, post, "exc", synapse).all_to_all(0.5)
        monitor = net.monitor(proj, "w")
        net.simulate(10.0)
        np.testing.assert_allclose(monitor.get("w")[:, 0, 0], plain(rule), rtol=1e-12)


def test_stdp_changes_weights_by_all_pairs():
    net = ann.Network(dt=1.0, seed=1)
    pre, post = net.create(ann.SpikeSourceArray([[10.0, 40.0]])), net.create(ann.SpikeSourceArray([[20.0]]))
    relay = net.create(1, ann.Neuron(equations="v = g_exc", spike="v > 0.5", reset="v = 0"))
    net.connect(post, relay, "exc").one_to_one(1.0)
    proj = net.connect(pre, relay, "exc", ann.STDP(A_plus=0.1, A_minus=0.2)).one_to_one(0.4)
    net.simulate(60.0)
    # as in ANNarchy 5: pre at 11 (after the delay), at the start of the step, post at the end of that at 21, pre at 41
    gain = 0.1 * math.exp(-10.0 / 20.0)
    loss = 0.2 * math.exp(-19.0 / 20.0)
    assert proj.w[0][0] == pytest.approx(0.4 + gain - loss, rel=1e-9)


def test_stp_depresses():
    net = ann.Network(dt=0.1, seed=1)
    pre = net.create(ann.SpikeSourceArray([[10.0, 20.0, 30.0]]))
    cell = net.create(1, ann.Neuron(equations="v = g_exc", spike="v > 1000"))
    net.connect(pre, cell, "exc", ann.STP(tau_rec=100.0, tau_facil=0.01, U=0.5)).one_to_one(1.0)
    monitor = net.monitor(cell, "v")
    net.simulate(40.0)
    sent = monitor.get("v")[:, 0]
    x, expected = 1.0, []
    for _ in range(3):
        expected.append(0.5 * x)
        x = 1.0 - (1.0 - 0.5 * x) * math.exp(-9.9 / 100.0)  # from the end of the step of the last spike, as ANNarchy 5
    np.testing.assert_allclose(sent[sent > 0], expected, rtol=1e-9)
