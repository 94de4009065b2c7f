"""Cell and synapse types from equations: what `standardmodels` says in classes, users say in text.

Neuron, Synapse      the user's texts -> a class for Population or Projection
compose              a cell type of this package and what is to be added -> a class
native_cell_type     a ModelSpec -> a class

What reads and checks texts is imported when a type is made: scripts with standard models alone do not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from pyNN.models import BaseCellType
from pyNN.parameters import ParameterSpace
from pyNN.random import RandomDistribution
from pyNN.standardmodels import base, build_translations

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.names import suggestion
from pynn_annarchy.language.print import show
from pynn_annarchy.language.syntax import Expression
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.compose import CURRENT, ReceptorPart
from pynn_annarchy.model.compose import compose as join
from pynn_annarchy.model.declared import Declared, Drawn
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.model.receiving import receptors_used
from pynn_annarchy.model.seen import is_clocked
from pynn_annarchy.model.spec import WEIGHT, Kind, ModelSpec, Order
from pynn_annarchy.model.variables import T_LAST
from pynn_annarchy.random_numbers import stream_of_types
from pynn_annarchy.standardmodels import bodies, specs
from pynn_annarchy.standardmodels.synapses import ANY, DENDRITIC, dendritic_fraction
from pynn_annarchy.standardmodels.synapses import Synapse as _Synapse

if TYPE_CHECKING:
    from pynn_annarchy.model.declare_texts import Lines
    from pynn_annarchy.model.draft import Parameters


def Neuron(  # noqa: N802  (a class is what it makes)
    parameters: Parameters = None,
    equations: Lines = None,
    spike: str | None = None,
    reset: Lines = None,
    refractory: float | str | None = None,
    functions: str | Sequence[str] | None = None,
    name: str = "",
    description: str = "",
    units: Mapping[str, str] | None = None,
    extra_values: Mapping[str, float] | None = None,
) -> type[NativeCellType]:
    """A cell type from equations, for ``Population(100, MyCell(tau=10.0))``.

    ``g_<name>`` in the equations of a spiking cell is what spikes bring to the receptor type ``<name>``: they are added
    to it where it has an equation, else it is what came in this step. ``sum(<name>)`` is what synapses that transmit
    all the time bring, ``sum()`` that of all of them. ``i_inj`` is the injected current, in nA, unless it is declared.

    Args:
        parameters: text, ``"tau = 10.0; E_L = -60.0"``, or a dictionary of numbers, Parameters or distributions.
        equations: text, one equation a line, a Variable, or a list of both.
        spike: condition of a spike; without it the cells are rate-coded and must have a variable ``r``.
        reset: statements for cells that spike.
        refractory: in ms, or an expression. As a number it is the parameter ``refractory_period``. Where no equation
            has the flag ``unless_refractory``, all variables but ``g_*`` stand still meanwhile.
        functions: ``f(x) = ...``, one a line.
        name: of the class, and in messages.
        units: of variables and parameters, as PyNN spells them; recorded signals bear them.
        extra_values: numbers that the texts may mention by name.

    Returns:
        A class. Every parameter can be set, every variable initialized and recorded.

    Raises:
        EquationError: a text is wrong; with a caret under the place.
        ModelError: anything else is wrong.
    """
    from pynn_annarchy.model.declare import declare_neuron

    return _cell_type(
        declare_neuron(
            parameters=parameters,
            equations=equations,
            spike=spike,
            reset=reset,
            refractory=refractory,
            functions=functions,
            name=name,
            description=description,
            units=units,
            extra_values=extra_values,
            takes_current=True,
            order=Order.PYNN,
        )
    )


def Synapse(  # noqa: N802
    parameters: Parameters = None,
    equations: Lines = None,
    psp: str | None = None,
    operation: str = "sum",
    pre_spike: Lines = None,
    post_spike: Lines = None,
    functions: str | Sequence[str] | None = None,
    name: str = "",
    description: str = "",
    units: Mapping[str, str] | None = None,
    extra_values: Mapping[str, float] | None = None,
) -> type[NativeSynapseType]:
    """A synapse type from equations, for ``Projection(..., MySynapse(weight=0.5, delay=1.0, tau=20.0))``.

    The weight is ``w`` or ``weight`` in the texts, and ``weight`` elsewhere. ``pre.x`` and ``post.x`` are variables and
    parameters of the cells.

    Args:
        parameters, equations, functions, name, units, extra_values: as of a Neuron.
        pre_spike: statements at spikes of the pre-synaptic cell, e.g. ``"g_target += w; x += 1"``.
        post_spike: statements at spikes of the post-synaptic cell; the type then has the parameter
            ``dendritic_delay_fraction``, 0 unless given: the part of the delay that lies behind the synapse.
        psp: what is transmitted all the time, ``w*pre.r`` where there is neither a psp nor a statement at spikes.
        operation: what becomes of the psp of all synapses of a cell: 'sum', 'mean', 'max' or 'min'.

    Raises:
        EquationError: a text is wrong; with a caret under the place.
        ModelError: anything else is wrong.
    """
    from pynn_annarchy.model.declare import declare_synapse

    return _synapse_type(
        declare_synapse(
            parameters=parameters,
            equations=equations,
            psp=psp,
            operation=operation,
            pre_spike=pre_spike,
            post_spike=post_spike,
            functions=functions,
            name=name,
            description=description,
            units=units,
            extra_values=extra_values,
            weight=None,
            order=Order.PYNN,
        )
    )


def compose(
    name: str,
    body: Any,
    receptors: Mapping[str, Any] | None = None,
    *,
    parameters: Parameters = None,
    equations: Lines = None,
    reset: Lines = None,
    current: str = "",
    functions: str | Sequence[str] | None = None,
    description: str = "",
    units: Mapping[str, str] | None = None,
    extra_values: Mapping[str, float] | None = None,
) -> type[NativeCellType]:
    """A cell type from one that is there, receptors, and what is to be added.

    Args:
        name: of the class.
        body: ``LIF`` or ``AdExp``; a complete cell type such as ``IF_cond_exp``, or one made by Neuron or compose;
            or the specification of one.
        receptors: by the name of each the kind, such as ``CondExpPostSynapticResponse``. Its parameters and variables
            bear that name: ``ampa_tau_syn``, ``ampa_gsyn``.
        parameters, equations, functions, units, extra_values: what is added, as of a Neuron. The equations may read all
            that the body has.
        reset: statements after those of the body.
        current: a current that is added, in nA, e.g. ``-g_ahp*ca*(v - e_K)``.

    Raises:
        EquationError: a text is wrong; with a caret under the place.
        ModelError: a part is of the wrong kind, or two parts use one name for different things.
    """
    from pynn_annarchy.model.extend import as_body, extend

    spec = _body(body)
    if receptors or CURRENT in spec.equations:
        parts = {own: _part(own, kind) for own, kind in (receptors or {}).items()}
        spec = join(name, as_body(spec), parts)
    return _cell_type(
        extend(
            spec,
            name=name,
            parameters=parameters,
            equations=equations,
            reset=reset,
            current=current,
            functions=functions,
            description=description,
            units=units,
            extra_values=extra_values,
        )
    )


def _body(given: Any) -> ModelSpec:
    kind = given if isinstance(given, type) else type(given)
    spec = given if isinstance(given, ModelSpec) else getattr(given, "body", None)
    if spec is None and issubclass(kind, BaseCellType):
        spec = getattr(given, "spec", None)
    if not isinstance(spec, ModelSpec):
        raise ModelError(f"{_told(given)} is no cell type that can be extended; AdExp and IF_cond_exp are, for example")
    return spec


def _part(name: str, given: Any) -> ReceptorPart:
    part = given if isinstance(given, ReceptorPart) else getattr(given, "part", None)
    if not isinstance(part, ReceptorPart):
        raise ModelError(f"receptor '{name}': {_told(given)} is no receptor, such as CondExpPostSynapticResponse")
    return part


def _told(given: Any) -> str:
    return given.__name__ if isinstance(given, type) else repr(given)


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


class InitialValue:
    """An initial value of a variable that is not known before there are cells."""

    def values(self, parameters: Mapping[str, Any]) -> Any:
        """What `initialize` takes."""
        raise NotImplementedError


@dataclass(frozen=True)
class FromParameters(InitialValue):
    """An initial value that depends on the cells' parameters, e.g. ``init=v_rest``."""

    expression: Expression

    def values(self, parameters: Mapping[str, Any]) -> Any:
        """A number, or one for each cell."""
        return evaluate(self.expression, parameters)

    def __str__(self) -> str:
        return show(self.expression)


