"""How long a session can be kept alive by renewing it: chains, each kept up until it ends.

A chain that has outlived its first ticket does not end with it, and is left alone then.
"""

import time
from collections.abc import Iterator, Sequence

from earwitness.check.evidence import Unseen
from earwitness.check.mtls import Host, Session
from earwitness.check.plan import Step
from earwitness.claims.mtls_resumption.evidence import Dwelt
from earwitness.claims.mtls_resumption.probe import CLAIM, DWELL_PAUSES
from earwitness.servers.tls_client.client import Visit
from earwitness.servers.tls_client.session import Session as TlsSession

_VERSION = "1.3"
"""In which resumed connections give new tickets."""
_OUTLIVED = 1.25
"""Lives of a ticket: how long its chain is kept up to say that it does not end with it."""


def chains(session: Session, hosts: Sequence[Host], missed: list[Unseen]) -> Iterator[Dwelt]:
    """One for each host, when it was asked for; what does not fit into the time is missed."""
    step = session.announced("dwell")
    if step is None:
        return
    for host in hosts:
        first = session.visit(step, _VERSION, host.name, identity=host.identity)
        lifetime = first.session.lifetime_seconds if first.session is not None else None
        share = session.asked.dwell_seconds / len(session.hosts)
        if first.session is None or not lifetime:
            missed.append(unseen(f"{host.shown} gives its tickets no life"))
        elif lifetime * _OUTLIVED > share:
            missed.append(
                unseen(
                    f"a ticket of {host.shown} is good for {lifetime} s, and --dwell gives it {share:g} s"
                )
            )
        else:
            yield _chain(session, step, host, first=first, newest=first.session, lifetime=lifetime)


def _chain(
    session: Session, step: Step, host: Host, *, first: Visit, newest: TlsSession, lifetime: int
) -> Dwelt:
    begun, renewals, alive = time.monotonic(), 0, True
    while alive and time.monotonic() - begun < lifetime * _OUTLIVED:
        time.sleep(lifetime / DWELL_PAUSES)
        visit = session.visit(step, _VERSION, host.name, session=newest)
        alive = visit.resumed and visit.outcome.status == first.outcome.status
        renewals += alive
        newest = visit.session or newest
    return Dwelt(
        name=host.name,
        lifetime_seconds=lifetime,
        seconds=round(time.monotonic() - begun, 1),
        renewals=renewals,
        alive=alive,
    )


def unseen(reason: str) -> Unseen:
    """Why nothing is known of it."""
    return Unseen(
        claim=CLAIM, what="how long a session can be renewed", reason=reason, essential=False
    )
