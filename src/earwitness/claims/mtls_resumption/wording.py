"""How the judges of this claim word what they found: one shape for all findings."""

from collections.abc import Iterable

from earwitness.check.finding import Finding, Location, Severity

_CLAIM = "mtls-resumption"


def finding(
    sort: str,
    severity: Severity,
    title: str,
    *,
    statement: str,
    fix: str,
    where: Location | None = None,
    evidence: tuple[str, ...] = (),
    learn_more: str = "",
) -> Finding:
    """A finding of this claim."""
    return Finding(
        id=f"{_CLAIM}/{sort}",
        claim=_CLAIM,
        severity=severity,
        title=title,
        statement=statement,
        fix=fix,
        location=where,
        evidence=evidence,
        learn_more=learn_more,
    )


def at(name: str | None) -> Location:
    """The host that a finding is about."""
    return Location(kind="host", name=name or "no name")


def spoken(version: str, memory: bool) -> str:
    """Version of TLS and where its sessions are."""
    if version == "1.3":
        return "TLS 1.3"
    return "TLS 1.2 from the server's memory" if memory else "TLS 1.2 by ticket"


def listed(words: Iterable[str]) -> str:
    """The words with commas, and an "and" before the last, each once."""
    each = list(dict.fromkeys(words))
    return each[0] if len(each) == 1 else f"{', '.join(each[:-1])} and {each[-1]}" if each else ""
