"""What docs/own_models.md, docs/annarchy.md and examples/own_equations.py show is what happens."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


def run_scripts_of(document: str) -> dict[str, Any]:
    """What the scripts of a document define, one after the other."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, names)
    return names


def test_the_scripts_about_own_models_run():
    names = run_scripts_of("own_models.md")

    trains = names["cells"].get_data().segments[0].spiketrains
    assert sum(len(train) for train in trains) > 100
    assert names["Calcium"].receptor_types == ["ampa", "gaba"]


def test_the_script_in_the_manner_of_annarchy_learns():
    names = run_scripts_of("annarchy.md")

    assert names["rates"].shape == (1000, 20)
    # Oja's rule: the squares of a cell's weights tend to 1/alpha
    np.testing.assert_allclose((np.array(names["proj"].w) ** 2).sum(axis=1), 1 / 8, rtol=0.05)


@pytest.mark.parametrize("threads", [1, 2])
def test_inhibition_learns_to_hold_the_rate(threads):
    run = runpy.run_path(str(ROOT / "examples" / "own_equations.py"))["run"]

    before, after, weight = run(10.0, 10000.0, threads)

    assert before > 15
    assert after == pytest.approx(10.0, abs=1.0)  # 50 cells, 500 spikes: two standard errors of a Poisson count
    assert weight > 0
