"""Who got in: by comparison with what is said to those who are known to, and to those who are not. Pure.

Nothing is concluded from a handshake or a status alone. A visitor got in where it was told what the
right certificate is told, and where a visitor without one is told something else.
"""

import re
from collections.abc import Iterator, Sequence

from earwitness.check.evidence import Unseen
from earwitness.claims.mtls_resumption.evidence import Admission, Baseline, Resumed, Returned, Seen

_CLAIM = "mtls-resumption"
_REDIRECT = re.compile(r"3\d\d")
_FIRST_REFUSAL = 400
"""From this status on, HTTP says no (RFC 9110, 15.5)."""
_REFUSALS = re.compile(
    r"40[0137]|421|49[56]"  # HTTP (RFC 9110, 15.5), and what nginx says of certificates
    r"|E 28\w{3}"  # PostgreSQL: invalid authorization specification
    r"|CONNACK [245]"  # MQTT 3.1.1, 3.2.2.3
    r"|-(?:NOAUTH|WRONGPASS|NOPERM)"  # Redis
)
"""What is said to somebody in particular; other errors are those of a server in trouble, or of a path."""
_SERVER_IN_TROUBLE = re.compile(r"5\d\d|E (?:53|57)\w{3}|CONNACK 3|-(?:LOADING|BUSY|MASTERDOWN)")


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
    right, others = baseline.admitted[0], (baseline.alone, baseline.stranger)
    if is_redirect(right) and is_steady(baseline):
        return same(seen, right)
    return lets_in(baseline) and is_told_like(seen, right, others)


def is_redirect(seen: Seen) -> bool:
    """Whether it is sent elsewhere, where all may be decided that is not decided here."""
    return _REDIRECT.fullmatch(seen.status) is not None


def is_proof(seen: Seen, others: Sequence[Seen]) -> bool:
    """Whether being told so says that somebody got in: a redirect, or nothing at all, does not."""
    said = bool(seen.body) or seen.status not in {one.status for one in others}
    return said and not is_redirect(seen)


def is_proved_in(seen: Seen, baseline: Baseline) -> bool:
    """Whether the visitor got in at its own host, beyond doubt."""
    others = (baseline.alone, baseline.stranger)
    return got_in(seen, baseline) and is_proof(seen, others)


def is_told_like(seen: Seen, right: Seen, others: Sequence[Seen]) -> bool:
    """Whether it is told what the right one is, or given a status that others are not."""
    if same(seen, right):
        return True
    return bool(seen.status) and seen.status == right.status not in {o.status for o in others}


def is_back(one: Returned, seen: Seen) -> bool:
    """Whether a visitor is told now what the certificate was told in the earlier check."""
    if _says_no(one.before):
        return False
    if is_redirect(one.before):
        return same(seen, one.before)
    return is_told_like(seen, one.before, (one.alone,))


def is_turned_away(one: Returned, seen: Seen) -> bool:
    """Whether a visitor who comes back is refused, and not only told something else than then.

    By silence or an alert, by a status that says so, or with the words for those who have no
    certificate, where these are the same as then: a server that is being changed or is in trouble
    has other words for everybody.
    """
    if not seen.status or _REFUSALS.fullmatch(seen.status):
        return True
    steady = one.alone_before is None or same(one.alone, one.alone_before)
    return same(seen, one.alone) and steady and not _SERVER_IN_TROUBLE.fullmatch(seen.status)


def came_back(one: Returned) -> bool:
    """Whether the session was taken and told what the certificate was told, and nobody else is."""
    return (
        one.resumed.resumed
        and is_back(one, one.resumed)
        and is_proof(one.resumed, (one.alone,))
        and not same(one.alone, one.before)
    )


def unproved(one: Returned) -> tuple[str, str]:
    """Why coming back proves nothing, and what is needed for a proof; both empty where it does."""
    if _says_no(one.before):
        reason = f"the certificate was not let in then either ({words(one.before)})"
        return reason, "sessions of a certificate that is let in"
    if is_back(one, one.full):
        reason = "the certificate itself is still let in"
        return reason, "revoke it, have the server take the new list, and come again"
    steady = "a --path whose answer stays the same, sessions kept of it, and a revocation"
    if not is_turned_away(one, one.full):
        reason = (
            f"the certificate is not refused, but told something else than then ({words(one.full)})"
        )
        return reason, steady
    if not came_back(one) and not is_turned_away(one, one.resumed):
        reason = (
            "the certificate is refused, and its session is neither refused nor told what was said "
            f"then ({words(one.resumed)})"
            if not is_back(one, one.resumed)
            else f"the certificate is refused, and what its session is told says too little ({words(one.resumed)})"
        )
        return reason, steady
    return "", ""


def is_guarded(baseline: Baseline) -> bool:
    """Whether those without the right certificate are told something else."""
    return lets_in(baseline) and not any(
        admitted(seen, baseline) for seen in (baseline.alone, baseline.stranger)
    )


def unlike(one: Baseline, other: Baseline) -> bool:
    """Whether the two hosts can be told apart by what they say."""
    return is_steady(one) and is_steady(other) and not same(one.admitted[0], other.admitted[0])


def untaken(seen: Admission) -> tuple[Resumed, ...]:
    """The ways to resume of hosts that gave sessions, to be presented several times, and took none."""
    taken = {one.name for one in seen.resumed if any(visit.resumed for visit in one.tries)}
    return tuple(
        one for one in seen.resumed if one.offered and len(one.tries) > 1 and one.name not in taken
    )


def untold(seen: Admission) -> tuple[Unseen, ...]:
    """Where nothing can be concluded, and why."""
    return tuple(dict.fromkeys((*_untold(seen), *_untaken(seen))))


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
    for visit in seen.revoked:
        own = of(seen.baselines, visit.version, visit.name)
        for who, told in (("it", visit.full), ("its session", visit.resumed)):
            if (
                own
                and told
                and is_guarded(own)
                and got_in(told, own)
                and not is_proved_in(told, own)
            ):
                yield Unseen(
                    claim=_CLAIM,
                    what="whether the revoked certificate gets in",
                    reason=f"{visit.name or 'no name'}, TLS {visit.version}: {who} is told what the right one "
                    f"is told, and that says too little ({words(told)})",
                    needs="a --path that answers with a page",
                )


def _untaken(seen: Admission) -> Iterator[Unseen]:
    for name in dict.fromkeys(one.name for one in untaken(seen)):
        tries = sum(len(one.tries) for one in untaken(seen) if one.name == name)
        reason = (
            f"{name or 'no name'}: sessions were given, and 0 of {tries} were taken: nothing is resumed "
            "there, or several servers take turns"
        )
        yield Unseen(claim=_CLAIM, what="what sessions open", reason=reason, essential=False)


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
