"""What all findings of this claim have in common. Pure."""

from collections.abc import Sequence

from earwitness.check.finding import Finding, Location, Severity

CLAIM = "fsync"
NOT_A_PROOF = "That is no proof that the device keeps what it has called flushed: only pulling its "
NOT_A_PROOF += "plug can show that it does not, and nothing can show that it always does."


def finding(
    sort: str,
    severity: Severity,
    title: str,
    *,
    statement: str,
    fix: str,
    where: Location | None = None,
    evidence: tuple[str, ...],
    learn_more: str = "",
) -> Finding:
    """A finding of this claim of the given sort."""
    return Finding(
        id=f"{CLAIM}/{sort}",
        claim=CLAIM,
        severity=severity,
        title=title,
        statement=statement,
        fix=fix,
        location=where,
        evidence=evidence,
        learn_more=learn_more,
    )


def swallowed(suspects: Sequence[str], pointer: str) -> tuple[Finding, ...]:
    """The finding on libraries that make fsync do nothing; none when none was seen."""
    if not suspects:
        return ()
    return (
        finding(
            "sync-swallowed",
            Severity.CRITICAL,
            "A library makes fsync do nothing",
            statement=f"{', '.join(suspects)} is loaded by processes at work there, or by all of this "
            "machine (/etc/ld.so.preload): what they call flushed is in the page cache.",
            fix="Start them without it.",
            evidence=(pointer,),
        ),
    )


def account(said: str, evidence: tuple[str, ...]) -> Finding:
    """What was counted, where another finding keeps it from being said with the ending."""
    return finding(
        "counted",
        Severity.INFO,
        "What was counted meanwhile",
        statement=said,
        fix="Nothing to do.",
        evidence=evidence,
    )
