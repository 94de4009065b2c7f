"""Text -> syntax: expressions by precedence climbing, statements by what stands around the equals sign.

Every node carries its place in the text as the user wrote it, lines and indentation included.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from math import isfinite

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language import derivatives
from pynn_annarchy.language.flags import FLAG_VALUES, FLAG_WORDS, Flag, unknown_flag
from pynn_annarchy.language.functions import call
from pynn_annarchy.language.names import KEYWORDS, SUMS
from pynn_annarchy.language.syntax import (
    Assignment,
    Binary,
    BinaryOperator,
    Boolean,
    Comparator,
    Comparison,
    Conditional,
    Connective,
    DifferentialEquation,
    Equation,
    Expression,
    Flags,
    FunctionDefinition,
    Logical,
    Name,
    Number,
    Span,
    Unary,
    UnaryOperator,
)
from pynn_annarchy.language.tokens import (
    ASSIGNMENTS,
    Statement,
    Token,
    TokenKind,
    mark_derivatives,
    statements,
    tokenize,
)

_ADDITIVE = {"+": BinaryOperator.ADD, "-": BinaryOperator.SUBTRACT}
_MULTIPLICATIVE = {"*": BinaryOperator.MULTIPLY, "/": BinaryOperator.DIVIDE, "%": BinaryOperator.MODULO}
_COMPARATORS = {comparator.value: comparator for comparator in Comparator}
_BOOLEANS = {"True": True, "true": True, "False": False, "false": False}
_FOREIGN = {"&": "and", "&&": "and", "|": "or", "||": "or", "!": "not"}


def parse_expression(text: str) -> Expression:
    """One expression, e.g. ``v >= v_thresh``.

    Raises:
        EquationError: the text is no expression of the language.
    """
    words = tuple(token for token in tokenize(text) if token.kind is not TokenKind.NEWLINE)
    parser = _Parser(words)
    expression = parser.expression()
    parser.end()
    return expression


def parse_equations(text: str, declared: AbstractSet[str] = frozenset()) -> tuple[Equation, ...]:
    """Differential equations and assignments, one a line, flags after a colon.

    Args:
        declared: names that exist, e.g. a parameter ``delta``, so that ``delta/dt`` is a quotient and no derivative.
    """
    words = mark_derivatives(tokenize(text), declared)
    return tuple(_Parser(statement).equation() for statement in statements(words))


def parse_statements(text: str, among: str = "statements at an event") -> tuple[Assignment, ...]:
    """Assignments alone: what happens at an event, e.g. ``v = v_reset; u += d``.

    Args:
        among: for messages, what the text is made of.
    """
    return tuple(_Parser(statement).assignment(among) for statement in statements(tokenize(text)))


def parse_functions(text: str) -> tuple[FunctionDefinition, ...]:
    """Functions of the user, e.g. ``f(x, y) = if x > y: x else: y``, types after a colon where given."""
    return tuple(_Parser(statement).function() for statement in statements(tokenize(text)))


class _Parser:
    """Reads one statement from left to right."""

    def __init__(self, words: Statement) -> None:
        self._words = words
        self._position = 0

    # -- statements

    def equation(self) -> Equation:
        left, operator, right, flags, span = self._sides()
        if not derivatives.derivatives_in(left) and not derivatives.derivatives_in(right):
            hint = "give the first derivative a variable of its own"
            _refuse_derivative(left, r"d2\w+", "dt2", "equations are of first order", hint)
            return _assignment(left, operator, right, flags, span)
        if operator.text != "=":
            message = f"a differential equation has one '=', not '{operator.text}'"
            raise EquationError(operator.span, message, "write the new term on the right side of '='")
        variable, rate = derivatives.solve(left, right)
        return DifferentialEquation(variable, rate, flags, span)

    def assignment(self, among: str) -> Assignment:
        left, operator, right, flags, span = self._sides()
        message = f"a differential equation cannot stand among {among}"
        _refuse_derivative(left, r"d\w+", "dt", message, "it belongs to the equations")
        return _assignment(left, operator, right, flags, span)

    def _sides(self) -> tuple[Expression, Token, Expression, Flags, Span]:
        start = self._next.span
        if self._next.text == "if":
            hint = "write 'x = if condition: a else: b'"
            raise EquationError(start, "an equation begins with what it changes, not with 'if'", hint)
        left = self.expression()
        if self._next.text not in ASSIGNMENTS:
            raise _unexpected(self._next, "'='", after_operand=True)
        operator = self._take()
        right = self.expression()
        stop = self._words[self._position - 1].span
        flags = self._flags() if self._accept(":") else Flags()
        self.end()
        return left, operator, right, flags, start.to(stop)

    def function(self) -> FunctionDefinition:
        start = self._next.span
        name = self._name("the name of a function")
        self._expect("(")
        parameters = [self._name("the name of an argument")]
        while self._accept(","):
            if self._next.text in parameters:
                raise EquationError(self._next.span, f"two arguments of '{name}' are called '{self._next.text}'")
            parameters.append(self._name("the name of an argument"))
        self._expect(")")
        self._expect("=")
        body = self.expression()
        types = self._types(len(parameters)) if self._accept(":") else ()
        self.end()
        return FunctionDefinition(name, tuple(parameters), body, types, start.to(body.span))

    def _types(self, n_parameters: int) -> tuple[str, ...]:
        start = self._next.span
        types = [self._type()]
        while self._accept(","):
            types.append(self._type())
        if len(types) != 1 + n_parameters:
            message = f"{1 + n_parameters} types belong here: of the result, then of each argument"
            hint = f"write ': {', '.join(['float'] * (1 + n_parameters))}'"
            raise EquationError(start.to(self._words[self._position - 1].span), message, hint)
        return tuple(types)

    def _type(self) -> str:
        names = {"float": "float", "double": "float", "int": "int", "bool": "bool"}
        if self._next.text not in names:
            raise _unexpected(self._next, "one of float, double, int, bool")
        return names[self._take().text]

    # -- flags

    def _flags(self) -> Flags:
        given: dict[str, object] = {}
        spans: list[tuple[str, Span]] = []
        while True:
            flag, value, span = self._flag()
            if flag.field in given:
                raise EquationError(span, f"the {flag.kind} is given twice")
            given[flag.field] = value
            spans.append((flag.field, span))
            if self._next.text in FLAG_VALUES or self._next.text in FLAG_WORDS:
                message = f"a comma is missing before '{self._next.text}'"
                raise EquationError(self._next.span, message, "flags are separated by commas")
            if not self._accept(","):
                return Flags(**given, spans=tuple(spans))  # type: ignore[arg-type]

    def _flag(self) -> tuple[Flag, object, Span]:
        start = self._next.span
        word = self._flag_word()
        span = start.to(self._words[self._position - 1].span)
        if word in FLAG_VALUES:
            self._expect("=")
            value = self.expression()
            return FLAG_VALUES[word], value, start.to(value.span)
        if word in FLAG_WORDS:
            return FLAG_WORDS[word], FLAG_WORDS[word].value, span
        raise unknown_flag(word, span)

    def _flag_word(self) -> str:
        """A flag's name, hyphens included (``event-driven``)."""
        word = self._name("a flag")
        while self._accept("-"):
            word += "-" + self._name("the rest of a flag")
        return word

    # -- expressions, loosest binding first

    def expression(self) -> Expression:
        if self._next.text == "if":
            return self._conditional()
        return self._disjunction()

    def _conditional(self) -> Expression:
        start = self._take().span
        condition = self.expression()
        self._expect(":")
        then = self.expression()
        if self._next.text == "elif":
            raise EquationError(self._next.span, "'elif' is no part of the language", "write 'else: if ...'")
        if self._next.text != "else":
            raise _unexpected(self._next, "'else:' and the value where the condition does not hold")
        self._take()
        self._expect(":")
        otherwise = self.expression()
        return Conditional(condition, then, otherwise, start.to(otherwise.span))

    def _disjunction(self) -> Expression:
        left = self._conjunction()
        while self._accept("or"):
            right = self._conjunction()
            left = Logical(Connective.OR, left, right, left.span.to(right.span))
        return left

    def _conjunction(self) -> Expression:
        left = self._negation()
        while self._accept("and"):
            right = self._negation()
            left = Logical(Connective.AND, left, right, left.span.to(right.span))
        return left

    def _negation(self) -> Expression:
        if self._next.text != "not":
            return self._comparison()
        start = self._take().span
        operand = self._negation()
        return Unary(UnaryOperator.NOT, operand, start.to(operand.span))

    def _comparison(self) -> Expression:
        left = self._sum()
        comparator = self._comparator()
        if comparator is None:
            return left
        right = self._sum()
        following = self._next
        if self._comparator() is not None:
            raise EquationError(following.span, "comparisons cannot be chained", "write (a < b) and (b < c)")
        return Comparison(comparator, left, right, left.span.to(right.span))

    def _comparator(self) -> Comparator | None:
        """The comparator that comes next, taken; ``is`` and ``is not`` are spellings of == and !=."""
        if self._accept("is"):
            return Comparator.NOT_EQUAL if self._accept("not") else Comparator.EQUAL
        return _COMPARATORS[self._take().text] if self._next.text in _COMPARATORS else None

    def _sum(self) -> Expression:
        left = self._product()
        while self._next.text in _ADDITIVE:
            operator = _ADDITIVE[self._take().text]
            right = self._product()
            left = Binary(operator, left, right, left.span.to(right.span))
        return left

    def _product(self) -> Expression:
        left = self._signed()
        while self._next.text in _MULTIPLICATIVE:
            operator = _MULTIPLICATIVE[self._take().text]
            right = self._signed()
            left = Binary(operator, left, right, left.span.to(right.span))
        return left

    def _signed(self) -> Expression:
        start = self._next.span
        if self._accept("+"):
            return self._signed()
        if not self._accept("-"):
            return self._power()
        operand = self._signed()
        return Unary(UnaryOperator.NEGATE, operand, start.to(operand.span))

    def _power(self) -> Expression:
        base = self._operand()
        if self._next.text not in ("**", "^"):
            return base
        self._take()
        exponent = self._signed()
        return Binary(BinaryOperator.POWER, base, exponent, base.span.to(exponent.span))

    def _operand(self) -> Expression:
        token = self._take()
        if token.kind is TokenKind.NUMBER:
            return _number(token)
        if token.kind is TokenKind.DERIVATIVE:
            return derivatives.derivative(token.text, token.span)
        if token.text in _BOOLEANS:
            return Boolean(_BOOLEANS[token.text], token.span)
        if token.kind is TokenKind.NAME and token.text not in KEYWORDS:
            if not self._accept("("):
                return _name(token)
            return self._sum_of_inputs(token) if token.text in SUMS else self._call(token)
        if token.text == "(":
            return self._parenthesis(token)
        raise _unexpected(token, "a number, a name or '('")

    def _parenthesis(self, opening: Token) -> Expression:
        inner = self.expression()
        return replace(inner, span=opening.span.to(self._close(opening).span))

    def _call(self, function: Token) -> Expression:
        opening = self._words[self._position - 1]
        arguments: list[Expression] = []
        if self._next.text != ")":
            arguments.append(self.expression())
        while arguments and self._accept(","):
            arguments.append(self.expression())
        closing = self._close(opening)
        return call(function.text, tuple(arguments), function.span.to(closing.span))

    def _sum_of_inputs(self, word: Token) -> Name:
        """``sum(exc)``, ``pre.sum(exc)``: the name of what a cell receives by one target; ``sum()``: by all of them."""
        target = ""
        if self._next.text != ")":
            target = self._name("the name of a target, as in 'sum(exc)',")
            if "." in target or self._next.text != ")":
                span = word.span.to(self._words[self._position - 1].span)
                raise EquationError(span, f"'{word.text}' takes the name of a target", "e.g. 'sum(exc)'")
        return Name(f"{word.text}({target})", word.span.to(self._expect(")").span))

    def _close(self, opening: Token) -> Token:
        if self._next.kind is TokenKind.END:
            raise EquationError(opening.span, "this '(' is never closed")
        return self._expect(")")

    # -- words

    def end(self) -> None:
        """Refuse whatever follows a complete statement."""
        if self._next.kind is not TokenKind.END:
            raise _unexpected(self._next, "the end of the line", after_operand=True)

    @property
    def _next(self) -> Token:
        return self._words[self._position]

    def _take(self) -> Token:
        token = self._next
        if token.kind is not TokenKind.END:
            self._position += 1
        return token

    def _accept(self, text: str) -> bool:
        accepted = self._next.text == text
        self._position += accepted
        return accepted

    def _expect(self, text: str) -> Token:
        if self._next.text != text:
            raise _unexpected(self._next, f"'{text}'", after_operand=True)
        return self._take()

    def _name(self, what: str) -> str:
        if self._next.kind is not TokenKind.NAME or self._next.text in KEYWORDS:
            raise _unexpected(self._next, what)
        return self._take().text


