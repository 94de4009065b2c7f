"""The functions, distributions and constants of the language, and how a user's own functions are expanded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import Enum, auto

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.names import POPULATION_OPERATIONS, suggestion
from pynn_annarchy.language.syntax import (
    Binary,
    BinaryOperator,
    Boolean,
    Call,
    Conditional,
    Expression,
    FunctionDefinition,
    Name,
    Number,
    Span,
)
from pynn_annarchy.language.visit import map_children, names_in, nodes


class Result(Enum):
    """Type of what a function returns."""

    REAL = auto()
    INTEGER = auto()
    BOOLEAN = auto()
    OF_ARGUMENTS = auto()
    """Integer where all arguments are integers, real otherwise."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of numbers; ``aliases`` are other spellings, replaced by ``name`` while parsing."""

    name: str
    arity: int
    result: Result = Result.REAL
    aliases: tuple[str, ...] = ()


FUNCTIONS: Mapping[str, Function] = {
    function.name: function
    for function in (
        Function("exp", 1),
        Function("expm1", 1),
        Function("exprel", 1),
        Function("log", 1, aliases=("ln",)),
        Function("log10", 1),
        Function("log2", 1),
        Function("log1p", 1),
        Function("sqrt", 1),
        Function("sin", 1),
        Function("cos", 1),
        Function("tan", 1),
        Function("asin", 1),
        Function("acos", 1),
        Function("atan", 1),
        Function("sinh", 1),
        Function("cosh", 1),
        Function("tanh", 1),
        Function("abs", 1, Result.OF_ARGUMENTS, aliases=("fabs",)),
        Function("sign", 1, Result.OF_ARGUMENTS),
        Function("floor", 1, Result.INTEGER),
        Function("ceil", 1, Result.INTEGER),
        Function("round", 1, Result.INTEGER),
        Function("trunc", 1, Result.INTEGER),
        Function("min", 2, Result.OF_ARGUMENTS),
        Function("max", 2, Result.OF_ARGUMENTS),
        Function("clip", 3, Result.OF_ARGUMENTS),
        Function("positive", 1, Result.OF_ARGUMENTS, aliases=("pos",)),
        Function("negative", 1, Result.OF_ARGUMENTS, aliases=("neg",)),
        Function("isfinite", 1, Result.BOOLEAN),
        Function("isnan", 1, Result.BOOLEAN),
    )
}
"""Functions without memory, by name.

``exprel(x)`` is (exp(x) - 1)/x, ``positive(x)`` is max(x, 0), ``negative(x)`` is min(x, 0).
"""

DISTRIBUTIONS: Mapping[str, Function] = {
    distribution.name: distribution
    for distribution in (
        Function("Uniform", 2),
        Function("DiscreteUniform", 2, Result.INTEGER),
        Function("Normal", 2),
        Function("LogNormal", 2),
        Function("Exponential", 1),
        Function("Gamma", 2),
        Function("GammaAbove", 3),
        Function("Binomial", 2, Result.INTEGER),
        Function("Poisson", 1, Result.INTEGER),
    )
}
"""Random draws, one for each cell or synapse and step.

Arguments: ``Uniform`` lower and upper bound, ``DiscreteUniform`` the same, both included, ``Normal`` mean and standard
deviation, ``LogNormal`` those of the logarithm, ``Exponential`` its mean, ``Gamma`` shape and scale, ``GammaAbove`` the
same and the bound that its values, those of a gamma variable given that it is larger, lie above, ``Binomial``
number and probability, ``Poisson`` its mean.
"""

CONSTANTS = frozenset({"t", "dt", "pi"})
"""Names that every expression may read: time and time step, both in ms, and the number."""

_CANONICAL = {alias: function.name for function in FUNCTIONS.values() for alias in function.aliases}

_NODES: Mapping[str, tuple[int, Callable[..., Expression]]] = {
    "ite": (3, Conditional),
    "pow": (2, lambda base, exponent, span: Binary(BinaryOperator.POWER, base, exponent, span)),
    "power": (2, lambda base, exponent, span: Binary(BinaryOperator.POWER, base, exponent, span)),
    "modulo": (2, lambda left, right, span: Binary(BinaryOperator.MODULO, left, right, span)),
}
"""Functions that are another spelling of an operator: number of arguments and node."""

BUILT_IN = frozenset({*FUNCTIONS, *DISTRIBUTIONS, *POPULATION_OPERATIONS, *_CANONICAL, *_NODES})
"""Every function name that has a meaning already."""


def function_named(name: str) -> Function | None:
    """The function or distribution of that name, aliases not included."""
    return FUNCTIONS.get(name) or DISTRIBUTIONS.get(name)


