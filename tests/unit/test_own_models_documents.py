"""What docs/own_models.md and examples/own_equations.py show is what happens."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_scripts_of_the_document_run():
    text = (ROOT / "docs" / "own_models.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, names)

    trains = names["cells"].get_data().segments[0].spiketrains
    assert sum(len(train) for train in trains) > 100
    assert names["Calcium"].receptor_types == ["ampa", "gaba"]


@pytest.mark.parametrize("threads", [1, 2])
def test_inhibition_learns_to_hold_the_rate(threads):
    run = runpy.run_path(str(ROOT / "examples" / "own_equations.py"))["run"]

    before, after, weight = run(10.0, 10000.0, threads)

    assert before > 15
    assert after == pytest.approx(10.0, abs=1.0)  # 50 cells, 500 spikes: two standard errors of a Poisson count
    assert weight > 0
