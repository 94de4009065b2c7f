"""Kernel IR -> the text of a struct of scalar functions: the same text for g++ and nvcc."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from pynn_annarchy.exceptions import unreachable
from pynn_annarchy.kernels.ir import (
    FLUSHED_EVERY,
    Apply,
    Arithmetic,
    Arrived,
    Cast,
    CellKernel,
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
    loaded,
    nodes,
    statement_values,
    values_in,
)
from pynn_annarchy.kernels.passes.contract import FUSED
from pynn_annarchy.kernels.passes.endings import Left, Told, left_for_next, spikes_of_stored
from pynn_annarchy.kernels.passes.regimes import LOOKED_AT, Regime, regimes
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
    RECEIVES TELLS LEAVES RESETS_LEFT""".split()  # noqa: SIM905
)
"""Words of C++, and of the text around a model's names."""
_CONNECTIVES = {Connective.AND: "&", Connective.OR: "|"}
"""Both sides are always evaluated: no branch stands in the way of vectors."""
_OF_REAL = ("flush", "fma")
"""Functions that have a form for each precision."""
_SHORT = 256
"""Parts of a step in which one product counts."""
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
                return f"static_cast<Real>(pnn::received_in<Form_>(input_{number}_, i))"
            case Negate(operand):
                return f"-{self._operand(operand, _ATOM)}"
            case Not(operand):
                return f"!{self._operand(operand, _ATOM)}"
            case Arithmetic(BinaryOperator.ADD, left, Arrived(receptor)) if value.dtype is DType.REAL:
                number = self._receptors.index(receptor)
                return f"pnn::plus_received<Form_>({self.expression(left)}, input_{number}_, i)"
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


def _bool(value: object) -> str:
    return "true" if value else "false"


def _literal(value: Literal) -> str:
    if value.dtype is DType.MASK:
        return "true" if value.value else "false"
    text = repr(float(value.value))
    if value.dtype is DType.REAL64:
        return text
    return f"{TYPES[value.dtype]}({text})"


Member = tuple[str, str]
"""Declaration of a member of the struct, and how it starts."""

_COUNT = "    using Count = ::Count;"

_TIME: tuple[Member, ...] = (
    ("double t;  // start of the step, ms", "t(step.t)"),
    ("Real dt;   // ms", "dt(static_cast<Real>(step.dt))"),
)
END: tuple[Member, ...] = (
    ("double t_end_;  // end of the step, ms", "t_end_(static_cast<double>(step.step) * step.dt)"),
)
_STEP: tuple[Member, ...] = (("double step_;  // its number", "step_(static_cast<double>(step.step))"),)
_DRAWING: tuple[Member, ...] = (
    (
        "pnn::Identity who_;  // all but the element and the draw",
        "who_{step.seed_key, segment.object_index, 0, pnn::trial_batch(step.trial, step.batch),\n"
        "               static_cast<uint32_t>(step.step), 0, 0}",
    ),
    ("int64_t element_offset_;", "element_offset_(segment.element_offset)"),
)
_IDENTITY = (
    "",
    "    PNN_FN pnn::Identity identity_(int64_t i, uint32_t draw, uint32_t event = 0) const {",
    "        pnn::Identity drawing = who_;",
    "        drawing.element = static_cast<uint64_t>(element_offset_ + i);",
    "        drawing.draw = draw;",
    "        drawing.event = event;",
    "        return drawing;",
    "    }",
)


def cell_struct(kernel: CellKernel, shared: bool) -> str:
    """The struct of a cell type, for the primitive `neurons`; of several regimes, one each and one that chooses."""
    printer = Printer(shared, kernel.receptors)
    found = regimes(kernel, printer.is_shared)
    if len(found) == 1:
        return _regime_struct(found[0], kernel, printer)
    named = [
        replace(regime, kernel=replace(regime.kernel, model=f"{kernel.model}_{number}"))
        for number, regime in enumerate(found)
    ]
    structs = [_regime_struct(regime, kernel, printer) for regime in named]
    return "\n".join([*structs, _choice_struct(named, kernel, printer)])


