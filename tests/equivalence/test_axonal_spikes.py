"""Axonal spikes: the same bits for all numbers of threads and targets, and after a checkpoint."""

from __future__ import annotations

import numpy as np

import pynn_annarchy.ann as ann

NEURON = dict(
    parameters="tau = 10.0; T = 0.4",
    equations="tau*dv/dt = 1.2 - v + g_exc + Normal(0.0, 0.3); dc/dt = 0.05*Uniform(0.0, 2.0) - c/20.0",
    spike="v > 1",
    reset="v = 0",
    axon_spike="c + 0.1*v > T",
    axon_reset="c -= 0.4; v += 0.01*Normal(0.0, 1.0)",
    refractory=2.0,
)

TYPES = {
    "fixed": dict(pre_spike="g_target += w", pre_axon_spike="g_target += w"),
    "other": dict(pre_spike="g_target += w", pre_axon_spike="g_target -= 2*w"),
    "release": dict(
        parameters="tau = 20.0",
        equations="dx/dt = (1 - x)/tau : init=1.0, event-driven",
        pre_spike="g_target += w*x; x *= 0.8; w += 0.02*Normal(0, 1) : min=0.0, max=0.5",
        pre_axon_spike="g_target += 0.5*w*x; x += 0.05; w -= 0.01*Uniform(0, 1) : min=0.0; lag = t - t_pre; b = t_post",
    ),
    "followed": dict(
        equations="dx/dt = -x/10.0",
        pre_spike="g_target += w; x += 1",
        pre_axon_spike="g_target += w*x; lag = t - t_pre",
    ),
}


def built(target, threads):
    """A network of all these synapses, and what is recorded of it."""
    rng = np.random.default_rng(4)
    net = ann.Network(dt=1.0, seed=5)
    net.config(target=target, num_threads=threads)
    cells = net.create(70, ann.Neuron(**NEURON), name="cells")
    cells.T = rng.uniform(0.2, 0.8, 70)
    for name, texts in TYPES.items():
        delays = 2.0 if name == "fixed" else ann.DiscreteUniform(1, 8)
        projection = net.connect(cells, cells, "exc", ann.Synapse(**texts), name=name)
        projection.fixed_probability(0.1, weights=ann.Uniform(0.0, 0.1), delays=delays)
    monitor = net.monitor(cells, ["v", "g_exc", "spike", "axon_spike"])
    net.compile()
    return net, monitor


def state(net, monitor):
    """The bits of all that was recorded and of what the synapses have become."""
    values = monitor.get()
    assert all(sum(map(len, values[name].values())) > 100 for name in ("spike", "axon_spike"))
    synapses = [np.concatenate(each.get(name)) for each in net.get_projections() for name in ["w", *each.variables]]
    arrays = [np.asarray(each, np.float64).tobytes() for each in (values["v"], values["g_exc"], *synapses)]
    return str(values["spike"]), str(values["axon_spike"]), arrays


def switched(net, monitor):
    """Axons, transmission and cells are switched off and on while spikes are under way."""
    for flag in ("axon_transmission", "transmission"):
        for value in (False, True):
            net.simulate(13.0)
            for projection in net.get_projections():
                setattr(projection, flag, value)
    net.simulate(13.0)
    net.get_population("cells").disable()
    net.simulate(2.0)
    net.get_population("cells").enable()
    net.simulate(13.0)
    return state(net, monitor)


def test_threads_and_targets_give_the_same_bits():
    first = switched(*built("reference", 1))

    for threads in (1, 2, 3, 4):
        assert switched(*built("cpp", threads)) == first, threads


def test_a_run_from_a_checkpoint_equals_one_without_interruption(target, tmp_path):
    whole, monitor = built(target, 2)
    whole.simulate(41.0)
    whole.save_checkpoint(str(tmp_path / "half"))
    whole.simulate(41.0)

    resumed, its_monitor = built(target, 2)
    resumed.load_checkpoint(str(tmp_path / "half"))
    resumed.simulate(41.0)

    assert state(resumed, its_monitor) == state(whole, monitor)


def test_a_run_in_pieces_equals_one_run(target):
    whole, monitor = built(target, 1)
    whole.simulate(60.0)
    expected = state(whole, monitor)

    pieces, its_monitor = built(target, 1)
    for duration in (1.0, 2.0, 27.0, 30.0):
        for projection in pieces.get_projections():
            for name in projection.variables:
                projection.get(name)  # to look at something changes nothing
        pieces.simulate(duration)

    assert state(pieces, its_monitor) == expected
