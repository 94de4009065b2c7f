"""Options of a network by ANNarchy's names: read, checked, and turned into what the engine knows.

An option that asks for what is so here anyway, or for what can be done, is accepted. One that chooses between
implementations of which there is only one here is refused with a sentence, and so is a name that nobody knows.
"""

from __future__ import annotations

import difflib
import json
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pynn_annarchy.ann import command_line
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.targets.compile import TARGETS, WEIGHT_BITS, Options
from pynn_annarchy.targets.device import EMULATIONS

float32 = np.dtype(np.float32)
float64 = np.dtype(np.float64)

METHODS = ("explicit", "implicit", "semiimplicit", "exponential", "midpoint", "rk4")
"""Numerical methods that can be the default of a network."""

PARADIGMS = ("openmp", "cuda")

_PRECISIONS = dict(float="single", single="single", float32="single", double="double", float64="double")

_ONE_STORAGE = "how synapses are stored is chosen from the connectivity and never changes results"
_ONE_GENERATOR = "every random number has its own place in the stream, whatever the number of threads"
_ONE_CODE = "there is one implementation, which the compiler vectorises"
MEANINGLESS = {
    "disable_parallel_rng": _ONE_GENERATOR,
    "use_seed_seq": _ONE_GENERATOR,
    "use_cpp_connectors": "connectors run in NumPy and native code",
    "disable_split_matrix": _ONE_STORAGE,
    "only_int_idx_type": _ONE_STORAGE,
    "disable_SIMD_SpMV": _ONE_CODE,
    "disable_SIMD_Eq": _ONE_CODE,
    "disable_bitmask": _ONE_CODE,
    "disable_shared_library_time_offset": "compiled models are kept by their content and need no offset",
    "trace_calls": "calls into native code cannot be traced; use a debugger with debug=True",
}
"""Options of ANNarchy that have nothing to choose here, and why."""


@dataclass(frozen=True)
class Config:
    """What a network was told before it is built.

    Args:
        dt: time step, in ms.
        seed: of all random numbers; None for a fresh one in each network.
        method: of differential equations that name none.
        num_threads: number of threads, or 'auto'. Results never depend on it.
        visible_cores: cores that the process may use; empty for all.
        precision: 'double' or 'single'.
        weight_bits: 16, or None for exact weights; see pyNN.annarchy's setup().
        target: of the paradigm 'openmp': 'auto', 'cpp' or 'reference'.
        paradigm: 'openmp' or 'cuda'.
        device: of the paradigm 'cuda': its number, or the name of an emulation; None: as the configuration file says.
        verbose: tell what is compiled, and how long it took.
        suppress_warnings: no warnings while the network is built.
        show_time: print how long compilation took.
        debug: compile with debug symbols and without optimisation.
        profile: print at the end of the process what the network took and did, see Network.timings().
        compiler, compiler_flags: None for what the machine's configuration file says, or the toolchain's choice.
        directory: folder for generated code; None for the cache of this user.
        configuration_file: None for ~/.config/ANNarchy/annarchy.json, where there is one.
        clean: forget what has been generated and compiled for the models of the network.
        report: file for a report about the network, written when it is compiled.
    """

    dt: float = 1.0
    seed: int | None = None
    method: str = "explicit"
    num_threads: int | str = "auto"
    visible_cores: tuple[int, ...] = ()
    precision: str = "double"
    weight_bits: int | None = None
    target: str = "auto"
    paradigm: str = "openmp"
    device: int | str | None = None
    verbose: bool = False
    suppress_warnings: bool = False
    show_time: bool = False
    debug: bool = False
    profile: bool = False
    compiler: str | None = None
    compiler_flags: tuple[str, ...] | None = None
    directory: str | None = None
    configuration_file: str | None = None
    clean: bool = False
    report: str | None = None

    def with_options(self, options: Mapping[str, Any], caller: str = "config") -> Config:
        """The same with some options set, by ANNarchy's names.

        Raises:
            ModelError: an option that has no meaning here or that nobody knows, or a value that it cannot have.
        """
        new = self
        for name, value in options.items():
            new = replace(new, **_read(name, value, caller))
        return new

    def with_command_line(self) -> Config:
        """The same with what the command line of the script says; it counts more than what the script says."""
        told = command_line.options()
        own = {name: told.pop(name) for name in ("clean", "report") if name in told}
        return replace(self.with_options(told, "command line"), **own)

    def with_device(self, cuda_config: Any) -> Config:
        """The same with what compile() says about the device of the paradigm 'cuda'.

        Raises:
            ModelError: it is no dictionary with nothing but a 'device'.
        """
        if cuda_config is None:
            return self
        if not isinstance(cuda_config, Mapping) or cuda_config.keys() - {"device"}:
            raise ModelError(f"compile(cuda_config=...) must be a dictionary like {{'device': 0}}, not {cuda_config!r}")
        return self.with_options(cuda_config, "compile").with_command_line()

    def with_compiler(self, directory: Any, compiler: Any, flags: Any, configuration_file: str) -> Config:
        """The same with what compile() says about these; 'default' and nothing leave them as they are.

        Raises:
            ModelError: no name of a command, no flags.
        """
        new = self
        if directory:
            new = replace(new, directory=os.path.abspath(directory))
        if compiler not in (None, "default"):
            new = replace(new, compiler=_compiler(compiler))
        if flags not in (None, "default"):
            new = replace(new, compiler_flags=_compiler_flags(flags))
        return replace(new, configuration_file=configuration_file) if configuration_file else new

    def on_this_machine(self) -> Config:
        """The same with compiler, flags and device of the configuration file, where the script names none.

        Raises:
            ModelError: the file cannot be read.
        """
        device = self.device
        if self.paradigm == "cuda" and device is None:
            device = _device(_configuration(self.configuration_file, "cuda").get("device", 0))["device"]
        by_nvcc = self.paradigm == "cuda" and not isinstance(device, str)
        told = _configuration(self.configuration_file, "cuda" if by_nvcc else "openmp")
        compiler = _named(told) if self.compiler is None else self.compiler
        flags = told.get("flags") if self.compiler_flags is None else self.compiler_flags
        return replace(
            self,
            compiler=None if compiler is None else _compiler(compiler),
            compiler_flags=None if flags is None else _compiler_flags(flags),
            device=device,
        )

    def engine_options(self) -> Options:
        """How models are compiled."""
        flags = self.compiler_flags or ()
        if self.paradigm != "cuda":
            return self._options(self.target, (*flags, *self._debugging("-O0")), 0)
        device = 0 if self.device is None else self.device
        return self._options("cuda", (*flags, *self._debugging("-O0" if isinstance(device, str) else "-G")), device)

    def _options(self, target: str, flags: tuple[str, ...], device: int | str) -> Options:
        return Options(target, self.compiler, flags, self.precision, self.directory, device, self.weight_bits)

    def _debugging(self, unoptimised: str) -> tuple[str, ...]:
        return ("-g", unoptimised) if self.debug else ()


