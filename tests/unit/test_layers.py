"""Imports point down only: the table of the design, held against every import in the tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "pynn_annarchy"
SOURCES = {
    PACKAGE: ROOT / PACKAGE,
    f"{PACKAGE}.native": ROOT / "native",
    f"{PACKAGE}.standardmodels": ROOT / "standardmodels",
}

LAYERS = {
    "exceptions": 0,
    "_alias": 0,
    "_mathematics": 0,
    "native": 0,
    "language": 1,
    "model": 2,
    "solvers": 3,
    "kernels": 4,
    "targets": 5,
    "engine": 6,
    "standardmodels": 7,
    "ann": 7,
    "_pynn_plugin": 8,
}
ADAPTOR = 7  # every other module right under the package
API = 8  # the package's own __init__

MAY_IMPORT_STANDARDMODELS = {"", "ann", "custom", "projections", "standardmodels"}
PYNN_ONLY_FROM = 7


@dataclass(frozen=True)
class Import:
    """One imported module or name, absolute, and how it is imported."""

    target: str
    line: int
    lazy: bool
    """Inside a function: executed only when that is called."""
    typing_only: bool
    """Under ``if TYPE_CHECKING``: never executed."""


def part_of(module: str) -> str:
    """The entry of the table that a module of the package belongs to; '' for the package's own __init__."""
    return module.split(".")[1] if "." in module else ""


def layer_of(module: str) -> int:
    part = part_of(module)
    return LAYERS.get(part, ADAPTOR) if part else API


def imports_of(module: str, is_package: bool, tree: ast.Module, modules: set[str]) -> Iterator[Import]:
    """Every import in the tree; ``from x import y`` counts as x.y where that is a module, else as x."""

    def visit(node: ast.AST, lazy: bool, typing_only: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, lazy, typing_only)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, module, is_package)
            for alias in node.names:
                name = f"{base}.{alias.name}"
                yield Import(name if name in modules else base, node.lineno, lazy, typing_only)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                yield from visit(child, lazy, True)
            for child in node.orelse:
                yield from visit(child, lazy, typing_only)
        else:
            lazy = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                yield from visit(child, lazy, typing_only)

    return visit(tree, lazy=False, typing_only=False)


def absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parents = module.split(".")
    kept = parents[: len(parents) - node.level + is_package]
    return ".".join([*kept, node.module] if node.module else kept)


def complaint(module: str, imported: Import) -> str | None:
    """Why a module must not have this import, or None."""
    top = imported.target.split(".")[0]
    part, layer = part_of(module), layer_of(module)
    if top == "sympy" and part != "solvers":
        return "sympy belongs in solvers/ only"
    if top == "sympy" and not (imported.lazy or imported.typing_only):
        return "sympy is imported inside functions, so that a cache hit does not pay for it"
    if imported.typing_only:
        return None
    if top in {"pyNN", "neo"} and layer < PYNN_ONLY_FROM:
        return f"{top} belongs to the adaptor and the API only"
    if top == "numpy" and part == "language":
        return "the language knows no numpy"
    if top != PACKAGE:
        return None
    if part_of(imported.target) == "standardmodels" and part not in MAY_IMPORT_STANDARDMODELS:
        return "only the API, projections and ann/ know the standard models"
    if layer_of(imported.target) > layer:
        return f"layer {layer} imports from layer {layer_of(imported.target)}"
    return None


def complaints(module: str, is_package: bool, source: str, modules: set[str]) -> list[str]:
    return [
        f"{module}, line {imported.line}: import of {imported.target}: {reason}"
        for imported in imports_of(module, is_package, ast.parse(source), modules)
        if (reason := complaint(module, imported))
    ]


def files() -> dict[str, Path]:
    """Path by module name, for every Python and Cython module of the package."""
    found = {}
    for prefix, folder in SOURCES.items():
        for path in [*folder.rglob("*.py"), *folder.rglob("*.pyx")]:
            steps = path.relative_to(folder).with_suffix("").parts
            found[".".join([prefix, *steps]).removesuffix(".__init__")] = path
    return found


FILES = files()


def test_the_whole_tree_is_looked_at():
    assert {PACKAGE, f"{PACKAGE}.exceptions", f"{PACKAGE}.language.syntax", f"{PACKAGE}.model.spec"} <= set(FILES)


@pytest.mark.parametrize("module", sorted(name for name, path in FILES.items() if path.suffix == ".py"))
def test_imports_point_down(module):
    path = FILES[module]

    found = complaints(module, path.name == "__init__.py", path.read_text(encoding="utf-8"), set(FILES))

    assert not found, "\n".join(found)


KNOWN = {PACKAGE, *(f"{PACKAGE}.{name}" for name in ("language", "language.syntax", "simulator", "standardmodels"))}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("model.spec", "from pynn_annarchy.language.syntax import Expression"),
        ("exceptions", "if TYPE_CHECKING:\n    from pynn_annarchy.language.syntax import Span"),
        ("solvers.exact", "def solve():\n    import sympy"),
        ("solvers.exact", "if TYPE_CHECKING:\n    import sympy"),
        ("populations", "from pynn_annarchy import simulator\nfrom pyNN import common"),
        ("populations", "from . import simulator"),
        ("projections", "from pynn_annarchy.standardmodels.synapses import StaticSynapse"),
        ("engine.arrays", "import numpy as np"),
    ],
)
def test_an_allowed_import_passes(module, source):
    assert complaints(f"{PACKAGE}.{module}", False, source, KNOWN) == []


@pytest.mark.parametrize(
    ("module", "source", "reason"),
    [
        ("language.parse", "import numpy as np", "knows no numpy"),
        ("language.parse", "from ..model import spec", "layer 1 imports from layer 2"),
        ("language.parse", "def f():\n    from pynn_annarchy.engine import network", "layer 1 imports from layer 6"),
        ("kernels.lower", "def lower():\n    import sympy", "solvers/ only"),
        ("solvers.exact", "import sympy", "inside functions"),
        ("solvers.exact", "class Exact:\n    from sympy import exp", "inside functions"),
        ("engine.network", "import pyNN.errors", "adaptor and the API"),
        ("engine.network", "try:\n    import neo\nexcept ImportError:\n    pass", "adaptor and the API"),
        ("populations", "from pynn_annarchy.standardmodels import cells", "know the standard models"),
        ("populations", "from pynn_annarchy import Population", "layer 7 imports from layer 8"),
        ("simulator", "from . import setup", "layer 7 imports from layer 8"),
    ],
)
def test_a_forbidden_import_is_named_with_its_line(module, source, reason):
    found = complaints(f"{PACKAGE}.{module}", False, source, KNOWN)

    assert len(found) == 1
    assert reason in found[0]
    assert f"pynn_annarchy.{module}, line " in found[0]
