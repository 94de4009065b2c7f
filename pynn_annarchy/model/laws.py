"""Rules about random draws: arguments that are numbers in the text must be ones that the law can have."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.syntax import Call, Expression
from pynn_annarchy.language.visit import nodes
from pynn_annarchy.model.evaluate import constant_value

_POSITIVE = (lambda value: value > 0, "must be positive")
_NOT_NEGATIVE = (lambda value: value >= 0, "must not be negative")
_PROBABILITY = (lambda value: 0 <= value <= 1, "must lie between 0 and 1")
_COUNT = (lambda value: value >= 0 and value == round(value), "must be a whole number, 0 or more")

_Rule = tuple[str, Callable[[float], bool], str]

_ARGUMENTS: Mapping[str, Mapping[int, _Rule]] = {
    "Normal": {1: ("standard deviation", *_NOT_NEGATIVE)},
    "LogNormal": {1: ("standard deviation", *_NOT_NEGATIVE)},
    "Exponential": {0: ("mean", *_NOT_NEGATIVE)},
    "Gamma": {0: ("shape", *_POSITIVE), 1: ("scale", *_NOT_NEGATIVE)},
    "GammaAbove": {0: ("shape", *_POSITIVE), 1: ("scale", *_POSITIVE)},
    "Binomial": {0: ("number", *_COUNT), 1: ("probability", *_PROBABILITY)},
    "Poisson": {0: ("mean", *_NOT_NEGATIVE)},
}
"""What an argument is called, and must be, by law and place."""

_BETWEEN = ("Uniform", "DiscreteUniform")


def draws_are_possible(expression: Expression) -> None:
    """Refuses ``Normal(0, -1)``. Of arguments that parameters or variables decide, nothing is known yet.

    Raises:
        EquationError: with a caret under the argument.
    """
    for node in nodes(expression):
        if isinstance(node, Call):
            _arguments_are_possible(node)


def _arguments_are_possible(call: Call) -> None:
    values = [constant_value(each) for each in call.arguments]
    for place, (what, is_possible, objection) in _ARGUMENTS.get(call.function, {}).items():
        value = values[place]
        if value is not None and not is_possible(value):
            message = f"the {what} of '{call.function}' {objection}, got {value:g}"
            raise EquationError(call.arguments[place].span, message)
    if call.function in _BETWEEN:
        low, high = values
        if low is not None and high is not None and not low <= high:
            raise EquationError(call.span, f"the bounds of '{call.function}' must ascend, got {low:g} and {high:g}")
