"""Clocked kernel -> the text of its struct, for the primitive `synapses`."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from pynn_annarchy.kernels.ir import (
    ClockedKernel,
    Draw,
    Event,
    Field,
    Moment,
    Place,
    Role,
    Value,
    loaded,
    statement_values,
)
from pynn_annarchy.model.spec import WEIGHT
from pynn_annarchy.targets.c_printer import END, Member, Printer, identifier, struct_name, struct_text, wrapped
from pynn_annarchy.targets.learning_printer import ABOUT, member

_OPERATIONS = {"sum": "pnn::Sum", "mean": "pnn::Mean", "max": "pnn::Max", "min": "pnn::Min"}

_TIME: tuple[Member, ...] = (
    ("double t;   // start of the step, ms", "t(step.t)"),
    ("double dt;  // ms", "dt(step.dt)"),
)
_DRAWING: tuple[Member, ...] = (
    ("const uint32_t* ranks_;", "ranks_(rows.ranks)"),
    ("uint64_t first_element_;", "first_element_(static_cast<uint64_t>(rows.first_element))"),
    (
        "pnn::Identity who_;  // all but the synapse, the spike and the draw",
        "who_{step.seed_key, rows.object_index, 0, pnn::trial_batch(step.trial, step.batch),\n"
        "               static_cast<uint32_t>(step.step), 0, 0}",
    ),
)
_MOMENTS: tuple[Member, ...] = (
    ("const double* passed_;  // step of the last spike that each synapse knows of", "passed_(rows.passed)"),
    ("const double* spiked_;  // step of the last spike of each cell", "spiked_(rows.spiked)"),
    ("double step_dt_;        // ms, of one step", "step_dt_(rows.dt)"),
)
_IDENTITY = (
    "",
    "    PNN_FN pnn::Identity identity_of_(uint64_t element, uint32_t draw) const {",
    "        pnn::Identity drawing = who_;",
    "        drawing.element = element;",
    "        drawing.draw = draw;",
    "        return drawing;",
    "    }",
    "",
    "    PNN_FN pnn::Identity identity_(uint64_t s, uint32_t draw) const { return identity_of_(ranks_[s], draw); }",
    "",
    "    PNN_FN pnn::Identity identity_(uint64_t s, const pnn_event& event, uint32_t draw) const {",
    "        pnn::Identity drawing = identity_(s, draw);",
    "        drawing.step = static_cast<uint32_t>(event.step);",
    "        drawing.event = event.repetition;",
    "        return drawing;",
    "    }",
)


class _Printer(Printer):
    """Prints the bodies of a clocked kernel.

    Args:
        shared: whether all parameters but the weight are one value for all synapses.
        of: what the body changes.
        at_spike: whether the body belongs to a spike, whose random numbers are its own.
    """

    def __init__(self, shared: bool, of: Place, at_spike: bool = False) -> None:
        super().__init__(shared)
        self._of = of
        self._at_spike = at_spike

    def place(self, field: Field) -> str:
        if field.role in _ALIKE_IN_A_ROW and self._of is Place.SYNAPSE and not self._at_spike:
            return f"row.{_in_row(field)}"
        return self._stored(field)

    def _stored(self, field: Field) -> str:
        match field.role:
            case Role.PRE_CELL:
                return f"this->{_seen(field)}[pre]"
            case Role.POST_CELL:
                return f"this->{_seen(field)}[post]"
            case Role.OF_ALL:
                return f"this->{_seen(field)}[0]"
            case Role.PARAMETER if field.name != WEIGHT and self._of is not Place.SYNAPSE and not self.is_shared(field):
                return f"this->{identifier(field.name)}[0]"  # what is in common depends on what is one value for all
            case Role.PARAMETER | Role.POST_PARAMETER if field.name != WEIGHT:
                name, index = identifier(field.name), "s" if field.role is Role.PARAMETER else "element"
                return f"this->{name}" if self.is_shared(field) else f"this->{name}[{index} * this->{name}_step_]"
            case Role.PARAMETER:
                return f"this->{member(field)}[each_weight_ ? s : 0]"
            case Role.POST_STATE:
                return f"this->{member(field)}[element]"
            case Role.COMMON_STATE:
                return f"this->{member(field)}[0]"
            case _:
                return f"this->{member(field)}[s]"

    def identity(self, draw: Draw) -> str:
        match self._of:
            case Place.PROJECTION:
                return f"identity_of_(0, {draw.number})"
            case Place.POST_CELL:
                return f"identity_of_(first_element_ + element, {draw.number})"
            case Place.SYNAPSE:
                return f"identity_(s, event, {draw.number})" if self._at_spike else f"identity_(s, {draw.number})"

    def _moment(self, name: str) -> str:
        """When a cell has spiked last: of a spike, it is told with it."""
        if self._at_spike:
            return f"event.{name}"
        if name == "t_pre":
            return "this->t_pre_(s)"
        return "row.t_post_" if self._of is Place.SYNAPSE else "this->t_post_(element)"

    def expression(self, value: Value) -> str:
        match value:
            case Moment(name):
                return self._moment(name)
            case Event(about):
                return ABOUT[about]
            case _:
                return super().expression(value)


def clocked_struct(kernel: ClockedKernel, shared: bool) -> str:
    """The struct of a synapse type that does something in every step.

    Args:
        shared: whether all parameters but the weight are one value for all synapses.
    """
    time = (*_TIME, *(END if kernel.advances_first else ()))
    members = [*_fields(kernel, shared), *_seen_members(kernel), *(_DRAWING if kernel.draws else ()), *time]
    members += _MOMENTS if kernel.asks_in_steps else ()
    head = (
        "template <bool each_weight_>  // whether synapses have weights of their own\n" if kernel.keeps_weight else ""
    )
    return head + struct_text(
        kernel,
        _constants(kernel),
        members,
        "const pnn_dendrites& rows, const pnn_step& step",
        *(_IDENTITY if kernel.draws else ()),
        *(_moments(kernel) if kernel.asks_in_steps else ()),
        *_row(kernel, shared),
        *_transmission(kernel, shared),
        *_steps(kernel, shared),
        *_handlers(kernel, shared),
    )


def _seen(field: Field) -> str:
    """Where copies of a cell's variable are; the text's own members end in one underscore."""
    return re.sub(r"\W+", "_", f"{field.name}.")


def _fields(kernel: ClockedKernel, shared: bool) -> Iterator[Member]:
    """Parameters as values or as arrays with a step (0: one value for all); the weight and variables as arrays."""
    for number, field in enumerate(kernel.fields):
        name, array = member(field), f"rows.arrays[{number}]"
        if field.role not in (Role.PARAMETER, Role.POST_PARAMETER):
            yield f"double* {name};", f"{name}(static_cast<double*>({array}))"
        elif shared and field.name != WEIGHT:
            yield f"double {name};", f"{name}(*static_cast<const double*>({array}))"
        else:
            yield f"const double* {name};", f"{name}(static_cast<const double*>({array}))"
            if field.name != WEIGHT:
                yield f"int64_t {name}_step_;", f"{name}_step_(rows.array_steps[{number}])"


def _seen_members(kernel: ClockedKernel) -> Iterator[Member]:
    for side, fields in (("pre", kernel.pre_seen), ("post", kernel.post_seen)):
        for number, field in enumerate(fields):
            yield f"const double* {_seen(field)};", f"{_seen(field)}(rows.{side}[{number}])"


def _constants(kernel: ClockedKernel) -> Iterator[str]:
    facts = {
        "has_psp": kernel.psp is not None,
        "has_step": kernel.has_step,
        "has_post_step": bool(kernel.post_step),
        "has_common_step": bool(kernel.common_step),
        "advances_first": kernel.advances_first,
    }
    told = ", ".join(f"{name} = {str(value).lower()}" for name, value in facts.items())
    yield from (
        f"    {line}" for line in textwrap.wrap(f"static constexpr bool {told};", 100, subsequent_indent="    ")
    )
    yield f"    using Operation = {_OPERATIONS[kernel.operation]};"


_ALIKE_IN_A_ROW = (Role.POST_CELL, Role.OF_ALL, Role.POST_PARAMETER, Role.POST_STATE, Role.COMMON_STATE)
_IN_ROW = ("const Row& row", "uint64_t s", "uint64_t pre")
_INDICES = ("uint64_t s", "uint64_t pre", "uint64_t post", "uint64_t element")
_EVENT = "const pnn_event& event"


def _in_row(field: Field) -> str:
    """What a row's synapses see alike, as a value; a member of the struct `Row`."""
    return _seen(field) if field.role in (Role.POST_CELL, Role.OF_ALL) else member(field)