@dataclass(frozen=True)
class FromDistribution(InitialValue):
    """An initial value that is drawn for each cell, e.g. ``init=Uniform(0, 1)``."""

    distribution: Any

    def values(self, parameters: Mapping[str, Any]) -> RandomDistribution:
        """The distribution, with a stream of its own."""
        return distribution_of_pynn(self.distribution)

    def __str__(self) -> str:
        return str(self.distribution)


def distribution_of_pynn(given: Any) -> RandomDistribution:
    """PyNN's form of a distribution of the language, drawn from a stream of its own; PyNN's own ones as they are.

    Raises:
        ModelError: a distribution of another kind, or one that PyNN has not.
    """
    if isinstance(given, RandomDistribution):
        return given
    if not isinstance(given, Drawn) or given.distribution not in _DISTRIBUTIONS:
        raise ModelError(f"{given} cannot be drawn here; give a RandomDistribution of PyNN")
    name, parameters = _DISTRIBUTIONS[given.distribution]
    return RandomDistribution(name, parameters(*given.arguments), rng=stream_of_types())


_DISTRIBUTIONS: Mapping[str, tuple[str, Callable[..., tuple[float, ...]]]] = {
    "Uniform": ("uniform", lambda low, high: (low, high)),
    "DiscreteUniform": ("uniform_int", lambda low, high: (int(low), int(high) + 1)),
    "Normal": ("normal", lambda mean, deviation: (mean, deviation)),
    "LogNormal": ("lognormal", lambda mu, sigma: (mu, sigma)),
    "Exponential": ("exponential", lambda mean: (mean,)),
    "Gamma": ("gamma", lambda shape, scale: (shape, scale)),
    "Binomial": ("binomial", lambda n, p: (int(n), p)),
    "Poisson": ("poisson", lambda mean: (mean,)),
}
"""The language's name: PyNN's name and its parameters in order; PyNN's uniform_int leaves out its upper end."""


