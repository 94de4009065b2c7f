"""What a module for CUDA has besides that for the CPU: one more include, and one more table with its exported symbol.

The models' own text is the same: nvcc compiles it for both sides, so that one library has the host's functions, which
act between runs, and the launchers of kernels.
"""

from __future__ import annotations

import textwrap

from pynn_annarchy.kernels.ir import CellKernel, ClockedKernel, Kernel, LearningKernel, SynapseKernel
from pynn_annarchy.targets.c_printer import template_arguments

LAUNCHERS: tuple[tuple[str, type[Kernel]], ...] = (
    ("neurons", CellKernel),
    ("deliver", SynapseKernel),
    ("learn", LearningKernel),
    ("learn_due", LearningKernel),
    ("remember", LearningKernel),
    ("synapses", ClockedKernel),
    ("pass_spikes", ClockedKernel),
    ("reach", ClockedKernel),
)
"""In the order of pnn_device_module (`cuda/abi.h`): functions, and which kernels have them."""

ENTRY = "PNN_EXPORT const pnn_device_module* pnn_device_entry() { return &device_module; }"


def device_table(kernel: Kernel) -> str:
    """The launchers of a model's kernels."""
    arguments = template_arguments(kernel)
    entries = (
        f"&pnn::cuda::{name}<{arguments}>" if isinstance(kernel, kind) else "nullptr" for name, kind in LAUNCHERS
    )
    text = f"const pnn_device_module device_module = {{{', '.join(['PNN_DEVICE_VERSION', *entries])}}};"
    return textwrap.fill(text, 120, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
