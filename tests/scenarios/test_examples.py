"""Every example of PyNN that takes the name of a simulator runs on this back end, and gives what it gives on another.

What the others give lies in tests/golden/examples, recorded by benchmarks/record_examples.py. See README.md.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.scenarios import run_example
from tests.scenarios.comparison import differences
from tests.scenarios.examples import EXAMPLES
from tests.scenarios.expected import EXPECTED
from tests.scenarios.sdist import NoSdist, pynn_sources

GOLDEN = Path(__file__).parent.parent / "golden" / "examples"
TIME_LIMIT = 120.0
"""For one example, in s; the longest takes a tenth of it on two cores that do nothing else."""

OTHER_SCRIPTS = {
    "random_distributions": "plots random numbers, simulates nothing",
    "nrn_artificial_cell": "takes no simulator: NEURON's own cells",
    "nineml_brunel": "imports NEURON whatever simulator is named",
}


@pytest.fixture(scope="module")
def sources():
    try:
        return pynn_sources()
    except NoSdist as reason:
        pytest.skip(str(reason))


def parameter(example):
    reason = EXPECTED.get(example.name)
    return pytest.param(example, id=example.name, marks=[pytest.mark.xfail(reason=reason)] if reason else [])


def run(example, sources, folder):
    """Its results, from a process of its own in the folder."""
    out = folder / "results.npz"
    script = sources / "examples" / f"{example.script}.py"
    options = [f"--trials={example.trials}", *(["--whole"] if example.whole else [])]
    command = [sys.executable, run_example.__file__, *options, "annarchy", script, out, *example.arguments]
    environment = {**os.environ, "MPLBACKEND": "Agg"}
    finished = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIME_LIMIT
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr[-2000:]
    return run_example.unpack(dict(np.load(out)))


@pytest.mark.parametrize("example", [parameter(example) for example in EXAMPLES])
def test_example_gives_what_it_gives_on_another_back_end(example, sources, tmp_path):
    if example.library and not importlib.util.find_spec(example.library):
        pytest.skip(f"{example.library} is not installed")

    ours = run(example, sources, tmp_path)

    if example.peer:
        theirs = run_example.unpack(dict(np.load(GOLDEN / f"{example.name}.npz")))
        assert not differences(ours, theirs, example.random)


def test_no_example_that_takes_a_simulator_is_left_out(sources):
    scripts = {path.stem for path in (sources / "examples").glob("*.py")}
    taking = {name for name in scripts if re.search("get_simulator|get_script_args|simulator", text(sources, name))}

    assert {example.script for example in EXAMPLES} | set(OTHER_SCRIPTS) == scripts
    assert {example.script for example in EXAMPLES} <= taking
    assert len(EXAMPLES) == 31


def text(sources, name):
    return (sources / "examples" / f"{name}.py").read_text()
