"""What is measured: each case runs its contenders in turn, each in a process of its own, several times over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from peers import ANNARCHY5, BRIAN2, NEST, OURS, Peer

HERE = Path(__file__).resolve().parent
VOGELS_ABBOTT = HERE.parent / "examples" / "vogels_abbott.py"
MICROCIRCUIT = HERE.parent / "examples" / "microcircuit.py"
WORKERS = HERE / "workers"


@dataclass(frozen=True)
class Contender:
    """A script that writes its numbers, as JSON, to the file named after `--json`."""

    label: str
    peer: Peer
    script: Path
    arguments: tuple[str, ...]
    fresh_cache: str = ""
    """Runs with an empty cache of compiled models, shared in one repeat by contenders that give the same name."""


@dataclass(frozen=True)
class Case:
    """Contenders to be compared; the first one is what the ratios refer to."""

    name: str
    title: str
    quantities: tuple[str, ...]
    contenders: tuple[Contender, ...]
    most_repeats: int = 99
    headline: str = ""
    """The quantity that the chart shows; none if empty."""


def vogels_abbott(benchmark: str, others: tuple[Contender, ...]) -> Case:
    def pynn(peer: Peer, back_end: str) -> Contender:
        return Contender(f"pyNN.{back_end}", peer, VOGELS_ABBOTT, (back_end, benchmark, "--quiet"))

    return Case(
        benchmark.lower(),
        f"Vogels-Abbott {benchmark}, 4,000 cells, 1 s, dt 0.1 ms, one thread",
        ("build", "prepare", "simulate", "rate_excitatory", "rate_inhibitory"),
        (pynn(OURS, "annarchy"), pynn(NEST, "nest"), *others),
        headline="simulate",
    )


def microcircuit(percent: int, *contenders: Contender) -> Case:
    return Case(
        f"microcircuit_{percent}",
        f"Cortical microcircuit of Potjans & Diesmann at {percent} %, full in-degrees, Poisson drive, two threads",
        ("build", "prepare", "real_time_factor"),
        contenders,
        headline="real_time_factor",
        most_repeats=3,
    )


def of_microcircuit(percent: int, duration: float, nest_duration: float) -> tuple[Contender, Contender]:
    """NEST in its own interface: pyNN.nest takes more than nine minutes to connect a tenth of the network."""

    def lasting(duration: float) -> tuple[str, ...]:
        times = ("--duration", str(duration), "--transient", str(duration / 2))
        return ("--scale", str(percent / 100), *times, "--threads", "2")

    own = ("annarchy", *lasting(duration), "--rng", "native", "--unrecorded")
    return (
        Contender("pyNN.annarchy", OURS, MICROCIRCUIT, own),
        Contender("NEST", NEST, WORKERS / "nest_microcircuit.py", lasting(nest_duration)),
    )


def many(layout: str, label: str) -> Contender:
    return Contender(label, OURS, WORKERS / "many.py", (layout,))


def hh_coba(peer: Peer, back_end: str, duration: float) -> Contender:
    arguments = (back_end, "--duration", str(duration))
    return Contender(f"pyNN.{back_end}", peer, WORKERS / "hh_coba.py", arguments)


def construction(peer: Peer, back_end: str, number: int) -> Contender:
    arguments = (back_end, "--threads", str(number))
    return Contender(f"pyNN.{back_end}, {threads(number)}", peer, WORKERS / "construction.py", arguments)


def scaling(name: str, title: str, points: dict[str, tuple[str, ...]]) -> Case:
    """A curve: its points are contenders, so that they are measured in turn, too."""
    return Case(
        f"scaling_{name}",
        title,
        (
            "build",
            "simulate",
            "step",
            "ns_per_neuron_update",
            "ns_per_event",
            "events_per_step",
            "bytes_per_synapse",
            "rate",
        ),
        tuple(Contender(label, OURS, WORKERS / "scaling.py", arguments) for label, arguments in points.items()),
    )


def models(label: str, types: str, populations: int, cache: str) -> Contender:
    arguments = ("--types", types, "--populations", str(populations))
    return Contender(label, OURS, WORKERS / "first_step.py", arguments, fresh_cache=cache)


def memory(peer: Peer, back_end: str, synapses: str) -> Contender:
    return Contender(f"pyNN.{back_end}, {synapses}", peer, WORKERS / "memory.py", (back_end, synapses))


def brunel(peer: Peer, back_end: str, synapses: str, duration: float) -> Contender:
    arguments = (back_end, synapses, "--duration", str(duration))
    return Contender(f"pyNN.{back_end}, {synapses}", peer, WORKERS / "brunel.py", arguments)


def annarchy5_brunel(synapses: str) -> Contender:
    script = WORKERS / "annarchy5_brunel.py"
    return Contender(f"ANNarchy 5, {synapses}", ANNARCHY5, script, (synapses, "--duration", "200.0"))


def building(peer: Peer, back_end: str) -> Contender:
    return Contender(f"pyNN.{back_end}", peer, WORKERS / "build.py", (back_end,))


def threads(number: int) -> str:
    return "one thread" if number == 1 else "two threads"


def in_annarchy(worker: str, *arguments: str, cold: bool = False) -> tuple[Contender, Contender]:
    """A script that runs in this package's ANNarchy interface and in ANNarchy 5."""
    cache = "cold" if cold else ""
    return (
        Contender("pynn_annarchy.ann", OURS, WORKERS / worker, ("pynn_annarchy.ann", *arguments), fresh_cache=cache),
        Contender("ANNarchy 5", ANNARCHY5, WORKERS / worker, ("ANNarchy", *arguments)),
    )


