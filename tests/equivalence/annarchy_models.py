"""Networks in the interface of ANNarchy, to be built with ANNarchy 5 or with `pynn_annarchy.ann`.

Each is described once, by a function of the package and an empty network that returns what is recorded, so that
nothing but the package can differ. None draws random numbers in a run; what is random in them is drawn here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Monitors = dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """A network, and how long it runs.

    Args:
        build: makes the populations, projections and monitors in an empty network; returns the monitors by label.
        dt, duration: in ms.
        every: of how many samples one is kept, from the first on; all spikes are.
    """

    build: Callable[[Any, Any], Monitors]
    dt: float
    duration: float
    every: int = 1

    def run(self, ann: Any, network: Any, **compile_with: Any) -> dict[str, np.ndarray]:
        """Records by `label.variable`: samples x elements (x pre-synaptic ones); spikes as rows (cell, step).

        Args:
            ann: ANNarchy, or what stands for it.
            network: one of its networks, empty, with this `dt`.
        """
        monitors = self.build(ann, network)
        network.compile(**compile_with)
        network.simulate(self.duration)
        return {
            f"{label}.{variable}": _spikes(values) if variable == "spike" else self._samples(values)
            for label, monitor in monitors.items()
            for variable, values in monitor.get(force_dict=True).items()
        }

    def _samples(self, values: Any) -> np.ndarray:
        return np.asarray(values, dtype=float)[:: self.every]


def _spikes(steps_of_cells: dict[int, Any]) -> np.ndarray:
    rows = [(cell, step) for cell in sorted(steps_of_cells) for step in steps_of_cells[cell]]
    return np.array(rows, dtype=np.int64).reshape(len(rows), 2)


def _random(shape: Any, low: float, high: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, shape)


def _waves(ann: Any, net: Any, size: int, speed: float = 10.0) -> Any:
    """Rates that go up and down between 0 and 2, each with a phase of its own."""
    wave = ann.Neuron(
        parameters=f"phase = 0.0; speed = {speed} : population", equations="r = 1.0 + sin(t/speed + phase)"
    )
    population = net.create(size, wave)
    population.phase = np.linspace(0.0, 5.0, size)
    return population


def _trains(ann: Any, net: Any, n_cells: int, n_spikes: int, dt: float, duration: float, seed: int) -> Any:
    """Sources that spike at random steps, none of them in the first two."""
    rng = np.random.default_rng(seed)
    steps = [np.sort(rng.choice(np.arange(2, round(duration / dt)), n_spikes, replace=False)) for _ in range(n_cells)]
    return net.create(ann.SpikeSourceArray([[round(step * dt, 6) for step in train.tolist()] for train in steps]))


# rate-coded

METHODS = ("explicit", "implicit", "exponential", "midpoint", "rk4")
"""All but 'semiimplicit': ANNarchy 5 makes it Euler's backward method of each equation by itself, with the old values
of all other variables, where its manual, and this project, let each equation see what those before it have done."""


def leaky_rate(ann: Any, net: Any) -> Monitors:
    """Leaky integrators of two coupled variables by each of the numerical methods."""
    inputs = _waves(ann, net, 4)
    monitors = {}
    for method in METHODS:
        leaky = ann.Neuron(
            parameters=dict(
                tau=ann.Parameter(10.0, locality="local"), B=ann.Parameter(0.1, locality="local"), gain=0.3
            ),
            equations=[
                "I = sum(exc) - sum(inh) + B",
                ann.Variable("tau*dv/dt = I - v - gain*u", init=0.2, method=method),
                ann.Variable("2.0*tau*du/dt + u = gain*v", method=method),
                ann.Variable("r = v", min=0.0, max=1.5),
            ],
        )
        cells = net.create(5, leaky)
        cells.tau = np.linspace(5.0, 20.0, 5)
        cells.B = [0.1, 0.0, -0.1, 0.2, 0.3]
        net.connect(inputs, cells, "exc").from_matrix(_random((5, 4), 0.0, 0.5, 1))
        net.connect(cells, cells, "inh").all_to_all(0.1, allow_self_connections=False)
        monitors[method] = net.monitor(cells, ["I", "v", "u", "r"])
    return monitors


def echo_state(ann: Any, net: Any) -> Monitors:
    """A reservoir of 60 units without noise, its recurrence scaled to a spectral radius of about 1.2."""
    unit = ann.Neuron(
        parameters="""
            tau = 30.0            # time constant
            g = 1.2 : population  # scaling
        """,
        equations="""
            tau * dx/dt + x = sum(in) + g * sum(exc) : init=0.0
            r = tanh(x)
        """,
    )
    inputs = _waves(ann, net, 2)
    reservoir = net.create(60, unit)
    net.connect(inputs, reservoir, "in").from_matrix(_random((60, 2), -1.0, 1.0, 2))
    recurrent = np.random.default_rng(3).normal(0.0, 1.0 / np.sqrt(60), (60, 60))
    net.connect(reservoir, reservoir, "exc").from_matrix(recurrent)
    return {"reservoir": net.monitor(reservoir[:10], ["x", "r"])}


def _learning(ann: Any, net: Any, synapses: dict[str, Any], variables: dict[str, list[str]]) -> Monitors:
    """Linear units that learn from six waves, one population for each kind of synapse."""
    linear = ann.Neuron(parameters=dict(tau=10.0), equations="tau*dr/dt + r = sum(exc)")
    inputs = _waves(ann, net, 6)
    monitors = {}
    for name, synapse in synapses.items():
        cells = net.create(3, linear)
        projection = net.connect(inputs, cells, "exc", synapse)
        projection.from_matrix(_random((3, 6), 0.1, 0.4, 4))
        monitors[name] = net.monitor(cells, "r")
        monitors[f"{name} synapses"] = net.monitor(projection, variables[name])
    return monitors


def oja(ann: Any, net: Any) -> Monitors:
    """Oja's rule as predefined, and as users write it, with two numerical methods."""
    text = {
        method: ann.Synapse(
            parameters=dict(tau=500.0, alpha=2.0),
            equations=ann.Variable("tau*dw/dt = pre.r*post.r - alpha*post.r^2*w", min=0.0, max=0.35, method=method),
        )
        # ANNarchy 5 cannot compile the exponential method where the time constant has a power of `post.r`
        for method in ("explicit", "implicit")
    }
    synapses = {"predefined": ann.Oja(eta=0.002, alpha=2.0), **text}
    return _learning(ann, net, synapses, {name: ["w"] for name in synapses})


