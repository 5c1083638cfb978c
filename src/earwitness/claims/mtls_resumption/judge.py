"""From what the probe of this claim saw to findings. Pure.

A finding says that somebody got in who should not, and that is known by comparison only: what the
visitor was told is what the right certificate is told at that host, and not what others are.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from earwitness.check.finding import Finding, Severity
from earwitness.check.wording import count
from earwitness.claims.mtls_resumption import fixes, judge_hosts, telling, ticket_keys
from earwitness.claims.mtls_resumption.evidence import Admission, Baseline, Resumed
from earwitness.claims.mtls_resumption.wording import at, finding, listed, spoken

RESUMPTION = "https://www.rfc-editor.org/rfc/rfc8446#section-2.2"
EARLY_DATA = "https://www.rfc-editor.org/rfc/rfc8446#section-2.3"


def judge(evidence: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Findings for the evidence, as JSON has it. msgspec.ValidationError when it is none."""
    seen: Admission = msgspec.convert(evidence, Admission)
    found = (
        *_not_enforced(seen),
        *_resumed(seen),
        *_renewed(seen),
        *_early(seen),
        *_revoked(seen),
        *_returned(seen),
        *_dwelt(seen),
        *judge_hosts.findings(seen),
        *ticket_keys.findings(seen),
    )
    return (*(found or _nothing(seen)), *_over_quic(seen), *_kept(seen))


def _not_enforced(seen: Admission) -> Iterator[Finding]:
    for name, baselines in _by_host(seen).items():
        open_ = [
            one
            for one in baselines
            if telling.lets_in(one) and not one.open_to_all and not telling.is_guarded(one)
        ]
        if open_:
            steady = [one for one in open_ if telling.is_steady(one)]
            first = (steady or open_)[0]
            who = "none at all" if telling.admitted(first.alone, first) else "a made-up one"
            told = telling.words(first.admitted[0])
            said = (
                f"is told what the right certificate is told ({told}, and the same answer)."
                if steady
                else f"is given the same status as the right certificate ({told}); what is said besides it "
                "changes each time, so that it may be something else. A `--path` whose answer stays the "
                "same says more."
            )
            yield finding(
                "not-enforced",
                Severity.HIGH if steady else Severity.MEDIUM,
                "The client certificate is not enforced"
                if steady
                else "The client certificate may not be enforced",
                statement=f"With {listed(f'TLS {one.version}' for one in steady or open_)} a visitor with "
                f"{who} {said}",
                fix=fixes.enforcement(seen.server),
                where=at(name),
                evidence=("/baselines",),
            )


def _resumed(seen: Admission) -> Iterator[Finding]:
    for name, ways in _admitting(seen).items():
        said = listed(map(_way, ways))
        lives = [one.lifetime_seconds for one in ways if one.lifetime_seconds]
        life = (
            f"up to {max(lives):,} s by the server's own word"
            if lives
            else "as long as it keeps it"
        )
        yield finding(
            "resumed-without-certificate",
            Severity.MEDIUM,
            "A session gets in without its certificate",
            statement=f"A visitor with a session and no certificate was told what the certificate is told: "
            f"{said}. A client that is revoked meanwhile keeps access for {life}, unless the server looks "
            "at its list again when a session is resumed. That, only a revocation can show: "
            "`--save-session`, revoke, `--resume-session`.",
            fix=fixes.resumption(seen.server),
            where=at(name),
            evidence=("/resumed", "/baselines"),
            learn_more=RESUMPTION,
        )


def _renewed(seen: Admission) -> Iterator[Finding]:
    dwelt = {one.name for one in seen.dwelt}
    for name, ways in _admitting(seen).items():
        if any(one.renewed for one in ways) and name not in dwelt:
            yield finding(
                "renewed-on-resumption",
                Severity.LOW,
                "A resumed session gives a new ticket",
                statement="Each resumed connection gave a new ticket. Where that begins a new life, a "
                "client that comes back in time stays for ever; many servers let the new ticket end "
                "with the old one. From here the two look the same.",
                fix="`--dwell` shows which it is, in a little more than the life of one ticket.",
                where=at(name),
                evidence=("/resumed",),
            )


