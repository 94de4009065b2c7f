"""Which method equations get, what the statements look like, and what is refused."""

import subprocess
import sys

import pytest

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.functions import DISTRIBUTIONS
from pynn_annarchy.language.parse import parse_expression
from pynn_annarchy.language.print import show
from pynn_annarchy.language.syntax import Call, Conditional
from pynn_annarchy.language.visit import identifiers, nodes
from pynn_annarchy.solvers.algebra import linear_form
from pynn_annarchy.solvers.discretise import discretise
from pynn_annarchy.solvers.splitting import classes
from tests.unit.solver_models import ADAPTIVE, COND_EXP, CURR_ALPHA, CURR_EXP, PARAMETERS, model, run


def methods(equations: str, default: str | None = None) -> dict[str, str]:
    choices = discretise(model(equations), default).choices
    return {variable: choice.method for choice in choices for variable in choice.variables}


@pytest.mark.parametrize("equations", [CURR_EXP, CURR_ALPHA, ADAPTIVE])
def test_linear_cells_are_solved_exactly(equations):
    assert set(methods(equations).values()) == {"exact"}


def test_a_conductance_cell_has_exact_conductances_and_a_membrane_that_feels_their_mean():
    assert methods(COND_EXP) == {
        "v": "exponential, mean coefficients",
        "gsyn_exc": "exact",
        "gsyn_inh": "exact",
    }


@pytest.mark.parametrize(
    ("equations", "method"),
    [
        ("dv/dt = v*v - v", "rk4"),
        ("dv/dt = -v*n\ndn/dt = v - n*(1 + v)", "splitting, extrapolated"),
        ("dv/dt = -v*n*n\ndn/dt = -n", "exponential, midpoint coefficients"),
        ("dv/dt = -v*i_inj", "exponential, mean coefficients"),
        ("dv/dt = if i_inj > 0: -v else: 1 - 2*v", "exponential, mean coefficients"),
        ("dv/dt = if i_inj > 0: -v else: 1 - v", "exact"),
        ("dv/dt = if v > 0: -v else: 1 - v", "rk4"),
    ],
)
def test_the_default_follows_the_structure_of_the_equations(equations, method):
    assert methods(equations)["v"] == method


def test_the_reason_of_a_choice_names_what_matters():
    (choice,) = discretise(model("dv/dt = v*v")).choices
    assert choice.reason == "not linear in v: error of fourth order"


def test_a_flag_beats_the_default_method_and_the_default_method_beats_classification():
    assert methods("dv/dt = -v : midpoint\ndw/dt = -w", "explicit") == {"v": "midpoint", "w": "explicit"}


def test_a_coupled_method_spreads_to_equations_without_a_flag_that_it_is_coupled_with():
    assert methods("dv/dt = -w : rk4\ndw/dt = v\ndx/dt = -x") == {"v": "rk4", "w": "rk4", "x": "exact"}


def test_the_update_of_if_curr_exp_is_one_line_a_variable():
    updates = discretise(model(CURR_EXP))

    v, isyn_exc, _ = updates.statements
    entries = "P_v_v*v + P_v_isyn_exc*isyn_exc + P_v_isyn_inh*isyn_inh + P_v_i_inj*i_inj + c_v"
    assert (v.target, v.value) == ("v", parse_expression(entries))
    assert (isyn_exc.target, isyn_exc.value) == ("isyn_exc", parse_expression("P_isyn_exc_isyn_exc*isyn_exc"))
    assert updates.derived == ()


def test_a_held_voltage_costs_nothing_where_nothing_depends_on_it():
    for equations in (CURR_EXP, CURR_ALPHA, COND_EXP):
        statements = discretise(model(equations)).statements
        assert not any(isinstance(node, Conditional) for s in statements for node in nodes(s.value))


def test_the_step_of_a_conductance_cell_divides_by_no_parameter_and_adds_products_of_a_constant():
    updates = discretise(model(COND_EXP))
    relaxation = next(s.value for s in updates.statements if s.target == "relaxation_v")

    read = frozenset().union(*(identifiers(statement.value) for statement in updates.statements))
    meanings = {d.name: d.expression for d in updates.derived}
    assert len(meanings) == 7
    assert relaxation == parse_expression(
        "dt_over_tau_m + gsyn_exc*relaxation_v_constant + gsyn_inh*relaxation_v_constant_2"
    )
    assert meanings["relaxation_v_constant"] == parse_expression("M_gsyn_exc_gsyn_exc*(dt/cm)")
    assert read.isdisjoint({"tau_m", "cm", "tau_syn_E", "tau_syn_I", "dt"})


def test_a_division_that_a_condition_guards_is_not_taken_out_of_it():
    updates = discretise(model("dx/dt = -x*x\ny = if x > 0: x/a else: x"))

    end = run(updates, {"x": -1.0, "y": 0.0}, 0.1, 0.1, {**PARAMETERS, "a": 0.0})

    assert end["y"] == end["x"] < 0


def test_a_condition_of_parameters_stays_a_condition():
    updates = discretise(model("x = if tau_m > 1 and v_rest < 0: y else: -y\ndy/dt = -y/tau_m"))

    (x,) = (statement.value for statement in updates.statements if statement.target == "x")
    assert isinstance(x, Conditional)
    assert identifiers(x.condition) == {"tau_m", "v_rest"}


