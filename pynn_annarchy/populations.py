"""Population, PopulationView and Assembly over the engine's populations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from pyNN import common, errors
from pyNN.core import deprecated
from pyNN.parameters import LazyArray, ParameterSpace, Sequence

from pynn_annarchy import output, simulator
from pynn_annarchy.custom import InitialValue
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.neo_objects import merged
from pynn_annarchy.recorder import Recorder


class _Cells:
    """What populations and views have in common: parameters and initial values of some cells of a population."""

    _simulator = simulator

    @property
    def grandparent(self) -> Population:
        raise NotImplementedError

    @property
    def _index(self) -> np.ndarray | None:
        """Indices of these cells in the population; None for all."""
        raise NotImplementedError

    def __getitem__(self, index):
        item = super().__getitem__(index)
        return simulator.ID(item) if isinstance(item, np.integer) else item

    def all(self) -> Iterator[simulator.ID]:
        """Iterator over all cells."""
        return iter(self.all_cells)

    def initialize(self, **initial_values: Any) -> None:
        """Sets values of variables at t = 0 and after each reset; after a run they are the present values too.

        Each may be a number, a RandomDistribution, a list or array of one value a cell, or a function of the index.

        Raises:
            NonExistentParameterError: the cells have no such variable.
            InvalidDimensionsError: a list of the wrong length.
            InvalidParameterValueError: a value that is not finite.
        """
        for variable, value in initial_values.items():
            self.grandparent._check_variable(variable)
            if isinstance(value, InitialValue):
                initial_values[variable] = value.values(self.grandparent._engine.parameters)
            if isinstance(value, (list, tuple, np.ndarray)):
                _refuse_other_sizes(np.shape(value), f"initial value of '{variable}'", self)
        super().initialize(**initial_values)

    def inject(self, current_source: Any) -> None:
        """Injects a current into these cells; TypeError, with their name, where they take none."""
        current_source.inject_into(self)

    def record(
        self, variables: Any, to_file: Any = None, sampling_interval: float | None = None, locations: Any = None
    ) -> None:
        """Records variables of these cells from now on: a name, a list of them, 'all', or None for no more.

        None holds for the whole population, and what has been recorded since the last reset is gone.

        Args:
            to_file: a file name, or a Neo IO object, to which end() writes these variables.
            sampling_interval: in ms, a multiple of the time step; different variables may have different ones.

        Raises:
            RecordingError, ValueError: see Recorder.record.
            ValueError, ImportError: a file of that name cannot be written; names the formats or the missing package.
        """
        if isinstance(to_file, str):
            output.check_file_name(to_file)
        super().record(variables, sampling_interval=sampling_interval, locations=locations)
        if output.is_named(to_file) and variables is not None:
            self.recorder.file = to_file
            self.recorder._simulator.state.write_at_end(self, variables, to_file)

    def _get_view(self, selector: Any, label: str | None = None) -> PopulationView:
        return PopulationView(self, selector, label)

    def _get_parameters(self, *names: str) -> ParameterSpace:
        """Parameters in PyNN's names and units, shape (size,)."""
        for name in names:
            if not self.celltype.has_parameter(name):
                raise errors.NonExistentParameterError(
                    name, type(self.celltype).__name__, self.celltype.get_parameter_names()
                )
        computed = any(name in self.celltype.computed_parameters() for name in names)
        native_names = self.celltype.get_native_names(*(() if computed else names))
        return self.celltype.reverse_translate(self._get_native_parameters(*native_names))

    def _get_native_parameters(self, *names: str) -> ParameterSpace:
        values = {name: self.grandparent._parameter(name, self._index) for name in names}
        return ParameterSpace(values, shape=(self.size,))

    def _set_parameters(self, parameter_space: ParameterSpace) -> None:
        """Sets parameters given in native names; all of them are checked before the first is changed."""
        values = _evaluated(parameter_space, self)
        self.grandparent._set_values(values, self._index)

    def _set_initial_value_array(self, variable: str, initial_value: LazyArray) -> None:
        population = self.grandparent
        values = initial_value.evaluate(simplify=True)
        _refuse_non_finite(values, f"initial value of '{variable}'", self)
        # a distribution must not be drawn again when the initial value is read
        initial_value.base_value, initial_value.operations = values, []
        population._set_initial(variable, values, self._index)


