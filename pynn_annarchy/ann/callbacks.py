"""Functions that are called at regular times while a network runs: ``@every(period=100.0)``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.exceptions import ModelError

if TYPE_CHECKING:
    from pynn_annarchy.ann.network import Network


class Callback:
    """A function that a network calls before the steps that it is due in; still callable by hand.

    Times count from the call of simulate(), simulate_until() or the first of several step(). The function is given the
    number of its calls since then.
    """

    def __init__(self, function: Callable[[int], Any], period: float, offset: float, wait: float) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self.period = period
        self.offset = offset
        self.wait = wait
        self.enabled = True

    def __call__(self, n: int) -> Any:
        return self._function(n)

    def enable(self) -> None:
        """Lets it be called again."""
        self.enabled = True

    def disable(self) -> None:
        """It is not called until enable()."""
        self.enabled = False

    def period_in_steps(self, dt: float) -> int:
        """Steps between two calls, at least one."""
        return max(1, round(self.period / dt))

    def first_step(self, dt: float) -> int:
        """Steps from the beginning of a run to the first call."""
        return round(self.wait / dt) + round(self.offset / dt) % self.period_in_steps(dt)

    def is_due(self, step: int, dt: float) -> bool:
        """Whether it is to be called so many steps after the beginning of a run."""
        elapsed = step - self.first_step(dt)
        return self.enabled and elapsed >= 0 and elapsed % self.period_in_steps(dt) == 0

    def number(self, step: int, dt: float) -> int:
        """Which call of the run is due at a step."""
        return (step - self.first_step(dt)) // self.period_in_steps(dt)

    def next_step(self, step: int, dt: float) -> int:
        """The first step after `step` at which it is due."""
        first, period = self.first_step(dt), self.period_in_steps(dt)
        return first if step < first else first + ((step - first) // period + 1) * period


class every:
    """Calls a function of one number regularly while a network runs: before the steps at 0, period, 2 period, ... ms.

    Functions that are due at the same time are called in the order of their definition. The function becomes a
    `Callback`, which can be disabled and enabled.

    Args:
        network: the default network or, while that is empty, the network that was made last.
        period: ms between two calls; less than the time step means every step.
        offset: ms from the beginning of each period; a negative one counts from its end. Taken modulo the period.
        wait: ms before the first period.

    Raises:
        ModelError: a period or wait that is negative, or what is no finite number.
    """

    def __init__(
        self, network: Network | None = None, period: float = 1.0, offset: float = 0.0, wait: float = 0.0
    ) -> None:
        for name, value in (("period", period), ("offset", offset), ("wait", wait)):
            if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not np.isfinite(value):
                raise ModelError(f"every(): {name} must be a number of ms, not {value!r}")
            if value < 0 and name != "offset":
                raise ModelError(f"every(): {name} must not be negative, got {value} ms")
        self._network = network
        self._times = (float(period), float(offset), float(wait))

    def __call__(self, function: Callable[[int], Any]) -> Callback:
        from pynn_annarchy.ann.magic import current_network

        if not callable(function):
            raise ModelError(f"@every(...) decorates a function of one number, not {function!r}")
        callback = Callback(function, *self._times)
        network = current_network() if self._network is None else self._network
        network._callbacks.append(callback)
        return callback
