"""Rules about types: conditions where conditions belong, and values that fit the variable they are given to."""

from __future__ import annotations

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.syntax import Expression
from pynn_annarchy.language.types import Type, Types, require_condition, require_number, type_of


def is_condition(expression: Expression, types: Types) -> None:
    """A spike condition is true or false."""
    require_condition(expression, types)


def is_number(expression: Expression, types: Types) -> None:
    """A duration, a bound, a number of spikes is a number."""
    require_number(expression, types)


def fits(value: Expression, target: Type, types: Types) -> None:
    """A float or int variable takes any number (an int one without its fraction), a bool variable conditions."""
    if target is not Type.BOOLEAN:
        require_number(value, types)
    elif type_of(value, types) is not Type.BOOLEAN:
        raise EquationError(value.span, "a bool variable cannot hold a number", "write a condition, True or False")
