"""Checks from the order to the store: understood, planned, carried out, kept, judged again.

A check is a run of kind ``check`` with a single event, which is its document. It is kept for later
reading only: what a check comes to does not depend on whether a store can be written.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

import earwitness
from earwitness.check import kinds, runner
from earwitness.check.evidence import Evidence
from earwitness.check.finding import Severity
from earwitness.check.plan import Budget
from earwitness.check.runner import Check, Judge
from earwitness.check.target import Target, TargetKind
from earwitness.claims import registry
from earwitness.report import check_document, json
from earwitness.report.assembly import NothingRecorded
from earwitness.report.check_document import CheckDocument, PlanDocument
from earwitness.store import events, runs
from earwitness.store.connection import Store
from earwitness.store.runs import RunRecord

SAMPLING_SECONDS = (1.0, 300.0)
"""Least and most; a transaction stays open for as long."""


class CannotCheck(ValueError):
    """The claims that were chosen cannot look at that target, or not in that way."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be checked, for what, and what it may cost."""

    kind: TargetKind
    target: Target
    checks: Sequence[Check]
    budget: Budget

    @property
    def plan(self) -> PlanDocument:
        """Every step that it would take; nothing is connected to."""
        steps = [check.planned for check in self.checks]
        return check_document.plan_document(self.kind, self.target, steps, self.budget)


def order(address: str, claims: Sequence[str] = (), sampling: float | None = None) -> Order:
    """The check of an address by these claims, or by all that know its kind of target.

    ``sampling``: sample waits as well, for so many seconds. Raises NotATarget, CannotCheck,
    UnknownClaim and BrokenClaim.
    """
    kind, target = kinds.recognise(address)
    checks, budget = _sampling(_chosen(kind, claims), kind.budget, sampling)
    return Order(kind=kind, target=target, checks=checks, budget=budget)


def carry_out(order: Order, fail_on: Severity, tell: Callable[[str], None]) -> CheckDocument:
    """Look at the target and judge what was seen; ``tell`` is told what happens."""
    version = earwitness.__version__
    evidence = runner.gather(
        order.kind, order.target, order.checks, budget=order.budget, version=version, tell=tell
    )
    judgement = runner.judge(evidence, {check.claim: check.judge for check in order.checks})
    return check_document.check_document(evidence, judgement, fail_on, version)


def keep(store: Store, document: CheckDocument) -> RunRecord:
    """Keep a check as a run."""
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
    return runs.find(store, record.id)


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


def _judges(claims: Iterable[str]) -> dict[str, Judge]:
    """The judges of those claims that are installed; why others cannot is told."""
    judges = {}
    for id in claims:
        try:
            judges[id] = registry.find(id).judge
        except (registry.UnknownClaim, registry.BrokenClaim) as problem:
            print(problem, file=sys.stderr)
    return judges


def _chosen(kind: TargetKind, claims: Sequence[str]) -> Sequence[Check]:
    """What is looked for: the claims that were named, else all that know this kind of target."""
    if not claims:
        found, broken = registry.checks(kind.name)
        for problem in broken.values():
            print(problem, file=sys.stderr)
        if not found:
            raise CannotCheck(f"no claim installed here looks at a target of kind {kind.name}")
        return found
    named = {id: registry.find(id).check for id in dict.fromkeys(claims)}
    for id, one in named.items():
        if one is None or one.kind != kind.name:
            raise CannotCheck(f"claim {id} looks for nothing in a target of kind {kind.name}")
    return [one for one in named.values() if one is not None]


def _sampling(
    checks: Sequence[Check], budget: Budget, seconds: float | None
) -> tuple[Sequence[Check], Budget]:
    """The checks and the budget with so many seconds of sampling; None: as they are."""
    if seconds is None:
        return checks, budget
    least, most = SAMPLING_SECONDS
    if not least <= seconds <= most:
        raise CannotCheck("waits are sampled from 1s to 5m")
    if all(check.sampling is None for check in checks):
        raise CannotCheck("no claim that was chosen samples waits")
    longer = msgspec.structs.replace(budget, seconds=budget.seconds + seconds)
    return [check.sampled(seconds) for check in checks], longer
