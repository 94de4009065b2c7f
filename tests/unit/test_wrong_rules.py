"""Rules of synapses that cannot work are refused in the words of their author: the rule, the line, the way out."""

from __future__ import annotations

import numpy as np
import pytest
from pyNN import errors

import pynn_annarchy as sim
from pynn_annarchy.engine.network import Network
from pynn_annarchy.exceptions import EquationError, ModelError
from pynn_annarchy.model.check import check
from pynn_annarchy.model.sent import lines_behind_what_is_sent
from pynn_annarchy.model.spec import InputSpec, Kind, ModelSpec, ParameterSpec, ReceptorSpec
from pynn_annarchy.standardmodels.specs import IF_CURR_EXP
from pynn_annarchy.targets.compile import Options

RATE = ModelSpec("Rate", equations="dr/dt = -r/10", receptors=(ReceptorSpec("excitatory", "r += input"),))


def rule(pre_spike="g_target += weight", post_spike="", equations="", psp=""):
    weight = (ParameterSpec("weight", 1.0), ParameterSpec("w_max", 2.0))
    return ModelSpec("MyRule", Kind.SYNAPSE, weight, equations, pre_spike=pre_spike, post_spike=post_spike, psp=psp)


def connected(spec, target, source=None, cells=IF_CURR_EXP):
    """A source that spikes every ms, or one of the given model, and a cell that does so often."""
    net = Network(dt=0.1, seed=1, threads=1, options=Options(target=target))
    pre = net.add_cells(source, 1, {}, "sources") if source else net.add_spike_source(1, "sources")
    if not source:
        pre.set_times(0, np.arange(1.0, 100.0))
    post = net.add_cells(cells, 1, {"i_offset": 2.0} if cells is IF_CURR_EXP else {}, "cells")
    builder = net.connect(pre, post, "excitatory", spec, "learning")
    builder.add(0, 0, 1.0, 1)
    builder.finish()
    return net


GROWING = {
    "at spikes": (rule(post_spike="seen = 1\nweight *= 1 + seen"), ["weight *= 1 + seen   (post_spike)"]),
    "between spikes": (
        rule("x += 1\ng_target += weight*x", equations="dx/dt = x/2 : event-driven"),
        ["x += 1   (pre_spike)", "dx/dt = x/2 : event-driven   (equations)"],
    ),
    "in every step": (rule(equations="dweight/dt = weight"), ["dweight/dt = weight   (equations)"]),
    "of what is transmitted": (
        rule("", equations="dx/dt = x**2 + 1", psp="exp(x)*weight"),
        ["exp(x)*weight   (psp)", "dx/dt = x**2 + 1   (equations)"],
    ),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy, which the reference computes with
@pytest.mark.parametrize("name", GROWING)
def test_growth_without_bounds_ends_the_run_with_the_lines_that_grow(name, target):
    spec, lines = GROWING[name]
    cells = IF_CURR_EXP
    if spec.psp:
        cells = ModelSpec("Leaky", equations="dv/dt = -v + excitatory", inputs=(InputSpec("excitatory", "1"),))
    net = connected(spec, target, cells=cells)

    with pytest.raises(ModelError) as raised:
        net.run(2000)

    head, *told = str(raised.value).splitlines()
    assert head.startswith("projection 'learning': ")
    assert "in synapse type 'MyRule'" in head and "limit what grows, e.g. by ': min=0, max=w_max'" in head
    assert {line.strip() for line in told} >= set(lines)


def test_only_lines_that_nothing_limits_are_told():
    spec = rule(
        "u = 1 : init=0\nlow += 1 : min=0, max=9\ng_target += weight*high*low",
        "weight += far*near : min=0, max=w_max\nhigh += far",
        "dfar/dt = near : event-driven\ndnear/dt = -near/9 : event-driven, min=0, max=1\ndother/dt = 1 : event-driven",
    )
    assert lines_behind_what_is_sent(check(spec)) == [
        "g_target += weight*high*low   (pre_spike)",
        "high += far   (post_spike)",
        "dfar/dt = near : event-driven   (equations)",
    ]


@pytest.mark.parametrize(
    "spec, cells, message, line",
    [
        (rule(), {"source": RATE}, "'sources' (Rate) does not spike", "g_target += weight"),
        (
            rule(post_spike="x = 2\nweight += x"), {"cells": RATE}, "'cells' (Rate) does not spike", "x = 2"
        ),
    ],
)  # fmt: skip
def test_statements_at_spikes_of_cells_that_have_none_are_refused(target, spec, cells, message, line):
    with pytest.raises(EquationError) as raised:
        connected(spec, target, **cells)

    head, text, caret = str(raised.value).splitlines()
    assert head.startswith(message) and "give the cells a condition 'spike', or write a 'psp' or an equation" in head
    assert text.strip() == line
    assert "in synapse type 'MyRule', p" in caret


def test_rules_without_such_statements_may_join_cells_without_spikes(target):
    connected(rule("", equations="dweight/dt = -weight*pre.r", psp="weight*post.r"), target, RATE, RATED).run(10)


RATED = ModelSpec("Rated", equations="dr/dt = excitatory - r/10", inputs=(InputSpec("excitatory", "1"),))


def test_plastic_synapses_onto_a_source_are_refused_with_their_rule():
    net = Network(dt=0.1, seed=1, threads=1, options=Options("reference"))
    sources = net.add_spike_source(2, "sources")
    with pytest.raises(ModelError) as raised:
        net.connect(sources, sources, "excitatory", rule(post_spike="\n  weight += 0.1\n  weight *= 2"), "learning")
    assert str(raised.value).splitlines() == [
        "'learning': the cells of 'sources' take no synaptic input: no synapse of type 'MyRule' can end on them",
        "  weight += 0.1   (post_spike)",
    ]


@pytest.mark.parametrize("source", [sim.SpikeSourceArray, sim.SpikeSourcePoisson])
def test_pynn_tells_the_same_of_its_own_rules(source):
    sim.setup()
    cells = sim.Population(2, sim.IF_cond_exp())
    sources = sim.Population(2, source(), label="sources")
    learning = sim.STDPMechanism(sim.SpikePairRule(), sim.AdditiveWeightDependence())
    with pytest.raises(errors.ConnectionError) as raised:
        sim.Projection(cells, sources, sim.AllToAllConnector(), learning)
    head, line = str(raised.value).splitlines()
    assert head.startswith("the cells of 'sources' take no synaptic input: no synapse of type 'SpikePairRule_Additive'")
    assert line.startswith("  weight += A_plus*w_max*x") and line.endswith("(post_spike)")
    with pytest.raises(errors.ConnectionError, match="no synapse of type 'StaticSynapse' can end on them"):
        sim.Projection(cells, sources, sim.AllToAllConnector())
