"""Small C++ programs over the headers of the runtime, compiled as generated modules are."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

INCLUDE = Path(__file__).parents[2] / "native" / "include"
FLAGS = ("-O3", "-std=c++17", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math")

COMPILERS = [("g++", "native"), ("clang++", "native")]
if platform.machine() == "x86_64":
    COMPILERS += [("g++", "x86-64"), ("g++", "haswell")]  # without fma; with it, but without AVX-512

MAIN = """
#include <cstdio>
#include <vector>
int main() {
    std::vector<double> x, y;
    double value;
    while (std::fread(&value, sizeof value, 1, stdin) == 1) x.push_back(value);
    fill(x, y);
    std::fwrite(y.data(), sizeof(double), y.size(), stdout);
}
"""


@pytest.fixture(scope="module", params=COMPILERS, ids=" for ".join)
def run_native(request, tmp_path_factory):
    """Runs ``void fill(const std::vector<double>& x, std::vector<double>& y)`` of a C++ text on an array."""
    name, cpu = request.param
    compiler = shutil.which(name)
    if compiler is None:
        pytest.skip(f"no {name} on this machine")
    directory = tmp_path_factory.mktemp("native")

    def run(text: str, x: np.ndarray) -> np.ndarray:
        source, program = directory / "program.cpp", directory / "program"
        source.write_text("#include <cstddef>\n#include <vector>\n" + text + MAIN)
        subprocess.run([compiler, *FLAGS, f"-march={cpu}", f"-I{INCLUDE}", str(source), "-o", str(program)], check=True)
        output = subprocess.run([str(program)], input=x.tobytes(), stdout=subprocess.PIPE, check=True).stdout
        return np.frombuffer(output)

    return run
