"""How the steps of a check of PostgreSQL are written down, and those that every session takes.

Pure values; nothing is sent from here. What keeps a session harmless is written here as text, and
carried out in ``postgresql``.
"""

import re
from collections.abc import Sequence

from earwitness.check.plan import Budget, Step

READING = re.compile(r"\s*(select|with|show|table|values)\b", re.IGNORECASE)
"""How a statement begins that reads."""
PLANNING = "explain (generic_plan) <statement>"
"""The only other statement that a claim can have sent; without ANALYZE nothing is executed."""
PLANNED_LOCKS = """
select distinct relation::bigint from pg_locks
where pid = pg_backend_pid() and locktype = 'relation' and relation >= 16384"""
"""Sent after it: the relations of users, whose OIDs begin there (FirstNormalObjectId)."""
PLANNING_STEP = f"{PLANNING};{PLANNED_LOCKS}"
"""Both, as a step writes them down; they are sent one by one."""
GIVING_BACK = "rollback to savepoint seen"
"""Ends every read, so that no lock outlives it: a check can take minutes."""
_SETTING_NAME = re.compile(r"[a-z_.]+")


def select(name: str, purpose: str, text: str, needs: str = "") -> Step:
    """A step that is one reading statement; ValueError when it begins like anything else."""
    if not READING.match(text):
        raise ValueError(f"step {name}: not a statement that reads: {text[:40]!r}")
    return Step(name=name, purpose=purpose, text=text.strip(), needs=needs)


def settings(name: str, purpose: str, names: Sequence[str]) -> Step:
    """A step for ``Session.read_settings``: settings of the server by name."""
    if not all(_SETTING_NAME.fullmatch(each) for each in names):
        raise ValueError(f"step {name}: not names of settings: {names!r}")
    wanted = ", ".join(f"'{each}'" for each in names)
    text = f"select name, setting from pg_settings where name in ({wanted}) order by name"  # noqa: S608 - names only
    return select(name, purpose, text, needs="grant select on pg_catalog.pg_settings")


def planning(name: str, purpose: str) -> Step:
    """A step for ``Session.locks_of_plan``: which relations planning a statement locks."""
    return Step(name=name, purpose=purpose, text=PLANNING_STEP)


_REACHING = ("pg_execute_server_program", "pg_read_server_files", "pg_write_server_files")
"""Roles whose members reach the machine below the server, also from a transaction that only reads."""


def _belongs(role: str, how: str) -> str:
    """Whether the session's role is a member of another one, or even has its rights (``usage``)."""
    return f"coalesce(pg_has_role(to_regrole('{role}')::oid, '{how}'), false)"


SERVER = select(
    "server",
    "version, whether it is a standby, whether a pooler stands between, rights of the role",
    f"""
select current_setting('server_version_num')::int, current_setting('server_version'),
    pg_is_in_recovery(), pg_backend_pid(), current_setting('is_superuser') = 'on',
    {" or ".join(_belongs(role, "member") for role in _REACHING)},
    {_belongs("pg_monitor", "usage")}, {_belongs("pg_read_all_stats", "usage")}""",
)


def opening(budget: Budget) -> tuple[Step, ...]:
    """What every session sends first."""
    return (
        # The level is named because that of the role or the database would count: a standby refuses
        # to be serializable, and any other keeps one snapshot until the end.
        Step(
            name="begin",
            purpose="nothing can be written",
            text="begin transaction isolation level read committed, read only",
        ),
        *_own_settings(budget),
        SERVER,
        Step(
            name="savepoint",
            purpose="a read that is refused ends only itself",
            text="savepoint seen",
        ),
        Step(
            name="giving-back",
            purpose="sent again after every read: its locks are given back",
            text=GIVING_BACK,
        ),
    )


def _own_settings(budget: Budget) -> tuple[Step, ...]:
    """Those of the transaction alone, whatever the role, the database or a pool have set."""
    limits = {
        "statement_timeout": budget.step_seconds,
        "lock_timeout": budget.lock_seconds,
        "idle_in_transaction_session_timeout": budget.seconds,
    }
    return (
        *(
            _local(name, f"'{_milliseconds(seconds)}'", "a limit")
            for name, seconds in limits.items()
        ),
        _local("application_name", "'earwitness'", "who it is, to whoever looks"),
        # pg_temp is named because it would come first otherwise, with what others left in a pool
        _local("search_path", "pg_catalog, pg_temp", "only what the system defines is called"),
        _local("standard_conforming_strings", "on", "every text is read as it was looked at"),
        Step(
            name="client_encoding",
            purpose="names of any bytes, where the database has no encoding",
            text="select set_config('client_encoding', 'SQL_ASCII', true) "
            "where current_setting('server_encoding') = 'SQL_ASCII'",
        ),
        Step(
            name="transaction_timeout",
            purpose="a limit, where the server has it (17 and later)",
            text=f"select set_config('transaction_timeout', '{_milliseconds(budget.seconds)}', true) "
            "where current_setting('transaction_timeout', true) is not null",
        ),
    )


def _milliseconds(seconds: float) -> str:
    return f"{max(1, round(seconds * 1000))}ms"


def _local(name: str, value: str, purpose: str) -> Step:
    """A setting that ends with the transaction; ``value`` as SQL writes it."""
    return Step(name=name, purpose=purpose, text=f"set local {name} = {value}")


CLOSING = (Step(name="rollback", purpose="nothing stays behind", text="rollback"),)
