"""Names for what the solvers add to a model: readable, and never one that is taken."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pynn_annarchy.language.syntax import Assignment, Expression, Name
from pynn_annarchy.model.checked import Model


class FreshNames:
    """Hands out each name once."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def fresh(self, wish: str) -> str:
        """The wish itself with underscores for what is no letter, or with a number behind it where that is taken."""
        wish = re.sub(r"\W+", "_", wish)
        name, count = wish, 1
        while name in self._taken:
            count += 1
            name = f"{wish}_{count}"
        self._taken.add(name)
        return name


class Temporaries:
    """Collects assignments to names of their own, in the order in which they are to be executed."""

    def __init__(self, names: FreshNames) -> None:
        self.names = names
        self.assignments: list[Assignment] = []

    def define(self, wish: str, value: Expression) -> Name:
        """A temporary with that value; ``wish`` is its name where that is free."""
        name = self.names.fresh(wish)
        self.assignments.append(Assignment(name, value))
        return Name(name)

    def meaning(self, name: str) -> Expression | None:
        """The value of a temporary; None for other names."""
        return next((each.value for each in self.assignments if each.target == name), None)


def names_of(model: Model) -> frozenset[str]:
    """Every name that means something in the model, the language's own included."""
    spec = model.spec
    return frozenset(
        [parameter.name for parameter in spec.parameters]
        + [variable.name for variable in model.variables]
        + [given.name for given in spec.inputs]
        + [equation.target for equation in model.equations if isinstance(equation, Assignment)]
        + ["t", "dt", "pi", "is_refractory", "input", "g_target"]
    )
