"""From updates to a kernel: the order of a step, refractoriness, bounds and types, seen in what the kernel does."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.kernels.ir import (
    FLUSHED_EVERY,
    Draw,
    DType,
    LearningKernel,
    Role,
    StepValue,
    SynapseKernel,
    values_in,
)
from pynn_annarchy.kernels.lower import lower
from pynn_annarchy.model.check import check
from pynn_annarchy.model.spec import Kind, ModelSpec, ParameterSpec, ReceptorSpec
from pynn_annarchy.solvers.discretise import discretise
from pynn_annarchy.targets.compile import Options, Storage, compile_models
from tests.unit.native_module import QUANTUM, Population

ONE = round(1.0 / QUANTUM)


def kernel_of(**parts):
    return lower(discretise(check(ModelSpec("MyNeuron", **parts))))


def cells(target, states=None, **parts):
    """One cell of the model on a target."""
    spec = ModelSpec("MyNeuron", **parts)
    model = compile_models([(spec, Storage.SHARED)], Options(target))[0]
    return Population(model, 1, spec.defaults(), {name: np.array([value]) for name, value in (states or {}).items()})


def parameters(**values):
    return tuple(ParameterSpec(name, value) for name, value in values.items())


CLOCK = {
    "parameters": parameters(period=0.3, held=0.0),
    "equations": "v = v + 1 : unless_refractory\nn = n + 1",
    "spike": "v >= 3",
    "reset": "v = held",
    "refractory": "period",
    "receptors": (ReceptorSpec("excitatory", "v += input"), ReceptorSpec("free", "n += input")),
}


def test_a_cell_is_held_for_the_refractory_period_and_no_step_longer(target):
    cell = cells(target, **CLOCK)
    course = []
    for _ in range(10):
        index, _ = cell.advance()
        course.append((cell.state("v")[0], len(index)))

    # three steps up, reset with the spike, then 0.3 ms / 0.1 ms = 3 steps at the reset value
    assert course == [(1, 0), (2, 0), (0, 1), (0, 0), (0, 0), (0, 0), (1, 0), (2, 0), (0, 1), (0, 0)]
    assert cell.state("n")[0] == 10, "what is not held goes on"


def test_increments_of_a_held_variable_are_discarded_and_of_others_are_not(target):
    cell = cells(target, {"v": 2.0}, **CLOCK)
    cell.advance()
    for array in cell.inputs:
        array[:] = 2 * ONE

    cell.advance()

    assert cell.state("v")[0] == 0.0
    assert cell.state("n")[0] == 2 + 2
    assert [array[0] for array in cell.inputs] == [0, 0], "discarded input does not wait"


def test_a_value_above_threshold_while_refractory_is_no_spike_until_the_period_ends(target):
    cell = cells(target, {"v": 2.0}, **{**CLOCK, "parameters": parameters(period=0.2, held=5.0)})
    assert [len(cell.advance()[0]) for _ in range(7)] == [1, 0, 0, 1, 0, 0, 1]


def test_without_a_refractory_period_every_step_may_spike(target):
    cell = cells(target, equations="v = v + 1", spike="v >= 2", reset="v = v - 1")
    assert [len(cell.advance()[0]) for _ in range(4)] == [0, 1, 1, 1]
    assert all(array.role != "refractory" for array in cell.model.arrays)


def test_bounds_hold_after_updates_increments_and_resets(target):
    cell = cells(
        target,
        parameters=parameters(low=-1.0, high=2.0),
        equations="x = x + 5 : min=low, max=high\ny = y - 5 : min=low\nz = z",
        spike="y <= low",
        reset="x = x - 100",
        receptors=(ReceptorSpec("port", "z += input"), ReceptorSpec("other", "y += -input")),
    )
    cell.inputs[1][:] = ONE

    cell.advance()

    assert cell.state("y")[0] == -1.0
    assert cell.state("x")[0] == -1.0


def test_the_spike_condition_sees_what_has_just_arrived(target):
    cell = cells(target, equations="v = 0.5*v", spike="v >= 1", reset="v = 0", receptors=CLOCK["receptors"][:1])
    cell.inputs[0][:] = ONE
    assert cell.advance() == ([0], [1])


def test_several_spikes_a_step_are_one_entry_with_their_number(target):
    source = cells(target, parameters=parameters(n=3.0), equations="", emits="n", max_spikes="n")
    assert source.advance() == ([0], [3])


def test_states_too_small_for_normal_numbers_become_zero(target):
    cell = cells(target, {"x": 3e-308, "y": -3e-308}, equations="x = 0.9*x\ny = 0.9*y")
    for _ in range(FLUSHED_EVERY - 1):
        cell.advance()
    assert 0.0 < cell.state("x")[0] < np.finfo(float).tiny
    cell.advance()
    assert cell.state("x").tobytes() == cell.state("y").tobytes() == np.zeros(1).tobytes()


@pytest.mark.parametrize("real", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("a*b + c", lambda a, b, c: a * b + c),
        ("c + a*b", lambda a, b, c: a * b + c),
        ("a*b - c", lambda a, b, c: a * b - c),
        ("c - a*b", lambda a, b, c: c - a * b),
    ],
)
def test_a_product_and_a_sum_are_rounded_once(target, real, text, exact):
    values = np.random.default_rng(7).uniform(-1, 1, (3, 1000)).astype(real)
    spec = ModelSpec("MyNeuron", equations=f"a = a\nb = b\nc = c\nx = {text}")
    options = Options(target, precision="double" if real is np.float64 else "single")
    cell = Population(
        compile_models([(spec, Storage.SHARED)], options)[0],
        1000,
        spec.defaults(),
        dict(zip("abc", values, strict=True)),
    )

    cell.advance()

    wanted = [exact(*(Fraction(float(value)) for value in column)) for column in values.T]
    assert cell.state("x").dtype == real
    assert cell.state("x").tolist() == [nearest(value, real) for value in wanted]


def nearest(value, real):
    """The number of the type that is nearest to a fraction, of those around what rounding twice gives."""
    near = real(float(value))
    around = [near, np.nextafter(near, real(-2)), np.nextafter(near, real(2))]
    return float(min(around, key=lambda each: abs(Fraction(float(each)) - value)))


def test_a_difference_of_equal_products_is_zero(target):
    cell = cells(target, {"a": 0.1, "b": 0.7}, equations="a = a\nb = b\nx = a*b - b*a\ny = a*a - b*b")
    cell.advance()
    assert cell.state("x")[0] == 0.0
    assert cell.state("y")[0] == 0.1 * 0.1 - 0.7 * 0.7


def test_a_kernel_has_only_the_fields_that_it_reads():
    kernel = kernel_of(parameters=parameters(used=1.0, unused=2.0, tau=3.0), equations="dv/dt = used - v/tau")
    names = {field.name for field in kernel.fields}
    assert "v" in names
    assert "unused" not in names
    # tau is in the propagator and nowhere else
    assert "tau" not in names


def test_time_is_double_whatever_the_precision():
    kernel = kernel_of(equations="x = sin(t/7) + dt")
    types = {value.name: value.dtype for value in values_in(kernel) if isinstance(value, StepValue)}
    assert types == {"t": DType.REAL64, "dt": DType.REAL}


def test_refractory_counters_are_double_whatever_the_precision():
    kernel = kernel_of(**CLOCK)
    assert {field.role: field.dtype for field in kernel.fields}[Role.REFRACTORY] is DType.REAL64


def test_each_draw_of_a_model_has_its_own_number():
    kernel = kernel_of(equations="x = Normal(0, 1) + Normal(0, 1)\ny = Uniform(0, 1)")
    draws = [value for value in values_in(kernel) if isinstance(value, Draw)]
    assert sorted(draw.number for draw in draws) == [0, 1, 2]


def test_more_draws_than_the_random_streams_tell_apart_are_refused():
    with pytest.raises(ModelError, match="'MyNeuron' draws more than 256 random numbers a step"):
        kernel_of(equations="x = " + " + ".join(["Normal(0, 1)"] * 257))


def synapse(pre_spike, locality="global", **texts):
    """A synapse with a parameter that is shared by all or not."""
    known = (ParameterSpec("weight", 0.0), ParameterSpec("factor", 1.0, locality=locality))
    return lower(discretise(check(ModelSpec("Own", Kind.SYNAPSE, known, pre_spike=pre_spike, **texts))))


def test_a_synapse_that_sends_its_weight_times_what_all_share_needs_no_memory():
    assert isinstance(synapse("g_target += weight*factor*exp(-dt)"), SynapseKernel)


def test_a_synapse_that_does_nothing_else_sends_its_weight():
    assert synapse("g_target += weight").sends_weight


@pytest.mark.parametrize(
    "pre_spike",
    [
        "g_target += weight*factor",
        "g_target -= weight",
        "g_target += factor",
        "g_target += weight\ng_target += weight",
    ],
)
def test_no_other_synapse_sends_its_weight_alone(pre_spike):
    assert not synapse(pre_spike).sends_weight


@pytest.mark.parametrize(
    "kernel",
    [
        synapse("g_target += weight*factor", locality="local"),
        synapse("g_target += weight*exp(-t)"),
        synapse("g_target += weight*(t - t_pre)"),
        synapse("g_target += weight*Uniform(0, 1)"),
        synapse("a = weight : unless_post, init=0\ng_target += a"),
        synapse("g_target += weight", post_spike="weight += factor"),
        synapse("weight += factor\ng_target += weight"),
    ],
    ids=["a value each", "time", "interval", "chance", "coincidence", "post", "change"],
)
def test_every_other_synapse_learns(kernel):
    assert isinstance(kernel, LearningKernel)
