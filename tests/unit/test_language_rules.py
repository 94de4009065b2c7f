"""Each rule of the language in use, section by section: what is written, and what comes of it after some steps.

What breaks the rules is in `tests/golden/errors` and `tests/golden/errors_in_scripts`; spellings of parameters and
equations are in test_declare and test_language_parse, numerical methods in the tests of solvers.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from pynn_annarchy import ann
from pynn_annarchy.ann import Neuron, Parameter, Synapse, Variable


@pytest.fixture(autouse=True)
def nothing_known():
    yield
    ann.clear()


def spiking(equations="dv/dt = 1", **texts):
    return Neuron(**{"equations": equations, "spike": "v > 2.5", "reset": "v = 0", **texts})


def population(neuron, steps, dt=1.0):
    """Two neurons after some steps of the NumPy target, which agrees with the native one in all bits."""
    net = ann.Network(dt=dt, seed=1)
    net.config(target="reference")
    cells = net.create(2, neuron)
    net.simulate(steps * dt)
    return cells


FUNCTIONS = {
    "2^3 + 2**3": 16.0,
    "power(2, 3) + pow(2, 3) + power(2, 0)": 17.0,
    "exp(1)": math.e,
    "log(2) - ln(2)": 0.0,
    "log10(100)": 2.0,
    "sqrt(16)": 4.0,
    "sin(pi/6)": 0.5,
    "cos(pi/3)": 0.5,
    "tan(pi/4)": 1.0,
    "asin(0.5)": math.pi / 6,
    "acos(0.5)": math.pi / 3,
    "atan(1)": math.pi / 4,
    "sinh(1) + cosh(1)": math.e,
    "tanh(0.5)": math.tanh(0.5),
    "abs(-2) + fabs(-3)": 5.0,
    "round(1.6) + floor(1.6) + ceil(1.2)": 5.0,
    "min(1, 2) + max(1, 2)": 3.0,
    "pos(-1) + positive(2)": 2.0,
    "neg(-1) + negative(2)": -1.0,
    "clip(5, 0, 1) + clip(-5, 0, 1)": 1.0,
    "2*modulo(5, 10)": 10.0,
    "modulo(5.5, 2)": 1.5,
    "ite(1 > 2, 3, 4)": 4.0,
    "ite(isfinite(2) and not isnan(2), 1, 0)": 1.0,
    "ite(True, 1, 0) + ite(false, 1, 0)": 1.0,
    "-2^2": -4.0,
    "2^-1": 0.5,
    "1e-1 + .5 + 2.": 2.6,
    "7 % 4": 3.0,
}


@pytest.mark.parametrize(("expression", "value"), FUNCTIONS.items())
def test_an_expression_has_its_value(expression, value):
    assert population(Neuron(equations=f"r = {expression}"), 1).r == pytest.approx(value, rel=1e-14)


# names beside two steps of 1 ms: t is 0, then 1
CONDITIONS = {
    "if t > 0: 5 else: 3": 5.0,
    "if t >= 1: if t > 1: 3 else: 2 else: 1": 2.0,
    "if t > 1: 3 else: if t > 0: 2 else: 1": 2.0,
    "if (t > 0) and (t < 20): 1 else: 0": 1.0,
    "if t > 0 and t < 20 or t == 50: 1 else: 0": 1.0,
    "if t is 1: 2 else: 1": 2.0,
    "if t is not 1: 2 else: 1": 1.0,
    "if t != 1: 2 else: 1": 1.0,
    "if not t > 1: 2 else: 1": 2.0,
    "if not(t > 1) and not (t < 0): 2 else: 1": 2.0,
    "1 + ite(t > 0, 2, 3)": 3.0,
    "t + dt": 2.0,
}


@pytest.mark.parametrize(("expression", "value"), CONDITIONS.items())
def test_a_condition_decides(expression, value):
    assert population(Neuron(equations=f"r = {expression}"), 2).r[0] == value


@pytest.mark.parametrize(
    ("equations", "steps", "value"),
    [
        # one explicit step of 1 ms from 0 with a time constant of 5 ms towards 1
        ("5.0*dr/dt = 1 - r", 1, 0.2),
        ("5.0*dr/dt + r = 1", 1, 0.2),
        ("dr/dt = (1 - r)/5.0", 1, 0.2),
        ("r + 5.0 * dr / dt - 1 = 0", 1, 0.2),
        ("dr/dt = if t > 0: 1 else: 0", 3, 2.0),
        ("r += 2", 3, 6.0),
        ("r -= 1", 3, -3.0),
        ("r *= 2 : init=3", 2, 12.0),
        ("r /= 2 : init=4", 2, 1.0),
        # assignments in the order of the text, each sees those before it
        ("c = t; b = c + 1; r = b", 3, 3.0),
        ("r = c; c = t", 3, 1.0),
        # a block of differential equations sees the old values of all
        ("dr/dt = u : init=1; du/dt = -r", 2, 0.0),
        # an assignment between them splits the block
        ("dr/dt = 1; c = r; du/dt = c", 2, 2.0),
        # flags
        ("dr/dt = 1 : init=0.5, max=2.0", 3, 2.0),
        ("dr/dt = -1 : min=-a", 3, -1.5),
        ("dr/dt = 1 : max=2*a - 0.5", 4, 2.5),
        ("dr/dt = 0 : init=a", 1, 1.5),
        ("dr/dt = 0 : init=2*a + 1", 1, 4.0),
        ("r = 1.7 : int", 1, 1.0),
        ("on = t > 1 : bool; r = if on: 1 else: 0", 3, 1.0),
        ("n = n + 1 : int, init=2; r = n", 2, 4.0),
        ("x = t : population; r = x", 3, 2.0),
        # what the language does not keep for itself
        ("i = 1; j = 2; rk_pre = 4; rk_post = 5; r = i + j + rk_pre + rk_post", 1, 12.0),
    ],
)
def test_an_equation_has_its_course(equations, steps, value):
    assert population(Neuron(parameters="a = 1.5", equations=equations), steps).r[0] == pytest.approx(value, rel=1e-14)


def test_a_global_operation_sees_the_step_before():
    cells = population(Neuron(equations="x = t + 1; r = mean(x) + 10*max(x) + 100*norm1(x) + 1000*norm2(x)"), 3)
    assert cells.r == pytest.approx(2.0 * (1 + 10 + 200 + 1000 * math.sqrt(2)), rel=1e-14)  # x was 2 in both


@pytest.mark.parametrize(
    ("distribution", "mean", "deviation"),
    [
        ("Uniform(1, 3)", 2.0, 2 / math.sqrt(12)),
        ("DiscreteUniform(1, 3)", 2.0, math.sqrt(2 / 3)),
        ("Normal(a, 2)", 1.5, 2.0),
        ("LogNormal(0, 0.5)", math.exp(0.125), math.sqrt((math.exp(0.25) - 1) * math.exp(0.25))),
        ("Exponential(4)", 4.0, 4.0),
        ("Gamma(2, 3)", 6.0, 3 * math.sqrt(2)),
        ("Binomial(10, 0.3)", 3.0, math.sqrt(2.1)),
        ("2*Uniform(0, 1) + 1", 2.0, 2 / math.sqrt(12)),
    ],
)
def test_numbers_are_drawn_from_the_law_that_is_written(distribution, mean, deviation):
    net = ann.Network(dt=1.0, seed=5)
    cells = net.create(20000, Neuron(parameters="a = 1.5", equations=f"r = {distribution}"))
    net.simulate(1.0)
    assert abs(cells.r.mean() - mean) < 4 * deviation / math.sqrt(20000)
    assert cells.r.std() == pytest.approx(deviation, rel=0.05)


# spiking neurons


@pytest.mark.parametrize(
    ("texts", "name", "steps", "value"),
    [
        ({}, "v", 3, 0.0),  # 3 is above the threshold
        ({}, "v", 4, 1.0),
        ({"reset": "v = -1; n += 1", "equations": "dv/dt = 1; n = n"}, "n", 7, 2.0),  # spikes at 3 and 7 ms
        ({"reset": ["v = 0", "u += 2"]}, "u", 6, 4.0),
        ({"reset": "v = if t > 3: -5 else: 0"}, "v", 6, -5.0),
        ({"spike": "v > 2.5 and t > 3"}, "v", 4, 4.0),
        ({"spike": "ite(t > 3, v > 2.5, False)"}, "v", 5, 0.0),
        ({"refractory": 2.0}, "v", 5, 0.0),
        ({"refractory": 2.0}, "v", 6, 1.0),
        ({"parameters": "tau = 1.0", "refractory": "2*tau"}, "v", 5, 0.0),
        ({"refractory": "w", "equations": "dv/dt = 1; w = 2.0"}, "v", 5, 0.0),
        ({"refractory": 2.0, "equations": "dv/dt = 1 : unless_refractory; du/dt = 1"}, "u", 5, 5.0),
        ({"refractory": 2.0, "equations": "dv/dt = 1; du/dt = 1"}, "u", 5, 3.0),
        ({"equations": "dv/dt = 1; f = t - t_last"}, "f", 5, 2.0),  # of the step that begins at 4, after a spike at 2
    ],
)
def test_a_spiking_neuron_does_what_is_written(texts, name, steps, value):
    assert population(spiking(**texts), steps).get(name)[0] == pytest.approx(value)


# synapses


def rates(synapse, steps=3):
    """A synapse of weight 0.5 from a neuron of rate 2 to one that says what it receives."""
    net = ann.Network(dt=1.0, seed=1)
    net.config(target="reference")
    pre = net.create(2, Neuron(parameters="k = 3.0", equations="r = 2; x = t"))
    post = net.create(2, Neuron(parameters="k = 4.0", equations="r = sum(exc) + sum(absent)"))
    projection = net.connect(pre, post, "exc", synapse).all_to_all(0.5)
    net.simulate(steps)
    return projection, post


@pytest.mark.parametrize(
    ("texts", "received"),
    [
        ({}, 2.0),
        ({"psp": "w*pre.r^2"}, 4.0),
        ({"psp": "if pre.r > 1: w else: 0"}, 1.0),
        ({"psp": "w*pre.r*pre.k/post.k"}, 1.5),
        ({"psp": "w*pre.r", "operation": "max"}, 1.0),
        ({"psp": "w*pre.r", "operation": "min"}, 1.0),
        ({"psp": "w*pre.r", "operation": "mean"}, 1.0),
        ({"psp": "f(w*pre.r)", "functions": "f(x) = 3*x"}, 6.0),
        ({"parameters": "gain = 2.0 : projection", "psp": "gain*w*pre.r"}, 4.0),
        ({"parameters": dict(gain=Parameter(2.0, "postsynaptic")), "psp": "gain*w*pre.r"}, 4.0),
        ({"parameters": "on = True", "psp": "ite(on, w*pre.r, 0)"}, 2.0),
    ],
)
def test_a_psp_is_what_is_written(texts, received):
    assert rates(Synapse(**texts))[1].r[0] == received


@pytest.mark.parametrize(
    ("equations", "value"),
    [
        ("x = pre.x", 2.0),
        ("x = post.r : postsynaptic", 2.0),
        ("x = post.sum(exc) : postsynaptic", 2.0),
        ("x = t : projection", 2.0),
        ("x = pre.r*post.k", 8.0),
        ("x = if w > 0.1: w else: 0", 0.5),
        ("dx/dt = pre.r", 6.0),
        ("x += pre.r : max=5", 5.0),
        ("x = pos(pre.r - 5) + t*dt", 2.0),
        (Variable("dx/dt = 1", init=2.0, max="4.5", method="explicit"), 4.5),
        (["y = 2", Variable("x = y : int")], 2.0),
    ],
)
def test_a_variable_of_a_synapse_is_what_is_written(equations, value):
    assert np.ravel(rates(Synapse(equations=equations))[0].x)[0] == value


@pytest.mark.parametrize(
    ("texts", "weight"),
    [
        # pre-synaptic spikes of the steps that begin at 2 and 5 ms pass 1 ms later; post-synaptic ones: 1, 3 and 5 ms
        ({"pre_spike": "g_target += w; w += 1"}, 1.5),
        ({"pre_spike": "g_target += w; w += 5 : max=2"}, 2.0),
        ({"post_spike": "w += 1"}, 3.5),
        ({"post_spike": "w = clip(w + 1, 0, 2)"}, 2.0),
        ({"pre_spike": "x = 3; w += x", "post_spike": "w += 0"}, 3.5),
        ({"pre_spike": "g_target += w; w += 1 : unless_post"}, 1.5),
        ({"pre_spike": "g_target += if w > 0: w else: 0; w = t - t_post"}, 2.0),
        ({"equations": "dx/dt = -x/10 : event-driven", "pre_spike": "g_target += w; x += 1; w += x"}, 1.5),
    ],
)
def test_spikes_change_a_synapse_as_it_is_written(texts, weight):
    net = ann.Network(dt=1.0, seed=1)
    net.config(target="reference")
    pre = net.create(1, spiking())
    post = net.create(1, spiking("dv/dt = 1 + 0*g_exc", spike="v > 1.5"))
    projection = net.connect(pre, post, "exc", Synapse(**texts)).all_to_all(0.5)
    net.simulate(6.0)
    assert projection[0].w[0] == pytest.approx(weight)
