"""ModelSpec -> Model: text is parsed, functions are expanded, every rule of the language is applied.

Stages, each in a module of its own:

1. `rules.check_declarations`  what is declared without equations: parameters, inputs, receptors
2. `texts.read`                text -> syntax
3. `variables`                 syntax -> state variables
4. `rules.Rules`               names, types, flags and places of everything
"""

from __future__ import annotations

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
    Rules.of(spec, texts, variables).check()
    return Model(
        spec=spec,
        variables=variables,
        equations=texts.equations,
        receptors=texts.receptors,
        spike=texts.spike,
        emits=texts.emits,
        max_spikes=texts.max_spikes,
        reset=tuple(bounded(statement) for statement in texts.reset),
        refractory=texts.refractory,
        pre_spike=tuple(bounded(statement) for statement in texts.pre_spike),
    )
