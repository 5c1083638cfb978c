"""The same ledger in PostgreSQL: what its commits do, and what must hold of it afterwards.

Each commit is one statement in a transaction of its own: it inserts the numbered row and moves
money between two accounts. Statements and judging only; the server is somebody else's.
"""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg

from earwitness.claims.fsync.loss import Found

Connection = psycopg.Connection[Any]

_ACCOUNTS = 64
_PADDING_BYTES = 900
"""With it the accounts fill several pages."""
_LONGEST_PAYLOAD_BYTES = 6000
"""Beyond 2 KB PostgreSQL keeps a value in a table of its own, so that some commits write there."""

_SCHEMA = """
create table account (
    id int primary key, balance bigint not null, changes bigint not null, padding text not null
);
create table entry (number int primary key, payload bytea not null);
"""
_ACCOUNT = "insert into account select id, 0, 0, repeat('x', %s) from generate_series(1, %s) as id"
_COMMIT = """
with entered as (insert into entry values (%(number)s, %(payload)s))
update account set
    balance = balance + case id when %(payee)s then %(amount)s else -%(amount)s end,
    changes = changes + 1
where id in (%(payer)s, %(payee)s)
"""
_SUMS = "select sum(balance), sum(changes) from account"
_ROWS = "select number, length(payload) from entry"
_ENTRIES = "select count(*) from entry where number > 0"
_BY_INDEX = "set enable_seqscan = off"


def create(connection: Connection) -> None:
    """Make the tables, without entries and with nothing in the accounts, and write them out."""
    connection.execute(_SCHEMA)
    connection.execute(_ACCOUNT, (_PADDING_BYTES, _ACCOUNTS))
    connection.execute("checkpoint")


def commits(
    connection: Connection, count: int, checkpoint_commits: int, generator: np.random.Generator
) -> Iterator[int]:
    """Commit so many times; yield for each when PostgreSQL had answered, in ns of CLOCK_MONOTONIC.

    A checkpoint, which the client asks for, comes after every so many commits.
    """
    for number in range(1, count + 1):
        payer, payee = generator.choice(_ACCOUNTS, size=2, replace=False) + 1
        values = {
            "number": number,
            "payload": generator.bytes(int(generator.integers(0, _LONGEST_PAYLOAD_BYTES))),
            "payer": int(payer),
            "payee": int(payee),
            "amount": int(generator.integers(1, 1000)),
        }
        connection.execute(_COMMIT, values)
        yield time.monotonic_ns()
        if number % checkpoint_commits == 0:
            connection.execute("checkpoint")


def read(connection: Connection) -> Found:
    """Examine the recovered database: table, index, and sums that only whole commits satisfy.

    Pages have checksums, and every value is read; a page that cannot be read is damage.
    """
    try:
        # read and thrown away, so that values kept elsewhere are fetched as well
        connection.execute("select sum(length(encode(payload, 'hex'))) from entry")
        numbers = frozenset(number for number, _length in connection.execute(_ROWS))
        balance, changes = connection.execute(_SUMS).fetchall()[0]
        connection.execute(_BY_INDEX)
        ((indexed,),) = connection.execute(_ENTRIES).fetchall()
    except psycopg.Error as error:
        return Found(numbers=frozenset(), problem=str(error))
    problem = None
    if (balance, changes) != (0, 2 * len(numbers)):
        problem = f"half a commit: {changes} changes and {balance} left over for {len(numbers)}"
    elif indexed != len(numbers):
        problem = f"the index has {indexed} entries, the table {len(numbers)}"
    return Found(numbers=numbers, problem=problem)
