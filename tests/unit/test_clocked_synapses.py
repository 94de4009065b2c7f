"""Synapses that do something in every step: what they see, transmit and become, and when."""

from __future__ import annotations

from dataclasses import replace
from math import exp, fsum

import numpy as np
import pytest
from pytest import approx

from pynn_annarchy.engine.network import Network
from pynn_annarchy.exceptions import EquationError, ModelError
from pynn_annarchy.model.check import check
from pynn_annarchy.model.describe import describe, latex
from pynn_annarchy.model.spec import InputSpec, Kind, ModelSpec, Order, ParameterSpec, ReceptorSpec
from pynn_annarchy.standardmodels import synapse_specs
from pynn_annarchy.standardmodels.specs import IF_COND_EXP, IF_CURR_EXP, STATIC_SYNAPSE
from pynn_annarchy.targets.compile import Options

EXACT = 1e-13

COUNTER = ModelSpec(
    "Counter",
    parameters=(ParameterSpec("size", 2.0),),
    equations="x = x + 1 : init=0\nreceived = given\nother = also",
    inputs=(InputSpec("given", "1"), InputSpec("also", "1")),
)
"""After n steps x is n more than at first; what a step receives can be read after it."""

RELAY = ModelSpec(
    "Relay",
    equations="n = 0",
    spike="n >= 1",
    reset="n -= 1",
    repeats=True,
    max_spikes="20",
    receptors=(ReceptorSpec("spikes", "n += input"),),
)
"""Sends on what it receives, with the multiplicity that is the weight."""


def network(target, **options):
    return Network(dt=0.1, seed=1, threads=2, options=Options(target=target), **options)


def synapse(psp="", equations="", pre_spike="", post_spike="", operation="sum", **parameters):
    known = tuple(ParameterSpec(name, value) for name, value in {"weight": 1.0, **parameters}.items())
    return ModelSpec(
        "MySynapse", Kind.SYNAPSE, known, equations, pre_spike=pre_spike, post_spike=post_spike, psp=psp,
        operation=operation,
    )  # fmt: skip


def connect(net, pre, post, receptor, spec, pairs=((0, 0),), weight=1.0, delay=1, label="ours", **values):
    builder = net.connect(pre, post, receptor, spec, label)
    builder.add(*np.array(pairs).T, weight, delay, **values)
    return builder.finish()


def counters(target, spec, size=1, **options):
    """A population of counters that are connected with themselves."""
    net = network(target)
    cells = net.add_cells(COUNTER, size, {}, "cells")
    return net, cells, connect(net, cells, cells, "given", spec, **options)


# what is seen


@pytest.mark.parametrize("delay", [1, 2, 7])
def test_a_synapse_sees_its_source_as_it_was_a_delay_ago_and_its_target_before_the_step(target, delay):
    net, cells, _ = counters(target, synapse("100*pre.x + post.x"), delay=delay)

    received = []
    for _ in range(12):
        net.run(1)
        received.append(cells.state("received")[0])

    assert received == [100 * max(0, n - delay) + (n - 1) for n in range(1, 13)]


def test_synapses_of_one_projection_may_have_different_delays(target):
    net, cells, _ = counters(
        target, synapse("weight*pre.x"), 4, pairs=[(0, 3), (1, 3), (2, 3)], weight=[1.0, 1e3, 1e6], delay=[1, 5, 9]
    )
    net.run(20)
    assert cells.state("received")[3] == 19 + 15e3 + 11e6


def test_a_longer_delay_in_mid_run_finds_the_oldest_value_that_is_known(target):
    net, cells, _ = counters(target, synapse("pre.x"), delay=2)
    net.run(10)
    connect(net, cells, cells, "also", synapse("pre.x"), delay=6)
    net.run(1)
    assert cells.state("other")[0] == 8  # steps before the present one and the one before were not kept

    net.run(5)

    assert cells.state("other")[0] == 10


