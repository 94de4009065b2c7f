"""PyNN's procedural interface, kept for older scripts: create, connect, record, set."""

from __future__ import annotations

from typing import Any

from pyNN import common
from pyNN.common import set  # noqa: F401

from pynn_annarchy import simulator
from pynn_annarchy.connectors import FixedProbabilityConnector
from pynn_annarchy.populations import Population
from pynn_annarchy.projections import Projection

create = common.build_create(Population)

connect = common.build_connect(Projection, FixedProbabilityConnector, Projection._static_synapse_class)

record = common.build_record(simulator)


def record_v(source: Any, filename: str) -> None:
    """Records the membrane potential to a file."""
    record(["v"], source, filename)


def record_gsyn(source: Any, filename: str) -> None:
    """Records the synaptic conductances to a file."""
    record(["gsyn_exc", "gsyn_inh"], source, filename)
