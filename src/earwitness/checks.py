"""Checks from the order to the store: understood, planned, carried out, kept, judged again.

A check is a run of kind ``check`` with a single event, which is its document. It is kept for later
reading only: what a check comes to does not depend on whether a store can be written. Nor does a
check that is not kept import one.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

import earwitness
from earwitness.check import kinds, runner, source_places
from earwitness.check.evidence import Evidence
from earwitness.check.finding import Finding, Severity
from earwitness.check.plan import Budget
from earwitness.check.runner import Check, Judge
from earwitness.check.source_places import SourceFile
from earwitness.check.target import Target, TargetKind
from earwitness.claims import registry
from earwitness.report import check_document, json
from earwitness.report.check_document import CheckDocument, PlanDocument

if TYPE_CHECKING:
    from earwitness.store.connection import Store
    from earwitness.store.runs import RunRecord


_REMEMBERED = 50
"""Checks that are kept, among which earlier ones of the same target are looked for."""


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


def order(
    address: str, claims: Sequence[str] = (), options: Mapping[str, str] | None = None
) -> Order:
    """The check of an address by these claims, or by all that know its kind of target.

    ``options``: what the kind does only when it is asked to, by name; a flag is "yes". Raises
    NotATarget, CannotCheck, UnknownClaim and BrokenClaim.
    """
    kind, target = kinds.recognise(address)
    asked = _own(kind, options or {})
    checks, budget = _with_options(kind, _chosen(kind, claims), asked)
    return Order(
        kind=kind,
        target=dataclasses.replace(target, options=asked),
        checks=checks,
        budget=budget,
    )


def carry_out(
    order: Order,
    fail_on: Severity,
    tell: Callable[[str], None],
    sources: Sequence[SourceFile] = (),
    earlier: Callable[[], Sequence[Evidence]] = tuple,
) -> CheckDocument:
    """Look at the target and judge what was seen; ``tell`` is told what happens.

    ``sources``: files in which the places of findings are looked for. ``earlier``: what earlier checks
    of the same target saw, where that is known; asked only when a claim wants to know.
    """
    evidence = runner.gather(
        order.kind,
        order.target,
        order.checks,
        budget=order.budget,
        version=earwitness.__version__,
        tell=tell,
    )
    return judged(runner.recalled(evidence, order.checks, earlier), fail_on, sources)


def earlier(store: "Store", target: Target) -> Sequence[Evidence]:
    """What the newest of the checks that are kept saw of that target, the newest first."""
    from earwitness.store import events, runs

    found: list[Evidence] = []
    for record in runs.every(store, claim=f"check:{target.kind}", most=_REMEMBERED):
        body = events.last(store, record.id)
        try:
            document = json.decode(body or "")
        except json.UnknownDocument:  # of another version, or cut short
            continue
        if isinstance(document, CheckDocument) and document.evidence.target == target.shown:
            found.append(document.evidence)
    return found


def keep(store: "Store", document: CheckDocument) -> "RunRecord":
    """Keep a check as a run."""
    from earwitness.store import events, runs

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


def document_of(store: "Store", record: "RunRecord") -> CheckDocument:
    """The check that a run is. Raises NothingRecorded when it ended before it was kept."""
    from earwitness.report.assembly import NothingRecorded
    from earwitness.store import events

    for _, body in events.read(store, record.id):
        document = json.decode(body)
        if isinstance(document, CheckDocument):
            return document
    raise NothingRecorded(record.message or "the check ended before it was kept")


def judged(
    evidence: Evidence, fail_on: Severity, sources: Sequence[SourceFile] = ()
) -> CheckDocument:
    """The evidence as the claims that are installed here judge it, placed in source files."""
    judgement = runner.judge(evidence, _judges(evidence.claims))
    if sources:
        placed = source_places.located(judgement.findings, sources)
        judgement = dataclasses.replace(judgement, findings=placed)
    return check_document.check_document(evidence, judgement, fail_on, earwitness.__version__)


def agree(one: CheckDocument, other: CheckDocument) -> bool:
    """Whether both say the same of the same evidence, wherever it stands in source files."""
    mine, theirs = (
        (document.outcome, [*map(_without_places, document.findings)], document.not_seen)
        for document in (one, other)
    )
    return mine == theirs


def _without_places(finding: Finding) -> Finding:
    return msgspec.structs.replace(finding, statement_places=(), table_places=())


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
    named: list[Check] = []
    for id in dict.fromkeys(claims):
        of_kind = [check for check in registry.find(id).checks if check.kind == kind.name]
        if not of_kind:
            raise CannotCheck(f"claim {id} looks for nothing in a target of kind {kind.name}")
        named += of_kind
    return named


def _own(kind: TargetKind, options: Mapping[str, str]) -> Mapping[str, str]:
    """The options, all of which are the kind's own and go together. Raises CannotCheck."""
    own = {option.name for option in kind.options}
    for name in options:
        if name not in own:
            raise CannotCheck(f"--{name} means nothing to a target of kind {kind.name}")
    try:
        kind.demand(options)
    except ValueError as problem:
        raise CannotCheck(str(problem)) from None
    return options


def _with_options(
    kind: TargetKind, checks: Sequence[Check], asked: Mapping[str, str]
) -> tuple[Sequence[Check], Budget]:
    """The checks with what was asked for, and the budget with what this takes. Raises CannotCheck."""
    for name, value in asked.items():
        try:
            known = any(check.knows(name, value) for check in checks)
        except ValueError as problem:
            raise CannotCheck(f"--{name}: {problem}") from None
        if not known:
            raise CannotCheck(f"--{name} means nothing to the claims that were chosen")
    larger = [check.with_options(asked) for check in checks]
    added = [step for check in larger for step in check.plan]
    for step in [step for check in checks for step in check.plan]:
        added.remove(step)
    seconds = sum(step.seconds for step in added)
    seconds += sum(option.seconds for option in kind.options if option.name in asked)
    steps = sum(step.times for step in added)
    budget = kind.budget
    return larger, msgspec.structs.replace(
        budget, seconds=budget.seconds + seconds, steps=budget.steps + steps
    )
