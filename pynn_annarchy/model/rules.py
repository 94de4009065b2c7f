"""The rules of `language.checks` applied to every text of a model, in the order in which a modeller meets them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.checks import definitions, dependence, flags, names, operations, types
from pynn_annarchy.language.checks.definitions import changed_by
from pynn_annarchy.language.flags import LOCALITIES
from pynn_annarchy.language.functions import CONSTANTS
from pynn_annarchy.language.parse import parse_expression
from pynn_annarchy.language.syntax import Assignment, DifferentialEquation, Equation, Expression, Flags, Span
from pynn_annarchy.language.types import Type
from pynn_annarchy.model.checked import Variable
from pynn_annarchy.model.evaluate import constant_value
from pynn_annarchy.model.laws import draws_are_possible
from pynn_annarchy.model.spec import OPERATIONS, Kind, ModelSpec, Order, ParameterSpec
from pynn_annarchy.model.texts import Texts
from pynn_annarchy.model.told import told
from pynn_annarchy.model.variables import INCREMENT, changeable_parameters, value_of

MOMENTS_OF_SYNAPSES = {"t_pre": "local", "t_post": "semiglobal"}
"""Times that synapses may read, and of what there is one."""


def check_declarations(spec: ModelSpec) -> None:
    """Names of parameters, inputs and receptors, and that no text belongs to the other kind of model."""
    parameters = [parameter.name for parameter in spec.parameters]
    inputs = [given.name for given in spec.inputs if not names.is_sum(given.name)]
    for where, name in (*(("parameter", name) for name in parameters), *(("input", name) for name in inputs)):
        with told(spec, f"{where} '{name}'"):
            names.may_be_declared(name)
    with told(spec, "parameters"):
        names.declared_once([*parameters, *(given.name for given in spec.inputs)])
    with told(spec, "receptors"):
        names.declared_once(receptor.name for receptor in spec.receptors)
    for parameter in spec.parameters:
        with told(spec, f"parameter '{parameter.name}'"):
            _check_words(spec, parameter.locality, parameter.dtype)
    _check_kind(spec)
    _check_events(spec)


def _check_words(spec: ModelSpec, locality: str, dtype: str) -> None:
    """Locality and type of a parameter, whose words do not come from a text that was parsed."""
    flags.locality_is_of_kind(
        Flags(locality=locality, spans=(("locality", _whole(locality)),)), _localities(spec), spec.kind.value
    )
    if dtype not in {word.value for word in Type}:
        raise EquationError(_whole(dtype), f"'{dtype}' is no type", "one of float, int, bool")


def _check_kind(spec: ModelSpec) -> None:
    """Cells have spikes, receptors and inputs; synapses have what spikes of their cells do, and ``psp``."""
    of_cells = ("spike", "emits", "reset", "axon_spike", "axon_reset", "refractory")
    of_synapses = ("pre_spike", "pre_axon_spike", "post_spike", "psp")
    for where in of_synapses if spec.kind is Kind.CELL else of_cells:
        if (text := getattr(spec, where)).strip():
            with told(spec, where):
                raise EquationError(_whole(text), f"a {spec.kind.value} type has no '{where}'")
    if spec.kind is Kind.SYNAPSE and (spec.receptors or spec.inputs):
        first = (*(receptor.name for receptor in spec.receptors), *(given.name for given in spec.inputs))[0]
        with told(spec):
            raise EquationError(_whole(first), "a synapse type has no receptors and no inputs")
    if spec.operation not in OPERATIONS:
        with told(spec, "operation"):
            raise EquationError(_whole(spec.operation), "this is no operation", "one of " + ", ".join(OPERATIONS))
    if spec.operation != "sum" and not spec.psp.strip():
        with told(spec, "operation"):
            raise EquationError(_whole(spec.operation), "an operation joins the psp of synapses", "give the type one")


def _check_events(spec: ModelSpec) -> None:
    """Reset and refractoriness follow spikes, and there is one source of spikes."""
    if spec.spike.strip() and spec.emits.strip() and not spec.repeats:
        with told(spec, "emits"):
            hint = "only one that repeats its spikes can"
            raise EquationError(_whole(spec.emits), "a model with a 'spike' condition cannot also emit spikes", hint)
    if spec.refractory.strip() and not spec.spike.strip():
        with told(spec, "refractory"):
            raise EquationError(_whole(spec.refractory), "refractoriness needs a 'spike' condition")
    if spec.reset.strip() and not spec.spike.strip():
        with told(spec, "reset"):
            raise EquationError(_whole(spec.reset), "nothing resets a model without a 'spike' condition", "give it one")
    _check_axonal_events(spec)
    if spec.repeats and not (spec.spike.strip() and spec.reset.strip()):
        with told(spec, "repeats"):
            raise EquationError(_whole(spec.name), "to repeat its spikes a model needs a 'spike' and a 'reset'")
    if spec.repeats and spec.refractory.strip():
        with told(spec, "refractory"):
            raise EquationError(_whole(spec.refractory), "a model that repeats its spikes has no refractoriness")


def _check_axonal_events(spec: ModelSpec) -> None:
    """Axonal spikes come besides those of a condition, and change nothing where post-synaptic ones do."""
    if spec.axon_spike.strip() and not spec.spike.strip():
        with told(spec, "axon_spike"):
            message = "axonal spikes come besides those of a 'spike' condition"
            raise EquationError(_whole(spec.axon_spike), message, "give the cells one; one that never holds will do")
    if spec.axon_spike.strip() and spec.repeats:
        with told(spec, "axon_spike"):
            raise EquationError(_whole(spec.axon_spike), "a model that repeats its spikes has no axonal ones")
    if spec.axon_reset.strip() and not spec.axon_spike.strip():
        with told(spec, "axon_reset"):
            message = "nothing resets a model without an 'axon_spike' condition"
            raise EquationError(_whole(spec.axon_reset), message, "give it one")
    if not spec.pre_axon_spike.strip():
        return
    with told(spec, "pre_axon_spike"):
        whole = _whole(spec.pre_axon_spike)
        if spec.order is not Order.ANNARCHY:
            raise EquationError(whole, "only synapses of the ANNarchy interface hear of axonal spikes")
        if spec.post_spike.strip():
            hint = "let one synapse type learn by 'post_spike', and another one transmit axonal spikes"
            raise EquationError(whole, "'pre_axon_spike' and 'post_spike' exclude each other", hint)


def _whole(text: str) -> Span:
    return Span(text, len(text) - len(text.lstrip()), len(text.rstrip()))


def _localities(spec: ModelSpec) -> frozenset[str]:
    return flags.CELL_LOCALITIES if spec.kind is Kind.CELL else flags.SYNAPSE_LOCALITIES


@dataclass(frozen=True, slots=True)
class Rules:
    """What is known about the names of one model, and the rules in terms of it."""

    spec: ModelSpec
    texts: Texts
    types: Mapping[str, Type]
    localities: Mapping[str, str]
    parameters: frozenset[str]
    constants: frozenset[str]
    """Parameters and inputs that nothing may change."""
    variables: tuple[str, ...]
    defined: frozenset[str]
    """Variables that have an equation."""

    @staticmethod
    def of(spec: ModelSpec, texts: Texts, variables: Iterable[Variable]) -> Rules:
        """Collect types and localities of everything that is declared."""
        declared = [replace(parameter, name=spec.in_text(parameter.name)) for parameter in spec.parameters]
        parameters = frozenset(parameter.name for parameter in declared)
        inputs = frozenset(given.name for given in spec.inputs)
        typed: list[ParameterSpec | Variable] = [*declared, *variables]
        return Rules(
            spec=spec,
            texts=texts,
            types={**dict.fromkeys(inputs | CONSTANTS, Type.REAL), **{item.name: Type(item.dtype) for item in typed}},
            localities={
                **MOMENTS_OF_SYNAPSES,
                "input": "local",
                **{given.name: LOCALITIES[given.locality] for given in spec.inputs},
                **{item.name: LOCALITIES[item.locality] for item in typed},
            },
            parameters=parameters,
            constants=(parameters | inputs) - changeable_parameters(spec),
            variables=tuple(variable.name for variable in variables),
            defined=frozenset(changed_by(equation) for equation in texts.equations),
        )

    def check(self) -> None:
        """Apply every rule.

        Raises:
            EquationError: the first broken one.
        """
        for equation in self.texts.equations:
            with told(self.spec, f"variable '{changed_by(equation)}'"):
                self._equation(equation)
        with told(self.spec, "equations"):
            definitions.defined_once(self.texts.equations)
        declared = set(self.defined)
        for where, statement in self.texts.statements():
            with told(self.spec, where):
                self._statement(statement, is_declared=statement.target in declared)
                if where == "post_spike":
                    definitions.follows_post_spike(statement)
            declared.add(statement.target)
        for receptor in self.texts.receptors:
            with told(self.spec, f"receptor '{receptor.name}'"):
                definitions.reads_input(receptor.increment)
        self._spikes()
        self._psp()
        self._durations()
        self._requirements()

    def _equation(self, equation: Equation) -> None:
        name = changed_by(equation)
        definitions.changes_no_constant(equation, self.constants)
        names.may_be_declared(name, definitions.place_of_target(equation))
        given = equation.flags
        flags.method_has_derivative(equation)
        flags.derivative_is_real(equation)
        flags.refractoriness_exists(given, has_refractory=self.texts.refractory is not None)
        flags.refuse(given, ("unless_post",), "this flag belongs to 'pre_spike' and 'post_spike'")
        if self.spec.kind is Kind.CELL:
            flags.refuse(given, ("event_driven",), "only synapses are event-driven")
        self._declaration(name, given)
        value = value_of(equation)
        self._reads(value, *self._moments)
        if given.event_driven:
            dependence.follows_no_spike_time(value)
        self._takes(name, value, is_rate=isinstance(equation, DifferentialEquation))

    def _statement(self, statement: Assignment, *, is_declared: bool) -> None:
        name = statement.target
        flags.statement_has_no_method(statement)
        if self.spec.kind is Kind.CELL:
            flags.refuse(statement.flags, ("unless_post",), "cells have no post-synaptic neuron")
        if name == INCREMENT:
            definitions.adds_to_target(statement)
        else:
            definitions.changes_no_constant(statement, self.constants)
            names.may_be_declared(name, definitions.place_of_target(statement))
            if self.spec.kind is Kind.SYNAPSE and name == self.spec.weight:
                definitions.weight_is_parameter(statement, self.parameters)
            if is_declared:
                flags.second_declaration(statement, has_equation=name in self.defined)
            self._declaration(name, statement.flags)
            dependence.changes_what_is_local(statement, self.localities)
        is_increment = any(statement is receptor.increment for receptor in self.texts.receptors)
        self._reads(
            statement.value,
            *self._moments,
            *(["input"] if is_increment else []),
            *([name] if name == INCREMENT else []),
        )
        self._takes(name, statement.value)

    @property
    def _moments(self) -> tuple[str, ...]:
        """When the cells of a synapse have spiked last."""
        return tuple(MOMENTS_OF_SYNAPSES) if self.spec.kind is Kind.SYNAPSE else ()

    def _reads(self, expression: Expression, *extra: str) -> None:
        known = {*self.types, *extra}
        names.names_are_known(expression, known, of_synapse=self.spec.kind is Kind.SYNAPSE)
        draws_are_possible(expression)
        if self.spec.kind is Kind.SYNAPSE:
            operations.are_of_cells(expression)
        else:
            localities = {name: self.localities[name] for name in self.variables}
            operations.are_of_local_variables(expression, localities, self.types)

    def _takes(self, name: str, value: Expression, *, is_rate: bool = False) -> None:
        """The value suits the variable's type and locality; a rate is always a real number."""
        types.fits(value, Type.REAL if is_rate else self.types.get(name, Type.REAL), self.types)
        dependence.reaches_no_further(value, self.localities.get(name, "local"), self.localities)

    def _declaration(self, name: str, given: Flags) -> None:
        """Flags that describe the variable itself."""
        flags.bounds_are_of_numbers(given)
        flags.locality_is_of_kind(given, _localities(self.spec), self.spec.kind.value)
        if name in changeable_parameters(self.spec):
            reason = f"'{name}' is a parameter, and is declared as one"
            hint = f"write the flag there, e.g. parameters='{name} = 0.0 : projection'"
            flags.refuse(given, ("dtype", "locality"), reason, hint)
            flags.refuse(given, ("init",), reason, "the value of the parameter is what it starts from")
        if given.init is not None:
            self._reads(given.init)
            dependence.depends_on(given.init, self.parameters, "an initial value")
            self._takes(name, given.init)
        for bound in (given.minimum, given.maximum):
            if bound is not None:
                self._reads(bound)
                dependence.draws_nothing(bound, "a bound")
                self._takes(name, bound)
        _bounds_leave_something(given)

    def _spikes(self) -> None:
        for where in ("spike", "axon_spike"):
            condition = getattr(self.texts, where)
            if condition is not None:
                with told(self.spec, where):
                    self._reads(condition)
                    types.is_condition(condition, self.types)
        if self.texts.emits is not None:
            with told(self.spec, "emits"):
                self._reads(self.texts.emits)
                types.is_number(self.texts.emits, self.types)

    def _psp(self) -> None:
        """A synapse transmits all the time or by spikes: what it does both ways would go to different places."""
        if self.texts.psp is None:
            return
        with told(self.spec, "psp"):
            self._reads(self.texts.psp, *self._moments)
            types.is_number(self.texts.psp, self.types)
        for where, statement in self.texts.statements():
            if statement.target == INCREMENT:
                with told(self.spec, where):
                    message = "a synapse with a 'psp' transmits by that alone"
                    raise EquationError(statement.span, message, "let spikes change a variable that 'psp' reads")

    def _requirements(self) -> None:
        for text in self.spec.requires:
            with told(self.spec, "requires"):
                condition = parse_expression(text)
                self._reads(condition)
                dependence.depends_on(condition, self.parameters, "'requires'")
                dependence.draws_nothing(condition, "'requires'")
                types.is_condition(condition, self.types)

    def _durations(self) -> None:
        local = {name for name in self.variables if self.types[name] is not Type.BOOLEAN}
        durations = {
            "max_spikes": (self.texts.max_spikes, self.parameters | set(self.spec.scheduled()), "parameters"),
            "refractory": (self.texts.refractory, self.parameters | local, "parameters, variables"),
        }
        for where, (expression, readable, kinds) in durations.items():
            if expression is not None:
                with told(self.spec, where):
                    self._reads(expression)
                    dependence.depends_on(expression, readable, f"'{where}'", kinds)
                    dependence.draws_nothing(expression, f"'{where}'")
                    types.is_number(expression, self.types)


def _bounds_leave_something(given: Flags) -> None:
    """The lower bound is not above the upper one, where both are numbers."""
    lower, upper = (None if bound is None else constant_value(bound) for bound in (given.minimum, given.maximum))
    if lower is not None and upper is not None and lower > upper:
        message = f"no value lies between {lower} and {upper}"
        raise EquationError(given.where("minimum"), message, "the lower bound is 'min='")
