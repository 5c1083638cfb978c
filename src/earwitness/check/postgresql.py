"""The one guarded session of a check to PostgreSQL: read-only, bounded, traceless.

Everything happens in a single read-only transaction whose limits are local to it and which is
rolled back. So nothing is left in a session that a pooler hands to somebody else, and the session
cannot be made writable again: PostgreSQL refuses that once a transaction has read anything. Only
steps that were announced are carried out, one statement in each message, none prepared, and the locks
of each are given back before the next. A statement of somebody else's is planned at the most, never
executed, and by no superuser: planning runs functions of whoever owns the tables. Standbys and poolers
are as good as primaries; nothing here needs a right beyond CONNECT.

How an address is read stands in ``postgresql_address``, how it is connected to and cut off in
``postgresql_connection``, how a step is written down in ``postgresql_steps``; what is read, the claims
say.
"""

import contextlib
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import errors, pq, sql

from earwitness.check.evidence import ReadRecord
from earwitness.check.plan import Budget, Step
from earwitness.check.postgresql_calls import calls_of_others
from earwitness.check.postgresql_connection import Deadline, connect
from earwitness.check.postgresql_kind import BUDGET
from earwitness.check.postgresql_steps import (
    CLOSING,
    GIVING_BACK,
    PLANNED_LOCKS,
    PLANNING,
    PLANNING_STEP,
    READING,
    SERVER,
    opening,
    planning,
    select,
    settings,
)
from earwitness.check.target import NotSeen, Target, Unreachable

__all__ = [
    "BUDGET",
    "FIRST_MAJOR_PLANNING",
    "Session",
    "open_session",
    "planning",
    "select",
    "settings",
]

Row = tuple[Any, ...]

FIRST_MAJOR_PLANNING = 16
"""The first version that plans a statement whose parameters are not known."""
_LIMITS = (errors.QueryCanceled, errors.LockNotAvailable)
_ROWS_AT_A_TIME = 500
_ANGLED = re.compile(r"<([a-z_]+)>")


