"""Models of users, spiking and rate-coded in one network: the same bits on any number of threads and either target."""

from __future__ import annotations

import numpy as np
import pytest

from pynn_annarchy.engine.network import Network
from pynn_annarchy.model.declare import declare_neuron, declare_synapse
from pynn_annarchy.model.spec import Order
from pynn_annarchy.targets.compile import Options
from tests.equivalence.networks import digest

STEPS = 300


def build(order: Order, *, target: str, precision: str = "double", threads: int = 1) -> Network:
    """Rates that drive spiking cells, whose spikes reach each other and rates again; both kinds of synapses learn."""
    net = Network(dt=0.5, seed=7, threads=threads, options=Options(target=target, precision=precision))
    rng = np.random.default_rng(1)
    spiking = declare_neuron(
        parameters="tau = 10.0; E_L = -60.0; theta = -50.0; tau_exc = 4.0 : population; noise = 2.0",
        equations="""
            tau*dv/dt = E_L - v + drive + 20*g_exc - 10*g_inh + noise*Normal(0, 1) : init=-55.0
            tau_exc*dg_exc/dt = -g_exc
            drive = sum(rate)
        """,
        spike="v > theta",
        reset="v = E_L",
        refractory=2.0,
        name="Spiking",
        order=order,
    ).spec
    rated = declare_neuron(
        parameters="tau = 20.0; B = 0.0",
        equations=["tau*dmp/dt + mp = sum(exc) - 0.5*sum() + B + Uniform(-0.1, 0.1)", "r = clip(mp, 0, limit)"],
        extra_values={"limit": 50.0},
        functions="f(x) = x*x",
        name="Rated",
        order=order,
    ).spec
    oja = declare_synapse(
        parameters="tau = 100.0",
        equations="tau*dw/dt = pre.r*post.r - alpha*post.r^2*w : min=0.0",
        extra_values={"alpha": 20.0},
        name="Oja",
        order=order,
    ).spec
    covariance = declare_synapse(
        parameters="tau = 50.0 : projection",
        equations=[
            "tau*dtheta/dt + theta = post.r*max(post.r) : postsynaptic",
            "w += 0.001*(pre.r - mean(pre.r))*pos(post.r - theta/(1 + norm2(post.r))) : min=0.0, max=0.2",
        ],
        psp="w*(pre.r - mean(pre.r))",
        name="Covariance",
        order=order,
    ).spec
    drive = declare_synapse(psp="w*pre.r", operation="max", name="Drive", order=order).spec
    trace = declare_synapse(
        parameters="tau = 10.0", equations="dx/dt = -x/tau", pre_spike="x += w", psp="x", name="Trace", order=order
    ).spec
    pairs = declare_synapse(
        parameters="tau = 20.0; A = 0.02",
        equations="dx/dt = -x/tau : event-driven\ndy/dt = -y/tau : event-driven",
        pre_spike="w -= A*y : min=0.0, max=1.0; g_target += w; x += 1",
        post_spike="w += A*x; y += 1",
        name="Pairs",
        order=order,
    ).spec
    cells = net.add_cells(spiking, 40, {"tau": rng.uniform(8.0, 12.0, 40)}, "spiking")
    rates = net.add_cells(rated, 30, {"B": rng.uniform(0.0, 4.0, 30)}, "rates")
    connections = (
        (rates, cells, "rate", drive, 5.0, 0.2),
        (rates, rates, "exc", oja, 0.1, 0.3),
        (rates, rates, "exc", covariance, 0.1, 0.2),
        (cells, rates, "other", trace, 0.2, 0.3),
        (cells, cells, "exc", pairs, 0.3, 0.2),
        (cells, cells, "inh", drive_by_spikes(order), 0.3, 0.2),
    )
    for pre, post, target_name, spec, weight, probability in connections:
        chosen = np.argwhere(rng.random((pre.size, post.size)) < probability)
        builder = net.connect(pre, post, target_name, spec, f"{spec.name} of {pre.label}")
        delays = rng.integers(1, 6, len(chosen))
        builder.add(chosen[:, 0], chosen[:, 1], weight * rng.random(len(chosen)), delays)
        builder.finish()
    cells.record_spikes(np.arange(cells.size))
    return net


def drive_by_spikes(order: Order):
    return declare_synapse(pre_spike="g_target += w", name="Fixed", order=order).spec


def run(order: Order, pieces=(STEPS,), **options) -> Network:
    net = build(order, **options)
    for steps in pieces:
        net.run(steps)
    return net


def state(net: Network) -> str:
    """The digest, and the bits of all weights."""
    weights = [projection.get("weight").tobytes() for projection in net.projections]
    return digest(net) + str(hash(tuple(weights)))


@pytest.fixture(params=list(Order), ids=[order.value for order in Order])
def order(request) -> Order:
    return request.param


@pytest.mark.parametrize("precision", ["double", "single"])
def test_threads_and_targets_give_the_same_bits(order, precision):
    states = {state(run(order, target="cpp", precision=precision, threads=threads)) for threads in (1, 2, 3, 4)}

    assert states == {state(run(order, target="reference", precision=precision))}


def test_a_run_in_pieces_equals_one_run(order, target):
    assert state(run(order, (1, 99, 200), target=target)) == state(run(order, target=target))


def test_the_network_is_alive(order):
    net = run(order, target="cpp")
    spikes, times = net.populations[0].spike_recorder.spikes()

    assert len(spikes) > 100
    assert times.max() > 0.9 * STEPS * net.dt
    assert net.populations[1].state("r").std() > 0.1
    for projection in net.projections:
        if projection.spec.name in ("Oja", "Pairs"):
            assert len(np.unique(projection.get("weight"))) > projection.n / 2