def ann_coba(number: int) -> Case:
    return Case(
        f"ann_coba_{number}",
        f"COBA in ANNarchy's interface, 4,000 cells, 1 s, dt 0.1 ms, Euler steps, cold cache, {threads(number)}",
        (
            "build",
            "prepare",
            "compile_processor",
            "simulate",
            "simulate_processor",
            "rate_excitatory",
            "rate_inhibitory",
        ),
        in_annarchy("ann_coba.py", "--threads", str(number), cold=True),
        headline="simulate",
    )


def ann_rate(connections: str, number: int) -> Case:
    density = "all connected" if connections == "dense" else "one pair in ten connected"
    return Case(
        f"ann_{connections}_{number}",
        f"Rate-coded cells, 4,000 onto 1,000, {density}, Oja's rule: one step, {threads(number)}",
        ("build", "step", "rate", "mean_w", "read_weights"),
        in_annarchy("ann_rate.py", connections, "oja", "--threads", str(number)),
        most_repeats=1,
        headline="step",
    )


BRIAN2_COBA = Contender("Brian2 standalone", BRIAN2, WORKERS / "brian2_vogels_abbott.py", ("COBA",))
BRIAN2_CUBA = Contender("Brian2 standalone", BRIAN2, WORKERS / "brian2_vogels_abbott.py", ("CUBA",))
ANNARCHY5_COBA = Contender("ANNarchy 5", ANNARCHY5, WORKERS / "ann_coba.py", ("ANNarchy",))
THREE_TYPES = "IF_cond_exp,IF_curr_exp,IF_curr_alpha"