def test_parameters_of_the_cells_can_be_seen_and_may_change_between_runs(target):
    net, cells, _ = counters(target, synapse("pre.size*post.size"), 2, pairs=[(0, 1)])
    net.run(2)
    first = cells.state("received")[1]
    cells.set("size", np.array([5.0, 7.0]))
    net.run(2)

    assert (first, cells.state("received")[1]) == (4.0, 35.0)


def test_a_state_that_is_set_between_runs_is_seen_in_the_next_step(target):
    net, cells, _ = counters(target, synapse("pre.x"))
    net.run(5)
    cells.set_state("x", 100.0)
    net.run(1)
    assert cells.state("received")[0] == 100.0


def test_a_reset_begins_anew(target):
    net, cells, ours = counters(target, synapse("y", "y = y + pre.x : init=3"), delay=3)
    net.run(20)
    first = cells.state("received")[0], ours.get("y")[0]
    net.reset()
    net.run(20)
    assert (cells.state("received")[0], ours.get("y")[0]) == first


@pytest.mark.parametrize(
    "psp, what",
    [
        (
            "weight*pre.y",
            "'cells' (Counter) has no variable or parameter 'y' (it has x, received, other, size, given, also)",
        ),
        ("weight*post.sizes", "'cells' (Counter) has no variable or parameter 'sizes' (did you mean 'size'?)"),
    ],
)
def test_a_variable_that_the_cells_do_not_have_is_refused_when_they_are_connected(target, psp, what):
    net = network(target)
    cells = net.add_cells(COUNTER, 1, {}, "cells")

    with pytest.raises(EquationError) as raised:
        net.connect(cells, cells, "given", synapse(psp), "ours")

    head, line, caret = str(raised.value).splitlines()
    assert head == what and line.strip() == psp
    assert "in synapse type 'MySynapse', psp" in caret and caret.index("^") == line.index("p")


@pytest.mark.parametrize("delay", [1, 4])
@pytest.mark.parametrize("order", Order)
def test_values_of_whole_populations_are_those_without_delay(target, order, delay):
    text = "y = 1000*mean(pre.x) + 10*max(post.x) + min(pre.x)"
    learning = replace(synapse("weight*mean(pre.x)", text), order=order)
    net = network(target)
    cells = net.add_cells(replace(COUNTER, order=order), 3, {}, "cells")
    cells.set_state("x", np.array([0.0, 1.0, 5.0]))
    ours = connect(net, cells, cells, "given", learning, pairs=[(0, 0), (2, 1)], delay=delay)

    for n in range(1, 6):
        net.run(1)
        # in PyNN's order a synapse sees the end of the step before, in ANNarchy's that of the present one
        seen = n - 1 if order is Order.PYNN else n
        assert ours.get("y").tolist() == [1000.0 * (2 + seen) + 10.0 * (5 + seen) + seen] * 2
        assert cells.state("received").tolist() == [2.0 + n - 1, 2.0 + n - 1, 0.0]


def test_what_all_synapses_have_in_common_may_follow_a_whole_population(target):
    net = network(target)
    cells = net.add_cells(COUNTER, 3, {}, "cells")
    cells.set_state("x", np.array([0.0, 1.0, 5.0]))
    common = synapse("", "y = norm1(pre.x) : global\nz = norm2(post.x) + y : semiglobal\nu = z - max(pre.x)")
    ours = connect(net, cells, cells, "given", replace(common, psp="u"), pairs=[(0, 0), (2, 1)])

    net.run(1)

    assert ours.get("u").tolist() == [26.0**0.5 + 6.0 - 5.0] * 2


def test_a_whole_population_without_such_a_variable_is_refused(target):
    net = network(target)
    cells = net.add_cells(COUNTER, 1, {}, "cells")
    message = r"'cells' \(Counter\) has no variable or parameter 'z' .*\n *weight\*mean\(pre\.z\)\n *\^"
    with pytest.raises(EquationError, match=message):
        net.connect(cells, cells, "given", synapse("weight*mean(pre.z)"), "ours")


def test_sources_of_given_spikes_have_nothing_to_see(target):
    net = network(target)
    source, cells = net.add_spike_source(1, "source"), net.add_cells(COUNTER, 1, {}, "cells")
    with pytest.raises(EquationError, match=r"'source' has no variable or parameter 'v' \(it has none\)"):
        net.connect(source, cells, "given", synapse("pre.v"), "ours")


