"""Equations and statements as users write them, strings and Variables mixed -> one text, and what it mentions.

Initial values that are drawn are taken out of the text, and so is that of a synapse's weight, which is the parameter's
default. What the text mentions says what the model receives: ``g_exc`` and ``sum(exc)`` are targets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pynn_annarchy.exceptions import EquationError, ModelError
from pynn_annarchy.language.checks.definitions import changed_by
from pynn_annarchy.language.flags import FLAG_WORDS, LOCALITIES
from pynn_annarchy.language.functions import BUILT_IN, DISTRIBUTIONS
from pynn_annarchy.language.names import suggestion
from pynn_annarchy.language.parse import parse_equations, parse_expression, parse_functions, parse_statements
from pynn_annarchy.language.syntax import (
    Assignment,
    Call,
    DifferentialEquation,
    Equation,
    Expression,
    FunctionDefinition,
    Span,
)
from pynn_annarchy.language.visit import names_in, nodes
from pynn_annarchy.model.declare_parameters import one_text, type_named, value_of_text
from pynn_annarchy.model.declared import Variable, is_distribution
from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.model.told import told
from pynn_annarchy.model.variables import value_of

Lines = str | Variable | Sequence[str | Variable] | None

EVENTS = ("reset", "axon_reset", "pre_spike", "pre_axon_spike", "post_spike")
"""Parts of a model that are statements at spikes."""

TARGET = "g_"
"""Names that begin so are what a spiking cell receives by a target."""


def mentions_name(name: str, *texts: Any) -> bool:
    """Whether a name stands anywhere in texts, Variables, lists of them, or among the keys of a dictionary."""
    return any(_mentions(name, text) for text in texts)


def _mentions(name: str, text: Any) -> bool:
    if isinstance(text, Variable):
        text = text.equation
    if not isinstance(text, str):
        return mentions_name(name, *(text or ()))
    return re.search(rf"\b{re.escape(name)}\b", re.sub(r"#.*", "", text)) is not None


@dataclass(frozen=True)
class Written:
    """One part of a model as text.

    Args:
        text: all of its lines.
        initial: values of variables at t = 0 that the text does not hold: numbers for the weight, draws, distributions.
    """

    text: str = ""
    initial: Mapping[str, Any] = field(default_factory=dict)


def written(
    model: ModelSpec, where: str, lines: Lines, declared: AbstractSet[str], known: Mapping[str, float]
) -> Written:
    """The lines of one part of a model, ``equations`` or the statements of an event.

    Args:
        declared: names of parameters.
        known: value by name of what initial values may mention.

    Raises:
        EquationError: the text breaks the grammar.
        ModelError: a line that is neither text nor a Variable, a Variable of several equations.
    """
    if lines is not None and not isinstance(lines, str | Variable | Iterable):
        whose = f"{model.kind.value} type '{model.name}'"
        raise ModelError(f"{whose}: '{where}' must be text, a Variable or a list of them, not {lines!r}")
    given = [lines] if isinstance(lines, str | Variable) else list(lines or ())
    initial: dict[str, Any] = {}
    texts: list[str] = []
    for line in given:
        if isinstance(line, Variable):
            texts.append(_of_variable(model, where, line, declared, initial))
        elif isinstance(line, str):
            texts.append(line)
        else:
            raise ModelError(
                f"{model.kind.value} type '{model.name}': '{where}' is made of texts and Variables, not of {line!r}"
            )
    read = [_without_initial(model, where, text, declared, known, initial) for text in texts]
    return Written("\n".join(text for text in read if text.strip()), initial)


def _parse(model: ModelSpec, where: str, text: str, declared: AbstractSet[str]) -> tuple[Equation, ...]:
    with told(model, where):
        return parse_equations(text, declared) if where == "equations" else parse_statements(text)


# Variables


def _of_variable(
    model: ModelSpec, where: str, variable: Variable, declared: AbstractSet[str], initial: dict[str, Any]
) -> str:
    """The text of a Variable with its arguments as flags."""
    one_text(model, "equation", variable.equation)
    equations = _parse(model, where, variable.equation, declared)
    if len(equations) != 1:
        with told(model, where):
            text = variable.equation
            message = f"a Variable has one equation, this text has {len(equations)}"
            raise EquationError(Span(text, 0, len(text)), message, "give each a Variable of its own")
    flags = list(_flags(model, variable, changed_by(equations[0]), initial))
    if not flags:
        return variable.equation
    start = ", " if equations[0].flags.spans else " : "
    return f"{variable.equation.rstrip()}{_after_comment(variable.equation)}{start}{', '.join(flags)}"


def _after_comment(text: str) -> str:
    """What goes before flags: they may not become a part of a comment in the last line."""
    return "\n" if "#" in text.rstrip().rpartition("\n")[2] else ""


def _flags(model: ModelSpec, variable: Variable, name: str, initial: dict[str, Any]) -> Iterable[str]:
    if is_distribution(variable.init):
        initial[name] = variable.init
    elif variable.init is not None:
        yield f"init={_literal(model, name, 'init', variable.init)}"
    if variable.min is not None:
        yield f"min={_literal(model, name, 'min', variable.min)}"
    if variable.max is not None:
        yield f"max={_literal(model, name, 'max', variable.max)}"
    if variable.method is not None:
        yield _method(model, name, str(variable.method))
    if variable.locality != "local":
        yield str(variable.locality)
    with told(model, f"variable '{name}'"):
        dtype = type_named(variable.type)
    if dtype != "float":
        yield dtype


def _method(model: ModelSpec, name: str, word: str) -> str:
    known = [flag for flag, meaning in FLAG_WORDS.items() if meaning.kind == "method"]
    if word not in known:
        with told(model, f"variable '{name}'"):
            hint = suggestion(word, known) or f"methods are {', '.join(known)}"
            raise EquationError(Span(word, 0, len(word)), f"'{word}' is no method", hint)
    return word


def _literal(model: ModelSpec, name: str, flag: str, value: Any) -> str:
    """A number, a truth value or text, as text of the language."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    is_number = hasattr(value, "__float__") and np.ndim(value) == 0
    if not is_number or not np.isfinite(float(value)):
        with told(model, f"variable '{name}'"):
            hint = "set lists and arrays where the number of elements is known: in the population or projection"
            text = f"{flag}={value!r}"
            raise EquationError(Span(text, 0, len(text)), f"'{flag}' takes a number or text", hint)
    return repr(float(value))