def _moments(kernel: ClockedKernel) -> Iterator[str]:
    """When the cells of a synapse have spiked last, in ms."""
    late = " - 1.0" if kernel.advances_first else ""
    yield ""
    for name, array, index in (("t_pre_", "passed_", "uint64_t s"), ("t_post_", "spiked_", "uint64_t element")):
        step = f"{array}[{index.split()[1]}]"
        step = f"({step}{late})" if late else step
        yield f"    PNN_FN double {name}({index}) const {{ return {step} * step_dt_; }}"


def _row(kernel: ClockedKernel, shared: bool) -> Iterator[str]:
    """The struct of what all synapses of a post-synaptic cell see alike: loaded once, whatever they store meanwhile."""
    values = [*statement_values(kernel.step), *([] if kernel.psp is None else [kernel.psp])]
    read = set().union(*(loaded(value) for value in values))
    given = (*kernel.fields, *kernel.pre_seen, *kernel.post_seen)
    fields = [field for field in given if field.role in _ALIKE_IN_A_ROW and field in read]
    printer = _Printer(shared, Place.POST_CELL)
    yield ""
    yield f"    // {kernel.model}: what the synapses of one cell see alike"
    yield "    struct Row {"
    yield from (f"        double {_in_row(field)};" for field in fields)
    if kernel.asks_in_steps:
        yield "        double t_post_;"
    name = struct_name(kernel)
    arguments = ", ".join(
        f"[[maybe_unused]] {each}" for each in (f"const {name}& all", "uint64_t post", "uint64_t element")
    )
    yield f"        PNN_FN Row({arguments})"
    starts = [f"{_in_row(field)}({printer.place(field).replace('this->', 'all.')})" for field in fields]
    starts += ["t_post_(all.t_post_(element))"] if kernel.asks_in_steps else []
    yield f"            : {', '.join(starts)} {{}}" if starts else "        {}"
    yield "    };"


