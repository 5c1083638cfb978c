"""A check as SARIF 2.1.0 (OASIS), for code hosts and viewers of static analysis.

One run; every sort of finding is a rule, every finding a result at a logical location, and what
was not seen is a notification of the invocation. Where that was essential, the invocation was not
successful; code hosts show a tool as broken then. Where source files were searched, a result also has
the lines where its statements are written or its table is created, from the root of the repository,
which the reader of the log knows.
"""

import json
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from earwitness.check import runner
from earwitness.check.evidence import Unseen
from earwitness.check.finding import Finding, Severity, SourcePlace
from earwitness.report import check_words as words
from earwitness.report.check_document import CheckDocument

VERSION = "2.1.0"
SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT = "earwitness/1"
ROOT = "SRCROOT"
"""What the places of source files are relative to."""

_LEVELS: Mapping[Severity, str] = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "none",
}


def render(document: CheckDocument) -> str:
    """The SARIF log, as text."""
    rules = tuple({finding.id: finding for finding in document.findings}.values())
    places = {rule.id: place for place, rule in enumerate(rules)}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "Earwitness",
                "semanticVersion": document.version,
                "rules": [_rule(finding) for finding in rules],
            }
        },
        "invocations": [_invocation(document)],
        "results": [_result(finding, places) for finding in document.findings],
        "properties": {"target": document.target, "facts": dict(document.facts)},
    }
    if any(finding.source_places for finding in document.findings):
        run["originalUriBaseIds"] = {ROOT: {"description": {"text": "root of the repository"}}}
    log = {"$schema": SCHEMA, "version": VERSION, "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    level = _LEVELS[finding.severity]
    rule: dict[str, Any] = {
        "id": finding.id,
        "shortDescription": {"text": finding.title},
        "defaultConfiguration": {"level": level},
        "properties": {"claim": finding.claim, "severity": finding.severity.value},
    }
    return rule | ({"helpUri": finding.learn_more} if finding.learn_more else {})


def _result(finding: Finding, places: Mapping[str, int]) -> dict[str, Any]:
    informational = finding.severity is Severity.INFO
    related = [_physical(place) for place in finding.related_places]
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": places[finding.id],
        "kind": "informational" if informational else "fail",
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.statement} Fix: {finding.fix}"},
        "locations": _locations(finding),
        "partialFingerprints": {FINGERPRINT: f"{finding.id}@{words.place(finding)}"},
        "properties": {"severity": finding.severity.value, "evidence": list(finding.evidence)},
    }
    if related:
        result["relatedLocations"] = [
            {"id": number, **place, "message": {"text": "where the table is created"}}
            for number, place in enumerate(related)
        ]
    return result


def _locations(finding: Finding) -> list[dict[str, Any]]:
    """The places in source files; the first one, or one without, has the logical location too."""
    places = [_physical(place) for place in finding.source_places]
    location = finding.location
    if location is None:
        return places
    logical = {"fullyQualifiedName": location.name, "kind": location.kind}
    first, rest = (places or [{}])[0], places[1:]
    return [{**first, "logicalLocations": [logical]}, *rest]


def _physical(place: SourcePlace) -> dict[str, Any]:
    uri = urllib.parse.quote(place.file)
    region = {"startLine": place.line, "endLine": place.end_line}
    artifact = {"uri": uri, "uriBaseId": ROOT}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def _invocation(document: CheckDocument) -> dict[str, Any]:
    started = msgspec.to_builtins(document.checked_at)
    return {
        "executionSuccessful": not runner.misses_essential(document.not_seen),
        "exitCode": int(document.exit_code),
        "startTimeUtc": started,
        "toolExecutionNotifications": _notifications(document.not_seen),
    }


def _notifications(missed: Sequence[Unseen]) -> list[dict[str, Any]]:
    return [
        {
            "level": "error" if one.essential else "warning",
            "message": {"text": words.unseen(one)},
        }
        for one in missed
    ]
