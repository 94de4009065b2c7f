"""Populations of the ANNarchy interface: neurons of one type in a geometry, every value an attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

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
from pynn_annarchy.ann.constants import constants
from pynn_annarchy.ann.distributions import RandomDistribution
from pynn_annarchy.ann.geometry import Geometry, Shape, is_rank
from pynn_annarchy.ann.models import Neuron
from pynn_annarchy.ann.stopping import StopCondition
from pynn_annarchy.ann.user_functions import function_of_model
from pynn_annarchy.ann.views import IndividualNeuron, PopulationView
from pynn_annarchy.engine.arrays import AnyArray, IntArray, Reading, Value, as_type
from pynn_annarchy.engine.cells import Cells, SpikeSource
from pynn_annarchy.engine.firing_rate import RATE
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.names import suggestion, sum_of
from pynn_annarchy.language.syntax import Number
from pynn_annarchy.model.check import check
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.model.own_functions import definitions_in
from pynn_annarchy.model.receiving import receptors_used
from pynn_annarchy.model.refractory import with_refractory

if TYPE_CHECKING:
    from pynn_annarchy.ann.network import Network
    from pynn_annarchy.ann.projection import Projection
    from pynn_annarchy.ann.recorded import SpikeFeed


class Population(WithAttributes):
    """Neurons of one type. Parameters and variables are attributes, arrays in the geometry of the population.

    Args:
        geometry: number of neurons, or numbers along each dimension.
        neuron: the type of the neurons, or a class of types.
        name: in messages and look-ups; 'pop0', 'pop1', ... where none is given.
        stop_condition: when `simulate_until` shall stop, e.g. ``"r > 1.0 : any"``.
        storage_order: accepted for old scripts; results never depend on it.
        network: which it belongs to; the default one where none is given.

    Raises:
        ModelError: a wrong geometry, no type of neurons.
        EquationError: the equations break a rule.
    """

    network: Network
    name: str
    size: int
    geometry: Shape
    neuron_type: Neuron
    stop_condition: StopCondition | None
    cells: Cells | SpikeSource | None
    _values: dict[str, Value | RandomDistribution]
    """What attributes begin with, where that has been given."""
    _FIXED = frozenset({"size", "geometry", "neuron_type"})
    _OTHERS: ClassVar[tuple[str, ...]] = ()
    """Attributes that hold what the population was given besides values: numbers, arrays, lists and dictionaries."""

    def __init__(
        self,
        geometry: Any,
        neuron: Any = None,
        name: str | None = None,
        stop_condition: str | None = None,
        storage_order: str = "post_to_pre",
        network: Network | None = None,
    ) -> None:
        what = "a population" if name is None else f"population '{name}'"
        self._grid = Geometry.of(geometry, what)
        self.geometry, self.size = self._grid.shape, self._grid.size
        self.neuron_type = neuron() if isinstance(neuron, type) else neuron
        if not isinstance(self.neuron_type, Neuron):
            raise ModelError(f"{what} needs a type of neurons, e.g. ann.Neuron(equations=...), not {neuron!r}")
        self.cells = None
        self._feeds: dict[str, SpikeFeed] = {}
        """Where monitors of its spikes get them from."""
        self._is_enabled = True
        self.network = network or default_network()
        self._declared = self.neuron_type.declared(self.network._constants)
        check_names(self._declared, Population, "populations")
        self._attributes = attributes_of(self._declared)
        self.stop_condition = None
        if stop_condition is not None:
            self.stop_condition = StopCondition.read(
                stop_condition, self._declared.spec, constants(self.network._constants)
            )
        self._values = {name: law(value) for name, value in self._declared.values.items()}
        self._firing_rate_window: float | None = None
        self._has_firing_rate = self._spikes and RATE not in self._attributes
        self._take_attributes()
        self.name = name  # type: ignore[assignment]  # the network names it
        self.network._register(self)
        self.neuron_type.share_constants(self, self.network._constants)

    # names

    def _take_attributes(self) -> None:
        """Names of the model; neurons that spike have a firing rate besides."""
        self._attributes = attributes_of(self._declared)
        if self._has_firing_rate:
            self._attributes[RATE] = Attribute(RATE, RATE, "local", "float", Number(0.0))

    @property
    def _label(self) -> str:
        return f"population '{self.name}'"

    @property
    def attributes(self) -> list[str]:
        """Names of all parameters and variables."""
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

    @property
    def targets(self) -> list[str]:
        """Targets of the projections that reach the population."""
        return list(dict.fromkeys(target for projection in self._incoming for target in projection.targets))

    @property
    def _incoming(self) -> list[Projection]:
        """Projections that reach the population or a view of it."""
        return [each for each in self.network._projections if getattr(each.post, "population", each.post) is self]

    # shape

    @property
    def ranks(self) -> IntArray:
        """Ranks of all neurons."""
        return np.arange(self.size)

    @property
    def dimension(self) -> int:
        """Number of dimensions of the geometry."""
        return len(self.geometry)

    @property
    def width(self) -> int:
        """Neurons along the first dimension."""
        return self.geometry[0]

    @property
    def height(self) -> int:
        """Neurons along the second dimension."""
        return self.geometry[1] if self.dimension > 1 else 1

    @property
    def depth(self) -> int:
        """Neurons along the third dimension."""
        return self.geometry[2] if self.dimension > 2 else 1

    def __len__(self) -> int:
        return self.size

    def rank_from_coordinates(self, coord: Any) -> int:
        """Rank of the neuron at the coordinates; ModelError where there is none."""
        return self._grid.rank(coord, self._label)

    def coordinates_from_rank(self, rank: int) -> Shape:
        """Coordinates of the neuron of a rank; ModelError where there is none."""
        return self._grid.coordinates(rank, self._label)

    def normalized_coordinates_from_rank(self, rank: int, norm: float = 1.0) -> tuple[float, ...]:
        """Coordinates between 0 and `norm` along each dimension."""
        self.coordinates_from_rank(rank)
        return tuple(self._grid.normalized(norm)[rank].tolist())

    # parts

    def neuron(self, *coord: Any) -> IndividualNeuron:
        """One neuron, by its rank or its coordinates."""
        given = coord[0] if len(coord) == 1 else coord
        if isinstance(given, tuple | list | np.ndarray):
            return IndividualNeuron(self, self.rank_from_coordinates(given))
        return IndividualNeuron(self, given)

    @property
    def neurons(self) -> Iterator[IndividualNeuron]:
        """All neurons, one after the other."""
        return (self.neuron(rank) for rank in range(self.size))

    def __iter__(self) -> Iterator[IndividualNeuron]:
        return self.neurons

    def __getitem__(self, key: Any) -> PopulationView:
        """The neurons of these ranks, coordinates or truth values; of one coordinate tuple, that neuron."""
        ranks, shape = self._grid.chosen(key, self._label)
        if isinstance(key, tuple) and len(key) == self.dimension and all(is_rank(each) for each in key):
            return IndividualNeuron(self, int(ranks[0]))
        return PopulationView(self, ranks, shape)

    # values

    def get(self, name: str) -> Any:
        """A parameter or variable: an array in the geometry, or a number where there is one for all neurons."""
        attribute = self._attribute(name)
        value = self._now(attribute)
        if attribute.is_global:
            return as_type(np.ravel(value)[0], attribute.dtype)
        values = np.broadcast_to(value, (self.size,))
        return np.asarray(as_type(values, attribute.dtype)).reshape(self.geometry)

    def _set(self, name: str, value: Any) -> None:
        attribute = self._attribute(name)
        attribute.check_own(self._label)
        self._assign(attribute, value)

    def _take_constant(self, name: str, value: float) -> None:
        self._assign(self._attribute(name), value)

    def _assign(self, attribute: Attribute, value: Any, ranks: IntArray | None = None) -> None:
        """Gives an attribute a value, of all neurons or of some."""
        if self._is_firing_rate(attribute.name):
            raise ModelError(f"'{RATE}' of {self._label} is its firing rate and cannot be set")
        if isinstance(value, str):
            value = self.get(value) if ranks is None else self.get(value).reshape(-1)[ranks]
        new = self._checked(attribute, value, ranks)
        if self.cells is not None:
            self._assign_built(attribute, self._drawn(attribute, new, ranks), ranks)
        elif ranks is None:
            self._values[attribute.name] = new
        else:
            old = np.array(np.broadcast_to(self._now(attribute), (self.size,)), np.float64)
            old[ranks] = self._drawn(attribute, new, ranks)
            self._values[attribute.name] = old

    def _assign_built(self, attribute: Attribute, new: Value, ranks: IntArray | None) -> None:
        assert isinstance(self.cells, Cells)
        if attribute.is_variable:
            self.cells.set_state(attribute.key, new, ranks)
        else:
            self.cells.set(attribute.key, new, ranks)

    def _checked(self, attribute: Attribute, value: Any, ranks: IntArray | None) -> Value | RandomDistribution:
        what = f"'{attribute.name}' of {self._label}"
        if attribute.is_global:
            if ranks is not None:
                raise ModelError(f"{what} is one value for the whole population: set it there, not on a view")
            return checked(value, what, attribute.dtype, (), attribute.may_be_infinite)
        shapes = [(self.size,), self.geometry] if ranks is None else [(len(ranks),)]
        return checked(value, what, attribute.dtype, shapes, attribute.may_be_infinite)

    def _drawn(self, attribute: Attribute, value: Value | RandomDistribution, ranks: IntArray | None = None) -> Value:
        """A value as numbers: a law is drawn from, once for each neuron that it is meant for."""
        if not isinstance(value, RandomDistribution):
            return value
        if attribute.is_global:
            return float(value.drawn_with(self.network.default_rng, 1)[0])
        n = self.size if ranks is None else len(ranks)
        return value.drawn_with(self.network.default_rng, n).astype(np.float64)

    def _now(self, attribute: Attribute) -> Reading:
        """Present value, or the one that it will begin with."""
        if self.cells is None:
            return self._given(attribute)
        assert isinstance(self.cells, Cells)
        return self.cells.state(attribute.key) if attribute.is_variable else self.cells.get(attribute.key)

    def _given(self, attribute: Attribute) -> Value:
        """The value that an attribute begins with; laws are drawn from once."""
        if attribute.name in self._values:
            value = self._values[attribute.name] = self._drawn(attribute, self._values[attribute.name])
            return value
        if attribute.init is None:
            return self._declared.spec.defaults()[attribute.key]
        return evaluate(attribute.init, self._parameters())

    def _parameters(self) -> dict[str, Value]:
        """Values of all parameters at the beginning, by the engine's names."""
        given = {each.key: self._given(each) for each in self._attributes.values() if not each.is_variable}
        return {**self._declared.spec.defaults(), **given}

    def _attribute(self, name: str) -> Attribute:
        if name not in self._attributes:
            raise ModelError(self._no_attribute(name))
        return self._attributes[name]

    # spikes

    @property
    def _spikes(self) -> bool:
        spec = self._declared.spec
        return bool(spec.spike.strip() or spec.emits.strip())

    def compute_firing_rate(self, window: float = 1000.0) -> None:
        """Lets `r` be the number of spikes in a window of so many ms up to the present, in Hz; without it, `r` is 0."""
        if not self._spikes:
            raise ModelError(f"{self._label} does not spike: it has no firing rate")
        self._firing_rate_window = window
        if isinstance(self.cells, Cells):
            self.cells.compute_firing_rate(window)

    # input

    def sum(self, target: str) -> AnyArray:
        """What the neurons have received by a target in the last step; 0 where no projection has that target.

        Raises:
            ModelError: the equations do not use the target.
        """
        spec = self._declared.spec
        used = receptors_used(spec)
        if target not in used:
            hint = suggestion(target, used) or f"they use {', '.join(used) or 'none'}"
            raise ModelError(f"the neurons of {self._label} do not use the target '{target}'; {hint}")
        if not isinstance(self.cells, Cells):
            return np.zeros(self.geometry)
        self.cells.prepare()
        is_receptor = target in self.cells.receptors
        values = self.cells.sample(f"g_{target}" if is_receptor else sum_of(target))
        return np.array(values, np.float64).reshape(self.geometry)

    # building

    def _build(self) -> None:
        """Makes the cells of the engine, with all values that have been given."""
        assert self.network.engine is not None
        label = str(self.name)
        spec = self.network._with_method(self._declared.spec)
        for projection in self._incoming:
            spec = projection._with_inputs(spec)
        cells = self.network.engine.add_cells(spec, self.size, self._parameters(), label)
        for attribute in self._attributes.values():
            if attribute.is_variable and attribute.name in self._values:
                cells.set_initial(attribute.key, self._given(attribute))
        if self._firing_rate_window is not None:
            cells.compute_firing_rate(self._firing_rate_window)
        self.cells = cells
        self._set_enabled(self._is_enabled)

    def reset(self, attributes: list[str] | None = None) -> None:
        """Gives parameters and variables the values that they had when the network was built.

        Args:
            attributes: names of those that are reset; None for all, and to forget refractory times. What is under way
                to others is forgotten in any case, see `clear`.
        """
        chosen = [self._attribute(name) for name in (self.attributes if attributes is None else attributes)]
        if self.cells is None:
            return
        assert isinstance(self.cells, Cells)
        self.cells.set_many({each.key: self._given(each) for each in chosen if not each.is_variable})
        if attributes is None:
            self.cells.restore_initial()
        else:
            for attribute in (each for each in chosen if each.is_variable and not self._is_computed(each.name)):
                self.cells.set_state(attribute.key, self._given(attribute))
        self.clear()

    def clear(self) -> None:
        """Forgets the spikes of the population that are still under way to others.

        Rates that reach others after a delay are the present ones from now on.
        """
        if self.cells is not None:
            self.cells.network.clear_spikes(self.cells)

    # switching off and on

    @property
    def enabled(self) -> bool:
        """Whether the population goes on with time."""
        return self._is_enabled if self.cells is None else self.cells.is_active

    def enable(self) -> None:
        """Lets the population go on after `disable`."""
        self._set_enabled(True)

    def disable(self) -> None:
        """Lets the population stand still: its values stay, it does not spike, and what is sent to it is lost.

        Projections to it do not transmit meanwhile, and rate-coded ones do not learn.
        """
        self._set_enabled(False)

    def _set_enabled(self, enabled: bool) -> None:
        self._is_enabled = enabled
        if self.cells is not None:
            self.cells.network.activate(self.cells, enabled)

    # refractoriness

    @property
    def refractory(self) -> Any:
        """Refractory period of spiking neurons in ms: a number or an array; 0 where there is none.

        It may be set to a number, an array or a distribution at any time, whatever the type says.

        Raises:
            ModelError: the neurons do not spike.
        """
        text = self._refractory()
        if text in self._attributes:
            return self.get(text)
        period = check(self._declared.spec).refractory
        if period is None:
            return 0.0
        values = {each.key: self._now(each) for each in self._attributes.values()}
        now = evaluate(period, {**values, "dt": self.network.dt})
        return np.broadcast_to(now, (self.size,)).reshape(self.geometry)

    @refractory.setter
    def refractory(self, value: Any) -> None:
        what, text = f"the refractory period of {self._label}", self._refractory()
        given = checked(value, what, "float", [(self.size,), self.geometry])
        if not isinstance(given, RandomDistribution) and np.min(given) < 0:
            raise ModelError(f"{what} must not be negative, got {np.min(given):g}")
        if text not in self._attributes:
            if isinstance(self.cells, Cells):
                self.cells.set_refractory(self.cells.refractory)
            self._declared = replace(self._declared, spec=with_refractory(self._declared.spec))
            self._take_attributes()
            text = self._declared.spec.refractory
        self._set(text, given)

    def _refractory(self) -> str:
        """The refractory period as the type has it, '' for none; ModelError where neurons do not spike."""
        if not self._declared.spec.spike:
            raise ModelError(f"the neurons of {self._label} do not spike, and have no refractory period")
        return self._declared.spec.refractory

    # files

    def save(self, filename: str) -> None:
        """Writes the values of all parameters and variables to a file: .npz, .gz, .mat, or any other for a pickle."""
        files.save(filename, {self.name: self._saved()})

    def load(self, filename: str, pickle_encoding: str | None = None) -> None:
        """Reads the values of all parameters and variables that `save` has written.

        Raises:
            ModelError: the file holds other populations, or values that do not fit.
        """
        self._restore(files.values_of(files.load(filename, pickle_encoding), self.name, filename))

    def _saved(self) -> dict[str, Any]:
        return {name: self.get(name) for name in self.attributes if not self._is_computed(name)}

    def _is_computed(self, name: str) -> bool:
        """Whether an attribute follows from others and cannot be set."""
        return self._is_firing_rate(name)

    def _is_firing_rate(self, name: str) -> bool:
        return name == RATE and self._has_firing_rate

    def _restore(self, values: Mapping[str, Any]) -> None:
        """Sets what `_saved` gave, but for firing rates, which belong to the spikes of their window."""
        self.set({name: value for name, value in values.items() if name != RATE or not self._has_firing_rate})

    def _unbuilt(self) -> dict[str, Any]:
        """Attributes that building sets, as they are before."""
        return {"cells": None, "_feeds": {}}

    def __repr__(self) -> str:
        return f"<Population '{self.name}' of {self.size} {self._declared.spec.name}>"


def default_network() -> Network:
    """The network of what is made without one."""
    from pynn_annarchy.ann.magic import default_network as of_functions

    return of_functions()
