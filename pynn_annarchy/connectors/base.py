"""What all connectors share: blocks of connections get their parameters, are checked and go to the projection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from pyNN import connectors
from pyNN.parameters import LazyArray

from pynn_annarchy.connectors.blocks import Block, Pairs, gathered
from pynn_annarchy.connectors.values import DistanceMap, SynapseValues, Value, located


class MapConnector(connectors.MapConnector):
    """Base class for connectors of your own, which need a method ``connect(projection)``.

    As in PyNN, that method ends in ``self._connect_with_map(projection, map)``, where ``map`` is a boolean
    ``LazyArray`` of the projection's shape, or in ``self._standard_connect(projection, masks)``, where ``masks()``
    returns an iterable with the pre-synaptic cells of each post-synaptic cell: an array of indices, a boolean array,
    True or False. Synapses get their parameters as with any other connector.
    """

    def _generate_distance_map(self, projection: Any) -> LazyArray:
        return LazyArray(DistanceMap(projection), shape=projection.shape)

    def _parameters_from_synapse_type(
        self, projection: Any, distance_map: LazyArray | None = None
    ) -> dict[str, LazyArray]:
        """Native parameters, drawing from copies of the generators of the synapse type."""
        distances = self._generate_distance_map(projection) if distance_map is None else distance_map
        space = projection.synapse_type.native_parameters
        return {name: located(name, lazy, projection, distances) for name, lazy in space.items()}

    def _standard_connect(
        self,
        projection: Any,
        connection_map_generator: Callable[[], Iterable[Any]],
        distance_map: LazyArray | None = None,
    ) -> None:
        masks = connection_map_generator()
        self._connect_blocks(projection, gathered(masks, projection.pre.size), distance_map)

    def _connect_blocks(self, projection: Any, blocks: Iterable[Pairs], distance_map: LazyArray | None = None) -> None:
        """Makes the connections of all blocks.

        Raises:
            ConnectionError: a weight of the wrong sign, a delay out of range, a value that is not finite.
            InvalidDimensionsError: an array of values that does not fit the projection.
        """
        refuse_location(self)
        values = SynapseValues(self._parameters_from_synapse_type(projection, distance_map))
        if values.has_lists:  # their order is known when all connections are
            everything = Block.joined(blocks)
            values.place_lists(everything, projection.label)
            blocks = [everything]
        n_done = 0
        for block in blocks:
            if len(block):
                hand_over(self, projection, block, values.of(block))
            n_done += len(block.counts)
            if self.callback:
                self.callback(n_done / projection.post.size)


class BlockConnector(MapConnector):
    """A connector that makes its connections block by block."""

    def _blocks(self, projection: Any) -> Iterable[Pairs]:
        """All connections. What a generator draws comes after, what a list holds before PyNN copies the generators of
        the synaptic parameters."""
        raise NotImplementedError

    def connect(self, projection: Any) -> None:
        """Connect the projection's cells.

        Raises:
            ConnectionError: a weight of the wrong sign, a delay out of range, a value that is not finite.
            InvalidDimensionsError: an array of values that does not fit the projection.
        """
        self._connect_blocks(projection, self._blocks(projection))


def refuse_location(connector: connectors.Connector) -> None:
    if connector.location_selector is not None:
        raise NotImplementedError("location_selector needs multi-compartment cells, which are not available yet")


def hand_over(connector: connectors.Connector, projection: Any, pairs: Pairs, values: dict[str, Value]) -> None:
    """Passes connections with their parameters to the projection, after PyNN's own checks of the parameters.

    These are checks of the sign of weights.
    """
    for name, value in values.items():
        projection._require_finite(name, value)
    check_signs(connector, projection, values)
    projection._connect_block(*np.broadcast_arrays(*pairs.indices()), **values)


def check_signs(connector: connectors.Connector, projection: Any, values: Mapping[str, Value]) -> None:
    """PyNN's own checks of parameters; a connector with ``safe=False`` leaves them out."""
    synapse_type = projection.synapse_type
    if connector.safe:
        for name, check in getattr(synapse_type, "parameter_checks", {}).items():
            native_name = synapse_type.translations[name]["translated_name"]
            if native_name in values:
                check(values[native_name], projection)
