"""The network of the ANNarchy interface: populations, projections and monitors by name, and their way through time."""

from __future__ import annotations

import atexit
import contextlib
import inspect
import os
import secrets
import time as clock
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from pynn_annarchy.ann import checkpoint, files, parameters
from pynn_annarchy.ann.config import Config, checked_seed, refuse_of_compile
from pynn_annarchy.ann.copying import copy_into
from pynn_annarchy.ann.later import refuse
from pynn_annarchy.ann.parallel import parallel_run
from pynn_annarchy.ann.running import Runner, steps_of_duration, stop_when
from pynn_annarchy.engine.arrays import time_of
from pynn_annarchy.engine.network import Network as Engine
from pynn_annarchy.engine.timings import Timings
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.targets import cache

if TYPE_CHECKING:
    from pynn_annarchy.ann.callbacks import Callback
    from pynn_annarchy.ann.constants import Constant
    from pynn_annarchy.ann.monitor import Monitor
    from pynn_annarchy.ann.population import Population
    from pynn_annarchy.ann.projection import Projection


_OWN = ("dt", "seed")
"""Arguments of every network, whether or not the constructor of a subclass names them."""


class _NetworkType(type):
    """Lets subclasses of Network leave out ``super().__init__()``, and take dt= and seed= without naming them."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        network = cls.__new__(cls)
        signature = inspect.signature(cls.__init__)
        named = set(signature.parameters)
        own = {name: kwargs[name] for name in _OWN if name in kwargs}
        rest = {name: value for name, value in kwargs.items() if name not in own or name in named}
        bound = signature.bind(network, *args, **rest)
        bound.apply_defaults()
        own = {**{name: bound.arguments[name] for name in _OWN if name in bound.arguments}, **own}
        network._begin(**own)
        network._made_with = (args, kwargs)
        network.__init__(*args, **rest)
        return network


class Network(metaclass=_NetworkType):
    """Populations, projections and monitors, and a clock. Subclasses need not call ``super().__init__()``.

    Args:
        dt: time step, in ms.
        seed: of all random numbers, np.random's included; None for a fresh one.
    """

    _made_with: tuple[tuple[Any, ...], dict[str, Any]]

    def __init__(self, dt: float | None = None, seed: int | None = None) -> None:
        # `_begin` has done it all, as subclasses need not call this; here arrives what they say in super().__init__().
        if dt is not None:
            self.config(dt=dt)
        if seed is not None and seed != self._seed:
            self._set_seed(checked_seed(seed))

    def _begin(self, dt: float | None = None, seed: int | None = None) -> None:
        from pynn_annarchy.ann import magic

        self._config = magic.default_config().with_command_line()
        self._callbacks: list[Callback] = []
        self._callbacks_enabled = True
        self._empty()
        if dt is not None:
            self.config(dt=dt)
        self._set_seed(self._config.seed if seed is None else checked_seed(seed))
        magic.made(self)

    def _empty(self) -> None:
        self.engine: Engine | None = None
        self._populations: list[Population] = []
        self._projections: list[Projection] = []
        self._monitors: list[Monitor] = []
        self._constants: dict[str, Constant] = {}
        self._pending: list[Any] = []
        self._is_building = False
        self._partitions: int | None = None
        """Parts that populations are cut into, where a checkpoint says so."""

    def _set_seed(self, seed: int | None) -> None:
        self._seed = secrets.randbits(32) if seed is None else seed
        self._default_rng = np.random.default_rng(self._seed)
        if seed is not None:
            np.random.seed([seed & 0xFFFFFFFF, seed >> 32] if seed >> 32 else seed)

    # options

    @property
    def dt(self) -> float:
        """Time step, in ms; set it with the constructor or config()."""
        return self._config.dt

    @property
    def seed(self) -> int:
        """Of all random numbers of this network."""
        return self._seed

    @property
    def default_rng(self) -> np.random.Generator:
        """What connectors and random distributions draw from, unless they have a generator of their own."""
        return self._default_rng

    def config(self, **options: Any) -> None:
        """Sets options of this network by ANNarchy's names, e.g. dt, num_threads, method; see `Config`.

        What the command line of the script says counts more.

        Raises:
            ModelError: an option that has no meaning here, or a change after the network was built.
        """
        self._apply(self._config.with_options(options).with_command_line())
        if "seed" in options:
            self._set_seed(self._config.seed)

    def _apply(self, config: Config) -> None:
        changed = [name for name in vars(config) if getattr(config, name) != getattr(self._config, name)]
        if self.engine is not None and changed:
            raise ModelError(
                f"{changed[0]} cannot be changed any more: the network has been built, by compile(), simulate() or by "
                "looking at a value that only the built network has; set it before"
            )
        self._config = config

    # structure

    def create(
        self,
        geometry: Any = None,
        neuron: Any = None,
        stop_condition: str | None = None,
        name: str | None = None,
        population: Any = None,
        storage_order: str | None = None,
    ) -> Any:
        """Adds a population: of so many neurons or a geometry, or one that was made beforehand."""
        from pynn_annarchy.ann.population import Population

        given = population if population is not None else geometry
        if isinstance(given, Population):
            return self._adopt(given, name)
        return Population(network=self, geometry=geometry, neuron=neuron, name=name, stop_condition=stop_condition)

    def connect(
        self,
        pre: Any = None,
        post: Any = None,
        target: Any = "",
        synapse: Any = None,
        name: str | None = None,
        projection: Any = None,
        disable_omp: bool = True,
    ) -> Any:
        """Adds a projection between two populations or views, or one that was made beforehand."""
        from pynn_annarchy.ann.projection import Projection

        given = projection if projection is not None else pre
        if isinstance(given, Projection):
            return self._adopt(given, name)
        pre, post = (self.get_population(side) if isinstance(side, str) else side for side in (pre, post))
        return Projection(network=self, pre=pre, post=post, target=target, synapse=synapse, name=name)

    def monitor(
        self,
        obj: Any,
        variables: Any = (),
        period: float | None = None,
        period_offset: float | None = None,
        start: bool = True,
        name: str | None = None,
    ) -> Any:
        """Records variables of a population, view, dendrite or projection."""
        from pynn_annarchy.ann.monitor import Monitor

        return Monitor(
            network=self,
            obj=obj,
            variables=variables,
            period=period,
            period_offset=period_offset,
            start=start,
            name=name,
        )

    def constant(self, name: str, value: float) -> Constant:
        """Adds a constant that the models of this network may mention by name; ``set`` changes it at any time."""
        from pynn_annarchy.ann.constants import Constant

        self._constants[name] = Constant(name, value, net=self)
        return self._constants[name]

    def boldmonitor(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Comes later; NotImplementedError."""
        refuse("BoldMonitor")

    boldmonitor_from_slices = boldmonitor

    def _register(self, obj: Any) -> None:
        """Takes an object in, gives it a name unless it has one, and builds it with the next build()."""
        kind, objects = self._kind(obj)
        names = {other.name for other in objects}
        obj._is_named = obj.name is not None
        if obj.name is None:
            obj.name = next(free for i in count(len(objects)) if (free := f"{kind}{i}") not in names)
        elif obj.name in names:
            raise ModelError(f"there is already a {_WORDS[kind]} named '{obj.name}' in this network; names are unique")
        objects.append(obj)
        self._pending.append(obj)

    def _kind(self, obj: Any) -> tuple[str, list[Any]]:
        from pynn_annarchy.ann.population import Population
        from pynn_annarchy.ann.projection import Projection

        if isinstance(obj, Population):
            return "pop", self._populations
        if isinstance(obj, Projection):
            return "proj", self._projections
        return "monitor", self._monitors

    def _adopt(self, obj: Any, name: str | None) -> Any:
        """Takes over an object that was made outside of any network, and so belongs to the default one."""
        if obj.network is self and name is None:
            return obj
        obj.network._withdraw(obj)
        obj.network = self
        obj.name = obj.name if name is None and obj._is_named else name
        self._register(obj)
        return obj

    def _withdraw(self, obj: Any) -> None:
        _, objects = self._kind(obj)
        if obj not in self._pending:
            raise ModelError(f"'{obj.name}' has been built, and keeps its name and its network")
        self._pending.remove(obj)
        objects.remove(obj)

    # names

    def get_population(self, name: str) -> Population:
        """The population of that name."""
        return _named(self._populations, name, "population")

    def get_projection(self, name: str) -> Projection:
        """The projection of that name."""
        return _named(self._projections, name, "projection")

    def get_monitor(self, name: str) -> Monitor:
        """The monitor of that name."""
        return _named(self._monitors, name, "monitor")

    def get_constant(self, name: str) -> Constant:
        """The constant of that name in this network: what is set there does not reach other networks.

        A constant of all networks still reaches this one when it is set itself.
        """
        from pynn_annarchy.ann.constants import constants

        known = constants(self._constants)
        if name in known and name not in self._constants:
            self._constants[name] = known[name].within(self)
        return _named(list(self._constants.values()), name, "constant")

    def get_extension(self, name: str) -> Any:
        """Extensions come later; ModelError."""
        return _named([], name, "extension")

    def get_populations(self) -> list[Population]:
        """All populations, in the order of their creation."""
        return list(self._populations)

    def get_projections(
        self, post: Any = None, pre: Any = None, target: str | None = None, suppress_error: bool = False
    ) -> list[Projection]:
        """Projections in the order of their creation, all or those between some populations by some target.

        Args:
            post, pre: populations, views of them, or their names.
            target: one that the projection has.
            suppress_error: no error where there is none.
        """
        sides = [(name, self._population_of(side)) for name, side in (("post", post), ("pre", pre)) if side is not None]
        found = [
            projection
            for projection in self._projections
            if all(_population(getattr(projection, name)) is population for name, population in sides)
            and (target is None or target == projection.target or target in projection.target)
        ]
        if not found and self._projections and not suppress_error:
            raise ModelError("no projection is like that; with suppress_error=True that is no error")
        return found

    def get_monitors(self) -> list[Monitor]:
        """All monitors, in the order of their creation."""
        return list(self._monitors)

    def get_constants(self) -> list[Constant]:
        """All constants that models of this network may mention, as `get_constant` gives them."""
        from pynn_annarchy.ann.constants import constants

        return [self.get_constant(name) for name in constants(self._constants)]

    def get_extensions(self) -> list[Any]:
        """All extensions: none, they come later."""
        return []

    def _population_of(self, side: Any) -> Population:
        return self.get_population(side) if isinstance(side, str) else _population(side)

    # building

    @property
    def compiled(self) -> bool:
        """Whether the network has been built."""
        return self.engine is not None

    @property
    def instance(self) -> Engine | None:
        """What has been built; None before."""
        return self.engine

    @property
    def directory(self) -> str:
        """The folder in which generated and compiled code is kept, made if need be; compile() may name another."""
        return str(cache.directory(self._config.directory))

    def build(self) -> Engine:
        """Makes the engine's network and everything in it that is not there yet, in the order of creation."""
        if self.engine is None:
            self.engine = self._new_engine()
            self._runner = Runner(self.engine, lambda: self._callbacks if self._callbacks_enabled else [])
        if not self._is_building:
            self._is_building = True
            try:
                with self._warnings():
                    self._build_pending()
            finally:
                self._is_building = False
        return self.engine

    def _new_engine(self) -> Engine:
        self._config = self._config.on_this_machine()
        config = self._config
        if config.visible_cores:
            os.sched_setaffinity(0, config.visible_cores)
        engine = Engine(
            dt=config.dt,
            seed=self._seed,
            threads=config.num_threads,
            options=config.engine_options(),
            partitions=self._partitions,
        )
        if config.profile:
            atexit.register(_print_timings, type(self).__name__, engine)
        return engine

    def _with_method(self, spec: ModelSpec) -> ModelSpec:
        """A model whose differential equations without a flag are solved by the method of this network."""
        return replace(spec, method=self._config.method)

    def _build_pending(self) -> None:
        from pynn_annarchy.ann.projection import Projection

        assert self.engine is not None
        while self._pending:
            first = self._pending[0]
            with self.engine.watch.of("init_sparse_time" if isinstance(first, Projection) else "init_time"):
                first._build()
            self._pending.pop(0)

    @contextlib.contextmanager
    def _warnings(self) -> Iterator[None]:
        with warnings.catch_warnings():
            if self._config.suppress_warnings:
                warnings.simplefilter("ignore")
            yield

    def compile(
        self,
        directory: str | None = None,
        clean: bool = False,
        compiler: str = "default",
        compiler_flags: Any = "default",
        add_sources: str = "",
        extra_libs: str = "",
        cuda_config: Mapping[str, Any] | None = None,
        annarchy_json: str = "",
        silent: bool = False,
        debug_build: bool = False,
        trace_calls: Any = None,
        profile_enabled: bool = False,
    ) -> None:
        """Generates and compiles the code of all models that are new on this machine, and builds the network.

        simulate() and its kin do the same where it has not been done; populations, projections and monitors that are
        added later are built with the next one.

        Args:
            directory: where generated and compiled code is kept; the cache of this user if not given.
            clean: forget what is kept of these models.
            compiler, compiler_flags: 'default' for what the configuration file says, or the toolchain's choice.
            annarchy_json: another configuration file.
            silent: tell nothing, whatever `verbose` says.
            debug_build: as config(debug=True).
            profile_enabled: as config(profile=True).
            cuda_config: {'device': 0}, of the paradigm 'cuda' alone.
            add_sources, extra_libs, trace_calls: have no meaning here and are refused.

        Raises:
            ModelError: an option without meaning, or a change of the options of a network that has been built.
            EquationError: the text of a model is wrong.
        """
        refuse_of_compile(add_sources=add_sources, extra_libs=extra_libs)
        config = self._config.with_device(cuda_config)
        config = config.with_compiler(directory, compiler, compiler_flags, annarchy_json)
        flags = {"debug": debug_build, "profile": profile_enabled, "trace_calls": trace_calls}
        self._apply(config.with_options({name: value for name, value in flags.items() if value}, "compile"))
        if silent:
            self._config = replace(self._config, verbose=False, show_time=False)
        self._compile(clean or self._config.clean)

    def _compile(self, clean: bool) -> None:
        started = clock.perf_counter()
        is_new = self.engine is None
        engine = self.build()
        if clean and is_new:
            engine.forget_compiled()
        with self._warnings():
            engine.prepare()
        if is_new and self._config.report is not None:
            from pynn_annarchy.ann.report import report

            report(self, self._config.report)
        if is_new and (self._config.verbose or self._config.show_time):
            names = dict.fromkeys(item.spec.name for item in (*engine.cells, *engine.projections))
            print(f"Compiled {', '.join(names) or 'nothing'} in {clock.perf_counter() - started:.2f} s")

    # time

    @property
    def current_step(self) -> int:
        """Number of steps done."""
        return 0 if self.engine is None else self.engine.step

    @current_step.setter
    def current_step(self, step: int) -> None:
        if isinstance(step, bool) or not isinstance(step, (int, np.integer)) or step < 0:
            raise ModelError(f"current_step must be a whole number that is not negative, not {step!r}")
        self._go_to(int(step))

    @property
    def time(self) -> float:
        """Present time, in ms.

        When it is set, all values stay, but spikes under way are forgotten, and what neurons were before is as they
        are now.
        """
        return time_of(self.current_step, self.dt)

    @time.setter
    def time(self, t: float) -> None:
        self._go_to(steps_of_duration(t, self.dt))

    def _go_to(self, step: int) -> None:
        engine = self.build()
        with self._going_back():
            engine.rewind(repeat_noise=True, step=step)

    @contextlib.contextmanager
    def _going_back(self, forget: bool = False) -> Iterator[None]:
        """Monitors take over what the engine holds before the clock is set, and record again from then on."""
        for monitor in self._monitors:
            monitor._before_rewind()
        yield
        for monitor in self._monitors:
            if forget:
                monitor.reset()
            monitor._after_rewind()

    def simulate(self, duration: float, measure_time: bool = False) -> None:
        """Runs for a duration, in ms, rounded to whole time steps; callbacks are called on the way.

        Raises:
            ModelError: the duration is negative or no finite number.
        """
        self.build()
        with self._measured(measure_time):
            self._runner.run(steps_of_duration(duration, self.dt))

    def step(self) -> None:
        """Runs for one time step."""
        self.build()
        self._runner.step()

    def simulate_until(
        self,
        max_duration: float,
        population: Any = None,
        operator: str = "and",
        measure_time: bool = False,
        populations: Any = None,
    ) -> float:
        """Runs until the stop conditions of populations hold after a step, or for the longest duration, in ms.

        Args:
            population, populations: one or several, by themselves or by name.
            operator: 'and' to stop when all of them ask for it, 'or' when any does.

        Returns:
            How long it took, in ms of simulated time.

        Raises:
            ModelError: a population without stop condition.
        """
        if (population is None) == (populations is None):
            raise ModelError("simulate_until() needs the population, or a list of populations, whose condition counts")
        given = population if population is not None else populations
        chosen = [self._population_of(one) for one in (given if isinstance(given, (list, tuple)) else [given])]
        without = [one.name for one in chosen if one.stop_condition is None]
        if without:
            raise ModelError(
                f"population '{without[0]}' has no stop condition: create it with stop_condition='r > 1.0'"
            )
        self.build()
        stop = stop_when([(one.stop_condition, one.cells) for one in chosen], operator)
        with self._measured(measure_time):
            return time_of(self._runner.run(steps_of_duration(max_duration, self.dt), stop), self.dt)

    @contextlib.contextmanager
    def _measured(self, is_wanted: bool) -> Iterator[None]:
        started, first = clock.perf_counter(), self.time
        yield
        if is_wanted:
            print(f"Simulating {self.time - first:g} ms took {clock.perf_counter() - started:.3f} s")

    def reset(
        self,
        populations: bool = True,
        projections: bool = False,
        synapses: bool = False,
        monitors: bool = True,
        reseed_rng: bool = True,
    ) -> None:
        """Back to t = 0; what is not reset keeps its present values. No spikes are under way then.

        Args:
            populations: parameters and variables of neurons get the values that they had when the network was built.
            projections: those of synapses, too, but for the connections and weights.
            synapses: connections and weights, too.
            monitors: records are emptied.
            reseed_rng: random numbers are those of the first run again; else new ones.
        """
        if self.engine is None:
            return
        engine = self.build()
        with self._going_back(forget=monitors):
            engine.rewind(repeat_noise=reseed_rng)
            if reseed_rng:
                self._default_rng = np.random.default_rng(self._seed)
            for population in self._populations if populations else []:
                population.reset()
            for projection in self._projections if projections or synapses else []:
                projection.reset(attributes=-1 if projections else [], synapses=synapses)

    # learning

    def enable_learning(
        self, projections: Iterable[Any] | None = None, period: float | None = None, offset: float | None = None
    ) -> None:
        """Lets the synapses of all or some projections learn; see Projection.enable_learning()."""
        for projection in self._chosen(projections):
            projection.enable_learning(period=period, offset=offset)

    def disable_learning(self, projections: Iterable[Any] | None = None) -> None:
        """Holds the synaptic variables of all or some projections."""
        for projection in self._chosen(projections):
            projection.disable_learning()

    def _chosen(self, projections: Iterable[Any] | None) -> list[Projection]:
        if projections is None:
            return list(self._projections)
        given = [projections] if isinstance(projections, str) or not isinstance(projections, Iterable) else projections
        return [self.get_projection(one) if isinstance(one, str) else one for one in given]

    # callbacks

    def callbacks_enabled(self) -> bool:
        """Whether callbacks are called at all; each can be disabled by itself, too."""
        return self._callbacks_enabled

    def enable_callbacks(self) -> None:
        """Lets callbacks be called again."""
        self._callbacks_enabled = True

    def disable_callbacks(self) -> None:
        """No callback is called until enable_callbacks()."""
        self._callbacks_enabled = False

    def clear_all_callbacks(self) -> None:
        """Forgets all callbacks."""
        self._callbacks.clear()

    # files

    def save(self, filename: str, populations: bool = True, projections: bool = True) -> None:
        """Writes the values of parameters and variables to a file: .npz, .gz, .mat, or any other for a pickle.

        What is under way, monitors and random numbers are not in it; see `save_checkpoint` for all.

        Args:
            populations, projections: whether theirs are written; those of projections with the connections.
        """
        state: files.State = {_NETWORK: {"time_step": self.current_step, "net_name": type(self).__name__}}
        for obj in self._chosen_to_save(populations, projections):
            state[obj.name] = obj._saved()
        files.save(filename, state)

    def load(
        self, filename: str, populations: bool = True, projections: bool = True, pickle_encoding: str | None = None
    ) -> None:
        """Reads values that `save` has written, and sets the clock to that of then.

        Raises:
            ModelError: the file lacks a population or projection, or holds values that do not fit.
        """
        state = files.load(filename, pickle_encoding)
        objects = self._chosen_to_save(populations, projections)
        missing = [obj.name for obj in objects if obj.name not in state and obj._saved()]
        if missing:
            raise ModelError(f"'{filename}' holds no values of '{missing[0]}'; it has those of {', '.join(state)}")
        if _NETWORK in state and int(state[_NETWORK]["time_step"]) != self.current_step:
            self.current_step = int(state[_NETWORK]["time_step"])
        for obj in objects:
            obj._restore(state.get(obj.name, {}))

    def _chosen_to_save(self, populations: bool, projections: bool) -> list[Any]:
        return [*(self._populations if populations else []), *(self._projections if projections else [])]

    def save_checkpoint(self, filename: str) -> None:
        """Writes all that the network is, so that the same script can go on from there bit for bit.

        That is: values, connections, spikes and rates under way, clock, random numbers, what monitors have recorded.

        Raises:
            ModelError: spikes are under way on synapses whose delays have been changed since.
        """
        checkpoint.save(self, filename)

    def load_checkpoint(self, filename: str) -> None:
        """Goes on from a checkpoint: this network, made by the same script, becomes what that one was.

        Raises:
            ModelError: the file is none, or of another network; says what differs.
        """
        values = checkpoint.load(filename)
        if self.engine is None and self._config.num_threads == "auto":
            self._partitions = checkpoint.partitions(values)
        checkpoint.restore(self, values)

    def save_parameters(self, filename: str) -> None:
        """Writes the present values of parameters that are one number to a JSON file, to be edited by hand."""
        parameters.save(self, filename)

    def load_parameters(self, filename: str, global_only: bool = True, verbose: bool = False) -> dict[str, Any]:
        """Sets parameters from a JSON file that `save_parameters` has written; see ann/parameters.py."""
        return parameters.load(self, filename, global_only, verbose)

    # copies

    def copy(self, *args: Any, **kwargs: Any) -> Any:
        """Another network that shares nothing with this one but the models; its time begins at 0.

        A subclass is constructed anew, with the arguments given here, else with those of this one; dt and seed are
        those of this one unless given. Other networks are copied with their present values; they take only dt and seed.
        """
        if self._is_subclassed:
            return self._anew(*args, **kwargs)
        options = inspect.signature(Network.__init__).bind(self, *args, **kwargs).arguments
        new = Network(seed=options.get("seed", self._seed))
        new._config = self._config.with_options({"dt": options.get("dt", self.dt)})
        copy_into(new, self)
        return new

    def _anew(self, *args: Any, **kwargs: Any) -> Any:
        """Another network of this class, with the arguments of this one but for those given here."""
        signature = inspect.signature(type(self).__init__)
        bound = signature.bind_partial(self)
        for given in (self._made_with, (args, kwargs)):
            _add_arguments(bound, *given)
        own = {"dt": self.dt, "seed": self._seed, **{name: kwargs[name] for name in _OWN if name in kwargs}}
        bound.arguments.update({name: own.pop(name) for name in _OWN if name in signature.parameters})
        return type(self)(*bound.args[1:], **bound.kwargs, **own)

    @property
    def _is_subclassed(self) -> bool:
        return type(self).__init__ is not Network.__init__

    def parallel_run(
        self,
        method: Callable[..., Any],
        number: int,
        max_processes: int = -1,
        seeds: Any = None,
        measure_time: bool = False,
        **kwargs: Any,
    ) -> list[Any]:
        """Runs a method on independent copies of this network, each in a process of its own.

        A subclass is constructed anew for each run; other networks go on from their present state.

        Args:
            method: takes the network first; its result must be picklable.
            number: of simulations.
            max_processes: at the same time; as many as there are cores if not positive.
            seeds: a list, 'same' for that of this network, 'sequential' for that plus 0, 1, ...; None for fresh ones.
            measure_time: print how long it took.
            kwargs: arguments of the method or the constructor, whichever has them; lists of length `number` hold one
                for each simulation.

        Returns:
            What the method returned in each simulation.

        Raises:
            ModelError: a simulation failed, with what it said; arguments that nobody takes.
        """
        return parallel_run(self, method, number, max_processes, seeds, measure_time, kwargs)

    def _for_run(self, seed: int | None, arguments: Mapping[str, Any]) -> Any:
        """What a forked process simulates: a network constructed anew, or this one with another seed."""
        seed = secrets.randbits(32) if seed is None else seed
        network = self._anew(seed=seed, **arguments) if self._is_subclassed else self
        if network._seed != seed:
            network._set_seed(seed)
            if network.engine is not None:
                network.engine.reseed(seed)
        return network

    def _use_one_thread(self) -> None:
        """Other processes use the other cores; results never depend on it."""
        if self.engine is not None:
            self.engine.use_threads(1)
        elif self._config.num_threads == "auto":
            self._config = replace(self._config, num_threads=1)

    # looking at it

    def memory_footprint(self, show_py_side: bool = True, show_cpp_side: bool = True) -> dict[str, int]:
        """Bytes that each population, projection and monitor takes; printed unless both sides are refused."""
        engine = self.build()
        engine.prepare()
        sizes = {**engine.memory_footprint(), **{monitor.name: monitor._n_bytes() for monitor in self._monitors}}
        if show_py_side or show_cpp_side:
            for name, size in sizes.items():
                print(f"{name}: {size} bytes")
        return sizes

    def pull(self) -> None:
        """Copies now what a device has computed and the host has not; else what is read is copied when it is read."""
        if self.engine is not None:
            self.engine.pull()

    def push(self) -> None:
        """Copies now what has been set to the device, if one runs the steps; else the next simulate() does."""
        if self.engine is not None:
            self.engine.push()

    def timings(self) -> Timings:
        """What the network has taken and done so far; print it for a table.

        Seconds: 'compile_time', 'build_time' ('init_time' and 'init_sparse_time' are in it) and 'run_time', of which
        the steps take 'neuron_update_time', 'presynaptic_update_time', 'postsynaptic_update_time',
        'synapse_dynamics_time', 'recording_time' and 'waiting_time'. Counts: 'steps', 'neuron_updates', 'spikes',
        'synaptic_events'. Quotients: 'ns_per_neuron_update', 'ns_per_event', 'bytes_per_synapse'.
        """
        return Timings.of_nothing() if self.engine is None else self.engine.timings

    def clear(self) -> None:
        """Empties the network: everything in it is gone, and new objects begin a new one."""
        if self.engine is not None:
            self.engine.close()
        self._empty()


_NETWORK = "network"
"""What a file says about the network itself, beside its populations and projections."""

_WORDS = {"pop": "population", "proj": "projection", "monitor": "monitor"}


def _add_arguments(bound: inspect.BoundArguments, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Adds arguments of a constructor to those that there are; the new ones count more."""
    parameters = bound.signature.parameters
    rest = {name: value for name, value in kwargs.items() if name in parameters or name not in _OWN}
    for name, value in bound.signature.bind_partial(None, *args, **rest).arguments.items():
        if parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            value = {**bound.arguments.get(name, {}), **value}
        if name != next(iter(parameters)):
            bound.arguments[name] = value


def _population(side: Any) -> Any:
    """The population of a view, or the population itself."""
    return getattr(side, "population", side)


def _print_timings(name: str, engine: Engine) -> None:
    print(f"{name}\n{engine.timings}")


def _named(objects: Sequence[Any], name: str, word: str) -> Any:
    for obj in objects:
        if obj.name == name:
            return obj
    names = ", ".join(f"'{obj.name}'" for obj in objects) or "none"
    raise ModelError(f"there is no {word} named '{name}' in this network; it has {names}")
