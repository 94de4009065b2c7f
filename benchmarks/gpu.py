"""Networks on a GPU: the same bits as on the CPU, and how long they take. Nine minutes at most on one GPU.

    python benchmarks/gpu.py                            # on device 0; writes benchmarks/results/gpu.{json,md}
    python benchmarks/gpu.py coba microcircuit --device 1
    python benchmarks/gpu.py --device emulated --scale 0.02 --duration 20   # no GPU: tries the script itself

What each network does in its first `--checked` ms on the CPU and on the device must have one digest, of all spikes and
of all weights that have changed. Then `--duration` ms are timed on the device; spikes of the smallest two are recorded.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results"
sys.path.insert(0, str(ROOT / "examples"))

import microcircuit as potjans  # noqa: E402
import pyNN.annarchy as sim  # noqa: E402
import vogels_abbott  # noqa: E402

TIME_STEP = 0.1  # ms
BRUNEL_CELL = {"cm": 0.25, "tau_m": 20.0, "v_rest": -65.0, "v_thresh": -50.0, "v_reset": -60.0, "tau_refrac": 2.0,
               "tau_syn_E": 2.0, "tau_syn_I": 2.0, "i_offset": 0.35}  # fmt: skip
"""That of workers/brunel.py."""


@dataclass(frozen=True)
class Built:
    """Cells whose spikes count, and projections whose weights change."""

    populations: list[Any]
    plastic: list[Any]


def balanced(benchmark: str) -> Callable[[float, bool], Built]:
    def build(scale: float, is_recorded: bool) -> Built:
        size = max(round(4000 * scale), 50)
        net = vogels_abbott.build(sim, vogels_abbott.BENCHMARKS[benchmark], size, seed=98765)
        return Built([net.excitatory, net.inhibitory], [])

    return build


def brunel(is_plastic: bool) -> Callable[[float, bool], Built]:
    def build(scale: float, is_recorded: bool) -> Built:
        n = max(round(10_000 * scale), 100)
        stronger = 10_000 / n
        rng = np.random.default_rng(1)
        populations = [sim.Population(size, sim.IF_curr_exp(**BRUNEL_CELL)) for size in (n * 4 // 5, n - n * 4 // 5)]
        for cells in populations:
            cells.initialize(v=rng.uniform(-65.0, -50.0, cells.size))
            if is_recorded:
                cells.record("spikes")
        plastic = []
        for pre, weight, receptor in zip(populations, (0.02, -0.18), ("excitatory", "inhibitory"), strict=True):
            for post in populations:
                connector = sim.FixedProbabilityConnector(0.1, rng=sim.NativeRNG(seed=1))
                learns = is_plastic and pre is post is populations[0]
                synapse = (additive if learns else sim.StaticSynapse)(weight=weight * stronger, delay=1.5)
                projection = sim.Projection(pre, post, connector, synapse, receptor_type=receptor)
                if learns:
                    plastic.append(projection)
        return Built(populations, plastic)

    return build


def additive(weight: float, delay: float) -> Any:
    return sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.005, A_minus=0.00525),
        weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=3 * weight),
        weight=weight,
        delay=delay,
    )


def microcircuit(scale: float, is_recorded: bool) -> Built:
    options = SimpleNamespace(scale=scale, drive="poisson", seed=55, rng="native", unrecorded=not is_recorded)
    return Built(list(potjans.build(sim, options).populations.values()), [])


def million(scale: float, is_recorded: bool) -> Built:
    """A million cells that are driven into spiking, a hundred synapses each."""
    n = max(round(1_000_000 * scale), 100)
    cells = sim.Population(n, sim.IF_curr_exp(tau_m=15.0, i_offset=1.1))
    cells.initialize(v=np.random.default_rng(3).uniform(-65.0, -50.0, n))
    if is_recorded:
        cells.record("spikes")
    connector = sim.FixedTotalNumberConnector(100 * n, with_replacement=True, rng=sim.NativeRNG(seed=2))
    sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=0.002, delay=1.0), receptor_type="excitatory")
    return Built([cells], [])


CASES: dict[str, Callable[[float, bool], Built]] = {
    "coba": balanced("COBA"),
    "cuba": balanced("CUBA"),
    "brunel": brunel(is_plastic=False),
    "brunel_plastic": brunel(is_plastic=True),
    "microcircuit": microcircuit,
    "million": million,
}


def set_up(**options: Any) -> None:
    sim.setup(timestep=TIME_STEP, min_delay=TIME_STEP, max_delay=potjans.LONGEST_DELAY, **options)


def digest(case: str, scale: float, duration: float, **options: Any) -> str:
    """Of what the network does from its beginning on."""
    set_up(**options)
    built = CASES[case](scale, True)
    sim.run(duration)
    hashed = hashlib.blake2b(digest_size=8)
    for cells in built.populations:
        for train in cells.get_data("spikes").segments[0].spiketrains:
            hashed.update(np.asarray(train.magnitude).tobytes() + b"|")
    for projection in built.plastic:
        hashed.update(np.asarray(projection.get("weight", "list", with_address=False)).tobytes())
    sim.end()
    return hashed.hexdigest()


def timed(case: str, scale: float, duration: float, device: int | str) -> dict[str, float]:
    started = perf_counter()
    set_up(target="cuda", device=device)
    CASES[case](scale, False)
    sim.run(TIME_STEP)
    sim.run(10 * TIME_STEP)
    begun = perf_counter()
    sim.run(duration)
    taken = perf_counter() - begun
    sim.end()
    return {"build": begun - started, "simulate": taken, "real_time_factor": taken / (duration * 1e-3)}


def device_name(device: int | str) -> str:
    """As the device calls itself."""
    from pynn_annarchy.engine.cuda_loop import open_device
    from pynn_annarchy.targets.compile import Options

    return str(open_device(Options("cuda", device=device)).name)


def table(name: str, rows: dict[str, dict[str, Any]]) -> str:
    lines = [
        f"Device: {name}.",
        "",
        "| network | digest | build, s | 1 s of biological time takes, s |",
        "|---|---|---|---|",
    ]
    for case, row in rows.items():
        same = "that of the CPU" if row["digest"] == row["digest_cpu"] else "ANOTHER THAN THE CPU'S"
        lines.append(f"| {case} | {same} | {row['build']:.3g} | {row['real_time_factor']:.3g} |")
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="all of them by default")
    parser.add_argument("--device", default="0", help="its number, or 'emulated'")
    parser.add_argument("--scale", type=float, default=1.0, help="of all networks")
    parser.add_argument("--checked", type=float, default=100.0, help="ms of which digests are compared")
    parser.add_argument("--duration", type=float, default=1000.0, help="ms that are timed")
    options = parser.parse_args()
    device = int(options.device) if options.device.isdigit() else options.device
    name, rows = device_name(device), {}
    for case in options.cases or CASES:
        print(case, flush=True)
        on_cpu = digest(case, options.scale, options.checked, target="cpp")
        on_device = digest(case, options.scale, options.checked, target="cuda", device=device)
        rows[case] = {"digest_cpu": on_cpu, "digest": on_device, **timed(case, options.scale, options.duration, device)}
    print(table(name, rows))
    if not isinstance(device, str):
        RESULTS.joinpath("gpu.json").write_text(
            json.dumps({"device": name, "scale": options.scale, "cases": rows}, indent=1)
        )
        RESULTS.joinpath("gpu.md").write_text(table(name, rows))
    if any(row["digest"] != row["digest_cpu"] for row in rows.values()):
        sys.exit("the device gave other results than the CPU")


if __name__ == "__main__":
    main()
