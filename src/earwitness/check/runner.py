"""Carrying out a check: one session, every claim's probe in order, then every claim's judge.

Knows no claim and no kind of target; both are handed in. A probe that fails becomes something that
was not seen, and does not keep the others from their turn.
"""

import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from earwitness.check.evidence import Evidence, Partly, Unseen
from earwitness.check.finding import Finding, by_severity
from earwitness.check.plan import Budget, PlannedCheck, Step
from earwitness.check.target import NotSeen, Session, Target, TargetKind, Unreachable

Judge = Callable[[Any], tuple[Finding, ...]]
"""From a claim's evidence, as JSON has it, to findings; pure."""

Recall = Callable[[Any, dt.datetime, Iterable[tuple[dt.datetime, Any]]], Any]
"""From a claim's evidence with its time, and those of earlier checks, to the evidence that knows of them; pure."""


@dataclass(frozen=True)
class Check:
    """What a claim brings to a check: what it reads of which kind of target, and how it judges."""

    claim: str
    title: str
    kind: str
    plan: tuple[Step, ...]
    probe: Callable[[Any], Any]
    """From the kind's session to the claim's evidence, or ``Partly``.

    Raises NotSeen and Unreachable.
    """
    judge: Judge
    asked: Callable[[Mapping[str, str]], tuple[Step, ...]] | None = None
    """The steps that are added for options of the kind, by name; None: it knows none.

    ValueError when the value of one cannot be meant.
    """
    recall: Recall | None = None
    """What earlier checks of the same target add to its evidence; None: nothing."""

    def knows(self, option: str, value: str) -> bool:
        """Whether anything is added for that option; ValueError as ``asked``."""
        return self.asked is not None and bool(self.asked({option: value}))

    def with_options(self, options: Mapping[str, str]) -> "Check":
        """The same check with the steps that these options ask for; ValueError as ``asked``."""
        if self.asked is None:
            return self
        return dataclasses.replace(self, plan=(*self.plan, *self.asked(options)))

    @property
    def planned(self) -> PlannedCheck:
        """What it reads."""
        return PlannedCheck(claim=self.claim, title=self.title, steps=self.plan)


@dataclass(frozen=True)
class Judgement:
    """What judges made of evidence."""

    findings: tuple[Finding, ...]
    """The worst first."""
    not_judged: tuple[Unseen, ...]
    """Evidence that could not be judged."""


def gather(
    kind: TargetKind,
    target: Target,
    checks: Sequence[Check],
    *,
    budget: Budget,
    version: str,
    tell: Callable[[str], None] = lambda _: None,
) -> Evidence:
    """Open one session, let every check look, and return what was seen; raises nothing of it.

    ``version`` is that of Earwitness; ``tell`` is told what happens, for people who wait.
    """
    gathering = _Gathering(checks, tell)
    begun, clock = dt.datetime.now(dt.UTC), time.perf_counter()
    try:
        tell(f"connecting to {target.shown}")
        plan = [step for check in checks for step in check.plan]
        with kind.open_session(target, budget, plan) as session:
            gathering.look(session)
    except Unreachable as problem:
        gathering.lose(str(problem))
    return Evidence(
        kind=kind.name,
        target=target.shown,
        reached=gathering.session is not None,
        message=gathering.message,
        version=version,
        gathered_at=begun,
        seconds=round(time.perf_counter() - clock, 6),
        facts={} if gathering.session is None else gathering.session.facts,
        settings={} if gathering.session is None else dict(gathering.session.settings),
        budget=budget,
        reads=() if gathering.session is None else tuple(gathering.session.record),
        claims=gathering.claims,
        not_seen=tuple(gathering.not_seen),
    )


def recalled(
    evidence: Evidence, checks: Sequence[Check], earlier: Callable[[], Sequence[Evidence]]
) -> Evidence:
    """The evidence with what claims have to say of earlier checks of the same target.

    ``earlier`` is asked only where a claim wants to know.
    """
    recalls = {check.claim: check.recall for check in checks if check.recall is not None}
    wanted = {claim: recall for claim, recall in recalls.items() if claim in evidence.claims}
    if not wanted:
        return evidence
    before = earlier()
    claims = dict(evidence.claims)
    for claim, recall in wanted.items():
        known = [(one.gathered_at, one.claims[claim]) for one in before if claim in one.claims]
        claims[claim] = recall(claims[claim], evidence.gathered_at, known)
    return msgspec.structs.replace(evidence, claims=claims)


class _Gathering:
    """What has been seen so far."""

    def __init__(self, checks: Sequence[Check], tell: Callable[[str], None]) -> None:
        self._waiting = list(checks)
        self._tell = tell
        self.session: Session | None = None
        self.message: str | None = None
        self.claims: dict[str, Any] = {}
        self.not_seen: list[Unseen] = []

    def look(self, session: Session) -> None:
        """Let every check look, in order. Raises Unreachable when the target is lost."""
        self.session = session
        while self._waiting:
            check = self._waiting[0]
            self._tell(f"{check.claim}: looking")
            try:
                self._keep(check, check.probe(session))
            except NotSeen as problem:
                self._miss(check, str(problem), problem.needs)
            except Unreachable:
                raise
            except Exception as problem:  # somebody else's probe; the others still look
                said = session.redact(f"its probe failed: {type(problem).__name__}: {problem}")
                self._miss(check, said)
            del self._waiting[0]

    def _keep(self, check: Check, seen: Any) -> None:
        if isinstance(seen, Partly):
            self.not_seen += seen.missed
            seen = seen.evidence
        self.claims[check.claim] = msgspec.to_builtins(seen)

    def lose(self, message: str) -> None:
        """Note that what has not been looked at will not be."""
        self.message = message
        for check in self._waiting:
            self._miss(check, message)

    def _miss(self, check: Check, reason: str, needs: str = "") -> None:
        self.not_seen.append(
            Unseen(claim=check.claim, what=check.title, reason=reason, needs=needs)
        )


def judge(evidence: Evidence, judges: Mapping[str, Judge]) -> Judgement:
    """Let every claim judge its own evidence. Pure: the same evidence gives the same findings.

    Evidence of a claim without a judge is reported as not judged, and so is one whose judge fails.
    """
    findings: list[Finding] = []
    not_judged: list[Unseen] = []
    for claim, seen in evidence.claims.items():
        if claim not in judges:
            not_judged.append(_unjudged(claim, "this claim is not installed here"))
            continue
        try:
            findings += judges[claim](seen)
        except Exception as problem:  # somebody else's judge, or somebody else's evidence
            said = " ".join(f"its judge failed: {type(problem).__name__}: {problem}".split())
            not_judged.append(_unjudged(claim, said))
    return Judgement(by_severity(findings), tuple(not_judged))


def unseen(evidence: Evidence, judgement: Judgement) -> tuple[Unseen, ...]:
    """Everything that was not seen or not judged."""
    return (*evidence.not_seen, *judgement.not_judged)


def misses_essential(missed: Iterable[Unseen]) -> bool:
    """Whether something is missing without which a claim cannot be judged."""
    return any(one.essential for one in missed)


def _unjudged(claim: str, reason: str) -> Unseen:
    return Unseen(claim=claim, what="its evidence", reason=reason)
