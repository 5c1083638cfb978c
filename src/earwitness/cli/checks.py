"""Checks in the store: keeping one, reading it back, and judging its evidence again.

A check is a run of kind ``check`` with a single event, which is its document. It is kept for later
reading only: what a check comes to does not depend on whether a store can be written.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import earwitness
from earwitness.check import runner
from earwitness.check.evidence import Evidence
from earwitness.check.finding import Finding, Severity
from earwitness.check.runner import Judge
from earwitness.claims import registry
from earwitness.report import check_document, check_words, json
from earwitness.report.assembly import NothingRecorded
from earwitness.report.check_document import CheckDocument
from earwitness.store import events, runs
from earwitness.store.connection import Store, open_store
from earwitness.store.errors import StoreError
from earwitness.store.runs import RunRecord


def keep(folder: Path, document: CheckDocument) -> None:
    """Keep a check as a run; that it could not be kept is one line on standard error."""
    try:
        with open_store(folder) as store:
            record = runs.begin(
                store,
                kind="check",
                claim=f"check:{document.kind}",
                version=document.version,
                started_at=document.checked_at,
            )
            events.EventLog(store, record.id).append(json.encode(document).decode())
            message = document.evidence.message
            runs.end(store, record.id, "finished", verdict=document.outcome, message=message)
    except StoreError as problem:
        print(f"earwitness: this check was not kept: {problem}", file=sys.stderr)


def document_of(store: Store, record: RunRecord) -> CheckDocument:
    """The check that a run is. Raises NothingRecorded when it ended before it was kept."""
    for _, body in events.read(store, record.id):
        document = json.decode(body)
        if isinstance(document, CheckDocument):
            return document
    raise NothingRecorded(record.message or "the check ended before it was kept")


def judged(evidence: Evidence, fail_on: Severity) -> CheckDocument:
    """The evidence as the claims that are installed here judge it."""
    judgement = runner.judge(evidence, _judges(evidence.claims))
    return check_document.check_document(evidence, judgement, fail_on, earwitness.__version__)


def agree(one: CheckDocument, other: CheckDocument) -> bool:
    """Whether both say the same of the same evidence."""
    mine, theirs = (
        (document.outcome, document.findings, document.not_seen) for document in (one, other)
    )
    return mine == theirs


def compared(one: CheckDocument, other: CheckDocument) -> list[dict[str, str | None]]:
    """Every finding of either check, with its severity in both; None where it is not found."""
    ours, theirs = ({_key(f): f.severity.value for f in d.findings} for d in (one, other))
    return [
        {"id": id, "where": place, "one": ours.get((id, place)), "other": theirs.get((id, place))}
        for id, place in dict.fromkeys([*ours, *theirs])
    ]


def surroundings(document: CheckDocument) -> dict[str, str]:
    """What a check was of: the target, what it is, its settings, and who judged."""
    return {
        "target": document.target,
        **document.facts,
        **document.evidence.settings,
        "earwitness": document.version,
    }


def _key(finding: Finding) -> tuple[str, str]:
    return finding.id, check_words.place(finding)


def _judges(claims: Iterable[str]) -> dict[str, Judge]:
    """The judges of those claims that are installed; why others cannot is told."""
    judges = {}
    for id in claims:
        try:
            judges[id] = registry.find(id).judge
        except (registry.UnknownClaim, registry.BrokenClaim) as problem:
            print(problem, file=sys.stderr)
    return judges
