"""Synapses of one projection: staged by connectors, sorted natively into rows, shown in canonical order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pynn_annarchy.engine import _binding
from pynn_annarchy.engine.arrays import FloatArray, IntArray, Value, spread, times_of, updated
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.targets.compile import CompiledModel

if TYPE_CHECKING:
    from pynn_annarchy.engine.cells import Cells, Population
    from pynn_annarchy.engine.network import Network

LONGEST_DELAY = 65535
"""In steps."""

Int32Array = npt.NDArray[np.int32]


class SynapseBuilder:
    """Takes synapses in any order and number of calls; `finish` sorts them. Nothing changes in the network before."""

    def __init__(self, synapses: Synapses) -> None:
        self._synapses = synapses
        self._staging = _binding.Staging(synapses.pre_size, synapses.post_size)

    def __len__(self) -> int:
        return len(self._staging)

    def add(self, pre: Any, post: Any, weight: Any, delay_steps: Any) -> None:
        """Adds synapses; each argument is one value for all of them or an array, all arrays of one length.

        Args:
            pre, post: indices in the populations.
            weight: in the unit of the receptor's increments.
            delay_steps: whole numbers of steps, 1 to 65535.

        Raises:
            ModelError: an index or delay out of range, a weight that is not finite; names the projection.
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
        self._staging.add(n, pre, post, weight, np.ascontiguousarray(delay, np.uint16))

    def finish(self) -> Synapses:
        """Sorts what was added and hands it to the network."""
        self._synapses._replace(self._staging)
        return self._synapses


class Synapses:
    """All connections of one projection between two populations, onto one receptor."""

    def __init__(
        self, network: Network, pre: Population, post: Cells, receptor: str, spec: ModelSpec, label: str, number: int
    ) -> None:
        self.network = network
        self.pre_cells = pre
        self.post_cells = post
        self.receptor_number = post.receptor_number(receptor)
        self.spec = spec
        self.label = label
        self.number = number
        self.rows: _binding.Rows | None = None
        self.object_index = 0
        self.is_bound = False
        self.parameters: dict[str, Value] = dict(spec.defaults())
        """Those that all synapses share; weights and delays lie in the rows."""
        self._order: npt.NDArray[np.uint64] | None = None

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

    def shared_values(self, model: CompiledModel) -> FloatArray:
        """What the synapse's kernel reads as shared, in the order of its table."""
        values = model.prepare(self.parameters, self.network.dt) if model.shared else {}
        return np.array([values[name] for name in model.shared], np.float64)

    @property
    def nbytes(self) -> int:
        """Memory that the synapses take, without the cached order."""
        return 0 if self.rows is None else int(self.rows.nbytes)

    def pre(self) -> Int32Array:
        """Pre-synaptic index of each synapse, in the order (pre, post, creation)."""
        return np.asarray(self._column("pre"), np.int32)

    def post(self) -> Int32Array:
        """Post-synaptic index of each synapse."""
        return np.asarray(self._column("post"), np.int32)

    def get(self, name: str) -> FloatArray:
        """'weight' (unit of the receptor) or 'delay' (ms) of each synapse."""
        if name == "weight":
            return np.asarray(self._column("weight"))
        if name == "delay":
            return times_of(self._column("delay"), self.network.dt)
        if name in self.parameters:
            return np.full(self.n, self.parameters[name])
        names = ", ".join(dict.fromkeys(["weight", "delay", *self.parameters]))
        raise ModelError(f"'{self.label}' has no synaptic parameter '{name}'; it has {names}")

    def set(self, name: str, value: Any, index: IntArray | None = None) -> None:
        """Sets weights or delays (ms, rounded to the nearest step) of all synapses or of those at `index`.

        New delays hold for spikes that are emitted from now on; those under way arrive when they were due.
        """
        self.network.check_open()
        what = f"{name} of '{self.label}'"
        if name in self.parameters and name != "weight":
            if index is not None or np.ndim(value) > 0:
                raise ModelError(f"{what} is one value for all synapses")
            self.parameters[name] = updated(self.parameters[name], value, 1, None, what)
            self.is_bound = False
            self.network.changed()
            return
        old = self.get(name) if index is not None or name not in ("weight", "delay") else 0.0  # or refuses the name
        new = updated(old, value, self.n, index, what)
        if self.rows is None:
            return
        if name == "weight":
            self.rows.set_weight(self._cached_order(), spread(new, self.n))
            self.network.bounds_changed(self.post_cells)
        else:
            steps = np.rint(np.asarray(new) / self.network.dt)
            builder = SynapseBuilder(self)
            builder.add(self.pre(), self.post(), self.get("weight"), np.broadcast_to(steps, (self.n,)))
            self._replace(builder._staging)

    def _column(self, name: str) -> Any:
        if self.rows is None:
            return np.empty(0, np.int32 if name in ("pre", "post") else np.float64)
        return getattr(self.rows, name)(self._cached_order())

    def _cached_order(self) -> npt.NDArray[np.uint64]:
        assert self.rows is not None
        if self._order is None:
            self._order = self.rows.canonical_order()
        return self._order

    def _replace(self, staging: _binding.Staging) -> None:
        self.rows = _binding.Rows(staging, self.network.bounds(self.post_size))
        self._order = None
        self.is_bound = False
        self.network.bounds_changed(self.post_cells)
        self.network.changed()
