"""How long a revoked client stays in by its sessions.

After the revocation a client comes back at regular intervals: by one of the sessions it had then,
each time another of the same age, and by a chain in which each visit takes the newest session that
the visit before it was given. A block watches all doors of an experiment at the same time, because
watching is what takes time; a trial then says how long its door stayed open.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from earwitness.claims.mtls_resumption import matrix_doors
from earwitness.claims.mtls_resumption.ground import Ground
from earwitness.claims.mtls_resumption.matrix import Course, refused_for_good
from earwitness.claims.mtls_resumption.standing import Standing
from earwitness.claims.mtls_resumption.visitor import Visitor
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.observation import Observation
from earwitness.servers.certificates import Issued
from earwitness.servers.tls_client import library
from earwitness.servers.tls_client.session import Session

_TRIES = 3
"""Sessions of each kind at each look: some servers refuse a good one now and then."""


class _Watch:
    """One door after the revocation of a client."""

    def __init__(self, course: Course, sessions: Sequence[Session]) -> None:
        self.first_seconds = 0.0
        """When a session from before was last admitted, since the certificate was refused."""
        self.chain_seconds = 0.0
        """The same of the chain of renewed sessions."""
        self.renewals = 0
        """Visits of the chain that were given a new session."""
        self._course = course
        self._sessions = list(sessions)
        self._chain = self._sessions.pop()

    def look(self, now: float) -> None:
        """Come back by both ways at ``now``, in seconds since the certificate was refused."""
        mine, self._sessions = self._sessions[:_TRIES], self._sessions[_TRIES:]
        if any(self._admitted(session) for session in mine):
            self.first_seconds = now
        if self._admitted_by_chain():
            self.chain_seconds = now

    def _admitted(self, session: Session) -> bool:
        seen = self._course.visit(session=session)
        return seen.admitted and seen.resumed

    def _admitted_by_chain(self) -> bool:
        for _ in range(_TRIES):
            seen = self._course.visit(session=self._chain)
            if seen.admitted and seen.resumed:
                self.renewals += seen.session is not None and seen.session.der != self._chain.der
                self._chain = seen.session or self._chain
                return True
        return False


class DwellBench:
    """Watches a client of its own at every door in each block."""

    def __init__(
        self, laid: Ground, doors: Mapping[str, Standing], settings: BenchSettings
    ) -> None:
        self._authority = laid.authority
        self._doors = doors
        self._arms = settings.arms
        self._looks = settings.number("looks")
        self._every = settings.number("every_ms") / 1000
        self._revoked: dict[str, tuple[Issued, ...]] = dict.fromkeys(doors, ())
        self._seen: Mapping[str, Observation] = {}
        self.environment: Mapping[str, str] = {
            "client": library.description(),
            **{name: f"{door.product} ({door.source})" for name, door in doors.items()},
        }

    def block(self, block: int) -> None:
        """Revoke a new client at every door and watch how long it stays.

        ServerFailed, quoting its log, when a server has ended.
        """
        try:
            watches = self._watched({arm.name: self._course(arm, block) for arm in self._arms})
        except OSError:  # nobody listens any more: the log says why
            for door in self._doors.values():
                door.require_alive()
            raise
        self._seen = {
            name: Observation(
                values={
                    "first_seconds": watch.first_seconds,
                    "chain_seconds": watch.chain_seconds,
                    "renewals": float(watch.renewals),
                }
            )
            for name, watch in watches.items()
        }

    def trial(self, arm: Arm) -> Observation:
        """How long the door of ``arm`` stayed open in this block."""
        return self._seen[arm.name]

    def _course(self, arm: Arm, block: int) -> Course:
        client = self._authority.client(f"{arm.name}-{block}")
        self._revoked[arm.name] = (*self._revoked[arm.name], client)
        tls = str(arm.settings["tls"])
        return Course(self._doors[arm.name], Visitor(self._authority.certificate, tls), client)

    def _watched(self, courses: Mapping[str, Course]) -> Mapping[str, _Watch]:
        watches = {}
        wanted = self._looks * _TRIES + 1
        for name, course in courses.items():
            visits = [course.full() for _ in range(wanted)]
            watches[name] = _Watch(course, [v.session for v in visits if v.session is not None])
        for name, course in courses.items():
            course.door.lists.publish(self._revoked[name])
        for course in courses.values():
            course.door.reload()
        for course in courses.values():
            refused_for_good(course)
        begun = time.monotonic()
        for number in range(self._looks):
            time.sleep(max(0.0, begun + number * self._every - time.monotonic()))
            for watch in watches.values():
                watch.look(time.monotonic() - begun)
        return watches


@contextmanager
def bench(experiment: Experiment, settings: BenchSettings) -> Iterator[DwellBench]:
    """Start a server for every arm and announce it; all end with the context.

    The experiment's arms name one product. MissingComponent when it is not on this machine,
    ServerFailed when one does not start.
    """
    library.require_working()
    with ExitStack() as stack:
        laid, doors = matrix_doors.stand(stack, experiment, settings)
        yield DwellBench(laid, doors, settings)
