"""Models as users of the ANNarchy interface write them: Neuron, Synapse, Parameter, Variable, Constant, functions."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.declare import declare_neuron, declare_synapse
from pynn_annarchy.model.declared import Declared, Parameter, Surroundings, Variable
from pynn_annarchy.model.own_functions import check_functions, definitions_in, function_of
from pynn_annarchy.model.spec import Order

__all__ = ["Constant", "Neuron", "Parameter", "Synapse", "Variable", "add_function", "functions"]


# constants


class Constant(NDArrayOperatorsMixin):
    """A number that the models of all networks may mention by name, or those of one network.

    In Python it counts, compares and is printed as the number that it is at that moment.

    Args:
        name: in equations and values of parameters.
        value: a number.
        net: the one network that knows it; None for all.
    """

    def __init__(self, name: str, value: float, net: Any = None) -> None:
        self.name = name
        self._value = _number(name, value)
        self._users: weakref.WeakSet[Any] = weakref.WeakSet()
        if net is None:
            _constants[name] = self

    @property
    def value(self) -> float:
        """The present value."""
        return self._value

    def set(self, value: float) -> None:
        """Changes the value in all equations that mention it, from now on."""
        self._value = _number(self.name, value)
        for user in tuple(self._users):
            user.set({self.name: self._value})

    def used_by(self, owner: Any) -> None:
        """From now on ``owner.set({name: value})`` is called when the value changes."""
        self._users.add(owner)

    def __float__(self) -> float:
        return float(self._value)

    def __int__(self) -> int:
        return int(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __round__(self, digits: int | None = None) -> float:
        return round(self._value, digits)

    def __format__(self, spec: str) -> str:
        return format(self._value, spec)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self._value, dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        numbers = (item._value if isinstance(item, Constant) else item for item in inputs)
        return getattr(ufunc, method)(*numbers, **options)

    __hash__ = object.__hash__  # the object's, as its value may change

    def __repr__(self) -> str:
        return f"Constant('{self.name}', {self._value!r})"


_constants: dict[str, Constant] = {}
_functions: dict[str, str] = {}


def _number(name: str, value: Any) -> float:
    try:
        return value if isinstance(value, bool) else float(value)
    except (TypeError, ValueError) as error:
        raise ModelError(f"constant '{name}' must be a number, got {value!r}") from error


def constants(of_network: Mapping[str, Constant] | None = None) -> dict[str, Constant]:
    """Constants by name: those that all networks know, and over them those of one."""
    return {**_constants, **(of_network or {})}


# functions


def add_function(function: str) -> None:
    """Defines a function for the equations of all models, e.g. ``logistic(x) = 1/(1 + exp(-x))``; or defines it anew.

    Raises:
        EquationError: the text is wrong.
    """
    together = {**_functions, **definitions_in(function)}
    check_functions("\n".join(together.values()))
    _functions.update(together)


def functions(name: str, network: Any = None) -> Callable[..., Any]:
    """A function that was defined by `add_function`, to be called with numbers, lists or arrays.

    Args:
        network: taken for compatibility; such functions belong to all networks.

    Raises:
        ModelError: there is none of that name.
    """
    return function_of(user_functions(), name, "the list of functions")


def user_functions() -> str:
    """The functions that were defined by `add_function`, one a line."""
    return "\n".join(_functions.values())


def forget() -> None:
    """Forgets all constants and functions that are known to all networks."""
    _constants.clear()
    _functions.clear()


# models


class _Type:
    """What Neuron and Synapse have in common: the user's texts, and what they declare."""

    _declare: Callable[..., Declared]

    def __init__(self, texts: dict[str, Any], name: str | None) -> None:
        self._texts = texts
        self.name = name or type(self).__name__
        self.description = texts["description"] or ""
        self._known: tuple[object, Declared] | None = None

    def declared(self, of_network: Mapping[str, Constant] | None = None) -> Declared:
        """The model, checked.

        Args:
            of_network: constants that one network alone knows.

        Raises:
            EquationError: a text is wrong; with a caret under the place.
            ModelError: anything else is wrong.
        """
        values = {name: constant.value for name, constant in constants(of_network).items()}
        around = Surroundings(values, user_functions())
        key = tuple(values.items()), around.functions
        if self._known is None or self._known[0] != key:
            declare = type(self)._declare
            self._known = key, declare(**self._texts, name=self.name, order=Order.ANNARCHY, around=around)
        return self._known[1]

    def share_constants(self, owner: Any, of_network: Mapping[str, Constant] | None = None) -> None:
        """Lets new values of the constants that the model mentions reach a population or projection."""
        known = constants(of_network)
        for name in self.declared(of_network).constants:
            known[name].used_by(owner)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.description}>" if self.description else f"<{self.name}>"


