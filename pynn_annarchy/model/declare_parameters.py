"""Parameters as users write them -> ParameterSpecs, and the values that are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import Any

from pynn_annarchy.exceptions import EquationError, ModelError
from pynn_annarchy.language.checks import flags as rules
from pynn_annarchy.language.checks.definitions import place_of_target
from pynn_annarchy.language.flags import LOCALITIES, TYPES
from pynn_annarchy.language.functions import DISTRIBUTIONS, check_arity, expand
from pynn_annarchy.language.names import suggestion
from pynn_annarchy.language.parse import parse_expression, parse_statements
from pynn_annarchy.language.syntax import Assignment, Boolean, Call, Expression, Flags, Name, Span
from pynn_annarchy.language.visit import names_in, nodes
from pynn_annarchy.model.declared import Drawn, Parameter, is_distribution
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.model.spec import Kind, ModelSpec, Order, ParameterSpec
from pynn_annarchy.model.told import told

_NOT_OF_PARAMETERS = ("init", "minimum", "maximum", "method", "event_driven", "unless_refractory", "unless_post")


@dataclass(frozen=True)
class GivenParameter:
    """A parameter, and where it is drawn, from what."""

    spec: ParameterSpec
    drawn: Any = None


def parameters_of(
    model: ModelSpec, given: str | Sequence[str] | Mapping[str, Any] | None, known: Mapping[str, float]
) -> tuple[GivenParameter, ...]:
    """All parameters of a model in the order given.

    Text makes them local, and so does a dictionary in PyNN's order of a step; in ANNarchy's it makes all but weights
    global, unless they say otherwise.

    Args:
        model: name and kind of the model.
        known: value by name of what values may mention.

    Raises:
        EquationError: with a caret under a text that is no value, a name that is not known, or a wrong flag.
        ModelError: a value of a dictionary that is none.
    """
    if given is None:
        return ()
    if isinstance(given, Mapping):
        return tuple(_entry(model, name, value, known) for name, value in given.items())
    return tuple(_written(model, as_text(model, "parameters", given), known))


def as_text(model: ModelSpec, where: str, given: str | Sequence[str] | None) -> str:
    """Lines of a text, given as one or as a list of strings.

    Raises:
        ModelError: it is neither.
    """
    if given is not None and not isinstance(given, Iterable):
        raise ModelError(f"{_whose(model)}: '{where}' must be text or a list of texts, not {given!r}")
    lines = [given] if isinstance(given, str) else list(given or ())
    for line in lines:
        if not isinstance(line, str):
            raise ModelError(f"{_whose(model)}: '{where}' must be text or a list of texts, not {line!r}")
    return "\n".join(lines)


def one_text(model: ModelSpec, where: str, given: str | None) -> str:
    """A part of a model that is one text, or ''.

    Raises:
        ModelError: it is something else.
    """
    if given is not None and not isinstance(given, str):
        raise ModelError(f"{_whose(model)}: '{where}' must be text, not {given!r}")
    return given or ""


def value_of_text(text: Expression, known: Mapping[str, float]) -> float | bool | Drawn:
    """What an expression of numbers, known names and functions comes to, or the distribution that it is.

    Raises:
        EquationError: a name that has no value here, a function that there is not, or a draw within an expression.
    """
    expanded = expand(text, {})
    if isinstance(expanded, Call) and expanded.function in DISTRIBUTIONS:
        function = DISTRIBUTIONS[expanded.function]
        check_arity(function.name, function.arity, len(expanded.arguments), expanded.span)
        return Drawn(function.name, tuple(_number(argument, known) for argument in expanded.arguments))
    if isinstance(expanded, Boolean):
        return expanded.value
    if isinstance(expanded, Name) and isinstance(known.get(expanded.identifier), bool):
        return bool(known[expanded.identifier])
    return _number(expanded, known)


def _number(expression: Expression, known: Mapping[str, float]) -> float:
    for name in names_in(expression):
        if name.identifier not in {*known, "pi"}:
            hint = suggestion(name.identifier, known) or "a value is made of numbers, functions and names of constants"
            raise EquationError(name.span, f"'{name.identifier}' has no value here", hint)
    for node in nodes(expression):
        if isinstance(node, Call) and node.function in DISTRIBUTIONS:
            hint = "draw the value itself, or draw in an equation"
            raise EquationError(node.span, f"'{node.function}' cannot be a part of a value", hint)
    value = float(evaluate(expression, known))
    if not isfinite(value):
        raise EquationError(expression.span, f"this value is {value}, and must be finite")
    return value


def _written(model: ModelSpec, text: str, known: Mapping[str, float]) -> Iterator[GivenParameter]:
    """Parameters of a text, ``tau = 10.0 : population``, one a line."""
    with told(model, "parameters"):
        statements = parse_statements(text, among="parameters")
    for statement in statements:
        with told(model, f"parameter '{statement.target}'"):
            _check_statement(model, statement)
            _reads_no_parameter(statement, {each.target for each in statements} - known.keys())
            value = value_of_text(statement.value, known)
            yield _parameter(model, statement.target, value, _locality(statement.flags), statement.flags.dtype)


def _check_statement(model: ModelSpec, statement: Assignment) -> None:
    start = place_of_target(statement).end
    written = statement.span.text[start : statement.span.end].lstrip()
    if not written.startswith("="):
        raise EquationError(statement.span, "a parameter is given by '='", f"write '{statement.target} = ...'")
    reason, hint = "this flag belongs to variables", "of parameters there are localities and types"
    rules.refuse(statement.flags, _NOT_OF_PARAMETERS, reason, hint)
    allowed = rules.CELL_LOCALITIES if model.kind is Kind.CELL else rules.SYNAPSE_LOCALITIES
    rules.locality_is_of_kind(statement.flags, allowed, model.kind.value)


def _reads_no_parameter(statement: Assignment, parameters: AbstractSet[str]) -> None:
    for name in names_in(statement.value):
        if name.identifier in parameters:
            message = f"'{name.identifier}' is a parameter too, and may be set later"
            raise EquationError(name.span, message, "compute what depends on it in an equation")


def _locality(flags: Flags) -> str:
    return LOCALITIES[flags.locality or "local"]


def _entry(model: ModelSpec, name: str, value: Any, known: Mapping[str, float]) -> GivenParameter:
    """A parameter of a dictionary."""
    if not isinstance(name, str):
        raise ModelError(f"{_whose(model)}: the names of parameters are texts, not {name!r}")
    with told(model, f"parameter '{name}'"):
        if not isinstance(value, Parameter):
            locality = _locality_of_entries(model, name)
            return _parameter(model, name, _plain(model, name, value, known), locality, None)
        allowed = rules.CELL_LOCALITIES if model.kind is Kind.CELL else rules.SYNAPSE_LOCALITIES
        word = str(value.locality or _locality_of_entries(model, name))
        flags = Flags(locality=word, spans=(("locality", Span(word, 0, len(word))),))
        rules.locality_is_of_kind(flags, allowed, model.kind.value)
        plain = _plain(model, name, value.value, known)
        return _parameter(model, name, plain, LOCALITIES[word], type_named(value.type))


def _locality_of_entries(model: ModelSpec, name: str) -> str:
    """What a dictionary's entries are unless they say otherwise; weights are given by connectors, one each."""
    is_weight = model.kind is Kind.SYNAPSE and name == model.weight
    return "local" if is_weight or model.order is Order.PYNN else "global"


