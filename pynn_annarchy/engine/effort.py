"""What a step of a network takes one thread, roughly and before it has run: whether another thread would help."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pynn_annarchy.kernels.ir import (
    Apply,
    Arithmetic,
    ClockedKernel,
    Draw,
    Kernel,
    LearningKernel,
    Literal,
    Local,
    values_in,
)
from pynn_annarchy.language.syntax import BinaryOperator

if TYPE_CHECKING:
    from pynn_annarchy.engine.network import Network

SHORT_STEP = 8e-6
"""Seconds. In a shorter step barriers, and what each further partition takes, outweigh what more threads save."""

_OPERATION = 0.025e-9  # seconds, in vectors: IF_curr_exp takes 0.6 ns for 30, HH_cond_exp 72 ns for 1800
_OF_CALL = {"fma": 1, "minimum": 1, "maximum": 1, "positive": 1, "negative": 1, "abs": 1, "sqrt": 10, "exprel": 12}
_OF_OTHER_CALL, _OF_DRAW, _OF_DIVISION = 40, 100, 10
_OF_UNKNOWN_CELL = 40
_EVENT, _LEARNING_EVENT = 2e-9, 10e-9  # seconds
_RATE = 20.0  # Hz: how often a synapse may pass a spike


def guess(n_cells: int, n_synapses: int, dt: float) -> float:
    """The same before models are compiled."""
    return n_cells * _OF_UNKNOWN_CELL * _OPERATION + n_synapses * _events(dt) * _EVENT


def seconds_of_step(network: Network) -> float:
    """What one thread needs."""
    seconds = 0.0
    for cells in network.cells:
        assert cells.compiled is not None
        seconds += cells.size * _operations(cells.compiled.kernel) * _OPERATION
    for synapses in network.projections:
        assert synapses.compiled is not None
        kernel = synapses.compiled.kernel
        if isinstance(kernel, ClockedKernel):
            seconds += synapses.n * _operations(kernel) * _OPERATION
        else:
            of_event = _LEARNING_EVENT if isinstance(kernel, LearningKernel) else _EVENT
            seconds += synapses.n * _events(network.dt) * of_event
    return seconds


def _events(dt: float) -> float:
    """Spikes that a synapse passes in a step."""
    return _RATE * 1e-3 * dt


@cache
def _operations(kernel: Kernel) -> int:
    n = 0
    for value in values_in(kernel):
        match value:
            case Local() | Literal():
                pass
            case Draw():
                n += _OF_DRAW
            case Apply(function, _):
                n += _OF_CALL.get(function, _OF_OTHER_CALL)
            case Arithmetic(BinaryOperator.DIVIDE, _, _):
                n += _OF_DIVISION
            case _:
                n += 1
    return n