def _transmission(kernel: ClockedKernel, shared: bool) -> Iterator[str]:
    value = "0.0" if kernel.psp is None else _Printer(shared, Place.SYNAPSE).expression(kernel.psp)
    lines = wrapped([f"return {value};"])
    yield from _function(f"{kernel.model}: what one synapse transmits over the step", "double psp", _IN_ROW, lines)


def _steps(kernel: ClockedKernel, shared: bool) -> Iterator[str]:
    """One step of what all synapses have in common, of what those of a post-synaptic cell have, and of one of them."""
    of_post = ("uint64_t element", "uint64_t post")
    for name, whose, place, arguments, body in (
        ("advance_common", "all synapses", Place.PROJECTION, (), kernel.common_step),
        ("advance_post", "what the synapses of one cell have in common", Place.POST_CELL, of_post, kernel.post_step),
        ("advance", "one synapse", Place.SYNAPSE, _IN_ROW, kernel.step),
    ):
        lines = wrapped(_Printer(shared, place).statements(body))
        yield from _function(f"{kernel.model}: one step of {whose}", f"void {name}", arguments, lines)


def _handlers(kernel: ClockedKernel, shared: bool) -> Iterator[str]:
    printer = _Printer(shared, Place.SYNAPSE, at_spike=True)
    pre = [*printer.statements(kernel.pre), f"return {printer.expression(kernel.increment)};"]
    arguments = (*_INDICES, _EVENT)
    what = f"{kernel.model}: what a pre-synaptic spike does, and sends"
    yield from _function(what, "double pre_spike", arguments, wrapped(pre))
    what = f"{kernel.model}: what a post-synaptic spike does in one synapse"
    yield from _function(what, "void post_spike", arguments, wrapped(printer.statements(kernel.post)))


def _function(what: str, head: str, arguments: tuple[str, ...], body: Iterable[str]) -> Iterator[str]:
    listed = ", ".join(f"[[maybe_unused]] {argument}" for argument in arguments)
    yield ""
    yield f"    // {what}"
    declaration = f"PNN_FN {head}({listed}) const {{"
    yield from (f"    {line}" for line in textwrap.wrap(declaration, 112, subsequent_indent="        "))
    yield from body
    yield "    }"
