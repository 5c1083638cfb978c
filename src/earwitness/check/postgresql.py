"""The one guarded session of a check to PostgreSQL: read-only, bounded, traceless.

Everything happens in a single read-only transaction whose limits are local to it and which is
rolled back. So nothing is left in a session that a pooler hands to somebody else, and the session
cannot be made writable again: PostgreSQL refuses that once a transaction has read anything. Only
steps that were announced are carried out, one statement in each message, none prepared. Standbys
and poolers are as good as primaries; nothing here needs a right beyond CONNECT.

How an address is read stands in ``postgresql_address``; what is read, the claims say.
"""

import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import make_conninfo

from earwitness.check import postgresql_address
from earwitness.check.evidence import ReadRecord
from earwitness.check.plan import Budget, Step
from earwitness.check.target import NotSeen, Target, TargetKind, Unreachable

Row = tuple[Any, ...]

BUDGET = Budget(seconds=30.0, steps=20, rows=500_000, step_seconds=5.0, lock_seconds=0.1)
"""Half a million rows are three integers each: about 60 MB at the most."""

_READING = re.compile(r"\s*(select|with|show|table|values)\b", re.IGNORECASE)
_SETTING_NAME = re.compile(r"[a-z_.]+")
_CONNECTION: Mapping[str, str | int] = {
    # What an address may override. The waits are for networks that swallow packets.
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_FORCED: Mapping[str, str] = {
    "client_encoding": "UTF8",
    "options": "",  # else the address or PGOPTIONS would speak; and some poolers refuse it
}
_ROWS_AT_A_TIME = 500
_SAVEPOINT = "seen"


def select(name: str, purpose: str, text: str, needs: str = "") -> Step:
    """A step that is one reading statement; ValueError when it begins like anything else."""
    if not _READING.match(text):
        raise ValueError(f"step {name}: not a statement that reads: {text[:40]!r}")
    return Step(name=name, purpose=purpose, text=text.strip(), needs=needs)


def settings(name: str, purpose: str, names: Sequence[str]) -> Step:
    """A step for ``Session.read_settings``: settings of the server by name."""
    if not all(_SETTING_NAME.fullmatch(each) for each in names):
        raise ValueError(f"step {name}: not names of settings: {names!r}")
    wanted = ", ".join(f"'{each}'" for each in names)
    text = f"select name, setting from pg_settings where name in ({wanted}) order by name"  # noqa: S608 - names only
    return select(name, purpose, text, needs="grant select on pg_catalog.pg_settings")


SERVER = select(
    "server",
    "version, whether it is a standby, whether a pooler stands between, rights of the role",
    """
select current_setting('server_version_num')::int, current_setting('server_version'),
    pg_is_in_recovery(), pg_backend_pid(),
    (select rolsuper from pg_roles where rolname = current_user),
    (select pg_has_role(oid, 'member') from pg_roles where rolname = 'pg_monitor')""",
)


def opening(budget: Budget) -> tuple[Step, ...]:
    """What every session sends first."""
    limits = {
        "statement_timeout": budget.step_seconds,
        "lock_timeout": budget.lock_seconds,
        "idle_in_transaction_session_timeout": budget.seconds,
    }
    return (
        Step(name="begin", purpose="nothing can be written", text="begin transaction read only"),
        *(
            _local(name, f"'{max(1, round(seconds * 1000))}ms'", "a limit")
            for name, seconds in limits.items()
        ),
        _local("application_name", "'earwitness'", "who it is, to whoever looks"),
        # pg_temp is named because it would come first otherwise, with what others left in a pool
        _local("search_path", "pg_catalog, pg_temp", "only what the system defines is called"),
        SERVER,
        Step(
            name="savepoint",
            purpose="a read that is refused ends only itself",
            text=f"savepoint {_SAVEPOINT}",
        ),
    )


def _local(name: str, value: str, purpose: str) -> Step:
    """A setting that ends with the transaction; ``value`` as SQL writes it."""
    return Step(name=name, purpose=purpose, text=f"set local {name} = {value}")


CLOSING = (Step(name="rollback", purpose="nothing stays behind", text="rollback"),)


class Deadline:
    """Cuts a connection when its time is up, whatever the other end does or fails to do."""

    def __init__(self, connection: psycopg.Connection[Any], seconds: float) -> None:
        self.expired = False
        """Whether the time ran out and the connection was cut."""
        self._connection = connection
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()  # else it might cut whoever gets the number of our socket next

    def _cut(self) -> None:
        self.expired = True
        with contextlib.suppress(OSError, psycopg.Error):
            copy = socket.socket(fileno=os.dup(self._connection.pgconn.socket))
            with contextlib.closing(copy):
                copy.shutdown(socket.SHUT_RDWR)


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
        self._answers: dict[Step, tuple[Row, ...] | NotSeen] = {}
        self._record: list[ReadRecord] = []
        self._settings: dict[str, str] = {}
        self._steps_left, self._rows_left = budget.steps, budget.rows
        self._server = self._open()
        self._pooled = self._server[3] != connection.info.backend_pid  # a pooler invents its own

    # What the runner asks.

    @property
    def facts(self) -> Mapping[str, str]:
        """Version, kind of server, way to it, and rights, in words."""
        _, version, standby, _, superuser, monitor = self._server
        rights = "superuser" if superuser else "pg_monitor" if monitor else "no rights to monitor"
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

    def read(self, step: Step) -> tuple[Row, ...]:
        """The rows of a step; one that was read before costs nothing.

        Raises NotSeen, with the reason in one line, and Unreachable when the connection is gone.
        """
        if step not in self._plan or not _READING.match(step.text):
            raise NotSeen(f"{step.name} is no reading step that was announced, and was not sent")
        if step not in self._answers:
            self._answers[step] = self._try(step)
        answer = self._answers[step]
        if isinstance(answer, NotSeen):
            raise answer
        return answer

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

    def _try(self, step: Step) -> tuple[Row, ...] | NotSeen:
        if self._steps_left == 0:
            return NotSeen(f"the budget of {self._budget.steps} reads is used up")
        self._steps_left -= 1
        begun = time.perf_counter()
        rows: list[Row] = []
        failure: NotSeen | None = None
        try:
            self._receive(step, rows)
        except psycopg.Error as problem:
            failure = NotSeen(self._reason(problem), _needs(problem, step))
        except _TooManyRows:
            failure = NotSeen(f"the budget of {self._budget.rows:,} rows is used up")
        self._note(step, len(rows), time.perf_counter() - begun, failure)
        if failure is None:
            return tuple(rows)
        self._recover(str(failure))
        return failure

    def _receive(self, step: Step, rows: list[Row]) -> None:
        """Append the rows of the step one by one; streams always use the extended protocol."""
        size = _ROWS_AT_A_TIME if psycopg.capabilities.has_stream_chunked() else 1
        with (
            self._connection.cursor() as cursor,
            contextlib.closing(_stream(cursor, step, size)) as stream,
        ):
            for row in stream:
                if self._rows_left == 0:
                    raise _TooManyRows
                self._rows_left -= 1
                rows.append(row)

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

    def _recover(self, reason: str) -> None:
        """Go on after a read that failed. Raises Unreachable when the connection is gone."""
        try:
            self._connection.execute(f"rollback to savepoint {_SAVEPOINT}".encode())
        except psycopg.Error:
            raise Unreachable(reason) from None

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


def _stream(cursor: psycopg.Cursor[Row], step: Step, size: int) -> Generator[Row, None, None]:
    """The rows as they arrive; closing it before its end cancels the query."""
    yield from cursor.stream(step.text.encode(), binary=True, size=size)


def _needs(problem: psycopg.Error, step: Step) -> str:
    return step.needs if isinstance(problem, errors.InsufficientPrivilege) else ""


@contextlib.contextmanager
def open_session(target: Target, budget: Budget, plan: Sequence[Step]) -> Iterator[Session]:
    """A session that carries out the steps of ``plan``. Raises Unreachable."""
    connection = _connect(target)
    with contextlib.closing(connection), Deadline(connection, budget.seconds) as deadline:
        yield Session(connection, deadline, target, budget, plan)
        with contextlib.suppress(psycopg.Error):  # the server rolls back a lost session by itself
            for step in CLOSING:
                connection.execute(step.text.encode())


def _connect(target: Target) -> psycopg.Connection[Any]:
    chosen: dict[str, Any] = {**_CONNECTION, **target.parameters, **_FORCED}
    try:
        return psycopg.connect(make_conninfo("", **chosen), autocommit=True, prepare_threshold=None)
    except psycopg.Error as problem:
        secrets = target.secrets.with_values([os.environ.get("PGPASSWORD")])
        raise Unreachable(
            f"cannot connect to {target.shown}: {secrets.one_line(str(problem))}"
        ) from None


POSTGRESQL = TargetKind(
    name=postgresql_address.NAME,
    example="postgresql://user@host/database",
    parse=postgresql_address.parse,
    budget=BUDGET,
    opening=opening,
    closing=CLOSING,
    open_session=open_session,
)
