"""Parts of projections: the synapses of one post-synaptic neuron, and single ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.ann.attributes import WithAttributes
from pynn_annarchy.ann.geometry import is_rank
from pynn_annarchy.ann.later import refused
from pynn_annarchy.engine.arrays import FloatArray
from pynn_annarchy.exceptions import ModelError

if TYPE_CHECKING:
    from pynn_annarchy.ann.projection import Projection


class Dendrite(WithAttributes):
    """The synapses of one post-synaptic neuron, in the order of the pre-synaptic ranks.

    Args:
        proj: the projection.
        post_rank: of the neuron.
        position: of the dendrite among those of the projection.
    """

    proj: Projection
    post_rank: int

    def __init__(self, proj: Projection, post_rank: int, position: int) -> None:
        self.proj = proj
        self.post_rank = post_rank
        self._position = position

    @property
    def pre(self) -> Any:
        """The pre-synaptic side of the projection."""
        return self.proj.pre

    @property
    def target(self) -> str | list[str]:
        """The target of the projection."""
        return self.proj.target

    @property
    def attributes(self) -> list[str]:
        """Names of all parameters and variables."""
        return self.proj.attributes

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters."""
        return self.proj.parameters

    @property
    def variables(self) -> list[str]:
        """Names of the variables."""
        return self.proj.variables

    @property
    def _label(self) -> str:
        return f"the dendrite of neuron {self.post_rank} of {self.proj._label}"

    # synapses

    @property
    def _synapses(self) -> slice:
        return self.proj._dendrites.of(self._position)

    @property
    def size(self) -> int:
        """Number of synapses."""
        return self._synapses.stop - self._synapses.start

    def __len__(self) -> int:
        return self.size

    @property
    def pre_ranks(self) -> list[int]:
        """Ranks of the pre-synaptic neurons, ascending."""
        return self.proj._dendrites.pre[self._synapses].tolist()

    @property
    def synapses(self) -> Iterator[IndividualSynapse]:
        """All synapses, one after the other."""
        return (IndividualSynapse(self, rank, place) for place, rank in enumerate(self.pre_ranks))

    def __iter__(self) -> Iterator[IndividualSynapse]:
        return self.synapses

    def synapse(self, pos: Any) -> IndividualSynapse:
        """The synapse of a pre-synaptic neuron, by its rank or its coordinates; ModelError where there is none."""
        rank = int(pos) if is_rank(pos) else self.pre.rank_from_coordinates(pos)
        place = np.flatnonzero(self.proj._dendrites.pre[self._synapses] == rank)
        if len(place) == 0:
            raise ModelError(f"{self._label} has no synapse from the neuron of rank {rank}")
        return IndividualSynapse(self, rank, int(place[0]))

    def __getitem__(self, pos: Any) -> IndividualSynapse:
        return self.synapse(pos)

    create_synapse, create_synapses = refused("create_synapse"), refused("create_synapses")
    prune_synapse, prune_synapses = refused("prune_synapse"), refused("prune_synapses")

    # values

    def get(self, name: str) -> Any:
        """A parameter or variable: an array, or a number where there is one for the whole dendrite."""
        return self.pre_ranks if name == "pre_ranks" else self.proj._get_at(name, self._position)

    def _set(self, name: str, value: Any) -> None:
        self.proj._set_at(name, self._position, value)

    @property
    def delay(self) -> Any:
        """Delays in ms: a number where all of the projection are equal, else an array."""
        return self.proj._delays_of(self._synapses, lambda flat: flat)

    def receptive_field(self, variable: str = "w", fill: float = 0.0) -> FloatArray:
        """Values in the geometry of the pre-synaptic population, `fill` where is no synapse."""
        population = getattr(self.pre, "population", self.pre)
        field = np.full(population.size, float(fill))
        field[self.pre_ranks] = self.get(variable)
        return field.reshape(population.geometry)

    def __repr__(self) -> str:
        return f"<Dendrite of neuron {self.post_rank} in '{self.proj.name}', {self.size} synapses>"


class IndividualSynapse(WithAttributes):
    """One synapse.

    Args:
        dendrite: that it lies in.
        rank: of the pre-synaptic neuron.
        place: of the synapse in the dendrite.
    """

    dendrite: Dendrite
    rank: int

    def __init__(self, dendrite: Dendrite, rank: int, place: int) -> None:
        self.dendrite = dendrite
        self.rank = rank
        self._place = place

    @property
    def attributes(self) -> list[str]:
        """Names of all parameters and variables."""
        return self.dendrite.attributes

    @property
    def _label(self) -> str:
        return f"the synapse from neuron {self.rank} in {self.dendrite._label}"

    def get(self, name: str) -> Any:
        """A parameter or variable."""
        value = self.dendrite.get(name)
        return value if np.ndim(value) == 0 else value[self._place]

    def _set(self, name: str, value: Any) -> None:
        self.dendrite.proj._set_at(name, self.dendrite._position, value, self._place)

    @property
    def delay(self) -> float:
        """In ms."""
        delays = self.dendrite.delay
        return float(delays if np.ndim(delays) == 0 else delays[self._place])

    def __repr__(self) -> str:
        return f"<Synapse from neuron {self.rank} to {self.dendrite.post_rank} in '{self.dendrite.proj.name}'>"
