"""What compiles for a device: which nvcc is taken, for which architecture, and what is said when there is none."""

from __future__ import annotations

import stat
import warnings

import pytest

import pynn_annarchy as sim
from pynn_annarchy.exceptions import CompilationError, ModelError, TargetUnavailable
from pynn_annarchy.standardmodels.specs import IF_CURR_EXP
from pynn_annarchy.targets import device, toolchain
from pynn_annarchy.targets.compile import Options, Storage, compile_models
from pynn_annarchy.targets.device import find_toolchain


@pytest.fixture(autouse=True)
def fresh_session(monkeypatch, tmp_path):
    """Nothing probed, nothing compiled yet; no CUDA toolkit but those that a test makes; a device as an H200."""
    monkeypatch.setenv("PYNN_ANNARCHY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    for name in ("NVCC", "CUDA_HOME", "CXX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(device, "_INSTALLED", str(tmp_path / "local" / "nvcc"))
    monkeypatch.setattr(device, "_capability", lambda number: (9, 0))
    device._probe.cache_clear()
    toolchain._probe.cache_clear()


def toolkit(place, codes="sm_75 sm_80 sm_90", says="", refused="--none"):
    """An nvcc that knows some architectures, refuses one flag, and says something of every program, if anything."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"""#!/bin/sh
case "$*" in *--list-gpu-code*) echo "{codes}"; exit 0;; *--version*) echo "release 13.0"; exit 0;; esac
case "$*" in *{refused}*) echo "nvcc fatal   : error: Unknown option '{refused}'" >&2; exit 1;; esac
[ -n "{says}" ] && echo "{says}" >&2 && exit 1
exit 0
""")
    place.chmod(place.stat().st_mode | stat.S_IXUSR)
    return str(place)


def test_without_a_toolkit_the_error_says_what_to_install_and_what_else_there_is():
    with pytest.raises(TargetUnavailable) as caught:
        compile_models([(IF_CURR_EXP, Storage.SHARED)], Options("cuda"))

    assert str(caught.value) == (
        "no CUDA toolkit was found: there is no nvcc; install the CUDA toolkit, name its nvcc with "
        "setup(compiler=...), or use target='cpp'; device='emulated' runs the same code on the CPU, slowly"
    )


def test_a_compiler_that_was_named_but_is_missing_is_named_in_the_error():
    with pytest.raises(TargetUnavailable, match="the compiler 'nvcc-from-the-past' was not found; install"):
        find_toolchain(0, "nvcc-from-the-past")


def test_the_toolkit_is_the_one_named_then_those_of_the_environment_then_the_installed_one(monkeypatch, tmp_path):
    installed = toolkit(tmp_path / "local" / "nvcc")
    assert find_toolchain(0).command == (installed,)
    on_the_path = toolkit(tmp_path / "bin" / "nvcc")
    assert find_toolchain(0).command == (on_the_path,)
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "home"))
    at_home = toolkit(tmp_path / "home" / "bin" / "nvcc")
    assert find_toolchain(0).command == (at_home,)
    monkeypatch.setenv("NVCC", f"{toolkit(tmp_path / 'other')} -v")
    assert find_toolchain(0).command == (str(tmp_path / "other"), "-v")
    assert find_toolchain(0, on_the_path).command == (on_the_path,)


@pytest.mark.parametrize(
    ("capability", "architecture"), [((9, 0), "sm_90"), ((8, 9), "sm_80"), ((10, 3), "sm_103"), ((12, 0), "sm_103")]
)
def test_code_is_for_the_device_or_for_what_is_just_older(monkeypatch, tmp_path, capability, architecture):
    monkeypatch.setattr(device, "_capability", lambda number: capability)
    toolkit(tmp_path / "bin" / "nvcc", "sm_75\nsm_80\nsm_90\nsm_103")

    assert f"-arch={architecture}" in find_toolchain(0).flags


def test_a_device_that_the_toolkit_has_left_behind_is_an_error_with_the_way_out(monkeypatch, tmp_path):
    monkeypatch.setattr(device, "_capability", lambda number: (6, 1))
    toolkit(tmp_path / "bin" / "nvcc")
    with pytest.raises(TargetUnavailable, match=r"capability 6\.1: install an older CUDA toolkit, or use target='cpp'"):
        find_toolchain(0)


def test_another_compiler_is_told_from_nvcc():
    with pytest.raises(TargetUnavailable, match=r"'.*g\+\+' is no CUDA compiler: name nvcc, or use target='cpp'"):
        find_toolchain(0, "g++")


def test_a_toolkit_that_does_not_work_is_quoted(tmp_path):
    toolkit(tmp_path / "bin" / "nvcc", says="error: unsupported GNU version! gcc versions later than 15")
    with pytest.raises(
        TargetUnavailable, match=r"does not compile a CUDA program \(error: unsupported GNU version!.*'cpp'"
    ):
        find_toolchain(0)


def test_a_flag_that_nvcc_refuses_is_named(tmp_path):
    toolkit(tmp_path / "bin" / "nvcc", refused="--such")
    with pytest.raises(TargetUnavailable, match=r"compiler_flags -lineinfo --such \(.*Unknown option '--such'\)"):
        find_toolchain(0, None, ("-lineinfo", "--such"))


def test_fast_mathematics_voids_the_promise_of_equal_bits_with_a_warning(tmp_path):
    toolkit(tmp_path / "bin" / "nvcc")
    with pytest.warns(UserWarning, match="results will differ from those of the CPU"):
        find_toolchain(0, None, ("--use_fast_math",))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        find_toolchain(0, None, ("-lineinfo",))


def test_arithmetic_is_that_of_the_cpu(tmp_path):
    toolkit(tmp_path / "bin" / "nvcc")

    flags = find_toolchain(0).flags

    assert {"-fmad=false", "-prec-div=true", "-prec-sqrt=true", "-ftz=false"} <= set(flags)
    assert any("-ffp-contract=off" in flag for flag in flags if flag.startswith("-Xcompiler="))


def test_what_nvcc_accepts_is_asked_once_for_all_sessions(monkeypatch, tmp_path):
    place = tmp_path / "bin" / "nvcc"
    toolkit(place)
    first = find_toolchain(0)
    device._probe.cache_clear()
    toolkit(place, says="error: nothing compiles any more")

    assert find_toolchain(0) == first


def test_an_emulation_is_compiled_by_the_cpus_compiler(tmp_path):
    tools = find_toolchain("emulated", "g++", ("-g",))

    assert tools.command[0].endswith("g++")
    assert {"-DPNN_EMULATED", "-ffp-contract=off", "-g"} <= set(tools.flags) and "-march=native" not in tools.flags
    assert tools.identity != toolchain.find_toolchain("g++", ("-g",)).identity


def test_compilers_errors_name_the_model(tmp_path):
    source = tmp_path / "broken.cu"
    source.write_text("int main() { return nonsense; }\n")
    with pytest.raises(CompilationError, match=r"(?s)could not compile .*'MyNeuron'.*nonsense.*broken\.cu"):
        find_toolchain("emulated").compile(source, tmp_path / "broken.so", "MyNeuron")


@pytest.mark.parametrize("wrong", [-1, True, 1.0, "0", "emulate"])
def test_devices_are_numbers_or_emulations(wrong):
    with pytest.raises(ModelError, match=r"device must be the number of a device, or one of 'emulated', .*, got"):
        Options("cuda", device=wrong)


def test_setup_takes_the_device_of_the_target_cuda():
    sim.setup(target="cuda", device="emulated")

    assert sim.simulator.state.network.options == Options("cuda", device="emulated")


def test_a_device_of_another_target_has_no_effect_and_setup_says_so():
    with pytest.warns(UserWarning, match="options without effect in pyNN.annarchy: device"):
        sim.setup(target="cpp", device=1)


def test_after_an_error_a_script_goes_on_with_another_target():
    sim.setup(target="cuda")
    cells = sim.Population(2, sim.IF_curr_exp())
    with pytest.raises(TargetUnavailable, match="no CUDA toolkit was found"):
        sim.run(1.0)

    sim.setup(target="reference")
    cells = sim.Population(2, sim.IF_curr_exp(i_offset=1.0))
    cells.record("v")
    sim.run(1.0)

    assert cells.get_data().segments[0].analogsignals[0].shape == (11, 2)