def call(name: str, arguments: tuple[Expression, ...], span: Span) -> Expression:
    """The node of ``name(arguments)``: aliases resolved, spellings of operators turned into those.

    Raises:
        EquationError: an operator's spelling with a wrong number of arguments.
    """
    if name in POPULATION_OPERATIONS and (name not in FUNCTIONS or len(arguments) == 1):
        return _population_value(name, arguments, span)
    if name not in _NODES:
        return Call(_CANONICAL.get(name, name), arguments, span)
    arity, node = _NODES[name]
    check_arity(name, arity, len(arguments), span)
    return node(*arguments, span=span)


def _population_value(operation: str, arguments: tuple[Expression, ...], span: Span) -> Name:
    """``mean(v)`` as the name of one value."""
    check_arity(operation, 1, len(arguments), span)
    variable = arguments[0]
    if not isinstance(variable, Name) or "(" in variable.identifier:
        hint = f"assign what is in parentheses to a variable 'x', then write '{operation}(x)'"
        raise EquationError(span, f"'{operation}' takes the name of a variable", hint)
    return Name(f"{operation}({variable.identifier})", span)


def check_arity(name: str, expected: int, given: int, span: Span) -> None:
    """Refuse a call with the wrong number of arguments."""
    if given != expected:
        plural = "" if expected == 1 else "s"
        raise EquationError(span, f"'{name}' takes {expected} argument{plural}, not {given}")


def expand(expression: Expression, definitions: Mapping[str, FunctionDefinition]) -> Expression:
    """The expression with every call of a user's function replaced by its body.

    What comes from the body carries the span of the call, what comes from the arguments keeps its own. Arguments and
    results that are declared ``int`` are truncated.

    Raises:
        EquationError: a function that is neither built in nor defined, or a wrong number of arguments.
    """
    expanded = map_children(expression, lambda child: expand(child, definitions))
    if not isinstance(expanded, Call):
        return expanded
    built_in = function_named(expanded.function)
    if built_in is not None:
        check_arity(built_in.name, built_in.arity, len(expanded.arguments), expanded.span)
        return expanded
    if expanded.function not in definitions:
        hint = suggestion(expanded.function, {*BUILT_IN, *definitions})
        raise EquationError(expanded.span, f"'{expanded.function}' is no function of the language or the model", hint)
    definition = definitions[expanded.function]
    check_arity(definition.name, len(definition.parameters), len(expanded.arguments), expanded.span)
    result, *types = definition.types or ("float",) * (1 + len(expanded.arguments))
    converted = (_converted(argument, type_) for argument, type_ in zip(expanded.arguments, types, strict=True))
    arguments = dict(zip(definition.parameters, converted, strict=True))
    return _converted(_reduced(definition.body, arguments, expanded.span), result)


def _converted(value: Expression, to: str) -> Expression:
    """The value as an argument or result of a declared type: an ``int`` one loses its fraction."""
    return Call("trunc", (value,), value.span) if to == "int" else value


def _reduced(body: Expression, arguments: Mapping[str, Expression], span: Span) -> Expression:
    if isinstance(body, Name):
        return arguments.get(body.identifier, replace(body, span=span))
    if isinstance(body, Number | Boolean):
        return replace(body, span=span)
    return replace(map_children(body, lambda child: _reduced(child, arguments, span)), span=span)


_READ_BY_FUNCTIONS = "a function reads its arguments, constants, parameters that are one for all, t, dt and pi"


def expand_definitions(
    definitions: tuple[FunctionDefinition, ...], shared: AbstractSet[str] = frozenset()
) -> dict[str, FunctionDefinition]:
    """Definitions by name, each expanded in terms of those before it, so that none can call itself.

    Args:
        shared: names that bodies may read besides their arguments: what all elements of the model share.

    Raises:
        EquationError: a name defined twice or already taken, or a name in a body that is no argument.
    """
    expanded: dict[str, FunctionDefinition] = {}
    for definition in definitions:
        _check_definition(definition, expanded, shared)
        _check_order(definition)
        expanded[definition.name] = replace(definition, body=expand(definition.body, expanded))
    return expanded


def _check_definition(
    definition: FunctionDefinition, earlier: Mapping[str, FunctionDefinition], shared: AbstractSet[str]
) -> None:
    if definition.name in BUILT_IN:
        raise EquationError(definition.span, f"'{definition.name}' is a function of the language already")
    if definition.name in earlier:
        raise EquationError(definition.span, f"function '{definition.name}' is defined twice")
    _check_body(definition.body, {*definition.parameters, *CONSTANTS, *shared}, definition.name)


def _check_order(definition: FunctionDefinition) -> None:
    for node in nodes(definition.body):
        if isinstance(node, Call) and node.function == definition.name:
            raise EquationError(node.span, f"'{definition.name}' calls itself", "a function calls only those before it")


def _check_body(body: Expression, known: set[str], function: str) -> None:
    for name in names_in(body):
        if name.identifier not in known:
            hint = suggestion(name.identifier, known) or _READ_BY_FUNCTIONS
            raise EquationError(name.span, f"'{name.identifier}' is not an argument of '{function}'", hint)
