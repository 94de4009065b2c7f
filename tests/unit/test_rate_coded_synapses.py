"""Rate-coded networks in ANNarchy's order of a step: psp of the step before, cells, then the equations of synapses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pynn_annarchy.engine.clocked import Activity
from pynn_annarchy.engine.network import Network
from pynn_annarchy.exceptions import EquationError, ModelError
from pynn_annarchy.model.spec import InputSpec, Kind, ModelSpec, Order, ParameterSpec, ReceptorSpec
from pynn_annarchy.targets.compile import Options

CLOCK = ModelSpec("Clock", equations="r = t + dt", order=Order.ANNARCHY)
"""After n steps of 1 ms r is n."""

LEAKY = ModelSpec(
    "Leaky",
    parameters=(ParameterSpec("tau", 10.0), ParameterSpec("B", 0.5)),
    equations="y = sum(exc)\ntau*dr/dt = sum(exc) - sum(inh) + B - r : explicit, init=0.25",
    inputs=(InputSpec("sum(exc)", "1"), InputSpec("sum(inh)", "1")),
    order=Order.ANNARCHY,
)

EVERYTHING = ModelSpec(
    "Everything",
    equations="r = sum()\nexc = sum(exc)",
    inputs=(InputSpec("sum(exc)", "1"), InputSpec("sum()", "1")),
    order=Order.ANNARCHY,
)


def network(target, threads=2):
    return Network(dt=1.0, seed=1, threads=threads, options=Options(target=target))


def synapse(psp="w*pre.r", equations="", operation="sum", post_spike="", pre_spike="", **parameters):
    known = tuple(ParameterSpec(name, value) for name, value in {"weight": 1.0, **parameters}.items())
    return ModelSpec(
        "MySynapse", Kind.SYNAPSE, known, equations, psp=psp, operation=operation, pre_spike=pre_spike,
        post_spike=post_spike, order=Order.ANNARCHY, weight="w",
    )  # fmt: skip


def connect(net, pre, post, target, spec, pairs=((0, 0),), weight=1.0, delay=1, label="ours"):
    builder = net.connect(pre, post, target, spec, label)
    builder.add(*np.array(pairs).T, weight, delay)
    return builder.finish()


def test_the_sum_of_a_step_is_that_of_the_rates_a_delay_ago(target):
    """ANNarchy 5.0.4.1: with a delay d the first step that a source's value of step n reaches is n + d."""
    net = network(target)
    clock, cells = net.add_cells(CLOCK, 1, {}, "clock"), net.add_cells(LEAKY, 3, {}, "cells")
    connect(net, clock, cells, "exc", synapse(), [(0, 0), (0, 1), (0, 2)], delay=np.array([1, 3, 5]))

    received = []
    for _ in range(8):
        net.run(1)
        received.append(cells.state("y").tolist())

    assert received == [[max(0, n - d) for d in (1, 3, 5)] for n in range(1, 9)]


@pytest.mark.parametrize("delay", [1, 3])
def test_equations_see_what_the_cells_have_become_and_sources_the_delay_less_one_step_ago(target, delay):
    """ANNarchy 5.0.4.1, where a delay of one step is none."""
    net = network(target)
    clock, cells = net.add_cells(CLOCK, 1, {}, "clock"), net.add_cells(LEAKY, 1, {}, "cells")
    spec = synapse(equations="x = pre.r : init=-1\nq = post.y\nmoment = t")
    ours = connect(net, clock, cells, "exc", spec, delay=delay)

    seen = []
    for _ in range(6):
        net.run(1)
        seen.append([ours.get(name)[0] for name in ("x", "q", "moment")])

    assert seen == [[max(0, n + 1 - delay), max(0, n - delay), n - 1] for n in range(1, 7)]


