"""Certificates that are refused for their dates, so that nothing else can be learnt from a refusal."""

from collections.abc import Iterator

from earwitness.check.evidence import Unseen
from earwitness.check.mtls import Session
from earwitness.claims.mtls_resumption.probe import CLAIM


def out_of_date(session: Session) -> Iterator[Unseen]:
    """What is said of each certificate that has ended, or has not begun, before anything else is."""
    shown = [host.identity.out_of_date for host in session.hosts if host.identity is not None]
    for said in dict.fromkeys(filter(None, shown)):
        yield Unseen(
            claim=CLAIM,
            what="who gets in",
            reason=f"the client certificate {said}",
            needs="one that is good now",
            essential=False,
        )
    if session.revoked is not None and session.revoked.out_of_date:
        yield Unseen(
            claim=CLAIM,
            what="whether the revoked certificate gets in",
            reason=f"the revoked certificate {session.revoked.out_of_date}, so that it may be refused for that",
            needs="one that is revoked and otherwise good",
        )
