"""What synapses that learn have besides weights and delays: variables that spikes change, and how to read and set them.

Spikes are applied to a synapse late, when the next pre-synaptic one is delivered. Whoever reads or sets asks for what
has reached the synapse by now first; the result is the same as if nobody had asked.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.engine.arrays import FloatArray, IntArray, Value, spread, updated
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.kernels.ir import (
    CHANGES_WEIGHT,
    ClockedKernel,
    LearningKernel,
    Moment,
    Place,
    Role,
    loaded,
    statement_values,
    values_in,
)
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.spec import WEIGHT
from pynn_annarchy.targets.compile import CompiledModel, Storage, storage_for
from pynn_annarchy.targets.reference_learning import Events, decay, present

if TYPE_CHECKING:
    from pynn_annarchy.engine.connectivity import Synapses

_LONGEST_TABLE = 1 << 18
"""Steps over which decays are looked up at most, and computed beyond."""
_UNDERFLOW = 708.5
"""Time constants after which a decay counts as zero: exp(-708.4) is the last one above the smallest normal number."""


_LOCALITIES = {Place.SYNAPSE: "local", Place.POST_CELL: "semiglobal", Place.PROJECTION: "global"}


class LearningState:
    """The variables of the synapses of one projection."""

    def __init__(self, synapses: Synapses) -> None:
        self._synapses = synapses
        self._pending: dict[str, Value] | None = None
        """Values of variables that the loop has not been given yet; None: those at t = 0, and no spike has come."""
        self._initial: dict[str, Value] = {}
        """What `reset` goes back to, where users said so; the weight from the first run on."""
        self._is_each = False
        self._is_kept = False
        """Whether time began anew at 0 with the values of then."""
        self.origin = synapses.network.step
        """The step from which on the stored values hold where no spike has come since."""

    # which variables there are

    @property
    def kernel(self) -> LearningKernel | ClockedKernel | None:
        """The kernel of synapses in which spikes or time change anything."""
        synapses = self._synapses
        if synapses.compiled is None:
            synapses.network.compile((), [synapses])
        assert synapses.compiled is not None
        kernel = synapses.compiled.kernel
        return kernel if isinstance(kernel, LearningKernel | ClockedKernel) else None

    @property
    def names(self) -> tuple[str, ...]:
        """Variables, the weight among them where spikes change it."""
        kernel = self.kernel
        fields = () if kernel is None else (*kernel.variables, *kernel.pre_traces, *kernel.post_traces)
        return tuple(field.name for field in fields if not field.name.endswith(".left"))

    def locality(self, name: str) -> str:
        """Of what a variable has one value."""
        kernel = self.kernel
        if not isinstance(kernel, ClockedKernel) or name == WEIGHT or name not in self.names:
            return "local"
        return _LOCALITIES[kernel.place_of(name)]

    def storage(self) -> Storage:
        """Whether traces can be kept once a cell; if they once could not, they cannot until the next reset."""
        synapses = self._synapses
        varying = [name for name, value in synapses.parameters.items() if not isinstance(value, float)]
        varying += [name for name in self._initial if name != WEIGHT]
        if varying and not self._is_each:
            self._is_each = storage_for(synapses.spec, varying, synapses.network.options) is Storage.PER_ELEMENT
        return Storage.PER_ELEMENT if self._is_each else Storage.SHARED

    # what the loop is told

    def declare(self, model: CompiledModel) -> None:
        """Tells the rows that their synapses change, and what limits their weights."""
        synapses, kernel = self._synapses, model.kernel
        assert isinstance(kernel, LearningKernel | ClockedKernel) and synapses.rows is not None
        names = [field.name for field in kernel.fields]
        bound = model.bound(synapses.spread_parameters()) or 0.0
        weight_field = names.index(WEIGHT) if WEIGHT in names else -1
        if isinstance(kernel, ClockedKernel):
            kinds = [kernel.place_of(name).value for name in names]
            synapses.rows.clock(weight_field, len(kernel.parameters), bound, kernel.spikes_matter, kinds)
        else:
            values = model.prepare(synapses.spread_parameters(), synapses.network.dt)
            tables = _tables(model.decay_taus(values), synapses.network.dt)
            synapses.rows.learn(weight_field, len(kernel.parameters), synapses.dendritic, bound, self.origin, tables)
        if WEIGHT in self.names and WEIGHT not in self._initial:
            one = synapses.rows.common_weight
            self._initial[WEIGHT] = _one_if_equal(synapses.rows.weight(synapses.cached_order())) if one is None else one

    def parameters(self, model: CompiledModel) -> dict[str, Value]:
        """What the kernel reads and never changes, but for the weight."""
        kernel = model.kernel
        assert isinstance(kernel, LearningKernel | ClockedKernel)
        synapses = self._synapses
        values = model.prepare(synapses.spread_parameters(), synapses.network.dt * synapses.activity.period)
        of_post = {field.name for field in kernel.parameters if field.role is Role.POST_PARAMETER}
        values.update((name, synapses.of_post(values[name])) for name in of_post)
        values[CHANGES_WEIGHT] = float(synapses.activity.changes_weight)
        return {field.name: values[field.name] for field in kernel.parameters if field.name != WEIGHT}

    def take_variables(self, model: CompiledModel) -> dict[str, Value]:
        """Values of variables, but for the weight, that the loop has not been given yet."""
        given = {name: value for name, value in self._initial.items() if name != WEIGHT}
        values = self._pending
        if values is None:
            synapses = self._synapses
            assert synapses.rows is not None
            weight = self._initial.get(WEIGHT, 0.0) if WEIGHT in self.names else synapses.get(WEIGHT)
            local = model.initial({**synapses.spread_parameters(), WEIGHT: weight}, ["local"])
            common = model.initial(synapses.parameters, ["semiglobal", "global"])
            values = {**local, **common, **given}
        self._pending = {}
        return {name: value for name, value in values.items() if name != WEIGHT}

    # reading

    def get(self, name: str) -> FloatArray:
        """A variable of each synapse at the present time."""
        synapses = self._synapses
        if synapses.rows is None:
            return np.empty(0)
        if name == WEIGHT and synapses.network.step == 0:
            return np.asarray(synapses.rows.weight(synapses.cached_order()))
        synapses.network.prepare()
        model = synapses.compiled
        assert model is not None
        if all(relaxation.variable != name for relaxation in model.updates.relaxations):
            return self.stored([name])[name]
        return self._present(model)[name]

    def _present(self, model: CompiledModel) -> dict[str, FloatArray]:
        """All variables at the present time."""
        synapses = self._synapses
        if isinstance(model.kernel, ClockedKernel):
            return self.stored(self.names)
        fields = dict(model.prepare(synapses.spread_parameters(), synapses.network.dt))
        fields.update(self.stored(self.names))
        return present(model, fields, self._now(), synapses.network.dt)

    def stored(self, names: Iterable[str]) -> dict[str, FloatArray]:
        """Variables as of the last spike of their side that has reached the synapse by now."""
        loop = self._synapses.network.loop
        return {name: loop.read_variable(self._synapses, name) for name in names}

    def _now(self) -> Events:
        """The present moment, seen from each synapse."""
        synapses = self._synapses
        now = float(synapses.network.step)
        last_pre, last_post = synapses.network.loop.read_events(synapses)
        delay = np.rint(synapses.get("delay") / synapses.network.dt)
        shifts = synapses.rows.shifts(delay) if synapses.rows is not None else np.zeros((3, 0))
        if not synapses.doing.transmits:  # and has not heard of spikes since
            last_pre, last_post = np.full((2, synapses.n), np.nan)
        since_pre, since_post = (
            np.fmin(now - self.origin, now - last - shift)
            for last, shift in zip((last_pre, last_post), shifts[:2], strict=True)
        )
        t_pre, t_post = (
            np.where(np.isnan(last), -np.inf, (last + shift) * synapses.network.dt)
            for last, shift in zip((last_pre, last_post), shifts[:2], strict=True)
        )
        return Events(
            since_pre=since_pre,
            since_post=since_post,
            since_any=np.minimum(since_pre, since_post),
            t=synapses.network.t,
            t_pre=t_pre,
            t_post=t_post,
            step=synapses.network.step,
        )

    # changing

    @property
    def _has_begun(self) -> bool:
        """Whether spikes may have changed something."""
        has_past = self._synapses.network.step > 0 or self._is_kept
        return has_past and self._pending is not None and self.kernel is not None

    def before_change(self, name: str) -> None:
        """Applies what has reached the synapses by now, before a parameter, a variable or the weight changes."""
        if not self._has_begun:
            return
        if self._acts_between_spikes(name):
            self.take_out()
        elif self._synapses.is_bound:
            self._synapses.network.loop.settle(self._synapses)

    def _acts_between_spikes(self, name: str) -> bool:
        """Whether values as of the last spike would mean something else after a change of this one."""
        kernel, model = self.kernel, self._synapses.compiled
        assert kernel is not None and model is not None
        if isinstance(kernel, ClockedKernel):
            return False  # values are always those of now
        if name in self.names:
            traces = {field.name for field in (*kernel.pre_traces, *kernel.post_traces)}
            return name in traces | {relaxation.variable for relaxation in model.updates.relaxations}
        read = {field.name for value in statement_values(kernel.present) for field in loaded(value)}
        for derived in reversed(model.updates.derived):
            if derived.name in read:
                read |= identifiers(derived.expression)
        return name in read | set(kernel.trace_parameters)

    def set(self, name: str, new: Value) -> None:
        """Gives a variable (not the weight) new values, as of now; a reset goes back to them."""
        if (
            isinstance(new, float)
            and new == 0.0
            and self._synapses.network.step == 0
            and name not in self._initial
            and self._starts_at_zero(name)
        ):
            return
        self._initial[name] = new
        self._pending = {**(self._pending or {}), name: new} if self._has_begun else None

    def _starts_at_zero(self, name: str) -> bool:
        """Whether a variable is a trace, which is zero anyhow until the first spike."""
        kernel = self.kernel
        return kernel is not None and name in {field.name for field in (*kernel.pre_traces, *kernel.post_traces)}

    def weight_set(self, value: Any, index: IntArray | None) -> None:
        """Remembers weights for resets; before the first run the rows hold them."""
        known = self._initial.get(WEIGHT)
        if isinstance(known, np.ndarray) and index is not None:
            known[index] = value
        elif known is not None:
            self._initial[WEIGHT] = updated(known, value, self._synapses.n, index, WEIGHT)

    def take_out(self) -> None:
        """Takes all variables out of the loop as they are now, to be given back with the next binding.

        From then on they are kept in every synapse: a trace of a cell would hold for spikes on their way, too.
        """
        if not self._has_begun:
            return
        synapses = self._synapses
        synapses.network.prepare()
        synapses.network.loop.settle(synapses)
        assert synapses.compiled is not None
        values: dict[str, Value] = {**self._present(synapses.compiled)}
        if WEIGHT in values and synapses.rows is not None:
            synapses.rows.set_weight(synapses.cached_order(), np.ascontiguousarray(values[WEIGHT]))
        self._pending, self.origin = values, synapses.network.step
        self._is_each |= isinstance(self.kernel, LearningKernel)
        synapses.unbind()

    def keep(self, step: int) -> None:
        """Takes out the present values, which time that begins anew at a step begins with."""
        self.take_out()
        self.origin, self._is_kept = step, True

    def go_on_with(self, initial: dict[str, Value], origin: int, is_each: bool, is_kept: bool) -> None:
        """Takes over what another state like this one is besides the values of variables, which the loop gets."""
        self._initial, self.origin, self._is_each, self._is_kept = initial, origin, is_each, is_kept
        self._pending = None

    @property
    def kept(self) -> tuple[dict[str, Value], int, bool, bool]:
        """What `go_on_with` takes."""
        return self._initial, self.origin, self._is_each, self._is_kept

    def restore(self) -> None:
        """Back to the values at t = 0."""
        synapses = self._synapses
        self._pending, self._is_each, self._is_kept, self.origin = None, False, False, 0
        if synapses.rows is not None and WEIGHT in self._initial and self.kernel is not None:
            synapses.rows.set_weight(synapses.cached_order(), spread(self._initial[WEIGHT], synapses.n))
            synapses.network.bounds_changed(synapses.post_cells)
        if self.kernel is not None:
            synapses.unbind()

    def refuse_new_delays(self) -> None:
        """ModelError where new delays would concern spikes that are under way past synapses that learn."""
        synapses = self._synapses
        kernel = self.kernel
        if kernel is None or not self._has_begun:
            return
        self.take_out()
        reads_past = any(isinstance(value, Moment) and value.name == "t_pre" for value in values_in(kernel))
        if synapses.network.loop.in_flight(synapses) or synapses.dendritic > 0 or reads_past:
            raise ModelError(
                f"'{synapses.label}': delays of synapses that learn cannot change while spikes are under way: set them "
                "before the first run or after reset()"
            )


def _tables(taus: Sequence[float | None], dt: float) -> list[FloatArray | None]:
    """exp(-k dt / tau) for k = 0, 1, ... of each tau in ms that is given, all of one length.

    They end where the slowest decay has become zero, unless that is too far away.
    """
    slowest = max((tau for tau in taus if tau is not None), default=0.0)
    length = int(min(_LONGEST_TABLE, max(slowest, 0.0) / dt * _UNDERFLOW + 2))
    return [None if tau is None else _table(tau, dt, length) for tau in taus]


@functools.lru_cache(maxsize=16)
def _table(tau: float, dt: float, length: int) -> FloatArray:
    """By the function that kernels use. Projections share it."""
    return np.ascontiguousarray(decay(np.arange(length, dtype=np.float64), tau, dt))


def _one_if_equal(values: FloatArray) -> Value:
    return float(values[0]) if len(values) and (values == values[0]).all() else values
