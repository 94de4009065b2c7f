"""Stop conditions: text -> a checked condition -> whether a run is to end, asked after each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pynn_annarchy.engine.cells import Cells
from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.checks.names import names_are_known
from pynn_annarchy.language.functions import CONSTANTS, DISTRIBUTIONS, expand, expand_definitions
from pynn_annarchy.language.parse import parse_expression, parse_functions
from pynn_annarchy.language.syntax import Call, Expression, Name, Span
from pynn_annarchy.language.types import Type, require_condition, require_number
from pynn_annarchy.language.visit import identifiers, map_children, nodes
from pynn_annarchy.model.check import check
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.model.told import told

_QUANTIFIERS: Mapping[str, Callable[[Any], Any]] = {"any": np.any, "all": np.all}

_OPERATIONS: Mapping[str, Callable[[Any], Any]] = {
    "mean": np.mean,
    "min": np.min,
    "max": np.max,
    "norm1": lambda x: np.sum(np.abs(x)),
    "norm2": lambda x: np.sqrt(np.sum(np.square(x))),
}
"""Operations over all cells of a population, when called with one argument."""


@dataclass(frozen=True)
class StopCondition:
    """When a population asks a run to end, e.g. ``r > 1.0``, ``(r > 1.0) and (v < 2.0) : all``, ``mean(r) > 0.5``.

    Parameters, variables and inputs of the cells can be read as they are after the step, and ``t``, the time reached.
    """

    text: str
    _condition: Expression
    _operations: tuple[tuple[str, str, Expression], ...]
    """Name in the condition, operation and operand of each operation over all cells."""
    _quantifier: str
    _names: tuple[str, ...]

    @classmethod
    def read(cls, text: str, spec: ModelSpec) -> StopCondition:
        """Reads a condition on cells of a model.

        Raises:
            EquationError: it breaks the grammar, reads what the cells do not have, or is no condition.
        """
        with told(spec, "stop_condition"):
            quantifier = _quantifier(text)
            expression = parse_expression(text[: text.rindex(":")] if ":" in text else text)
            operations: list[tuple[str, str, Expression]] = []
            definitions = expand_definitions(parse_functions(spec.functions))
            expression = expand(_without_operations(expression, operations), definitions)
            operations = [(name, operation, expand(operand, definitions)) for name, operation, operand in operations]
            model = check(spec)
            types = {item.name: Type(item.dtype) for item in (*spec.parameters, *model.variables)}
            known = {*types, *(given.name for given in spec.inputs), *CONSTANTS}
            for part in (expression, *(operand for *_, operand in operations)):
                _check(part, known | {name for name, *_ in operations})
            for *_, operand in operations:
                require_number(operand, types)
            require_condition(expression, types)
        read = identifiers(expression).union(*(identifiers(operand) for *_, operand in operations))
        names = sorted(read - CONSTANTS - {name for name, *_ in operations})
        return cls(text, expression, tuple(operations), quantifier, tuple(names))

    def holds(self, cells: Cells) -> bool:
        """Whether it is fulfilled now."""
        values: dict[str, Any] = {"t": cells.network.t, "dt": cells.network.dt}
        for name in self._names:
            values[name] = cells.parameters[name] if name in cells.parameters else cells.arrays[name]
        for name, operation, operand in self._operations:
            values[name] = _OPERATIONS[operation](evaluate(operand, values))
        return bool(_QUANTIFIERS[self._quantifier](np.asarray(evaluate(self._condition, values)) != 0))


def _quantifier(text: str) -> str:
    if ":" not in text:
        return "any"
    start = text.rindex(":") + 1
    word = text[start:].strip()
    if word not in _QUANTIFIERS:
        at = start + len(text[start:]) - len(text[start:].lstrip())
        raise EquationError(Span(text, at, max(at + len(word), at + 1)), f"'{word}' is no flag here", "any or all")
    return word


def _without_operations(expression: Expression, found: list[tuple[str, str, Expression]]) -> Expression:
    """The expression with a name in the place of each operation over all cells."""
    if isinstance(expression, Call) and expression.function in _OPERATIONS and len(expression.arguments) == 1:
        span = expression.span
        name = span.text[span.start : span.end]
        found.append((name, expression.function, expression.arguments[0]))
        return Name(name, span)
    return map_children(expression, lambda child: _without_operations(child, found))


def _check(expression: Expression, known: set[str]) -> None:
    names_are_known(expression, known)
    for node in nodes(expression):
        if isinstance(node, Call) and node.function in DISTRIBUTIONS:
            raise EquationError(node.span, "a stop condition cannot draw random numbers", "draw them in the equations")
