"""Recording of synaptic variables into Neo: one channel a connection, in the order of the projection's connections."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyNN.recording import Variable

from pynn_annarchy.engine.arrays import time_of
from pynn_annarchy.engine.recorders import SignalRecorder
from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.recorder import Recorder


class _Columns:
    """A projection's values in time, as the engine's recorder takes them."""

    def __init__(self, projection: Any) -> None:
        self._projection = projection

    def sample(self, variable: str) -> np.ndarray:
        """Present values, one a connection."""
        return self._projection._column(variable)

    def now(self) -> int:
        """Steps done."""
        return self._projection._simulation.network.step


class SynapticRecorder(Recorder):
    """Records the weights of one projection, and whatever else spikes change in its synapses.

    Nothing but the samples themselves is taken in a run: between two of them, nothing costs.
    """

    _element = "connection"

    def record(self, variables: Any, ids: Any, sampling_interval: float | None = None, locations: Any = None) -> None:
        """Adds connections, given by their numbers, to those recorded; variables may be 'all'.

        Raises:
            ValueError: no such variable or connection; a sampling interval that is no multiple of the time step, or not
                that at which a connection is recorded already.
            StaleSimulationError: the projection belongs to an earlier setup().
        """
        projection = self.population
        projection._check_open()
        names = (
            projection.recordable if variables == "all" else [variables] if isinstance(variables, str) else variables
        )
        for name in names:
            if name not in projection.recordable:
                raise ValueError(
                    f"'{name}' of projection '{projection.label}' cannot be recorded; its connections have "
                    + ", ".join(projection.recordable)
                )
        index = self._index(ids)
        if len(index) and not 0 <= index[0] <= index[-1] < len(projection):
            raise ValueError(
                f"projection '{projection.label}' has no connection {index[0] if index[0] < 0 else index[-1]}: it has "
                f"{len(projection)}, counted from 0"
            )
        interval = self.sampling_interval if sampling_interval is None else sampling_interval
        every = self._steps_of(interval)
        localized = [Variable(name, None, None) for name in names]
        for variable in localized:
            self._refuse_other_interval(variable, index, every)
        self.sampling_interval = time_of(every, self._simulator.state.dt)
        for variable in localized:
            parts = [recorder.index for recorder in self._signals[variable]]
            parts += [part for name, part, _ in self._pending if name == variable]
            new = np.setdiff1d(index, np.concatenate(parts)) if parts else index
            if len(new):
                self._pending.append((variable, new, every))

    def _index(self, ids: Any) -> np.ndarray:
        return np.unique(np.asarray(ids if isinstance(ids, np.ndarray) else list(ids), dtype=np.int64))

    def _start(self, variable: Variable, index: np.ndarray, every: int) -> SignalRecorder:
        recorder = SignalRecorder(_Columns(self.population), variable.name, index, every)
        self._simulator.state.network.polled.append(recorder)
        return recorder

    def _stop(self, signal: SignalRecorder) -> None:
        self._simulator.state.network.polled.remove(signal)

    def _units(self, variable: Variable) -> str:
        return self.population._unit(variable.name)

    def _annotations(self, index: np.ndarray) -> dict[str, Any]:
        sides = ("presynaptic_index", "postsynaptic_index")
        of_each = {side: self.population._column(side)[index] for side in sides}
        return {
            "source_projection": self.population.label,
            "array_annotations": {**of_each, "connection_index": index},
        }

    @property
    def metadata(self) -> dict[str, Any]:
        """What a block says of the projection."""
        projection, state = self.population, self._simulator.state
        return {
            "size": len(projection),
            "label": projection.label,
            "receptor_type": projection.receptor_type,
            "simulator": self._simulator.name,
            "dt": state.dt,
            **projection.annotations,
        }


def weight_unit(cells: ModelSpec, receptor: int) -> str:
    """The unit of weights onto a receptor of such cells: that of the variable which a spike changes there.

    Where the weight is divided by a time constant first, as in alpha functions, it is that variable's times ms.
    """
    variable, _, amount = cells.receptors[receptor].increment.partition("+=")
    unit = dict(cells.units).get(variable.strip(), "dimensionless")
    return unit.removesuffix("/ms") if "/" in amount else unit