def _early(seen: Admission) -> Iterator[Finding]:
    for one in seen.early:
        own = telling.of(seen.baselines, "1.3", one.name)
        if not one.taken or one.seen is None or own is None or own.open_to_all:
            continue
        if telling.got_in(one.seen, own) and telling.is_guarded(own):
            yield finding(
                "early-data",
                Severity.MEDIUM,
                "A request in early data is answered on the word of a session",
                statement="The server took early data with a session and no certificate, and answered as it "
                "answers the certificate. Early data can be sent again by whoever recorded it, and a revoked "
                "client sends it as well.",
                fix=fixes.early(seen.server),
                where=at(one.name),
                evidence=("/early",),
                learn_more=EARLY_DATA,
            )


def _revoked(seen: Admission) -> Iterator[Finding]:
    for name in dict.fromkeys(one.name for one in seen.revoked):
        visits = [one for one in seen.revoked if one.name == name]
        judged = [(one, telling.of(seen.baselines, one.version, name)) for one in visits]
        guarded = [(one, own) for one, own in judged if own and telling.is_guarded(own)]
        accepted = [one for one, own in guarded if telling.is_proved_in(one.full, own)]
        resumed = [
            one
            for one, own in guarded
            if one.resumed
            and one.resumed.resumed
            and telling.is_proved_in(one.resumed, own)
            and not telling.got_in(one.full, own)
        ]
        if accepted:
            yield finding(
                "revoked-accepted",
                Severity.CRITICAL,
                "A revoked certificate gets in",
                statement=f"The certificate that was named as revoked is told what the right one is told, in "
                f"a full handshake with {listed(f'TLS {one.version}' for one in accepted)}.",
                fix=fixes.lists(seen.server),
                where=at(name),
                evidence=("/revoked", "/baselines"),
            )
        if resumed:
            yield finding(
                "revoked-resumed",
                Severity.CRITICAL,
                "A revoked certificate is refused, and its session gets in",
                statement=f"With {listed(f'TLS {one.version}' for one in resumed)} the revoked certificate was "
                f"refused ({telling.words(resumed[0].full)}), and the session that this very visit gave "
                "was then told what the right certificate is told.",
                fix=fixes.resumption(seen.server),
                where=at(name),
                evidence=("/revoked", "/baselines"),
                learn_more=RESUMPTION,
            )


def _returned(seen: Admission) -> Iterator[Finding]:
    for name in dict.fromkeys(one.name for one in seen.returned):
        came = [one for one in seen.returned if one.name == name]
        refused = [
            one
            for one in came
            if telling.is_turned_away(one, one.full) and not telling.is_back(one, one.full)
        ]
        inside = [one for one in refused if telling.came_back(one)]
        if inside:
            yield finding(
                "outlives-revocation",
                Severity.CRITICAL,
                "A session outlives the revocation of its certificate",
                statement=f"The certificate is refused now ({telling.words(inside[0].full)}), and a session "
                f"that it got {max(one.age_seconds for one in inside):,.0f} s ago is still told what the "
                f"certificate was told then: {listed(f'TLS {one.version}' for one in inside)}, "
                f"{len(inside)} of {len(refused)} sessions.",
                fix=fixes.resumption(seen.server),
                where=at(name),
                evidence=("/returned",),
                learn_more=RESUMPTION,
            )
        elif not any(telling.unproved(one)[0] for one in came):
            yield finding(
                "revocation-reaches-sessions",
                Severity.INFO,
                "Sessions end with the revocation of their certificate",
                statement=f"The certificate is refused now, and so are all {len(refused)} sessions that it got "
                f"before ({telling.words(refused[0].resumed)}).",
                fix="Nothing. A ticket that had come to the end of its life would look the same: come back "
                "soon after a revocation.",
                where=at(name),
                evidence=("/returned",),
            )


