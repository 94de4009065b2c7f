"""What a model is: text and numbers, before anything is parsed.

A ModelSpec is all that a user or `standardmodels/` says about a cell or synapse type, and the only thing that the
cache key of its kernels depends on. Values of parameters are not in it beyond their defaults; sizes, ids and seeds
never.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pynn_annarchy.language.flags import LOCALITIES


class Kind(Enum):
    """What the equations describe."""

    CELL = "cell"
    SYNAPSE = "synapse"


WEIGHT = "weight"
"""The engine's name of what connectors give each synapse; the one parameter that a synapse may change: it is a variable
then, with the parameter as its initial value."""

OPERATIONS = ("sum", "mean", "max", "min")
"""What may become of the psp of all synapses of a cell."""


REFRACTORY = "refractory_period"
"""The parameter that holds a refractory period that was given as a number, in ms."""


class Order(Enum):
    """Order of one step (DESIGN D10): PYNN updates the state, then adds increments; ANNARCHY the other way round."""

    PYNN = "pynn"
    ANNARCHY = "annarchy"


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """A constant of the model: settable by users between runs, never changed by equations."""

    name: str
    default: float
    unit: str = "dimensionless"
    locality: str = "local"
    """'local': one per cell or synapse; 'global': one per population or projection; 'semiglobal': one per post cell."""
    dtype: str = "float"
    positive: bool = False
    """Only values above zero make sense, as for a time constant."""
    not_negative: bool = False
    """Zero makes sense, values below do not, as for a rate."""

    def objection(self, smallest: float) -> str:
        """What is wrong with values of which this is the smallest; empty where nothing is."""
        if self.positive and smallest <= 0:
            return f"must be greater than zero, got {smallest:g}"
        if self.not_negative and smallest < 0:
            return f"must not be negative, got {smallest:g}"
        return ""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """A quantity given from outside for each cell, constant over a step, e.g. an injected current ``i_inj``."""

    name: str
    unit: str = "nA"
    scheduled: bool = False
    """Its values are given in time, by cell or for all together; otherwise it is a sum of what is injected."""
    positive: bool = False
    """Of scheduled ones: only values above zero make sense in a table."""
    locality: str = "local"
    """'local', or 'global' for a scheduled one that is the same for all cells of a population at any time."""


@dataclass(frozen=True, slots=True)
class ReceptorSpec:
    """Where synaptic increments arrive.

    ``increment`` is a statement in which the name ``input`` stands for the sum of the increments that arrived in this
    step, e.g. ``isyn_exc += input``. Increments of a variable that is held in refractoriness are discarded meanwhile.
    """

    name: str
    increment: str


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """The text of a cell or synapse type.

    Args:
        name: the type's name, used in generated text and errors.
        kind: cell or synapse.
        parameters: constants.
        equations: differential equations and assignments, one a line, flags after a colon.
        spike: condition of a spike, e.g. ``v >= v_thresh``; empty for rate-coded cells, synapses and sources.
        emits: number of spikes in a step, e.g. ``Poisson(rate * dt)``, for sources. A model with ``spike`` has it
            only where it ``repeats``, and the numbers add.
        max_spikes: bound of the number of spikes in a step, an expression of parameters and scheduled inputs (D6).
        reset: statements executed where the cell spikes, one a line.
        axon_spike: condition of an axonal spike, of cells that also have a ``spike``.
        axon_reset: statements executed where the cell has an axonal spike.
        repeats: a cell spikes and is reset as often in a step as its condition holds, up to ``max_spikes`` times: for
            sources whose intervals are drawn one after the other.
        refractory: in ms, rounded to a whole number of steps; empty for none. An expression of parameters, or of
            variables too: then as of each spike, after the reset.
        requires: conditions that values of parameters must meet together, e.g. ``rate * tau_refrac < 1000``.
        receptors: where synaptic increments arrive.
        inputs: quantities given from outside.
        pre_spike: statements of a synapse, executed when a spike passes it, e.g. ``g_target += weight``.
        pre_axon_spike: the same of axonal spikes; in ANNarchy's order only.
        post_spike: statements of a synapse, executed when a spike of its post-synaptic cell reaches it.
        psp: what a synapse transmits all the time, e.g. ``weight*(pre.v - post.v)``; goes into an input of the cell.
        operation: what becomes of the psp of all synapses of a cell: their sum, mean, max or min.
        functions: user functions, ``f(x) = ...`` one a line.
        order: order of one step.
        units: unit by variable, as PyNN spells them.
        weight: what the text of a synapse calls its weight, e.g. ``w``; everywhere else it is 'weight'.
        method: of differential equations without a flag, e.g. 'explicit'; empty to choose by what the equations are.
    """

    name: str
    kind: Kind = Kind.CELL
    parameters: tuple[ParameterSpec, ...] = ()
    equations: str = ""
    spike: str = ""
    emits: str = ""
    max_spikes: str = "1"
    reset: str = ""
    axon_spike: str = ""
    axon_reset: str = ""
    repeats: bool = False
    refractory: str = ""
    requires: tuple[str, ...] = ()
    receptors: tuple[ReceptorSpec, ...] = ()
    inputs: tuple[InputSpec, ...] = ()
    pre_spike: str = ""
    pre_axon_spike: str = ""
    post_spike: str = ""
    psp: str = ""
    operation: str = "sum"
    functions: str = ""
    order: Order = Order.PYNN
    units: tuple[tuple[str, str], ...] = ()
    description: str = ""
    weight: str = WEIGHT
    method: str = ""

    def in_text(self, name: str) -> str:
        """The name that a parameter has in the text."""
        return self.weight if self.kind is Kind.SYNAPSE and name == WEIGHT else name

    def scheduled(self) -> tuple[str, ...]:
        """Names of the inputs that have tables."""
        return tuple(given.name for given in self.inputs if given.scheduled)

    def shared_names(self) -> frozenset[str]:
        """What the text calls the parameters that are one value for a whole population or projection."""
        shared = (parameter.name for parameter in self.parameters if LOCALITIES[parameter.locality] == "global")
        return frozenset(self.in_text(name) for name in shared)

    def defaults(self) -> dict[str, float]:
        """Default value by parameter name."""
        return {parameter.name: parameter.default for parameter in self.parameters}
