"""Fixtures that every test may use: the targets that this machine can run, and a cache of its own for the session."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import settings

# Drawn anew in every run with --hypothesis-profile=default; a busy machine is no failure.
settings.register_profile("the same in every run", derandomize=True, deadline=None)
settings.load_profile("the same in every run")


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_session(tmp_path_factory, worker_id):
    """Compiled models of the tests start empty and stay out of the user's cache; processes that test share them."""
    folder = tmp_path_factory.getbasetemp()
    patch = pytest.MonkeyPatch()
    patch.setenv("PYNN_ANNARCHY_CACHE", str((folder if worker_id == "master" else folder.parent) / "cache"))
    patch.setenv("PYNN_ANNARCHY_CACHE_MB", "4000")
    yield
    patch.undo()


@pytest.fixture(params=["cpp", "reference"])
def target(request):
    """Every target that runs on this machine."""
    if request.param == "cpp" and not (shutil.which("g++") or shutil.which("clang++")):
        pytest.skip("no C++ compiler on this machine")
    return request.param
