"""Sums of which one part is a product: in one operation, which rounds once (IEEE 754 fma), in the step of a cell.

A difference of two products stays as it is, so that ``a*b - a*b`` is zero and that of squares has its sign.
"""

from __future__ import annotations

from dataclasses import replace

from pynn_annarchy.kernels.ir import (
    Apply,
    Arithmetic,
    CellKernel,
    DType,
    Kernel,
    Negate,
    Value,
    map_children,
    map_values,
)
from pynn_annarchy.language.syntax import BinaryOperator

FUSED = "fma"
"""The function of `mathematics.h`."""


def contract(kernel: Kernel) -> Kernel:
    """The kernel of a cell with fewer roundings; that of a synapse as it is."""
    if not isinstance(kernel, CellKernel):
        return kernel
    body, reset = (tuple(map_values(each, _value) for each in statements) for statements in (kernel.body, kernel.reset))
    return replace(kernel, body=body, reset=reset, spikes=_value(kernel.spikes))


def _value(value: Value) -> Value:
    value = map_children(value, _value)
    match value:
        case Arithmetic(BinaryOperator.ADD, left, Arithmetic(BinaryOperator.MULTIPLY, one, other), dtype):
            return _fused(one, other, left, dtype)
        case Arithmetic(BinaryOperator.ADD, Arithmetic(BinaryOperator.MULTIPLY, one, other), right, dtype):
            return _fused(one, other, right, dtype)
        case Arithmetic(
            BinaryOperator.SUBTRACT,
            Arithmetic(BinaryOperator.MULTIPLY),
            Arithmetic(BinaryOperator.MULTIPLY),
        ):
            return value
        case Arithmetic(BinaryOperator.SUBTRACT, left, Arithmetic(BinaryOperator.MULTIPLY, one, other), dtype):
            return _fused(Negate(one, dtype), other, left, dtype)
        case Arithmetic(BinaryOperator.SUBTRACT, Arithmetic(BinaryOperator.MULTIPLY, one, other), right, dtype):
            return _fused(one, other, Negate(right, dtype), dtype)
        case _:
            return value


def _fused(one: Value, other: Value, term: Value, dtype: DType) -> Apply:
    return Apply(FUSED, (one, other, term), dtype)
