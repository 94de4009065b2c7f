"""Functions that users define for the equations of all models, and functions of models called from Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynn_annarchy.ann.constants import constants
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.functions import CONSTANTS
from pynn_annarchy.model.declared import Declared
from pynn_annarchy.model.own_functions import check_functions, definitions_in, function_of

_functions: dict[str, str] = {}


def add_function(function: str) -> None:
    """Defines a function for the equations of all models, e.g. ``logistic(x) = 1/(1 + exp(-x))``; or defines it anew.

    It may call those defined before it, and read constants that all networks know. Populations and projections that
    are there keep the function that they were made with.

    Raises:
        EquationError: the text is wrong.
    """
    if not isinstance(function, str):
        raise ModelError(f"a function is defined by text, 'f(x) = ...', not by {function!r}")
    together = {**_functions, **definitions_in(function)}
    check_functions("\n".join(together.values()), constants().keys())
    _functions.update(together)


def functions(name: str, network: Any = None) -> Callable[..., Any]:
    """A function that was defined by `add_function`, to be called with numbers, lists or arrays.

    Args:
        network: whose time, time step and constants the function reads; without it only the constants of all networks.

    Raises:
        ModelError: there is none of that name.
    """
    known = constants() if network is None else constants(network._constants)

    def read(wanted: str) -> float:
        if wanted in known:
            return float(known[wanted])
        if network is None:
            raise ModelError(f"function '{name}' reads '{wanted}' of a network: name it, functions('{name}', network)")
        return _of_network(network, wanted)

    return function_of(user_functions(), name, "the list of functions", known.keys(), read)


def function_of_model(
    declared: Declared, name: str, label: str, network: Any, get: Callable[[str], float]
) -> Callable[..., Any] | None:
    """A function of a model that Python may call, or None where it has none of that name.

    Args:
        label: of the population or projection, for messages.
        get: present value of a parameter that all share.
    """
    spec = declared.spec
    if name not in definitions_in(spec.functions):
        return None

    def read(wanted: str) -> float:
        return _of_network(network, wanted) if wanted in CONSTANTS else get(wanted)

    return function_of(spec.functions, name, label, spec.shared_names(), read)


def _of_network(network: Any, name: str) -> float:
    """Time or time step, in ms."""
    return float({"t": network.time, "dt": network.dt}[name])


def user_functions() -> str:
    """The functions that were defined by `add_function`, one a line."""
    return "\n".join(_functions.values())


def forget_functions() -> None:
    """Forgets them all; what uses them keeps them."""
    _functions.clear()
