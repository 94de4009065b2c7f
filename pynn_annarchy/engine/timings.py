"""What a simulation took and did: seconds by name, counts, and what one event costs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from types import TracebackType

PHASES = (
    "neuron_update_time",
    "presynaptic_update_time",
    "postsynaptic_update_time",
    "synapse_dynamics_time",
    "recording_time",
    "waiting_time",
)
"""What a step consists of, in the order of native/include/pynn_annarchy/work.h."""

STAGES = ("compile_time", "build_time", "init_time", "init_sparse_time", "run_time")
COUNTS = ("steps", "neuron_updates", "spikes", "synaptic_events")


class Stopwatch:
    """Seconds by name. What begins inside something else is subtracted from it: no second is counted twice."""

    def __init__(self, names: Iterable[str]) -> None:
        self.seconds = dict.fromkeys(names, 0.0)
        self._open: list[str] = []
        self._since = 0.0

    def start(self, name: str) -> None:
        """From now on time is this name's, until the next stop()."""
        now = time.perf_counter()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._open.append(name)
        self._since = now

    def stop(self) -> None:
        """Time is again that of what had been started before."""
        now = time.perf_counter()
        self.seconds[self._open.pop()] += now - self._since
        self._since = now

    def switch(self, name: str) -> None:
        """Ends what was started last, and begins something else in its place."""
        self.stop()
        self.start(name)

    def of(self, name: str) -> Lap:
        """`with watch.of('init_time'): ...`"""
        return Lap(self, name)


class Lap:
    """A stretch of time that goes to one name, however it ends."""

    def __init__(self, watch: Stopwatch, name: str) -> None:
        self._watch = watch
        self._name = name

    def __enter__(self) -> None:
        self._watch.start(self._name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.stop()


class Timings(dict[str, float]):
    """Seconds by name, counts, and quotients of both; printed as a table. See docs/timings.md."""

    @classmethod
    def of(
        cls,
        stages: Mapping[str, float],
        phases: Mapping[str, float],
        counts: Mapping[str, int],
        bytes_per_synapse: float,
    ) -> Timings:
        """All that is told, from what was measured; a quotient of nothing is nan."""
        timings = cls({**dict.fromkeys((*STAGES, *PHASES), 0.0), **stages, **phases})
        timings.update(dict.fromkeys(COUNTS, 0), **counts)
        timings["ns_per_neuron_update"] = _ns(timings["neuron_update_time"], timings["neuron_updates"])
        timings["ns_per_event"] = _ns(timings["presynaptic_update_time"], timings["synaptic_events"])
        timings["bytes_per_synapse"] = bytes_per_synapse
        return timings

    @classmethod
    def of_nothing(cls) -> Timings:
        """Those of a network that has not been built."""
        return cls.of({}, {}, {}, float("nan"))

    def __str__(self) -> str:
        loop = sum(self[name] for name in PHASES)
        lines = [_seconds(name, self[name]) for name in STAGES]
        lines += [f"{_seconds(name, self[name])} {_part(self[name], loop)}" for name in PHASES]
        lines += [f"{_words(name):<26}{self[name]:>14,.0f}" for name in COUNTS]
        for name in ("ns_per_neuron_update", "ns_per_event", "bytes_per_synapse"):
            value = self[name]
            lines.append(f"{_words(name):<26}{'-' if value != value else f'{value:.2f}':>14}")
        return "\n".join(lines)


def _ns(seconds: float, count: float) -> float:
    return 1e9 * seconds / count if count else float("nan")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _seconds(name: str, value: float) -> str:
    return f"{_words(name):<26}{value:>12.3f} s"


def _part(value: float, whole: float) -> str:
    return f"{100 * value / whole:5.1f} %" if whole else ""
