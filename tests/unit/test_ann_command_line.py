"""What the command line of a script says about its networks, and whose command lines are left alone."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import pynn_annarchy.ann as ann
from pynn_annarchy.ann import command_line


@pytest.fixture(autouse=True)
def fresh():
    ann.clear()
    yield
    ann.clear()


@pytest.fixture
def script(monkeypatch, tmp_path):
    """Pretends that a script of the user's runs with these words."""

    def run(*words):
        file = tmp_path / "script.py"
        file.write_text("")
        monkeypatch.setattr(sys.modules["__main__"], "__file__", str(file), raising=False)
        monkeypatch.setattr(sys, "argv", ["script.py", *words])

    return run


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("-j4", {"num_threads": 4}),
        ("-j 4", {"num_threads": 4}),
        ("--num-threads=2 --clean", {"num_threads": 2, "clean": True}),
        ("-c -v -d", {"clean": True, "verbose": True, "debug": True}),
        ("--gpu", {"paradigm": "cuda"}),
        ("--gpu=2", {"paradigm": "cuda", "device": 2}),
        ("--gpu=emulated", {"paradigm": "cuda", "device": "emulated"}),
        ("--prec float --report out/net.md", {"precision": "float", "report": "out/net.md"}),
        ("--visible-cores 0,2 --profile", {"visible_cores": [0, 2], "profile": True}),
        ("data.csv --rate 5 -x", {}),
        ("--clean -- -j 3", {"clean": True}),
    ],
)
def test_words_of_the_documents_are_read_and_others_passed_over(words, told):
    assert command_line.read(words.split()) == told


@pytest.mark.parametrize(
    "words", [["-j", "jobs.txt"], ["-j0"], ["--prec", "half"], ["--visible-cores", "a"], ["-j"], ["--gpu=a"]]
)
def test_values_that_make_no_sense_are_the_scripts_own(words):
    with pytest.warns(UserWarning, match=f"the command line says {words[0][:2]}.* it is not heeded"):
        assert command_line.read(words) == {}


def test_the_command_line_counts_more_than_the_script(script):
    script("-j3", "--prec", "single")

    ann.setup(num_threads=1)
    net = ann.Network()
    net.config(num_threads=2, dt=0.5)

    assert (net._config.num_threads, net._config.precision, net.dt) == (3, "single", 0.5)
    assert sys.argv == ["script.py", "-j3", "--prec", "single"]


def test_a_script_that_is_called_with_a_graphics_card_runs_on_that_one(script):
    script("--gpu=1")
    net = ann.Network()
    net.config(paradigm="openmp", device=0)

    options = net._config.on_this_machine().engine_options()

    assert (options.target, options.device) == ("cuda", 1)


def test_programs_that_are_installed_keep_their_command_lines(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__file__", pytest.__file__, raising=False)
    monkeypatch.setattr(sys, "argv", ["pytest", "-j4", "--gpu", "--prec", "half"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ann.Network()._config.num_threads == "auto"


def test_interactive_sessions_have_none(monkeypatch):
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    monkeypatch.setattr(sys, "argv", ["", "-j4"])
    assert command_line.options() == {}


def test_a_script_of_the_documents(tmp_path):
    file = tmp_path / "NeuralField.py"
    file.write_text(
        "import argparse\n"
        "import pynn_annarchy.ann as ann\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--trials', type=int)\n"
        "own, _ = parser.parse_known_args()\n"
        "ann.setup(dt=0.5)\n"
        "pop = ann.Population(own.trials, ann.LeakyIntegrator())\n"
        "ann.compile()\n"
        "ann.simulate(2.0)\n"
        "print(pop.size, ann.get_current_step(), ann.magic_network().engine.threads)\n"
    )
    words = ["--trials", "3", "-j1", "--clean", "-v", "--profile", "--report", "net.md"]

    run = subprocess.run([sys.executable, file, *words], cwd=tmp_path, capture_output=True, text=True, check=True)

    compiled, result, network, *times = run.stdout.splitlines()
    assert compiled.startswith("Compiled Leaky-Integrator in ") and result == "3 4 1"
    assert network == "Network" and times[0].startswith("compile time ")
    assert any(line.split() == ["steps", "4"] for line in times)
    assert "Leaky-Integrator" in (tmp_path / "net.md").read_text()


def test_the_configuration_file_names_the_compiler_unless_the_script_does(tmp_path, monkeypatch):
    place = tmp_path / ".config" / "ANNarchy"
    place.mkdir(parents=True)
    (place / "annarchy.json").write_text(json.dumps({"openmp": {"compiler": "of-the-file", "flags": "-O1 -g"}}))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    config = ann.Network()._config

    assert config.on_this_machine().compiler == "of-the-file"
    assert config.on_this_machine().compiler_flags == ("-O1", "-g")
    chosen = config.with_compiler(None, "g++", "-O2", "")
    assert chosen.on_this_machine().compiler == "g++" and chosen.on_this_machine().compiler_flags == ("-O2",)


def test_the_configuration_file_names_compiler_flags_and_device_of_cuda(tmp_path):
    toolkit = tmp_path / "cuda"
    (toolkit / "bin").mkdir(parents=True)
    (toolkit / "bin" / "nvcc").touch()
    file = tmp_path / "annarchy.json"
    cuda = {"compiler": "nvcc", "flags": "-lineinfo", "device": 3, "path": str(toolkit)}
    file.write_text(json.dumps({"openmp": {"compiler": "g++", "flags": "-O1"}, "cuda": cuda}))

    def options(**more):
        net = ann.Network()
        net.config(paradigm="cuda", **more)
        return net._config.with_compiler(None, None, None, str(file)).on_this_machine().engine_options()

    own = options()
    assert (own.compiler, own.compiler_flags, own.device) == (str(toolkit / "bin" / "nvcc"), ("-lineinfo",), 3)
    assert options(device=1).device == 1
    emulated = options(device="emulated")
    assert (emulated.compiler, emulated.compiler_flags, emulated.device) == ("g++", ("-O1",), "emulated")
