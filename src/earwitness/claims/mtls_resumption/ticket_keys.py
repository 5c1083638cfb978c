"""Which key seals tickets: whether hosts share it, and since when it has been in use. Pure.

OpenSSL, and those that follow RFC 5077, 4, begin a ticket with the name of its key: 16 bytes drawn at
random together with the key. Only a digest of the name is kept. It can be compared with that of a later
check and not be turned back: nobody tries out 2^128 names, so it needs no salt. The name itself opens
nothing, but would tie records of other places together.

Other tickets begin at random. Two of one check that begin the same have a key with a name; where all
differ, nothing is known of their keys.
"""

import contextlib
import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from earwitness.check.evidence import Unseen
from earwitness.check.finding import Finding, Severity
from earwitness.claims.mtls_resumption.evidence import Admission, KnownKey
from earwitness.claims.mtls_resumption.wording import at, finding, listed

_CLAIM = "mtls-resumption"
_DIGEST_CHARACTERS = 16
_ALIKE = 2
"""Tickets of one check that begin the same, so that this is no accident."""
_OLD = dt.timedelta(days=1)
"""From this age on a key should have been replaced."""
_FIX = "Replace ticket keys at least daily, and with each list of revoked certificates."


def digest(name: bytes | None) -> str:
    """Of what a ticket begins with; empty without one."""
    if name is None:
        return ""
    return hashlib.sha256(b"ticket key name" + name).hexdigest()[:_DIGEST_CHARACTERS]


class Beginnings:
    """How the tickets of a check begin, host by host."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str | None], Counter[str]] = {}

    def note(self, version: str, host: str | None, name: bytes | None) -> None:
        """Another ticket that a full handshake gave."""
        if name is not None:
            self._seen.setdefault((version, host), Counter())[digest(name)] += 1

    def key(self, version: str, host: str | None, name: bytes | None) -> str:
        """The digest of a ticket's key; empty where its beginning is no name of one."""
        found = digest(name)
        return found if self._seen.get((version, host), Counter())[found] >= _ALIKE else ""

    def nameless(self) -> Iterator[Unseen]:
        """Hosts of whose ticket keys nothing is known, because all their tickets begin differently."""
        for (version, host), counted in self._seen.items():
            if counted.total() >= _ALIKE and max(counted.values()) < _ALIKE:
                reason = (
                    f"{host or 'no name'}, TLS {version}: each ticket begins differently, so that "
                    "their keys have no names"
                )
                what = "how long a ticket key has been in use"
                yield Unseen(claim=_CLAIM, what=what, reason=reason, essential=False)


def recall(now: Any, when: dt.datetime, earlier: Iterable[tuple[dt.datetime, Any]]) -> Any:
    """The evidence of a check, with what earlier checks of the same target say of its keys.

    All are evidence of this claim as JSON has it; earlier ones that cannot be read any more are passed
    over.
    """
    seen: Admission = msgspec.convert(now, Admission)
    here = {one.ticket_key for one in seen.resumed if one.ticket_key}
    since: dict[str, dt.datetime] = {}
    for then, evidence in earlier:
        for key, first in _sightings(then, evidence):
            if key in here:
                since[key] = min(first, since.get(key, first))
    known = tuple(
        KnownKey(digest=key, since=first, age_seconds=(when - first).total_seconds())
        for key, first in sorted(since.items())
    )
    return msgspec.to_builtins(replace(seen, known_keys=known))


def _sightings(then: dt.datetime, evidence: Any) -> Iterator[tuple[str, dt.datetime]]:
    """Digests of keys, and when they were seen: in that check, or by its own word before it."""
    with contextlib.suppress(msgspec.ValidationError):
        before: Admission = msgspec.convert(evidence, Admission)
        yield from ((one.ticket_key, then) for one in before.resumed)
        yield from ((key.digest, key.since) for key in before.known_keys)


def findings(seen: Admission) -> Iterator[Finding]:
    """All that there is to say of ticket keys."""
    yield from _shared(seen)
    yield from _unchanged(seen)
    if any(one.same_ticket_key for one in seen.returned):
        age = max(one.age_seconds for one in seen.returned)
        yield _finding_unchanged("Tickets", f"{age:,.0f} s ago", age, "/returned")


def _shared(seen: Admission) -> Iterator[Finding]:
    hosts: dict[str, list[str]] = {}
    for one in seen.resumed:
        if one.ticket_key:
            hosts.setdefault(one.ticket_key, []).append(one.name or "no name")
    for names in hosts.values():
        several = list(dict.fromkeys(names))
        if len(several) > 1:
            yield finding(
                "shared-ticket-key",
                Severity.INFO,
                "Several hosts share a ticket key",
                statement=f"Tickets of {listed(several)} begin with the name of the same key. A session of "
                "one can then be read by the others; whether it is let in there is a finding of its own.",
                fix="Keys of its own for each client authority.",
                evidence=("/resumed",),
            )


def _unchanged(seen: Admission) -> Iterator[Finding]:
    for key in seen.known_keys:
        names = [one.name or "no name" for one in seen.resumed if one.ticket_key == key.digest]
        since = f"on {key.since:%Y-%m-%d at %H:%M} UTC, {_long(key.age_seconds)} ago"
        yield _finding_unchanged(
            f"Tickets of {listed(names)}", since, key.age_seconds, "/known_keys", names
        )


def _finding_unchanged(
    whose: str, since: str, age: float, evidence: str, names: Sequence[str] = ()
) -> Finding:
    return finding(
        "ticket-key-unchanged",
        Severity.LOW if age >= _OLD.total_seconds() else Severity.INFO,
        "The ticket key is the one of an earlier check",
        statement=f"{whose} begin with the name of the same key as {since}. Whoever gets that key reads "
        "all that was sent with its tickets, and opens what they open.",
        fix=_FIX,
        where=at(names[0]) if len(set(names)) == 1 else None,
        evidence=(evidence,),
    )


def _long(seconds: float) -> str:
    days, hours = seconds / 86_400, seconds / 3600
    return (
        f"{days:,.0f} days"
        if days >= 2
        else f"{hours:.0f} h"
        if hours >= 2
        else f"{seconds:,.0f} s"
    )
