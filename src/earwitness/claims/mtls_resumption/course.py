"""One client's way at one door: it has a certificate, is revoked, and comes back.

What matrix and dwell share. Which visits are made, and in which order, stands there.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from earwitness.claims.mtls_resumption.standing import Standing
from earwitness.claims.mtls_resumption.visitor import Visit, Visitor, clients
from earwitness.experiment.design import Arm
from earwitness.servers.certificates import Authority, Issued
from earwitness.servers.tls_client.client import NoServer
from earwitness.servers.tls_client.session import Session

TAKEN_SECONDS = 8.0
"""How long a server may take until it goes by a new list."""
_AGAIN_SECONDS = 0.03
_REFUSALS = 3
"""In a row, until a reload counts as done: old and new processes of a server accept side by side."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """A client and the door that it comes to."""

    door: Standing
    visitor: Visitor
    client: Issued
    earlier: tuple[Issued, ...]
    """Whom the door's list names already."""

    def full(self) -> Visit:
        """A visit with the certificate."""
        return self.visit(identity=self.client)

    def visit(self, identity: Issued | None = None, session: Session | None = None) -> Visit:
        """A visit with what is given."""
        door = self.door
        return self.visitor.visit(
            door.port, door.asked, host=door.host, identity=identity, session=session
        )

    def is_back(self, seen: Visit) -> bool:
        """Whether its session let it in; where it asks in early data, whether that was answered."""
        return seen.admitted and seen.resumed and (seen.early or not self.visitor.early)

    def revoke(self) -> None:
        """Put a list in place that names the client as well; the server is not told."""
        self.door.lists.publish((*self.earlier, self.client))

    def refused_for_good(self) -> Visit:
        """The last of some refused full handshakes in a row; when time is up, one that was not.

        Some servers shut their door for a moment when they read a list. Raises NoServer when it
        stays shut.
        """
        deadline = time.monotonic() + TAKEN_SECONDS
        refusals = 0
        while True:
            try:
                visit = self.full()
            except NoServer:
                if time.monotonic() > deadline:
                    raise
                refusals = 0
            else:
                refusals = 0 if visit.admitted else refusals + 1
                if refusals == _REFUSALS or (visit.admitted and time.monotonic() > deadline):
                    return visit
            time.sleep(_AGAIN_SECONDS)


class Courses:
    """A new client for each door in each block."""

    def __init__(self, authority: Authority, doors: Mapping[str, Standing]) -> None:
        self._authority = authority
        self._doors = doors
        self._revoked: dict[str, tuple[Issued, ...]] = dict.fromkeys(doors, ())

    def new(self, arms: Iterable[Arm], block: int) -> Mapping[str, Course]:
        """By the names of the arms."""
        return {arm.name: self._course(arm, block) for arm in arms}

    def _course(self, arm: Arm, block: int) -> Course:
        client = self._authority.client(f"{arm.name}-{block}")
        earlier = self._revoked[arm.name]
        self._revoked[arm.name] = (*earlier, client)
        return Course(
            door=self._doors[arm.name],
            visitor=_visitor(self._authority, arm),
            client=client,
            earlier=earlier,
        )


def _visitor(authority: Authority, arm: Arm) -> Visitor:
    return Visitor(
        authority.certificate,
        str(arm.settings["tls"]),
        transport=_transport(arm),
        early=bool(arm.settings.get("early")),
    )


def _transport(arm: Arm) -> str:
    return str(arm.settings.get("transport", "tcp"))


@contextmanager
def saying_who_ended(doors: Iterable[Standing]) -> Iterator[None]:
    """Where nobody listens any more, ServerFailed with the log of the server that has ended."""
    try:
        yield
    except OSError:
        for door in doors:
            door.require_alive()
        raise


def environment(doors: Mapping[str, Standing], arms: Iterable[Arm]) -> Mapping[str, str]:
    """The clients and the servers, for the record; Unavailable when a client is missing."""
    servers = {name: f"{door.product} ({door.source})" for name, door in doors.items()}
    return {**clients({_transport(arm) for arm in arms}), **servers}
