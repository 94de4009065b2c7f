"""What was generated or compiled once is found again and never confused with anything else (DESIGN D4)."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace

import pytest

from pynn_annarchy.engine.native_loop import load
from pynn_annarchy.exceptions import AnnarchyError, CompilationError
from pynn_annarchy.model.spec import ParameterSpec
from pynn_annarchy.standardmodels.specs import IF_COND_EXP, IF_CURR_EXP
from pynn_annarchy.targets import cache
from pynn_annarchy.targets.compile import Options, Storage, compile_models, generate
from pynn_annarchy.targets.toolchain import Toolchain


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """An empty cache of this test's own."""
    monkeypatch.setenv("PYNN_ANNARCHY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def compilations(monkeypatch):
    """Names of the models that are really compiled."""
    names = []
    original = Toolchain.compile

    def compile_and_tell(self, source, library, model):
        names.append(model)
        original(self, source, library, model)

    monkeypatch.setattr(Toolchain, "compile", compile_and_tell)
    return names


def compiled(spec=IF_CURR_EXP, storage=Storage.SHARED, **options):
    return compile_models([(spec, storage)], Options("cpp", **options))[0]


@pytest.mark.compiler
def test_a_model_is_compiled_once_however_often_it_is_asked_for(compilations):
    first, again = compiled(), compiled()
    assert (again.library, again.fingerprint, again.kernel) == (first.library, first.fingerprint, first.kernel)
    compile_models([(IF_CURR_EXP, Storage.SHARED)] * 300, Options("cpp"))
    assert compilations == ["IF_curr_exp"]


@pytest.mark.compiler
@pytest.mark.parametrize(
    "change",
    [
        {"storage": Storage.PER_ELEMENT},
        {"precision": "single"},
        {"compiler_flags": ("-O1",)},
        {"spec": replace(IF_CURR_EXP, spike="v > v_thresh")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_changes_the_code_is_compiled_anew(compilations, change):
    assert compiled().library != compiled(**change).library
    assert len(compilations) == 2


@pytest.mark.compiler
def test_distinct_models_come_back_in_the_order_of_the_requests():
    requests = [(IF_COND_EXP, Storage.SHARED), (IF_CURR_EXP, Storage.PER_ELEMENT), (IF_COND_EXP, Storage.SHARED)]
    models = compile_models(requests, Options("cpp"))
    assert [(model.spec, model.storage) for model in models] == requests
    assert models[0].library == models[2].library != models[1].library


@pytest.mark.compiler
def test_a_warm_start_parses_nothing_and_imports_no_algebra():
    compiled()
    script = (
        "import sys; from pynn_annarchy.targets.compile import *; from pynn_annarchy.standardmodels.specs import *\n"
        "compile_models([(IF_CURR_EXP, Storage.SHARED)], Options('cpp'))\n"
        "banned = {'sympy', 'pynn_annarchy.model.check', 'pynn_annarchy.solvers.discretise'} & set(sys.modules)\n"
        "assert not banned, banned"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_damaged_entry_is_as_good_as_none(folder):
    first = generate(IF_CURR_EXP, Storage.SHARED, Options())
    (entry,) = folder.glob("*.model")
    content = entry.read_bytes()
    for damaged in (content[:100], b"", b"\x80\x04\x8c\x04\xff\xfe\xfd\xfc.", b"no pickle"):
        entry.write_bytes(damaged)
        assert generate(IF_CURR_EXP, Storage.SHARED, Options()) == first
        assert entry.read_bytes() == content


@pytest.mark.compiler
def test_an_empty_library_is_as_good_as_none():
    # what a crash of the machine may leave of a file that was written just before
    compiled().library.write_bytes(b"")
    assert compiled().library.stat().st_size > 0


@pytest.mark.compiler
def test_a_library_that_cannot_be_loaded_is_named_with_the_way_out():
    model = compiled()
    model.library.write_bytes(b"no library")
    with pytest.raises(CompilationError, match=rf"'IF_curr_exp' cannot be loaded.*delete {model.library}"):
        load(model)


def test_defaults_are_part_of_the_model_but_values_never_are():
    other = replace(IF_CURR_EXP, parameters=(*IF_CURR_EXP.parameters, ParameterSpec("unused", 1.0)))
    names = {generate(spec, Storage.SHARED, Options()).fingerprint for spec in (IF_CURR_EXP, other)}
    assert len(names) == 2


def test_keys_tell_parts_apart():
    assert cache.key("ab", "c") != cache.key("a", "bc")
    assert cache.key("a", "b") == cache.key("a", "b")


def test_only_the_user_can_read_or_write_the_folder(folder):
    cache.store("x", 1)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_folder_follows_xdg_and_then_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("PYNN_ANNARCHY_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.directory() == tmp_path / "xdg" / "pynn_annarchy"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache.directory() == tmp_path / "home" / ".cache" / "pynn_annarchy"


def test_a_folder_that_cannot_be_written_is_named_with_the_way_out(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PYNN_ANNARCHY_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(AnnarchyError, match=r"cannot be kept in .*file/cache.*PYNN_ANNARCHY_CACHE"):
        compile_models([(IF_CURR_EXP, Storage.SHARED)], Options())


def test_the_longest_unused_go_first_when_the_folder_outgrows_its_limit(monkeypatch):
    for age, name in enumerate(["new", "older", "oldest"]):
        path = cache.publish(name, b"x" * 400_000)
        os.utime(path, (1e9 - age, 1e9 - age))
    assert cache.find("oldest")  # being found counts as use
    monkeypatch.setenv("PYNN_ANNARCHY_CACHE_MB", "1")

    cache.trim()

    assert [name for name in ("new", "older", "oldest") if cache.find(name)] == ["new", "oldest"]


def test_a_folder_of_its_own_is_ignored_by_repositories(folder, tmp_path):
    compiled()
    assert (folder / ".gitignore").read_text() == "*\n"
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "model.py").touch()
    compiled(directory=str(tmp_path / "project"))
    assert not (tmp_path / "project" / ".gitignore").exists()


def test_clear_cache_leaves_nothing(folder):
    generate(IF_CURR_EXP, Storage.SHARED, Options())
    cache.clear_cache()
    assert list(folder.iterdir()) == []
