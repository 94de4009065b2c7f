"""A cell type and what users add to it -> ModelSpec: parameters, variables, statements of the reset, a current."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.checks.definitions import changed_by
from pynn_annarchy.language.parse import parse_equations
from pynn_annarchy.language.tokens import substitute_names
from pynn_annarchy.model.compose import CURRENT, after_last_rate
from pynn_annarchy.model.declare_parameters import as_text
from pynn_annarchy.model.declare_texts import Lines
from pynn_annarchy.model.declared import NOTHING, Declared, Surroundings
from pynn_annarchy.model.draft import Draft, Parameters
from pynn_annarchy.model.spec import Kind, ModelSpec


def extend(
    base: ModelSpec,
    *,
    name: str,
    parameters: Parameters = None,
    equations: Lines = None,
    reset: Lines = None,
    current: str = "",
    functions: str | Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
    description: str = "",
    extra_values: Mapping[str, float] | None = None,
    around: Surroundings = NOTHING,
) -> Declared:
    """A cell type that does what another does, and more.

    Differential equations join those of the base in one block; assignments come after all others.

    Args:
        parameters, equations, functions, units, extra_values, around: as of `declare.declare_neuron`.
        reset: statements after those of the base.
        current: an expression, in nA, that is added to the injected current.

    Names ``g_target`` that the base does not have, and ``sum(target)``, are what the cells receive besides.

    Raises:
        EquationError: the text is wrong.
        ModelError: the base is no cell type, or takes no current.
    """
    if base.kind is not Kind.CELL:
        raise ModelError(f"'{base.name}' is a {base.kind.value} type: only cell types are extended")
    if current.strip():
        base = with_current(base, current)
    draft = Draft(replace(base, name=name, description=description or base.description), extra_values, around, units)
    draft.take_parameters(parameters)
    before = {"equations": base.equations, "reset": base.reset}
    draft.take_texts(equations=equations, reset=reset)
    added = {where: getattr(draft.model, where) for where in before}
    draft.model = replace(
        draft.model,
        equations=_joined(before["equations"], added["equations"], draft.names),
        reset="\n".join(text for text in (before["reset"], added["reset"]) if text.strip()),
        functions="\n".join(text for text in (base.functions, as_text(base, "functions", functions)) if text),
    )
    mentioned = draft.take_surroundings()
    draft.take_receptors(mentioned, besides=_changed(base))
    draft.take_sums(mentioned)
    return draft.finish(base.units)


def with_current(base: ModelSpec, current: str) -> ModelSpec:
    """The cell type with a current added to the one that is injected.

    Raises:
        ModelError: it takes no current.
    """
    inputs = [given.name for given in base.inputs if given.unit == "nA" and not given.scheduled]
    if not inputs:
        raise ModelError(
            f"cell type '{base.name}' takes no injected current, so that '{current}' cannot be added to it"
        )
    names = {parameter.name for parameter in base.parameters}
    added = {inputs[0]: f"({inputs[0]} + {current})"}
    return replace(base, equations=substitute_names(base.equations, added, names))


def as_body(base: ModelSpec) -> ModelSpec:
    """A complete cell type as a body that takes further receptors: their currents join the injected one."""
    return base if CURRENT in base.equations else with_current(base, CURRENT)


def _changed(base: ModelSpec) -> frozenset[str]:
    """Variables that the equations of a cell type have."""
    names = {parameter.name for parameter in base.parameters}
    return frozenset(changed_by(equation) for equation in parse_equations(base.equations, names))


def _joined(base: str, added: str, names: Any) -> str:
    first, last = after_last_rate(base, names)
    rates, assignments = after_last_rate(added, names)
    return "\n".join(text for text in (first, rates, last, assignments) if text.strip())
