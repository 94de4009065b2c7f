"""PyNN's own system scenarios, from its source distribution, run on this back end. See README.md."""

from __future__ import annotations

import importlib
import os
from collections import Counter
from pathlib import Path

import pytest

from tests.scenarios.collect import NEUTRAL, scenarios
from tests.scenarios.examples import EXAMPLES
from tests.scenarios.expected import EXPECTED, table
from tests.scenarios.sdist import NoSdist, pynn_sources

BACK_END = os.environ.get("SCENARIO_BACK_END", "annarchy")


def pytest_generate_tests(metafunc):
    if "scenario" not in metafunc.fixturenames:
        return
    try:
        found = scenarios(pynn_sources())
    except NoSdist as reason:
        found = []
        parameters = [pytest.param(None, id="no-sources", marks=pytest.mark.skip(reason=str(reason)))]
    else:
        parameters = [pytest.param(scenario, id=scenario.name, marks=marks(scenario.name)) for scenario in found]
    metafunc.parametrize("scenario", parameters)


def marks(name):
    reason = EXPECTED.get(name) if BACK_END == "annarchy" else None
    return [pytest.mark.xfail(reason=reason, strict=True)] if reason else []


class BackEnd:
    """The back end's module under the name that scenarios know: some look for 'nest' in str(sim), paths aside."""

    def __init__(self, name):
        self._module = importlib.import_module(f"pyNN.{name}")
        self.__name__ = f"pyNN.{name}"

    def __str__(self):
        return self.__name__

    def __getattr__(self, name):
        return getattr(self._module, name)


@pytest.fixture
def sim(tmp_path, monkeypatch):
    """The back end, in an empty working directory: scenarios write files."""
    monkeypatch.chdir(tmp_path)
    return BackEnd(BACK_END)


@pytest.mark.filterwarnings("ignore")  # PyNN's scenarios use what PyNN has deprecated
def test_scenario(scenario, sim):
    scenario.run(sim)


def test_pynn_has_as_many_scenarios_as_the_readme_says(all_scenarios):
    files = Counter(name.split(".")[0] for name in all_scenarios)
    neutral = sum(files.pop(file.removeprefix("test_")) for file in NEUTRAL)
    newer = files.pop("newer")

    assert (sum(files.values()), neutral, newer) == (67, 7, 14)


def test_the_list_of_expected_failures_names_scenarios_and_examples_only(all_scenarios):
    assert set(EXPECTED) <= all_scenarios | {example.name for example in EXAMPLES}


def test_the_readme_lists_the_expected_failures():
    assert table() in (Path(__file__).parent / "README.md").read_text()


@pytest.fixture
def all_scenarios():
    try:
        return {scenario.name for scenario in scenarios(pynn_sources())}
    except NoSdist as reason:
        pytest.skip(str(reason))
