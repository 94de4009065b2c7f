"""State of the simulation behind the PyNN API: the engine's network, and the identities of cells.

Each ``setup()`` puts a fresh `State` into ``state``; objects of an earlier one keep theirs, so that their data stay
readable, and its closed network refuses to run or to change.
"""

from __future__ import annotations

import weakref
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN import common, errors

from pynn_annarchy import output
from pynn_annarchy.engine.arrays import times_of
from pynn_annarchy.engine.network import Network
from pynn_annarchy.exceptions import StaleSimulationError, warn

if TYPE_CHECKING:
    from pynn_annarchy.targets.compile import Options

name = "ANNarchy"

DEFAULT_SEED = 42
GRID_TOLERANCE = 1e-6
"""Times within this part of a step count as lying on the grid."""


class ID(int, common.IDMixin):
    """One cell: its number, unique in this process, with PyNN's attributes (``p[3].tau_m = 20.0``)."""

    @property
    def parent(self) -> Any:
        """The population of the cell.

        Raises:
            StaleSimulationError: the population is gone with an earlier setup().
        """
        population = _owner(self)
        if population is None:
            raise StaleSimulationError(f"the population of cell {int(self)} is gone with an earlier setup()")
        return population


class IDArray(np.ndarray):
    """Numbers of cells; single elements are `ID` objects, made when they are looked at (a million cells cost 8 MB)."""

    def __getitem__(self, index: Any) -> Any:
        item = super().__getitem__(index)
        return ID(item) if isinstance(item, np.integer) else item

    def __iter__(self) -> Any:
        return map(ID, self.tolist())

    def min(self, *args: Any, **kwargs: Any) -> Any:
        """The smallest number; None where there are no cells, for which PyNN asks when it makes an empty view."""
        return super().min(*args, **kwargs) if self.size else None

    def max(self, *args: Any, **kwargs: Any) -> Any:
        """The largest number, or None."""
        return super().max(*args, **kwargs) if self.size else None


_first_ids: list[int] = []
_owners: list[weakref.ref[Any]] = []
_next_id = 1


def in_model(variable: str) -> str:
    """The model's name of a variable that PyNN calls e.g. 'AMPA.gsyn'."""
    return variable.replace(".", "_")


def allocate_ids(population: Any, size: int) -> IDArray:
    """Consecutive numbers for the cells of a new population."""
    global _next_id
    _first_ids.append(_next_id)
    _owners.append(weakref.ref(population))
    ids = np.arange(_next_id, _next_id + size).view(IDArray)
    _next_id += size
    return ids


def _owner(cell: int) -> Any:
    return _owners[bisect_right(_first_ids, cell) - 1]() if _first_ids else None


