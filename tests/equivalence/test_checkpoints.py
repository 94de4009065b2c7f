"""A checkpoint that another network like it takes over goes on bit for bit (DESIGN D7, D15)."""

from __future__ import annotations

import io

import numpy as np
import pytest

from pynn_annarchy.exceptions import ModelError
from tests.equivalence.networks import NETWORKS, digest, learning, random_sources

SPLIT, END = 137, 300


def through_a_file(checkpoint):
    """The checkpoint as it comes back from a file that can hold nothing but arrays."""
    file = io.BytesIO()
    np.savez(file, **checkpoint)
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


@pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)
def test_what_goes_on_from_a_checkpoint_equals_an_uninterrupted_run(build, target):
    whole = build(target=target, threads=2)
    whole.run(END)

    first = build(target=target, threads=2)
    first.run(SPLIT)
    checkpoint = through_a_file(first.checkpoint())
    second = build(target=target, threads=2, seed=7)
    second.run(11)  # whatever it has done before is gone
    second.go_on_from(checkpoint)
    second.run(END - SPLIT)

    assert digest(second) == digest(whole)


def test_taking_a_checkpoint_changes_nothing(target):
    whole, interrupted = (learning(target=target) for _ in range(2))
    whole.run(END)
    interrupted.run(SPLIT)
    interrupted.checkpoint()
    interrupted.run(END - SPLIT)

    assert digest(interrupted) == digest(whole)


def test_a_checkpoint_of_another_network_is_refused_and_says_what_differs(target):
    checkpoint = learning(target=target).checkpoint()
    with pytest.raises(ModelError, match="checkpoint is of another network: it has"):
        random_sources(target=target).go_on_from(checkpoint)
    with pytest.raises(ModelError, match="taken with 1 threads: ask for as many, here there are 2"):
        learning(target=target, threads=2).go_on_from(checkpoint)
