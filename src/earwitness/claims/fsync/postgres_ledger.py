"""The same ledger in PostgreSQL: what its commits do, and what must hold of it afterwards.

Each commit is one statement in a transaction of its own: it inserts the numbered row and moves
money between two accounts. Statements and judging only; the server is somebody else's.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg

from earwitness.claims.fsync.loss import Found

Connection = psycopg.Connection[Any]

_ACCOUNTS = 64
"""Shared out among the clients, so that none waits for another's lock."""
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
# every value is fetched from where it is kept, and no index alone can answer
_ROWS = "select number, length(encode(payload, 'hex')) from entry"
_ENTRIES = "select count(*) from entry where number > 0"
_BY_INDEX = "set enable_seqscan = off"
_HAS_AMCHECK = "select count(*) from pg_available_extensions where name = 'amcheck'"
_USES_AMCHECK = "select count(*) from pg_extension where extname = 'amcheck'"
_INDEXES = """
select bt_index_check(indexrelid, true) from pg_index
where indrelid in ('account'::regclass, 'entry'::regclass)
"""
_HEAPS = """
select relation::text || ': ' || msg
from unnest(array['account'::regclass, 'entry'::regclass]) as relation, verify_heapam(relation)
"""
_CHECKSUMS = "select current_setting('data_checksums')"


@dataclass(frozen=True)
class Client:
    """One of so many clients, from 0; its commits have every so many numbers."""

    number: int
    of: int

    def commit(self, count: int) -> int:
        """The number of its commit of that count, from 1."""
        return (count - 1) * self.of + self.number + 1

    @property
    def accounts(self) -> range:
        """Those that it alone moves money between."""
        share = _ACCOUNTS // self.of
        return range(self.number * share + 1, (self.number + 1) * share + 1)


def create(connection: Connection) -> str:
    """Make the tables, without entries and with nothing in the accounts, and write them out.

    Which oracles there are besides reading every row by table and by index, in words.
    """
    connection.execute(_SCHEMA)
    connection.execute(_ACCOUNT, (_PADDING_BYTES, _ACCOUNTS))
    ((available,),) = connection.execute(_HAS_AMCHECK).fetchall()
    if available:
        connection.execute("create extension amcheck")
    connection.execute("checkpoint")
    ((checksums,),) = connection.execute(_CHECKSUMS).fetchall()
    amcheck = "amcheck" if available else "no amcheck, which this build does not have"
    return f"sums, every value, index against table, page checksums {checksums}, {amcheck}"


def commits(
    connection: Connection,
    client: Client,
    count: int,
    checkpoint_commits: int | None,
    generator: np.random.Generator,
    *,
    last: bool = True,
) -> Iterator[int]:
    """Commit so many times; yield for each when PostgreSQL had answered, in ns of CLOCK_MONOTONIC.

    A checkpoint, which the client asks for, comes after every so many commits; None: it asks for
    none. ``last``: also for the one after all of them.
    """
    for done in range(1, count + 1):
        payer, payee = generator.choice(client.accounts, size=2, replace=False)
        values = {
            "number": client.commit(done),
            "payload": generator.bytes(int(generator.integers(0, _LONGEST_PAYLOAD_BYTES))),
            "payer": int(payer),
            "payee": int(payee),
            "amount": int(generator.integers(1, 1000)),
        }
        connection.execute(_COMMIT, values)
        yield time.monotonic_ns()
        due = checkpoint_commits is not None and done % checkpoint_commits == 0
        if due and (last or done < count):
            connection.execute("checkpoint")


def read(connection: Connection) -> Found:
    """Examine the recovered database: table, index, and sums that only whole commits satisfy.

    Pages have checksums where the server has them, and every value is read; a page that cannot be
    read is damage. amcheck compares heap and index where the server has it.
    """
    try:
        rows = [number for number, _length in connection.execute(_ROWS)]
        balance, changes = connection.execute(_SUMS).fetchall()[0]
        connection.execute(_BY_INDEX)
        ((indexed,),) = connection.execute(_ENTRIES).fetchall()
        complaint = _amcheck(connection)
    except psycopg.Error as error:
        return Found(numbers=frozenset(), problem=str(error))
    numbers = frozenset(rows)
    problem = complaint
    if len(rows) != len(numbers):
        problem = f"{len(rows) - len(numbers)} entries are there twice"
    elif (balance, changes) != (0, 2 * len(numbers)):
        problem = f"half a commit: {changes} changes and {balance} left over for {len(numbers)}"
    elif indexed != len(numbers):
        problem = f"the index has {indexed} entries, the table {len(numbers)}"
    return Found(numbers=numbers, problem=problem)


def _amcheck(connection: Connection) -> str | None:
    """What amcheck says; None when it has nothing to say or is not there. psycopg.Error of its own."""
    ((used,),) = connection.execute(_USES_AMCHECK).fetchall()
    if not used:
        return None
    connection.execute(_INDEXES)
    complaints = [str(text) for (text,) in connection.execute(_HEAPS)]
    return complaints[0] if complaints else None
