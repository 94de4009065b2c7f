"""Every message that a wrong model text gives, as the modeller sees it: one file of `tests/golden/errors` each.

A file holds the texts of a model in sections, ``[equations]`` and so on, then the message in ``[error]``. After a
change of wording run ``RENEW_GOLDEN=1 python -m pytest tests/unit/test_language_errors.py`` and review the difference
like source.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.model.check import check
from pynn_annarchy.model.spec import Kind, ModelSpec, ParameterSpec, ReceptorSpec

FILES = sorted((Path(__file__).resolve().parents[1] / "golden" / "errors").glob("*.txt"))
SECTION = re.compile(r"^\[([^\]\n]+)\]\n", re.MULTILINE)


def sections(text: str) -> dict[str, str]:
    """Text by heading, in the order of the file."""
    pieces = SECTION.split(text)[1:]
    return {heading: body.removesuffix("\n") for heading, body in zip(pieces[::2], pieces[1::2], strict=True)}


def model(given: dict[str, str]) -> ModelSpec:
    """The cell type 'MyNeuron' or the synapse type 'MySynapse' with the texts of a file."""
    texts = dict(given)
    texts.pop("error", None)
    kind = Kind(texts.pop("kind", "cell"))
    parameters = texts.pop("parameters", "tau_m v_rest v_thresh").split()
    receptors = [(heading, texts.pop(heading)) for heading in given if heading.startswith("receptor ")]
    return ModelSpec(
        name="MyNeuron" if kind is Kind.CELL else "MySynapse",
        kind=kind,
        parameters=tuple(ParameterSpec(name, 1.0) for name in parameters),
        receptors=tuple(ReceptorSpec(heading.removeprefix("receptor "), text) for heading, text in receptors),
        **texts,
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_text_is_shown_with_a_caret_and_a_way_out(path):
    given = sections(path.read_text(encoding="utf-8"))

    with pytest.raises(EquationError) as raised:
        check(model(given))

    if os.environ.get("RENEW_GOLDEN"):
        rewritten = {**given, "error": str(raised.value)}
        path.write_text("".join(f"[{heading}]\n{body}\n" for heading, body in rewritten.items()), encoding="utf-8")
    else:
        assert str(raised.value) == given["error"]


def test_there_are_messages_to_compare():
    assert len(FILES) > 40
