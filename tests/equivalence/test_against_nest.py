"""The same cells and the same network as NEST's, step by step; what NEST computed lies in tests/golden/nest.

Recorded by benchmarks/record_nest.py with NEST 3.10: single cells of its native models on the grid; through pyNN.nest,
cells under PyNN's current sources, the pair rules of STDP, and the first 100 ms of its VAbenchmarks (CUBA), both
with spike_precision="on_grid". Voltage-based plasticity is given the potential of NEST's cells; rules of plasticity are
compared in NEST's own terms in tests/unit/test_synapse_specs.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pynn_annarchy as sim
from pynn_annarchy.engine.currents import Table
from pynn_annarchy.engine.network import Network
from pynn_annarchy.model.spec import InputSpec, ModelSpec, ReceptorSpec
from pynn_annarchy.standardmodels.plasticity_specs import CLOPATH
from pynn_annarchy.standardmodels.specs import IF_CURR_ALPHA, IF_CURR_DELTA, IF_CURR_EXP, STATIC_SYNAPSE
from pynn_annarchy.targets.compile import Options
from tests.equivalence.networks import network
from tests.equivalence.pair_rules import DEPENDENCES, pair_rules

GOLDEN = Path(__file__).parent.parent / "golden" / "nest"

CELLS = {
    "IF_curr_exp": (IF_CURR_EXP, {"tau_syn_E": 5.0, "tau_syn_I": 8.0}, (0.6, -0.4)),
    "IF_curr_alpha": (IF_CURR_ALPHA, {"tau_syn_E": 2.0, "tau_syn_I": 4.0}, (0.5, -0.3)),
    "IF_curr_delta": (IF_CURR_DELTA, {}, (3.0, -2.0)),
}


@pytest.mark.parametrize("name", CELLS)
def test_membrane_potential_under_current_and_spikes_is_that_of_nest(name, target):
    spec, parameters, weights = CELLS[name]
    nest = np.load(GOLDEN / f"{name}.npz")
    net = network(target=target)
    cell = net.add_cells(spec, 1, {"tau_refrac": 2.0, "i_offset": 0.4, **parameters}, "cell")
    for train, weight, receptor in zip(("excitatory", "inhibitory"), weights, cell.receptors, strict=True):
        source = net.add_spike_source(1, train)
        source.set_times(0, nest[train])
        builder = net.connect(source, cell, receptor, STATIC_SYNAPSE, train)
        builder.add(0, 0, weight, 15)
        builder.finish()
    v = cell.record("v", np.array([0]))
    spikes = cell.record_spikes(np.array([0]))

    net.run(10_000)

    # 10,000 roundings of numbers near 65 mV, and sums in 64-bit fixed point: far below a nanovolt
    assert np.abs(v.data()[:, 0] - nest["v"]).max() < 1e-9
    assert np.array_equal(np.rint(spikes.spikes()[1] / 0.1), np.rint(nest["spikes"] / 0.1))


def test_potentials_and_currents_of_current_sources_are_those_of_pynn_nest(target):
    nest = np.load(GOLDEN / "currents.npz")
    sim.setup(timestep=0.1, target=target)
    sources = [
        sim.DCSource(amplitude=0.4, start=10.0, stop=60.0),
        sim.ACSource(amplitude=0.4, offset=0.1, frequency=50.0, phase=45.0, start=7.3, stop=80.0),
        sim.StepCurrentSource(times=[5.0, 20.0, 20.3, 70.0], amplitudes=[0.2, -0.3, 0.5, 0.0]),
    ]
    cells = sim.Population(len(sources), sim.IF_curr_exp(v_thresh=1000.0))
    cells.record("v")
    for cell, source in zip(cells, sources, strict=True):
        cell.inject(source)
        source.record()

    sim.run(100.0)

    # both integrate exactly: 1,000 roundings of numbers near 65 mV and 0.5 nA
    assert np.abs(cells.get_data().segments[0].analogsignals[0].magnitude - nest["v"]).max() < 1e-10
    current = np.column_stack([source.get_data().magnitude.ravel() for source in sources])
    assert np.abs(current - nest["i"]).max() < 1e-12


def test_spikes_of_the_vogels_abbott_network_are_those_of_pynn_nest_cell_by_cell_and_step_by_step():
    from pyNN.random import NumpyRNG, RandomDistribution

    sim.setup(timestep=0.1, min_delay=0.2, max_delay=1.0)
    cell = sim.IF_curr_exp(
        tau_m=20.0, tau_syn_E=5.0, tau_syn_I=10.0, v_rest=-49.0, v_reset=-60.0, v_thresh=-50.0, cm=0.2, tau_refrac=5.0
    )
    excitatory, inhibitory = sim.Population(3200, cell), sim.Population(800, cell)
    rng = NumpyRNG(seed=98765, parallel_safe=True)
    potential = RandomDistribution("uniform", low=-60.0, high=-50.0, rng=rng)
    for population in (excitatory, inhibitory):
        population.initialize(v=potential)
    connector = sim.FixedProbabilityConnector(0.02, rng=rng)
    for pre, weight, receptor in ((excitatory, 0.0162, "excitatory"), (inhibitory, -0.09, "inhibitory")):
        for post in (excitatory, inhibitory):
            sim.Projection(
                pre, post, connector, sim.StaticSynapse(weight=weight, delay=0.2), receptor_type=receptor
            )  # fmt: skip
    for population in (excitatory, inhibitory):
        population.record("spikes")

    sim.run(100.0)

    rows = []
    for offset, population in ((0, excitatory), (3200, inhibitory)):
        for train in population.get_data().segments[0].spiketrains:
            index = offset + int(train.annotations["source_index"])
            rows += [(round(float(time) / 0.1), index) for time in train.magnitude]
    assert np.array_equal(np.array(sorted(rows)), np.load(GOLDEN / "vogels_abbott_cuba.npz")["spikes"])


@pytest.mark.parametrize("dependence", DEPENDENCES)
def test_weights_of_pair_rules_are_those_of_pynn_nest(dependence, target):
    nest = np.load(GOLDEN / "pair_rules.npz")

    weights, spikes = pair_rules(sim, dependence, target=target)

    assert np.array_equal(spikes, nest[f"{dependence} spikes"])
    np.testing.assert_allclose(weights, nest[dependence], rtol=1e-12, atol=1e-18)
    assert np.ptp(weights) > 2e-4


GIVEN = ModelSpec(
    "Given",
    equations="v = i_inj\ng = 0 : init=0",
    inputs=(InputSpec("i_inj"),),
    receptors=(ReceptorSpec("spikes", "g += input"),),
)
"""A cell whose potential in mV is the injected current in nA."""


def clopath_weights(v, passages, dt, target):
    """The weight just after each passage, at times in ms, of a synapse onto a cell of the potential v."""
    net = Network(dt=dt, seed=1, threads=1, options=Options(target=target))
    source, cell = net.add_spike_source(1, "source"), net.add_cells(GIVEN, 1, {}, "cell")
    source.set_times(0, passages - dt)
    cell.set_initial("v", v[0])
    cell.inject(net.add_current(Table(np.arange(len(v) - 1), v[1:]), "potential"), np.array([0]))
    builder = net.connect(source, cell, "spikes", CLOPATH, "learning")
    builder.add(0, 0, 1.0, 1)
    synapse = builder.finish()
    values = {
        "A_LTD": 1.5e-4, "A_LTP": 1e-4, "theta_minus": -70.0, "theta_plus": -45.0, "tau_minus": 9.0, "tau_plus": 6.0,
        "tau_x": 12.0, "w_max": 2.0,
    }  # fmt: skip
    for name, value in values.items():
        synapse.set(name, value)
    weights = []
    for steps in np.diff(np.rint(passages / dt).astype(int), prepend=0):
        net.run(int(steps))
        weights.append(synapse.get("weight")[0])
    return np.array(weights)


@pytest.mark.parametrize("cell, left", [("hh_psc_alpha_clopath", 5e-4), ("aeif_psc_delta_clopath", 1e-2)])
def test_voltage_based_plasticity_is_that_of_nest_to_first_order_in_the_time_step(cell, left, target):
    """NEST integrates filters and potential together, sees them one step later, and takes sums from the steps' ends."""
    nest = np.load(GOLDEN / "clopath.npz")

    coarse, fine = (
        clopath_weights(nest[f"{cell} {dt} v"].astype(float), nest["passages"], dt, target) for dt in (0.1, 0.025)
    )

    off_coarse, off_fine = coarse - nest[f"{cell} 0.1 weights"], fine - nest[f"{cell} 0.025 weights"]
    changed = np.ptp(nest[f"{cell} 0.025 weights"])
    assert np.abs(off_coarse).max() < 0.08 * changed
    # what is left where the first order has been taken out; the second cell's potential jumps at each spike
    assert np.abs((4 * off_fine - off_coarse) / 3).max() < left * changed
