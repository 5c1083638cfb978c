"""The matrix: what a revoked client's session is worth, before a reload, after it, after a restart.

A block takes all doors of an experiment through the same stages together, because reloads are what
takes time; a trial then says what its door did. Nothing is decided here.

Some servers refuse a good session now and then, and some take each only once. So every visit that
tries a session has a few of its own, made beforehand, and counts as admitted when one gets in.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from earwitness.claims.mtls_resumption import matrix_doors
from earwitness.claims.mtls_resumption.ground import Ground
from earwitness.claims.mtls_resumption.standing import Standing
from earwitness.claims.mtls_resumption.trial import words
from earwitness.claims.mtls_resumption.visitor import Visit, Visitor
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.observation import Observation
from earwitness.servers.certificates import Issued
from earwitness.servers.tls_client import library
from earwitness.servers.tls_client.session import Session

STAGES = ("published", "reloaded", "restarted")
"""What has happened to a door since the certificate was revoked: its list is in place; the server
was told to read it; the server was stopped and started."""

TAKEN_SECONDS = 8.0
"""How long a server may take until it goes by a new list."""
_AGAIN_SECONDS = 0.03
_REFUSALS = 3
"""In a row, until a reload counts as done: old and new processes of a server accept side by side."""
_SESSIONS = 4
"""For each visit that tries them."""


@dataclass
class Course:
    """One client's way through the stages at one door."""

    door: Standing
    visitor: Visitor
    client: Issued
    sessions: list[Session] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)

    def full(self) -> Visit:
        """A visit with the certificate."""
        return self.visit(identity=self.client)

    def visit(self, identity: Issued | None = None, session: Session | None = None) -> Visit:
        """A visit with what is given."""
        door = self.door
        return self.visitor.visit(
            door.port, door.asked, host=door.host, identity=identity, session=session
        )

    def resumed(self) -> Visit:
        """A visit with the next sessions and no certificate: the first that got in, or the last."""
        mine, self.sessions = self.sessions[:_SESSIONS], self.sessions[_SESSIONS:]
        seen = self.visit()  # where no session was given there is none to try
        for session in mine:
            seen = self.visit(session=session)
            if seen.admitted and seen.resumed:
                break
        return seen

    def note(self, stage: str, full: Visit, resumed: Visit) -> None:
        """Write down what a stage came to."""
        inside = resumed.admitted and resumed.resumed
        self.values |= {f"full_{stage}": float(full.admitted), f"resumed_{stage}": float(inside)}
        self.outcomes |= {f"full_{stage}": words(full), f"resumed_{stage}": words(resumed)}


class MatrixBench:
    """Leads a client of its own through every door in each block."""

    def __init__(self, laid: Ground, doors: Mapping[str, Standing], arms: Sequence[Arm]) -> None:
        self._authority = laid.authority
        self._doors = doors
        self._arms = arms
        self._bystander = laid.authority.client("bystander")
        self._revoked: dict[str, tuple[Issued, ...]] = dict.fromkeys(doors, ())
        self._seen: Mapping[str, Observation] = {}
        self.environment: Mapping[str, str] = {
            "client": library.description(),
            **{name: f"{door.product} ({door.source})" for name, door in doors.items()},
        }

    def block(self, block: int) -> None:
        """Let a new client into every door, revoke it, and try it again at each stage.

        ServerFailed, quoting its log, when a server has ended.
        """
        courses = {arm.name: self._course(arm, block) for arm in self._arms}
        try:
            self._walk(courses)
        except OSError:  # nobody listens any more: the log says why
            for door in self._doors.values():
                door.require_alive()
            raise
        self._seen = {
            name: Observation(values=course.values, outcomes=course.outcomes)
            for name, course in courses.items()
        }

    def trial(self, arm: Arm) -> Observation:
        """What this block's client met at the door of ``arm``."""
        return self._seen[arm.name]

    def _course(self, arm: Arm, block: int) -> Course:
        client = self._authority.client(f"{arm.name}-{block}")
        self._revoked[arm.name] = (*self._revoked[arm.name], client)
        tls = str(arm.settings["tls"])
        return Course(self._doors[arm.name], Visitor(self._authority.certificate, tls), client)

    def _walk(self, courses: Mapping[str, Course]) -> None:
        """All doors through all stages, each stage begun everywhere before it is looked at."""
        for course in courses.values():
            _arrive(course)
        for name, course in courses.items():
            course.door.lists.publish(self._revoked[name])
            course.note("published", course.full(), course.resumed())
        for course in courses.values():
            course.door.reload()
        for course in courses.values():
            course.note("reloaded", refused_for_good(course), course.resumed())
        for course in courses.values():
            course.door.restart()
        for course in courses.values():
            course.door.await_ready()
            course.note("restarted", course.full(), course.resumed())
            self._control(course)

    def _control(self, course: Course) -> None:
        """That the door is neither open nor shut to everybody."""
        stranger, other = course.visit(), course.visit(identity=self._bystander)
        course.values |= {
            "stranger": float(stranger.admitted),
            "other": float(other.admitted and not other.resumed),
        }


@contextmanager
def bench(experiment: Experiment, settings: BenchSettings) -> Iterator[MatrixBench]:
    """Start a server for every arm and announce it; all end with the context.

    The experiment's arms name one product. MissingComponent when it is not on this machine,
    ServerFailed when one does not start.
    """
    library.require_working()
    with ExitStack() as stack:
        laid, doors = matrix_doors.stand(stack, experiment, settings)
        yield MatrixBench(laid, doors, settings.arms)


def _arrive(course: Course) -> None:
    """Before the revocation: full handshakes that leave sessions, and one resumption."""
    first = course.full()
    if first.session is not None:  # else the server gives none
        further = [course.full().session for _ in range(_SESSIONS * (len(STAGES) + 1) - 1)]
        course.sessions = [session for session in (first.session, *further) if session is not None]
    course.note("before", first, course.resumed())


def refused_for_good(course: Course) -> Visit:
    """The last of some refused full handshakes in a row; when time is up, one that was not."""
    deadline = time.monotonic() + TAKEN_SECONDS
    refusals = 0
    while True:
        visit = course.full()
        refusals = 0 if visit.admitted else refusals + 1
        if refusals == _REFUSALS or (visit.admitted and time.monotonic() > deadline):
            return visit
        time.sleep(_AGAIN_SECONDS)
