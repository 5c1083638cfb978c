"""One trial: a client is let in, its certificate is revoked, and it comes again.

The order of visits, and the numbers that they give. Which server stands behind the door is not
known here, and nothing is decided.
"""

import time
from collections.abc import Sequence

from earwitness.claims.mtls_resumption.door import Door
from earwitness.claims.mtls_resumption.visitor import OPEN, Visit, Visitor, get
from earwitness.experiment.observation import Observation
from earwitness.servers.certificates import Issued

TAKEN_SECONDS = 5.0
"""How long a server may take until it goes by a new list; reloads are not awaited by all."""
_AGAIN_SECONDS = 0.02


def revoke_and_return(
    door: Door, visitor: Visitor, client: Issued, bystander: Issued, earlier: Sequence[Issued]
) -> Observation:
    """Revoke ``client`` (on top of ``earlier``) and see whether certificate or session get it in.

    Sessions are presented without the certificate, each of them once, because some servers take a
    session only once. ``bystander`` is another client, whose certificate stays good.
    """
    first = visitor.visit(door.port, identity=client)
    second = visitor.visit(door.port, identity=client)
    resumed_before = visitor.visit(door.port, session=first.session)
    door.take((*earlier, client))
    full_after = _full_handshake_until_refused(door, visitor, client)
    resumed_after = visitor.visit(door.port, session=second.session)
    on_open_path = visitor.visit(door.port, get(OPEN), identity=client)
    late = visitor.visit(door.port, session=on_open_path.session)
    stranger = visitor.visit(door.port)
    other_after = visitor.visit(door.port, identity=bystander)
    door.require_alive()
    reopened = not full_after.admitted and resumed_after.admitted and resumed_after.resumed
    values = {
        "full_before": first.admitted and second.admitted,
        "resumed_before": resumed_before.admitted and resumed_before.resumed,
        "full_after": full_after.admitted,
        "resumed_after": resumed_after.admitted,
        "session_taken": resumed_after.resumed,
        "serial_known": resumed_after.serial == client.serial,
        "door_open": reopened,
        "late_after": late.admitted and late.resumed,
        "stranger_after": stranger.admitted,
        "other_after": other_after.admitted and not other_after.resumed,
    }
    counted = {"checks_full": first.checks, "checks_resumed": resumed_after.checks}
    return Observation(
        values={
            **{name: float(value) for name, value in values.items()},
            **{name: float(count) for name, count in counted.items() if count is not None},
        },
        outcomes={
            "full_after": words(full_after),
            "resumed_after": words(resumed_after),
            "stranger_after": words(stranger),
        },
    )


def words(visit: Visit) -> str:
    """How a visit ended: the status of the answer, or what came in its place."""
    return f"status {visit.status}" if visit.status else visit.refusal or "silence"


def _full_handshake_until_refused(door: Door, visitor: Visitor, client: Issued) -> Visit:
    """The first visit that is refused; else, when time is up, the last one, which was not."""
    deadline = time.monotonic() + TAKEN_SECONDS
    while True:
        visit = visitor.visit(door.port, identity=client)
        if not visit.admitted or time.monotonic() > deadline:
            return visit
        time.sleep(_AGAIN_SECONDS)