def test_what_is_transmitted_follows_the_equations_of_the_step_before(target):
    net = network(target)
    clock, cells = net.add_cells(CLOCK, 1, {}, "clock"), net.add_cells(LEAKY, 1, {}, "cells")
    connect(net, clock, cells, "exc", synapse("100*x + t", "x = pre.r : init=-1"))
    received = []
    for _ in range(4):
        net.run(1)
        received.append(cells.state("y")[0])
    assert received == [-100, 101, 202, 303]


def oja(steps, n, weight, tau, alpha):
    """A leaky network that is connected with itself and learns by Oja's rule, written out."""
    r, w = np.full(n, 0.25), weight.copy()
    for _ in range(steps):
        total = (w * r[None, :]).sum(1)
        r = r + (total + 0.5 - r) / 10.0
        w = w + (r[None, :] * r[:, None] - alpha * (r**2)[:, None] * w) / tau
    return r, w


def self_connected(target, n, threads=2, delay=1):
    net = network(target, threads)
    cells = net.add_cells(LEAKY, n, {}, "cells")
    weight = np.random.default_rng(3).uniform(-0.1, 0.1, (n, n))
    spec = synapse(equations="tau*dw/dt = pre.r*post.r - alpha*post.r**2*w : explicit", tau=400.0, alpha=80.0)
    pre, post = (index.ravel() for index in np.meshgrid(np.arange(n), np.arange(n), indexing="ij"))
    ours = connect(net, cells, cells, "exc", spec, np.stack([pre, post]).T, weight.T.ravel(), delay)
    return net, cells, ours, weight


def test_a_network_that_learns_is_what_its_equations_say(target):
    net, cells, ours, weight = self_connected(target, 40)
    net.run(50)
    r, w = oja(50, 40, weight, 400.0, 80.0)
    assert cells.state("r") == pytest.approx(r, rel=1e-12)
    assert pytest.approx(w, rel=1e-12) == ours.get("weight").reshape(40, 40).T


@pytest.mark.parametrize("delay", [1, 4])
def test_runs_in_pieces_give_the_bits_of_one_run_on_any_target_and_any_number_of_threads(delay):
    def outcome(target, threads, pieces):
        net, cells, ours, _ = self_connected(target, 70, threads, delay)
        net.run(3)
        net.reset()
        for steps in pieces:
            net.run(steps)
        return cells.state("r"), ours.get("weight")

    one = outcome("cpp", 1, [30])
    for other in (("cpp", 2, [30]), ("cpp", 4, [1] * 30), ("cpp", 3, [13, 17]), ("reference", 1, [4, 26])):
        r, w = outcome(*other)
        assert (r == one[0]).all() and (w == one[1]).all(), other


def test_what_is_changed_between_runs_acts_in_the_next_step(target):
    net = network(target)
    clock, cells = net.add_cells(CLOCK, 1, {}, "clock"), net.add_cells(LEAKY, 1, {}, "cells")
    ours = connect(net, clock, cells, "exc", synapse(equations="x = pre.r"))
    net.run(5)
    ours.set("weight", 100.0)
    net.run(1)
    first = cells.state("y")[0]
    clock.set_state("r", -1.0)
    net.run(1)
    assert (first, cells.state("y")[0]) == (500.0, -100.0)


@pytest.mark.parametrize("operation, expected", [("sum", 9.0), ("max", 6.0), ("min", 1.0), ("mean", 3.0)])
def test_projections_of_whatever_operation_add_up(target, operation, expected):
    net = network(target)
    clock, cells = net.add_cells(CLOCK, 3, {}, "clock"), net.add_cells(LEAKY, 1, {}, "cells")
    pairs = [(0, 0), (1, 0), (2, 0)]
    connect(net, clock, cells, "exc", synapse(operation=operation), pairs, weight=np.array([1.0, 2.0, 6.0]))
    connect(net, clock, cells, "exc", synapse(), pairs, weight=100.0, label="second")
    net.run(2)
    assert cells.state("y")[0] == expected + 300.0


