"""What carries a network from one step to the next, and what every such loop is told before it goes on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from pynn_annarchy.engine import _binding
from pynn_annarchy.engine.arrays import AnyArray, FloatArray
from pynn_annarchy.engine.cells import Cells, Events, Population, Spikes
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.targets.compile import CompiledModel

if TYPE_CHECKING:
    from pynn_annarchy.engine.connectivity import Synapses
    from pynn_annarchy.engine.network import Network


class Loop(ABC):
    """Steps of a network, on one target.

    The native engine keeps the books of every loop: which populations and projections there are, and the bounds of what
    they send, from which the unit of the sums follows. Only the native loop lets it run.
    """

    target: str
    state_form: str
    """Name of the target that understands what `state` gives."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._engine = _binding.Engine(network.partitions, network.dt, network.seed_key)
        self._n_populations = 0
        self._n_projections = 0

    def bind(self) -> None:
        """Tells the loop what has changed: populations, then projections, then what is recorded."""
        with self._network.watch.of("init_time"):
            self._bind_populations()
        with self._network.watch.of("init_sparse_time"):
            self._bind_projections()
        self._bind_rest()

    def _bind_populations(self) -> None:
        for population in self._network.populations[self._n_populations :]:
            self._engine.add_population(population.size)
            self._engine.set_receptors(population.number, len(population.receptors))
            self._n_populations += 1
        for population in self._network.populations:
            if not population.is_bound:
                self._bind_population(population)
                self._engine.set_max_spikes(population.number, population.max_spikes)
                self._engine.set_active(population.number, population.is_active)
                population.is_bound = True

    def _bind_projections(self) -> None:
        for synapses in self._network.projections:
            if synapses.number >= self._n_projections:
                self._engine.add_projection()
                self._n_projections += 1
            if not synapses.is_bound:
                self._bind_synapses(synapses)
                synapses.is_bound = True

    def close(self) -> None:  # noqa: B027  # what most loops hold belongs to the network
        """No step will follow; values stay readable."""

    def fetch(self, state: AnyArray) -> None:
        """Before values of a population's array are read, which may be elsewhere."""
        self._engine.fetch(state)

    def touch(self, state: AnyArray) -> None:
        """Before values of a population's array are changed."""
        self._engine.touch(state)

    def pull(self) -> None:
        """Fetches all that is elsewhere."""
        self._engine.take_back()
        self._engine.fetch_all()

    def push(self) -> None:
        """Hands over what has been changed; else the next run does."""
        self._engine.push()

    @abstractmethod
    def use_threads(self, threads: int) -> None:
        """Takes so many threads from now on, as far as there is work for them."""

    def reseed(self, seed_key: int) -> None:
        """Random numbers of another seed from now on."""
        self._engine.seed_key = seed_key

    def update_quanta(self, cells: Cells) -> list[float]:
        """Value of one unit of each receptor's sums, from the bounds of all that project to the population."""
        return self._engine.update_quanta(cells.number)

    def steps_at_once(self, n_steps: int) -> int:
        """How many of so many steps the next call of `advance` is to take: asked before each."""
        return n_steps

    @abstractmethod
    def advance(self, last_step: int) -> Synapses | None:
        """Runs up to and with `last_step`; stops at the step where a projection's increment failed and returns it."""

    @abstractmethod
    def seconds(self) -> tuple[dict[str, float], float]:
        """What all runs took: seconds of each phase of the steps, and seconds of preparation before them."""

    @abstractmethod
    def counts(self) -> dict[str, int]:
        """How many steps, updates of cells, spikes, and events there were: spikes that have reached a synapse."""

    @abstractmethod
    def rewind(self, trial: int, step: int = 0) -> None:
        """To the beginning, or another step, with no spikes under way."""

    @abstractmethod
    def state(self) -> AnyArray:
        """What is kept from one step to the next and no population or projection holds, as bytes.

        Recorded spikes have been taken before.

        Raises:
            ModelError: spikes are under way on synapses whose delays have been changed since.
        """

    @abstractmethod
    def restore(self, state: AnyArray) -> None:
        """Takes over the state of the same network, which has been bound.

        Raises:
            ModelError: it is of another network.
        """

    def _check_draining(self, is_draining: bool) -> None:
        if is_draining:
            raise ModelError(
                "no checkpoint can be taken now: spikes are under way on synapses whose delays have been changed "
                "since; run for the longest delay first"
            )

    @abstractmethod
    def clear_spikes(self, population: Population) -> None:
        """Forgets spikes of a population that are under way; what is seen of its past is like the present."""

    @abstractmethod
    def take_spikes(self, number: int) -> Spikes:
        """Recorded spikes of a population since the last call, one entry a spike."""

    def forget(self, synapses: Synapses) -> None:  # noqa: B027  # the native loop knows them by their rows alone
        """The synapses of a projection will be others: what is known of them by number is void."""

    @abstractmethod
    def recent_spikes(self, cells: Cells) -> Events:
        """The spikes that count in the firing rates of a population by now; steps ascend for each cell."""

    @abstractmethod
    def set_recent_spikes(self, cells: Cells, events: Events) -> None:
        """Lets these be the spikes that count in firing rates."""

    @abstractmethod
    def settle(self, synapses: Synapses) -> None:
        """Applies all that has reached synapses that learn by now."""

    @abstractmethod
    def in_flight(self, synapses: Synapses) -> bool:
        """Whether spikes are on their way past synapses that learn, or what they send is on its way to the cells."""

    @abstractmethod
    def read_variable(self, synapses: Synapses, name: str) -> FloatArray:
        """A variable of synapses that learn, as of the last spike of its side that has reached each of them by now."""

    @abstractmethod
    def read_events(self, synapses: Synapses) -> tuple[FloatArray, FloatArray]:
        """Steps of emission of the last pre- and post-synaptic spikes that have reached each synapse; nan for none."""

    @abstractmethod
    def _bind_population(self, population: Population) -> None: ...

    @abstractmethod
    def _bind_synapses(self, synapses: Synapses) -> None: ...

    @abstractmethod
    def _bind_rest(self) -> None:
        """What is left once populations and projections are bound."""

    def _model_of(self, synapses: Synapses) -> CompiledModel:
        return self._network.modules[synapses.spec, synapses.storage]

    def _bind_rows(self, synapses: Synapses, module: _binding.Module | None, shared: FloatArray) -> None:
        self._engine.bind_rows(
            synapses.number,
            synapses.rows,
            synapses.pre_cells.number,
            -1 if synapses.axons is None else synapses.axons.number,
            synapses.post_cells.number,
            synapses.receptor_number,
            module,
            shared,
            synapses.object_index,
        )
