"""With threads='auto', one thread or all of them run a network: whichever is faster, found out at little cost."""

from __future__ import annotations

import numpy as np
import pytest

from pynn_annarchy.engine.native_loop import WorkerChoice


def simulate(alone, together, n_steps=100_000, chunk=2000, first=0.05, noise=0.0, together_later=None):
    """Seconds that a run takes on a machine where a step costs so much on one thread, and on all of them."""
    rng = np.random.default_rng(5)
    choice, took, done = WorkerChoice(2, is_fixed=False), first, 0
    while done < n_steps:
        workers, n = choice.plan(min(chunk, n_steps - done))
        now = together if together_later is None or done < n_steps // 2 else together_later
        cost = (alone, now)[workers - 1] * (1 + noise * rng.random())
        seconds = n * cost + (first if done == 0 else 0.0)
        choice.observe(workers, n, seconds)
        took += n * cost
        done += n
    return took - first


@pytest.mark.parametrize("alone", [1e-6, 9e-6, 30e-6, 1e-3])
@pytest.mark.parametrize("ratio", [1.0, 1.1, 1.5, 4.0, 30.0])
def test_a_network_that_one_thread_runs_faster_is_not_slower_by_a_twentieth(alone, ratio):
    n_steps = int(2.0 / alone)

    assert simulate(alone, ratio * alone, n_steps) < 1.05 * n_steps * alone


@pytest.mark.parametrize("alone", [20e-6, 1e-3])
def test_a_network_that_all_threads_run_faster_gets_them(alone):
    n_steps = int(2.0 / alone)

    assert simulate(alone, 0.55 * alone, n_steps) < 1.05 * 0.55 * n_steps * alone


def test_noise_of_a_busy_machine_does_not_decide_for_long():
    alone, n_steps = 50e-6, 40_000

    assert simulate(alone, 1.3 * alone, n_steps, noise=0.5) < 1.06 * 1.25 * n_steps * alone


def test_what_becomes_faster_is_found_out():
    alone, n_steps = 50e-6, 200_000
    slow_half, fast_half = n_steps / 2 * alone, n_steps / 2 * 0.5 * alone

    assert simulate(alone, 2 * alone, n_steps, together_later=0.5 * alone) < 1.15 * (slow_half + fast_half)


def test_a_given_number_of_threads_is_taken():
    assert WorkerChoice(3, is_fixed=True).plan(7) == (3, 7)
    assert WorkerChoice(1, is_fixed=False).plan(7) == (1, 7)
