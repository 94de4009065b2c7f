"""The flags that may follow the colon of an equation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.language.names import suggestion
from pynn_annarchy.language.syntax import Span


@dataclass(frozen=True, slots=True)
class Flag:
    """What a flag sets: a field of `Flags`, and the value where the flag is a mere word."""

    field: str
    kind: str
    value: str | bool = True


METHODS = ("explicit", "implicit", "semiimplicit", "exponential", "midpoint", "rk4", "exact")

LOCALITIES: Mapping[str, str] = {
    "local": "local",
    "global": "global",
    "semiglobal": "semiglobal",
    "population": "global",
    "projection": "global",
    "postsynaptic": "semiglobal",
}
"""What each word means: one value per element, per population or projection, or per post-synaptic cell."""

TYPES = ("int", "bool", "float")

FLAG_VALUES: Mapping[str, Flag] = {
    "init": Flag("init", "initial value"),
    "min": Flag("minimum", "lower bound"),
    "max": Flag("maximum", "upper bound"),
}
"""Flags that take a value, ``init=0.5``."""

FLAG_WORDS: Mapping[str, Flag] = {
    **{method: Flag("method", "method", method) for method in METHODS},
    "runge-kutta4": Flag("method", "method", "rk4"),
    **{word: Flag("locality", "locality", word) for word in LOCALITIES},
    **{word: Flag("dtype", "type", word) for word in TYPES},
    "unless_refractory": Flag("unless_refractory", "flag"),
    "unless_post": Flag("unless_post", "flag"),
    "event-driven": Flag("event_driven", "method"),
}
"""Flags that are a word."""


def unknown_flag(word: str, span: Span) -> EquationError:
    """The error for a word that is no flag, with the nearest one or the whole list."""
    known = [*FLAG_VALUES, *FLAG_WORDS]
    hint = suggestion(word, known) or "flags are " + ", ".join([*(f"{name}=" for name in FLAG_VALUES), *FLAG_WORDS])
    return EquationError(span, f"'{word}' is not a flag", hint)
