"""Laws of random numbers as values: ``pop.v = Uniform(0.0, 1.0)``, ``proj.all_to_all(weights=Normal(0.0, 0.1))``.

The laws and their arguments are those of the equations, so that ``Exponential(4.0)`` has the mean 4 in both.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from pynn_annarchy.engine.arrays import AnyArray
from pynn_annarchy.exceptions import ModelError

_ROUNDS = 1000
"""How often numbers outside of the limits are drawn again before that is given up."""


class RandomDistribution:
    """A law of which a number is drawn for each element.

    Args:
        rng: the generator to draw from; None for the network's own, where the law is a value in a network.
    """

    def __init__(self, rng: np.random.Generator | None = None) -> None:
        if rng is not None and not isinstance(rng, np.random.Generator):
            raise ModelError(f"rng of a {type(self).__name__} must be a numpy.random.Generator, got {rng!r}")
        self.rng = rng

    def arguments(self) -> dict[str, float]:
        """What the law is given, by name, in order; limits that are not set are left out."""
        raise NotImplementedError("RandomDistribution is what the laws have in common: choose one, such as Uniform")

    def _draw(self, rng: np.random.Generator, shape: Any) -> AnyArray:
        raise NotImplementedError

    # drawing

    def get_values(self, shape: int | tuple[int, ...]) -> AnyArray:
        """An array of numbers, from the law's own generator.

        Where it was given none it makes itself one, seeded from ``np.random``, which ``Network(seed=...)`` seeds.
        """
        if self.rng is None:
            self.rng = np.random.default_rng(np.random.randint(2**32, size=4, dtype=np.uint32))
        return self._draw(self.rng, shape)

    def drawn_with(self, rng: np.random.Generator, shape: int | tuple[int, ...]) -> AnyArray:
        """An array of numbers, from the law's own generator where it was given one, else from `rng`."""
        return self._draw(rng if self.rng is None else self.rng, shape)

    def get_list_values(self, size: int) -> list[float]:
        """A list of numbers."""
        return self.get_values(size).tolist()

    def get_value(self) -> float:
        """One number."""
        return self.get_values(1).tolist()[0]

    # texts

    def keywords(self) -> list[str]:
        """Names of all laws."""
        return [law.__name__ for law in LAWS]

    def latex(self) -> str:
        """The law as a formula."""
        symbols = {"mu": "\\mu", "sigma": "\\sigma", "Lambda": "\\lambda", "alpha": "\\alpha", "beta": "\\beta"}
        given = ", ".join(f"{symbols.get(name, name)} = {value:g}" for name, value in self.arguments().items())
        return f"\\mathcal{{{_SYMBOLS[type(self).__name__]}}}({given})"

    def __str__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value:g}' for name, value in self.arguments().items())})"

    __repr__ = __str__

    # what a law is not

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError(
            f"{self} is a law, not a number: give it the arguments that you want, or compute with its values "
            "(get_values)"
        )

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __pow__ = __rpow__ = __neg__ = __abs__ = __float__ = __int__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __array_ufunc__ = None


class _Limited(RandomDistribution):
    """A law that can be cut off: what falls outside of the limits is drawn again, so that its shape stays."""

    def __init__(self, min: float | None, max: float | None, rng: np.random.Generator | None) -> None:
        super().__init__(rng)
        self.min, self.max = (None if limit is None else _number(self, limit) for limit in (min, max))
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ModelError(f"{type(self).__name__}: min must be smaller than max, got {self.min:g} and {self.max:g}")

    def _limits(self) -> dict[str, float]:
        return {name: limit for name, limit in (("min", self.min), ("max", self.max)) if limit is not None}

    def _free(self, rng: np.random.Generator, shape: Any) -> AnyArray:
        """Numbers without limits."""
        raise NotImplementedError

    def _draw(self, rng: np.random.Generator, shape: Any) -> AnyArray:
        values = self._free(rng, shape)
        if self.min is None and self.max is None:
            return values
        low, high = (-np.inf if self.min is None else self.min), (np.inf if self.max is None else self.max)
        flat = values.reshape(-1)
        outside = np.flatnonzero((flat < low) | (flat > high))
        for _ in range(_ROUNDS):
            if not len(outside):
                return values
            again = self._free(rng, len(outside))
            flat[outside] = again
            outside = outside[(again < low) | (again > high)]
        raise ModelError(f"{self}: hardly any number of this law lies within its limits; choose others")


class Uniform(RandomDistribution):
    """Equally likely between `min` and `max`."""

    def __init__(self, min: float, max: float, rng: np.random.Generator | None = None) -> None:
        super().__init__(rng)
        self.min, self.max = _number(self, min), _number(self, max)
        if not self.min < self.max:
            raise ModelError(f"Uniform: min must be smaller than max, got {self.min:g} and {self.max:g}")

    def arguments(self) -> dict[str, float]:
        return {"min": self.min, "max": self.max}

    def _draw(self, rng: np.random.Generator, shape: Any) -> AnyArray:
        return rng.uniform(self.min, self.max, shape)


