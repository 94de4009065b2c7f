"""What synapses that learn have besides weights and delays: variables that spikes change, and how to read and set them.

Spikes are applied to a synapse late, when the next pre-synaptic one is delivered. Whoever reads or sets asks for what
has reached the synapse by now first; the result is the same as if nobody had asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy import _mathematics
from pynn_annarchy.engine.arrays import FloatArray, IntArray, Value, spread, updated
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.kernels.ir import LearningKernel, Role, Since
from pynn_annarchy.targets import reference
from pynn_annarchy.targets.compile import CompiledModel

if TYPE_CHECKING:
    from pynn_annarchy.engine.connectivity import Synapses

_TABLE = 4096
"""Steps over which decays are looked up instead of computed."""


class LearningState:
    """The variables of the synapses of one projection."""

    def __init__(self, synapses: Synapses) -> None:
        self._synapses = synapses
        self._pending: dict[str, Value] = {}
        """Values of variables that the rows have not been given yet."""
        self._initial: dict[str, Value] = {}
        """What `reset` goes back to, where users said so."""
        self._is_each = False

    # which variables there are

    @property
    def is_learning(self) -> bool:
        """Whether spikes change anything in these synapses."""
        return isinstance(self._model.kernel, LearningKernel)

    @property
    def _model(self) -> CompiledModel:
        synapses = self._synapses
        if synapses.compiled is None:
            synapses.network.compile((), [synapses])
        assert synapses.compiled is not None
        return synapses.compiled

    @property
    def _kernel(self) -> LearningKernel:
        kernel = self._model.kernel
        assert isinstance(kernel, LearningKernel)
        return kernel

    @property
    def names(self) -> tuple[str, ...]:
        """Variables, the weight among them where spikes change it."""
        if not self.is_learning:
            return ()
        kernel = self._kernel
        return tuple(field.name for field in (*kernel.variables, *kernel.pre_traces, *kernel.post_traces))

    def has(self, name: str) -> bool:
        """Whether there is such a variable."""
        return name in self.names

    def changes(self, name: str) -> bool:
        """Whether spikes change this."""
        return name in self.names

    def is_each(self, parameters: Mapping[str, Value]) -> bool:
        """Whether synapses have a value each of anything; once they had, until the next reset."""
        self._is_each = self._is_each or any(not isinstance(value, float) for value in parameters.values())
        return self._is_each

    # binding

    def fill(self, model: CompiledModel) -> None:
        """Gives the rows, which know their module, all that it reads and stores."""
        kernel = model.kernel
        synapses = self._synapses
        if not isinstance(kernel, LearningKernel) or synapses.rows is None:
            return
        order = synapses.cached_order()
        values = model.prepare(synapses.parameters, synapses.network.dt)
        self._describe(model)
        for number, field in enumerate(kernel.fields):
            if field.name == "weight":
                continue
            if field.role is Role.PARAMETER:
                synapses.rows.set_column(order, number, values[field.name])
            elif field.name in self._pending:
                synapses.rows.set_column(order, number, self._pending[field.name])
        self._pending = {}

    def _describe(self, model: CompiledModel) -> None: ...
