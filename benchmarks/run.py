"""Runs the benchmarks and writes `benchmarks/results/latest.{json,md}`.

    python benchmarks/run.py                          # everything, two hours or so; installs peers in .peers/
    python benchmarks/run.py coba compile --repeats 5 # the others stay as they were in the results
    python benchmarks/run.py --no-peers               # this package only
    PEER_NEST=~/venvs/nest python benchmarks/run.py   # a ready environment instead of .peers/nest
    python benchmarks/chart.py                        # draws results/latest.png

Contenders of a case run in turn, repeat by repeat, so that a busy machine burdens all of them; the table has medians.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cases import CASES, Case, Contender
from peers import OURS, PeerUnavailable
from report import Samples, machine, medians, table

RESULTS = Path(__file__).resolve().parent / "results"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
LONGEST = 600.0  # s


class Failed(Exception):
    """A contender did not deliver its numbers; carries the end of what it printed."""


def measure(contender: Contender, caches: Path) -> dict[str, float]:
    """One run of one contender, in an empty working directory."""
    python = contender.peer.python()
    environment = {**os.environ, **ONE_THREAD, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    if contender.fresh_cache:
        environment["PYNN_ANNARCHY_CACHE"] = str(caches / contender.fresh_cache)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "numbers.json"
        command = [python, contender.script, *contender.arguments, "--json", out]
        try:
            finished = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONGEST
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"took more than {LONGEST:g} s") from None
        if finished.returncode or not out.exists():
            raise Failed((finished.stdout + finished.stderr)[-1500:])
        numbers: dict[str, float] = json.loads(out.read_text())
        return numbers


def run_case(case: Case, contenders: tuple[Contender, ...], repeats: int) -> Samples:
    """Numbers of every repeat by label; a contender that fails once is told and left out from then on."""
    samples: dict[str, list[dict[str, float]]] = {contender.label: [] for contender in contenders}
    failed: set[str] = set()
    for repeat in range(min(repeats, case.most_repeats)):
        with tempfile.TemporaryDirectory() as caches:
            for contender in contenders:
                if contender.label in failed:
                    continue
                progress(f"{case.name}, {contender.label}, repeat {repeat + 1}")
                try:
                    samples[contender.label].append(measure(contender, Path(caches)))
                except (Failed, PeerUnavailable) as error:
                    progress(f"{case.name}, {contender.label} failed: {error}")
                    failed.add(contender.label)
    return {label: numbers for label, numbers in samples.items() if numbers}


def ours(case: Case) -> tuple[Contender, ...]:
    return tuple(contender for contender in case.contenders if contender.peer is OURS)


def versions(chosen: list[Case], results: dict[str, Samples]) -> str:
    """Versions of what has run, e.g. `nest (nest-simulator 3.10.0, pyNN 0.13.0); brian2 (...)`, each peer once."""
    ran = dict.fromkeys(one.peer for case in chosen for one in case.contenders if one.label in results[case.name])
    return "; ".join(f"{peer.name} ({', '.join(map(' '.join, peer.versions().items()))})" for peer in ran)


def progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def write(chosen: list[Case], results: dict[str, Samples], header: list[str]) -> None:
    """Writes what was measured; of cases that were not, what was written last stays, below the header of its time."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "latest.json"
    kept = json.loads(path.read_text())["cases"] if path.exists() else {}
    fresh = {
        case.name: {
            "header": header,
            "title": case.title,
            "medians": medians(case, results[case.name]),
            "samples": results[case.name],
        }
        for case in chosen
        if results[case.name]
    }
    numbers = {case.name: {**kept, **fresh}[case.name] for case in CASES if case.name in {**kept, **fresh}}
    path.write_text(json.dumps({"cases": numbers}, indent=1) + "\n")
    text = "\n\n".join(["# Benchmarks", *sections(numbers)]) + "\n"
    (RESULTS / "latest.md").write_text(text)
    print(text)


def sections(numbers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Tables, those that were measured together below one header, the newest first."""
    headers = {tuple(one["header"]) for one in numbers.values()}
    for header in sorted(headers, reverse=True):
        yield from header
        for case in CASES:
            if case.name in numbers and tuple(numbers[case.name]["header"]) == header:
                yield table(case, numbers[case.name]["samples"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [case.name for case in CASES]
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(names)}; all of them if none is given")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.cases) - set(names):
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(names)}")

    chosen = [case for case in CASES if not options.cases or case.name in options.cases]
    results: dict[str, Samples] = {}
    for case in chosen:
        results[case.name] = run_case(case, ours(case) if options.no_peers else case.contenders, options.repeats)
    write(chosen, results, [f"{datetime.now(timezone.utc):%Y-%m-%d}. {machine()}.", versions(chosen, results)])
    return 0 if all(one.label in results[case.name] for case in chosen for one in ours(case)) else 1


if __name__ == "__main__":
    sys.exit(main())
