"""Records what other back ends compute in PyNN's examples, for the comparison of tests/scenarios/test_examples.py.

    python benchmarks/record_examples.py PYNN_SDIST [NAME ...]

Run it with a Python that has nest-simulator, neuron and PyNN 0.13 (and its `bin` on the path: PyNN compiles NEURON's
mechanisms with it). It writes tests/golden/examples/*.npz. The examples are PyNN's own, as they are; defects of the
peers that keep them from running or falsify what they give are repaired in memory, see `repair`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
OUT = ROOT / "tests" / "golden" / "examples"

from benchmarks.converged import adaptive_exponential, izhikevich, pair_rule_weights  # noqa: E402
from tests.scenarios.examples import EXAMPLES, Example  # noqa: E402
from tests.scenarios.run_example import FIRST, INTERVAL, Arrays, pack, run  # noqa: E402

CONVERGED: dict[str, dict[tuple[int, int], Callable[[], tuple[np.ndarray, list[float]]]]] = {
    "Izhikevich": {
        (0, 0): lambda: izhikevich(lambda t: 0.014, 100.0, 0.01, d=6.0),
        (0, 1): lambda: izhikevich(lambda t: 0.0, 100.0, 0.01, d=6.0, v_steps=[(t, 3.0) for t in range(11, 52)]),
        (0, 2): lambda: izhikevich(lambda t: 0.014 * (2.0 < t < 92.0), 100.0, 0.01, d=6.0),
    },
    "cell_type_demonstration": {(4, 0): lambda: izhikevich(lambda t: 0.01, 100.0, 0.01, d=2.0)},
    "parameter_changes": {
        (0, 0): lambda: adaptive_exponential(
            lambda t: float(t % 200.0 > 50.0),
            lambda t: (0.0, 4.0, 20.0, 100.0)[int(t // 200.0)],
            800.0,
            0.01,
            -55.0,
            5.0,
        )
    },
}
"""Example -> (population, cell) -> v and spikes, for cells of which the peer is further off than the tolerance."""


def repair(back_end: str) -> None:
    """Mends what keeps examples from running on PyNN 0.13.0's back ends, or shifts their spikes."""
    importlib.import_module(f"pyNN.{back_end}")
    one_to_one_with_numpy_2()
    if back_end == "nest":
        on_the_grid_with_a_fixed_min_delay()
        variables_of_nest_cells()
        weights_in_millivolts()
        parameters_that_are_arrays()


def one_to_one_with_numpy_2() -> None:
    """A mask of connections onto one cell is a scalar, which NumPy >= 2.1 takes for no array (Izhikevich, ...)."""
    from pyNN.connectors import MapConnector

    standard_connect = MapConnector._standard_connect

    def connect(self: Any, projection: Any, masks: Any, distance_map: Any = None) -> None:
        def at_least_1d(*arguments: Any) -> Iterator[Any]:
            for mask in masks(*arguments):
                yield mask if mask is True else np.atleast_1d(mask)

        standard_connect(self, projection, at_least_1d, distance_map)

    MapConnector._standard_connect = connect


def on_the_grid_with_a_fixed_min_delay() -> None:
    """Sources must not depend on the delays of the network, nor cells on where in a step a spike falls.

    pyNN.nest shifts the times of a SpikeSourceArray by the smallest delay that it knows when the population is made,
    and sends them through relays with the smallest delay of the finished network: with min_delay='auto', where the
    first is one step, all spikes come too late by the difference. Its default is to compute spikes off the grid.
    """
    import pyNN.nest as sim

    setup = sim.setup

    def on_grid(timestep: float = 0.1, min_delay: Any = "auto", **options: Any) -> Any:
        fixed = timestep if min_delay == "auto" else min_delay
        return setup(timestep=timestep, min_delay=fixed, **{**options, "spike_precision": "on_grid"})

    sim.setup = on_grid


def variables_of_nest_cells() -> None:
    """pyNN.nest lacks NEST's names of variables (cell_type_demonstration, synaptic_input)."""
    import pyNN.nest as sim

    sim.IF_curr_delta.variable_map, sim.IF_curr_delta.scale_factors = {"v": "V_m"}, {"v": 1}
    sim.IF_cond_exp_gsfa_grr.variable_map.update(g_r="g_rr", g_s="g_sfa")


