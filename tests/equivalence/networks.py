"""Networks of the equivalence suite, built on the engine, and the digest that must never change with how they run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pynn_annarchy.engine.cells import Cells
from pynn_annarchy.engine.currents import Table
from pynn_annarchy.engine.network import Network
from pynn_annarchy.model.compose import compose
from pynn_annarchy.model.spec import Kind, ModelSpec, ParameterSpec, ReceptorSpec
from pynn_annarchy.standardmodels import plasticity_specs, synapse_specs
from pynn_annarchy.standardmodels.bodies import ADEXP
from pynn_annarchy.standardmodels.parts import COND_ALPHA, COND_BETA, CURR_EXP
from pynn_annarchy.standardmodels.source_specs import (
    SPIKE_SOURCE_GAMMA,
    SPIKE_SOURCE_INH_GAMMA,
    SPIKE_SOURCE_POISSON,
    SPIKE_SOURCE_POISSON_REFRACTORY,
)
from pynn_annarchy.standardmodels.specs import (
    EIF_COND_ALPHA_ISFA_ISTA,
    EIF_COND_EXP_ISFA_ISTA,
    ELECTRICAL_SYNAPSE,
    HH_COND_EXP,
    IF_COND_ALPHA,
    IF_COND_EXP,
    IF_COND_EXP_GSFA_GRR,
    IF_CURR_ALPHA,
    IF_CURR_DELTA,
    IF_CURR_EXP,
    IF_FACETS_HARDWARE1,
    IZHIKEVICH,
    STATIC_SYNAPSE,
    gif_cond_exp,
)
from pynn_annarchy.targets.compile import Options

STEPS = 400

NOISY_RESET = ModelSpec(
    name="NoisyReset",
    parameters=(ParameterSpec("drive", -45.0), ParameterSpec("spread", 2.0)),
    equations="dv/dt = (drive - v)/10 + 0.5*Normal(0.0, 1.0) : unless_refractory\ndw/dt = -w/50\nrest = rest : init=1",
    spike="v >= -50",
    reset="v = -60 + spread*Normal(0.0, 1.0)\nw += Uniform(0.0, 1.0)\nrest = 0.5 + w",
    refractory="rest",
    receptors=(ReceptorSpec("excitatory", "v += input"), ReceptorSpec("inhibitory", "v += input")),
)
"""What follows a spike draws, and says how long the cell rests."""

COMPOSED = compose("PointNeuron", ADEXP, {"A": COND_BETA, "B": CURR_EXP, "C": COND_ALPHA})


def digest(network: Network) -> str:
    """BLAKE2 of the spikes sorted by (step, population, index) and of all final state bits (DESIGN D7)."""
    rows = []
    for population in network.populations:
        if isinstance(population, Cells) and population.spike_recorder is not None:
            index, times = population.spike_recorder.spikes()
            steps = np.rint(times / network.dt).astype(np.int64)
            rows.append(np.stack([steps, np.full(len(steps), population.number), index], axis=1))
    spikes = np.concatenate(rows)
    spikes = spikes[np.lexsort(spikes.T[::-1])]
    hashed = hashlib.blake2b(np.ascontiguousarray(spikes, np.int64).tobytes(), digest_size=16)
    for population in network.populations:
        if isinstance(population, Cells):
            for name in sorted(population.variable_names):
                hashed.update(np.ascontiguousarray(population.sample(name)).tobytes())
    for synapses in network.projections:
        for name in sorted(synapses.state.names):
            hashed.update(np.ascontiguousarray(synapses.get(name)).tobytes())
    return hashed.hexdigest()


def network(**options) -> Network:
    """A network at dt 0.1 ms whose spikes will all be recorded; options of Network and of its target."""
    ours = {key: options.pop(key) for key in ("threads", "seed") if key in options}
    return Network(dt=0.1, **{"seed": 42, "threads": 1, **ours}, options=Options(**options))


def random_synapses(net, pre, post, receptor, rng, probability, weight, delay, label):
    """Connects at random; weight and delay (steps) are called with the number of synapses."""
    builder = net.connect(pre, post, receptor, STATIC_SYNAPSE, label)
    chosen = rng.random((pre.size, post.size)) < probability
    pre_index, post_index = np.nonzero(chosen)
    n = len(pre_index)
    builder.add(pre_index, post_index, weight(n), delay(n))
    return builder.finish()


def record_all(net):
    for population in net.populations:
        if isinstance(population, Cells):
            population.record_spikes(np.arange(population.size))


def balanced(spec, excitatory_weight, inhibitory_weight, **parameters) -> Callable[..., Network]:
    """A balanced random network of one cell type, driven by Poisson sources."""

    def build(**options) -> Network:
        rng = np.random.default_rng(3)
        net = network(**options)
        excitatory = net.add_cells(spec, 160, parameters, "exc")
        inhibitory = net.add_cells(spec, 40, parameters, "inh")
        noise = net.add_cells(SPIKE_SOURCE_POISSON, 50, {"rate": 400.0}, "noise")
        for cells in (excitatory, inhibitory):
            cells.set_initial("v", rng.uniform(-65.0, -50.0, cells.size))
            random_synapses(
                net, noise, cells, cells.receptors[0], rng, 0.2,
                lambda n: np.full(n, 2 * excitatory_weight), lambda n: np.full(n, 15), "noise",
            )  # fmt: skip
            random_synapses(
                net, excitatory, cells, cells.receptors[0], rng, 0.1,
                lambda n: rng.uniform(0.5, 1.5, n) * excitatory_weight, lambda n: rng.integers(1, 60, n), "exc",
            )  # fmt: skip
            random_synapses(
                net, inhibitory, cells, cells.receptors[-1], rng, 0.2,
                lambda n: rng.uniform(0.5, 1.5, n) * inhibitory_weight, lambda n: rng.integers(1, 4, n), "inh",
            )  # fmt: skip
        record_all(net)
        return net

    return build


def heterogeneous(**options) -> Network:
    """Every parameter different in every cell, several spikes of a source in a step, two synapses between one pair."""
    rng = np.random.default_rng(5)
    net = network(**options)
    cells = net.add_cells(
        IF_COND_EXP,
        70,
        {
            "tau_m": rng.uniform(5, 30, 70), "tau_refrac": rng.uniform(0, 5, 70), "e_rev_I": rng.uniform(-90, -70, 70),
            "tau_syn_E": rng.uniform(0.2, 8, 70), "i_offset": rng.uniform(0, 1, 70),
            "v_thresh": rng.uniform(-55, -50, 70),
        },
        "cells",
    )  # fmt: skip
    noise = net.add_cells(SPIKE_SOURCE_POISSON, 20, {"rate": rng.uniform(0, 30_000, 20)}, "noise")
    source = net.add_spike_source(3, "source")
    source.set_all({0: [0.0, 0.1, 5.0, 5.0, 5.0], 1: [3.14159], 2: np.arange(1, 30, 0.7)})
    random_synapses(
        net,
        noise,
        cells,
        "excitatory",
        rng,
        0.3,
        lambda n: rng.uniform(0, 2e-3, n),
        lambda n: rng.integers(1, 200, n),
        "n",
    )
    random_synapses(
        net,
        source,
        cells,
        "inhibitory",
        rng,
        0.5,
        lambda n: rng.uniform(0, 0.05, n),
        lambda n: rng.integers(1, 9, n),
        "s",
    )
    builder = net.connect(cells, cells, "inhibitory", STATIC_SYNAPSE, "twice")
    builder.add([0, 0, 1, 1], [5, 5, 6, 6], [0.01, 0.02, 0.03, 0.03], [7, 3, 1, 1])
    builder.finish()
    pulse = net.add_current(Table(np.array([50, 120]), np.array([0.7, 0.0])), "pulse")
    cells.inject(pulse, np.array([1, 2, 3]))
    record_all(net)
    return net


def random_sources(**options) -> Network:
    """Every random source, in some cells with several spikes a step; changing laws, windows of activity."""
    rng = np.random.default_rng(7)
    net = network(**options)
    alpha = np.geomspace(0.05, 30, 40)
    sources = [
        net.add_cells(SPIKE_SOURCE_POISSON, 40, {"rate": np.geomspace(5, 60_000, 40)}, "Poisson"),
        net.add_cells(
            SPIKE_SOURCE_POISSON_REFRACTORY,
            40,
            {"rate": np.linspace(20, 180, 40), "tau_refrac": 5.0, "start": rng.uniform(0, 10, 40)},
            "refractory",
        ),
        net.add_cells(
            SPIKE_SOURCE_GAMMA,
            40,
            {"alpha": alpha, "beta": alpha * np.geomspace(1e4, 10, 40), "duration": rng.uniform(0, 60, 40)},
            "gamma",
        ),
    ]
    tabled = net.add_cells(SPIKE_SOURCE_INH_GAMMA, 40, {"start": 1.0}, "tabled")
    for cell in range(40):
        n = 1 + cell % 7
        times = np.sort(rng.uniform(0, 40, n))
        tabled.set_tables({cell: {"times": times, "a": rng.uniform(0.3, 9, n), "b": 10 ** rng.uniform(-4, -2, n)}})
    sources.append(tabled)
    cells = net.add_cells(IF_COND_EXP, 30, {}, "cells")
    for source in sources:
        random_synapses(
            net, source, cells, "excitatory", rng, 0.2,
            lambda n: rng.uniform(0, 1e-3, n), lambda n: rng.integers(1, 20, n), source.label,
        )  # fmt: skip
    record_all(net)
    return net


def scaled_synapses(**options) -> Network:
    """A synapse type of the user's own with a parameter that all synapses share, changed in mid-run by the caller."""
    spec = ModelSpec(
        name="Scaled",
        kind=Kind.SYNAPSE,
        parameters=(ParameterSpec("weight", 0.0), ParameterSpec("scale", 2.0, locality="global")),
        pre_spike="g_target += scale * weight * exp(-weight/dt)",
    )
    net = network(**options)
    cells = net.add_cells(IF_CURR_EXP, 40, {"i_offset": 0.6}, "cells")
    source = net.add_cells(SPIKE_SOURCE_POISSON, 30, {"rate": 500.0}, "source")
    builder = net.connect(source, cells, "excitatory", spec, "scaled")
    pre, post = np.nonzero(np.random.default_rng(1).random((30, 40)) < 0.3)
    builder.add(pre, post, 0.3 + 0.01 * pre, 1 + pre % 7)
    builder.finish()
    record_all(net)
    return net


