"""Numbers that a step needs and that follow from parameters: exp(A dt), its mean, and derived parameters.

Computed once for each distinct row of parameters, by elementwise NumPy in a fixed order: BLAS and LAPACK give other
bits on other CPUs, and a row's result must not depend on the rows beside it. Entries that are structurally zero are not
computed, and those on the diagonal of a triangular part are the exponential function itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pynn_annarchy import _mathematics
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.syntax import Expression
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.evaluate import Array, Values, evaluate
from pynn_annarchy.solvers.algebra import is_zero
from pynn_annarchy.solvers.graphs import components, reachable
from pynn_annarchy.solvers.updates import LinearSystem, Updates

__all__ = ["evaluate", "fill", "prepare"]

Counts = NDArray[np.intp]
Sparse = dict[tuple[int, int], Array]
"""Matrices by row and column, one number for each row of parameters; what is absent is zero."""

N_TERMS = 20
"""Terms of the Taylor series, at a norm of at most 1/2: the first one left out is below 1e-24 of the leading one."""


def prepare(updates: Updates, parameters: Values, dt: float) -> dict[str, float | Array]:
    """Every derived parameter and propagator entry of a model, by name.

    Args:
        parameters: by name a number, or one number for each element, in the model's units.
        dt: time step, in ms.

    Raises:
        ModelError: a number is not finite; names the model, the variable or derived parameter, and the first element.
    """
    values = {**parameters, "dt": dt}
    try:
        prepared: dict[str, float | Array] = {}
        for system in updates.systems:
            prepared.update(fill(system, parameters, dt))
        values.update(prepared)
        prepared.update((each.name, _derived(each.name, each.expression, values)) for each in updates.derived)
    except ModelError as error:
        raise ModelError(f"{updates.model.spec.name}: {error}") from None
    return prepared


def fill(system: LinearSystem, values: Values, dt: float) -> dict[str, float | Array]:
    """The used entries of a system's solution over one step, and of its mean over the step, by name.

    Args:
        values: parameters by name: a number, or one number for each element.
        dt: time step, in ms.

    Returns:
        A number for each entry where all parameters involved are numbers, otherwise one for each element.

    Raises:
        ModelError: an entry is not finite; names the variable, the first element, and its parameters.

    Source: Higham 2005, SIAM J. Matrix Anal. Appl. 26:1179-1193 (scaling and squaring); Al-Mohy & Higham 2009, SIAM J.
    Matrix Anal. Appl. 31:970-989 (the diagonal of triangular parts recomputed at each squaring).
    """
    rows = _distinct_rows(system, values)
    generator = _generator(system, {**rows.values, "dt": dt}, dt, rows.n_rows)
    _require_finite_rates(system, generator, rows)
    with np.errstate(all="ignore"):
        transition, mean = _Exponential(len(system.variables) + 1, generator, rows.n_rows).solve()
    filled: dict[str, float | Array] = {}
    for entries, matrix in ((system.transition, transition), (system.mean, mean)):
        for entry in entries:
            numbers = matrix.get((entry.row, entry.column), np.zeros(rows.n_rows))
            _require_finite(numbers, f"the propagator of '{system.variables[entry.row]}'", rows, rows.values)
            filled[entry.name] = rows.spread(numbers)
    return filled


@dataclass(frozen=True, slots=True)
class _Rows:
    """Distinct combinations of the parameters that a system depends on.

    ``of_element`` is the row of each element, None where all parameters are shared; ``first`` is the first element of
    each row.
    """

    values: Mapping[str, float | Array]
    n_rows: int
    of_element: Counts | None
    first: Counts

    def spread(self, numbers: Array) -> float | Array:
        return float(numbers[0]) if self.of_element is None else numbers[self.of_element]

    def describe(self, row: int, names: Collection[str]) -> str:
        """The first element with this row, and those of its parameters."""
        shown = ", ".join(f"{n} = {_at(self.values[n], row):g}" for n in self.values if n in names)
        return f"for element {self.first[row]} ({shown})" if self.of_element is not None else f"({shown})"


def _distinct_rows(system: LinearSystem, values: Values) -> _Rows:
    expressions = [*system.constant, *(entry for row in system.matrix for entry in row)]
    involved = sorted(set().union(*(identifiers(expression) for expression in expressions)) & set(values))
    varying = [name for name in involved if np.ndim(values[name])]
    shared = {name: values[name] for name in involved if name not in varying}
    if not varying:
        return _Rows(shared, 1, None, np.zeros(1, dtype=np.intp))
    table = np.stack([np.asarray(values[name], dtype=np.float64) for name in varying], axis=1)
    distinct, first, of_element = np.unique(table, axis=0, return_index=True, return_inverse=True)
    columns = {name: np.ascontiguousarray(distinct[:, column]) for column, name in enumerate(varying)}
    return _Rows({**shared, **columns}, len(distinct), of_element.reshape(-1), first)


def _generator(system: LinearSystem, values: Values, dt: float, n_rows: int) -> Sparse:
    """A dt with b dt as one more column, entries that are structurally zero left out."""
    generator: Sparse = {}
    for i, (row, constant) in enumerate(zip(system.matrix, system.constant, strict=True)):
        for j, entry in enumerate((*row, constant)):
            if not is_zero(entry):
                rate = np.asarray(evaluate(entry, values), dtype=np.float64)
                generator[i, j] = np.broadcast_to(rate * dt, (n_rows,))
    return generator


def _require_finite_rates(system: LinearSystem, generator: Sparse, rows: _Rows) -> None:
    for (i, j), numbers in generator.items():
        involved = identifiers((*system.matrix[i], system.constant[i])[j])
        _require_finite(numbers, f"the rate of change of '{system.variables[i]}'", rows, involved)


def _require_finite(numbers: Array, what: str, rows: _Rows, involved: Collection[str]) -> None:
    bad = ~np.isfinite(numbers)
    if bad.any():
        row = min(np.flatnonzero(bad), key=lambda r: int(rows.first[r]))
        raise ModelError(f"{what} is not finite {rows.describe(int(row), involved)}")


def _at(value: float | Array, index: int) -> float:
    return float(value[index]) if isinstance(value, np.ndarray) and value.ndim else float(value)


def _derived(name: str, expression: Expression, values: Values) -> float | Array:
    result = evaluate(expression, values)
    bad = np.flatnonzero(~np.isfinite(np.ravel(result)))
    if bad.size:
        involved = sorted(identifiers(expression) & set(values))
        shown = ", ".join(f"{n} = {_at(values[n], int(bad[0])):g}" for n in involved)
        where = f"for element {bad[0]} " if np.ndim(result) else ""
        raise ModelError(f"'{name}' is not finite {where}({shown})")
    return result


class _Exponential:
    """exp(X) and the mean of exp(X s) over s from 0 to 1, for a batch of matrices X of one structure.

    X is halved until its norm is small, both are taken from one Taylor series, and doubled again. Variables that lie on
    no cycle make a triangular matrix: its diagonal is exp of X's own at every doubling, so that no error accumulates.
    In cycles, exp(X) - 1 is carried instead of exp(X) on the diagonal, for the same reason.
    """

    def __init__(self, n: int, generator: Sparse, n_rows: int) -> None:
        graph = {i: [j for j in range(n) if (i, j) in generator] for i in range(n)}
        closure = reachable(graph)
        self._x, self._n_rows = generator, n_rows
        self._parts = components(graph)
        self._single = {part[0] for part in self._parts if len(part) == 1}
        pairs = [(i, j) for i in range(n) for j in range(n) if i == j or j in closure[i]]
        known = set(pairs)
        self._via = {(i, j): [k for k in range(n) if {(i, k), (k, j)} <= known] for i, j in pairs}

    def solve(self) -> tuple[Sparse, Sparse]:
        """exp(X) and its mean."""
        remaining = self._halvings()
        x = {at: np.ldexp(entry, -remaining) for at, entry in self._x.items()}
        mean = self._with_exact_diagonal(self._taylor(x), "exprel", remaining)
        growth = self._product(x, mean)
        for _ in range(int(remaining.max(initial=0))):
            doubles = remaining > 0
            transition = self._transition(growth, remaining)
            remaining = np.maximum(remaining - 1, 0)
            mean = _where(doubles, self._doubled_mean(transition, mean, remaining), mean)
            growth = _where(doubles, self._doubled_growth(transition, growth), growth)
        return self._transition(growth, remaining), mean

    def _halvings(self) -> Counts:
        """How often each matrix is halved, so that all within a cycle sums to at most 1/2.

        What leads from one part to another has no say: scaling variables makes it as small as one likes.
        """
        norm: Array = np.zeros(self._n_rows)
        for part in self._parts:
            for i in part:
                sizes = [np.abs(self._x[i, j]) for j in part if (i, j) in self._x]
                norm = np.maximum(norm, sum(sizes, np.zeros(self._n_rows)))
        _, exponent = np.frexp(norm)
        return np.asarray(np.maximum(exponent + 1, 0), dtype=np.intp)

    def _taylor(self, x: Sparse) -> Sparse:
        """1 + X/2 (1 + X/3 (1 + ...)), the mean of exp(X s)."""
        one = np.ones(self._n_rows)
        mean: Sparse = {(i, j): one if i == j else np.zeros(self._n_rows) for i, j in self._via}
        for term in range(N_TERMS, 1, -1):
            mean = {(i, j): entry / term + (1.0 if i == j else 0.0) for (i, j), entry in self._product(x, mean).items()}
        return mean

    def _doubled_growth(self, transition: Sparse, growth: Sparse) -> Sparse:
        """exp(2X), less one on the diagonal: f becomes (2 + f) f and what comes back through others."""
        doubled = {}
        for (i, j), via in self._via.items():
            if i != j:
                doubled[i, j] = self._sum([transition[i, k] * transition[k, j] for k in via])
            else:
                returns = self._sum([transition[i, k] * transition[k, i] for k in via if k != i])
                doubled[i, i] = (2.0 + growth[i, i]) * growth[i, i] + returns
        return doubled

    def _doubled_mean(self, transition: Sparse, mean: Sparse, remaining: Counts) -> Sparse:
        product = self._product(transition, mean)
        doubled = {at: 0.5 * (entry + mean[at]) for at, entry in product.items()}
        return self._with_exact_diagonal(doubled, "exprel", remaining)

    def _transition(self, growth: Sparse, remaining: Counts) -> Sparse:
        """exp(X), X halved that many times more."""
        transition = {(i, j): 1.0 + entry if i == j else entry for (i, j), entry in growth.items()}
        return self._with_exact_diagonal(transition, "exp", remaining)

    def _with_exact_diagonal(self, matrix: Sparse, function: str, remaining: Counts) -> Sparse:
        exact = {
            (i, i): _mathematics.apply(function, np.ldexp(self._x[i, i], -remaining))
            for i in self._single
            if (i, i) in self._x
        }
        return {**matrix, **exact}

    def _product(self, left: Sparse, right: Sparse) -> Sparse:
        return {
            (i, j): self._sum([left[i, k] * right[k, j] for k in via if (i, k) in left])
            for (i, j), via in self._via.items()
        }

    def _sum(self, terms: Sequence[Array]) -> Array:
        result: Array = np.zeros(self._n_rows)
        for term in terms:
            result = result + term
        return result


def _where(condition: NDArray[np.bool_], new: Sparse, old: Sparse) -> Sparse:
    return {at: np.where(condition, new[at], old[at]) for at in old}
