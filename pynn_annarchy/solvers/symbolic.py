"""Calculus by sympy behind one door in and one door out; nothing else in the package imports it.

Inside, everything that is not arithmetic is opaque: a subtree without unknowns is one symbol, one with unknowns is an
undefined function of them, so that nothing can be concluded about it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from pynn_annarchy.language.syntax import Binary, BinaryOperator, Expression, Name, Number, Unary, UnaryOperator
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.solvers import algebra
from pynn_annarchy.solvers.algebra import LinearForm, add, divide, is_zero, multiply


def linear_form(expression: Expression, unknowns: Collection[str]) -> LinearForm | None:
    """The expression as a linear form in the unknowns, after simplification; None where it is not linear."""
    import sympy

    door = _Door(unknowns)
    inside = sympy.expand(sympy.cancel(door.enter(expression)))
    symbols = {name: door.symbol(Name(name)) for name in unknowns}
    coefficients = {name: sympy.cancel(sympy.diff(inside, symbol)) for name, symbol in symbols.items()}
    if any(_depends(coefficient, symbols.values()) for coefficient in coefficients.values()):
        return None
    remainder = sympy.cancel(inside - sum(coefficients[name] * symbol for name, symbol in symbols.items()))
    if _depends(remainder, symbols.values()):
        return None
    outside = {name: door.leave(coefficient) for name, coefficient in coefficients.items()}
    return LinearForm({n: c for n, c in outside.items() if not is_zero(c)}, door.leave(remainder))


def form_of(expression: Expression, unknowns: Collection[str]) -> LinearForm | None:
    """The linear form where there is one; sympy is asked only where the expression's structure does not decide."""
    return algebra.linear_form(expression, unknowns) or linear_form(expression, unknowns)


def solve_linear(
    matrix: Sequence[Sequence[Expression]], right: Sequence[Expression]
) -> tuple[tuple[Expression, ...], Expression]:
    """The solution of a small linear system by Cramer's rule: numerators, and the determinant that divides them all."""
    import sympy

    door = _Door(())
    left = sympy.Matrix([[door.enter_whole(entry) for entry in row] for row in matrix])
    sides = sympy.Matrix([door.enter_whole(side) for side in right])
    numerators = []
    for column in range(len(right)):
        replaced = left.copy()
        replaced[:, column] = sides
        numerators.append(door.leave(replaced.det(method="berkowitz")))
    return tuple(numerators), door.leave(left.det(method="berkowitz"))


def _depends(expression: Any, symbols: Collection[Any]) -> bool:
    return not expression.free_symbols.isdisjoint(symbols)


class _Door:
    """Carries expressions into sympy and back; remembers what each opaque symbol stands for."""

    def __init__(self, unknowns: Collection[str]) -> None:
        self._unknowns = frozenset(unknowns)
        self._symbols: dict[Expression, Any] = {}
        self._meanings: dict[Any, Expression] = {}

    def symbol(self, expression: Expression) -> Any:
        """The one symbol that stands for this expression."""
        import sympy

        if expression not in self._symbols:
            symbol = sympy.Symbol(f"x{len(self._symbols):04d}", real=True)
            self._symbols[expression] = symbol
            self._meanings[symbol] = expression
        return self._symbols[expression]

    def enter_whole(self, expression: Expression) -> Any:
        """A number as itself, anything else as one symbol."""
        return self.enter(expression) if isinstance(expression, Number) else self.symbol(expression)

    def enter(self, expression: Expression) -> Any:
        """The expression as sympy sees it."""
        match expression:
            case Number(value):
                return _exactly(value)
            case Unary(UnaryOperator.NEGATE, operand):
                return -self.enter(operand)
            case Binary(operator, left, right) if operator in _ARITHMETIC:
                return _ARITHMETIC[operator](self.enter(left), self.enter(right))
        if isinstance(expression, Name) or identifiers(expression).isdisjoint(self._unknowns):
            return self.symbol(expression)
        return self._opaque(expression)

    def leave(self, inside: Any) -> Expression:
        """The syntax of what sympy found."""
        import sympy

        if inside in self._meanings:
            return self._meanings[inside]
        if inside.is_Number:
            return Number(int(inside)) if inside.is_Integer else Number(float(inside))
        if inside.is_Add:
            return _folded(add, [self.leave(term) for term in inside.as_ordered_terms()])
        if inside.is_Mul:
            above, below = sympy.fraction(inside)
            if below != 1:
                return divide(self.leave(above), self.leave(below))
            return _folded(multiply, [self.leave(factor) for factor in inside.as_ordered_factors()])
        if inside.is_Pow:
            return self._power(inside)
        raise TypeError(f"no way out of sympy for {inside!r}: add it to symbolic._Door.leave")

    def _power(self, inside: Any) -> Expression:
        base, exponent = inside.as_base_exp()
        if exponent.is_negative:
            return divide(Number(1), self.leave(base**-exponent))
        return Binary(BinaryOperator.POWER, self.leave(base), self.leave(exponent))

    def _opaque(self, expression: Expression) -> Any:
        import sympy

        inner = sorted(identifiers(expression) & self._unknowns)
        opaque = sympy.Function(f"f_{self.symbol(expression)}")(*(self.symbol(Name(name)) for name in inner))
        self._meanings[opaque] = expression
        return opaque


_ARITHMETIC: dict[BinaryOperator, Any] = {
    BinaryOperator.ADD: lambda left, right: left + right,
    BinaryOperator.SUBTRACT: lambda left, right: left - right,
    BinaryOperator.MULTIPLY: lambda left, right: left * right,
    BinaryOperator.DIVIDE: lambda left, right: left / right,
    BinaryOperator.POWER: lambda left, right: left**right,
}


def _exactly(value: float | int) -> Any:
    """Decimal literals as the fractions that were written, so that 0.1 + 0.2 - 0.3 is zero."""
    import sympy

    return sympy.Integer(value) if isinstance(value, int) else sympy.Rational(repr(value))


def _folded(combine: Any, parts: list[Expression]) -> Expression:
    result = parts[0]
    for part in parts[1:]:
        result = combine(result, part)
    return result