LEARNING = (
    synapse_specs.spike_pair(synapse_specs.ADDITIVE),
    synapse_specs.spike_pair(synapse_specs.GUTIG),
    synapse_specs.vogels_2011(synapse_specs.MULTIPLICATIVE),
    synapse_specs.TSODYKS_MARKRAM,
    synapse_specs.STOCHASTIC_TSODYKS_MARKRAM,
    synapse_specs.MULTI_QUANTAL,
    plasticity_specs.TRIPLET,
    plasticity_specs.NEAREST_TRIPLET,
    plasticity_specs.SYMMETRIC_NEAREST,
    plasticity_specs.PRESYNAPTIC_CENTRED,
    plasticity_specs.REDUCED_SYMMETRIC,
    plasticity_specs.TSODYKS_MARKRAM_STDP,
    plasticity_specs.REWARD_MODULATED,
    ModelSpec(
        name="Everything",
        kind=Kind.SYNAPSE,
        parameters=(ParameterSpec("weight", 0.0), ParameterSpec("tau", 15.0), ParameterSpec("rate", 0.01)),
        equations=(
            "dx/dt = -x/tau : event-driven\ndslow/dt = x/tau - slow/50 : event-driven\n"
            "dy/dt = (1 - y)/tau : event-driven, init=0.5, max=3\ndboth/dt = -both/tau : event-driven"
        ),
        pre_spike=(
            "weight -= rate*y*Uniform(0, 1) : min=0, max=1, unless_post\n"
            "g_target += weight*(1 + slow)*exp(-(t - t_post)/tau)\nx += 1\nslow = slow\nboth += x"
        ),
        post_spike="weight += rate*(x + slow + both)*Normal(1, 0.1)\ny += 1\nboth += exp(-(t - t_pre)/tau)",
    ),
)
"""Of each kind of PyNN's rules one, all others that act at spikes, and one with all that the language has."""

