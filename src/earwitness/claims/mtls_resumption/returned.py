"""Coming back after a revocation, with sessions from before it and with the certificate itself."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from earwitness.check.evidence import Partly, Unseen
from earwitness.check.mtls import Session
from earwitness.check.plan import Step
from earwitness.check.target import NotSeen
from earwitness.claims.mtls_resumption import telling, ticket_keys
from earwitness.claims.mtls_resumption.dates import out_of_date
from earwitness.claims.mtls_resumption.evidence import Admission, Returned, Seen
from earwitness.claims.mtls_resumption.looking import seen
from earwitness.claims.mtls_resumption.probe import CLAIM, TRIES
from earwitness.servers.tls_client import session as sessions
from earwitness.servers.tls_client.identity import Identity
from earwitness.servers.tls_client.library import NotASession
from earwitness.servers.tls_client.session import Kept

_STEP = "return"


def look(session: Session, path: Path) -> Partly:
    """Present each kept session once. Raises NotSeen and Unreachable."""
    try:
        file = sessions.kept(path)
    except NotASession as problem:
        raise NotSeen(str(problem)) from None
    except OSError as problem:
        raise NotSeen(f"cannot read {path}: {problem.strerror}") from None
    _require_same_question(session, path, file.asked)
    step = session.announced(_STEP)
    assert step is not None, "the plan was made of the same options"
    missed = list(out_of_date(session))
    returned = []
    for one in file.sessions:
        identity = _identity(session, one)
        elsewhere = one.version not in session.versions or one.transport != session.asked.transport
        if identity is None or elsewhere:
            reason = (
                f"{one.note.get('name') or 'no name'}: not asked for, or TLS {one.version} over "
                f"{one.transport.upper()} is not"
            )
            missed.append(
                Unseen(claim=CLAIM, what="a kept session", reason=reason, essential=False)
            )
            continue
        returned.append(_returned(session, step, one, identity))
    if not returned:
        raise NotSeen(f"{path} has no session of a host that was asked for")
    admission = Admission(
        server=session.facts["version"],
        protocol=session.asked.protocol,
        versions=session.versions,
        returned=tuple(returned),
    )
    return Partly(admission, (*missed, *_unproved(returned)))


def _require_same_question(session: Session, path: Path, asked: Mapping[str, str]) -> None:
    """Nothing is sent to another server, and no other answer is compared. Raises NotSeen."""
    for what, now in session.question.items():
        then = asked.get(what, "")
        if then != now:
            raise NotSeen(
                f"the sessions of {path} were kept with {what} {then or 'unknown'}, and this check has "
                f"{now or 'none'}: they are not presented",
                "the same address and options as with --save-session",
            )


def _returned(session: Session, step: Step, kept: Kept, identity: Identity) -> Returned:
    name = kept.note.get("name") or None
    session.key = bytes.fromhex(kept.note.get("key", ""))  # to compare with what was said then
    tickets = kept.session.ticket_key_name is not None
    full = session.visit(step, kept.version, name, identity=identity)
    alone = session.visit(step, kept.version, name)
    for _ in range(_tries(kept)):
        resumed = session.visit(step, kept.version, name, session=kept.session, tickets=tickets)
        if resumed.resumed:
            break
    given = full.session or resumed.session
    now = ticket_keys.digest(given.ticket_key_name) if given is not None else ""
    then = kept.note.get("ticket_key", "")
    return Returned(
        version=kept.version,
        name=name,
        age_seconds=max(0.0, time.time() - float(kept.note.get("at") or time.time())),
        before=Seen(status=kept.note.get("status", ""), body=kept.note.get("body", "")),
        alone=seen(alone),
        alone_before=Seen(
            status=kept.note.get("alone_status", ""), body=kept.note.get("alone_body", "")
        ),
        full=seen(full),
        resumed=seen(resumed),
        same_ticket_key=now == then if now and then else None,
    )


def _tries(kept: Kept) -> int:
    """How often it is presented until it is taken: more than once where servers were several."""
    several = kept.note.get("tries", "1") != "1"
    return TRIES if several else 1


def _identity(session: Session, kept: Kept) -> Identity | None:
    """The certificate that the session was made with: the one that was revoked."""
    for host in session.hosts:
        if (host.name or "") == kept.note.get("name", ""):
            return session.revoked or host.identity
    return None


def _unproved(returned: list[Returned]) -> Iterator[Unseen]:
    """Where the answers do not say whether the certificate and its session are refused."""
    for one in returned:
        reason, needs = telling.unproved(one)
        if reason:
            yield Unseen(
                claim=CLAIM,
                what="whether a revocation reaches sessions",
                reason=f"{one.name or 'no name'}, TLS {one.version}: {reason}",
                needs=needs,
            )
