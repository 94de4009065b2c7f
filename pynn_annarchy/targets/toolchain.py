"""The C++ compiler: found, asked for its version, its flags probed once, and called."""

from __future__ import annotations

import functools
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from pynn_annarchy.exceptions import CompilationError, TargetUnavailable, warn
from pynn_annarchy.targets import cache

FLAGS = (
    "-std=c++17",
    "-O3",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-ffp-contract=off",  # the bits are part of the contract: fma only where the text says so
    "-fno-math-errno",
    "-fno-trapping-math",
)
TUNED = ("-march=native",)
STRAIGHT = ("-fno-thread-jumps",)
"""Else GCC splits a step by its conditions: 2.12 against 1.97 ns a step with conductances. Unknown to clang."""
ALIGNED = ("-falign-loops=64",)
"""A cell's step is a loop of several cache lines: where it began had made up to a fifteenth (AMD Zen 4)."""
WIDE = ("-mprefer-vector-width=512",)
"""Where the CPU has AVX-512: 0.88 against 1.05 ns a LIF step, 2.4 against 3.2 with conductances."""
INEXACT = frozenset({
    "-Ofast", "-fassociative-math", "-fast", "-ffast-math", "-ffinite-math-only", "-ffp-contract=fast",
    "-ffp-contract=on", "-freciprocal-math", "-funsafe-math-optimizations",
})  # fmt: skip
"""Flags that change results."""
_CANDIDATES = ("g++", "clang++", "c++")


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A compiler and the flags it accepts; `identity` tells apart what would compile to different code."""

    command: tuple[str, ...]
    version: str
    flags: tuple[str, ...]
    suffix: str = ".cpp"

    @property
    def identity(self) -> str:
        return "\n".join([*self.command, self.version, *self.flags, _cpu_features()])

    def compile(self, source: Path, library: Path, name: str) -> None:
        """Compiles one module.

        Raises:
            CompilationError: with the name of the model, or what else it is, and the compiler's first errors.
        """
        command = [*self.command, *self.flags, "-I", str(include_directory()), str(source), "-o", str(library)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            errors = "\n".join(line for line in result.stderr.splitlines() if "error" in line.lower()) or result.stderr
            raise CompilationError(
                f"{Path(self.command[0]).name} could not compile the code of '{name}':\n{errors[:2000]}\n"
                f"The generated text lies in {source}"
            )


def find_toolchain(compiler: str | None = None, user_flags: tuple[str, ...] = ()) -> Toolchain:
    """The compiler asked for, else $CXX, else the first of g++, clang++, c++; the first two may hold further words.

    Raises:
        TargetUnavailable: there is none, it compiles nothing, or it refuses a flag of the user's.
    """
    wanted = compiler or os.environ.get("CXX")
    candidates = [shlex.split(wanted)] if wanted else [[name] for name in _CANDIDATES]
    found = [(path, *words[1:]) for words in candidates if (path := shutil.which(words[0]))]
    if not found:
        what = f"the compiler '{wanted}' was not found" if wanted else "no C++ compiler was found"
        raise TargetUnavailable(
            f"{what}: install one (on Debian or Ubuntu: apt install g++), name one with setup(compiler=...), "
            "or use setup(target='reference'), which is slow and needs none"
        )
    return _probe(found[0], user_flags)


@functools.cache
def _probe(command: tuple[str, ...], user_flags: tuple[str, ...]) -> Toolchain:
    """The compiler with its flags; what it accepts is asked once and then remembered with the compiled models."""
    shown = " ".join(command)
    version = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False).stdout.split("\n")[0]
    if INEXACT.intersection(user_flags):
        warn("compiler_flags ask for fast mathematics: results will depend on the compiler and the machine")
    # This file's text is part of the key: another version of it may store other things, or ask other questions.
    name = cache.key("toolchain", Path(__file__).read_text(), *command, version, "with", *user_flags, _cpu_features())
    tools = cache.load(f"{name}.tools")
    if not isinstance(tools, Toolchain):
        if not _accepts(command, ()):
            raise TargetUnavailable(f"'{shown}' does not compile a C++ program that runs on this machine")
        tools = Toolchain(command, version, (*FLAGS, *_tuning(command), *_accepted(command, version, user_flags)))
        cache.store(f"{name}.tools", tools)
    if not set(TUNED) <= set(tools.flags):
        warn(f"{shown} does not accept {' '.join(TUNED)}: code will not be tuned for this CPU")
    return tools


def emulation(compiler: str | None = None, user_flags: tuple[str, ...] = ()) -> Toolchain:
    """The C++ compiler for code of a device that the CPU plays: what counts is the time that compiling takes.

    -Og takes 0.6 of that of -O1, for code as fast; -O0 takes half of it, for code that takes up to twice as long.
    """
    tools = find_toolchain(compiler, user_flags)
    plain = (flag for flag in FLAGS if flag != "-O3")
    return replace(tools, flags=("-x", "c++", "-DPNN_EMULATED", "-Og", *plain, *user_flags), suffix=".cu")


def _tuning(command: tuple[str, ...]) -> tuple[str, ...]:
    optional = [TUNED, STRAIGHT, ALIGNED, *([WIDE] if "avx512dq" in _cpu_features() else [])]
    return tuple(flag for flags in optional if _accepts(command, flags) for flag in flags)


def _accepted(command: tuple[str, ...], version: str, user_flags: tuple[str, ...]) -> tuple[str, ...]:
    if user_flags and not _accepts(command, user_flags):
        refused = next((flag for flag in user_flags if not _accepts(command, (flag,))), " ".join(user_flags))
        shown = " ".join(command)
        raise TargetUnavailable(f"{shown} ({version}) does not accept the flag '{refused}' of compiler_flags")
    return user_flags


def _accepts(command: tuple[str, ...], flags: tuple[str, ...]) -> bool:
    """Whether code compiled with these flags is produced, and runs on this CPU."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "probe")
        text = "int main(int n, char**) { double x[9]; for (int i = 0; i < 9; ++i) x[i] = n * 0.5; return x[8] < 0; }"
        Path(folder, "probe.cpp").write_text(text)
        built = subprocess.run(
            [*command, "-O3", *flags, str(Path(folder, "probe.cpp")), "-o", str(program)],
            capture_output=True,
            check=False,
        )
        if built.returncode != 0 or not program.exists():
            return False
        return subprocess.run([str(program)], check=False).returncode == 0


def native_directory() -> Path:
    """Where `include` and `src` lie."""
    import pynn_annarchy.native as native

    return Path(next(iter(native.__path__)))


def include_directory() -> Path:
    """Where `pynn_annarchy/*.h` lie."""
    return native_directory() / "include"


@functools.cache
def header_digest() -> str:
    """Of all headers that generated modules may include."""
    digest = hashlib.blake2b(digest_size=16)
    for header in sorted(include_directory().rglob("*.h")):
        digest.update(header.name.encode())
        digest.update(header.read_bytes())
    return digest.hexdigest()


@functools.cache
def _cpu_features() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            lines = [line for line in file if line.startswith(("model name", "flags", "Features"))]
    except OSError:
        return os.uname().machine
    return "".join(sorted(set(lines)))
