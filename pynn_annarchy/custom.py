"""Cell types from models of the language: what `standardmodels` says in classes, a ModelSpec says in equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pyNN.models import BaseCellType
from pyNN.parameters import ParameterSpace

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.names import suggestion
from pynn_annarchy.language.print import show
from pynn_annarchy.language.syntax import Expression
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.model.spec import Kind, ModelSpec
from pynn_annarchy.standardmodels import bodies, specs


def native_cell_type(model: str | ModelSpec) -> type[NativeCellType]:
    """The cell type that a model of the language describes, with the model's own names and units.

    Args:
        model: a specification, or the name of one of `standardmodels.specs`, e.g. 'IF_cond_exp'.

    Returns:
        A class for ``Population(100, MyCell(tau=10.0))``. Every parameter can be set, every variable initialized and
        recorded; the names of its receptors are receptor types.

    Raises:
        ModelError: no model has that name, or it is no cell type.
        EquationError: the text of the model is wrong.
    """
    return _class_of(_specification(model))


@dataclass(frozen=True)
class FromParameters:
    """An initial value that depends on the cells' parameters, e.g. ``init=v_rest``."""

    expression: Expression

    def values(self, parameters: Mapping[str, Any]) -> Any:
        """A number, or one for each cell."""
        return evaluate(self.expression, parameters)

    def __str__(self) -> str:
        return show(self.expression)


class NativeCellType(BaseCellType):
    """A cell type whose parameters and variables bear the names that they have in its equations."""

    spec: ModelSpec
    conductance_based = None
    """Unknown: weights may have any sign but onto 'excitatory'."""

    @property
    def native_parameters(self) -> ParameterSpace:
        """The parameters, which need no translation."""
        return self.parameter_space

    def get_native_names(self, *names: str) -> list[str]:
        """The given names, or those of all parameters."""
        return list(names or self.get_parameter_names())

    def reverse_translate(self, parameters: ParameterSpace) -> ParameterSpace:
        """The parameters as they are."""
        return parameters

    def computed_parameters(self) -> list[str]:
        """Names of parameters that are computed from others: none."""
        return []


def _specification(model: str | ModelSpec) -> ModelSpec:
    known = {spec.name: spec for spec in vars(specs).values() if _is_cell(spec)}
    spec = known.get(model) if isinstance(model, str) else model
    if not isinstance(spec, ModelSpec):
        hint = suggestion(str(model), known) or f"there are {', '.join(sorted(known))}, and specifications of your own"
        raise ModelError(f"there is no cell model '{model}'; {hint}")
    if spec.kind is not Kind.CELL:
        raise ModelError(f"'{spec.name}' is a {spec.kind.value} type, not a cell type")
    return spec


def _is_cell(value: object) -> bool:
    """Whether a global of `specs` is a cell type; bodies are but parts of some."""
    return isinstance(value, ModelSpec) and value.kind is Kind.CELL and value not in vars(bodies).values()


@cache
def _class_of(spec: ModelSpec) -> type[NativeCellType]:
    from pynn_annarchy.model.check import check  # who uses standard cells only parses nothing

    model = check(spec)
    variables = [variable.name for variable in model.variables]
    spikes = ["spikes"] if spec.spike or spec.emits else []
    units = dict(spec.units)
    attributes = {
        "__doc__": spec.description,
        "spec": spec,
        "default_parameters": spec.defaults(),
        "default_initial_values": {variable.name: _initial(variable.init) for variable in model.variables},
        "recordable": [*spikes, *variables],
        "units": {"spikes": "dimensionless", **{name: units.get(name, "dimensionless") for name in variables}},
        "receptor_types": [receptor.name for receptor in spec.receptors],
        "injectable": bool(spec.inputs),
    }
    return type(spec.name, (NativeCellType,), attributes)


def _initial(value: Expression) -> float | FromParameters:
    return FromParameters(value) if identifiers(value) else float(evaluate(value, {}))