# initial values that are no part of the text


def _without_initial(
    model: ModelSpec,
    where: str,
    text: str,
    declared: AbstractSet[str],
    known: Mapping[str, float],
    initial: dict[str, Any],
) -> str:
    """The text without initial values that are drawn, and without that of the weight; these go to ``initial``."""
    for equation in reversed(_parse(model, where, text, declared)):
        name, init = changed_by(equation), equation.flags.init
        if init is None or not (name == model.weight or _is_drawn(init)):
            continue
        with told(model, f"variable '{name}'"):
            _depends_on_no_parameter(init, declared)
            initial[name] = value_of_text(init, known)
        text = _without_flag(text, equation.flags.where("init"))
    return text


def _depends_on_no_parameter(init: Expression, declared: AbstractSet[str]) -> None:
    """What is drawn is drawn once, when the elements are made."""
    for name in names_in(init):
        if name.identifier in declared:
            hint = (
                "give numbers here, or set initial values in the population or projection, by their law or one by one"
            )
            raise EquationError(name.span, f"'{name.identifier}' is a parameter, and may be set later", hint)


def _is_drawn(expression: Expression) -> bool:
    return any(isinstance(node, Call) and node.function in DISTRIBUTIONS for node in nodes(expression))


def _without_flag(text: str, span: Span) -> str:
    """The text without one flag, and without the comma or colon that it leaves alone."""
    before, after = text[: span.start].rstrip(" \t"), text[span.end :]
    following = after.lstrip(" \t")
    if following.startswith(","):
        return f"{before} {following[1:].lstrip()}"
    return before[:-1].rstrip() + after


# refractoriness


def held_in_refractoriness(text: str, declared: AbstractSet[str]) -> str:
    """Equations with the flag ``unless_refractory``, all but those of ``g_*``, where none of them has it."""
    equations = parse_equations(text, declared)
    if any(equation.flags.unless_refractory for equation in equations):
        return text
    for equation in reversed(equations):
        flags = equation.flags
        if changed_by(equation).startswith(TARGET) or LOCALITIES[flags.locality or "local"] != "local":
            continue
        end = max([equation.span.end, *(span.end for _, span in flags.spans)])
        text = f"{text[:end]}{', ' if flags.spans else ' : '}unless_refractory{text[end:]}"
    return text


# what the texts mention


@dataclass(frozen=True)
class Mentions:
    """What the texts of a model say.

    Args:
        names: every name that is read, in the order of the text.
        changed: every name that an equation or a statement changes.
        carried: of names with an equation those whose value of before counts.
        calls: functions that the language does not have.
    """

    names: tuple[str, ...]
    changed: frozenset[str]
    carried: frozenset[str]
    calls: frozenset[str]


def mentions(model: ModelSpec, declared: AbstractSet[str]) -> Mentions:
    """What the texts of a specification mention.

    Args:
        declared: names of parameters.

    Raises:
        EquationError: a text breaks the grammar.
    """
    equations = _parse(model, "equations", model.equations, declared)
    events = {where: getattr(model, where) for where in EVENTS}
    statements = [each for where, text in events.items() for each in _parse(model, where, text, declared)]
    expressions = [part for equation in (*equations, *statements) for part in _expressions(equation)]
    for where in ("spike", "axon_spike", "refractory", "psp"):
        text = getattr(model, where)
        if text.strip():
            with told(model, where):
                expressions.append(parse_expression(text))
    with told(model, "functions"):
        own = parse_functions(model.functions)
    bodies = [definition.body for definition in own]
    read = [name.identifier for expression in expressions for name in names_in(expression)]
    read += [name for definition in own for name in sorted(_free_names(definition))]
    called = {node.function for each in (*expressions, *bodies) for node in nodes(each) if isinstance(node, Call)}
    return Mentions(
        names=tuple(dict.fromkeys(read)),
        changed=frozenset(changed_by(equation) for equation in (*equations, *statements)),
        carried=frozenset(_carried(equations)),
        calls=frozenset(called) - BUILT_IN - {definition.name for definition in own},
    )


def _free_names(definition: FunctionDefinition) -> set[str]:
    return {name.identifier for name in names_in(definition.body)} - {*definition.parameters}


def _expressions(equation: Equation) -> list[Expression]:
    flags = (equation.flags.init, equation.flags.minimum, equation.flags.maximum)
    return [value_of(equation), *(flag for flag in flags if flag is not None)]


def _carried(equations: Iterable[Equation]) -> set[str]:
    """Names whose value of the step before counts: that of a differential equation, or read before it is assigned."""
    carried: set[str] = set()
    assigned: set[str] = set()
    for equation in equations:
        carried |= {name.identifier for name in names_in(value_of(equation))} - assigned
        if isinstance(equation, DifferentialEquation):
            carried.add(equation.variable)
        elif isinstance(equation, Assignment):
            assigned.add(equation.target)
    return carried
