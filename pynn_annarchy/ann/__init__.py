"""The objects of ANNarchy 5 over this project's engine: ``import pynn_annarchy.ann as ann``.

Every name that ``import ANNarchy`` gives is here. A name's module is imported when the name is first looked up.
"""

from __future__ import annotations

import importlib
from typing import Any

from pynn_annarchy.ann.later import is_later, refuse

_MODULES = {
    "network": ("Network",),
    "models": ("Neuron", "Synapse", "Parameter", "Variable"),
    "constants": ("Constant",),
    "user_functions": ("add_function", "functions"),
    "population": ("Population",),
    "views": ("PopulationView", "IndividualNeuron"),
    "projection": ("Projection",),
    "connectors": ("sparse_random_matrix", "sparse_delays_from_weights"),
    "lil": ("LILConnectivity",),
    "dendrites": ("Dendrite", "IndividualSynapse"),
    "distributions": (
        "RandomDistribution",
        "Uniform",
        "DiscreteUniform",
        "Normal",
        "LogNormal",
        "Exponential",
        "Gamma",
        "Binomial",
    ),
    "monitor": ("Monitor", "MonitorList"),
    "analyses": (
        "raster_plot",
        "histogram",
        "inter_spike_interval",
        "coefficient_of_variation",
        "mean_fr",
        "smoothed_rate",
        "population_rate",
    ),
    "inputs": (
        "InputArray",
        "TimedArray",
        "PoissonPopulation",
        "TimedPoissonPopulation",
        "SpikeSourceArray",
        "HomogeneousCorrelatedSpikeTrains",
    ),
    "decoding": ("CurrentInjection", "DecodingProjection"),
    "hybrid": ("Rate2SpikePopulation", "Spike2RatePopulation"),
    "report": ("report",),
    "library": (
        "LeakyIntegrator",
        "Izhikevich",
        "IF_curr_exp",
        "IF_cond_exp",
        "IF_curr_alpha",
        "IF_cond_alpha",
        "EIF_cond_exp_isfa_ista",
        "EIF_cond_alpha_isfa_ista",
        "GIF_curr",
        "GIF_curr_exp",
        "HH_cond_exp",
        "Hebb",
        "Oja",
        "IBCM",
        "STP",
        "STDP",
        "list_standard_neurons",
        "list_standard_synapses",
    ),
    "config": ("float32", "float64"),
    "callbacks": ("every",),
    "magic": (
        "setup",
        "magic_network",
        "compile",
        "simulate",
        "simulate_until",
        "step",
        "reset",
        "save",
        "load",
        "populations",
        "projections",
        "monitors",
        "get_population",
        "get_projection",
        "enable_learning",
        "disable_learning",
        "get_time",
        "set_time",
        "get_current_step",
        "set_current_step",
        "dt",
        "set_seed",
        "clear",
        "callbacks_enabled",
        "enable_callbacks",
        "disable_callbacks",
        "clear_all_callbacks",
        "timings",
        "memory_footprint",
        "save_parameters",
        "load_parameter",
        "load_parameters",
        "timeit",
    ),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if is_later(name):
        refuse(name)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
