"""The way of a network through time: from callback to callback, and step by step where a condition may end the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.ann.stopping import StopCondition
from pynn_annarchy.engine.cells import Cells
from pynn_annarchy.exceptions import ModelError, warn

if TYPE_CHECKING:
    from pynn_annarchy.ann.callbacks import Callback
    from pynn_annarchy.engine.network import Network as Engine

GRID_TOLERANCE = 1e-6
"""Durations within this part of a step count as whole numbers of steps."""


def steps_of_duration(duration: Any, dt: float) -> int:
    """A duration in ms as the nearest number of steps, with a warning where it is none.

    Raises:
        ModelError: it is negative or no finite number.
    """
    is_number = isinstance(duration, (int, float, np.number)) and not isinstance(duration, bool)
    if not is_number or not np.isfinite(duration) or duration < 0:
        raise ModelError(f"a duration must be a number of ms that is not negative, not {duration!r}")
    steps = float(duration) / dt
    if abs(steps - round(steps)) > GRID_TOLERANCE * max(1.0, steps):
        warn(f"{duration} ms is no multiple of the time step {dt} ms: running for {round(steps) * dt:g} ms instead")
    return round(steps)


class Runner:
    """Runs one engine; knows the callbacks that are due on the way.

    Args:
        engine: what is run.
        callbacks: in the order of their definition; asked anew at each step where one is due.
    """

    def __init__(self, engine: Engine, callbacks: Callable[[], list[Callback]]) -> None:
        self._engine = engine
        self._callbacks = callbacks
        self._is_running = False
        self._origin: int | None = None
        self._reached = -1

    def run(self, n_steps: int, stop: Callable[[], bool] | None = None) -> int:
        """Runs for so many steps, or until `stop` holds after a step; returns the number of steps done."""
        self._origin = None
        return self._run(n_steps, self._engine.step, stop)

    def step(self) -> None:
        """Runs for one step. The times of callbacks count from the first of several such steps."""
        if self._origin is None or self._reached != self._engine.step:
            self._origin = self._engine.step
        self._run(1, self._origin, None)
        self._reached = self._engine.step

    def _run(self, n_steps: int, origin: int, stop: Callable[[], bool] | None) -> int:
        if self._is_running:
            raise ModelError("a callback cannot run the network that has called it")
        self._is_running = True
        try:
            return self._run_to(self._engine.step + n_steps, origin, stop)
        finally:
            self._is_running = False

    def _run_to(self, end: int, origin: int, stop: Callable[[], bool] | None) -> int:
        engine = self._engine
        first = engine.step
        while engine.step < end:
            self._call(engine.step - origin)
            following = end if stop is None else engine.step + 1
            engine.run(min(end, following, self._next_call(engine.step, origin, end)) - engine.step)
            if stop is not None and stop():
                break
        return engine.step - first

    def _next_call(self, step: int, origin: int, end: int) -> int:
        dt = self._engine.dt
        active = [callback for callback in self._callbacks() if callback.enabled]
        return min((origin + callback.next_step(step - origin, dt) for callback in active), default=end)

    def _call(self, step: int) -> None:
        for callback in self._callbacks():
            if callback.is_due(step, self._engine.dt):
                callback(callback.number(step, self._engine.dt))


def stop_when(conditions: list[tuple[StopCondition, Cells]], operator: str) -> Callable[[], bool]:
    """Whether the conditions of all populations hold ('and'), or of any ('or').

    Raises:
        ModelError: another operator.
    """
    if operator not in ("and", "or"):
        raise ModelError(f"operator must be 'and' or 'or', not {operator!r}")
    quantifier = all if operator == "and" else any
    return lambda: quantifier(condition.holds(cells) for condition, cells in conditions)
