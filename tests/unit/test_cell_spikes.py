"""What cells know of their spikes: when the last one was, how long they rest, how many there were of late."""

from __future__ import annotations

import numpy as np
import pytest
from pytest import approx

from pynn_annarchy.engine.checkpoint import capture, restore
from pynn_annarchy.engine.network import Network
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.spec import InputSpec, Kind, ModelSpec, Order, ParameterSpec, ReceptorSpec
from pynn_annarchy.targets.compile import Options

SIZE = 70


def cells_of(target, equations="v += 1", size=1, threads=1, dt=1.0, values=(), order=Order.ANNARCHY, **parts):
    """Cells that count, and spike at 3."""
    net = Network(dt=dt, seed=3, threads=threads, options=Options(target=target))
    texts = {"spike": "v >= 3", "reset": "v = 1", **parts}
    return net.add_cells(ModelSpec("Counter", equations=equations, order=order, **texts), size, dict(values), "ours")


def course(cells, n_steps, name):
    """Values of a variable of the first cell after each of some steps."""
    values = []
    for _ in range(n_steps):
        cells.network.run(1)
        values.append(np.ravel(cells.state(name))[0].item())
    return values


def spike_steps(recorder, cell=0):
    """Steps in which a cell has spiked, the first one of the simulation being 0."""
    index, times = recorder.spikes()
    return (np.rint(times[index == cell]).astype(int) - 1).tolist()


# when the last spike was


def test_the_time_of_the_last_spike_is_known_from_the_spike_on(target):
    cells = cells_of(target, "v += 1\nsince = t - t_last")

    since = course(cells, 8, "since")

    # ANNarchy's order: a spike comes at the start of its step, which equations see after it
    assert since == [np.inf, np.inf, np.inf, 1.0, 2.0, 1.0, 2.0, 1.0]
    assert cells.state("t_last").tolist() == [6.0]
    cells.network.reset()
    assert cells.state("t_last").tolist() == [-np.inf]


@pytest.mark.parametrize("order", Order)
def test_intervals_can_be_measured_in_reset(target, order):
    cells = cells_of(
        target, "v += gain\nr = 1000/isi", order=order, dt=0.1, reset="v = 0; isi = t - t_last : init=inf_ms",
        parameters=(ParameterSpec("gain", 1.0), ParameterSpec("inf_ms", 1e9)),
    )  # fmt: skip
    recorder = cells.record_spikes(np.array([0]))

    cells.network.run(40)
    cells.set("gain", 0.5)
    cells.network.run(40)

    times = recorder.spikes()[1]
    assert cells.state("isi")[0] == approx(times[-1] - times[-2], rel=1e-12) == approx(0.6, rel=1e-12)


def test_in_pynn_order_the_last_spike_is_at_the_end_of_its_step(target):
    cells = cells_of(target, dt=0.1, order=Order.PYNN, equations="v += 1\nlast = t_last")
    recorder = cells.record_spikes(np.array([0]))

    cells.network.run(4)

    assert cells.state("t_last") == approx(recorder.spikes()[1], rel=1e-15)
    assert cells.state("t_last") == approx([0.3], rel=1e-15)


# refractoriness


def test_all_but_conductances_stand_still_while_a_cell_rests(target):
    cells = cells_of(target, "v += 1\ng_exc += 1\nn += 1", refractory="3.0")
    recorder = cells.record_spikes(np.array([0]))

    v = cells.record("v", np.array([0]))
    g, n = cells.record("g_exc", np.array([0])), cells.record("n", np.array([0]))
    cells.network.run(9)

    # reference: spike steps 2 and 7, v as ANNarchy has it
    assert v.data()[1:, 0].tolist() == [1, 2, 1, 1, 1, 1, 2, 1, 1]
    assert g.data()[1:, 0].tolist() == list(range(1, 10))
    assert n.data()[1:, 0].tolist() == [1, 2, 3, 3, 3, 3, 4, 5, 5]
    assert spike_steps(recorder) == [2, 7]


def test_a_flag_chooses_what_stands_still(target):
    cells = cells_of(target, "v += 1 : unless_refractory\nn += 1", refractory="3.0")

    n = course(cells, 9, "n")

    assert n == list(range(1, 10))
    assert cells.state("v").tolist() == [1.0]


def test_a_population_variable_never_stands_still(target):
    cells = cells_of(target, "v += 1\ng += 1 : population", size=3, refractory="3.0")

    assert course(cells, 9, "g") == list(range(1, 10))