def refuse_of_compile(add_sources: Any, extra_libs: Any) -> None:
    """Refuses arguments of compile() that have no meaning here.

    Raises:
        ModelError: one of them is given.
    """
    for name, value in (("add_sources", add_sources), ("extra_libs", extra_libs)):
        if value:
            raise ModelError(
                f"compile({name}=...): generated models are complete and take no other code; write what they need as "
                "equations and functions"
            )


def _configuration(path: str | None, section: str) -> dict[str, Any]:
    """The section about a paradigm of a configuration file; empty where there is none and no file was named."""
    file = Path(path or "~/.config/ANNarchy/annarchy.json").expanduser()
    if path is None and not file.exists():
        return {}
    try:
        told = json.loads(file.read_text()).get(section, {})
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"the configuration file {file} cannot be read: {error}") from error
    if not isinstance(told, dict):
        raise ModelError(f"the configuration file {file} has no 'compiler' and 'flags' under '{section}'")
    return told


def _named(told: Mapping[str, Any]) -> Any:
    """The compiler of a section; that of CUDA may lie in the toolkit's own folder."""
    compiler, toolkit = told.get("compiler"), told.get("path")
    if not (isinstance(compiler, str) and isinstance(toolkit, str)):
        return compiler
    own = Path(toolkit, "bin", compiler).expanduser()
    return str(own) if own.exists() else compiler


def _read(name: str, value: Any, caller: str) -> dict[str, Any]:
    """Fields of Config that one option means."""
    if name in MEANINGLESS:
        raise ModelError(f"{caller}({name}=...) has nothing to choose here: {MEANINGLESS[name]}; leave it out")
    if name not in READERS:
        close = difflib.get_close_matches(name, (*READERS, *MEANINGLESS), n=1, cutoff=0.6)
        hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(READERS)}"
        raise ModelError(f"{caller}() has no option '{name}'; {hint}")
    return READERS[name](value)


def _dt(value: Any) -> dict[str, Any]:
    if not _is_number(value) or not value > 0:
        raise ModelError(f"dt must be a positive number of ms, not {value!r}")
    return {"dt": float(value)}


def _seed(value: Any) -> dict[str, Any]:
    return {"seed": None if value is None else checked_seed(value)}


