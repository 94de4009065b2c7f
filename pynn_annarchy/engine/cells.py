"""Populations as the engine sees them: arrays of parameters and states of one model, or given spike times."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pynn_annarchy.engine import refractory
from pynn_annarchy.engine.arrays import (
    AnyArray,
    FloatArray,
    IntArray,
    Reading,
    Value,
    aligned_zeros,
    as_type,
    common,
    of_type,
    steps_of,
    times_of,
    updated,
)
from pynn_annarchy.engine.axons import Axons
from pynn_annarchy.engine.currents import Current, Injection
from pynn_annarchy.engine.firing_rate import RATE, RATE_VARIABLE, FiringRate
from pynn_annarchy.engine.frames import Frames
from pynn_annarchy.engine.recorders import SignalRecorder, SpikeRecorder
from pynn_annarchy.engine.schedules import Changes, Schedule, as_list, check_ascending, check_finite, flat
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.checks.names import is_sum
from pynn_annarchy.language.flags import LOCALITIES
from pynn_annarchy.language.names import target_of
from pynn_annarchy.language.parse import parse_expression
from pynn_annarchy.model.checked import Model, Variable
from pynn_annarchy.model.describe import describe
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.model.receiving import with_psp
from pynn_annarchy.model.spec import ModelSpec, Order
from pynn_annarchy.targets.compile import CompiledModel, Storage, checked_model

if TYPE_CHECKING:
    from pynn_annarchy.engine.network import Network

Events = tuple[IntArray, IntArray, IntArray]
"""Spikes as (step, index, count), sorted by step."""
Spikes = tuple[IntArray, IntArray]
"""(step, index) of each spike, sorted by both."""
NO_SPIKES: Spikes = (np.empty(0, np.int64), np.empty(0, np.int64))


class Cells:
    """A population of one model. Everything can be read and set at any time; changes act from the next step on.

    Args:
        network: the owner.
        spec: the model.
        size: number of cells.
        parameters: values by name, one for all or one each; the model's defaults for the rest.
        label: name in messages.
        number: index in the network.
        object_index: identity of its random streams.

    Raises:
        ModelError: unknown parameter, wrong shape, value not finite.
    """

    def __init__(
        self,
        network: Network,
        spec: ModelSpec,
        size: int,
        parameters: Mapping[str, Any],
        label: str,
        number: int,
        object_index: int,
    ) -> None:
        self.network = network
        self.spec = spec
        self.size = size
        self.label = label
        self.number = number
        self.object_index = object_index
        self.parameters: dict[str, Value] = dict(spec.defaults())
        self._declared = {parameter.name: parameter for parameter in spec.parameters}
        self.initial: dict[str, Value] = {}
        self.compiled: CompiledModel | None = None
        self.arrays: dict[str, AnyArray] = {}
        """Where per-element fields are; a device may have newer values, see `sample`."""
        self.shared: FloatArray = np.empty(0)
        self.inputs: list[AnyArray] = []
        """What has arrived at each receptor in a step, in quanta; the native engine has its own."""
        self.quanta: list[float] = []
        self.max_spikes: FloatArray = np.ones(1)
        self.injections: list[Injection] = []
        """In the order in which they are added up, that of the currents' creation."""
        self.injections_are_bound = True
        self.gathered: list[str] = []
        """Inputs that take what synapses transmit all the time."""
        self._currents: AnyArray | None = None
        self.signals: list[SignalRecorder] = []
        self.spike_recorder: SpikeRecorder | None = None
        self._scheduled = [given for given in spec.inputs if given.scheduled]
        self.schedule: Schedule | Frames | None = (
            Schedule(self._scheduled, size, network.dt) if self._scheduled else None
        )
        self.is_active = True
        self.rate: FiringRate | None = None
        """What firing rates are computed of; None: nobody has asked for them."""
        self.is_bound = False
        self.axons: Axons | None = None
        """Its axonal spikes, where the model has them."""
        self.set_many(parameters)

    # names

    @property
    def receptors(self) -> tuple[str, ...]:
        return tuple(receptor.name for receptor in self.spec.receptors)

    @property
    def model(self) -> Model:
        """What is known of the model, compiled or not."""
        return checked_model(self.spec, self.network.options)

    @property
    def variable_names(self) -> tuple[str, ...]:
        """Names of the variables."""
        return tuple(variable.name for variable in self.variables)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """State variables of the model, and the firing rate where there is one."""
        return (*self.model.variables, *([RATE_VARIABLE] if self._has_rate() else []))

    def receptor_number(self, receptor: str) -> int:
        """Index of a receptor; ModelError names those that there are."""
        if receptor not in self.receptors:
            raise ModelError(
                f"'{self.label}' has no receptor '{receptor}'; it has {', '.join(self.receptors) or 'none'}"
            )
        return self.receptors.index(receptor)

    def report(self) -> str:
        """The model in the language of models, with the method by which each variable is integrated, and why."""
        updates = self._prepared().updates
        methods = [f"  {', '.join(choice.variables)}: {choice.method}, {choice.reason}" for choice in updates.choices]
        sections = [describe(updates.model)]
        if methods:
            sections.append("\n".join(["Methods", *methods]))
        return "\n\n".join(sections)

    def variable(self, name: str) -> Variable:
        """What is known of a state variable; ModelError names those that there are."""
        known = {variable.name: variable for variable in self.variables}
        if name not in known:
            raise ModelError(f"'{self.label}' has no variable '{name}'; it has {', '.join(known) or 'none'}")
        return known[name]

    # parameters

    def get(self, name: str) -> Reading:
        """A parameter as it was set, of its type: one value where all cells share it, else shape (size,)."""
        self._check_parameter(name)
        return as_type(self.parameters[name], self._declared[name].dtype)

    def set(self, name: str, value: Any, index: IntArray | None = None) -> None:
        """Sets a parameter of all cells or of the cells `index`."""
        self.set_many({name: value}, index)

    def set_many(self, values: Mapping[str, Any], index: IntArray | None = None) -> None:
        """Sets parameters of all cells or of the cells `index`; all are checked before the first is changed."""
        self.network.check_open()
        new = {name: self._checked(name, value, index) for name, value in values.items()}
        together = {**self.parameters, **new}
        for condition in self.spec.requires:
            self._check_requirement(condition, together)
        self.parameters = together
        self.is_bound = False
        self.network.changed()

    def _checked(self, name: str, value: Any, index: IntArray | None) -> Value:
        """All cells' values of a parameter after the change."""
        self._check_parameter(name)
        what = f"parameter '{name}' of '{self.label}'"
        declared = self._declared[name]
        new = of_type(updated(self.parameters[name], value, self.size, index, what), declared.dtype, what)
        if LOCALITIES[declared.locality] == "global":
            new = common(new, what)
        if self.size and (objection := declared.objection(float(np.min(new)))):
            raise ModelError(f"{what} {objection}")
        return new

    def _check_requirement(self, condition: str, values: Mapping[str, Value]) -> None:
        holds = np.atleast_1d(evaluate(parse_expression(condition), values)) != 0
        if not holds.all():
            first = int(np.argmin(holds))
            chosen = {name: np.broadcast_to(value, holds.shape)[first] for name, value in values.items()}
            given = ", ".join(f"{name} = {value:g}" for name, value in chosen.items() if name in condition)
            raise ModelError(f"'{self.label}' ({self.spec.name}): {condition} must hold, but cell {first} has {given}")

    def _check_parameter(self, name: str) -> None:
        if name not in self.parameters:
            raise ModelError(f"'{self.label}' has no parameter '{name}'; it has {', '.join(self.parameters)}")

    @property
    def storage(self) -> Storage:
        """Parameters of all cells shared, or one each: which of the model's two modules serves this population."""
        shared = all(isinstance(value, float) for value in self.parameters.values())
        return Storage.SHARED if shared else Storage.PER_ELEMENT

    def take_spec(self, spec: ModelSpec, parameters: Mapping[str, Value]) -> None:
        """Changes the model for one that has more parameters, of these values, or more inputs; states stay."""
        self.spec = spec
        self._declared = {parameter.name: parameter for parameter in spec.parameters}
        self.parameters = {**self.parameters, **parameters}
        self.compiled = None
        self.is_bound = False
        self.network.changed()

    # spikes

    @property
    def refractory(self) -> Reading:
        """The refractory period that follows a spike, in ms; one value where all cells share it."""
        return refractory.period(self)

    def set_refractory(self, value: Any, index: IntArray | None = None) -> None:
        """Sets the refractory period, in ms, whatever the model calls it, and whether it has had one or not."""
        self.network.check_open()
        refractory.set_period(self, value, index)

    def move_refractoriness(self, n_steps: int) -> None:
        """Lets refractory times end so many steps later: those of active cells by the clock, of others by its zero."""
        for field in () if self.compiled is None else self.compiled.arrays:
            if field.role == "refractory" and field.name in self.arrays:
                self._written(self.arrays[field.name])[:] += n_steps

    def compute_firing_rate(self, window: float = 1000.0) -> None:
        """Makes `r` the number of spikes within so many ms up to the present, in Hz.

        A spike counts from the step it is found in. Of what was before the first call, nothing is known.

        Raises:
            ModelError: cells that do not spike, or have an `r` of their own; a window shorter than a step.
        """
        self.network.check_open()
        if not self.spikes:
            raise ModelError(f"'{self.label}' ({self.spec.name}) does not spike, it has no firing rate")
        if RATE in self.parameters or RATE in {variable.name for variable in self.model.variables}:
            raise ModelError(f"'{self.label}' ({self.spec.name}) has an '{RATE}' of its own, which is no firing rate")
        self.rate = FiringRate.of(window, self.network.dt, self.label)
        self.prepare()
        self.arrays.setdefault(RATE, aligned_zeros(self.size, np.float64))
        self.is_bound = False
        self.network.changed()

    @property
    def spikes(self) -> bool:
        """Whether the model has spikes."""
        return bool(self.spec.spike.strip() or self.spec.emits.strip())

    def _has_rate(self) -> bool:
        """Spiking cells of ANNarchy's have an `r`, which is 0 where nobody has asked for firing rates."""
        own = RATE in self.parameters or RATE in {variable.name for variable in self.model.variables}
        return self.spikes and not own and (self.spec.order is Order.ANNARCHY or RATE in self.arrays)

    def _refuse_rate(self, name: str) -> None:
        if name == RATE and self._has_rate():
            raise ModelError(f"'{RATE}' of '{self.label}' is its firing rate and cannot be set")

    # state

    def state(self, name: str) -> Reading:
        """Present values of a variable, a copy of its type, shape (size,); one value where all cells share it."""
        array, variable = self.sample(name), self.variable(name)
        return as_type(array[0] if variable.locality == "global" else array, variable.dtype)

    def set_state(self, name: str, value: Any, index: IntArray | None = None) -> None:
        """Sets present values of a variable."""
        self.network.check_open()
        self._refuse_rate(name)
        array = self._written(self._state_array(name))
        array[:] = self._checked_state(name, array.astype(np.float64), value, index, f"variable '{name}'")

    def set_initial(self, name: str, value: Any, index: IntArray | None = None) -> None:
        """Sets values that a variable has at t = 0 and after each reset; now too while no step has been done."""
        self.network.check_open()
        self._refuse_rate(name)
        if index is None or name in self.initial:
            old = self.initial.get(name, 0.0)
        else:
            self.variable(name)
            self.prepare()
            old = self._default_initial()[name]
        self.initial[name] = self._checked_state(name, old, value, index, f"initial value of '{name}'")
        if self.arrays and self.network.step == 0:
            self._written(self._state_array(name))[:] = self.initial[name]

    def _checked_state(self, name: str, old: Value, value: Any, index: IntArray | None, what: str) -> Value:
        """All cells' values of a variable after the change."""
        what, variable = f"{what} of '{self.label}'", self.variable(name)
        or_infinite = variable.dtype == "float"
        new = of_type(updated(old, value, self.size, index, what, or_infinite), variable.dtype, what)
        return common(new, what) if variable.locality == "global" else new

    def sample(self, variable: str) -> AnyArray:
        """Present values of a variable, or of an input in the step just done, as the engine holds them."""
        array = self.place(variable)
        self.network.fetch(array)
        return array

    def place(self, variable: str) -> AnyArray:
        """Where those values are, while a device has no newer ones."""
        if any(given.name == variable for given in self.spec.inputs):
            self._prepared()
            return self.arrays[variable]
        return self._state_array(variable)

    def sample_axons(self) -> AnyArray:
        """Not zero where there was an axonal spike in the step just done, as the engine holds it."""
        compiled = self._prepared()
        return next(self.arrays[field.name] for field in compiled.arrays if field.role == "axonal spikes")

    def _written(self, array: AnyArray) -> AnyArray:
        """The same array, to be written to."""
        self.network.touch(array)
        return array

    def _state_array(self, name: str) -> AnyArray:
        self.variable(name)
        self._prepared()
        if name == RATE and name not in self.arrays:
            self.arrays[name] = aligned_zeros(self.size, np.float64)
        return self.arrays[name]

    def _prepared(self) -> CompiledModel:
        if self.compiled is None:
            self.prepare()
        assert self.compiled is not None
        return self.compiled

    def prepare(self) -> None:
        """Compiles the model and allocates the states, if that is still to be done."""
        self.network.compile([self])
        self.allocate()

    def _default_initial(self) -> dict[str, Value]:
        return dict(self._prepared().initial(self.parameters))

    def restore_initial(self) -> None:
        """Puts every variable to its value at t = 0."""
        compiled = self._prepared()
        initial = {**self._default_initial(), **self.initial}
        for field in compiled.arrays:
            if field.role == "state":
                self._written(self.arrays[field.name])[:] = initial[field.name]
            elif field.role in ("refractory", "axonal spikes"):
                self._written(self.arrays[field.name])[:] = 0
        if self._has_rate() and RATE in self.arrays:
            self._written(self.arrays[RATE])[:] = 0

    @property
    def nbytes(self) -> int:
        """Memory that states, inputs and parameters that differ between cells take."""
        return sum(array.nbytes for array in self.arrays.values()) + 8 * self.size * len(self.quanta)

    @property
    def recorded_nbytes(self) -> int:
        """Memory of what was recorded."""
        of_spikes = 0 if self.spike_recorder is None else self.spike_recorder.nbytes
        return of_spikes + sum(recorder.nbytes for recorder in self.signals)

    # for the loops

    def allocate(self) -> None:
        """States, inputs and accumulators of a compiled model; keeps what is there, checks initial values' names."""
        compiled = self._prepared()
        fresh = not self.quanta and not self.arrays
        for field in compiled.arrays:
            if field.role != "parameter" and field.name not in self.arrays:
                self.arrays[field.name] = self._zeros(field.name, field.dtype)
        if fresh:
            self.quanta = [1.0] * len(compiled.receptors)
            if compiled.library is None:
                self.inputs = [np.zeros(self.size, np.int64) for _ in compiled.receptors]
            for name in self.initial:
                self._state_array(name)
            self.restore_initial()

    def _zeros(self, use: str, dtype: npt.DTypeLike) -> AnyArray:
        return self.network.arenas[self.spec, use].zeros(self.size, dtype)

    def fill(self, values: Mapping[str, Value], max_spikes: Value) -> None:
        """Hands the kernel what it reads as parameters: derived values and propagators included."""
        compiled = self._prepared()
        known = {**dict.fromkeys(compiled.population_values, 0.0), **values}
        self.shared = np.array([known[name] for name in compiled.shared], np.float64)
        for field in compiled.arrays:
            if field.role == "parameter":
                if field.name not in self.arrays:
                    self.arrays[field.name] = self._zeros(field.name, field.dtype)
                self._written(self.arrays[field.name])[:] = values[field.name]
        self.max_spikes = np.atleast_1d(np.asarray(max_spikes, np.float64))

    def kernel_arrays(self) -> list[AnyArray]:
        """Per-element fields in the order of the module's table."""
        return [self.arrays[field.name] for field in self._prepared().arrays]

    # currents

    def inject(self, current: Current, index: IntArray) -> None:
        """Lets a current flow into the cells `index`; ModelError where the model takes none."""
        self.network.check_open()
        if not self.takes_current:
            raise ModelError(f"'{self.label}' ({self.spec.name}) takes no injected current")
        injection = Injection(current, np.sort(np.asarray(index, np.int64)))
        bisect.insort(self.injections, injection, key=lambda other: other.current.number)
        self.injections_are_bound = False
        self.network.changed()

    @property
    def can_spike(self) -> bool:
        """Whether the model has spikes at all."""
        return bool(self.spec.spike or self.spec.emits)

    @property
    def takes_current(self) -> bool:
        """Whether the model has an input for injected currents, the first one in nA."""
        return bool(self.current_inputs)

    @property
    def injected(self) -> AnyArray:
        """Where the sum of injected currents of each cell goes, in nA.

        That is what the model reads, or where synapses transmit a current too, what theirs is added to.
        """
        name = self.current_inputs[0]
        if name not in self.gathered:
            return self.arrays[name]
        if self._currents is None:
            self._currents = aligned_zeros(self.size, self.arrays[name].dtype)
        return self._currents

    @property
    def current_inputs(self) -> list[str]:
        """Names of inputs that are currents; the first one takes what is injected."""
        return [given.name for given in self.spec.inputs if given.unit == "nA" and not given.scheduled]

    # inputs with tables

    def set_tables(self, tables: Mapping[int, Mapping[str, Sequence[float] | FloatArray]]) -> None:
        """Gives cells new tables of their scheduled inputs, see Schedule; they act from the next step on."""
        self.network.check_open()
        assert isinstance(self.schedule, Schedule), "only models with scheduled inputs have tables"
        self.schedule.set(tables, self.label)
        self.is_bound = False
        self.network.changed()

    def get_table(self, column: str, index: int) -> FloatArray:
        """One column of a cell's table, ``times`` in ms or the values of an input."""
        assert isinstance(self.schedule, Schedule), "only models with scheduled inputs have tables"
        return self.schedule.get(column, index)

    def set_frames(
        self, steps: IntArray, values: Mapping[str, FloatArray], origin: int | None = None, period: int = 0
    ) -> None:
        """Gives the scheduled inputs of all cells values that change together, see Frames; from the next step on.

        Args:
            origin: the step that times are counted from; the present one where none is given.
        """
        self.network.check_open()
        begin = self.network.step if origin is None else origin
        self.schedule = Frames(self._scheduled, steps, values, self.size, self.label, begin, period)
        self.is_bound = False
        self.network.changed()

    @property
    def scheduled_arrays(self) -> list[AnyArray]:
        """Where the present values of scheduled inputs are."""
        return [self.arrays[name] for name in self.spec.scheduled()]

    def begin_schedule(self) -> Changes:
        """Sets inputs with tables to their values of the coming step; returns the changes after it."""
        assert isinstance(self.schedule, Schedule)
        step = self.network.step
        for array, values in zip(self.scheduled_arrays, self.schedule.at(step), strict=True):
            self._written(array)[:] = values
        return self.schedule.after(step)

    def most_spikes(self) -> Value:
        """Bound of the number of spikes in a step: over all rows of its table, where a cell has one."""
        compiled, dt = self._prepared(), self.network.dt
        if self.schedule is None:
            return compiled.max_spikes(self.parameters, dt)
        cells, columns = self.schedule.rows()
        rows = {name: value if isinstance(value, float) else value[cells] for name, value in self.parameters.items()}
        most = np.ones(self.size)
        np.maximum.at(most, cells, compiled.max_spikes({**rows, **columns}, dt))
        return most if compiled.storage is Storage.PER_ELEMENT else float(most.max(initial=1.0))

    def gather(self, name: str) -> None:
        """Lets an input take what synapses transmit all the time, from the next step on.

        Where the name is ``sum(target)`` of a receptor that has no such input yet, the cells get one: its values are
        added to what spikes bring.
        """
        if name not in self.gathered:
            extended = with_psp(self.spec, target_of(name)) if is_sum(name) else self.spec
            if extended != self.spec:
                self.take_spec(extended, {})
            self.gathered.append(name)
            self.injections_are_bound &= name not in self.current_inputs[:1]
            self.network.changed()

    def gathering(self) -> list[tuple[AnyArray, AnyArray | None]]:
        """Inputs that synapses transmit into, each with what is added to that."""
        return [
            (self.arrays[name], self.injected if self.injections and name == self.current_inputs[0] else None)
            for name in self.gathered
        ]

    # recording

    def record(self, variable: str, index: IntArray, every: int = 1, first: int = 0) -> SignalRecorder:
        """Starts recording a variable or input of the cells `index` (ascending), see SignalRecorder."""
        self.network.check_open()
        self.sample(variable)
        recorder = SignalRecorder(self, variable, index, every, first)
        self.signals.append(recorder)
        self.network.changed()
        return recorder

    def stop_recording(self, recorder: SignalRecorder) -> None:
        """Stops a recorder; what it took stays readable."""
        self.signals.remove(recorder)
        self.network.changed()

    def record_spikes(self, index: IntArray) -> SpikeRecorder:
        """Starts recording spikes of the cells `index`, or changes which cells are recorded."""
        self.network.check_open()
        if not self.can_spike:
            raise ModelError(f"'{self.label}' ({self.spec.name}) does not spike")
        if self.spike_recorder is None:
            self.spike_recorder = SpikeRecorder(self, index)
        else:
            self.spike_recorder.set_index(index)
        self.network.changed()
        return self.spike_recorder

    def take_spikes(self) -> Spikes:
        return self.network.take_spikes(self.number)

    def now(self) -> int:
        return self.network.step

    def step_time(self) -> float:
        return self.network.dt


