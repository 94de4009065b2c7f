"""The compiler: which one is taken, which flags it gets, and what is said when there is none or it refuses."""

from __future__ import annotations

import shutil
import stat
import subprocess
import warnings

import pytest

from pynn_annarchy.exceptions import CompilationError, TargetUnavailable
from pynn_annarchy.standardmodels.specs import IF_CURR_EXP
from pynn_annarchy.targets import compile as pipeline
from pynn_annarchy.targets import toolchain
from pynn_annarchy.targets.compile import Options, Storage, compile_models
from pynn_annarchy.targets.toolchain import find_toolchain

pytestmark = pytest.mark.compiler


@pytest.fixture(autouse=True)
def fresh_session(monkeypatch, tmp_path):
    """Nothing probed, nothing said, nothing compiled yet; no compiler chosen by the environment."""
    monkeypatch.setenv("PYNN_ANNARCHY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CXX", raising=False)
    pipeline._warn_once.cache_clear()
    toolchain._probe.cache_clear()


@pytest.fixture
def no_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))


def fake_compiler(tmp_path, refused):
    """A compiler that refuses one flag and hands the rest to g++."""
    script = tmp_path / "picky++"
    script.write_text(
        f'#!/bin/sh\nfor flag in "$@"; do [ "$flag" = "{refused}" ] && exit 1; done\nexec {shutil.which("g++")} "$@"\n'
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


def test_an_explicit_target_without_a_compiler_says_what_to_install(no_compiler):
    with pytest.raises(TargetUnavailable, match=r"no C\+\+ compiler was found: .*apt install g\+\+"):
        compile_models([(IF_CURR_EXP, Storage.SHARED)], Options("cpp"))


def test_a_compiler_that_was_named_but_is_missing_is_named_in_the_error():
    with pytest.raises(TargetUnavailable, match="the compiler 'c99-from-the-past' was not found"):
        compile_models([(IF_CURR_EXP, Storage.SHARED)], Options(compiler="c99-from-the-past"))


def test_without_a_compiler_numpy_takes_over_with_one_warning(no_compiler):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        first = compile_models([(IF_CURR_EXP, Storage.SHARED)], Options())
        compile_models([(IF_CURR_EXP, Storage.PER_ELEMENT)], Options())
    assert first[0].library is None
    assert len(caught) == 1
    assert "NumPy" in str(caught[0].message)


def test_the_reference_target_needs_no_compiler_and_says_nothing(no_compiler):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compile_models([(IF_CURR_EXP, Storage.SHARED)], Options("reference"))[0].library is None


def test_the_environment_chooses_the_compiler_unless_setup_does(monkeypatch, tmp_path):
    fake = fake_compiler(tmp_path, "-none")
    monkeypatch.setenv("CXX", fake)
    assert find_toolchain().command == (fake,)
    assert find_toolchain("g++").command == (shutil.which("g++"),)


def test_code_is_not_tuned_where_the_compiler_cannot_and_one_warning_says_so(tmp_path):
    fake = fake_compiler(tmp_path, "-march=native")
    with pytest.warns(UserWarning, match="does not accept -march=native") as caught:
        tools = find_toolchain(fake)
        find_toolchain(fake)
    assert len(caught) == 1
    assert "-march=native" not in tools.flags
    assert compile_models([(IF_CURR_EXP, Storage.SHARED)], Options(compiler=fake))[0].library


def test_a_flag_that_the_compiler_refuses_is_named():
    with pytest.raises(TargetUnavailable, match="does not accept the flag '-fno-such-thing'"):
        find_toolchain("g++", ("-fno-such-thing",))


def test_refused_flags_are_an_error_and_no_reason_to_simulate_without_the_compiler():
    with pytest.raises(TargetUnavailable, match="does not accept the flag '-fno-such-thing'"):
        compile_models([(IF_CURR_EXP, Storage.SHARED)], Options(compiler_flags=("-O1", "-fno-such-thing")))


def test_a_flag_may_have_a_value_of_its_own(tmp_path):
    assert find_toolchain("g++", ("-I", str(tmp_path))).flags[-2:] == ("-I", str(tmp_path))


def test_flags_of_the_user_come_last_and_count_as_part_of_the_compiler():
    plain, other = find_toolchain("g++"), find_toolchain("g++", ("-O1",))
    assert other.flags == (*plain.flags, "-O1")
    assert plain.identity != other.identity


@pytest.mark.parametrize("flag", ["-ffast-math", "-Ofast", "-fassociative-math", "-ffp-contract=fast"])
def test_fast_mathematics_voids_the_promise_of_equal_bits_with_one_warning(flag):
    with pytest.warns(UserWarning, match="depend on the compiler and the machine") as caught:
        find_toolchain("g++", (flag,))
        find_toolchain("g++", (flag,))
    assert len(caught) == 1


def test_flags_that_leave_arithmetic_alone_need_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        find_toolchain("g++", ("-fno-fast-math", "-funroll-loops"))


def test_what_a_compiler_accepts_is_asked_once_for_all_sessions(monkeypatch):
    first = find_toolchain("g++")
    toolchain._probe.cache_clear()
    asked = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda command, **more: (asked.append(command), run(command, **more))[1])

    assert find_toolchain("g++") == first
    assert asked == [[*first.command, "--version"]]


def test_a_compiler_error_names_the_model_and_shows_the_first_errors(tmp_path):
    source = tmp_path / "broken.cpp"
    source.write_text("int main() { return nonsense; }\n")
    with pytest.raises(CompilationError, match=r"(?s)g\+\+ could not compile .*'MyNeuron'.*nonsense.*broken.cpp"):
        find_toolchain("g++").compile(source, tmp_path / "broken.so", "MyNeuron")


def test_the_compiler_may_be_given_with_further_words(monkeypatch):
    monkeypatch.setenv("CXX", f"env {shutil.which('g++')}")

    tools = find_toolchain()

    assert tools.command == (shutil.which("env"), shutil.which("g++"))


def test_a_program_that_compiles_nothing_is_refused():
    with pytest.raises(TargetUnavailable, match=r"'.*true' does not compile a C\+\+ program that runs on this machine"):
        find_toolchain("true")
