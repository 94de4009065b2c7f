"""What the texts of a synapse mean: each rule by spikes that tell it apart, on the NumPy oracle."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from pytest import approx

from pynn_annarchy.exceptions import EquationError, ModelError
from pynn_annarchy.kernels.lower import lower
from pynn_annarchy.model.check import check
from pynn_annarchy.model.describe import describe
from pynn_annarchy.model.spec import Kind, ModelSpec, ParameterSpec
from pynn_annarchy.solvers.discretise import discretise
from tests.unit.one_synapse import pass_spikes

EXACT = 1e-14


def synapse(pre_spike="", post_spike="", equations="", functions="", **parameters):
    """A synapse type with a weight of 1 and further parameters."""
    known = tuple(ParameterSpec(name, value) for name, value in {"weight": 1.0, **parameters}.items())
    return ModelSpec(
        "MySynapse", Kind.SYNAPSE, known, equations, pre_spike=pre_spike, post_spike=post_spike, functions=functions
    )


def kernel_of(spec, share_traces=True):
    return lower(discretise(check(spec)), share_traces)


def names(fields):
    return [field.name for field in fields]


# between spikes


@pytest.mark.parametrize(
    "equation, tau, end",
    [
        ("dx/dt = -x/tau", 8.0, 0.0),
        ("tau*dx/dt = rest - x", 8.0, 3.0),
        ("dx/dt = (rest - x)/tau", 8.0, 3.0),
        ("dx/dt = -x/16.0", 16.0, 0.0),
        ("dx/dt = -speed*x", 4.0, 0.0),
        ("dx/dt = rest - x*2/tau", 4.0, 12.0),
        ("dx/dt = x/tau", -8.0, 0.0),
        ("dx/dt = (rest - x)*(1 + speed)/tau", 6.4, 3.0),
    ],
)
def test_a_linear_equation_is_solved_exactly_over_any_time(equation, tau, end):
    spec = synapse("x += 1\ng_target += x", "", f"{equation} : event-driven, init=2", tau=8.0, rest=3.0, speed=0.25)

    course = pass_spikes(spec, [30, 75])

    first = end + (2.0 - end) * exp(-3.0 / tau) + 1.0
    second = end + (first - end) * exp(-4.5 / tau) + 1.0
    assert course.sent[:, 0] == approx([first, second], rel=EXACT)


def test_a_constant_rate_grows_with_time():
    spec = synapse("g_target += x\nx = 0", equations="dx/dt = 2*slope : event-driven", slope=0.5)
    assert pass_spikes(spec, [30, 75]).sent[:, 0] == approx([3.0, 4.5], rel=EXACT)


@pytest.mark.parametrize("tau_y", [5.0, 8.0, 8.0000001, 200.0])
def test_a_variable_may_follow_one_that_decays(tau_y):
    """Against the closed form where the time constants differ, its limit where they agree."""
    equations = "dy/dt = -y/tau_y : event-driven, init=1\ndx/dt = 3*y - x/8 : event-driven"
    spec = synapse("g_target += x; x = x; y = y", equations=equations, tau_y=tau_y)

    sent = pass_spikes(spec, [50]).sent[0, 0]

    if abs(tau_y - 8.0) < 1e-6:
        assert sent == approx(3 * 5.0 * exp(-5.0 / 8.0), rel=1e-7)
    else:
        assert sent == approx(3 * (exp(-5.0 / tau_y) - exp(-5.0 / 8.0)) / (1 / 8 - 1 / tau_y), rel=1e-13)


def test_a_variable_may_be_the_integral_of_one_that_decays():
    equations = "dy/dt = -y/4 : event-driven, init=1\ndx/dt = 3*y : event-driven"
    spec = synapse("g_target += x; x = x; y = y", equations=equations)
    assert pass_spikes(spec, [50]).sent[0, 0] == approx(3 * 4 * (1 - exp(-5.0 / 4)), rel=1e-13)


def test_bounds_of_an_equation_hold_between_spikes_and_at_them():
    equations = "dx/dt = (5 - x)/tau : event-driven, max=top, min=0"
    spec = synapse("g_target += x\nx -= 10", equations=equations, tau=1.0, top=2.0)
    assert pass_spikes(spec, [100, 101]).sent[:, 0] == approx([2.0, 5 * (1 - exp(-0.1))], rel=EXACT)


def test_a_variable_that_no_spike_changes_goes_on_by_itself():
    spec = synapse("g_target += x", equations="dx/dt = -x/10 : event-driven, init=1")
    assert pass_spikes(spec, [30, 75]).sent[:, 0] == approx([exp(-0.3), exp(-0.75)], rel=EXACT)


# at spikes


def test_a_variable_of_both_sides_is_as_old_as_the_last_spike_of_any():
    spec = synapse("x += 1\ng_target += x", "x += 2", "dx/dt = -x/10 : event-driven")
    course = pass_spikes(spec, [30, 90], [60])
    x = (exp(-0.3) + 2) * exp(-0.3) + 1
    assert course.sent[:, 0] == approx([1.0, x], rel=EXACT)


def test_a_plain_variable_stays_as_it_is():
    spec = synapse("n += 1\ng_target += n*weight + m", "m = m + 10 : init=100")
    assert pass_spikes(spec, [5, 6, 90], [50]).sent[:, 0].tolist() == [101.0, 102.0, 113.0]


@pytest.mark.parametrize("equations", ["", "dy/dt = -y/10 : event-driven"])
def test_a_pre_spike_reads_what_was_before_a_post_spike_of_the_same_moment(equations):
    spec = synapse("g_target += y", "y += 1", equations)
    course = pass_spikes(spec, [50, 50, 60], [40, 50, 50])
    decay = exp(-0.1) if equations else 1.0
    assert course.sent[:, 0] == approx([decay, decay, (decay + 2) * decay], rel=EXACT)


def test_a_post_spike_of_the_same_moment_acts_on_the_weight_first():
    spec = synapse("weight += 1\ng_target += weight", "weight = 10*weight")
    assert pass_spikes(spec, [50], [50], weight=2.0).sent[0, 0] == 21.0


def test_statements_are_executed_for_each_of_several_spikes():
    spec = synapse("x = 2*x + 1\ng_target += x", equations="dx/dt = -x/10 : event-driven")
    assert pass_spikes(spec, [50, 50, 50]).sent[:, 0].tolist() == [1.0, 3.0, 7.0]


def test_unless_post_leaves_a_statement_out_where_a_post_spike_comes_at_the_same_moment():
    spec = synapse("weight += 1 : unless_post\ng_target += weight", "weight += 0")
    assert pass_spikes(spec, [50, 60], [50], weight=1.0).sent[:, 0].tolist() == [1.0, 2.0]


def test_times_are_those_of_this_spike_and_of_the_last_ones_before():
    spec = synapse("g_target += 1000000*t + 1000*t_pre + t_post", "u = t - t_post : init=0")
    course = pass_spikes(spec, [100, 200], [150, 170])
    assert course.sent[0, 0] == -np.inf
    assert course.sent[1, 0] == approx(20e6 + 10e3 + 17, rel=EXACT)
    assert course["u"] == approx(2.0, rel=1e-13)


def test_intermediate_results_conditions_and_functions():
    spec = synapse(
        "big = weight > limit : bool\nchange = half(ite(big and t < 4, 8, 2))\nweight += change : max=5\n"
        "g_target += weight",
        functions="half(x) = x/2",
        limit=0.5,
    )
    assert pass_spikes(spec, [30, 50], weight=0.6).sent[:, 0].tolist() == [4.6, 5.0]


def test_conditions_can_be_remembered():
    spec = synapse("g_target += ite(seen, weight, 0)", "seen = True : bool")
    assert pass_spikes(spec, [30, 50], [40]).sent[:, 0].tolist() == [0.0, 1.0]


def test_bounds_of_the_weight_are_those_of_its_first_statement_and_hold_for_all():
    spec = synapse("weight -= 3 : min=0, max=top\ng_target += weight", "weight += 7", top=4.0)
    assert pass_spikes(spec, [10, 30], [20], weight=1.0).sent[:, 0].tolist() == [0.0, 1.0]


def test_a_statement_may_have_narrower_bounds_of_its_own():
    spec = synapse("weight -= 3 : min=0, max=9\ng_target += weight", "weight += 7 : max=5")
    assert pass_spikes(spec, [10, 30], [20], weight=1.0).sent[:, 0].tolist() == [0.0, 2.0]


def test_the_weight_may_have_an_equation():
    spec = synapse("weight += 0\ng_target += weight", equations="dweight/dt = -weight/10 : event-driven")
    assert pass_spikes(spec, [30], weight=2.0).sent[0, 0] == approx(2 * exp(-0.3), rel=EXACT)


# what is kept, and where


def test_only_what_a_later_spike_reads_is_stored():
    kernel = kernel_of(synapse("a = weight*2\nb += a\nc = a : init=0\ng_target += b", "d = 1\nweight += d"))
    assert names(kernel.variables) == ["weight", "b", "c"]
    assert names(kernel.parameters) == []


def test_parameters_come_in_the_order_of_their_declaration_and_only_if_they_are_read():
    kernel = kernel_of(synapse("g_target += weight*last*first", first=1.0, unread=2.0, last=3.0))
    assert names(kernel.parameters) == ["weight", "first", "last"]


NO_TRACE = {
    "starts elsewhere": ("x += 1\ng_target += x", "", "dx/dt = -x/10 : event-driven, init=1"),
    "moves on to another value": ("x += 1\ng_target += x", "", "dx/dt = (1 - x)/10 : event-driven"),
    "grows before the first spike": ("x = 0\ng_target += x", "", "dx/dt = 1 : event-driven"),
    "changed by both": ("x += 1\ng_target += x", "x += 1", "dx/dt = -x/10 : event-driven"),
    "reads the weight": ("x += weight\ng_target += x", "", ""),
    "reads the time": ("x += t\ng_target += x", "", ""),
    "reads the other side": ("x += y\ng_target += x", "y += weight", ""),
    "reads what reads the weight": ("a = weight\nx += a\ng_target += x", "", ""),
    "random": ("x += Uniform(0, 1)\ng_target += x", "", ""),
    "depends on a coincidence": ("x += 1 : unless_post\ng_target += x", "", ""),
}


@pytest.mark.parametrize("texts", NO_TRACE.values(), ids=NO_TRACE)
def test_what_may_differ_between_synapses_of_a_cell_is_no_trace(texts):
    kernel = kernel_of(synapse(*texts))
    assert "x" in names(kernel.variables)
    assert not kernel.pre_traces


def test_a_trace_takes_what_it_follows_along():
    kernel = kernel_of(
        synapse(
            "a = gain*x\nb = a*size\nx = x + 1 - a\nz += x\ng_target += b + z",
            equations="dx/dt = -x/(2*tau) : event-driven",
            gain=0.1,
            size=2.0,
            tau=5.0,
        )
    )
    assert names(kernel.pre_traces) == ["x", "z"]
    assert kernel.trace_parameters == ("gain", "tau")


def test_the_report_of_a_synapse_tells_what_both_kinds_of_spikes_do():
    text = describe(check(synapse("g_target += weight", "weight += 1")))
    assert "When a spike arrives\n  g_target" in text
    assert "When the post-synaptic cell spikes\n  weight = weight + 1" in text


# what cannot be done


def refusal(**texts):
    with pytest.raises((EquationError, ModelError)) as raised:
        discretise(check(synapse(**{"pre_spike": "g_target += weight", **texts})))
    return str(raised.value)


REFUSED = {
    "dx/dt = -x**2 : event-driven": ("must be linear in x", "dx/dt = -x**2", "since t_pre and t_post"),
    "dx/dt = -x/y : event-driven\ndy/dt = -y : event-driven": ("must be linear in x, y", "dx/dt = -x/y", "t_pre"),
    "dx/dt = y - x : event-driven\ndy/dt = x - y : event-driven": ("only where that decays to zero", "y", "t_pre"),
    "dx/dt = y - x : event-driven\ndy/dt = 1 - y : event-driven": ("can follow 'y' only where", "y", "t_pre"),
    "dx/dt = u - x : event-driven": ("cannot depend on 'u'", "u", "parameters only"),
    "dx/dt = -x/weight : event-driven": ("cannot depend on 'weight'", "weight", "parameters only"),
    "dx/dt = t - x : event-driven": ("cannot depend on 't'", "t", "parameters only"),
    "dx/dt = Normal(0, 1) - x : event-driven": ("cannot be random", "Normal(0, 1)", "t_pre"),
    "dx/dt = post.v - x : event-driven": ("cannot depend on 'post.v'", "post.v", "without the flag"),
    "dx/dt = -x : event-driven, max=u": ("cannot depend on 'u'", "u", "parameters and dt only"),
}


@pytest.mark.parametrize("equations", REFUSED)
def test_an_equation_that_has_no_solution_between_spikes_is_refused_with_its_place_and_the_way_out(equations):
    what, where, way_out = REFUSED[equations]

    message = refusal(equations=equations, pre_spike="u += 1; weight += u; x += 1; g_target += x", tau=1.0)

    head, line, caret = message.splitlines()
    start = caret.index("^")
    assert what in head and way_out in head
    assert line[start:].startswith(where)
    assert "in synapse type 'MySynapse', variable 'x'" in caret


def test_a_variable_cannot_follow_one_that_changes_at_other_spikes():
    message = refusal(
        equations="dy/dt = -y : event-driven\ndx/dt = y - x : event-driven",
        pre_spike="x += 1; g_target += x",
        post_spike="y += 1",
    )
    assert "cannot follow 'y', which changes at other spikes" in message


def test_time_constants_that_are_not_finite_are_refused_with_their_parameters():
    spec = synapse("x += 1\ng_target += x", equations="dx/dt = -speed*x : event-driven", speed=0.0)
    with pytest.raises(ModelError, match=r"'tau_x' is not finite \(speed = 0\)"):
        pass_spikes(spec, [1])
