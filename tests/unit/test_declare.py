"""What users write about neurons and synapses, and the model that it makes; what is refused: test_errors_in_scripts."""

from __future__ import annotations

import numpy as np
import pytest

from pynn_annarchy import ann
from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.print import show
from pynn_annarchy.model.check import check
from pynn_annarchy.model.declared import Drawn
from pynn_annarchy.model.receiving import input_of, receptors_used, with_psp
from pynn_annarchy.model.seen import is_clocked
from pynn_annarchy.model.spec import ModelSpec, Order


@pytest.fixture(autouse=True)
def nothing_known():
    yield
    ann.clear()


def neuron(**texts) -> ModelSpec:
    return ann.Neuron(**texts).declared().spec


def synapse(**texts) -> ModelSpec:
    return ann.Synapse(**texts).declared().spec


def parameters(spec: ModelSpec) -> dict[str, tuple]:
    return {each.name: (each.default, each.locality, each.dtype) for each in spec.parameters}


def equations(spec: ModelSpec) -> list[str]:
    return [show(equation) for equation in check(spec).equations]


# parameters


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a = 10.0", (10.0, "local", "float")),
        ("a = 10", (10.0, "local", "float")),
        ("a = 10.0 : population", (10.0, "global", "float")),
        ("a = 10.0 : global", (10.0, "global", "float")),
        ("a = 3 : int", (3.0, "local", "int")),
        ("a = 3 : population, int", (3.0, "global", "int")),
        ("a = True", (1.0, "local", "bool")),
        ("a = false : bool", (0.0, "local", "bool")),
        ("a = 1/2.46  # an expression", (1 / 2.46, "local", "float")),
        ("a = -2*(1 + 0.5)**2", (-4.5, "local", "float")),
        ("a = sqrt(2*pi)", (np.sqrt(2 * np.pi), "local", "float")),
        ({"a": 10.0}, (10.0, "global", "float")),
        ({"a": np.float32(0.5)}, (0.5, "global", "float")),
        ({"a": True}, (1.0, "global", "bool")),
        ({"a": "1/4"}, (0.25, "global", "float")),
        ({"a": ann.Parameter(0.5, locality="local")}, (0.5, "local", "float")),
        ({"a": ann.Parameter(0.5)}, (0.5, "global", "float")),
        ({"a": ann.Parameter(3, "population", int)}, (3.0, "global", "int")),
        ({"a": ann.Parameter(1, type="bool")}, (1.0, "global", "bool")),
    ],
)
def test_a_parameter_has_a_value_a_locality_and_a_type(written, expected):
    assert parameters(neuron(parameters=written, equations="r = 1"))["a"] == pytest.approx(expected)


def test_parameters_are_given_in_one_text_or_in_a_list():
    one = neuron(parameters="a = 1.0; b = 2.0 : population\n\n c = 3", equations="r = a + b + c")
    several = neuron(parameters=["a = 1.0", "b = 2.0 : population", "c = 3"], equations="r = a + b + c")
    assert one == several
    assert list(parameters(one)) == ["a", "b", "c"]


def test_parameters_of_synapses_have_three_localities():
    spec = synapse(parameters="a = 1 : projection; b = 2 : postsynaptic; c = 3", pre_spike="g_target += w*a*b*c")
    localities = {name: locality for name, (_, locality, _) in parameters(spec).items()}
    assert localities == {"weight": "local", "a": "global", "b": "semiglobal", "c": "local"}