def test_variables_that_do_not_read_each_other_take_turns_together_the_most_of_them_once():
    rates = {"v": "m*h - v*n", "m": "v - m*(1 + v)", "h": "v - h", "n": "1 - n*v"}
    forms = {name: linear_form(parse_expression(rate), [name]) for name, rate in rates.items()}

    assert classes(forms) == (("v",), ("m", "h", "n"))


def test_derived_parameters_hold_parameters_only():
    updates = discretise(model("dn/dt = (1/(1 + exp(-v)) - n)/tau_m\ndv/dt = -v*n/cm"))

    for derived in updates.derived:
        assert identifiers(derived.expression) <= {*PARAMETERS, "dt", "pi"}


def test_rates_of_a_block_are_taken_from_old_values_and_assignments_split_blocks():
    block = run(discretise(model("dx/dt = -y : explicit\ndy/dt = x : explicit")), {"x": 1.0, "y": 2.0}, 0.5, 0.5)
    assert block == {"x": 0.0, "y": 2.5}

    split = "dx/dt = -y : explicit\nz = x\ndy/dt = z : explicit"
    assert run(discretise(model(split)), {"x": 1.0, "y": 2.0, "z": 0.0}, 0.5, 0.5) == {"x": 0.0, "y": 2.0, "z": 0.0}


def test_semiimplicit_equations_see_the_new_values_of_those_before_them():
    equations = "dx/dt = -y : semiimplicit\ndy/dt = x : semiimplicit"
    assert run(discretise(model(equations)), {"x": 1.0, "y": 2.0}, 0.5, 0.5) == {"x": 0.0, "y": 2.0}


def test_a_random_term_is_drawn_once_a_step_whatever_the_method():
    updates = discretise(model("dx/dt = x*x + Normal(0, 1) : rk4"))

    calls = [node for s in updates.statements for node in nodes(s.value) if isinstance(node, Call)]
    assert [call.function for call in calls if call.function in DISTRIBUTIONS] == ["Normal"]


def test_names_of_the_model_are_never_taken():
    updates = discretise(model("dv/dt = -v*g\ndg/dt = -g\nP_g_g = v\ndecay_v = v"))

    names = [statement.target for statement in updates.statements]
    assert len(names) == len(set(names))
    assert "P_g_g" not in [entry.name for system in updates.systems for entry in system.transition]


def test_the_same_model_gives_the_same_text_whatever_the_hash_seed():
    script = (
        "from tests.unit.solver_models import *; from pynn_annarchy.solvers.discretise import discretise;"
        "gates = 'dv/dt = -v*n*n*h\\ndn/dt = v - n\\ndh/dt = v*n - h';"
        "print([discretise(model(equations)) for equations in (COND_EXP, CURR_EXP, gates)])"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


def test_linearity_that_only_algebra_sees_is_seen_where_a_flag_asks_for_it():
    hidden = "dx/dt = ((x + 1)**2 - x**2 - 2)/tau_m : "
    for method in ("exact", "exponential", "implicit"):
        end = run(discretise(model(hidden + method)), {"x": 1.0}, 0.1, 0.01, {"tau_m": -20.0})
        # dx/dt = (2x - 1)/tau_m
        assert end["x"] == pytest.approx(0.5 + 0.5 * 2.718281828459045 ** (-0.01), rel=1e-5)


@pytest.mark.parametrize(
    ("equations", "message"),
    [
        ("dv/dt = -v*v : exact", "'v' has no exact solution: its rate is not linear in v"),
        ("dv/dt = -v*i_inj : exact", "'v' has no exact solution: the coefficient of v depends on i_inj"),
        ("dv/dt = w - v : exact\ndw/dt = w*w", "'v' has no exact solution: it depends on w, not solved exactly"),
        ("dv/dt = -v*v : exponential", "'exponential' needs a rate of 'v' that is linear in v"),
        ("dv/dt = -v*w : implicit\ndw/dt = v : implicit", "'implicit' needs a rate of 'v' that is linear in v, w"),
        ("dv/dt = -w : rk4\ndw/dt = v : explicit", "'w' asks for 'explicit', but is coupled with 'v' ('rk4')"),
    ],
)
def test_a_method_that_cannot_solve_its_equation_is_refused(equations, message):
    with pytest.raises(EquationError) as raised:
        discretise(model(equations))
    assert raised.value.message == message
    assert raised.value.hint
    assert raised.value.context.startswith("in cell type 'Cell', variable '")


def test_an_unknown_default_method_gets_a_suggestion():
    with pytest.raises(EquationError, match=r"'midpont' is not a numerical method \(did you mean 'midpoint'\?\)"):
        discretise(model("dv/dt = -v"), "midpont")


@pytest.mark.parametrize("method", ["explicit", "midpoint", "rk4"])
def test_a_number_that_divides_a_rate_multiplies_by_its_reciprocal(method):
    updates = discretise(model(f"20.0*dx/dt = 1 - x : {method}"))
    slopes = [statement.value for statement in updates.statements if statement.target.startswith("k")]
    assert slopes and all(show(slope).endswith("*0.05") for slope in slopes)