VISIBLE = {"eta": 0.02, "dopamine": 20.0, "A3_plus": 1e-4}
"""Values with which weights change within a run, but do not all come to their bounds."""


def learning(**options) -> Network:
    """Synapses that learn, in their own order of delays, with all of the delay before, after and around the synapse;
    cells that spike in bursts drive them. Half of the projections have parameters for each synapse.
    """
    rng = np.random.default_rng(11)
    net = network(**options)
    source = net.add_cells(SPIKE_SOURCE_POISSON, 8, {"rate": 300.0}, "source")
    cells = net.add_cells(IF_CURR_EXP, 10, {"i_offset": 0.9, "tau_refrac": 0.5, "tau_m": 5.0}, "cells")
    for number, spec in enumerate(LEARNING):
        for pre, is_each in ((source, False), (cells, True)):
            dendritic = (0.0, 0.3, 0.5, 1.0)[(number + is_each) % 4]
            builder = net.connect(pre, cells, "excitatory", spec, f"{spec.name} {is_each}", dendritic)
            chosen = np.nonzero(rng.random((pre.size, cells.size)) < 0.3)
            n = len(chosen[0])
            builder.add(*chosen, rng.uniform(0.2, 0.8, n), rng.choice([1, 4, 10, 30], n))
            synapses = builder.finish()
            for name in VISIBLE.keys() & synapses.parameters.keys():
                synapses.set(name, VISIBLE[name])
            if is_each:
                name, value = next(item for item in synapses.parameters.items() if item[0].startswith("tau"))
                synapses.set(name, value * rng.uniform(0.5, 2.0, n))
    record_all(net)
    return net