def ibcm(ann: Any, net: Any) -> Monitors:
    """The rule of Intrator and Cooper with its sliding threshold, predefined and as in a tutorial."""
    tutorial = ann.Synapse(
        parameters="""
            eta = 0.001 : projection
            tau = 50.0 : projection
        """,
        equations="""
            tau * dtheta/dt + theta = post.r^2 : postsynaptic, exponential
            dw/dt = eta * post.r * (post.r - theta) * pre.r : min=0.0, explicit
        """,
        psp="w * pre.r",
    )
    synapses = {"predefined": ann.IBCM(eta=0.001, tau=50.0), "tutorial": tutorial}
    return _learning(ann, net, synapses, {"predefined": ["w"], "tutorial": ["w", "theta"]})


def bcm(ann: Any, net: Any) -> Monitors:
    """A covariance rule: thresholds of post-synaptic cells that decide with a condition, and means of populations."""
    rule = ann.Synapse(
        parameters=dict(eta=ann.Parameter(0.002, locality="local"), tau=100.0, w_max=0.5),
        equations=[
            ann.Variable("tau*dtheta/dt + theta = post.r*post.sum(exc)", init=0.5, locality="semiglobal"),
            "gain = if post.r > theta: 1.0 else: -0.5",
            ann.Variable("w += eta*gain*pos(post.r - mean(post.r))*(pre.r - mean(pre.r))", min=0.0, max="w_max"),
        ],
        psp="w*pre.r^2/(1.0 + pre.r)",
    )
    return _learning(ann, net, {"rule": rule}, {"rule": ["w", "theta", "gain"]})


def operations(ann: Any, net: Any) -> Monitors:
    """Sums, maxima, minima and means over synapses, and over populations.

    Without ``sum()``: ANNarchy 5 generates the addition of all targets, and then forgets it: its ``sum()`` is always 0.
    """
    inputs = _waves(ann, net, 7)
    unit = ann.Neuron(
        equations=[
            "r = sum(sum) + 2.0*sum(max) - sum(min) + 0.5*sum(mean) - 0.1*sum(absent)",
            "largest = max(r)",
            "smallest = min(r)",
            "average = mean(r)",
            "first = norm1(r)",
            "second = norm2(r)",
        ]
    )
    cells = net.create(4, unit)
    for seed, operation in enumerate(("sum", "max", "min", "mean")):
        kind = ann.Synapse(psp="w*pre.r", operation=operation)
        weights = _random((4, 7), -1.0, 1.0, 10 + seed)
        net.connect(inputs, cells, operation, kind).from_matrix(weights)
    return {"cells": net.monitor(cells, ["r", "largest", "smallest", "average", "first", "second"])}


