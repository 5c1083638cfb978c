"""What the check of a server that asks for client certificates does for this claim: its connections.

The plan, computed from the options: every connection that can become necessary, counted. How they
are made stands in ``looking``, which needs the TLS library and is imported when it is needed.
"""

from collections.abc import Mapping, Sequence
from itertools import permutations

from earwitness.check import mtls, mtls_options
from earwitness.check.evidence import Partly
from earwitness.check.mtls_options import Asked
from earwitness.check.plan import Step

KIND = "mtls"
CLAIM = "mtls-resumption"
PLAN: Sequence[Step] = ()
"""All of it depends on what is asked for."""

TRIES = 4
"""How often a session is presented, each time another one, until one is taken: there may be several servers."""
BASELINE_VISITS = 5
KINDS_OF_SESSIONS = 3
"""TLS 1.3; tickets of TLS 1.2; sessions of TLS 1.2 in the server's memory."""
UNKNOWN_NAME = "unknown.invalid"  # RFC 6761, 6.4
_VERSIONS = "TLS 1.3 and TLS 1.2"
_KINDS = "TLS 1.3, TLS 1.2 by ticket and from memory"
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
    needed = sum(step.times for step in steps)
    if needed > meant.connections:
        raise ValueError(
            f"this check may need {needed} connections, and --connections permits {meant.connections}"
        )
    return tuple(step for step in steps if step.times)


def probe(session: mtls.Session) -> Partly:
    """See who gets in. Raises NotSeen and Unreachable."""
    from earwitness.claims.mtls_resumption import looking, returned

    if session.asked.resume is not None:
        return returned.look(session, session.asked.resume)
    return looking.look(session)


def _looking(meant: Asked) -> list[Step]:
    names, versions = _names(meant), len(mtls.VERSIONS)
    count, pairs = len(names), _pairs(meant)
    question = _question(meant)
    steps = [
        Step(
            name="baselines",
            purpose="what is said without a certificate, with one that nobody vouches for, and with the "
            "right one: twice at first, and once at the end",
            text=f"{question}, {_VERSIONS}, each of: {', '.join(names)}",
            times=BASELINE_VISITS * count * versions,
        ),
        Step(
            name="resumption",
            purpose=f"whether a session gets in without its certificate; up to {TRIES} times until one is "
            "taken",
            text=f"{question}, {_KINDS}, with the certificate and then with the session, each of: "
            f"{', '.join(names)}",
            times=2 * TRIES * count * KINDS_OF_SESSIONS,
        ),
        Step(
            name="early-data",
            purpose="whether a question that comes before the handshake ends is answered",
            text=f"{question}, TLS 1.3, with the certificate and then with the session in early data, "
            f"each of: {', '.join(names)}",
            times=2 * count if meant.protocol in _IDEMPOTENT else 0,
        ),
        Step(
            name="across-hosts",
            purpose="whether a client of one host gets in at another, with its certificate ("
            f"{_VERSIONS}) and with its session alone ({_KINDS}; up to {TRIES} times until one is taken)",
            text=f"{question}, each of: {', '.join(pairs)}",
            times=len(pairs) * (versions + 2 * TRIES * KINDS_OF_SESSIONS),
        ),
        Step(
            name="across-hosts-without-name",
            purpose="the same when the handshake names no host, or one that is unknown, and only the "
            "request names it",
            text=f"{question}, {_VERSIONS}, handshake without name and with {UNKNOWN_NAME}, each of: "
            f"{', '.join(pairs)}",
            times=len(pairs) * 2 * versions * 3 if meant.protocol == "http" else 0,
        ),
        Step(
            name="revoked",
            purpose="whether the revoked certificate, and a session that it is given, get in",
            text=f"{question}, {_VERSIONS}, each of: {', '.join(names)}",
            times=2 * count * versions if meant.revoked else 0,
        ),
    ]
    return [*steps, *_kept(meant, question), *_dwelling(meant, question)]


def _kept(meant: Asked, question: str) -> list[Step]:
    if meant.save is None:
        return []
    names = _names(meant)
    return [
        Step(
            name="save-session",
            purpose="sessions to come back with",
            text=f"{question}, {_KINDS}, with the certificate, each of: {', '.join(names)}",
            times=len(names) * KINDS_OF_SESSIONS,
            writes=f"one new file, {meant.save}, for its owner alone (0600): sessions, which are secrets",
        )
    ]


def _dwelling(meant: Asked, question: str) -> list[Step]:
    if not meant.dwell_seconds:
        return []
    names = _names(meant)
    return [
        Step(
            name="dwell",
            purpose="whether a session that is renewed again and again outlives its ticket",
            text=f"{question}, TLS 1.3, with the newest session, each of: {', '.join(names)}",
            seconds=meant.dwell_seconds,
            times=len(names) * (2 * DWELL_PAUSES + 2),
        )
    ]


def _returning(meant: Asked) -> list[Step]:
    names = _names(meant)
    return [
        Step(
            name="return",
            purpose="whether sessions from before a revocation still get in, and the certificate does not",
            text=f"{_question(meant)}, with the certificate, with nothing, and with each session of "
            f"{meant.resume}, each of: {', '.join(names)}",
            times=3 * len(names) * KINDS_OF_SESSIONS,
        )
    ]


def _question(meant: Asked) -> str:
    return f"GET {meant.path}" if meant.protocol == "http" else _QUESTIONS[meant.protocol]


def _names(meant: Asked) -> list[str]:
    return [str(host.name) for host in meant.names] or ["the host of the target"]


def _pairs(meant: Asked) -> list[str]:
    """Whose client, and where: at hosts that ask for a certificate."""
    pairs = permutations(meant.names, 2)
    return [f"{of.name} at {to.name}" for of, to in pairs if to.opened_by is not None]