class State(common.control.BaseState):
    """What PyNN's common code asks of a simulator, over one engine network.

    Args:
        dt: time step, in ms.
        min_delay, max_delay: in ms, or 'auto'.
        seed: of all random numbers of the engine.
        threads: number of threads, or 'auto'.
        options: how models are compiled; the engine's defaults if None.
    """

    mpi_rank = 0
    num_processes = 1

    def __init__(
        self,
        dt: float = 0.1,
        min_delay: float | str = "auto",
        max_delay: float | str = "auto",
        seed: int = DEFAULT_SEED,
        threads: int | str = "auto",
        options: Options | None = None,
    ) -> None:
        super().__init__()
        self.dt = dt
        self.seed = seed
        self.delay_limits = (min_delay, max_delay)
        self.segment_counter = 0
        self.repeats_noise = False
        """Whether the next reset() replays the noise of the trial."""
        self.populations: list[Any] = []
        self.projections: list[Any] = []
        self.generator: Any = None
        """Of the values that cell and synapse types draw by themselves, made when the first one does."""
        self._arguments = {"dt": dt, "seed": seed, "threads": threads, "options": options}
        self._network: Network | None = None

    @property
    def network(self) -> Network:
        """The engine's network, made when the first object needs it."""
        if self._network is None:
            arguments = {key: value for key, value in self._arguments.items() if value is not None}
            self._network = Network(**arguments)
        return self._network

    @property
    def t(self) -> float:
        """Present time, in ms."""
        return 0.0 if self._network is None else self._network.t

    @property
    def min_delay(self) -> float:
        """The smallest delay allowed, in ms; with 'auto', the smallest one there is, a time step without any."""
        if self.delay_limits[0] != "auto":
            return float(self.delay_limits[0])
        return min((p.delay_range()[0] for p in self.projections if len(p)), default=self.dt)

    @property
    def max_delay(self) -> float:
        """The largest delay allowed, in ms; with 'auto', the largest one there is, a time step without any."""
        if self.delay_limits[1] != "auto":
            return float(self.delay_limits[1])
        return max((p.delay_range()[1] for p in self.projections if len(p)), default=self.dt)

    def step_at(self, time: float) -> int:
        """The step nearest to a time in ms, half a step counting as one; for a later time at least the next step."""
        steps = (time - self.t) / self.dt
        whole = int(np.floor(steps + 0.5 + GRID_TOLERANCE))
        return self.network.step + max(whole, 1 if steps > GRID_TOLERANCE else 0)

    def end_of_run(self, tstop: float) -> int:
        """The step at which a run up to a time in ms ends.

        A time that lies off the grid gives one RoundingWarning that tells where the run ends instead.
        """
        step, steps = self.step_at(tstop), (tstop - self.t) / self.dt
        if abs(steps - (step - self.network.step)) > GRID_TOLERANCE * max(1.0, abs(steps)):
            warn(
                f"{round(tstop, 9)} ms is no multiple of the time step {self.dt} ms: "
                f"running until {times_of(step, self.dt)} ms instead",
                errors.RoundingWarning,
            )
        return step

    def run_until(self, tstop: float) -> None:
        """Runs up to a time, in ms, rounded as end_of_run() says."""
        self.run_to(self.end_of_run(tstop))

    def run_to(self, step: int) -> None:
        """Runs up to a step."""
        self._attach_recorders()
        self.running = True
        self.network.run(step - self.network.step)

    def _attach_recorders(self) -> None:
        """Starts new recordings, once all models have been compiled together."""
        pending = [recorder for recorder in self.recorders if recorder.has_pending]
        if pending:
            self.network.prepare()
        for recorder in pending:
            recorder.attach()

    def write_at_end(self, cells: Any, variables: Any, target: Any) -> None:
        """Lets end() write variables of some cells to a file of that name, or through a Neo IO object.

        Raises:
            ValueError, ImportError: the file cannot be written.
        """
        if isinstance(target, str):
            output.check_file_name(target)
        for i, (others, others_variables, others_target) in enumerate(self.write_on_end):
            if others_target != target:
                continue
            if others is cells:
                self.write_on_end[i] = (cells, _union(others_variables, variables), target)
                return
            if isinstance(target, str) and output.holds_one_block(target):
                warn(
                    f"'{target}' holds the data of one population or projection: those of '{cells.label}' will replace "
                    f"those of '{others.label}'; record an Assembly, or name two files",
                )
        self.write_on_end.append((cells, variables, target))

    def run(self, simtime: float) -> None:
        """Runs for a duration, in ms."""
        self.run_until(self.t + simtime)

    def reset(self) -> None:
        """Back to t = 0: initial values, no spikes under way, a new segment of data; weights stay as they were set."""
        self.network.reset(self.repeats_noise)
        self.running = False
        self.segment_counter += 1
        for recorder in self.recorders:
            recorder._restart()

    def close(self) -> None:
        """From now on objects of this simulation can be read, but neither run nor changed."""
        self.network.close()

    def check_open(self, what: str) -> None:
        """Raises StaleSimulationError where this is not the present simulation."""
        if state is not self:
            raise StaleSimulationError(f"{what} belongs to an earlier setup(): it can be read, but not run or changed")


def _union(some: Any, others: Any) -> Any:
    """Names of variables in either, each a name, a list of them, or 'all'."""
    if "all" in (some, others):
        return "all"
    both = [[names] if isinstance(names, str) else names for names in (some, others)]
    return list(dict.fromkeys([*both[0], *both[1]]))


state = State()
