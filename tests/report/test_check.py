"""A check in every format: says the same, and cannot be broken out of by a name."""

import json as plain_json
import re
from typing import Any
from xml.etree import ElementTree

import jsonschema
import msgspec
import pytest
from rich.console import Console

from earwitness.check.finding import Location, Outcome, Severity
from earwitness.check.runner import Judgement
from earwitness.report import check_console, check_markdown, check_words, json, junit, sarif, schema
from earwitness.report.check_document import CheckDocument, check_document
from tests.report import check_samples as samples

every = pytest.mark.parametrize("document", samples.every(), ids=lambda d: d.outcome)


def text_of(document: CheckDocument, width: int = 100) -> str:
    console = Console(width=width, no_color=True, force_terminal=False)
    with console.capture() as capture:
        console.print(check_console.check(document))
    return capture.get()


def test_what_a_check_comes_to() -> None:
    outcomes = [document.exit_code for document in samples.every()]
    unseen = [Outcome.UNSEEN, Outcome.UNSEEN]
    assert outcomes == [Outcome.FOUND, Outcome.CLEAR, *unseen, Outcome.FOUND]


@pytest.mark.parametrize("reached", [True, False])
def test_where_nobody_looked_nothing_is_clear(reached: bool) -> None:
    seen = msgspec.structs.replace(samples.evidence(reached=reached), claims={})
    document = check_document(seen, Judgement((), ()), Severity.HIGH, "1")
    assert document.exit_code is Outcome.UNSEEN


@every
def test_documents_survive_json_and_fit_their_schema(document: CheckDocument) -> None:
    for one, name in ((document, "check-1.json"), (document.evidence, "evidence-1.json")):
        encoded = json.encode(one)
        assert json.decode(encoded) == one
        described = plain_json.loads(schema.schema(name))
        jsonschema.Draft202012Validator(described).validate(plain_json.loads(encoded))


def test_the_plan_survives_json_and_fits_its_schema() -> None:
    encoded = json.encode(samples.plan())
    assert json.decode(encoded) == samples.plan()
    described = plain_json.loads(schema.schema("plan-1.json"))
    jsonschema.Draft202012Validator(described).validate(plain_json.loads(encoded))


# Names that would do something.


@pytest.mark.parametrize("character", ["\x1b", "\x00", "\u202e", "\x07", "\ud800"])
def test_what_is_not_printable_is_shown_as_an_escape(character: str) -> None:
    shown = check_words.visible(f"a{character}b")
    assert character not in shown
    assert "\\" in shown


def test_a_terminal_is_not_commanded_by_a_name() -> None:
    assert not {"\x1b", "\x00", "\u202e"} & set(text_of(samples.found()))
    assert "[2J" in text_of(samples.found(), width=200)


def test_a_markdown_table_is_not_ended_by_a_name() -> None:
    page = check_markdown.render_check(samples.found())
    rows = [line for line in page.splitlines() if line.startswith("| high")]
    assert len(rows) == 1
    assert rows[0].replace("\\|", "").count("|") == 6
    assert "<b>" not in page.replace("\\<b\\>", "")


@every
def test_junit_is_xml_and_its_counts_are_right(document: CheckDocument) -> None:
    root = ElementTree.fromstring(junit.render(document))
    for suite in (root, *root):
        cases = suite.findall(".//testcase")
        assert int(suite.attrib["tests"]) == len(cases)
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[name]) == len(suite.findall(f".//{tag}"))
    failing = [finding for finding in document.findings if document.failing(finding)]
    essential = [one for one in document.not_seen if one.essential]
    assert int(root.attrib["tests"]) == len(document.findings) + len(document.not_seen)
    assert int(root.attrib["failures"]) == len(failing)
    assert int(root.attrib["errors"]) == len(essential)
    assert [suite.attrib["name"] for suite in root] == list(document.claims)


# SARIF, by the rules of its standard (2.1.0) that apply to what is written here.


@every
def test_sarif_has_the_form_of_its_standard(document: CheckDocument) -> None:
    log = plain_json.loads(sarif.render(document))
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"]
    assert len({rule["id"] for rule in rules}) == len(rules)  # 3.19.23: unique
    assert {rule["id"] for rule in rules} == {finding.id for finding in document.findings}
    assert len(run["results"]) == sum(len(f.statement_places) or 1 for f in document.findings)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]  # 3.27.6
        assert result["message"]["text"]
        assert result["level"] in {"none", "note", "warning", "error"}
        # 3.27.10: any kind other than "fail" demands the level "none"
        assert (result["kind"] == "fail") or result["level"] == "none"
        for location in [*result["locations"], *result.get("relatedLocations", ())]:
            for logical in location.get("logicalLocations", ()):
                assert logical["fullyQualifiedName"]
            physical = location["physicalLocation"]
            artifact, region = physical["artifactLocation"], physical["region"]
            assert "uriBaseId" not in artifact or artifact["uriBaseId"] in run["originalUriBaseIds"]
            assert ("uriBaseId" in artifact) != ("description" in artifact)  # no file of the source
            # 3.4.3: a relative reference
            assert not re.search(r"^/|[ \\]|^\w+:", artifact["uri"])
            assert 1 <= region["startLine"] <= region.get("endLine", region["startLine"])
    (invocation,) = run["invocations"]
    essential = any(missed.essential for missed in document.not_seen)
    assert invocation["executionSuccessful"] is not essential  # 3.20.14: required
    assert invocation["exitCode"] == document.exit_code
    notifications = invocation["toolExecutionNotifications"]
    assert len(notifications) == len(document.not_seen)
    assert all(notification["message"]["text"] for notification in notifications)