class DiscreteUniform(RandomDistribution):
    """Whole numbers from `min` to `max`, both included, equally likely."""

    def __init__(self, min: int, max: int, rng: np.random.Generator | None = None) -> None:
        super().__init__(rng)
        self.min, self.max = _whole(self, min), _whole(self, max)
        if not self.min < self.max:
            raise ModelError(f"DiscreteUniform: min must be smaller than max, got {self.min} and {self.max}")

    def arguments(self) -> dict[str, float]:
        return {"min": self.min, "max": self.max}

    def _draw(self, rng: np.random.Generator, shape: Any) -> AnyArray:
        return rng.integers(self.min, self.max, shape, endpoint=True)


class Normal(_Limited):
    """Gaussian of mean `mu` and standard deviation `sigma`."""

    def __init__(
        self,
        mu: float,
        sigma: float,
        min: float | None = None,
        max: float | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__(min, max, rng)
        self.mu, self.sigma = _number(self, mu), _not_negative(self, "sigma", sigma)

    def arguments(self) -> dict[str, float]:
        return {"mu": self.mu, "sigma": self.sigma, **self._limits()}

    def _free(self, rng: np.random.Generator, shape: Any) -> AnyArray:
        return rng.normal(self.mu, self.sigma, shape)


class LogNormal(_Limited):
    """exp of a Gaussian of mean `mu` and standard deviation `sigma`."""

    def __init__(
        self,
        mu: float,
        sigma: float,
        min: float | None = None,
        max: float | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__(min, max, rng)
        self.mu, self.sigma = _number(self, mu), _not_negative(self, "sigma", sigma)

    def arguments(self) -> dict[str, float]:
        return {"mu": self.mu, "sigma": self.sigma, **self._limits()}

    def _free(self, rng: np.random.Generator, shape: Any) -> AnyArray:
        return rng.lognormal(self.mu, self.sigma, shape)


class Exponential(_Limited):
    """Exponentially distributed numbers of mean `Lambda`."""

    def __init__(
        self,
        Lambda: float,
        min: float | None = None,
        max: float | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__(min, max, rng)
        self.Lambda = _positive(self, "Lambda", Lambda)

    def arguments(self) -> dict[str, float]:
        return {"Lambda": self.Lambda, **self._limits()}

    def _free(self, rng: np.random.Generator, shape: Any) -> AnyArray:
        return rng.exponential(self.Lambda, shape)


class Gamma(_Limited):
    """Gamma distributed numbers of shape `alpha` and scale `beta`: their mean is alpha * beta."""

    def __init__(
        self,
        alpha: float,
        beta: float = 1.0,
        min: float | None = None,
        max: float | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__(min, max, rng)
        self.alpha, self.beta = _positive(self, "alpha", alpha), _positive(self, "beta", beta)

    def arguments(self) -> dict[str, float]:
        return {"alpha": self.alpha, "beta": self.beta, **self._limits()}

    def _free(self, rng: np.random.Generator, shape: Any) -> AnyArray:
        return rng.gamma(self.alpha, self.beta, shape)


class Binomial(RandomDistribution):
    """Number of successes in `n` trials, each with probability `p`."""

    def __init__(self, n: int, p: float, rng: np.random.Generator | None = None) -> None:
        super().__init__(rng)
        self.n, self.p = _whole(self, n), _number(self, p)
        if self.n < 0:
            raise ModelError(f"Binomial: n must not be negative, got {self.n}")
        if not 0.0 <= self.p <= 1.0:
            raise ModelError(f"Binomial: p must lie between 0 and 1, got {self.p:g}")

    def arguments(self) -> dict[str, float]:
        return {"n": self.n, "p": self.p}

    def _draw(self, rng: np.random.Generator, shape: Any) -> AnyArray:
        return rng.binomial(self.n, self.p, shape)


LAWS: tuple[type[RandomDistribution], ...] = (
    Uniform,
    DiscreteUniform,
    Normal,
    LogNormal,
    Exponential,
    Gamma,
    Binomial,
)
"""All laws."""

_SYMBOLS = {
    "Uniform": "U",
    "DiscreteUniform": "U_d",
    "Normal": "N",
    "LogNormal": "LN",
    "Exponential": "E",
    "Gamma": "G",
    "Binomial": "B",
}


def _number(law: RandomDistribution, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ModelError(f"arguments of {type(law).__name__} must be numbers, got {value!r}")
    if not np.isfinite(value):
        raise ModelError(f"arguments of {type(law).__name__} must be finite, got {value}")
    return float(value)


def _not_negative(law: RandomDistribution, name: str, value: Any) -> float:
    number = _number(law, value)
    if number < 0:
        raise ModelError(f"{type(law).__name__}: {name} must not be negative, got {number:g}")
    return number


def _positive(law: RandomDistribution, name: str, value: Any) -> float:
    number = _number(law, value)
    if number <= 0:
        raise ModelError(f"{type(law).__name__}: {name} must be greater than zero, got {number:g}")
    return number


def _whole(law: RandomDistribution, value: Any) -> int:
    number = _number(law, value)
    if number != int(number):
        raise ModelError(f"arguments of {type(law).__name__} must be whole numbers, got {value!r}")
    return int(number)