CLOCKED = ModelSpec(
    name="Clocked",
    kind=Kind.SYNAPSE,
    parameters=(ParameterSpec("weight", 0.01), ParameterSpec("tau", 10.0), ParameterSpec("eta", 0.1)),
    equations="""
        dx/dt = -x/tau : event-driven
        dlow/dt = (post.v + 65 - low)/tau
        dcalcium/dt = eta*x*low - calcium*(1 + 0.1*low**2)/20
        noise = Normal(0, post.cm)
        dweight/dt = 1e-6*calcium - 1e-3*weight + 1e-6*noise : min=0, max=0.02
    """,
    pre_spike="""
        x += Uniform(0.5, 1)
        waited = t - max(t_pre, t_post) : init=0
        g_target += weight*ite(waited < 1, 0.5, 1)
    """,
    post_spike="weight += 1e-4*x*exp((t_pre - t)/tau)\nseen = pre.v - post.v : init=0\nlast = t_post : init=0",
)
"""Whatever a synapse may do: see its cells, advance, draw, and answer spikes of both sides."""


def gap_junctions(**options) -> Network:
    """Cells of two types coupled in both directions, one of them with injected currents, and delayed transmission."""
    rng = np.random.default_rng(11)
    net = network(**options)
    ours = net.add_cells(IF_CURR_EXP, 70, {"i_offset": rng.uniform(2.0, 4.0, 70)}, "LIF")
    others = net.add_cells(IZHIKEVICH, 33, {"i_offset": rng.uniform(0.0, 0.02, 33)}, "Izhikevich")
    for label, pre, post, weight, longest in (
        ("within", ours, ours, 0.01, 1), ("there", ours, others, 1e-5, 7), ("back", others, ours, 0.01, 7),
    ):  # fmt: skip
        builder = net.connect(pre, post, "i_inj", ELECTRICAL_SYNAPSE, label)
        chosen = np.nonzero(rng.random((pre.size, post.size)) < 0.6)
        n = len(chosen[0])
        builder.add(*chosen, rng.uniform(0, weight, n), rng.integers(1, longest + 1, n))
        builder.finish()
    ours.inject(net.add_current(Table(np.array([50, 120]), np.array([0.7, 0.0])), "pulse"), np.array([1, 2, 3]))
    random_synapses(
        net, ours, ours, "inhibitory", rng, 0.1, lambda n: np.full(n, -0.1), lambda n: np.full(n, 15), "spikes"
    )  # fmt: skip
    record_all(net)
    return net