# what is transmitted


@pytest.mark.parametrize("n", [1, 31, 32, 33, 100])
def test_the_sum_of_all_synapses_of_a_cell(target, n):
    weight = np.random.default_rng(n).normal(0, 1, n)
    net, cells, _ = counters(target, synapse("weight*pre.size"), n, pairs=[(i, 0) for i in range(n)], weight=weight)
    net.run(1)
    assert cells.state("received")[0] == approx(fsum(2 * weight), abs=1e-13)
    assert not cells.state("received")[1:].any()


@pytest.mark.parametrize(
    "operation, join", [("mean", np.mean), ("max", np.max), ("min", np.min)], ids=["mean", "max", "min"]
)
@pytest.mark.parametrize("n", [1, 70])
def test_other_operations(target, operation, join, n):
    weight = np.random.default_rng(n).normal(-3, 1, n)
    net, cells, _ = counters(
        target, synapse("weight", operation=operation), n, pairs=[(i, 0) for i in range(n)], weight=weight
    )
    net.run(1)
    assert cells.state("received")[0] == approx(join(weight), rel=1e-14)


def test_projections_onto_one_input_add_up_and_inputs_are_kept_apart(target):
    net, cells, _ = counters(target, synapse("weight"), weight=3.0)
    connect(net, cells, cells, "given", synapse("weight"), weight=0.5, label="second")
    connect(net, cells, cells, "also", synapse("weight"), weight=8.0, label="third")
    net.run(1)
    assert (cells.state("received")[0], cells.state("other")[0]) == (3.5, 8.0)


def test_a_psp_joins_injected_currents(target):
    from pynn_annarchy.engine.currents import Table

    net = network(target)
    cells = net.add_cells(IF_CURR_EXP, 2, {"tau_m": 1e9, "cm": 1.0, "v_thresh": 1e9}, "cells")
    connect(net, cells, cells, "i_inj", synapse("weight"), pairs=[(0, 0), (0, 1)], weight=[2.0, 4.0])
    cells.inject(net.add_current(Table(np.array([1]), np.array([7.0])), "step"), np.array([1]))
    net.run(2)
    # the first step without the current
    assert cells.state("v") + 65 == approx([0.1 * (2 + 2), 0.1 * (4 + 11)], rel=1e-6)


def test_an_input_that_cells_do_not_have_is_refused_with_those_that_they_have(target):
    net = network(target)
    cells = net.add_cells(COUNTER, 1, {}, "cells")
    with pytest.raises(ModelError, match="type 'Counter' have no target 'excitatory'; they use 'given', 'also'"):
        net.connect(cells, cells, "excitatory", synapse("weight"), "ours")


def test_a_psp_that_is_not_finite_names_its_projection(target):
    net, _, _ = counters(target, synapse("1/(pre.x - 5)"), label="division")
    with pytest.raises(ModelError, match=r"'division': what its synapses transmit is not finite, at t = 0.6"):
        net.run(20)


# equations


def test_a_linear_equation_is_solved_exactly(target):
    spec = synapse("0.0", "dx/dt = (weight*post.size - x)/tau : init=1", tau=5.0)
    net, _, ours = counters(target, spec, weight=3.0)
    net.run(50)
    assert ours.get("x")[0] == approx(6 + (1 - 6) * exp(-1.0), rel=EXACT)


@pytest.mark.parametrize("method, order", [("explicit", 1), ("midpoint", 2), ("rk4", 4)])
def test_an_equation_is_solved_by_the_method_of_its_flag(method, order):
    def error(dt):
        net = Network(dt=dt, seed=1, threads=1, options=Options(target="reference"))
        cells = net.add_cells(COUNTER, 1, {}, "cells")
        spec = synapse("0.0", f"dx/dt = -x**2 : init=1, {method}")
        ours = connect(net, cells, cells, "given", spec)
        net.run(round(3.2 / dt))
        return abs(ours.get("x")[0] - 1 / 4.2)

    assert np.log2(error(0.1) / error(0.05)) == approx(order, abs=0.2)


