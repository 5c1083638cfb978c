"""PostgreSQL as a kind of target: what is known of it without its driver.

The driver is large, and most checks are of something else: it is imported with the first address that
is one of PostgreSQL.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from earwitness.check import postgresql_options
from earwitness.check.plan import Budget, Step
from earwitness.check.postgresql_steps import CLOSING, opening
from earwitness.check.target import Target, TargetKind

if TYPE_CHECKING:
    from earwitness.check.postgresql import Session

NAME = "postgresql"
SCHEMES = ("postgresql://", "postgres://")
BUDGET = Budget(
    seconds=30.0,
    steps=20,
    rows=500_000,
    step_seconds=5.0,
    lock_seconds=0.1,
    plannings=200,
    planning_seconds=5.0,
)
"""Half a million rows are three integers each: about 60 MB at the most."""


def parse(address: str) -> Target | None:
    """The target of a PostgreSQL address; None when it is none. Raises NotATarget."""
    if not address.startswith(SCHEMES) and not is_connection_string(address):
        return None
    from earwitness.check import postgresql_address

    return postgresql_address.parse(address)


def is_connection_string(address: str) -> bool:
    """Whether it starts like ``host=...``: a word and an equals sign, and no scheme before it."""
    word, equals, _ = address.partition("=")
    return bool(equals) and word.strip().isidentifier()


def open_session(
    target: Target, budget: Budget, plan: Sequence[Step]
) -> AbstractContextManager["Session"]:
    """A session that carries out the steps of ``plan``. Raises Unreachable."""
    from earwitness.check import postgresql

    return postgresql.open_session(target, budget, plan)


POSTGRESQL = TargetKind(
    name=NAME,
    title="PostgreSQL",
    example="postgresql://user@host/database",
    parse=parse,
    budget=BUDGET,
    opening=opening,
    closing=CLOSING,
    open_session=open_session,
    options=postgresql_options.OPTIONS,
)
