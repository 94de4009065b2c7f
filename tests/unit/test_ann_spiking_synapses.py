"""Spiking synapses of the ANNarchy interface, step by step against a plain evaluation; both targets.

The order that it follows is the one that ANNarchy 5.0.4 was seen to follow.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

import pynn_annarchy.ann as ann
from pynn_annarchy.exceptions import ModelError

DT, STEPS = 0.5, 120
PRE = [2, 3, 9, 10, 11, 19, 30, 31, 40, 52, 53, 54, 60, 77, 78, 90, 91, 100, 101, 110]
POST = [5, 11, 12, 13, 20, 31, 32, 44, 53, 54, 61, 76, 79, 92, 100, 101, 111, 112]
"""Steps in which the two neurons spike."""
TAU = 10.0


@pytest.fixture(params=["cpp", "reference"])
def network(request) -> ann.Network:
    net = ann.Network(dt=DT)
    net.config(target=request.param)
    return net


def pair(net: ann.Network, synapse: ann.Synapse | None, delay: float = DT, weight: float = 1.0):
    """A source and a neuron that spike in the steps above, and one synapse."""
    pre = net.create(ann.SpikeSourceArray([step * DT for step in PRE]))
    now = " or ".join(f"(step == {step})" for step in POST)
    post = net.create(
        1,
        ann.Neuron(
            parameters="tau = 5.0",
            equations=f"step = round(t/dt)\ndg_exc/dt = -g_exc/tau : explicit\nv = ite({now}, 1.0, 0.0)",
            spike="v > 0.5",
            reset="v = 0.0",
        ),
    )
    projection = net.connect(pre, post, "exc", synapse)
    projection.all_to_all(weight, delays=delay)
    net.compile()
    return projection, post


@dataclass
class Plain:
    """One synapse in ANNarchy's order; times in ms."""

    delay: int
    """In steps."""
    event_driven: tuple[str, ...] = ()
    values: dict[str, float] = field(default_factory=lambda: {"w": 1.0, "x": 0.0, "y": 0.0})
    last_event: int = 0

    def run(self, pre: Callable[..., None], post: Callable[..., None]) -> list[dict[str, float]]:
        """The values at the end of each step."""
        found = []
        for step in range(STEPS):
            if step - self.delay in PRE:
                self._follow(step - 1)
                pre(self.values, step * DT, self._last(PRE, step - 1), self._last(POST, step - 1))
                self.last_event = step
            if step in POST:
                self._follow(step)
                post(self.values, step * DT, self._last(PRE, step), self._last(POST, step))
                self.last_event = step
            found.append(dict(self.values))
        return found

    def _follow(self, until: int) -> None:
        for name in self.event_driven:
            self.values[name] *= math.exp(-(until - self.last_event) * DT / TAU)

    @staticmethod
    def _last(steps: list[int], until: int) -> float:
        return max((step * DT for step in steps if step <= until), default=-math.inf)


def values_of(net: ann.Network, projection: ann.Projection, names: list[str]) -> list[dict[str, float]]:
    seen = []
    for _ in range(STEPS):
        net.step()
        seen.append({name: projection.get(name)[0][0] for name in names})
    return seen


