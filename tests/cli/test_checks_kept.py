"""Checks as runs of the store: kept, listed, read again, judged again, compared, and never in the way."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from earwitness import checks, history
from earwitness.check import runner
from earwitness.check.finding import Severity
from earwitness.claims.partition_locks.evidence import PartitionLocks, PartitionTree
from earwitness.report import json as documents
from earwitness.report.check_document import CheckDocument
from earwitness.store import runs
from earwitness.store.connection import FILE_NAME, open_store
from tests.conftest import CommandLine
from tests.report import check_samples as samples

NOWHERE = "postgresql://me:geheim7@127.0.0.1:1/shop"
CHECK = ("check", "--claim", "partition-locks", NOWHERE)


def tree(sessions: int) -> PartitionTree:
    return PartitionTree(
        relation="shop.orders",
        partitions=100,
        indexes=202,
        locks=303,
        fast=16,
        slow=287,
        slots=16,
        sessions_until_exhaustion=sessions,
    )


def checked(sessions: int = 5, fail_on: Severity = Severity.HIGH) -> CheckDocument:
    seen = PartitionLocks(
        major=17,
        max_locks_per_transaction=64,
        max_connections=100,
        lockable_objects=7000,
        partition_trees=(tree(sessions),),
    )
    evidence = samples.evidence()
    claims = {"partition-locks": msgspec.json.decode(msgspec.json.encode(seen))}
    return checks.judged(msgspec.structs.replace(evidence, claims=claims), fail_on)


def keep(folder: Path, document: CheckDocument) -> None:
    with open_store(folder) as store:
        checks.keep(store, document)


def listed(earwitness: CommandLine) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(
        earwitness("runs", "list", "--format", "json").stdout
    )
    return found


def test_a_check_is_kept_as_a_run_without_secrets(earwitness: CommandLine, data: Path) -> None:
    assert earwitness(*CHECK).returncode == 2
    (record,) = listed(earwitness)
    assert (record["kind"], record["claim"]) == ("check", "check:postgresql")
    assert (record["status"], record["verdict"]) == ("finished", "unseen")
    assert str(record["id"]).startswith("check-postgresql-")
    assert "cannot connect" in str(record["message"])
    assert b"geheim7" not in (data / FILE_NAME).read_bytes()
    assert "unseen" in earwitness("runs", "list").stdout


@pytest.mark.parametrize("option", ["--no-store", "--plan"])
def test_what_is_not_to_be_kept_leaves_no_store(
    earwitness: CommandLine, data: Path, option: str
) -> None:
    earwitness(*CHECK, option)
    assert not data.exists()


def test_a_store_that_cannot_be_written_is_told_and_changes_nothing(
    earwitness: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    without = earwitness(*CHECK, "--no-store", "--format", "json")
    elsewhere = CommandLine({**earwitness.environment, "EARWITNESS_DATA": str(tmp_path / "file")})
    refused = elsewhere(*CHECK, "--format", "json")
    assert refused.returncode == without.returncode
    assert documents.decode(refused.stdout).outcome == "unseen"
    told = [line for line in refused.stderr.splitlines() if "not kept" in line]
    assert len(told) == 1
    assert "Traceback" not in refused.stderr


def test_a_check_is_read_again_as_it_was(data: Path) -> None:
    document = checked()
    keep(data, document)
    with open_store(data) as store:
        record = runs.find(store, "latest")
        assert record.started_at == document.checked_at
        assert checks.document_of(store, record) == document


def test_checks_are_in_nobodys_way(earwitness: CommandLine, data: Path) -> None:
    keep(data, checked())
    with open_store(data) as store:
        assert runs.newest_by_claim(store) == {}
        assert history.results(store) == {}
        history.page(store)
    assert earwitness("predictions").returncode == 0
    assert earwitness("runs", "list", "--claim", "partition-locks").stdout.startswith("No runs")


def test_a_check_is_judged_again_and_agrees(earwitness: CommandLine, data: Path) -> None:
    keep(data, checked())
    replayed = earwitness("runs", "replay", "--format", "json")
    assert replayed.returncode == 0, replayed.stderr
    said = json.loads(replayed.stdout)
    assert (said["verdict"], said["stored"], said["agrees"]) == ("found", "found", True)


def test_evidence_that_somebody_changed_no_longer_agrees(
    earwitness: CommandLine, data: Path
) -> None:
    keep(data, checked())
    with closing(sqlite3.connect(data / FILE_NAME)) as connection, connection:
        changed = connection.execute(
            "update events set body = replace(body, '\"locks\": 303', '\"locks\": 304')"
        )
        assert changed.rowcount == 1
    replayed = earwitness("runs", "replay")
    assert replayed.returncode == 1
    assert "DISAGREES" in replayed.stdout


@pytest.mark.parametrize(
    ("format_", "beginning"),
    [("json", "{"), ("markdown", "# Check of"), ("sarif", "{"), ("junit", "<?xml")],
)
def test_a_check_is_exported_in_its_formats(
    earwitness: CommandLine, data: Path, format_: str, beginning: str
) -> None:
    keep(data, checked())
    exported = earwitness("runs", "export", "--format", format_)
    assert exported.stdout.startswith(beginning)
    if format_ == "json":
        assert documents.decode(exported.stdout) == checked()
    assert "shop.orders" in earwitness("runs", "open").stdout


@pytest.mark.parametrize(
    "arguments", [("export", "--format", "html"), ("open", "--html"), ("open", "nothing")]
)
def test_what_a_check_does_not_have_is_told(
    earwitness: CommandLine, data: Path, arguments: tuple[str, ...]
) -> None:
    keep(data, checked())
    refused = earwitness("runs", *arguments)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr


def test_two_checks_side_by_side(earwitness: CommandLine, data: Path) -> None:
    keep(data, checked(sessions=5))
    keep(data, checked(sessions=50))
    one, other = (str(record["id"]) for record in listed(earwitness))
    compared = json.loads(earwitness("runs", "compare", one, other, "--format", "json").stdout)
    sides = {row["id"]: {row["one"], row["other"]} for row in compared["findings"]}
    assert sides == {
        "partition-locks/exhaustion": {"high", None},
        "partition-locks/exhaustion-under-load": {"medium", None},
    }
    assert compared["environment"] == {}
    assert "shop.orders" in earwitness("runs", "compare", one, other).stdout


def test_a_check_and_a_run_are_not_compared(earwitness: CommandLine, data: Path) -> None:
    with open_store(data) as store:
        run = runs.begin(store, claim="sorted-input", depth="proof", seed=1, version="0").id
    keep(data, checked())
    refused = earwitness("runs", "compare", run, "check-")
    assert refused.returncode == 2
    assert "the other a check" in refused.stderr


def test_one_that_ended_before_it_was_kept_is_told(earwitness: CommandLine, data: Path) -> None:
    with open_store(data) as store:
        record = runs.begin(store, kind="check", claim="check:postgresql", version="0")
        runs.end(store, record.id, "failed", message="the power failed")
    refused = earwitness("runs", "open")
    assert (refused.returncode, refused.stderr) == (2, "earwitness: the power failed\n")


def test_the_outcome_is_that_of_the_severity_asked_for() -> None:
    assert checked(fail_on=Severity.CRITICAL).outcome == "clear"
    assert not runner.misses_essential(checked().not_seen)
