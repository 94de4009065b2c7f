"""ModelSpec -> Model: text is parsed, functions are expanded, every rule of the language is applied.

Stages, each in a module of its own:

1. `rules.check_declarations`  what is declared without equations: parameters, inputs, receptors
2. `texts.read`                text -> syntax
3. `variables`                 syntax -> state variables
4. `rules.Rules`               names, types, flags and places of everything
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from pynn_annarchy.language.checks.definitions import changed_by
from pynn_annarchy.language.syntax import Assignment
from pynn_annarchy.model.checked import Model
from pynn_annarchy.model.rules import Rules, check_declarations
from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.model.texts import bounded, read
from pynn_annarchy.model.variables import declared_variables


def check(spec: ModelSpec) -> Model:
    """The checked model of a specification.

    Raises:
        EquationError: the first broken rule, with a caret under the user's text and where in the model it is.
    """
    check_declarations(spec)
    texts = read(spec)
    variables = declared_variables(spec, texts)
    with_equation = {changed_by(equation) for equation in texts.equations}
    Rules.of(spec, texts, variables).check()
    return Model(
        spec=spec,
        variables=variables,
        equations=texts.equations,
        receptors=texts.receptors,
        spike=texts.spike,
        emits=texts.emits,
        max_spikes=texts.max_spikes,
        reset=_bounded(texts.reset, with_equation),
        refractory=texts.refractory,
        pre_spike=_bounded(texts.pre_spike, with_equation),
    )


def _bounded(statements: tuple[Assignment, ...], with_equation: AbstractSet[str]) -> tuple[Assignment, ...]:
    """Statements with their own bounds written out, but where these are the variable's, for want of an equation."""
    return tuple(bounded(statement) if statement.target in with_equation else statement for statement in statements)
