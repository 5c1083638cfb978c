"""Checks to be told: one that found things, one that missed things, one that saw nothing."""

import datetime as dt

import msgspec

from earwitness.check import runner
from earwitness.check.evidence import Evidence, ReadRecord, Unseen
from earwitness.check.finding import Finding, Location, Severity, SourcePlace
from earwitness.check.plan import Budget, PlannedCheck, Step
from earwitness.check.runner import Judgement
from earwitness.report.check_document import CheckDocument, PlanDocument, check_document

HOSTILE = 'public."\x1b[2J\x00<b>|`*&\u202e]]>"'
"""A name that would clear a terminal, end a table cell, and break XML."""

BUDGET = Budget(seconds=30.0, steps=20, rows=100, step_seconds=5.0, lock_seconds=0.1)
STEP = Step(name="trees", purpose="the trees", text="select 1 from t where a <> 't'")


def evidence(*missed: Unseen, reached: bool = True) -> Evidence:
    return Evidence(
        kind="postgresql",
        target="postgresql://me@db/shop",
        reached=reached,
        message=None if reached else "cannot connect to postgresql://me@db/shop: no such host",
        version="0.1.0",
        gathered_at=dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC),
        seconds=0.02,
        facts={"version": "PostgreSQL 18.4", "role": "pg_monitor"} if reached else {},
        budget=BUDGET,
        reads=(ReadRecord(name="trees", text=STEP.text, rows=3, seconds=0.01),) if reached else (),
        claims={"partition-locks": {"partition_trees": []}} if reached else {},
        not_seen=missed,
    )


def finding(severity: Severity, name: str | None = "public.orders") -> Finding:
    return Finding(
        id=f"partition-locks/{severity}",
        claim="partition-locks",
        severity=severity,
        title=f"A {severity} thing",
        statement=f"Seen on {name}: 303 locks.",
        fix="Use the key.",
        location=None if name is None else Location(kind="table", name=name),
        evidence=("/partition_trees",),
        learn_more="https://www.postgresql.org/docs/",
    )


MISSED = Unseen(claim="select-star", what="wide rows", reason="refused", needs="grant x to y")
OPTIONAL = Unseen(claim="select-star", what="texts", reason="not installed", essential=False)


def found() -> CheckDocument:
    findings = runner.by_severity(
        [finding(severity, HOSTILE) for severity in Severity] + [finding(Severity.INFO, None)]
    )
    return _document(evidence(MISSED, OPTIONAL), findings)


def clear() -> CheckDocument:
    return _document(evidence(OPTIONAL), (finding(Severity.LOW),))


def unseen() -> CheckDocument:
    return _document(evidence(MISSED), ())


def unreached() -> CheckDocument:
    return _document(evidence(MISSED, reached=False), ())


def _document(seen: Evidence, findings: tuple[Finding, ...]) -> CheckDocument:
    return check_document(seen, Judgement(findings, ()), Severity.HIGH, "0.1.0")


def placed() -> CheckDocument:
    """Findings that were found in source files."""
    table = SourcePlace(file="db/a b.sql", line=3, end_line=9)
    statements = (
        SourcePlace(file="app/list.py", line=30, end_line=31),
        SourcePlace(file="app/show.py", line=7, end_line=7),
    )
    first, second = finding(Severity.HIGH), finding(Severity.INFO, None)
    return _document(
        evidence(),
        (
            msgspec.structs.replace(first, statement_places=statements, table_places=(table,)),
            msgspec.structs.replace(finding(Severity.LOW), table_places=(table,)),
            msgspec.structs.replace(second, statement_places=statements[:1]),
        ),
    )


def every() -> list[CheckDocument]:
    return [found(), clear(), unseen(), unreached(), placed()]


def plan() -> PlanDocument:
    return PlanDocument(
        kind="postgresql",
        target="postgresql://me@db/shop",
        budget=BUDGET,
        opening=(Step(name="begin", purpose="nothing is written", text="begin read only"),),
        checks=(PlannedCheck(claim="partition-locks", title="Locks", steps=(STEP,)),),
        closing=(Step(name="rollback", purpose="nothing stays", text="rollback"),),
    )
