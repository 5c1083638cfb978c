"""The tables that are read, and the column lists that the arms ask for.

SQL and names only: what the rows look like, how they get there, and what a word such as ``inline``
selects. How long anything takes is measured elsewhere.

``wide`` has thirty columns. Twenty-eight are stored in the row (some 660 bytes), the last of them
``n15``, a whole number like ``grade``, the second; ``bio`` is a text of 8000 characters that
compresses to about 4.3 kB and so goes out of line, ``photo`` is 4000 bytes that are stored out of
line as they are. Its primary key also holds ``grade``, and a second index the four columns that a
list of people would show. ``narrow`` has six whole numbers and a plain primary key;
``narrow_covered`` has the same rows and every column in its primary key. The tables of
``STORAGE`` have one and the same text of 6000 characters in each row, stored in four ways.
"""

# ruff: noqa: S608 - names and numbers of our own; nothing from outside enters a statement

from collections.abc import Callable, Mapping
from functools import partial

from psycopg import Connection

_INTEGERS = tuple(f"n{number:02}" for number in range(3, 16))
_TEXTS = ("name", *(f"t{number:02}" for number in range(2, 11)))
_LAST_INLINE = "n15"
_INLINE = (
    *("id", "grade", *_INTEGERS[:-1], *_TEXTS),
    *("balance", "created_at", "preferences", _LAST_INLINE),
)
_NARROW = ("id", *(f"n{number:02}" for number in range(2, 7)))

WIDE_COLUMNS = (*_INLINE, "bio", "photo")

_STORIES = 64
"""Distinct long values; every row still gets its own compressed copy of one."""

STORAGE: Mapping[str, tuple[str, ...]] = {
    # PLAIN forbids both compression and storing elsewhere, MAIN stores elsewhere as a last resort,
    # EXTERNAL forbids compression; EXTENDED tries compression first, and what is left is moved
    # out of the row for as long as that is longer than the target.
    "kept": ("set storage plain",),
    "kept_compressed": ("set storage main",),
    "moved": ("set storage external",),
    "moved_compressed": ("set storage extended", "set (toast_tuple_target = 128)"),
}
"""What makes each table store its text as its name says: in the row or out of it, pglz or not."""

_SELECTED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "wide": {
        "named": ("id", "grade"),
        "needed": ("id", "grade", "balance", "name"),
        "last": ("id", _LAST_INLINE),
        "inline": _INLINE,
        "plus-text": (*_INLINE, "bio"),
        "spelled-out": WIDE_COLUMNS,
        "star": ("*",),
    },
    "narrow": {"named": ("id", "n02"), "star": ("*",)},
    "narrow_covered": {"star": ("*",)},
    **{table: {"star": ("*",)} for table in STORAGE},
}


def query(table: str, columns: str, *, first: int, count: int) -> str:
    """SELECT what a word of that table stands for, for ``count`` ids from ``first`` on.

    KeyError for a table or word that is not known.
    """
    selected = ", ".join(_SELECTED[table][columns])
    return f"select {selected} from {table} where id between {first} and {first + count - 1}"


def column_names(table: str, columns: str) -> tuple[str, ...]:
    """What a word of that table names; empty for the star, which names nothing.

    KeyError for a table or word that is not known.
    """
    selected = _SELECTED[table][columns]
    return () if selected == ("*",) else selected


def load(connection: Connection, table: str, rows: int) -> None:
    """Create the table with ids from 1 to ``rows``, fill and VACUUM it; KeyError if unknown.

    VACUUM marks the pages all-visible, without which no index answers alone; see ``all_visible``.
    """
    _LOADERS[table](connection, rows)
    connection.execute(f"vacuum (analyze) {table}")


def all_visible(connection: Connection, table: str) -> float:
    """The share of the table's pages that are marked all-visible, from 0 to 1."""
    row = connection.execute(
        "select relallvisible::float8 / relpages from pg_class where oid = %s::regclass", [table]
    ).fetchone()
    assert row is not None, "pg_class has a row for every table"
    return float(row[0])


