"""Syntax -> LaTeX: fractions, roots, Greek letters and subscripts where the names suggest them."""

from __future__ import annotations

from pynn_annarchy.language.print import operand_strengths, strength
from pynn_annarchy.language.syntax import (
    Binary,
    BinaryOperator,
    Boolean,
    Call,
    Comparator,
    Comparison,
    Conditional,
    Connective,
    DifferentialEquation,
    Equation,
    Expression,
    FunctionDefinition,
    Logical,
    Name,
    Number,
    Unary,
    UnaryOperator,
)

# fmt: off
_GREEK = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu",
    "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
    "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
})
# fmt: on

_COMPARATORS = {
    Comparator.LESS: "<",
    Comparator.LESS_EQUAL: r"\le",
    Comparator.GREATER: ">",
    Comparator.GREATER_EQUAL: r"\ge",
    Comparator.EQUAL: "=",
    Comparator.NOT_EQUAL: r"\ne",
}

_FUNCTIONS = frozenset({"exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "min", "max"})
"""Functions that LaTeX has a command for under the same name."""


def latex_equation(equation: Equation, *, align: bool = True) -> str:
    """An equation without its flags; with ``align`` an ``&`` stands before the equals sign."""
    equals = "&=" if align else "="
    if isinstance(equation, DifferentialEquation):
        return rf"\frac{{d{latex_expression(equation.variable)}}}{{dt}} {equals} {latex_expression(equation.rate)}"
    return f"{latex_expression(equation.target)} {equals} {latex_expression(equation.value)}"


def latex_expression(expression: Expression | str) -> str:
    """An expression, or a name given as a string, for use in mathematics mode."""
    match expression:
        case str():
            return _identifier(expression)
        case Number(value=value):
            return _number(value)
        case Boolean(value=value):
            return rf"\text{{{str(value).lower()}}}"
        case Name(identifier=identifier):
            return _identifier(identifier)
        case Unary(operator=operator, operand=operand):
            sign = "-" if operator is UnaryOperator.NEGATE else r"\neg "
            return sign + _operand(operand, strength(expression))
        case Binary():
            return _binary(expression)
        case Comparison(operator=comparator):
            return _joined(expression, _COMPARATORS[comparator])
        case Logical(operator=connective):
            return _joined(expression, r"\wedge" if connective is Connective.AND else r"\vee")
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            first = rf"{latex_expression(then)} & \text{{if }} {latex_expression(condition)}"
            return rf"\begin{{cases}} {first} \\ {latex_expression(otherwise)} & \text{{otherwise}} \end{{cases}}"
        case Call():
            return _call(expression)


def latex_definition(definition: FunctionDefinition) -> str:
    """A user's function, ``f(x) = ...``."""
    arguments = ", ".join(map(_identifier, definition.parameters))
    name = rf"\operatorname{{{escaped(definition.name)}}}"
    return rf"{name}\left({arguments}\right) &= {latex_expression(definition.body)}"


def escaped(text: str) -> str:
    """Words in which the characters that mean something to LaTeX stand for themselves."""
    return "".join(_ESCAPES.get(character, character) for character in text)


_ESCAPES = {
    **{character: f"\\{character}" for character in "_%&#${}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def _binary(expression: Binary) -> str:
    match expression.operator:
        case BinaryOperator.DIVIDE:
            return rf"\frac{{{latex_expression(expression.left)}}}{{{latex_expression(expression.right)}}}"
        case BinaryOperator.POWER:
            base = _operand(expression.left, operand_strengths(expression)[0])
            return f"{base}^{{{latex_expression(expression.right)}}}"
        case BinaryOperator.MULTIPLY:
            return _joined(expression, r"\,")
        case BinaryOperator.MODULO:
            return _joined(expression, r"\bmod")
        case operator:
            return _joined(expression, operator.value)


def _joined(expression: Binary | Comparison | Logical, symbol: str) -> str:
    left, right = operand_strengths(expression)
    return f"{_operand(expression.left, left)} {symbol} {_operand(expression.right, right)}"


def _operand(operand: Expression, needed: int) -> str:
    text = latex_expression(operand)
    is_fraction = isinstance(operand, Binary) and operand.operator is BinaryOperator.DIVIDE
    bare = strength(operand) >= needed and not isinstance(operand, Conditional)
    return text if bare or (is_fraction and needed <= strength(operand) + 1) else rf"\left({text}\right)"


def _call(call: Call) -> str:
    arguments = ", ".join(latex_expression(argument) for argument in call.arguments)
    match call.function:
        case "sqrt":
            return rf"\sqrt{{{arguments}}}"
        case "abs":
            return rf"\left|{arguments}\right|"
        case name if name in _FUNCTIONS:
            return rf"\{name}\left({arguments}\right)"
        case name:
            return rf"\operatorname{{{name}}}\left({arguments}\right)"


def _number(value: float) -> str:
    mantissa, _, exponent = repr(value).partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _identifier(identifier: str) -> str:
    """``tau_syn_E`` -> a Greek tau with the subscript syn,E; names of several letters upright."""
    owner, dot, name = identifier.rpartition(".")
    head, *indices = name.split("_")
    if head in _GREEK:
        head = f"\\{head}"
    elif len(head) > 1:
        head = rf"\mathrm{{{head}}}"
    indices += [owner] if dot else []
    return rf"{head}_{{\mathrm{{{','.join(indices)}}}}}" if indices else head
