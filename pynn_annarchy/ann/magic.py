"""The functions of ANNarchy 4: one default network, which everything belongs to that is made without a network."""

from __future__ import annotations

import functools
import time
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pynn_annarchy.ann import parameters
from pynn_annarchy.ann.config import Config
from pynn_annarchy.ann.constants import forget_constants
from pynn_annarchy.ann.network import Network
from pynn_annarchy.ann.user_functions import forget_functions

if TYPE_CHECKING:
    from pynn_annarchy.ann.monitor import Monitor
    from pynn_annarchy.ann.population import Population
    from pynn_annarchy.ann.projection import Projection
    from pynn_annarchy.engine.timings import Timings


class _Session:
    """What the functions of this module share."""

    def __init__(self) -> None:
        self.config = Config()
        self.default: Network | None = None
        self.latest: weakref.ref[Network] | None = None


_session = _Session()


def default_config() -> Config:
    """Options that networks begin with from now on."""
    return _session.config


def default_network() -> Network:
    """The network of all that is made without one."""
    if _session.default is None:
        latest = _session.latest
        _session.default = Network()
        _session.latest = latest
    return _session.default


magic_network = default_network


def made(network: Network) -> None:
    """Takes note of a network that begins."""
    _session.latest = weakref.ref(network)


def current_network() -> Network:
    """The default network or, while that is empty, the network that was made last."""
    latest = None if _session.latest is None else _session.latest()
    is_empty = _session.default is None or not _session.default.get_populations()
    return latest if is_empty and latest is not None else default_network()


def setup(**options: Any) -> None:
    """Sets options of the default network and of all networks that are made from now on; see Network.config()."""
    _session.config = _session.config.with_options(options, "setup")
    if _session.default is not None or "seed" in options:
        default_network().config(**options)


def set_seed(seed: int, use_seed_seq: bool = True) -> None:
    """Sets the seed of the default network, of np.random, and of networks that are made from now on."""
    setup(seed=seed)


def clear(functions: bool = True, neurons: bool = True, synapses: bool = True) -> None:
    """Forgets the default network and all options, constants and functions, as if nothing had been done yet.

    Args:
        functions: also what add_function() and Constant() defined.
        neurons, synapses: taken for compatibility; models belong to whoever holds them.
    """
    if _session.default is not None:
        _session.default.clear()
    _session.__init__()  # type: ignore[misc]
    if functions:
        forget_constants()
        forget_functions()


# the default network's methods


def compile(*args: Any, **kwargs: Any) -> None:
    """Network.compile() of the default network."""
    default_network().compile(*args, **kwargs)


def simulate(duration: float, measure_time: bool = False, callbacks: bool = True) -> None:
    """Network.simulate() of the default network, if need be without its callbacks."""
    network = default_network()
    was_enabled = network.callbacks_enabled()
    if not callbacks:
        network.disable_callbacks()
    try:
        network.simulate(duration, measure_time)
    finally:
        if was_enabled:
            network.enable_callbacks()


def simulate_until(
    max_duration: float,
    population: Any = None,
    operator: str = "and",
    measure_time: bool = False,
    populations: Any = None,
) -> float:
    """Network.simulate_until() of the default network."""
    return default_network().simulate_until(max_duration, population, operator, measure_time, populations)


def step() -> None:
    """Network.step() of the default network."""
    default_network().step()


def reset(*args: Any, **kwargs: Any) -> None:
    """Network.reset() of the default network."""
    default_network().reset(*args, **kwargs)


def save(*args: Any, **kwargs: Any) -> None:
    """Network.save() of the default network."""
    default_network().save(*args, **kwargs)


def load(*args: Any, **kwargs: Any) -> None:
    """Network.load() of the default network."""
    default_network().load(*args, **kwargs)


def enable_learning(*args: Any, **kwargs: Any) -> None:
    """Network.enable_learning() of the default network."""
    default_network().enable_learning(*args, **kwargs)


def disable_learning(*args: Any, **kwargs: Any) -> None:
    """Network.disable_learning() of the default network."""
    default_network().disable_learning(*args, **kwargs)


def populations() -> list[Population]:
    """All populations of the default network."""
    return default_network().get_populations()


def projections(
    post: Any = None, pre: Any = None, target: str | None = None, suppress_error: bool = False
) -> list[Projection]:
    """Network.get_projections() of the default network."""
    return default_network().get_projections(post, pre, target, suppress_error)


def monitors(obj: Any = None) -> list[Monitor]:
    """All monitors of the default network, or those of one object."""
    return [monitor for monitor in default_network().get_monitors() if obj is None or monitor.object is obj]


def get_population(name: str) -> Population:
    """The population of that name in the default network."""
    return default_network().get_population(name)


def get_projection(name: str) -> Projection:
    """The projection of that name in the default network."""
    return default_network().get_projection(name)


def get_time() -> float:
    """Present time of the default network, in ms."""
    return default_network().time


def set_time(t: float) -> None:
    """Sets the present time of the default network, in ms."""
    default_network().time = t


def get_current_step() -> int:
    """Number of steps that the default network has done."""
    return default_network().current_step


def set_current_step(t: int) -> None:
    """Sets the number of steps that the default network has done."""
    default_network().current_step = t


def dt() -> float:
    """Time step of the default network, in ms."""
    return default_network().dt


def callbacks_enabled() -> bool:
    """Whether callbacks of the default network are called."""
    return default_network().callbacks_enabled()


def enable_callbacks() -> None:
    """Lets callbacks of the default network be called again."""
    default_network().enable_callbacks()


def disable_callbacks() -> None:
    """No callback of the default network is called until enable_callbacks()."""
    default_network().disable_callbacks()


def clear_all_callbacks() -> None:
    """Forgets all callbacks of the default network."""
    default_network().clear_all_callbacks()


def timings() -> Timings:
    """Network.timings() of the default network."""
    return default_network().timings()


def memory_footprint(show_py_side: bool = True, show_cpp_side: bool = True) -> dict[str, int]:
    """Network.memory_footprint() of the default network."""
    return default_network().memory_footprint(show_py_side, show_cpp_side)


def save_parameters(filename: str, net: Network | None = None) -> None:
    """Network.save_parameters() of a network, by default the default one."""
    (net or default_network()).save_parameters(filename)


def load_parameters(
    filename: str, global_only: bool = True, verbose: bool = False, net: Network | None = None
) -> dict[str, Any]:
    """Network.load_parameters() of a network, by default the default one."""
    return (net or default_network()).load_parameters(filename, global_only, verbose)


def load_parameter(in_file: str | Path | Iterable[str | Path]) -> dict[str, Any]:
    """Parameters by name from one or several XML files; no network takes them over.

    Raises:
        ModelError: a file is no XML of that form, or two of them name the same parameter.
    """
    return parameters.read_xml(in_file)


# others


def timeit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Prints how long each call of a function takes."""

    @functools.wraps(function)
    def timed(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        result = function(*args, **kwargs)
        print(f"{function.__name__}() took {time.perf_counter() - started:.3f} s")
        return result

    return timed
