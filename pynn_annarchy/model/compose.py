"""Body of a cell + receptors -> one ModelSpec.

A body is a ModelSpec whose text mentions `CURRENT`, the sum of the currents of all receptors. A `ReceptorPart` brings
parameters, variables and an increment under names of its own; composition gives them the names they have in the cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.checks.definitions import changed_by
from pynn_annarchy.language.parse import parse_equations
from pynn_annarchy.language.syntax import DifferentialEquation
from pynn_annarchy.language.tokens import substitute_names
from pynn_annarchy.model.spec import ModelSpec, ParameterSpec, ReceptorSpec

CURRENT = "i_syn"
"""The name by which the text of a body means the sum of the currents of its receptors, in nA."""


@dataclass(frozen=True, slots=True)
class ReceptorPart:
    """The equations of one kind of receptor; what it neither declares nor defines, e.g. ``v``, belongs to the body.

    Args:
        increment: what arriving weights do, e.g. ``g += input``.
        current: current into the cell in nA, e.g. ``g*(e_rev - v)``; empty for none.
        units: unit by variable.
        names: name in the cell by own name, given by `renamed`.
    """

    name: str
    increment: str
    parameters: tuple[ParameterSpec, ...] = ()
    equations: str = ""
    current: str = ""
    units: tuple[tuple[str, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()

    def renamed(self, **names: str) -> ReceptorPart:
        """The same part with other names in the cell, ``COND_EXP.renamed(g="gsyn_exc")``.

        Raises:
            ModelError: a name that the part does not have.
        """
        for own in names:
            if own not in self.symbols():
                raise ModelError(f"receptor part '{self.name}' has no '{own}', only {', '.join(self.symbols())}")
        return replace(self, names=(*self.names, *names.items()))

    def symbols(self) -> tuple[str, ...]:
        """Own names: parameters, then variables."""
        declared = self._parameter_names()
        return (*declared, *(changed_by(equation) for equation in parse_equations(self.equations, set(declared))))

    def named(self, receptor: str) -> dict[str, str]:
        """Name in the cell by own name; ``<receptor>_<name>`` where none was given."""
        given = dict(self.names)
        return {own: given.get(own, f"{receptor}_{own}") for own in self.symbols()}

    def in_cell(self, text: str, receptor: str) -> str:
        """One of the part's texts in the names of the cell."""
        return substitute_names(text, self.named(receptor), set(self._parameter_names()))

    def _parameter_names(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.parameters)


def compose(name: str, body: ModelSpec, receptors: Mapping[str, ReceptorPart], description: str = "") -> ModelSpec:
    """A cell type from a body and its receptors, in the order given.

    Raises:
        ModelError: two parts, or a part and the body, use one name for different things.
    """
    parts = tuple(receptors.items())
    _check_names(name, body, receptors)
    differential, assignments = _with_current(body, _sum_of_currents(receptors))
    equations = (part.in_cell(part.equations, receptor) for receptor, part in parts)
    return replace(
        body,
        name=name,
        parameters=(*body.parameters, *(own for receptor, part in parts for own in _parameters(part, receptor))),
        equations="\n".join(text for text in (differential, *equations, assignments) if text),
        receptors=(
            *body.receptors,
            *(ReceptorSpec(receptor, part.in_cell(part.increment, receptor)) for receptor, part in parts),
        ),
        units=(*body.units, *(own for receptor, part in parts for own in _units(part, receptor))),
        description=description or body.description,
    )


def qualified_names(receptors: Mapping[str, ReceptorPart]) -> dict[str, str]:
    """Name in the cell by ``<receptor>.<own name>``, e.g. ``excitatory.tau_syn`` -> ``tau_syn_E``."""
    return {
        f"{receptor}.{own}": in_cell
        for receptor, part in receptors.items()
        for own, in_cell in part.named(receptor).items()
    }


def _check_names(name: str, body: ModelSpec, receptors: Mapping[str, ReceptorPart]) -> None:
    owners = {parameter.name: "the body" for parameter in body.parameters}
    for equation in parse_equations(body.equations, set(owners)):
        owners[changed_by(equation)] = "the body"
    for receptor, part in receptors.items():
        for symbol in part.named(receptor).values():
            owner = owners.setdefault(symbol, f"receptor '{receptor}'")
            if owner != f"receptor '{receptor}'":
                raise ModelError(f"cell type '{name}': '{symbol}' of receptor '{receptor}' is taken by {owner}")


def _with_current(body: ModelSpec, current: str) -> tuple[str, str]:
    """The body's equations with the current put in, in the two parts between which those of receptors belong."""
    names = {parameter.name for parameter in body.parameters}
    return after_last_rate(substitute_names(body.equations, {CURRENT: current}, names), names)


def after_last_rate(text: str, parameters: AbstractSet[str]) -> tuple[str, str]:
    """Equations to the last differential one, and those after it.

    What comes between them is in one block with the differential equations that read it.
    """
    ends = [e.span.end for e in parse_equations(text, parameters) if isinstance(e, DifferentialEquation)]
    end = text.find("\n", max(ends)) if ends else 0
    return (text, "") if end < 0 else (text[:end], text[end + 1 :] if ends else text)


def _sum_of_currents(receptors: Mapping[str, ReceptorPart]) -> str:
    currents = [part.in_cell(part.current, receptor) for receptor, part in receptors.items() if part.current]
    return f"({' + '.join(currents)})" if currents else "0"


def _parameters(part: ReceptorPart, receptor: str) -> tuple[ParameterSpec, ...]:
    names = part.named(receptor)
    return tuple(replace(parameter, name=names[parameter.name]) for parameter in part.parameters)


def _units(part: ReceptorPart, receptor: str) -> tuple[tuple[str, str], ...]:
    names = part.named(receptor)
    return tuple((names[own], unit) for own, unit in part.units)
