"""The primitive `deliver`, called through abi.h: sums in fixed point, for every form of targets and weights."""

from __future__ import annotations

import ctypes as c

import numpy as np
import pytest

from pynn_annarchy.model.spec import Kind, ModelSpec, ParameterSpec
from pynn_annarchy.standardmodels.specs import STATIC_SYNAPSE
from pynn_annarchy.targets import reference
from pynn_annarchy.targets.compile import Options, Storage, compile_models
from tests.unit.native_module import Group, Rows, Step, load

pytestmark = pytest.mark.compiler

N_TARGETS = 300
QUANTUM = 2.0**-50
TARGETS = ("cpp", "reference")
NOTHING = np.empty(0)
WEIGHT_FORMS = {"shared": (0, np.float64), "f32": (1, np.float32), "f64": (2, np.float64)}
UNIT = 0.25
"""Of 16-bit weights."""
GROUPS = [(0, 0, 1), (0, 1, 1), (1, 90, 3), (90, 700, 1), (650, 1000, 2)]


def deliver(weights, form, targets, bound=10.0, model=None, shared=NOTHING, groups=GROUPS):
    """What arrives at each target from the groups, in quanta, and whether every increment was sound."""
    model = model or compile_models([(STATIC_SYNAPSE, Storage.SHARED)], Options("cpp"))[0]
    accumulator = np.zeros(N_TARGETS, np.int64)
    groups = (Group * len(groups))(*(Group(*group) for group in groups))
    rows = Rows(
        targets.ctypes.data,
        8 * targets.itemsize,
        form,
        weights.ctypes.data,
        UNIT,
        None,
        shared.ctypes.data,
        accumulator.ctypes.data,
        1.0 / QUANTUM,
        bound,
        0,
    )
    code = load(model).deliver(rows, groups, len(groups), c.byref(Step(1, 0.0, 0.1, 1, 0, 0)))
    return accumulator, code == 0


@pytest.mark.parametrize("width", [np.uint16, np.uint32])
@pytest.mark.parametrize("form", WEIGHT_FORMS)
def test_every_event_adds_its_increment_to_its_target(form, width):
    code, dtype = WEIGHT_FORMS[form]
    rng = np.random.default_rng(5)
    targets = rng.integers(0, N_TARGETS, 1000).astype(width)
    weights = rng.normal(0.0, 1.0, 1 if form == "shared" else 1000).astype(dtype)

    arrived, is_sound = deliver(weights, code, targets)

    oracle = compile_models([(STATIC_SYNAPSE, Storage.SHARED)], Options("reference"))[0]
    increments = reference.increments(oracle, np.broadcast_to(weights.astype(np.float64), 1000))
    expected = np.zeros(N_TARGETS, np.int64)
    for begin, end, multiplicity in GROUPS:
        fixed = reference.to_fixed(increments[begin:end], 1.0 / QUANTUM)
        np.add.at(expected, targets[begin:end], multiplicity * fixed)
    assert is_sound
    assert arrived.tolist() == expected.tolist()


def test_weights_of_16_bits_are_multiples_of_their_unit():
    numbers = np.random.default_rng(5).integers(-36, 36, 1000).astype(np.int16)
    targets = np.random.default_rng(6).integers(0, N_TARGETS, 1000).astype(np.uint16)

    arrived = deliver(numbers, 3, targets)

    assert arrived[1]
    assert arrived[0].tolist() == deliver(numbers * UNIT, 2, targets)[0].tolist()
    numbers[80] = 41
    assert not deliver(numbers, 3, targets)[1]  # 10.25


@pytest.mark.parametrize("form", WEIGHT_FORMS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 10.5, -10.5])
def test_an_increment_that_is_not_finite_or_beyond_its_bound_is_reported(form, value):
    code, dtype = WEIGHT_FORMS[form]
    weights = np.full(1 if form == "shared" else 1000, 1.0, dtype)
    weights[-1] = value

    _, is_sound = deliver(weights, code, np.zeros(1000, np.uint16))

    assert not is_sound


@pytest.mark.parametrize("precision", ["double", "single"])
def test_increments_of_a_synapse_with_global_parameters_have_the_same_bits_on_both_targets(precision):
    spec = ModelSpec(
        "Scaled",
        Kind.SYNAPSE,
        parameters=(ParameterSpec("weight", 0.0), ParameterSpec("gain", 0.3, locality="global")),
        pre_spike="g_target += gain*exp(-weight)*weight",
    )
    weights = np.random.default_rng(6).normal(0.0, 1.0, 1000)
    targets = np.arange(1000).astype(np.uint16) % N_TARGETS
    gain = np.array([0.3])
    native, oracle = (compile_models([(spec, Storage.SHARED)], Options(t, precision=precision))[0] for t in TARGETS)

    arrived, is_sound = deliver(
        weights, WEIGHT_FORMS["f64"][0], targets, model=native, shared=gain, groups=[(0, 300, 1)]
    )

    expected = reference.to_fixed(reference.increments(oracle, weights, gain), 1.0 / QUANTUM)
    assert is_sound
    assert native.shared == ("gain",)
    assert arrived.tolist() == expected[:N_TARGETS].tolist()


def test_an_increment_at_its_bound_is_accepted():
    _, is_sound = deliver(np.full(1000, -10.0), WEIGHT_FORMS["f64"][0], np.zeros(1000, np.uint16))
    assert is_sound


def test_fixed_point_rounds_to_the_nearest_quantum_halves_to_even():
    values = np.array([0.0, 0.5, 1.5, 2.5, -0.5, -1.5, 0.49, 3.51]) * 2.0**-3
    assert reference.to_fixed(values, 8.0).tolist() == [0, 0, 2, 2, 0, -2, 0, 4]
    assert reference.from_fixed(np.array([-3, 5]), 0.125).tolist() == [-0.375, 0.625]
