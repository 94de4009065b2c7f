"""Model -> report for people: plain text, or LaTeX for a methods section. From the syntax, nothing is computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pynn_annarchy.language.checks.definitions import changed_by
from pynn_annarchy.language.latex import escaped, latex_equation, latex_expression
from pynn_annarchy.language.print import show
from pynn_annarchy.model.checked import Model
from pynn_annarchy.model.spec import ParameterSpec


def describe(model: Model) -> str:
    """What a model does, in the language of the model, one heading for each thing that it has."""
    spec = model.spec
    title = f"{spec.name}: {spec.description}" if spec.description else spec.name
    sections = [title]
    for heading, lines in _sections(model):
        sections.append("\n".join([heading, *(f"  {line}" for line in lines)]))
    return "\n\n".join(sections)


def latex(model: Model) -> str:
    """The equations of a model as an ``align*`` environment, followed by a table of its parameters."""
    rows = [latex_equation(equation) for equation in model.equations]
    rows += [
        rf"\text{{{escaped(receptor.name)}:}}\quad {latex_equation(receptor.increment)}" for receptor in model.receptors
    ]
    for words, condition, statements in (
        ("spike if", model.spike, model.reset),
        ("axonal spike if", model.axon_spike, model.axon_reset),
    ):
        if condition is not None:
            resets = r",\; ".join(latex_equation(statement, align=False) for statement in statements)
            rows.append(
                rf"\text{{{words}}}\quad & {latex_expression(condition)}" + (rf"\;:\; {resets}" if resets else "")
            )
    if model.emits is not None:
        rows.append(rf"\text{{spikes a step}} &= {latex_expression(model.emits)}")
    handlers = (*model.pre_spike, *model.pre_axon_spike, *model.post_spike)
    rows += [latex_equation(statement) for statement in handlers]
    if model.psp is not None:
        rows.append(rf"\text{{transmitted}} &= {latex_expression(model.psp)}")
    equations = "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"
    return f"{equations}\n{_latex_parameters(model.spec.parameters)}" if model.spec.parameters else equations


def _sections(model: Model) -> Iterator[tuple[str, list[str]]]:
    spec = model.spec
    units = dict(spec.units)
    if spec.parameters:
        yield "Parameters", [_parameter(parameter) for parameter in spec.parameters]
    if spec.inputs:
        yield "Inputs", [f"{given.name} ({given.unit})" for given in spec.inputs]
    if model.equations:
        yield "Equations", [show(equation) for equation in model.equations]
    if model.variables:
        yield "Variables", [_variable(model, variable.name, units) for variable in model.variables]
    if model.receptors:
        yield "Receptors", [f"{receptor.name}: {show(receptor.increment)}" for receptor in model.receptors]
    yield from _events(model)


def _events(model: Model) -> Iterator[tuple[str, list[str]]]:
    if model.spike is not None:
        often = f", again and again, at most {show(model.max_spikes)} times a step" if model.spec.repeats else ""
        yield "Spikes where", [show(model.spike) + often]
    if model.emits is not None:
        yield "Spikes in a step", [f"{show(model.emits)}, at most {show(model.max_spikes)}"]
    if model.reset:
        yield "After a spike", [show(statement) for statement in model.reset]
    if model.axon_spike is not None:
        yield "Axonal spikes where", [show(model.axon_spike)]
    if model.axon_reset:
        yield "After an axonal spike", [show(statement) for statement in model.axon_reset]
    if model.refractory is not None:
        held = [variable.name for variable in model.variables if variable.unless_refractory]
        yield "Refractory for", [f"{show(model.refractory)} ms, holding {', '.join(held) or 'nothing'}"]
    if model.pre_spike:
        yield "When a spike arrives", [show(statement) for statement in model.pre_spike]
    if model.pre_axon_spike:
        yield "When an axonal spike arrives", [show(statement) for statement in model.pre_axon_spike]
    if model.psp is not None:
        joined = "" if model.spec.operation == "sum" else f", the {model.spec.operation} of all synapses of a cell"
        yield "Transmits all the time", [show(model.psp) + joined]
    if model.post_spike:
        yield "When the post-synaptic cell spikes", [show(statement) for statement in model.post_spike]


def _parameter(parameter: ParameterSpec) -> str:
    unit = "" if parameter.unit in ("", "dimensionless") else f" {parameter.unit}"
    locality = "" if parameter.locality == "local" else f", {parameter.locality}"
    return f"{parameter.name} = {parameter.default!r}{unit}{locality}"


def _variable(model: Model, name: str, units: Mapping[str, str]) -> str:
    unit = f" {units[name]}" if units.get(name) else ""
    changed = "" if name in {changed_by(equation) for equation in model.equations} else ", changed by events only"
    return f"{name}, at first {show(model.variable(name).init)}{unit}{changed}"


def _latex_parameters(parameters: tuple[ParameterSpec, ...]) -> str:
    rows = [
        rf"${latex_expression(parameter.name)}$ & {parameter.default!r} & {escaped(parameter.unit)} \\"
        for parameter in parameters
    ]
    return "\n".join([r"\begin{tabular}{lrl}", *rows, r"\end{tabular}"])
