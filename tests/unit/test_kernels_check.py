"""The last look before printing: each rule with a kernel that passes and one that does not."""

from __future__ import annotations

import pytest

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.kernels.ir import (
    Arithmetic,
    Cast,
    CellKernel,
    Compare,
    DType,
    Field,
    Let,
    Literal,
    Load,
    Local,
    Logic,
    Not,
    Role,
    Select,
    Store,
    SynapseKernel,
)
from pynn_annarchy.kernels.passes.check import verify
from pynn_annarchy.language.syntax import BinaryOperator, Comparator, Connective

V = Field("v", DType.REAL, Role.STATE)
TAU = Field("tau", DType.REAL, Role.PARAMETER)
ONE, ONE64 = Literal(1.0, DType.REAL), Literal(1.0, DType.REAL64)
TRUE = Literal(True, DType.MASK)
NO_SPIKE = Literal(0.0, DType.COUNT)
X = Local("x", DType.REAL)


def plus(left, right):
    return Arithmetic(BinaryOperator.ADD, left, right, DType.REAL)


def cell(*body, spikes=NO_SPIKE):
    return CellKernel("MyNeuron", (V, TAU), (), body, spikes)


@pytest.mark.parametrize(
    "kernel",
    [
        cell(Let("x", Load(V)), Let("x", plus(X, Load(TAU)), is_new=False), Store(V, X)),
        cell(Store(V, Cast(ONE64, DType.REAL))),
        cell(Store(V, Select(Compare(Comparator.LESS, ONE, Load(V)), ONE, Load(V), DType.REAL))),
        cell(spikes=Cast(Logic(Connective.AND, TRUE, Not(TRUE)), DType.COUNT)),
        SynapseKernel("MySynapse", (), (), Local("weight", DType.REAL64)),
    ],
)
def test_a_sound_kernel_passes_unchanged(kernel):
    assert verify(kernel) is kernel


@pytest.mark.parametrize(
    "kernel, fault",
    [
        (cell(Store(V, X)), "'x' is read before it is set"),
        (cell(Let("x", TRUE), Store(V, X)), "'x' is read before it is set, or as another type"),
        (cell(Let("x", ONE), Let("x", ONE)), "'x' is declared twice or never"),
        (cell(Let("x", ONE, is_new=False)), "'x' is declared twice or never"),
        (cell(Let("x", ONE), Let("x", ONE64, is_new=False)), "'x' changes its type"),
        (cell(Store(TAU, ONE)), "'tau' is written, but belongs to the engine"),
        (cell(Store(V, ONE64)), "'v' is stored as another type"),
        (cell(Store(V, plus(ONE, ONE64))), "arithmetic between real and real64"),
        (cell(Let("m", Compare(Comparator.LESS, ONE, ONE64))), "comparison of real with real64"),
        (cell(Store(V, Select(ONE, ONE, ONE, DType.REAL))), "a condition that is none"),
        (cell(Store(V, Select(TRUE, ONE, ONE64, DType.REAL))), "branches of different types"),
        (cell(Let("m", Logic(Connective.OR, TRUE, ONE))), "a logical operator between numbers"),
        (cell(Let("m", Not(ONE))), "'not' of a number"),
        (cell(spikes=Cast(Local("n", DType.REAL), DType.COUNT)), "'n' is read before it is set"),
    ],
)
def test_a_kernel_that_no_target_could_run_is_refused_by_name(kernel, fault):
    with pytest.raises(ModelError, match=rf"'MyNeuron' .*{fault}"):
        verify(kernel)
