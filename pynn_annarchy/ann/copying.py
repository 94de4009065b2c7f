"""An independent network with the same populations, projections and monitors as another, and the same values."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.ann.connectors import number_or_array
from pynn_annarchy.ann.monitor import Monitor
from pynn_annarchy.ann.patterns import Connections

if TYPE_CHECKING:
    from pynn_annarchy.ann.models import Neuron, Synapse
    from pynn_annarchy.ann.network import Network
    from pynn_annarchy.ann.population import Population
    from pynn_annarchy.ann.projection import Projection


def copy_into(new: Network, old: Network) -> None:
    """Gives an empty network what another one has, with its present values, to be built anew; time begins at 0.

    Models are shared: they do not change. Monitors are empty.
    """
    memo: dict[int, Any] = {id(old): new}
    for name, constant in old._constants.items():
        new._constants[name] = constant.copied(new)
    for population in old._populations:
        twin = _twin(population, memo, population.neuron_type)
        new._register(twin)
        if population.cells is not None:
            twin._restore(population._saved())
        population.neuron_type.share_constants(twin, new._constants)
    for projection in old._projections:
        twin = _twin(projection, memo, projection.synapse_type)
        _connect(twin, projection)
        new._register(twin)
        projection.synapse_type.share_constants(twin, new._constants)
    if new.seed == old.seed:
        new.default_rng.bit_generator.state = old.default_rng.bit_generator.state  # both will draw the same
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


def _twin(obj: Population | Projection, memo: dict[int, Any], model: Neuron | Synapse) -> Any:
    """The same object in the new network, not built and, if it is a projection, not connected.

    Args:
        memo: what takes the place of what, by id; the object's twin from now on too.
        model: is not copied.
    """
    memo.update({id(model): model, id(obj._declared): obj._declared})
    twin = object.__new__(type(obj))
    memo[id(obj)] = twin
    unbuilt = obj._unbuilt()
    vars(twin).update(unbuilt)
    for name in vars(obj).keys() - unbuilt.keys():
        vars(twin)[name] = copy.deepcopy(vars(obj)[name], memo)
    return twin


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
