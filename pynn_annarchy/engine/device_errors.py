"""What a device or its driver refuses, as an error that names the way out."""

from __future__ import annotations

from pynn_annarchy.exceptions import AnnarchyError, CompilationError, ModelError, TargetUnavailable

_NO_MEMORY, _NOT_STARTED, _OLD_DRIVER, _IN_USE, _NO_DEVICE, _WRONG_DEVICE, _NEWER_CODE = 2, 3, 35, 46, 100, 101, 222
"""Codes of the runtime (`cudaError`)."""

_CPU = "use target='cpp'"
_UPDATE = f"update NVIDIA's driver, install a CUDA toolkit as old as the driver, or {_CPU}"
_WAYS_OUT = {
    _NOT_STARTED: "a process that was forked from one that has used a device cannot use any (parallel_run() forks: let "
    f"nothing run before it), or {_CPU}",
    _OLD_DRIVER: _UPDATE,
    _NEWER_CODE: _UPDATE,
    _IN_USE: f"wait until no other process has it for itself, choose another with device=..., or {_CPU}",
    _NO_DEVICE: f"install NVIDIA's driver where there is a card, or {_CPU}; device='emulated' runs the same code "
    "on the CPU, slowly",
    _WRONG_DEVICE: f"devices are numbered from 0, choose one with device=..., or {_CPU}",
}


def device_error(text: str, code: int) -> AnnarchyError:
    """The error for what could not be done with a device.

    Args:
        text: what it was, and why.
        code: of the device's runtime; 0 where it is not its fault.
    """
    if code == 0:
        return ModelError(f"target='cuda' cannot run this network: {text}; or {_CPU}")
    if code == _NO_MEMORY:
        return ModelError(f"{text}; make the network smaller, try precision='single', or {_CPU}")
    if code in _WAYS_OUT:
        return TargetUnavailable(f"target='cuda' cannot run: {text}; {_WAYS_OUT[code]}")
    return TargetUnavailable(f"{text}; begin anew in another process, or {_CPU}")


def library_error(text: str) -> CompilationError:
    """The error for a device's library that cannot be loaded."""
    return CompilationError(
        f"the library of the device cannot be loaded ({text}); to have it made anew, empty the folder of compiled "
        f"models ($PYNN_ANNARCHY_CACHE), or {_CPU}"
    )
