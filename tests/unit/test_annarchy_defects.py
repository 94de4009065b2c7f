"""What is wrong in ANNarchy 5 is right here: each defect that was found there, in the order of the list of them.

By running it: tests that begin with the number of the defect. From its source: those at the end.
"""

from __future__ import annotations

import sys
from math import exp, log

import numpy as np
import pytest

import pynn_annarchy.ann as ann
from pynn_annarchy.exceptions import AnnarchyError, EquationError

COUNTER = {"equations": "r = t + dt"}


@pytest.fixture
def network():
    return ann.Network(seed=1)


def rates(equations, steps=1, **arguments):
    """`r` of a neuron after some steps of 1 ms."""
    net = ann.Network(seed=1)
    cells = net.create(1, ann.Neuron(equations=equations, **arguments))
    net.simulate(float(steps))
    return float(cells.r[0])


def test_01_simulate_until_returns_ms():
    net = ann.Network(dt=0.5)
    counting = net.create(1, ann.Neuron(**COUNTER), stop_condition="r >= 3.0")
    assert net.simulate_until(100.0, counting) == 3.0


def test_02_modulo_is_a_value_like_others():
    # in the sixth step t = 5
    assert rates("r = 2*modulo(t, 10)", 6) == 10.0
    assert rates("r = modulo(t + 0.25, 0.5)", 6) == 0.25  # of numbers that are not whole, too


def test_03_the_power_zero_is_one():
    assert rates("r = power(t + 2, 0)") == 1.0
    assert rates("r = power(t + 2, 3) + power(t + 2, -1)") == 8.5


def test_04_an_exponential_law_has_one_mean_everywhere():
    net = ann.Network(seed=2)
    cells = net.create(20_000, ann.Neuron(equations="r = Exponential(4.0)"))
    net.step()
    drawn = ann.Exponential(4.0, rng=np.random.default_rng(1)).get_values(20_000)
    # a standard error is 4/sqrt(20000)
    assert np.mean(cells.r) == pytest.approx(4.0, abs=5 * 4.0 / np.sqrt(20_000))
    assert np.mean(drawn) == pytest.approx(4.0, abs=5 * 4.0 / np.sqrt(20_000))


@pytest.mark.parametrize("is_built", [False, True])
def test_05_values_of_the_wrong_shape_and_unknown_names_are_refused(network, is_built):
    cells = network.create(5, ann.Neuron(**COUNTER))
    if is_built:
        network.compile()
    with pytest.raises(AnnarchyError, match="r"):
        cells.r = [1.0, 2.0]
    with pytest.raises(AttributeError, match="foo"):
        cells.foo = 1.0


def test_06_rates_of_spikes_are_those_of_the_time_step_of_their_network():
    net = ann.Network(dt=0.5)
    # every 10 ms
    regular = net.create(4, ann.Neuron(equations="v += dt", spike="v >= 10", reset="v = 0"))
    monitor = net.monitor(regular, "spike")
    net.simulate(1000.0)
    spikes = monitor.get("spike")
    assert monitor.mean_fr(spikes) == pytest.approx(100.0)
    assert np.mean(monitor.population_rate(spikes)) == pytest.approx(100.0)
    assert np.mean(monitor.smoothed_rate(spikes)[:, 200:]) == pytest.approx(100.0, rel=0.02)


def test_07_a_copy_has_a_clock_of_its_own(network):
    network.create(1, ann.Neuron(**COUNTER), name="counting")
    network.simulate(10.0)
    copy = network.copy()
    assert network.time == 10.0
    before = copy.time

    copy.simulate(3.0)
    assert (network.time, copy.time) == (10.0, before + 3.0)
    network.simulate(1.0)
    assert (network.time, copy.time) == (11.0, before + 3.0)
    assert network.get_population("counting").r == 11.0


def test_08_functions_of_a_network_can_be_called(network):
    ann.add_function("defect_of_functions(x) = 2*x")
    network.create(1, ann.Neuron(equations="r = defect_of_functions(t)"))
    network.compile()
    assert np.array_equal(ann.functions("defect_of_functions", network)([1.0, 2.0]), [2.0, 4.0])


@pytest.mark.parametrize("ending", ["tex", "md"])
def test_08_a_report_can_be_written_after_compilation_with_a_monitor(network, tmp_path, ending):
    network.monitor(network.create(1, ann.Neuron(name="Counting", **COUNTER)), "r")
    network.compile()
    ann.report(network, filename=str(tmp_path / f"report.{ending}"))
    assert "Counting" in (tmp_path / f"report.{ending}").read_text()