def test_sum_without_a_target_takes_all_of_them(target):
    net = network(target)
    clock, cells = net.add_cells(CLOCK, 1, {}, "clock"), net.add_cells(EVERYTHING, 1, {}, "cells")
    for name, weight in (("exc", 1.0), ("inh", 20.0), ("other", 300.0), ("exc", 4000.0)):
        connect(net, clock, cells, name, synapse(), weight=weight, label=name)
    net.run(2)
    assert (cells.state("r")[0], cells.state("exc")[0]) == (4321.0, 4001.0)


def test_a_target_that_the_cells_do_not_read_is_refused(target):
    net = network(target)
    cells = net.add_cells(LEAKY, 1, {}, "cells")
    with pytest.raises(ModelError, match="have no target 'dopa'; they use 'exc', 'inh'"):
        connect(net, cells, cells, "dopa", synapse())


LIF = ModelSpec(
    "Lif",
    equations="tau*dv/dt = g_exc - 0*g_inh - v : explicit\ndg_exc/dt = -g_exc/5 : explicit",
    parameters=(ParameterSpec("tau", 10.0),),
    spike="v > 1",
    reset="v = 0",
    receptors=(ReceptorSpec("exc", "g_exc += input"), ReceptorSpec("inh", "g_inh = input")),
    order=Order.ANNARCHY,
)


def test_what_is_transmitted_all_the_time_adds_to_the_conductance_of_spiking_cells(target):
    net = network(target)
    clock, cells = net.add_cells(CLOCK, 1, {}, "clock"), net.add_cells(LIF, 1, {}, "cells")
    net.run(1)
    connect(net, clock, cells, "exc", synapse("0.5*w"), label="first")
    connect(net, clock, cells, "exc", synapse("pre.r"), label="second")
    connect(net, clock, cells, "inh", synapse("pre.r"), label="third")
    g, v = 0.0, 0.0
    for n in range(1, 20):
        net.run(1)
        g += 0.5 + n
        v, g = v + (g - v) / 10, g - g / 5
        v = 0.0 if v > 1 else v
        assert cells.state("v")[0] == pytest.approx(v, rel=1e-13)
        assert cells.state("g_exc")[0] == pytest.approx(g, rel=1e-13)
        assert cells.state("g_inh")[0] == n


def test_synapses_may_rest_or_leave_steps_out(target):
    """A step of an equation then covers the time of all those that were left out."""
    net = network(target)
    clock, cells = net.add_cells(CLOCK, 1, {}, "clock"), net.add_cells(LEAKY, 1, {}, "cells")
    ours = connect(net, clock, cells, "exc", synapse("1.0", "dx/dt = 1 : explicit\ny = t"))
    seen = []
    for activity in (
        Activity(),
        Activity(advances=False),
        Activity(period=4, offset=1),
        Activity(transmits=False),
        Activity(),
    ):
        ours.act(activity)
        net.run(5)
        seen.append((ours.get("x")[0], ours.get("y")[0], cells.state("y")[0]))
    assert seen == [(5, 4, 1), (5, 4, 1), (9, 13, 1), (9, 13, 0), (14, 24, 1)]


# what synapses have in common


IBCM = synapse(
    equations="tau*dtheta/dt + theta = post.r**2 : postsynaptic, exponential, init=0.1\n"
    "dw/dt = eta*post.r*(post.r - theta)*pre.r : min=0, explicit",
    tau=20.0,
    eta=0.01,
)


def ibcm(steps, n, tau):
    """Intrator and Cooper's rule in the leaky network, written out; the threshold moves before the weights."""
    r, w, theta = np.full(n, 0.25), np.full((n, n), 0.01), np.full(n, 0.1)
    for _ in range(steps):
        r = r + ((w * r[None, :]).sum(1) + 0.5 - r) / 10.0
        theta = theta + (1 - np.exp(-1 / tau)) * (r**2 - theta)
        w = np.maximum(w + 0.01 * (r * (r - theta))[:, None] * r[None, :], 0)
    return r, w, theta


