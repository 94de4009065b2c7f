"""What current sources share: parameters that can change at any time, cells to flow into, and a record of the past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
from pyNN import common, errors
from pyNN.parameters import ParameterSpace, Sequence
from pyNN.standardmodels import StandardCurrentSource

from pynn_annarchy import simulator
from pynn_annarchy.engine.arrays import times_of
from pynn_annarchy.engine.currents import Output, Table, Waveform
from pynn_annarchy.model.spec import ModelSpec

_FARTHEST = 1e18
"""Steps; times beyond are never reached."""


class CurrentSource(StandardCurrentSource):
    """A current that is set anew at every time step. New parameters act from the present time on.

    Subclasses say what it is in time (``_waveform``).
    """

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self._simulation = simulator.state
        self._native: dict[str, Any] = {}
        waveform = self._checked(self._initial_parameters())
        self._engine = self._simulation.network.add_current(waveform, type(self).__name__)

    def _initial_parameters(self) -> ParameterSpace:
        space = self.parameter_space
        space.shape = (1,)
        return self.translate(space)

    def _waveform(self, parameters: Mapping[str, Any]) -> Waveform:
        """The current in time for parameters by native name: numbers, or arrays where PyNN has sequences."""
        raise NotImplementedError

    def _step(self, time: float) -> int:
        """The step nearest to a time in ms."""
        return round(min(float(time) / self._simulation.dt, _FARTHEST))

    # parameters

    def get_native_parameters(self) -> ParameterSpace:
        """The present parameters."""
        return ParameterSpace(dict(self._native))

    def get_parameters(self) -> dict[str, Any]:
        """The present parameters by PyNN's names, as numbers or arrays."""
        space = self.reverse_translate(self.get_native_parameters())
        space.shape = (1,)
        values = space.evaluate(simplify=True).as_dict()
        return {name: value.value if isinstance(value, Sequence) else value for name, value in values.items()}

    def set_native_parameters(self, parameters: ParameterSpace) -> None:
        """Sets parameters; acts from the present time on.

        Raises:
            InvalidParameterValueError: a value that is not a finite number or makes no sense; names it.
            StaleSimulationError: the source belongs to an earlier setup().
        """
        self._check_open()
        self._engine.set(self._checked(parameters))

    def _checked(self, parameters: ParameterSpace) -> Waveform:
        """The waveform of the present parameters with these instead; keeps them if they make sense."""
        parameters.shape = (1,)
        try:
            values = {**self._native, **{name: _value(v) for name, v in parameters.evaluate(simplify=True).items()}}
            plain = {name: value.value if isinstance(value, Sequence) else value for name, value in values.items()}
            for name, value in plain.items():
                if not np.isfinite(value).all() and not (name == "stop" and value == np.inf):
                    raise ValueError(f"{name} must be finite")
            waveform = self._waveform(plain)
        except (TypeError, ValueError) as error:
            raise errors.InvalidParameterValueError(f"{type(self).__name__}: {error}") from error
        self._native = {**values, **self._as_used(waveform)}
        return waveform

    def _as_used(self, waveform: Waveform) -> dict[str, Any]:
        """Native parameters that read back otherwise than they were set."""
        return {}

    def _check_open(self) -> None:
        self._simulation.check_open(f"a {type(self).__name__}")

    # cells

    def inject_into(self, cells: Any, location: Any = None) -> None:
        """Injects the current into a Population, PopulationView, Assembly, cell or list of cells.

        A cell that is named twice takes it twice.

        Raises:
            TypeError: cells that take no current, such as spike sources, or things that are no cells.
            NotImplementedError: a location on a cell, which only multi-compartment cells have.
        """
        if location is not None:
            raise NotImplementedError("locations belong to multi-compartment cells, which pyNN.annarchy does not have")
        self._check_open()
        targets = list(_targets(cells))
        for population, _ in targets:
            population.check_open()
            if not population.takes_current:
                raise TypeError(f"'{population.label}': {type(population.celltype).__name__} takes no injected current")
        for population, index in targets:
            population._engine.inject(self._engine, index)

    # data

    def record(self) -> None:
        """Keeps the current from the present time on."""
        self._check_open()
        self._engine.start_recording()

    def _get_data(self) -> tuple[np.ndarray, np.ndarray]:
        """Times, in ms, and the current that acts from each of them on, in nA; since record() or the last reset().

        Raises:
            RuntimeError: record() was not called.
        """
        if self._engine.record is None:
            raise RuntimeError(f"{type(self).__name__}: nothing was recorded; call record() before run()")
        steps, amplitudes = self._engine.record.data()
        return times_of(steps, self._simulation.dt), amplitudes


