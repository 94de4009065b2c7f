"""Reports about networks: what is in them, their equations, parameters and initial values, for a methods section.

The content follows the tables of Nordlie, Gewaltig & Plesser 2009, PLoS Comput Biol 5:e1000456. It is gathered here, as
paragraphs, tables and formulas, and written as LaTeX or Markdown by `report_text`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.ann.attributes import Attribute
from pynn_annarchy.ann.distributions import RandomDistribution
from pynn_annarchy.ann.report_text import WRITERS, Block, Cell, Formulas, Heading, Maths, Paragraph, Table
from pynn_annarchy.ann.user_functions import user_functions
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.latex import latex_definition, latex_equation, latex_expression
from pynn_annarchy.language.parse import parse_functions
from pynn_annarchy.language.print import show
from pynn_annarchy.language.syntax import Assignment, Expression, Number
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.declared import Declared
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.model.spec import WEIGHT, Kind
from pynn_annarchy.model.texts import Texts, read

if TYPE_CHECKING:
    from pynn_annarchy.ann.monitor import Monitor
    from pynn_annarchy.ann.network import Network
    from pynn_annarchy.ann.population import Population
    from pynn_annarchy.ann.projection import Projection

_EACH = {
    Kind.CELL: {"local": "per neuron", "semiglobal": "per neuron", "global": "per population"},
    Kind.SYNAPSE: {"local": "per synapse", "semiglobal": "per post-synaptic neuron", "global": "per projection"},
}


def report(
    network: Network,
    filename: str = "./report.tex",
    standalone: bool = True,
    gather_subprojections: bool = False,
    title: str | None = None,
    author: str | None = None,
    date: str | None = None,
) -> None:
    """Writes what a network consists of to a file, before or after it is compiled; nothing is changed by it.

    Args:
        filename: ending in '.tex' or '.md'. Folders that are missing are made.
        standalone: whether a LaTeX file is a whole document; otherwise it can be included in one that uses amsmath and
            longtable.
        gather_subprojections: projections that differ only in which neurons of the same populations they connect are
            one entry.
        title, author, date: of the document.

    Raises:
        ModelError: another ending; no network.
    """
    if not hasattr(network, "get_populations"):
        raise ModelError(f"report() needs a network as its first argument, not {network!r}")
    ending = Path(filename).suffix
    if ending not in WRITERS:
        raise ModelError(f"report(): '{filename}' must end in {' or '.join(WRITERS)}")
    blocks = list(_content(network, gather_subprojections))
    text = WRITERS[ending](blocks, title or "Network description", author or "", date or "", standalone)
    Path(filename).parent.mkdir(parents=True, exist_ok=True)
    Path(filename).write_text(text, encoding="utf-8")


def _content(network: Network, gather: bool) -> Iterator[Block]:
    neurons = _Types([population._declared for population in network.get_populations()])
    synapses = _Types([projection._declared for projection in network._projections])
    yield Heading(1, "Structure of the network")
    yield Paragraph(f"Time step: {network.dt:g} ms.")
    yield from _populations(network.get_populations(), neurons)
    yield from _projections(network._projections, synapses, gather)
    yield from _monitors(network.get_monitors())
    yield from _constants(network)
    yield from _functions()
    yield from _models("Neuron models", neurons)
    yield from _models("Synapse models", synapses)
    yield from _parameters(network)
    yield from _initial_values(network)


class _Types:
    """Different models, with names that tell them apart."""

    def __init__(self, declared: Iterable[Declared]) -> None:
        self.all: list[Declared] = []
        for each in declared:
            if not any(each.spec == other.spec for other in self.all):
                self.all.append(each)
        names = [each.spec.name for each in self.all]
        self.names = [
            name if names.count(name) == 1 else f"{name} ({names[: place + 1].count(name)})"
            for place, name in enumerate(names)
        ]

    def name_of(self, declared: Declared) -> str:
        """The name of the type in the report."""
        return next(name for name, other in zip(self.names, self.all, strict=True) if other.spec == declared.spec)


# structure


def _populations(populations: Sequence[Population], types: _Types) -> Iterator[Block]:
    if populations:
        yield Heading(2, "Populations")
        rows = [(each.name, " x ".join(map(str, each.geometry)), types.name_of(each._declared)) for each in populations]
        yield Table(("Name", "Size", "Neuron type"), rows)


def _projections(projections: Sequence[Projection], types: _Types, gather: bool) -> Iterator[Block]:
    if not projections:
        return
    yield Heading(2, "Projections")
    head = ("Name", "Source", "Destination", "Target", "Synapse type", "Pattern")
    gathered: dict[tuple[Cell, ...], list[Projection]] = {}
    for each in projections:
        sides = (_whole_name(each.pre, gather), _whole_name(each.post, gather))
        key: tuple[Cell, ...] = (*sides, ", ".join(each.targets), types.name_of(each._declared))
        gathered.setdefault(key if gather else (each.name, *key), []).append(each)
    rows: list[tuple[Cell, ...]] = []
    for key, group in gathered.items():
        patterns = dict.fromkeys(each.connector_description or "not connected" for each in group)
        pattern = "; ".join(patterns) + (f" ({len(group)} projections)" if len(group) > 1 else "")
        rows.append((group[0].name, *key[-4:], pattern))
    yield Table(head, rows)


def _whole_name(side: Any, gather: bool) -> str:
    if not hasattr(side, "population"):
        return str(side.name)
    return str(side.name) if gather else f"{side.name} (ranks {_ranks(side.ranks)})"


def _ranks(ranks: Any) -> str:
    """Ranks in words: first to last where they follow each other."""
    if len(ranks) > 1 and (np.diff(ranks) == 1).all():
        return f"{ranks[0]} to {ranks[-1]}"
    shown = ", ".join(map(str, ranks[:5]))
    return shown if len(ranks) <= 5 else f"{shown}, ..., {len(ranks)} in all"


def _monitors(monitors: Sequence[Monitor]) -> Iterator[Block]:
    if monitors:
        yield Heading(2, "Monitors")
        rows = [(each._observed.label, ", ".join(each.variables), f"{each.period:g} ms") for each in monitors]
        yield Table(("Object", "Variables", "Period"), rows)


def _constants(network: Network) -> Iterator[Block]:
    values = {
        name: each.get(name)
        for each in (*network._populations, *network._projections)
        for name in each._declared.constants
    }
    if values:
        yield Heading(2, "Constants")
        yield Table(("Name", "Value"), [(_name(name), _number(values[name])) for name in sorted(values)])


def _functions() -> Iterator[Block]:
    definitions = parse_functions(user_functions())
    if definitions:
        yield Heading(2, "Functions")
        yield Formulas([latex_definition(definition) for definition in definitions])


# models


def _models(title: str, types: _Types) -> Iterator[Block]:
    if types.all:
        yield Heading(1, title)
    for name, declared in zip(types.names, types.all, strict=True):
        spec = declared.spec
        yield Heading(2, name)
        if spec.description:
            yield Paragraph(spec.description)
        hidden = {*declared.constants, *([WEIGHT] if spec.kind is Kind.SYNAPSE else [])}
        own = [each for each in spec.parameters if each.name not in hidden]
        if own:
            head = ("Parameter", "Default value", "Locality", "Type")
            rows = [
                (
                    _name(spec.in_text(each.name)),
                    _value(declared.values.get(each.name, each.default)),
                    _EACH[spec.kind][each.locality],
                    each.dtype,
                )
                for each in own
            ]
            yield Table(head, rows)
        yield from _equations(read(spec))


def _equations(texts: Texts) -> Iterator[Block]:
    if texts.equations:
        yield Paragraph("Equations:")
        yield Formulas([latex_equation(equation) for equation in texts.equations])
        remarks = [(_name(_changed(equation)), remark) for equation in texts.equations if (remark := _flags(equation))]
        if remarks:
            yield Table(("Variable", "Remarks"), remarks)
    if texts.psp is not None:
        yield Paragraph("Transmitted in every step:")
        yield Formulas([latex_expression(texts.psp)])
    yield from _event("When a spike arrives from the pre-synaptic neuron:", texts.pre_spike)
    yield from _event("When an axonal spike arrives from the pre-synaptic neuron:", texts.pre_axon_spike)
    yield from _event("When the post-synaptic neuron spikes:", texts.post_spike)
    yield from _event(
        "When spikes arrive (input is the sum of what they bring):",
        [receptor.increment for receptor in texts.receptors],
    )
    if texts.spike is not None:
        yield Paragraph("A spike is emitted where")
        yield Formulas([latex_expression(texts.spike)])
        yield from _event("After a spike:", texts.reset)
    if texts.axon_spike is not None:
        yield Paragraph("An axonal spike is emitted, unless that holds, where")
        yield Formulas([latex_expression(texts.axon_spike)])
        yield from _event("After an axonal spike:", texts.axon_reset)
    if texts.refractory is not None:
        yield Paragraph("Refractory period, in ms:")
        yield Formulas([latex_expression(texts.refractory)])


def _event(title: str, statements: Sequence[Assignment]) -> Iterator[Block]:
    if statements:
        yield Paragraph(title)
        yield Formulas([latex_equation(statement) for statement in statements])


def _changed(equation: Any) -> str:
    return str(equation.target if isinstance(equation, Assignment) else equation.variable)


def _flags(equation: Any) -> str:
    """What the flags of an equation say, in words of the language."""
    flags = equation.flags
    named = (("init", flags.init), ("min", flags.minimum), ("max", flags.maximum))
    words = [flags.method, flags.locality, flags.dtype, "event-driven" if flags.event_driven else None]
    shown = [f"{name} = {show(_computed(value))}" for name, value in named if value is not None]
    return ", ".join([*(word for word in words if word), *shown])


# values


def _parameters(network: Network) -> Iterator[Block]:
    rows: list[tuple[Cell, ...]] = [
        (owner.name, _name(name), _value(_present(owner, name)))
        for owner in (*network._populations, *network._projections)
        for name in owner.parameters
        if not _is_weight(owner, name)
    ]
    for projection in network._projections:
        if projection._structure is not None:
            rows.append((projection.name, _name(projection._declared.spec.weight), _value(_weights(projection))))
            rows.append((projection.name, "delay (ms)", _value(_delays(projection))))
    if rows:
        yield Heading(1, "Parameters")
        yield Table(("Population or projection", "Name", "Value"), rows)


def _initial_values(network: Network) -> Iterator[Block]:
    rows: list[tuple[Cell, ...]] = [
        (owner.name, _name(name), _initial(owner, owner._attributes[name]))
        for owner in (*network._populations, *network._projections)
        for name in owner.variables
        if not _is_weight(owner, name)
    ]
    if rows:
        yield Heading(1, "Initial values")
        yield Table(("Population or projection", "Name", "Value"), rows)


def _is_weight(owner: Any, name: str) -> bool:
    return bool(owner._declared.spec.kind is Kind.SYNAPSE and name == owner._declared.spec.weight)


def _present(owner: Any, name: str) -> Any:
    """A parameter as it is, or the law that it will be drawn from."""
    given = owner._values.get(name)
    is_built = (owner.synapses if hasattr(owner, "synapses") else owner.cells) is not None
    return given if isinstance(given, RandomDistribution) and not is_built else owner._now(owner._attributes[name])


def _initial(owner: Any, attribute: Attribute) -> Cell:
    given = owner._values.get(attribute.name)
    if given is None:
        assert attribute.init is not None
        return Maths(latex_expression(_computed(attribute.init)))
    return _value(given)


def _weights(projection: Projection) -> Any:
    return projection._now(projection._attributes[projection._declared.spec.weight])


def _delays(projection: Projection) -> Any:
    return projection._delays_of(slice(None), lambda flat: flat)


def _computed(expression: Expression) -> Expression:
    """An expression of numbers as one number."""
    return expression if identifiers(expression) else Number(float(evaluate(expression, {})))


def _name(name: str) -> Maths:
    return Maths(latex_expression(name))


def _value(value: Any) -> Cell:
    """A value in words: a number, the law it is drawn from, or mean and range of many."""
    if not isinstance(value, (int, float, np.ndarray, np.generic, list)):
        return str(value)
    values = np.ravel(np.asarray(value, np.float64))
    if len(values) == 0:
        return "none"
    if (values == values[0]).all():
        return _number(float(values[0]))
    return f"{values.min():g} to {values.max():g}, mean {values.mean():.4g}"


def _number(value: float) -> Cell:
    return Maths(latex_expression(Number(float(f"{value:.10g}"))))
