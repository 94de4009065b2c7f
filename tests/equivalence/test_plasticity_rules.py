"""Plastic synapses against their rules in plain Python: weights, and what they send, after given spikes."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest

import pynn_annarchy as sim
from tests.equivalence.plain_plasticity import (
    BOUNDS,
    DEPENDENCES,
    RULES,
    Driven,
    connect_at_random,
    expected_currents,
    random_trains,
    weights_of,
)

ACCURACY = 1e-12
"""Sums of hundreds of exponentials, each with a few ulp; the rules amplify nothing by more than a hundred."""
STEPS = 260
FRACTIONS = (0.0, 0.3, 0.5, 1.0)
STRONG = {"A_plus": 0.6, "A_minus": 0.5, "eta": 0.3}

KINDS = list(itertools.product(RULES, DEPENDENCES, FRACTIONS, (False, True)))
KINDS_OF = {"cpp": KINDS, "reference": [kind for number, kind in enumerate(KINDS) if number % 7 == 1]}
"""The NumPy loop gives the bits of the native one (test_digests.py) at a hundred times the price: each rule, each
dependence and each fraction a few times."""
CASES = [(target, kind) for target, kinds in KINDS_OF.items() for kind in kinds]


@functools.cache
def course(target, strong):
    """All kinds of synapses between the same cells: by kind, the weights and what they should be; currents likewise."""
    post = random_trains(2, 4, STEPS + 1, 25, most=1)
    net = Driven(random_trains(1, 5, STEPS + 1, 25, most=3), post, target=target, threads=2)
    kinds = KINDS_OF[target]
    projections = {kind: connect_at_random(net, *kind, n=25, **(STRONG if strong else {})) for kind in kinds}
    plain = {kind: net.plain(projection) for kind, projection in projections.items()}

    sim.run(STEPS * 0.1)

    net.check_spikes()
    weights = {
        kind: (weights_of(projections[kind]), np.array([synapse.advance(STEPS) for synapse in plain[kind]]))
        for kind in kinds
    }
    together = [(projections[kind], plain[kind]) for kind in kinds]
    return weights, (net.currents(), expected_currents(together, len(post)))


def name_of(value):
    return value if isinstance(value, str) else "-".join(str(part) for part in value)


@pytest.mark.parametrize("target, kind", CASES, indirect=["target"], ids=name_of)
def test_weights_are_those_of_the_rule(target, kind):
    weight, expected = course(target, strong=False)[0][kind]

    np.testing.assert_allclose(weight, expected, rtol=ACCURACY)


@pytest.mark.parametrize("target, kind", CASES, indirect=["target"], ids=name_of)
def test_weights_that_reach_their_bounds_are_those_of_the_rule(target, kind):
    weight, expected = course(target, strong=True)[0][kind]

    np.testing.assert_allclose(weight, expected, rtol=ACCURACY)
    if kind[:2] == ("SpikePairRule", "AdditiveWeightDependence") and not kind[-1]:
        assert min(weight) == BOUNDS["w_min"] and max(weight) == BOUNDS["w_max"]


@pytest.mark.parametrize("strong", [False, True])
def test_what_arrives_is_the_weight_of_the_passage(target, strong):
    _, (current, expected) = course(target, strong=strong)

    # one unit of the sums is 2^-62 of the largest possible one, which lies far above what was sent
    np.testing.assert_allclose(current, expected, rtol=ACCURACY, atol=1e-12)


def test_sources_that_spike_many_times_a_step_send_the_same_bits_on_every_target(target):
    def sent(target, threads):
        trains = random_trains(6, 5, 120, 20, most=9), random_trains(7, 20, 120, 12, most=1)
        net = Driven(*trains, target=target, threads=threads)
        for rule, fraction in zip(("SpikePairRule", "Vogels2011Rule"), (0.3, 0.0), strict=True):
            connect_at_random(net, rule, "MultiplicativeWeightDependence", fraction)
        sim.run(12.0)
        return net.currents().tolist()

    assert sent(target, 3) == sent("reference", 1)
