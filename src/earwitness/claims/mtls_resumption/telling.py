"""Who got in: by comparison with what is said to those who are known to, and to those who are not. Pure.

Nothing is concluded from a handshake or a status alone. A visitor got in where it was told what the
right certificate is told, and where a visitor without one is told something else.
"""

from collections.abc import Iterator, Sequence

from earwitness.check.evidence import Unseen
from earwitness.claims.mtls_resumption.evidence import Admission, Baseline, Returned, Seen

_CLAIM = "mtls-resumption"
_FIRST_REFUSAL = 400
"""From this status on, HTTP says no (RFC 9110, 15.5)."""


def of(baselines: Sequence[Baseline], version: str, name: str | None) -> Baseline | None:
    """The baseline of a host with a version; None when it was not looked at."""
    return next((b for b in baselines if (b.version, b.name) == (version, name)), None)


def same(one: Seen, other: Seen) -> bool:
    """Whether both were told the same."""
    return bool(one.status) and (one.status, one.body) == (other.status, other.body)


def lets_in(baseline: Baseline) -> bool:
    """Whether the certificate that was given opens the host, each time."""
    return all(one.status and not _says_no(one) for one in baseline.admitted)


def is_steady(baseline: Baseline) -> bool:
    """Whether the host says the same each time, so that what it says can be told from others."""
    return all(same(one, baseline.admitted[0]) for one in baseline.admitted)


def admitted(seen: Seen, baseline: Baseline) -> bool:
    """Whether the visitor was told what the certificate that opens the host is told.

    Where that changes from visit to visit, the status has to do; but not to tell hosts apart.
    """
    if not lets_in(baseline):
        return False
    if is_steady(baseline):
        return same(seen, baseline.admitted[0])
    return seen.status == baseline.admitted[0].status


def got_in(seen: Seen, baseline: Baseline) -> bool:
    """Whether the visitor got in at its own host.

    There, a status that only the right certificate is given says enough: answers may name who asks,
    or how often a certificate was looked at.
    """
    others = (baseline.alone, baseline.stranger)
    return lets_in(baseline) and is_told_like(seen, baseline.admitted[0], others)


def is_told_like(seen: Seen, right: Seen, others: Sequence[Seen]) -> bool:
    """Whether it is told what the right one is, or given a status that others are not."""
    if same(seen, right):
        return True
    return bool(seen.status) and seen.status == right.status not in {o.status for o in others}


def is_back(one: Returned, seen: Seen) -> bool:
    """Whether a visitor is told now what the certificate was told in the earlier check."""
    return is_told_like(seen, one.before, (one.alone,))


def is_guarded(baseline: Baseline) -> bool:
    """Whether those without the right certificate are told something else."""
    return lets_in(baseline) and not any(
        admitted(seen, baseline) for seen in (baseline.alone, baseline.stranger)
    )


def unlike(one: Baseline, other: Baseline) -> bool:
    """Whether the two hosts can be told apart by what they say."""
    return is_steady(one) and is_steady(other) and not same(one.admitted[0], other.admitted[0])


def untold(seen: Admission) -> tuple[Unseen, ...]:
    """Where nothing can be concluded, and why."""
    return tuple(dict.fromkeys(_untold(seen)))


def _untold(seen: Admission) -> Iterator[Unseen]:
    for baseline in seen.baselines:
        host = f"{baseline.name or 'no name'}, TLS {baseline.version}"
        first, last = baseline.admitted[0], baseline.admitted[-1]
        if not lets_in(baseline) and lets_in_at_first(baseline):
            reason = f"{host}: the certificate was let in at first, and at the end not any more ({words(last)})"
            yield Unseen(claim=_CLAIM, what="who gets in", reason=reason)
        elif not lets_in(baseline):
            reason = f"{host}: the certificate that was given is not let in ({words(first)})"
            yield Unseen(
                claim=_CLAIM, what="who gets in", reason=reason, needs="a certificate that opens it"
            )


def lets_in_at_first(baseline: Baseline) -> bool:
    """Whether the certificate opened the host when the check began."""
    return all(one.status and not _says_no(one) for one in baseline.admitted[:2])


def words(seen: Seen) -> str:
    """How it ended."""
    return f"status {seen.status}" if seen.status else seen.refusal or "silence"


def _says_no(seen: Seen) -> bool:
    """Whether the protocol itself refuses: an error of HTTP, PostgreSQL, MQTT or Redis."""
    status = seen.status
    if status.isdigit():
        return int(status) >= _FIRST_REFUSAL
    if status.startswith("CONNACK"):
        return status != "CONNACK 0"
    return status.startswith(("E", "-"))