def test_08_a_constant_refractory_period_can_be_read_after_compilation(network):
    cells = network.create(3, ann.Neuron(equations="v += 1", spike="v > 2", reset="v = 0", refractory=3.0))
    network.compile()
    assert np.all(cells.refractory == 3.0)


def test_08_hybrid_populations_belong_to_networks(network):
    rate = network.create(2, ann.Neuron(**COUNTER))
    spiking = network.create(ann.Rate2SpikePopulation(rate))
    assert network.create(ann.Spike2RatePopulation(spiking)).size == 2
    network.simulate(2.0)


def test_08_the_module_of_the_bold_signal_can_be_imported_whole():
    """It comes later, and says so where one of its names is used."""
    names: dict[str, object] = {}
    exec("from pynn_annarchy.ann.extensions.bold import *", names)
    with pytest.raises(NotImplementedError, match="BoldMonitor"):
        exec("from pynn_annarchy.ann.extensions.bold import BoldMonitor", names)


def test_08_receptive_fields_of_dendrites(network):
    pre, post = network.create((2, 3), ann.Neuron(**COUNTER)), network.create(1, ann.Neuron(equations="r = sum(exc)"))
    projection = network.connect(pre, post, "exc").from_matrix([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    network.compile()
    assert np.array_equal(projection.dendrite(0).receptive_field(), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def test_08_projections_are_found_by_names_of_populations(network):
    cells = network.create(2, ann.Neuron(equations="r = sum(exc)"), name="cells")
    projection = network.connect(cells, cells, "exc").one_to_one()
    assert network.get_projections(post="cells") == [projection]


def test_08_views_know_coordinates_of_their_own(network):
    view = network.create((4, 4), ann.Neuron(**COUNTER))[1:3, 1:3]
    assert tuple(view.coordinates_from_rank(10, local=True)) == (1, 1)  # of a neuron at (2, 2)


def test_08_the_seed_can_be_configured():
    net = ann.Network()
    net.config(seed=42)
    assert net.seed == 42


def test_09_the_method_of_a_network_has_its_effect(network):
    network.config(method="exponential")
    cells = network.create(1, ann.Neuron(parameters="tau = 10.0", equations="tau*dr/dt = -r : init=1.0"))
    network.step()
    assert cells.r[0] == pytest.approx(exp(-0.1), rel=1e-14)


def test_09_variables_choose_whether_they_go_on_in_refractoriness(network):
    text = "c += 1; d += 1 : unless_refractory; v += 1"
    cells = network.create(1, ann.Neuron(equations=text, spike="v > 2.5", reset="v = 0", refractory=4.0))
    monitor = network.monitor(cells, ["c", "d"])
    network.simulate(6.0)
    flagged = monitor.get("d")[:, 0]
    # the spike is in the third step; the four that follow are refractory
    assert flagged.tolist() == [1.0, 2.0, 3.0, 3.0, 3.0, 3.0]


def test_09_an_offset_of_a_monitor_is_no_period(network):
    monitor = network.monitor(network.create(1, ann.Neuron(**COUNTER)), "r", period=10.0)
    monitor.period_offset = 2.0
    assert (monitor.period, monitor.period_offset) == (10.0, 2.0)


def test_10_undeclared_names_are_refused_in_python_with_a_caret(network):
    with pytest.raises(EquationError, match=r"'foo'[\s\S]*\n *r = foo\*3\n *\^"):
        network.create(1, ann.Neuron(equations="r = foo*3"))


def test_11_compilation_needs_no_python_of_the_path(network, monkeypatch, tmp_path):
    """ANNarchy's build asks CMake for a Python, which finds another one where the environment is not activated."""
    import shutil

    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no C++ compiler on this machine")
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("g++", "gcc", "as", "ld"):
        if shutil.which(tool):
            (tools / tool).symlink_to(shutil.which(tool))
    monkeypatch.setenv("PATH", str(tools))
    assert shutil.which("python3") is None and shutil.which("cmake") is None
    cells = network.create(1, ann.Neuron(equations="r = t + 4321.0"))
    network.compile(compiler=compiler)
    network.step()
    assert cells.r[0] == 4321.0


# from the source


def test_setting_one_neuron_leaves_the_others_and_costs_one_write(network):
    cells = network.create(1000, ann.Neuron(parameters="B = 0.0", equations="r = B"))
    network.compile()
    for rank in range(0, 1000, 100):
        cells[rank].B = float(rank)
    network.step()
    expected = np.zeros(1000)
    expected[::100] = np.arange(0.0, 1000.0, 100.0)
    assert np.array_equal(cells.r, expected)


def test_periods_of_learning_count_from_the_time_of_their_own_network():
    other = ann.Network(seed=1)
    other.create(1, ann.Neuron(**COUNTER))
    other.simulate(7.0)
    net = ann.Network(seed=1)
    cells = net.create(1, ann.Neuron(equations="r = 1"))
    counting = ann.Synapse(equations="w += 1")
    projection = net.connect(cells, net.create(1, ann.Neuron(equations="r = sum(exc)")), "exc", counting).all_to_all(
        0.0
    )
    net.compile()
    projection.enable_learning(period=5.0)
    net.simulate(20.0)
    assert projection.w == [[4.0]]


def test_longer_delays_can_be_set_later(network):
    counting = network.create(1, ann.Neuron(equations="r = t"))
    follower = network.create(1, ann.Neuron(equations="r = sum(exc)"))
    projection = network.connect(counting, follower, "exc").all_to_all(1.0, delays=2.0)
    network.simulate(50.0)
    projection.delay = 10.0
    network.simulate(50.0)
    assert follower.r[0] == 99.0 - 10.0


def test_a_law_with_limits_is_cut_and_not_piled_up_at_them():
    values = ann.Normal(0.0, 1.0, min=0.0, rng=np.random.default_rng(1)).get_values(10_000)
    assert values.min() > 0.0
    assert np.mean(values) == pytest.approx(np.sqrt(2.0 / np.pi), abs=5 * 0.61 / 100.0)  # of half a Gaussian


def test_receptive_fields_of_partial_connections(network):
    pre, post = network.create((3, 3), ann.Neuron(**COUNTER)), network.create(4, ann.Neuron(equations="r = sum(exc)"))
    weights = [[float(rank + 1) if rank % 2 == 0 else None for rank in range(9)]] * 4
    projection = network.connect(pre, post, "exc").from_matrix(weights)
    network.compile()
    fields = projection.receptive_fields(in_post_geometry=False)
    assert np.array_equal(np.unique(fields), [0.0, 1.0, 3.0, 5.0, 7.0, 9.0])


def test_a_failed_compilation_leaves_the_process_where_it_was(network, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network.create(1, ann.Neuron(equations="r = t + 98765.0"))
    with pytest.raises(AnnarchyError):
        network.compile(compiler_flags="-fno-such-flag-anywhere")
    assert str(tmp_path) == str(type(tmp_path).cwd())


def test_an_update_of_rates_warns_of_nothing(network, recwarn):
    inputs = network.create(ann.TimedArray(rates=np.eye(3), schedule=10.0))
    network.compile()
    inputs.update(rates=2.0 * np.eye(3), schedule=10.0)
    network.step()
    assert inputs.r.tolist() == [2.0, 0.0, 0.0]
    assert not [warning for warning in recwarn if "pynn_annarchy" in str(warning.filename)]


def test_coupled_synaptic_equations_are_coupled_in_every_method():
    for method in ("implicit", "midpoint", "rk4", "semiimplicit", "exponential", "explicit"):
        net = ann.Network(dt=0.01)
        cells = net.create(1, ann.Neuron(equations="r = 1"))
        circle = ann.Synapse(equations=f"dx/dt = -y : init=1, {method}\ndy/dt = x : init=0, {method}")
        projection = net.connect(cells, net.create(1, ann.Neuron(equations="r = sum(exc)")), "exc", circle).all_to_all(
            1.0
        )
        net.simulate(1.0)
        assert projection.x[0][0] == pytest.approx(np.cos(1.0), abs=0.01), method
        assert projection.y[0][0] == pytest.approx(np.sin(1.0), abs=0.01), method


def test_the_sum_of_all_targets_is_not_forgotten(network):
    """ANNarchy 5 generates the addition and drops it; its ``sum()`` is 0."""
    ones = network.create(2, ann.Neuron(equations="r = 1"))
    cells = network.create(1, ann.Neuron(equations="r = sum() + 100*sum(inh)"))
    network.connect(ones, cells, "exc").all_to_all(1.0)
    network.connect(ones, cells, "inh").all_to_all(3.0)
    network.simulate(2.0)
    assert cells.r[0] == 2.0 + 6.0 + 600.0


def test_command_lines_of_scripts_are_not_touched(monkeypatch):
    arguments = ["script.py", "--clean", "-j", "1", "--own", "3"]
    monkeypatch.setattr(sys, "argv", list(arguments))
    assert rates("r = log(2)") == log(2.0)
    assert sys.argv == arguments
