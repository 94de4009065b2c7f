"""PyNN's plastic synapses once more, in plain Python, and cells that spike when they are told to.

The rules here are sums over all pairs of spikes of one synapse, without traces, so that they share nothing with the
equations under test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp

import numpy as np
from pyNN.parameters import Sequence as Times

import pynn_annarchy as sim

DT = 0.1
PARTS = 10
"""Parts of a step that times are counted in, so that any delay times a fraction of whole tenths is a whole number."""

Parameters = dict[str, float]

DEPENDENCES: Mapping[str, tuple[Callable[[float, Parameters], float], Callable[[float, Parameters], float]]] = {
    "AdditiveWeightDependence": (lambda w, p: p["w_max"], lambda w, p: p["w_max"]),
    "MultiplicativeWeightDependence": (lambda w, p: p["w_max"] - w, lambda w, p: w - p["w_min"]),
    "AdditivePotentiationMultiplicativeDepression": (lambda w, p: p["w_max"], lambda w, p: w),
    "GutigWeightDependence": (
        lambda w, p: p["w_max"] * max(0.0, (p["w_max"] - w) / p["w_max"]) ** p["mu_plus"],
        lambda w, p: p["w_max"] * max(0.0, (w - p["w_min"]) / p["w_max"]) ** p["mu_minus"],
    ),
}
"""By how much a unit of potentiation and one of depression change the weight."""


@dataclass
class PlainSynapse:
    """A synapse taken through spikes by 'SpikePairRule' or 'Vogels2011Rule'.

    Args:
        pre, post: steps in which the cells spike, ascending; repeated where a cell sends several spikes in one step.
        delay: in steps.
        tenths: of the delay that lie between the synapse and the post-synaptic cell.
        parameters: of the rule and the dependence, at first; see `set`.
    """

    rule: str
    dependence: str
    pre: Sequence[int]
    post: Sequence[int]
    delay: int
    tenths: int
    weight: float
    parameters: Parameters
    sent: list[tuple[int, float]] = field(default_factory=list)
    """(step of arrival, weight) of every spike that has passed."""
    _now: int = 0
    _earlier: list[tuple[int, Parameters]] = field(default_factory=list)
    """Parameters that have been replaced, and when."""
    _given: dict[str, tuple[int, float]] = field(default_factory=dict)

    def set(self, **changes: float) -> None:
        """New parameters from now on."""
        self._earlier.append((self._now, self.parameters))
        self.parameters = {**self.parameters, **changes}

    def give(self, trace: str, value: float) -> None:
        """A value that the trace of the pre-synaptic cell, 'x', or of the post-synaptic one, 'y', has now."""
        self._given[trace] = (self._now, value)

    def trace(self, name: str, tau: str, now: int) -> float:
        """What the spikes before a moment have left."""
        since, value = self._given.get(name, (-1, 0.0))
        spikes = self._passages() if name == "x" else self._arrivals()
        met = sum(exp(-self._decades(tau, time, now)) for time in spikes if since < time < now)
        return met + (value * exp(-self._decades(tau, since, now)) if name in self._given else 0.0)

    def _decades(self, tau: str, start: int, end: int) -> float:
        """The time between two moments, in units of the time constant, which may have changed meanwhile."""
        total = 0.0
        for until, parameters in [*self._earlier, (end, self.parameters)]:
            total += max(0, min(until, end) - start) / PARTS * DT / parameters[tau]
            start = max(start, min(until, end))
        return total

    def advance(self, step: int) -> float:
        """Applies all that reaches the synapse up to the end of a step; returns the weight."""
        until = step * PARTS
        is_pre_first = self.tenths == 0
        events = [(time, is_pre_first, "post", 0) for time in self._arrivals()]
        events += [(time, not is_pre_first, "pre", m) for time, m in zip(self._passages(), self.pre, strict=True)]
        for time, _, side, emitted in sorted(events):
            if self._now < time <= until:
                getattr(self, f"_{self.rule}_{side}")(time)
                if side == "pre":
                    self.sent.append((emitted + self.delay, self.weight))
        self._now = until
        return self.weight

    def _passages(self) -> list[int]:
        return [m * PARTS + self.delay * (PARTS - self.tenths) for m in self.pre]

    def _arrivals(self) -> list[int]:
        return [n * PARTS + self.delay * self.tenths for n in self.post]

    def _change(self, amount: float) -> None:
        self.weight = min(max(self.weight + amount, self.parameters["w_min"]), self.parameters["w_max"])

    def _SpikePairRule_pre(self, now: int) -> None:
        p, depression = self.parameters, DEPENDENCES[self.dependence][1]
        self._change(-p["A_minus"] * depression(self.weight, p) * self.trace("y", "tau_minus", now))

    def _SpikePairRule_post(self, now: int) -> None:
        p, potentiation = self.parameters, DEPENDENCES[self.dependence][0]
        self._change(p["A_plus"] * potentiation(self.weight, p) * self.trace("x", "tau_plus", now))

    def _Vogels2011Rule_pre(self, now: int) -> None:
        p, (potentiation, depression) = self.parameters, DEPENDENCES[self.dependence]
        unit = p["eta"] / p["w_max"]
        self._change(unit * potentiation(self.weight, p) * self.trace("y", "tau", now))
        self._change(-unit * depression(self.weight, p) * 2 * p["rho"] * p["tau"] / 1000)

    def _Vogels2011Rule_post(self, now: int) -> None:
        p, potentiation = self.parameters, DEPENDENCES[self.dependence][0]
        self._change(p["eta"] / p["w_max"] * potentiation(self.weight, p) * self.trace("x", "tau", now))


def random_trains(seed: int, n: int, steps: int, spikes: int, most: int) -> list[np.ndarray]:
    """Ascending steps from 2 on for each of n cells, some of them up to `most` times."""
    random = np.random.default_rng(seed)
    trains = [np.sort(random.choice(np.arange(2, steps), spikes, replace=False)) for _ in range(n)]
    return [np.repeat(train, np.where(random.random(spikes) < 0.2, most, 1)) for train in trains]


TAU_SYN = 4.0
"""Of what synapses send, in ms."""


class Driven:
    """Sources and cells that spike in given steps: pulses of current drive the cells, far beyond what synapses send.

    Args:
        pre: steps for each source.
        post: steps for each cell, none of them twice.
    """

    def __init__(self, pre: Sequence[np.ndarray], post: Sequence[np.ndarray], **options: object) -> None:
        sim.setup(timestep=DT, **options)
        self.pre, self.post = pre, post
        times = [Times(np.round(train * DT, 1)) for train in pre]
        self.sources = sim.Population(len(pre), sim.SpikeSourceArray(spike_times=times), label="sources")
        cell = sim.IF_curr_exp(tau_syn_E=TAU_SYN, tau_m=0.5, v_thresh=1e6, tau_refrac=0.0)
        self.cells = sim.Population(len(post), cell, label="cells")
        self.cells.record(["spikes", "isyn_exc"])
        for target, train in zip(self.cells, post, strict=True):
            on = np.setdiff1d(train - 1, train)
            off = np.setdiff1d(train, train - 1)
            steps = np.concatenate([on, off])
            order = np.argsort(steps)
            amplitudes = np.where(order < len(on), 1e9, 0.0)
            target.inject(sim.StepCurrentSource(times=np.round(steps[order] * DT, 1), amplitudes=amplitudes))

    def connect(self, synapse: object, pre: np.ndarray, post: np.ndarray, **columns: np.ndarray) -> sim.Projection:
        """Connects pairs of cells; each column is a parameter with one value a connection."""
        rows = list(zip(pre.tolist(), post.tolist(), *(column.tolist() for column in columns.values()), strict=True))
        connector = sim.FromListConnector(rows, column_names=list(columns))
        return sim.Projection(self.sources, self.cells, connector, synapse, receptor_type="excitatory")

    def plain(self, projection: sim.Projection) -> list[PlainSynapse]:
        """The same synapses with the same parameters and present weights, in the projection's order."""
        synapse = projection.synapse_type
        names = [name for name in synapse.get_parameter_names() if name not in ("weight", "delay")]
        rows = projection.get(["weight", "delay", *names], "list")
        return [
            PlainSynapse(
                type(synapse.timing_dependence).__name__,
                type(synapse.weight_dependence).__name__,
                self.pre[int(i)].tolist(),
                self.post[int(j)].tolist(),
                round(delay / DT),
                round(PARTS * synapse.dendritic_delay_fraction),
                weight,
                dict(zip(names, values, strict=True)),
            )
            for i, j, weight, delay, *values in rows
        ]

    def check_spikes(self) -> None:
        """The cells have spiked when they were told to."""
        last = round(sim.get_current_time() / DT)
        for train, told in zip(self.cells.get_data("spikes").segments[-1].spiketrains, self.post, strict=True):
            assert np.rint(train.magnitude / DT).tolist() == told[told <= last].tolist()

    def currents(self) -> np.ndarray:
        """What synapses have sent, as recorded; shape (time, cell)."""
        return self.cells.get_data("isyn_exc").segments[-1].analogsignals[0].magnitude


