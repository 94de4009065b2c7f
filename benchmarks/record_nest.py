"""Records what NEST computes for the comparisons of tests/equivalence/test_against_nest.py.

Run it with a Python that has nest-simulator and PyNN; it writes tests/golden/nest/*.npz:
membrane potentials of single cells under a direct current and spike trains (native NEST models, on the grid),
potentials and recorded currents of cells under PyNN's current sources, and the first 100 ms of spikes of PyNN's own
VAbenchmarks network, CUBA form, the last two through pyNN.nest, as the pair rules of STDP; what learning synapses send
at given spikes, and weights of a clopath_synapse with the potential that it sees.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nest
import numpy as np

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(TESTS / "equivalence"))

import pair_rules  # noqa: E402

OUT = TESTS / "golden" / "nest"
DURATION, DT, DELAY = 1000.0, 0.1, 1.5

CELLS = {
    # our type: (NEST's model, weights of the two trains in pA or mV, extra parameters of NEST)
    "IF_curr_exp": ("iaf_psc_exp", (600.0, -400.0), {"tau_syn_ex": 5.0, "tau_syn_in": 8.0}),
    "IF_curr_alpha": ("iaf_psc_alpha", (500.0, -300.0), {"tau_syn_ex": 2.0, "tau_syn_in": 4.0}),
    "IF_curr_delta": ("iaf_psc_delta", (3.0, -2.0), {}),
}


def trains() -> tuple[np.ndarray, np.ndarray]:
    """Excitatory and inhibitory spike times in ms, on the grid."""
    rng = np.random.default_rng(20261121)
    excitatory = np.sort(rng.choice(np.arange(10, 9900), 220, replace=False))
    inhibitory = np.sort(rng.choice(np.arange(10, 9900), 60, replace=False))
    return np.round(excitatory * DT, 1), np.round(inhibitory * DT, 1)


def membrane_potential(model: str, weights: tuple[float, float], extra: dict[str, float]) -> tuple[np.ndarray, ...]:
    """v at 0, dt, ..., and spike times, of one cell that gets both trains and a direct current of 400 pA from 0 on."""
    nest.ResetKernel()
    nest.resolution = DT
    cell = nest.Create(
        model,
        params={
            "C_m": 1000.0, "tau_m": 20.0, "E_L": -65.0, "V_th": -50.0, "V_reset": -65.0, "t_ref": 2.0, "I_e": 400.0,
            "V_m": -65.0, **extra,
        },
    )  # fmt: skip
    for times, weight in zip(trains(), weights, strict=True):
        source = nest.Create("spike_generator", params={"spike_times": times})
        nest.Connect(source, cell, syn_spec={"weight": weight, "delay": DELAY})
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": DT})
    recorder = nest.Create("spike_recorder")
    nest.Connect(meter, cell, syn_spec={"delay": DT})
    nest.Connect(cell, recorder, syn_spec={"delay": DT})
    nest.Simulate(DURATION + 1.0)
    v = np.concatenate([[-65.0], meter.events["V_m"]])[: round(DURATION / DT) + 1]
    spikes = recorder.events["times"]
    return v, spikes[spikes <= DURATION]


STDP = {"tau_plus": 15.0, "lambda": 0.02, "alpha": 1.25, "Wmax": 2.0}
ADDITIVE = {**STDP, "mu_plus": 0.0, "mu_minus": 0.0}
TRIPLET = {
    "tau_plus": 15.0, "tau_plus_triplet": 60.0, "Aplus": 0.004, "Aminus": 0.02, "Aplus_triplet": 0.006,
    "Aminus_triplet": 0.004, "Wmax": 2.0,
}  # fmt: skip
SYNAPSES = {
    # our model: (NEST's, its parameters)
    "SpikePairRule_Additive": ("stdp_synapse", ADDITIVE),
    "SpikePairRule_Multiplicative": ("stdp_synapse", {**STDP, "mu_plus": 1.0, "mu_minus": 1.0}),
    "SpikePairRule_AdditivePotentiationMultiplicativeDepression": (
        "stdp_synapse",
        {**STDP, "mu_plus": 0.0, "mu_minus": 1.0},
    ),
    "SpikePairRule_Gutig": ("stdp_synapse", {**STDP, "mu_plus": 0.4, "mu_minus": 0.6}),
    "Vogels2011Rule_Additive": ("vogels_sprekeler_synapse", {"tau": 30.0, "alpha": 0.54, "eta": 0.004, "Wmax": 2.0}),
    "TsodyksMarkramSynapse": ("tsodyks_synapse", {"U": 0.3, "tau_rec": 100.0, "tau_fac": 80.0, "tau_psc": 5.0}),
    "TsodyksMarkramSynapse_depressing": (
        "tsodyks_synapse",
        {"U": 0.6, "tau_rec": 200.0, "tau_fac": 0.0, "tau_psc": 3.0},
    ),
    "TripletSTDPSynapse": ("stdp_triplet_synapse", TRIPLET),
    "SymmetricNearestSTDPSynapse": ("stdp_nn_symm_synapse", ADDITIVE),
    "PresynapticCentredSTDPSynapse": ("stdp_nn_pre_centered_synapse", ADDITIVE),
    "ReducedSymmetricSTDPSynapse": ("stdp_nn_restr_synapse", ADDITIVE),
    "RewardModulatedSTDPSynapse": (
        "stdp_dopamine_synapse",
        # a baseline below zero stands for dopamine that does not change
        {"tau_plus": 15.0, "tau_c": 40.0, "A_plus": 0.4, "A_minus": 0.5, "b": -5e-3, "Wmax": 2.0},
    ),
}
DENDRITIC = 15
"""Delay of the learning synapses in steps, all of it dendritic as always in NEST."""


APART = ("ReducedSymmetricSTDPSynapse",)
"""Compared at trains without coincidences. NEST's counts a post-synaptic spike that coincides with a pre-synaptic one
as between that and the last, but does not pair it; here it is neither."""


def synapses() -> dict[str, np.ndarray]:
    """Steps at which spikes pass and at which post-synaptic ones arrive, and what each rule sends at each passage.

    The trains hold coincidences at the synapse, those of `post_apart` none. A pre-synaptic spike is the first of all:
    NEST's rules of nearest neighbours take the beginning of the simulation for one.
    """
    rng = np.random.default_rng(20261122)
    pre = np.sort(rng.choice(np.arange(20, 6000), 150, replace=False))
    post = np.union1d(rng.choice(np.arange(20, 6000), 150, replace=False), pre[::10] - DENDRITIC)
    pre = np.union1d(pre, [20])
    apart = np.setdiff1d(post, pre - DENDRITIC)
    recorded = {"pre": pre, "post": post + DENDRITIC, "post_apart": apart + DENDRITIC}
    for ours, (model, parameters) in SYNAPSES.items():
        recorded[ours] = passages(model, parameters, pre, apart if ours in APART else post)
    return recorded


def passages(model: str, parameters: dict[str, float], pre: np.ndarray, post: np.ndarray) -> np.ndarray:
    """What is sent at each passage; both cells spike in the given steps.

    The post-synaptic cell has a tau_minus of 30 ms and a tau_minus_triplet of 90 ms.
    """
    nest.ResetKernel()
    nest.resolution = DT
    cells = nest.Create("parrot_neuron", 2, params={"tau_minus": 30.0, "tau_minus_triplet": 90.0})
    for cell, steps in zip(cells, (pre, post), strict=True):
        # a parrot repeats a step after the generator
        times = np.round((steps - 1) * DT, 1)
        nest.Connect(nest.Create("spike_generator", params={"spike_times": times}), cell, syn_spec={"delay": DT})
    recorder = nest.Create("weight_recorder")
    if model == "stdp_dopamine_synapse":
        parameters = {**parameters, "volume_transmitter": nest.Create("volume_transmitter")}
    nest.CopyModel(model, "learning", {"weight_recorder": recorder, **parameters})
    synapse = {"synapse_model": "learning", "weight": 1.0, "delay": DENDRITIC * DT, "receptor_type": 1}
    nest.Connect(cells[0], cells[1], syn_spec=synapse)
    nest.Simulate(650.0)
    return recorder.events["weights"]


CLOPATH_CELLS = {
    # NEST's cell: (amplitude of the pulses in pA, extra parameters)
    "hh_psc_alpha_clopath": (1000.0, {}),
    "aeif_psc_delta_clopath": (8000.0, {"V_peak": 20.0, "V_clamp": 33.0, "t_clamp": 2.0}),
}
CLOPATH_STEPS = (0.1, 0.025)
"""Time steps in ms: the rule is integrated to first order, here and there."""


def clopath() -> dict[str, np.ndarray]:
    """The potential of a cell at 0, dt, ..., and the weight of a clopath_synapse at each passage, by cell and dt.

    `passages` are the times at which the potential is seen, in ms; NEST's delays are dendritic.
    """
    delay = 1.0
    emitted = np.sort(np.random.default_rng(20261123).choice(np.arange(20, 195), 30, replace=False)).astype(float)
    recorded = {"passages": emitted - delay}
    for model in CLOPATH_CELLS:
        for dt in CLOPATH_STEPS:
            v, weights = clopath_weights(model, dt, emitted, delay)
            recorded[f"{model} {dt} v"] = v.astype(np.float32)
            recorded[f"{model} {dt} weights"] = weights
    return recorded


def clopath_weights(model: str, dt: float, emitted: np.ndarray, delay: float) -> tuple[np.ndarray, np.ndarray]:
    amplitude, extra = CLOPATH_CELLS[model]
    nest.ResetKernel()
    nest.resolution = dt
    cell = nest.Create(
        model,
        params={
            "theta_minus": -70.0, "theta_plus": -45.0, "A_LTD": 3e-4, "A_LTP": 2e-4, "A_LTD_const": True,
            "tau_u_bar_minus": 9.0, "tau_u_bar_plus": 6.0, "u_bar_minus": -70.0, "u_bar_plus": -70.0,
            "delay_u_bars": dt, **extra,
        },
    )  # fmt: skip
    starts = np.arange(10.0, 190.0, 15.0)
    pulses = {
        "amplitude_times": np.stack([starts, starts + 1.0], axis=1).ravel(),
        "amplitude_values": np.tile([amplitude, 0.0], len(starts)),
    }
    nest.Connect(nest.Create("step_current_generator", params=pulses), cell, syn_spec={"delay": dt})
    source = nest.Create("parrot_neuron")
    generator = nest.Create("spike_generator", params={"spike_times": np.round(emitted - dt, 3)})
    nest.Connect(generator, source, syn_spec={"delay": dt})
    recorder = nest.Create("weight_recorder")
    nest.CopyModel("clopath_synapse", "learning", {"weight_recorder": recorder, "tau_x": 12.0, "Wmax": 2.0})
    nest.Connect(source, cell, syn_spec={"synapse_model": "learning", "weight": 1.0, "delay": delay})
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": dt})
    nest.Connect(meter, cell, syn_spec={"delay": dt})
    at_rest = cell.V_m
    nest.Simulate(200.0)
    return np.concatenate([[at_rest], meter.events["V_m"]]), recorder.events["weights"]


def currents() -> dict[str, np.ndarray]:
    """Potential of a cell that never spikes, and the current as recorded, shape (time, source), over 100 ms.

    NEST's AC source acts one step late where it starts at t = 0, so none does here.
    """
    import pyNN.nest as sim

    sim.setup(timestep=DT, min_delay=DT)
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
    v = cells.get_data().segments[0].analogsignals[0].magnitude
    return {"v": v, "i": np.column_stack([source.get_data().magnitude.ravel() for source in sources])}


def pynn_pair_rules() -> dict[str, np.ndarray]:
    """What `tests/equivalence/pair_rules.py` gives: for each weight dependence the weights, and the spikes."""
    import pyNN.nest as sim

    recorded = {}
    for dependence in pair_rules.DEPENDENCES:
        recorded[dependence], recorded[f"{dependence} spikes"] = pair_rules.pair_rules(
            sim, dependence, spike_precision="on_grid"
        )
    return recorded


def vogels_abbott_cuba() -> np.ndarray:
    """(step, cell) of the spikes of the first 100 ms of PyNN's VAbenchmarks, CUBA."""
    import pyNN.nest as sim
    from pyNN.random import NumpyRNG, RandomDistribution

    sim.setup(timestep=0.1, min_delay=0.2, max_delay=1.0, spike_precision="on_grid")
    cell = sim.IF_curr_exp(
        tau_m=20.0, tau_syn_E=5.0, tau_syn_I=10.0, v_rest=-49.0, v_reset=-60.0, v_thresh=-50.0, cm=0.2, tau_refrac=5.0
    )
    excitatory, inhibitory = sim.Population(3200, cell), sim.Population(800, cell)
    rng = NumpyRNG(seed=98765, parallel_safe=True)
    potential = RandomDistribution("uniform", low=-60.0, high=-50.0, rng=rng)
    excitatory.initialize(v=potential)
    inhibitory.initialize(v=potential)
    connector = sim.FixedProbabilityConnector(0.02, rng=rng)
    weights = ((excitatory, 1e-3 * 0.27 * 60, "excitatory"), (inhibitory, 1e-3 * 4.5 * -20, "inhibitory"))
    for pre, weight, receptor in weights:
        for post in (excitatory, inhibitory):
            sim.Projection(pre, post, connector, sim.StaticSynapse(weight=weight, delay=0.2), receptor_type=receptor)
    for population in (excitatory, inhibitory):
        population.record("spikes")
    sim.run(100.0)
    rows = []
    for offset, population in ((0, excitatory), (3200, inhibitory)):
        for train in population.get_data().segments[0].spiketrains:
            index = offset + int(train.annotations["source_index"])
            rows += [(round(float(t) / 0.1), index) for t in train.magnitude]
    return np.array(sorted(rows), np.int32)


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    excitatory, inhibitory = trains()
    for name, (model, weights, extra) in CELLS.items():
        v, spikes = membrane_potential(model, weights, extra)
        np.savez_compressed(OUT / f"{name}.npz", v=v, spikes=spikes, excitatory=excitatory, inhibitory=inhibitory)
        print(f"{name}: {len(spikes)} spikes, v in {v.min():.2f}..{v.max():.2f} mV")
    np.savez_compressed(OUT / "currents.npz", **currents())
    np.savez_compressed(OUT / "synapses.npz", **synapses())
    np.savez_compressed(OUT / "clopath.npz", **clopath())
    np.savez_compressed(OUT / "pair_rules.npz", **pynn_pair_rules())
    spikes = vogels_abbott_cuba()
    np.savez_compressed(OUT / "vogels_abbott_cuba.npz", spikes=spikes)
    print(f"CUBA: {len(spikes)} spikes in 100 ms")


if __name__ == "__main__":
    main()
