"""Measurements -> medians, ratios and a table."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from cases import Case

Samples = Mapping[str, Sequence[Mapping[str, float]]]
"""Numbers by quantity, one mapping a repeat, by contender's label."""

UNITS = {
    "rate_excitatory": "Hz",
    "rate_inhibitory": "Hz",
    "real_time_factor": "x real time",
    "events_per_step": "",
    "ns_per_neuron_update": "ns",
    "ns_per_synapse": "ns",
    "rate": "",
    "mean_w": "",
    "bytes_per_synapse": "bytes",
    "peak_bytes_per_synapse": "bytes",
    "fixed_probability_connections": "",
    "by_distance_connections": "",
    "ns_per_event": "ns",
    "mean_weight": "nA",
    "peak_of_samples": "of the samples' memory",
}
NOT_A_COST = {
    "rate_excitatory",
    "rate_inhibitory",
    "rate",
    "events_per_step",
    "mean_w",
    "mean_weight",
    "fixed_probability_connections",
    "by_distance_connections",
}


def machine() -> str:
    """The line that every table carries: CPU, cores in use, memory, system, compiler, Python."""
    cpu = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    compiler = subprocess.run([os.environ.get("CXX", "g++"), "--version"], capture_output=True, text=True).stdout
    words = (
        f"{cpu}, {cores} cores",
        f"{memory:.0f} GiB",
        f"{platform.system()} {platform.release()}",
        (compiler.splitlines() or ["no compiler"])[0],
        f"Python {platform.python_version()}",
    )
    return "; ".join(words)


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


def medians(case: Case, samples: Samples) -> dict[str, dict[str, float]]:
    """Median over the repeats, by contender and quantity; what a contender does not report is left out."""
    return {
        label: {
            quantity: median(repeat[quantity] for repeat in repeats)
            for quantity in case.quantities
            if repeats and quantity in repeats[0]
        }
        for label, repeats in samples.items()
    }


def table(case: Case, samples: Samples) -> str:
    """A Markdown table: medians with their spread; ratios are to the case's first contender, where that has run."""
    middle = medians(case, samples)
    reference = middle.get(case.contenders[0].label, {})
    rows = [
        f"### {case.title}",
        "",
        "| | " + " | ".join(case.quantities) + " |",
        "|---|" + "---|" * len(case.quantities),
    ]
    for label, repeats in samples.items():
        cells = [_cell(quantity, middle[label], repeats, reference) for quantity in case.quantities]
        rows.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _cell(
    quantity: str,
    middle: Mapping[str, float],
    repeats: Sequence[Mapping[str, float]],
    reference: Mapping[str, float],
) -> str:
    if quantity not in middle:
        return ""
    values = [repeat[quantity] for repeat in repeats]
    text = f"{middle[quantity]:.3g} {UNITS.get(quantity, 's')}"
    if min(values) != max(values):
        text += f" ({min(values):.3g} to {max(values):.3g})"
    if middle is not reference and quantity in reference and quantity not in NOT_A_COST and reference[quantity]:
        text += f", **{middle[quantity] / reference[quantity]:.3g} x**"
    return text
