"""What the methods promise: exactness, orders of convergence, held variables."""

from math import cos, exp, log2, sin

import mpmath
import pytest

from pynn_annarchy.solvers.discretise import discretise
from tests.unit.solver_models import ADAPTIVE, COND_EXP, CURR_ALPHA, CURR_EXP, PARAMETERS, model, run

LOGISTIC = "dx/dt = x*(1 - x)"
PREDATORS = "dx/dt = x*(1 - y)\ndy/dt = y*(x - 1)"
PREDATORS_WATCHED = PREDATORS + "\ndz/dt = x*y - z"


def converged(rate, start: float, duration: float, n_steps: int = 20_000) -> float:
    """dx/dt = rate(t, x) by the classical Runge-Kutta method with many steps."""
    x, h = start, duration / n_steps
    for n in range(n_steps):
        t = n * h
        k1 = rate(t, x)
        k2 = rate(t + h / 2, x + h / 2 * k1)
        k3 = rate(t + h / 2, x + h / 2 * k2)
        k4 = rate(t + h, x + h * k3)
        x += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x


def predators(duration: float, x: float, y: float) -> tuple[float, float]:
    solution = mpmath.odefun(lambda t, s: [s[0] * (1 - s[1]), s[1] * (s[0] - 1)], 0, [x, y])
    return tuple(float(value) for value in solution(duration))


def observed_order(error, dt: float = 0.05) -> float:
    """The power of dt with which an error falls."""
    return log2(abs(error(dt)) / abs(error(dt / 2)))


@pytest.mark.parametrize("tau_syn", [5.0, 20.0])
def test_if_curr_exp_follows_its_formula(tau_syn):
    parameters = {**PARAMETERS, "tau_syn_E": tau_syn}
    start = {"v": -60.0, "isyn_exc": 0.5, "isyn_inh": -0.25}

    end = run(discretise(model(CURR_EXP)), start, 10.0, 0.1, parameters, {"i_inj": 0.05})

    with mpmath.workdps(40):
        expected = curr_exp_voltage(start, parameters, i_inj=0.05, t=10.0)
    # 100 steps, each rounding v = -60 a few times
    assert end["v"] == pytest.approx(float(expected), abs=1e-12)


def curr_exp_voltage(start, parameters, i_inj: float, t: float):
    """v(t) by variation of constants, one integral for each current."""
    p = {name: mpmath.mpf(value) for name, value in parameters.items()}
    steady = p["v_rest"] + (p["i_offset"] + i_inj) * p["tau_m"] / p["cm"]
    v = steady + (start["v"] - steady) * mpmath.exp(-t / p["tau_m"])
    for current, tau in (("isyn_exc", p["tau_syn_E"]), ("isyn_inh", p["tau_syn_I"])):
        v += start[current] / p["cm"] * decay_convolved_with_decay(tau, p["tau_m"], t)
    return v


def decay_convolved_with_decay(tau, tau_m, t: float):
    return mpmath.quad(lambda s: mpmath.exp(-s / tau - (t - s) / tau_m), [0, t])


def test_an_alpha_current_is_exact():
    tau = PARAMETERS["tau_syn_E"]
    start = {"v": -65.0, "isyn_exc": 0.0, "x_exc": exp(1) / tau}

    end = run(discretise(model(CURR_ALPHA)), start, 5.0, 0.1, given={"i_inj": 0.0})

    # the maximum, 1 nA after one time constant; 50 steps
    assert end["isyn_exc"] == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize(
    ("equations", "order"),
    [
        ("dx/dt = x*(1 - x) : explicit", 1),
        ("dx/dt = x*(1 - x) : midpoint", 2),
        ("dx/dt = x*(1 - x) : rk4", 4),
        (LOGISTIC, 4),
    ],
)
def test_explicit_methods_converge_with_their_order(equations, order):
    updates = discretise(model(equations))
    exact = 0.1 * exp(2.0) / (0.9 + 0.1 * exp(2.0))

    def error(dt):
        return run(updates, {"x": 0.1}, 2.0, dt)["x"] - exact

    assert observed_order(error) == pytest.approx(order, abs=0.1)


@pytest.mark.parametrize(
    ("flags", "order"),
    [("explicit", 1), ("exponential", 1), ("semiimplicit", 1), ("midpoint", 2), ("rk4", 4), ("", 4)],
)
def test_coupled_nonlinear_equations_converge_with_the_methods_order(flags, order):
    flag = f" : {flags}" if flags else ""
    updates = discretise(model(PREDATORS.replace("\n", flag + "\n") + flag))
    x, _ = predators(2.0, 0.5, 0.5)

    def error(dt):
        return run(updates, {"x": 0.5, "y": 0.5}, 2.0, dt)["x"] - x

    assert observed_order(error, 0.02) == pytest.approx(order, abs=0.15)


