"""Records what ANNarchy 5 computes for the comparisons of tests/equivalence/test_against_annarchy.py.

Run it with a Python that has ANNarchy 5; it writes tests/golden/annarchy/*.npz, all of them or those that are named on
the command line: what each network of tests/equivalence/annarchy_models.py records, step by step.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(TESTS / "equivalence"))

import annarchy_models  # noqa: E402

OUT = TESTS / "golden" / "annarchy"
FLAGS = "-O1 -ffp-contract=off"
"""No fused multiplications and additions, which would round differently on another machine."""


def record(name: str) -> None:
    """Runs one network, and keeps what it records."""
    import ANNarchy

    comparison = annarchy_models.COMPARISONS[name]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        network = ANNarchy.Network(dt=comparison.dt, seed=1)
        recorded = comparison.run(ANNarchy, network, compiler_flags=FLAGS, silent=True)
        os.chdir(OUT)
    np.savez_compressed(OUT / f"{name}.npz", **recorded)
    print(f"{name}: {', '.join(f'{key} {values.shape}' for key, values in recorded.items())}")


if __name__ == "__main__":
    names, sys.argv[1:] = sys.argv[1:], []  # ANNarchy reads the command line, too
    # generated modules all bear the same name, so that each network needs a process of its own
    for name in names or annarchy_models.COMPARISONS:
        if len(names) == 1:
            record(name)
        elif os.spawnl(os.P_WAIT, sys.executable, sys.executable, __file__, name):
            sys.exit(f"{name} could not be recorded")
