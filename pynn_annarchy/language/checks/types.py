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
    """A float variable takes any number, an int variable whole numbers only, a bool variable conditions."""
    if target is Type.BOOLEAN:
        if type_of(value, types) is not Type.BOOLEAN:
            raise EquationError(value.span, "a bool variable cannot hold a number", "write a condition, True or False")
        return
    found = require_number(value, types)
    if target is Type.INTEGER and found is Type.REAL:
        hint = "use floor(), round() or trunc()"
        raise EquationError(value.span, "an int variable cannot hold a fraction", hint)
