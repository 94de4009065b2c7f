"""PyNN's own system tests, and ours that stand for newer ones, as functions of the back end to be tested."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.scenarios import newer

PREFIX = "pynn_system_tests"

NEUTRAL = {
    "test_nest": ("test_ticket236", "test_ticket244", "test_issue237", "test_random_seeds"),
    "test_brian2": ("test_ticket235", "test_issue648"),
    "test_serialization": ("test",),
}
"""Tests that PyNN keeps with one back end although they use nothing but the common API."""


@dataclass(frozen=True)
class Scenario:
    name: str
    run: Callable[[Any], object]


@cache
def scenarios(sources: Path) -> list[Scenario]:
    """PyNN's scenarios, whatever back ends it names for them, its neutral system tests, and the newer ones."""
    pytest.register_assert_rewrite(PREFIX)
    system = sources / "test" / "system"
    _make_package(PREFIX, system)
    package = _make_package(f"{PREFIX}.scenarios", system / "scenarios")
    sys.modules[f"{package}.fixtures"] = _fixtures(f"{package}.fixtures")
    return [*_from_scenarios(system / "scenarios", package), *_neutral(), *_newer()]


def _make_package(name: str, folder: Path) -> str:
    """A package made of the files in the folder; PyNN's own name for it, `test`, is the standard library's."""
    module = ModuleType(name)
    module.__path__ = [str(folder)]
    sys.modules[name] = module
    return name


def _fixtures(name: str) -> ModuleType:
    """In place of PyNN's fixtures: the decorator only marks a function as a scenario."""
    module = ModuleType(name)

    def run_with_simulators(*_back_ends: str) -> Callable[[Any], Any]:
        def mark(function: Any) -> Any:
            function.is_scenario = True
            return function

        return mark

    module.run_with_simulators = run_with_simulators  # type: ignore[attr-defined]
    return module


def _from_scenarios(folder: Path, package: str) -> Iterator[Scenario]:
    for info in sorted(pkgutil.iter_modules([str(folder)]), key=lambda info: info.name):
        if info.name == "fixtures":
            continue
        module = importlib.import_module(f"{package}.{info.name}")
        for name, value in vars(module).items():
            if getattr(value, "is_scenario", False):
                yield Scenario(f"{info.name.removeprefix('test_')}.{name}", value)


def _neutral() -> Iterator[Scenario]:
    for file, names in NEUTRAL.items():
        module = importlib.import_module(f"{PREFIX}.{file}")
        for name in names:
            yield Scenario(f"{file.removeprefix('test_')}.{name}", _with_back_end(module, name))


def _newer() -> Iterator[Scenario]:
    for function in newer.SCENARIOS:
        yield Scenario(f"newer.{function.__name__}", function)


def _with_back_end(module: ModuleType, name: str) -> Callable[[Any], object]:
    """The test with the module's own back end, under the names by which it knows it, replaced by the given one."""

    def run(sim: Any) -> object:
        with pytest.MonkeyPatch.context() as patch:
            for flag in ("have_nest", "have_nest_threads", "have_brian2", "HAVE_NEST"):
                patch.setattr(module, flag, True, raising=False)
            patch.setattr(module, "pyNN", SimpleNamespace(nest=sim, brian2=sim), raising=False)
            patch.setattr(module, "sim", sim, raising=False)
            return getattr(module, name)()

    return run