def weights_of(projection: sim.Projection) -> np.ndarray:
    return np.array(projection.get("weight", "list", with_address=False))


def expected_currents(projections: Sequence[tuple[sim.Projection, Sequence[PlainSynapse]]], n_cells: int) -> np.ndarray:
    """What all that was sent adds up to, by the exact decay."""
    steps = round(sim.get_current_time() / DT)
    arrived = np.zeros((steps + 1, n_cells))
    for projection, synapses in projections:
        for (_, j, _), synapse in zip(projection.get("delay", "list"), synapses, strict=True):
            for step, weight in synapse.sent:
                if step <= steps:
                    arrived[step, int(j)] += weight
    elapsed = np.arange(steps + 1)[:, None] - np.arange(steps + 1)[None, :]
    return np.where(elapsed >= 0, np.exp(-np.maximum(elapsed, 0) * DT / TAU_SYN), 0.0) @ arrived


RULES = {
    "SpikePairRule": {"tau_plus": 15.0, "tau_minus": 30.0, "A_plus": 0.02, "A_minus": 0.025},
    "Vogels2011Rule": {"tau": 25.0, "eta": 0.004, "rho": 9.0},
}
BOUNDS = {"w_min": 0.1, "w_max": 2.0}
EXPONENTS = {"GutigWeightDependence": {"mu_plus": 0.4, "mu_minus": 0.6}}
DELAYS = (1, 2, 7, 10, 13, 25)


