"""Ctrl-C during a run: it stops between two steps, keeps what was recorded, and the simulation can go on."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from numpy.testing import assert_array_equal

import pynn_annarchy as sim


@pytest.fixture(autouse=True)
def python_hears_of_ctrl_c():
    """As at a terminal: processes that a script has put into the background inherit that SIGINT is ignored."""
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, old)


def noisy_network(target, threads):
    sim.setup(timestep=0.1, target=target, threads=threads, seed=3)
    cells = sim.Population(40, sim.IF_cond_exp(i_offset=0.8))
    noise = sim.Population(40, sim.SpikeSourcePoisson(rate=500.0))
    sim.Projection(noise, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.01, delay=0.5))
    cells.record(["spikes", "v"])
    sim.run(0.1)
    return cells


def recorded(cells):
    (segment,) = cells.get_data().segments
    return segment.analogsignals[0].magnitude, [train.magnitude.tolist() for train in segment.spiketrains]


def press_ctrl_c_during_a_long_run(after):
    timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        sim.run(1e6)
    timer.join()


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_keeps_all_data_and_the_run_can_go_on(target, threads):
    cells = noisy_network(target, threads)
    for after in (0.05, 0.13):
        press_ctrl_c_during_a_long_run(after)
        v, spikes = recorded(cells)
        assert len(v) == round(sim.get_current_time() / 0.1) + 1
        assert max(train[-1] for train in spikes if train) <= sim.get_current_time()
    end = sim.run(5.0)
    v, spikes = recorded(cells)

    uninterrupted = noisy_network(target, threads)
    sim.run(end - 0.1)
    expected_v, expected_spikes = recorded(uninterrupted)
    assert_array_equal(v, expected_v)
    assert spikes == expected_spikes


def test_the_users_own_handler_of_ctrl_c_is_called_and_stays(target):
    cells = noisy_network(target, 1)
    heard = []

    def handler(number, frame):
        heard.append(number)
        raise TimeoutError

    old = signal.signal(signal.SIGINT, handler)
    try:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(TimeoutError):
            sim.run(1e6)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, old)
    assert heard == [signal.SIGINT]
    assert len(recorded(cells)[0]) == round(sim.get_current_time() / 0.1) + 1


def test_a_run_in_another_thread_leaves_the_handling_of_signals_alone(target):
    noisy_network(target, 1)
    ended = []
    thread = threading.Thread(target=lambda: ended.append(sim.run(1.0)))
    thread.start()
    thread.join()
    assert ended == [pytest.approx(1.1)]
