"""The same simulation many times: each run in a process of its own, forked from this one."""

from __future__ import annotations

import inspect
import multiprocessing
import pickle
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from pynn_annarchy.ann.config import checked_seed
from pynn_annarchy.engine.native_loop import available_cores
from pynn_annarchy.exceptions import ModelError

if TYPE_CHECKING:
    from pynn_annarchy.ann.network import Network


@dataclass(frozen=True)
class Run:
    """One of the simulations."""

    number: int
    seed: int | None
    of_constructor: Mapping[str, Any]
    of_method: Mapping[str, Any]


def parallel_run(
    network: Network,
    method: Callable[..., Any],
    number: int,
    max_processes: int,
    seeds: Any,
    measure_time: bool,
    arguments: Mapping[str, Any],
) -> list[Any]:
    """Runs a method on independent copies of a network; see Network.parallel_run()."""
    runs = _runs(network, method, number, _seeds(seeds, number, network.seed), arguments)
    limit = available_cores() if max_processes < 1 else max_processes
    started = time.perf_counter()
    results = _results(runs, lambda run: _run(network, method, run, alone=min(limit, number) == 1), limit)
    if measure_time:
        print(f"Running {number} simulations took {time.perf_counter() - started:.3f} s")
    return results


def _runs(
    network: Network, method: Callable[..., Any], number: int, seeds: list[int | None], arguments: Mapping[str, Any]
) -> list[Run]:
    """What each run is given: the k-th element of lists as long as there are runs, other values as they are."""
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ModelError(f"parallel_run(): number must be a positive whole number, not {number!r}")
    of_method, of_constructor = _destinations(network, method, arguments)
    is_each = {name: isinstance(value, list) and len(value) == number for name, value in arguments.items()}
    chosen = [{name: value[k] if is_each[name] else value for name, value in arguments.items()} for k in range(number)]
    return [
        Run(
            k,
            seeds[k],
            {name: value for name, value in chosen[k].items() if name in of_constructor},
            {name: value for name, value in chosen[k].items() if name in of_method},
        )
        for k in range(number)
    ]


def _destinations(
    network: Network, method: Callable[..., Any], arguments: Mapping[str, Any]
) -> tuple[set[str], set[str]]:
    """Names of the arguments that the method takes, and of those that the constructor takes."""
    takes = inspect.signature(method).parameters
    takes_all = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in takes.values())
    constructor = inspect.signature(type(network).__init__).parameters if network._is_subclassed else {}
    of_constructor = {name for name in arguments if name in constructor}
    of_method = {name for name in arguments if name in takes or (takes_all and name not in of_constructor)}
    unknown = [name for name in arguments if name not in of_method | of_constructor]
    if unknown:
        where = "the method" if not constructor else f"the method or the constructor of {type(network).__name__}"
        raise ModelError(f"parallel_run(): {where} takes no argument '{unknown[0]}'")
    return of_method, of_constructor


def _seeds(seeds: Any, number: int, own: int) -> list[int | None]:
    if seeds is None:
        return [None] * number
    if isinstance(seeds, str):
        if seeds not in ("same", "sequential"):
            raise ModelError(f"seeds must be None, 'same', 'sequential' or a list, not {seeds!r}")
        return [own + (k if seeds == "sequential" else 0) for k in range(number)]
    given = [checked_seed(seed) for seed in seeds]
    if len(given) != number:
        raise ModelError(f"parallel_run(): {len(given)} seeds cannot serve {number} simulations")
    return list(given)


def _run(network: Network, method: Callable[..., Any], run: Run, alone: bool) -> Any:
    """In a process of its own: one simulation."""
    own = network._for_run(run.seed, run.of_constructor)
    if not alone:
        own._use_one_thread()
    own.compile(silent=True)
    return method(own, **run.of_method)


# processes


def _results(runs: list[Run], execute: Callable[[Run], Any], limit: int) -> list[Any]:
    """Result of each run; at most `limit` processes at the same time."""
    context = multiprocessing.get_context("fork")
    waiting, results = list(runs), {}
    busy: dict[Connection, tuple[Run, Any]] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < limit:
                run = waiting.pop(0)
                here, there = context.Pipe(duplex=False)
                process = context.Process(target=_child, args=(there, here, execute, run))
                with warnings.catch_warnings():  # threads of this process are released before it forks
                    warnings.simplefilter("ignore", DeprecationWarning)
                    process.start()
                there.close()
                busy[here] = (run, process)
            for connection in wait(list(busy)):
                run, process = busy.pop(connection)  # type: ignore[call-overload]
                results[run.number] = _received(connection, run)  # type: ignore[arg-type]
                process.join()
    finally:
        for _, process in busy.values():
            process.terminate()
            process.join()
    return [results[run.number] for run in runs]


def _child(there: Connection, here: Connection, execute: Callable[[Run], Any], run: Run) -> None:
    here.close()
    try:
        answer = (True, pickle.dumps(execute(run)))
    except BaseException:
        # Whatever went wrong is told to the parent, which raises it.
        answer = (False, traceback.format_exc().encode())
    there.send(answer)
    there.close()


def _received(connection: Connection, run: Run) -> Any:
    try:
        is_result, content = connection.recv()
    except EOFError:
        raise ModelError(f"parallel_run(): the process of simulation {run.number} died") from None
    finally:
        connection.close()
    if not is_result:
        raise ModelError(f"parallel_run(): simulation {run.number} failed:\n{content.decode()}")
    return pickle.loads(content)
