"""Numbers that models mention by name: those of all networks, and those of one."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from pynn_annarchy.exceptions import EquationError, ModelError
from pynn_annarchy.language.checks.names import may_be_declared


class Constant(NDArrayOperatorsMixin):
    """A number that the models of all networks may mention by name, or those of one network.

    It computes as a number does: ``2*gain`` is twice its present value. A new constant of the same name takes the
    place of the old one in models that are used from then on.

    Args:
        name: in equations, functions and values of parameters. A model that declares the name itself means its own.
        value: a number.
        net: the one network that knows it; None for all.

    Raises:
        ModelError: the name means something else, or is no name; the value is no finite number.
    """

    def __init__(self, name: str, value: float, net: Any = None) -> None:
        try:
            may_be_declared(name)
        except EquationError as error:
            raise ModelError(f"constant '{name}': {error.message} ({error.hint})") from error
        self.name = name
        self._value = _number(name, value)
        self._users: weakref.WeakSet[Any] = weakref.WeakSet()
        self._of_all: Constant | None = None
        """The constant of all networks that this one is in one of them."""
        if net is None:
            _constants[name] = self

    @property
    def value(self) -> float:
        """The present value; `set` changes it."""
        return self._value

    def set(self, value: float) -> None:
        """Changes the value in all equations that mention it, from now on.

        Raises:
            ModelError: it is no finite number; nothing is changed.
        """
        self._value = _number(self.name, value)
        for user in tuple(self._users):
            user._take_constant(self.name, self._value)

    def used_by(self, owner: Any) -> None:
        """From now on the owner has the value of the constant: ``owner._take_constant(name, value)`` hands it over."""
        self._users.add(owner)
        owner._take_constant(self.name, self._value)

    def within(self, network: Any) -> Constant:
        """The same constant for one network: what is set there stays there, and what is set here reaches it."""
        own = Constant(self.name, self._value, net=network)
        self._follow(own)
        for owner in [each for each in self._users if getattr(each, "network", None) is network]:
            self._users.remove(owner)
            own.used_by(owner)
        return own

    def copied(self, network: Any) -> Constant:
        """The same constant of another network, with the present value."""
        own = Constant(self.name, self._value, net=network)
        if self._of_all is not None:
            self._of_all._follow(own)
        return own

    def _follow(self, own: Constant) -> None:
        """From now on, what is set here is set there too."""
        own._of_all = self
        self._users.add(own)

    def _take_constant(self, name: str, value: float) -> None:
        self.set(value)

    # what a number can do

    __hash__ = object.__hash__

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(self._value, dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return getattr(ufunc, method)(*(_value_of(each) for each in inputs), **options)

    def __float__(self) -> float:
        return float(self._value)

    def __int__(self) -> int:
        return int(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __round__(self, ndigits: int | None = None) -> float:
        return round(self._value, ndigits)

    def __format__(self, form: str) -> str:
        return format(self._value, form)

    def __str__(self) -> str:
        return str(self._value)

    def __repr__(self) -> str:
        return f"Constant('{self.name}', {self._value!r})"


Real.register(Constant)

_constants: dict[str, Constant] = {}


def _value_of(given: Any) -> Any:
    return given.value if isinstance(given, Constant) else given


def _number(name: str, value: Any) -> float:
    """A float or a truth value."""
    try:
        number = bool(value) if isinstance(value, bool | np.bool_) else float(value)
    except (TypeError, ValueError) as error:
        raise ModelError(f"constant '{name}' must be a number, got {value!r}") from error
    if isinstance(value, str) or not isfinite(number):
        raise ModelError(f"constant '{name}' must be a finite number, got {value!r}")
    return number


def constants(of_network: Mapping[str, Constant] | None = None) -> dict[str, Constant]:
    """Constants by name: those that all networks know, and over them those of one."""
    return {**_constants, **(of_network or {})}


def forget_constants() -> None:
    """Forgets the constants that are known to all networks; what uses them keeps their values."""
    _constants.clear()
