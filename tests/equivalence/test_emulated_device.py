"""The kernels of a device, run by the CPU: the bits of the target 'cpp', in whatever order lanes and blocks take turns.

The emulation bars the device's memory to all but kernels and copies, and fills it with a pattern: what is not copied,
or not written, or depends on an order, shows here (DESIGN D12).
"""

from __future__ import annotations

import functools
from itertools import product

import numpy as np
import pytest

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.spec import Kind, ModelSpec, ParameterSpec
from pynn_annarchy.standardmodels.source_specs import SPIKE_SOURCE_POISSON
from pynn_annarchy.standardmodels.specs import IF_COND_EXP, IF_CURR_EXP, STATIC_SYNAPSE
from pynn_annarchy.standardmodels.synapse_specs import ADDITIVE, spike_pair
from pynn_annarchy.targets.device import EMULATIONS
from tests.equivalence.networks import CELL_TYPES, NETWORKS, STEPS, changed_between_runs, digest, network, run
from tests.equivalence.test_random_sessions import data_of

pytestmark = pytest.mark.compiler

PLASTIC = spike_pair(ADDITIVE)
ALL = {**NETWORKS, **CELL_TYPES}
every_network = pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)
in_every_order = pytest.mark.parametrize("device", EMULATIONS)


@functools.cache
def on_the_cpu(build, precision="double"):
    """The digest that a device must give."""
    return digest(run(build, target="cpp", precision=precision))


@in_every_order
@pytest.mark.parametrize("build", ALL.values(), ids=ALL)
def test_every_network_gives_the_bits_of_the_cpu(build, device):
    assert digest(run(build, target="cuda", device=device)) == on_the_cpu(build)


@every_network
def test_every_network_gives_the_bits_of_the_cpu_in_single_precision(build):
    options = {"target": "cuda", "device": "emulated-shuffled", "precision": "single"}

    assert digest(run(build, **options)) == on_the_cpu(build, "single")


@every_network
def test_a_run_in_pieces_gives_the_bits_of_one_run(build):
    pieces = (1, 1, 98, 173, 127)

    assert digest(run(build, pieces, target="cuda", device="emulated-reverse")) == on_the_cpu(build)


def asked_in(net, steps):
    """What a run of so many steps asks of the device."""
    before = net.device().requests
    net.run(steps)
    return {name: after - before[name] for name, after in net.device().requests.items()}


