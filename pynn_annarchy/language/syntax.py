"""The syntax tree of the modelling language: what a text says, before anything is known about its names.

Every node carries the span of user text it came from. Spans do not take part in equality or hashing, so that equal
mathematics is equal wherever it was written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the user's text: characters ``start`` (included) to ``end`` (excluded) of ``text``."""

    text: str
    start: int
    end: int

    def locate(self) -> tuple[str, int, int]:
        """The line that holds the start, the column in that line, and the number of characters on that line."""
        line_start = self.text.rfind("\n", 0, self.start) + 1
        line_end = self.text.find("\n", self.start)
        line_end = len(self.text) if line_end < 0 else line_end
        indented = self.text[line_start:line_end]
        line = indented.lstrip()
        column = self.start - line_start - (len(indented) - len(line))
        return line, column, min(self.end, line_end) - self.start

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of another one in the same text."""
        return Span(self.text, self.start, other.end)


NOWHERE = Span("", 0, 0)
"""The span of what the program wrote itself."""


def _span() -> Span:
    return field(default=NOWHERE, compare=False, repr=False)


class UnaryOperator(Enum):
    NEGATE = "-"
    NOT = "not"


class BinaryOperator(Enum):
    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    POWER = "**"
    MODULO = "%"


class Comparator(Enum):
    LESS = "<"
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="
    EQUAL = "=="
    NOT_EQUAL = "!="


class Connective(Enum):
    AND = "and"
    OR = "or"


@dataclass(frozen=True, slots=True)
class Number:
    """A literal; ``value`` is an int only where the text has neither point nor exponent."""

    value: float | int
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Boolean:
    value: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Name:
    """A name of the model, of the language (``t``, ``dt``, ``pi``) or, with a prefix, ``pre.x`` and ``post.x``."""

    identifier: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Unary:
    operator: UnaryOperator
    operand: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Binary:
    operator: BinaryOperator
    left: Expression
    right: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Comparison:
    operator: Comparator
    left: Expression
    right: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Logical:
    operator: Connective
    left: Expression
    right: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Conditional:
    """``if condition: then else: otherwise``, and ``ite(condition, then, otherwise)``."""

    condition: Expression
    then: Expression
    otherwise: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the table, of the model, or a distribution (``Normal(0, 1)``, ``Poisson(rate*dt)``)."""

    function: str
    arguments: tuple[Expression, ...]
    span: Span = _span()


Expression = Number | Boolean | Name | Unary | Binary | Comparison | Logical | Conditional | Call


@dataclass(frozen=True, slots=True)
class Flags:
    """What follows the colon of an equation: ``init=0.5, min=0.0, exponential, unless_refractory``."""

    init: Expression | None = None
    minimum: Expression | None = None
    maximum: Expression | None = None
    method: str | None = None
    locality: str | None = None
    dtype: str | None = None
    unless_refractory: bool = False
    unless_post: bool = False
    event_driven: bool = False
    spans: tuple[tuple[str, Span], ...] = field(default=(), compare=False, repr=False)
    """Where each given flag stands, by the name of its field here."""

    def where(self, name: str) -> Span:
        """The text of a flag that was given; NOWHERE for the others."""
        return dict(self.spans).get(name, NOWHERE)


@dataclass(frozen=True, slots=True)
class Assignment:
    """``target = value``; augmented forms (``+=`` and friends) arrive here expanded to ``target = target + value``."""

    target: str
    value: Expression
    flags: Flags = Flags()
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class DifferentialEquation:
    """``d(variable)/dt = rate``, whatever form linear in the derivative the user wrote."""

    variable: str
    rate: Expression
    flags: Flags = Flags()
    span: Span = _span()


Equation = Assignment | DifferentialEquation


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """``name(parameters) = body``, a function of the user.

    ``types`` is empty, or the type of the result followed by those of the arguments.
    """

    name: str
    parameters: tuple[str, ...]
    body: Expression
    types: tuple[str, ...] = ()
    span: Span = _span()
