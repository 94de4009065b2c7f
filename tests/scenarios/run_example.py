"""Runs one of PyNN's examples as it is and writes what it computed as a small set of arrays.

    python run_example.py [--trials N] [--whole] BACK_END EXAMPLE.py OUT.npz [ARGUMENTS ...]

A script of its own: it runs in any Python that has the back end, in an empty working directory. It watches the back
end's `setup`, `end` and `Projection`; where the example calls `end()`, all that was recorded and all connections are
summarised. Several trials differ in their seeds. `--whole`: the example gets whole populations for samples of cells.
"""

from __future__ import annotations

import argparse
import importlib
import runpy
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

FIRST, INTERVAL = 0.2, 0.5
"""Time of the first sample that is kept of a signal, and time between them, in ms.

No spike arrives at these times: back ends differ in whether a value recorded at an arrival holds the change."""

CHANNELS = 4
"""So many cells of a population keep their traces; the mean is over all."""

MANY, FEW = 1_000_000, 100
"""Pairs of cells beyond which connections are only counted, and connections up to which each is kept."""

SEED_OPTION = {"nest": "rng_seed", "neuron": "native_rng_baseseed", "annarchy": "seed"}

Arrays = dict[str, np.ndarray]


class Watcher:
    """Stands between an example and its back end."""

    def __init__(self, back_end: str, whole: bool) -> None:
        self.summaries: list[Arrays] = []
        self.options: dict[str, int] = {}
        self._projections: list[Any] = []
        self._back_end = back_end
        self._sim = importlib.import_module(f"pyNN.{back_end}")
        self._setup, self._end, self._init = self._sim.setup, self._sim.end, self._sim.Projection.__init__
        self._sim.setup, self._sim.end = self.setup, self.end
        self._sim.Projection.__init__ = self._watched_init()
        if whole:
            self._sim.Population.sample = lambda population, _size, _rng=None: population[:]

    def seed(self, seed: int) -> None:
        """For the next run of the example; NumPy's global generator is what examples use besides the back end's."""
        if self._back_end in SEED_OPTION:
            self.options = {SEED_OPTION[self._back_end]: seed}
        np.random.seed(seed)

    def setup(self, *arguments: Any, **options: Any) -> Any:
        self._projections.clear()
        return self._setup(*arguments, **{**options, **self.options})

    def end(self, *arguments: Any) -> Any:
        state = importlib.import_module(f"pyNN.{self._back_end}.simulator").state
        self.summaries.append(network(state.recorders, self._projections))
        return self._end(*arguments)

    def _watched_init(self) -> Callable[..., None]:
        init, projections = self._init, self._projections

        def watched(projection: Any, *arguments: Any, **options: Any) -> None:
            init(projection, *arguments, **options)
            projections.append(projection)

        return watched


def network(recorders: Any, projections: list[Any]) -> Arrays:
    """Populations that are recorded and projections, numbered in the order in which they were made.

    Keys are `population<i>.<variable>.<array>` and `projection<i>.<array>`.
    """
    summary: Arrays = {}
    recording = [recorder for recorder in recorders if any(recorder.recorded.values())]
    for index, recorder in enumerate(sorted(recording, key=lambda recorder: int(recorder.population.first_id))):
        segment = recorder.population.get_data(gather=True).segments[-1]
        for key, array in population(segment):
            summary[f"population{index}.{key}"] = array
    for index, projection in enumerate(projections):
        for key, array in connections(projection):
            summary[f"projection{index}.{key}"] = array
    return summary