@pytest.mark.parametrize("period", ["rest", "2*rest - 3", "pause", "clip(pause, 0, 10) + 0*rest"])
def test_the_period_may_be_a_parameter_a_variable_or_an_expression(target, period):
    cells = cells_of(
        target, "v += 1\npause = pause : init=3", refractory=period, parameters=(ParameterSpec("rest", 3.0),)
    )
    recorder = cells.record_spikes(np.array([0]))
    assert cells.refractory == approx(3.0) or cells.refractory.tolist() == [3.0]

    cells.network.run(9)

    assert spike_steps(recorder) == [2, 7]


def test_a_period_that_varies_is_that_of_the_spike_after_the_reset(target):
    cells = cells_of(target, refractory="pause", reset="v = 1; pause += 1.4 : init=0")
    recorder = cells.record_spikes(np.array([0]))

    cells.network.run(20)

    # two steps from 1 to 3, besides rests of 1.4, 2.8, 4.2 and 5.6 ms, each rounded
    assert spike_steps(recorder) == [2, 2 + 2 + 1, 5 + 2 + 3, 10 + 2 + 4, 16 + 2 + 6][:4]


@pytest.mark.parametrize("step", [0, 5, 5000])
@pytest.mark.parametrize("is_saved", [False, True])
def test_what_is_left_of_a_period_stays_when_the_clock_is_set(target, step, is_saved):
    """The spike is in step 2; of five steps of rest two have passed."""
    cells = cells_of(target, refractory="5.0")
    net = cells.network
    net.run(5)

    net.rewind(step=step)
    if is_saved:
        restore(net, capture(net))
    recorder = cells.record_spikes(np.array([0]))
    net.run(8)

    assert spike_steps(recorder) == [step + 3 + 1]


def test_a_period_stands_still_in_cells_that_do(target):
    cells = cells_of(target, refractory="5.0")
    net = cells.network
    net.run(5)
    net.activate(cells, False)
    net.run(4)
    net.rewind(step=100)
    net.run(4)
    net.activate(cells, True)
    recorder = cells.record_spikes(np.array([0]))

    net.run(8)

    assert spike_steps(recorder) == [104 + 3 + 1]


def test_initial_values_end_every_period(target):
    cells = cells_of(target, refractory="500.0")
    cells.network.run(5)
    cells.network.reset()
    recorder = cells.record_spikes(np.array([0]))

    cells.network.run(5)

    assert spike_steps(recorder) == [2]


@pytest.mark.parametrize("refractory", ["", "2.0", "rest", "rest + 1", "pause"])
def test_the_period_can_be_set_whatever_the_model_says(target, refractory):
    cells = cells_of(
        target, "v += 1\npause = pause : init=5", size=3, refractory=refractory,
        parameters=(ParameterSpec("rest", 3.0),),
    )  # fmt: skip
    recorder = cells.record_spikes(np.arange(3))
    cells.network.run(1)

    cells.set_refractory(3.0)
    cells.set_refractory([0.0, 1.0], np.array([0, 2]))
    assert cells.refractory.tolist() == [0.0, 3.0, 1.0]
    cells.network.run(8)

    assert [spike_steps(recorder, cell) for cell in range(3)] == [[2, 4, 6, 8], [2, 7], [2, 5, 8]]


def test_wrong_periods_are_refused(target):
    cells = cells_of(target)
    for value, message in ((-1.0, "must not be negative"), (np.nan, "must be finite"), ([1.0, 2.0], "shape")):
        with pytest.raises(ModelError, match=message):
            cells.set_refractory(value)
    cells.network.run(3)
    assert cells.refractory == 0.0
    with pytest.raises(ModelError, match="'ours' \\(Counter\\) has no 'spike' condition"):
        cells_of(target, spike="", reset="").set_refractory(1.0)


# firing rates


@pytest.mark.parametrize("threads", [1, 3])
def test_the_firing_rate_is_that_of_a_window_up_to_the_present(target, threads):
    cells = cells_of(
        target, "v += gain", size=SIZE, threads=threads, dt=0.5, parameters=(ParameterSpec("gain", 1.0),),
        values={"gain": np.linspace(0.1, 2.0, SIZE)},
    )  # fmt: skip
    recorder = cells.record_spikes(np.arange(SIZE))
    assert (cells.state("r") == 0).all()

    cells.compute_firing_rate(window=10.0)  # 20 steps
    for n in (5, 20, 21, 30, 90):
        cells.network.run(n - cells.network.step)
        index, times = recorder.spikes()
        steps = np.rint(times / 0.5)
        counts = np.bincount(index[steps > n - 20], minlength=SIZE)
        assert cells.state("r") == approx(counts * 100.0, abs=0)


