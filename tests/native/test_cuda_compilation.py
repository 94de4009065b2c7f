"""nvcc compiles every model of the package for an H200, hardly spilling registers.

Where there is no nvcc these tests are skipped; nothing is run, so that no device is needed. The host's part is compiled
without optimisation, which takes half of the time; it is that of the target 'cpp'.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest

from pynn_annarchy.exceptions import TargetUnavailable
from pynn_annarchy.kernels.ir import CellKernel, ClockedKernel, Kernel, LearningKernel, SynapseKernel
from pynn_annarchy.targets import toolchain
from pynn_annarchy.targets.compile import PRECISIONS, Options, Storage, generate
from pynn_annarchy.targets.cpp import module_text
from pynn_annarchy.targets.device import EMULATIONS, find_toolchain
from tests.native.standard_models import standard_models

pytestmark = [pytest.mark.slow, pytest.mark.compiler]

AT_ONCE = 2
SPILLED = re.compile(r"(\d+) bytes spill stores")
MOST_SPILLED = 256
"""Bytes a lane. Rules that learn have some 600 in local arrays anyway, which the L1 cache keeps; cells spill none."""
VARIANTS: dict[type[Kernel], list[tuple[Storage, str]]] = {
    CellKernel: [(Storage.PER_ELEMENT, "double")],
    SynapseKernel: list(product([Storage.SHARED], PRECISIONS)),
    LearningKernel: [(Storage.PER_ELEMENT, "double")],
    ClockedKernel: [(Storage.SHARED, "double")],
}
"""The modules that take most registers; all of them together take minutes."""
FURTHER = {"SpikeSourcePoisson": [(Storage.SHARED, "double")], "IF_cond_exp": [(Storage.SHARED, "single")]}
"""What only shared parameters bring: numbers drawn by a law for all cells, forms of a step."""


@pytest.fixture(scope="module")
def command():
    """nvcc with the flags of its modules."""
    try:
        tools = find_toolchain(0)
    except TargetUnavailable as error:
        pytest.skip(str(error))
    flags = (flag for flag in tools.flags if flag != "-O3")
    return [*tools.command, *flags, "-O0", "-Xptxas=-v", "-I", str(toolchain.include_directory())]


def modules(kind: type[Kernel]) -> Iterator[tuple[str, str]]:
    """Title and text of every module of the models of that kind."""
    for spec in standard_models()[kind]:
        for storage, precision in (*VARIANTS[kind], *FURTHER.get(spec.name, ())):
            kernel = generate(spec, storage, Options(precision=precision)).kernel
            text = module_text(kernel, storage is Storage.SHARED, precision, "fingerprint", "", for_device=True)
            yield f"{spec.name}, {storage.value}, {precision}", text


def complaints(command: list[str], folder: Path, number: int, title: str, text: str) -> str:
    """What nvcc has against a module; nothing where it is well."""
    source = folder / f"{number}.cu"
    source.write_text(text)
    told = subprocess.run(
        [*command, source, "-o", folder / f"{number}.so"], capture_output=True, text=True, check=False
    )
    errors = [line for line in told.stderr.splitlines() if "error" in line.lower()]
    spills = [found[0] for found in SPILLED.finditer(told.stderr) if int(found[1]) > MOST_SPILLED]
    wrong = errors + spills if told.returncode == 0 else errors or [told.stderr]
    return "\n".join([f"{title}:", *wrong[:3]]) if wrong else ""


@pytest.mark.parametrize("kind", VARIANTS)
def test_every_model_compiles_for_a_device_and_keeps_its_registers(kind, command, tmp_path):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = pool.map(lambda item: complaints(command, tmp_path, item[0], *item[1]), enumerate(modules(kind)))
        found = [complaint for complaint in told if complaint]

    assert not found, "\n".join(found)


def test_what_models_have_in_common_compiles(command, tmp_path):
    text = (toolchain.native_directory() / "src" / "device.cu").read_text()

    assert complaints(command, tmp_path, 0, "device.cu", text) == ""


def test_every_order_of_the_emulation_is_one_library():
    assert len({find_toolchain(name).identity for name in EMULATIONS}) == 1
