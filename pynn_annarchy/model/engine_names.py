"""Names of the text -> names of the engine: the weight is 'weight' whatever the text calls it, ``sum()`` is a sum.

Done once the rules have been applied, so that errors say what the modeller wrote; places in the text stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pynn_annarchy.language.names import sum_of
from pynn_annarchy.language.syntax import (
    Assignment,
    Binary,
    BinaryOperator,
    DifferentialEquation,
    Equation,
    Expression,
    Flags,
    Name,
)
from pynn_annarchy.language.visit import map_children
from pynn_annarchy.model.checked import Receptor, Variable
from pynn_annarchy.model.spec import WEIGHT, ModelSpec
from pynn_annarchy.model.texts import Texts

Replacements = Mapping[str, tuple[str, ...]]
"""By name in the text the names in the engine, of which the sum is meant."""


def replacements(spec: ModelSpec) -> Replacements:
    """What the text of a model calls otherwise than the engine."""
    found: dict[str, tuple[str, ...]] = {} if spec.weight == WEIGHT else {spec.weight: (WEIGHT,)}
    sums = tuple(given.name for given in spec.inputs if given.name.startswith("sum("))
    if sum_of("") in sums and len(sums) > 1:
        found[sum_of("")] = sums
    return found


def texts_in_engine_names(texts: Texts, of: Replacements) -> Texts:
    """All texts of a model with names replaced."""
    return replace(
        texts,
        equations=tuple(_equation(equation, of) for equation in texts.equations),
        spike=_optional(texts.spike, of),
        emits=_optional(texts.emits, of),
        max_spikes=_expression(texts.max_spikes, of),
        reset=_statements(texts.reset, of),
        axon_spike=_optional(texts.axon_spike, of),
        axon_reset=_statements(texts.axon_reset, of),
        refractory=_optional(texts.refractory, of),
        receptors=tuple(Receptor(each.name, _statement(each.increment, of)) for each in texts.receptors),
        pre_spike=_statements(texts.pre_spike, of),
        pre_axon_spike=_statements(texts.pre_axon_spike, of),
        post_spike=_statements(texts.post_spike, of),
        psp=_optional(texts.psp, of),
    )


def variables_in_engine_names(variables: tuple[Variable, ...], of: Replacements) -> tuple[Variable, ...]:
    """Variables with names replaced."""
    return tuple(
        replace(
            variable,
            name=_one(variable.name, of),
            init=_expression(variable.init, of),
            minimum=_optional(variable.minimum, of),
            maximum=_optional(variable.maximum, of),
        )
        for variable in variables
    )


def _one(name: str, of: Replacements) -> str:
    """The name of what is changed, which is never a sum."""
    return of.get(name, (name,))[0]


def _equation(equation: Equation, of: Replacements) -> Equation:
    if isinstance(equation, DifferentialEquation):
        rate, flags = _expression(equation.rate, of), _flags(equation.flags, of)
        return replace(equation, variable=_one(equation.variable, of), rate=rate, flags=flags)
    return _statement(equation, of)


def _statements(statements: tuple[Assignment, ...], of: Replacements) -> tuple[Assignment, ...]:
    return tuple(_statement(statement, of) for statement in statements)


def _statement(statement: Assignment, of: Replacements) -> Assignment:
    value, flags = _expression(statement.value, of), _flags(statement.flags, of)
    return replace(statement, target=_one(statement.target, of), value=value, flags=flags)


def _flags(flags: Flags, of: Replacements) -> Flags:
    init, minimum, maximum = (_optional(value, of) for value in (flags.init, flags.minimum, flags.maximum))
    return replace(flags, init=init, minimum=minimum, maximum=maximum)


def _optional(expression: Expression | None, of: Replacements) -> Expression | None:
    return None if expression is None else _expression(expression, of)


def _expression(expression: Expression, of: Replacements) -> Expression:
    if not isinstance(expression, Name):
        return map_children(expression, lambda child: _expression(child, of))
    names = of.get(expression.identifier)
    if names is None:
        return expression
    total: Expression = replace(expression, identifier=names[0])
    for name in names[1:]:
        addend = replace(expression, identifier=name)
        total = Binary(BinaryOperator.ADD, total, addend, expression.span)
    return total