def population(segment: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Spikes: `cells`, `mean` (a cell). Signals: `cells`, `duration`, `mean`, `range`; of a few `traces`, `means`.

    `v.spikes` has a row (column of `traces`, time in ms) for each spike of these cells, `v.counts` their numbers.
    """
    trains = {int(train.annotations["source_index"]): train.rescale("ms").magnitude for train in segment.spiketrains}
    if trains:
        yield "spikes.cells", np.array(len(trains))
        yield "spikes.mean", np.mean([len(train) for train in trains.values()])
    for signal in sorted(segment.analogsignals, key=lambda signal: signal.name):
        values = signal.magnitude
        period = float(signal.sampling_period.rescale("ms"))
        yield f"{signal.name}.cells", np.array(values.shape[1])
        yield f"{signal.name}.duration", np.array((len(values) - 1) * period)
        yield f"{signal.name}.mean", values.mean()
        yield f"{signal.name}.means", values[:, :CHANNELS].mean(axis=0)
        yield f"{signal.name}.range", np.ptp(values)
        yield f"{signal.name}.traces", values[round(FIRST / period) :: round(INTERVAL / period), :CHANNELS]
        if signal.name == "v":
            channels = [int(index) for index in signal.array_annotations["channel_index"][:CHANNELS]]
            rows = [
                (column, time)
                for column, channel in enumerate(channels)
                for time in (trains[channel] if channel in trains else spike_times(values[:, column], period))
            ]
            yield "v.spikes", np.array(rows, float).reshape(-1, 2)
            yield "v.counts", np.array([sum(row[0] == column for row in rows) for column in range(len(channels))])


def spike_times(v: np.ndarray, period: float) -> np.ndarray:
    """Of a cell whose spikes were not recorded, from its potential: resets, or where there are none, peaks."""
    resets = np.diff(v) < -5.0
    peaks = (v[:-1] < -20.0) & (v[1:] >= -20.0)
    return (np.flatnonzero(resets if resets.any() else peaks) + 1) * period


def connections(projection: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Their number; unless they may be many, mean and deviation of weights and delays; of few, each with its weight."""
    if projection.pre.size * projection.post.size > MANY:
        yield "connections", np.array(projection.size())
        return
    rows = sorted(projection.get(["weight", "delay"], format="list", with_address=True))
    yield "connections", np.array(len(rows))
    if rows:
        array = np.array(rows, float)
        yield "attributes", np.concatenate([array[:, 2:].mean(axis=0), array[:, 2:].std(axis=0)])
        if len(rows) <= FEW:
            yield "addresses", array[:, :2].astype(np.uint8)
            yield "weights", array[:, 2]


def over_trials(trials: list[Arrays]) -> Arrays:
    """Means, and standard errors of scalars; traces, spikes and connections are those of the first trial."""
    summary = dict(trials[0])
    for key, first in trials[0].items():
        if len(trials) > 1 and (first.ndim == 0 or key.endswith((".means", ".counts"))):
            values = np.array([trial[key] for trial in trials], float)
            summary[key] = values.mean(axis=0)
            if first.ndim == 0:
                summary[f"{key}.error"] = values.std(ddof=1) / np.sqrt(len(values))
    return summary


def run(back_end: str, example: Path, arguments: Sequence[str], trials: int, whole: bool) -> Arrays:
    """What the example computes; keys are those of `network` after `network<i>.`, one for each call of end()."""
    watcher = Watcher(back_end, whole)
    runs: list[list[Arrays]] = []
    sys.argv = [str(example), back_end, *arguments]
    for seed in range(1, trials + 1):
        watcher.summaries.clear()
        watcher.seed(seed)
        runs.append([])
        runpy.run_path(str(example), run_name="__main__")
        runs[-1].extend(watcher.summaries)
    networks = [over_trials(list(trial)) for trial in zip(*runs, strict=True)]
    return {f"network{index}.{key}": array for index, summary in enumerate(networks) for key, array in summary.items()}


def pack(arrays: Arrays) -> Arrays:
    """Traces as 16-bit fractions of each one's range: exact to 1e-5 of it, and a tenth of the size."""
    packed: Arrays = {}
    for key, array in arrays.items():
        packed[key] = array
        if key.endswith(".traces"):
            low, high = array.min(axis=0), array.max(axis=0)
            step = np.where(high > low, high - low, 1.0) / 65535
            packed[f"{key}.scale"] = np.array([low, step])
            packed[key] = np.rint((array - low) / step).astype(np.uint16)
    return packed


def unpack(packed: Arrays) -> Arrays:
    """The arrays that were packed."""
    arrays = {key: array for key, array in packed.items() if not key.endswith(".scale")}
    for key in arrays:
        if key.endswith(".traces"):
            low, step = packed[f"{key}.scale"]
            arrays[key] = low + step * arrays[key]
    return arrays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("back_end")
    parser.add_argument("example", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--trials", type=int, default=1)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("arguments", nargs="*", help="of the example, after the back end")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")  # examples use what PyNN has deprecated
    Path("Results").mkdir(exist_ok=True)
    summary = run(options.back_end, options.example, options.arguments, options.trials, options.whole)
    np.savez_compressed(options.out, **pack(summary))


if __name__ == "__main__":
    main()