def weights_in_millivolts() -> None:
    """pyNN.nest scales the weights of IF_curr_delta and Izhikevich when it sets them, not when it gets them back."""
    import pyNN.nest as sim

    get = sim.Projection.get

    def get_scaled(self: Any, *names: Any, **options: Any) -> Any:
        values = get(self, *names, **options)
        scale = getattr(getattr(self.post, "celltype", None), "receptor_scale", None)
        return values if scale is None else [(*row[:-2], row[-2] / scale, row[-1]) for row in values]

    sim.Projection.get = get_scaled


def parameters_that_are_arrays() -> None:
    """pyNN.nest cannot read parameters of several numbers, which gif_neuron only prints."""
    import pyNN.nest as sim

    get = sim.Population.get

    def get_or_none(self: Any, names: Any, *arguments: Any, **options: Any) -> Any:
        return None if names in ("tau_eta", "a_gamma") else get(self, names, *arguments, **options)

    sim.Population.get = get_or_none


def record(example: Example, sources: Path) -> None:
    """In this process; PyNN's back ends keep a state that lasts."""
    repair(example.peer)
    script = sources / "examples" / f"{example.script}.py"
    arrays = run(example.peer, script, example.arguments, example.peer_trials, example.whole)
    for (population, column), solve in CONVERGED.get(example.name, {}).items():
        replace(arrays, f"network0.population{population}.v", column, *solve())
    if example.name == "simple_STDP":
        with_all_pairs(arrays)
    np.savez_compressed(OUT / f"{example.name}.npz", **pack(arrays))


def with_all_pairs(arrays: Arrays) -> None:
    """Adds to the weights of simple_STDP what the peers apply at the next pre-synaptic spike only: the last pair."""
    sources = [np.arange(100.0 + shift, 1060.0, 100.0) for shift in range(-30, 30)]
    weights = pair_rule_weights(sources, arrays["network0.population1.v.spikes"][:, 1], delay=3.0)
    theirs = arrays["network0.projection0.weights"]
    print(f"weights: the peer was {1e9 * np.abs(weights - theirs).max():.3f} fS off", file=sys.stderr)
    arrays["network0.projection0.weights"] = weights
    arrays["network0.projection0.attributes"][[0, 2]] = weights.mean(), weights.std()


def replace(arrays: Arrays, key: str, column: int, v: np.ndarray, spikes: list[float]) -> None:
    """Puts the converged solution of a cell in place of the peer's, at the script's time step of 0.01 ms."""
    kept = v[round(FIRST / 0.01) :: round(INTERVAL / 0.01)]
    theirs = arrays[f"{key}.traces"][:, column]
    times = FIRST + INTERVAL * np.arange(len(kept))
    near = np.abs(times[:, None] - np.array([*spikes, np.inf])).min(axis=1) < 2.0
    print(f"{key}, cell {column}: the peer was {np.abs(kept - theirs)[~near].max():.3f} mV off", file=sys.stderr)
    arrays[f"{key}.traces"][:, column] = kept
    arrays[f"{key}.means"][column], arrays[f"{key}.counts"][column] = v.mean(), len(spikes)
    others = arrays[f"{key}.spikes"][arrays[f"{key}.spikes"][:, 0] != column]
    arrays[f"{key}.spikes"] = np.concatenate([others, [(column, time) for time in spikes]])


def record_in_a_process_of_its_own(example: Example, sources: Path) -> None:
    command = [sys.executable, __file__, str(sources), example.name, "--here"]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Results").mkdir()
        environment = {**os.environ, "MPLBACKEND": "Agg"}
        finished = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    outcome = f"failed: {finished.stderr.strip()[-400:]}" if finished.returncode else "recorded"
    outcome += "".join(f"\n    {line}" for line in finished.stderr.splitlines() if line.endswith(" off"))
    print(f"{example.name} on {example.peer}: {outcome}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=Path, help="PyNN's unpacked source distribution")
    parser.add_argument("names", nargs="*", help="of examples; all if none")
    parser.add_argument("--here", action="store_true", help="in this process and working directory")
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    for example in EXAMPLES:
        if example.peer and (not options.names or example.name in options.names):
            (record if options.here else record_in_a_process_of_its_own)(example, options.sources.resolve())


if __name__ == "__main__":
    main()
