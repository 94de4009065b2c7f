"""Two equations that depend on each other through functions of the user, by every method, in cells and in synapses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg

import pynn_annarchy.ann as ann
from pynn_annarchy.engine.network import Network
from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.model.check import check
from pynn_annarchy.model.spec import ModelSpec, Order, ParameterSpec
from pynn_annarchy.solvers.discretise import discretise
from pynn_annarchy.targets.compile import Options

DT = 0.1  # ms
PAIR = """
tau*dx_{0}/dt = -x_{0} + f(a)*y_{0} + drive : init=1, {0}{1}
tau*dy_{0}/dt = -y_{0} + b*x_{0} - g(a, b) : init=0.5, {0}{1}
"""
FUNCTIONS = "f(u) = u^2 + 1; g(u, v) = if u > v: u*v else: if u == 0: 1 else: v"
VALUES = {"tau": 10.0, "a": 0.3, "b": -0.7, "drive": 1.5}
PARAMETERS = tuple(ParameterSpec(name, value) for name, value in VALUES.items())

MATRIX = np.array([[-1.0, 0.3**2 + 1], [-0.7, -1.0]]) / 10.0
CONSTANT = np.array([1.5, 0.3 * 0.7]) / 10.0


def rate(z):
    return MATRIX @ z + CONSTANT


def explicit(z):
    return z + DT * rate(z)


def implicit(z):
    return np.linalg.solve(np.eye(2) - DT * MATRIX, z + DT * CONSTANT)


def semiimplicit(z):
    first = np.array([explicit(z)[0], z[1]])
    return np.array([first[0], explicit(first)[1]])


def exponential(z):
    steady = z + 10.0 * rate(z)
    return z + (1 - np.exp(-DT / 10.0)) * (steady - z)


def midpoint(z):
    return z + DT * rate(z + DT / 2 * rate(z))


def rk4(z):
    first = rate(z)
    second = rate(z + DT / 2 * first)
    third = rate(z + DT / 2 * second)
    fourth = rate(z + DT * third)
    return z + DT / 6 * (first + 2 * second + 2 * third + fourth)


def exact(z):
    steady = -np.linalg.solve(MATRIX, CONSTANT)
    return steady + linalg.expm(MATRIX * DT) @ (z - steady)


METHODS = (explicit, implicit, semiimplicit, exponential, midpoint, rk4, exact)


def equations(flags="", methods=METHODS):
    """A pair of equations for each method, all in one block."""
    return "".join(PAIR.format(method.__name__, flags) for method in methods)


def check_values(value, methods=METHODS):
    """Compares with the methods by hand, after 20 steps.

    Args:
        value: of a variable, by its name.
    """
    for method in methods:
        expected = np.array([1.0, 0.5])
        for _ in range(20):
            expected = method(expected)
        found = [value(f"x_{method.__name__}"), value(f"y_{method.__name__}")]
        # rounding of 20 steps, in another order of the sums
        np.testing.assert_allclose(found, expected, rtol=1e-14, err_msg=method.__name__)


@pytest.mark.parametrize("order", list(Order))
def test_coupled_equations_of_cells(target, order):
    spec = ModelSpec("MyNeuron", parameters=PARAMETERS, equations=equations(), functions=FUNCTIONS, order=order)
    net = Network(dt=DT, seed=1, options=Options(target=target))
    cells = net.add_cells(spec, 3, {}, "ours")

    net.run(20)

    check_values(lambda name: cells.state(name)[1])


@pytest.mark.parametrize("transmission", [{"psp": "w*x_rk4*pre.r"}, {"pre_spike": "g_target += w*x_rk4"}])
@pytest.mark.parametrize("locality", ["local", "postsynaptic", "projection"])
def test_coupled_equations_of_synapses(target, locality, transmission):
    # to spiking synapses of this interface 'exact' is another word for 'event-driven'
    methods = METHODS if "psp" in transmission else METHODS[:-1]
    text = equations(f", {locality}", methods)
    synapse = ann.Synapse(parameters=VALUES, equations=text, functions=FUNCTIONS, **transmission)
    spikes = {"spike": "v > 0.5", "reset": "v = 0"} if "pre_spike" in transmission else {}
    neuron = ann.Neuron(equations="v = 1 + 0*g_exc" if spikes else "r = 1 + 0*sum(exc)", **spikes)
    net = ann.Network(dt=DT, seed=1)
    net.config(target=target)
    cells = net.create(2, neuron)
    projection = net.connect(cells, cells, "exc", synapse)
    projection.all_to_all(1.0)
    net.compile()

    net.simulate(20 * DT)

    check_values(lambda name: np.ravel(projection.get(name))[-1], methods)


def test_a_nonlinear_rate_is_linear_in_itself_or_refused():
    """Backward Euler and the exponential method need a linear rate; the others do not."""
    texts = "dx/dt = -x*x + f(y)*x : init=1, {0}\ndy/dt = -y + x : init=0.5, {0}"
    for method in ("implicit", "exponential", "exact"):
        spec = ModelSpec("MyNeuron", equations=texts.format(method), functions="f(u) = exp(u)")
        with pytest.raises(EquationError, match=r"linear in x") as raised:
            discretise(check(spec))
        assert "in cell type 'MyNeuron', variable 'x'" in str(raised.value)
