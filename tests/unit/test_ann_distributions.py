"""Random distributions of the ANNarchy interface: the stated laws, limits that keep their shape, use as values."""

from __future__ import annotations

import numpy as np
import pytest

import pynn_annarchy.ann as ann
from pynn_annarchy.exceptions import ModelError

N = 200_000
RNG = np.random.default_rng(20)

MOMENTS = [
    (ann.Uniform(-1.0, 3.0), 1.0, 16.0 / 12.0),
    (ann.DiscreteUniform(1, 6), 3.5, 35.0 / 12.0),
    (ann.Normal(2.0, 0.5), 2.0, 0.25),
    (ann.LogNormal(0.1, 0.4), np.exp(0.1 + 0.08), (np.exp(0.16) - 1.0) * np.exp(0.2 + 0.16)),
    (ann.Exponential(4.0), 4.0, 16.0),
    (ann.Gamma(2.0, 3.0), 6.0, 18.0),
    (ann.Binomial(10, 0.3), 3.0, 2.1),
]


@pytest.mark.parametrize(("law", "mean", "variance"), MOMENTS, ids=lambda value: str(value).partition("(")[0])
def test_draws_have_the_mean_and_the_variance_of_the_law(law, mean, variance):
    values = law.drawn_with(np.random.default_rng(8), N)

    # five standard errors: one in two million for each of fourteen comparisons
    assert values.mean() == pytest.approx(mean, abs=5 * np.sqrt(variance / N))
    assert values.var() == pytest.approx(variance, rel=0.05)


def test_whole_numbers_include_both_ends():
    assert set(ann.DiscreteUniform(1, 3, rng=RNG).get_values(1000).tolist()) == {1, 2, 3}


@pytest.mark.parametrize(
    "law", [ann.Normal(0.0, 1.0, min=0.0), ann.Exponential(1.0, max=0.5), ann.Gamma(2.0, min=1.0, max=2.0)], ids=str
)
def test_limits_cut_a_law_and_pile_nothing_up_at_them(law):
    values = law.drawn_with(np.random.default_rng(3), 10_000)

    low = -np.inf if law.min is None else law.min
    high = np.inf if law.max is None else law.max
    assert ((low < values) & (values < high)).all()


def test_half_a_gaussian_keeps_its_shape():
    values = ann.Normal(0.0, 1.0, min=0.0).drawn_with(np.random.default_rng(5), N)

    assert values.mean() == pytest.approx(np.sqrt(2.0 / np.pi), abs=0.01)


def test_a_law_cut_off_where_it_has_no_mass_is_refused():
    with pytest.raises(ModelError, match="hardly any number"):
        ann.Normal(0.0, 1.0, min=40.0).get_values(10)


def test_a_generator_of_its_own_makes_a_law_repeatable():
    first, second = (ann.Uniform(0.0, 1.0, rng=np.random.default_rng(7)).get_values((2, 3)) for _ in range(2))

    assert first.shape == (2, 3)
    np.testing.assert_array_equal(first, second)


def test_without_a_generator_the_seed_of_a_network_decides():
    draws = []
    for _ in range(2):
        ann.Network(seed=99)
        draws.append(ann.Normal(0.0, 1.0).get_list_values(5))

    assert draws[0] == draws[1]
    assert isinstance(ann.Uniform(0.0, 1.0).get_value(), float)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ann.Uniform(1.0, 1.0), "min must be smaller than max"),
        (lambda: ann.Normal(0.0, -1.0), "sigma must not be negative"),
        (lambda: ann.Normal(0.0, 1.0, min=2.0, max=1.0), "min must be smaller than max"),
        (lambda: ann.Exponential(0.0), "Lambda must be greater than zero"),
        (lambda: ann.Binomial(10, 1.5), "p must lie between 0 and 1"),
        (lambda: ann.DiscreteUniform(0.5, 3), "whole numbers"),
        (lambda: ann.Normal("0", 1.0), "must be numbers"),
        (lambda: ann.Uniform(0.0, np.inf), "must be finite"),
        (lambda: ann.Uniform(0.0, 1.0, rng=3), "numpy.random.Generator"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ModelError, match=message):
        make()


@pytest.mark.parametrize(
    "compute", [lambda law: 2 * law, lambda law: law + 1.0, lambda law: np.ones(3) * law, lambda law: -law]
)
def test_arithmetic_with_a_law_says_what_to_do(compute):
    with pytest.raises(TypeError, match="is a law, not a number"):
        compute(ann.Uniform(0.0, 1.0))


def test_a_law_is_the_value_of_a_parameter_a_variable_and_weights():
    network = ann.Network(seed=4)
    neuron = ann.Neuron(
        parameters={"tau": ann.Parameter(ann.Uniform(5.0, 15.0), locality="local")},
        equations=ann.Variable("tau*dv/dt = -v", init=ann.Normal(0.0, 1.0)),
        spike="v > 100",
    )
    population = network.create(50, neuron)
    population.v = ann.Uniform(1.0, 2.0)

    tau, v = population.tau, population.v
    network.compile()

    assert 5.0 <= tau.min() < tau.max() <= 15.0
    assert 1.0 <= v.min() < v.max() <= 2.0
    np.testing.assert_array_equal(population.tau, tau)
    np.testing.assert_array_equal(population.v, v)


def test_laws_name_themselves():
    law = ann.Normal(0.0, 2.0, min=-1.0)

    assert str(law) == "Normal(mu=0, sigma=2, min=-1)"
    assert law.latex() == "\\mathcal{N}(\\mu = 0, \\sigma = 2, min = -1)"
    assert law.keywords()[0] == "Uniform"
