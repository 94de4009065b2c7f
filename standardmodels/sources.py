"""PyNN's spike sources."""

from __future__ import annotations

from pyNN.standardmodels import build_translations, cells

from pynn_annarchy.standardmodels import specs
from pynn_annarchy.standardmodels.later import comes_later


class SpikeSourceArray(cells.SpikeSourceArray):
    __doc__ = cells.SpikeSourceArray.__doc__
    translations = build_translations(("spike_times", "spike_times"))
    spec = None
    """No equations: the engine is given the times."""


class SpikeSourcePoisson(cells.SpikeSourcePoisson):
    __doc__ = cells.SpikeSourcePoisson.__doc__
    translations = build_translations(("rate", "rate"), ("start", "start"), ("duration", "duration"))
    spec = specs.SPIKE_SOURCE_POISSON


SpikeSourceGamma = comes_later("SpikeSourceGamma")
SpikeSourceInhGamma = comes_later("SpikeSourceInhGamma")
SpikeSourcePoissonRefractory = comes_later("SpikeSourcePoissonRefractory")
