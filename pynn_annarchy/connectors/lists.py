"""Connectors that are given their connections one by one: a list, a file, a connection set of the CSA."""

from __future__ import annotations

import os
from copy import deepcopy
from typing import Any

import numpy as np
from pyNN import connectors, errors
from pyNN.connectors import Connector
from pyNN.parameters import ParameterSpace
from pyNN.recording import files
from pyNN.standardmodels import StandardSynapseType

from pynn_annarchy.connectors.base import BlockConnector, MapConnector, hand_over, refuse_location
from pynn_annarchy.connectors.blocks import Block
from pynn_annarchy.connectors.values import SynapseValues, draw_each_column_anew, located


class _ListedConnector(MapConnector):
    """Connects listed pairs, whose parameters are columns of the list or come from the synapse type."""

    def _connect_listed(self, projection: Any, block: Block, columns: dict[str, np.ndarray]) -> None:
        """Makes the connections of a block; ``columns`` are parameters by PyNN's names, one value a connection.

        Raises:
            ConnectionError: a parameter out of range.
            InvalidDimensionsError: a list of values in the synapse type of another length than the list of connections.
        """
        refuse_location(self)
        synapse_type = projection.synapse_type
        values = self._unlisted(projection, block, columns)
        values.update(columns)
        if isinstance(synapse_type, StandardSynapseType):
            space = ParameterSpace(values, synapse_type.get_schema(), (len(block),), type(synapse_type))
            values = synapse_type.translate(space, copy=False).evaluate(simplify=True).as_dict()
        hand_over(self, projection, block, values)
        if self.callback:
            self.callback(1.0)

    def _unlisted(self, projection: Any, block: Block, columns: dict[str, np.ndarray]) -> dict[str, Any]:
        """Parameters that the list does not give, by PyNN's names.

        PyNN copies the synapse type's generators anew for each column, so that all columns begin with the same numbers.
        """
        distances = self._generate_distance_map(projection)
        space = deepcopy(projection.synapse_type.parameter_space)
        parameters = {
            name: located(name, lazy, projection, distances) for name, lazy in space.items() if name not in columns
        }
        values = SynapseValues(parameters, draw_each_column_anew)
        values.place_lists(block, projection.label)
        return dict(values.of(block))


class FromListConnector(_ListedConnector, connectors.FromListConnector):
    __doc__ = connectors.FromListConnector.__doc__

    def connect(self, projection):
        """Connect the listed pairs.

        Raises:
            ValueError: a column name is not a parameter of the synapse type.
            ConnectionError: an index that is no cell of the projection, or a parameter out of range.
        """
        self._check_list(projection)
        if not self.conn_list.size:
            return
        # the same unstable sort as in PyNN, whose outcome decides the order within a column
        self.conn_list = self.conn_list[np.argsort(self.conn_list[:, 1])]
        pre, post = self.conn_list[:, 0].astype(np.int32), self.conn_list[:, 1].astype(np.int32)
        columns = {name: self.conn_list[:, k].astype(float) for k, name in enumerate(self.column_names, 2)}
        self._connect_listed(projection, Block(pre, post, np.bincount(post)), columns)

    def _check_list(self, projection: Any) -> None:
        unknown = [name for name in self.column_names if not projection.synapse_type.has_parameter(name)]
        if unknown:
            raise ValueError(f"{unknown[0]} is not a valid parameter for {type(projection.synapse_type).__name__}")
        if not self.conn_list.size:
            return
        for column, side, cells in ((0, "source", projection.pre), (1, "target", projection.post)):
            index = self.conn_list[:, column]
            if np.any((index < 0) | (index >= cells.size) | (index != np.floor(index))):
                raise errors.ConnectionError(
                    f"{side} index out of range in projection '{projection.label}': "
                    f"integers from 0 to {cells.size - 1} are possible"
                )


class FromFileConnector(FromListConnector, connectors.FromFileConnector):
    __doc__ = connectors.FromFileConnector.__doc__

    def __init__(self, file, distributed=False, location_selector=None, safe=True, callback=None):
        Connector.__init__(self, location_selector, safe=safe, callback=callback)
        self.file = files.StandardTextFile(os.fspath(file), mode="r") if isinstance(file, (str, os.PathLike)) else file
        self.distributed = distributed
        self._content: tuple[list[str], np.ndarray] | None = None

    def connect(self, projection):
        """Connect the pairs that the file lists; it is read once, however many projections the connector makes.

        Raises:
            OSError: the file cannot be read.
            ValueError: a column is no parameter of the synapse type.
            ConnectionError: rows longer or shorter than the header says; an index that is no cell of the projection;
                a parameter out of range.
        """
        if self._content is None:
            self._content = self._read(projection)
        self.column_names, self.conn_list = self._content
        super().connect(projection)

    def _read(self, projection: Any) -> tuple[list[str], np.ndarray]:
        """Names of the synaptic parameters and one row for each connection."""
        file = self.file
        if self.distributed:
            file = type(file)(f"{file.name}.{projection._simulator.state.mpi_rank}", mode=file.mode)
        header = file.get_metadata().get("columns")
        rows = np.atleast_2d(np.asarray(file.read()))
        if not rows.size:
            return [], rows
        if header is None:
            header = ("weight", "delay")[: rows.shape[1] - 2]
        names = [name for name in header if name not in ("i", "j")]
        if rows.shape[1] != len(names) + 2:
            raise errors.ConnectionError(
                f"projection '{projection.label}': '{file.name}' has rows of {rows.shape[1]} numbers, "
                f"for {', '.join(['i', 'j', *names])}"
            )
        return names, rows


class CSAConnector(BlockConnector, _ListedConnector, connectors.CSAConnector):
    __doc__ = f"""{connectors.CSAConnector.__doc__}

    Needs the package csa: ``pip install csa``.
    """

    def __init__(self, cset, location_selector=None, safe=True, callback=None):
        Connector.__init__(self, location_selector, safe=safe, callback=callback)
        self._csa = _csa()
        self.cset = cset
        if self._csa.arity(cset) not in (0, 2):
            raise ValueError("CSAConnector needs a mask, or a connection set of arity 2 with weights and delays")

    def connect(self, projection):
        """Connect the pairs of the connection set that are pairs of cells of the projection.

        Raises:
            ConnectionError: a weight of the wrong sign, a delay out of range, a value that is not finite.
        """
        if self._csa.arity(self.cset) == 0:
            super().connect(projection)
            return
        pre, post, weight, delay = self._finite_part(projection, 4).T
        order = np.argsort(post, kind="stable")
        pre, post = (index[order].astype(np.int32) for index in (pre, post))
        block = Block(pre, post, np.bincount(post))
        self._connect_listed(projection, block, {"weight": weight[order], "delay": delay[order]})

    def _blocks(self, projection):
        n_pre, n_post = projection.shape
        pairs = self._finite_part(projection, 2).astype(np.int64)
        post, pre = np.divmod(np.unique(pairs[:, 1] * n_pre + pairs[:, 0]), max(1, n_pre))
        return [Block(pre, post, np.bincount(post, minlength=n_post))]

    def _finite_part(self, projection: Any, n_columns: int) -> np.ndarray:
        n_pre, n_post = projection.shape
        connections = list(self._csa.cross((0, n_pre - 1), (0, n_post - 1)) * self.cset)
        return np.array(connections, dtype=float).reshape(-1, n_columns)


def _csa() -> Any:
    try:
        import csa
    except ImportError as error:
        raise ImportError("CSAConnector needs the package csa: pip install csa") from error
    return csa
