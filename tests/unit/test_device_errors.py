"""What a script is told where a device cannot do what is asked of it, and that it can go on with the CPU.

An emulated device can lack what real ones lack: $PYNN_ANNARCHY_EMULATION says what (`native/src/device.cu`).
"""

from __future__ import annotations

import gc

import numpy as np
import pytest

import pynn_annarchy as sim
from pynn_annarchy.engine import _binding
from pynn_annarchy.engine.cuda_loop import open_device
from pynn_annarchy.engine.device_errors import device_error
from pynn_annarchy.exceptions import CompilationError, ModelError, TargetUnavailable
from pynn_annarchy.targets.compile import Options, device_library

pytestmark = pytest.mark.compiler

EMULATED = Options("cuda", device="emulated")
STEPS_KEPT = 7
"""Of which an emulated device keeps what is recorded, before the host takes it."""


@pytest.fixture
def played(monkeypatch):
    """Lets the emulated device be one with these shortcomings."""

    def play(text):
        monkeypatch.setenv("PYNN_ANNARCHY_EMULATION", text)

    return play


def simulated(size=100, **options):
    """Potentials of some cells after 5 ms."""
    sim.setup(timestep=0.1, **options)
    cells = sim.Population(size, sim.IF_cond_exp(i_offset=np.linspace(0, 2, size)))
    cells.record(["spikes", "v"])
    sim.Projection(cells, cells, sim.FixedNumberPreConnector(5), sim.StaticSynapse(weight=0.01, delay=1.0))
    sim.run(5.0)
    return cells.get_data().segments[0].analogsignals[0].magnitude.tolist()


@pytest.mark.parametrize(
    ("shortcoming", "error", "message"),
    [
        ("devices=0", TargetUnavailable, "no CUDA-capable device .*; install NVIDIA's driver .*, or use target='cpp'"),
        ("driver=old", TargetUnavailable, "driver version is insufficient .*; update NVIDIA's driver, .*target='cpp'"),
        (
            "memory=10000",
            ModelError,
            r"does not fit into the memory of the device .* MiB .*precision='single', or use t",
        ),
    ],
)
def test_a_device_that_lacks_something_is_an_error_after_which_the_script_goes_on(played, shortcoming, error, message):
    played(shortcoming)
    with pytest.raises(error, match=message) as caught:
        simulated(target="cuda", device="emulated")
    assert "\n" not in str(caught.value) and type(caught.value) is error

    assert simulated(target="cpp") == simulated(target="cpp", threads=1)


def test_a_device_that_is_not_there_is_told_from_those_that_are(played):
    played("devices=2")
    path = str(device_library(EMULATED))

    assert _binding.Device(path, 1, 0).name == "emulated device"
    with pytest.raises(TargetUnavailable, match=r"devices found: 2\); devices are numbered from 0, choose one"):
        _binding.Device(path, 2, 0)


def test_what_a_device_is_like_can_be_asked(played):
    played("memory=1000000")

    device = open_device(EMULATED)

    assert (device.name, device.memory, device.capability) == ("emulated device", 1_000_000, (9, 0))
    assert 0 < device.free_memory <= device.memory


def taken():
    """Bytes of the emulated device's memory."""
    gc.collect()
    device = open_device(EMULATED)
    return device.memory - device.free_memory


def test_a_network_gives_its_memory_back_when_the_next_simulation_begins(played):
    """Whoever still holds its populations can read them."""

    before = taken()
    sim.setup(target="cuda", device="emulated")
    cells = sim.Population(1000, sim.IF_cond_exp())
    cells.record("v")
    sim.run(1.0)
    during = taken()
    sim.setup(target="cpp")

    assert during > before + 1000 * 8 and taken() == before
    assert cells.get_data().segments[0].analogsignals[0].shape == (11, 1000)


def test_after_too_large_a_network_a_smaller_one_runs_on_the_same_device(played):
    played("memory=3000000")
    with pytest.raises(ModelError, match="does not fit"):
        simulated(10_000, target="cuda", device="emulated")

    assert simulated(target="cuda", device="emulated") == simulated(target="cpp")


def test_what_is_recorded_must_fit_into_the_devices_memory_twice(played):
    """One part is filled while the other one is copied."""

    def run(variables):
        sim.setup(target="cuda", device="emulated")
        cells = sim.Population(10_000, sim.IF_cond_exp())
        cells.record(variables)
        sim.run(1.0)

    run([])
    unrecorded, once = taken(), 8 * 10_000 * STEPS_KEPT
    run(["v"])
    assert unrecorded + 2 * once <= taken() < unrecorded + 2.5 * once
    sim.end()
    played(f"memory={int(unrecorded + 1.5 * once)}")
    with pytest.raises(ModelError, match=r"does not fit into the memory of the device .* MiB were taken, 2 MiB more"):
        run(["v"])
    run([])


@pytest.mark.parametrize("bytes_at_once", [0, 500, 3000])
def test_where_no_memory_can_be_locked_recordings_are_the_same(played, bytes_at_once):
    played(f"locked={bytes_at_once}")

    assert simulated(target="cuda", device="emulated") == simulated(target="cpp")


def test_a_library_that_cannot_be_loaded_is_named_with_the_way_out(tmp_path):
    broken = tmp_path / "device.so"
    broken.write_bytes(b"no library")
    with pytest.raises(CompilationError, match=rf"cannot be loaded \({broken}.*empty the folder .*or use target='cpp'"):
        _binding.Device(str(broken), 0, 0)


def test_a_second_library_of_the_emulation_finds_memory_beside_the_first(tmp_path):
    first = open_device(EMULATED)
    copy = tmp_path / "device.so"
    copy.write_bytes(device_library(EMULATED).read_bytes())

    assert [_binding.Device(str(copy), 0, 0).name, first.name] == ["emulated device"] * 2


@pytest.mark.parametrize("code", [0, 2, 3, 35, 46, 100, 101, 222, 700])
def test_every_error_of_a_device_is_one_sentence_with_the_way_out(code):
    text = str(device_error("the device 'H200' could not run kernels: said the driver", code))

    assert "said the driver" in text and "use target='cpp'" in text and "\n" not in text