def test_what_is_drawn_is_told_beside_the_model():
    declared = ann.Neuron(
        parameters="a = Uniform(1, 2*pi)", equations="dr/dt = -r/a : init=Normal(0.5, 0.1)"
    ).declared()
    assert declared.values == {"a": Drawn("Uniform", (1.0, 2 * np.pi)), "r": Drawn("Normal", (0.5, 0.1))}
    assert declared.spec.equations == "dr/dt = -r/a"


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("x = 1 : init=Uniform(0, 1)", "x = 1"),
        ("x = 1 : init=Uniform(0, 1), min=0.0", "x = 1 : min=0.0"),
        ("x = 1 : min=0.0, init=Uniform(0, 1)", "x = 1 : min=0.0"),
        ("x = 1 : min=0.0, init=Uniform(0, 1), max=2.0", "x = 1 : min=0.0, max=2.0"),
        ("x = if 1 > 0: 1 else: 0 : init=Uniform(0, 1)  # drawn", "x = if 1 > 0: 1 else: 0  # drawn"),
    ],
)
def test_the_text_keeps_all_but_the_draw(written, left):
    assert neuron(equations=f"{written}\nr = x").equations == f"{left}\nr = x"


def test_values_mention_constants_and_extra_values():
    ann.Constant("scale", 4.0)
    spec = neuron(parameters="a = scale/2; b = offset", equations="r = a + b", extra_values={"offset": 0.5})
    assert [each.default for each in spec.parameters] == [2.0, 0.5]


def test_extra_values_and_constants_in_equations_are_parameters_that_all_share():
    ann.Constant("scale", 4.0)
    declared = ann.Neuron(equations="r = scale*offset", extra_values={"offset": 0.5}).declared()
    assert parameters(declared.spec) == {"scale": (4.0, "global", "float"), "offset": (0.5, "global", "float")}
    assert declared.constants == ("scale",)


def test_constants_of_one_network_come_before_those_of_all():
    ann.Constant("scale", 4.0)
    own = ann.Constant("scale", 5.0, net=object())
    declared = ann.Neuron(equations="r = scale").declared({"scale": own})
    assert parameters(declared.spec)["scale"][0] == 5.0


# equations


@pytest.mark.parametrize(
    "written",
    [
        "tau*dr/dt + r = sum(exc) : init=0.5, min=0.0, exponential",
        "tau*dr/dt + r = sum(exc)\n   : init=0.5, min=0.0, exponential",
        ["tau*dr/dt + r = sum(exc) : init=0.5, min=0.0, exponential"],
        ann.Variable("tau*dr/dt + r = sum(exc)", init=0.5, min=0.0, method="exponential"),
        ann.Variable("tau*dr/dt + r = sum(exc) : init=0.5", min="0.0", method="exponential"),
        [ann.Variable("tau*dr/dt + r = sum(exc)  # leaky", init=0.5, min=0.0, method="exponential")],
        ann.Variable("tau*dr/dt =\n   sum(exc)\n   - r", init="0.5", min=0.0, method="exponential"),
        "tau*dr/dt = sum(exc)\n - r : init=0.5, min=0.0, exponential",
    ],
)
def test_one_equation_is_written_in_many_ways(written):
    spec = neuron(parameters="tau = 10.0", equations=written)
    assert equations(spec) == ["dr/dt = (sum(exc) - r)/tau : init=0.5, min=0.0, exponential"]


def test_strings_and_variables_are_mixed():
    spec = neuron(
        parameters=dict(tau=10.0),
        equations=[
            "x = 1.0 : population",
            ann.Variable("tau*dv/dt = x - v", locality="local"),
            "r = positive(v); y = v",
        ],
    )
    assert [variable.name for variable in check(spec).variables] == ["x", "v", "r", "y"]


def test_flags_follow_the_last_colon():
    spec = neuron(equations="r = if t > 5: 1 else: 0 : init=1, int")
    assert equations(spec) == ["r = ite(t > 5, 1, 0) : init=1, int"]


@pytest.mark.parametrize("given", [int, "int"])
def test_a_variable_may_be_of_another_type(given):
    variable = check(neuron(equations=[ann.Variable("n = n + 1", type=given, init=2), "r = n"])).variable("n")
    assert (variable.dtype, show(variable.init)) == ("int", "2.0")


