"""Projection and its connections over the engine's synapses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from numbers import Real
from typing import Any

import numpy as np
from pyNN import common, errors
from pyNN.common.populations import IDMixin
from pyNN.core import deprecated
from pyNN.parameters import LazyArray, ParameterSpace
from pyNN.recording import files
from pyNN.space import Space

from pynn_annarchy import output, simulator
from pynn_annarchy.connections import Connection, Connections, number_of
from pynn_annarchy.custom import distribution_of_pynn
from pynn_annarchy.engine.arrays import times_of
from pynn_annarchy.engine.misfits import no_input
from pynn_annarchy.model.spec import WEIGHT
from pynn_annarchy.standardmodels.synapses import DENDRITIC, StaticSynapse
from pynn_annarchy.synaptic_recorder import SynapticRecorder, weight_unit
from pynn_annarchy.wiring import Build, Side

_FLUSH = 1 << 16
"""Connections that the general path collects before they are handed to the engine."""

_REDUCTIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "sum": np.add.reduceat,
    "min": np.minimum.reduceat,
    "max": np.maximum.reduceat,
    "first": lambda values, starts: values[starts],
    "last": lambda values, starts: values[np.append(starts[1:], len(values)) - 1],
}
"""Several synapses between one pair of cells: values and where each pair begins, to one value a pair."""


class Projection(common.Projection):
    __doc__ = common.Projection.__doc__
    _simulator = simulator
    _static_synapse_class = StaticSynapse

    def __init__(
        self,
        presynaptic_neurons: Any,
        postsynaptic_neurons: Any,
        connector: Any,
        synapse_type: Any = None,
        source: str | None = None,
        receptor_type: str | None = None,
        space: Space = Space(),  # noqa: B008
        label: str | None = None,
    ) -> None:
        is_gap = getattr(synapse_type, "is_mutual", False) and _is_gap(receptor_type, source)
        receptor = None if is_gap else receptor_type
        _check_receptors(postsynaptic_neurons, receptor, synapse_type)
        super().__init__(
            presynaptic_neurons, postsynaptic_neurons, connector, synapse_type, source, receptor, space, label
        )
        if is_gap:
            self.receptor_type = "gap"
        self.label = self.label or f"projection{common.Projection._nProj - 1}"
        self._simulation = simulator.state
        self._check_open()
        self._build = Build(self)
        self._collected: list[tuple[np.ndarray, np.ndarray, dict[str, Any]]] = []
        self._n_collected = 0
        self._cached_order: np.ndarray | None = None
        self._cached_columns: dict[str, Any] = {}
        self._recorder: SynapticRecorder | None = None
        self._given_by_cells = self._values_of_cells()
        with self._simulation.network.watch.of("init_sparse_time"):
            connector.connect(self)
            self._flush()
            self._parts = self._build.finish()
        del self._build
        self._simulation.projections.append(self)
        drawn = getattr(self.synapse_type, "drawn_initial_values", {})
        self.initialize(**{name: distribution_of_pynn(value) for name, value in drawn.items()})

    def _check_open(self) -> None:
        for cells in (self.pre, self.post):
            for population in Side.of(cells).populations:
                population.check_open()
        self._simulation.check_open(f"projection '{self.label}'")

    def _guess_receptor_type(self) -> None:
        """The first receptor type, or the second one where the last weight is negative, as in PyNN."""
        lazy = self.synapse_type.parameter_space["weight"]
        weight = lazy.base_value
        is_number = isinstance(weight, Real) and not lazy.operations
        has_pairs = self.pre.size > 0 and self.post.size > 0
        if not is_number and has_pairs and np.shape(weight) in ((), self.shape):
            super()._guess_receptor_type()
            return
        last = weight[-1] if np.ndim(weight) == 1 and len(weight) else weight
        is_negative = isinstance(last, Real) and last < 0
        self.receptor_type = self.post.receptor_types[: 1 + is_negative][-1]

    # building

    def _convergent_connect(
        self, presynaptic_indices: Any, postsynaptic_index: Any, location_selector: Any = None, **parameters: Any
    ) -> None:
        """Connects some pre-synaptic cells to one post-synaptic cell; parameters are numbers or arrays."""
        if location_selector is not None:
            raise NotImplementedError("location_selector needs multi-compartment cells, which are not available yet")
        pre = _positions(self.pre, presynaptic_indices)
        self._collected.append((pre, np.full(len(pre), _position(self.post, postsynaptic_index)), parameters))
        self._n_collected += len(pre)
        if self._n_collected >= _FLUSH:
            self._flush()

    def _values_of_cells(self) -> dict[str, np.ndarray]:
        """Synaptic parameters that follow from the post-synaptic cells, one value each."""
        given = getattr(self.synapse_type, "given_by_cells", lambda *_: {})(self.post, self.receptor_type)
        return {name: np.broadcast_to(np.asarray(value, float), (self.post.size,)) for name, value in given.items()}

    def _flush(self) -> None:
        """Hands the collected columns over as one block."""
        columns, self._collected, self._n_collected = self._collected, [], 0
        if columns:
            pre = np.concatenate([column[0] for column in columns])
            post = np.concatenate([column[1] for column in columns])
            names = columns[0][2]
            values = {
                name: np.concatenate([np.broadcast_to(parameters[name], pre.shape) for pre, _, parameters in columns])
                for name in names
            }
            self._connect_block(pre, post, **values)

    def _connect_block(self, pre: np.ndarray, post: np.ndarray, **parameters: Any) -> None:
        """Connects pairs of positions; each parameter is a number or a flat array with one value a connection.

        Raises:
            ConnectionError: a value that is not finite, a delay out of range.
        """
        pre, post = np.ravel(pre), np.ravel(post)  # a grid of pairs comes as two views that are broadcast
        values = {name: self._require_finite(name, value) for name, value in parameters.items()}
        values = self._native_values(values)
        delay = values.pop("delay", None)  # gap junctions have none
        values["delay_steps"] = 1 if delay is None else self._delay_in_steps(delay)
        for name, of_cells in self._given_by_cells.items():
            values[name] = float(of_cells[0]) if np.all(of_cells == of_cells[0]) else of_cells[post]
        self._build.add(pre, post, values)

    @staticmethod
    def _native_values(values: dict[str, Any]) -> dict[str, Any]:
        """Without what the projection as a whole has one value of."""
        return {name: value for name, value in values.items() if name != DENDRITIC}

    def _delay_in_steps(self, delay: Any) -> Any:
        """Delays in whole steps, rounded to the nearest; a number or an array of uint16.

        Raises:
            ConnectionError: a delay below min_delay or a time step, above max_delay, or not finite.
        """
        state = self._simulation
        steps = self._require_finite("delay", delay) / state.dt
        smallest, largest = (None if limit == "auto" else limit / state.dt for limit in state.delay_limits)
        smallest = max(1.0, smallest or 1.0)
        if np.min(steps, initial=np.inf) < smallest * (1 - simulator.GRID_TOLERANCE):
            raise errors.ConnectionError(
                f"projection '{self.label}': a delay of {np.min(delay)} ms is below the smallest one allowed, "
                f"{round(smallest * state.dt, 9)} ms"
            )
        largest = min(65535.0, largest or 65535.0)
        if np.max(steps, initial=0.0) > largest * (1 + simulator.GRID_TOLERANCE):
            raise errors.ConnectionError(
                f"projection '{self.label}': a delay of {np.max(delay)} ms is above the largest one allowed, "
                f"{round(largest * state.dt, 9)} ms"
            )
        whole = np.floor(np.asarray(steps) + 0.5 + simulator.GRID_TOLERANCE).astype(np.uint16)
        return int(whole) if whole.ndim == 0 else whole

    def _require_finite(self, name: str, value: Any) -> Any:
        """A float or float64 array; ConnectionError where a value is not a finite number."""
        try:
            array = np.asarray(value, dtype=float)
        except (TypeError, ValueError) as error:
            raise errors.ConnectionError(f"projection '{self.label}': {name} must be numbers, not {value!r}") from error
        if not np.isfinite(array).all():
            first = array.flat[int(np.argmin(np.isfinite(array)))]
            raise errors.ConnectionError(f"projection '{self.label}': {name} must be finite, got {first}")
        return float(array) if array.ndim == 0 else array

    # reading

    def __len__(self) -> int:
        return sum(part.synapses.n for part in self._parts)

    @property
    def connections(self) -> Connections:
        """All connections, in the order (pre, post, creation)."""
        return Connections(self)

    def __getitem__(self, i: Any) -> Any:
        return self.connections[i]

    def __iter__(self) -> Iterator[Connection]:
        return iter(self.connections)

    def delay_range(self) -> tuple[float, float]:
        """Smallest and largest delay, in ms."""
        rows = [part.synapses.rows for part in self._parts if part.synapses.n]
        shortest, longest = min(part.min_delay for part in rows), max(part.max_delay for part in rows)
        return tuple(times_of(np.array([shortest, longest]), self._simulation.dt).tolist())

    def _order(self) -> np.ndarray | None:
        """Permutation of the parts' synapses, one part after the other, into the projection's order; None for none."""
        if len(self._parts) <= 1 and all(part.pre_positions is None for part in self._parts):
            return None
        if self._cached_order is None:
            pre = np.concatenate([part.pre() for part in self._parts] or [np.empty(0, int)])
            post = np.concatenate([part.post() for part in self._parts] or [np.empty(0, int)])
            self._cached_order = np.lexsort((post, pre))
        return self._cached_order

    def _column(self, name: str) -> np.ndarray:
        """An index or a parameter of all connections, in their order."""
        if name == "presynaptic_index":
            columns = [part.pre() for part in self._parts]
        elif name == "postsynaptic_index":
            columns = [part.post() for part in self._parts]
        elif name == DENDRITIC:
            columns = [np.full(part.synapses.n, part.synapses.dendritic) for part in self._parts]
        else:
            columns = [part.synapses.get(name) for part in self._parts]
        none = np.empty(0, np.int32 if name.endswith("_index") else np.float64)
        column = columns[0] if len(columns) == 1 else np.concatenate(columns or [none])
        order = self._order()
        return column if order is None else column[order]

    def _cached_column(self, name: str) -> np.ndarray:
        """As _column, remembered until something is set or run, for those who go through all connections."""
        now = self._simulation.network.step
        if self._cached_columns.get("step") != now:
            self._cached_columns = {"step": now}
        if name not in self._cached_columns:
            self._cached_columns[name] = self._column(name)
        return self._cached_columns[name]

    def _get_attributes_as_list(self, names: Sequence[str]) -> list[tuple[Any, ...]]:
        return list(zip(*(self._column(name).tolist() for name in names), strict=True))

    def _get_attributes_as_arrays(self, names: Sequence[str], multiple_synapses: str = "sum") -> list[np.ndarray]:
        if len(self._parts) == 1 and self._parts[0].is_between_all_cells and DENDRITIC not in names:
            matrices = [self._parts[0].synapses.get_matrix(name) for name in names]
            if all(matrix is not None for matrix in matrices):
                return matrices
        pairs = np.multiply(self._column("presynaptic_index"), self.post.size, dtype=np.int64)
        pairs += self._column("postsynaptic_index")
        is_other = pairs[1:] != pairs[:-1]
        starts = None if is_other.all() else np.flatnonzero(np.concatenate([[True], is_other]))
        n_pairs = self.pre.size * self.post.size
        arrays = []
        for name in names:
            column = self._column(name)
            if starts is None and len(pairs) == n_pairs:
                arrays.append(np.array(column, np.float64).reshape(self.shape))
                continue
            array = np.full(n_pairs, np.nan)
            if starts is None:
                array[pairs] = column
            else:
                array[pairs[starts]] = _REDUCTIONS[multiple_synapses](column, starts)
            arrays.append(array.reshape(self.shape))
        return arrays

    def get(
        self,
        attribute_names: str | Sequence[str],
        format: str,
        gather: bool | str = True,
        with_address: bool = True,
        multiple_synapses: str = "sum",
    ) -> Any:
        """As in PyNN: values of all connections as a list, in the order (pre, post, creation), or as 2D arrays.

        Raises:
            NonExistentParameterError: the synapse type has no such parameter.
            ValueError: another format than 'list' and 'array', an unknown choice of ``multiple_synapses``.
        """
        is_single = isinstance(attribute_names, str)
        columns = self._native_names([attribute_names] if is_single else list(attribute_names))
        if format == "array":
            if multiple_synapses not in _REDUCTIONS:
                raise ValueError(
                    f"multiple_synapses must be one of {', '.join(_REDUCTIONS)}, not {multiple_synapses!r}"
                )
            arrays = self._get_attributes_as_arrays(columns, multiple_synapses)
            return arrays[0] if is_single else arrays
        if format != "list":
            raise ValueError(f"format must be 'list' or 'array', not {format!r}")
        if is_single and not with_address:
            return self._column(columns[0]).tolist()
        addresses = ["presynaptic_index", "postsynaptic_index"] if with_address else []
        return self._get_attributes_as_list([*addresses, *columns])

    def _native_names(self, names: Sequence[str]) -> list[str]:
        """The engine's names of parameters and variables.

        Raises:
            NonExistentParameterError: a name is neither.
        """
        parameters = self.synapse_type.get_parameter_names()
        native = []
        for name in names:
            if name in parameters:
                native.append(self.synapse_type.get_native_names(name)[0])
            elif name in self.synaptic_variables:  # which takes a compiled model
                native.append(name)
            else:
                known = [*parameters, *self.synaptic_variables]
                raise errors.NonExistentParameterError(name, type(self.synapse_type).__name__, known)
        return native

    def save(
        self,
        attribute_names: str | Sequence[str],
        file: Any,
        format: str = "list",
        gather: bool = True,
        with_address: bool = True,
    ) -> None:
        """Writes parameters of all connections to a file that FromFileConnector reads, where addresses are with them.

        Args:
            attribute_names: one name or several; 'all' (or 'connections') for all parameters.
            file: one of `pyNN.recording.files`, or the name of a text file.
            format: 'list', one row a connection, or 'array', one matrix a name with 0 where there is no connection.
        """
        if attribute_names in ("all", "connections"):
            attribute_names = self.synapse_type.get_parameter_names()
        names = [attribute_names] if isinstance(attribute_names, str) else list(attribute_names)
        target = files.StandardTextFile(file, mode="w") if isinstance(file, str) else file
        columns = ["i", "j", *names] if with_address and format == "list" else names
        values = np.array(self.get(names, format, gather, with_address))
        if format == "array":
            values = np.nan_to_num(values[0] if len(names) == 1 else values)
        target.write(values, {"columns": columns})
        target.close()

    # changing

    @deprecated("set(name=value)")
    def setSynapseDynamics(self, parameter_name: str, value: Any) -> None:  # noqa: N802
        """Sets a parameter of all connections."""
        self.set(**{parameter_name: value})

    @deprecated("set(name=rand_distr)")
    def randomizeSynapseDynamics(self, parameter_name: str, rand_distr: Any) -> None:  # noqa: N802
        """Sets a parameter of all connections to random values."""
        self.set(**{parameter_name: rand_distr})

    def set(self, **attributes: Any) -> None:
        """Sets parameters of all connections.

        Each value may be a number, a RandomDistribution, a 2D array of the projection's shape (nan where there is no
        connection), a list with one value a connection in the order of get(format='list'), or a function of distance.

        Raises:
            NonExistentParameterError: the synapse type has no such parameter.
            InvalidDimensionsError: an array of the wrong shape.
            ConnectionError: a weight of the wrong sign, a delay out of range, a value that is not finite.
        """
        self._check_open()
        listed = {name: value for name, value in attributes.items() if _is_list(value)}
        mapped = {name: value for name, value in attributes.items() if name not in listed}
        schema = self.synapse_type.get_schema()
        for name in listed:
            if name not in schema:
                raise errors.NonExistentParameterError(name, type(self.synapse_type).__name__, list(schema))
        space = ParameterSpace(mapped, schema, self.shape, type(self.synapse_type))
        space = self.synapse_type.translate(self._handle_distance_expressions(space))
        columns = {name: self._evaluate(value) for name, value in space.items()}
        for name, value in listed.items():
            columns[self.synapse_type.get_native_names(name)[0]] = self._from_list(name, value)
        self._set_columns(columns, None)

    def _set_attributes(self, parameter_space: ParameterSpace) -> None:
        self._set_columns({name: self._evaluate(value) for name, value in parameter_space.items()}, None)

    def _evaluate(self, value: LazyArray) -> Any:
        """A number, or one value for each connection."""
        values = value.evaluate(simplify=True)
        if np.ndim(values) == 0:
            return float(values)
        return np.asarray(values)[self._column("presynaptic_index"), self._column("postsynaptic_index")]

    def _from_list(self, name: str, values: Any) -> np.ndarray:
        array = np.asarray(values, dtype=float)
        if len(array) == len(self):
            return array
        pairs = self._column("presynaptic_index").astype(np.int64) * self.post.size + self._column("postsynaptic_index")
        distinct, position = np.unique(pairs, return_inverse=True)
        if len(array) != len(distinct):
            raise errors.InvalidDimensionsError(
                f"projection '{self.label}' has {len(self)} connections, but {len(array)} values of {name} were given"
            )
        return array[position]

    def _set_columns(self, columns: dict[str, Any], index: np.ndarray | None) -> None:
        """Sets parameters of the connections ``index`` (None: all), after all values have been checked."""
        self._check_open()
        for name in columns:
            if name not in self.synapse_type.get_native_names():
                raise errors.NonExistentParameterError(
                    name, type(self.synapse_type).__name__, self.synapse_type.get_parameter_names()
                )
        if DENDRITIC in columns:
            raise ValueError(
                f"projection '{self.label}': {DENDRITIC} is fixed when the synapses are made; make another projection"
            )
        checked = {name: self._checked(name, value) for name, value in columns.items()}
        units = self._weight_units()
        for name, value in checked.items():
            self._write(name, value, index)
        if self._weight_units() != units:  # other weights have been rounded with these
            self._cached_columns = {}
        self._refresh(checked, index)

    def _weight_units(self) -> list[float]:
        """Of which the weights of each part are multiples; 0 for those that are kept exactly."""
        return [part.synapses.weight_unit for part in self._parts]

    def _refresh(self, columns: dict[str, Any], index: np.ndarray | None) -> None:
        """Keeps what is remembered of the connections true after some parameters were set."""
        if index is None or "delay" in columns:
            self._cached_columns = {}
            self._cached_order = None
        if len(self._parts) > 1 and any(self._weight_units()):
            self._cached_columns.pop(WEIGHT, None)
        for name, value in columns.items():
            if name in self._cached_columns:
                is_weight = name == WEIGHT and len(self._parts) == 1
                self._cached_columns[name][index] = self._parts[0].synapses.rounded(value) if is_weight else value

    def _checked(self, name: str, value: Any) -> Any:
        values = self._require_finite(name, value)
        if name == "delay":
            return self._delay_in_steps(values) * self._simulation.dt
        check = self.synapse_type.parameter_checks.get(name)
        if check is not None and np.size(values):
            check(values, self)
        return values

    def _write(self, name: str, value: Any, index: np.ndarray | None) -> None:
        numbers = np.arange(len(self)) if index is None else index
        order = self._order()
        if order is None:
            for part in self._parts:
                part.set(name, value, index)
            return
        numbers = order[numbers]
        bounds = np.cumsum([0, *(part.synapses.n for part in self._parts)])
        for part, first, last in zip(self._parts, bounds[:-1], bounds[1:], strict=True):
            here = np.flatnonzero((numbers >= first) & (numbers < last))
            if len(here):
                values = value if np.ndim(value) == 0 else value[here]
                part.set(name, values, numbers[here] - first)

    @property
    def synaptic_variables(self) -> tuple[str, ...]:
        """What spikes change in these synapses, the weight among them where they do: names for `get` and `record`."""
        parts = [part.synapses.state.names for part in self._parts]
        return parts[0] if parts else ()

    # recording

    @property
    def recordable(self) -> list[str]:
        """Names for `record`: the weight and whatever else spikes change."""
        return list(dict.fromkeys([WEIGHT, *self.synaptic_variables]))

    @property
    def recorder(self) -> SynapticRecorder:
        """What records these connections, made when it is needed first."""
        if self._recorder is None:
            self._recorder = SynapticRecorder(self)
        return self._recorder

    def record(
        self,
        variables: str | Sequence[str] | None,
        to_file: Any = None,
        sampling_interval: float | None = None,
        connections: Any = None,
    ) -> None:
        """Records variables of these connections from now on: a name, a list of them, 'all', or None for no more.

        Each sample holds all spikes that have reached the synapses by then, and none that are under way. None drops
        what has been recorded since the last reset.

        Args:
            to_file: a file name, or a Neo IO object, to which end() writes these variables.
            sampling_interval: in ms, a multiple of the time step; different variables may have different ones. Without
                it that given last holds, at first the time step.
            connections: which ones, by their numbers in the order of `connections`, or as such; None for all.

        Raises:
            ValueError: see SynapticRecorder.record.
            ValueError, ImportError: a file of that name cannot be written; names the formats or the missing package.
        """
        if isinstance(to_file, str):
            output.check_file_name(to_file)
        if variables is None:
            self.recorder.reset()
            return
        numbers = np.arange(len(self)) if connections is None else [number_of(one, self) for one in connections]
        self.recorder.record(variables, numbers, sampling_interval)
        if output.is_named(to_file):
            self.recorder.file = to_file
            self._simulation.write_at_end(self, variables, to_file)

    def get_data(
        self,
        variables: str | Sequence[str] = "all",
        gather: bool = True,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
    ) -> Any:
        """What was recorded, as a Neo Block with one segment a run since setup() or reset().

        Each variable is a signal with one channel a connection, in the order (pre, post, creation), whose cells are in
        the array annotations `presynaptic_index` and `postsynaptic_index`.
        """
        return self.recorder.get(variables, gather, clear=clear, annotations=annotations)

    def write_data(
        self,
        io: Any,
        variables: str | Sequence[str] = "all",
        gather: bool = True,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
    ) -> None:
        """Writes recorded data to a file of that name, or through a Neo IO object; then clears them if asked to.

        Raises:
            ValueError, ImportError: the file's format is not known, or its library not installed.
        """
        self.recorder.write(variables, io, gather, clear=clear, annotations=annotations)

    def _unit(self, variable: str) -> str:
        """The unit of a synaptic variable; weights have that of what they change in the post-synaptic cells."""
        units = set()
        for part in self._parts:
            synapses = part.synapses
            if variable == WEIGHT and synapses.input is not None:
                units.add(next(own.unit for own in synapses.spec.parameters if own.name == WEIGHT))
            elif variable == WEIGHT:
                units.add(weight_unit(synapses.post_cells.spec, synapses.receptor_number))
            else:
                units.add(dict(synapses.spec.units).get(variable, "dimensionless"))
        return units.pop() if len(units) == 1 else "dimensionless"

    # values of variables

    def initialize(self, **initial_values: Any) -> None:
        """Gives variables that spikes change values as of now; a reset goes back to them.

        Each value may be what `set` takes.

        Raises:
            NonExistentParameterError: spikes change no such variable.
            InvalidDimensionsError: an array of the wrong shape.
            ConnectionError: a value that is not finite.
        """
        self._check_open()
        for name in initial_values:
            if name not in self.synaptic_variables:
                known = list(self.synaptic_variables) or ["none"]
                raise errors.NonExistentParameterError(name, type(self.synapse_type).__name__, known)
        listed = {name: value for name, value in initial_values.items() if _is_list(value)}
        mapped = {name: value for name, value in initial_values.items() if name not in listed}
        space = ParameterSpace(mapped, dict.fromkeys(mapped, float), self.shape, type(self.synapse_type))
        columns = {name: self._evaluate(value) for name, value in self._handle_distance_expressions(space).items()}
        columns |= {name: self._from_list(name, value) for name, value in listed.items()}
        checked = {name: self._checked(name, value) for name, value in columns.items()}
        for name, value in checked.items():
            self._write(name, value, None)
        self.initial_values.update(initial_values)
        self._cached_columns = {}


def _is_gap(receptor_type: str | None, source: str | None) -> bool:
    """Whether these are names for the membranes that a gap junction joins: cells have one section, whatever its name.

    Raises:
        ConnectionError: the name of something else.
    """
    for what, name in (("receptor_type", receptor_type), ("source", source)):
        if name not in (None, "default", "gap") and not str(name).endswith(".gap"):
            raise errors.ConnectionError(
                f"an electrical synapse joins two membranes: {what} is 'gap' or left out, not '{name}'"
            )
    return True


def _check_receptors(post: Any, receptor_type: str | None, synapse_type: Any) -> None:
    """Refuses targets that take no input, and receptors that they do not have, before PyNN guesses any."""
    receptors = getattr(post, "receptor_types", None)
    if receptors is None:
        return
    if not receptors:
        spec = getattr(synapse_type, "spec", StaticSynapse.spec)
        raise errors.ConnectionError(no_input(post.label, spec))
    if receptor_type not in (None, "default") and receptor_type not in receptors:
        raise errors.ConnectionError(
            f"'{post.label}' has no receptor type '{receptor_type}'; it has {', '.join(receptors)}"
        )


def _position(cells: Any, cell: Any) -> int:
    """Position of a cell given by its index or as an ID."""
    return int(cells.id_to_index(cell)) if isinstance(cell, IDMixin) else int(cell)


def _positions(cells: Any, chosen: Any) -> np.ndarray:
    """Positions of cells given by their indices or as IDs."""
    if isinstance(chosen, np.ndarray) and chosen.dtype.kind in "iu":
        return chosen.astype(np.int64)
    return np.array([_position(cells, cell) for cell in chosen], dtype=np.int64)


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim == 1)
