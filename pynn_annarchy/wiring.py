"""From pairs of cells of a projection to the engine's synapses, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN import common

if TYPE_CHECKING:
    from pynn_annarchy.projections import Projection


@dataclass(frozen=True)
class Side:
    """Where the cells of a population, view or assembly lie: which population, and which index in it."""

    populations: tuple[Any, ...]
    part: np.ndarray
    index: np.ndarray

    @classmethod
    def of(cls, cells: Any) -> Side:
        views = cells.populations if isinstance(cells, common.Assembly) else [cells]
        populations: list[Any] = []
        part, index = [], []
        for view in views:
            if view.grandparent not in populations:
                populations.append(view.grandparent)
            part.append(np.full(view.size, populations.index(view.grandparent), dtype=np.int32))
            index.append(np.asarray(view.all_cells) - int(view.grandparent.first_id))
        return cls(tuple(populations), np.concatenate(part), np.concatenate(index).astype(np.int32))

    def whole(self) -> bool:
        """Whether this is one population, all of its cells in order."""
        return len(self.populations) == 1 and np.array_equal(self.index, np.arange(self.populations[0].size))

    def positions(self, part: int) -> np.ndarray:
        """Position among these cells of each cell of a population, -1 for cells that are not among them."""
        positions = np.full(self.populations[part].size, -1, dtype=np.int32)
        here = np.flatnonzero(self.part == part)
        positions[self.index[here]] = here
        return positions


class Build:
    """Connections on their way into the engine; nothing reaches the network before all are made and checked."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self._pre, self._post = Side.of(projection.pre), Side.of(projection.post)
        self._is_whole = self._pre.whole() and self._post.whole()
        self._builders: dict[tuple[int, int], Any] = {}
        self._mirrors: dict[tuple[int, int], Any] = {}
        """Where one connection acts on both of its cells: the same connections the other way round."""

    def add(self, pre: np.ndarray, post: np.ndarray, parameters: dict[str, Any]) -> None:
        """Takes connections with checked parameters, given by positions in the projection's own cells."""
        if self._is_whole:
            self._add(0, 0, pre, post, parameters)
            return
        pair = self._pre.part[pre].astype(np.int64) * len(self._post.populations) + self._post.part[post]
        for number in np.unique(pair):
            here = np.flatnonzero(pair == number)
            values = {name: value if np.ndim(value) == 0 else value[here] for name, value in parameters.items()}
            parts = divmod(int(number), len(self._post.populations))
            self._add(*parts, self._pre.index[pre[here]], self._post.index[post[here]], values)

    def _add(
        self, pre_part: int, post_part: int, pre: np.ndarray, post: np.ndarray, parameters: dict[str, Any]
    ) -> None:
        """Takes connections between two populations, given by the indices of their cells."""
        key = pre_part, post_part
        if key not in self._builders:
            cells = self._pre.populations[pre_part]._engine, self._post.populations[post_part]._engine
            if self._projection.synapse_type.is_mutual:
                self._mirrors[key] = self._builder(*reversed(cells))
            self._builders[key] = self._builder(*cells)
        self._builders[key].add(pre, post, **parameters)
        if key in self._mirrors:
            self._mirrors[key].add(post, pre, **parameters)

    @property
    def sole(self) -> Any:
        """The builder where both sides are whole populations and connections act on one cell only; else None."""
        if not self._is_whole or self._projection.synapse_type.is_mutual:
            return None
        if (0, 0) not in self._builders:
            self._builders[0, 0] = self._builder(self._pre.populations[0]._engine, self._post.populations[0]._engine)
        return self._builders[0, 0]

    def _builder(self, pre: Any, post: Any) -> Any:
        projection = self._projection
        return projection._simulation.network.connect(
            pre,
            post,
            projection.synapse_type.input_of(post, projection.receptor_type),
            projection.synapse_type.spec,
            projection.label,
            getattr(projection.synapse_type, "dendritic_delay_fraction", 0.0),
        )

    def finish(self) -> list[Part]:
        """Hands all connections to the network."""
        parts = []
        for (pre, post), builder in sorted(self._builders.items()):
            synapses = builder.finish()
            mirror = self._mirrors[pre, post].finish() if self._mirrors else None
            positions = (None, None) if self._is_whole else (self._pre.positions(pre), self._post.positions(post))
            parts.append(Part(synapses, *positions, mirror))
        return parts


@dataclass(frozen=True)
class Part:
    """The synapses between two populations, and where the populations' cells stand in the projection's cells.

    Where connections act on both of their cells, ``mirror`` are the same synapses the other way round.
    """

    synapses: Any
    pre_positions: np.ndarray | None
    post_positions: np.ndarray | None
    mirror: Any = None

    @property
    def is_between_all_cells(self) -> bool:
        """Whether the populations' cells are the projection's cells."""
        return self.pre_positions is None and self.post_positions is None

    def pre(self) -> np.ndarray:
        index = self.synapses.pre()
        return index if self.pre_positions is None else self.pre_positions[index]

    def post(self) -> np.ndarray:
        index = self.synapses.post()
        return index if self.post_positions is None else self.post_positions[index]

    def set(self, name: str, value: Any, index: np.ndarray | None) -> None:
        """Sets a parameter of the synapses of these numbers (None: all)."""
        self.synapses.set(name, value, index)
        if self.mirror is None:
            return
        # The mirror's synapses, in its own order (pre, post, creation), by their numbers here.
        numbers = np.lexsort((self.synapses.pre(), self.synapses.post()))
        chosen = np.arange(len(numbers)) if index is None else index
        here = np.argsort(numbers)[chosen]
        self.mirror.set(name, value, here)
