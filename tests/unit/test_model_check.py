"""Checked models: what is accepted, and what the accepted texts become. Refused texts are in test_language_errors."""

from __future__ import annotations

import pytest

from pynn_annarchy.language.parse import parse_expression, parse_statements
from pynn_annarchy.language.print import show
from pynn_annarchy.language.syntax import Number
from pynn_annarchy.language.visit import nodes
from pynn_annarchy.model.check import check
from pynn_annarchy.model.spec import InputSpec, Kind, ModelSpec, Order, ParameterSpec, ReceptorSpec
from pynn_annarchy.standardmodels import source_specs, specs

LIF = "dv/dt = (v_rest - v)/tau_m + i_inj : init=v_rest, unless_refractory"


def cell(equations=LIF, **texts):
    """A cell type with the parameters of a membrane."""
    defaults = {
        "parameters": tuple(ParameterSpec(name, 1.0) for name in ("tau_m", "v_rest", "v_thresh", "tau_refrac")),
        "inputs": (InputSpec("i_inj"),),
        "spike": "v >= v_thresh",
        "refractory": "tau_refrac",
    }
    return ModelSpec("Cell", equations=equations, **{**defaults, **texts})


def synapse(equations="", pre_spike="g_target += w"):
    """A synapse type whose only parameter is its weight."""
    return ModelSpec("Synapse", Kind.SYNAPSE, (ParameterSpec("w", 1.0),), equations, pre_spike=pre_spike)


@pytest.mark.parametrize(
    "spec",
    [
        specs.IF_CURR_EXP,
        specs.IF_CURR_ALPHA,
        specs.IF_CURR_DELTA,
        specs.IF_COND_EXP,
        specs.IF_COND_ALPHA,
        source_specs.SPIKE_SOURCE_POISSON,
        specs.STATIC_SYNAPSE,
    ],
    ids=lambda spec: spec.name,
)
def test_the_standard_models_keep_every_rule(spec):
    assert check(spec).spec is spec


ACCEPTED = {
    "time, time step and pi are known": cell(LIF + "\nr = sin(2*pi*t/1000)/dt"),
    "functions take their number of arguments": cell(LIF + "\nr = clip(max(v, 0), 0, 1)"),
    "own functions call earlier ones": cell(LIF + "\nr = g(v)", functions="f(x) = x**2\ng(x) = f(x) + f(2*x)"),
    "a parameter may begin with d": cell(LIF + "\nr = delta/dt", parameters=(
        *(ParameterSpec(name, 1.0) for name in ("tau_m", "v_rest", "v_thresh", "tau_refrac", "delta")),
    )),
    "a method belongs to a differential equation": cell(LIF + ", rk4"),
    "a condition belongs to a bool variable": cell(LIF + "\nhigh = v > 0 : bool\nr = ite(high, 1, 0)"),
    "a whole number belongs to an int variable": cell(LIF + "\nn = floor(v) + 2 : int"),
    "conditions can be compared": cell(spike="(v > v_thresh) == True"),
    "bounds may be variables": cell(LIF + ", max=u\ndu/dt = -u"),
    "an initial value may be random": cell("dv/dt = -v : init=Normal(v_rest, 1.0)"),
    "a global variable may depend on global ones": cell(LIF + "\ndg/dt = -g : population"),
    "draws may stand at events": cell(reset="v = Normal(v_rest, 1.0)"),
    "a variable of events alone is read by an equation": cell(LIF + "\nr = n/t", reset="n += 1"),
    "a variable of events alone is given an initial value": cell(reset="n += 1 : init=0"),
    "a variable of events alone is given a unit": cell(reset="n += 1", units=(("n", "mV"),)),
    "a source emits spikes": ModelSpec("Source", emits="Poisson(3.0)", max_spikes="60"),
    "a cell without spikes": ModelSpec("Rate", equations="dr/dt = -r"),
    "a refractory time may be computed from parameters": cell(refractory="2*tau_refrac + dt"),
    "a synapse reads both its cells": synapse("dx/dt = pre.r*post.r - x", "g_target += w*x"),
    "a synapse may be event-driven": synapse("dx/dt = -x : event-driven", "g_target += w; x += 1"),
    "a semiglobal variable reads the post-synaptic cell": synapse("dx/dt = post.r - x : postsynaptic"),
    "a statement of a synapse may spare spiking cells": synapse("", "g_target += w\nz = z + 1 : unless_post, init=0"),
}  # fmt: skip


