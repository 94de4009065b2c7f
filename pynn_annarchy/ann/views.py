"""Parts of populations: some neurons, or a single one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.ann.attributes import WithAttributes
from pynn_annarchy.ann.geometry import Geometry, Shape, check_rank
from pynn_annarchy.engine.arrays import AnyArray, IntArray
from pynn_annarchy.exceptions import ModelError

if TYPE_CHECKING:
    from pynn_annarchy.ann.network import Network
    from pynn_annarchy.ann.population import Population


class PopulationView(WithAttributes):
    """Some neurons of a population. Their values are read and written as flat arrays, in the order of the ranks.

    Args:
        population: which.
        ranks: of the neurons, none twice.
        geometry: that the neurons form; None for none, as after views have been joined.
    """

    population: Population
    ranks: IntArray
    geometry: Shape | None
    _FIXED = frozenset({"population", "ranks", "geometry"})

    def __init__(self, population: Population, ranks: Any, geometry: Shape | None = None) -> None:
        self.population = population
        self.ranks = np.asarray(ranks, np.int64)
        self.geometry = geometry

    @property
    def size(self) -> int:
        """Number of neurons."""
        return len(self.ranks)

    def __len__(self) -> int:
        return self.size

    # what it shares with its population

    @property
    def name(self) -> str:
        """The population's."""
        return self.population.name

    @property
    def network(self) -> Network:
        """The population's."""
        return self.population.network

    @property
    def neuron_type(self) -> Any:
        """The population's."""
        return self.population.neuron_type

    @property
    def attributes(self) -> list[str]:
        """Names of all parameters and variables."""
        return self.population.attributes

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters."""
        return self.population.parameters

    @property
    def variables(self) -> list[str]:
        """Names of the variables."""
        return self.population.variables

    @property
    def targets(self) -> list[str]:
        """Targets of the projections that reach the population."""
        return self.population.targets

    @property
    def _label(self) -> str:
        return f"a view of population '{self.population.name}'"

    # values

    def get(self, name: str) -> Any:
        """A parameter or variable of the neurons, flat; a number where there is one for the whole population."""
        value = self.population.get(name)
        return value if np.ndim(value) == 0 else value.reshape(-1)[self.ranks]

    def _set(self, name: str, value: Any) -> None:
        self.population._assign(self.population._attribute(name), value, self.ranks)

    def _callable(self, name: str) -> Any:
        return self.population._callable(name)

    def sum(self, target: str) -> AnyArray:
        """What the neurons have received by a target in the last step, see Population."""
        return self.population.sum(target).reshape(-1)[self.ranks]

    # parts

    def __iter__(self) -> Iterator[IndividualNeuron]:
        return (IndividualNeuron(self.population, int(rank)) for rank in self.ranks)

    def __getitem__(self, key: Any) -> PopulationView:
        """Some of the view's neurons: counted in the view, or by coordinates in its geometry."""
        chosen, shape = Geometry(self.geometry or (self.size,)).chosen(key, self._label)
        return PopulationView(self.population, self.ranks[chosen], shape)

    def neuron(self, *coord: Any) -> IndividualNeuron:
        """One neuron, by its rank or coordinates in the population; ModelError where the view does not hold it."""
        neuron = self.population.neuron(*coord)
        self._check_held(neuron.rank, coord)
        return neuron

    def __add__(self, other: object) -> PopulationView:
        """The neurons of both views, in the order of their ranks."""
        if not isinstance(other, PopulationView):
            return NotImplemented
        if other.population is not self.population:
            raise ModelError(
                f"views can be joined within one population; these belong to '{self.name}' and '{other.name}'"
            )
        return PopulationView(self.population, np.union1d(self.ranks, other.ranks))

    # coordinates

    def rank_from_coordinates(self, coord: Any, local: bool = False) -> int:
        """Rank in the population of a neuron of the view.

        Args:
            coord: coordinates in the population, or where `local`, in the geometry of the view.

        Raises:
            ModelError: there is none in the view; the view has no geometry.
        """
        if local:
            return int(self.ranks[Geometry(self._own_geometry()).rank(coord, self._label)])
        rank = self.population.rank_from_coordinates(coord)
        self._check_held(rank, coord)
        return rank

    def coordinates_from_rank(self, rank: int, local: bool = False) -> Shape:
        """Coordinates, in the population or where `local` in the view, of the neuron of a rank in the population."""
        if not local:
            return self.population.coordinates_from_rank(rank)
        self._check_held(rank, rank)
        position = int(np.flatnonzero(self.ranks == rank)[0])
        return Geometry(self._own_geometry()).coordinates(position, self._label)

    def _own_geometry(self) -> Shape:
        if self.geometry is None:
            raise ModelError(f"{self._label} has no geometry, as it joins several views: use local=False")
        return self.geometry

    def _check_held(self, rank: int, asked: Any) -> None:
        if rank not in self.ranks:
            raise ModelError(f"{self._label} does not hold the neuron {asked!r}")

    def __repr__(self) -> str:
        return f"<PopulationView of '{self.name}', {self.size} neurons>"


class IndividualNeuron(PopulationView):
    """One neuron: a view whose values are numbers."""

    rank: int

    def __init__(self, population: Population, rank: int) -> None:
        check_rank(rank, population.size, f"population '{population.name}'")
        super().__init__(population, [rank], (1,))
        self.rank = int(rank)

    def get(self, name: str) -> Any:
        """A parameter or variable of the neuron."""
        value = super().get(name)
        return value if np.ndim(value) == 0 else value[0]

    @property
    def _label(self) -> str:
        return f"neuron {self.rank} of population '{self.population.name}'"

    def __repr__(self) -> str:
        return f"<Neuron {self.rank} of '{self.name}'>"
