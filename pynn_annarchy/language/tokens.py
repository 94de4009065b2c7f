"""Text -> tokens -> statements: the words of the language, each with its place in the user's text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum, auto

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.syntax import Span


class TokenKind(Enum):
    NUMBER = auto()
    NAME = auto()
    DERIVATIVE = auto()
    OPERATOR = auto()
    NEWLINE = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One word; ``text`` is what the user wrote, except for a derivative, where it is the variable."""

    kind: TokenKind
    text: str
    span: Span


Statement = tuple[Token, ...]

ASSIGNMENTS = ("=", "+=", "-=", "*=", "/=")

_WORD = re.compile(
    r"""(?P<BLANK>[ \t\r\f]+|\#[^\n]*|\\\r?\n)
      | (?P<NUMBER>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<NAME>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)
      | (?P<NEWLINE>\n)
      | (?P<OPERATOR>\*\*|<=|>=|==|!=|\+=|-=|\*=|/=|&&|\|\||[-+*/^%<>=(),:;&|!])""",
    re.VERBOSE | re.ASCII,
)

_OPEN_ENDED = {*"+-*/^%,<>:(", *ASSIGNMENTS, "**", "<=", ">=", "==", "!=", "and", "or", "not", "else", "if"}


def tokenize(text: str) -> tuple[Token, ...]:
    """All words of a text without blanks and comments, closed by one END.

    Raises:
        EquationError: a character that no word begins with.
    """
    return (*_words(text), Token(TokenKind.END, "", Span(text, len(text.rstrip()), len(text.rstrip()))))


def _words(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        match = _WORD.match(text, position)
        if match is None:
            raise _stray_character(text, position)
        if match.lastgroup != "BLANK":
            yield Token(TokenKind[match.lastgroup or ""], match.group(), Span(text, *match.span()))
        position = match.end()


def _stray_character(text: str, position: int) -> EquationError:
    character = text[position]
    span = Span(text, position, position + 1)
    if character in "\"'":
        return EquationError(span, "quotes are no part of the language", "names stand without them")
    if character in "[]":
        return EquationError(
            span, f"'{character}' is no part of the language", "what is written holds for each element"
        )
    hint = "names are made of the letters a to z, digits and '_'" if character.isalpha() else ""
    return EquationError(span, f"'{character}' is no part of the language", hint)


def mark_derivatives(tokens: tuple[Token, ...], declared: AbstractSet[str] = frozenset()) -> tuple[Token, ...]:
    """Join the words of ``dx/dt`` (or ``d x/dt``) into one token; ``declared`` names, e.g. a parameter ``delta``,
    never begin a derivative."""
    marked: list[Token] = []
    position = 0
    while position < len(tokens):
        variable, width = _derivative_at(tokens, position, declared)
        if width:
            span = tokens[position].span.to(tokens[position + width - 1].span)
            marked.append(Token(TokenKind.DERIVATIVE, variable, span))
        else:
            marked.append(tokens[position])
        position += max(width, 1)
    return tuple(marked)


def _derivative_at(tokens: tuple[Token, ...], position: int, declared: AbstractSet[str]) -> tuple[str, int]:
    """The variable of the derivative that begins here and its number of words; zero words for none."""
    word = tokens[position]
    if word.kind is not TokenKind.NAME or word.text in declared:
        return "", 0
    following = [token.text for token in tokens[position + 1 : position + 4]]
    if word.text == "d" and following[1:] == ["/", "dt"] and tokens[position + 1].kind is TokenKind.NAME:
        return following[0], 4
    if re.fullmatch(r"d[A-Za-z_]\w*", word.text) and word.text != "dt" and following[:2] == ["/", "dt"]:
        return word.text[1:], 3
    return "", 0


def statements(tokens: tuple[Token, ...]) -> tuple[Statement, ...]:
    """Tokens by statement, each closed by an END where it ends.

    A newline or ';' separates statements; a line joins the one before where that cannot end yet, or where the line
    itself assigns nothing.
    """
    found: list[Statement] = []
    for line, may_join in _lines(tokens):
        if found and may_join and _continues(found[-1], line):
            found[-1] += line
        else:
            found.append(line)
    return tuple(_closed(statement) for statement in found)


def _lines(tokens: tuple[Token, ...]) -> Iterator[tuple[Statement, bool]]:
    """Stretches between separators outside parentheses, and whether each may join the one before."""
    line: list[Token] = []
    depth = 0
    may_join = False
    for token in tokens:
        depth = max(0, depth + (token.text == "(") - (token.text == ")"))
        ends_line = token.kind is TokenKind.END or (token.kind is TokenKind.NEWLINE and depth == 0)
        if ends_line or token.text == ";":
            if line:
                yield tuple(line), may_join
                may_join, line = True, []
            may_join = may_join and token.text != ";"
        elif token.kind is not TokenKind.NEWLINE:
            line.append(token)


def _continues(previous: Statement, line: Statement) -> bool:
    return previous[-1].text in _OPEN_ENDED or not _assigns(line)


def _assigns(line: Statement) -> bool:
    """Whether an assignment operator stands in the line before any colon, outside parentheses."""
    depth = 0
    for token in line:
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.text == ":":
            return False
        if depth == 0 and token.text in ASSIGNMENTS:
            return True
    return False


def _closed(statement: Statement) -> Statement:
    last = statement[-1].span
    return (*statement, Token(TokenKind.END, "", Span(last.text, last.end, last.end)))


def substitute_names(text: str, replacements: Mapping[str, str], declared: AbstractSet[str] = frozenset()) -> str:
    """The text with whole names replaced; in a derivative the variable is replaced, everything else is kept."""
    pieces: list[str] = []
    position = 0
    for token in mark_derivatives(tokenize(text), declared):
        if token.text not in replacements or token.kind not in (TokenKind.NAME, TokenKind.DERIVATIVE):
            continue
        new = replacements[token.text]
        pieces += [text[position : token.span.start], f"d{new}/dt" if token.kind is TokenKind.DERIVATIVE else new]
        position = token.span.end
    return "".join(pieces) + text[position:]