@pytest.mark.parametrize("spec", ACCEPTED.values(), ids=ACCEPTED)
def test_a_text_that_keeps_the_rules_is_accepted(spec):
    assert check(spec).spec is spec


def test_variables_take_their_flags():
    variable = check(cell(LIF + ", min=-80, max=2*v_thresh, rk4")).variable("v")

    assert variable.init == parse_expression("v_rest")
    assert (variable.minimum, variable.maximum) == (parse_expression("-80"), parse_expression("2*v_thresh"))
    assert (variable.method, variable.unless_refractory) == ("rk4", True)
    assert (variable.locality, variable.dtype) == ("local", "float")


@pytest.mark.parametrize(("dtype", "init"), [("float", "0.0"), ("int", "0"), ("bool", "False")])
def test_variables_start_at_zero_where_nothing_else_is_said(dtype, init):
    value = {"float": "v", "int": "floor(v)", "bool": "v > 0"}[dtype]

    assert show(check(cell(f"{LIF}\nx = {value} : {dtype}")).variable("x").init) == init


def test_variables_are_in_the_order_of_the_text_and_events_come_last():
    model = check(cell("b = a\nda/dt = -b + n", spike="a > 1", reset="n += 1"))

    assert [variable.name for variable in model.variables] == ["b", "a", "n"]


def test_a_locality_is_called_by_one_name():
    model = check(synapse("dx/dt = -x : projection\ndy/dt = -y : postsynaptic"))

    assert [variable.locality for variable in model.variables] == ["global", "semiglobal"]


def test_own_functions_are_expanded_and_keep_the_place_of_the_call():
    spec = cell("dv/dt = f(v, tau_m)", functions="double(x) = 2*x\nf(x, y) = (double(x) - x)/y")

    (equation,) = check(spec).equations

    assert show(equation.rate) == "(2*v - v)/tau_m"
    places = {node.span.text[node.span.start : node.span.end] for node in nodes(equation.rate)}
    assert places == {"f(v, tau_m)", "v", "tau_m"}


def test_functions_of_declared_integers_truncate():
    functions = "f(n, y) = n*y : double, int, double\ng(y) = y : int, double"

    model = check(cell(LIF + "\nx = f(2.7, v)\nn = g(v) : int", functions=functions))

    assert [show(equation) for equation in model.equations[1:]] == ["x = trunc(2.7)*v", "n = trunc(v) : int"]


def test_bounds_at_an_event_are_written_into_the_statement():
    model = check(cell(reset="v = v - 3 : min=v_rest, max=0"))

    assert [show(statement.value) for statement in model.reset] == ["min(max(v - 3, v_rest), 0)"]


def test_increments_and_statements_are_written_out():
    model = check(cell(LIF + "\ndg/dt = -g", receptors=(ReceptorSpec("exc", "g += 2*input"),)))

    assert model.receptors[0].increment == parse_statements("g = g + 2*input")[0]


def test_a_target_collects_increments_and_is_no_variable_of_the_synapse():
    model = check(synapse())

    assert model.variables == ()
    assert [show(statement) for statement in model.pre_spike] == ["g_target = g_target + w"]


def test_in_the_order_of_annarchy_all_but_conductances_stand_still_in_refractoriness():
    text = "dv/dt = -v\ndu/dt = -u\ndg_exc/dt = -g_exc"

    by_default = check(cell(text, order=Order.ANNARCHY))
    by_flag = check(cell(text.replace("-u", "-u : unless_refractory"), order=Order.ANNARCHY))
    in_pynn = check(cell(text))

    assert [variable.unless_refractory for variable in by_default.variables] == [True, True, False]
    assert [variable.unless_refractory for variable in by_flag.variables] == [False, True, False]
    assert [variable.unless_refractory for variable in in_pynn.variables] == [False, False, False]


def test_one_spike_a_step_is_the_bound_where_nothing_else_is_said():
    assert check(cell()).max_spikes == Number(1)


def test_a_synapse_without_any_text_does_nothing():
    model = check(ModelSpec("Nothing", Kind.SYNAPSE))

    assert (model.variables, model.equations, model.pre_spike) == ((), (), ())
