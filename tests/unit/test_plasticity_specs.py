"""Rules of plasticity beyond PyNN's list against sums over spikes, one synapse at a time."""

from __future__ import annotations

import numpy as np
import pytest
from pytest import approx

from pynn_annarchy.standardmodels import plasticity_specs as specs
from pynn_annarchy.targets.compile import Options, Storage, compile_models
from tests.unit.one_synapse import DT, pass_spikes
from tests.unit.plain_rules import BOUNDS, REWARD, RULES, follow, reward_modulated
from tests.unit.test_synapse_specs import ROUNDING, trains

SPECS = {
    spec.name: spec
    for spec in (
        specs.TRIPLET,
        specs.NEAREST_TRIPLET,
        specs.SYMMETRIC_NEAREST,
        specs.PRESYNAPTIC_CENTRED,
        specs.REDUCED_SYMMETRIC,
        specs.TSODYKS_MARKRAM_STDP,
    )
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", SPECS)
def test_a_rule_is_the_sum_over_its_pairs_and_triplets(name, seed):
    pre, post = trains(seed)
    rule, parameters = RULES[name]
    if name == "TsodyksMarkramSTDPSynapse":
        parameters = {**parameters, "tau_psc": 5.0}

    course = pass_spikes(SPECS[name], pre, post, weight=1.0, **parameters, **BOUNDS)

    weight, sent = follow(rule, pre, post, 1.0)
    assert course["weight"] == approx(weight, rel=ROUNDING)
    assert course.sent[:, 0] == approx(sent, rel=ROUNDING)


@pytest.mark.parametrize("name", SPECS)
def test_spikes_that_coincide_change_nothing(name):
    _, parameters = RULES[name]
    course = pass_spikes(SPECS[name], [100], [100], weight=1.0, **parameters, **BOUNDS)
    assert course["weight"] == 1.0


VISUAL_CORTEX = {
    # post-synaptic spike later by so many ms, pairs a second: (change relative to the first weight, its standard error)
    (10, 0.1): (-0.04, 0.05), (10, 10): (0.14, 0.10), (10, 20): (0.29, 0.14), (10, 40): (0.53, 0.11),
    (10, 50): (0.56, 0.26), (-10, 0.1): (-0.29, 0.08), (-10, 10): (-0.41, 0.11), (-10, 20): (-0.34, 0.10),
    (-10, 40): (0.56, 0.32), (-10, 50): (0.75, 0.19),
}  # fmt: skip
"""Sjostrom, Turrigiano & Nelson 2001, Neuron 32:1149-1164, as in table 1 of Pfister & Gerstner 2006."""


def change_by_pairs(spec, later, rate):
    """The change of the weight, relative to w_max, by 60 pairs, far from the bounds."""
    pre = 1000 + round(1000 / rate / DT) * np.arange(60)
    amplitudes = {name: value / 10 for name, value in spec.defaults().items() if name.startswith("A")}
    course = pass_spikes(spec, pre.tolist(), (pre + round(later / DT)).tolist(), weight=5.0, w_max=10.0, **amplitudes)
    return course["weight"] - 5.0


@pytest.mark.parametrize("spec, error", [(specs.TRIPLET, 0.35), (specs.NEAREST_TRIPLET, 0.25)], ids=["all", "nearest"])
def test_triplet_rules_explain_by_default_the_data_that_they_were_fitted_to(spec, error):
    """The error is the paper's: the mean square of the deviations in units of the standard errors."""
    deviations = [
        (change_by_pairs(spec, *protocol) - change) / error_of_mean
        for protocol, (change, error_of_mean) in VISUAL_CORTEX.items()
    ]
    assert np.mean(np.square(deviations)) < error


@pytest.mark.parametrize("dopamine", [0.0, 0.5, -3.0])
@pytest.mark.parametrize("seed", range(3))
def test_dopamine_turns_eligibility_into_weight(seed, dopamine):
    pre, post = trains(seed)
    end = max(*pre, *post)

    course = pass_spikes(specs.REWARD_MODULATED, pre, post, weight=1.0, dopamine=dopamine, **REWARD, **BOUNDS)

    weight, c = reward_modulated(pre, post, 1.0, [(0, dopamine)], end)
    assert course["weight"] == approx(weight, rel=ROUNDING)
    assert course["c"] == approx(c, rel=ROUNDING)


def test_a_reward_that_comes_late_meets_what_is_left_of_the_eligibility():
    """Izhikevich 2007, fig. 1: one pair, then dopamine for ever: the weight grows by c dopamine tau_c."""
    course = pass_spikes(
        specs.REWARD_MODULATED, [0, 100000], [50], weight=0.5, tau_c=100.0, dopamine=2.0, A_plus=0.3, tau_plus=20.0
    )
    assert course["weight"] == approx(0.5 + 0.3 * np.exp(-50 * DT / 20.0) * 2.0 * 0.1, rel=ROUNDING)


@pytest.mark.parametrize(
    "spec, pre, post",
    [
        (specs.TRIPLET, ["r1", "r2"], ["o1", "o2"]),
        (specs.NEAREST_TRIPLET, ["r1", "r2"], ["o1", "o2"]),
        (specs.SYMMETRIC_NEAREST, ["x"], ["y"]),
        (specs.PRESYNAPTIC_CENTRED, ["x"], ["y"]),
        (specs.REDUCED_SYMMETRIC, ["x"], ["y"]),
        (specs.TSODYKS_MARKRAM_STDP, ["x", "y", "z", "u"], ["o"]),
        (specs.REWARD_MODULATED, ["x"], ["y"]),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else " ".join(value),
)
def test_traces_are_kept_once_a_cell(spec, pre, post):
    (model,) = compile_models([(spec, Storage.SHARED)], Options("reference"))
    assert [field.name for field in model.kernel.pre_traces] == pre
    assert [field.name for field in model.kernel.post_traces] == post