_OPERATORS: Mapping[str, BinaryOperator] = {
    "+=": BinaryOperator.ADD,
    "-=": BinaryOperator.SUBTRACT,
    "*=": BinaryOperator.MULTIPLY,
    "/=": BinaryOperator.DIVIDE,
}


def _assignment(left: Expression, operator: Token, right: Expression, flags: Flags, span: Span) -> Assignment:
    """The assignment with ``x += e`` written out as ``x = x + e``."""
    if not isinstance(left, Name):
        message = "the left side is neither one variable nor an expression with a derivative"
        raise EquationError(left.span, message, "write 'x = ...' or 'dx/dt = ...'")
    if "." in left.identifier:
        raise EquationError(left.span, f"'{left.identifier}' belongs to a cell, a synapse cannot change it")
    if operator.text == "=":
        return Assignment(left.identifier, right, flags, span)
    value = Binary(_OPERATORS[operator.text], left, right, span)
    return Assignment(left.identifier, value, flags, span)


def _refuse_derivative(left: Expression, above: str, below: str, message: str, hint: str) -> None:
    """Refuses a left side that looks like a derivative where none of that kind can stand."""
    match left:
        case Binary(BinaryOperator.DIVIDE, Name(upper), Name(lower)) if lower == below and re.fullmatch(above, upper):
            raise EquationError(left.span, message, hint)


