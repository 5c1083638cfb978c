"""What the check of a server that asks for client certificates does for this claim: its connections.

The plan, computed from the options: every connection that can become necessary, counted. How they
are made stands in ``looking``, which needs the TLS library and is imported when it is needed.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations

from earwitness.check import mtls, mtls_options
from earwitness.check.evidence import Partly
from earwitness.check.mtls_options import Asked
from earwitness.check.plan import Step
from earwitness.claims.mtls_resumption import ticket_keys

KIND = "mtls"
CLAIM = "mtls-resumption"
PLAN: Sequence[Step] = ()
"""All of it depends on what is asked for."""

TRIES = 4
"""How often a session is presented until it is taken: so many servers may take turns."""
SESSIONS = 2
"""How many are tried so, where none is taken."""
BASELINE_VISITS = 5
UNKNOWN_NAME = "unknown.invalid"  # RFC 6761, 6.4
_IDEMPOTENT = ("http", "redis")
_QUESTIONS = {
    "postgresql": "a startup packet",
    "mqtt": "CONNECT and DISCONNECT",
    "redis": "PING",
}
DWELL_PAUSES = 12
"""Renewals over the life of one ticket; renewing goes on for a quarter longer than it lives."""


def asked(options: Mapping[str, str]) -> tuple[Step, ...]:
    """Every connection of the check; ValueError when they are more than may be made."""
    meant = mtls_options.read(options)
    steps = _returning(meant) if meant.resume else _looking(meant)
    needed = mtls.OPENING_CONNECTIONS + sum(step.times for step in steps)
    if needed > meant.connections:
        raise ValueError(
            f"this check may need {needed} connections, and --connections permits {meant.connections}"
        )
    return tuple(step for step in steps if step.times)


recall = ticket_keys.recall
"""What earlier checks of the same target say of the keys of its tickets."""


def probe(session: mtls.Session) -> Partly:
    """See who gets in. Raises NotSeen and Unreachable."""
    from earwitness.claims.mtls_resumption import looking, returned

    if session.asked.resume is not None:
        return returned.look(session, session.asked.resume)
    return looking.look(session)


def _looking(meant: Asked) -> list[Step]:
    return [
        _baselines(meant),
        _resumption(meant),
        *_early_data(meant),
        _across_hosts(meant),
        *_without_name(meant),
        *_revoked(meant),
        *_kept(meant),
        *_dwelling(meant),
    ]


def _baselines(meant: Asked) -> Step:
    return Step(
        name="baselines",
        purpose="what is said without a certificate, with one that nobody vouches for, and with the "
        "right one: twice at first, and once at the end",
        text=f"{_question(meant)}, {_versions(meant)}, {_each_host(meant)}",
        times=BASELINE_VISITS * len(_names(meant)) * len(meant.versions),
    )


def _resumption(meant: Asked) -> Step:
    return Step(
        name="resumption",
        purpose=f"whether a session gets in without its certificate; up to {SESSIONS} sessions, each up "
        f"to {TRIES} times in a row until one is taken",
        text=f"{_question(meant)}, {_listed(_kinds(meant))}, with the certificate and then with the "
        f"session, {_each_host(meant)}",
        times=SESSIONS * (1 + TRIES) * len(_names(meant)) * len(_kinds(meant)),
    )


def _early_data(meant: Asked) -> Iterator[Step]:
    if meant.protocol in _IDEMPOTENT:
        yield Step(
            name="early-data",
            purpose="whether a question that comes before the handshake ends is answered; up to "
            f"{TRIES} times until its session is taken, where servers are several",
            text=f"{_question(meant)}, TLS 1.3{meant.over}, with the certificate and then with the "
            f"session in early data, {_each_host(meant)}",
            times=(1 + TRIES) * len(_names(meant)),
        )


def _across_hosts(meant: Asked) -> Step:
    kinds, pairs = _kinds(meant), _pairs(meant)
    return Step(
        name="across-hosts",
        purpose="whether a client of one host gets in at another, with its certificate ("
        f"{_versions(meant)}) and with its session alone ({_listed(kinds)}; up to {TRIES} times until "
        "it is taken)",
        text=f"{_question(meant)}, each of: {', '.join(pairs)}",
        times=len(pairs) * (len(meant.versions) + (1 + TRIES) * len(kinds)),
    )


def _without_name(meant: Asked) -> Iterator[Step]:
    pairs = _pairs(meant)
    if meant.protocol == "http":
        yield Step(
            name="across-hosts-without-name",
            purpose="the same when the handshake names no host, or one that is unknown, and only the "
            f"request names it; a session up to {TRIES} times until it is taken, where servers are several",
            text=f"{_question(meant)}, {_versions(meant)}, handshake without name and with "
            f"{UNKNOWN_NAME}, each of: {', '.join(pairs)}",
            times=len(pairs) * 2 * len(meant.versions) * (2 + TRIES),
        )


def _revoked(meant: Asked) -> Iterator[Step]:
    if meant.revoked is not None:
        yield Step(
            name="revoked",
            purpose="whether the revoked certificate, and a session that it is given, get in; the session "
            f"up to {TRIES} times until it is taken, where servers are several",
            text=f"{_question(meant)}, {_versions(meant)}, {_each_host(meant)}",
            times=(1 + TRIES) * len(_names(meant)) * len(meant.versions),
        )


def _kept(meant: Asked) -> Iterator[Step]:
    if meant.save is not None:
        yield Step(
            name="save-session",
            purpose="sessions to come back with",
            text=f"{_question(meant)}, {_listed(_kinds(meant))}, with the certificate, "
            f"{_each_host(meant)}",
            times=len(_names(meant)) * len(_kinds(meant)),
            writes=f"one new file, {meant.save}, for its owner alone (0600): sessions, which are secrets",
        )


def _dwelling(meant: Asked) -> Iterator[Step]:
    if meant.dwell_seconds:
        yield Step(
            name="dwell",
            purpose="whether a session that is renewed again and again outlives its ticket",
            text=f"{_question(meant)}, TLS 1.3{meant.over}, with the newest session, "
            f"{_each_host(meant)}",
            seconds=meant.dwell_seconds,
            times=len(_names(meant)) * (2 * DWELL_PAUSES + 2),
        )


def _returning(meant: Asked) -> list[Step]:
    return [
        Step(
            name="return",
            purpose="whether sessions from before a revocation still get in, and the certificate does not",
            text=f"{_question(meant)}, with the certificate, with nothing, and with each session of "
            f"{meant.resume}, {_each_host(meant)}",
            times=(2 + TRIES) * len(_names(meant)) * len(_kinds(meant)),
        )
    ]


def _question(meant: Asked) -> str:
    return f"GET {meant.path}" if meant.protocol == "http" else _QUESTIONS[meant.protocol]


def _versions(meant: Asked) -> str:
    return " and ".join(f"TLS {version}{meant.over}" for version in meant.versions)


def _kinds(meant: Asked) -> list[str]:
    """Of sessions: one of TLS 1.3; of TLS 1.2 those in tickets and those in the server's memory."""
    newest = f"TLS 1.3{meant.over}"
    return [newest, "TLS 1.2 by ticket", "from memory"] if "1.2" in meant.versions else [newest]


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _each_host(meant: Asked) -> str:
    return f"each of: {', '.join(_names(meant))}"


def _names(meant: Asked) -> list[str]:
    return [str(host.name) for host in meant.names] or ["the host of the target"]


def _pairs(meant: Asked) -> list[str]:
    """Whose client, and where: at hosts that ask for a certificate."""
    pairs = permutations(meant.names, 2)
    return [f"{of.name} at {to.name}" for of, to in pairs if to.opened_by is not None]
