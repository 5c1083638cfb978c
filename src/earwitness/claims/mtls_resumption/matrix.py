"""The matrix: what a revoked client's session is worth, before a reload, after it, after a restart.

A block takes all doors of an experiment through the same stages together, because reloads are what
takes time; a trial then says what its door did. Nothing is decided here.

Some servers refuse a good session now and then, and some take each only once. So every visit that
tries a session has a few of its own, made beforehand, and counts as admitted when one gets in.
"""

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
from earwitness.claims.mtls_resumption.trial import words
from earwitness.claims.mtls_resumption.visitor import Visit
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.observation import Observation
from earwitness.servers.certificates import Issued
from earwitness.servers.tls_client import library
from earwitness.servers.tls_client.session import Session

STAGES = ("published", "reloaded", "restarted")
"""What has happened to a door since the certificate was revoked: its list is in place; the server
was told to read it; the server was stopped and started."""

_SESSIONS = 4
"""For each visit that tries them."""


class _Notes:
    """What a course comes to, stage by stage."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.values: dict[str, float] = {}
        self.outcomes: dict[str, str] = {}
        self._sessions: list[Session] = []

    def arrive(self) -> None:
        """Before the revocation: full handshakes that leave sessions, and one resumption."""
        first = self.course.full()
        if first.session is not None:  # else the server gives none
            wanted = _SESSIONS * (len(STAGES) + 1) - 1
            further = [self.course.full().session for _ in range(wanted)]
            self._sessions = [s for s in (first.session, *further) if s is not None]
            if lifetime := first.session.lifetime_seconds:
                self.values["lifetime"] = float(lifetime)
        self.take("before", first)

    def take(self, stage: str, full: Visit) -> None:
        """Try the session as well, and write down what the stage came to."""
        resumed = self._resumed()
        inside = self.course.is_back(resumed)
        self.values |= {f"full_{stage}": float(full.admitted), f"resumed_{stage}": float(inside)}
        self.outcomes |= {f"full_{stage}": words(full), f"resumed_{stage}": words(resumed)}

    def control(self, bystander: Issued) -> None:
        """That the door is neither open nor shut to everybody."""
        stranger, other = self.course.visit(), self.course.visit(identity=bystander)
        self.values |= {
            "stranger": float(stranger.admitted),
            "other": float(other.admitted and not other.resumed),
        }

    def _resumed(self) -> Visit:
        """A visit with the next sessions and no certificate: the first that got in, or the last."""
        mine, self._sessions = self._sessions[:_SESSIONS], self._sessions[_SESSIONS:]
        seen = self.course.visit()  # where no session was given there is none to try
        for session in mine:
            seen = self.course.visit(session=session)
            if self.course.is_back(seen):
                break
        return seen


class MatrixBench:
    """Leads a client of its own through every door in each block."""

    def __init__(
        self, laid: Ground, doors: Mapping[str, Standing], settings: BenchSettings
    ) -> None:
        self._doors = doors
        self._arms = settings.arms
        self._courses = Courses(laid.authority, doors)
        self._bystander = laid.authority.client("bystander")
        self._seen: Mapping[str, Observation] = {}
        self.environment = environment(doors, settings.arms)

    def block(self, block: int) -> None:
        """Let a new client into every door, revoke it, and try it again at each stage.

        ServerFailed, quoting its log, when a server has ended.
        """
        courses = self._courses.new(self._arms, block)
        notes = {name: _Notes(course) for name, course in courses.items()}
        with saying_who_ended(self._doors.values()):
            self._walk(notes)
        self._seen = {
            name: Observation(values=each.values, outcomes=each.outcomes)
            for name, each in notes.items()
        }

    def trial(self, arm: Arm) -> Observation:
        """What this block's client met at the door of ``arm``."""
        return self._seen[arm.name]

    def _walk(self, notes: Mapping[str, _Notes]) -> None:
        """All doors through all stages, each stage begun everywhere before it is looked at."""
        for each in notes.values():
            each.arrive()
        for each in notes.values():
            each.course.revoke()
            each.take("published", each.course.full())
        for each in notes.values():
            each.course.door.reload()
        for each in notes.values():
            each.take("reloaded", each.course.refused_for_good())
        for each in notes.values():
            each.course.door.restart()
        for each in notes.values():
            each.course.door.await_ready()
            each.take("restarted", each.course.full())
            each.control(self._bystander)


@contextmanager
def bench(experiment: Experiment, settings: BenchSettings) -> Iterator[MatrixBench]:
    """Start a server for every arm and announce it; all end with the context.

    The experiment's arms name one product. MissingComponent when it is not on this machine,
    ServerFailed when one does not start.
    """
    library.require_working()
    with ExitStack() as stack:
        laid, doors = matrix_doors.stand(stack, experiment, settings)
        yield MatrixBench(laid, doors, settings)