class Population(_Cells, common.Population):
    __doc__ = common.Population.__doc__
    _recorder_class = Recorder

    def __init__(
        self,
        size: Any,
        cellclass: Any,
        cellparams: Any = None,
        structure: Any = None,
        initial_values: Mapping[str, Any] = {},
        label: str | None = None,
    ) -> None:
        self._simulation = simulator.state
        recorders = simulator.state.recorders.copy()
        try:
            super().__init__(size, cellclass, cellparams, structure, initial_values, label)
        except Exception:
            simulator.state.recorders = recorders
            self._withdraw()
            raise

    def _create_cells(self) -> None:
        if self.size < 1:
            raise errors.InvalidDimensionsError(f"a population needs at least one cell, not {self.size}")
        parameters = self.celltype.native_parameters
        for name, value in parameters.items():
            _refuse_other_sizes(value.shape, f"parameter '{name}'", self)
        parameters.shape = (self.size,)
        values = _evaluated(parameters, self)
        network = self._simulation.network
        lists = {name: values.pop(name) for name in _lists(self.celltype)}
        with _refusals():
            if self.celltype.spec is None:
                self._engine = network.add_spike_source(self.size, self.label)
            else:
                self._engine = network.add_cells(self.celltype.spec, self.size, values, self.label)
            try:
                self._set_lists(lists, np.arange(self.size))
            except ModelError:
                network.withdraw(self._engine)
                raise
        self.all_cells = simulator.allocate_ids(self, self.size)
        self._mask_local = np.ones(self.size, dtype=bool)
        self._simulation.populations.append(self)

    def report(self) -> str:
        """The equations of the cell type, by which method each variable is integrated, and why; text for people.

        Raises:
            TypeError: a source of given spike times, which has no equations.
        """
        if self.celltype.spec is None:
            raise TypeError(f"'{self.label}' has no equations: its spike times are given")
        return self._engine.report()

    def _withdraw(self) -> None:
        """Takes a population that could not be finished out of the simulation."""
        if self in self._simulation.populations:
            self._simulation.populations.remove(self)
            self._simulation.network.withdraw(self._engine)

    @property
    def grandparent(self) -> Population:
        return self

    @property
    def _index(self) -> None:
        return None

    @property
    def local_cells(self) -> simulator.IDArray:
        return self.all_cells

    def is_local(self, id: int) -> bool:
        """Whether a cell lives in this process: all do."""
        return True

    @property
    def takes_current(self) -> bool:
        """Whether a current can be injected into the cells."""
        return bool(self.celltype.injectable and self._engine.takes_current)

    def check_open(self) -> None:
        """StaleSimulationError for a population of an earlier setup()."""
        self._simulation.check_open(f"population '{self.label}'")

    def _set_cell_initial_value(self, id: int, variable: str, value: float) -> None:
        super()._set_cell_initial_value(id, variable, value)
        self._set_initial(variable, float(value), np.array([self.id_to_index(id)]))

    def _parameter(self, name: str, index: np.ndarray | None) -> Any:
        """A number where all cells share the value, else an array with one value for each of the cells ``index``."""
        if name in _lists(self.celltype):
            cells = range(self.size) if index is None else index
            return _objects([Sequence(self._list(name, int(i))) for i in cells])
        value = self._engine.get(name)
        if not isinstance(value, np.ndarray):
            return value
        chosen = value if index is None else value[index]
        return float(chosen[0]) if (chosen == chosen[0]).all() else chosen.copy()

    def _set_values(self, values: dict[str, Any], index: np.ndarray | None) -> None:
        self.check_open()
        lists = {name: values.pop(name) for name in _lists(self.celltype) if name in values}
        with _refusals():
            self._set_lists(lists, np.arange(self.size) if index is None else index)
            if values:
                self._engine.set_many(values, index)

    def _list(self, name: str, index: int) -> np.ndarray:
        """A parameter that is a list, of one cell."""
        if self.celltype.spec is None:
            return self._engine.get_times(index)
        return self._engine.get_table(_lists(self.celltype)[name], index)

    def _set_lists(self, values: dict[str, Any], index: np.ndarray) -> None:
        """Sets parameters that are a list for each cell; those that are not given stay."""
        if not values:
            return
        columns = {name: _one_a_cell(value, len(index)) for name, value in values.items()}
        cells = index.tolist()
        if self.celltype.spec is None:
            self._engine.set_all(dict(zip(cells, columns["spike_times"], strict=True)))
            return
        for name in _lists(self.celltype):
            columns.setdefault(name, [self._list(name, cell) for cell in cells])
        own = _lists(self.celltype).items()
        rows = enumerate(cells)
        self._engine.set_tables({cell: {of: columns[name][row] for name, of in own} for row, cell in rows})

    def _check_variable(self, variable: str) -> None:
        known = self.celltype.default_initial_values
        if variable not in known:
            raise errors.NonExistentParameterError(variable, type(self.celltype).__name__, list(known))

    def _set_initial(self, variable: str, values: Any, index: np.ndarray | None) -> None:
        self.check_open()
        variable = simulator.in_model(variable)
        self._engine.set_initial(variable, values, index)
        if self._simulation.network.step > 0:
            self._engine.set_state(variable, values, index)


