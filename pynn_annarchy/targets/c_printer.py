"""Kernel IR -> the text of a struct of scalar functions: the same text for g++ and nvcc."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from pynn_annarchy.exceptions import unreachable
from pynn_annarchy.kernels.ir import (
    Apply,
    Arithmetic,
    Arrived,
    Cast,
    ClearArrived,
    ClockedKernel,
    Comment,
    Compare,
    Draw,
    DType,
    Field,
    Kernel,
    Let,
    Literal,
    Load,
    Local,
    Logic,
    Negate,
    Not,
    Repeat,
    Role,
    Select,
    Statement,
    StepValue,
    Store,
    SynapseKernel,
    Value,
)
from pynn_annarchy.kernels.passes.regimes import LOOKED_AT
from pynn_annarchy.language.syntax import BinaryOperator, Comparator, Connective

TYPES = {DType.REAL: "Real", DType.REAL64: "double", DType.COUNT: "Count", DType.MASK: "bool"}

_KEYWORDS = frozenset(
    """alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept const
    consteval constexpr constinit const_cast continue decltype default delete do double dynamic_cast else enum
    explicit export extern false float for friend goto if inline int long mutable namespace new noexcept not
    not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires return short
    signed sizeof static static_assert static_cast struct switch template this throw true try typedef typeid
    typename union unsigned using virtual void volatile wchar_t while xor xor_eq double_t float_t int32_t int64_t
    uint32_t uint64_t i arrays module pnn receptor_names segment shared_names step update increment Count
    Real rows s state event traces pre_traces post_traces pre_before post_before pre_trace post_trace n_pre_traces
    n_post_traces has_post has_stored first_stored load store State psp advance pre_spike post_spike has_psp has_step
    has_post_step has_common_step advance_post advance_common element advances_first arrives_first asks_sent Operation
    Row row all Ahead prepare Regimes regime device_module RESETS FLUSHED_EVERY LOOKS RESTS reset flush
    RECEPTORS IS_DRAWN TELLS LEAVES RESETS_LEFT""".split()  # noqa: SIM905
)
"""Words of C++, and of the text around a model's names."""
_CONNECTIVES = {Connective.AND: "&", Connective.OR: "|"}
"""Both sides are always evaluated: no branch stands in the way of vectors."""
_OF_REAL = ("flush", "fma")
"""Functions that have a form for each precision."""
_CHOICE, _LOGIC, _COMPARISON, _SUM, _PRODUCT, _SIGN, _ATOM = range(7)
"""How strongly operators bind."""
_WIDTH = 110


def identifier(name: str) -> str:
    """The name in C++: unchanged, but for words that are taken and the parentheses of ``sum(exc)``.

    Different names stay different. The text's own members end in one underscore, which no name of a model can become
    (but ``sum_exc_``, which none of them is).
    """
    if "(" in name:
        return re.sub(r"\W+", "_", name)
    return f"{name}_" if name in _KEYWORDS or name.endswith("_") else name


def struct_name(kernel: Kernel) -> str:
    """The model's name, as far as C++ can take it; never that of a member."""
    name = re.sub(r"\W", "_", kernel.model)
    name = f"Model_{name}" if not name[:1].isalpha() else identifier(name)
    return f"{name}_model" if name in {identifier(field.name) for field in kernel.fields} else name


def template_arguments(kernel: Kernel) -> str:
    """What the templates of a primitive take: the kernel's struct, or both forms of one that keeps weights or not."""
    name = struct_name(kernel)
    has_two = isinstance(kernel, ClockedKernel) and kernel.keeps_weight
    return f"{name}<true>, {name}<false>" if has_two else name