def test_a_window_may_change_and_reset_begins_anew(target):
    cells = cells_of(target)  # spikes in steps 3, 5, 7, ... of the engine
    cells.compute_firing_rate(8.0)
    cells.network.run(9)
    assert cells.state("r").tolist() == [4 * 125.0]

    cells.compute_firing_rate(4.0)
    assert course(cells, 2, "r") == [2 * 250.0] * 2
    cells.compute_firing_rate(5.0)
    assert course(cells, 3, "r") == [2 * 200.0, 3 * 200.0, 2 * 200.0]  # what had been forgotten is not missed
    cells.network.reset()
    assert cells.state("r").tolist() == [0.0]
    assert course(cells, 3, "r") == [0.0, 0.0, 200.0]


def test_spikes_that_a_source_repeats_are_all_counted(target):
    net = Network(dt=1.0, seed=3, threads=2, options=Options(target=target))
    source = net.add_cells(ModelSpec("Source", equations="n = 3", emits="n", max_spikes="5"), 2, {}, "source")

    source.compute_firing_rate(4.0)

    assert course(source, 5, "r") == [750.0, 1500.0, 2250.0, 3000.0, 3000.0]


def test_synapses_see_firing_rates(target):
    cells = cells_of(target)
    net = cells.network
    sink = net.add_cells(
        ModelSpec("Sink", equations="x = given", inputs=(InputSpec("given", "1"),), order=Order.ANNARCHY), 1, {}, "sink"
    )
    spec = ModelSpec("ByRate", Kind.SYNAPSE, (ParameterSpec("weight", 1.0),), psp="weight*pre.r", order=Order.ANNARCHY)
    builder = net.connect(cells, sink, "given", spec, "ours")
    builder.add(np.array([0]), np.array([0]), 2.0, 1)
    builder.finish()

    cells.compute_firing_rate(2.0)

    assert course(sink, 6, "x") == [0.0, 0.0, 0.0, 1000.0, 1000.0, 1000.0]


def test_firing_rates_are_recorded_and_not_to_be_set(target):
    cells = cells_of(target)
    cells.compute_firing_rate(2.0)
    recorder = cells.record("r", np.array([0]))

    cells.network.run(5)

    assert recorder.data()[:, 0].tolist() == [0.0, 0.0, 0.0, 500.0, 500.0, 500.0]
    for change in (lambda: cells.set_state("r", 1.0), lambda: cells.set_initial("r", 1.0)):
        with pytest.raises(ModelError, match="'r' of 'ours' is its firing rate"):
            change()
    with pytest.raises(ModelError, match=r"a time step of 1\.0 ms or longer, got 0\.1 ms"):
        cells.compute_firing_rate(0.1)
    with pytest.raises(ModelError, match="has an 'r' of its own"):
        cells_of(target, "v += 1\nr = v").compute_firing_rate(1.0)
    with pytest.raises(ModelError, match="does not spike"):
        cells_of(target, spike="", reset="").compute_firing_rate(1.0)


@pytest.mark.compiler
def test_spikes_periods_and_rates_are_the_same_bits_on_both_targets_and_any_number_of_threads():
    spec = dict(
        equations="""
            dv/dt = (12 + 9*Normal(0, 1) + 2*g_exc + r_others - v)/10
            dg_exc/dt = -g_exc/5
            r_others = mean(v)/100
            pause = 3*Uniform(0, 1)
            long = t - t_last > 5 : bool
        """,
        spike="v > ite(long, 10, 11)", reset="v = 0; g_exc += 0.5", refractory="pause",
        receptors=(ReceptorSpec("exc", "g_exc += input"),),
    )  # fmt: skip

    def run(target, threads):
        cells = cells_of(target, size=501, threads=threads, dt=0.5, **spec)
        cells.compute_firing_rate(20.0)
        cells.network.run(100)
        assert cells.state("r").mean() > 1
        return b"".join(cells.state(name).tobytes() for name in ("v", "g_exc", "t_last", "r", "pause"))

    assert len({run("cpp", threads) for threads in (1, 2, 3, 4)} | {run("reference", 2)}) == 1


def test_a_checkpoint_holds_the_spikes_in_the_window(target):
    def made():
        cells = cells_of(target, "v += gain", size=SIZE, threads=2, parameters=(ParameterSpec("gain", 1.0),))
        cells.set("gain", np.linspace(0.1, 2.0, SIZE))
        cells.compute_firing_rate(10.0)
        return cells

    cells, other = made(), made()
    cells.network.run(25)
    restore(other.network, capture(cells.network))

    assert other.state("r").tobytes() == cells.state("r").tobytes()
    for steps in (3, 20):
        cells.network.run(steps)
        other.network.run(steps)
        assert other.state("r").tobytes() == cells.state("r").tobytes()