class PopulationView(_Cells, common.PopulationView):
    __doc__ = common.PopulationView.__doc__

    def __hash__(self) -> int:
        """Views of the same cells are equal, and may be kept in a set as `pyNN.network.Network` does."""
        return hash((int(self.all_cells[0]), self.size) if self.size else 0)

    @property
    def grandparent(self) -> Population:
        return self.parent.grandparent

    @property
    def _index(self) -> np.ndarray:
        return np.asarray(self.all_cells) - int(self.grandparent.first_id)

    @property
    def initial_values(self) -> MutableMapping[str, LazyArray]:
        """Initial values of the cells of this view, by variable."""
        return _InitialValuesOfView(self)

    def is_local(self, id: int) -> bool:
        """Whether a cell lives in this process: all do."""
        return True

    def index_from_parent_index(self, indices: Any) -> Any:
        """Indices in this view of cells given by their indices in the parent."""
        result = super().index_from_parent_index(indices)
        return result.astype(int) if isinstance(result, np.ndarray) else int(result)


class _InitialValuesOfView(MutableMapping):
    """The part of a population's initial values that belongs to the cells of a view."""

    def __init__(self, view: PopulationView) -> None:
        self._view = view
        self._all = view.grandparent.initial_values

    def __getitem__(self, variable: str) -> LazyArray:
        return LazyArray(self._all[variable][self._view._index], shape=(self._view.size,))

    def __setitem__(self, variable: str, value: LazyArray) -> None:
        population = self._view.grandparent
        values = np.array(np.broadcast_to(self._all[variable].evaluate(), (population.size,)), dtype=float)
        values[self._view._index] = value.evaluate(simplify=True)
        self._all[variable] = LazyArray(values, shape=(population.size,))

    def __delitem__(self, variable: str) -> None:
        raise TypeError("initial values cannot be deleted")

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