def test_assignments_are_executed_in_order_and_kept_within_bounds(target):
    spec = synapse("y", "x = pre.x + 1 : max=4\ny = 2*x", delay_of_nothing=0.0)
    net, cells, ours = counters(target, spec)
    net.run(3)
    assert (ours.get("x")[0], ours.get("y")[0]) == (3.0, 6.0)
    assert cells.state("received")[0] == 4.0  # what a synapse was before the step
    net.run(5)
    assert ours.get("x")[0] == 4.0


def test_the_weight_may_have_an_equation(target):
    """Oja's rule converges to the direction of its input, of length one."""
    spec = synapse("weight*pre.size", "tau*dweight/dt = post.received*(pre.size - post.received*weight)", tau=10.0)
    net = network(target)
    cells = net.add_cells(COUNTER, 3, {"size": np.array([3.0, 4.0, 0.0])}, "cells")
    ours = connect(net, cells, cells, "given", spec, pairs=[(0, 2), (1, 2)], weight=[0.5, 0.1])
    net.run(500)
    assert ours.get("weight") == approx([0.6, 0.8], rel=1e-6)


def test_random_numbers_belong_to_the_synapse_and_the_step():
    def noise(target, first_run, threads=1):
        net = Network(dt=0.1, seed=5, threads=threads, options=Options(target=target))
        cells = net.add_cells(COUNTER, 40, {}, "cells")
        spec = synapse("0.0", "x = Normal(0, 1)\ny = y + x")
        ours = connect(net, cells, cells, "given", spec, pairs=[(i, j) for i in range(40) for j in range(40)])
        net.run(first_run)
        net.run(30 - first_run)
        return ours.get("x"), ours.get("y")

    x, y = noise("cpp", 30)

    assert len(set(x)) == 1600
    assert abs(y.mean()) < 4 * np.sqrt(30 / 1600) and y.var() == approx(30, rel=0.2)  # four standard errors
    for others in (noise("cpp", 7, threads=3), noise("reference", 11)):
        assert (x == others[0]).all() and (y == others[1]).all()


# spikes


def spikes(target, spec, pre, post, delay=1, receptor="spikes", steps=100, **options):
    """One synapse between relays that spike in these steps, repeated for several spikes; what it is then."""
    net = network(target)
    source = net.add_spike_source(2, "source")
    source.set_all({i: 0.1 * (np.array(each, float) - 1) for i, each in enumerate((pre, post))})
    cells = net.add_cells(RELAY, 2, {}, "cells")
    connect(net, source, cells, "spikes", STATIC_SYNAPSE, pairs=[(0, 0), (1, 1)], label="drive")
    ours = connect(net, cells, cells, receptor, spec, pairs=[(0, 1)], delay=delay, **options)
    net.run(steps)
    return ours


PRE, POST = (5, 12, 12, 20, 31, 33, 60, 61, 62), (7, 12, 23, 24, 34, 34, 60, 64, 90)
"""Some of them coincide at the synapse whatever the delay, and some cells spike several times at once."""


@pytest.mark.parametrize("delay", [1, 3, 4])
def test_a_rule_gives_the_same_with_and_without_event_driven_equations(target, delay):
    """To the rounding errors of so many steps of a decay instead of one."""
    lazy = replace(synapse_specs.spike_pair(synapse_specs.GUTIG), pre_spike=_SILENT, name="Lazy")
    clocked = replace(lazy, equations=lazy.equations.replace(": event-driven", ""), name="Clocked")

    one, other = (
        spikes(target, spec, PRE, POST, delay, weight=0.4, w_max=2.0, A_plus=0.1, A_minus=0.11)
        for spec in (lazy, clocked)
    )

    assert abs(one.get("weight")[0] - 0.4) > 1e-3
    for name in ("weight", "x", "y"):
        assert other.get(name) == approx(one.get(name), rel=1e-12)


_SILENT = synapse_specs.spike_pair(synapse_specs.GUTIG).pre_spike.replace(
    "g_target += weight", "sent = weight : init=0"
)


