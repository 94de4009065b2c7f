"""Other simulators, each in a virtual environment of its own below `.peers/`, made when it is first asked for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class PeerUnavailable(Exception):
    """The peer could not be installed here; says why."""


@dataclass(frozen=True)
class Peer:
    """A Python environment in which a contender runs."""

    name: str
    requirements: tuple[str, ...]

    @property
    def variable(self) -> str:
        """The environment variable that may point to a ready environment, e.g. `PEER_NEST=~/venvs/nest`."""
        return f"PEER_{self.name.upper()}"

    def python(self) -> Path:
        """Its interpreter; makes the environment if need be."""
        ready = os.environ.get(self.variable)
        folder = Path(ready).expanduser() if ready else ROOT / ".peers" / self.name
        installed = folder / ".installed"
        if not ready and not installed.exists():
            self._install(folder)
            installed.touch()
        return folder / "bin" / "python"

    def versions(self) -> dict[str, str]:
        """Installed version by name of package."""
        script = "import sys, importlib.metadata as m; print(*(m.version(n) for n in sys.argv[1:]))"
        names = [re.split("[<>=]", requirement)[0] for requirement in self.requirements]
        printed = subprocess.check_output([self.python(), "-c", script, *names], text=True)
        return dict(zip(names, printed.split(), strict=True))

    def _install(self, folder: Path) -> None:
        print(f"installing {', '.join(self.requirements)} in {folder}", file=sys.stderr)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for command in ([sys.executable, "-m", "venv", folder], [*pip, *self.requirements]):
            finished = subprocess.run(command, capture_output=True, text=True)
            if finished.returncode:
                raise PeerUnavailable(f"{self.name}: {finished.stderr.strip()[-300:]}")


class ThisEnvironment(Peer):
    """Where the benchmark itself runs, with this package in it."""

    def python(self) -> Path:
        return Path(sys.executable)


OURS = ThisEnvironment("pyNN.annarchy", ("pynn_annarchy", "pyNN", "numpy"))
NEST = Peer("nest", ("nest-simulator", "pyNN"))
NEURON = Peer("neuron", ("neuron", "pyNN"))
BRIAN2 = Peer("brian2", ("brian2", "numpy<2.4"))  # 2.9, the last for Python 3.10 and 3.11, needs an older NumPy
ANNARCHY5 = Peer("annarchy", ("annarchy", "cmake"))
