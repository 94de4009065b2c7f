"""The list of packages and the three extensions; everything else about the package is in pyproject.toml."""

import os
import shlex
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, find_packages, setup

# The bits are part of the contract: no contraction, no reassociation. errno and traps change no value, only speed.
COMPILE = [
    "-O3",
    "-std=c++17",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fvisibility=hidden",
]
OPENMP = ["-fopenmp"]
ASKED_FOR = shlex.split(os.environ.get("PYNN_ANNARCHY_BUILD_FLAGS", ""))
"""They come last, so that they hold: "-O0 -g" builds in half the time. $CXXFLAGS come first."""
MAPPED = ["pynn_annarchy.native", "pynn_annarchy.standardmodels", "pyNN.annarchy"]  # [tool.setuptools.package-dir]
HEADERS = sorted(map(str, Path("native/include").rglob("*.h")))
ENGINE = sorted(map(str, Path("native/src").glob("*.cpp")))


def extension(name: str, *native_sources: str, openmp: bool = False) -> Extension:
    """One Cython extension of that dotted name, compiled together with hand-written C++ sources."""
    flags = OPENMP if openmp else []
    return Extension(
        name,
        sources=[name.replace(".", "/") + ".pyx", *native_sources],
        depends=HEADERS,
        include_dirs=["native/include"],
        extra_compile_args=COMPILE + flags + ASKED_FOR,
        extra_link_args=flags,
        libraries=["dl"],
        language="c++",
    )


setup(
    packages=[*find_packages(include=["pynn_annarchy*"], exclude=["*._pynn_plugin"]), *MAPPED],
    ext_modules=cythonize(
        [
            extension("pynn_annarchy._mathematics"),
            extension("pynn_annarchy.engine._pairs"),
            extension("pynn_annarchy.engine._binding", *ENGINE, openmp=True),
        ],
        build_dir="build/cython",
        language_level=3,
    ),
)
