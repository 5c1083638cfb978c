"""What clients of one host got at another. Pure.

The answer has to be the other host's own: some servers go on serving the host that a session began
with, whatever the new handshake names. Hosts that say the same cannot be told apart, and where they
cannot, nothing is concluded.
"""

from collections.abc import Iterator, Sequence

from earwitness.check.finding import Finding, Severity
from earwitness.claims.mtls_resumption import fixes, telling
from earwitness.claims.mtls_resumption.evidence import Admission, Baseline, Crossed, Seen
from earwitness.claims.mtls_resumption.wording import at, finding, listed, spoken

_LEARN = "https://www.rfc-editor.org/rfc/rfc8446#section-4.6.1"


def findings(seen: Admission) -> Iterator[Finding]:
    """All that there is to say of several hosts."""
    alike: list[Crossed] = []
    named: dict[tuple[str | None, str | None], list[Crossed]] = {}
    nameless: dict[tuple[str | None, str | None], list[Crossed]] = {}
    full: dict[tuple[str | None, str | None], list[Crossed]] = {}
    for one in seen.crossed:
        of, to = (telling.of(seen.baselines, one.version, name) for name in (one.of, one.to))
        if of is None or to is None or not telling.is_guarded(to):
            continue
        pair = (one.of, one.to)
        if not telling.unlike(of, to) or not _says_whose(of, to):
            if _would_matter(one, to):
                alike.append(one)
        elif _by_session(one, to):
            (named if one.named else nameless).setdefault(pair, []).append(one)
        elif not one.named and telling.admitted(one.full, to) and not _welcome(seen, one, to):
            full.setdefault(pair, []).append(one)
    yield from (_across(seen, pair, visits) for pair, visits in named.items())
    yield from (_without_name(seen, pair, visits) for pair, visits in nameless.items())
    yield from (_by_request(seen, pair, visits) for pair, visits in full.items())
    if alike:
        yield _alike(alike)


def _says_whose(of: Baseline, to: Baseline) -> bool:
    """Whether what the other host tells its own is enough to know that it is the one who speaks."""
    return telling.is_proof(to.admitted[0], (to.alone, to.stranger, of.admitted[0]))


def _by_session(one: Crossed, to: Baseline) -> bool:
    """Whether the session got in, and the certificate that it comes from does not."""
    return (
        one.resumed is not None
        and one.resumed.resumed
        and telling.admitted(one.resumed, to)
        and not telling.admitted(one.full, to)
    )


def _would_matter(one: Crossed, to: Baseline) -> bool:
    told: Sequence[Seen | None] = (one.resumed, None if one.named else one.full)
    return any(seen is not None and telling.admitted(seen, to) for seen in told)


def _welcome(seen: Admission, one: Crossed, to: Baseline) -> bool:
    """Whether the certificate gets in where the handshake names the host: then nothing is gone around."""
    return any(
        other.named
        and (other.version, other.of, other.to) == (one.version, one.of, one.to)
        and telling.admitted(other.full, to)
        for other in seen.crossed
    )


def _across(
    seen: Admission, pair: tuple[str | None, str | None], visits: Sequence[Crossed]
) -> Finding:
    of, to = pair
    ways = listed(spoken(one.version, one.memory) for one in visits)
    return finding(
        "across-hosts",
        Severity.CRITICAL,
        "A session of one host gets in at another",
        statement=f"A client of {_host(of)} is refused at {_host(to)} with its certificate "
        f"({telling.words(visits[0].full)}), and with its session from {_host(of)} it is told what the "
        f"certificate of {_host(to)} is told: {ways}.",
        fix=fixes.hosts(seen.server),
        where=at(to),
        evidence=("/crossed", "/baselines"),
        learn_more=_LEARN,
    )


def _without_name(
    seen: Admission, pair: tuple[str | None, str | None], visits: Sequence[Crossed]
) -> Finding:
    of, to = pair
    return finding(
        "across-hosts-without-name",
        Severity.CRITICAL,
        "A session gets in at another host when the handshake does not name it",
        statement=f"A session of {_host(of)}, with {_names(visits)} in the handshake and {_host(to)} in the "
        f"request, is told what the certificate of {_host(to)} is told "
        f"({listed(f'TLS {one.version}' for one in visits)}). In a full handshake the certificate that it "
        f"comes from is not ({telling.words(visits[0].full)}).",
        fix=fixes.hosts(seen.server),
        where=at(to),
        evidence=("/crossed", "/baselines"),
        learn_more=_LEARN,
    )


def _by_request(
    seen: Admission, pair: tuple[str | None, str | None], visits: Sequence[Crossed]
) -> Finding:
    of, to = pair
    return finding(
        "request-names-another-host",
        Severity.HIGH,
        "A certificate of one host gets in at another that only the request names",
        statement=f"With {_names(visits)} in the handshake and {_host(to)} in the request, the "
        f"{f'certificate of {_host(of)}' if _shows_certificate(seen, of) else 'visitor without certificate'} "
        f"is told what the certificate of {_host(to)} is told "
        f"({listed(f'TLS {one.version}' for one in visits)}). That needs no session.",
        fix=fixes.hosts(seen.server),
        where=at(to),
        evidence=("/crossed", "/baselines"),
    )


def _alike(visits: Sequence[Crossed]) -> Finding:
    each = dict.fromkeys(tuple(sorted((_host(one.of), _host(one.to)))) for one in visits)
    pairs = "; ".join(" and ".join(pair) for pair in each)
    return finding(
        "hosts-look-alike",
        Severity.INFO,
        "Hosts that say the same cannot be told apart",
        statement=f"Inconclusive: {pairs} give the same answer, one that changes each time, or one that says too little, so that it is "
        "not known whose answer a session of the other got.",
        fix="A `--path` where their answers differ and stay the same.",
        evidence=("/crossed", "/baselines"),
    )


def _shows_certificate(seen: Admission, name: str | None) -> bool:
    return not any(one.open_to_all for one in seen.baselines if one.name == name)


def _names(visits: Sequence[Crossed]) -> str:
    return listed(
        "no name" if one.handshake_name is None else "an unknown name" for one in visits
    ).replace(" and ", " or ")


def _host(name: str | None) -> str:
    return name or "the host without name"
