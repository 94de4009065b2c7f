"""Makes `pyNN.annarchy` and everything below it other names of this package: one module object, one state.

A plain `sys.modules` entry for the package is not enough: `import pyNN.annarchy.simulator` would then load the file of
`pynn_annarchy.simulator` a second time, with a second simulation state in it. Importing this module puts the finder in
place; the package does so first of all.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

PACKAGE = "pynn_annarchy"
ALIAS = "pyNN.annarchy"


class AliasFinder(MetaPathFinder):
    """Answers for `pyNN.annarchy` and the names below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != ALIAS and not fullname.startswith(ALIAS + "."):
            return None
        real_name = PACKAGE + fullname[len(ALIAS) :]
        if find_spec(real_name) is None:
            return None
        return ModuleSpec(fullname, _AliasLoader(real_name))


class _AliasLoader(Loader):
    """Hands out the real module and leaves it as it was."""

    def __init__(self, real_name: str) -> None:
        self._real_name = real_name

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._real_name)
        self._real_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just put the alias's spec there; relative imports made later would warn about it.
        module.__spec__ = self._real_spec


sys.meta_path.insert(0, AliasFinder())
