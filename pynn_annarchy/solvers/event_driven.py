"""Event-driven variables of a synapse: linear equations, solved exactly over the time between two spikes.

    dx/dt = (end - x)/tau            x(s) = end + (x(0) - end) exp(-s/tau)
    dx/dt = growth                   x(s) = x(0) + growth s
    ... + c y,  dy/dt = -y/tau_y     ... + c y(0) s max(exp(-s/tau), exp(-s/tau_y)) exprel(-|s/tau - s/tau_y|)

The last is the convolution of both exponentials in a form without cancellation, also where the time constants agree.
"""

from __future__ import annotations

from collections.abc import Mapping

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.checks.dependence import CONSTANT_ONLY, depends_on
from pynn_annarchy.language.functions import DISTRIBUTIONS
from pynn_annarchy.language.syntax import (
    Binary,
    BinaryOperator,
    Call,
    DifferentialEquation,
    Expression,
    Name,
    Number,
    Span,
)
from pynn_annarchy.language.visit import names_in, nodes
from pynn_annarchy.model.checked import Model, Variable
from pynn_annarchy.model.sides import sides
from pynn_annarchy.model.told import told
from pynn_annarchy.solvers.algebra import ONE, ZERO, LinearForm, divide, is_zero, multiply, negate
from pynn_annarchy.solvers.names import FreshNames, names_of
from pynn_annarchy.solvers.symbolic import form_of
from pynn_annarchy.solvers.updates import Choice, DerivedParameter, Drive, Relaxation, Updates

WAY_OUT = "leave the equation out and write in 'pre_spike' and 'post_spike' what has happened since t_pre and t_post"
REASON = "linear, solved between spikes: only rounding errors"


def solve(model: Model) -> Updates:
    """The updates of a synapse: nothing is done in each step, relaxations are evaluated when a spike passes.

    Raises:
        EquationError: an equation of no such form.
    """
    derived, relaxations = _relaxations(model)
    choices = tuple(Choice((relaxation.variable,), "event-driven", REASON) for relaxation in relaxations)
    return Updates(model, (), derived, (), choices, relaxations)


def check_flagged(model: Model) -> None:
    """EquationError where an equation with the flag 'event-driven' could not be solved between spikes."""
    _relaxations(model)


def _relaxations(model: Model) -> tuple[tuple[DerivedParameter, ...], tuple[Relaxation, ...]]:
    flagged = [equation for equation in model.equations if equation.flags.event_driven]
    equations = tuple(equation for equation in flagged if isinstance(equation, DifferentialEquation))
    for equation in equations:
        _require_constant_bounds(model, model.variable(equation.variable))
    solver = _Solver(model, equations)
    relaxations = tuple(solver.relaxation(equation) for equation in equations)
    return tuple(solver.derived), relaxations


class _Solver:
    def __init__(self, model: Model, equations: tuple[DifferentialEquation, ...]) -> None:
        self.derived: list[DerivedParameter] = []
        self._model = model
        self._names = FreshNames(names_of(model))
        self._sides = sides(model)
        self._parameters = {p.name for p in model.spec.parameters} - {variable.name for variable in model.variables}
        self._forms: Mapping[str, LinearForm] = {
            equation.variable: self._form(equation, [other.variable for other in equations]) for equation in equations
        }

    def relaxation(self, equation: DifferentialEquation) -> Relaxation:
        """The course of the equation's variable."""
        name = equation.variable
        form = self._forms[name]
        tau = self._tau(name)
        drives = tuple(
            self._drive(equation, other, coefficient)
            for other, coefficient in form.coefficients.items()
            if other != name
        )
        if tau is None:
            return Relaxation(name, None, ZERO, self._named(f"{name}_growth", form.remainder), drives)
        end = _numerator(form.remainder, tau) or multiply(form.remainder, tau)
        return Relaxation(name, self._named(f"tau_{name}", tau), self._named(f"{name}_end", end), ZERO, drives)

    def _form(self, equation: DifferentialEquation, variables: list[str]) -> LinearForm:
        with told(self._model.spec, f"variable '{equation.variable}'"):
            form = form_of(equation.rate, variables)
            if form is None:
                message = f"an event-driven equation must be linear in {', '.join(variables)}"
                raise EquationError(equation.span, message, WAY_OUT)
            for part in (*form.coefficients.values(), form.remainder):
                self._require_constant(part)
        return form

    def _require_constant(self, part: Expression) -> None:
        for node in nodes(part):
            if isinstance(node, Call) and node.function in DISTRIBUTIONS:
                raise EquationError(node.span, "an event-driven equation cannot be random", WAY_OUT)
        for name in names_in(part):
            if name.identifier not in {*self._parameters, "dt", "pi"}:
                message = f"an event-driven equation cannot depend on '{name.identifier}'"
                raise EquationError(name.span, message, CONSTANT_ONLY)

    def _tau(self, name: str) -> Expression | None:
        """The time constant of a variable's own decay."""
        rate = negate(self._forms[name].coefficient(name))
        if is_zero(rate):
            return None
        match rate:
            case Binary(BinaryOperator.DIVIDE, numerator, denominator):
                return divide(denominator, numerator)
        return divide(ONE, rate)

    def _drive(self, equation: DifferentialEquation, other: str, coefficient: Expression) -> Drive:
        """What another variable contributes, which must decay to zero by itself and change at the same spikes."""
        form, tau = self._forms[other], self._tau(other)
        with told(self._model.spec, f"variable '{equation.variable}'"):
            if tau is None or len(form.coefficients) > 1 or not is_zero(form.remainder):
                message = f"an event-driven equation can follow '{other}' only where that decays to zero by itself"
                raise EquationError(_mention(equation, other), message, WAY_OUT)
            if self._sides[other] is not self._sides[equation.variable]:
                message = f"an event-driven equation cannot follow '{other}', which changes at other spikes"
                raise EquationError(_mention(equation, other), message, WAY_OUT)
        following = self._named(f"{equation.variable}_per_{other}", coefficient)
        return Drive(other, following, self._named(f"tau_{other}", tau))

    def _named(self, wish: str, expression: Expression) -> Expression:
        """A number or a name as it is, anything else as a derived parameter."""
        if isinstance(expression, Name | Number):
            return expression
        for known in self.derived:
            if known.expression == expression:
                return Name(known.name)
        self.derived.append(DerivedParameter(self._names.fresh(wish), expression))
        return Name(self.derived[-1].name)


def _numerator(expression: Expression, denominator: Expression) -> Expression | None:
    """a of a/denominator; zero of zero; None for what is no such quotient."""
    if is_zero(expression):
        return ZERO
    match expression:
        case Binary(BinaryOperator.DIVIDE, numerator, divisor) if divisor == denominator:
            return numerator
    return None


def _mention(equation: DifferentialEquation, name: str) -> Span:
    return next(mention.span for mention in names_in(equation.rate) if mention.identifier == name)


def _require_constant_bounds(model: Model, variable: Variable) -> None:
    """Bounds hold between spikes too, so that they may not change there."""
    with told(model.spec, f"variable '{variable.name}'"):
        for bound in (variable.minimum, variable.maximum):
            if bound is not None:
                parameters = frozenset(parameter.name for parameter in model.spec.parameters)
                depends_on(bound, parameters, "a bound of an event-driven variable")
