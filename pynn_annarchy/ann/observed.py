"""What a monitor sees of an object: names that can be recorded, tracks that record them, shapes of the data."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from pynn_annarchy.ann.dendrites import Dendrite
from pynn_annarchy.ann.population import Population
from pynn_annarchy.ann.projection import Projection
from pynn_annarchy.ann.recorded import SpikeFeed, SpikeTrack, Track, cell_track, synaptic_track
from pynn_annarchy.ann.views import PopulationView
from pynn_annarchy.engine.arrays import IntArray, as_type
from pynn_annarchy.engine.cells import Cells
from pynn_annarchy.exceptions import ModelError

if TYPE_CHECKING:
    from pynn_annarchy.ann.network import Network

SPIKE, AXON_SPIKE = "spike", "axon_spike"
"""The names by which spikes are recorded, and axonal ones."""


class Observed(Protocol):
    """An object as a monitor sees it."""

    network: Network
    label: str

    @property
    def recordable(self) -> list[str]:
        """Names of what can be recorded."""
        ...

    @property
    def parameters(self) -> list[str]:
        """Names of what cannot, as it does not change."""
        ...

    def track(self, variable: str) -> Track:
        """What records a variable; the object has been built."""
        ...

    def shaped(self, variable: str, data: Any, reshape: bool) -> Any:
        """Data of a track as users get them."""
        ...


@singledispatch
def observed(obj: Any) -> Observed:
    """How a monitor sees an object; ModelError where it cannot."""
    raise ModelError(f"a monitor records populations, views of them, dendrites and projections, not {obj!r}")


@observed.register
def _(obj: Population) -> Observed:
    return ObservedCells(obj, obj.ranks, obj.geometry)


@observed.register
def _(obj: PopulationView) -> Observed:
    return ObservedCells(obj.population, obj.ranks, None)


@observed.register
def _(obj: Projection) -> Observed:
    return ObservedSynapses(obj, None)


@observed.register
def _(obj: Dendrite) -> Observed:
    return ObservedSynapses(obj.proj, obj._position)


class ObservedCells:
    """Neurons of a population.

    Args:
        population: which.
        ranks: of the neurons.
        geometry: that samples are handed out in; None for flat ones.
    """

    def __init__(self, population: Population, ranks: IntArray, geometry: tuple[int, ...] | None) -> None:
        self.network = population.network
        self._population = population
        self._ranks = ranks
        self._geometry = geometry

    @property
    def label(self) -> str:
        return f"population '{self._population.name}'"

    @property
    def recordable(self) -> list[str]:
        spec = self._population._declared.spec
        spikes = [SPIKE] if spec.spike or spec.emits else []
        spikes += [AXON_SPIKE] if spec.axon_spike else []
        return [*spikes, *self._population.variables, *(given.name for given in spec.inputs)]

    @property
    def parameters(self) -> list[str]:
        return self._population.parameters

    def track(self, variable: str) -> Track:
        cells = self._population.cells
        assert cells is not None, "monitors are built after what they record"
        if variable in (SPIKE, AXON_SPIKE):
            return SpikeTrack(_feed_of(self._population, variable), self._ranks)
        assert isinstance(cells, Cells), "sources of given spikes have no variables"
        attribute = self._population._attributes.get(variable)
        index = np.zeros(1, np.int64) if attribute is not None and attribute.is_global else self._ranks
        return cell_track(cells, variable if attribute is None else attribute.key, index)

    def shaped(self, variable: str, data: Any, reshape: bool) -> Any:
        if variable in (SPIKE, AXON_SPIKE):
            return data
        attribute = self._population._attributes.get(variable)
        if attribute is not None:
            data = as_type(data, attribute.dtype)
            if attribute.is_global:
                return data[:, 0]
        return data.reshape(len(data), *self._geometry) if reshape and self._geometry is not None else data


def _feed_of(population: Population, variable: str) -> SpikeFeed:
    """The one feed of a population's spikes, or of its axonal ones."""
    cells = population.cells
    source = cells.axons if variable == AXON_SPIKE and isinstance(cells, Cells) else cells
    assert source is not None
    if variable not in population._feeds:
        population._feeds[variable] = SpikeFeed(source)
    return population._feeds[variable]


class ObservedSynapses:
    """Synapses of a projection, or of one of its dendrites.

    Args:
        projection: which.
        position: of the dendrite; None for all.
    """

    def __init__(self, projection: Projection, position: int | None) -> None:
        self.network = projection.network
        self._projection = projection
        self._position = position

    @property
    def label(self) -> str:
        return f"projection '{self._projection.name}'"

    @property
    def recordable(self) -> list[str]:
        return list(dict.fromkeys([*self._projection.variables, self._projection._declared.spec.weight]))

    @property
    def parameters(self) -> list[str]:
        return self._projection.parameters

    def track(self, variable: str) -> Track:
        synapses, engine = self._projection.synapses, self.network.engine
        assert synapses is not None and engine is not None, "monitors are built after what they record"
        key = self._projection._attribute(variable).key
        return synaptic_track(engine, lambda name: synapses.get(name), key, self._index(variable))

    def _index(self, variable: str) -> IntArray:
        """The engine's numbers of the synapses whose values are taken, dendrite after dendrite."""
        attribute, dendrites = self._projection._attribute(variable), self._projection._dendrites
        index = dendrites.from_engine(np.arange(dendrites.n))
        if attribute.is_global:
            return index[:1]
        if attribute.locality == "semiglobal":
            starts = dendrites.starts[:-1]
            return index[starts if self._position is None else starts[[self._position]]]
        return index if self._position is None else index[dendrites.of(self._position)]

    def shaped(self, variable: str, data: Any, reshape: bool) -> Any:
        attribute, dendrites = self._projection._attribute(variable), self._projection._dendrites
        data = as_type(data, attribute.dtype)
        if attribute.is_global or (attribute.locality == "semiglobal" and self._position is not None):
            return data[:, 0]
        if attribute.locality == "semiglobal" or self._position is not None:
            return data
        sizes = dendrites.sizes
        if (sizes == sizes[0]).all():
            return data.reshape(len(data), len(sizes), sizes[0])
        rows = np.empty((len(data), len(sizes)), dtype=object)
        for position in range(len(sizes)):
            for sample in range(len(data)):
                rows[sample, position] = data[sample, dendrites.of(position)]
        return rows
