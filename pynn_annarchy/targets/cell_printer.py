"""The text of cell types, for the primitive `neurons`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from pynn_annarchy.kernels.ir import (
    FLUSHED_EVERY,
    Apply,
    Cast,
    CellKernel,
    Comment,
    Draw,
    Field,
    Load,
    Role,
    StepValue,
    Value,
    loaded,
    nodes,
    statement_values,
    values_in,
)
from pynn_annarchy.kernels.passes.contract import FUSED
from pynn_annarchy.kernels.passes.endings import Left, Told, left_for_next, spikes_of_stored
from pynn_annarchy.kernels.passes.regimes import Regime, regimes
from pynn_annarchy.targets.c_printer import (
    COUNT,
    END,
    TIME,
    TYPES,
    Member,
    Printer,
    identifier,
    is_constant,
    struct_name,
    struct_text,
    wrapped,
)

_SHORT = 256
"""Parts of a step in which one product counts."""

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
        return _regime_struct(found[0], kernel, printer, left_for_next(found[0], printer.is_shared))
    named = [
        replace(regime, kernel=replace(regime.kernel, model=f"{kernel.model}_{number}"))
        for number, regime in enumerate(found)
    ]
    structs = [_regime_struct(regime, kernel, printer, None) for regime in named]  # each looks at something else
    return "\n".join([*structs, _choice_struct(named, kernel, printer)])


def _regime_struct(regime: Regime, kernel: CellKernel, printer: Printer, left: Left | None) -> str:
    """One regime of a cell type, whose whole kernel says where the fields are."""
    own = regime.kernel
    asked = [*values_in(own), *(value for _, value in regime.common), *(value for _, value in regime.ahead)]
    draws = any(isinstance(value, Draw) for value in asked)
    moments = {node.name for node in nodes(*asked) if isinstance(node, StepValue)}
    members = [*_fields(kernel, own.fields, printer), *_receptors(own), *(_DRAWING if draws else ()), *TIME]
    members += (*(END if "t_end" in moments else ()), *(_STEP if "step" in moments else ()))
    members += _common(regime, printer)
    conditions = [f"{'' if holds else 'not '}{printer.expression(value)}" for value, holds in regime.outcomes]
    where = f" where {' and '.join(conditions)}" if conditions else ""
    ahead = ", int64_t k_, const Ahead& ahead_" if regime.ahead else ""
    told = spikes_of_stored(own, printer.is_shared)
    drawn = _drawn_alone(regime)
    members += (*_limits_of_next(left, printer), *_bound_of_spikes(told, printer))
    flushed = own.flushed
    read, resting = _read(own.fields, own.spikes, *statement_values(own.body)), _resting(own, printer)
    return struct_text(
        own,
        [
            COUNT,
            f"    static constexpr int64_t FLUSHED_EVERY = {FLUSHED_EVERY if flushed else 0};  // steps",
            f"    static constexpr bool RESETS = {_bool(own.reset)};",
            f"    static constexpr bool LOOKS = {_bool(regime.looked_at)};  // at what decides about its form",
            f"    static constexpr bool RESTS = {_bool(resting)};  // has a form for inputs at rest",
            f"    static constexpr int RECEPTORS = {len(own.receptors)};",
            f"    static constexpr bool IS_DRAWN = {_bool(drawn)};  // a step only draws how often a cell spikes",
            f"    static constexpr bool TELLS = {_bool(told)};  // its spikes by what it has stored",
            f"    static constexpr bool LEAVES = {_bool(left)};  // what decides about the next step's form",
            f"    static constexpr bool RESETS_LEFT = {_bool(left and left.is_reset)};  // a spike changes that",
        ],
        members,
        "const pnn_segment& segment, const pnn_step& step",
        *(_IDENTITY if draws else ()),
        *_inputs_at_rest(own, printer, resting),
        *_numbers_received(own),
        *_preparation(regime, printer),
        *_drawing_alone(drawn, printer),
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


def _drawn_alone(regime: Regime) -> tuple[Field, Draw] | None:
    """What is drawn ahead, if that is how often a cell spikes and a step does nothing else."""
    number, body = regime.kernel.spikes, (*regime.kernel.body, *regime.kernel.reset)
    while isinstance(number, Cast):
        number = number.operand
    if not isinstance(number, Load) or not all(isinstance(statement, Comment) for statement in body):
        return None
    return next(((field, draw) for field, draw in regime.ahead if field == number.field), None)


def _drawing_alone(drawn: tuple[Field, Draw] | None, printer: Printer) -> Iterator[str]:
    """The function that tells how often each of n cells spikes, from the first one on, where that fits into 16 bits."""
    if drawn:
        field, draw = drawn
        yield from ("", "    // how often cells spike, and all of them together; negative where that is not told so")
        yield "    PNN_HOST int64_t count_(int64_t first_, int64_t n_, uint16_t* counts_) const {"
        yield from wrapped(
            (
                "const int64_t i = first_;",
                f"const pnn::Identity identity = {printer.identity(draw)};",
                f"const pnn::{draw.distribution.capitalize()}Law& law = law_of_{field.name}_;",
                "return law.has_bounds_of(identity, n_) ? law.count(identity, n_, counts_) : -1;",
            )
        )
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
        [COUNT, f"    using Regimes = pnn::Regimes<{', '.join(struct_name(regime.kernel) for regime in found)}>;"],
        [*_fields(kernel, own, printer), *TIME],
        "const pnn_segment& segment, const pnn_step& step",
        "",
        f"    PNN_FN int regime() const {{ return {' + '.join(bits)}; }}",
    )


def _bool(value: object) -> str:
    return "true" if value else "false"


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
    yield "    PNN_FN bool counts_() const { return added_to_ < 0 && input_0_.numbers != nullptr; }"
    yield "    PNN_FN void sum_up_(int64_t first_, int64_t n_) const {"
    yield from (f"        pnn::sum_up(input_{number}_, first_, n_);" for number in range(len(kernel.receptors)))
    yield "    }"
    yield "    template <class Form_, class Amounts_>"
    yield "    PNN_FN void form_ahead_(int64_t first_, int n_, Amounts_& amounts_) {"
    for number in range(len(kernel.receptors)):
        yield f"        pnn::form_ahead<Form_, {number}>(input_{number}_, first_, n_, amounts_[{number}]);"
    yield "    }"


def _receptors(kernel: CellKernel) -> Iterator[Member]:
    for number, receptor in enumerate(kernel.receptors):
        yield f"pnn::Received input_{number}_;  // {receptor}", f"input_{number}_(pnn::received_of(segment, {number}))"
    if kernel.receptors:
        yield "int added_to_;", "added_to_(segment.added != nullptr ? segment.added_to : -1)"