CASES = (
    vogels_abbott("COBA", (BRIAN2_COBA, ANNARCHY5_COBA)),
    vogels_abbott("CUBA", (BRIAN2_CUBA,)),
    Case(
        "brunel",
        "Brunel network, 10,000 cells, one pair in ten connected, synapses among excitatory cells static or plastic "
        "(6.4 million, additive pair STDP), two threads: one second of its time (of the peers 0.2 s are measured)",
        (
            "build",
            "simulate",
            "thread_time",
            "ns_per_event",
            "rate_excitatory",
            "rate_inhibitory",
            "mean_weight",
            "read_weights",
        ),
        (
            brunel(OURS, "annarchy", "plastic", 1000.0),
            brunel(OURS, "annarchy", "static", 1000.0),
            brunel(NEST, "nest", "plastic", 200.0),
            annarchy5_brunel("plastic"),
        ),
        headline="simulate",
    ),
    Case(
        "brunel_static",
        "Brunel network, 10,000 cells, ten million static synapses, two threads: one second of its time (of the peers "
        "0.2 s are measured)",
        ("build", "simulate", "thread_time", "ns_per_event", "rate_excitatory", "rate_inhibitory"),
        (
            brunel(OURS, "annarchy", "static", 1000.0),
            brunel(NEST, "nest", "static", 200.0),
            annarchy5_brunel("static"),
            Contender(
                "Brian2 standalone, static", BRIAN2, WORKERS / "brian2_brunel.py", ("static", "--duration", "200.0")
            ),
        ),
        headline="simulate",
    ),
    Case(
        "hh_coba",
        "COBA with cells of Hodgkin and Huxley, 4,000 cells, dt 0.1 ms, one thread: one second of its time (of the "
        "peer 0.1 s is measured)",
        ("build", "prepare", "simulate", "simulate_processor", "rate_excitatory", "rate_inhibitory"),
        (hh_coba(OURS, "annarchy", 1000.0), hh_coba(NEST, "nest", 100.0)),
        headline="simulate",
    ),
    microcircuit(10, *of_microcircuit(10, 2000.0, 200.0)),
    microcircuit(100, *of_microcircuit(100, 5000.0, 200.0)),
    Case(
        "many_populations",
        "300 populations of 256 cells, 5,000 projections, ten million synapses, against one population: one step's "
        "processor time in `step`, one thread",
        (
            "build",
            "build_processor",
            "compile",
            "step",
            "best_step",
            "ns_per_neuron_update",
            "ns_per_event",
            "events_per_step",
            "rate",
        ),
        (many("merged", "one population"), many("many", "300 populations")),
        headline="step",
    ),
    Case(
        "construction",
        "Construction: eight populations of 2,500 cells, ten million synapses, normal weights and delays",
        ("build", "ns_per_synapse", "bytes_per_synapse", "peak_bytes_per_synapse"),
        (
            construction(OURS, "annarchy", 2),
            construction(OURS, "annarchy", 1),
            construction(NEST, "nest", 2),
        ),
        headline="build",
    ),
    scaling(
        "neurons",
        "Cells alone, dt 0.1 ms, one thread",
        {f"{n:,} cells": ("--cells", str(n), "--synapses", "0") for n in (10**3, 10**4, 10**5, 10**6)},
    ),
    scaling(
        "synapses",
        "10,000 cells and more and more synapses, 16 delays, one thread",
        {
            f"{n:,} synapses": ("--synapses", str(n), "--duration", str(max(20.0, min(500.0, 5e8 / n))))
            for n in (10**5, 10**6, 10**7, 10**8, 3 * 10**8)
        },
    ),
    scaling(
        "threads",
        "50,000 cells, 20 million synapses, 16 delays",
        {
            threads(n): ("--cells", "50000", "--synapses", "20000000", "--threads", str(n), "--duration", "200")
            for n in (1, 2)
        },
    ),
    scaling(
        "delays",
        "10,000 cells, ten million synapses, one thread",
        {
            f"{n} delays": ("--synapses", "10000000", "--delays", str(n), "--duration", "100")
            for n in (1, 3, 10, 30, 100)
        },
    ),
    *(ann_coba(number) for number in (1, 2)),
    *(ann_rate(connections, number) for connections in ("dense", "sparse") for number in (1, 2)),
    Case(
        "compile",
        "From setup() to the end of the first step of one IF_cond_exp cell",
        ("compile", "first_step"),
        (models("cold cache", "IF_cond_exp", 1, "one"), models("warm cache", "IF_cond_exp", 1, "one")),
    ),
    Case(
        "populations",
        "First step, three cell types, cold cache",
        ("create", "compile", "first_step"),
        (models("3 populations", THREE_TYPES, 3, "three"), models("300 populations", THREE_TYPES, 300, "many")),
    ),
    Case(
        "memory",
        "10,000 sources x 1,000 targets, all connected, 16 distinct delays, 64-bit weights; plastic: additive STDP",
        ("build", "bytes_per_synapse", "peak_bytes_per_synapse", "read_weights"),
        (memory(OURS, "annarchy", "static"), memory(OURS, "annarchy", "plastic"), memory(NEST, "nest", "static")),
        most_repeats=1,
    ),
    Case(
        "build",
        "A projection of 4,000 x 4,000 cells, one pair in fifty connected: by chance, and by distance, exp(-d*d/28.0)",
        ("fixed_probability", "by_distance", "fixed_probability_connections", "by_distance_connections"),
        (building(OURS, "annarchy"), building(NEST, "nest")),
    ),
    Case(
        "recording",
        "Recording v of 4,000 cells for 1 s, dt 0.1 ms (4e7 samples), over the same run without",
        ("without", "run", "get_data", "recording", "peak_of_samples"),
        (Contender("pyNN.annarchy", OURS, WORKERS / "recording.py", ()),),
    ),
    Case(
        "spikes",
        "Ten million recorded spikes of 1,000 cells: the run, the block, their counts, all trains as objects",
        ("run", "get_data", "counts", "trains"),
        (Contender("pyNN.annarchy", OURS, WORKERS / "spikes.py", ()),),
    ),
    Case(
        "pieces",
        "10,000 calls of run(0.1) over one run(1000.0), 100 cells with 100 sources, without and with recording",
        ("one_run", "extra", "one_run_recorded", "extra_recorded"),
        (Contender("pyNN.annarchy", OURS, WORKERS / "pieces.py", ()),),
    ),
    Case(
        "million",
        "A million cells: created, initialized with random values, spikes recorded, one step; compiled before",
        ("create", "initialize", "record", "run", "total"),
        (Contender("pyNN.annarchy", OURS, WORKERS / "million.py", ()),),
    ),
)