def _regime_struct(regime: Regime, kernel: CellKernel, printer: Printer) -> str:
    """One regime of a cell type, whose whole kernel says where the fields are."""
    own = regime.kernel
    asked = [*values_in(own), *(value for _, value in regime.common), *(value for _, value in regime.ahead)]
    draws = any(isinstance(value, Draw) for value in asked)
    moments = {node.name for node in nodes(*asked) if isinstance(node, StepValue)}
    members = [*_fields(kernel, own.fields, printer), *_receptors(own), *(_DRAWING if draws else ()), *_TIME]
    members += (*(END if "t_end" in moments else ()), *(_STEP if "step" in moments else ()))
    members += _common(regime, printer)
    conditions = [f"{'' if holds else 'not '}{printer.expression(value)}" for value, holds in regime.outcomes]
    where = f" where {' and '.join(conditions)}" if conditions else ""
    ahead = ", int64_t k_, const Ahead& ahead_" if regime.ahead else ""
    told, left = spikes_of_stored(own, printer.is_shared), left_for_next(regime, printer.is_shared)
    members += (*_limits_of_next(left, printer), *_bound_of_spikes(told, printer))
    flushed = own.flushed
    read, resting = _read(own.fields, own.spikes, *statement_values(own.body)), _resting(own, printer)
    return struct_text(
        own,
        [
            _COUNT,
            f"    static constexpr int64_t FLUSHED_EVERY = {FLUSHED_EVERY if flushed else 0};  // steps",
            f"    static constexpr bool RESETS = {_bool(own.reset)};",
            f"    static constexpr bool LOOKS = {_bool(regime.looked_at)};  // at what decides about its form",
            f"    static constexpr bool RESTS = {_bool(resting)};  // has a form for inputs at rest",
            f"    static constexpr bool RECEIVES = {_bool(own.receptors)};",
            f"    static constexpr bool TELLS = {_bool(told)};  // spikes anew",
            f"    static constexpr bool LEAVES = {_bool(left)};  // for the next step what that looks at",
            f"    static constexpr bool RESETS_LEFT = {_bool(left and left.is_reset)};",
        ],
        members,
        "const pnn_segment& segment, const pnn_step& step",
        *(_IDENTITY if draws else ()),
        *_inputs_at_rest(own, printer, resting),
        *_numbers_received(own),
        *_preparation(regime, printer),
        *_look(regime, printer),
        "",
        f"    // {kernel.model}: one cell over one step{where}; returns its number of spikes",
        "    template <class Form_>",
        f"    PNN_FN Count update(int64_t i{ahead}, pnn::Signs&{' signs_' if left or told else ''}) const {{",
        *wrapped(printer.inputs(resting)),
        *wrapped(printer.loads(field for field in read if field not in resting)),
        *wrapped(_known_ahead(regime)),
        *wrapped(printer.statements(own.body)),
        *wrapped(_next_look(left, printer)),
        *wrapped(_may_spike(told, own, printer)),
        *wrapped([f"return {printer.expression(own.spikes)};"]),
        "    }",
        *_told_anew(own, told, printer),
        *_after_spikes(own, printer),
        *_flushing(flushed, printer),
    )


def _resting(kernel: CellKernel, printer: Printer) -> tuple[Field, ...]:
    """The inputs for whose rest there is a form: where the step is short and has a product less then."""
    values = list(nodes(kernel.spikes, *statement_values(kernel.body)))
    if len(values) > _SHORT:
        return ()
    factors = {
        node for value in values if isinstance(value, Apply) and value.function == FUSED for node in value.arguments[:2]
    }
    inputs = (field for field in kernel.fields if field.role is Role.INPUT and not printer.is_shared(field))
    return tuple(field for field in inputs if Load(field) in factors)


def _read(fields: Iterable[Field], *values: Value) -> Iterator[Field]:
    """Those of the fields that the values read."""
    read = set().union(*map(loaded, values))
    return (field for field in fields if field in read)


def _after_spikes(kernel: CellKernel, printer: Printer) -> Iterator[str]:
    """The function for a cell that has spiked."""
    if kernel.reset:
        yield from ("", "    // what follows a spike", "    PNN_FN void reset(int64_t i) const {")
        yield from wrapped(printer.loads(_read(kernel.fields, *statement_values(kernel.reset))))
        yield from wrapped(printer.statements(kernel.reset))
        yield "    }"


def _flushing(fields: Iterable[Field], printer: Printer) -> Iterator[str]:
    """The function that sets subnormal states to zero."""
    places = [printer.place(field) for field in fields]
    if places:
        yield from ("", "    PNN_FN void flush(int64_t i) const {")
        yield from wrapped(f"{place} = pnn::flush({place});" for place in places)
        yield "    }"