class EquationSource(CurrentSource):
    """A current given by an equation, from ``start`` to ``stop``.

    Where there is a native parameter ``interval``, in ms, it is taken that often and held between.
    """

    spec: ClassVar[ModelSpec]

    def _waveform(self, parameters: Mapping[str, Any]) -> Output:
        start, stop = self._step(parameters["start"]), self._step(parameters["stop"])
        given = {**parameters, "start": float(times_of(start, self._simulation.dt))}
        own = {parameter.name: given[parameter.name] for parameter in self.spec.parameters}
        every = self._every(parameters["interval"]) if "interval" in parameters else 1
        return Output(self.spec, own, start, stop, every)

    def _every(self, interval: float) -> int:
        """An interval, in ms, as a number of steps."""
        dt = self._simulation.dt
        every = round(interval / dt)
        if every < 1 or abs(interval / dt - every) > simulator.GRID_TOLERANCE * every:
            raise ValueError(f"dt must be a multiple of the time step of {dt} ms, not {interval}")
        return every


class TableSource(CurrentSource):
    """A current given by the ``times``, in ms, at which it changes, and the ``amplitudes`` from then on."""

    def _waveform(self, parameters: Mapping[str, Any]) -> Table:
        times, amplitudes = (np.asarray(parameters[name], dtype=float) for name in ("times", "amplitudes"))
        if times.shape != amplitudes.shape:
            raise ValueError(f"{times.size} times need as many amplitudes, not {amplitudes.size}")
        if (times < 0).any():
            raise ValueError("Step current cannot accept negative timestamps.")
        if (np.diff(times) <= 0).any():
            raise ValueError("Step current timestamps should be monotonically increasing.")
        # times that fall into one step: the last amplitude holds
        steps, last = np.unique(np.rint(times[::-1] / self._simulation.dt).astype(np.int64), return_index=True)
        return Table(steps, amplitudes[::-1][last])

    def _as_used(self, waveform: Waveform) -> dict[str, Any]:
        assert isinstance(waveform, Table)
        times = times_of(waveform.steps, self._simulation.dt)
        return {"times": Sequence(times), "amplitudes": Sequence(waveform.amplitudes)}


def _value(value: Any) -> Any:
    """A number or a Sequence from what a ParameterSpace of one element holds."""
    if isinstance(value, Sequence):
        return value
    array = np.asarray(value)
    return array.item() if array.dtype == object else float(array.item())


def _targets(cells: Any) -> Iterable[tuple[Any, np.ndarray]]:
    """Populations and indices in them of whatever has cells."""
    if isinstance(cells, common.Assembly):
        for population in cells.populations:
            yield from _targets(population)
    elif isinstance(cells, common.BasePopulation):
        population = cells.grandparent
        yield population, np.asarray(cells.all_cells) - int(population.first_id)
    else:
        yield from _of_single_cells([cells] if isinstance(cells, simulator.ID) else cells)


def _of_single_cells(cells: Iterable[Any]) -> Iterable[tuple[Any, np.ndarray]]:
    by_population: dict[Any, list[int]] = {}
    for cell in cells:
        if not isinstance(cell, simulator.ID):
            raise TypeError(f"a current flows into populations, views, assemblies or lists of cells, not into {cell!r}")
        by_population.setdefault(cell.parent, []).append(cell.parent.id_to_index(cell))
    for population, index in by_population.items():
        yield population, np.array(index)
