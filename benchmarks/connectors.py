"""Building connections: each connector against PyNN's own algorithm, without the back end's part of the work.

    python benchmarks/connectors.py                   # 1,000 x 1,000 cells, about a minute
    python benchmarks/connectors.py --size 4000 --only FixedProbability

Both run on a projection that throws the connections away. Processor time in random draws and in users' functions is
measured and subtracted from both, so that what is compared is the connectors' own work; `ratio` is ours to PyNN's.
Expressions given as strings are not users' functions here: they count as the connectors' own work. Files count as lists
that have been read.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from time import process_time
from types import SimpleNamespace
from typing import Any

import numpy as np
from pyNN import connectors as common
from pyNN.core import IndexBasedExpression
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.space import Space

import pynn_annarchy as sim


@dataclass
class Clock:
    """Time spent in what is not the connectors' work."""

    elapsed: float = 0.0

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            started = process_time()
            result = function(*arguments, **named)
            self.elapsed += process_time() - started
            return result

        return call


class TimedState:
    """A RandomState whose draws are timed; copies go on the same clock."""

    def __init__(self, state: np.random.RandomState, clock: Clock) -> None:
        self._state, self._clock = state, clock

    def __getattr__(self, name: str) -> Any:
        return self._clock.timed(getattr(self._state, name))

    def __deepcopy__(self, memo: Any) -> TimedState:
        state = np.random.RandomState()
        state.set_state(self._state.get_state())
        return TimedState(state, self._clock)


class Index(IndexBasedExpression):
    """Probability that falls with the difference of the indices."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, i: Any, j: Any) -> Any:
        return self._function(i, j)


class Discarding:
    """As much of a projection as connectors look at."""

    _require_finite = sim.Projection._require_finite
    _simulator = SimpleNamespace(state=SimpleNamespace(mpi_rank=0, num_processes=1))

    def __init__(self, pre: Any, post: Any, synapse_type: Any) -> None:
        self.pre, self.post, self.synapse_type = pre, post, synapse_type
        self.shape, self.label, self.receptor_type = (pre.size, post.size), "discarded", "excitatory"
        self.space = Space(axes="xy")

    def _convergent_connect(self, pre: Any, post: Any, location_selector: Any = None, **parameters: Any) -> None:
        pass

    def _connect_block(self, pre: Any, post: Any, **parameters: Any) -> None:
        pass


@dataclass(frozen=True)
class Task:
    """A connector and a synapse type, made anew for each run with a generator and a clock."""

    connector: str
    arguments: Callable[[NumpyRNG, Clock, Any], dict[str, Any]]
    synapse: Callable[[NumpyRNG, Clock], dict[str, Any]] = field(
        default=lambda rng, clock: {"weight": 0.1, "delay": 0.5}
    )


def _rows(n: int) -> list[tuple[int, int, float, float]]:
    state = np.random.RandomState(1)
    pre, post = state.randint(0, n, size=(2, n * n // 50))
    return list(zip(pre.tolist(), post.tolist(), state.rand(len(pre)).tolist(), [0.5] * len(pre), strict=True))


def _random_weights(rng: NumpyRNG, clock: Clock) -> dict[str, Any]:
    return {"weight": RandomDistribution("uniform", low=0.1, high=0.2, rng=rng), "delay": 0.5}


def _weights_by_distance(rng: NumpyRNG, clock: Clock) -> dict[str, Any]:
    return {"weight": "0.1*d", "delay": 0.5}


TASKS = {
    "AllToAll": Task("AllToAll", lambda rng, clock, cells: {}),
    "AllToAll, no self": Task("AllToAll", lambda rng, clock, cells: {"allow_self_connections": False}),
    "AllToAll, weight 0.1*d": Task("AllToAll", lambda rng, clock, cells: {}, _weights_by_distance),
    "OneToOne": Task("OneToOne", lambda rng, clock, cells: {}),
    "OneToOne, weight 0.1*d": Task("OneToOne", lambda rng, clock, cells: {}, _weights_by_distance),
    "FixedProbability": Task("FixedProbability", lambda rng, clock, cells: {"p_connect": 0.02, "rng": rng}),
    "FixedProbability, random weights": Task(
        "FixedProbability", lambda rng, clock, cells: {"p_connect": 0.02, "rng": rng}, _random_weights
    ),
    "FixedProbability, weight 0.1*d": Task(
        "FixedProbability", lambda rng, clock, cells: {"p_connect": 0.02, "rng": rng}, _weights_by_distance
    ),
    "FixedProbability, no self": Task(
        "FixedProbability",
        lambda rng, clock, cells: {"p_connect": 0.02, "rng": rng, "allow_self_connections": False},
    ),
    "FixedNumberPre": Task("FixedNumberPre", lambda rng, clock, cells: {"n": cells.size // 50, "rng": rng}),
    "FixedNumberPre, replacement": Task(
        "FixedNumberPre",
        lambda rng, clock, cells: {"n": cells.size // 50, "rng": rng, "with_replacement": True},
    ),
    "FixedNumberPre, replacement, no self": Task(
        "FixedNumberPre",
        lambda rng, clock, cells: {
            "n": cells.size // 50,
            "rng": rng,
            "with_replacement": True,
            "allow_self_connections": False,
        },
    ),
    "FixedNumberPost": Task("FixedNumberPost", lambda rng, clock, cells: {"n": cells.size // 50, "rng": rng}),
    "FixedNumberPost, replacement": Task(
        "FixedNumberPost",
        lambda rng, clock, cells: {"n": cells.size // 50, "rng": rng, "with_replacement": True},
    ),
    "FixedTotalNumber": Task("FixedTotalNumber", lambda rng, clock, cells: {"n": cells.size**2 // 50, "rng": rng}),
    "DistanceDependentProbability": Task(
        "DistanceDependentProbability",
        lambda rng, clock, cells: {"d_expression": "exp(-d*d/30.0)", "rng": rng},
    ),
    "DistanceDependentProbability, d**2": Task(
        "DistanceDependentProbability",
        lambda rng, clock, cells: {"d_expression": "exp(-d**2/30.0)", "rng": rng},
    ),
    "DisplacementDependentProbability": Task(
        "DisplacementDependentProbability",
        lambda rng, clock, cells: {"disp_function": clock.timed(lambda d: 0.02 * (d[0] > 0)), "rng": rng},
    ),
    "IndexBasedProbability": Task(
        "IndexBasedProbability",
        lambda rng, clock, cells: {
            "index_expression": Index(clock.timed(lambda i, j: 1 / (1 + abs(i - j)))),
            "rng": rng,
        },
    ),
    "Array": Task(
        "Array", lambda rng, clock, cells: {"array": np.random.RandomState(1).rand(cells.size, cells.size) < 0.02}
    ),
    "Clone": Task(
        "Clone",
        lambda rng, clock, cells: {
            "reference_projection": sim.Projection(
                cells, cells, sim.FixedProbabilityConnector(0.02, rng=rng), sim.StaticSynapse(weight=0.1)
            )
        },
    ),
    "FromList": Task("FromList", lambda rng, clock, cells: {"conn_list": _rows(cells.size)}),
    "FromList, random weights": Task(
        "FromList", lambda rng, clock, cells: {"conn_list": [row[:2] for row in _rows(cells.size)]}, _random_weights
    ),
}


def native_draws(connector: Any, n: int) -> float:
    """Seconds that NumPy takes for the numbers that our connector draws in native code, out of the clock's sight."""
    state = np.random.RandomState(1)
    if isinstance(connector, sim.FixedNumberPreConnector | sim.FixedNumberPostConnector):
        draw = (lambda: None) if connector.with_replacement else (lambda: state.permutation(n))
    elif type(connector).__name__.endswith("ProbabilityConnector"):
        draw = lambda: state.random_sample(n)  # noqa: E731
    else:
        return 0.0
    started = process_time()
    for _ in range(n):
        draw()
    return process_time() - started