def clocked_synapses(**options) -> Network:
    """Synapses that do everything at once, and voltage-based STDP, between cells that send several spikes in a step."""
    rng = np.random.default_rng(13)
    net = network(**options)
    cells = net.add_cells(IF_COND_EXP, 50, {"i_offset": 1.2, "cm": rng.uniform(0.8, 1.2, 50)}, "cells")
    noise = net.add_cells(SPIKE_SOURCE_POISSON, 20, {"rate": 200.0}, "noise")
    silent = replace(CLOCKED, name="ClockedOneSided", post_spike=CLOCKED.post_spike.replace("pre.v", "t"))
    for pre, spec in ((cells, CLOCKED), (noise, silent)):
        builder = net.connect(pre, cells, "excitatory", spec, pre.label)
        chosen = np.nonzero(rng.random((pre.size, 50)) < 0.4)
        n = len(chosen[0])
        tau = {"tau": rng.uniform(5, 20, n)} if pre is cells else {}
        builder.add(*chosen, rng.uniform(0, 0.002, n), rng.integers(1, 30, n), **tau)
        builder.add([0, 0], [5, 5], [0.01, 0.02], [7, 3], **{name: np.array([9.0, 8.0]) for name in tau})
        builder.finish()
    voltage = net.connect(noise, cells, "excitatory", plasticity_specs.CLOPATH, "voltage")
    pre, post = np.nonzero(rng.random((20, 50)) < 0.4)
    voltage.add(pre, post, 0.005, rng.integers(1, 30, len(pre)))
    by_voltage = voltage.finish()
    for name, value in {"theta_minus": -65.0, "theta_plus": -55.0, "w_max": 0.01, "A_LTP": 1e-2, "A_LTD": 1e-3}.items():
        by_voltage.set(name, value)
    mean = replace(
        ELECTRICAL_SYNAPSE,
        name="MeanGap",
        psp="0.05*(pre.v - post.v) + weight*Uniform(0, 1)",
        operation="mean",
    )
    builder = net.connect(cells, cells, "i_inj", mean, "mean")
    builder.add(*np.nonzero(rng.random((50, 50)) < 0.9), 0.1, 1)
    builder.finish()
    for operation in ("max", "min"):
        spec = replace(ELECTRICAL_SYNAPSE, name=operation, psp="1e-3*weight*(pre.v + 60)", operation=operation)
        builder = net.connect(cells, cells, "i_inj", spec, operation)
        builder.add(*np.nonzero(rng.random((50, 50)) < 0.05), 1.0, 2)
        builder.finish()
    record_all(net)
    return net


def driven(**options) -> Network:
    """Sources of several spikes a step, of which each drives one cell; some are recorded, some do other things, too."""
    rng = np.random.default_rng(17)
    net = network(**options)
    for number, (rate, delay, is_recorded) in enumerate(((9e3, 15, False), (25e3, 1, True), (120e3, 4, False))):
        sources = net.add_cells(SPIKE_SOURCE_POISSON, 50, {"rate": rate, "duration": 31.27}, f"sources {number}")
        cells = net.add_cells(IF_CURR_EXP, 50, {}, f"cells {number}")
        builder = net.connect(sources, cells, "excitatory", STATIC_SYNAPSE, f"drive {number}")
        builder.add(np.arange(50), np.arange(50), np.full(50, 1500 / rate), np.full(50, delay))
        builder.finish()
        cells.record_spikes(np.arange(50))
        if is_recorded:
            sources.record_spikes(np.arange(0, 50, 3))
        if number == 2:
            random_synapses(
                net, sources, cells, "inhibitory", rng, 0.2,
                lambda n: rng.uniform(-1e-3, 0, n), lambda n: rng.integers(1, 20, n), "others",
            )  # fmt: skip
    return net


