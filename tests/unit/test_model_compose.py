"""Cells from a body and its receptors, reports about models, and the text that stands for a model in cache keys."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.canonical import canonical
from pynn_annarchy.model.check import check
from pynn_annarchy.model.compose import ReceptorPart, compose, qualified_names
from pynn_annarchy.model.describe import describe, latex
from pynn_annarchy.model.spec import Kind, ModelSpec, ParameterSpec, ReceptorSpec
from pynn_annarchy.standardmodels import source_specs, specs

BODY = ModelSpec("Body", parameters=(ParameterSpec("tau_m", 20.0, "ms"),), equations="dv/dt = -v/tau_m + i_syn")

PART = ReceptorPart(
    name="Part",
    parameters=(ParameterSpec("tau", 5.0, "ms"),),
    equations="tau*dg/dt = -g  # the letter g, not in 'given' or 'dgx'",
    increment="g += input",
    current="g*(0 - v)",
    units=(("g", "uS"),),
)


def test_a_body_takes_the_sum_of_the_currents_of_its_receptors():
    receptors = {"fast": PART.renamed(g="g_fast", tau="tau_fast"), "slow": PART}

    spec = compose("Both", BODY, receptors)

    assert spec.equations.splitlines() == [
        "dv/dt = -v/tau_m + (g_fast*(0 - v) + slow_g*(0 - v))",
        "tau_fast*dg_fast/dt = -g_fast  # the letter g, not in 'given' or 'dgx'",
        "slow_tau*dslow_g/dt = -slow_g  # the letter g, not in 'given' or 'dgx'",
    ]
    assert [parameter.name for parameter in spec.parameters] == ["tau_m", "tau_fast", "slow_tau"]
    assert spec.receptors == (ReceptorSpec("fast", "g_fast += input"), ReceptorSpec("slow", "slow_g += input"))
    assert spec.units == (("g_fast", "uS"), ("slow_g", "uS"))
    assert check(spec).spec is spec


def test_equations_of_receptors_join_the_differential_equations_of_the_body_not_what_follows_them():
    body = replace(BODY, equations="old = v\ndv/dt = -v/tau_m + i_syn\nchange = v - old")

    spec = compose("Watched", body, {"fast": PART})

    assert [line.partition("=")[0].strip() for line in spec.equations.splitlines()] == [
        "old",
        "dv/dt",
        "fast_tau*dfast_g/dt",
        "change",
    ]


def test_names_of_receptors_are_found_by_their_qualified_form():
    receptors = {"fast": PART.renamed(g="g_fast"), "slow": PART}

    assert qualified_names(receptors) == {
        "fast.tau": "fast_tau",
        "fast.g": "g_fast",
        "slow.tau": "slow_tau",
        "slow.g": "slow_g",
    }


def test_without_currents_the_body_takes_none():
    spec = compose("Delta", BODY, {"jump": ReceptorPart("Jump", increment="v += input")})

    assert spec.equations == "dv/dt = -v/tau_m + 0"


def test_two_receptors_may_not_share_a_variable():
    with pytest.raises(ModelError, match="'g' of receptor 'b' is taken by receptor 'a'"):
        compose("Twice", BODY, {"a": PART.renamed(g="g"), "b": PART.renamed(g="g")})


def test_a_receptor_may_not_take_a_name_of_the_body():
    with pytest.raises(ModelError, match="'tau_m' of receptor 'a' is taken by the body"):
        compose("Taken", BODY, {"a": PART.renamed(tau="tau_m")})


def test_only_names_that_a_part_has_can_be_changed():
    with pytest.raises(ModelError, match="has no 'tau_syn', only tau, g"):
        PART.renamed(tau_syn="tau_syn_E")


@pytest.mark.parametrize(
    ("spec", "changed"),
    [
        (specs.IF_CURR_EXP, {"tau_syn_E": 5.0, "tau_syn_I": 5.0}),
        (specs.IF_CURR_ALPHA, {"tau_syn_E": 0.5, "tau_syn_I": 0.5}),
        (specs.IF_CURR_DELTA, {}),
        (specs.IF_COND_EXP, {"tau_syn_E": 5.0, "tau_syn_I": 5.0, "e_rev_E": 0.0, "e_rev_I": -70.0}),
        (specs.IF_COND_ALPHA, {"tau_syn_E": 0.3, "tau_syn_I": 0.5, "e_rev_E": 0.0, "e_rev_I": -70.0}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_standard_cells_have_the_parameters_and_defaults_of_pynn(spec, changed):
    from pyNN.standardmodels import cells

    theirs = getattr(cells, spec.name)

    assert spec.defaults() == theirs.default_parameters
    assert spec.defaults().items() >= changed.items()
    units = {parameter.name: parameter.unit for parameter in spec.parameters}
    assert units == {name: theirs.units[name] for name in units}
    for name, unit in spec.units:
        assert theirs.units.get(name, unit) == unit


def test_the_poisson_source_has_the_parameters_of_pynn():
    from pyNN.standardmodels import cells

    assert source_specs.SPIKE_SOURCE_POISSON.defaults() == cells.SpikeSourcePoisson.default_parameters


def test_a_report_says_everything_that_the_model_does():
    report = describe(check(specs.IF_COND_EXP))

    for line in (
        "IF_cond_exp: Leaky integrate-and-fire cell",
        "  tau_m = 20.0 ms",
        "  i_inj (nA)",
        "  dgsyn_exc/dt = -gsyn_exc/tau_syn_E",
        "  v, at first -65.0 mV",
        "  excitatory: gsyn_exc = gsyn_exc + input",
        "  v >= v_thresh",
        "  v = v_reset",
        "  tau_refrac ms, holding v",
    ):
        assert line in report


def test_a_report_in_latex_is_one_block_of_equations_and_a_table():
    report = latex(check(specs.IF_CURR_EXP))

    assert report.count(r"\begin{align*}") == report.count(r"\end{align*}") == 1
    assert r"\frac{dv}{dt} &= \frac{v_{\mathrm{rest}} - v}{\tau_{\mathrm{m}}}" in report
    assert r"$\tau_{\mathrm{refrac}}$ & 0.1 & ms" in report


def test_reports_of_sources_and_synapses_hold_what_these_have():
    assert "left <= 0, again and again, at most rate*dt/1000" in describe(check(source_specs.SPIKE_SOURCE_POISSON))
    assert "When a spike arrives\n  g_target = g_target + weight" in describe(check(specs.STATIC_SYNAPSE))


def test_equal_models_have_one_canonical_text_and_different_ones_have_two():
    spec = specs.IF_COND_EXP

    assert canonical(replace(spec)) == canonical(spec)
    for other in (
        replace(spec, name="Other"),
        replace(spec, equations=spec.equations + "\ndx/dt = -x"),
        replace(spec, kind=Kind.SYNAPSE),
        replace(spec, parameters=(*spec.parameters[:-1], replace(spec.parameters[-1], default=-71.0))),
    ):
        assert canonical(other) != canonical(spec)


def test_whole_and_real_defaults_of_one_value_are_one_model():
    whole, real = (ModelSpec("Cell", parameters=(ParameterSpec("a", value),)) for value in (1, 1.0))

    assert canonical(whole) == canonical(real)


def test_the_canonical_text_does_not_depend_on_the_process():
    program = "from pynn_annarchy.model.canonical import canonical\nfrom pynn_annarchy.model.spec import *\n"
    program += "print(canonical(ModelSpec('Cell', parameters=(ParameterSpec('a', 0.1),), spike='a > 1')), end='')"
    root = Path(__file__).resolve().parents[2]

    found = {
        subprocess.run(
            [sys.executable, "-c", program], cwd=root, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }

    expected = canonical(ModelSpec("Cell", parameters=(ParameterSpec("a", 0.1),), spike="a > 1"))
    assert found == {expected.encode()}


def test_what_is_neither_text_nor_number_cannot_be_part_of_a_model():
    with pytest.raises(TypeError, match="cannot be part of a ModelSpec"):
        canonical(ModelSpec("Cell", parameters=(ParameterSpec("a", object()),)))