def _number(token: Token) -> Number:
    value = float(token.text)
    if not isfinite(value):
        raise EquationError(token.span, f"'{token.text}' is too large for a number")
    return Number(int(token.text) if token.text.isdigit() else value, token.span)


def _name(token: Token) -> Name:
    prefix, dot, _ = token.text.partition(".")
    if dot and prefix not in ("pre", "post"):
        hint = "only 'pre.' and 'post.' may stand before a name"
        raise EquationError(token.span, f"'{token.text}' is not a name of the language", hint)
    return Name(token.text, token.span)


def _unexpected(token: Token, expected: str, *, after_operand: bool = False) -> EquationError:
    if token.kind is TokenKind.END:
        return EquationError(token.span, f"the text ends where {expected} should follow")
    if token.text in _FOREIGN:
        return EquationError(token.span, f"'{token.text}' is no operator", f"write '{_FOREIGN[token.text]}'")
    if token.text == "=":
        hint = "'==' compares two values; arguments have no names"
        return EquationError(token.span, "'=' cannot stand here", hint)
    if after_operand and token.text == "if":
        return EquationError(token.span, "'if' cannot follow a value", "write 'if condition: a else: b'")
    if token.text == "if":
        return EquationError(token.span, "'if' cannot stand within a value", "there, write ite(condition, a, b)")
    begins_operand = token.kind in (TokenKind.NUMBER, TokenKind.NAME, TokenKind.DERIVATIVE) or token.text == "("
    if after_operand and begins_operand and token.text not in KEYWORDS:
        written = token.span.text[token.span.start : token.span.end]
        return EquationError(token.span, f"an operator is missing before '{written}'", "a product needs '*'")
    return EquationError(token.span, f"'{token.text}' stands where {expected} should")