def own_time(library: Any, task: Task, cells: Any) -> float:
    """Seconds that one run of the connector takes, without draws and users' functions."""
    clock = Clock()
    rng = NumpyRNG(seed=1)
    connector = getattr(library, f"{task.connector}Connector")(**task.arguments(rng, clock, cells))
    projection = Discarding(cells, cells, sim.StaticSynapse(**task.synapse(rng, clock)))
    for one in (rng, *(value.rng for value in task.synapse(rng, clock).values() if hasattr(value, "rng"))):
        one.rng = TimedState(one.rng, clock)
    clock.elapsed = 0.0
    started = process_time()
    connector.connect(projection)
    elapsed = process_time() - started - clock.elapsed
    if library is sim:
        elapsed -= min(native_draws(connector, cells.size) for _ in range(5))
    return max(0.0, elapsed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1000, help="number of pre- and of post-synaptic cells")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="beginning of the names of those to measure")
    options = parser.parse_args()
    sim.setup(timestep=0.1)
    cells = sim.Population(options.size, sim.IF_curr_exp())
    cells.positions = np.random.RandomState(2).rand(3, options.size) * options.size**0.5
    print(f"{options.size} x {options.size} cells\n\n| connector | PyNN, ms | here, ms | ratio |\n|---|---|---|---|")
    for name, task in TASKS.items():
        if name.startswith(options.only):
            repeats = range(options.repeats)
            ours, theirs = (min(own_time(library, task, cells) for _ in repeats) for library in (sim, common))
            print(f"| {name} | {theirs * 1e3:.1f} | {ours * 1e3:.2f} | {ours / theirs:.3f} |", flush=True)


if __name__ == "__main__":
    main()
