"""Networks in the manner of ANNarchy: the same bits on any number of threads, on either target, after a checkpoint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import pynn_annarchy.ann as ann
from tests.equivalence.annarchy_models import COMPARISONS, Comparison

PART = 0.25
"""Of the durations for ANNarchy 5: enough for spikes and for learning."""


def noisy_mixture(package, net):
    """Noisy rates that learn by a covariance rule drive spiking cells, whose STDP reads what a decoder counts."""
    unit = package.Neuron(
        parameters="tau = 10.0", equations="tau*dr/dt + r = sum(exc) + 0.5 + Normal(0, 0.3) : min=0.0"
    )
    rule = package.Synapse(
        parameters="eta = 0.01 : projection",
        equations="w += eta*(pre.r - mean(pre.r))*(post.r - mean(post.r)) + 0.001*Uniform(-1, 1) : min=0.0, max=0.3",
    )
    cell = package.Neuron(
        parameters="tau = 10.0",
        equations="tau*dv/dt = -v + 3*sum(rates) + g_exc; tau*dg_exc/dt = -g_exc : exponential",
        spike="v > 1",
        reset="v = 0",
        refractory="2.0",
    )
    units, cells = net.create(20, unit), net.create(30, cell)
    learning = net.connect(units, units, "exc", rule).fixed_number_pre(8, weights=package.Uniform(0.0, 0.1), delays=2.0)
    net.connect(units, cells, "rates").fixed_number_pre(3, weights=package.Uniform(0.2, 0.4))
    pairs = net.connect(cells, cells, "exc", package.STDP(w_max=0.5))
    pairs.fixed_number_pre(9, weights=package.Uniform(0.0, 0.5), delays=package.DiscreteUniform(1, 5))
    return {
        "units": net.monitor(units, "r"),
        "cells": net.monitor(cells, ["v", "spike"]),
        "learning": net.monitor(learning, "w"),
        "pairs": net.monitor(pairs, "w"),
    }


NETWORKS = {
    **{
        name: replace(each, duration=round(PART * each.duration / each.dt) * each.dt)
        for name, each in COMPARISONS.items()
    },
    "noisy mixture": Comparison(noisy_mixture, 1.0, 100.0),
}


def new_network(comparison, target, threads=2):
    net = ann.Network(dt=comparison.dt, seed=5)
    net.config(target=target, num_threads=threads)
    return net


def bits(recorded):
    return {label: values.tobytes() for label, values in recorded.items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_threads_and_targets_give_the_same_bits(name):
    comparison = NETWORKS[name]
    first = comparison.run(ann, new_network(comparison, "reference"))

    for threads in (1, 2, 3, 4):
        assert bits(comparison.run(ann, new_network(comparison, "cpp", threads))) == bits(first), threads


@pytest.mark.parametrize("name", ["bcm", "stdp", "delays_of_spikes", "delays_of_rates", "noisy mixture"])
def test_a_run_from_a_checkpoint_equals_one_without_interruption(name, target, tmp_path):
    comparison = NETWORKS[name]
    half = replace(comparison, duration=round(comparison.duration / comparison.dt / 2) * comparison.dt)
    whole = new_network(comparison, target)
    comparison.build(ann, whole)
    whole.simulate(half.duration)
    whole.save_checkpoint(tmp_path / "state")
    whole.simulate(half.duration)

    resumed = new_network(comparison, target)
    comparison.build(ann, resumed)
    resumed.load_checkpoint(tmp_path / "state")
    resumed.simulate(half.duration)

    assert resumed.time == whole.time
    assert [results(each) for each in resumed.get_monitors()] == [results(each) for each in whole.get_monitors()]


def results(monitor):
    data = monitor.get(force_dict=True)
    return {name: spikes_or_bits(values) for name, values in data.items()}


def spikes_or_bits(values):
    if isinstance(values, dict):
        return {rank: list(steps) for rank, steps in values.items()}
    return np.asarray(values, dtype=float).tobytes()
