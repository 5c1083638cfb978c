"""How long a revoked client stays in by its sessions.

After the revocation a client comes back at regular intervals: by one of the sessions it had then,
each time another of the same age, and by a chain in which each visit takes the newest session that
the visit before it was given. A block watches all doors of an experiment at the same time, because
watching is what takes time; a trial then says how long its door stayed open.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from earwitness.claims.mtls_resumption import matrix_doors
from earwitness.claims.mtls_resumption.course import (
    Course,
    Courses,
    environment,
    saying_who_ended,
)
from earwitness.claims.mtls_resumption.ground import Ground
from earwitness.claims.mtls_resumption.standing import Standing
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.observation import Observation
from earwitness.servers.tls_client import library
from earwitness.servers.tls_client.session import Session

_TRIES = 3
"""Sessions of each kind at each look: some servers refuse a good one now and then."""


class _Watch:
    """One door after the revocation of a client, which gets its sessions before it."""

    def __init__(self, course: Course, sessions: int) -> None:
        self._course = course
        taken = [course.full().session for _ in range(sessions)]
        self._sessions = [session for session in taken if session is not None]
        self._chain = self._sessions.pop() if self._sessions else None
        self._first_seconds = 0.0
        self._chain_seconds = 0.0
        self._renewals = 0

    def observation(self) -> Observation:
        """When each way was last open, in seconds since the certificate was refused."""
        return Observation(
            values={
                "first_seconds": self._first_seconds,
                "chain_seconds": self._chain_seconds,
                "renewals": float(self._renewals),
            }
        )

    def look(self, now: float) -> None:
        """Come back by both ways at ``now``, in seconds since the certificate was refused."""
        mine, self._sessions = self._sessions[:_TRIES], self._sessions[_TRIES:]
        if any(self._admitted(session) for session in mine):
            self._first_seconds = now
        if self._admitted_by_chain():
            self._chain_seconds = now

    def _admitted(self, session: Session) -> bool:
        return self._course.is_back(self._course.visit(session=session))

    def _admitted_by_chain(self) -> bool:
        """Whether the newest session gets in; a session that it is given is the newest then."""
        for _ in range(_TRIES if self._chain else 0):
            seen = self._course.visit(session=self._chain)
            if self._course.is_back(seen):
                self._renewals += seen.session not in (None, self._chain)
                self._chain = seen.session or self._chain
                return True
        return False


class DwellBench:
    """Watches a client of its own at every door in each block."""

    def __init__(
        self, laid: Ground, doors: Mapping[str, Standing], settings: BenchSettings
    ) -> None:
        self._doors = doors
        self._arms = settings.arms
        self._looks = settings.number("looks")
        self._every = settings.number("every_ms") / 1000
        self._courses = Courses(laid.authority, doors)
        self._seen: Mapping[str, Observation] = {}
        self.environment = environment(doors, settings.arms)

    def block(self, block: int) -> None:
        """Revoke a new client at every door and watch how long it stays.

        ServerFailed, quoting its log, when a server has ended.
        """
        with saying_who_ended(self._doors.values()):
            watches = self._watched(self._courses.new(self._arms, block))
        self._seen = {name: watch.observation() for name, watch in watches.items()}

    def trial(self, arm: Arm) -> Observation:
        """How long the door of ``arm`` stayed open in this block."""
        return self._seen[arm.name]

    def _watched(self, courses: Mapping[str, Course]) -> Mapping[str, _Watch]:
        wanted = self._looks * _TRIES + 1
        watches = {name: _Watch(course, wanted) for name, course in courses.items()}
        for course in courses.values():
            course.revoke()
            course.door.reload()
        for course in courses.values():
            course.refused_for_good()
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
