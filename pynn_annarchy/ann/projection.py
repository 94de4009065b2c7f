"""Projections of the ANNarchy interface: synapses of one type between two populations, by dendrite."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.ann import files
from pynn_annarchy.ann.attributes import (
    Attribute,
    WithAttributes,
    attributes_of,
    check_names,
    checked,
    law,
    names_of,
)
from pynn_annarchy.ann.connectors import CONNECTIVITY, Connectors, number_or_array, whole
from pynn_annarchy.ann.dendrites import Dendrite, IndividualSynapse
from pynn_annarchy.ann.distributions import RandomDistribution
from pynn_annarchy.ann.geometry import is_rank
from pynn_annarchy.ann.later import refused
from pynn_annarchy.ann.patterns import Connections, Dendrites
from pynn_annarchy.ann.population import Population, default_network
from pynn_annarchy.ann.running import GRID_TOLERANCE
from pynn_annarchy.ann.user_functions import function_of_model
from pynn_annarchy.ann.views import PopulationView
from pynn_annarchy.engine.arrays import FloatArray, IntArray, Value, as_type, times_of
from pynn_annarchy.engine.clocked import Activity
from pynn_annarchy.engine.connectivity import SynapseBuilder, Synapses
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.model.own_functions import definitions_in
from pynn_annarchy.model.receiving import input_of, with_psp
from pynn_annarchy.model.spec import WEIGHT, ModelSpec

if TYPE_CHECKING:
    from pynn_annarchy.ann.models import Synapse
    from pynn_annarchy.ann.network import Network

DELAY = "delay"


class Projection(Connectors, WithAttributes):
    """Synapses of one type from one population or view to another.

    Synapses lie in dendrites, one for each post-synaptic neuron that has any, in the order of the ranks. Parameters and
    variables are attributes: ``proj.w`` is a list with the list of weights of each dendrite.

    Args:
        pre, post: populations or views.
        target: of the post-synaptic neurons, or a list of targets that one weight drives.
        synapse: type of the synapses, or a class of types; None for those that only transmit.
        name: in messages and look-ups; 'proj0', 'proj1', ... where none is given.
        network: which it belongs to; that of the populations where none is given.

    Raises:
        ModelError: sides of different networks, a target that the neurons do not use.
        EquationError: the equations break a rule.
    """

    network: Network
    name: str
    pre: Population | PopulationView
    post: Population | PopulationView
    target: str | list[str]
    synapse_type: Synapse
    synapses: Synapses | None
    connector_name: str
    connector_description: str
    _FIXED = frozenset({"pre", "post", "target", "synapse_type"})

    def __init__(
        self,
        pre: Any,
        post: Any,
        target: str | Sequence[str] = "",
        synapse: Any = None,
        name: str | None = None,
        disable_omp: bool = True,
        network: Network | None = None,
    ) -> None:
        self._check_sides(pre, post)
        self.pre, self.post = pre, post
        self.network = network or pre.network or default_network()
        names = [target] if isinstance(target, str) else list(target)
        self.target = names[0] if len(names) == 1 else names
        self.synapse_type = _type_of(synapse, whole(pre))
        self.synapses = None
        self.connector_name = self.connector_description = ""
        self._declared = self.synapse_type.declared(self.network._constants)
        check_names(self._declared, Projection, "projections")
        self._attributes = attributes_of(self._declared)
        self._values: dict[str, Value | RandomDistribution] = {
            name: law(value) for name, value in self._declared.values.items()
        }
        self._make: Callable[[], Connections] | None = None
        self._made: Connections | None = None
        """Connections that have not been built yet."""
        self._structure: Dendrites | None = None
        self._rows: object = None
        """The synapses of the engine that the structure is of: others may take their place."""
        self._twins: list[Synapses] = []
        """The same synapses onto the other targets."""
        self._declared_activity = Activity()
        self._read: tuple[object, FloatArray] | None = None
        """Values of an attribute that were read last, after the moment at which that was."""
        self._has_single_weight = False
        """Whether all synapses have one weight, which is shown as one number."""
        self.name = name  # type: ignore[assignment]  # the network names it
        self._check_targets()
        self.network._register(self)
        self.synapse_type.share_constants(self, self.network._constants)

    def _check_sides(self, pre: Any, post: Any) -> None:
        for what, side in (("pre", pre), ("post", post)):
            if not isinstance(side, Population | PopulationView):
                raise ModelError(f"the {what}-synaptic side of a projection is a population or a view, not {side!r}")
        if pre.network is not post.network:
            raise ModelError(
                f"a projection connects populations of one network; '{pre.name}' and '{post.name}' belong to different "
                "ones"
            )

    # names

    @property
    def _label(self) -> str:
        return f"projection '{self.name}'"

    @property
    def targets(self) -> list[str]:
        """The targets, also where there is but one."""
        return [self.target] if isinstance(self.target, str) else list(self.target)

    @property
    def attributes(self) -> list[str]:
        """Names of all parameters and variables, the weight ``w`` among them."""
        return [*self.parameters, *self.variables]

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters."""
        return names_of(self._attributes, are_variables=False)

    @property
    def variables(self) -> list[str]:
        """Names of the variables."""
        return names_of(self._attributes, are_variables=True)

    @property
    def functions(self) -> list[str]:
        """Names of the functions of the model."""
        return list(definitions_in(self._declared.spec.functions))

    def _knows(self, name: str) -> bool:
        return name in self._attributes

    def _callable(self, name: str) -> Callable[..., Any] | None:
        return function_of_model(self._declared, name, self._label, self.network, self.get)

    def _attribute(self, name: str) -> Attribute:
        if name not in self._attributes:
            raise ModelError(self._no_attribute(name))
        return self._attributes[name]

    # connectivity

    def _connect(self, make: Callable[[], Connections], name: str, description: str) -> None:
        if self._make is not None:
            raise ModelError(f"{self._label} has been connected already; use a second projection for more synapses")
        self._take(make())
        self._make, self.connector_name, self.connector_description = make, name, description

    def _take(self, made: Connections) -> None:
        """Keeps connections until they are built."""
        self._made = made
        self._structure = Dendrites(made.pre, made.post)
        weight = next(each for each in self._attributes.values() if each.key == WEIGHT)
        self._has_single_weight = isinstance(made.weights, float) and not weight.is_variable

    @property
    def _dendrites(self) -> Dendrites:
        """Which synapses there are; ModelError before they have been made."""
        if self.synapses is not None and self.synapses.rows is not self._rows:
            self._rows = self.synapses.rows
            self._structure = Dendrites.of_engine(self.synapses.pre(), self.synapses.post())
        if self._structure is None:
            raise ModelError(f"{self._label} has no synapses yet: connect it first, e.g. with all_to_all(weights=1.0)")
        return self._structure

    @property
    def size(self) -> int:
        """Number of post-synaptic neurons that have synapses."""
        return len(self._dendrites)

    def __len__(self) -> int:
        return self.size

    @property
    def nb_synapses(self) -> int:
        """Number of synapses."""
        return self._dendrites.n

    @property
    def nb_synapses_per_dendrite(self) -> list[int]:
        """Number of synapses of each dendrite."""
        return self._dendrites.sizes.tolist()

    @property
    def post_ranks(self) -> list[int]:
        """Ranks of the post-synaptic neurons that have synapses, ascending."""
        return list(self._dendrites.post_ranks)

    @property
    def pre_ranks(self) -> list[list[int]]:
        """For each dendrite the ranks of the pre-synaptic neurons, ascending."""
        return self._dendrites.split(self._dendrites.pre)

    @property
    def dendrites(self) -> Iterator[Dendrite]:
        """All dendrites, one after the other."""
        return (Dendrite(self, rank, position) for position, rank in enumerate(self._dendrites.post_ranks))

    def __iter__(self) -> Iterator[Dendrite]:
        return self.dendrites

    def dendrite(self, post: Any) -> Dendrite:
        """The synapses of one post-synaptic neuron, by its rank or its coordinates.

        Raises:
            ModelError: it has none.
        """
        rank = int(post) if is_rank(post) else self.post.rank_from_coordinates(post)
        position = self._dendrites.position(rank)
        if position is None:
            raise ModelError(f"{self._label}: the neuron of rank {rank} has no synapses")
        return Dendrite(self, rank, position)

    def __getitem__(self, post: Any) -> Dendrite:
        return self.dendrite(post)

    def synapse(self, pre: int, post: int) -> IndividualSynapse:
        """The synapse between two neurons, by their ranks; ModelError where there is none."""
        return self.dendrite(post).synapse(pre)

    # values

    def get(self, name: str) -> Any:
        """A parameter or variable.

        Returns:
            A number where there is one for all synapses, as for weights that were given as one number and cannot
            change by themselves; a list with a value for each dendrite where it is 'semiglobal'; else a list with a
            list for each dendrite.
        """
        if name == DELAY:
            return self.delay
        attribute = self._attribute(name)
        value = self._now(attribute)
        if attribute.is_global or (attribute.key == WEIGHT and self._has_single_weight):
            return as_type(np.ravel(value)[0], attribute.dtype)
        read = np.asarray(as_type(np.broadcast_to(value, (self._n(attribute),)), attribute.dtype))
        return read.tolist() if attribute.locality == "semiglobal" else self._dendrites.split(read)

    def _set(self, name: str, value: Any) -> None:
        attribute = self._attribute(name)
        attribute.check_own(self._label)
        if attribute.key == WEIGHT:
            self._has_single_weight &= np.isscalar(value)
        self._store(attribute, self._drawn(attribute, self._flat(attribute, value)))

    def _take_constant(self, name: str, value: float) -> None:
        self._store(self._attribute(name), value)

    def _store(self, attribute: Attribute, new: Value) -> None:
        """Sets one number, or one value for each synapse or dendrite."""
        if self.synapses is not None:
            self._write(attribute, new)
        elif attribute.key == WEIGHT:
            assert self._made is not None
            self._made = replace(self._made, weights=new)
        else:
            self._values[attribute.name] = new

    def set(self, values: Mapping[str, Any]) -> None:
        """Sets parameters and variables, and the delay, by name; see `get` for the shapes."""
        super().set({name: value for name, value in values.items() if name != DELAY})
        if DELAY in values:
            self.delay = values[DELAY]

    def _n(self, attribute: Attribute) -> int:
        """Number of values that an attribute has."""
        if attribute.is_global:
            return 1
        return self.size if attribute.locality == "semiglobal" else self.nb_synapses

    def _flat(self, attribute: Attribute, value: Any) -> Value | RandomDistribution:
        """What a user gives as one number, a law, or one value for each synapse or dendrite."""
        what = f"'{attribute.name}' of {self._label}"
        if isinstance(value, RandomDistribution) or np.isscalar(value) or attribute.is_global:
            return checked(value, what, attribute.dtype, (), attribute.may_be_infinite)
        shapes = [(self.size if attribute.locality == "semiglobal" else self.nb_synapses,)]
        if attribute.locality != "semiglobal":
            value = self._dendrites.flat(value, self._sizes(), what)
        return checked(value, what, attribute.dtype, shapes, attribute.may_be_infinite)

    def _sizes(self) -> tuple[int, int]:
        """Numbers of neurons of the two populations, the post-synaptic one first."""
        return whole(self.post).size, whole(self.pre).size

    def _drawn(self, attribute: Attribute, value: Value | RandomDistribution) -> Value:
        """A value as numbers; a law is drawn from for each synapse, dendrite or once."""
        if not isinstance(value, RandomDistribution):
            return value
        drawn = value.drawn_with(self.network.default_rng, self._n(attribute)).astype(np.float64)
        return float(drawn[0]) if attribute.is_global else drawn

    def _now(self, attribute: Attribute) -> Value:
        """Present value: one for all, or one for each synapse or dendrite, dendrite after dendrite."""
        if self.synapses is None:
            return self._given(attribute)
        value = self.synapses.get_own(attribute.key)
        if isinstance(value, float):
            return value
        if attribute.is_global:
            return float(value[0])
        if attribute.locality == "semiglobal":
            return value[self._dendrites.post_ranks]
        return self._dendrites.from_engine(value)

    def _lately(self, attribute: Attribute) -> Value:
        """Present value, read once for all dendrites that are looked at one after the other."""
        if self.synapses is None:
            return self._given(attribute)
        if self._read is None or self._read[0] != self._moment(attribute):
            self._read = self._moment(attribute), np.array(self._now(attribute))
        return self._read[1]

    def _moment(self, attribute: Attribute) -> tuple[Attribute, tuple[int, int, int]]:
        """What differs whenever the values of an attribute may."""
        assert self.synapses is not None
        return attribute, self.synapses.network.moment

    def _get_at(self, name: str, position: int) -> Any:
        """A parameter or variable in one dendrite: an array, or a number where there is one for all its synapses."""
        attribute = self._attribute(name)
        value = self._lately(attribute)
        is_one = attribute.is_global or (attribute.key == WEIGHT and self._has_single_weight)
        if is_one:
            return as_type(np.ravel(value)[0], attribute.dtype)
        here = position if attribute.locality == "semiglobal" else self._dendrites.of(position)
        return as_type(np.broadcast_to(value, (self._n(attribute),))[here], attribute.dtype)

    def _set_at(self, name: str, position: int, value: Any, place: int | None = None) -> None:
        """Sets a parameter or variable in one dendrite, or of one synapse in it."""
        attribute = self._attribute(name)
        what = f"'{name}' of {self._label}"
        if attribute.is_global:
            raise ModelError(f"{what} is one value for the whole projection: set it there")
        if attribute.locality == "semiglobal" and place is not None:
            raise ModelError(f"{what} is one value for a whole dendrite: set it there")
        everything = np.arange(self._dendrites.of(position).start, self._dendrites.of(position).stop)
        index = everything if place is None else everything[place : place + 1]
        is_one = attribute.locality == "semiglobal" or place is not None
        shapes = [] if is_one else [(len(index),)]
        new = checked(value, what, attribute.dtype, shapes, attribute.may_be_infinite)
        if isinstance(new, RandomDistribution):
            new = new.drawn_with(self.network.default_rng, 1 if is_one else len(index)).astype(np.float64)
        self._has_single_weight &= attribute.key != WEIGHT
        self._write_at(attribute, position, index, new)

    def _write_at(self, attribute: Attribute, position: int, index: IntArray, new: Value) -> None:
        """Gives synapses of one dendrite new values."""
        if self.synapses is not None:
            known = self._read if self._read is not None and self._read[0] == self._moment(attribute) else None
            self._tell(attribute.key, new, self._engine_index(attribute, position, index))
            if known is not None and attribute.locality == "local":
                known[1][index] = new
                self._read = self._moment(attribute), known[1]
            return
        values = np.array(np.broadcast_to(self._given(attribute), (self._n(attribute),)), np.float64)
        values[position if attribute.locality == "semiglobal" else index] = new
        if attribute.key == WEIGHT:
            assert self._made is not None
            self._made = replace(self._made, weights=values)
        else:
            self._values[attribute.name] = values

    def _engine_index(self, attribute: Attribute, position: int, index: IntArray) -> IntArray:
        """Where the engine keeps an attribute of synapses of one dendrite."""
        if attribute.locality == "semiglobal":
            return np.array([self._dendrites.post_ranks[position]])
        return self._dendrites.engine_index(position)[index - self._dendrites.of(position).start]

    def _write(self, attribute: Attribute, new: Value) -> None:
        """Hands values to the engine."""
        assert self.synapses is not None
        if isinstance(new, float):
            self._tell(attribute.key, new)
        elif attribute.locality == "semiglobal":
            self._tell(attribute.key, new, np.array(self._dendrites.post_ranks))
        else:
            self._tell(attribute.key, self._dendrites.to_engine(new))

    def _tell(self, name: str, new: Value, index: IntArray | None = None) -> None:
        """Sets values of the synapses onto all targets."""
        for synapses in self._built:
            synapses.set(name, new, index)

    @property
    def _built(self) -> list[Synapses]:
        """The synapses of the engine, one projection for each target; none before the network is built."""
        return [] if self.synapses is None else [self.synapses, *self._twins]

    def _given(self, attribute: Attribute) -> Value:
        """The value that an attribute begins with; laws are drawn from once."""
        if attribute.key == WEIGHT:
            self._dendrites  # noqa: B018  # says that there are no synapses yet
            return self._now(attribute) if self._made is None else self._made.weights
        if attribute.name in self._values:
            value = self._values[attribute.name] = self._drawn(attribute, self._values[attribute.name])
            return value
        if attribute.init is None:
            return self._declared.spec.defaults()[attribute.key]
        named = [each for each in self._attributes.values() if each.key in identifiers(attribute.init)]
        return evaluate(attribute.init, {each.key: self._given_for(attribute, each) for each in named})

    def _given_for(self, attribute: Attribute, other: Attribute) -> Value:
        """What another attribute begins with, with as many values as this one has."""
        value = self._given(other)
        is_spread = other.locality == "semiglobal" and attribute.locality == "local" and not isinstance(value, float)
        return np.repeat(value, self._dendrites.sizes) if is_spread else value

    # delays

    @property
    def delay(self) -> float | list[list[float]]:
        """Delays in ms: a number where all are equal, else a list for each dendrite."""
        return self._delays_of(slice(None), self._dendrites.split)

    @delay.setter
    def delay(self, value: Any) -> None:
        what = f"delays of {self._label}"
        shapes = [(self.nb_synapses,)]
        if not isinstance(value, RandomDistribution) and not np.isscalar(value):
            value = self._dendrites.flat(value, self._sizes(), what)
        given = checked(value, what, "float", shapes)
        if isinstance(given, RandomDistribution):
            given = given.drawn_with(self.network.default_rng, self.nb_synapses).astype(np.float64)
        if np.min(given) < 0:
            raise ModelError(f"{what} must not be negative, got {np.min(given)} ms")
        self._store_delays(given)

    def _store_delays(self, new: Value) -> None:
        """Sets delays, one or one for each synapse."""
        if self.synapses is None:
            assert self._made is not None
            self._made = replace(self._made, delays=new)
        elif isinstance(new, float):
            self._tell(DELAY, max(new, self.network.dt))
        else:
            self._tell(DELAY, self._dendrites.to_engine(np.maximum(new, self.network.dt)))

    def _delays_of(self, which: slice, shown: Callable[[FloatArray], Any]) -> Any:
        """Delays of some synapses, in ms: one number where those of the whole projection are equal."""
        if self.synapses is None:
            assert self._made is not None
            delays = times_of(self._delay_steps(self._made.delays), self.network.dt)
        else:
            delays = self._dendrites.from_engine(self.synapses.get(DELAY))
        flat = np.atleast_1d(delays)
        if len(flat) and (flat == flat[0]).all():
            return float(flat[0])
        return shown(flat[which])

    def _delay_steps(self, delays: Value) -> IntArray:
        """Delays as numbers of steps, at least one."""
        return np.maximum(np.rint(np.asarray(delays) / self.network.dt), 1).astype(np.int64)

    # learning and transmission

    @property
    def transmission(self) -> bool:
        """Whether anything comes from the synapses; without, they do not learn either."""
        return self._activity.transmits

    @transmission.setter
    def transmission(self, value: bool) -> None:
        self._act(replace(self._activity, transmits=bool(value)))

    @property
    def axon_transmission(self) -> bool:
        """Whether axonal spikes do anything at the synapses; they do nothing without `transmission` either."""
        return self._activity.axons_transmit

    @axon_transmission.setter
    def axon_transmission(self, value: bool) -> None:
        self._act(replace(self._activity, axons_transmit=bool(value)))

    @property
    def update(self) -> bool:
        """Whether the equations of the synapses are followed."""
        return self._activity.advances

    @update.setter
    def update(self, value: bool) -> None:
        self._act(replace(self._activity, advances=bool(value)))

    @property
    def plasticity(self) -> bool:
        """Whether synapses change their weights; all their other variables go on in any case."""
        return self._activity.changes_weight

    @plasticity.setter
    def plasticity(self, value: bool) -> None:
        self._act(replace(self._activity, changes_weight=bool(value)))

    def enable_learning(self, period: float | None = None, offset: float | None = None) -> None:
        """Lets the synapses learn from now on.

        Args:
            period: their equations are followed once in so many ms, by so much time at once; None for every step.
            offset: ms from now to the first time, less than the period; None for the next multiple of the period.

        Raises:
            ModelError: no multiples of the time step, an offset without a period or not smaller than it.
        """
        dt = self.network.dt
        if period is None and offset is not None:
            raise ModelError(f"enable_learning() of {self._label}: an offset needs a period")
        steps = 1 if period is None else self._steps(period, "period")
        now = self.network.current_step
        first = -now % max(steps, 1) if offset is None else self._steps(offset, "offset")
        if period is not None and not 0 <= first < steps:
            raise ModelError(
                f"enable_learning() of {self._label}: the offset ({first * dt} ms) must be smaller than the period "
                f"({steps * dt} ms), which is at least one time step"
            )
        offset_steps = (now + first) % steps
        self._act(Activity(self._activity.transmits, self._activity.axons_transmit, period=steps, offset=offset_steps))

    def _steps(self, duration: float, what: str) -> int:
        steps = float(duration) / self.network.dt
        if not np.isfinite(steps) or abs(steps - round(steps)) > GRID_TOLERANCE:
            raise ModelError(
                f"enable_learning() of {self._label}: the {what} must be a multiple of the time step "
                f"({self.network.dt} ms), got {duration} ms"
            )
        return round(steps)

    def disable_learning(self) -> None:
        """Lets the equations of the synapses of rate-coded neurons stand still, and the weights of spiking ones."""
        if self.synapse_type.type == "spike":
            self.plasticity = False
        elif self.variables:
            self.update = False

    @property
    def _activity(self) -> Activity:
        """What the synapses do, unless their post-synaptic population stands still."""
        return self._declared_activity if self.synapses is None else self.synapses.activity

    def _act(self, activity: Activity) -> None:
        """Says what the synapses do from now on."""
        self._declared_activity = activity
        for synapses in self._built:
            if activity != synapses.activity:
                synapses.act(activity)

    start_pruning, stop_pruning = refused("start_pruning"), refused("stop_pruning")
    start_creating, stop_creating = refused("start_creating"), refused("stop_creating")
    update_launch_config = refused("update_launch_config")

    # matrices

    def connectivity_matrix(self, fill: float = 0.0) -> FloatArray:
        """Weights as a matrix with a row for each neuron of the post-synaptic population; `fill` for no synapse."""
        return self._matrix("w", fill)

    def _matrix(self, name: str, fill: float) -> FloatArray:
        """Values of one synapse each as a matrix of the whole populations, post-synaptic neurons first."""
        attribute, dendrites = self._attribute(name), self._dendrites
        values = self._now(attribute)
        if attribute.locality == "semiglobal" and not isinstance(values, float):
            values = np.repeat(values, dendrites.sizes)
        matrix = np.full(self._sizes(), float(fill))
        matrix[dendrites.post, dendrites.pre] = values
        return matrix

    def receptive_fields(self, variable: str = "w", in_post_geometry: bool = True) -> FloatArray:
        """The receptive fields of all post-synaptic neurons side by side, 0 where is no synapse.

        Args:
            variable: whose values are shown.
            in_post_geometry: the fields lie as the neurons do, in one or two dimensions; else in a square.
        """
        field = (1, *whole(self.pre).geometry)[-max(2, len(whole(self.pre).geometry)) :]
        height, width = int(np.prod(field[:-1])), field[-1]
        fields = self._matrix(variable, 0.0)[self.post.ranks].reshape(-1, height, width)
        if in_post_geometry:
            geometry = self.post.geometry or (self.post.size,)
            if len(geometry) > 2:
                raise ModelError(f"{self._label}: neurons in {len(geometry)} dimensions; use in_post_geometry=False")
            rows, columns = (1, *geometry)[-2:]
        else:
            columns = int(np.ceil(np.sqrt(len(fields))))
            rows = -(-len(fields) // columns)
        grid = np.zeros((rows * columns, height, width))
        grid[: len(fields)] = fields
        return grid.reshape(rows, columns, height, width).transpose(0, 2, 1, 3).reshape(rows * height, columns * width)

    # files

    def save_connectivity(self, filename: str) -> None:
        """Writes connections, weights and delays to a file, for `from_file` of another projection."""
        files.save(filename, {CONNECTIVITY: self._connectivity()})

    def _connectivity(self) -> dict[str, Any]:
        weight = next(each for each in self._attributes.values() if each.key == WEIGHT)
        delays = self._delays_of(slice(None), lambda flat: flat)
        return {"pre": self._dendrites.pre, "post": self._dendrites.post, "w": self._now(weight), "delay": delays}

    def save(self, filename: str) -> None:
        """Writes connections and the values of all parameters and variables to a file, see Population.save."""
        files.save(filename, {self.name: self._saved()})

    def load(self, filename: str, pickle_encoding: str | None = None) -> None:
        """Reads what `save` has written; the connections become those of the file.

        Raises:
            ModelError: the file holds other projections, or values that do not fit.
        """
        self._restore(files.values_of(files.load(filename, pickle_encoding), self.name, filename))

    def _saved(self) -> dict[str, Any]:
        values = {}
        for name, attribute in self._attributes.items():
            value = self._now(attribute)
            values[name] = np.ravel(value)[0] if attribute.is_global else value
        return {**values, **self._connectivity()}

    def _restore(self, values: Mapping[str, Any]) -> None:
        """Takes over what `_saved` gave."""
        pre, post = (np.asarray(values[side], np.int32) for side in ("pre", "post"))
        known = self._structure
        if known is None or not (np.array_equal(known.pre, pre) and np.array_equal(known.post, post)):
            weights, delays = (number_or_array(values[name]) for name in ("w", DELAY))
            self._replace(self._of_ranks(pre, post, weights, delays))
        for name in (each for each in values if self._knows(each)):
            self._store(self._attribute(name), number_or_array(values[name]))
        self._store_delays(number_or_array(values[DELAY]))

    # building

    def _check_targets(self) -> None:
        post, label = whole(self.post), self._label if self.name else f"the projection to '{self.post.name}'"
        for target in self.targets:
            input_of(post._declared.spec, target, self._declared.spec, label)

    def _with_inputs(self, spec: ModelSpec) -> ModelSpec:
        """A type of neurons that takes what the synapses transmit all the time, also where it is spiking.

        Known before the neurons are built, it is compiled once; projections that are made later change it then.
        """
        if not self._declared.spec.psp.strip():
            return spec
        for target in self.targets:
            if target in {receptor.name for receptor in spec.receptors}:
                spec = with_psp(spec, target)
        return spec

    def _build(self) -> None:
        """Makes the synapses of the engine, with all values that have been given."""
        self._dendrites  # noqa: B018  # says that there are no synapses yet
        assert self._made is not None
        given = {each: self._given(each) for each in self._attributes.values() if self._is_given(each)}
        built = [self._engine_synapses(target, self._made) for target in self.targets]
        for twin in built[1:]:
            twin.object_index = built[0].object_index  # what is drawn is the same
        self.synapses, self._twins, self._rows, self._made = built[0], built[1:], built[0].rows, None
        for attribute, value in given.items():
            self._write(attribute, value)
        self._act(self._declared_activity)

    def _engine_synapses(self, target: str, made: Connections) -> Synapses:
        """The synapses onto one target, in the engine."""
        assert self.network.engine is not None
        pre, post = whole(self.pre).cells, whole(self.post).cells
        spec = self.network._with_method(self._declared.spec)
        label = str(self.name) if len(self.targets) == 1 else f"{self.name} onto {target}"
        builder = self.network.engine.connect(pre, post, target, spec, label)
        builder.add(made.pre, made.post, made.weights, self._delay_steps(made.delays))
        return builder.finish()

    def _replace(self, made: Connections) -> None:
        """Other connections in the place of those that there are, with other variables at their beginning."""
        self._take(made)
        for synapses in self._built:
            builder = SynapseBuilder(synapses)
            builder.add(made.pre, made.post, made.weights, self._delay_steps(made.delays))
            builder.finish()
        if self.synapses is None:
            return
        self._rows, self._made = self.synapses.rows, None
        for attribute in self._attributes.values():
            if self._is_given(attribute):
                self._write(attribute, self._given(attribute))

    def _is_given(self, attribute: Attribute) -> bool:
        """Whether the engine must be told what an attribute begins with, besides the weight."""
        if attribute.key == WEIGHT:
            return False
        return not attribute.is_variable or attribute.name in self._values

    def reset(self, attributes: Sequence[str] | int = -1, synapses: bool = False) -> None:
        """Gives parameters and variables but the weight the values that they had when the network was built.

        Args:
            attributes: names; -1 for all.
            synapses: connects anew, too, as the connector did: with new random weights, delays and connections.
        """
        if synapses and self._make is not None:
            self._replace(self._make())
        names = self.attributes if attributes == -1 else list(attributes)  # type: ignore[arg-type]
        for attribute in [self._attribute(name) for name in names]:
            if self.synapses is not None and attribute.key != WEIGHT:
                self._write(attribute, self._given(attribute))

    def _unbuilt(self) -> dict[str, Any]:
        """Attributes that building sets, and connections, as they are before."""
        names = ("synapses", "_rows", "_make", "_made", "_structure", "_read")
        return {**dict.fromkeys(names), "_twins": []}

    def __repr__(self) -> str:
        return f"<Projection '{self.name}' from '{self.pre.name}' to '{self.post.name}', target '{self.target}'>"


def _type_of(synapse: Any, pre: Population) -> Synapse:
    """The type of the synapses: that given, or one that only transmits."""
    from pynn_annarchy.ann.models import Synapse

    if synapse is None:
        return Synapse(pre_spike="g_target += w") if pre.neuron_type.type == "spike" else Synapse(psp="w * pre.r")
    made = synapse() if isinstance(synapse, type) else synapse
    if not isinstance(made, Synapse):
        raise ModelError(f"a projection needs a type of synapses, e.g. ann.Synapse(equations=...), not {synapse!r}")
    return made
