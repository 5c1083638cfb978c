"""The verbs check and judge without a target: plans, misuse, evidence that is none."""

import json
from pathlib import Path

import pytest

from earwitness.report import json as documents
from tests.conftest import CommandLine
from tests.report import check_samples as samples

CHECK = ("check", "--claim", "partition-locks")
NOWHERE = "postgresql://me:geheim7@127.0.0.1:1/shop"


def test_the_plan_connects_to_nothing_and_shows_everything(earwitness: CommandLine) -> None:
    planned = earwitness(*CHECK, NOWHERE, "--plan")
    assert (planned.returncode, planned.stderr) == (0, "")
    for text in (
        "postgresql://me@127.0.0.1:1/shop",
        "begin transaction isolation level read committed, read only",
        "set local statement_timeout",
        "set local lock_timeout",
        "pg_inherits",
        "rollback to savepoint seen",
        "select distinct relation::bigint from pg_locks",
        "rollback",
        "It writes nothing.",
    ):
        assert text in planned.stdout
    assert "geheim7" not in planned.stdout


def test_claims_that_are_broken_are_named_and_the_others_planned(earwitness: CommandLine) -> None:
    planned = earwitness("check", NOWHERE, "--plan")
    assert planned.returncode == 0
    assert "claim trouble-import" in planned.stderr
    assert "partition-trees" in planned.stdout


def test_the_plan_as_a_document(earwitness: CommandLine) -> None:
    planned = earwitness(*CHECK, NOWHERE, "--plan", "--format", "json")
    document = json.loads(planned.stdout)
    assert document["schema"] == "earwitness/plan/1"
    assert [check["claim"] for check in document["checks"]] == ["partition-locks"]
    begin = "begin transaction isolation level read committed, read only"
    assert document["opening"][0]["text"] == begin
    assert "geheim7" not in planned.stdout


def test_without_the_parser_of_statements_every_probe_is_there(
    earwitness: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "sqlglot.py").write_text("raise ImportError('not installed')")
    path = f"{tmp_path}:{earwitness.environment['PYTHONPATH']}"
    without = CommandLine({**earwitness.environment, "PYTHONPATH": path})
    planned = without(*CHECK, "--claim", "select-star", NOWHERE, "--plan")
    assert planned.returncode == 0, planned.stderr
    assert "partition-trees" in planned.stdout