@pytest.mark.parametrize("tau", [20.0, np.linspace(5.0, 40.0, 12)], ids=["one tau", "a tau a cell"])
def test_a_threshold_is_kept_once_a_post_synaptic_cell(target, tau):
    net = network(target)
    n = 12
    cells = net.add_cells(LEAKY, n, {}, "cells")
    spec = replace(
        IBCM, parameters=tuple(replace(p, locality="postsynaptic") for p in IBCM.parameters[1:2]) + IBCM.parameters[::2]
    )
    pairs = [(i, j) for i in range(n) for j in range(n)]
    ours = connect(net, cells, cells, "exc", spec, pairs, 0.01)
    ours.set("tau", tau)

    net.run(30)

    r, w, theta = ibcm(30, n, tau)
    assert cells.state("r") == pytest.approx(r, rel=1e-12)
    assert ours.get("weight") == pytest.approx(w.T.ravel(), rel=1e-11)
    assert ours.get_own("theta") == pytest.approx(theta, rel=1e-12)
    assert (ours.get("theta").reshape(n, n) == ours.get_own("theta")).all()


def test_a_value_of_a_cell_without_synapses_stays_what_it_was(target):
    net = network(target)
    cells = net.add_cells(LEAKY, 3, {}, "cells")
    ours = connect(net, cells, cells, "exc", synapse(equations="n = n + 1 : postsynaptic, init=5"), [(0, 0), (0, 2)])
    net.run(10)
    assert ours.get_own("n").tolist() == [15, 5, 15]
    ours.set("n", 100.0, np.array([0]))
    net.run(1)
    assert ours.get_own("n").tolist() == [101, 5, 16]
    net.reset()  # to the values as they were set
    net.run(1)
    assert ours.get_own("n").tolist() == [101, 5, 16]


def test_a_value_of_the_projection_is_kept_once(target):
    net = network(target, threads=3)
    cells = net.add_cells(LEAKY, 40, {}, "cells")
    spec = synapse(
        "n",
        "n = n + 2 : projection\nnoise = Normal(0, 1) : projection\nown = Normal(0, 1) : postsynaptic\nx = n + noise",
    )
    ours = connect(net, cells, cells, "exc", spec, [(i, (3 * i) % 40) for i in range(40)])
    net.run(4)
    assert ours.get_own("n") == [8.0]
    assert (ours.get("x") == 8.0 + ours.get_own("noise")[0]).all()
    assert len(set(ours.get_own("own"))) == 40
    assert cells.state("y").tolist() == [6.0] * 40


def test_what_is_common_draws_the_same_on_any_number_of_threads():
    def drawn(target, threads):
        net = network(target, threads)
        cells = net.add_cells(LEAKY, 40, {}, "cells")
        spec = synapse("0.0", "a = Normal(0, 1) : projection\nb = Normal(0, 1) : postsynaptic\nc = Normal(0, 1)")
        ours = connect(net, cells, cells, "exc", spec, [(i, j) for i in range(40) for j in range(40)])
        net.run(3)
        return np.concatenate([ours.get_own(name) for name in "abc"])

    one = drawn("cpp", 1)
    assert len(set(one)) == 1 + 40 + 1600
    for other in (("cpp", 3), ("cpp", 4), ("reference", 1)):
        assert (drawn(*other) == one).all()


@pytest.mark.parametrize(
    "equations, caret, message",
    [
        ("theta = w : postsynaptic", "w :", "a semiglobal variable cannot depend on 'w', which is local"),
        ("theta = pre.r : postsynaptic", "pre.r", "a semiglobal variable cannot depend on 'pre.r', which is local"),
        ("g = post.r : projection", "post.r", "a global variable cannot depend on 'post.r', which is semiglobal"),
    ],
)
def test_what_is_common_depends_on_nothing_that_differs(target, equations, caret, message):
    net = network(target)
    cells = net.add_cells(LEAKY, 1, {}, "cells")
    with pytest.raises(EquationError) as raised:
        connect(net, cells, cells, "exc", synapse(equations=equations))
    head, line, marked = str(raised.value).splitlines()
    assert message in head and marked.index("^") == line.index(caret)


