"""ANNarchy's extensions by their modules: ``hybrid`` is there, every name of the others says that it comes later."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from pynn_annarchy.ann import hybrid
from pynn_annarchy.ann.later import MODULES, is_later, refuse

__all__ = ["hybrid"]


def _refusing(name: str) -> ModuleType:
    """A module that can be imported, and has nothing yet."""
    module = ModuleType(f"{__name__}.{name}", "Comes later.")

    def look_up(asked: str) -> Any:
        if is_later(asked):
            refuse(asked)
        raise AttributeError(f"module {module.__name__!r} has no attribute {asked!r}")

    module.__getattr__ = look_up  # type: ignore[method-assign]
    return module


for _name in MODULES:
    globals()[_name] = sys.modules[f"{__name__}.{_name}"] = _refusing(_name)
sys.modules[f"{__name__}.hybrid"] = hybrid