def _plain(model: ModelSpec, name: str, value: Any, known: Mapping[str, float]) -> Any:
    """A number, a truth value or a distribution."""
    if isinstance(value, str):
        return value_of_text(parse_expression(value), known)
    if isinstance(value, bool) or is_distribution(value):
        return value
    if isinstance(value, Real) or (hasattr(value, "__float__") and getattr(value, "shape", ()) == ()):
        if not isfinite(value):
            raise ModelError(f"{_whose(model)}: parameter '{name}' must be finite, got {value}")
        return float(value)
    raise ModelError(
        f"{_whose(model)}: parameter '{name}' cannot start from {value!r}; give one number, and set "
        "lists and arrays where the number of elements is known: in the population or projection"
    )


def type_named(given: Any) -> str:
    """'float', 'int' or 'bool' for a Python type or its name.

    Raises:
        EquationError: it is none of these.
    """
    word = given.__name__ if isinstance(given, type) else str(given)
    word = {"double": "float", "float64": "float", "bool_": "bool"}.get(word, word)
    if word not in TYPES:
        raise EquationError(Span(word, 0, len(word)), f"'{word}' is no type", "one of float, int, bool")
    return word


def _parameter(model: ModelSpec, name: str, value: Any, locality: str, dtype: str | None) -> GivenParameter:
    """The parameter; truth values make it a bool one where no type is given."""
    kind = dtype or ("bool" if isinstance(value, bool) else "float")
    if is_distribution(value):
        return GivenParameter(ParameterSpec(name, 0.0, locality=locality, dtype=kind), value)
    number = float(value)
    if kind == "int" and not number.is_integer():
        raise ModelError(f"{_whose(model)}: parameter '{name}' is of type int and cannot be {number!r}")
    if kind == "bool" and number not in (0.0, 1.0):
        raise ModelError(f"{_whose(model)}: parameter '{name}' is of type bool and cannot be {number!r}")
    return GivenParameter(ParameterSpec(name, number, locality=locality, dtype=kind))


def _whose(model: ModelSpec) -> str:
    return f"{model.kind.value} type '{model.name}'"