def _inputs_at_rest(kernel: CellKernel, printer: Printer, resting: Collection[Field]) -> Iterator[str]:
    """The function after which inputs that have no array read zeros, for some cells from the first one on."""
    inputs = [field for field in kernel.fields if field.role is Role.INPUT and not printer.is_shared(field)]
    yield from ("", f"    PNN_HOST void go_to_(int64_t{' first_' if inputs else ''}) {{")
    for field in inputs:
        name = identifier(field.name)
        yield f"        if (rests_{name}_) {name} = pnn::ZEROS<{TYPES[field.dtype]}> - first_;"
    yield "    }"
    if resting:
        rest = " & ".join(f"rests_{identifier(field.name)}_" for field in resting)
        yield f"    PNN_FN bool at_rest_() const {{ return {rest}; }}"


def _common(regime: Regime, printer: Printer) -> Iterator[Member]:
    """What a regime forms once for all cells, and the laws of what it draws."""
    for field, value in regime.common:
        yield f"{TYPES[field.dtype]} {field.name}_;", _start(f"{field.name}_({printer.expression(value)})")
    for field, draw in regime.ahead:
        arguments = ", ".join(map(printer.expression, draw.arguments))
        yield (
            f"pnn::{draw.distribution.capitalize()}Law law_of_{field.name}_;",
            _start(f"law_of_{field.name}_({arguments})"),
        )


def _start(text: str) -> str:
    """How a member starts, with its further lines indented."""
    return "\n".join(wrapped([text])).strip().replace("\n", "\n  ")


def _known_ahead(regime: Regime) -> Iterator[str]:
    """What has been drawn for a cell before its step."""
    for field, _ in regime.ahead:
        kind = TYPES[field.dtype]
        yield f"const {kind} {field.name}_ = static_cast<{kind}>(ahead_.{field.name}_[k_]);"


def _preparation(regime: Regime, printer: Printer) -> Iterator[str]:
    """The function that draws what n cells need, from the first one on."""
    if not regime.ahead:
        return
    yield from ("", "    struct Ahead {", "        static constexpr int64_t SIZE = pnn::MANY_DRAWN;")
    yield from (f"        double {field.name}_[SIZE];" for field, _ in regime.ahead)
    yield from ("    };", "    PNN_FN void prepare(int64_t first_, int64_t n_, Ahead& ahead_) const {")
    yield "        const int64_t i = first_;"
    for field, draw in regime.ahead:
        yield f"        law_of_{field.name}_.draw({printer.identity(draw)}, n_, ahead_.{field.name}_);"
    yield "    }"


def _look(regime: Regime, printer: Printer) -> Iterator[str]:
    """The function that looks at arguments of functions of n cells, from the first one on."""
    if not regime.looked_at:
        return
    fields = _read(regime.kernel.fields, *(let.value for let in regime.formulas), *regime.looked_at)
    lines = (*printer.loads(fields), *_beyond(regime, "beyond_", printer))
    yield from ("", "    // whether exponential steps are short")
    yield "    PNN_FN bool are_small_(int64_t first_, int64_t n_) const {"
    yield from wrapped(("int64_t beyond_ = 0;", "PNN_INDEPENDENT", "for (int64_t i = first_; i < first_ + n_; ++i) {"))
    yield from wrapped(f"    {line}" for line in lines)
    yield from wrapped(("}", "return beyond_ >= 0;"))
    yield "    }"


def _beyond(look: Regime | Left, into: str, printer: Printer) -> Iterator[str]:
    """The lines that look at one cell's arguments."""
    yield from printer.statements(look.formulas)
    yield from (f"{into} |= pnn::beyond_small({printer.expression(x)});" for x in look.looked_at)


def _limits_of_next(left: Left | None, printer: Printer) -> Iterator[Member]:
    """The members with which the end of a step looks at what the next one will."""
    for number, looked_at in enumerate(left.sums if left else ()):
        constant = "0.0" if looked_at.constant is None else printer.expression(looked_at.constant)
        arguments = ", ".join([constant, *(printer.expression(factor) for _, factor in looked_at.factors)])
        yield f"int64_t most_{number}_;  // rank", _start(f"most_{number}_(pnn::most_for_small({arguments}))")


def _next_look(left: Left | None, printer: Printer) -> Iterator[str]:
    """The lines that look, at the end of a step, at what the next one will."""
    if left is None:
        return
    yield "{  // whether exponential steps of the next step are short"
    yield from (f"    {line}" for line in _beyond(left, "signs_.beyond", printer))
    for number, looked_at in enumerate(left.sums):
        names = [identifier(field.name) for field, _ in looked_at.factors]
        signs = "".join(f" | pnn::sign_of({name})" for name in names)
        yield f"    signs_.beyond |= pnn::above(most_{number}_, {' + '.join(names)}){signs};"
    yield "}"


