"""What each remedy costs the server, in processor time per connection.

A trial makes the same number of connections at one door, each with certificate and session as a
client that has both would; what differs is what the server does with them. Counted is the time of
the server's processes and not of the clock, so that a busy machine counts less. Where the door asks
a responder, the client is revoked afterwards, to see that what was paid for does something.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from earwitness.claims.mtls_resumption import matrix_doors
from earwitness.claims.mtls_resumption.course import environment, saying_who_ended
from earwitness.claims.mtls_resumption.ground import Ground
from earwitness.claims.mtls_resumption.standing import Standing
from earwitness.claims.mtls_resumption.visitor import Visit, Visitor
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.observation import Observation
from earwitness.servers.certificates import Issued
from earwitness.servers.process import ServerFailed
from earwitness.servers.tls_client import library
from earwitness.servers.tls_client.session import Session

_WARM_UP = 6
"""Connections that are not counted, before those that are."""
_RENEWED_SECONDS = 10.0
"""How long a server may take until it seals with new keys."""
_AGAIN_SECONDS = 0.05
_REFUSALS = 3


class _Caller:
    """A client that comes again and again, with its certificate and its newest session."""

    def __init__(self, door: Standing, visitor: Visitor, client: Issued) -> None:
        self.session: Session | None = None
        self._door, self._visitor, self._client = door, visitor, client

    def come(self) -> Visit:
        """One connection."""
        seen = self._visitor.visit(
            self._door.port, self._door.asked, identity=self._client, session=self.session
        )
        self.session = seen.session or self.session
        return seen

    def return_without_certificate(self) -> Visit:
        """One connection on which only the session can speak for the client."""
        return self._visitor.visit(self._door.port, self._door.asked, session=self.session)


class CostBench:
    """Counts the processor time of servers."""

    def __init__(
        self, laid: Ground, doors: Mapping[str, Standing], settings: BenchSettings
    ) -> None:
        self._authority = laid.authority
        self._doors = doors
        self._revoked = laid.revoked
        self._connections = settings.number("connections")
        self._clients = 0
        self.environment = environment(doors, settings.arms)

    def block(self, block: int) -> None:
        """The arms of a block share nothing: every trial has a client of its own."""

    def trial(self, arm: Arm) -> Observation:
        """Count the connections of one door.

        ServerFailed, quoting its log, when the server has ended.
        """
        door = self._doors[arm.name]
        with saying_who_ended([door]):
            return self._observed(arm, door)

    def _observed(self, arm: Arm, door: Standing) -> Observation:
        self._clients += 1
        client = self._authority.client(f"client-{self._clients}")
        visitor = Visitor(self._authority.certificate, str(arm.settings["tls"]))
        visits = int(arm.settings.get("visits_between_keys", self._connections))
        callers = [_Caller(door, visitor, client) for _ in range(self._connections // visits)]
        for caller in callers:
            caller.come()
        for _ in range(_WARM_UP):
            callers[0].come()
        if "visits_between_keys" in arm.settings:
            _renew_keys(door, _Caller(door, visitor, client))
        before = door.cpu_seconds()
        seen = [caller.come() for caller in callers for _ in range(visits)]
        spent = door.cpu_seconds() - before
        values = {
            "cpu_us": spent / len(seen) * 1e6,
            "resumed": sum(visit.resumed for visit in seen) / len(seen),
            "admitted": sum(visit.admitted for visit in seen) / len(seen),
        }
        if "ocsp" in arm.settings:
            values["revoked_resumed"] = float(self._gets_in_revoked(callers[0], client))
        return Observation(values=values)

    def _gets_in_revoked(self, caller: _Caller, client: Issued) -> bool:
        """Whether the client gets in with its session once the responder calls it revoked."""
        with self._revoked.open("a") as file:
            file.write(f"{client.serial:X}\n")
        back = caller.return_without_certificate()
        return back.admitted and back.resumed


@contextmanager
def bench(experiment: Experiment, settings: BenchSettings) -> Iterator[CostBench]:
    """Start a server for every arm and announce it; all end with the context.

    The experiment's arms name one product. MissingComponent when it is not on this machine,
    ServerFailed when one does not start.
    """
    library.require_working()
    with ExitStack() as stack:
        laid, doors = matrix_doors.stand(stack, experiment, settings)
        yield CostBench(laid, doors, settings)


def _renew_keys(door: Standing, spare: _Caller) -> None:
    """Give the server new ticket keys; return when sessions from before are no longer resumed."""
    spare.come()
    old = spare.session
    door.renew_keys()
    door.reload()
    deadline = time.monotonic() + _RENEWED_SECONDS
    refusals = 0
    while refusals < _REFUSALS:
        spare.session = old
        refusals = 0 if spare.come().resumed else refusals + 1
        if time.monotonic() > deadline:
            raise ServerFailed(f"{door.product} still resumes what its old keys sealed")
        time.sleep(_AGAIN_SECONDS)
