"""What is set comes back, for every cell and synapse type that there is: parameters, states, weights, data of runs."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from pyNN.parameters import ArrayParameter, Sequence
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.standardmodels import StandardSynapseType

import pynn_annarchy as sim
from pynn_annarchy.language.functions import DISTRIBUTIONS

DT = 0.1
N = 4
PROPERTY = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
DURATION = 30.0


def composed(**receptors):
    return sim.PointNeuron(sim.LIF(), **{name: response() for name, response in receptors.items()})


SPECIAL = {
    "PointNeuron": lambda: composed(AMPA=sim.CondExpPostSynapticResponse, GABA=sim.CondAlphaPostSynapticResponse)
}
"""Cell types that cannot be made without arguments."""

TYPES = [name for name in sim.list_standard_models() if name not in ("LIF", "AdExp")]


def cell_type(name):
    return SPECIAL.get(name, getattr(sim, name))()


def population(name, size=N, label=None):
    return sim.Population(size, cell_type(name), label=label)


def has_receptors(name):
    return bool(cell_type(name).receptor_types)


def is_noisy(name):
    """Whether the model draws random numbers while it runs."""
    spec = getattr(cell_type(name), "spec", None)
    text = "" if spec is None else str(astuple(spec))
    return any(f"{distribution}(" in text for distribution in DISTRIBUTIONS)


CELLS = [name for name in TYPES if has_receptors(name)]
SOURCES = [name for name in TYPES if not has_receptors(name)]
SYNAPSES = [
    name
    for name, value in vars(sim).items()
    if isinstance(value, type) and issubclass(value, StandardSynapseType) and name not in ("STDPMechanism",)
]


def values_near(default):
    """Values of a parameter that make sense where its default does: nothing changes its sign or becomes zero."""
    factor = st.floats(0.5, 1.5, allow_subnormal=False)
    if isinstance(default, Sequence) and not default.value.size:
        times = st.lists(st.floats(0.0, 1000.0, allow_subnormal=False), max_size=5)
        return times.map(lambda times: Sequence(sorted(times)))
    if isinstance(default, ArrayParameter):
        factors = st.lists(factor, min_size=default.value.size, max_size=default.value.size)
        return factors.map(lambda factors: type(default)(default.value * np.array(factors)))
    return factor.map(lambda x: float(default) * x if default else x)


def plain(value):
    """Something that == compares: numbers and lists of numbers."""
    return value.value.tolist() if isinstance(value, ArrayParameter) else float(value)


def present(cells, parameter):
    values = cells.get(parameter, simplify=False)
    return [plain(value) for value in values]


# parameters


@pytest.mark.parametrize("name", TYPES)
@PROPERTY
@given(data=st.data())
def test_parameters_come_back_exactly_as_they_were_set(name, data):
    sim.setup(timestep=DT)
    cells = population(name)
    defaults = cell_type(name).default_parameters
    parameter = data.draw(st.sampled_from(sorted(defaults)), label="parameter")
    some = values_near(defaults[parameter])
    expected = [plain(defaults[parameter])] * N
    assert present(cells, parameter) == expected
    others = {other: present(cells, other) for other in defaults if other != parameter}
    for _ in range(data.draw(st.integers(1, 4), label="changes")):
        way = data.draw(st.sampled_from(["all", "each", "function", "view", "cell"]), label="way")
        value = data.draw(some, label="value")
        values = data.draw(st.lists(some, min_size=N, max_size=N), label="values")
        if way == "all":
            cells.set(**{parameter: value})
            expected = [plain(value)] * N
        elif way == "each":
            cells.set(**{parameter: values})
            expected = [plain(value) for value in values]
        elif way == "function" and not isinstance(value, ArrayParameter):
            cells.set(**{parameter: lambda i, value=value: value * (1 + i / 8)})
            expected = [value * (1 + i / 8) for i in range(N)]
        elif way == "view":
            cells[1:3].set(**{parameter: value})
            expected = [expected[0], plain(value), plain(value), expected[3]]
        else:
            setattr(cells[2], parameter, value)
            expected = [*expected[:2], plain(value), expected[3]]
            assert plain(getattr(cells[2], parameter)) == plain(value)
        assert present(cells, parameter) == expected
    assert {other: present(cells, other) for other in others} == others


@pytest.mark.parametrize("name", TYPES)
def test_a_distribution_is_drawn_once_for_all_cells(name):
    sim.setup(timestep=DT)
    for parameter, default in cell_type(name).default_parameters.items():
        if isinstance(default, ArrayParameter) or not default:
            continue
        low, high = sorted((0.5 * default, 1.5 * default))
        cells = population(name)
        cells.set(**{parameter: RandomDistribution("uniform", (low, high), rng=NumpyRNG(seed=1))})
        expected = NumpyRNG(seed=1).next(N, "uniform", {"low": low, "high": high})
        assert_array_equal(cells.get(parameter, simplify=False), expected)


# states


@pytest.mark.parametrize("name", CELLS)
@settings(PROPERTY, max_examples=5)
@given(data=st.data())
def test_initial_values_are_what_is_recorded_first_and_after_each_reset(name, data):
    sim.setup(timestep=DT)
    cells = population(name)
    variables = sorted(set(cells.celltype.default_initial_values) & set(cells.celltype.recordable))
    cells.record(variables)
    expected = {}
    for variable in variables:
        default = cells.celltype.default_initial_values[variable]
        expected[variable] = data.draw(st.lists(values_near(default), min_size=N, max_size=N), label=variable)
    cells.initialize(**expected)
    for _ in range(2):
        sim.run(DT)
        sim.reset()
    sim.run(DT)
    for segment in cells.get_data().segments:
        for variable in variables:
            assert_array_equal(segment.filter(name=variable)[0].magnitude[0], expected[variable])
    for variable in variables:
        assert_array_equal(cells.initial_values[variable].evaluate(), expected[variable])


# connections


def on_the_grid(delay):
    """The nearest multiple of dt, half a step counting as one."""
    return np.round(np.floor(np.asarray(delay) / DT + 0.5 + 1e-6) * DT, 9)


@pytest.mark.parametrize("name", CELLS)
@PROPERTY
@given(data=st.data())
def test_weights_and_delays_come_back_as_they_were_set(name, data):
    sim.setup(timestep=DT)
    pre, post = sim.Population(3, sim.SpikeSourceArray()), population(name)
    receptor = data.draw(st.sampled_from(post.celltype.receptor_types), label="receptor")
    projection = sim.Projection(
        pre, post, sim.FixedProbabilityConnector(0.7, rng=NumpyRNG(4)), sim.StaticSynapse(), receptor_type=receptor
    )
    n = len(projection)
    pairs = [pair[:2] for pair in projection.get("weight", "list")]
    sign = -1.0 if receptor == "inhibitory" and not post.conductance_based else 1.0
    weights = np.zeros(n)
    delays = np.full(n, DT)
    for _ in range(data.draw(st.integers(1, 3), label="changes")):
        way = data.draw(st.sampled_from(["number", "list", "array", "connection"]), label="way")
        weight = st.floats(0.0, 2.0, allow_subnormal=False).map(lambda w: sign * w)
        delay = st.floats(DT, 20.0)
        if way == "number":
            weights[:], delays[:] = data.draw(weight), data.draw(delay)
            projection.set(weight=weights[0], delay=delays[0])
        elif way == "connection":
            i = data.draw(st.integers(0, n - 1))
            weights[i], delays[i] = data.draw(weight), data.draw(delay)
            projection[i].weight, projection[i].delay = weights[i], delays[i]
        else:
            weights[:] = data.draw(st.lists(weight, min_size=n, max_size=n))
            delays[:] = data.draw(st.lists(delay, min_size=n, max_size=n))
            if way == "list":
                projection.set(weight=weights.tolist(), delay=delays.tolist())
            else:
                projection.set(weight=matrix(pairs, weights), delay=matrix(pairs, delays))
        assert projection.get("weight", "list") == [(*pair, w) for pair, w in zip(pairs, weights, strict=True)]
        assert_array_equal(projection.get("weight", "array"), matrix(pairs, weights))
        # times are the decimal numbers that are written
        np.testing.assert_allclose(
            projection.get("delay", "list", with_address=False), on_the_grid(delays), rtol=0, atol=1e-12
        )


def matrix(pairs, values):
    array = np.full((3, N), np.nan)
    array[tuple(np.transpose(pairs))] = values
    return array


@pytest.mark.parametrize("name", SYNAPSES)
@PROPERTY
@given(data=st.data())
def test_parameters_of_synapses_come_back_exactly_as_they_were_set(name, data):
    sim.setup(timestep=DT)
    synapse = getattr(sim, name)()
    cells = sim.Population(N, sim.IF_cond_exp())
    projection = sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
    fixed = {"dendritic_delay_fraction"} & set(synapse.get_parameter_names())
    for name in fixed:
        with pytest.raises(ValueError, match="is fixed when the synapses are made"):
            projection.set(**{name: 0.5})
    names = sorted(set(synapse.get_parameter_names()) - {"delay"} - fixed)
    parameter = data.draw(st.sampled_from(names), label="parameter")
    default = synapse.default_parameters[parameter]
    some = st.integers(1, 10) if isinstance(default, int) else values_near(default)
    values = data.draw(st.lists(some, min_size=N * N, max_size=N * N), label="values")
    projection.set(**{parameter: values})
    assert projection.get(parameter, "list", with_address=False) == values
    projection.set(**{parameter: values[0]})
    assert projection.get(parameter, "list", with_address=False) == [values[0]] * (N * N)


# data


def driven(name, seed=1):
    """Cells of the type, with spikes on each receptor and a current where the type takes them; everything recorded."""
    sim.setup(timestep=DT, seed=seed)
    cells = population(name)
    if isinstance(cells.celltype, sim.SpikeSourceArray):
        cells.set(spike_times=[Sequence([1.0 + i, 5.0, 5.05]) for i in range(N)])
    for rate in {"rate", "beta"} & set(cells.celltype.default_parameters):
        cells.set(**{rate: 200.0})
    for k, receptor in enumerate(cells.celltype.receptor_types):
        source = sim.Population(2, sim.SpikeSourceArray(spike_times=[2.0 + k, 7.0, 29.5]))
        sign = -1.0 if receptor == "inhibitory" and not cells.conductance_based else 1.0
        synapse = sim.StaticSynapse(
            weight=sign * 0.01, delay=RandomDistribution("uniform", (0.5, 3.0), rng=NumpyRNG(1))
        )
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    if cells.celltype.injectable:
        cells[:2].inject(sim.DCSource(amplitude=1.0, start=3.0, stop=20.0))
    cells.record("all")
    return cells


def contents(segment):
    """All that was recorded, as something that == compares."""
    signals = {signal.name: signal.magnitude.tolist() for signal in segment.analogsignals}
    return signals, [train.magnitude.tolist() for train in segment.spiketrains]


@pytest.mark.parametrize("name", [name for name in TYPES if not is_noisy(name)])
def test_three_runs_of_a_deterministic_network_give_identical_data(name):
    cells = driven(name)
    for _ in range(3):
        sim.run(DURATION)
        sim.reset()
    first, second, third = (contents(segment) for segment in cells.get_data().segments)
    assert first == second == third
    assert any(first[1]) or any(np.ptp(signal) > 0 for signal in first[0].values())


@pytest.mark.parametrize("name", [name for name in TYPES if is_noisy(name)])
def test_a_reset_brings_new_noise_unless_it_is_to_repeat(name):
    cells = driven(name)
    if name == "GIF_cond_exp":
        cells.set(v_t_star=-62.0)  # its noise is in its spikes
    for repeat in (False, True, True):
        sim.run(100.0)
        sim.reset(repeat_noise=repeat)
    sim.run(100.0)
    first, second, third, fourth = (contents(segment) for segment in cells.get_data().segments)
    assert first != second
    assert second == third == fourth


@pytest.mark.parametrize("name", TYPES)
def test_callbacks_that_read_and_write_the_same_leave_the_data_as_they_are(name):
    cells = driven(name)
    sim.run(DURATION)
    expected = contents(cells.get_data().segments[0])
    cells = driven(name)
    names = cells.celltype.get_parameter_names()

    def read_and_write(t):
        cells.set(**dict(zip(names, cells.get(names), strict=True)))
        return t + 2.3

    sim.run(DURATION, callbacks=[read_and_write, lambda t: t + 0.7])
    assert contents(cells.get_data().segments[0]) == expected


@pytest.mark.parametrize("name", CELLS)
@settings(PROPERTY, max_examples=5)
@given(data=st.data())
def test_what_callbacks_set_comes_back_in_the_next_one_and_survives_a_reset(name, data):
    cells = driven(name)
    defaults = {
        key: value for key, value in cells.celltype.default_parameters.items() if not isinstance(value, ArrayParameter)
    }
    expected = {}

    def check_and_set(t):
        for parameter, values in expected.items():
            assert present(cells, parameter) == values
        parameter = data.draw(st.sampled_from(sorted(defaults)))
        expected[parameter] = data.draw(st.lists(values_near(defaults[parameter]), min_size=N, max_size=N))
        cells.set(**{parameter: expected[parameter]})
        return t + 1.0

    sim.run(3.0, callbacks=[check_and_set])
    sim.reset()
    for parameter, values in expected.items():
        assert present(cells, parameter) == values
