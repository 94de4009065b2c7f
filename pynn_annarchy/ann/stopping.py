"""Stop conditions: text -> a checked condition -> whether a run is to end, asked after each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np

from pynn_annarchy.engine.cells import Cells
from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.checks.names import names_are_known
from pynn_annarchy.language.checks.operations import are_of_local_variables
from pynn_annarchy.language.functions import CONSTANTS, DISTRIBUTIONS, expand, expand_definitions
from pynn_annarchy.language.names import operation_in
from pynn_annarchy.language.parse import parse_expression, parse_functions
from pynn_annarchy.language.syntax import Call, Expression, Span
from pynn_annarchy.language.types import Type, require_condition
from pynn_annarchy.language.visit import identifiers, nodes
from pynn_annarchy.model.check import check
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.model.told import told
from pynn_annarchy.targets.reference_clocked import population_value

_QUANTIFIERS: Mapping[str, Callable[[Any], Any]] = {"any": np.any, "all": np.all}


@dataclass(frozen=True)
class StopCondition:
    """When a population asks a run to end, e.g. ``r > 1.0``, ``(r > 1.0) and (v < 2.0) : all``, ``mean(r) > 0.5``.

    Parameters, variables and inputs of the cells can be read as they are after the step, and ``t``, the time reached.
    """

    text: str
    _condition: Expression
    _quantifier: str
    _names: tuple[str, ...]
    _constants: Mapping[str, Any]

    @classmethod
    def read(cls, text: str, spec: ModelSpec, constants: Mapping[str, Any]) -> StopCondition:
        """Reads a condition on cells of a model.

        Args:
            constants: by name; `float` gives their present values.

        Raises:
            EquationError: it breaks the grammar, reads what the cells do not have, or is no condition.
        """
        with told(spec, "stop_condition"):
            quantifier = _quantifier(text)
            expression = parse_expression(text[: text.rindex(":")] if ":" in text else text)
            expression = expand(expression, expand_definitions(parse_functions(spec.functions), spec.shared_names()))
            _check(expression, spec, constants.keys())
        read = identifiers(expression) - CONSTANTS
        of_cells = {*spec.defaults(), *(each.name for each in (*check(spec).variables, *spec.inputs))}
        outside = {name: constants[name] for name in sorted(read - of_cells) if name in constants}
        return cls(text, expression, quantifier, tuple(sorted(read - outside.keys())), outside)

    def holds(self, cells: Cells) -> bool:
        """Whether it is fulfilled now."""
        values = {name: self._value(cells, name) for name in self._names}
        values.update((name, float(constant)) for name, constant in self._constants.items())
        now = evaluate(self._condition, {"t": cells.network.t, "dt": cells.network.dt, **values})
        return bool(_QUANTIFIERS[self._quantifier](np.asarray(now) != 0))

    def _value(self, cells: Cells, name: str) -> Any:
        of_all = operation_in(name)
        if of_all is not None:
            operation, variable = of_all
            return population_value(operation, np.asarray(cells.sample(variable), np.float64))
        return cells.parameters[name] if name in cells.parameters else cells.sample(name)


def _check(expression: Expression, spec: ModelSpec, constants: AbstractSet[str]) -> None:
    model = check(spec)
    types = {item.name: Type(item.dtype) for item in (*spec.parameters, *model.variables)}
    operations = {name for name in identifiers(expression) if operation_in(name) is not None}
    names_are_known(expression, {*types, *(given.name for given in spec.inputs), *CONSTANTS, *operations, *constants})
    are_of_local_variables(expression, {variable.name: variable.locality for variable in model.variables}, types)
    for node in nodes(expression):
        if isinstance(node, Call) and node.function in DISTRIBUTIONS:
            raise EquationError(node.span, "a stop condition cannot draw random numbers", "draw them in the equations")
    require_condition(expression, types)


def _quantifier(text: str) -> str:
    if ":" not in text:
        return "any"
    start = text.rindex(":") + 1
    word = text[start:].strip()
    if word not in _QUANTIFIERS:
        at = start + len(text[start:]) - len(text[start:].lstrip())
        raise EquationError(Span(text, at, max(at + len(word), at + 1)), f"'{word}' is no flag here", "any or all")
    return word
