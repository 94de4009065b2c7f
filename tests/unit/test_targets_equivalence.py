"""Generated C++ and NumPy give the same bits: every model, storage, precision and compiler (DESIGN D7)."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from pynn_annarchy.model.spec import InputSpec, ModelSpec, Order, ParameterSpec, ReceptorSpec
from pynn_annarchy.standardmodels import source_specs, specs
from pynn_annarchy.targets.compile import Options, Storage, compile_models
from tests.unit.native_module import QUANTUM, Population

N_STEPS = 200
SIZE = 515  # no multiple of any vector, two blocks of the loop and a rest

EVERYTHING = ModelSpec(
    "Everything",
    parameters=(
        ParameterSpec("tau", 7.0),
        ParameterSpec("gain", 1.5),
        ParameterSpec("period", 3.0),
        ParameterSpec("tau_refrac", 0.3),
        ParameterSpec("class", 0.25),  # a word of C++
    ),
    equations="""
        drive = gain*exp(-abs(x)/tau) + sin(2*pi*t/period) + i_inj
        noise = Normal(0, 0.5) + Uniform(-0.1, 0.1)*Exponential(2.0)
        dx/dt = (drive - x**3)/tau + noise : min=-2, max=2.5
        dv/dt = (ite(x > 0.5 and not v < -1, x, class*v) - v)/tau + log1p(abs(x)) % 0.7 : unless_refractory, init=0.1
        phase = if v < 0.2: pow(abs(v), 1.7) else: tanh(v) + sqrt(abs(x))
    """,
    spike="v > 1 or phase > 2.9",
    reset="v = -0.5*x\nx = x/2",
    refractory="tau_refrac",
    receptors=(ReceptorSpec("fast", "v += input"), ReceptorSpec("slow", "x += input*gain")),
    inputs=(InputSpec("i_inj"),),
)
KINDS = ModelSpec(
    "Kinds",
    parameters=(ParameterSpec("tau", 7.0), ParameterSpec("most", 5, dtype="int"), ParameterSpec("on", 1, dtype="bool")),
    equations="""
        dg/dt = Normal(0, 1) - g/3 : population
        dv/dt = (g - v)/tau
        many = 9*v + Uniform(0, 2) : int, max=most
        high = (v > g) is on : bool
        low = not high and many >= 1 : bool, init=True
        x = if low: many % 3 else: many
    """,
    spike="high and many > 1",
    reset="v = g\nlow = many == 2\nmany -= 1.5",
    receptors=(ReceptorSpec("fast", "many += input"),),
)
CHOOSING = ModelSpec(
    "Choosing",
    parameters=(ParameterSpec("sigma", 0.5), ParameterSpec("rate", 0.0), ParameterSpec("stop", 8.0)),
    equations="""
        kicks = ite(rate > 0, Poisson(rate*cos(t)**2), 0) + ite(x > 0, Poisson(0.3), 0)
        x = 0.9*x + ite(sigma > 0 and t < stop, Normal(0, sigma), 0.25) + kicks
    """,
    spike="x > 1",
    reset="x -= 1 + ite(not rate > 0, Exponential(0.5), 0)",
    repeats=True,
    emits="ite(rate > 0, Poisson(2*rate), 0)",
    max_spikes="1000",
)
"""What is drawn depends on conditions that all cells share, and on some that they do not."""
ARRIVING = ModelSpec(
    "Arriving",
    parameters=(ParameterSpec("gain", 1.5),),
    equations="""
        last = 0.9*last
        dg/dt = -g/3
        dv/dt = (g + last - square - v)/5
        square = 0.5*square
    """,
    spike="v > 2",
    reset="v = 0",
    receptors=(
        ReceptorSpec("set", "last = input"),
        ReceptorSpec("twice", "square += input*input"),
        ReceptorSpec("within", "v = clip(gain*(v + input), -3, 3)"),
        ReceptorSpec("turned", "g = input - g"),
        ReceptorSpec("squared", "last += input**2"),
    ),
)
"""Increments that read what has arrived at other places than the end of a sum, or more than once."""

MODELS = {
    spec.name: spec
    for spec in (
        specs.IF_CURR_EXP,
        specs.IF_CURR_ALPHA,
        specs.IF_CURR_DELTA,
        specs.IF_COND_EXP,
        specs.IF_COND_ALPHA,
        source_specs.SPIKE_SOURCE_POISSON,
        source_specs.SPIKE_SOURCE_POISSON_REFRACTORY,
        source_specs.SPIKE_SOURCE_GAMMA,
        EVERYTHING,
        ARRIVING,
        KINDS,
    )
}


@pytest.fixture(params=["g++", "clang++"])
def compiler(request):
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return request.param


def both_targets(spec, storage, precision, compiler):
    """The same cells, in random states, on the native target and with NumPy."""
    rng = np.random.default_rng(11)
    parameters = spec.defaults()
    if "rate" in parameters:
        parameters.update(rate=12000.0, start=2.0, duration=12.0)
    if "tau_refrac" in parameters:
        parameters.update(tau_refrac=0.5)
    if "tau_refrac" in parameters and "rate" in parameters:
        parameters.update(rate=1200.0)
    if "beta" in parameters:
        parameters.update(alpha=0.7, beta=12000.0, start=2.0, duration=12.0)
    if storage is Storage.PER_ELEMENT:
        parameters = {name: value * rng.uniform(0.8, 1.2, SIZE) for name, value in parameters.items()}
    options = {"cpp": Options("cpp", compiler, (), precision), "reference": Options("reference", precision=precision)}
    models = [compile_models([(spec, storage)], chosen)[0] for chosen in options.values()]
    states = {array.name: rng.uniform(0.0, 0.1, SIZE) for array in models[0].arrays if array.role == "state"}
    if spec.name.startswith("IF"):
        states["v"] = rng.uniform(-65.0, -49.0, SIZE)
        states["i_inj"] = rng.uniform(0.0, 3.0, SIZE)
    return [Population(model, SIZE, parameters, states, remembers=True) for model in models]


def assert_same_bits(native, oracle, rare=0):
    """Runs both with the same input and compares every bit of every step.

    Args:
        rare: of each receptor, what a few cells get in one step of ten, in quanta.
    """
    rng = np.random.default_rng(12)
    n_spikes = 0
    for step in range(N_STEPS):
        for first, second in zip(native.inputs, oracle.inputs, strict=True):
            first[:] = second[:] = rng.integers(0, 2**36, SIZE) * (rng.random(SIZE) < 0.1)
            if step % 10 == 0 and rare:
                first[:] = second[:] = second + rare * (rng.random(SIZE) < 0.003)
        index, count = native.advance()
        assert (index, count) == oracle.advance()
        n_spikes += sum(count)
        for first, second in zip([*native.arrays, *native.inputs], [*oracle.arrays, *oracle.inputs], strict=True):
            assert first.tobytes() == second.tobytes()
    assert n_spikes > 50, "a run without spikes would prove little"


@pytest.mark.compiler
@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("storage", Storage)
@pytest.mark.parametrize("spec", MODELS.values(), ids=MODELS)
def test_native_code_and_numpy_give_the_same_bits(spec, storage, precision):
    assert_same_bits(*both_targets(spec, storage, precision, None))


@pytest.mark.compiler
@pytest.mark.parametrize("spec", MODELS.values(), ids=MODELS)
def test_every_compiler_gives_the_same_bits(spec, compiler):
    assert_same_bits(*both_targets(spec, Storage.SHARED, "double", compiler))


@pytest.mark.compiler
@pytest.mark.parametrize("storage", Storage)
@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("values", [(0.5, 0.0), (0.0, 0.7), (0.5, 4.0), (0.5, 6.0)], ids=str)
def test_conditions_that_all_cells_share_change_no_bit(values, precision, storage):
    parameters = dict(zip(("sigma", "rate", "stop"), (*values, 8.05), strict=True))
    targets = (Options("cpp", precision=precision), Options("reference", precision=precision))
    models = [compile_models([(CHOOSING, storage)], options)[0] for options in targets]

    assert_same_bits(*(Population(model, SIZE, parameters, {}, remembers=True) for model in models))


@pytest.mark.compiler
@pytest.mark.parametrize("rate", [0.0, 900.0, 4999.0, 5001.0, 99000.0, 150000.0])
def test_poisson_sources_of_any_rate_have_the_same_bits_on_both_targets(rate):
    spec, storage = source_specs.SPIKE_SOURCE_POISSON, Storage.SHARED
    models = [compile_models([(spec, storage)], Options(target))[0] for target in ("cpp", "reference")]
    native, oracle = (Population(model, SIZE, {"rate": rate, "start": 2.03, "duration": 12.4}, {}) for model in models)

    for _ in range(N_STEPS):
        assert native.advance() == oracle.advance()
        for first, second in zip(native.arrays, oracle.arrays, strict=True):
            assert first.tobytes() == second.tobytes()


CONDUCTANCES = ModelSpec(
    "Conductances",
    parameters=(ParameterSpec("pull", 1.0), ParameterSpec("push", 0.5), ParameterSpec("limit", 0.3)),
    equations="""
        dv/dt = 1.0 - (1.0 + pull*g + push*h + w)*v : init=0.1
        dg/dt = -g/0.5
        dh/dt = -h/0.7
        dw/dt = -w/0.9
    """,
    receptors=(ReceptorSpec("excitatory", "g += input"), ReceptorSpec("inhibitory", "h += input")),
    spike="v > limit",
    reset="v = 0.0; w += 1.5",
)
"""What a spike changes makes exponential steps long, for some time."""


@pytest.mark.compiler
@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("storage", Storage)
@pytest.mark.parametrize("push", [0.5, 0.0, -5.0], ids=str)
@pytest.mark.parametrize("rare", [1, 3, -20], ids="{}_times".format)
def test_exponential_steps_that_are_short_now_and_long_then_have_the_same_bits(rare, push, storage, precision):
    parameters = CONDUCTANCES.defaults() | {"push": push}
    if storage is Storage.PER_ELEMENT:
        parameters = {name: value * np.linspace(0.9, 1.1, SIZE) for name, value in parameters.items()}
    targets = (Options("cpp", precision=precision), Options("reference", precision=precision))
    models = [compile_models([(CONDUCTANCES, storage)], options)[0] for options in targets]

    cells = [Population(model, SIZE, parameters, {"v": 0.1}, remembers=True) for model in models]
    assert_same_bits(*cells, rare=int(rare / QUANTUM))


def both(spec, parameters, states, precision="double", size=SIZE, storage=Storage.SHARED, **how):
    """The same cells on the native target and with NumPy."""
    targets = (Options("cpp", precision=precision), Options("reference", precision=precision))
    models = [compile_models([(spec, storage)], options)[0] for options in targets]
    return [Population(model, size, parameters, states, remembers=True, **how) for model in models]


LEAVING = {
    "another argument": """
        noise = ite(t < stop, Normal(0, 0.1), 0)
        pull = ite(t < stop, few, many)
        dv/dt = 1.0 + noise - (1.0 + pull*g)*v
        dg/dt = -g/5 : init=2.0
    """,
    "another constant": """
        noise = ite(t < stop, Normal(0, 0.1), 0)
        k = ite(t < stop, few, many)
        dv/dt = 1.0 + noise - k*v
        dg/dt = -g/5
    """,
    "both signs": """
        dv/dt = 1.5 + sin(t) - (up*g + h + down*g)*v
        dg/dt = -g/5
        dh/dt = 0.1 - h/3
    """,
    "constant": """
        dv/dt = 1.0 - v/7.0
        dg/dt = -g/5
    """,
}
"""What decides about the form of a step changes in the middle, or is no sum of variables each of which comes once."""


@pytest.mark.compiler
@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("case", LEAVING)
def test_what_a_step_leaves_for_the_next_one_changes_no_bit(case, precision):
    arrives = "input*exprel(-(few*dt))" if case == "constant" else "input"
    receptors = (ReceptorSpec("first", "g += input"), ReceptorSpec("second", f"v += {arrives}"))
    values = {"stop": 2.0, "few": 0.01, "many": 20.0, "up": 1e11, "down": -1e11}
    parameters = tuple(ParameterSpec(name, value) for name, value in values.items())
    spec = ModelSpec(
        "Leaving", parameters=parameters, equations=LEAVING[case], receptors=receptors, spike="v > 0.9", reset="v = 0"
    )

    assert_same_bits(*both(spec, values, {}, precision))


@pytest.mark.compiler
@pytest.mark.parametrize("size", [600, 64 * 256 + 700])
def test_cells_of_many_blocks_that_spike_together_read_their_inputs_at_rest(size):
    spec = ModelSpec(
        "Reading",
        parameters=(ParameterSpec("gain", 0.5),),
        equations="dv/dt = (1.5 - v)/5.0 + i_inj : init=0.5\nn = n",
        inputs=(InputSpec("i_inj"),),
        spike="v > 1.0",
        reset="v = gain*i_inj; n += 1 + i_inj",
    )
    native, oracle = both(spec, spec.defaults(), {"v": np.linspace(0.9, 1.1, size)}, size=size, at_rest=True)
    together = 0
    for _ in range(100):
        found = native.advance()
        assert found == oracle.advance()
        together = max(together, len(found[0]))
        for first, second in zip(native.arrays, oracle.arrays, strict=True):
            assert first.tobytes() == second.tobytes()
    assert together > size / 3


@pytest.mark.compiler
@pytest.mark.parametrize("storage", Storage)
def test_a_spike_condition_with_an_exponential_of_parameters_is_told(storage):
    spec = ModelSpec(
        "Told",
        parameters=(ParameterSpec("k", 0.7),),
        equations="dx/dt = 1.0 - x/9.0",
        spike="x*exprel(-(k*dt)) > 0.5",
        reset="x = 0",
    )

    assert_same_bits(*both(spec, spec.defaults(), {}, storage=storage))


THRESHOLDS = (-50.0, 0.0, -0.0, 5e-324, -5e-324, 3.5, np.inf, -np.inf)


@pytest.mark.compiler
@pytest.mark.parametrize("comparator", [">", ">="])
@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("limit", THRESHOLDS, ids=str)
def test_a_spike_is_found_where_its_condition_holds_and_nowhere_else(limit, precision, comparator):
    """Also at the threshold itself and beside it, and where there is no number."""
    spec = ModelSpec(
        "Bounded",
        parameters=(ParameterSpec("limit", 0.0),),
        equations="x = x\nn = n",
        spike=f"x {comparator} limit",
        reset="n += 1",
    )
    real = np.float64 if precision == "double" else np.float32
    near = [np.nextafter(real(limit), real(end)) for end in (-np.inf, np.inf)]
    values = np.array([real(limit), *near, *THRESHOLDS, np.nan, -np.nan, 1.0, -1.0], real)
    model = compile_models([(spec, Storage.SHARED)], Options("cpp", precision=precision))[0]
    for n_steps in (1, 3):
        for value in values:  # one alone, so that nobody else has it looked for
            cells = Population(model, 1, {"limit": limit}, {"x": value})
            found = [cells.advance()[0] for _ in range(n_steps)]

            spikes = bool(value > real(limit) or (comparator == ">=" and value == real(limit)))
            assert found == n_steps * [[0] if spikes else []], value
            assert cells.state("n")[0] == (n_steps if spikes else 0)


@pytest.mark.parametrize("target", ["cpp", "reference"])
def test_results_do_not_depend_on_how_cells_are_split_into_ranges(target):
    def run(ranges):
        model = compile_models([(EVERYTHING, Storage.SHARED)], Options(target))[0]
        cells = Population(model, SIZE, EVERYTHING.defaults(), {"v": np.linspace(-1, 1, SIZE)})
        spikes = []
        for step in range(20):
            parts = []
            for begin, end in ranges:
                cells.step = step
                parts += cells.advance(begin, end)[0]
            spikes.append(parts)
        return spikes, [array.tobytes() for array in cells.arrays]

    assert run([(0, SIZE)]) == run([(0, 17), (17, 64), (64, SIZE)])


@pytest.mark.parametrize("order", Order)
def test_order_of_the_step_decides_whether_increments_are_felt_in_it(order, target):
    spec = ModelSpec(
        "Ordered",
        parameters=(ParameterSpec("gain", 1.0),),
        equations="x = gain*g\ng = 0.5*g",
        receptors=(ReceptorSpec("input_port", "g += input"),),
        order=order,
    )
    cells = Population(compile_models([(spec, Storage.SHARED)], Options(target))[0], 1, spec.defaults(), {})
    cells.inputs[0][:] = round(2.0 / QUANTUM)

    cells.advance()

    # PYNN: the state of before; ANNARCHY: the increment of 2 first
    assert cells.state("x")[0] == (0.0 if order is Order.PYNN else 2.0)
    assert cells.state("g")[0] == (2.0 if order is Order.PYNN else 1.0)