class SpikeSource:
    """A population whose spike times are given; it emits `count` spikes where several of one cell fall into a step."""

    receptors: tuple[str, ...] = ()
    takes_current = False

    def __init__(self, network: Network, size: int, label: str, number: int) -> None:
        self.network = network
        self.size = size
        self.label = label
        self.number = number
        self.times: list[FloatArray] = [np.empty(0)] * size
        self.recorder: SourceRecorder | None = None
        self.is_active = True
        self.is_bound = False
        self._events: tuple[int, Events] | None = None

    def set_times(self, index: int, times: Sequence[float] | FloatArray) -> None:
        """Spike times of one cell, in ms, ascending; those of steps already done are ignored."""
        self.set_all({index: times})

    def set_all(self, times: Mapping[int, Sequence[float] | FloatArray]) -> None:
        """Spike times by cell, in ms.

        Raises:
            ModelError: times not finite, negative or not ascending; names the cell.
        """
        self.network.check_open()
        cells, new = list(times), [as_list(values) for values in times.values()]
        check_finite(new, cells, "spike times", self.label)
        check_ascending(new, cells, "spike times", self.label)
        for cell, train in zip(cells, new, strict=True):
            if len(train) and train[0] < 0:
                raise ModelError(f"spike times of cell {cell} of '{self.label}' must not be negative, got {train[0]}")
        if self.recorder is not None:
            self.recorder.harvest()
        for cell, train in zip(cells, new, strict=True):
            self.times[cell] = train
        self.is_bound = False
        self._events = None
        self.network.changed()

    def get_times(self, index: int) -> FloatArray:
        """Spike times of one cell, in ms, as they were set."""
        return self.times[index]

    @property
    def nbytes(self) -> int:
        """Memory of the spike times."""
        return sum(times.nbytes for times in self.times)

    @property
    def recorded_nbytes(self) -> int:
        """Memory of what was recorded."""
        return 0 if self.recorder is None else self.recorder.nbytes

    def events(self) -> Events:
        """(step, index, count) of what is still to be emitted, sorted by (step, index)."""
        if self._events is None or self._events[0] != self.network.step:
            self._events = (self.network.step, self._sorted_events())
        return self._events[1]

    def _sorted_events(self) -> Events:
        index, times = flat(self.times)
        steps = steps_of(times, self.network.dt)
        first = self.network.step + 1 if self.network.step else 0
        index, steps = index[steps >= first], steps[steps >= first]
        if len(steps) == 0:
            return steps, index, steps
        order = np.lexsort((index, steps))
        index, steps = index[order], steps[order]
        starts = np.flatnonzero(np.r_[True, (np.diff(steps) != 0) | (np.diff(index) != 0)])
        return steps[starts], index[starts], np.diff(np.r_[starts, len(steps)])

    @property
    def max_spikes(self) -> FloatArray:
        """Largest number of spikes of one cell in a step."""
        _, _, count = self.events()
        return np.array([float(count.max()) if len(count) else 1.0])

    def record_spikes(self, index: IntArray) -> SourceRecorder:
        """Starts recording, or changes which cells are recorded; keeps exact times."""
        if self.recorder is None:
            self.recorder = SourceRecorder(self, index)
        else:
            self.recorder.set_index(index)
        return self.recorder


