"""Functions of users, called from Python: the same expressions by the same arithmetic as in equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.functions import expand_definitions
from pynn_annarchy.language.names import suggestion
from pynn_annarchy.language.parse import parse_functions
from pynn_annarchy.language.syntax import FunctionDefinition, Span
from pynn_annarchy.model.evaluate import evaluate

_DTYPES: Mapping[str, Any] = {"int": np.int64, "bool": np.bool_, "float": np.float64}


def check_functions(text: str) -> None:
    """Refuses a text whose functions are wrong, each by itself or together.

    Raises:
        EquationError: with a caret under the place.
    """
    expand_definitions(parse_functions(text))


def definitions_in(text: str) -> dict[str, str]:
    """The text of each function that a text defines, types included, by its name.

    Raises:
        EquationError: the text breaks the grammar.
    """
    return {definition.name: _as_written(text, definition.span) for definition in parse_functions(text)}


def _as_written(text: str, span: Span) -> str:
    types = text[span.end :].split("\n", 1)[0].split(";", 1)[0].split("#", 1)[0]
    return text[span.start : span.end] + types.rstrip()


def function_of(text: str, name: str, whose: str) -> Callable[..., Any]:
    """One of the functions that a text defines, for numbers, lists and arrays (together, as NumPy does).

    Args:
        whose: for messages, e.g. ``population 'pop0'``.

    Raises:
        ModelError: no function has that name; the function itself raises it for a wrong number of arguments.
    """
    definitions = expand_definitions(parse_functions(text))
    if name not in definitions:
        hint = suggestion(name, definitions) or f"there are {', '.join(definitions) or 'none'}"
        raise ModelError(f"{whose} has no function '{name}'; {hint}")
    return _callable(definitions[name])


def _callable(definition: FunctionDefinition) -> Callable[..., Any]:
    def function(*arguments: Any) -> Any:
        if len(arguments) != len(definition.parameters):
            wanted = ", ".join(definition.parameters)
            raise ModelError(f"'{definition.name}' takes ({wanted}), got {len(arguments)} arguments")
        arrays = np.broadcast_arrays(*(np.asarray(argument, np.float64) for argument in arguments))
        values = {name: array.ravel() for name, array in zip(definition.parameters, arrays, strict=True)}
        result = np.broadcast_to(evaluate(definition.body, values), arrays[0].size).reshape(arrays[0].shape)
        typed = result.astype(_DTYPES[definition.types[0] if definition.types else "float"])
        return typed.item() if typed.ndim == 0 else typed

    function.__name__ = definition.name
    function.__doc__ = f"The function '{definition.name}({', '.join(definition.parameters)})' of the model."
    return function
