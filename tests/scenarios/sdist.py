"""PyNN's source distribution of the installed version: its wheel has no tests."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path


class NoSdist(Exception):
    """The sources are neither at hand nor to be downloaded; says why."""


def pynn_sources() -> Path:
    """The unpacked source distribution: `$PYNN_SDIST` if set, else a download kept in the user's cache directory."""
    named = os.environ.get("PYNN_SDIST")
    if named:
        return Path(named)
    unpacked = cache_directory() / f"pynn-{version('pyNN')}"
    if not unpacked.is_dir():
        download(unpacked.parent)
    return unpacked


def cache_directory() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pynn_annarchy" / "scenarios"


def download(folder: Path) -> None:
    """Puts `pynn-<installed version>` below the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-binary", ":all:", "--no-build-isolation", "--dest", str(folder), f"pyNN=={version('pyNN')}"]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if finished.returncode:
        raise NoSdist(f"PyNN's source distribution could not be downloaded: {finished.stderr.strip()[-200:]}")
    archive = next(folder.glob(f"[pP]y[nN][nN]-{version('pyNN')}.tar.gz"))
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    unpacked = folder / archive.name.removesuffix(".tar.gz")
    unpacked.rename(folder / f"pynn-{version('pyNN')}")
