"""ModelSpec -> Model: text is parsed, functions are expanded, every rule of the language is applied.

Stages, each in a module of its own:

1. `rules.check_declarations`  what is declared without equations: parameters, inputs, receptors
2. `texts.read`                text -> syntax
3. `variables`                 syntax -> state variables
4. `rules.Rules`               names, types, flags and places of everything
5. `engine_names`              the weight and ``sum()`` as the engine calls them
"""

from __future__ import annotations

from dataclasses import replace

from pynn_annarchy.language.syntax import Assignment
from pynn_annarchy.model.checked import Model, Variable
from pynn_annarchy.model.engine_names import replacements, texts_in_engine_names, variables_in_engine_names
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
    Rules.of(spec, texts, variables).check()
    renamed = replacements(spec)
    if renamed:
        texts, variables = texts_in_engine_names(texts, renamed), variables_in_engine_names(variables, renamed)
    return Model(
        spec=spec,
        variables=variables,
        equations=texts.equations,
        receptors=texts.receptors,
        spike=texts.spike,
        emits=texts.emits,
        max_spikes=texts.max_spikes,
        reset=_bounded(texts.reset, variables),
        axon_spike=texts.axon_spike,
        axon_reset=_bounded(texts.axon_reset, variables),
        refractory=texts.refractory,
        pre_spike=_bounded(texts.pre_spike, variables),
        pre_axon_spike=_bounded(texts.pre_axon_spike, variables),
        post_spike=_bounded(texts.post_spike, variables),
        psp=texts.psp,
    )


def _bounded(statements: tuple[Assignment, ...], variables: tuple[Variable, ...]) -> tuple[Assignment, ...]:
    """Statements with those bounds of their own written out that are not their variable's anyway."""
    declared = {variable.name: variable for variable in variables}
    return tuple(_with_own_bounds(statement, declared.get(statement.target)) for statement in statements)


def _with_own_bounds(statement: Assignment, variable: Variable | None) -> Assignment:
    flags = statement.flags
    if variable is not None:
        minimum = None if flags.minimum == variable.minimum else flags.minimum
        maximum = None if flags.maximum == variable.maximum else flags.maximum
        flags = replace(flags, minimum=minimum, maximum=maximum)
    return bounded(replace(statement, flags=flags))