def test_event_driven_variables_may_stand_beside_others(target):
    spec = synapse(
        equations="dx/dt = -x/tau : event-driven\ndz/dt = x - z/tau", pre_spike="x += 1", tau=3.0
    )  # fmt: skip
    ours = spikes(target, spec, (10,), (), delay=2)
    age = 0.1 * (100 - 12)
    assert ours.get("x")[0] == approx(exp(-age / 3.0), rel=EXACT)
    assert ours.get("z")[0] == approx(age * exp(-age / 3.0), rel=1e-12)


def test_equations_see_the_last_spikes_up_to_the_start_of_the_step(target):
    """A pre-synaptic one counts from when it passes; what is seen at the end of a step is what was before it."""
    spec = synapse(
        equations="before = clip(t_pre, -1, 1000)\nafter = clip(t_post, -1, 1000)", pre_spike="n += 1 : init=0"
    )
    for steps, expected in (
        (12, (-1.0, -1.0)),
        (13, (1.2, -1.0)),
        (20, (1.2, -1.0)),
        (21, (1.2, 2.0)),
        (99, (3.2, 3.2)),
    ):
        ours = spikes(target, spec, (10, 30), (20, 32), delay=2, steps=steps)
        assert (ours.get("before")[0], ours.get("after")[0]) == approx(expected), steps


def test_moments_of_spikes(target):
    """Of the pre-synaptic ones when they pass; a coincident spike of the other side is not one before."""
    note = "n = 10*{0} + 0*post.n : init=0"
    seen = {
        name: spikes(target, synapse(pre_spike=note.format(name)), (10, 30), (20, 32), delay=2).get("n")[0]
        for name in ("t", "t_pre", "t_post")
    }
    assert seen == approx({"t": 32.0, "t_pre": 12.0, "t_post": 20.0})
    seen = {
        name: spikes(target, synapse(post_spike=note.format(name)), (10, 30), (20, 32), delay=2).get("n")[0]
        for name in ("t", "t_pre", "t_post")
    }
    assert seen == approx({"t": 32.0, "t_pre": 12.0, "t_post": 20.0})


def test_a_spike_sees_cells_as_equations_do(target):
    """The source as it was when it sent the spike, the target at the end of the step before."""
    spec = ModelSpec(
        "Timer",
        equations="x = x + 1 : init=0",
        spike="x >= 4 and x < 5",
        receptors=(ReceptorSpec("r", "x += 0*input"),),
    )
    net = network(target)
    cells = net.add_cells(spec, 2, {}, "cells")
    ours = connect(net, cells, cells, "r", synapse(pre_spike="a = pre.x : init=0\nb = post.x : init=0"), delay=3)
    net.run(20)
    assert (ours.get("a")[0], ours.get("b")[0]) == (4.0, 6.0)


def test_what_spikes_send_arrives_with_their_multiplicity(target):
    net = network(target)
    source = net.add_spike_source(1, "source")
    source.set_all({0: [1.0, 1.0, 1.0, 2.0]})
    cells = net.add_cells(replace(COUNTER, receptors=(ReceptorSpec("r", "x += 1000*input"),)), 1, {}, "cells")
    connect(net, source, cells, "r", synapse(pre_spike="g_target += weight*(1 + post.x - post.x)"), weight=2.0, delay=4)
    net.run(50)
    assert cells.state("x")[0] == 50 + 4 * 2000


def test_a_synapse_of_this_kind_has_no_dendritic_delay(target):
    net = network(target)
    cells = net.add_cells(COUNTER, 1, {}, "cells")
    with pytest.raises(ModelError, match="'ours': synapses of type 'MySynapse' do something in every step"):
        net.connect(cells, cells, "given", synapse("weight"), "ours", 0.5)


# changes between runs


