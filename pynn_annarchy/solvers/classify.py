"""Which method each variable of a block of differential equations gets, in which order, and why.

1. The largest closed linear subsystem with constant coefficients is solved exactly.
2. A user's flag names the method of a variable; variables that depend on each other and one of which asks for a coupled
   method ('implicit', 'midpoint', 'rk4') share it.
3. What is left is taken in the order of dependence, variables that depend on each other together: alone and linear in
   itself, exponential Euler with the mean or middle of its coefficients; together and each linear in itself,
   splitting; otherwise rk4.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.names import suggestion
from pynn_annarchy.language.syntax import DifferentialEquation, Expression
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.solvers.algebra import LinearForm, constant_form, linear_form
from pynn_annarchy.solvers.graphs import components


class Method(Enum):
    """How a group of variables is advanced; the value is what users read."""

    EXACT = "exact"
    STEP_MEAN = "exponential, mean coefficients"
    STEP_MIDDLE = "exponential, midpoint coefficients"
    SPLITTING = "splitting, extrapolated"
    EXPLICIT = "explicit"
    EXPONENTIAL = "exponential"
    MIDPOINT = "midpoint"
    RK4 = "rk4"
    IMPLICIT = "implicit"
    SEMIIMPLICIT = "semiimplicit"


FLAGS: Mapping[str, Method] = {
    "explicit": Method.EXPLICIT,
    "exponential": Method.EXPONENTIAL,
    "midpoint": Method.MIDPOINT,
    "rk4": Method.RK4,
    "runge-kutta4": Method.RK4,
    "implicit": Method.IMPLICIT,
    "semiimplicit": Method.SEMIIMPLICIT,
    "exact": Method.EXACT,
}
"""What users may ask for."""

COUPLED = frozenset({Method.MIDPOINT, Method.RK4, Method.IMPLICIT})
"""Methods whose variables must advance together with all that depend on them in turn."""

POINTWISE = (Method.EXPLICIT, Method.EXPONENTIAL, Method.SEMIIMPLICIT)
"""Methods that read nothing but the start of the step, and what they themselves have done."""


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive differential equations.

    Args:
        equations: in the declared order.
        constants: names whose values no step changes: parameters, ``dt``, ``pi``.
        requested: the method that the user asks for, by variable.
        owner: the model as errors name it, e.g. ``cell type 'MyNeuron'``.
    """

    equations: tuple[DifferentialEquation, ...]
    constants: frozenset[str]
    requested: Mapping[str, Method]
    owner: str

    @property
    def rates(self) -> dict[str, Expression]:
        return {equation.variable: equation.rate for equation in self.equations}

    def refusal(self, variable: str, message: str, hint: str) -> EquationError:
        """The error of one of the equations, ready to be raised."""
        equation = next(equation for equation in self.equations if equation.variable == variable)
        return refusal(equation, message, hint, self.owner)


@dataclass(frozen=True, slots=True)
class Group:
    """Variables that are advanced together."""

    variables: tuple[str, ...]
    method: Method
    reason: str


def refusal(equation: DifferentialEquation, message: str, hint: str, owner: str) -> EquationError:
    """The error of an equation of that owner."""
    return EquationError(equation.span, message, hint, f"in {owner}, variable '{equation.variable}'")


def method_named(flag: str, equation: DifferentialEquation, owner: str) -> Method:
    """The method of a user's flag.

    Raises:
        EquationError: there is none of that name.
    """
    if flag not in FLAGS:
        hint = suggestion(flag, FLAGS) or "methods are " + ", ".join(FLAGS)
        raise refusal(equation, f"'{flag}' is not a numerical method", hint, owner)
    return FLAGS[flag]


def classify(block: Block) -> tuple[Group, ...]:
    """The groups of a block in the order in which they are solved.

    Raises:
        EquationError: a method that the user asks for cannot solve its equation.
    """
    exact = exactly_solvable(block)
    methods = _shared(block, exact)
    rest = [variable for variable in block.rates if variable not in exact and methods.get(variable) not in POINTWISE]
    first = [_exact_group(exact)] if exact else []
    return (*first, *_pointwise_groups(methods), *_groups_by_dependence(rest, methods, block))


def exactly_solvable(block: Block) -> tuple[str, ...]:
    """The largest set of variables that form a closed linear system with constant coefficients.

    Raises:
        EquationError: a variable whose flag is 'exact' is not among them.
    """
    candidates = [v for v in block.rates if block.requested.get(v, Method.EXACT) is Method.EXACT]
    while True:
        obstacles = {variable: obstacle(variable, candidates, block) for variable in candidates}
        for variable, found in obstacles.items():
            if found and variable in block.requested:
                hint = "remove the flag 'exact', or use 'exponential' or 'rk4'"
                raise block.refusal(variable, f"'{variable}' has no exact solution: {found}", hint)
        kept = [variable for variable in candidates if not obstacles[variable]]
        if len(kept) == len(candidates):
            return tuple(kept)
        candidates = kept


