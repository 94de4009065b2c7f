"""The network of the ANNarchy interface: populations, projections and monitors by name, and their way through time."""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.ann.config import checked_seed
from pynn_annarchy.engine.arrays import time_of
from pynn_annarchy.engine.network import Network as Engine
from pynn_annarchy.exceptions import ModelError

if TYPE_CHECKING:
    from pynn_annarchy.ann.monitor import Monitor
    from pynn_annarchy.ann.population import Population
    from pynn_annarchy.ann.projection import Projection


class _NetworkType(type):
    """Lets subclasses of Network leave out ``super().__init__()``, and take dt= and seed= without naming them."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        network = cls.__new__(cls)
        signature = inspect.signature(cls.__init__)
        named = set(signature.parameters)
        own = {name: kwargs[name] for name in ("dt", "seed") if name in kwargs}
        rest = {name: value for name, value in kwargs.items() if name not in own or name in named}
        bound = signature.bind(network, *args, **rest)
        bound.apply_defaults()
        own = {**{name: bound.arguments[name] for name in ("dt", "seed") if name in bound.arguments}, **own}
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
        """All is done before, by `_begin`, so that subclasses may leave out to call this."""

    def _begin(self, dt: float | None = None, seed: int | None = None) -> None:
        from pynn_annarchy.ann.magic import default_config

        self._config = default_config()
        self.engine: Engine | None = None
        self._populations: list[Population] = []
        self._projections: list[Projection] = []
        self._monitors: list[Monitor] = []
        self._pending: list[Any] = []
        self._is_building = False
        if dt is not None:
            self._configure({"dt": dt})
        self._set_seed(self._config.seed if seed is None else checked_seed(seed))

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
        """Sets options of this network, see `Config` and `config.READERS`.

        Raises:
            ModelError: an option that has no meaning here, or a change after the network was built.
        """
        self._configure(options)
        if "seed" in options:
            self._set_seed(self._config.seed)

    def _configure(self, options: dict[str, Any]) -> None:
        config = self._config.with_options(options)
        if self.engine is not None and config != self._config:
            changed = next(name for name in vars(config) if getattr(config, name) != getattr(self._config, name))
            raise ModelError(
                f"{changed} cannot be changed any more: the network has been built, by compile(), simulate() or by "
                "looking at a value that only the built network has; call config() before"
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

    def _register(self, obj: Any) -> None:
        """Takes an object in, gives it a name unless it has one, and builds it with the next build()."""
        kind, objects = self._kind(obj)
        names = {other.name for other in objects}
        if obj.name is None:
            obj.name = next(free for i in range(len(objects) + 1) if (free := f"{kind}{i}") not in names)
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
        former = obj.network
        if former is self:
            return obj
        former._withdraw(obj)
        obj.network = self
        obj.name = name
        self._register(obj)
        return obj

    def _withdraw(self, obj: Any) -> None:
        _, objects = self._kind(obj)
        if obj not in self._pending:
            raise ModelError(f"'{obj.name}' belongs to another network, in which it has been built")
        self._pending.remove(obj)
        objects.remove(obj)

    # names

    def get_population(self, name: str) -> Any:
        """The population of that name."""
        return _named(self._populations, name, "population")

    def get_projection(self, name: str) -> Any:
        """The projection of that name."""
        return _named(self._projections, name, "projection")

    def get_monitor(self, name: str) -> Any:
        """The monitor of that name."""
        return _named(self._monitors, name, "monitor")

    def get_populations(self) -> list[Any]:
        """All populations, in the order of their creation."""
        return list(self._populations)

    def get_monitors(self) -> list[Any]:
        """All monitors, in the order of their creation."""
        return list(self._monitors)

    # time

    @property
    def compiled(self) -> bool:
        """Whether the network has been built."""
        return self.engine is not None

    @property
    def current_step(self) -> int:
        """Number of steps done."""
        return 0 if self.engine is None else self.engine.step

    @property
    def time(self) -> float:
        """Present time, in ms."""
        return time_of(self.current_step, self.dt)

    def build(self) -> None:
        """Makes the engine's network and everything in it that is not there yet, in the order of creation."""
        if self._is_building:
            return
        if self.engine is None:
            config = self._config
            self.engine = Engine(
                dt=config.dt, seed=self._seed, threads=config.num_threads, options=config.engine_options()
            )
        self._is_building = True
        try:
            while self._pending:
                self._pending[0]._build()
                self._pending.pop(0)
        finally:
            self._is_building = False

    def compile(self) -> None:
        """Generates and compiles the code of all models, and builds the network."""
        self.build()
        assert self.engine is not None
        self.engine.prepare()

    def simulate(self, duration: float, measure_time: bool = False) -> None:
        """Runs for a duration, in ms."""
        self.build()
        assert self.engine is not None
        self.engine.run(round(duration / self.dt))

    def step(self) -> None:
        """Runs for one time step."""
        self.simulate(self.dt)


_WORDS = {"pop": "population", "proj": "projection", "monitor": "monitor"}


def _named(objects: Sequence[Any], name: str, word: str) -> Any:
    for obj in objects:
        if obj.name == name:
            return obj
    names = ", ".join(f"'{obj.name}'" for obj in objects) or "none"
    raise ModelError(f"there is no {word} named '{name}' in this network; it has {names}")