def delays_of_rates(ann: Any, net: Any) -> Monitors:
    """Rates that arrive late: without delay, all after 5 ms, each after its own time."""
    inputs = _waves(ann, net, 5)
    follower = ann.Neuron(equations="r = sum(exc)")
    weights = _random((3, 5), 0.0, 1.0, 20)
    delays = np.random.default_rng(21).integers(1, 12, (3, 5)).astype(float)
    monitors = {}
    for name, given in {"none": 0.0, "one step": 1.0, "uniform": 5.0, "each": delays}.items():
        cells = net.create(3, follower)
        net.connect(inputs, cells, "exc").from_matrix(weights, delays=given.tolist() if name == "each" else given)
        monitors[name] = net.monitor(cells, "r")
    return monitors


# spiking


def izhikevich(ann: Any, net: Any) -> Monitors:
    """Five kinds of cells by their four parameters under constant currents, with connections among them."""
    kinds = np.array(
        [
            (0.02, 0.2, -65.0, 8.0, 10.0),
            (0.02, 0.2, -55.0, 4.0, 10.0),
            (0.02, 0.2, -50.0, 2.0, 10.0),
            (0.1, 0.2, -65.0, 2.0, 12.0),
            (0.02, 0.25, -65.0, 2.0, 8.0),
        ]
    )
    cells = net.create(5, ann.Izhikevich)
    for column, name in enumerate(("a", "b", "c", "d", "i_offset")):
        setattr(cells, name, kinds[:, column])
    cells.v = -65.0
    cells.u = -13.0
    net.connect(cells, cells, "exc").all_to_all(3.0, allow_self_connections=False)
    net.connect(cells[3:], cells, "inh").all_to_all(2.0)
    return {"cells": net.monitor(cells, ["v", "u", "g_exc", "spike"])}


def coba(ann: Any, net: Any) -> Monitors:
    """Conductance-based cells under spike trains: by Euler's method, by the exponential one, and as predefined."""
    trains = _trains(ann, net, 10, 30, 0.1, 200.0, 30)
    monitors = {}
    for name, flag in {"explicit": "", "exponential": " : exponential"}.items():
        cell = ann.Neuron(
            parameters="""
                El = -60.0  : population
                Vr = -60.0  : population
                Erev_exc = 0.0  : population
                Erev_inh = -80.0  : population
                Vt = -50.0  : population
                tau = 20.0  : population
                tau_exc = 5.0  : population
                tau_inh = 10.0  : population
                I = 20.0 : population
            """,
            equations=f"""
                tau * dv/dt = (El - v) + g_exc * (Erev_exc - v) + g_inh * (Erev_inh - v) + I{flag}
                tau_exc * dg_exc/dt = -g_exc{flag}
                tau_inh * dg_inh/dt = -g_inh{flag}
            """,
            spike="v > Vt",
            reset="v = Vr",
            refractory=5.0,
        )
        monitors[name] = _driven(net, trains, net.create(4, cell), -57.0, 0.3)
    monitors["predefined"] = _driven(net, trains, net.create(4, ann.IF_cond_exp(tau_refrac=2.0)), -62.0, 0.02)
    return monitors


def _driven(net: Any, trains: Any, cells: Any, v: float, weight: float) -> Any:
    """A monitor of cells that get half of the trains as excitation and half as inhibition, and inhibit each other."""
    cells.v = v
    half = trains.size // 2
    net.connect(trains[:half], cells, "exc").from_matrix(weight * _random((cells.size, half), 0.5, 1.5, 31))
    net.connect(trains[half:], cells, "inh").from_matrix(weight * _random((cells.size, half), 0.2, 0.7, 32), delays=1.5)
    net.connect(cells, cells, "inh").all_to_all(weight / 4.0, delays=0.8)
    return net.monitor(cells, ["v", "g_exc", "g_inh", "spike"])


def adex(ann: Any, net: Any) -> Monitors:
    """The adaptive exponential cell as in a tutorial, firing in its ways, and as predefined."""
    tutorial = ann.Neuron(
        parameters="""
            tau = 20.
            E_L = -70.
            v_T = -50. ; v_r = -58.
            delta_T = 2.0
            a = 0.2 ; b = 0.
            tau_w = 30.
            I = 50.0
        """,
        equations="""
            tau * dv/dt = (E_L - v) + delta_T * exp((v-v_T)/delta_T) + I - w : init=E_L
            tau_w * dw/dt = a * (v - E_L) - w : init=0.0
        """,
        spike=" v >= 0.0 ",
        reset=" v = v_r ; w += b ",
        refractory=2.0,
    )
    cells = net.create(4, tutorial)
    cells.a = [0.2, 0.5, -0.1, 1.0]
    cells.b = [0.0, 7.0, 5.0, 3.0]
    cells.I = [50.0, 65.0, 40.0, 55.0]
    cells.tau_w = [30.0, 100.0, 60.0, 20.0]
    trains = _trains(ann, net, 10, 30, 0.1, 200.0, 40)
    predefined = net.create(4, ann.EIF_cond_exp_isfa_ista)
    predefined.i_offset = 0.6
    driven = _driven(net, trains, predefined, -70.0, 0.01)
    return {"tutorial": net.monitor(cells, ["v", "w", "spike"]), "predefined": driven}


