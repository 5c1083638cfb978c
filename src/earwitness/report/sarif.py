"""A check as SARIF 2.1.0 (OASIS), for code hosts and viewers of static analysis.

One run; every sort of finding is a rule, every finding a result, and what was not seen is a
notification of the invocation, which is not successful when that was essential. Where source files were
searched, a finding is a result for each line where one of its statements is written, since code hosts
show the first place of a result and no other; else one where its table is created, from the root of the
repository, which the reader of the log knows. GitHub takes no log with a result that is in no file. So
what has no line stands in a file that is none, named by its place in the target.
"""

import json
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from earwitness.check.evidence import Unseen
from earwitness.check.finding import Finding, Severity, SourcePlace
from earwitness.check.runner import misses_essential
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
        "results": [
            _result(finding, places[finding.id], at)
            for finding in document.findings
            for at in _locations(finding, document.kind)
        ],
        "properties": {"target": document.target, "facts": dict(document.facts)},
    }
    if any(finding.source_places for finding in document.findings):
        run["originalUriBaseIds"] = {ROOT: {"description": {"text": "root of the repository"}}}
    log = {"$schema": SCHEMA, "version": VERSION, "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    level = _LEVELS[finding.severity]
    more = f" {finding.learn_more}" if finding.learn_more else ""
    rule: dict[str, Any] = {
        "id": finding.id,
        "shortDescription": {"text": finding.title},
        "fullDescription": {"text": finding.title},
        "help": {"text": f"{finding.id} is explained in Earwitness's reference of findings.{more}"},
        "defaultConfiguration": {"level": level},
        "properties": {"claim": finding.claim, "severity": finding.severity.value},
    }
    return rule | ({"helpUri": finding.learn_more} if finding.learn_more else {})


def _result(finding: Finding, rule: int, locations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    informational = finding.severity is Severity.INFO
    related = [_physical(place) for place in finding.related_places]
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": rule,
        "kind": "informational" if informational else "fail",
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.statement} Fix: {finding.fix}"},
        "locations": list(locations),
        "partialFingerprints": {FINGERPRINT: f"{finding.id}@{words.place(finding)}"},
        "properties": {"severity": finding.severity.value, "evidence": list(finding.evidence)},
    }
    if finding.statement_places:
        artifact = locations[0]["physicalLocation"]["artifactLocation"]
        result["partialFingerprints"][FINGERPRINT] += f"@{artifact['uri']}"
    if related:
        result["relatedLocations"] = [
            {"id": number, **place, "message": {"text": "where the table is created"}}
            for number, place in enumerate(related)
        ]
    return result


def _locations(finding: Finding, kind: str) -> list[list[dict[str, Any]]]:
    """Those of each result of a finding; the first of them has the logical location too."""
    table = [_physical(place) for place in finding.table_places]
    each = [[_physical(place)] for place in finding.statement_places]
    each = each or [table or [_nowhere(finding, kind)]]
    location = finding.location
    if location is None:
        return each
    logical = {"fullyQualifiedName": location.name, "kind": location.kind}
    return [[{**first, "logicalLocations": [logical]}, *rest] for first, *rest in each]


def _nowhere(finding: Finding, kind: str) -> dict[str, Any]:
    """A place in the target, in the form of a file: ``postgresql/table/public.orders``."""
    location = finding.location
    parts = [kind] if location is None else [kind, location.kind, location.name]
    artifact = {
        "uri": "/".join(urllib.parse.quote(part, safe="") for part in parts),
        "description": {"text": "no file: a place in what was checked"},
    }
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": 1}}}


def _physical(place: SourcePlace) -> dict[str, Any]:
    uri = urllib.parse.quote(place.file)
    region = {"startLine": place.line, "endLine": place.end_line}
    artifact = {"uri": uri, "uriBaseId": ROOT}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def _invocation(document: CheckDocument) -> dict[str, Any]:
    started = msgspec.to_builtins(document.checked_at)
    return {
        "executionSuccessful": not misses_essential(document.not_seen),
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
