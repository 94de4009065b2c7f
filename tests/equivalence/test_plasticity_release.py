"""Synapses that depress, facilitate and release at random: what arrives, against recursions and statistics."""

from __future__ import annotations

from itertools import pairwise
from math import exp, sqrt

import numpy as np
import pytest
from pyNN.parameters import Sequence

import pynn_annarchy as sim

DT = 0.1
DELAY = 13
"""In steps."""
ACCURACY = 1e-12
"""Tens of exponentials, each with a few ulp, and sums in units far below."""
TRAIN = np.array([20, 70, 71, 150, 150, 150, 151, 240, 300, 420, 430, 440, 441, 700])
"""Steps in which sources spike; three times in one of them."""
STEPS = 760


def source(**options):
    sim.setup(timestep=DT, **options)
    return sim.Population(1, sim.SpikeSourceArray(spike_times=[Sequence(np.round(TRAIN * DT, 1))]))


def released(use, tau_rec, tau_facil, tau_psc):
    """Tsodyks, Uziel & Markram 2000: the fraction that each spike sends, by the exact propagator of the states."""
    x, y, u, last, fractions = 1.0, 0.0, 0.0, 0, []
    for now in TRAIN:
        h = (now - last) * DT
        active, inactive = y, 1.0 - x - y
        y = active * exp(-h / tau_psc)
        gained = active * tau_rec / (tau_psc - tau_rec) * (exp(-h / tau_psc) - exp(-h / tau_rec))
        x = 1.0 - y - (inactive * exp(-h / tau_rec) + gained)
        u = use + (1.0 - use) * (u * exp(-h / tau_facil) if tau_facil else 0.0)
        fractions.append(u * x)
        x, y = x - u * x, y + u * x
        last = now
    return fractions


def summed(amounts, kernel):
    """What arrives at a cell, sampled in every step; `kernel` is the course after one unit that arrives at 0 ms."""
    elapsed = DT * (np.arange(STEPS + 1)[:, None] - (TRAIN + DELAY)[None, :])
    return np.where(elapsed >= 0, kernel(np.maximum(elapsed, 0.0)), 0.0) @ np.asarray(amounts)


RECEPTORS = {
    "IF_curr_exp": (lambda: sim.IF_curr_exp(tau_syn_E=5.0), "excitatory", "isyn_exc", 5.0),
    "IF_curr_exp, inhibitory": (lambda: sim.IF_curr_exp(tau_syn_I=8.0), "inhibitory", "isyn_inh", 8.0),
    "IF_cond_exp": (lambda: sim.IF_cond_exp(tau_syn_E=2.0), "excitatory", "gsyn_exc", 2.0),
    "EIF_cond_exp_isfa_ista": (lambda: sim.EIF_cond_exp_isfa_ista(tau_syn_I=9.0), "inhibitory", "gsyn_inh", 9.0),
    "HH_cond_exp": (lambda: sim.HH_cond_exp(tau_syn_E=0.7), "excitatory", "gsyn_exc", 0.7),
    "IF_cond_alpha": (lambda: sim.IF_cond_alpha(tau_syn_E=1.5), "excitatory", "gsyn_exc", 1.5),
    "PointNeuron, of one receptor": (
        lambda: sim.PointNeuron(
            sim.AdExp(), AMPA=sim.CondExpPostSynapticResponse(tau_syn=4.0), GABA=sim.CondExpPostSynapticResponse()
        ),
        "AMPA",
        "AMPA.gsyn",
        4.0,
    ),
    "PointNeuron, of another receptor": (
        lambda: sim.PointNeuron(
            sim.LIF(), AMPA=sim.CurrExpPostSynapticResponse(), GABA=sim.CondAlphaPostSynapticResponse(tau_syn=3.0)
        ),
        "GABA",
        "GABA.gsyn",
        3.0,
    ),
}