def _bound_of_spikes(told: Told | None, printer: Printer) -> Iterator[Member]:
    """The member with which a step sees where there may be spikes."""
    if told and told.bound:
        _, bound, is_enough = told.bound
        text = f"static_cast<double>({printer.expression(bound)})"
        start = f"pnn::just_below({text})" if is_enough else text
        yield "double spikes_above_;", _start(f"spikes_above_({start})")


def _may_spike(told: Told | None, kernel: CellKernel, printer: Printer) -> Iterator[str]:
    """The line that says whether a cell may have spiked."""
    if told is None:
        return
    if told.bound:
        yield f"signs_.spiked |= pnn::sign_of(spikes_above_ - {identifier(told.bound[0].name)});"
    else:
        yield f"signs_.spiked |= {printer.expression(kernel.spikes)} > 0 ? -1 : 0;"


def _told_anew(kernel: CellKernel, told: Told | None, printer: Printer) -> Iterator[str]:
    """The function that tells how often a cell has spiked from what its step has stored."""
    if told:
        yield from ("", "    // what update has returned", "    PNN_FN Count spikes_(int64_t i) const {")
        yield from wrapped(printer.loads(_read(kernel.fields, told.number)))
        yield from wrapped([f"return {printer.expression(told.number)};"])
        yield "    }"


def _choice_struct(found: list[Regime], kernel: CellKernel, printer: Printer) -> str:
    """The struct that says which regime holds: bits of its number are outcomes, the last condition's the lowest."""
    conditions = [condition for condition, _ in found[0].outcomes]
    used = {field for condition in conditions for field in loaded(condition)}
    own = tuple(field for field in kernel.fields if field in used)
    bits = [
        f"({printer.expression(condition)} ? {1 << place} : 0)"
        for place, condition in zip(reversed(range(len(conditions))), conditions, strict=True)
    ]
    return struct_text(
        kernel,
        [_COUNT, f"    using Regimes = pnn::Regimes<{', '.join(struct_name(regime.kernel) for regime in found)}>;"],
        [*_fields(kernel, own, printer), *_TIME],
        "const pnn_segment& segment, const pnn_step& step",
        "",
        f"    PNN_FN int regime() const {{ return {' + '.join(bits)}; }}",
    )


def synapse_struct(kernel: SynapseKernel) -> str:
    """The struct of a synapse type, for the primitive `deliver`."""
    printer = Printer(shared=True)
    names = [identifier(field.name) for field in kernel.fields]
    values = [(f"double {name};", f"{name}(rows.shared[{number}])") for number, name in enumerate(names)]
    return struct_text(
        kernel,
        [_COUNT],
        [*values, *_TIME],
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


def _fields(kernel: CellKernel, own: Collection[Field], printer: Printer) -> Iterator[Member]:
    """The fields `own`, from their places among all of the kernel."""
    arrays = [field for field in kernel.fields if not printer.is_shared(field)]
    for number, field in enumerate(arrays):
        if field not in own:
            continue
        const = "const " if is_constant(field) else ""
        name, kind = identifier(field.name), f"{const}{TYPES[field.dtype]}*"
        yield f"{kind} {name};", f"{name}(static_cast<{kind}>(segment.arrays[{number}]))"
        if field.role is Role.INPUT:
            yield f"bool rests_{name}_;", f"rests_{name}_(segment.arrays[{number}] == nullptr)"
    values = [field for field in kernel.fields if printer.is_shared(field)]
    for number, field in enumerate(values):
        if field not in own:
            continue
        name, kind = identifier(field.name), TYPES[field.dtype]
        yield f"{kind} {name};", f"{name}(static_cast<{kind}>(segment.shared[{number}]))"


def _numbers_received(kernel: CellKernel) -> Iterator[str]:
    """Of cells with receptors: how many increments they receive is what a call may tell, instead of sums."""
    if not kernel.receptors:
        return
    yield "    PNN_FN bool counts_() const { return input_0_.numbers != nullptr; }"
    yield "    PNN_FN void sum_up_(int64_t first_, int64_t n_) const {"
    yield from (f"        pnn::sum_up(input_{number}_, first_, n_);" for number in range(len(kernel.receptors)))
    yield "    }"


def _receptors(kernel: CellKernel) -> Iterator[Member]:
    for number, receptor in enumerate(kernel.receptors):
        yield f"pnn::Received input_{number}_;  // {receptor}", f"input_{number}_(pnn::received_of(segment, {number}))"
