"""Headings, paragraphs, tables and formulas -> the text of a LaTeX or a Markdown file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pynn_annarchy.language.latex import escaped


@dataclass(frozen=True)
class Maths:
    """LaTeX for mathematics mode."""

    latex: str


Cell = str | Maths
"""An entry of a table: words, or a formula."""


@dataclass(frozen=True)
class Heading:
    """Of a section (1) or subsection (2)."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Some words."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows under a head."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Formulas:
    """LaTeX of equations, one a line; an ``&`` stands where they are aligned."""

    lines: Sequence[str]


Block = Heading | Paragraph | Table | Formulas


# LaTeX

_PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[margin=2.5cm]{geometry}
\usepackage{amsmath}
\usepackage{longtable}
"""


def latex_file(blocks: Sequence[Block], title: str, author: str, date: str, standalone: bool) -> str:
    """A LaTeX document, or the body of one."""
    body = "\n\n".join(map(_latex, blocks)) + "\n"
    if not standalone:
        return body
    head = f"\\title{{{escaped(title)}}}\n\\author{{{escaped(author)}}}\n\\date{{{escaped(date)}}}\n"
    return f"{_PREAMBLE}{head}\n\\begin{{document}}\n\\maketitle\n\n{body}\n\\end{{document}}\n"


def _latex(block: Block) -> str:
    match block:
        case Heading(level=level, text=text):
            return f"\\{'section' if level == 1 else 'subsection'}{{{escaped(text)}}}"
        case Paragraph(text=text):
            return escaped(text)
        case Formulas(lines=lines):
            return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"
        case Table(head=head, rows=rows):
            columns = "l" * (len(head) - 1) + rf"p{{{_last_column(len(head)):.2g}\linewidth}}"
            lines = [r" & ".join(rf"\textbf{{{escaped(cell)}}}" for cell in head), *(map(_latex_row, rows))]
            return (
                f"\\begin{{longtable}}{{{columns}}}\n\\hline\n{lines[0]} \\\\\n\\hline\n"
                + "".join(f"{line} \\\\\n" for line in lines[1:])
                + "\\hline\n\\end{longtable}"
            )


def _last_column(n_columns: int) -> float:
    """Width of the last column, in lines of text."""
    return max(0.2, 0.7 - 0.1 * n_columns)


def _latex_row(row: Sequence[Cell]) -> str:
    return " & ".join(f"${cell.latex}$" if isinstance(cell, Maths) else escaped(cell) for cell in row)


# Markdown


def markdown_file(blocks: Sequence[Block], title: str, author: str, date: str, standalone: bool) -> str:
    """A Markdown document as pandoc reads it, with formulas between dollar signs."""
    head = "\n".join(f"{key}: {_quoted(text)}" for key, text in (("title", title), ("author", author), ("date", date)))
    return f"---\n{head}\n---\n\n" + "\n\n".join(map(_markdown, blocks)) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _markdown(block: Block) -> str:
    match block:
        case Heading(level=level, text=text):
            return f"{'#' * level} {_plain(text)}"
        case Paragraph(text=text):
            return _plain(text)
        case Formulas(lines=lines):
            return "$$\n\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}\n$$"
        case Table(head=head, rows=rows):
            cells = [
                list(map(_plain, head)),
                ["---"] * len(head),
                *([_markdown_cell(cell) for cell in row] for row in rows),
            ]
            return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def _markdown_cell(cell: Cell) -> str:
    return f"${cell.latex}$".replace("|", r"\vert ") if isinstance(cell, Maths) else _plain(cell)


def _plain(text: str) -> str:
    """Words in which no character means something to Markdown."""
    return "".join(f"\\{character}" if character in "\\`*_{}[]<>$|#" else character for character in text)


WRITERS: dict[str, Callable[[Sequence[Block], str, str, str, bool], str]] = {
    ".tex": latex_file,
    ".md": markdown_file,
}
"""By the ending of the file."""
