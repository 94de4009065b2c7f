"""Learning kernel -> the text of its struct, for the primitive `learn`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pynn_annarchy.kernels.ir import (
    About,
    Decay,
    Draw,
    Elapsed,
    Event,
    Field,
    LearningKernel,
    Literal,
    Load,
    Moment,
    Role,
    Statement,
    Value,
    children,
    loaded,
    statement_values,
)
from pynn_annarchy.targets.c_printer import Member, Printer, identifier, struct_name, struct_text, wrapped

ABOUT = {
    About.COINCIDENT: "(event.coincident != 0)",
    About.REPEATED: "(event.repetition % pnn::POST_EVENTS != 0)",
    About.SOMATIC: "(event.kind == PNN_SPIKE)",
    About.AXONAL: "(event.kind == PNN_AXONAL)",
}
_PRE = {Role.PRE_TRACE: "pre_before", Role.POST_TRACE: "post_traces"}
_POST = {Role.PRE_TRACE: "pre_traces", Role.POST_TRACE: "post_before"}
_TRACES = {Role.PRE_TRACE: "traces", Role.POST_TRACE: "traces"}

_DRAWING: tuple[Member, ...] = (
    ("const uint32_t* ranks_;", "ranks_(rows.ranks)"),
    (
        "pnn::Identity who_;  // all but the synapse, the spike and the draw",
        "who_{step.seed_key, rows.object_index, 0, pnn::trial_batch(step.trial, step.batch), 0, 0, 0}",
    ),
)
_IDENTITY = (
    "",
    "    PNN_FN pnn::Identity identity_(uint64_t s, const pnn_event& event, uint32_t draw) const {",
    "        pnn::Identity drawing = who_;",
    "        drawing.element = ranks_[s];",
    "        drawing.step = static_cast<uint32_t>(event.step);",
    "        drawing.event = event.repetition;",
    "        drawing.draw = draw;",
    "        return drawing;",
    "    }",
)


class _Printer(Printer):
    """Prints one body of a learning kernel.

    Args:
        traces: what the arrays of traces are called in this body.
        of_cell: whether the body belongs to a cell and not to a synapse, so that all parameters are shared.
    """

    def __init__(self, kernel: LearningKernel, traces: Mapping[Role, str], of_cell: bool = False) -> None:
        super().__init__(shared=False)
        self.kernel = kernel
        self._traces = traces
        self._of_cell = of_cell

    def place(self, field: Field) -> str:
        name = member(field)
        match field.role:
            case Role.STATE | Role.LEFT:
                return f"state.{name}"
            case Role.PRE_TRACE:
                return f"{self._traces[field.role]}[{self.kernel.pre_traces.index(field)}]"
            case Role.POST_TRACE:
                return f"{self._traces[field.role]}[{self.kernel.post_traces.index(field)}]"
            case _:
                return name

    def loads(self, fields: Iterable[Field]) -> Iterator[str]:
        for field in fields:
            name = identifier(field.name)
            yield f"const double {name} = this->{name}[{'0' if self._of_cell else 's'}];"

    def identity(self, draw: Draw) -> str:
        return f"identity_(s, event, {draw.number})"

    def expression(self, value: Value) -> str:
        match value:
            case Elapsed(since):
                return f"event.{since.value}"
            case Moment(name):
                return f"event.{name}"
            case Event(about):
                return ABOUT[about]
            case Decay(elapsed, tau, number):
                return f"decay_{number}_({self.expression(tau)}, {self.expression(elapsed)}, this->dt)"
            case _:
                return super().expression(value)


def learning_struct(kernel: LearningKernel) -> str:
    """The struct of a synapse type that learns."""
    head = "template <bool is_fast>  // whether all parameters are shared and all decays are in tables\n"
    return (
        _state(kernel)
        + head
        + struct_text(
            kernel,
            _constants(kernel),
            [
                *_arrays(kernel),
                *_tables(kernel),
                *(_DRAWING if kernel.draws else ()),
                ("double dt;  // ms", "dt(step.dt)"),
            ],
            "[[maybe_unused]] const pnn_rows& rows, const pnn_step& step",
            *_access(kernel),
            *(_IDENTITY if kernel.draws else ()),
            "",
            f"    // {kernel.model}: what a pre-synaptic spike does in one synapse; returns what it sends",
            "    PNN_FN double pre(State& state, [[maybe_unused]] uint64_t s, [[maybe_unused]] const pnn_event& event,",
            "                      [[maybe_unused]] const double* pre_before,",
            "                      [[maybe_unused]] const double* post_traces) const {",
            *_body(_Printer(kernel, _PRE), kernel.pre),
            *wrapped([f"return {_Printer(kernel, _PRE).expression(kernel.increment)};"]),
            "    }",
            "",
            f"    // {kernel.model}: what a post-synaptic spike does in one synapse",
            "    PNN_FN void post(State& state, [[maybe_unused]] uint64_t s, [[maybe_unused]] const pnn_event& event,",
            "                     [[maybe_unused]] const double* pre_traces,",
            "                     [[maybe_unused]] const double* post_before) const {",
            *_body(_Printer(kernel, _POST), kernel.post),
            "    }",
            *_trace_function(kernel, "pre", kernel.pre_trace),
            *_trace_function(kernel, "post", kernel.post_trace),
        )
    )


def member(field: Field) -> str:
    """The name in the struct; the text's own members end in one underscore."""
    name = identifier(field.name.removesuffix(".left"))
    return f"{name}_left_" if field.name.endswith(".left") else name


