"""The network run on a device: the native loop, whose engine hands its steps over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynn_annarchy.engine import _binding
from pynn_annarchy.engine.native_loop import NativeLoop
from pynn_annarchy.targets.compile import Options, device_library
from pynn_annarchy.targets.device import EMULATIONS

if TYPE_CHECKING:
    from pynn_annarchy.engine.network import Network


def open_device(options: Options) -> _binding.Device:
    """The device that was asked for.

    Raises:
        TargetUnavailable: there is no CUDA toolkit, no driver or too old a one, no such device; says what to do.
        CompilationError: its library cannot be compiled or loaded.
    """
    path = str(device_library(options))
    if isinstance(options.device, str):
        return _binding.Device(path, 0, EMULATIONS[options.device])
    return _binding.Device(path, options.device, 0)


class CudaLoop(NativeLoop):
    """Steps of a network on a device, which keeps states and spikes under way until somebody asks for them."""

    target = "cuda"

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self._engine.use_device(network.device())

    def close(self) -> None:
        self._engine.leave_device()
