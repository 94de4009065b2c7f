"""Currents from outside, what they are in time, and where they flow.

A current is evaluated once a step: its amplitude at ``n * dt`` acts over the step that begins there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pynn_annarchy.engine.arrays import AnyArray, FloatArray, IntArray, aligned_zeros, finite
from pynn_annarchy.engine.samples import SampleBuffer
from pynn_annarchy.exceptions import ModelError, unreachable
from pynn_annarchy.kernels.ir import Draw, StepValue, values_in
from pynn_annarchy.language.syntax import Assignment
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.targets import reference
from pynn_annarchy.targets.compile import PRECISIONS, CompiledModel

if TYPE_CHECKING:
    from pynn_annarchy.engine.network import Network

_NEVER = 1 << 62


@dataclass(frozen=True, eq=False)
class Table:
    """``amplitudes[k]``, in nA, acts from ``steps[k] * dt`` on; none before.

    Raises:
        ModelError: steps do not ascend, or an amplitude is not finite.
    """

    steps: IntArray
    amplitudes: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", np.array(self.steps, np.int64))
        object.__setattr__(self, "amplitudes", np.array(self.amplitudes, np.float64))
        if self.steps.shape != self.amplitudes.shape or (np.diff(self.steps) <= 0).any():
            raise ModelError("a current needs one amplitude a step, and ascending steps")
        finite(self.amplitudes, "the amplitude of a current")

    def amplitude(self, step: int) -> float:
        """In nA, over the step that begins at ``step * dt``."""
        k = int(np.searchsorted(self.steps, step, side="right")) - 1
        return float(self.amplitudes[k]) if k >= 0 else 0.0


@dataclass(frozen=True, eq=False)
class Output:
    """What a model computes: acts in [start, stop), in steps, is taken every so many steps and held between.

    The model's one array is the amplitude, in nA, and depends on the time, shared parameters and random numbers alone.

    Raises:
        ModelError: a parameter that the model does not have, or whose value makes no sense; `every` not positive.
    """

    spec: ModelSpec
    parameters: Mapping[str, float]
    start: int = 0
    stop: int = _NEVER
    every: int = 1

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ModelError(
                f"'{self.spec.name}': a current is taken every step or more rarely, not every {self.every}"
            )
        declared = {parameter.name: parameter for parameter in self.spec.parameters}
        for name, value in self.parameters.items():
            what = f"parameter '{name}' of '{self.spec.name}'"
            if name not in declared:
                raise ModelError(f"{what}: there is none of that name; it has {', '.join(declared)}")
            if objection := declared[name].objection(float(np.asarray(finite(value, what)))):
                raise ModelError(f"{what} {objection}")


Waveform = Table | Output


class Current:
    """A current of a network; flows wherever it is injected (`Cells.inject`).

    Args:
        network: the owner.
        waveform: what it is in time.
        label: name in messages.
        number: index in the network.
        object_index: identity of its random stream.
    """

    def __init__(self, network: Network, waveform: Waveform, label: str, number: int, object_index: int) -> None:
        self.network = network
        self.waveform = self._as_taken(waveform)
        self.label = label
        self.number = number
        self.object_index = object_index
        self.compiled: CompiledModel | None = None
        self.shared: FloatArray = np.empty(0)
        self.record: AmplitudeRecorder | None = None
        self.is_bound = False

    def set(self, waveform: Waveform) -> None:
        """Changes the current from the present time on."""
        self.network.check_open()
        self.waveform = self._as_taken(waveform)
        self.is_bound = False
        self.network.changed()

    def start_recording(self) -> None:
        """Keeps the amplitudes from the present time on."""
        self.network.check_open()
        if self.record is None:
            self.record = AmplitudeRecorder(self)

    def _as_taken(self, waveform: Waveform) -> Waveform:
        """The waveform in the precision in which cells take it."""
        if isinstance(waveform, Table):
            return Table(waveform.steps, waveform.amplitudes.astype(PRECISIONS[self.network.options.precision]))
        return waveform

    def fill(self, compiled: CompiledModel) -> None:
        """Takes the compiled model and what it reads as parameters."""
        assert isinstance(self.waveform, Output)
        _check_no_memory(compiled)
        values = compiled.prepare({**compiled.spec.defaults(), **self.waveform.parameters}, self.network.dt)
        self.compiled = compiled
        self.shared = np.array([values[name] for name in compiled.shared], np.float64)

    @property
    def every(self) -> int:
        """How often, in steps, the output has to be taken: once where it never changes."""
        assert isinstance(self.waveform, Output) and self.compiled is not None
        for value in values_in(self.compiled.kernel):
            if isinstance(value, Draw) or (isinstance(value, StepValue) and value.name == "t"):
                return self.waveform.every
        return max(1, self.waveform.stop - self.waveform.start)

    def amplitude(self, step: int) -> float:
        """In nA, over the step that begins at ``step * dt``; as the native engine computes it, bit by bit."""
        match self.waveform:
            case Table() as table:
                return table.amplitude(step)
            case Output(start=start, stop=stop, every=every):
                held = start + (step - start) // every * every
                return self._output(held) if start <= step < stop else 0.0
            case _:
                unreachable(self.waveform)

    def _output(self, step: int) -> float:
        self.network.prepare()
        assert self.compiled is not None
        amplitude = aligned_zeros(1, self.compiled.arrays[0].dtype)
        network = self.network
        when = reference.Step(step + 1, step * network.dt, network.dt, network.seed_key, network.trial, 0)
        reference.run_neurons(
            self.compiled, [amplitude], self.shared, [], np.empty(0), self.object_index, 0, 0, 1, when
        )
        return float(amplitude[0])


def _check_no_memory(compiled: CompiledModel) -> None:
    """ModelError where the amplitude depends on more than parameters, the time and random numbers."""
    equations = compiled.updates.model.equations
    if not (
        len(equations) == len(compiled.arrays) == 1
        and isinstance(equations[0], Assignment)
        and equations[0].target not in identifiers(equations[0].value)
    ):
        raise ModelError(
            f"'{compiled.spec.name}': a current is one equation `name = ...` of parameters, the time and random numbers"
        )


class AmplitudeRecorder:
    """The amplitude of a current in each step since recording began."""

    def __init__(self, current: Current) -> None:
        self.current = current
        self.restart()

    def restart(self) -> None:
        """Forgets all; goes on at the present time."""
        self.start_step = self.current.network.step
        self._buffer = SampleBuffer(1)

    def room(self, n_steps: int) -> FloatArray:
        """Room for the amplitudes of further steps, shape (n_steps, 1)."""
        return self._buffer.extend(n_steps)

    def give_back(self, n_steps: int) -> None:
        """A run stopped before its end: the room of its last steps is not needed."""
        self._buffer.shrink(n_steps)

    def past(self) -> FloatArray:
        """Amplitudes of the steps done since recording began, in nA."""
        return self._buffer.rows(len(self._buffer))[:, 0]

    def go_on_with(self, start_step: int, past: FloatArray) -> None:
        """Takes over what another recorder has taken since a step."""
        self.start_step = start_step
        self._buffer = SampleBuffer(1)
        self._buffer.extend(len(past))[:, 0] = past

    def data(self) -> tuple[IntArray, FloatArray]:
        """Steps from the first to the present one, and the amplitude, in nA, that acts from each of them on."""
        now = self.current.network.step
        return np.arange(self.start_step, now + 1), np.append(self.past(), self.current.amplitude(now))


@dataclass(frozen=True, eq=False)
class Injection:
    """A current into some cells of a population; a cell that is named twice takes it twice."""

    current: Current
    index: IntArray


def sum_currents(injections: list[Injection], step: int, out: AnyArray) -> None:
    """Writes the sum of each cell's currents, in nA and in their order, over the step that begins at ``step * dt``."""
    out[:] = 0.0
    for injection in injections:
        # np.add.at, not +=: a cell may be named twice.
        np.add.at(out, injection.index, out.dtype.type(injection.current.amplitude(step)))
