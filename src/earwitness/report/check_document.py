"""The check documents: what a check found, and what it would do.

Data first, as the other documents: every format is made from these, and ``--format json`` prints
them as they are. No prose that a format could make itself.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from earwitness.check import finding as findings_
from earwitness.check import runner
from earwitness.check.evidence import Evidence, Unseen
from earwitness.check.finding import Finding, Outcome, Severity
from earwitness.check.plan import Budget, PlannedCheck, Step
from earwitness.check.runner import Judgement
from earwitness.check.target import Target, TargetKind


class CheckDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One check of one target, whole: enough to judge it again."""

    schema: Literal["earwitness/check/1"] = "earwitness/check/1"
    kind: str
    target: str
    facts: Mapping[str, str]
    version: str
    """Of Earwitness, when it judged."""
    checked_at: dt.datetime
    claims: tuple[str, ...]
    """What was looked for, seen or not."""
    fail_on: Severity
    outcome: Literal["clear", "found", "unseen"]
    findings: tuple[Finding, ...]
    """The worst first."""
    not_seen: tuple[Unseen, ...]
    evidence: Evidence

    @property
    def exit_code(self) -> Outcome:
        """What the process that says this ends with."""
        return Outcome[self.outcome.upper()]

    def failing(self, one: Finding) -> bool:
        """Whether the finding is as bad as was asked for, or worse."""
        return one.severity.at_least(self.fail_on)


class PlanDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What a check would send to its target, in order, and what it may cost."""

    schema: Literal["earwitness/plan/1"] = "earwitness/plan/1"
    kind: str
    target: str
    budget: Budget
    opening: tuple[Step, ...]
    checks: tuple[PlannedCheck, ...]
    closing: tuple[Step, ...]
    writes: tuple[str, ...] = ()
    """What it would write, in bytes and files; empty: it only reads."""


def check_document(
    evidence: Evidence, judgement: Judgement, fail_on: Severity, version: str
) -> CheckDocument:
    """Evidence and what judges made of it, as one document."""
    missed = runner.unseen(evidence, judgement)
    asked = dict.fromkeys([*evidence.claims, *(one.claim for one in missed)])
    blind = runner.misses_essential(missed) or not asked  # nobody looked
    outcome = findings_.outcome(judgement.findings, blind, fail_on)
    words: dict[Outcome, Literal["clear", "found", "unseen"]] = {
        Outcome.CLEAR: "clear",
        Outcome.FOUND: "found",
        Outcome.UNSEEN: "unseen",
    }
    return CheckDocument(
        kind=evidence.kind,
        target=evidence.target,
        facts=evidence.facts,
        version=version,
        checked_at=evidence.gathered_at,
        claims=tuple(asked),
        fail_on=fail_on,
        outcome=words[outcome],
        findings=judgement.findings,
        not_seen=missed,
        evidence=evidence,
    )


def plan_document(
    kind: TargetKind, target: Target, checks: Sequence[PlannedCheck], budget: Budget
) -> PlanDocument:
    """What a check of the target by these claims would do."""
    return PlanDocument(
        kind=kind.name,
        target=target.shown,
        budget=budget,
        opening=kind.opening(budget),
        checks=tuple(checks),
        closing=kind.closing,
        writes=tuple(step.writes for check in checks for step in check.steps if step.writes),
    )
