"""How checks and their findings are said; the same in every format.

Pure functions from documents to plain text. No markup, no colour, no clock.
"""

from collections import Counter
from collections.abc import Mapping

from earwitness.check.evidence import Unseen
from earwitness.check.finding import Finding, Severity
from earwitness.check.plan import Budget, Step
from earwitness.check.wording import count
from earwitness.report.check_document import CheckDocument
from earwitness.report.quantities import duration

PLACES = 10
"""Of a finding in source files, that are named in a sentence."""
_OUTCOMES: Mapping[str, str] = {
    "clear": "nothing is {severity} or worse",
    "found": "something is {severity} or worse",
    "unseen": "something essential could not be seen",
}


def visible(text: str) -> str:
    """The text with what is no printable character written as an escape.

    Names come from the target, and a name may hold anything: also what a terminal would obey, or
    what XML does not have.
    """
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def about(document: CheckDocument) -> str:
    """What the target is: ``PostgreSQL 18.4, primary, direct, pg_monitor``; its version first."""
    facts = sorted(document.facts.items(), key=lambda fact: (fact[0] != "version", fact[0]))
    return ", ".join(value for _, value in facts) or "not reached"


def place(finding: Finding) -> str:
    """Where it is: ``table public.orders``; empty when it is nowhere in particular."""
    location = finding.location
    return "" if location is None else f"{location.kind} {location.name}"


def source(finding: Finding) -> str:
    """Where to look for it in source files: ``db/orders.sql:12, app/list.py:30``."""
    places = [f"{place.file}:{place.line}" for place in finding.source_places]
    more = len(places) - PLACES
    return ", ".join(places[:PLACES]) + (f" and {more:,} more" if more > 0 else "")


def tally(findings: tuple[Finding, ...]) -> str:
    """How many of each severity: ``1 high, 3 low``."""
    numbers = Counter(finding.severity for finding in findings)
    said = [f"{numbers[severity]} {severity}" for severity in Severity if numbers[severity]]
    return ", ".join(said) or "no findings"


def ending(document: CheckDocument) -> str:
    """The last line: the tally, what it comes to, and what it cost."""
    comes_to = _OUTCOMES[document.outcome].format(severity=document.fail_on)
    return f"{tally(document.findings)}: {comes_to} ({cost(document)})"


def cost(document: CheckDocument) -> str:
    """What the check took from its target: ``2 reads, 307 rows, 24 ms``."""
    evidence = document.evidence
    rows = sum(read.rows for read in evidence.reads)
    said = (count(len(evidence.reads), "read"), count(rows, "row"), duration(evidence.seconds))
    return ", ".join(said)


def unseen(one: Unseen) -> str:
    """What was not seen, why, and what would show it."""
    return f"{one.claim}: {missed(one)}"


def missed(one: Unseen) -> str:
    """The same without the claim."""
    optional = "" if one.essential else " (not essential)"
    return f"{one.what}{optional}: {one.reason}{needs(one)}"


def needs(one: Unseen) -> str:
    """What would show it, to follow the reason."""
    return f"; to see it: {one.needs}" if one.needs else ""


def purpose(step: Step) -> str:
    """What a step is for, and how often it is sent where that is more than once."""
    return step.purpose if step.times == 1 else f"{step.purpose} (at most {step.times} times)"


def budget(limits: Budget) -> str:
    """What a session may cost."""
    planned = ""
    if limits.plannings:
        within = f" in {duration(limits.planning_seconds)}" if limits.planning_seconds else ""
        planned = f", {count(limits.plannings, 'planned statement')}{within}"
    return (
        f"at most {count(limits.steps, 'read')}{planned} and {count(limits.rows, 'row')} in "
        f"{duration(limits.seconds)}; {duration(limits.step_seconds)} for each read, "
        f"{duration(limits.lock_seconds)} waiting for a lock"
    )
