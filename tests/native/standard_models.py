"""Every model that comes with this package, as ModelSpecs by kind."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pynn_annarchy.ann as ann
import pynn_annarchy.standardmodels as standardmodels
from pynn_annarchy.ann.library import list_standard_neurons, list_standard_synapses
from pynn_annarchy.kernels.ir import Kernel
from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.standardmodels import bodies, synapse_specs
from pynn_annarchy.standardmodels.specs import gif_cond_exp
from pynn_annarchy.targets.compile import Options, Storage, generate
from tests.equivalence.networks import CLOCKED, COMPOSED


def _declared() -> Iterator[ModelSpec]:
    """Those that stand in the modules of standard models as they are."""
    parts = [value for value in vars(bodies).values() if isinstance(value, ModelSpec)]
    for module in pkgutil.iter_modules(standardmodels.__path__):
        values = vars(importlib.import_module(f"{standardmodels.__name__}.{module.name}")).values()
        yield from (value for value in values if isinstance(value, ModelSpec) and value not in parts)


def _made() -> Iterator[ModelSpec]:
    """Those that functions make of parts."""
    for dependence in synapse_specs.WEIGHT_DEPENDENCES:
        yield synapse_specs.spike_pair(dependence)
        yield synapse_specs.vogels_2011(dependence)
    yield gif_cond_exp(2, 1)
    yield COMPOSED
    yield CLOCKED


def _of_annarchy() -> Iterator[ModelSpec]:
    """Those of ANNarchy's library."""
    net = ann.Network()
    for neuron in list_standard_neurons():
        net.create(2, neuron())
    rates = net.create(2, ann.LeakyIntegrator())
    spikes = net.create(2, ann.Izhikevich())
    for synapse in (made() for made in list_standard_synapses()):
        cells = spikes if synapse.type == "spike" else rates
        net.connect(cells, cells, "exc", synapse).all_to_all(1.0)
    engine = net.build()
    yield from (item.spec for item in (*engine.cells, *engine.projections))


def standard_models() -> dict[type[Kernel], list[ModelSpec]]:
    """All of them, each once, by the primitive that carries them out."""
    found: dict[type[Kernel], list[ModelSpec]] = {}
    for spec in dict.fromkeys((*_declared(), *_made(), *_of_annarchy())):
        found.setdefault(type(generate(spec, Storage.SHARED, Options()).kernel), []).append(spec)
    return found