class Neuron(_Type):
    """A neuron type by its equations, spiking where there is a ``spike`` condition, else rate-coded.

    Args:
        parameters: ``"tau = 10.0 : population; B = 0.0"`` (one value each for neuron unless flagged), or a dictionary
            (one value for all unless ``Parameter(..., locality='local')``).
        equations: text, a Variable, or a list of both.
        spike: condition of a spike.
        axon_spike, axon_reset: of a second kind of event.
        reset: statements for neurons that spike.
        refractory: ms, or an expression of parameters and variables.
        functions: functions of this type, ``f(x) = ...`` one a line.
        extra_values: numbers that the texts may mention by name.
    """

    _declare = staticmethod(declare_neuron)

    def __init__(
        self,
        parameters: Any = "",
        equations: Any = "",
        spike: str | None = None,
        axon_spike: str | None = None,
        reset: Any = None,
        axon_reset: Any = None,
        refractory: Any = None,
        functions: Any = None,
        name: str = "",
        description: str = "",
        extra_values: Mapping[str, Any] | None = None,
    ) -> None:
        texts = {
            "parameters": parameters,
            "equations": equations,
            "spike": spike,
            "axon_spike": axon_spike,
            "reset": reset,
            "axon_reset": axon_reset,
            "refractory": refractory,
            "functions": functions,
            "description": description,
            "extra_values": extra_values,
        }
        super().__init__(texts, name)

    @property
    def type(self) -> str:
        """'spike' or 'rate'."""
        return "spike" if self._texts["spike"] else "rate"


class Synapse(_Type):
    """A synapse type by its equations, spiking where there is a ``pre_spike`` or ``post_spike``.

    Args:
        parameters, equations, functions, extra_values: as of a Neuron; localities are 'local', 'semiglobal' (or
            'postsynaptic') and 'global' (or 'projection').
        psp: what a synapse transmits all the time; ``w*pre.r`` for a rate-coded one.
        operation: what becomes of the psp of all synapses of a neuron: 'sum', 'max', 'min' or 'mean'.
        pre_spike, post_spike: statements at spikes; ``g_target += w`` where neither they nor a psp transmit.
        pre_axon_spike: statements at events of the second kind.
        pruning, creating: conditions of structural plasticity.
    """

    _declare = staticmethod(declare_synapse)

    def __init__(
        self,
        parameters: Any = "",
        equations: Any = "",
        psp: str | None = None,
        operation: str = "sum",
        pre_spike: Any = None,
        post_spike: Any = None,
        pre_axon_spike: Any = None,
        functions: Any = None,
        pruning: Any = None,
        creating: Any = None,
        name: str | None = None,
        description: str | None = None,
        extra_values: Mapping[str, Any] | None = None,
    ) -> None:
        texts = {
            "parameters": parameters,
            "equations": equations,
            "psp": psp,
            "operation": operation,
            "pre_spike": pre_spike,
            "post_spike": post_spike,
            "pre_axon_spike": pre_axon_spike,
            "functions": functions,
            "pruning": pruning,
            "creating": creating,
            "description": description,
            "extra_values": extra_values,
        }
        super().__init__(texts, name)

    @property
    def type(self) -> str:
        """'spike' or 'rate'."""
        return "spike" if self._texts["pre_spike"] or self._texts["post_spike"] else "rate"
