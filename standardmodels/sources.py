"""PyNN's spike sources."""

from __future__ import annotations

from copy import copy as shallow_copy

from pyNN.parameters import ParameterSpace
from pyNN.standardmodels import build_translations, cells

from pynn_annarchy.standardmodels import source_specs


class _OfLists:
    """A type whose parameters are lists: the engine copies them, so that none is copied on the way."""

    def translate(self, parameters: ParameterSpace, copy: bool = True) -> ParameterSpace:
        """Names and units stay; PyNN's own way takes 15 us a cell."""
        values = {name: shallow_copy(parameters[name]) for name in parameters.keys()}  # noqa: SIM118, no dict
        return ParameterSpace(values, schema=None, shape=parameters.shape)


class SpikeSourceArray(_OfLists, cells.SpikeSourceArray):
    __doc__ = cells.SpikeSourceArray.__doc__
    translations = build_translations(("spike_times", "spike_times"))
    lists = {"spike_times": "times"}
    """Parameters that are a list for each cell, and what the engine calls them."""
    spec = None
    """No equations: the engine is given the times."""


class SpikeSourcePoisson(cells.SpikeSourcePoisson):
    __doc__ = cells.SpikeSourcePoisson.__doc__
    translations = build_translations(("rate", "rate"), ("start", "start"), ("duration", "duration"))
    spec = source_specs.SPIKE_SOURCE_POISSON


class SpikeSourcePoissonRefractory(cells.SpikeSourcePoissonRefractory):
    __doc__ = cells.SpikeSourcePoissonRefractory.__doc__
    translations = build_translations(*((name, name) for name in ("rate", "tau_refrac", "start", "duration")))
    spec = source_specs.SPIKE_SOURCE_POISSON_REFRACTORY


class SpikeSourceGamma(cells.SpikeSourceGamma):
    __doc__ = cells.SpikeSourceGamma.__doc__
    # a whole number as default would have PyNN cut 2.5 down to 2
    default_parameters = {**cells.SpikeSourceGamma.default_parameters, "alpha": 2.0}
    translations = build_translations(*((name, name) for name in ("alpha", "beta", "start", "duration")))
    spec = source_specs.SPIKE_SOURCE_GAMMA


class SpikeSourceInhGamma(_OfLists, cells.SpikeSourceInhGamma):
    __doc__ = cells.SpikeSourceInhGamma.__doc__
    translations = build_translations(*((name, name) for name in ("a", "b", "tbins", "start", "duration")))
    lists = {"tbins": "times", "a": "a", "b": "b"}
    spec = source_specs.SPIKE_SOURCE_INH_GAMMA
