"""What a script does with a network in the course of time, at random: a checkpoint or a reset changes nothing of it."""

from __future__ import annotations

import random

import pytest

import pynn_annarchy.ann as ann
from tests.unit.test_ann_checkpoint import assert_same, everything

SPIKING = ann.Neuron(
    parameters=dict(tau=20.0, I=ann.Parameter(12.0, "local")),
    equations=[
        "tau*dv/dt = -v + I + g_exc - g_inh + Normal(0.0, 3.0)",
        "tau*dg_exc/dt = -g_exc",
        "since = t - t_last",
        "all = mean(v)",
    ],
    spike="v > 10.0",
    reset="v = 0.0",
    refractory=2.0,
)
RATE = ann.Neuron(
    parameters=dict(tau=10.0, B=ann.Parameter(0.1, "local")),
    equations="tau*dr/dt + r = sum(exc) + sum(inh) + B + Uniform(-0.1, 0.1)",
)
OJA = ann.Synapse(
    parameters=dict(tau=100.0),
    equations=[
        "tau*dw/dt = pre.r*post.r - post.r^2*w : min=0.0",
        "theta = theta + 0.1*(post.r - theta) : postsynaptic",
    ],
)


def make(target, threads, stdp):
    """Spiking and rate-coded neurons that drive each other, delays of all kinds, synapses that learn, monitors."""
    net = ann.Network(dt=1.0, seed=3)
    net.config(target=target, num_threads=threads)
    cells = net.create(40, SPIKING, name="cells")
    cells.I = ann.Uniform(8.0, 16.0)
    cells.compute_firing_rate(20.0)
    a, b = net.create(5, RATE, name="a"), net.create(4, RATE, name="b")
    net.connect(cells, cells, "exc", stdp, name="stdp").fixed_probability(
        0.3, ann.Uniform(0.0, 1.0), ann.Uniform(1.0, 6.0)
    )
    net.connect(cells, cells, "inh", ann.STP(), name="stp").fixed_number_pre(3, 0.5, delays=2.0)
    net.connect(a, b, ["exc", "inh"], OJA, name="oja").all_to_all(ann.Uniform(0.0, 0.3), delays=3.0)
    net.connect(b, a, "exc", name="back").all_to_all(0.1, delays=ann.Uniform(1.0, 4.0))
    net.connect(ann.DecodingProjection(cells, a, "exc", window=20.0), name="decoding").all_to_all(0.01)
    net.monitor(cells, ["spike", "v", "r", "g_exc"], period=2.0, name="of cells")
    net.monitor(b, ["r", "sum(exc)"], name="of b")
    net.monitor(net.get_projection("oja"), "w", period=5.0, name="of oja")
    return net


def change_delays(net, n):
    net.simulate(20.0)
    net.get_projection("back").delay = float(n)
    net.simulate(20.0)  # what was under way has arrived: no checkpoint can be taken before


def stand_still(net, n):
    net.get_projection("oja").disable_learning()
    net.get_population("b").disable()


def go_on(net, n):
    net.get_projection("oja").enable_learning(period=float(n), offset=float(n - 1))
    net.get_population("b").enable()


DEEDS = [
    *3 * [lambda net, n: net.simulate(2.0 * n)],
    lambda net, n: setattr(net.get_population("cells"), "I", 10.0 + n),
    lambda net, n: setattr(net.get_population("a"), "B", ann.Uniform(0.0, 1.0)),
    lambda net, n: setattr(net.get_projection("stdp"), "w", 0.1 * n),
    lambda net, n: setattr(net.get_projection("back"), "transmission", n % 2 == 0),
    lambda net, n: net.get_monitor("of cells").pause(),
    lambda net, n: net.get_monitor("of cells").resume(),
    lambda net, n: net.get_monitor("of b").get(),
    lambda net, n: net.reset(bool(n % 2), bool(n % 3), False, n % 4 > 0, bool(n % 2)),
    change_delays,
    stand_still,
    go_on,
]


@pytest.mark.parametrize("session", range(4))
def test_a_session_goes_on_from_a_checkpoint_in_the_middle(session, target, tmp_path):
    draw = random.Random(f"{session} {target}")
    before, after = ([(draw.choice(DEEDS), draw.randint(1, 6)) for _ in range(6)] for _ in range(2))
    threads = draw.choice([1, 2])
    net = make(target, threads, ann.STDP())
    for deed, n in before:
        deed(net, n)
    net.save_checkpoint(tmp_path / "middle")

    again = make(target, threads, ann.STDP())
    again.load_checkpoint(tmp_path / "middle")

    for deed, n in after:
        deed(net, n)
        deed(again, n)
    assert_same(everything(again), everything(net))


def test_a_network_that_does_not_learn_does_the_same_after_a_reset(target):
    net = make(target, 2, ann.STDP(A_plus=0.0, A_minus=0.0))
    net.get_projection("oja").disable_learning()
    net.simulate(30.0)
    net.simulate(5.0)
    first = everything(net)
    net.simulate(7.0)
    net.get_population("cells").I = 13.0

    net.reset(projections=True)

    net.simulate(35.0)
    again = everything(net)
    assert_same(*({name: seen[name] for name in seen if name != "draw"} for seen in (again, first)))
