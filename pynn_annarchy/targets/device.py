"""What compiles for a device: nvcc, found, asked what it can, its flags probed once; or the C++ compiler."""

from __future__ import annotations

import ctypes
import functools
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pynn_annarchy.exceptions import TargetUnavailable, warn
from pynn_annarchy.targets import cache, toolchain
from pynn_annarchy.targets.toolchain import Toolchain

EMULATIONS = {"emulated": 0, "emulated-reverse": 1, "emulated-shuffled": 2}
"""Names of devices that the CPU plays, and in which order it takes lanes and blocks (`cuda/abi.h`)."""

FLAGS = (
    "-x",
    "cu",
    "-std=c++17",
    "-O3",
    "-shared",
    "-fmad=false",  # as of the CPU: fma only where the text says so
    "-prec-div=true",
    "-prec-sqrt=true",
    "-ftz=false",
    "-Werror=cross-execution-space-call",  # else a kernel leaves out what it cannot call
    f"-Xcompiler={','.join(flag for flag in toolchain.FLAGS if flag.startswith('-f'))}",
)
INEXACT = frozenset({
    "-use_fast_math", "--use_fast_math", "-fmad=true", "--fmad=true", "-ftz=true", "--ftz=true", "-prec-div=false",
    "--prec-div=false", "-prec-sqrt=false", "--prec-sqrt=false",
})  # fmt: skip
"""Flags that change results."""

_INSTALLED = "/usr/local/cuda/bin/nvcc"
"""Where NVIDIA's own installation puts it."""

_WITHOUT_DEVICE = (9, 0)
"""Compute capability that code is compiled for where there is nothing to run it on."""
_MAJOR, _MINOR = 75, 76  # attributes of a device in NVIDIA's driver
_ADVICE = "use target='cpp'; device='emulated' runs the same code on the CPU, slowly"


def find_toolchain(device: int | str, compiler: str | None = None, user_flags: tuple[str, ...] = ()) -> Toolchain:
    """What compiles for a device: its number, or the name of an emulation.

    Args:
        compiler: nvcc; None for $NVCC, $CUDA_HOME/bin/nvcc, that of the PATH, or the one in /usr/local/cuda. For an
            emulation the C++ compiler.

    Raises:
        TargetUnavailable: there is none, it compiles nothing, or nothing for this device, or it refuses a flag.
    """
    if isinstance(device, str):
        return toolchain.emulation(compiler, user_flags)
    wanted = compiler or os.environ.get("NVCC")
    candidates = [shlex.split(wanted)] if wanted else [[path] for path in _usual_places()]
    found = [(path, *words[1:]) for words in candidates if (path := shutil.which(words[0]))]
    if not found:
        what = f"the compiler '{wanted}' was not found" if wanted else "no CUDA toolkit was found: there is no nvcc"
        raise TargetUnavailable(
            f"{what}; install the CUDA toolkit, name its nvcc with setup(compiler=...), or {_ADVICE}"
        )
    command = found[0]
    return _probe(command, _architecture(command, device), user_flags)


def _usual_places() -> Iterator[str]:
    if home := os.environ.get("CUDA_HOME"):
        yield str(Path(home, "bin", "nvcc"))
    yield "nvcc"
    yield _INSTALLED


def _architecture(command: tuple[str, ...], device: int) -> str:
    """The newest that both the compiler and the device know: what a device is newer than, it compiles for itself."""
    capability = _capability(device)
    known = _known_capabilities(command)
    if not known:
        raise TargetUnavailable(f"'{' '.join(command)}' is no CUDA compiler: name nvcc, or {_ADVICE}")
    usable = [other for other in known if other <= capability]
    if not usable:
        major, minor = capability
        raise TargetUnavailable(
            f"'{' '.join(command)}' has no code for devices as old as this one, of compute capability {major}.{minor}: "
            f"install an older CUDA toolkit, or {_ADVICE}"
        )
    major, minor = max(usable)
    return f"sm_{major}{minor}"


def _known_capabilities(command: tuple[str, ...]) -> list[tuple[int, int]]:
    """Compute capabilities that nvcc compiles for; none where the command is another compiler."""
    told = subprocess.run([*command, "--list-gpu-code"], capture_output=True, text=True, check=False).stdout
    numbers = (word.removeprefix("sm_") for word in told.split() if word.startswith("sm_"))
    return [divmod(int(number), 10) for number in numbers if number.isdigit()]


def _capability(device: int) -> tuple[int, int]:
    """Compute capability of a device, as NVIDIA's driver tells it."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return _WITHOUT_DEVICE
    handle, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    failed = driver.cuInit(0) or driver.cuDeviceGet(ctypes.byref(handle), device)
    failed = failed or driver.cuDeviceGetAttribute(ctypes.byref(major), _MAJOR, handle)
    failed = failed or driver.cuDeviceGetAttribute(ctypes.byref(minor), _MINOR, handle)
    # What is wrong with the device is told in words when it is opened.
    return _WITHOUT_DEVICE if failed else (major.value, minor.value)


@functools.cache
def _probe(command: tuple[str, ...], architecture: str, user_flags: tuple[str, ...]) -> Toolchain:
    """nvcc with its flags; whether it accepts them is asked once and then remembered with the compiled models."""
    shown = " ".join(command)
    version = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False).stdout
    surroundings = [
        f"{name}={os.environ.get(name, '')}" for name in ("NVCC_CCBIN", "NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS")
    ]
    if INEXACT.intersection(user_flags):
        warn("compiler_flags ask for fast mathematics: results will differ from those of the CPU")
    flags = (*FLAGS, f"-arch={architecture}")
    name = cache.key("nvcc", Path(__file__).read_text(), *command, version, *surroundings, *flags, "with", *user_flags)
    tools = cache.load(f"{name}.tools")
    if isinstance(tools, Toolchain):
        return tools
    if error := _refusal((*command, *flags)):
        raise TargetUnavailable(
            f"'{shown}' does not compile a CUDA program ({error}); install what it lacks, or {_ADVICE}"
        )
    if user_flags and (error := _refusal((*command, *flags, *user_flags))):
        raise TargetUnavailable(f"'{shown}' does not accept the compiler_flags {' '.join(user_flags)} ({error})")
    tools = Toolchain(command, "\n".join([version, *surroundings]), (*flags, *user_flags), ".cu")
    cache.store(f"{name}.tools", tools)
    return tools


def _refusal(command: tuple[str, ...]) -> str:
    """What a compiler says against a small program; nothing where it compiles it."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.cu")
        source.write_text("__global__ void probe(double* x) { *x += 1.0; }\nvoid run() { probe<<<1, 1>>>(nullptr); }\n")
        built = subprocess.run(
            [*command, str(source), "-o", str(Path(folder, "probe.so"))], capture_output=True, text=True, check=False
        )
    if built.returncode == 0:
        return ""
    lines = [line.strip() for line in (built.stderr + built.stdout).splitlines() if line.strip()]
    return next((line for line in lines if "error" in line.lower()), lines[0] if lines else "it says nothing")
