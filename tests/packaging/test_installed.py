"""The package as users get it: a wheel in an environment of its own, used from another directory than the sources."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_SOURCES = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "*.so", "__pycache__", "results")

SAME_OBJECTS = """
import warnings
warnings.simplefilter("error", ImportWarning)
import pyNN.annarchy as sim
import pyNN.annarchy.simulator
import pyNN.annarchy.standardmodels.cells
import pynn_annarchy.simulator
import pynn_annarchy.standardmodels.cells
assert sim is pynn_annarchy
assert pyNN.annarchy is pynn_annarchy
assert pyNN.annarchy.simulator is pynn_annarchy.simulator
assert pyNN.annarchy.standardmodels.cells is pynn_annarchy.standardmodels.cells
assert pynn_annarchy.simulator.__spec__.name == "pynn_annarchy.simulator"
"""

UNKNOWN_SUBMODULE = """
import pynn_annarchy
try:
    import pyNN.annarchy.no_such_module
except ModuleNotFoundError as error:
    assert error.name == "pyNN.annarchy.no_such_module"
else:
    raise AssertionError("imported a module that does not exist")
"""

PYNN_UNHARMED = """
import pyNN
assert pyNN.__version__
import pyNN.mock
"""

HEADERS = """
from pynn_annarchy.native import INCLUDE
assert (INCLUDE / "pynn_annarchy" / "abi.h").is_file()
"""

A_CELL_AT_REST = """
import pyNN.annarchy as sim
sim.setup(timestep=0.1)
cell = sim.Population(1, sim.IF_curr_exp(v_rest=-65.0), initial_values={"v": -65.0})
cell.record("v")
sim.run(1.0)
v = cell.get_data().segments[0].analogsignals[0].magnitude
assert v.shape == (11, 1) and (v == -65.0).all(), v
sim.end()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from a copy of the sources, with the build tools of this environment; not optimised, for time."""
    folder = tmp_path_factory.mktemp("build")
    shutil.copytree(ROOT, folder / "sources", ignore=NOT_SOURCES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYNN_ANNARCHY_BUILD_FLAGS", "-O0")
        pip("wheel", "--no-build-isolation", "--wheel-dir", folder, folder / "sources")
    return next(folder.glob("pynn_annarchy-*.whl"))


@pytest.fixture(scope="module")
def installed_python(wheel, tmp_path_factory):
    """Python of a fresh environment with the wheel and PyNN in it; the other dependencies are seen where they are."""
    environment = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    site = next(environment.glob("lib/python*/site-packages"))
    pip("install", "--target", site, wheel)
    pynn = distribution("pyNN")
    for file in pynn.files or ():
        if file.parts[0].lower().startswith("pynn"):
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.locate(), site / file)
    # A .pth file adds the folder only: the .pth files in it, editable installs among them, are not followed.
    (site / "dependencies.pth").write_text(str(pynn.locate_file("")))
    return environment / "bin" / "python"


def run(*command: object, cwd: Path | None = None) -> None:
    finished = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def pip(action: str, *arguments: object) -> None:
    run(sys.executable, "-m", "pip", action, "--quiet", "--disable-pip-version-check", "--no-deps", *arguments)


CLAIMS = pytest.mark.parametrize(
    "script",
    [
        pytest.param(SAME_OBJECTS, id="pyNN.annarchy is the same module objects"),
        pytest.param(UNKNOWN_SUBMODULE, id="an unknown submodule is reported by the name asked for"),
        pytest.param(PYNN_UNHARMED, id="PyNN itself stays whole"),
        pytest.param(HEADERS, id="headers for generated modules are found"),
        pytest.param(A_CELL_AT_REST, id="a model is generated, compiled and run"),
    ],
)


@CLAIMS
def test_wheel_used_from_another_directory(installed_python, tmp_path, script):
    run(installed_python, "-c", script, cwd=tmp_path)


@CLAIMS
@pytest.mark.parametrize("here", ["elsewhere", "repository"])
def test_environment_of_the_tests(tmp_path, script, here):
    run(sys.executable, "-c", script, cwd=ROOT if here == "repository" else tmp_path)


def test_wheel_holds_what_it_must_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()

    assert "pyNN/annarchy/__init__.py" in names
    assert "pynn_annarchy/standardmodels/__init__.py" in names
    assert "pynn_annarchy/native/include/pynn_annarchy/abi.h" in names
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"pynn_annarchy", "pyNN"}
    assert [name for name in names if name.startswith("pyNN/")] == ["pyNN/annarchy/__init__.py"]


def test_every_package_of_the_tree_is_installed(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())

    for path in (ROOT / "pynn_annarchy").rglob("*.py"):
        relative = path.relative_to(ROOT).as_posix()
        assert relative in names or "_pynn_plugin" in relative, f"{relative}: its folder needs an __init__.py"