class NativeCellType(BaseCellType):
    """A cell type whose parameters and variables bear the names that they have in its equations."""

    spec: ClassVar[ModelSpec]
    conductance_based = None
    """Unknown: weights may have any sign but onto 'excitatory'."""
    drawn_parameters: ClassVar[Mapping[str, Any]] = {}
    """Distributions of parameters that are drawn unless they are given."""

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**_with_drawn(self.drawn_parameters, parameters))

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
    from pynn_annarchy.model.check import check

    model = check(spec)
    variables = [variable.name for variable in model.variables]
    spikes = ["spikes"] if spec.spike or spec.emits else []
    units = dict(spec.units)
    attributes = {
        "__doc__": spec.description,
        "spec": spec,
        "default_parameters": spec.defaults(),
        "default_initial_values": {v.name: _initial(v.init) for v in model.variables if v.name != T_LAST},
        "recordable": [*spikes, *variables],
        "units": {"spikes": "dimensionless", **{name: units.get(name, "dimensionless") for name in variables}},
        "receptor_types": [name or ANY for name in receptors_used(spec)],
        "injectable": any(given.unit == "nA" for given in spec.inputs),
    }
    return type(spec.name, (NativeCellType,), attributes)


def _initial(value: Expression) -> float | FromParameters:
    return FromParameters(value) if identifiers(value) else float(evaluate(value, {}))


def _cell_type(declared: Declared) -> type[NativeCellType]:
    """The class of a declared cell type; what is drawn is told beside what its equations are."""
    own = _class_of(declared.spec)
    if not declared.values:
        return own
    drawn = {name: value for name, value in declared.values.items() if name in own.default_parameters}
    initial = {name: FromDistribution(value) for name, value in declared.values.items() if name not in drawn}
    attributes = {
        "__doc__": own.__doc__,
        "drawn_parameters": drawn,
        "default_initial_values": {**own.default_initial_values, **initial},
    }
    return type(own.__name__, (own,), attributes)


# synapses


class NativeSynapseType(_Synapse, base.StandardSynapseType):
    """A synapse type whose parameters bear the names that they have in its equations, but for 'weight' and 'delay'."""

    spec: ClassVar[ModelSpec]
    drawn_parameters: ClassVar[Mapping[str, Any]] = {}
    drawn_initial_values: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, **parameters: Any) -> None:
        """
        Raises:
            ValueError: `dendritic_delay_fraction` is no number from 0 to 1.
        """
        super().__init__(**_with_drawn(self.drawn_parameters, parameters))
        if DENDRITIC in self.default_parameters:
            self.dendritic_delay_fraction = dendritic_fraction(self)


def _synapse_type(declared: Declared) -> type[NativeSynapseType]:
    from pynn_annarchy.model.check import check

    spec = declared.spec
    own = spec.defaults()
    defaults = {WEIGHT: own.pop(WEIGHT), "delay": None, **own}
    if spec.post_spike.strip() and not is_clocked(check(spec)):
        defaults[DENDRITIC] = 0.0
    attributes = {
        "__doc__": spec.description,
        "spec": spec,
        "default_parameters": defaults,
        "translations": build_translations(*((name, name) for name in defaults)),
        "drawn_parameters": {name: value for name, value in declared.values.items() if name in defaults},
        "drawn_initial_values": {name: value for name, value in declared.values.items() if name not in defaults},
    }
    return type(spec.name, (NativeSynapseType,), attributes)


def _with_drawn(drawn: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with those that are drawn unless they are given."""
    return {**{name: distribution_of_pynn(value) for name, value in drawn.items() if name not in given}, **given}
