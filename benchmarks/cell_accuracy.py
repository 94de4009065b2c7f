"""How far each cell type of PyNN is from the converged solution of its equations, on this back end, NEST and NEURON.

    python benchmarks/cell_accuracy.py              # installs the others below .peers/ when they are asked for first
    PEER_NEST=~/venvs/nest PEER_NEURON=~/venvs/neuron python benchmarks/cell_accuracy.py

Cells, inputs and the solution are those of tests/equivalence/test_convergence.py: dt = 0.1 ms, 200 ms, spikes at each
receptor; once below threshold, once with a current that makes the cell spike. It prints a table: the largest error of
v in mV below threshold, then how many steps the first ten spikes lie away from the converged ones at most, and of the
n-th over n. The solution resets on the grid, as NEST does for most types and this back end for all.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from peers import NEST, NEURON, OURS, PeerUnavailable  # noqa: E402

from tests.equivalence.converged import Cell  # noqa: E402
from tests.equivalence.test_convergence import CASES, DT, DURATION, converged, reference_of, trains  # noqa: E402

DELAY = 0.4
BACK_ENDS = (("annarchy", OURS), ("nest", NEST), ("neuron", NEURON))
NOT_COMPARED = {"PointNeuron": "its receptors are of three kinds, which no other back end takes"}


def main() -> None:
    cells = [cell for name in CASES if name not in NOT_COMPARED for cell in (described(name, 0), described(name, 1))]
    measured = {back_end: potentials(back_end, peer, cells) for back_end, peer in BACK_ENDS}
    print("| cell type | " + " | ".join(f"{back_end}: v, steps" for back_end, _ in BACK_ENDS) + " |")
    print("|---|" + "---|" * len(BACK_ENDS))
    for name in CASES:
        if name not in NOT_COMPARED:
            print(f"| {name} | " + " | ".join(compared(name, measured[back_end]) for back_end, _ in BACK_ENDS) + " |")
    for name, reason in NOT_COMPARED.items():
        print(f"\n{name}: {reason}.")


def described(name: str, spiking: int) -> dict:
    """A cell as the worker wants it, in PyNN's names."""
    case, cell = CASES[name], reference_of(name)
    kind = name.partition(",")[0]
    return {
        "name": f"{name}/{spiking}",
        "type": kind,
        "parameters": in_pynn(kind, parameters_of(name, spiking)),
        "start": start_of(cell),
        "times": [np.round(times, 1).tolist() for times in trains(2)],
        "weights": case.weights,
        "setup": {"pyNN.nest": {"spike_precision": "on_grid"}},
        "dt": DT,
        "delay": DELAY,
        "duration": DURATION,
    }


def start_of(cell: Cell) -> dict[str, float]:
    """Initial values by variable, those of gates included."""
    gates = {name: cell.start.get(name, 0.0) for name in ("m", "h", "n", "u") if name in cell.variables}
    return {"v": cell.start["v"], **gates}


def parameters_of(name: str, spiking: int) -> dict[str, float]:
    case = CASES[name]
    extra = dict(case.spiking) if spiking else {}
    current = {"i_offset": case.current} if spiking and case.current else {}
    return {**dict(case.parameters), **extra, **current}


def in_pynn(kind: str, parameters: dict[str, float]) -> dict[str, object]:
    """Elements as arrays of three, which is what NEURON's cell has."""
    if kind != "GIF_cond_exp":
        return dict(parameters)
    every = {"tau_eta_1": 10.0, "tau_gamma_1": 10.0, **parameters}
    arrays = {
        name: [every.pop(f"{name}_1")] + [10.0 if name.startswith("tau") else 0.0] * 2
        for name in ("tau_eta", "tau_gamma", "a_eta", "a_gamma")
    }
    return {**every, **arrays}


def potentials(back_end: str, peer, cells: list[dict]) -> dict[str, np.ndarray] | str:
    """What the back end computed, or why it did not."""
    with tempfile.TemporaryDirectory() as folder:
        given, written = Path(folder, "cells.json"), Path(folder, "potentials.npz")
        given.write_text(json.dumps(cells))
        script = ROOT / "benchmarks" / "workers" / "cells.py"
        try:
            command = [peer.python(), script, back_end, given, written]
        except PeerUnavailable as reason:
            return str(reason)
        finished = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        if not written.exists():
            return finished.stderr.strip()[-200:]
        return dict(np.load(written))


def compared(name: str, results: dict[str, np.ndarray] | str) -> str:
    if isinstance(results, str):
        return results
    told = [results[f"{name}/{spiking}/error"] for spiking in (0, 1) if f"{name}/{spiking}/error" in results]
    if told:
        return "not available" if "vailable" in str(told[0]) else f"fails: {str(told[0])[:40]}"
    exact, _ = converged(name, CASES[name], parameters_of(name, 0))
    v = results[f"{name}/0/v"]
    n = min(len(v), len(exact["v"]))
    _, expected = converged(name, CASES[name], parameters_of(name, 1))
    steps = results[f"{name}/1/spikes"] / DT
    ten = min(10, len(expected), len(steps))
    late = np.abs(steps[:ten] - np.array(expected[:ten]))
    missing = min(10, len(expected)) - ten
    spikes = f"{late.max():.0f} ({(late / np.arange(1, ten + 1)).max():.1f} n)" if ten else "none"
    return f"{np.abs(v[:n] - exact['v'][:n]).max():.2g}, {spikes}" + (f", {missing} missing" if missing else "")


if __name__ == "__main__":
    main()
