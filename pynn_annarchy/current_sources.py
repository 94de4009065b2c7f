"""What current sources share: a piecewise constant waveform that goes into cells and can change at any time."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyNN import common, errors
from pyNN.parameters import ParameterSpace, Sequence
from pyNN.standardmodels import StandardCurrentSource

from pynn_annarchy import simulator
from pynn_annarchy.engine.arrays import times_of


class CurrentSource(StandardCurrentSource):
    """A current that changes at time steps.

    Subclasses give ``_waveform()``: steps and the amplitudes, in nA, that act from them on. New parameters act from the
    present time on; what has flowed before stays recorded.
    """

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self._simulation = simulator.state
        self._inputs = []
        self._native = {}
        self._steps = np.empty(0, dtype=np.int64)
        self._amplitudes = np.empty(0)
        self.set_native_parameters(self._initial_parameters())
        self._simulation.current_sources.append(self)

    def _initial_parameters(self) -> ParameterSpace:
        space = self.parameter_space
        space.shape = (1,)
        return self.translate(space)

    def _waveform(self) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def _step(self, time: float) -> int:
        """The step nearest to a time in ms."""
        return round(float(time) / self._simulation.dt)

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
            InvalidParameterValueError: a value that is not finite.
            StaleSimulationError: the source belongs to an earlier setup().
        """
        self._simulation.check_open("a current source")
        parameters.shape = (1,)
        values = parameters.evaluate(simplify=True).as_dict()
        for name, value in values.items():
            if not np.isfinite(value.value if isinstance(value, Sequence) else value).all():
                raise errors.InvalidParameterValueError(f"{type(self).__name__}: {name} must be finite")
        old = dict(self._native)
        self._native.update(values)
        try:
            steps, amplitudes = self._waveform()
        except ValueError:
            self._native.update(old)
            raise
        self._set_waveform(*self._spliced(steps, amplitudes))

    def _spliced(self, steps: np.ndarray, amplitudes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The past of the present waveform and the future of a new one."""
        now = round(self._simulation.t / self._simulation.dt)
        if now == 0:
            return steps, amplitudes
        past, future = self._steps < now, steps > now
        return (
            np.concatenate([self._steps[past], [now], steps[future]]),
            np.concatenate([self._amplitudes[past], [_at(now, steps, amplitudes)], amplitudes[future]]),
        )

    def _set_waveform(self, steps: np.ndarray, amplitudes: np.ndarray) -> None:
        self._steps = steps
        self._amplitudes = amplitudes
        for current in self._inputs:
            current.update(steps, amplitudes)

    def _rewind(self) -> None:
        """Time goes back to 0: the present parameters hold for all times."""
        self._set_waveform(*self._waveform())

    def inject_into(self, cells: Any) -> None:
        """Injects the current into a Population, PopulationView, Assembly or list of ID.

        Raises:
            TypeError: cells that take no current, such as spike sources.
        """
        groups = cells.populations if isinstance(cells, common.Assembly) else [cells]
        targets = [target for group in groups for target in _targets(group)]
        for population, _ in targets:
            population.check_open()
            if not population.celltype.injectable:
                raise TypeError("Can't inject current into a spike source.")
        for population, index in targets:
            self._inputs.append(population._engine.add_current(index, self._steps, self._amplitudes))

    def record(self) -> None:
        """The current is known at all times: nothing needs to be recorded."""

    def _get_data(self) -> tuple[np.ndarray, np.ndarray]:
        """Times, in ms, and the current that acts from each of them on, in nA."""
        steps = np.arange(round(self._simulation.t / self._simulation.dt) + 1)
        which = np.searchsorted(self._steps, steps, side="right") - 1
        amplitudes = np.append(self._amplitudes, 0.0)[which]
        return times_of(steps, self._simulation.dt), amplitudes


def _at(step: int, steps: np.ndarray, amplitudes: np.ndarray) -> float:
    """The amplitude that acts from a step on."""
    which = int(np.searchsorted(steps, step, side="right")) - 1
    return float(amplitudes[which]) if which >= 0 else 0.0


def _targets(cells: Any) -> list[tuple[Any, np.ndarray]]:
    """Populations and indices in them of a population, a view or a list of cells."""
    if isinstance(cells, common.BasePopulation):
        population = cells.grandparent
        return [(population, np.asarray(cells.all_cells) - int(population.first_id))]
    by_population: dict[Any, list[int]] = {}
    for cell in cells:
        by_population.setdefault(cell.parent, []).append(cell.parent.id_to_index(cell))
    return [(population, np.array(index)) for population, index in by_population.items()]
