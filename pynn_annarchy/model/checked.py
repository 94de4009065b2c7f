"""A model whose text has been parsed and checked: every name is known, every type inferred, nothing discretised yet."""

from __future__ import annotations

from dataclasses import dataclass

from pynn_annarchy.language.syntax import Assignment, Equation, Expression
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class Variable:
    """A state variable: changed by equations, increments or reset."""

    name: str
    init: Expression
    """Value at t = 0, an expression of parameters (numbers included)."""
    minimum: Expression | None
    maximum: Expression | None
    method: str | None
    """Method asked for by the user's flag; None leaves the choice to classification."""
    unless_refractory: bool
    """Held during refractoriness: neither equations nor increments change it."""
    locality: str = "local"
    dtype: str = "float"
    is_kept: bool = True
    """False for a mere intermediate result: whoever reads it has assigned it before, in the same handler."""


@dataclass(frozen=True, slots=True)
class Receptor:
    name: str
    increment: Assignment
    """e.g. ``isyn_exc = isyn_exc + input``."""


@dataclass(frozen=True, slots=True)
class Model:
    """A checked model; expressions hold only names of parameters, variables, inputs, ``t``, ``dt`` and ``pi``.

    User functions are already expanded. ``equations`` keeps the declared order; consecutive differential equations form
    one block whose rates are all taken from the old values.
    """

    spec: ModelSpec
    variables: tuple[Variable, ...]
    equations: tuple[Equation, ...]
    receptors: tuple[Receptor, ...]
    spike: Expression | None
    emits: Expression | None
    max_spikes: Expression
    reset: tuple[Assignment, ...]
    refractory: Expression | None
    pre_spike: tuple[Assignment, ...]
    """For synapses; ``g_target`` is the name of the increment sent to the target."""
    axon_spike: Expression | None = None
    axon_reset: tuple[Assignment, ...] = ()
    pre_axon_spike: tuple[Assignment, ...] = ()
    post_spike: tuple[Assignment, ...] = ()
    psp: Expression | None = None
    """What a synapse transmits all the time."""

    @property
    def refractory_varies(self) -> bool:
        """Whether the refractory period is that of the moment of a spike, since variables decide it."""
        names = {variable.name for variable in self.variables}
        return self.refractory is not None and not names.isdisjoint(identifiers(self.refractory))

    def variable(self, name: str) -> Variable:
        """The variable of that name; KeyError where there is none."""
        for variable in self.variables:
            if variable.name == name:
                return variable
        raise KeyError(name)