class Printer:
    """Prints the expressions and statements of one kernel.

    Args:
        shared: whether parameters are shared by all elements (members of the struct) or loaded one by one.
        receptors: names in order; their sums are addressed by number.
    """

    def __init__(self, shared: bool, receptors: tuple[str, ...] = ()) -> None:
        self._shared = shared
        self._receptors = receptors
        self._event = ""

    def is_shared(self, field: Field) -> bool:
        """Whether a field is one value for the whole segment."""
        is_parameter = field.role in (Role.PARAMETER, Role.POST_PARAMETER)
        return field.role is Role.POPULATION or (is_parameter and self._shared)

    def place(self, field: Field) -> str:
        """Where a field's value of this element is."""
        if field.role is Role.COMMON:
            return f"{field.name}_"
        if field.role is Role.AHEAD:
            return f"{field.name}_"
        return identifier(field.name) if is_constant(field) else f"this->{identifier(field.name)}[i]"

    def identity(self, draw: Draw) -> str:
        """Whose draw it is, and which of them."""
        element = "-element_offset_" if draw.common else "i"
        return f"identity_({element}, {draw.number}{self._event})"

    def expression(self, value: Value) -> str:
        """C++ text, with no parenthesis more than needed."""
        match value:
            case Literal():
                return _literal(value)
            case Load(field):
                return self.place(field)
            case Local(name):
                return identifier(name)
            case StepValue("t_end" | "step" as name):
                return f"this->{name}_"
            case StepValue(name):
                return f"this->{name}"
            case Arrived(receptor):
                number = self._receptors.index(receptor)
                return f"static_cast<Real>(pnn::received_in<Form_, {number}>(input_{number}_, i))"
            case Negate(operand):
                return f"-{self._operand(operand, _ATOM)}"
            case Not(operand):
                return f"!{self._operand(operand, _ATOM)}"
            case Arithmetic(BinaryOperator.ADD, left, Arrived(receptor)) if value.dtype is DType.REAL:
                number = self._receptors.index(receptor)
                return f"pnn::plus_received<Form_, {number}>({self.expression(left)}, input_{number}_, i)"
            case Arithmetic(operator, left, right):
                binding = _binding(value)
                return f"{self._operand(left, binding)} {operator.value} {self._operand(right, binding + 1)}"
            case Compare(operator, left, right):
                return f"{self._operand(left, _SUM)} {operator.value} {self._operand(right, _SUM)}"
            case Logic(connective, left, right):
                sign = _CONNECTIVES[connective]
                return f"{self._operand(left, _SIGN)} {sign} {self._operand(right, _SIGN)}"
            case Select(condition, then, otherwise):
                parts = (self._operand(part, _LOGIC) for part in (condition, then, otherwise))
                return "{} ? {} : {}".format(*parts)
            case Apply(function, arguments):
                return self._apply(value, function, arguments)
            case Draw(name, arguments, _, dtype):
                drawn = f"pnn::{name}({', '.join([self.identity(value), *map(self.expression, arguments)])})"
                return f"static_cast<Real>({drawn})" if dtype is DType.REAL else drawn
            case Cast(operand, dtype):
                return self._cast(operand, dtype)
            case _:
                raise TypeError(f"no C++ for {value!r}; a pass that should have replaced it has not run")

    def loads(self, fields: Iterable[Field]) -> Iterator[str]:
        """Constants of one element as locals: loaded whether a condition needs them or not, as vectors must be."""
        for field in fields:
            if is_constant(field) and not self.is_shared(field):
                name = identifier(field.name)
                yield f"const {TYPES[field.dtype]} {name} = this->{name}[i];"

    def inputs(self, fields: Iterable[Field]) -> Iterator[str]:
        """The same of inputs that the form of the step may tell to be at rest."""
        for name in (identifier(field.name) for field in fields):
            yield f"const auto {name} = pnn::input_in<Form_>(this->{name}, i);"

    def _operand(self, value: Value, least: int) -> str:
        """In parentheses where it binds less than `least`."""
        text = self.expression(value)
        return f"({text})" if _binding(value) < least else text

    def _apply(self, value: Apply, function: str, arguments: tuple[Value, ...]) -> str:
        form = "<Form_>" if function == LOOKED_AT else ""
        call = f"pnn::{function}{form}({', '.join(map(self.expression, arguments))})"
        # One double implementation serves both precisions: the same bits before rounding.
        return f"static_cast<Real>({call})" if value.dtype is DType.REAL and function not in _OF_REAL else call

    def _cast(self, operand: Value, dtype: DType) -> str:
        if operand.dtype is DType.MASK:
            kind = TYPES[dtype]
            return f"({self._operand(operand, _LOGIC)} ? {kind}(1) : {kind}(0))"
        return f"static_cast<{TYPES[dtype]}>({self.expression(operand)})"

    def statements(self, body: tuple[Statement, ...]) -> Iterator[str]:
        """One line a statement."""
        assigned = set(_assigned(body))
        for statement in body:
            match statement:
                case Let(name, value, is_new):
                    const = "" if name in assigned else "const "
                    kind = f"{const}{TYPES[value.dtype]} " if is_new else ""
                    yield f"{kind}{identifier(name)} = {self.expression(value)};"
                case Store(field, value):
                    yield f"{self.place(field)} = {self.expression(value)};"
                case ClearArrived(receptor):
                    yield f"pnn::clear_received<Form_>(input_{self._receptors.index(receptor)}_, i);"
                case Comment(text):
                    yield comment(text)
                case Repeat():
                    yield from self._repeated(statement)
                case _:
                    unreachable(statement)

    def _repeated(self, repeat: Repeat) -> Iterator[str]:
        count = identifier(repeat.count)
        condition = Logic(
            Connective.AND, repeat.condition, Compare(Comparator.LESS, _as_real64(repeat.count), repeat.most)
        )
        yield f"while ({self.expression(condition)}) {{"
        self._event = f", static_cast<uint32_t>({count})"
        yield from (f"    {line}" for line in self.statements(repeat.body))
        self._event = ""
        yield f"    {count} += 1;"
        yield "}"