def _dwelt(seen: Admission) -> Iterator[Finding]:
    for one in seen.dwelt:
        if one.alive:
            yield finding(
                "renewed-without-end",
                Severity.HIGH,
                "A session that is renewed outlives its ticket",
                statement=f"A ticket is good for {one.lifetime_seconds:,} s. Renewed {one.renewals} times, the "
                f"session was still let in after {one.seconds:,.0f} s: a revoked client that comes back in "
                "time stays for ever.",
                fix=fixes.resumption(seen.server),
                where=at(one.name),
                evidence=("/dwelt",),
            )
        else:
            yield finding(
                "renewed-within-bounds",
                Severity.INFO,
                "Renewing a session does not prolong it",
                statement=f"Renewed {one.renewals} times, the session ended after {one.seconds:,.0f} s; its "
                f"first ticket was good for {one.lifetime_seconds:,} s.",
                fix="Nothing.",
                where=at(one.name),
                evidence=("/dwelt",),
            )


def _nothing(seen: Admission) -> Iterator[Finding]:
    guarded = [one for one in seen.baselines if telling.is_guarded(one)]
    if guarded:
        untaken = telling.untaken(seen)
        who = (
            "neither without certificate, nor with a made-up one, nor with a session alone."
            if not untaken
            else "neither without certificate, nor with a made-up one. Of sessions nothing is known: some "
            f"were given, and none was taken: {listed(map(_way, untaken))}. That also happens where several "
            "servers with keys of their own take turns."
        )
        yield finding(
            "nothing-seen",
            Severity.INFO,
            "Nobody got in without the right certificate",
            statement=f"{listed(dict.fromkeys(one.name or 'no name' for one in guarded))}: {who}",
            fix="Nothing.",
            evidence=("/baselines", "/resumed"),
        )


def _over_quic(seen: Admission) -> Iterator[Finding]:
    if seen.offers_quic:
        yield finding(
            "also-over-quic",
            Severity.INFO,
            "The server speaks HTTP/3 as well, which was not looked at",
            statement="It names HTTP/3 in its answers (Alt-Svc). Over QUIC there are sessions, lists and "
            "early data of their own, and what holds over TCP need not hold there.",
            fix="`--transport quic`: the same check over QUIC.",
            evidence=("/offers_quic",),
        )


def _kept(seen: Admission) -> Iterator[Finding]:
    if seen.kept and seen.kept_in:
        yield finding(
            "sessions-kept",
            Severity.INFO,
            "Sessions were kept in a file",
            statement=f"{seen.kept_in} has {count(seen.kept, 'session')} and was written for its owner alone "
            "(0600). They are secrets: whoever has the file gets in as that client.",
            fix="Revoke the certificate, come back with `--resume-session` and the same address and options, "
            "and delete the file.",
            evidence=("/kept",),
        )


def _admitting(seen: Admission) -> dict[str | None, list[Resumed]]:
    """By host that is guarded: the sessions that were told what its certificate is told."""
    found: dict[str | None, list[Resumed]] = {}
    for one in seen.resumed:
        own = telling.of(seen.baselines, one.version, one.name)
        if own is None or own.open_to_all or not telling.is_guarded(own):
            continue
        if any(visit.resumed and telling.got_in(visit, own) for visit in one.tries):
            found.setdefault(one.name, []).append(one)
    return found


def _way(one: Resumed) -> str:
    taken = sum(visit.resumed for visit in one.tries)
    return f"{spoken(one.version, one.memory)} ({taken} of {len(one.tries)} taken)"


def _by_host(seen: Admission) -> dict[str | None, list[Baseline]]:
    hosts: dict[str | None, list[Baseline]] = {}
    for one in seen.baselines:
        hosts.setdefault(one.name, []).append(one)
    return hosts
