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
SAVEPOINT = "seen"
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
    return Step(name=name, purpose=purpose, text=PLANNING)


SERVER = select(
    "server",
    "version, whether it is a standby, whether a pooler stands between, rights of the role",
    """
select current_setting('server_version_num')::int, current_setting('server_version'),
    pg_is_in_recovery(), pg_backend_pid(),
    current_setting('is_superuser') = 'on', pg_has_role(to_regrole('pg_monitor')::oid, 'member')""",
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
            text=f"savepoint {SAVEPOINT}",
        ),
    )


def _local(name: str, value: str, purpose: str) -> Step:
    """A setting that ends with the transaction; ``value`` as SQL writes it."""
    return Step(name=name, purpose=purpose, text=f"set local {name} = {value}")


CLOSING = (Step(name="rollback", purpose="nothing stays behind", text="rollback"),)
