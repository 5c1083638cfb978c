"""What all findings of this claim have in common. Pure."""

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