def test_sarif_points_to_the_lines_that_were_found() -> None:
    (run,) = plain_json.loads(sarif.render(samples.placed()))["runs"]

    def told(result: dict[str, Any], key: str) -> list[tuple[str, int]]:
        places = [one["physicalLocation"] for one in result.get(key, ())]
        return [(p["artifactLocation"]["uri"], p["region"]["startLine"]) for p in places]

    one, other, second, third = run["results"]
    statements, table = [("app/list.py", 30), ("app/show.py", 7)], [("db/a%20b.sql", 3)]
    for result, place in zip((one, other), statements, strict=True):
        assert (told(result, "locations"), told(result, "relatedLocations")) == ([place], table)
        name = result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]
        assert name == "public.orders"
    assert one["partialFingerprints"] != other["partialFingerprints"]
    assert (told(second, "locations"), told(second, "relatedLocations")) == (table, [])
    assert told(third, "locations") == statements[:1]
    assert "originalUriBaseIds" not in plain_json.loads(sarif.render(samples.clear()))["runs"][0]


@every
def test_sarif_has_what_github_refuses_to_be_without(document: CheckDocument) -> None:
    """One result without a file, and it takes none of the log."""
    (run,) = plain_json.loads(sarif.render(document))["runs"]
    for rule in run["tool"]["driver"]["rules"]:
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
    for result in run["results"]:
        first = result["locations"][0]["physicalLocation"]
        assert first["artifactLocation"]["uri"]
        assert first["region"]["startLine"]


def test_sarif_names_places_of_the_target_as_files() -> None:
    odd = Location(kind="table", name='a/b."x y"')
    first = msgspec.structs.replace(samples.finding(Severity.LOW), location=odd)
    findings = (first, samples.finding(Severity.INFO, None))
    document = msgspec.structs.replace(samples.clear(), findings=findings)
    (run,) = plain_json.loads(sarif.render(document))["runs"]
    assert [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in run["results"]
    ] == ["postgresql/table/a%2Fb.%22x%20y%22", "postgresql"]


@pytest.mark.parametrize("render", [text_of, check_markdown.render_check, junit.render])
def test_the_other_formats_name_the_lines_too(render) -> None:
    said = " ".join(render(samples.placed()).replace("\\", "").split())
    assert "app/list.py:30, app/show.py:7" in said
    assert "db/a b.sql:3" in said


def test_sarif_levels_follow_severity() -> None:
    (run,) = plain_json.loads(sarif.render(samples.found()))["runs"]
    levels = {r["properties"]["severity"]: r["level"] for r in run["results"]}
    expected = ["error", "error", "warning", "note", "none"]
    assert levels == dict(zip([s.value for s in Severity], expected, strict=True))


def test_fingerprints_do_not_move_with_the_numbers() -> None:
    """A code host follows a finding from run to run by it."""
    document = samples.clear()
    moved = msgspec.structs.replace(
        document,
        findings=tuple(msgspec.structs.replace(f, statement="else") for f in document.findings),
    )
    first, second = (
        plain_json.loads(sarif.render(one))["runs"][0]["results"] for one in (document, moved)
    )
    assert [r["partialFingerprints"] for r in first] == [r["partialFingerprints"] for r in second]


# What is said.


@every
@pytest.mark.parametrize("render", [text_of, check_markdown.render_check])
def test_findings_and_what_was_not_seen_are_all_said(document: CheckDocument, render) -> None:
    said = " ".join(render(document).split()).replace("\\", "")
    for finding in document.findings:
        assert finding.title in said
        assert finding.fix in said
    for one in document.not_seen:
        assert one.what in said
        assert one.reason in said
        assert one.needs in said


@pytest.mark.parametrize("narrow", [40, 80, 200])
def test_every_step_of_the_plan_is_said(narrow: int) -> None:
    console = Console(width=narrow, no_color=True)
    with console.capture() as capture:
        console.print(check_console.plan(samples.plan()))
    for said in (capture.get(), check_markdown.render_plan(samples.plan())):
        flat = " ".join(said.split())
        for text in ("begin read only", samples.STEP.text, "rollback", "at most 20 reads", "30 s"):
            assert text in flat
        assert "It writes nothing" in flat
