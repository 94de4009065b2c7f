"""Functions of users, called from Python: the same expressions by the same arithmetic as in equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.functions import expand_definitions
from pynn_annarchy.language.names import suggestion
from pynn_annarchy.language.parse import parse_functions
from pynn_annarchy.language.syntax import FunctionDefinition, Span
from pynn_annarchy.language.visit import names_in
from pynn_annarchy.model.evaluate import evaluate

_DTYPES: Mapping[str, Any] = {"int": np.int64, "bool": np.bool_, "float": np.float64}


def check_functions(text: str, shared: AbstractSet[str]) -> None:
    """Refuses a text whose functions are wrong, each by itself or together.

    Args:
        shared: names that they may read besides their arguments.

    Raises:
        EquationError: with a caret under the place.
    """
    expand_definitions(parse_functions(text), shared)


def definitions_in(text: str) -> dict[str, str]:
    """The text of each function that a text defines, types included, by its name.

    Raises:
        EquationError: the text breaks the grammar.
    """
    return {definition.name: _as_written(text, definition.span) for definition in parse_functions(text)}


def _as_written(text: str, span: Span) -> str:
    types = text[span.end :].split("\n", 1)[0].split(";", 1)[0].split("#", 1)[0]
    return text[span.start : span.end] + types.rstrip()


def function_of(
    text: str, name: str, whose: str, shared: AbstractSet[str], read: Callable[[str], float]
) -> Callable[..., Any]:
    """One of the functions that a text defines, for numbers, lists and arrays (together, as NumPy does).

    Args:
        whose: for messages, e.g. ``population 'pop0'``.
        shared: names that they may read besides their arguments.
        read: present value of one of these names, or of ``t`` or ``dt``.

    Raises:
        ModelError: no function has that name; the function itself raises it for arguments that are no numbers, or of
            a wrong number or shape.
    """
    definitions = expand_definitions(parse_functions(text), shared)
    if name not in definitions:
        hint = suggestion(name, definitions) or f"there are {', '.join(definitions) or 'none'}"
        raise ModelError(f"{whose} has no function '{name}'; {hint}")
    return _callable(definitions[name], read)


def _callable(definition: FunctionDefinition, read: Callable[[str], float]) -> Callable[..., Any]:
    own = {*definition.parameters, "pi"}
    free = dict.fromkeys(name.identifier for name in names_in(definition.body) if name.identifier not in own)

    def function(*arguments: Any) -> Any:
        arrays = _arrays(definition, arguments)
        shape = arrays[0].shape if arrays else ()
        values: dict[str, Any] = {name: read(name) for name in free}
        values.update(zip(definition.parameters, (array.ravel() for array in arrays), strict=True))
        result = np.broadcast_to(evaluate(definition.body, values), int(np.prod(shape))).reshape(shape)
        typed = result.astype(_DTYPES[definition.types[0] if definition.types else "float"])
        return typed.item() if typed.ndim == 0 else typed

    function.__name__ = definition.name
    function.__doc__ = f"The function '{definition.name}({', '.join(definition.parameters)})' of the model."
    return function


def _arrays(definition: FunctionDefinition, arguments: tuple[Any, ...]) -> tuple[NDArray[np.float64], ...]:
    """Arguments as arrays of one shape, those that are declared ``int`` without their fraction."""
    wanted = f"'{definition.name}({', '.join(definition.parameters)})'"
    if len(arguments) != len(definition.parameters):
        raise ModelError(f"{wanted} takes {len(definition.parameters)} arguments, not {len(arguments)}")
    arrays = [_array(wanted, name, value) for name, value in zip(definition.parameters, arguments, strict=True)]
    try:
        together = np.broadcast_arrays(*arrays)
    except ValueError as error:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ModelError(f"{wanted}: arguments of the shapes {shapes} do not fit together") from error
    types = definition.types[1:] or ("float",) * len(arrays)
    return tuple(np.trunc(each) if kind == "int" else each for each, kind in zip(together, types, strict=True))


def _array(function: str, name: str, value: Any) -> NDArray[np.float64]:
    refusal = f"{function}: '{name}' takes a number, a list or an array of numbers, not {value!r}"
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise ModelError(refusal)
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ModelError(refusal) from error