def test_synapses_see_what_their_cells_receive(target):
    net = network(target)
    clock, cells = net.add_cells(CLOCK, 1, {}, "clock"), net.add_cells(LEAKY, 2, {}, "cells")
    connect(net, clock, cells, "exc", synapse(), weight=10.0)
    ours = connect(
        net,
        cells,
        cells,
        "inh",
        synapse("0", "x = pre.sum(exc) + 1000*post.sum(inh)\ny = post.sum(exc)"),
        [(0, 1), (1, 0)],
    )
    net.run(4)
    assert ours.get("x").tolist() == [30.0, 0.0] and ours.get("y").tolist() == [0.0, 30.0]


# layouts


def patterns(n_pre, n_post, rng):
    """Connections by the layout that they ask for."""
    yield "all", np.ones((n_pre, n_post), bool)
    yield "all but one", ~np.eye(n_pre, n_post, dtype=bool)
    bands = (np.arange(n_pre)[:, None] - np.arange(n_post)[None, :]) % n_pre
    yield "a band", bands < 20
    yield "sparse", rng.random((n_pre, n_post)) < 0.1


@pytest.mark.parametrize("which", range(4), ids=["all", "all but one", "a band", "sparse"])
@pytest.mark.parametrize("weights", ["one", "each"])
def test_every_layout_gives_the_same_bits(which, weights):
    rng = np.random.default_rng(which)
    n_pre, n_post = 75, 50
    _, connected = list(patterns(n_pre, n_post, rng))[which]
    pairs = np.argwhere(connected)
    weight = 0.03 if weights == "one" else rng.normal(0, 0.05, len(pairs))
    spec = synapse("w*pre.r*(1 + x)", "x = 0.9*x + pre.r*post.r")

    def outcome(target, threads):
        net = network(target, threads)
        pre, post = (
            net.add_cells(LEAKY, n_pre, {"B": np.linspace(0, 1, n_pre)}, "pre"),
            net.add_cells(LEAKY, n_post, {}, "post"),
        )
        ours = connect(net, pre, post, "exc", spec, pairs, weight, delay=2)
        net.run(10)
        ours.set("weight", np.linspace(0, 0.05, len(pairs)))
        ours.set("x", np.arange(len(pairs)) / len(pairs), None)
        net.run(3)
        ours.set("weight", 0.01, np.array([5, 6]))
        net.run(2)
        ours.set("weight", 0.02)
        net.run(2)
        assert (ours.pre() == pairs[:, 0]).all() and (ours.post() == pairs[:, 1]).all()
        return np.concatenate([post.state("r"), ours.get("x"), ours.get("weight")])

    one = outcome("cpp", 1)
    for other in (("cpp", 3), ("cpp", 4), ("reference", 1)):
        assert (outcome(*other) == one).all(), other


def test_a_dense_projection_takes_no_memory_for_its_indices():
    net = network("cpp", threads=2)
    pre, post = net.add_cells(LEAKY, 300, {}, "pre"), net.add_cells(LEAKY, 200, {}, "post")
    pairs = np.argwhere(np.ones((300, 200), bool))
    ours = connect(net, pre, post, "exc", synapse(), pairs)
    net.run(1)
    assert ours.nbytes < 0.3 * 60_000
    ours.set("weight", np.arange(60_000.0))
    net.run(1)
    assert ours.nbytes < 8.3 * 60_000
    assert (ours.pre() == pairs[:, 0]).all() and (ours.post() == pairs[:, 1]).all()
