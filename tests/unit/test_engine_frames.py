"""Inputs that change for all cells of a population together."""

from __future__ import annotations

import numpy as np
import pytest

from pynn_annarchy.engine.network import Network
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.spec import InputSpec, ModelSpec, Order
from pynn_annarchy.targets.compile import Options

COPY = ModelSpec(
    name="Copy",
    equations="r = shown\nq = other",
    inputs=(
        InputSpec("shown", "dimensionless", scheduled=True),
        InputSpec("other", "dimensionless", scheduled=True),
    ),
    order=Order.ANNARCHY,
)
OTHER = np.zeros(3)


@pytest.fixture(params=["cpp", "reference"])
def target(request):
    return request.param


def run(target, n_steps, threads=1, size=5, precision="double", **frames):
    """What the cells have seen in each step, shape (n_steps, size)."""
    network = Network(dt=0.5, seed=1, threads=threads, options=Options(target=target, precision=precision))
    cells = network.add_cells(COPY, size, {}, "copies")
    cells.set_frames(**frames)
    recorder = cells.record("r", np.arange(size), first=1)
    network.run(n_steps)
    return network, cells, recorder


def frames_of(size=5):
    shown = np.arange(1.0, 4.0)[:, None] + np.linspace(0, 0.5, size)
    return {"steps": np.array([2, 3, 6]), "values": {"shown": shown, "other": OTHER}}


@pytest.mark.parametrize("threads", [1, 3])
def test_a_frame_acts_from_its_step_until_the_next(target, threads):
    _, _, recorder = run(target, 9, threads, **frames_of())
    assert recorder.data()[:, 0].tolist() == [0, 0, 1, 2, 2, 2, 3, 3, 3]
    assert np.array_equal(recorder.data()[6], frames_of()["values"]["shown"][2])


def test_one_value_for_all_cells_is_spread(target):
    values = {"shown": np.array([1.0, 2.0]), "other": np.zeros(2)}
    _, _, recorder = run(target, 4, steps=np.array([0, 3]), values=values)
    assert recorder.data().tolist() == [[1.0] * 5] * 3 + [[2.0] * 5]


def test_with_a_period_frames_begin_anew_and_those_beyond_it_never_act(target):
    _, _, recorder = run(target, 12, period=5, **frames_of())
    assert recorder.data()[:, 0].tolist() == [0, 0, 1, 2, 2, 2, 2, 1, 2, 2, 2, 2]


def test_frames_that_are_given_later_count_from_then(target):
    network, cells, recorder = run(target, 4, **frames_of())
    cells.set_frames(**frames_of())
    network.run(4)
    assert recorder.data()[:, 0].tolist() == [0, 0, 1, 2, 0, 0, 1, 2]


def test_a_reset_begins_with_the_first_frame(target):
    network, cells, recorder = run(target, 4, **frames_of())
    cells.set_frames(**frames_of())
    network.reset()
    network.run(4)
    assert recorder.data()[:, 0].tolist() == [0, 0, 1, 2]


def test_single_precision_rounds_what_is_shown(target):
    values = {"shown": np.array([0.1]), "other": np.zeros(1)}
    _, cells, _ = run(target, 2, precision="single", steps=np.array([0]), values=values)
    assert cells.state("r")[0] == np.float32(0.1)


def test_wrong_shapes_and_times_are_refused():
    network = Network(dt=0.5, seed=1)
    cells = network.add_cells(COPY, 5, {}, "copies")
    with pytest.raises(ModelError, match=r"'shown' of 'copies' takes values of the shape \(3, 5\) or \(3,\)"):
        cells.set_frames(np.array([0, 1, 2]), {"shown": np.zeros((3, 4)), "other": OTHER})
    with pytest.raises(ModelError, match="must ascend from 0 on"):
        cells.set_frames(np.array([0, 2, 1]), {"shown": OTHER, "other": OTHER})