@pytest.mark.parametrize("name", ["IF_cond_exp", "random sources", "learning"])
def test_steps_in_which_the_host_has_nothing_to_do_are_repeated_as_a_whole(name):
    net = NETWORKS[name](target="cuda", device="emulated")
    net.run(STEPS // 2)

    assert asked_in(net, STEPS // 2)["repetitions"] > STEPS // 20


@pytest.mark.parametrize("n_populations", [2, 6])
def test_a_step_takes_as_many_launches_however_many_populations_there_are(n_populations):
    net = network(target="cuda", device="emulated")
    cells = [net.add_cells(IF_CURR_EXP, 10, {}, f"cells {k}") for k in range(n_populations)]
    for pre, post in product(cells, cells):
        builder = net.connect(pre, post, "excitatory", STATIC_SYNAPSE, "all to all")
        builder.add(*np.divmod(np.arange(100), 10), np.full(100, 0.1), np.full(100, 3))
        builder.finish()
    for population in cells:
        population.record_spikes(np.arange(10))
        population.record("v", np.arange(10))
    net.run(1)

    # spikes are delivered, cells updated, and all that is recorded is taken
    assert asked_in(net, 1)["launches"] == 3


def plastic(**options):
    """Cells that spike often, and whose spikes change the synapses that they have, and those of rare sources."""
    rng, net = np.random.default_rng(5), network(**options)
    cells = net.add_cells(
        IF_CURR_EXP, 30, {"tau_refrac": 0.5, "tau_m": 5.0, "i_offset": np.linspace(2.5, 40.0, 30)}, "cells"
    )
    noise = net.add_cells(SPIKE_SOURCE_POISSON, 20, {"rate": 30.0}, "noise")
    for pre, dendritic in ((cells, 0.5), (noise, 0.0)):
        builder = net.connect(pre, cells, "excitatory", PLASTIC, f"of {pre.label}", dendritic)
        chosen = np.nonzero(rng.random((pre.size, cells.size)) < 0.4)
        n = len(chosen[0])
        builder.add(*chosen, rng.uniform(0.1, 0.3, n), rng.choice([1, 2, 15, 40], n))
        builder.finish().set("w_max", 0.4)
    return net


def test_a_plastic_step_takes_two_launches_more_however_many_projections_there_are():
    net = plastic(target="cuda", device="emulated")
    net.run(1)

    # what is due passes, cells of two models are updated, spikes are remembered, and lists emptied
    assert asked_in(net, 1)["launches"] == 5


def test_plastic_weights_stay_on_the_device_until_somebody_reads_them():
    net = plastic(target="cuda", device="emulated")
    net.run(1)

    asked = asked_in(net, 50)

    assert asked["uploaded"] == 0 and asked["downloaded"] < 1000
    assert asked["repetitions"] >= 12
    before = net.device().requests["downloaded"]
    first, second = net.projections[0].get("weight"), net.projections[0].get("weight")
    assert (first == second).all()
    assert net.device().requests["downloaded"] - before >= first.nbytes


@in_every_order
def test_synapses_are_caught_up_on_the_device_where_cells_spike_more_often_than_it_keeps(device):
    """The fastest cell spikes hundreds of times, some of the sources not at all."""

    def weights(**options):
        net = plastic(**options)
        net.populations[0].record_spikes(np.arange(30))
        net.run(STEPS), net.run(3 * STEPS)
        index, _ = net.populations[0].spike_recorder.spikes()
        assert np.bincount(index).max() > 5 * 32
        return [synapses.get("weight").tolist() for synapses in net.projections]

    assert weights(target="cuda", device=device) == weights(target="cpp")


def plastic_life(seed, **options):
    """What is read of a plastic network, which is changed between short runs, and all of its weights at the end."""
    net, rng, seen = plastic(**options), np.random.default_rng(seed), []
    cells, noise = net.populations
    of_cells, of_noise = net.projections
    spec_variables = [name for name in of_cells.state.names if name != "weight"]

    def delayed():
        """Of synapses that learn, where no spike is under way."""
        try:
            of_noise.set("delay", rng.integers(1, 40) * 0.1)
        except ModelError as refused:
            seen.append(str(refused))

    def saved():
        seen.append(can_be_saved(net))

    asked = [
        lambda: seen.append(of_cells.get("weight").tolist()),
        lambda: seen.append([of_noise.get(name).tolist() for name in spec_variables]),
        lambda: of_cells.set("weight", rng.uniform(0.05, 0.3, of_cells.n)),
        lambda: of_noise.set("weight", 0.2, rng.permutation(of_noise.n)[:5]),
        lambda: of_cells.set("tau_plus", rng.uniform(10, 30)),
        lambda: of_noise.set("A_minus", rng.uniform(0.005, 0.02, of_noise.n)),
        delayed,
        lambda: cells.set_state("v", rng.uniform(-65, -50, 5), rng.permutation(30)[:5]),
        lambda: seen.append(cells.state("v").tolist()),
        lambda: noise.set("rate", rng.uniform(10, 300)),
        lambda: net.clear_spikes(noise),
        saved,
    ]
    for _ in range(50):
        net.run(int(rng.integers(1, 25)))
        if rng.random() < 0.6:
            asked[int(rng.integers(len(asked)))]()
    return seen, [synapses.get("weight").tolist() for synapses in net.projections], cells.state("v").tolist()


@pytest.mark.parametrize("seed", range(9))
def test_a_plastic_network_lives_on_a_device_as_it_does_on_the_cpu(seed):
    device = list(EMULATIONS)[seed % len(EMULATIONS)]

    assert plastic_life(seed, target="cuda", device=device) == plastic_life(seed, target="cpp")


def unrecorded(**options):
    """Cells that spike, and hear of it late."""
    net = network(**options)
    cells = net.add_cells(IF_COND_EXP, 40, {"i_offset": 1.0}, "cells")
    cells.set_initial("v", np.linspace(-65.0, -50.0, 40))
    noise = net.add_cells(SPIKE_SOURCE_POISSON, 40, {"rate": 300.0}, "noise")
    for pre, delay in ((cells, 60), (noise, 1)):
        builder = net.connect(pre, cells, "excitatory", STATIC_SYNAPSE, pre.label)
        builder.add(*np.divmod(np.arange(1600), 40), np.full(1600, 1e-3), np.full(1600, delay))
        builder.finish()
    return net


def test_what_nobody_reads_or_changes_stays_on_the_device():
    net = unrecorded(target="cuda", device="emulated")
    net.run(1)

    asked = asked_in(net, 50)

    assert asked["uploaded"] == 0 and asked["downloaded"] < 1000  # what kernels say of failures, chunk by chunk
    assert asked["repetitions"] >= 12  # spikes of the run before are under way there, too


def test_what_is_read_or_changed_is_copied_alone():
    net = unrecorded(target="cuda", device="emulated")
    net.run(50)
    before = net.device().requests
    cells = net.populations[0]
    cells.state("v"), cells.state("v")

    assert net.device().requests["downloaded"] - before["downloaded"] == 40 * 8
    assert asked_in(net, 10)["uploaded"] == 0
    cells.set_state("v", -60.0, np.arange(3))
    assert asked_in(net, 10)["uploaded"] == 40 * 8


def test_pulling_and_pushing_copy_at_once_what_else_is_copied_when_it_is_asked_for():
    net = unrecorded(target="cuda", device="emulated")
    net.run(50)
    net.pull()
    before = net.device().requests
    first = [net.populations[0].state(name) for name in ("v", "gsyn_exc")]
    assert net.device().requests == before
    net.populations[0].set_state("v", first[0] + 1.0)
    net.push()

    assert net.device().requests["uploaded"] - before["uploaded"] == 40 * 8


def can_be_saved(net):
    """Whether a checkpoint is taken; not while spikes are under way on synapses that others have replaced."""
    try:
        net.checkpoint()
    except ModelError:
        return False
    return True


def lived(seed, **options):
    """All states after many short runs, between which they are read and changed, and spikes are asked for."""
    net, rng, seen = unrecorded(**options), np.random.default_rng(seed), []
    cells, noise = net.populations
    asked = [
        lambda: seen.append(cells.state("v").tolist()),
        lambda: seen.append(noise.state("left").tolist()),
        lambda: cells.set_state("v", rng.uniform(-65, -50, 5), rng.permutation(40)[:5]),
        lambda: cells.set_state("gsyn_exc", 0.0),
        lambda: cells.set("tau_m", rng.uniform(10, 20)),
        lambda: net.projections[0].set("weight", rng.uniform(1e-4, 2e-3)),
        lambda: net.projections[0].set("delay", rng.integers(1, 60) * 0.1),
        lambda: net.clear_spikes(cells),
        lambda: seen.append(can_be_saved(net)),
        lambda: cells.record("v", np.arange(2)),
    ]
    for _ in range(60):
        net.run(int(rng.integers(1, 9)))
        if rng.random() < 0.6:
            asked[int(rng.integers(len(asked)))]()
    return [*seen, *([cells.state(name).tolist() for name in cells.variable_names])], [
        recorder.data().tolist() for recorder in cells.signals
    ]


@pytest.mark.parametrize("seed", range(6))
def test_reading_and_changing_between_short_runs_sees_and_gives_what_it_does_on_the_cpu(seed):
    device = list(EMULATIONS)[seed % len(EMULATIONS)]

    assert lived(seed, target="cuda", device=device) == lived(seed, target="cpp")


@every_network
def test_reset_with_the_same_noise_repeats_every_bit(build):
    net = run(build, target="cuda", device="emulated-shuffled")
    first = digest(net)
    net.reset(repeat_noise=True)
    net.run(STEPS)

    assert digest(net) == first


@in_every_order
def test_whatever_changes_between_runs_reaches_the_device(device):
    assert digest(changed_between_runs(target="cuda", device=device)) == digest(changed_between_runs(target="cpp"))


def growing(**options):
    """What a synapse sends grows beyond all bounds; returns the step, what is said of it, states and recordings."""
    spec = ModelSpec(
        name="Growing",
        kind=Kind.SYNAPSE,
        parameters=(ParameterSpec("weight", 0.0),),
        pre_spike="g_target += weight * exp(t)",
    )
    net = network(**options)
    cells = net.add_cells(IF_CURR_EXP, 10, {}, "cells")
    source = net.add_cells(SPIKE_SOURCE_POISSON, 10, {"rate": 2000.0}, "source")
    builder = net.connect(source, cells, "excitatory", spec, "growing")
    builder.add(*np.divmod(np.arange(100), 10), np.full(100, 1e-6), np.full(100, 1))
    builder.finish()
    source.record_spikes(np.arange(10))
    recorder = cells.record("v", np.arange(10))
    with pytest.raises(ModelError, match="larger than 1024 times") as caught:
        net.run(STEPS)
    steps, index = source.spike_recorder.events()
    recorded = steps.tolist(), index.tolist(), recorder.data().tolist()
    return net.step, str(caught.value), cells.state("v").tolist(), recorded


@in_every_order
def test_the_step_that_fails_is_the_last_one(device):
    assert growing(target="cuda", device=device) == growing(target="cpp")


def recorded(**options):
    """Spikes and samples of some cells, taken in several pieces."""
    net = NETWORKS["IF_cond_exp"](**options)
    cells = net.populations[0]
    recorders = [cells.record("v", np.arange(3, 40, 5)), cells.record("gsyn_exc", np.arange(cells.size), every=7)]
    for steps in (33, 200, 1):
        net.run(steps)
    index, times = cells.spike_recorder.spikes()
    return [index.tolist(), times.tolist(), *(recorder.data().tolist() for recorder in recorders)]


@in_every_order
def test_what_is_recorded_is_that_of_the_cpu(device):
    assert recorded(target="cuda", device=device) == recorded(target="cpp")


def busy(**options):
    """Sources that spike in nearly every step, so that their spikes take all the room there is for them, and cells."""
    net = network(**options)
    noise = net.add_cells(SPIKE_SOURCE_POISSON, 12, {"rate": 50_000.0}, "noise")
    cells = net.add_cells(IF_CURR_EXP, 9, {"i_offset": np.linspace(0.5, 5.0, 9), "tau_refrac": 0.3}, "cells")
    builder = net.connect(noise, cells, "excitatory", STATIC_SYNAPSE, "noise")
    builder.add(*np.divmod(np.arange(108), 9), np.full(108, 0.01), np.full(108, 3))
    builder.finish()
    return net


def recorded_at_length(**options):
    """What is read between runs that end anywhere in the room for records, which is filled hundreds of times."""
    net = busy(**options)
    noise, cells = net.populations
    noise.record_spikes(np.arange(12)), cells.record_spikes(np.arange(0, 9, 2))
    recorders = [cells.record("v", np.arange(9)), cells.record("isyn_exc", np.array([1, 5]), every=3)]
    seen = []
    for steps in (1, 40, 700, 13, 500, 1200, 3):
        net.run(steps)
        for population in net.populations:
            index, times = population.spike_recorder.spikes()
            seen.append((index.tolist(), times.tolist()))
        seen.append([recorder.data().tolist() for recorder in recorders])
        if steps == 500:
            cells.spike_recorder.clear(), recorders[0].clear()
    return seen


@in_every_order
def test_long_recordings_that_are_read_between_runs_are_those_of_the_cpu(device):
    assert recorded_at_length(target="cuda", device=device) == recorded_at_length(target="cpp")


def test_what_is_recorded_is_copied_while_the_device_does_the_next_steps():
    net = busy(target="cuda", device="emulated")
    noise, cells = net.populations
    noise.record_spikes(np.arange(12))
    cells.record("v", np.arange(9))
    net.run(1)
    before = len(noise.spike_recorder.spikes()[0])

    asked = asked_in(net, STEPS)

    recorded = STEPS * 9 * 8  # bytes of samples; each spike takes 16, whatever their number in a step
    steps, index = noise.spike_recorder.events()
    recorded += 16 * len(set(zip(steps[before:], index[before:], strict=True)))
    assert 0.95 * recorded < asked["alongside"] < recorded < asked["downloaded"]


@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_of_changes_gives_the_data_of_the_cpu(seed):
    device = list(EMULATIONS)[seed % len(EMULATIONS)]

    assert data_of(seed, target="cuda", device=device) == data_of(seed, target="cpp", threads=1)


@pytest.mark.parametrize("name", ["IF_cond_exp", "heterogeneous", "driven", "learning", "clocked synapses"])
@pytest.mark.parametrize("first, second", [("cpp", "cuda"), ("cuda", "cpp"), ("cuda", "cuda")])
def test_a_checkpoint_goes_on_where_another_target_has_taken_it(name, first, second):
    def made(target):
        return NETWORKS[name](target=target, device="emulated-shuffled")

    taken = made(first)
    taken.run(STEPS // 2)
    going_on = made(second)
    going_on.go_on_from(taken.checkpoint())
    going_on.run(STEPS - STEPS // 2)

    assert digest(going_on) == on_the_cpu(NETWORKS[name])