_LISTENER = dict(
    parameters="tau = 10.0",
    equations="""
        tau * dv/dt = g_exc - v
        5.0 * dg_exc/dt = -g_exc : exponential
    """,
    spike="v > 1.0",
    reset="v = 0.0",
    refractory=3.0,
)
"""A leaky cell with decaying currents."""


def stp(ann: Any, net: Any) -> Monitors:
    """Synapses that depress and facilitate.

    Event-driven variables are not compared: ANNarchy 5 shows them as they were at the last event.
    """
    tutorial = ann.Synapse(
        parameters="""
            tau_rec = 100.0 : projection
            tau_facil = 50.0 : projection
            U = 0.3
        """,
        equations="""
            dx/dt = (1 - x)/tau_rec : init = 1.0, event-driven
            du/dt = (U - u)/tau_facil : init = 0.3, event-driven
        """,
        pre_spike="""
            g_target += w * u * x
            x *= (1 - u)
            u += U * (1 - u)
        """,
    )
    trains = _trains(ann, net, 4, 40, 0.1, 300.0, 50)
    monitors = {}
    for name, synapse in {"predefined": ann.STP(tau_rec=80.0, tau_facil=20.0, U=0.4), "tutorial": tutorial}.items():
        cells = net.create(4, ann.Neuron(**_LISTENER))
        projection = net.connect(trains, cells, "exc", synapse)
        projection.from_matrix(_random((4, 4), 0.5, 3.0, 51), delays=1.0)
        monitors[name] = net.monitor(cells, ["v", "g_exc", "spike"])
    return monitors


def stdp(ann: Any, net: Any) -> Monitors:
    """Additive pair plasticity, predefined, as in a tutorial, and by the times of the last spikes."""
    tutorial = ann.Synapse(
        parameters="""
            tau_plus = 20.0 : projection ; tau_minus = 15.0 : projection
            A_plus = 0.02 : projection ; A_minus = 0.025 : projection
            w_min = 0.0 : projection ; w_max = 1.5 : projection
        """,
        equations="""
            tau_plus * dx/dt = -x : event-driven # pre-synaptic trace
            tau_minus * dy/dt = -y : event-driven # post-synaptic trace
        """,
        pre_spike="""
            g_target += w
            x += A_plus * w_max
            w = clip(w + y, w_min , w_max)
        """,
        post_spike="""
            y -= A_minus * w_max
            w = clip(w + x, w_min , w_max)
        """,
    )
    nearest = ann.Synapse(
        parameters=dict(tau=20.0, A=0.03),
        equations="",
        pre_spike=["g_target += w", ann.Variable("w -= A*exp((t_post - t)/tau)", min=0.0)],
        post_spike=[ann.Variable("w += A*exp((t_pre - t)/tau)", max=2.0)],
    )
    continuous = ann.Synapse(
        parameters=dict(tau=20.0),
        equations=["tau*dx/dt = -x", "tau*dy/dt = -y"],
        pre_spike="g_target += w; x += 0.02; w -= y : min=0.0",
        post_spike="y += 0.03; w += x : max=1.5",
    )
    trains = _trains(ann, net, 6, 40, 0.1, 300.0, 60)
    synapses = {
        "predefined": (ann.STDP(A_plus=0.03, A_minus=0.02, w_max=2.0), ["w"]),
        "tutorial": (tutorial, ["w"]),
        "nearest": (nearest, ["w"]),
        "continuous": (continuous, ["w", "x", "y"]),
    }
    return _learning_from(ann, net, trains, synapses)


def spikes_in_order(ann: Any, net: Any) -> Monitors:
    """Weights that follow in every step from which of the two cells has spiked last, as in ANNarchy's SORF example."""
    synapse = ann.Synapse(
        parameters="tau_plus = 20.0 : postsynaptic; tau_minus = 60.0 : postsynaptic; w_max = 1.5 : postsynaptic",
        equations="""
            tau_plus * dltp/dt = -ltp
            tau_minus * dltd/dt = -ltd
            w += if t_post >= t_pre: ltp else: - ltd : min=0.0, max=w_max
        """,
        pre_spike="g_target += w; ltp = 0.002",
        post_spike="ltd = 0.001",
    )
    trains = _trains(ann, net, 6, 40, 0.1, 300.0, 60)
    return _learning_from(ann, net, trains, {"ordered": (synapse, ["w", "ltp", "ltd"])})


