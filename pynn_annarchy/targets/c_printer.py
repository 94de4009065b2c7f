"""Kernel IR -> the text of a struct of scalar functions: the same text for g++ and nvcc."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import assert_never

from pynn_annarchy.kernels.ir import (
    Apply,
    Arithmetic,
    Arrived,
    Cast,
    CellKernel,
    ClearArrived,
    Comment,
    Compare,
    Draw,
    DType,
    Field,
    Let,
    Literal,
    Load,
    Local,
    Logic,
    Negate,
    Not,
    Role,
    Select,
    Statement,
    StepValue,
    Store,
    SynapseKernel,
    Value,
    values_in,
)
from pynn_annarchy.language.syntax import Connective

TYPES = {DType.REAL: "Real", DType.REAL64: "double", DType.COUNT: "Count", DType.MASK: "bool"}

_KEYWORDS = frozenset(
    """alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept const consteval
    constexpr constinit const_cast continue decltype default delete do double dynamic_cast else enum explicit export
    extern false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or
    or_eq private protected public register reinterpret_cast requires return short signed sizeof static static_assert
    static_cast struct switch template this throw true try typedef typeid typename union unsigned using virtual void
    volatile wchar_t while xor xor_eq i Real Count update increment pnn input_ quantum_ identity_ t dt""".split()
)
_CONNECTIVES = {Connective.AND: "&&", Connective.OR: "||"}


def identifier(name: str) -> str:
    """The name in C++: unchanged, but for words that C++ or the struct itself uses."""
    return f"{name}_" if name in _KEYWORDS else re.sub(r"\W", "_", name)


class Printer:
    """Prints the expressions and statements of one kernel.

    Args:
        shared: whether parameters are shared by all elements (members of the struct) or loaded one by one.
        receptors: names in order; their sums are addressed by number.
    """

    def __init__(self, shared: bool, receptors: tuple[str, ...] = ()) -> None:
        self._shared = shared
        self._receptors = receptors

    def is_shared(self, field: Field) -> bool:
        """Whether a field is one value for the whole segment."""
        return field.role is Role.PARAMETER and self._shared

    def expression(self, value: Value) -> str:
        """C++ text, parenthesised wherever it is an operand."""
        match value:
            case Literal():
                return _literal(value)
            case Load(field):
                return identifier(field.name) if self.is_shared(field) else f"this->{identifier(field.name)}[i]"
            case Local(name):
                return identifier(name)
            case StepValue(name):
                return f"this->{name}"
            case Arrived(receptor):
                number = self._receptors.index(receptor)
                return f"static_cast<Real>(pnn::from_fixed(input_{number}[i], quantum_{number}))"
            case Negate(operand):
                return f"-{self._operand(operand)}"
            case Not(operand):
                return f"!{self._operand(operand)}"
            case Arithmetic(operator, left, right) | Compare(operator, left, right):
                return f"{self._operand(left)} {operator.value} {self._operand(right)}"
            case Logic(connective, left, right):
                return f"{self._operand(left)} {_CONNECTIVES[connective]} {self._operand(right)}"
            case Select(condition, then, otherwise):
                return f"{self._operand(condition)} ? {self._operand(then)} : {self._operand(otherwise)}"
            case Apply(function, arguments):
                return self._apply(value, function, arguments)
            case Draw(name, arguments, number):
                drawn = ", ".join([f"identity_(i, {number})", *map(self.expression, arguments)])
                return f"static_cast<Real>(pnn::{name}({drawn}))"
            case Cast(operand, dtype):
                return self._cast(operand, dtype)
            case _:
                raise TypeError(f"no C++ for {value!r}; a pass that should have replaced it has not run")

    def _operand(self, value: Value) -> str:
        text = self.expression(value)
        return text if isinstance(value, Load | Local | StepValue | Apply | Draw | Cast | Literal) else f"({text})"

    def _apply(self, value: Apply, function: str, arguments: tuple[Value, ...]) -> str:
        call = f"pnn::{function}({', '.join(map(self.expression, arguments))})"
        # One double implementation serves both precisions: the same bits before rounding.
        return f"static_cast<Real>({call})" if value.dtype is DType.REAL and function != "flush" else call

    def _cast(self, operand: Value, dtype: DType) -> str:
        if operand.dtype is DType.MASK:
            kind = TYPES[dtype]
            return f"({self._operand(operand)} ? static_cast<{kind}>(1) : static_cast<{kind}>(0))"
        return f"static_cast<{TYPES[dtype]}>({self.expression(operand)})"

    def statements(self, body: tuple[Statement, ...]) -> Iterator[str]:
        """One line a statement."""
        assigned = {statement.name for statement in body if isinstance(statement, Let) and not statement.is_new}
        for statement in body:
            match statement:
                case Let(name, value, is_new):
                    const = "" if name in assigned else "const "
                    kind = f"{const}{TYPES[value.dtype]} " if is_new else ""
                    yield f"{kind}{identifier(name)} = {self.expression(value)};"
                case Store(field, value):
                    yield f"this->{identifier(field.name)}[i] = {self.expression(value)};"
                case ClearArrived(receptor):
                    yield f"input_{self._receptors.index(receptor)}[i] = 0;"
                case Comment(text):
                    yield f"// {text}"
                case _:
                    assert_never(statement)


def _literal(value: Literal) -> str:
    if value.dtype is DType.MASK:
        return "true" if value.value else "false"
    text = repr(float(value.value))
    if value.dtype is DType.REAL64:
        return text
    return f"{TYPES[value.dtype]}({text})"


def cell_struct(kernel: CellKernel, shared: bool) -> str:
    """The struct of a cell type, for the primitive `neurons`."""
    printer = Printer(shared, kernel.receptors)
    arrays = [field for field in kernel.fields if not printer.is_shared(field)]
    values = [field for field in kernel.fields if printer.is_shared(field)]
    members, starts = [], []
    for number, field in enumerate(arrays):
        const = "const " if field.role in (Role.PARAMETER, Role.INPUT) else ""
        kind = f"{const}{TYPES[field.dtype]}*"
        members.append(f"{kind} {identifier(field.name)};")
        starts.append(f"{identifier(field.name)}(static_cast<{kind}>(segment.arrays[{number}]))")
    for number, field in enumerate(values):
        members.append(f"{TYPES[field.dtype]} {identifier(field.name)};")
        starts.append(f"{identifier(field.name)}(static_cast<{TYPES[field.dtype]}>(segment.shared[{number}]))")
    for number, receptor in enumerate(kernel.receptors):
        members.append(f"int64_t* input_{number};  // {receptor}")
        members.append(f"double quantum_{number};")
        starts.append(f"input_{number}(segment.inputs[{number}])")
        starts.append(f"quantum_{number}(segment.quanta[{number}])")
    if _draws(kernel):
        members.append("pnn::Identity who;  // all but the element and the draw")
        members.append("int64_t element_offset;")
        starts.append(
            "who{step.seed_key, segment.object_index, 0, pnn::trial_batch(step.trial, step.batch), "
            "static_cast<uint32_t>(step.step), 0, 0}"
        )
        starts.append("element_offset(segment.element_offset)")
    members += ["double t;  // start of the step, ms", "Real dt;   // ms"]
    starts += ["t(step.t)", "dt(static_cast<Real>(step.dt))"]
    lines = [
        f"struct {identifier(kernel.model)} {{",
        "    using Count = ::Count;",
        "",
        *(f"    {member}" for member in members),
        "",
        f"    PNN_FN {identifier(kernel.model)}(const pnn_segment& segment, const pnn_step& step)",
        "        : " + ",\n          ".join(starts) + " {}",
        "",
        *(_IDENTITY if _draws(kernel) else ()),
        f"    // {kernel.model}: one cell over one step; returns its number of spikes",
        "    PNN_FN Count update(int64_t i) const {",
        *(f"        {line}" for line in printer.statements(kernel.body)),
        f"        return {printer.expression(kernel.spikes)};",
        "    }",
        "};",
    ]
    return "\n".join(lines) + "\n"


_IDENTITY = (
    "    PNN_FN pnn::Identity identity_(int64_t i, uint32_t draw) const {",
    "        pnn::Identity drawing = who;",
    "        drawing.element = static_cast<uint64_t>(element_offset + i);",
    "        drawing.draw = draw;",
    "        return drawing;",
    "    }",
    "",
)


def synapse_struct(kernel: SynapseKernel) -> str:
    """The struct of a synapse type, for the primitive `deliver`."""
    printer = Printer(shared=True)
    members = [f"double {identifier(field.name)};" for field in kernel.fields]
    starts = [f"{identifier(field.name)}(rows.shared[{number}])" for number, field in enumerate(kernel.fields)]
    lines = [
        f"struct {identifier(kernel.model)} {{",
        *(f"    {member}" for member in [*members, "double t;", "Real dt;"]),
        "",
        f"    PNN_FN {identifier(kernel.model)}(const pnn_rows& rows, const pnn_step& step)",
        "        : "
        + ",\n          ".join([*starts, "t(step.t)", "dt(static_cast<Real>(step.dt))"])
        + " { (void)rows; }",
        "",
        f"    // {kernel.model}: what one synapse sends when a spike arrives",
        "    PNN_FN double increment(double weight) const {",
        *(f"        {line}" for line in printer.statements(kernel.body)),
        f"        return {printer.expression(kernel.increment)};",
        "    }",
        "};",
    ]
    return "\n".join(lines) + "\n"


def _draws(kernel: CellKernel) -> bool:
    return any(isinstance(value, Draw) for value in values_in(kernel))
