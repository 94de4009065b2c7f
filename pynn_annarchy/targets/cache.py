"""What has been generated and compiled before, by content: the key is the whole truth (DESIGN D4).

Entries are files written under another name and moved into place, so that no reader ever sees half of one and no lock
is needed. The oldest go first when the folder outgrows its limit.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import tempfile
from pathlib import Path
from typing import Any

from pynn_annarchy.exceptions import AnnarchyError

VARIABLE = "PYNN_ANNARCHY_CACHE"
LIMIT_VARIABLE = "PYNN_ANNARCHY_CACHE_MB"
_DEFAULT_LIMIT_MB = 500
_IGNORED = ".gitignore"
"""Stands in a folder that was new or empty, so that nobody's repository takes in what is kept there."""


class CacheError(AnnarchyError, OSError):
    """The folder of compiled models cannot be used."""


def key(*parts: str) -> str:
    """A name for what follows from these texts."""
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        digest.update(f"{len(part)}:".encode())
        digest.update(part.encode())
    return digest.hexdigest()


def directory(chosen: str | None = None) -> Path:
    """The folder asked for, or that of this user, made if need be.

    Raises:
        CacheError: it cannot be written; says how to choose another.
    """
    of_user = os.environ.get(VARIABLE)
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(chosen or of_user or Path(base) / "pynn_annarchy").expanduser()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.scandir(folder) as entries:
            is_new = next(entries, None) is None
        if is_new:
            (folder / _IGNORED).write_text("*\n")
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        way_out = "name another one" if chosen else f"set the environment variable {VARIABLE} to one"
        raise CacheError(
            f"compiled models cannot be kept in {folder}: {error.strerror}; {way_out} that can be written"
        ) from error
    return folder


def find(name: str, folder: str | None = None) -> Path | None:
    """The entry of that name, marked as used; None where there is none, or an empty one that a crash has left."""
    path = directory(folder) / name
    try:
        os.utime(path)
        return path if path.stat().st_size else None
    except OSError:
        return None


def load(name: str, folder: str | None = None) -> Any:
    """The object stored under a name, or None. Only this user can write here, so pickles are trusted."""
    path = find(name, folder)
    if path is None:
        return None
    try:
        return pickle.loads(path.read_bytes())
    except Exception:
        # An entry of another version or damaged, of which pickle may raise anything: as good as none.
        return None


def store(name: str, value: Any, folder: str | None = None) -> None:
    """Stores an object."""
    publish(name, pickle.dumps(value), folder)


def remove(name: str, folder: str | None = None) -> None:
    """Forgets one entry."""
    (directory(folder) / name).unlink(missing_ok=True)


def publish(name: str, content: bytes | Path, folder: str | None = None) -> Path:
    """Moves content into place at once, whoever else may be doing the same."""
    place = directory(folder)
    target = place / name
    if isinstance(content, bytes):
        handle, temporary = tempfile.mkstemp(dir=place, prefix=".new-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        content = Path(temporary)
    os.replace(content, target)
    return target


def scratch(suffix: str, folder: str | None = None) -> Path:
    """A name for a file to be published later."""
    handle, temporary = tempfile.mkstemp(dir=directory(folder), prefix=".new-", suffix=suffix)
    os.close(handle)
    return Path(temporary)


def trim(folder: str | None = None) -> None:
    """Removes the entries unused for longest until the folder is within its limit."""
    limit = float(os.environ.get(LIMIT_VARIABLE, _DEFAULT_LIMIT_MB)) * 1e6
    entries = []
    for path in directory(folder).iterdir():
        if path.name == _IGNORED:
            continue
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            entries.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries):
        if total <= limit:
            break
        path.unlink(missing_ok=True)
        total -= size


def clear_cache() -> None:
    """Forgets everything that was generated and compiled."""
    for path in directory().iterdir():
        if path.is_file():
            path.unlink(missing_ok=True)