def test_functions_of_the_model_and_of_all_models_are_known():
    ann.add_function("logistic(x) = 1/(1 + exp(-x))")
    ann.add_function("twice(x) = 2*logistic(x)")
    ann.add_function("unused(x) = x")
    spec = neuron(functions="f(x, y) = if x > y: x else: twice(y)", equations="r = f(1, 2)")
    assert spec.functions.splitlines() == [
        "logistic(x) = 1/(1 + exp(-x))",
        "twice(x) = 2*logistic(x)",
        "f(x, y) = if x > y: x else: twice(y)",
    ]


# what a cell receives


def test_a_rate_coded_neuron_receives_sums_by_target():
    spec = neuron(equations="r = sum(exc) - 2*sum(inh)")
    assert [given.name for given in spec.inputs] == ["sum(exc)", "sum(inh)"]
    assert receptors_used(spec) == ("exc", "inh")
    assert input_of(spec, "exc", synapse(), "proj0") == "sum(exc)"


def test_the_sum_of_all_targets_holds_those_that_are_named():
    spec = neuron(equations="r = sum() + sum(exc)")
    assert equations(spec) == ["r = sum() + sum(exc) + sum(exc)"]
    assert input_of(spec, "exc", synapse(), "proj0") == "sum(exc)"
    assert input_of(spec, "dopamine", synapse(), "proj0") == "sum()"
    assert input_of(spec, "sum(exc)", synapse(), "proj0") == "sum(exc)"  # its own name


def test_a_conductance_with_an_equation_is_added_to_and_one_without_is_what_came_in():
    spec = neuron(
        parameters="tau = 5.0; g_leak = 1.0",
        equations="dv/dt = -g_leak*v + g_exc - g_inh\ntau*dg_exc/dt = -g_exc",
        spike="v > 1",
        reset="v = 0",
    )
    assert {each.name: each.increment for each in spec.receptors} == {"exc": "g_exc += input", "inh": "g_inh = input"}
    assert input_of(spec, "inh", synapse(pre_spike="g_target += w"), "proj0") == "inh"


def test_a_conductance_that_is_computed_anew_is_no_target():
    spec = neuron(
        parameters="g_max = 2.0", equations="g_K = g_max*v\ndv/dt = g_exc - g_K", spike="v > 1", reset="v = 0"
    )
    assert receptors_used(spec) == ("exc",)


def test_a_conductance_takes_what_is_transmitted_all_the_time_too():
    spec = neuron(equations="dv/dt = -v + g_exc", spike="v > 1", reset="v = 0")
    gap = synapse(psp="w*(pre.v - post.v)")
    assert input_of(spec, "exc", gap, "proj0") == "sum(exc)"
    assert with_psp(spec, "exc").receptors[0].increment == "g_exc = input + sum(exc)"
    check(with_psp(spec, "exc"))


# spikes


def test_a_refractory_period_given_as_a_number_is_a_parameter():
    spec = neuron(equations="dv/dt = 1", spike="v > 1", reset="v = 0", refractory=5.0)
    assert spec.refractory == "refractory_period"
    assert spec.defaults() == {"refractory_period": 5.0}


def test_a_refractory_period_is_also_an_expression():
    spec = neuron(parameters="tau = 5.0", equations="dv/dt = 1", spike="v > 1", reset="v = 0", refractory="2*tau")
    assert spec.refractory == "2*tau"


# synapses


def test_the_weight_is_w_in_the_text_and_a_parameter_of_the_engine():
    spec = synapse(parameters="A = 0.1", pre_spike="g_target += w; w += A : max=1.0")
    model = check(spec)
    assert parameters(spec)["weight"] == (0.0, "local", "float")
    assert [show(statement) for statement in model.pre_spike] == [
        "g_target = g_target + weight",
        "weight = min(weight + A, 1.0) : max=1.0",
    ]
    assert model.variable("weight").maximum is None  # the bound is the statement's
    # places stay those of the user's text
    assert model.pre_spike[1].span.text == spec.pre_spike


