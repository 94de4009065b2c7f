"""What a wrong neuron or synapse in a script gives, as its author sees it: files of `tests/golden/errors_in_scripts`.

A file holds a script, then the type of the error and its message. After a change of wording run
``RENEW_GOLDEN=1 python -m pytest tests/unit/test_errors_in_scripts.py`` and review the difference like source.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import pynn_annarchy as sim
from pynn_annarchy import ann

FILES = sorted((Path(__file__).resolve().parents[1] / "golden" / "errors_in_scripts").glob("*.txt"))


@pytest.fixture(autouse=True)
def nothing_known():
    sim.setup(timestep=0.1, target="reference")
    yield
    ann.clear()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_script_is_told_what_is_wrong_and_the_way_out(path):
    script, _, expected = path.read_text(encoding="utf-8").removeprefix("[script]\n").partition("[error]\n")

    with pytest.raises(Exception) as raised:
        exec(compile(script, path.name, "exec"), {"ann": ann, "sim": sim})
    found = f"{raised.type.__name__}: {raised.value}\n"

    if os.environ.get("RENEW_GOLDEN"):
        path.write_text(f"[script]\n{script}[error]\n{found}", encoding="utf-8")
    else:
        assert found == expected


def test_there_are_messages_to_compare():
    assert len(FILES) > 140
