"""One network, one seed: the same bits on any number of threads, either target, in one run or many (DESIGN D6, D7)."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from tests.equivalence.networks import CELL_TYPES, NETWORKS, STEPS, changed_between_runs, digest, run

every_network = pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)
every_cell_type = pytest.mark.parametrize("build", CELL_TYPES.values(), ids=CELL_TYPES)


@every_network
def test_the_number_of_threads_does_not_change_a_bit(build, target):
    digests = {digest(run(build, threads=threads, target=target)) for threads in (1, 2, 3, 4)}

    assert len(digests) == 1


@every_network
@pytest.mark.parametrize("precision", ["double", "single"])
def test_the_reference_gives_the_bits_of_compiled_code(build, precision):
    options = {"precision": precision}

    assert digest(run(build, target="cpp", **options)) == digest(run(build, target="reference", **options))


@every_cell_type
@pytest.mark.parametrize("precision", ["double", "single"])
def test_every_cell_type_gives_the_same_bits_on_either_target_and_any_number_of_threads(build, precision):
    digests = {digest(run(build, precision=precision, target="cpp", threads=threads)) for threads in (1, 2, 3, 4)}

    assert digests == {digest(run(build, precision=precision, target="reference"))}


@pytest.mark.parametrize("build", [*NETWORKS.values(), *CELL_TYPES.values()], ids=[*NETWORKS, *CELL_TYPES])
def test_networks_of_the_suite_spike(build):
    net = run(build, target="cpp")

    for population in net.populations:
        if getattr(population, "spike_recorder", None) is not None:
            assert len(population.spike_recorder.spikes()[0]) > 10, population.label


@every_network
def test_a_run_in_pieces_equals_one_run(build, target):
    assert digest(run(build, (1, 99, 300), target=target)) == digest(run(build, target=target))


@every_network
def test_reset_with_the_same_noise_repeats_every_bit(build, target):
    net = run(build, target=target)
    first = digest(net)
    net.reset(repeat_noise=True)
    net.run(STEPS)

    assert digest(net) == first


def test_reset_draws_new_noise_unless_asked_not_to(target):
    net = run(NETWORKS["heterogeneous"], target=target)
    first = digest(net)
    net.reset()
    net.run(STEPS)

    assert digest(net) != first


def test_another_seed_gives_other_noise(target):
    assert digest(run(NETWORKS["IF_cond_exp"], target=target)) != digest(
        run(NETWORKS["IF_cond_exp"], target=target, seed=43)
    )


@pytest.mark.skipif(not shutil.which("clang++"), reason="clang++ is not installed")
@every_network
def test_another_compiler_gives_the_same_bits(build):
    assert digest(run(build, target="cpp", compiler="clang++")) == digest(run(build, target="cpp", compiler="g++"))


@pytest.mark.parametrize("target", ["cpp", "reference"])
def test_changes_between_runs_give_the_same_bits_on_every_target_and_number_of_threads(target):
    net = changed_between_runs(target=target, threads=3)

    assert digest(net) == digest(changed_between_runs(target="cpp", threads=1))


def test_samples_taken_between_two_barriers_are_those_of_the_reference():
    def sampled(**options):
        net = NETWORKS["distant"](**options)
        cells, others = net.populations[:2]
        recorders = [others.record("v", np.arange(4, 25)), others.record("isyn_exc", np.array([2]), every=3)]
        if options["threads"] > 1:
            recorders.append(cells.record("v", np.arange(5, 1100, 40)))
        for steps in (5, 300, 1, 44):
            net.run(steps)
        return [recorder.data().tolist() for recorder in recorders]

    expected = sampled(target="reference", threads=2)

    assert sampled(target="cpp", threads=2) == expected
    assert sampled(target="cpp", threads=1) == expected[:2]


def test_new_delays_leave_spikes_under_way_alone(target):
    """A spike emitted before `set` arrives when it was due; one emitted after it arrives by the new delay."""

    def arrival_steps(change_at):
        net = NETWORKS["heterogeneous"](target=target)
        pre, post = net.populations[2], net.populations[0]
        pre.set_all({0: [1.0, 10.0], 1: [], 2: []})
        for synapses in net.projections:
            synapses.set("weight", 0.0)
        builder = net.connect(pre, post, "excitatory", net.projections[0].spec, "probe")
        builder.add([0], [9], 0.01, 50)
        probe = builder.finish()
        recorder = post.record("gsyn_exc", np.array([9]))
        net.run(change_at)
        probe.set("delay", 2.0)
        net.run(200 - change_at)
        g = recorder.data()[:, 0]
        return np.flatnonzero(np.diff(g) > 0) + 1

    assert arrival_steps(20).tolist() == [10 + 50, 100 + 20]