def _load_wide(connection: Connection, rows: int) -> None:
    integers = ", ".join(f"{name} integer not null" for name in _INTEGERS[:-1])
    texts = ", ".join(f"{name} text not null" for name in _TEXTS)
    connection.execute(
        f"create table wide (id integer not null, grade integer not null, {integers}, {texts}, "
        "balance numeric not null, created_at timestamptz not null, preferences jsonb not null, "
        f"{_LAST_INLINE} integer not null, "
        "bio text not null, photo bytea not null, primary key (id) include (grade))"
    )
    connection.execute("alter table wide alter photo set storage external")
    # Random hex digits hardly compress, but the second half of each story repeats the first: so
    # pglz takes a story to about half, which is still too long for the row. The halves are joined
    # in the INSERT itself, because a value that is stored already would be copied as it is.
    connection.execute(
        "create temporary table halves as select number, "
        "(select string_agg(md5(number || '.' || part), '') from generate_series(1, 125) part) "
        f"as half from generate_series(0, {_STORIES - 1}) number"
    )
    integers = ", ".join(f"id * {factor}" for factor, _ in enumerate(_INTEGERS[:-1], start=3))
    texts = ", ".join(f"md5('{name}' || id)" for name in _TEXTS)
    connection.execute(
        f"insert into wide select id, id % 100, {integers}, {texts}, id * 1.01, "
        "timestamptz '2024-01-01 00:00Z' + id * interval '1 minute', "
        "jsonb_build_object('theme', 'dark', 'page', id, 'tags', "
        "jsonb_build_array('a', 'b', md5(id::text))), id * 15, half || half, decode(half || half, 'hex') "
        f"from generate_series(1, {rows}) id join halves on number = id % {_STORIES} order by id"
    )
    connection.execute("create index wide_needed on wide (id) include (grade, balance, name)")


def _load_narrow(connection: Connection, rows: int) -> None:
    _create_narrow(connection, "narrow", "primary key (id)")
    _fill_narrow(connection, "narrow", rows)


def _load_narrow_covered(connection: Connection, rows: int) -> None:
    others = ", ".join(_NARROW[1:])
    _create_narrow(connection, "narrow_covered", f"primary key (id) include ({others})")
    _fill_narrow(connection, "narrow_covered", rows)


def _create_narrow(connection: Connection, table: str, key: str) -> None:
    columns = ", ".join(f"{name} integer not null" for name in _NARROW)
    connection.execute(f"create table {table} ({columns}, {key})")


def _fill_narrow(connection: Connection, table: str, rows: int) -> None:
    values = ", ".join(f"id * {factor}" for factor, _ in enumerate(_NARROW[1:], start=2))
    connection.execute(
        f"insert into {table} select id, {values} from generate_series(1, {rows}) id"
    )


def _load_stored(connection: Connection, rows: int, *, table: str) -> None:
    connection.execute(
        f"create table {table} (id integer not null, story text compression pglz not null, "
        "primary key (id))"
    )
    for change in STORAGE[table]:
        whose = "" if change.startswith("set (") else "alter story "
        connection.execute(f"alter table {table} {whose}{change}")
    # A quarter of random hex digits, four times: compressed, it fits into the row with room to
    # spare. repeat() makes a value of its own for every row, as || does for the wide table.
    connection.execute(
        f"insert into {table} select id, repeat(quarter, 4) from generate_series(1, {rows}) id "
        f"join (select number, left(string_agg(md5(number || '.' || part), ''), 1500) as quarter "
        f"from generate_series(0, {_STORIES - 1}) number, generate_series(1, 47) part "
        f"group by number) quarters on number = id % {_STORIES} order by id"
    )


_LOADERS: Mapping[str, Callable[[Connection, int], None]] = {
    "wide": _load_wide,
    "narrow": _load_narrow,
    "narrow_covered": _load_narrow_covered,
    **{table: partial(_load_stored, table=table) for table in STORAGE},
}
