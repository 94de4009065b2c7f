"""Names of a model as attributes of objects: ``pop.v``, ``view.v = 1.0``, ``proj.w``; other names are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np

from pynn_annarchy.ann.distributions import LAWS, RandomDistribution
from pynn_annarchy.engine.arrays import Value, finite, of_type
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.flags import LOCALITIES
from pynn_annarchy.language.names import suggestion
from pynn_annarchy.language.syntax import Expression
from pynn_annarchy.model.check import check
from pynn_annarchy.model.declared import Declared, Drawn
from pynn_annarchy.model.spec import WEIGHT


class WithAttributes:
    """Base of objects whose parameters and variables are read and written as attributes.

    What a class annotates, defines, or names with a leading underscore belongs to the object; every other name has to
    be one of the model.
    """

    _FIXED: ClassVar[frozenset[str]] = frozenset()
    """Attributes of the object that are given once."""

    @property
    def attributes(self) -> list[str]:
        """Names of all parameters and variables."""
        raise NotImplementedError

    def get(self, name: str) -> Any:
        """Values of a parameter or a variable."""
        raise NotImplementedError

    def _set(self, name: str, value: Any) -> None:
        """Sets a parameter or a variable."""
        raise NotImplementedError

    def set(self, values: Mapping[str, Any]) -> None:
        """Sets parameters and variables, by name.

        Raises:
            ModelError: no such name, and nothing is changed; a wrong shape or a value that is not finite.
        """
        for name in values:
            if not self._knows(name):
                raise ModelError(self._no_attribute(name))
        for name, value in values.items():
            self._set(name, value)

    def _knows(self, name: str) -> bool:
        """Whether the model has a parameter or variable of that name."""
        return name in self.attributes

    def _callable(self, name: str) -> Callable[..., Any] | None:
        """A function of the model, or None."""
        return None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__} has no attribute '{name}'")
        if self._knows(name):
            return self.get(name)
        function = self._callable(name)
        if function is None:
            self._refuse(name)
        return function

    def __setattr__(self, name: str, value: Any) -> None:
        if (name in self._FIXED and name in vars(self)) or callable(getattr(type(self), name, None)):
            raise AttributeError(f"'{name}' of {self._label} is fixed")
        if name.startswith("_") or _belongs_to(type(self), name):
            object.__setattr__(self, name, value)
        elif self._knows(name):
            self._set(name, value)
        else:
            self._refuse(name)

    def _refuse(self, name: str) -> NoReturn:
        raise AttributeError(self._no_attribute(name))

    def _no_attribute(self, name: str) -> str:
        known = self.attributes
        hint = suggestion(name, known) or f"it has {', '.join(known) or 'none'}"
        return f"{self._label} has no parameter or variable '{name}'; {hint}"

    @property
    def _label(self) -> str:
        """How messages call the object."""
        raise NotImplementedError

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.attributes]


def check_names(declared: Declared, owner: type, kind: str) -> None:
    """Refuses a model with a parameter or variable that could not be reached as an attribute.

    Args:
        owner: the class whose own attributes count.
        kind: what its objects are called, 'populations'.

    Raises:
        ModelError: such a name.
    """
    for name, attribute in attributes_of(declared).items():
        if not attribute.is_shared and _belongs_to(owner, name):
            raise ModelError(
                f"{declared.spec.kind.value} type '{declared.spec.name}': all {kind} have an attribute '{name}', which "
                "cannot be a parameter or variable too; choose another name"
            )


def _belongs_to(cls: type, name: str) -> bool:
    return any(name in vars(base) or name in vars(base).get("__annotations__", {}) for base in cls.__mro__)


def checked(
    value: Any, what: str, dtype: str, shapes: Sequence[tuple[int, ...]], or_infinite: bool = False
) -> Value | RandomDistribution:
    """A value as a user gives it: a number, a flat array, or a law to draw from.

    Args:
        what: for messages, e.g. ``'v' of population 'pop0'``.
        dtype: 'float', 'int' or 'bool'.
        shapes: of arrays that fit; none where there is but one value.
        or_infinite: whether infinite numbers will do.

    Raises:
        ModelError: no numbers, not finite, a wrong shape, not whole where the type is int.
    """
    if isinstance(value, RandomDistribution):
        return value
    refusal = f"{what} takes a number, an array or a distribution, not {value!r}"
    if isinstance(value, str) or value is None:
        raise ModelError(refusal)
    try:
        number = finite(value, what, or_infinite)
    except ModelError:
        raise
    except (TypeError, ValueError) as error:
        raise ModelError(refusal) from error
    of_type(number, dtype, what)
    if isinstance(number, float):
        return number
    if not shapes:
        raise ModelError(f"{what} is one value for all, and cannot take an array of shape {number.shape}")
    if number.shape not in shapes:
        expected = " or ".join(str(shape) for shape in dict.fromkeys(shapes))
        raise ModelError(f"{what} has the shape {expected}, and cannot take an array of shape {number.shape}")
    return np.array(number).reshape(-1)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A parameter or a variable of a model, as users see it."""

    name: str
    key: str
    """Its name in the engine, which differs for the weight of synapses."""
    locality: str
    """'local', 'semiglobal' or 'global'."""
    dtype: str
    init: Expression | None
    """Value of a variable at t = 0, an expression of parameters; None for parameters."""
    is_shared: bool = False
    """A constant known by name to several models."""

    @property
    def is_variable(self) -> bool:
        return self.init is not None

    @property
    def may_be_infinite(self) -> bool:
        """Whether infinite numbers will do: for a variable that is a number, but for the weight."""
        return self.is_variable and self.dtype == "float" and self.key != WEIGHT

    @property
    def is_global(self) -> bool:
        """Whether it is one value."""
        return self.locality == "global"

    def check_own(self, label: str) -> None:
        """Refuses to set what does not belong to one population or projection alone."""
        if self.is_shared:
            raise ModelError(
                f"'{self.name}' of {label} is a constant that all models share which mention it: set() of the Constant "
                f"changes it, of network.get_constant('{self.name}') in one network"
            )


def attributes_of(declared: Declared) -> dict[str, Attribute]:
    """Parameters, then variables of a model by name."""
    spec, model = declared.spec, check(declared.spec)
    parameters = [
        Attribute(
            spec.in_text(each.name),
            each.name,
            LOCALITIES[each.locality],
            each.dtype,
            None,
            each.name in declared.constants,
        )
        for each in spec.parameters
    ]
    variables = [
        Attribute(spec.in_text(each.name), each.name, each.locality, each.dtype, each.init)
        for each in model.variables
        if each.is_kept
    ]
    return {each.name: each for each in (*parameters, *variables)}


def names_of(attributes: Mapping[str, Attribute], are_variables: bool) -> list[str]:
    """Names of the variables, or of the parameters that are the model's own."""
    return [each.name for each in attributes.values() if each.is_variable is are_variables and not each.is_shared]


def law(value: Any) -> Any:
    """A distribution that a text names, as an object to draw from; any other value as it is."""
    if isinstance(value, Drawn):
        return next(cls for cls in LAWS if cls.__name__ == value.distribution)(*value.arguments)
    return value
