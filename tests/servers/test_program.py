"""Programs of the machine are found, asked for their version, and named when they are missing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.servers.process import MissingComponent
from earwitness.servers.program import Wanted

WANTED = Wanted(
    name="Teapot",
    file="teapot",
    variable="EARWITNESS_TEAPOT",
    ask=("-v",),
    version=r"teapot/([0-9.]+)",
    install="apt-get install teapot",
)


@pytest.fixture(autouse=True)
def alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root.mkdir(mode=0o711)
    root.chmod(0o711)
    monkeypatch.delenv("EARWITNESS_TEAPOT", raising=False)
    monkeypatch.setenv("PATH", str(root))
    yield


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_it_is_found_on_the_path_with_its_version(root: Path) -> None:
    path = program(root / "teapot", 'echo "teapot/4.18 with $1"; echo more >&2')
    found = WANTED.find()
    assert (found.path, found.version, found.source) == (path, "4.18", f"program {path}")
    assert found.said == "teapot/4.18 with -v\nmore\n"
    component = WANTED.component()
    assert (component.version, component.missing) == ("4.18", None)


def test_a_version_on_standard_error_counts_as_well(root: Path) -> None:
    program(root / "teapot", "echo teapot/4.18 >&2")
    assert WANTED.find().version == "4.18"


def test_the_variable_wins_over_the_path(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(root / "teapot", "echo teapot/1.0")
    other = program(root / "other", "echo teapot/2.0")
    monkeypatch.setenv("EARWITNESS_TEAPOT", str(other))
    found = WANTED.find()
    assert (found.version, found.source) == ("2.0", f"EARWITNESS_TEAPOT {other}")


def test_what_is_not_there_is_named_with_what_installs_it() -> None:
    with pytest.raises(MissingComponent, match="Teapot is not on this machine") as missing:
        WANTED.find()
    assert missing.value.install == "apt-get install teapot"
    component = WANTED.component()
    assert (component.version, component.install) == (None, "apt-get install teapot")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo loading failed >&2; exit 127", "loading failed"),
        ("echo coffee/1.0", "coffee/1.0"),
        ("true", "it said nothing"),
    ],
)
def test_a_program_that_does_not_work_is_missing(root: Path, script: str, reason: str) -> None:
    path = program(root / "teapot", script)
    with pytest.raises(MissingComponent, match=f"Teapot at {path} does not work: {reason}"):
        WANTED.find()


def test_a_variable_that_leads_nowhere_is_missing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(root / "teapot", "echo teapot/1.0")
    monkeypatch.setenv("EARWITNESS_TEAPOT", str(root / "nowhere"))
    with pytest.raises(MissingComponent, match="nowhere"):
        WANTED.find()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
def test_root_needs_a_program_that_everybody_can_reach(root: Path) -> None:
    program(root / "teapot", "echo teapot/1.0")
    root.chmod(0o700)
    with pytest.raises(MissingComponent, match="cannot be reached"):
        WANTED.find()