def _body(printer: _Printer, body: tuple[Statement, ...]) -> Iterator[str]:
    read = set().union(*(loaded(value) for value in statement_values(body)))
    yield from wrapped(printer.loads(field for field in printer.kernel.parameters if field in read))
    yield from wrapped(printer.statements(body))


def _trace_function(kernel: LearningKernel, side: str, body: tuple[Statement, ...]) -> Iterator[str]:
    yield ""
    yield f"    // {kernel.model}: the traces of a {side}-synaptic cell after one more spike"
    yield f"    PNN_FN void {side}_trace([[maybe_unused]] double* traces,"
    yield f"{' ' * len(side)}                       [[maybe_unused]] const pnn_event& event) const {{"
    yield from _body(_Printer(kernel, _TRACES, of_cell=True), body)
    yield "    }"


def _constants(kernel: LearningKernel) -> Iterator[str]:
    n_pre, n_post = len(kernel.pre_traces), len(kernel.post_traces)
    yield f"    using State = {struct_name(kernel)}_State;"
    yield f"    static constexpr int n_parameters = {len(kernel.parameters)}, n_decays = {len(kernel.decays)};"
    yield f"    static constexpr int n_pre_traces = {n_pre}, n_post_traces = {n_post};"
    has_post, has_stored = str(kernel.sees_post).lower(), str(bool(kernel.variables)).lower()
    yield f"    static constexpr bool has_post = {has_post}, has_stored = {has_stored};"
    yield f"    static constexpr bool counts_repetitions = {str(_counts_repetitions(kernel)).lower()};"
    arrives_first, asks_sent = str(kernel.arrives_first).lower(), str(kernel.asks_sent).lower()
    yield f"    static constexpr bool arrives_first = {arrives_first}, asks_sent = {asks_sent};"


def _counts_repetitions(kernel: LearningKernel) -> bool:
    """Whether the first of several identical post-synaptic spikes differs from the rest."""
    return kernel.draws or any(_asks_for_repetition(value) for value in statement_values(kernel.post))


def _asks_for_repetition(value: Value) -> bool:
    return value == Event(About.REPEATED) or any(map(_asks_for_repetition, children(value)))


def _arrays(kernel: LearningKernel) -> Iterator[Member]:
    """Where the values are: parameters one for all synapses or one each, variables one each."""
    for number, field in enumerate(kernel.parameters):
        name = identifier(field.name)
        yield f"pnn::Parameter<is_fast> {name};", f"{name}(rows, {number})"
    for number, field in enumerate(kernel.variables, len(kernel.parameters)):
        name = member(field)
        yield f"double* {name};", f"{name}(static_cast<double*>(rows.arrays[{number}]))"


def _tables(kernel: LearningKernel) -> Iterator[Member]:
    for number, tau in enumerate(kernel.decays):
        words = tau.field.name if isinstance(tau, Load) else f"{tau.value!r} ms" if isinstance(tau, Literal) else ""
        yield f"pnn::Decay<is_fast> decay_{number}_;  // {words}", f"decay_{number}_(rows, {number})"


def _state(kernel: LearningKernel) -> str:
    """What a visit takes out of the arrays and puts back; in between, strided arrays hold it."""
    names = [member(field) for field in (*kernel.variables, *kernel.left_limits)]
    name = f"{struct_name(kernel)}_State"
    values = [f"values_[{number} * stride_]" for number in range(len(names))]
    arguments = "[[maybe_unused]] {}double* values_, [[maybe_unused]] int64_t stride_"
    lines = [
        f"struct {name} {{",
        f"    static constexpr int n_ = {len(names)};",
        *(f"    double {name};" for name in names),
        "",
        f"    PNN_FN static {name} read_({arguments.format('const ')}) {{",
        *wrapped([f"return {{{', '.join(values)}}};"]),
        "    }",
        f"    PNN_FN void write_({arguments.format('')}) const {{",
        *(f"        {value} = {name};" for name, value in zip(names, values, strict=True)),
        "    }",
        "};",
        "",
    ]
    return "".join(f"{line}\n" for line in lines)


def _access(kernel: LearningKernel) -> Iterator[str]:
    names = [member(field) for field in kernel.variables]
    left_limits = [member(field) for field in kernel.left_limits]
    yield ""
    yield "    PNN_FN State load([[maybe_unused]] uint64_t s) const {"
    yield f"        return {{{', '.join([*(f'this->{name}[s]' for name in names), *('0.0' for _ in left_limits)])}}};"
    yield "    }"
    yield ""
    yield "    PNN_FN void store([[maybe_unused]] uint64_t s, [[maybe_unused]] const State& state) const {"
    yield from (f"        this->{name}[s] = state.{name};" for name in names)
    yield "    }"
    yield ""
    yield f"    PNN_FN const double* first_stored() const {{ return {f'this->{names[0]}' if names else 'nullptr'}; }}"
