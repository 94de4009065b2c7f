"""Rules about values of a whole population, ``mean(v)`` and the like."""

from __future__ import annotations

from collections.abc import Mapping

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.names import operation_in, suggestion
from pynn_annarchy.language.syntax import Expression
from pynn_annarchy.language.types import Type, Types
from pynn_annarchy.language.visit import names_in


def are_of_local_variables(expression: Expression, localities: Mapping[str, str], types: Types) -> None:
    """In a cell: of a number that each cell has a value of its own of.

    Args:
        localities: of all variables of the model, by name.
    """
    for name in names_in(expression):
        operation, variable = operation_in(name.identifier) or ("", "")
        if not operation:
            continue
        if variable not in localities:
            hint = suggestion(variable, localities) or f"variables are {', '.join(localities) or 'none'}"
            raise EquationError(name.span, f"'{operation}' is of a variable, and '{variable}' is none", hint)
        if localities[variable] != "local":
            hint = f"write '{variable}' alone"
            raise EquationError(name.span, f"'{variable}' is one value for all cells already", hint)
        if types[variable] is Type.BOOLEAN:
            hint = f"give 'ite({variable}, 1, 0)' to a variable"
            raise EquationError(name.span, f"'{operation}' is of numbers, and '{variable}' is a condition", hint)


def are_of_cells(expression: Expression) -> None:
    """In a synapse: of a variable of its pre- or post-synaptic population."""
    for name in names_in(expression):
        operation, variable = operation_in(name.identifier) or ("", "")
        if operation and "." not in variable:
            hint = f"of those, write '{operation}(pre.{variable})' or '{operation}(post.{variable})'"
            message = f"in a synapse, '{operation}' is of a variable of its cells"
            raise EquationError(name.span, message, hint)
