"""An independent network with the same populations, projections and monitors as another, and the same values."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.ann.connectors import number_or_array
from pynn_annarchy.ann.models import Constant
from pynn_annarchy.ann.monitor import Monitor
from pynn_annarchy.ann.patterns import Connections

if TYPE_CHECKING:
    from pynn_annarchy.ann.network import Network
    from pynn_annarchy.ann.projection import Projection


def copy_into(new: Network, old: Network) -> None:
    """Gives an empty network what another one has, with its present values, to be built anew; time begins at 0.

    Models are shared: they do not change. Monitors are empty.
    """
    memo = dict(_substitutes(new, old))
    for name, constant in old._constants.items():
        new._constants[name] = Constant(name, constant.value, net=new)
    for population in old._populations:
        twin = copy.deepcopy(population, memo)
        new._register(twin)
        twin._restore(population._saved())
        population.neuron_type.share_constants(twin, new._constants)
    for projection in old._projections:
        twin = copy.deepcopy(projection, memo)
        _connect(twin, projection)
        new._register(twin)
        projection.synapse_type.share_constants(twin, new._constants)
    for monitor in old._monitors:
        Monitor(
            copy.deepcopy(monitor.object, memo),
            monitor.variables,
            monitor._period,
            monitor.period_offset,
            monitor._starts,
            monitor.name,
            new,
        )


def _substitutes(new: Network, old: Network) -> Iterator[tuple[int, Any]]:
    """What a copy does not copy: the networks, what has been built, models."""
    yield id(old), new
    for population in old._populations:
        if population.cells is not None:
            yield id(population.cells), None
        yield from ((id(each), each) for each in (population.neuron_type, population._declared))
    for projection in old._projections:
        if projection.synapses is not None:
            yield from ((id(synapses), None) for synapses in projection._built)
        yield from ((id(each), each) for each in (projection.synapse_type, projection._declared))


def _connect(twin: Projection, old: Projection) -> None:
    """The connections of another projection, with their present weights, and its present values."""
    if old._structure is None:
        return
    saved = old._saved()
    pre, post = (np.asarray(saved[side], np.int32) for side in ("pre", "post"))
    made = Connections(pre, post, number_or_array(saved["w"]), number_or_array(saved["delay"]))
    has_single_weight = old._has_single_weight
    twin._take(made)
    twin._has_single_weight = has_single_weight
    twin._make = lambda: made
    twin._restore(saved)