def _learning_from(ann: Any, net: Any, trains: Any, synapses: dict[str, Any]) -> Monitors:
    """Three cells for each synapse type, driven by the same spike trains; the variables of the types are recorded."""
    monitors = {}
    for name, (synapse, variables) in synapses.items():
        cells = net.create(3, ann.Neuron(**_LISTENER))
        projection = net.connect(trains, cells, "exc", synapse)
        projection.from_matrix(_random((3, 6), 0.5, 1.5, 61))
        monitors[name] = net.monitor(cells, ["v", "g_exc", "spike"])
        monitors[f"{name} synapses"] = net.monitor(projection, variables)
    return monitors


def delays_of_spikes(ann: Any, net: Any) -> Monitors:
    """Spikes that arrive late: without delay, all after 2 ms, each after its own time; instantaneous and decaying."""
    trains = _trains(ann, net, 5, 20, 0.1, 100.0, 70)
    delays = 0.1 * np.random.default_rng(71).integers(1, 40, (3, 5))
    weights = _random((3, 5), 0.5, 1.5, 72)
    instantaneous = dict(parameters="", equations="v = g_exc", spike="v > 2.0", reset="v = 0.0")
    monitors = {}
    for kind, texts in {"decaying": _LISTENER, "instantaneous": instantaneous}.items():
        for name, given in {"none": 0.0, "one step": 0.1, "uniform": 2.0, "each": delays}.items():
            cells = net.create(3, ann.Neuron(**texts))
            net.connect(trains, cells, "exc").from_matrix(weights, delays=given.tolist() if name == "each" else given)
            monitors[f"{kind} {name}"] = net.monitor(cells, ["v", "g_exc", "spike"])
    return monitors


def axonal_spikes(ann: Any, net: Any) -> Monitors:
    """Spikes of a second condition, which synapses send on as others or otherwise. ANNarchy does so without delays."""
    texts = dict(
        parameters=dict(tau=ann.Parameter(10.0, locality="local"), T=ann.Parameter(0.3, locality="local")),
        equations=["tau*dv/dt = 1.2 - v + g_exc : explicit", "dc/dt = 0.05*v - c/20.0 : explicit"],
        spike="v > 1.0",
        reset=["v = 0.0", "c = 0.2*c"],
    )
    cells = net.create(6, ann.Neuron(**texts, axon_spike="c > T"))
    cells.tau, cells.T = _random(6, 5.0, 15.0, 80), _random(6, 0.1, 0.5, 81)
    monitors = {"cells": net.monitor(cells, ["v", "c", "spike"])}
    for name, statement in {"alike": "g_target += w", "otherwise": "g_target += 2.0*w"}.items():
        listeners = net.create(3, ann.Neuron(**texts))
        synapse = ann.Synapse(pre_spike="g_target += w", pre_axon_spike=statement)
        net.connect(cells, listeners, "exc", synapse).from_matrix(_random((3, 6), 0.05, 0.15, 82))
        monitors[name] = net.monitor(listeners, ["v", "g_exc", "spike"])
    return monitors


COMPARISONS = {
    "leaky_rate": Comparison(leaky_rate, 1.0, 150.0, every=2),
    "echo_state": Comparison(echo_state, 1.0, 200.0),
    "oja": Comparison(oja, 1.0, 200.0),
    "ibcm": Comparison(ibcm, 1.0, 200.0),
    "bcm": Comparison(bcm, 1.0, 200.0),
    "izhikevich": Comparison(izhikevich, 0.5, 300.0),
    "coba": Comparison(coba, 0.1, 200.0, every=10),
    "adex": Comparison(adex, 0.1, 200.0, every=5),
    "stp": Comparison(stp, 0.1, 300.0, every=8),
    "stdp": Comparison(stdp, 0.1, 300.0, every=20),
    "delays_of_rates": Comparison(delays_of_rates, 1.0, 60.0),
    "delays_of_spikes": Comparison(delays_of_spikes, 0.1, 100.0, every=2),
    "operations": Comparison(operations, 1.0, 60.0),
    "axonal_spikes": Comparison(axonal_spikes, 1.0, 100.0),
    "spikes_in_order": Comparison(spikes_in_order, 0.1, 300.0, every=20),
}
