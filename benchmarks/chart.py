"""Results -> a bar chart: `python benchmarks/chart.py` draws `results/latest.png` from `results/latest.json`.

One group of bars for each case that has a headline: medians on a logarithmic axis, those of this package in blue.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cases import CASES, Case
from peers import OURS
from report import UNITS

RESULTS = Path(__file__).resolve().parent / "results"
OWN, OTHER = "#1b6ca8", "#b0b0b0"


def charted(numbers: Mapping[str, Mapping[str, Any]]) -> list[tuple[Case, dict[str, float]]]:
    """Cases with a headline, each with the medians of its contenders, as far as they have been measured."""
    found = []
    for case in CASES:
        medians = numbers.get(case.name, {}).get("medians", {})
        values = {
            label: quantities[case.headline] for label, quantities in medians.items() if case.headline in quantities
        }
        if len(values) > 1:
            found.append((case, values))
    return found


def draw(numbers: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Writes the chart; needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    groups = charted(numbers)
    n_bars = sum(len(values) for _, values in groups)
    figure, axes = pyplot.subplots(
        len(groups),
        1,
        figsize=(9, 0.32 * n_bars + 0.55 * len(groups)),
        squeeze=False,
        layout="constrained",
        height_ratios=[len(values) + 1 for _, values in groups],
    )
    for axis, (case, values) in zip(axes[:, 0], groups, strict=True):
        own = {contender.label for contender in case.contenders if contender.peer is OURS}
        bars = axis.barh(
            list(values), list(values.values()), color=[OWN if label in own else OTHER for label in values]
        )
        axis.bar_label(bars, [f"{value:.3g} {UNITS.get(case.headline, 's')}" for value in values.values()], padding=3)
        axis.set_xscale("log")
        axis.set_xlim(min(values.values()) / 3, max(values.values()) * 4)
        axis.set_title(f"{case.name}: {case.headline}", loc="left", fontsize=9)
        axis.invert_yaxis()
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(which="both", labelsize=8)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


if __name__ == "__main__":
    draw(json.loads((RESULTS / "latest.json").read_text())["cases"], RESULTS / "latest.png")