def mechanism(rule: str, dependence: str, fraction: float, **changes: float) -> sim.STDPMechanism:
    """A plastic synapse type with the parameters above, but for changes."""

    def changed(defaults: Parameters) -> Parameters:
        return {name: changes.get(name, value) for name, value in defaults.items()}

    return sim.STDPMechanism(
        getattr(sim, rule)(**changed(RULES[rule])),
        getattr(sim, dependence)(**changed({**BOUNDS, **EXPONENTS.get(dependence, {})})),
        dendritic_delay_fraction=fraction,
    )


def connect_at_random(
    net: Driven, rule: str, dependence: str, fraction: float, is_each: bool = False, n: int = 30, **changes: float
) -> sim.Projection:
    """Plastic synapses between random pairs of cells, some of them several times, with random weights and delays.

    Args:
        is_each: whether every synapse has parameters of its own.
    """
    random = np.random.default_rng(n)
    pre, post = random.integers(0, len(net.pre), n), random.integers(0, len(net.post), n)
    columns = {"weight": random.uniform(*BOUNDS.values(), n), "delay": random.choice(DELAYS, n) * DT}
    if is_each:
        given = {**RULES[rule], **BOUNDS, **EXPONENTS.get(dependence, {})}
        columns |= {name: changes.get(name, value) * random.uniform(0.8, 1.25, n) for name, value in given.items()}
        columns["weight"] = random.uniform(columns["w_min"], columns["w_max"])
    return net.connect(mechanism(rule, dependence, fraction, **changes), pre, post, **columns)
