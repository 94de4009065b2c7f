"""Which names mean something already, which may be declared, and what a mistyped one was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

KEYWORDS = frozenset({"if", "else", "and", "or", "not", "is", "True", "False", "true", "false"})
"""Words of the grammar, never names."""

RESERVED = frozenset(
    {"t", "dt", "pi", "t_last", "last_spike", "t_pre", "t_post", "pre", "post", "input", "g_target"}
    | {"is_refractory", "active", "refractory", "refractory_steps", "has_spiked", "n_spikes", "most_spikes"}
    | {"axon_spike"}
    | {"sum", "mean", "norm1", "norm2"}
)
"""Names that the language or a step of the simulation gives a meaning to; no parameter or variable may bear them."""

POPULATION_OPERATIONS = ("mean", "min", "max", "norm1", "norm2")
"""Words that make a name with a variable in parentheses: ``mean(v)`` is one value of the whole population."""

SUMS = frozenset({"sum", "pre.sum", "post.sum"})
"""Words that make a name with a target in parentheses: ``sum(exc)`` is what a cell receives by that target."""


def sum_of(target: str) -> str:
    """The name of what a cell receives by a target; without one, by all that it does not name."""
    return f"sum({target})"


def target_of(name: str) -> str:
    """The target in ``sum(target)``."""
    return name.removeprefix("sum(").removesuffix(")")


def operation_in(name: str) -> tuple[str, str] | None:
    """Operation and variable of a value of a population, ``mean(v)`` or ``max(pre.r)``; None for other names."""
    operation, parenthesis, variable = name.removesuffix(")").partition("(")
    return (operation, variable) if parenthesis and operation in POPULATION_OPERATIONS else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """``did you mean 'tau_m'?``, or nothing where no known name is near."""
    candidates = sorted(known)
    by_case = [candidate for candidate in candidates if candidate.lower() == name.lower()]
    near = by_case or get_close_matches(name, candidates, n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else ""
