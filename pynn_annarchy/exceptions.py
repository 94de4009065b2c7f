"""Errors that speak to the modeller: which text, where in it, what was expected, and the way out; and warnings."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from pynn_annarchy.language.syntax import Span


class AnnarchyError(Exception):
    """Base of every error that this package raises on purpose."""


class EquationError(AnnarchyError, ValueError):
    """A model's text breaks a rule of the language.

    Args:
        span: the offending piece of the user's own text; the message puts a caret under it.
        message: what is wrong, as one clause.
        hint: the way out, e.g. ``did you mean 'tau_m'?``.
        context: the model and the equation, e.g. ``in cell type 'MyNeuron', variable 'v'``.
    """

    def __init__(self, span: Span, message: str, hint: str = "", context: str = "") -> None:
        self.span = span
        self.message = message
        self.hint = hint
        self.context = context
        super().__init__(self._render())

    def within(self, context: str) -> EquationError:
        """The same error, told where in the model it happened."""
        return EquationError(self.span, self.message, self.hint, context)

    def _render(self) -> str:
        head = f"{self.message} ({self.hint})" if self.hint else self.message
        line, column, width = self.span.locate()
        caret = " " * column + "^" * max(width, 1)
        tail = f"   {self.context}" if self.context else ""
        return f"{head}\n  {line}\n  {caret}{tail}"


class ModelError(AnnarchyError, ValueError):
    """A model, a value or a structure that cannot be simulated; the message names the model and the value."""


class CompilationError(AnnarchyError, RuntimeError):
    """The compiler refused generated code; carries the model's name and the compiler's own words."""


class TargetUnavailable(AnnarchyError, RuntimeError):
    """The asked-for target cannot run on this machine; says what to install."""


class StaleSimulationError(AnnarchyError, RuntimeError):
    """An object of an earlier setup() was asked to run or change; reading its data stays possible."""


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """A warning that points to the user's line: the nearest one outside of this package and PyNN."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in ("pyNN", "pynn_annarchy"):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def unreachable(value: NoReturn) -> NoReturn:
    """Closes a match over a union: a type checker sees the forgotten case, and so does who runs into it.

    (typing.assert_never, which Python 3.10 does not have.)
    """
    raise AssertionError(f"a case was forgotten: {value!r}")
