"""The database that is cut off: what its commits do, and what must hold of it afterwards.

Commit number n inserts row n and moves money between two accounts, so that a commit touches pages
of two tables and of an index, and half a commit shows in the sums. Numbers have no gaps: what a
client was told is a prefix, and what survives must be one. Statements and judging only; the file
system below is somebody else's.
"""

from collections.abc import Iterator

import apsw
import numpy as np

from earwitness.claims.fsync.loss import Found

ACCOUNTS = 64
"""With their padding they fill sixteen pages, so that two transfers seldom meet on one."""
_PADDING_BYTES = 900
_LONGEST_PAYLOAD_BYTES = 6000
"""More than a page of 4096 bytes: some rows need overflow pages, most do not."""

NAME = "ledger"
"""The file name of the database."""

_SCHEMA = """
create table account (
    id integer primary key, balance integer not null, changes integer not null, padding blob
);
create table entry (
    number integer primary key, reference text not null unique, payload blob not null
);
"""
_ACCOUNT = "insert into account values (?, 0, 0, zeroblob(?))"
_NUMBERS = "select number from entry"
_SUMS = "select total(balance), total(changes) from account"


def create(connection: apsw.Connection) -> None:
    """Make the tables, without entries and with nothing in the accounts."""
    connection.execute("begin")
    connection.execute(_SCHEMA)
    connection.executemany(_ACCOUNT, ((id, _PADDING_BYTES) for id in range(1, ACCOUNTS + 1)))
    connection.execute("commit")


def commits(
    connection: apsw.Connection, count: int, generator: np.random.Generator
) -> Iterator[int]:
    """Commit so many times; yield the number of each commit when SQLite has answered."""
    for number in range(1, count + 1):
        payer, payee = generator.choice(ACCOUNTS, size=2, replace=False) + 1
        amount = int(generator.integers(1, 1000))
        payload = generator.bytes(int(generator.integers(0, _LONGEST_PAYLOAD_BYTES)))
        reference = generator.bytes(16).hex()
        connection.execute("begin immediate")
        connection.execute("insert into entry values (?, ?, ?)", (number, reference, payload))
        for account, change in ((int(payer), -amount), (int(payee), amount)):
            connection.execute(
                "update account set balance = balance + ?, changes = changes + 1 where id = ?",
                (change, account),
            )
        connection.execute("commit")
        yield number


def read(connection: apsw.Connection) -> Found:
    """Let SQLite recover and examine the database. A page that cannot be read is damage."""
    try:
        said = [str(line) for (line,) in connection.execute("pragma integrity_check(1)")]
        problem = None if said == ["ok"] else said[0]
    except apsw.Error as error:
        problem = str(error)
    try:
        numbers = frozenset(number for (number,) in connection.execute(_NUMBERS))
        balance, changes = next(connection.execute(_SUMS))
    except apsw.Error as error:
        return Found(numbers=frozenset(), problem=problem or str(error))
    if problem is None and (balance, changes) != (0, 2 * len(numbers)):
        problem = f"half a commit: {changes} changes and {balance} left over for {len(numbers)}"
    return Found(numbers=numbers, problem=problem)