class Assembly(common.Assembly):
    __doc__ = common.Assembly.__doc__
    _simulator = simulator

    @deprecated("set(parametername=rand_distr)")
    def rset(self, parametername: str, rand_distr: Any) -> None:
        """Sets a parameter of all cells to random values."""
        self.set(**{parametername: rand_distr})

    @property
    def receptor_types(self) -> list[str]:
        """Receptor types that all populations have, in the order of the first one."""
        first, *others = [population.celltype.receptor_types for population in self.populations]
        return [name for name in first if all(name in other for other in others)]

    @property
    def position_generator(self) -> Any:
        """A function of index, for the positions, shape (n, 3), that expressions of distance are evaluated on."""
        return lambda i: self.positions.T[i]

    def inject(self, current_source: Any) -> None:
        """Injects a current into all cells; TypeError, with its name, where a population takes none."""
        current_source.inject_into(self)

    def all(self) -> Iterator[simulator.ID]:
        """Iterator over all cells."""
        return iter(self.all_cells)

    @property
    def all_cells(self) -> simulator.IDArray:
        """Numbers of all cells, population after population."""
        return np.concatenate([np.asarray(p.all_cells) for p in self.populations]).view(simulator.IDArray)

    @property
    def local_cells(self) -> simulator.IDArray:
        return self.all_cells

    @property
    def local_size(self) -> int:
        """Number of cells in this process: all of them."""
        return self.size

    def record(
        self, variables: Any, to_file: Any = None, sampling_interval: float | None = None, locations: Any = None
    ) -> None:
        """Records variables of all cells from now on, as Population.record does; a file holds the whole assembly."""
        if isinstance(to_file, str):
            output.check_file_name(to_file)
        super().record(variables, sampling_interval=sampling_interval, locations=locations)
        if output.is_named(to_file) and variables is not None:
            simulator.state.write_at_end(self, variables, to_file)

    def get_data(
        self,
        variables: Any = "all",
        gather: bool = True,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
    ) -> Any:
        """The recorded data of all populations as one Neo Block; a channel_index counts through the assembly.

        Signals of one variable, start and sampling interval are one signal.
        """
        blocks = [population.get_data(variables, gather, clear) for population in self.populations]
        offset = 0
        for block, population in zip(blocks, self.populations, strict=True):
            for segment in block.segments:
                for signal in segment.analogsignals:
                    signal.array_annotations["channel_index"] += offset
            offset += population.size
        block = merged(blocks)
        block.name, block.description = self.label, self.describe()
        block.annotate(**(annotations or {}))
        return block

    def write_data(
        self,
        io: Any,
        variables: Any = "all",
        gather: bool = True,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
    ) -> None:
        """Writes recorded data to a file of that name, or through a Neo IO object; then clears them if asked to.

        Raises:
            ValueError, ImportError: the file's format is not known, or its library not installed.
        """
        output.write(self.get_data(variables, gather, annotations=annotations), io)
        if clear:
            for population in self.populations:
                population.recorder.clear()


_Cells._assembly_class = Assembly


@contextmanager
def _refusals() -> Iterator[None]:
    """What the engine objects to in values of parameters, as PyNN's error."""
    try:
        yield
    except ModelError as error:
        raise errors.InvalidParameterValueError(str(error)) from error


def _objects(values: list[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _evaluated(parameter_space: ParameterSpace, cells: Any) -> dict[str, Any]:
    """Numbers where values are shared, else arrays of one value a cell.

    Raises:
        InvalidParameterValueError: a value that is not a finite number, or outside the range that makes sense.
    """
    spec = cells.celltype.spec
    declared = {parameter.name: parameter for parameter in spec.parameters} if spec else {}
    try:
        values = parameter_space.evaluate(simplify=True).as_dict()
    except (TypeError, ValueError) as error:
        raise errors.InvalidParameterValueError(f"'{cells.label}': {error}") from error
    for name, value in values.items():
        if name not in _lists(cells.celltype):
            _refuse_non_finite(value, f"parameter '{name}'", cells)
            values[name] = float(value) if np.ndim(value) == 0 else np.asarray(value, dtype=float)
            if name in declared and cells.size:
                objection = declared[name].objection(float(np.min(values[name])))
                if objection:
                    raise errors.InvalidParameterValueError(f"parameter '{name}' of '{cells.label}' {objection}")
    return values


def _refuse_non_finite(values: Any, what: str, cells: Any) -> None:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise errors.InvalidParameterValueError(f"{what} of '{cells.label}' should be numbers: {error}") from error
    _refuse_other_sizes(array.shape, what, cells)
    if not np.isfinite(array).all():
        first = int(np.argmin(np.isfinite(np.atleast_1d(array))))
        raise errors.InvalidParameterValueError(
            f"{what} of '{cells.label}' must be finite, cell {first} has {np.atleast_1d(array)[first]}"
        )


def _refuse_other_sizes(shape: tuple[int, ...] | None, what: str, cells: Any) -> None:
    """InvalidDimensionsError where there is neither one value for all cells nor one for each."""
    if shape and shape != (cells.size,):
        raise errors.InvalidDimensionsError(
            f"{what} of '{cells.label}': {cells.size} cells cannot take values of shape {shape}"
        )


def _lists(celltype: Any) -> Mapping[str, str]:
    """Parameters that are a list for each cell, and what the engine calls them."""
    return getattr(celltype, "lists", {})


def _one_a_cell(lists: Any, n_cells: int) -> list[Any]:
    """Numbers of each cell, from one Sequence for all or an array of one each."""
    given = list(lists) if isinstance(lists, np.ndarray) else [lists]
    numbers = [getattr(item, "value", item) for item in given]
    return numbers if isinstance(lists, np.ndarray) else numbers * n_cells