def checked_seed(value: Any) -> int:
    """The seed as a number; ModelError where it is none of 64 bits."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not 0 <= value < 1 << 64:
        raise ModelError(f"a seed must be a whole number from 0 to {(1 << 64) - 1}, not {value!r}")
    return int(value)


def _method(value: Any) -> dict[str, Any]:
    if value not in METHODS:
        raise ModelError(f"method must be one of {', '.join(METHODS)}, not {value!r}")
    return {"method": value}


def _num_threads(value: Any) -> dict[str, Any]:
    if value is None or value == "auto":
        return {"num_threads": "auto"}
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
        raise ModelError(f"num_threads must be 'auto' or a positive whole number, not {value!r}")
    return {"num_threads": int(value)}


def _visible_cores(value: Any) -> dict[str, Any]:
    cores = tuple(value)
    there = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    absent = [core for core in cores if core not in there]
    if absent:
        raise ModelError(f"visible_cores: this process has no core {absent[0]!r}; it has {_listed(there)}")
    return {"visible_cores": cores}


def _paradigm(value: Any) -> dict[str, Any]:
    if value not in PARADIGMS:
        raise ModelError(f"paradigm must be 'openmp' or 'cuda', not {value!r}")
    return {"paradigm": value}


def _device(value: Any) -> dict[str, Any]:
    is_number = isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= 0
    if not is_number and value not in EMULATIONS:
        raise ModelError(f"device must be its number, or one of {', '.join(EMULATIONS)}, not {value!r}")
    return {"device": int(value) if is_number else value}


def _precision(value: Any) -> dict[str, Any]:
    name = value if isinstance(value, str) else np.dtype(value).name
    if name not in _PRECISIONS:
        raise ModelError(f"dtype must be float32 or float64, not {value!r}")
    return {"precision": _PRECISIONS[name]}


def _weight_bits(value: Any) -> dict[str, Any]:
    if value not in WEIGHT_BITS:
        raise ModelError(f"weight_bits must be 16, or None for exact weights, not {value!r}")
    return {"weight_bits": value}


def _target(value: Any) -> dict[str, Any]:
    if value not in TARGETS:
        raise ModelError(f"target must be one of {', '.join(TARGETS)}, not {value!r}")
    return {"paradigm": "cuda"} if value == "cuda" else {"paradigm": "openmp", "target": value}


def _structural_plasticity(value: Any) -> dict[str, Any]:
    if value:
        raise ModelError("structural_plasticity: synapses cannot be created or pruned in this version, it comes later")
    return {}


def _automatic(name: str, automatic: tuple[str, ...], known: tuple[str, ...]) -> Callable[[Any], dict[str, Any]]:
    def read(value: Any) -> dict[str, Any]:
        if value in automatic:
            return {}
        if value in known:
            raise ModelError(f"{name}={value!r} has nothing to choose here: {_ONE_STORAGE}; leave it out")
        raise ModelError(f"{name} must be {automatic[0]!r}, not {value!r}: {_ONE_STORAGE}")

    return read


def _flag(name: str) -> Callable[[Any], dict[str, Any]]:
    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, (bool, np.bool_)):
            raise ModelError(f"{name} must be True or False, not {value!r}")
        return {name: bool(value)}

    return read


def _compiler(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ModelError(f"compiler must be the name of a command, not {value!r}")
    return value


def _compiler_flags(value: Any) -> tuple[str, ...]:
    flags = shlex.split(value) if isinstance(value, str) else value
    if not (isinstance(flags, (list, tuple)) and all(isinstance(flag, str) for flag in flags)):
        raise ModelError(f"compiler_flags must be one string or a list of strings, not {value!r}")
    return tuple(flags)


READERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "dt": _dt,
    "seed": _seed,
    "method": _method,
    "num_threads": _num_threads,
    "visible_cores": _visible_cores,
    "paradigm": _paradigm,
    "device": _device,
    "dtype": _precision,
    "precision": _precision,
    "weight_bits": _weight_bits,
    "target": _target,
    "structural_plasticity": _structural_plasticity,
    "sparse_matrix_format": _automatic(
        "sparse_matrix_format",
        ("default", "auto"),
        ("lil", "csr", "csr_vector", "csr_scalar", "dense", "ell", "ellr", "sell", "coo", "bsr", "hyb", "dia"),
    ),
    "sparse_matrix_storage_order": _automatic("sparse_matrix_storage_order", ("auto",), ("post_to_pre", "pre_to_post")),
    "verbose": _flag("verbose"),
    "suppress_warnings": _flag("suppress_warnings"),
    "show_time": _flag("show_time"),
    "debug": _flag("debug"),
    "profile": _flag("profile"),
}
"""How each option that has a meaning here is read."""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and bool(np.isfinite(value))


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"
