"""A kind of target that is not there: its session answers from a dictionary."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from earwitness.check.evidence import ReadRecord
from earwitness.check.finding import Finding, Severity
from earwitness.check.plan import Budget, Step
from earwitness.check.runner import Check
from earwitness.check.target import Target, TargetKind, Unreachable

BUDGET = Budget(seconds=1.0, steps=2, rows=3, step_seconds=0.5, lock_seconds=0.1)
ONE = Step(name="one", purpose="the first thing", text="read one", needs="the right to one")
TWO = Step(name="two", purpose="the second thing", text="read two")
PLACE = Target(kind="shelf", shown="shelf://here", parameters={})


class Shelf:
    """Its answers are values, or what is raised instead."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers
        self.facts = {"version": "Shelf 1"}
        self.settings: dict[str, str] = {}
        self.record: list[ReadRecord] = []

    def read(self, step: Step) -> Any:
        answer = self._answers[step.name]
        self.record.append(ReadRecord(name=step.name, text=step.text, rows=1, seconds=0.0))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def redact(self, text: str) -> str:
        return text.replace("geheim", "***")


def kind(answers: Mapping[str, Any], opened: list[Sequence[Step]] | None = None) -> TargetKind:
    @contextlib.contextmanager
    def open_session(target: Target, budget: Budget, plan: Sequence[Step]) -> Iterator[Shelf]:
        if opened is not None:
            opened.append(plan)
        if "unreachable" in answers:
            raise Unreachable(answers["unreachable"])
        yield Shelf(answers)

    return TargetKind(
        name="shelf",
        title="shelf",
        example="shelf://place",
        parse=lambda address: PLACE if address.startswith("shelf:") else None,
        budget=BUDGET,
        opening=lambda _: (),
        closing=(),
        open_session=open_session,
    )


def check(
    claim: str, step: Step, judge: Callable[[Any], tuple[Finding, ...]] | None = None
) -> Check:
    return Check(
        claim=claim,
        title=f"what {claim} says",
        kind="shelf",
        plan=(step,),
        probe=lambda session: {"seen": session.read(step)},
        judge=judge or (lambda seen: (finding(claim, seen=seen["seen"]),)),
    )


def finding(claim: str, severity: Severity = Severity.LOW, seen: Any = None) -> Finding:
    return Finding(
        id=f"{claim}/sort",
        claim=claim,
        severity=severity,
        title=f"A sort of {claim}",
        statement=f"Saw {seen}.",
        fix="Put it back.",
        evidence=("/seen",),
    )
