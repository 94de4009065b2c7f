"""Kernel -> the C++ text of one module: the struct, the table, the exported symbol; for a device, those of its own."""

from __future__ import annotations

import textwrap

from pynn_annarchy.kernels.ir import (
    CellKernel,
    ClockedKernel,
    DType,
    Field,
    Kernel,
    LearningKernel,
    Role,
    SynapseKernel,
)
from pynn_annarchy.targets.c_printer import comment, synapse_struct, template_arguments
from pynn_annarchy.targets.cell_printer import cell_struct
from pynn_annarchy.targets.clocked_printer import clocked_struct
from pynn_annarchy.targets.cuda import ENTRY, device_table
from pynn_annarchy.targets.learning_printer import learning_struct

_ENTRIES = (
    ("neurons", "neurons"),
    ("deliver", "deliver"),
    ("deliver", "deliver_counts"),
    ("deliver", "deliver_bundle"),
    ("deliver", "deliver_bits"),
)
"""Primitives with the first functions of a module's table."""
_PRIMITIVES = {CellKernel: "neurons", SynapseKernel: "deliver", LearningKernel: "learn", ClockedKernel: "synapses"}
_FIELD_TYPES = {DType.REAL: "PNN_REAL", DType.REAL64: "PNN_F64"}


def module_text(
    kernel: Kernel, shared: bool, precision: str, fingerprint: str, description: str, for_device: bool = False
) -> str:
    """The translation unit of a model.

    Args:
        kernel: what it does.
        shared: whether parameters are shared by all elements, or traces by all synapses of a cell.
        precision: 'double' or 'single'.
        fingerprint: what the loader will ask for.
        description: model's text, shown above the code.
        for_device: whether it also launches kernels.
    """
    primitive = _PRIMITIVES[type(kernel)]
    arrays = per_element_fields(kernel, shared)
    values = tuple(field for field in kernel.fields if field not in arrays)
    receptors = kernel.receptors if isinstance(kernel, CellKernel) else ()
    name = template_arguments(kernel)
    entries = [f"&pnn::{function}<{name}>" if p == primitive else "nullptr" for p, function in _ENTRIES]
    if not isinstance(kernel, CellKernel):
        sends_weight = isinstance(kernel, SynapseKernel) and kernel.sends_weight
        entries.append("&pnn::deliver_pairs" if sends_weight else "nullptr")
    further = _further_entries(kernel, name)
    return "\n".join(
        [
            f"// {kernel.model}, {_variant(kernel, shared, precision)}.",
            *(comment(line) for line in description.splitlines()),
            f'#include "pynn_annarchy/{primitive}.h"',
            *([f'#include "pynn_annarchy/cuda/{primitive}.h"'] if for_device else ()),
            "",
            *([] if isinstance(kernel, LearningKernel | ClockedKernel) else _precision(precision)),
            "namespace {",
            "",
            _struct(kernel, shared),
            _table("pnn_field", "arrays", list(map(_field, arrays))),
            _table("char* const", "shared_names", [_quoted(f.name) for f in values]),
            _table("char* const", "receptor_names", [_quoted(receptor) for receptor in receptors]),
            f'const pnn_module module = {{PNN_ABI_VERSION, "{fingerprint}", {_quoted(kernel.model)},',
            f"                           arrays, {len(arrays)}, shared_names, {len(values)},",
            f"                           receptor_names, {len(receptors)}, {', '.join(entries)}{further}}};",
            *([device_table(kernel)] if for_device else ()),
            "",
            "}  // namespace",
            "",
            "PNN_EXPORT const pnn_module* pnn_module_entry() { return &module; }",
            *([ENTRY] if for_device else ()),
            "",
        ]
    )


def per_element_fields(kernel: Kernel, shared: bool) -> tuple[Field, ...]:
    """The fields that the engine has arrays for, in the order of the module's table."""
    match kernel:
        case CellKernel():
            return tuple(field for field in kernel.fields if not is_shared(field, shared))
        case LearningKernel() | ClockedKernel():
            return kernel.fields
        case SynapseKernel():
            return ()


def _variant(kernel: Kernel, shared: bool, precision: str) -> str:
    """Which of its modules this is; what synapses learn is in double whatever the precision (D14)."""
    if isinstance(kernel, ClockedKernel):
        return f"parameters {'shared' if shared else 'per synapse'}"
    if isinstance(kernel, LearningKernel):
        return "traces once a cell" if shared else "everything in every synapse"
    return f"parameters {'shared' if shared else 'per element'}, precision {precision}"


def _precision(precision: str) -> list[str]:
    real, count, code = ("double", "int64_t", "PNN_F64") if precision == "double" else ("float", "int32_t", "PNN_F32")
    return [f"using Real = {real};", f"using Count = {count};", f"constexpr int32_t PNN_REAL = {code};", ""]


def _struct(kernel: Kernel, shared: bool) -> str:
    match kernel:
        case CellKernel():
            return cell_struct(kernel, shared)
        case LearningKernel():
            return learning_struct(kernel)
        case ClockedKernel():
            return clocked_struct(kernel, shared)
        case SynapseKernel():
            return synapse_struct(kernel)


def _further_entries(kernel: Kernel, name: str) -> str:
    """What only synapses that learn, or do something in every step, have in the table; zero for all others."""
    match kernel:
        case LearningKernel():
            entries = [f"&pnn::{function}<{name}>" for function in ("learn", "pre_trace", "post_trace")]
            numbers = (
                len(kernel.pre_traces),
                len(kernel.post_traces),
                kernel.sees_post,
                kernel.draws,
                kernel.asks_sent,
            )
        case ClockedKernel():
            entries, numbers = ["nullptr, nullptr, nullptr"], (0, 0, kernel.has_post, kernel.draws, False)
        case _:
            return ""
    lines = [*entries, ", ".join(str(int(number)) for number in numbers)]
    if isinstance(kernel, ClockedKernel):
        lines += [f"&pnn::{function}<{name}>" for function in ("synapses", "pass_spikes", "reach")]
        lines.append(
            ", ".join(str(int(number)) for number in (kernel.has_pre, kernel.asks_when, kernel.advances_first))
        )
    return "".join(f",\n                           {line}" for line in lines)


def is_shared(field: Field, shared: bool) -> bool:
    """Whether a field is one value of the segment rather than an array."""
    return field.role is Role.POPULATION or (shared and field.role is Role.PARAMETER)


def _field(field: Field) -> str:
    return f"{{{_quoted(field.name)}, {_FIELD_TYPES[field.dtype]}, {int(field.role is Role.INPUT)}}}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _table(kind: str, name: str, rows: list[str]) -> str:
    # An empty table still needs an element in C++.
    filler = "{nullptr, 0, 0}" if kind == "pnn_field" else "nullptr"
    text = f"const {kind} {name}[] = {{{', '.join(rows) or filler}}};"
    return textwrap.fill(text, 120, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