def _assigned(body: Iterable[Statement]) -> Iterator[str]:
    """Locals that get another value after their first."""
    for statement in body:
        match statement:
            case Let(name, _, False):
                yield name
            case Repeat(_, count, _, repeated):
                yield count
                yield from _assigned(repeated)


def _as_real64(count: str) -> Value:
    return Cast(Local(count, DType.COUNT), DType.REAL64)


def is_constant(field: Field) -> bool:
    """Whether no step changes the field."""
    return field.role in (Role.PARAMETER, Role.INPUT, Role.POPULATION)


def comment(text: str) -> str:
    """One line of comment; a backslash at its end would swallow the next line."""
    return f"// {text}." if text.endswith("\\") else f"// {text}"


def _binding(value: Value) -> int:
    match value:
        case Select():
            return _CHOICE
        case Logic():
            return _LOGIC
        case Compare():
            return _COMPARISON
        case Arithmetic(BinaryOperator.ADD, _, Arrived()):
            return _ATOM
        case Arithmetic(BinaryOperator.ADD | BinaryOperator.SUBTRACT):
            return _SUM
        case Arithmetic():
            return _PRODUCT
        case Negate() | Not():
            return _SIGN
        case Literal(number, DType.REAL64):
            return _SIGN if number < 0 else _ATOM
        case _:
            return _ATOM


def wrapped(lines: Iterable[str]) -> Iterator[str]:
    """Lines of a function's body, indented; long statements continue in the next line."""
    for line in lines:
        text = line.lstrip()
        further = " " * (len(line) - len(text) + 4)
        whole = text.startswith("//") or len(line) <= _WIDTH
        parts = (
            [line]
            if whole
            else textwrap.wrap(line, _WIDTH, subsequent_indent=further, break_long_words=False, break_on_hyphens=False)
        )
        yield from (f"        {part}" for part in parts)


def _literal(value: Literal) -> str:
    if value.dtype is DType.MASK:
        return "true" if value.value else "false"
    text = repr(float(value.value))
    if value.dtype is DType.REAL64:
        return text
    return f"{TYPES[value.dtype]}({text})"


Member = tuple[str, str]
"""Declaration of a member of the struct, and how it starts."""

COUNT = "    using Count = ::Count;"

TIME: tuple[Member, ...] = (
    ("double t;  // start of the step, ms", "t(step.t)"),
    ("Real dt;   // ms", "dt(static_cast<Real>(step.dt))"),
)
END: tuple[Member, ...] = (
    ("double t_end_;  // end of the step, ms", "t_end_(static_cast<double>(step.step) * step.dt)"),
)


def synapse_struct(kernel: SynapseKernel) -> str:
    """The struct of a synapse type, for the primitive `deliver`."""
    printer = Printer(shared=True)
    names = [identifier(field.name) for field in kernel.fields]
    values = [(f"double {name};", f"{name}(rows.shared[{number}])") for number, name in enumerate(names)]
    return struct_text(
        kernel,
        [COUNT],
        [*values, *TIME],
        "[[maybe_unused]] const pnn_rows& rows, const pnn_step& step",
        "",
        f"    // {kernel.model}: what one synapse sends when a spike arrives",
        "    PNN_FN double increment(double weight) const {",
        *wrapped(printer.statements(kernel.body)),
        *wrapped([f"return {printer.expression(kernel.increment)};"]),
        "    }",
    )


def struct_text(kernel: Kernel, head: Iterable[str], members: Iterable[Member], arguments: str, *functions: str) -> str:
    """A struct: what stands at its head, members, the constructor that starts them, functions."""
    members = tuple(members)
    name = struct_name(kernel)
    starts = ",\n          ".join(start for _, start in members)
    lines = [
        f"struct {name} {{",
        *head,
        "",
        *(f"    {declaration}" for declaration, _ in members),
        "",
        f"    PNN_FN {name}({arguments})",
        f"        : {starts} {{}}",
        *functions,
        "};",
    ]
    return "\n".join(lines) + "\n"