def assert_alike(found: list[dict[str, float]], expected: list[dict[str, float]], names: list[str]) -> None:
    for name in names:
        np.testing.assert_allclose([f[name] for f in found], [e[name] for e in expected], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("delay", [1, 4])
def test_event_driven_variables_stand_still_in_the_step_of_a_pre_synaptic_spike(network, delay):
    synapse = ann.Synapse(
        parameters="tau = 10.0",
        equations="tau*dx/dt = -x : event-driven\ntau*dy/dt = -y : event-driven",
        pre_spike="g_target += w\nx += 0.1\nw -= 0.2*y : min=0.0\nseen = y",
        post_spike="y += 0.1\nw += 0.3*x : max=1.2\nlater = x",
    )
    projection, _ = pair(network, synapse, delay * DT)

    def pre(of, t, t_pre, t_post):
        of["x"] += 0.1
        of["w"] = max(of["w"] - 0.2 * of["y"], 0.0)
        of["seen"] = of["y"]

    def post(of, t, t_pre, t_post):
        of["y"] += 0.1
        of["w"] = min(of["w"] + 0.3 * of["x"], 1.2)
        of["later"] = of["x"]

    plain = Plain(delay, ("x", "y"))
    plain.values |= {"later": 0.0, "seen": 0.0}
    names = ["w", "later", "seen"]

    assert_alike(values_of(network, projection, names), plain.run(pre, post), names)


@pytest.mark.parametrize("delay", [1, 4])
@pytest.mark.parametrize("is_followed", [False, True], ids=["waits for spikes", "followed in steps"])
def test_times_are_those_at_which_steps_of_spikes_begin(network, delay, is_followed):
    """`t_pre` is the last spike that the other cell has sent, be it on its way; `t_post` in `post_spike` is `t`."""
    synapse = ann.Synapse(
        parameters="tau = 10.0",
        equations="dz/dt = -z" if is_followed else "",
        pre_spike="g_target += w; a = t; b = ite(t_pre < 0, -1, t_pre); c = ite(t_post < 0, -1, t_post)",
        post_spike="d = t; e = ite(t_pre < 0, -1, t_pre); f = t_post; w += exp((t_pre - t)/tau)",
    )
    projection, _ = pair(network, synapse, delay * DT)

    def pre(of, t, t_pre, t_post):
        of |= {"a": t, "b": max(t_pre, -1.0), "c": max(t_post, -1.0)}

    def post(of, t, t_pre, t_post):
        of |= {"d": t, "e": max(t_pre, -1.0), "f": t_post, "w": of["w"] + math.exp((t_pre - t) / TAU)}

    plain = Plain(delay)
    names = ["a", "b", "c", "d", "e", "f", "w"]
    plain.values |= dict.fromkeys("abcdef", 0.0)

    assert_alike(values_of(network, projection, names), plain.run(pre, post), names)


def test_unless_post_asks_for_a_spike_of_the_step_before(network):
    synapse = ann.Synapse(pre_spike="g_target += w; all += 1; alone += 1 : unless_post")
    projection, _ = pair(network, synapse)

    network.simulate(STEPS * DT)

    assert projection.get("all") == [[len(PRE)]]
    assert projection.get("alone") == [[sum(step not in POST for step in PRE)]]


def test_bounds_of_a_statement_hold_for_what_it_does(network):
    synapse = ann.Synapse(pre_spike="g_target += w; n -= 1 : min=-1", post_spike="n += 2 : max=3; m -= 1")
    projection, _ = pair(network, synapse)

    def pre(of, *times):
        of["n"] = max(of["n"] - 1, -1)

    def post(of, *times):
        of["n"] = min(of["n"] + 2, 3)

    plain = Plain(1)
    plain.values["n"] = 0.0

    assert_alike(values_of(network, projection, ["n"]), plain.run(pre, post), ["n"])
    assert projection.get("m") == [[-len(POST)]]


def test_event_driven_variables_are_read_as_of_now(network):
    synapse = ann.Synapse(
        parameters="tau = 10.0", equations="tau*dx/dt = -x : event-driven", pre_spike="g_target += w; x += 1"
    )
    projection, _ = pair(network, synapse)
    read = values_of(network, projection, ["x"])

    assert [each["x"] for each in read[:5]] == [0.0, 0.0, 0.0, 1.0, 2.0]
    assert read[7]["x"] == pytest.approx(2 * math.exp(-3 * DT / TAU), rel=1e-14)


# switched off and on


def switched(net: ann.Network, kind: str) -> tuple[ann.Projection, ann.Monitor]:
    synapse = {
        "event-driven": ann.Synapse(
            parameters="tau = 10.0",
            equations="tau*dx/dt = -x : event-driven\ntau*dy/dt = -y : event-driven",
            pre_spike="g_target += w; x += 0.1; w -= 0.2*y : min=0",
            post_spike="y += 0.1; w += 0.3*x : max=2",
        ),
        "followed": ann.Synapse(
            parameters="tau = 10.0",
            equations="tau*dx/dt = -x : exponential\ntau*dy/dt = -y : exponential",
            pre_spike="g_target += w; x += 0.1; w -= 0.2*y : min=0",
            post_spike="y += 0.1; w += 0.3*x : max=2",
        ),
        "fixed": None,
    }[kind]
    projection, post = pair(net, synapse)
    return projection, net.monitor(post, ["g_exc"])


@pytest.mark.parametrize("kind", ["event-driven", "followed"])
def test_weights_stay_where_learning_is_disabled(network, kind):
    projection, _ = switched(network, kind)
    network.simulate(20.0)
    before = projection.get("w")
    projection.disable_learning()
    network.simulate(20.0)

    assert not projection.plasticity
    assert projection.get("w") == before != [[1.0]]
    assert projection.get("x") != [[0.0]]

    projection.enable_learning()
    network.simulate(20.0)
    assert projection.plasticity
    assert projection.get("w") != before


@pytest.mark.parametrize("kind", ["event-driven", "followed", "fixed"])
def test_nothing_comes_from_synapses_that_do_not_transmit(network, kind):
    projection, monitor = switched(network, kind)
    network.simulate(10.0)
    monitor.get()
    projection.transmission = False
    weights = projection.get("w")
    network.simulate(20.0)
    silent = monitor.get("g_exc").ravel()
    projection.transmission = True

    assert projection.get("w") == weights
    np.testing.assert_allclose(silent[1:], silent[:-1] * (1 - DT / 5.0), rtol=1e-12)

    network.simulate(20.0)
    heard = monitor.get("g_exc").ravel()
    assert heard.max() > silent.max() * 0.5
    assert len(heard) == 40


def test_event_driven_variables_go_on_while_synapses_do_not_transmit(network):
    projection, _ = switched(network, "event-driven")
    network.simulate(10.0)
    before = projection.get("x")[0][0]
    projection.transmission = False
    network.simulate(5.0)
    projection.transmission = True

    assert projection.get("x")[0][0] == pytest.approx(before * math.exp(-5.0 / TAU), rel=1e-14)


def test_steps_are_left_out_by_equations_alone(network):
    projection, _ = switched(network, "event-driven")
    with pytest.raises(ModelError, match="no equations to leave out"):
        projection.enable_learning(period=5.0)


@pytest.mark.parametrize("delay", [1, 4])
@pytest.mark.parametrize("period", [1, 5])
def test_equations_see_when_cells_have_spiked_last_the_present_step_included(network, delay, period):
    synapse = ann.Synapse(
        parameters="never = -1.0 : projection",
        equations="""
            before = if t_pre < 0: never else: t_pre
            after = if t_post < 0: never else: t_post : postsynaptic
            since = clip(t - t_post, 0, 1000)
            closer += if t_post >= t_pre: dt else: -dt
        """,
        pre_spike="g_target += w",
    )
    projection, _ = pair(network, synapse, delay * DT)
    if period > 1:
        projection.enable_learning(period=period * DT)
    monitor = network.monitor(projection, ["before", "after", "since", "closer"])
    network.simulate(STEPS * DT)
    values = {name: monitor.get(name).ravel() for name in monitor.variables}

    closer = 0.0
    for step in range(STEPS):
        if step % period == 0:
            last_pre, last_post = (max((s for s in of if s <= step), default=None) for of in (PRE, POST))
            sides = [-math.inf if last is None else last for last in (last_pre, last_post)]
            closer += DT * period * (1 if sides[1] >= sides[0] else -1)
        assert values["before"][step] == pytest.approx(-1.0 if last_pre is None else last_pre * DT), step
        assert values["after"][step] == pytest.approx(-1.0 if last_post is None else last_post * DT), step
        assert values["closer"][step] == pytest.approx(closer), step
        if step % period == 0:
            expected = 1000.0 if last_post is None else (step - last_post) * DT
            assert values["since"][step] == pytest.approx(expected), step


def test_what_is_transmitted_may_follow_from_when_cells_have_spiked_last(network):
    """Formed for the next step, `t` being the time at which that begins."""
    source = network.create(ann.SpikeSourceArray([[step * DT for step in PRE]]))
    cells = network.create(1, ann.Neuron(equations="r = sum(exc)"))
    synapse = ann.Synapse(psp="if t_pre < 0: -1.0 else: t_pre", pre_spike="n += 1")
    network.connect(source, cells, "exc", synapse).all_to_all(weights=1.0)
    monitor = network.monitor(cells, "r")
    network.simulate(STEPS * DT)

    seen = [max((s for s in PRE if s < step), default=None) for step in range(1, STEPS)]
    expected = [-1.0 if last is None else last * DT for last in seen]
    assert monitor.get("r")[1:, 0] == pytest.approx(expected)


RULE = dict(
    equations="tau*dx/dt = -x : event-driven; tau*dy/dt = -y : event-driven",
    pre_spike="g_target += w; x += A; w -= y : min=0.0",
    post_spike="y += A; w += x : max=2.0",
)


def learning_onto_each(net, locality, changes):
    """Synapses that learn from two sources onto three neurons, each with parameters of its own."""
    sources = net.create(ann.SpikeSourceArray([[step * DT for step in PRE], [step * DT for step in POST]]))
    cells = net.create(
        3, ann.Neuron(parameters="I = 0.1", equations="v += I + 0.1*g_exc", spike="v > 1", reset="v = 0")
    )
    cells.I = [0.11, 0.07, 0.19]
    synapse = ann.Synapse(parameters=f"tau = 10.0 : {locality}; A = 0.02 : {locality}", **RULE)
    projection = net.connect(sources, cells, "exc", synapse).all_to_all(weights=0.5)
    net.compile()
    for values in changes:
        for name, of_each in values.items():
            setattr(projection, name, of_each if locality == "postsynaptic" else [[value] * 2 for value in of_each])
        net.simulate(20.0)
    return [projection.get(name) for name in ("w", "x", "y")]


def test_parameters_of_each_post_synaptic_neuron_are_those_of_its_synapses(network):
    changes = [{"tau": [5.0, 10.0, 20.0], "A": [0.02, 0.04, 0.01]}, {"A": [0.03, 0.01, 0.05]}, {"tau": [8.0, 4.0, 2.0]}]
    other = ann.Network(dt=DT)
    other.config(target="reference")

    assert learning_onto_each(network, "postsynaptic", changes) == learning_onto_each(other, "local", changes)


def test_event_driven_variables_that_synapses_share_follow_time(network):
    """No spike changes them, so that nothing but their equation does."""
    synapse = ann.Synapse(
        parameters="tau = 10.0 : postsynaptic",
        equations="""
            tau*dx/dt = 1 - x : event-driven, postsynaptic
            dy/dt = -y/30.0 : event-driven, projection, init=2.0
        """,
        pre_spike="g_target += w*x*y; sent = x*y",
    )
    projection, _ = pair(network, synapse)
    projection.tau = [5.0]
    network.simulate(STEPS * DT)

    now, last = STEPS * DT, (PRE[-1] + 1) * DT
    assert projection.x == pytest.approx([1 - math.exp(-now / 5.0)], rel=1e-12)
    assert projection.y == pytest.approx(2 * math.exp(-now / 30.0), rel=1e-12)
    assert projection.sent[0] == pytest.approx([(1 - math.exp(-last / 5.0)) * 2 * math.exp(-last / 30.0)], rel=1e-12)