@pytest.mark.parametrize("verb", [(*CHECK, NOWHERE), ("judge", "-")])
def test_without_the_parser_no_source_is_searched_and_nothing_is_sent(
    earwitness: CommandLine, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    (tmp_path / "sqlglot.py").write_text("raise ImportError('not installed')")
    path = f"{tmp_path}:{earwitness.environment['PYTHONPATH']}"
    without = CommandLine({**earwitness.environment, "PYTHONPATH": path})
    refused = without(*verb, "--source", str(tmp_path))
    assert refused.returncode == 2
    assert "pip install 'earwitness[check]'" in " ".join(refused.stderr.split())
    assert "cannot connect" not in refused.stderr


def test_measuring_is_planned_only_when_it_is_asked_for(earwitness: CommandLine) -> None:
    star = ("check", "--claim", "select-star", NOWHERE, "--plan", "--format", "json")
    without = json.loads(earwitness(*star).stdout)
    asked = json.loads(earwitness(*star, "--measure-width").stdout)
    names = [{step["name"] for step in one["checks"][0]["steps"]} for one in (without, asked)]
    assert names[1] - names[0] == {"measured-tables", "measured-columns", "row-widths"}
    added = sum(s["times"] for s in asked["checks"][0]["steps"] if s["name"] not in names[0])
    assert asked["budget"]["steps"] == without["budget"]["steps"] + added
    assert asked["budget"]["seconds"] > without["budget"]["seconds"]
    refused = earwitness(*CHECK, NOWHERE, "--measure-width")
    assert refused.returncode == 2
    assert "--measure-width means nothing" in refused.stderr


def test_sampling_is_planned_only_when_it_is_asked_for(earwitness: CommandLine) -> None:
    without = json.loads(earwitness(*CHECK, NOWHERE, "--plan", "--format", "json").stdout)
    asked = earwitness(*CHECK, NOWHERE, "--plan", "--format", "json", "--sample-waits", "10s")
    sampled = json.loads(asked.stdout)
    steps = {step["name"]: step for step in sampled["checks"][0]["steps"]}
    assert (steps["waits"]["seconds"], steps["waits"]["hertz"]) == (10.0, 10.0)
    assert "for 10 s" in steps["waits"]["purpose"]
    assert "waits" not in {step["name"] for step in without["checks"][0]["steps"]}
    assert sampled["budget"]["seconds"] == without["budget"]["seconds"] + 10
    assert "planned statements" in earwitness(*CHECK, NOWHERE, "--plan").stdout


@pytest.mark.parametrize("format_", ["sarif", "junit"])
def test_a_plan_is_no_finding(earwitness: CommandLine, format_: str) -> None:
    refused = earwitness("check", NOWHERE, "--plan", "--format", format_)
    assert refused.returncode == 2
    assert "--plan" in refused.stderr


def test_a_target_that_cannot_be_reached(earwitness: CommandLine) -> None:
    refused = earwitness(*CHECK, NOWHERE)
    assert (refused.returncode, refused.stdout) == (2, "")
    (line,) = refused.stderr.splitlines()
    assert line.startswith("earwitness: cannot connect to postgresql://me@127.0.0.1:1/shop: ")
    assert "geheim7" not in line


def test_evidence_that_cannot_be_saved_is_told_and_the_check_is_not_lost(
    earwitness: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "evidence.json"
    told = earwitness(*CHECK, NOWHERE, "--save-evidence", str(path), "--format", "json")
    assert told.returncode == 2
    assert documents.decode(told.stdout).outcome == "unseen"
    assert f"the evidence was not saved: {path} cannot be written: " in told.stderr
    assert "Traceback" not in told.stderr


def test_a_document_of_a_target_that_cannot_be_reached(earwitness: CommandLine) -> None:
    refused = earwitness("check", NOWHERE, "--format", "json")
    document = documents.decode(refused.stdout)
    assert refused.returncode == 2
    assert document.outcome == "unseen"
    assert not document.evidence.reached
    assert [missed.claim for missed in document.not_seen] == list(document.claims)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "mysql://me:geheim7@db/shop"), "postgresql://user@host/database"),
        (("check", "postgresql://me:geheim7@x@db/shop"), "%40"),
        (("check", NOWHERE, "--claim", "nothing"), "there is no claim 'nothing'"),
        (("check", NOWHERE, "--claim", "sorted-input"), "looks for nothing in a target of kind"),
        (("check", NOWHERE, "--sample-waits", "6m"), "from 1s to 5m"),
        (("check", NOWHERE, "--sample-waits", "soon"), "--sample-waits"),
        (("check", NOWHERE, "--fail-on", "sometimes"), "--fail-on"),
        (("judge", "nowhere.json"), "nowhere.json"),
    ],
)
def test_misuse_is_told(earwitness: CommandLine, arguments: tuple[str, ...], said: str) -> None:
    refused = earwitness(*arguments)
    assert refused.returncode == 2
    assert said in " ".join(refused.stderr.split())
    assert "geheim7" not in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"schema": "earwitness/evidence/9"}', "\x00"])
def test_a_file_that_is_no_evidence(earwitness: CommandLine, tmp_path: Path, text: str) -> None:
    file = tmp_path / "file"
    file.write_text(text)
    refused = earwitness("judge", str(file))
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr


def test_a_plan_is_no_evidence(earwitness: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(documents.encode(samples.plan()))
    refused = earwitness("judge", str(file))
    assert refused.returncode == 2
    assert "earwitness/plan/1 is no evidence" in " ".join(refused.stderr.split())


def test_evidence_of_no_claim_is_not_fine(earwitness: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    document = json.loads(documents.encode(samples.evidence()))
    file.write_text(json.dumps(document | {"claims": {}, "not_seen": []}))
    judged = earwitness("judge", str(file))
    assert (judged.returncode, judged.stdout) == (2, "")
    assert "nothing of any claim" in judged.stderr


def test_evidence_of_a_claim_that_is_not_here_is_not_fine(
    earwitness: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "evidence.json"
    document = json.loads(documents.encode(samples.evidence()))
    document["claims"] = {"somebody-elses": {}}
    file.write_text(json.dumps(document))
    judged = earwitness("judge", str(file), "--format", "json")
    assert judged.returncode == 2
    assert "not installed here" in json.loads(judged.stdout)["not_seen"][0]["reason"]
