"""The generated text: read by people, safe for any name, and the same until somebody means to change it."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from pynn_annarchy.kernels import ir
from pynn_annarchy.kernels.ir import DType
from pynn_annarchy.language.syntax import BinaryOperator, Comparator, Connective
from pynn_annarchy.model.spec import InputSpec, Kind, ModelSpec, ParameterSpec, ReceptorSpec
from pynn_annarchy.standardmodels import source_specs, specs, synapse_specs
from pynn_annarchy.targets.c_printer import Printer, identifier
from pynn_annarchy.targets.compile import Options, Storage, compile_models, generate
from pynn_annarchy.targets.cpp import module_text

GOLDEN = Path(__file__).parents[1] / "golden"
NATIVE = Path(__file__).parents[2] / "native" / "include" / "pynn_annarchy"

MODELS = {
    spec.name: spec
    for spec in (
        specs.IF_CURR_EXP,
        specs.IF_COND_EXP,
        source_specs.SPIKE_SOURCE_POISSON,
        specs.STATIC_SYNAPSE,
        synapse_specs.spike_pair(synapse_specs.ADDITIVE),
        synapse_specs.STOCHASTIC_TSODYKS_MARKRAM,
    )
}


def text_of(spec, storage=Storage.SHARED, precision="double", for_device=False):
    generated = generate(spec, storage, Options(precision=precision))
    is_shared = storage is Storage.SHARED
    return module_text(generated.kernel, is_shared, precision, "fingerprint", spec.description, for_device)


@pytest.mark.parametrize("spec", MODELS.values(), ids=MODELS)
def test_generated_text_is_the_reviewed_one(spec):
    """After a change that is meant: run once with RENEW_GOLDEN=1, and review the difference."""
    golden = GOLDEN / f"{spec.name}.cpp"
    if os.environ.get("RENEW_GOLDEN"):
        golden.write_text(text_of(spec))
    assert text_of(spec) == golden.read_text()


LAUNCHERS = {
    "IF_curr_exp": "&pnn::cuda::neurons<IF_curr_exp>, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr",
    "StaticSynapse": (
        "nullptr, &pnn::cuda::deliver<StaticSynapse>, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr"
    ),
    "SpikePairRule_Additive": (
        "nullptr, nullptr, &pnn::cuda::learn<SpikePairRule_Additive>, &pnn::cuda::learn_due<SpikePairRule_Additive>, "
        "&pnn::cuda::remember<SpikePairRule_Additive>, nullptr, nullptr, nullptr"
    ),
    "ElectricalSynapse": (
        "nullptr, nullptr, nullptr, nullptr, nullptr, "
        "&pnn::cuda::synapses<ElectricalSynapse<true>, ElectricalSynapse<false>>, "
        "&pnn::cuda::pass_spikes<ElectricalSynapse<true>, ElectricalSynapse<false>>, "
        "&pnn::cuda::reach<ElectricalSynapse<true>, ElectricalSynapse<false>>"
    ),
}


@pytest.mark.parametrize("name", LAUNCHERS)
def test_for_a_device_the_text_of_the_cpu_gets_one_include_and_one_table_more(name):
    spec = {**MODELS, "ElectricalSynapse": specs.ELECTRICAL_SYNAPSE}[name]
    plain, whole = text_of(spec).splitlines(), text_of(spec, for_device=True).splitlines()

    differences = [line for line in difflib.ndiff(plain, whole) if not line.startswith(("  ", "? "))]

    assert all(line.startswith("+ ") for line in differences)
    added = " ".join(line[2:].strip() for line in differences)
    primitive = re.match(r'#include "pynn_annarchy/(\w+)\.h"', next(line for line in plain if "#include" in line))[1]
    assert added == (
        f'#include "pynn_annarchy/cuda/{primitive}.h" '
        f"const pnn_device_module device_module = {{PNN_DEVICE_VERSION, {LAUNCHERS[name]}}}; "
        "PNN_EXPORT const pnn_device_module* pnn_device_entry() { return &device_module; }"
    )


def test_values_sizes_and_seeds_are_not_in_the_text():
    changed = replace(
        specs.IF_COND_EXP,
        parameters=tuple(replace(own, default=own.default + 0.123) for own in specs.IF_COND_EXP.parameters),
    )
    assert text_of(changed) == text_of(specs.IF_COND_EXP)


def test_generated_modules_include_nothing_heavy():
    def included(text):
        return set(re.findall(r'#include [<"](.*?)[>"]', text))

    reached, pending = set(), set().union(*(included(text_of(spec)) for spec in MODELS.values()))
    while pending:
        name = pending.pop()
        reached.add(name)
        header = NATIVE / Path(name).name
        if header.exists():
            pending |= included(header.read_text()) - reached
    assert {name for name in reached if not (NATIVE / Path(name).name).exists()} <= {"stdint.h", "cmath"}


def test_precision_changes_types_and_nothing_else():
    double, single = text_of(specs.IF_COND_EXP), text_of(specs.IF_COND_EXP, precision="single")
    changed = [pair for pair in zip(double.splitlines(), single.splitlines(), strict=True) if pair[0] != pair[1]]
    assert [after for _, after in changed] == [
        "// IF_cond_exp, parameters shared, precision single.",
        "using Real = float;",
        "using Count = int32_t;",
        "constexpr int32_t PNN_REAL = PNN_F32;",
    ]


A, B, C = (ir.Local(name, DType.REAL) for name in "abc")


def arithmetic(operator, left, right):
    return ir.Arithmetic(BinaryOperator(operator), left, right, DType.REAL)


@pytest.mark.parametrize(
    "value, text",
    [
        (arithmetic("+", arithmetic("+", A, B), C), "a + b + c"),
        (arithmetic("+", A, arithmetic("+", B, C)), "a + (b + c)"),
        (arithmetic("-", A, arithmetic("*", B, C)), "a - b * c"),
        (arithmetic("*", arithmetic("-", A, B), C), "(a - b) * c"),
        (arithmetic("/", A, arithmetic("/", B, C)), "a / (b / c)"),
        (ir.Negate(arithmetic("*", A, B), DType.REAL), "-(a * b)"),
        (ir.Negate(ir.Negate(A, DType.REAL), DType.REAL), "-(-a)"),
        (ir.Negate(ir.Literal(-1.0, DType.REAL64), DType.REAL64), "-(-1.0)"),
        (ir.Literal(0.1, DType.REAL), "Real(0.1)"),
        (
            ir.Select(
                ir.Compare(Comparator.LESS, A, B),
                arithmetic("+", A, B),
                ir.Select(ir.Local("m", DType.MASK), A, B, DType.REAL),
                DType.REAL,
            ),
            "a < b ? a + b : (m ? a : b)",
        ),
        (
            ir.Logic(
                Connective.OR,
                ir.Logic(Connective.AND, ir.Local("m", DType.MASK), ir.Compare(Comparator.EQUAL, A, B)),
                ir.Not(ir.Local("n", DType.MASK)),
            ),
            "(m & (a == b)) | !n",
        ),
        (ir.Cast(ir.Compare(Comparator.LESS, A, B), DType.REAL), "(a < b ? Real(1) : Real(0))"),
    ],
)
def test_expressions_keep_their_order_with_no_parenthesis_more_than_needed(value, text):
    assert Printer(shared=True).expression(value) == text


def test_the_printer_refuses_what_it_does_not_know():
    with pytest.raises(TypeError, match="a pass that should have replaced it has not run"):
        Printer(shared=True).expression(object())


def test_different_names_stay_different():
    names = ["class", "class_", "class__", "v", "v_", "Real", "Real_", "i", "i_", "tau_m"]
    assert len({identifier(name) for name in names}) == len(names)
    assert identifier("tau_m") == "tau_m"


@pytest.mark.compiler
@pytest.mark.parametrize("storage", Storage)
@pytest.mark.parametrize("name", ["M", "v", "module", "arrays", "pnn", "Real", "class", "who_", '2 "cells"', "näme\\"])
def test_any_name_of_a_model_its_variables_or_parameters_compiles(name, storage):
    words = (
        "class class_ module arrays segment step pnn Real Count who_ input_0 input_0_ quantum_0 element_offset int64_t"
    )
    spec = ModelSpec(
        name,
        parameters=tuple(ParameterSpec(word, 1.0) for word in words.split()),
        equations="v = v*(" + " + v*".join(words.split()) + ") + update*Normal(0, 1)\nupdate = i + v",
        inputs=(InputSpec("i"),),
        receptors=(ReceptorSpec("int", "v += input"),),
        description="ends with a backslash \\\nsecond line \\",
    )
    assert compile_models([(spec, storage)], Options("cpp"))[0].library


@pytest.mark.compiler
@pytest.mark.parametrize("storage", Storage)
def test_any_name_of_a_synapse_its_variables_or_parameters_compiles(storage):
    words = (
        "class state s State event traces pre_before pre post store load rows ranks_ decay_0_ x_step x_step_ x_left_"
    )
    names = [word for word in words.split() if word not in ("pre", "post")]
    spec = ModelSpec(
        "learn",
        Kind.SYNAPSE,
        parameters=(*(ParameterSpec(f"{name}", 1.0) for name in names), ParameterSpec("weight", 1.0)),
        equations="dx/dt = -x/class : event-driven\nddecay_of_x/dt = -decay_of_x/state : event-driven",
        pre_spike="x += " + " + ".join(names) + "\ng_target += x*y*decay_of_x*Uniform(0, 1) + weight",
        post_spike="y = y + x\ndecay_of_x += y\nweight += decay_of_x",
    )
    assert compile_models([(spec, storage)], Options("cpp"))[0].library
