"""Synapses of one projection: staged by connectors, sorted natively into rows, shown in canonical order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pynn_annarchy.engine import _binding
from pynn_annarchy.engine.arrays import AnyArray, FloatArray, IntArray, Value, finite, spread, times_of, updated
from pynn_annarchy.engine.cells import Cells
from pynn_annarchy.engine.clocked import Activity, is_static
from pynn_annarchy.engine.learning import LearningState
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.kernels.ir import ClockedKernel, LearningKernel
from pynn_annarchy.language.flags import LOCALITIES
from pynn_annarchy.model.receiving import input_of
from pynn_annarchy.model.spec import WEIGHT, ModelSpec, Order
from pynn_annarchy.targets.compile import CompiledModel, Storage

if TYPE_CHECKING:
    from pynn_annarchy.engine.axons import Axons
    from pynn_annarchy.engine.cells import Population
    from pynn_annarchy.engine.network import Network

LONGEST_DELAY = 65535
"""In steps."""

Law = tuple[int, float, float, float, float, int, int, int]
"""Kind, two parameters, two limits, key, stream, position; see native/include/pynn_annarchy/generate.h."""
Drawn = tuple[float, float, bool]

Int32Array = npt.NDArray[np.int32]


class SynapseBuilder:
    """Takes synapses in any order and number of calls; `finish` sorts them. Nothing changes in the network before."""

    def __init__(self, synapses: Synapses) -> None:
        self._synapses = synapses
        self._staging = _binding.Staging(synapses.pre_size, synapses.post_size)
        self._values: dict[str, list[tuple[int, Any]]] = {}
        self._pairs: list[tuple[Int32Array, Int32Array]] = []

    def __len__(self) -> int:
        return len(self._staging)

    def add(self, pre: Any, post: Any, weight: Any, delay_steps: Any, **values: Any) -> None:
        """Adds synapses; each argument is one value for all of them or an array, all arrays of one length.

        Args:
            pre, post: indices in the populations.
            weight: in the unit of the receptor's increments.
            delay_steps: whole numbers of steps, 1 to 65535.
            values: further parameters of the synapse type, the same ones in every call.

        Raises:
            ModelError: an index or delay out of range, a value that is not finite; names the projection.
        """
        pre = np.ascontiguousarray(np.atleast_1d(pre), np.int32)
        post = np.ascontiguousarray(np.atleast_1d(post), np.int32)
        weight = np.ascontiguousarray(np.atleast_1d(weight), np.float64)
        delay = np.atleast_1d(delay_steps)
        n = max(len(pre), len(post)) if len(pre) and len(post) else 0
        if n == 0:
            return
        label = self._synapses.label
        for name, index, size in (("pre", pre, self._synapses.pre_size), ("post", post, self._synapses.post_size)):
            if index.min() < 0 or index.max() >= size:
                raise ModelError(f"'{label}': a {name}-synaptic index lies outside 0..{size - 1}")
        if not np.isfinite(weight).all():
            raise ModelError(f"'{label}': weights must be finite")
        if delay.min() < 1 or delay.max() > LONGEST_DELAY:
            raise ModelError(
                f"'{label}': delays must be 1 to {LONGEST_DELAY} steps, got {delay.min()} to {delay.max()}"
            )
        for name, value in values.items():
            self._values.setdefault(name, []).append((n, finite(value, f"{name} of '{label}'")))
        if values:
            self._pairs.append((np.broadcast_to(pre, (n,)), np.broadcast_to(post, (n,))))
        self._staging.add(n, pre, post, weight, np.ascontiguousarray(delay, np.uint16))

    def generate(
        self, n: int, pairs: tuple[int, int, int], weight: Law, delay: Law, tolerance: float, **values: float
    ) -> tuple[Drawn, Drawn]:
        """Draws ``n`` synapses between any two cells, on all threads; what is drawn does not depend on their number.

        Args:
            pairs: key, stream and position of the random numbers that choose the cells.
            weight, delay: the laws of both, delays in ms; see native/include/pynn_annarchy/generate.h.
            tolerance: of the rounding of delays to steps.
            values: further parameters of the synapse type, one number for all synapses.

        Returns:
            For weights and for delays: least, greatest, and whether the law has failed.
        """
        network = self._synapses.network
        drawn = self._staging.generate(n, pairs, weight, delay, network.dt, tolerance, network.n_threads)
        for name, value in values.items():
            self._values.setdefault(name, []).append((n, finite(value, f"{name} of '{self._synapses.label}'")))
        return drawn

    def finish(self) -> Synapses:
        """Sorts what was added and hands it to the network, in the place of what the projection held before."""
        if self._synapses.rows is not None:
            self._synapses.forget()
        self._synapses._replace(self._staging)
        order: IntArray | None = None
        for name, parts in self._values.items():
            numbers = {value if isinstance(value, float) else None for _, value in parts}
            if len(numbers) == 1 and None not in numbers:
                self._synapses.set(name, numbers.pop())
                continue
            if order is None:
                pre, post = (np.concatenate(side) for side in zip(*self._pairs, strict=True))
                order = np.lexsort((post, pre))
            values = np.concatenate([np.broadcast_to(value, (n,)) for n, value in parts])
            self._synapses.set(name, values[order])
        self._values, self._pairs = {}, []
        return self._synapses


class Synapses:
    """All connections of one projection between two populations, onto one receptor.

    Args:
        dendritic: part of each delay that lies between the synapse and the cell, for synapses that learn.
    """

    def __init__(
        self,
        network: Network,
        pre: Population,
        post: Cells,
        receptor: str,
        spec: ModelSpec,
        label: str,
        number: int,
        dendritic: float = 0.0,
    ) -> None:
        self.network = network
        self.pre_cells = pre
        self.post_cells = post
        of_psp = spec.psp.strip()
        self.input = input_of(post.spec, receptor, spec, f"projection '{label}'") if of_psp else None
        """The input of the post-synaptic cells that takes what is transmitted all the time; None: spikes alone send."""
        self.receptor_number = post.receptor_number(receptor) if self.input is None else -1
        self.spec = spec
        self.label = label
        self.number = number
        self.dendritic = dendritic
        self.rows: _binding.Rows | None = None
        self.object_index = 0
        self.is_bound = False
        self.parameters: dict[str, Value] = {name: value for name, value in spec.defaults().items() if name != "weight"}
        """Values of all but the weight and the delay, which lie in the rows: one for all synapses or one for each."""
        self.compiled: CompiledModel | None = None
        self.state = LearningState(self)
        self.activity = Activity()
        self._order: npt.NDArray[np.uint64] | None = None

    @property
    def axons(self) -> Axons | None:
        """The axonal spikes that the synapses hear of."""
        return self.pre_cells.axons if self.spec.pre_axon_spike.strip() and isinstance(self.pre_cells, Cells) else None

    def hear_of(self, population: Population) -> bool:
        """Whether these synapses are where spikes of a population go, or its axonal ones."""
        return population is self.pre_cells or (population is not None and population is self.axons)

    @property
    def pre_size(self) -> int:
        return self.pre_cells.size

    @property
    def post_size(self) -> int:
        return self.post_cells.size

    @property
    def n(self) -> int:
        """Number of synapses."""
        return 0 if self.rows is None else len(self.rows)

    @property
    def storage(self) -> Storage:
        """Whether a parameter differs between synapses, so that nothing that depends on it can be kept once a cell."""
        return self.state.storage()

    def shared_values(self, model: CompiledModel) -> FloatArray:
        """What the synapse's kernel reads as shared, in the order of its table."""
        values = model.prepare(self.parameters, self.network.dt) if model.shared else {}
        return np.array([values[name] for name in model.shared], np.float64)

    @property
    def nbytes(self) -> int:
        """Memory that the synapses take, without the cached order."""
        return 0 if self.rows is None else int(self.rows.nbytes)

    @property
    def weight_unit(self) -> float:
        """Weights are whole multiples of this, which have 16 bits; 0 where they are kept exactly."""
        return 0.0 if self.rows is None else self.rows.weight_unit

    def rounded(self, weight: Any) -> Any:
        """Weights as they are kept where the unit is the present one."""
        unit = self.weight_unit
        return np.rint(np.asarray(weight) / unit) * unit if unit else weight

    def pre(self) -> Int32Array:
        """Pre-synaptic index of each synapse, in the order (pre, post, creation)."""
        return np.asarray(self._column("pre"), np.int32)

    def post(self) -> Int32Array:
        """Post-synaptic index of each synapse."""
        return np.asarray(self._column("post"), np.int32)

    def locality(self, name: str) -> str:
        """'local', 'semiglobal' or 'global': a synapse, a post-synaptic cell or the projection has one value."""
        for parameter in self.spec.parameters:
            if parameter.name == name:
                return LOCALITIES[parameter.locality]
        return self.state.locality(name)

    def count_of(self, name: str) -> int:
        """Number of values of a parameter or a variable."""
        return {"local": self.n, "semiglobal": self.post_size, "global": 1}[self.locality(name)]

    def at_synapses(self, name: str, values: Value) -> Value:
        """Values of a parameter or a variable as every synapse sees them: one number for all, or one each."""
        if isinstance(values, float) or self.locality(name) == "local":
            return values
        return values[self.post()] if self.locality(name) == "semiglobal" else float(values[0])

    def spread_parameters(self) -> dict[str, Value]:
        """Parameters as every synapse sees them."""
        return {name: self.at_synapses(name, value) for name, value in self.parameters.items()}

    def of_post(self, values: Value) -> Value:
        """What all synapses of a post-synaptic cell agree in, by cell; zero for one that has no synapse."""
        if isinstance(values, float):
            return values
        found = np.zeros(self.post_size)
        found[self.post()] = values
        return found

    def get(self, name: str) -> FloatArray:
        """Values of each synapse: 'weight' (unit of the receptor), 'delay' (ms), a parameter or a variable.

        What synapses have learned holds all spikes that have reached them by now, and none that are under way.
        """
        if name == "delay":
            return times_of(self._column("delay"), self.network.dt)
        return spread(self.at_synapses(name, self.get_own(name)), self.n)

    def get_matrix(self, name: str) -> FloatArray | None:
        """The same at [pre, post], NaN where there is no synapse; None where several connect one pair of cells."""
        matrix = np.full((self.pre_size, self.post_size), np.nan)
        values = np.ascontiguousarray(self.get(name), np.float64)
        if self.rows is not None and not self.rows.spread(self.cached_order(), values, matrix):
            return None
        return matrix

    def get_own(self, name: str) -> Value:
        """Values of a parameter or a variable, as many as there are: see `locality`; a number where all are alike."""
        if name in self.parameters:
            return self.parameters[name]
        if name == "weight" and (self.network.step == 0 or name not in self.state.names):
            return np.asarray(self._column("weight"))
        if name in self.state.names:
            return self.state.get(name)
        names = ", ".join(dict.fromkeys(["weight", "delay", *self.parameters, *self.state.names]))
        raise ModelError(f"'{self.label}' has no synaptic parameter or variable '{name}'; it has {names}")

    def set(self, name: str, value: Any, index: IntArray | None = None) -> None:
        """Sets the weight, the delay (ms, rounded to the nearest step), a parameter or a variable of synapses.

        What has reached the synapses by now is applied before. New delays hold for spikes that are emitted from now
        on; those under way arrive when they were due.

        Args:
            index: which synapses, or post-synaptic cells of what is semiglobal; None for all.
        """
        self.network.check_open()
        what = f"{name} of '{self.label}'"
        if name in self.parameters:
            self._set_parameter(name, updated(self.parameters[name], value, self.count_of(name), index, what))
            return
        if name == "weight" and index is not None and self.rows is not None:
            self._set_weights_at(finite(value, what), np.atleast_1d(np.asarray(index, np.int64)))
            return
        if name == "delay":
            old, n = (0.0 if index is None else self.get(name)), self.n
        else:
            old = self.get_own(name) if index is not None or name != "weight" else 0.0  # or refuses the name
            n = self.count_of(name)
        new = updated(old, value, n, index, what, or_infinite=name not in (WEIGHT, "delay"))
        if self.rows is None:
            return
        if name == "delay":
            self._set_delay(np.rint(np.asarray(new) / self.network.dt))
            return
        self.state.before_change(name)
        if name == "weight":
            self.rows.set_weight(self.cached_order(), spread(new, self.n))
            self.state.weight_set(value, index)
            self.network.bounds_changed(self.post_cells)
        else:
            self.state.set(name, new)
        if self.compiled is not None and self.state.kernel is not None:
            self.unbind()

    def act(self, activity: Activity) -> None:
        """Says what the synapses do from now on.

        Spikes that would reach them while they do not transmit are lost. Variables that follow time alone between
        spikes go on then; those that are followed in steps stand still.

        Raises:
            ModelError: synapses in PyNN's order that learn at spikes cannot be switched off, nor can any in that order
                leave steps out: a step begins with what they transmit.
        """
        self.network.check_open()
        kernel = self.state.kernel
        if self.spec.order is not Order.ANNARCHY:
            if isinstance(kernel, LearningKernel):
                raise ModelError(
                    f"'{self.label}': only in ANNarchy's order of a step can synapses that learn be switched off"
                )
            if activity.period != 1:
                raise ModelError(f"'{self.label}': only synapses in ANNarchy's order of a step can leave steps out")
        elif activity.period != 1 and not isinstance(kernel, ClockedKernel):
            raise ModelError(f"'{self.label}': synapses of type '{self.spec.name}' have no equations to leave out")
        if isinstance(kernel, LearningKernel) and activity.transmits != self.activity.transmits:
            self.state.take_out()
        else:
            self.state.before_change(WEIGHT)
        self.activity = activity
        self.unbind()

    @property
    def doing(self) -> Activity:
        """What the synapses do at present: nothing while the cells that they reach stand still."""
        return replace(self.activity, transmits=self.activity.transmits and self.post_cells.is_active)

    def _set_weights_at(self, value: Value, index: IntArray) -> None:
        """Weights of some synapses, at a cost that does not grow with the number of the others."""
        assert self.rows is not None
        self.state.before_change("weight")
        self.rows.set_weight_at(self.cached_order(), index, np.ascontiguousarray(np.broadcast_to(value, index.shape)))
        self.state.weight_set(value, index)
        self.network.bounds_changed(self.post_cells)
        if self.compiled is not None and self.state.kernel is not None:
            self.unbind()

    def _set_parameter(self, name: str, new: Value) -> None:
        parameter = next(item for item in self.spec.parameters if item.name == name)
        if LOCALITIES[parameter.locality] == "global" and not isinstance(new, float):
            raise ModelError(f"{name} of '{self.label}' is one value for all synapses")
        objection = parameter.objection(float(np.min(new))) if np.size(new) else ""
        if objection:
            raise ModelError(f"'{self.label}': {name} {objection}")
        self.state.before_change(name)
        self.parameters[name] = new
        self.network.bounds_changed(self.post_cells)
        self.unbind()

    def _set_delay(self, steps: FloatArray) -> None:
        if (self.delay_steps() == steps).all():
            return
        self.state.refuse_new_delays()
        old = self.rows
        self._sort_anew(np.broadcast_to(steps, (self.n,)))
        if old is not None and self.rows is not None:
            self.rows.inherit(old)

    def cut(self, partitions: int) -> None:
        """Lies in so many partitions from now on; before the first step."""
        if self.rows is not None and self.rows.n_partitions != partitions:
            unit = self.rows.weight_unit
            self._sort_anew(self.delay_steps())
            if unit:
                self.rows.weight_unit = unit

    def _sort_anew(self, delay_steps: AnyArray) -> None:
        builder = SynapseBuilder(self)
        builder.add(self.pre(), self.post(), self._column("weight"), delay_steps)
        self._replace(builder._staging)

    def delay_steps(self) -> AnyArray:
        """Delay of each synapse, in steps."""
        return np.asarray(self._column("delay"))

    def replace(
        self, pre: AnyArray, post: AnyArray, weight: AnyArray, delay_steps: AnyArray, weight_unit: float = 0.0
    ) -> None:
        """Other synapses in the place of these, in the order (pre, post, creation); nothing is under way to them.

        Args:
            weight_unit: of 16-bit weights, which may be larger than they need: weights that were set once made it so.
        """
        now = (self.pre(), self.post(), self.delay_steps())
        if all(np.array_equal(old, new) for old, new in zip(now, (pre, post, delay_steps), strict=True)):
            if self.rows is not None:
                self.rows.set_weight(self.cached_order(), np.ascontiguousarray(weight, np.float64))
                self.network.bounds_changed(self.post_cells)
        else:
            builder = SynapseBuilder(self)
            builder.add(pre, post, weight, delay_steps)
            self._replace(builder._staging)
        if weight_unit and self.rows is not None:
            self.rows.weight_unit = weight_unit

    def forget(self) -> None:
        """Back to the parameters of the type and to what nothing has been learned: the synapses will be others."""
        self.network.check_open()
        self.parameters = {name: value for name, value in self.spec.defaults().items() if name != "weight"}
        self.state = LearningState(self)
        self.network.forget(self)

    def unbind(self) -> None:
        """The loop must be told anew what these synapses are."""
        self.is_bound = False
        self.network.changed()

    def _column(self, name: str) -> Any:
        if self.rows is None:
            return np.empty(0, np.int32 if name in ("pre", "post") else np.float64)
        return getattr(self.rows, name)(self.cached_order())

    def cached_order(self) -> npt.NDArray[np.uint64]:
        """Where each synapse lies in the rows, in canonical order."""
        assert self.rows is not None
        if self._order is None:
            self._order = self.rows.canonical_order()
        return self._order

    def _replace(self, staging: _binding.Staging) -> None:
        options = self.network.options
        has_units = options.weight_bits is not None and is_static(self.spec, options)
        self.rows = _binding.Rows(staging, self.network.bounds(self.post_size, len(staging)), has_units)
        self._order = None
        self.network.bounds_changed(self.post_cells)
        self.unbind()