def obstacle(variable: str, states: Collection[str], block: Block) -> str:
    """Why the rate is not linear in the states with constant coefficients and a held remainder; empty if it is."""
    form = linear_form(block.rates[variable], states)
    if form is None:
        return f"its rate is not linear in {_listed(identifiers(block.rates[variable]) & set(states))}"
    for state, coefficient in form.coefficients.items():
        varying = identifiers(coefficient) - block.constants
        if varying:
            return f"the coefficient of {state} depends on {_listed(varying)}"
    others = identifiers(form.remainder) & set(block.rates)
    if others:
        return f"it depends on {_listed(others)}, not solved exactly"
    if "t" in identifiers(form.remainder) and not is_constant_form(form.remainder, block.constants):
        return "its rate is not linear in t"
    return ""


def is_constant_form(expression: Expression, constants: Collection[str]) -> bool:
    """Whether the expression is linear, with constant coefficients, in all that is not constant."""
    return constant_form(expression, constants) is not None


def _exact_group(variables: tuple[str, ...]) -> Group:
    return Group(variables, Method.EXACT, "linear with constant coefficients: only rounding errors")


def _pointwise_groups(methods: Mapping[str, Method]) -> list[Group]:
    groups = []
    for method in POINTWISE:
        variables = tuple(variable for variable, chosen in methods.items() if chosen is method)
        if variables:
            groups.append(Group(variables, method, "asked for; error of first order"))
    return groups


def _shared(block: Block, exact: Collection[str]) -> dict[str, Method]:
    """The method asked for by variable, coupled methods spread over all that depend on each other."""
    methods = dict(block.requested)
    for component in components(_dependence(block.rates, [v for v in block.rates if v not in exact])):
        asked = {variable: methods[variable] for variable in component if variable in methods}
        coupled = [method for method in asked.values() if method in COUPLED]
        if coupled:
            _refuse_mixture(asked, block)
            methods.update(dict.fromkeys(component, coupled[0]))
    return {variable: methods[variable] for variable in block.rates if variable in methods}


def _refuse_mixture(asked: Mapping[str, Method], block: Block) -> None:
    first = next(variable for variable, method in asked.items() if method in COUPLED)
    for variable, method in asked.items():
        if method is not asked[first]:
            message = f"'{variable}' asks for '{method.value}', but is coupled with '{first}' ('{asked[first].value}')"
            raise block.refusal(variable, message, "give coupled equations the same method")


def _groups_by_dependence(variables: list[str], methods: Mapping[str, Method], block: Block) -> list[Group]:
    return [
        _group(component, methods.get(component[0]), block)
        for component in components(_dependence(block.rates, variables))
    ]


def _dependence(rates: Mapping[str, Expression], variables: list[str]) -> dict[str, list[str]]:
    return {variable: [o for o in variables if o in identifiers(rates[variable])] for variable in variables}


def _group(variables: tuple[str, ...], asked: Method | None, block: Block) -> Group:
    if asked is not None:
        order = {Method.IMPLICIT: "first", Method.MIDPOINT: "second", Method.RK4: "fourth"}[asked]
        return Group(variables, asked, f"asked for; error of {order} order")
    forms = {variable: linear_form(block.rates[variable], [variable]) for variable in variables}
    nonlinear = [variable for variable, form in forms.items() if form is None]
    if nonlinear:
        return Group(variables, Method.RK4, f"not linear in {_listed(nonlinear)}: error of fourth order")
    if len(variables) > 1:
        reason = "each linear in itself with coefficients that follow the others: error of fourth order"
        return Group(variables, Method.SPLITTING, reason)
    return _alone(variables[0], forms[variables[0]], block)


def _alone(variable: str, form: LinearForm | None, block: Block) -> Group:
    assert form is not None
    parts = [form.remainder, *form.coefficients.values()]
    changing = {name for part in parts for name in identifiers(part) if name in block.rates or name == "t"}
    if all(linear_form(part, changing) for part in parts):
        reason = f"linear in itself, coefficients from the mean of {_listed(changing)}: error of second order"
        held = "linear in itself with coefficients that are held over the step: exact where they are"
        return Group((variable,), Method.STEP_MEAN, reason if changing else held)
    reason = f"linear in itself, with coefficients that follow {_listed(changing)}: error of second order"
    return Group((variable,), Method.STEP_MIDDLE, reason)


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
