"""Rules of plasticity in plain Python: every change of the weight as a sum over earlier spikes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, expm1

from tests.unit.one_synapse import DT

W_MIN, W_MAX = 0.1, 2.0
TAUS = {"tau_plus": 15.0, "tau_minus": 30.0}
PAIR = {**TAUS, "A_plus": 0.02, "A_minus": 0.025}
TRIPLET = {
    **TAUS,
    "tau_x": 60.0,
    "tau_y": 90.0,
    "A2_plus": 0.002,
    "A2_minus": 0.01,
    "A3_plus": 0.002,
    "A3_minus": 0.003,
}
SHORT_TERM = {"U": 0.3, "tau_rec": 100.0, "tau_facil": 80.0}
BOUNDS = {"w_min": W_MIN, "w_max": W_MAX}


@dataclass(frozen=True)
class Moment:
    """A spike at the synapse.

    Args:
        now: in steps.
        own: earlier spikes of the same cell, those of the same moment that come before it among them.
        other: spikes of the other cell, those of the same moment left out.
    """

    now: float
    own: Sequence[float]
    other: Sequence[float]

    def every(self, spikes: Sequence[float], tau: float) -> float:
        return sum(exp(-(self.now - k) * DT / tau) for k in spikes)

    def nearest(self, spikes: Sequence[float], tau: float) -> float:
        return self.every(spikes[-1:], tau)


Change = Callable[[Moment], float]


@dataclass(frozen=True)
class Rule:
    """What spikes add to the weight, and what of the weight a pre-synaptic one sends."""

    pre: Change
    post: Change
    released: Callable[[Sequence[float]], Sequence[float]] = lambda pre: [1.0] * len(pre)


def moments(pre: Sequence[float], post: Sequence[float], first: str) -> list[tuple[str, Moment]]:
    """All spikes in the order in which they come; `first` is the side that does where they coincide."""
    ordered = sorted([*((k, "pre") for k in pre), *((k, "post") for k in post)], key=lambda e: (e[0], e[1] != first))
    seen: dict[str, list[float]] = {"pre": [], "post": []}
    course = []
    for now, side in ordered:
        other = seen["post" if side == "pre" else "pre"]
        course.append((side, Moment(now, tuple(seen[side]), tuple(k for k in other if k < now))))
        seen[side].append(now)
    return course


def clipped(weight: float) -> float:
    return min(max(weight, W_MIN), W_MAX)


def follow(rule: Rule, pre: Sequence[float], post: Sequence[float], weight: float, first: str = "post"):
    """The weight at the end, and what each pre-synaptic spike sends."""
    released, sent = rule.released(pre), []
    for side, moment in moments(pre, post, first):
        weight = clipped(weight + (rule.pre if side == "pre" else rule.post)(moment))
        if side == "pre":
            sent.append(weight * released[len(sent)])
    return weight, sent


def triplet(trace: Callable[[Moment, Sequence[float], float], float]) -> Rule:
    p = TRIPLET
    return Rule(
        pre=lambda m: -W_MAX * trace(m, m.other, 30.0) * (p["A2_minus"] + p["A3_minus"] * trace(m, m.own, 60.0)),
        post=lambda m: W_MAX * trace(m, m.other, 15.0) * (p["A2_plus"] + p["A3_plus"] * trace(m, m.own, 90.0)),
    )


def potentiation(m: Moment, paired: Sequence[float]) -> float:
    return 0.02 * W_MAX * m.every(paired, 15.0)


def depression(m: Moment, paired: Sequence[float]) -> float:
    return -0.025 * W_MAX * m.every(paired, 30.0)


def immediate(m: Moment) -> Sequence[float]:
    """The last spike of the other cell, where this one has not spiked after it."""
    return m.other[-1:] if not m.own or (m.other and m.own[-1] <= m.other[-1]) else ()


def since_the_last(m: Moment) -> Sequence[float]:
    """Spikes of the other cell that this one has not met with its last spike."""
    return [k for k in m.other if not m.own or k >= m.own[-1]]


def released(pre: Sequence[float], tau_psc: float) -> Sequence[float]:
    """Tsodyks, Uziel & Markram 2000, by the exact propagator of its three linear equations."""
    use, tau_rec, tau_facil = SHORT_TERM["U"], SHORT_TERM["tau_rec"], SHORT_TERM["tau_facil"]
    y, z, u, last, sent = 0.0, 0.0, 0.0, 0.0, []
    for now in pre:
        h = (now - last) * DT
        active, recovering = exp(-h / tau_psc), exp(-h / tau_rec)
        y, z = y * active, z * recovering + y * (recovering - active) * tau_rec / (tau_rec - tau_psc)
        u = use + (1.0 - use) * u * exp(-h / tau_facil)
        sent.append(u * (1.0 - y - z))
        y, last = y + sent[-1], now
    return sent


RULES: dict[str, tuple[Rule, dict[str, float]]] = {
    "TripletSTDPSynapse": (triplet(Moment.every), TRIPLET),
    "NearestTripletSTDPSynapse": (triplet(Moment.nearest), TRIPLET),
    "SymmetricNearestSTDPSynapse": (
        Rule(lambda m: depression(m, m.other[-1:]), lambda m: potentiation(m, m.other[-1:])), PAIR,
    ),
    "PresynapticCentredSTDPSynapse": (
        Rule(lambda m: depression(m, m.other[-1:]), lambda m: potentiation(m, since_the_last(m))), PAIR,
    ),
    "ReducedSymmetricSTDPSynapse": (
        Rule(lambda m: depression(m, immediate(m)), lambda m: potentiation(m, immediate(m))), PAIR,
    ),
    "TsodyksMarkramSTDPSynapse": (
        Rule(
            lambda m: depression(m, m.other), lambda m: potentiation(m, m.other), lambda pre: released(pre, 5.0)
        ),
        {**PAIR, **SHORT_TERM},
    ),
}  # fmt: skip
"""By synapse type: its rule and the parameters for which it is written here (tau_psc is 5 ms)."""

REWARD = {**PAIR, "A_plus": 0.2, "A_minus": 0.25, "tau_c": 40.0}


def reward_modulated(pre, post, weight, dopamine, end, first="post"):
    """The weight and the eligibility at the step `end`.

    Args:
        dopamine: (step from which it holds, value in 1/s), ascending, the first one from step 0.
    """
    spikes = {moment.now: [] for _, moment in moments(pre, post, first) if moment.now <= end}
    for side, moment in moments(pre, post, first):
        if moment.now <= end:
            change = 0.25 * -W_MAX * moment.every(moment.other, 30.0)
            spikes[moment.now].append(change if side == "pre" else 0.2 * W_MAX * moment.every(moment.other, 15.0))
    level, c, last = 0.0, 0.0, 0.0
    for now in sorted({*spikes, *(step for step, _ in dopamine if step <= end), end}):
        h = (now - last) * DT
        weight = clipped(weight - level / 1000 * c * 40.0 * expm1(-h / 40.0))
        c = c * exp(-h / 40.0) + sum(spikes.get(now, ()))
        level = dict(dopamine).get(now, level)
        last = now
    return weight, c
