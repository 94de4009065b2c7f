"""Spiking synapses in ANNarchy's order, switched off and on: the same bits for all numbers of threads and targets."""

from __future__ import annotations

import numpy as np

import pynn_annarchy.ann as ann

DT = 0.5

LISTENER = dict(
    parameters="tau = 5.0; I = 0.0",
    equations="tau*dg_exc/dt = -g_exc; tau*dv/dt = g_exc + I - v : init=0.1",
    spike="v > 0.7",
    reset="v = 0.05",
    refractory=1.0,
)

TYPES = {
    "pairs": dict(
        parameters="tau = 10.0; A = 0.05",
        equations="tau*dx/dt = -x : event-driven; tau*dy/dt = 0.1 - y : event-driven",
        pre_spike="g_target += w; x += A; w -= 0.2*y : min=0.0",
        post_spike="y += A; w += 0.15*x : max=1.2",
    ),
    "nearest": dict(
        parameters="tau = 10.0; A = 0.03",
        pre_spike="g_target += w; w -= A*exp((t_post - t)/tau) : min=0.0, unless_post; n += 1 : unless_post",
        post_spike="w += A*exp((t_pre - t)/tau) : max=2.0; lag = t - t_pre",
    ),
    "pairs of each cell": dict(
        parameters="tau = 10.0 : postsynaptic; A = 0.05 : postsynaptic",
        equations="tau*dx/dt = -x : event-driven; tau*dy/dt = 0.1 - y : event-driven",
        pre_spike="g_target += w; x += A; w -= 0.2*y : min=0.0",
        post_spike="y += A; w += 0.15*x : max=1.2",
    ),
    "alike": dict(
        parameters="tau = 10.0 : postsynaptic",
        equations="""
            tau*dx/dt = 1.0 - x : event-driven, postsynaptic; dy/dt = -y/20.0 : event-driven, init=1.0, projection
            dz/dt = -z/5.0 : event-driven
        """,
        pre_spike="g_target += w*x*y; z += 1",
    ),
    "release": dict(
        parameters="tau_rec = 40.0; U = 0.3",
        equations="dx/dt = (1 - x)/tau_rec : init=1.0, event-driven",
        pre_spike="g_target += w*U*x; x *= 1 - U; isi = t - t_pre",
    ),
    "followed": dict(
        parameters="tau = 10.0",
        equations="tau*dx/dt = -x; tau*dy/dt = -y",
        pre_spike="g_target += w; x += 0.1; w -= 0.2*y : min=0.0; b = t_pre",
        post_spike="y += 0.1; w += 0.15*x : max=1.2; e = t_pre",
    ),
    "ordered": dict(
        parameters="tau = 15.0",
        equations="""
            tau*dltp/dt = -ltp; tau*dltd/dt = -ltd
            late = ite(t_post < 0, 0, t_post) : postsynaptic
            w += if t_post >= t_pre: ltp else: -ltd : min=0.0, max=0.5
        """,
        pre_spike="g_target += w; ltp = 0.01",
        post_spike="ltd = 0.02",
    ),
    "transmitting": dict(
        parameters="tau = 8.0", equations="dg/dt = -g/tau", pre_spike="g += w; c = t_post", psp="0.05*g*(1 - post.v)"
    ),
    "fixed": dict(pre_spike="g_target += w"),
}


def recorded(target: str, threads: int) -> str:
    """The bits of all that was recorded and of what the synapses have become."""
    rng = np.random.default_rng(8)
    net = ann.Network(dt=DT, seed=5)
    net.config(target=target, num_threads=threads)
    cells = net.create(40, ann.Neuron(**LISTENER))
    cells.I = rng.uniform(0.4, 0.9, 40)
    sources = net.create(ann.SpikeSourceArray([np.sort(rng.choice(100, 20, False) * DT).tolist() for _ in range(20)]))
    projections = {}
    for name, texts in TYPES.items():
        for pre in (sources, cells):
            synapse = ann.Synapse(**texts)
            projection = net.connect(pre, cells, "exc", synapse)
            delays = ann.DiscreteUniform(1, 8) if pre is cells else 1.0
            projection.fixed_probability(0.2, weights=ann.Uniform(0.0, 0.3), delays=delays)
            projections[name, pre.name] = projection
    monitor = net.monitor(cells, ["v", "g_exc", "spike"])
    net.compile()
    projections["pairs", cells.name].A = ann.Uniform(0.0, 0.1)
    for name in ("pairs of each cell", "alike"):
        projections[name, cells.name].tau = rng.uniform(5.0, 20.0, 40)
    learning = [each for (name, _), each in projections.items() if name not in ("fixed", "release")]
    changing = projections["pairs of each cell", cells.name]
    for switched in (
        lambda: [each.disable_learning() for each in learning],
        lambda: [each.enable_learning() for each in learning],
        lambda: [setattr(each, "transmission", False) for each in projections.values()],
        lambda: [setattr(each, "transmission", True) for each in projections.values()],
        lambda: changing.set({"A": rng.uniform(0.0, 0.1, 40), "tau": rng.uniform(5.0, 20.0, 40)}),
        cells.disable,
        cells.enable,
    ):
        net.simulate(8.0)
        switched()
    net.simulate(8.0)
    values = monitor.get()
    assert sum(map(len, values["spike"].values())) > 100
    final = [_flat(each.get(name)) for each in projections.values() for name in each.variables]
    return str(values["spike"]) + str(hash(tuple(each.tobytes() for each in [values["v"], values["g_exc"], *final])))


def _flat(values) -> np.ndarray:
    """A number, or lists of any lengths, as one array."""
    return np.hstack(values if isinstance(values, list) else [values])


def test_threads_and_targets_give_the_same_bits():
    states = {recorded("cpp", threads) for threads in (1, 2, 3, 4)}

    assert states == {recorded("reference", 1)}
