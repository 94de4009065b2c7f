"""Rules about what equations and statements change."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.names import suggestion
from pynn_annarchy.language.syntax import Assignment, Binary, DifferentialEquation, Equation, Span
from pynn_annarchy.language.visit import identifiers, names_in


def changed_by(equation: Equation) -> str:
    """The variable that an equation or a statement changes."""
    return equation.variable if isinstance(equation, DifferentialEquation) else equation.target


def place_of_target(equation: Equation) -> Span:
    """Where the changed variable stands: an assignment begins with it, a derivative may be anywhere."""
    if isinstance(equation, DifferentialEquation):
        return equation.span
    start = equation.span.start
    return Span(equation.span.text, start, start + len(equation.target))


def changes_no_constant(equation: Equation, constants: AbstractSet[str]) -> None:
    """Parameters and inputs are constant over a step: no equation and no statement changes one."""
    name = changed_by(equation)
    if name in constants:
        hint = "a value that changes is a variable: give it an equation with 'init=' and remove it from the parameters"
        raise EquationError(
            place_of_target(equation), f"'{name}' is a parameter or an input and cannot be changed", hint
        )


def defined_once(equations: Iterable[Equation]) -> None:
    """A variable has one equation."""
    seen: set[str] = set()
    for equation in equations:
        name = changed_by(equation)
        if name in seen:
            message = f"'{name}' has an equation already"
            raise EquationError(place_of_target(equation), message, "join both into one")
        seen.add(name)


def leads_somewhere(
    statement: Assignment, known: AbstractSet[str], read_elsewhere: AbstractSet[str], *, declares: bool = False
) -> None:
    """A statement changes a variable that has an equation, is read somewhere else, or is given an ``init=`` here.

    Anything else is a misspelt name; where statements declare variables, anything that resembles a known one.
    """
    name = statement.target
    if name in known or name in read_elsewhere or statement.flags.init is not None:
        return
    near = suggestion(name, known)
    if declares and not near:
        return
    hint = near or f"a variable of its own needs an initial value: '{name} = ... : init=0'"
    raise EquationError(place_of_target(statement), f"'{name}' is not a variable of the model", hint)


def adds_to_target(statement: Assignment) -> None:
    """``g_target`` is only ever added to: it collects what this and all other synapses send."""
    if statement.flags.spans:
        raise EquationError(statement.span, "'g_target' takes no flags", "clip the value itself")
    start = place_of_target(statement).end
    operator = statement.span.text[start : statement.span.end].lstrip()[:2]
    if operator not in ("+=", "-="):
        raise EquationError(statement.span, "'g_target' can only be added to", "write 'g_target += ...'")
    assert isinstance(statement.value, Binary), "augmented assignments are sums"
    for name in names_in(statement.value.right):
        if name.identifier == statement.target:
            hint = "give what is sent a name of its own"
            raise EquationError(name.span, "'g_target' cannot be read: it belongs to the post-synaptic cell", hint)


def sends_by_target(statement: Assignment, read_elsewhere: AbstractSet[str]) -> None:
    """A ``g_exc`` that nobody reads is a conductance of the post-synaptic cell, which is called ``g_target``."""
    name = statement.target
    if name.startswith("g_") and name not in read_elsewhere and statement.flags.init is None:
        hint = "write 'g_target': it is what the cells receive by the target of the projection, whatever that is called"
        raise EquationError(place_of_target(statement), f"a synapse does not change '{name}' of its cells", hint)


def follows_post_spike(statement: Assignment) -> None:
    """What a synapse does when its post-synaptic cell spikes: it sends nothing, and nothing can come before it."""
    if statement.target == "g_target":
        hint = "only 'pre_spike' adds to 'g_target'"
        raise EquationError(place_of_target(statement), "a post-synaptic spike sends nothing through the synapse", hint)
    if statement.flags.unless_post:
        hint = "it belongs to 'pre_spike'"
        raise EquationError(statement.flags.where("unless_post"), "this flag cannot stand in 'post_spike'", hint)


def weight_is_parameter(statement: Assignment, parameters: AbstractSet[str]) -> None:
    """The weight of a synapse is given by connectors, so that it is a parameter also where handlers change it."""
    if statement.target not in parameters:
        hint = "add it to the parameters"
        raise EquationError(place_of_target(statement), f"'{statement.target}' is not among the parameters", hint)


def reads_input(statement: Assignment) -> None:
    """An increment says what becomes of ``input``."""
    if "input" not in identifiers(statement.value):
        hint = "write e.g. 'isyn += input'"
        raise EquationError(statement.span, "an increment that does not read 'input' loses what arrives", hint)