@pytest.mark.parametrize("tau_facil", [0.0, 60.0])
@pytest.mark.parametrize("name", RECEPTORS)
def test_tsodyks_markram_synapses_send_what_the_recursion_tells(name, tau_facil, target):
    make, receptor, variable, tau_syn = RECEPTORS[name]
    train = source(target=target)
    cells = sim.Population(3, make())
    cells.record(variable)
    sign = -1.0 if variable == "isyn_inh" else 1.0
    synapse = sim.TsodyksMarkramSynapse(
        weight=0.002 * sign, delay=DELAY * DT, U=0.3, tau_rec=100.0, tau_facil=tau_facil
    )
    projection = sim.Projection(train, cells, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    uses, weights = [0.3, 0.5, 0.9], np.array([0.001, 0.002, 0.003]) * sign
    projection.set(U=np.array([uses]), weight=weights)

    sim.run(STEPS * DT)

    def course(elapsed):
        if "alpha" in name or "another" in name:
            return elapsed / tau_syn * np.exp(1.0 - elapsed / tau_syn)
        return np.exp(-elapsed / tau_syn)

    signal = cells.get_data().segments[0].analogsignals[0].magnitude
    for cell, (use, weight) in enumerate(zip(uses, weights, strict=True)):
        expected = summed(weight * np.array(released(use, 100.0, tau_facil, tau_syn)), course)
        np.testing.assert_allclose(signal[:, cell], expected, rtol=ACCURACY, atol=1e-15)


def test_every_synapse_follows_the_time_constant_of_its_own_cell(target):
    train = source(target=target)
    time_constants = [2.0, 5.0, 11.0]
    cells = sim.Population(3, sim.IF_curr_exp(tau_syn_E=time_constants))
    cells.record("isyn_exc")
    synapse = sim.TsodyksMarkramSynapse(weight=0.5, delay=DELAY * DT, U=0.5, tau_rec=80.0, tau_facil=20.0)
    projection = sim.Projection(train, cells, sim.AllToAllConnector(), synapse)
    projection.set(tau_rec=[50.0, 80.0, 200.0], tau_facil=[0.0, 20.0, 30.0])

    sim.run(STEPS * DT)

    signal = cells.get_data().segments[0].analogsignals[0].magnitude
    for cell, (tau_psc, tau_rec, tau_facil) in enumerate(
        zip(time_constants, [50.0, 80.0, 200.0], [0.0, 20.0, 30.0], strict=True)
    ):
        amounts = 0.5 * np.array(released(0.5, tau_rec, tau_facil, tau_psc))
        expected = summed(amounts, lambda elapsed, tau=tau_psc: np.exp(-elapsed / tau))
        np.testing.assert_allclose(signal[:, cell], expected, rtol=ACCURACY, atol=1e-13)


def test_a_receptor_without_a_time_constant_is_refused_with_the_way_out():
    train = source()
    with pytest.raises(NotImplementedError, match=r"'deltas' have no parameter 'tau_syn_E'; Stochastic"):
        sim.Projection(
            train,
            sim.Population(1, sim.IF_curr_delta(), label="deltas"),
            sim.AllToAllConnector(),
            sim.TsodyksMarkramSynapse(),
        )


# random release

N = 6000
FIVE_SIGMA = 5.0
"""A comparison fails by chance once in two million; there are fewer than a thousand, with one seed."""
APART = np.array([20, 70, 150, 240, 260, 300, 420])
"""Steps of single spikes."""
WEIGHT = 0.25


def releases(synapse, target, **changes):
    """How many quanta each synapse sends at each spike; shape (spike, synapse)."""
    sim.setup(timestep=DT, seed=7, target=target, threads=2)
    train = sim.Population(1, sim.SpikeSourceArray(spike_times=[Sequence(np.round(APART * DT, 1))]))
    cells = sim.Population(N, sim.IF_curr_exp(tau_syn_E=1e-3))  # so that what arrives is gone a step later
    projection = sim.Projection(train, cells, sim.AllToAllConnector(), synapse)
    projection.set(**changes)
    cells.record("isyn_exc")
    sim.run((APART[-1] + DELAY) * DT)
    quanta = cells.get_data().segments[0].analogsignals[0].magnitude[APART + DELAY] / WEIGHT
    assert np.array_equal(quanta, np.rint(quanta))
    return quanta


def are_means(samples, means, variances):
    """Whether a sum of independent samples lies within five standard deviations of what is expected of it."""
    return abs(np.sum(samples) - np.sum(means)) <= FIVE_SIGMA * sqrt(np.sum(variances)) + 1e-9


def common(**parameters):
    return {"weight": WEIGHT, "delay": DELAY * DT, **parameters}


def test_each_synapse_transmits_with_its_own_probability_and_forgets(target):
    p = np.linspace(0.0, 1.0, N)

    sent = releases(sim.SimpleStochasticSynapse(**common(p=0.5)), target, p=p[None, :])

    assert (sent[:, 0] == 0).all() and (sent[:, -1] == 1).all()
    spread = p * (1 - p)
    for spike in sent:
        assert are_means(spike, p, spread)
        assert are_means((spike - p) ** 2, spread, spread * (1 - 4 * spread))
    for one, other in pairwise(sent):
        assert are_means((one - p) * (other - p), 0.0, spread**2)
    # of neighbours: no two synapses draw the same
    assert are_means(((sent[0] - p)[1:] * (sent[0] - p)[:-1]), 0.0, spread[1:] * spread[:-1])


def sites(use, tau_rec, tau_facil):
    """Fuhrmann et al. 2002: of one site, how probable its release is at each spike, and at each two that follow."""
    u, present, last, probabilities, both = 0.0, 1.0, 0, [], []
    for now in APART:
        h = (now - last) * DT
        recovered = 1.0 - exp(-h / tau_rec)
        present += (1.0 - present) * recovered
        u = use + (1.0 - use) * (u * exp(-h / tau_facil) if tau_facil else 0.0)
        both.append(probabilities[-1] * recovered * u if probabilities else 0.0)
        probabilities.append(present * u)
        present *= 1.0 - u
        last = now
    return probabilities, both[1:]


@pytest.mark.parametrize("tau_facil", [0.0, 50.0])
@pytest.mark.parametrize("n", [None, 1, 6, 40])
def test_sites_release_and_recover_independently(n, tau_facil, target):
    """Without n: one vesicle, StochasticTsodyksMarkramSynapse."""
    given = common(U=0.4, tau_rec=20.0, tau_facil=tau_facil)
    synapse = sim.StochasticTsodyksMarkramSynapse(**given) if n is None else sim.MultiQuantalSynapse(n=n, **given)

    sent = releases(synapse, target)

    n = n or 1
    assert sent.min() >= 0 and sent.max() <= n
    probabilities, both = sites(0.4, 20.0, tau_facil)
    centred = sent - n * np.array(probabilities)[:, None]
    variances = n * np.array(probabilities) * (1 - np.array(probabilities))
    for p, here, variance in zip(probabilities, centred, variances, strict=True):
        fourth = variance * (1 + 3 * variance - 6 * p * (1 - p))
        assert are_means(here, 0.0, np.full(N, variance))
        assert are_means(here**2, np.full(N, variance), np.full(N, fourth - variance**2))
    for spike, joint in enumerate(both):
        one, other = centred[spike], centred[spike + 1]
        covariance = n * (joint - probabilities[spike] * probabilities[spike + 1])
        assert are_means(one * other, np.full(N, covariance), (one * other - covariance) ** 2)


def test_a_site_that_never_recovers_releases_once(target):
    given = common(U=0.7, tau_rec=1e12, tau_facil=0.0)
    assert set(releases(sim.StochasticTsodyksMarkramSynapse(**given), target).sum(axis=0)) <= {0.0, 1.0}
    assert set(releases(sim.MultiQuantalSynapse(n=5, **given), target).sum(axis=0)) <= {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}


def test_sites_may_be_taken_away_and_added_in_mid_run(target):
    train = source(target=target)
    cells = sim.Population(50, sim.IF_curr_exp())
    synapse = sim.MultiQuantalSynapse(**common(U=0.2, n=20, tau_rec=5.0))
    projection = sim.Projection(train, cells, sim.AllToAllConnector(), synapse)
    for n in (20, 3, 11):
        projection.set(n=n)
        sim.run(25.0)
        available = np.array(projection.get("a", "list", with_address=False))
        assert available.min() >= 0 and available.max() <= n


def test_facilitation_that_is_gone_at_once_can_be_read_at_any_moment(target):
    train = source(target=target)
    synapse = sim.TsodyksMarkramSynapse(**common(U=0.4, tau_rec=20.0, tau_facil=0.0))
    projection = sim.Projection(train, sim.Population(1, sim.IF_curr_exp()), sim.AllToAllConnector(), synapse)
    sim.run((TRAIN[0] + DELAY) * DT)
    assert projection.get("u", "list", with_address=False) == [0.4]
    sim.run(DT)
    assert projection.get("u", "list", with_address=False) == [0.0]


def test_every_synapse_may_have_its_own_sites(target):
    n = np.resize([1, 2, 10], N)
    sent = releases(sim.MultiQuantalSynapse(**common(U=0.5, n=1, tau_rec=20.0)), target, n=n[None, :])
    assert (sent <= n).all()
    assert are_means(sent[0], n * 0.5, n * 0.25)