def test_exact_is_the_former_name_of_event_driven():
    texts = {"parameters": "tau = 10.0", "pre_spike": "g_target += w*x; x += 1.0"}
    former = check(synapse(equations="tau*dx/dt = -x : init=0.5, exact", **texts))
    assert [show(equation) for equation in former.equations] == ["dx/dt = -x/tau : init=0.5, event-driven"]
    assert not is_clocked(former)


def test_a_weight_with_an_equation_starts_from_its_initial_value():
    declared = ann.Synapse(parameters="tau = 10.0", equations="tau*dw/dt = pre.r - w : init=0.3, min=0.0").declared()
    assert parameters(declared.spec)["weight"][0] == 0.3
    assert equations(declared.spec) == ["dweight/dt = (pre.r - weight)/tau : min=0.0"]


def test_a_weight_may_be_one_for_all_synapses():
    spec = synapse(parameters=dict(w=ann.Parameter(0.5, locality="global")), pre_spike="g_target += w")
    assert parameters(spec)["weight"] == (0.5, "global", "float")
    assert parameters(synapse(parameters=dict(w=0.5)))["weight"] == (0.5, "local", "float")


@pytest.mark.parametrize(
    ("texts", "psp", "pre_spike"),
    [
        ({}, "w*pre.r", ""),
        ({"equations": "dw/dt = pre.r*post.r"}, "w*pre.r", ""),
        ({"post_spike": "w += 0.1"}, "", "g_target += w"),
        ({"post_spike": "w += 0.1", "psp": "w*pre.v"}, "w*pre.v", ""),
        ({"pre_spike": "g_target += 2*w"}, "", "g_target += 2*w"),
    ],
)
def test_what_is_not_said_is_transmitted_as_usual(texts, psp, pre_spike):
    spec = synapse(**texts)
    assert (spec.psp, spec.pre_spike) == (psp, pre_spike)


@pytest.mark.parametrize("operation", ["sum", "mean", "max", "min"])
def test_what_is_transmitted_is_joined_by_an_operation(operation):
    assert synapse(psp="w*pre.r", operation=operation).operation == operation


# types


def test_a_type_is_called_as_it_says_or_as_its_class():
    class Leaky(ann.Neuron):
        def __init__(self):
            super().__init__(equations="r = 1")

    assert [Leaky().name, ann.Neuron(equations="r = 1").name, ann.Synapse(name="Oja").name] == [
        "Leaky",
        "Neuron",
        "Oja",
    ]
    assert Leaky().declared().spec.name == "Leaky"
    assert (Leaky().type, ann.Neuron(spike="v > 1").type, ann.Synapse(post_spike="w += 1").type) == (
        "rate",
        "spike",
        "spike",
    )


def test_models_of_this_interface_follow_its_order_of_a_step():
    assert neuron(equations="r = 1").order is Order.ANNARCHY
    assert synapse().order is Order.ANNARCHY


def test_a_type_that_is_used_often_is_read_once():
    model = ann.Neuron(equations="r = 1")
    assert model.declared() is model.declared()


def test_statements_declare_the_variables_that_they_are_the_first_to_change():
    model = check(synapse(parameters="A = 0.1", pre_spike="g_target += w; delta = A*w; w += delta; count += 1"))
    assert {each.name: (show(each.init), each.is_kept) for each in model.variables} == {
        "delta": ("0.0", True),
        "weight": ("weight", True),
        "count": ("0.0", True),
    }
    cell = check(neuron(equations="dv/dt = 1", spike="v > 1", reset="v = 0; n_resets += 1"))
    assert [each.name for each in cell.variables] == ["v", "n_resets"]


@pytest.mark.parametrize("flag", ["init", "min", "max"])
@pytest.mark.parametrize("value", [[1.0, 2.0], float("inf"), object])
def test_variables_take_numbers_and_texts(flag, value):
    with pytest.raises(EquationError, match=f"'{flag}' takes a number or text"):
        neuron(equations=[ann.Variable("r = 1", **{flag: value})])
