"""Reports about networks of the ANNarchy interface."""

from __future__ import annotations

import pytest

import pynn_annarchy.ann as ann
from pynn_annarchy.exceptions import ModelError


@pytest.fixture(autouse=True)
def nothing_global():
    """Functions and constants of one test are unknown to the next."""
    yield
    ann.clear()


def network():
    """Rate-coded and spiking neurons, learning synapses, a law, a monitor."""
    net = ann.Network(dt=0.5, seed=3)
    leaky = ann.Neuron(
        parameters=dict(tau=10.0, B=ann.Parameter(ann.Uniform(0, 1), locality="local")),
        equations=["tau*dv/dt + v = sum(exc) + B : init=0.2, min=0.0", "r = v"],
        name="Leaky_1",
        description="100% leaky",
    )
    pop = net.create((4, 3), leaky, name="first")
    izh = net.create(5, ann.Izhikevich, name="second")
    net.connect(pop, pop, "exc", ann.Oja).all_to_all(0.5, delays=1.0)
    net.connect(izh[3:], izh[1:3], "inh", ann.STDP).one_to_one(0.1)
    net.monitor(izh[:2], ["spike", "v"])
    return net


def written(tmp_path, name, net=None, **options):
    path = tmp_path / name
    ann.report(net or network(), str(path), **options)
    return path.read_text(encoding="utf-8")


def test_markdown_tells_structure_equations_and_values(tmp_path):
    text = written(tmp_path, "report.md", title="My network", author="A. N. Author", date="today")
    assert text.startswith('---\ntitle: "My network"\nauthor: "A. N. Author"\ndate: "today"\n---\n')
    assert "| first | 4 x 3 | Leaky\\_1 |" in text
    assert "| proj1 | second (ranks 3 to 4) | second (ranks 1 to 2) | inh | Spike-timing dependent plasticity |" in text
    assert "| population 'second' | spike, v | 0.5 ms |" in text
    assert r"\frac{dv}{dt} &= \frac{\mathrm{sum(exc)} + B - v}{\tau}" in text
    assert "| $v$ | init = 0.2, min = 0.0 |" in text
    assert "| first | $B$ | Uniform(min=0, max=1) |" in text
    assert "| proj0 | $w$ | $0.5$ |" in text
    assert "| second | $u$ | $-13.0$ |" in text


def test_latex_is_a_whole_document_in_which_special_characters_are_escaped(tmp_path):
    text = written(tmp_path, "report.tex")
    assert text.startswith("\\documentclass") and text.rstrip().endswith("\\end{document}")
    assert r"\subsection{Leaky\_1}" in text and r"100\% leaky" in text
    assert text.count("\\begin{") == text.count("\\end{")
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")


def test_latex_to_be_included_has_no_preamble(tmp_path):
    text = written(tmp_path, "report.tex", standalone=False)
    assert "documentclass" not in text and text.startswith("\\section{Structure of the network}")


def test_a_report_after_compilation_with_a_monitor_has_the_drawn_values(tmp_path):
    net = network()
    net.compile()
    net.simulate(5.0)
    text = written(tmp_path, "after.md", net)
    assert "| first | $B$ | 0." in text and "mean" in text
    assert "Uniform(min=0, max=1)" in text  # the default of the type


def test_a_report_changes_nothing(tmp_path):
    silent, told = network(), network()
    written(tmp_path, "before.md", told)
    assert (silent.get_population("first").B == told.get_population("first").B).all()


def test_projections_between_the_same_populations_can_be_gathered(tmp_path):
    net = network()
    izh = net.get_population("second")
    net.connect(izh[3:], izh[:2], "inh", ann.STDP).one_to_one(0.1)
    assert "(2 projections)" in written(tmp_path, "gathered.md", net, gather_subprojections=True)
    assert "projections)" not in written(tmp_path, "each.md", net)


def test_functions_and_constants_are_reported(tmp_path):
    ann.add_function("logistic(x) = 1/(1 + exp(-x))")
    ann.Constant("slope", 2.0)
    net = ann.Network()
    net.create(1, ann.Neuron(equations="r = logistic(slope*t)"))
    text = written(tmp_path, "functions.md", net)
    assert r"\operatorname{logistic}\left(x\right) &= \frac{1}{1 + \exp\left(-x\right)}" in text
    assert r"| $\mathrm{slope}$ | $2.0$ |" in text


def test_folders_are_made_and_other_endings_refused(tmp_path):
    written(tmp_path, "a/b/report.md")
    with pytest.raises(ModelError, match=r"must end in \.tex or \.md"):
        ann.report(network(), str(tmp_path / "report.pdf"))
    with pytest.raises(ModelError, match="needs a network as its first argument"):
        ann.report("report.tex")
