"""Clocked kernel -> the text of its struct, for the primitive `synapses`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pynn_annarchy.kernels.ir import ClockedKernel, Draw, Event, Field, Moment, Role, Statement, StepValue, Value
from pynn_annarchy.model.spec import WEIGHT
from pynn_annarchy.targets.c_printer import Member, Printer, identifier, struct_text, wrapped
from pynn_annarchy.targets.learning_printer import ABOUT, member

_OPERATIONS = {"sum": "pnn::Sum", "mean": "pnn::Mean", "max": "pnn::Max", "min": "pnn::Min"}

_TIME: tuple[Member, ...] = (
    ("double t;   // start of the step, ms", "t(step.t)"),
    ("double dt;  // ms", "dt(step.dt)"),
)
_NEXT_STEP: tuple[Member, ...] = (
    ("double t_end_;  // end of the step, ms", "t_end_(static_cast<double>(step.step) * step.dt)"),
)
_DRAWING: tuple[Member, ...] = (
    ("const uint32_t* ranks_;", "ranks_(rows.ranks)"),
    (
        "pnn::Identity who_;  // all but the synapse, the spike and the draw",
        "who_{step.seed_key, rows.object_index, 0, pnn::trial_batch(step.trial, step.batch),\n"
        "               static_cast<uint32_t>(step.step), 0, 0}",
    ),
)
_IDENTITY = (
    "",
    "    PNN_FN pnn::Identity identity_(uint64_t s, uint32_t draw) const {",
    "        pnn::Identity drawing = who_;",
    "        drawing.element = ranks_[s];",
    "        drawing.draw = draw;",
    "        return drawing;",
    "    }",
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
        at_spike: whether the body belongs to a spike, whose random numbers are its own.
    """

    def __init__(self, shared: bool, at_spike: bool) -> None:
        super().__init__(shared)
        self._at_spike = at_spike

    def place(self, field: Field) -> str:
        match field.role:
            case Role.PRE_CELL:
                return f"this->{_seen(field)}[pre]"
            case Role.POST_CELL:
                return f"this->{_seen(field)}[post]"
            case Role.PARAMETER if field.name != WEIGHT:
                name = identifier(field.name)
                return f"this->{name}" if self.is_shared(field) else f"this->{name}[s * this->{name}_step_]"
            case _:
                return f"this->{member(field)}[s]"

    def identity(self, draw: Draw) -> str:
        return f"identity_(s, event, {draw.number})" if self._at_spike else f"identity_(s, {draw.number})"

    def expression(self, value: Value) -> str:
        match value:
            case Moment(name):
                return f"event.{name}"
            case StepValue("t_end"):
                return "this->t_end_"
            case Event(about):
                return ABOUT[about]
            case _:
                return super().expression(value)


def clocked_struct(kernel: ClockedKernel, shared: bool) -> str:
    """The struct of a synapse type that does something in every step.

    Args:
        shared: whether all parameters but the weight are one value for all synapses.
    """
    time = (*_TIME, *(_NEXT_STEP if kernel.advances_first else ()))
    members = [*_fields(kernel, shared), *_seen_members(kernel), *(_DRAWING if kernel.draws else ()), *time]
    return struct_text(
        kernel,
        _constants(kernel),
        members,
        "const pnn_dendrites& rows, const pnn_step& step",
        *(_IDENTITY if kernel.draws else ()),
        *_transmission(kernel, shared),
        *_function(kernel, shared, "void advance", "one step of one synapse", kernel.step),
        *_function(kernel, shared, "double pre_spike", "what a pre-synaptic spike does, and sends", kernel.pre),
        *_function(kernel, shared, "void post_spike", "what a post-synaptic spike does in one synapse", kernel.post),
    )


def _seen(field: Field) -> str:
    """Where copies of a cell's variable are; the text's own members end in one underscore."""
    return re.sub(r"\W+", "_", f"{field.name}.")


def _fields(kernel: ClockedKernel, shared: bool) -> Iterator[Member]:
    """Parameters as values or as arrays with a step (0: one value for all); the weight and variables as arrays."""
    for number, field in enumerate(kernel.fields):
        name, array = member(field), f"rows.arrays[{number}]"
        if field.role is not Role.PARAMETER:
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
        "advances_first": kernel.advances_first,
    }
    told = ", ".join(f"{name} = {str(value).lower()}" for name, value in facts.items())
    yield f"    static constexpr bool {told};"
    yield f"    using Operation = {_OPERATIONS[kernel.operation]};"


_ARGUMENTS = "[[maybe_unused]] uint64_t s, [[maybe_unused]] uint64_t pre, [[maybe_unused]] uint64_t post"


def _transmission(kernel: ClockedKernel, shared: bool) -> Iterator[str]:
    yield ""
    yield f"    // {kernel.model}: what one synapse transmits over the step"
    yield f"    PNN_FN double psp({_ARGUMENTS}) const {{"
    value = "0.0" if kernel.psp is None else _Printer(shared, at_spike=False).expression(kernel.psp)
    yield from wrapped([f"return {value};"])
    yield "    }"


def _function(kernel: ClockedKernel, shared: bool, head: str, what: str, body: tuple[Statement, ...]) -> Iterator[str]:
    at_spike = head.endswith("spike")
    printer = _Printer(shared, at_spike)
    event = f",\n{' ' * (12 + len(head))}[[maybe_unused]] const pnn_event& event" if at_spike else ""
    yield ""
    yield f"    // {kernel.model}: {what}"
    yield f"    PNN_FN {head}({_ARGUMENTS}{event}) const {{"
    yield from wrapped(printer.statements(body))
    if head.startswith("double"):
        yield from wrapped([f"return {printer.expression(kernel.increment)};"])
    yield "    }"
