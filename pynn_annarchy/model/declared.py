"""What users write a model with, and what becomes of it: a ModelSpec and the values that are no part of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pynn_annarchy.model.spec import ModelSpec


@dataclass(frozen=True)
class Parameter:
    """A constant of a model.

    Args:
        value: a number, True or False, an expression of numbers and names of constants as text, or a random
            distribution.
        locality: 'global' (one value for a population or projection; also 'population', 'projection'), 'local' (one for
            each cell or synapse), or, of synapses, 'semiglobal' (one for each post-synaptic cell; also 'postsynaptic').
            None is 'global' for neurons and synapses in the manner of ANNarchy, 'local' for cell and synapse types of
            PyNN, whose parameters can all differ.
        type: float, int or bool.
    """

    value: Any
    locality: str | None = None
    type: Any = float


@dataclass(frozen=True)
class Variable:
    """A variable of a model, by its equation.

    Args:
        equation: one differential equation or assignment, e.g. ``tau*dv/dt = E - v``; flags may follow a colon.
        init: value at t = 0: a number, text, or a random distribution.
        min, max: bounds: numbers, or text.
        method: numerical method, e.g. 'exponential'.
        locality: as of a Parameter.
        type: float, int or bool.
    """

    equation: str
    init: Any = None
    min: Any = None
    max: Any = None
    method: str | None = None
    locality: str = "local"
    type: Any = "float"


@dataclass(frozen=True)
class Drawn:
    """A random distribution that a text names as a value, ``tau = Uniform(5, 15)``; one draw for each element.

    Args:
        distribution: as the language spells it.
        arguments: numbers, see `language.functions.DISTRIBUTIONS`.
    """

    distribution: str
    arguments: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.distribution}({', '.join(f'{argument:g}' for argument in self.arguments)})"


def is_distribution(value: object) -> bool:
    """Whether values can be drawn from an object: from `Drawn`, and from the front ends' own distributions."""
    return isinstance(value, Drawn) or any(callable(getattr(value, name, None)) for name in ("get_values", "next"))


@dataclass(frozen=True)
class Declared:
    """A model as a user has written it.

    Args:
        spec: the model.
        values: of parameters and initial values of variables, where these are no plain numbers: `Drawn`, or the
            user's own distribution; by the engine's names.
        constants: parameters that are constants known by name outside of the model, which all models share.
    """

    spec: ModelSpec
    values: Mapping[str, Any] = field(default_factory=dict)
    constants: tuple[str, ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """What a model may mention without declaring it.

    Args:
        constants: value by name.
        functions: definitions, one a line, ``f(x) = ...``.
    """

    constants: Mapping[str, float] = field(default_factory=dict)
    functions: str = ""


NOTHING = Surroundings()
