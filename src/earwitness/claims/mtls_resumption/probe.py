"""What the check of a server that asks for client certificates does for this claim: its connections.

The plan, computed from the options: every connection that can become necessary, counted. How they
are made stands in ``looking``, which needs the TLS library and is imported when it is needed.
"""

from collections.abc import Mapping, Sequence

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
    names = max(1, len(meant.names))
    versions, pairs = len(mtls.VERSIONS), names * (names - 1)
    steps = [
        _step(
            "baselines",
            "what is said without a certificate, with one that nobody vouches for, and with the right "
            "one, for each host and version; once more at the end",
            BASELINE_VISITS * names * versions,
        ),
        _step(
            "resumption",
            "whether a session gets in without its certificate; repeated when it is not taken",
            2 * TRIES * names * KINDS_OF_SESSIONS,
        ),
        _step(
            "early-data",
            "whether a question that comes before the handshake ends is answered",
            2 * names if meant.protocol in ("http", "redis") else 0,
        ),
        _step(
            "across-hosts",
            "whether a client of one host gets in at another, with its certificate and with its "
            "session alone",
            pairs * (versions + 2 * TRIES * KINDS_OF_SESSIONS),
        ),
        _step(
            "across-hosts-without-name",
            "the same when the handshake names no host, or one that is unknown, and only the request "
            "names it",
            pairs * 2 * versions * 3 if meant.protocol == "http" else 0,
        ),
        _step(
            "revoked",
            "whether the revoked certificate, and a session of it, get in",
            2 * names * versions if meant.revoked else 0,
        ),
    ]
    return [*steps, *_kept(meant, names), *_dwelling(meant, names)]


def _kept(meant: Asked, names: int) -> list[Step]:
    if meant.save is None:
        return []
    return [
        Step(
            name="save-session",
            purpose="sessions to come back with",
            text="GET, or the first message of the protocol, with the certificate",
            times=names * KINDS_OF_SESSIONS,
            writes=f"one new file, {meant.save}, for its owner alone (0600): sessions, which are secrets",
        )
    ]


def _dwelling(meant: Asked, names: int) -> list[Step]:
    if not meant.dwell_seconds:
        return []
    return [
        Step(
            name="dwell",
            purpose="whether a session that is renewed again and again outlives its ticket",
            text="the question, without the certificate, each time with the newest session",
            seconds=meant.dwell_seconds,
            times=names * (2 * DWELL_PAUSES + 2),
        )
    ]


def _returning(meant: Asked) -> list[Step]:
    names = max(1, len(meant.names))
    return [
        _step(
            "return",
            "whether sessions from before a revocation still get in, and the certificate does not",
            4 * names * KINDS_OF_SESSIONS,
        )
    ]


def _step(name: str, purpose: str, times: int) -> Step:
    text = (
        "one question (GET, ping, or the first message of the protocol) on a connection of its own"
    )
    return Step(name=name, purpose=purpose, text=text, times=times)
