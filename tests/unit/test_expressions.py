"""What expressions in equations are worth: operators, functions, conditions, arguments of laws."""

from __future__ import annotations

from math import exp, log, pi

import numpy as np
import pytest
from pytest import approx

from pynn_annarchy.engine.network import Network
from pynn_annarchy.model.spec import ModelSpec, ParameterSpec
from pynn_annarchy.targets.compile import Options

PARAMETERS = (
    ParameterSpec("a", 4.0),
    ParameterSpec("b", 0.5),
    ParameterSpec("k", 3.0, dtype="int"),
    ParameterSpec("on", 1.0, dtype="bool"),
)

EXPRESSIONS = {
    "power(a, 3)": 64.0,
    "power(a, 0)": 1.0,
    "power(-a, k)": -64.0,
    "power(a, -2)": 1 / 16,
    "-a^2": -16.0,
    "2**3**2": 512.0,
    "2^-1": 0.5,
    "pow(a, b)": 2.0,
    "2*modulo(7, 4)": 6.0,
    "modulo(-1, 3)": 2.0,
    "modulo(7.5, 2)": 1.5,
    "1/2": 0.5,
    "pos(-b) + positive(b)": 0.5,
    "neg(b) + negative(-b)": -0.5,
    "clip(a, 0, 1) + clip(-a, 0, 1) + clip(b, 0, 1)": 1.5,
    "min(a, b) + 10*max(a, b)": 40.5,
    "ln(a) + log10(100) + log(1)": log(4) + 2,
    "exp(-a)*sqrt(a)": 2 * exp(-4),
    "abs(-a) + fabs(-b)": 4.5,
    "round(2.5) + 10*round(-2.5)": -27.0,
    "floor(-1.5) + 10*ceil(1.2)": 18.0,
    "pi/2": pi / 2,
    "ite(isnan(a), 1, ite(isfinite(a), 2, 3))": 2.0,
    "ite((a > 3) and (b < 20), 1, 0)": 1.0,
    "ite(not (a > 3) or b > 1, 1, 0)": 0.0,
    "ite(a > 3 and not (b > 3), 1, 0)": 1.0,
    "if a > 5: 1 else: if b > 1: 2 else: 3": 3.0,
    "if a > 3: if b > 1: 1 else: 2 else: 3": 2.0,
    "if a > 3: if b > 1: 1 else: if k == 3: 4 else: 5 else: 6": 4.0,
    "a*(if b > 1: 1 else: 2) + ite(on, 1, 0)": 9.0,
    "if on: 1 else: 0": 1.0,
    "if on is True: 1 else: 0": 1.0,
    "if on is not True: 1 else: 0": 0.0,
    "if on == False: 1 else: 0": 0.0,
    "if k is 3: 1 else: 0": 1.0,
    "if k is not 3: 1 else: 0": 0.0,
    "if k != 3 or a < 1: 1 else: 0": 0.0,
    "if True: 1 else: 0": 1.0,
    "k/2": 1.5,
}


def after_one_step(target, equations, **parts):
    net = Network(dt=1.0, seed=3, options=Options(target=target))
    cells = net.add_cells(ModelSpec("MyNeuron", parameters=PARAMETERS, equations=equations, **parts), 50, {}, "ours")
    net.run(1)
    return cells


def test_expressions_are_worth_what_they_say(target):
    cells = after_one_step(target, "\n".join(f"x{i} = {text}" for i, text in enumerate(EXPRESSIONS)))

    for i, (text, value) in enumerate(EXPRESSIONS.items()):
        assert cells.state(f"x{i}")[0] == approx(value, rel=1e-15), text


@pytest.mark.parametrize("place", ["{}", "f({})", "1 + (if a > 3: {} else: 0)"])
def test_arguments_of_laws_may_be_expressions(target, place):
    """The same numbers are drawn for the same arguments, however they are written."""
    written = {
        "Uniform(a*(b - 1), (a + 1)*(b + 1))": "Uniform(-2, 7.5)",
        "Normal(a*(1 + b), (b))": "Normal(6, 0.5)",
        "LogNormal(-(b/2), sqrt(a)/(1 + 1))": "LogNormal(-0.25, 1)",
        "Exponential(a/(1 + (2 - 1)))": "Exponential(2)",
        "Gamma(k - 1, b*(2 + k))": "Gamma(2, 2.5)",
        "DiscreteUniform(-k, max(a, k)*2)": "DiscreteUniform(-3, 8)",
        "Binomial(k*4, g(b))": "Binomial(12, 0.25)",
        "Poisson(a*(if b < 1: 2 else: 3))": "Poisson(8)",
    }
    functions = "f(x) = 2*x; g(x) = x*x"
    texts = [
        "\n".join(f"x{i} = {place.format(text)}" for i, text in enumerate(side))
        for side in (written.keys(), written.values())
    ]

    ours, plain = (after_one_step(target, text, functions=functions) for text in texts)

    for i, text in enumerate(written):
        assert (ours.state(f"x{i}") == plain.state(f"x{i}")).all(), text
        assert np.ptp(ours.state(f"x{i}")) > 0


def test_arguments_that_variables_decide_are_of_the_moment(target):
    cells = after_one_step(target, "x = x + 1 : init=3\ny = Normal(x, 0)\nz = Uniform(y, y)\nnever = Normal(0, -x)")

    assert (cells.state("y") == 4).all() and (cells.state("z") == 4).all()
    assert np.isnan(cells.state("never")).all()
