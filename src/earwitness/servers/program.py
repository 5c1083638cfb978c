"""A program that the machine has: where it is, and which version.

For components that come as one executable from the system's packages. Which program, how it says
its version, and what would install it, its own room says.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from earwitness.servers import cache
from earwitness.servers.component import Component
from earwitness.servers.process import MissingComponent

_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin")
"""Where servers are that an ordinary user's PATH leaves out."""
_VERSION_SECONDS = 10.0


@dataclass(frozen=True)
class Program:
    """An executable that gave its version."""

    path: Path
    version: str
    """As in "1.22.1"."""
    source: str
    """How it was found."""
    said: str
    """All that it said of itself, for what else its room wants to know."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A program that experiments use, as its room describes it."""

    name: str
    """Of the component, for people."""
    file: str
    variable: str
    """Environment variable that may hold the path of the executable."""
    ask: Sequence[str]
    """Arguments with which it says its version."""
    version: str
    """Regular expression; its first group is the version."""
    install: str

    def find(self, brought: Path | None = None) -> Program:
        """The program; MissingComponent, with the command that helps, when there is none.

        A path in the environment variable is the only one looked at; ``brought`` is where a wheel
        has it, and goes before what the machine has. As root the program must be
        within everybody's reach, because servers run as a user without privileges.
        """
        return self.at(*self._place(brought))

    def at(self, path: Path, source: str) -> Program:
        """The program of that path; MissingComponent when it does not work or cannot be reached."""
        try:
            done = subprocess.run(
                [os.fspath(path), *self.ask],
                capture_output=True,
                text=True,
                timeout=_VERSION_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MissingComponent(f"{self.name} at {path}: {error}", self.install) from error
        said = done.stdout + done.stderr
        found = re.search(self.version, said)
        if done.returncode != 0 or found is None:
            last = (said.strip().splitlines() or ["it said nothing"])[-1]
            raise MissingComponent(f"{self.name} at {path} does not work: {last}", self.install)
        if os.geteuid() == 0 and not cache.traversable(path):
            raise MissingComponent(
                f"{self.name} at {path} cannot be reached by the user that servers run as"
            )
        return Program(path, found[1], source, said)

    def component(self, brought: Path | None = None) -> Component:
        """Its line in the table of components."""
        try:
            found = self.find(brought)
        except MissingComponent as missing:
            return Component(name=self.name, missing=missing.reason, install=missing.install)
        return Component(name=self.name, version=found.version, source=found.source)

    def _place(self, brought: Path | None) -> tuple[Path, str]:
        if chosen := os.environ.get(self.variable):
            return Path(chosen).expanduser().absolute(), f"{self.variable} {chosen}"
        if brought is not None:
            return brought, f"wheel {brought}"
        folders = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS))
        found = shutil.which(self.file, path=folders)
        if found is None:
            raise MissingComponent(f"{self.name} is not on this machine", self.install)
        return Path(found).absolute(), f"program {found}"