class Session:
    """A session that is open; made only by ``open_session``."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        deadline: Deadline,
        target: Target,
        budget: Budget,
        plan: Sequence[Step],
    ) -> None:
        self._connection = connection
        self._deadline = deadline
        self._secrets = target.secrets.with_values([connection.info.password])
        self._budget = budget
        self._plan = frozenset(plan)
        self._answers: dict[tuple[Step, str], tuple[Row, ...] | NotSeen] = {}
        self._record: list[ReadRecord] = []
        self.lost = ""
        """What ended the connection too early; empty while it stands."""
        self._settings: dict[str, str] = {}
        self._steps_left, self._rows_left = budget.steps, budget.rows
        self._plannings_left = budget.plannings
        self._planning_seconds_left = budget.planning_seconds
        self._server = self._open()
        self._pooled = self._server[3] != connection.info.backend_pid  # a pooler invents its own

    # What the runner asks.

    @property
    def facts(self) -> Mapping[str, str]:
        """Version, kind of server, way to it, and rights, in words."""
        _, version, standby, _, superuser, _, monitor, statistics = self._server
        rights = next(
            (
                name
                for name, given in (
                    ("superuser", superuser),
                    ("pg_monitor", monitor),
                    ("pg_read_all_stats", statistics),
                )
                if given
            ),
            "no rights to monitor",
        )
        return {
            "version": f"PostgreSQL {version}",
            "server": "standby" if standby else "primary",
            "connection": "pooled" if self._pooled else "direct",
            "role": rights,
        }

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings that were read."""
        return self._settings

    @property
    def record(self) -> Sequence[ReadRecord]:
        """Every step that was carried out or tried."""
        return self._record

    def redact(self, text: str) -> str:
        """The text in one line, without secrets."""
        return self._secrets.one_line(text)

    # What probes ask.

    @property
    def major(self) -> int:
        """Major version of the server."""
        return int(self._server[0]) // 10_000

    @property
    def standby(self) -> bool:
        """Whether the server follows another one."""
        return bool(self._server[2])

    @property
    def seconds_left(self) -> float:
        """Until the connection is cut."""
        return self._deadline.seconds_left

    @property
    def step_seconds(self) -> float:
        """Longest time of one read."""
        return self._budget.step_seconds

    @property
    def plans_nothing(self) -> str:
        """Why no statement is planned with the rights of this session; empty: it may be."""
        _, _, _, _, superuser, machine, _, _ = self._server
        role = (
            "a superuser"
            if superuser
            else "a role that reaches the server's files"
            if machine
            else ""
        )
        return role and (
            f"no statement is planned with the rights of {role}, because planning runs functions of "
            "whoever owns the tables; what the texts say was taken instead"
        )

    def announced(self, name: str) -> Step | None:
        """The step of that name in the plan; None when nobody asked for it."""
        return next((step for step in self._plan if step.name == name), None)

    def read(self, step: Step, schema: str = "") -> tuple[Row, ...]:
        """The rows of a step; one that was read before costs nothing.

        ``schema`` is filled in, quoted, where the step says ``<schema>``. Raises NotSeen, with the
        reason in one line, and Unreachable when the connection is gone.
        """
        self._require(step, reading=True)
        if (step, schema) not in self._answers:
            text = step.text.replace("<schema>", sql.Identifier(schema).as_string())
            self._answers[step, schema] = self._try(step, text.encode())
        answer = self._answers[step, schema]
        if isinstance(answer, NotSeen):
            raise answer
        return answer

    def read_rows(self, step: Step, parts: Mapping[str, sql.Composable]) -> tuple[Row, ...]:
        """The rows of a step that reads a table of somebody's.

        ``parts`` stand for the names in angle brackets. Raises NotSeen and Unreachable.
        """
        self._require(step, reading=True)
        text = _ANGLED.sub(lambda found: parts[found[1]].as_string(), step.text)
        answer = self._try(step, text.encode())
        if isinstance(answer, NotSeen):
            raise answer
        return answer

    def sample(self, step: Step) -> tuple[tuple[float, Row], ...]:
        """The first row of the step, again and again, with the second of the epoch of each answer.

        Raises NotSeen and Unreachable.
        """
        self._require(step, reading=True)
        samples: list[tuple[float, Row]] = []
        until = due = time.monotonic()
        until += step.seconds

        def take(rows: list[Row]) -> None:
            nonlocal due
            while time.monotonic() < until:
                self._receive(step.text.encode(), rows)
                samples.append((time.time(), rows[-1]))
                due = max(due + 1 / step.hertz, time.monotonic())  # a late one starts no burst
                time.sleep(max(0.0, min(due, until) - time.monotonic()))

        answer = self._carry_out(step, take)
        if isinstance(answer, NotSeen):
            raise answer
        return tuple(samples)

    def locks_of_plan(self, step: Step, statement: str) -> tuple[int, ...]:
        """OIDs of the user's relations that planning the statement locks; it is not executed.

        Parameters stay parameters, as in a generic plan. The statement is kept nowhere. Raises
        NotSeen and Unreachable.
        """
        self._require(step, reading=False)
        if self.plans_nothing:
            raise NotSeen(self.plans_nothing)
        if calls_of_others(statement):
            raise NotSeen("it calls what the system does not define, and planning could run that")
        if self._plannings_left == 0:
            raise NotSeen(f"the budget of {self._budget.plannings} planned statements is used up")
        if self._planning_seconds_left <= 0 or self.seconds_left < self.step_seconds + 1:
            raise NotSeen(
                f"the budget of {self._budget.planning_seconds:g} s of planning is used up"
            )
        self._plannings_left -= 1
        found: list[Row] = []
        begun = time.monotonic()

        def plan(_: list[Row]) -> None:
            try:
                self._explain(PLANNING.replace("<statement>", statement).encode())
            except psycopg.Error as problem:
                if problem.sqlstate is None or isinstance(problem, _LIMITS):
                    raise
                raise _NotPlanned(type(problem).__name__) from None  # its message quotes values
            self._receive(PLANNED_LOCKS.encode(), found)

        answer = self._carry_out(step, plan)
        self._planning_seconds_left -= time.monotonic() - begun
        if isinstance(answer, NotSeen):
            raise answer
        return tuple(oid for (oid,) in found)

    def read_settings(self, step: Step) -> Mapping[str, str]:
        """The settings of a step made by ``settings``; those the server lacks are missing."""
        values = {str(name): str(setting) for name, setting in self.read(step)}
        self._settings |= values
        return values

    # How it is done.

    def _open(self) -> Row:
        try:
            for step in opening(self._budget):
                if step is SERVER:
                    row = self._connection.execute(step.text.encode()).fetchone()
                else:
                    self._connection.execute(step.text.encode())
        except psycopg.Error as problem:
            raise Unreachable(f"no session could be opened: {self._reason(problem)}") from None
        assert row is not None, "a select of functions has a row"
        return tuple(row)

    def _require(self, step: Step, *, reading: bool) -> None:
        harmless = READING.match(step.text) if reading else step.text == PLANNING_STEP
        if step not in self._plan or not harmless:
            raise NotSeen(f"{step.name} is no reading step that was announced, and was not sent")

    def _try(self, step: Step, text: bytes) -> tuple[Row, ...] | NotSeen:
        if self._steps_left == 0:
            return NotSeen(f"the budget of {self._budget.steps} reads is used up")
        self._steps_left -= 1
        return self._carry_out(step, lambda rows: self._receive(text, rows))

    def _carry_out(
        self, step: Step, work: Callable[[list[Row]], None]
    ) -> tuple[Row, ...] | NotSeen:
        begun = time.perf_counter()
        rows: list[Row] = []
        failure: NotSeen | None = None
        try:
            work(rows)
        except psycopg.Error as problem:
            failure = NotSeen(self._reason(problem), _needs(problem, step))
        except _TooManyRows:
            failure = NotSeen(f"the budget of {self._budget.rows:,} rows is used up")
        except _NotPlanned as problem:
            failure = NotSeen(f"PostgreSQL does not plan it here: {problem}")
        self._note(step, len(rows), time.perf_counter() - begun, failure)
        self._give_back(failure)
        return tuple(rows) if failure is None else failure

    def _receive(self, text: bytes, rows: list[Row]) -> None:
        """Append the rows of the query one by one; streams always use the extended protocol."""
        size = _ROWS_AT_A_TIME if psycopg.capabilities.has_stream_chunked() else 1
        with (
            self._connection.cursor() as cursor,
            contextlib.closing(_stream(cursor, text, size)) as stream,
        ):
            for row in stream:
                if self._rows_left == 0:
                    raise _TooManyRows
                self._rows_left -= 1
                rows.append(row)

    def _explain(self, text: bytes) -> None:
        """Send what may have parameters without values, which only a simple query can.

        A simple query could hold several statements. So the server itself, with the same settings,
        first parses it as a message that may hold only one; our own parser does not decide that.
        """
        alone = self._connection.pgconn.prepare(b"", text)
        if alone.status != pq.ExecStatus.COMMAND_OK:
            raise errors.error_from_result(alone)
        self._connection.execute(text)

    def _note(self, step: Step, rows: int, seconds: float, failure: NotSeen | None) -> None:
        self._record.append(
            ReadRecord(
                name=step.name,
                text=step.text,
                rows=rows,
                seconds=round(seconds, 6),
                failed=None if failure is None else str(failure),
            )
        )

    def _give_back(self, failure: NotSeen | None) -> None:
        """Release what a read locked, and go on after one that failed.

        Raises Unreachable, with what was told first, when the connection is gone.
        """
        try:
            self._connection.execute(GIVING_BACK.encode())
        except psycopg.Error as problem:
            self.lost = self.lost or str(failure or self._reason(problem))
            raise Unreachable(self.lost) from None

    def _reason(self, problem: psycopg.Error) -> str:
        budget = self._budget
        if self._deadline.expired:
            return f"the budget of {budget.seconds:g} s was used up, and the connection was cut"
        if isinstance(problem, errors.QueryCanceled):
            return f"it took longer than {budget.step_seconds:g} s and was cancelled"
        if isinstance(problem, errors.LockNotAvailable):
            return f"it waited longer than {budget.lock_seconds:g} s for a lock and gave up"
        said = problem.diag.message_primary or str(problem)
        return self.redact(f"the connection was lost: {said}" if self._connection.broken else said)


class _TooManyRows(Exception):
    pass


class _NotPlanned(Exception):
    pass


def _stream(cursor: psycopg.Cursor[Row], text: bytes, size: int) -> Generator[Row, None, None]:
    """The rows as they arrive; closing it before its end cancels the query."""
    yield from cursor.stream(text, binary=True, size=size)


def _needs(problem: psycopg.Error, step: Step) -> str:
    return step.needs if isinstance(problem, errors.InsufficientPrivilege) else ""


@contextlib.contextmanager
def open_session(target: Target, budget: Budget, plan: Sequence[Step]) -> Iterator[Session]:
    """A session that carries out the steps of ``plan``. Raises Unreachable, also at its end."""
    connection = connect(target)
    with contextlib.closing(connection), Deadline(connection, budget.seconds) as deadline:
        session = Session(connection, deadline, target, budget, plan)
        yield session
        if session.lost:  # a probe may have gone on with what it had seen before
            raise Unreachable(session.lost)
        with contextlib.suppress(psycopg.Error):  # the server rolls back a lost session by itself
            for step in CLOSING:
                connection.execute(step.text.encode())