class SourceRecorder:
    """Spikes of a source at their exact times, grid or not."""

    def __init__(self, source: SpikeSource, index: IntArray) -> None:
        self.source = source
        self.index = np.asarray(index, np.int64)
        self._harvested = source.network.step if source.network.step else -1
        self._parts: list[tuple[IntArray, FloatArray]] = []

    def set_index(self, index: IntArray) -> None:
        """Chooses the recorded cells, from now on."""
        self.harvest()
        self.index = np.asarray(index, np.int64)

    def harvest(self) -> None:
        """Takes over what has been emitted since the last time."""
        now = self.source.network.step
        # Nothing has been emitted at t = 0 before the first run: it may still be changed.
        last = now if now else -1
        if last == self._harvested:
            return
        index, times = flat(self.source.times)
        steps = steps_of(times, self.source.network.dt)
        is_recorded = np.zeros(self.source.size, bool)
        is_recorded[self.index] = True
        chosen = (steps > self._harvested) & (steps <= last) & is_recorded[index]
        self._harvested = last
        if chosen.any():
            # a time that is taken for a step's, because it lies just behind it, is not shown behind it
            index, times = index[chosen], np.minimum(times[chosen], times_of(steps[chosen], self.source.network.dt))
            order = np.lexsort((index, times))
            self._parts.append((index[order], times[order]))

    def spikes(self) -> tuple[IntArray, FloatArray]:
        """Index of the cell and time in ms of each spike, sorted by time."""
        self.harvest()
        if not self._parts:
            return np.empty(0, np.int64), np.empty(0)
        return np.concatenate([part[0] for part in self._parts]), np.concatenate([part[1] for part in self._parts])

    @property
    def nbytes(self) -> int:
        """Memory of the spikes so far."""
        return sum(array.nbytes for array in self.spikes())

    def counts(self) -> tuple[IntArray, IntArray]:
        """Recorded cells and their numbers of spikes."""
        index, _ = self.spikes()
        return self.index, np.bincount(index, minlength=self.source.size)[self.index].astype(np.int64)

    def clear(self) -> None:
        """Forgets the spikes so far; recording goes on."""
        self.harvest()
        self._parts = []

    def go_on_with(self, index: IntArray, times: FloatArray) -> None:
        """Takes over what another recorder has up to now, sorted by time."""
        now = self.source.network.step
        self._harvested = now if now else -1
        self._parts = [(np.asarray(index, np.int64), np.asarray(times, np.float64))]

    def rewind(self) -> None:
        """Time has gone back to 0: forgets all."""
        self._harvested = -1
        self._parts = []


Population = Cells | SpikeSource | Axons