def test_everything_can_be_read_and_set_between_runs(target):
    spec = synapse("weight*gain", "x = x + gain", gain=1.0)
    net, cells, ours = counters(target, spec, 3, pairs=[(0, 1), (0, 2), (2, 1)], weight=[1.0, 2.0, 3.0], delay=2)
    net.run(3)
    ours.set("gain", np.array([10.0, 20.0, 30.0]))
    ours.set("weight", 5.0, np.array([2]))
    ours.set("x", 0.5, np.array([1]))
    ours.set("delay", 0.7)
    net.run(2)

    assert ours.get("x") == approx([23.0, 40.5, 63.0])
    assert cells.state("received").tolist() == [0.0, 10.0 + 150.0, 40.0]
    assert ours.get("weight").tolist() == [1.0, 2.0, 5.0] and ours.get("delay") == approx(0.7)
    ours.set("weight", 0.0)
    net.run(1)
    assert not cells.state("received").any()


def test_a_reset_goes_back_to_initial_weights_and_values(target):
    net, _, ours = counters(target, synapse("0.0", "weight = weight + x\nx = x + 1 : init=2"), weight=7.0)
    ours.set("x", 4.0)
    net.run(10)
    assert ours.get("weight")[0] == 7 + sum(range(4, 14))
    net.reset()
    assert (ours.get("weight")[0], ours.get("x")[0]) == (7.0, 4.0)


# stability

GAP = synapse("weight*(pre.v - post.v)")


@pytest.mark.parametrize("spec", [IF_CURR_EXP, IF_COND_EXP])
def test_a_coupling_too_strong_for_the_time_step_is_refused_in_terms_of_the_model(target, spec):
    """Two pairs that share a cell: 2 * 0.1 ms * 3 uS > 0.5 nF, and half of it is not."""

    def coupled(weight):
        net = network(target)
        cells = net.add_cells(spec, 3, {"cm": 0.5}, "cells")
        connect(net, cells, cells, "i_inj", GAP, pairs=[(0, 1), (1, 0), (2, 1), (1, 2)], weight=weight)
        return net

    coupled(2.4).run(10)
    with pytest.raises(ModelError) as raised:
        coupled(3.0).run(10)
    assert str(raised.value).startswith(
        "'ours': the coupling of cell 1 of 'cells' is too strong for a time step of 0.1"
    )
    assert "at most 0.0833 ms" in str(raised.value)


def test_weights_that_make_a_coupling_unstable_between_runs_are_refused(target):
    net = network(target)
    cells = net.add_cells(IF_CURR_EXP, 2, {}, "cells")
    ours = connect(net, cells, cells, "i_inj", GAP, pairs=[(0, 1)], weight=5.0)
    net.run(1)
    ours.set("weight", 11.0)
    with pytest.raises(ModelError, match=r"v would follow its neighbours by 1\.1 of the difference"):
        net.run(1)
    ours.set("weight", 9.0)
    net.run(1)


# texts


def refusal(**texts):
    with pytest.raises(EquationError) as raised:
        check(synapse(**texts))
    return str(raised.value)


def test_a_synapse_transmits_all_the_time_or_by_spikes():
    message = refusal(psp="weight", pre_spike="g_target += weight")
    assert "transmits by that alone (let spikes change a variable that 'psp' reads)" in message
    assert "^" in message and "in synapse type 'MySynapse', pre_spike" in message


@pytest.mark.parametrize(
    "texts, message",
    [
        ({"psp": "weight > 1"}, "a condition is used as a number"),
        ({"psp": "weigth"}, "'weigth' is not defined (did you mean 'weight'?)"),
        ({"psp": "weight", "operation": "median"}, "this is no operation (one of sum, mean, max, min)"),
        ({"pre_spike": "g_target += weight", "operation": "max"}, "an operation joins the psp of synapses"),
    ],
)
def test_what_a_psp_cannot_be(texts, message):
    assert message in refusal(**texts)


def test_cells_have_no_psp():
    with pytest.raises(EquationError, match="a cell type has no 'psp'"):
        check(replace(COUNTER, psp="x"))


def test_reports_say_what_is_transmitted():
    model = check(synapse("weight*(pre.v - post.v)", operation="mean"))
    assert "Transmits all the time\n  weight*(pre.v - post.v), the mean of all synapses of a cell" in describe(model)
    assert r"\text{transmitted}" in latex(model)