def distant(**options) -> Network:
    """All delays of several steps: partitions do as many before they hear of each other. More cells than are updated
    together; synapses in all the ways in which they lie; spikes that are counted; samples in between.
    """
    rng = np.random.default_rng(23)
    net = network(**options)
    cells = net.add_cells(IF_COND_EXP, 1100, {"i_offset": rng.uniform(0.2, 0.9, 1100)}, "cells")
    others = net.add_cells(IF_CURR_EXP, 30, {"i_offset": 0.4}, "others")
    drive = net.add_cells(SPIKE_SOURCE_POISSON, 1100, {"rate": 3000.0}, "drive")
    noise = net.add_cells(SPIKE_SOURCE_POISSON, 20, {"rate": 300.0, "duration": 25.0}, "noise")
    given = net.add_spike_source(3, "given")
    given.set_all({k: np.arange(0.5 + k, 40.0, 1.7) for k in range(3)})
    for each in (cells, others):
        each.set_initial("v", rng.uniform(-65.0, -50.0, each.size))
    builder = net.connect(drive, cells, "excitatory", STATIC_SYNAPSE, "drive")
    builder.add(np.arange(1100), np.arange(1100), np.full(1100, 0.002), np.full(1100, 7))
    builder.finish()
    for pre, post, receptor, weight in (
        (cells, cells, "excitatory", 2e-4), (cells, others, "excitatory", 2e-3), (others, cells, "inhibitory", 0.01),
        (noise, others, "excitatory", 0.1),
    ):  # fmt: skip
        random_synapses(
            net, pre, post, receptor, rng, 0.1,
            lambda n, each=weight: rng.uniform(0.5, 1.5, n) * each, lambda n: rng.choice([7, 8, 12, 30], n), "random",
        )  # fmt: skip
    for number in range(70):
        builder = net.connect(given, others, "excitatory", STATIC_SYNAPSE, f"small {number}")
        builder.add([number % 3], [number % 30], number / 128, 7 + number % 5)
        builder.finish()
    record_all(net)
    return net


NETWORKS: dict[str, Callable[..., Network]] = {
    "IF_curr_exp": balanced(IF_CURR_EXP, 0.4, -1.0, i_offset=0.5),
    "IF_curr_alpha": balanced(IF_CURR_ALPHA, 0.8, -2.0, i_offset=0.5, tau_syn_E=1.0),
    "IF_curr_delta": balanced(IF_CURR_DELTA, 0.8, -2.0, i_offset=0.5),
    "IF_cond_exp": balanced(IF_COND_EXP, 0.01, 0.05, i_offset=0.5),
    "IF_cond_alpha": balanced(IF_COND_ALPHA, 0.02, 0.1, i_offset=0.5, tau_syn_E=1.0),
    "heterogeneous": heterogeneous,
    "random sources": random_sources,
    "driven": driven,
    "distant": distant,
    "own synapse": scaled_synapses,
    "learning": learning,
    "gap junctions": gap_junctions,
    "clocked synapses": clocked_synapses,
}

CELL_TYPES: dict[str, Callable[..., Network]] = {
    "IF_cond_exp_gsfa_grr": balanced(IF_COND_EXP_GSFA_GRR, 0.02, 0.05, i_offset=1.5),
    "IF_facets_hardware1": balanced(IF_FACETS_HARDWARE1, 0.001, 0.005, v_rest=-54.0),
    "EIF_cond_exp_isfa_ista": balanced(EIF_COND_EXP_ISFA_ISTA, 0.01, 0.05, i_offset=0.8),
    "EIF_cond_alpha_isfa_ista": balanced(EIF_COND_ALPHA_ISFA_ISTA, 0.005, 0.02, i_offset=0.8, v_spike=0.0),
    "HH_cond_exp": balanced(HH_COND_EXP, 0.02, 0.05, i_offset=0.3),
    "Izhikevich": balanced(IZHIKEVICH, 2.0, -2.0, i_offset=0.01),
    "GIF_cond_exp": balanced(gif_cond_exp(2, 1), 0.01, 0.05, i_offset=0.8, v_t_star=-55.0, lambda0=10.0),
    "NoisyReset": balanced(NOISY_RESET, 0.8, -2.0),
    "PointNeuron": balanced(COMPOSED, 0.01, 0.05, i_offset=0.8),
}
"""Networks of the other cell types, which differ from those above in nothing but the cells."""


def run(build: Callable[..., Network], pieces: tuple[int, ...] = (STEPS,), **options) -> Network:
    """A network after so many steps, in as many runs as there are pieces."""
    net = build(**options)
    for steps in pieces:
        net.run(steps)
    return net


def changed_between_runs(**options) -> Network:
    """Delays, weights, parameters and states set while spikes are under way."""
    net = run(heterogeneous, (100,), **options)
    cells, noise = net.populations[:2]
    net.projections[0].set("delay", np.linspace(0.1, 9.0, net.projections[0].n))
    net.projections[1].set("weight", 0.3)
    net.run(37)
    net.projections[1].set("delay", 0.4)
    cells.set("tau_m", 11.0, np.arange(10))
    cells.set_state("v", -60.0, np.arange(30, 40))
    noise.set("rate", 5000.0)
    net.run(100)
    return net