def test_a_variable_that_only_listens_is_of_second_order_as_well():
    updates = discretise(model(PREDATORS_WATCHED))
    solution = mpmath.odefun(
        lambda t, s: [s[0] * (1 - s[1]), s[1] * (s[0] - 1), s[0] * s[1] - s[2]], 0, [0.5, 0.5, 0.0]
    )
    exact = float(solution(2.0)[2])

    def error(dt):
        return run(updates, {"x": 0.5, "y": 0.5, "z": 0.0}, 2.0, dt)["z"] - exact

    assert observed_order(error, 0.04) == pytest.approx(2, abs=0.15)


def test_backward_euler_of_coupled_equations_is_of_first_order():
    updates = discretise(model("dx/dt = -y : implicit\ndy/dt = x : implicit"))

    def error(dt):
        return run(updates, {"x": 1.0, "y": 0.0}, 2.0, dt)["x"] - cos(2.0)

    assert observed_order(error, 0.01) == pytest.approx(1, abs=0.1)


def test_backward_euler_of_a_stiff_equation_goes_to_its_steady_state():
    updates = discretise(model("dx/dt = (1 - x)/tau_m : implicit"))

    end = run(updates, {"x": 0.0}, 1.0, 0.1, {"tau_m": 1e-6})

    assert end["x"] == pytest.approx(1.0, rel=1e-15)


def test_a_driving_function_of_time_is_followed_with_second_order():
    updates = discretise(model("dx/dt = sin(t) - x"))
    exact = (sin(2.0) - cos(2.0) + exp(-2.0)) / 2

    def error(dt):
        return run(updates, {"x": 0.0}, 2.0, dt)["x"] - exact

    assert observed_order(error) == pytest.approx(2, abs=0.1)


def test_a_ramp_is_followed_exactly():
    updates = discretise(model("dx/dt = (t - x)/tau_m"))

    end = run(updates, {"x": 0.0}, 10.0, 0.1)

    # x = t - tau + tau exp(-t/tau)
    assert end["x"] == pytest.approx(10.0 - 20.0 + 20.0 * exp(-0.5), rel=1e-12)


def cond_exp_error(dt: float, equations: str = COND_EXP) -> float:
    """Error of v (in mV) after 10 ms, from ten excitatory and two inhibitory inputs at once."""
    g_exc, g_inh = 0.04, 0.1

    def rate(t, v):
        p = PARAMETERS
        current = g_exc * exp(-t / p["tau_syn_E"]) * (p["e_rev_E"] - v)
        current += g_inh * exp(-t / p["tau_syn_I"]) * (p["e_rev_I"] - v) + p["i_offset"]
        return (p["v_rest"] - v) / p["tau_m"] + current / p["cm"]

    start = {"v": -60.0, "gsyn_exc": g_exc, "gsyn_inh": g_inh}
    end = run(discretise(model(equations)), start, 10.0, dt, given={"i_inj": 0.0})
    return end["v"] - converged(rate, -60.0, 10.0)


def test_if_cond_exp_is_within_a_micro_volt_at_a_tenth_of_a_millisecond():
    assert abs(cond_exp_error(0.1)) < 0.001


def test_if_cond_exp_converges_with_second_order():
    assert observed_order(cond_exp_error, 0.4) == pytest.approx(2, abs=0.1)


def test_conductances_from_the_start_of_the_step_are_what_the_flag_exponential_asks_for():
    flagged = COND_EXP.replace("unless_refractory", "unless_refractory, exponential")

    assert observed_order(lambda dt: cond_exp_error(dt, flagged), 0.1) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("flag", ["", ", rk4", ", midpoint", ", implicit", ", semiimplicit", ", explicit"])
def test_what_depends_on_a_held_voltage_relaxes_as_if_it_were_constant(flag):
    equations = ADAPTIVE.replace("unless_refractory", "unless_refractory" + flag)
    start = {"v": -50.0, "w": 0.2}

    end = run(discretise(model(equations)), start, 5.0, 0.01, given={"i_inj": 3.0}, refractory=True)

    steady = PARAMETERS["a"] * (-50.0 - PARAMETERS["v_rest"])
    expected = steady + (0.2 - steady) * exp(-5.0 / PARAMETERS["tau_w"])
    assert end["v"] == -50.0
    assert end["w"] == pytest.approx(expected, rel=1e-5 if flag else 1e-13)


def test_a_nonlinear_membrane_that_is_held_stands_still_for_its_adaptation():
    spiking = ADAPTIVE.replace("(i_offset", "(exp(v/4) + i_offset")

    end = run(discretise(model(spiking)), {"v": 2.0, "w": 0.2}, 5.0, 0.1, given={"i_inj": 3.0}, refractory=True)

    steady = PARAMETERS["a"] * (2.0 - PARAMETERS["v_rest"])
    # rk4 with dt / tau_w = 1/1440
    assert end["w"] == pytest.approx(steady + (0.2 - steady) * exp(-5.0 / PARAMETERS["tau_w"]), rel=1e-12)
