"""Populations that give input to networks: values and spikes that are given in time, or drawn at given rates.

Everything is equations over the engine's scheduled inputs, or the engine's sources of given spikes. Times are in ms,
counted from the start of the simulation, or from the last ``reset()`` of the population.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pynn_annarchy.ann.distributions import RandomDistribution
from pynn_annarchy.ann.models import Neuron, Parameter
from pynn_annarchy.ann.population import Population
from pynn_annarchy.ann.specified import SpecifiedNeuron
from pynn_annarchy.engine.arrays import times_of
from pynn_annarchy.engine.cells import Cells
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.standardmodels import annarchy_inputs


@contextlib.contextmanager
def _made(population: Population) -> Iterator[None]:
    """A population of which something turns out to be wrong in this block belongs to no network."""
    try:
        yield
    except Exception:
        population.network._withdraw(population)
        raise


class InputArray(Population):
    """Rates that stay as they are set: ``inp.r = values``.

    Args:
        geometry: of the population.
        name: see Population.
    """

    def __init__(self, geometry: Any = None, name: str | None = None, network: Any = None) -> None:
        neuron = Neuron(equations="r = r", name="Input Array", description="Rates that are set from outside.")
        super().__init__(geometry, neuron, name, network=network)


# values in time


class _Scheduled(Population):
    """A population whose inputs change at given times.

    Subclasses say with `_frames` what they are.
    """

    _OTHERS = ("_given_schedule", "_given_period", "_origin", "_given_rates")

    def _begin_schedule(self, schedule: Any, period: float | None) -> None:
        """Before the population is made: what it is given."""
        self._given_schedule = schedule
        self._given_period = period
        self._origin = 0

    def _frames(self) -> dict[str, npt.NDArray[np.float64]]:
        """Values of each input by time."""
        raise NotImplementedError

    def _n_frames(self) -> int:
        raise NotImplementedError

    @property
    def schedule(self) -> list[float]:
        """Times at which the values change, in ms."""
        return [float(time) for time in self._times(self._given_schedule, self._n_frames())]

    @schedule.setter
    def schedule(self, value: Any) -> None:
        self._times(value, self._n_frames())
        self._given_schedule = value
        self._show()

    @property
    def period(self) -> float:
        """Time after which the schedule begins anew, in ms; -1 for never."""
        return -1.0 if self._given_period is None else float(self._given_period)

    @period.setter
    def period(self, value: float | None) -> None:
        self._given_period = value
        self._show()

    def _times(self, schedule: Any, n_frames: int) -> npt.NDArray[np.float64]:
        """Times of the frames, as many as there are both of times and of frames."""
        if schedule is None or np.ndim(schedule) == 0:
            every = float(schedule or 0.0) or self.network.dt
            times = every * np.arange(n_frames)
        else:
            times = np.asarray(schedule, np.float64)
        if len(times) > n_frames:
            raise ModelError(f"{self._label}: {len(times)} times are given for {n_frames} rows of values")
        if not np.isfinite(times).all() or (times < 0).any() or (np.diff(times) <= 0).any():
            raise ModelError(f"{self._label}: the times of a schedule must ascend from 0 on, got {schedule!r}")
        return times

    def _steps_of_period(self, period: float | None) -> int:
        """The period in steps, 0 for none."""
        if period is None or period < 0:
            return 0
        steps = round(period / self.network.dt)
        if steps < 1:
            raise ModelError(f"{self._label}: the period must be at least one time step, got {period!r} ms")
        return steps

    def _show(self) -> None:
        """Tells the engine, once there is one."""
        if not isinstance(self.cells, Cells):
            return
        steps = np.rint(self._times(self._given_schedule, self._n_frames()) / self.network.dt).astype(np.int64)
        values = {name: rows[: len(steps)] for name, rows in self._frames().items()}
        self.cells.set_frames(steps, values, self._origin, self._steps_of_period(self._given_period))

    def _build(self) -> None:
        super()._build()
        self._origin = self.network.current_step
        self._show()

    def reset(self, attributes: list[str] | None = None) -> None:
        """Begins with the first values again, from now on; see Population for the attributes."""
        super().reset(attributes)
        self._origin = self.network.current_step
        self._show()

    def _updated(self, schedule: Any, period: float | None, reset: bool) -> None:
        """Takes over a new schedule and period, where they are given, and shows new values."""
        self._given_schedule = self._given_schedule if schedule is None else schedule
        self._given_period = self._given_period if period is None else period
        if reset:
            self._origin = self.network.current_step
        self._show()

    def _rows(self, rates: Any, what: str) -> npt.NDArray[np.float64]:
        """Values by time as an array of the shape (n_times, size), or (n_times,) where all neurons have the same."""
        rows = np.asarray(rates, np.float64)
        if rows.ndim == 0 or not np.isfinite(rows).all():
            raise ModelError(f"{self._label}: {what} must be finite numbers, one row for each time")
        if rows.ndim > 1 and rows.shape[1:] not in ((self.size,), self.geometry):
            raise ModelError(
                f"{self._label}: {what} of the shape {rows.shape} do not fit; after the first dimension, which is "
                f"time, comes the geometry {self.geometry}"
            )
        return rows.reshape(len(rows), self.size) if rows.ndim > 1 else rows


class TimedArray(_Scheduled):
    """Rates ``r`` that are given in time; the last ones stay.

    Args:
        rates: the first dimension is time, the others are the geometry.
        geometry: of the population, where there are no rates yet.
        schedule: times at which the rows act from, in ms; a number for equal intervals, 0 for one time step.
        period: time after which the first row acts again, in ms; -1 for never.
        name: see Population.

    Raises:
        ModelError: neither rates nor a geometry; shapes that do not fit; times that do not ascend.
    """

    def __init__(
        self,
        rates: Any = None,
        geometry: Any = None,
        schedule: Any = 0.0,
        period: float = -1.0,
        name: str | None = None,
        network: Any = None,
    ) -> None:
        if rates is None and geometry is None:
            raise ModelError("a TimedArray needs rates, or the geometry of rates that come later with update()")
        if geometry is None:
            shape = np.shape(rates)[1:]
            if not shape or 0 in shape:
                raise ModelError(
                    f"the rates of a TimedArray have time as the first dimension and the geometry after it, not the "
                    f"shape {np.shape(rates)}"
                )
            geometry = shape
        self._begin_schedule(schedule, period)
        self._given_rates: npt.NDArray[np.float64] = np.empty(0)
        super().__init__(geometry, SpecifiedNeuron(annarchy_inputs.TIMED_ARRAY), name, network=network)
        if rates is not None:
            with _made(self):
                self._given_rates = self._rows(rates, "rates")
                self._times(schedule, len(self._given_rates))

    @property
    def rates(self) -> Any:
        """Rates in the geometry, time first."""
        return self._given_rates.reshape(-1, *self.geometry)

    @rates.setter
    def rates(self, value: Any) -> None:
        self.update(value, reset=False)

    def update(self, rates: Any, schedule: Any = None, period: float | None = None, reset: bool = True) -> None:
        """Gives new rates, which begin now.

        Args:
            schedule, period: new ones; those that there are stay where none are given.
            reset: whether the schedule begins anew, now; otherwise it goes on where it is.
        """
        rows = self._rows(rates, "rates")
        self._times(self._given_schedule if schedule is None else schedule, len(rows))
        self._given_rates = rows
        self._updated(schedule, period, reset)

    def _set(self, name: str, value: Any) -> None:
        if name == "r":
            raise ModelError(f"{self._label}: 'r' follows the rates that are given; use update(rates)")
        super()._set(name, value)

    def _is_computed(self, name: str) -> bool:
        return name == "r"

    def _n_frames(self) -> int:
        return len(self._given_rates)

    def _frames(self) -> dict[str, npt.NDArray[np.float64]]:
        return {"rates": self._given_rates}


class TimedPoissonPopulation(_Scheduled):
    """Neurons that spike at random, at rates that are given in time.

    Args:
        geometry: of the population.
        rates: Hz; the first dimension is time; one number for all neurons, or one for each.
        schedule: times at which the rates act from, in ms.
        period: time after which the schedule begins anew, in ms; -1 for never.
        name: see Population.
    """

    def __init__(
        self,
        geometry: Any,
        rates: Any,
        schedule: Any,
        period: float = -1.0,
        name: str | None = None,
        network: Any = None,
    ) -> None:
        self._begin_schedule(schedule, period)
        self._given_rates: npt.NDArray[np.float64] = np.empty(0)
        super().__init__(geometry, SpecifiedNeuron(annarchy_inputs.TIMED_POISSON), name, network=network)
        with _made(self):
            self._given_rates = self._checked_rates(rates, schedule)

    def _checked_rates(self, rates: Any, schedule: Any) -> npt.NDArray[np.float64]:
        rows = self._rows(rates, "rates")
        if (rows < 0).any():
            raise ModelError(f"{self._label}: rates must not be negative, got {rows.min():g}")
        if np.ndim(schedule) and len(schedule) != len(rows):
            raise ModelError(f"{self._label}: {len(rows)} rates are given for {len(schedule)} times of the schedule")
        self._times(schedule, len(rows))
        return rows

    @property
    def rates(self) -> Any:
        """Rates in Hz, time first."""
        rows = self._given_rates
        return rows if rows.ndim == 1 else rows.reshape(-1, *self.geometry)

    @rates.setter
    def rates(self, value: Any) -> None:
        self.update(value, reset=False)

    def update(self, rates: Any, schedule: Any = None, period: float | None = None, reset: bool = True) -> None:
        """Gives new rates, see TimedArray.update."""
        self._given_rates = self._checked_rates(rates, self._given_schedule if schedule is None else schedule)
        self._updated(schedule, period, reset)

    def _n_frames(self) -> int:
        return len(self._given_rates)

    def _frames(self) -> dict[str, npt.NDArray[np.float64]]:
        return {"rates": self._given_rates}


# random spikes


class PoissonPopulation(Population):
    """Neurons that spike at random, in each step with the probability rate * dt, at most once.

    Args:
        geometry: of the population.
        name: see Population.
        rates: Hz; a number, one for each neuron, a distribution; or an equation of ``t`` and the parameters.
        target: the rates are what projections of this target from rate-coded populations bring.
        parameters: of the equation.
        refractory: period in which a neuron cannot spike again, in ms.

    Raises:
        ModelError: neither rates nor a target, or both.
    """

    def __init__(
        self,
        geometry: Any,
        name: str | None = None,
        rates: Any = None,
        target: str | None = None,
        parameters: Mapping[str, Any] | str | None = None,
        refractory: Any = None,
        network: Any = None,
    ) -> None:
        if (rates is None) == (target is None):
            raise ModelError("a PoissonPopulation needs either rates or the target that brings them")
        equations, spike = [annarchy_inputs.DRAWN], "p < rates"
        given = parameters or {}
        if target is not None:
            equations.insert(0, f"rates = sum({target})")
        elif isinstance(rates, str):
            equations.insert(0, f"rates = {rates}")
        else:
            if parameters:
                raise ModelError("parameters of a PoissonPopulation belong to an equation: give the rates as text")
            given = {"rates": Parameter(0.0, locality="local")}
        neuron = Neuron(
            parameters=given,
            equations=equations,
            spike=spike,
            refractory=refractory,
            name="Poisson",
            description="Spiking neuron with spikes emitted according to a Poisson distribution.",
        )
        super().__init__(geometry, neuron, name, network=network)
        if target is None and not isinstance(rates, str):
            with _made(self):
                self._set("rates", rates)

    def _set(self, name: str, value: Any) -> None:
        if name == "rates" and not isinstance(value, (str, RandomDistribution)) and np.min(value) < 0:
            raise ModelError(f"{self._label}: rates must not be negative, got {np.min(value):g}")
        super()._set(name, value)


class HomogeneousCorrelatedSpikeTrains(_Scheduled):
    """Poisson-like neurons whose common rate varies at random, so that their spikes are correlated.

    The rate is an Ornstein-Uhlenbeck process of the time constant `tau`, cut at zero. Its mean and its deviation are
    chosen such that the rate after the cut has the mean `rates` and the variance ``corr*rates/(2*tau)``.

    Args:
        geometry: of the population.
        rates: Hz; a number, or one for each time of the schedule.
        corr: total correlation of two spike trains, from 0 to 1; a number, or one for each time of the schedule.
        tau: time constant of the correlation, in ms.
        schedule: times from which on rates and correlations hold, in ms.
        period: time after which the schedule begins anew, in ms; -1 for never.
        name: see Population.
        refractory: period in which a neuron cannot spike again, in ms; it changes rates and correlations.

    Source: Brette 2009, Neural Comput. 21:188-215.
    """

    _OTHERS = (*_Scheduled._OTHERS, "_given_corr", "_process")

    def __init__(
        self,
        geometry: Any,
        rates: Any,
        corr: Any,
        tau: float,
        schedule: Any = None,
        period: float = -1.0,
        name: str | None = None,
        refractory: Any = None,
        network: Any = None,
    ) -> None:
        self._begin_schedule([0.0] if schedule is None else schedule, period)
        self._process: dict[str, npt.NDArray[np.float64]] = {}
        neuron = SpecifiedNeuron(annarchy_inputs.correlated(refractory))
        super().__init__(geometry, neuron, name, network=network)
        with _made(self):
            self._choose(rates, corr, tau)

    def _choose(self, rates: Any, corr: Any, tau: float) -> None:
        """Checks and takes over what is asked for."""
        n = len(self._given_schedule)
        columns = {"rates": _spread(rates, n), "corr": _spread(corr, n)}
        for name, column in columns.items():
            if len(column) != n:
                raise ModelError(
                    f"{self._label}: {len(column)} values of {name} are given for {n} times of the schedule"
                )
            if not np.isfinite(column).all() or (column < 0).any():
                raise ModelError(f"{self._label}: {name} must not be negative, got {column.min():g}")
        if not (np.isfinite(tau) and tau > 0):
            raise ModelError(f"{self._label}: tau must be a positive number of ms, got {tau!r}")
        if (columns["corr"] > 1).any():
            raise ModelError(f"{self._label}: corr must lie between 0 and 1, got {columns['corr'].max():g}")
        self._times(self._given_schedule, n)
        pairs = np.array([rectified(*given, tau) for given in zip(columns["rates"], columns["corr"], strict=True)])
        self._given_rates, self._given_corr = rates, corr
        self._process = {"mu": pairs[:, 0], "sigma": pairs[:, 1]}
        Population._set(self, "tau", float(tau))
        self._show()

    @property
    def rates(self) -> Any:
        """Rates in Hz, as they were given."""
        return self._given_rates

    @rates.setter
    def rates(self, value: Any) -> None:
        self._choose(value, self._given_corr, self.tau)

    @property
    def corr(self) -> Any:
        """Correlations, as they were given."""
        return self._given_corr

    @corr.setter
    def corr(self, value: Any) -> None:
        self._choose(self._given_rates, value, self.tau)

    @property
    def tau(self) -> float:
        """Time constant of the correlation, in ms."""
        return float(self.get("tau"))

    @tau.setter
    def tau(self, value: float) -> None:
        self._choose(self._given_rates, self._given_corr, value)

    def update(
        self,
        rates: Any,
        corr: Any,
        schedule: Any = None,
        tau: float | None = None,
        reset: bool = True,
        period: float | None = None,
    ) -> None:
        """Gives new rates and correlations.

        Args:
            schedule: times from which on they hold; from the beginning where none is given.
            reset: whether the schedule begins anew, now; otherwise it goes on where it is.
        """
        before = self._given_schedule
        self._given_schedule = [0.0] if schedule is None else schedule
        try:
            self._choose(rates, corr, self.tau if tau is None else tau)
        except ModelError:
            self._given_schedule = before
            raise
        self._updated(None, period, reset)

    def _n_frames(self) -> int:
        return len(self._given_schedule)

    def _frames(self) -> dict[str, npt.NDArray[np.float64]]:
        return self._process

    def _build(self) -> None:
        self._values.setdefault("x", float(self._process["mu"][0]))
        super()._build()


def rectified(rate: float, corr: float, tau: float) -> tuple[float, float]:
    """Mean and standard deviation of a normal variable that has, cut at zero, a given mean and variance.

    Args:
        rate: the mean, in Hz.
        corr, tau: the variance is ``corr*rate/(2*tau)``; tau in ms.
    """
    if rate == 0.0 or corr == 0.0:
        return rate, 0.0
    wanted = rate / math.sqrt(corr * rate / (2.0 * tau / 1000.0))
    low, high = -30.0, wanted  # cutting at zero raises the ratio
    for _ in range(200):
        middle = 0.5 * (low + high)
        mean, deviation = _cut_at_zero(middle)
        if mean < wanted * deviation:
            low = middle
        else:
            high = middle
    sigma = rate / _cut_at_zero(high)[0]
    return high * sigma, sigma


def _cut_at_zero(mean: float) -> tuple[float, float]:
    """Mean and standard deviation of max(x, 0), where x is normal with a mean and the standard deviation 1."""
    density = math.exp(-0.5 * mean * mean) / math.sqrt(2.0 * math.pi)
    above = 0.5 * math.erfc(-mean / math.sqrt(2.0))
    first = density + mean * above
    second = mean * density + (1.0 + mean * mean) * above
    return first, math.sqrt(max(second - first * first, 0.0))


def _spread(value: Any, n: int) -> npt.NDArray[np.float64]:
    given = np.asarray(value, np.float64)
    return np.full(n, float(given)) if given.ndim == 0 else given.reshape(-1)


# given spikes


class SpikeSourceArray(Population):
    """Neurons that spike at given times.

    Args:
        spike_times: times in ms, rounded to the nearest step; a list for one neuron, or a list of lists.
        name: see Population.

    Raises:
        ModelError: times that are no finite numbers, or negative.
    """

    _OTHERS = ("_origin", "_given_times")

    def __init__(self, spike_times: Sequence[Any], name: str | None = None, network: Any = None) -> None:
        self._origin = 0
        self._given_times: list[npt.NDArray[np.float64]] = []
        trains = _trains(spike_times)
        super().__init__(len(trains), SpecifiedNeuron(annarchy_inputs.SPIKE_SOURCE), name, network=network)
        with _made(self):
            self.spike_times = trains

    @property
    def spike_times(self) -> list[list[float]]:
        """Times of the spikes of each neuron, in ms, as they were given."""
        return [train.tolist() for train in self._given_times]

    @spike_times.setter
    def spike_times(self, value: Sequence[Any]) -> None:
        trains = [np.asarray(train, np.float64).reshape(-1) for train in _trains(value)]
        if len(trains) != self.size:
            raise ModelError(
                f"{self._label} has {self.size} neurons, and cannot take {len(trains)} lists of spike times"
            )
        for rank, train in enumerate(trains):
            if not np.isfinite(train).all() or (train < 0).any():
                raise ModelError(f"{self._label}: spike times of neuron {rank} must be finite and not negative")
        self._given_times = trains
        self._show()

    def _show(self) -> None:
        if isinstance(self.cells, Cells):
            self.cells.set_tables({rank: self._table(train) for rank, train in enumerate(self._given_times)})

    def _table(self, train: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
        """When a neuron is told to fire, and when no more."""
        steps = np.unique(np.rint(train / self.network.dt).astype(np.int64))
        ends = np.setdiff1d(steps + 1, steps, assume_unique=True)
        changes = np.concatenate([steps, ends])
        order = np.argsort(changes)
        fires = np.concatenate([np.ones(len(steps)), np.zeros(len(ends))])
        return {"times": times_of(changes[order] + self._origin, self.network.dt), "fires": fires[order]}

    def _build(self) -> None:
        super()._build()
        self._origin = self.network.current_step
        self._show()

    def reset(self, attributes: list[str] | None = None) -> None:
        """Spike times count from now on."""
        super().reset(attributes)
        self._origin = self.network.current_step
        self._show()


def _trains(spike_times: Any) -> list[Any]:
    """Spike times as one list for each neuron."""
    if not isinstance(spike_times, (list, tuple, np.ndarray)):
        raise ModelError(f"spike_times must be a list of times, or a list of such lists, not {spike_times!r}")
    is_nested = any(np.ndim(entry) > 0 or isinstance(entry, (list, tuple)) for entry in spike_times)
    return list(spike_times) if is_nested else [spike_times]
