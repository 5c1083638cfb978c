"""Clients of PostgreSQL, each brought to the same form: ask for rows, hold them in its own shape.

One function for each, which opens a connection of its own and yields how to fetch. What a fetch
costs is measured in ``decoding``; what it is held against, the claim says. asyncpg and the Arrow
driver are packages of an extra: without one, its arms are unavailable, and nothing else.
"""

import asyncio
import importlib
import importlib.metadata
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from earwitness.experiment.bench import Unavailable
from earwitness.servers.postgres import Postgres

Fetch = Callable[[str], object]
"""From a query to its rows, in the shape in which this client gives them to a program."""

_INSTALL = "pip install 'earwitness[clients]'"


@dataclass(frozen=True, kw_only=True)
class Client:
    """A way to ask for rows."""

    distributions: tuple[str, ...]
    """The Python packages it consists of, for versions."""
    modules: tuple[str, ...]
    """What is imported of them."""
    opened: Callable[[Postgres], AbstractContextManager[Fetch]]
    """A connection to the server, for as long as the context lasts."""

    @property
    def version(self) -> str:
        """As in "asyncpg 0.32.0"; Unavailable when a package is missing."""
        for module in self.modules:
            try:
                importlib.import_module(module)
            except ImportError as absent:
                raise Unavailable(
                    f"the Python package of {module} cannot be imported: {absent}", _INSTALL
                ) from absent
        versions = (f"{name} {importlib.metadata.version(name)}" for name in self.distributions)
        return ", ".join(versions)


@contextmanager
def _libpq(server: Postgres) -> Iterator[Fetch]:
    """The C library alone: bytes of the text format, as they came."""
    with server.connect() as connection:
        yield lambda query: connection.pgconn.exec_(query.encode())


@contextmanager
def _psycopg_text(server: Postgres) -> Iterator[Fetch]:
    with server.connect() as connection:
        yield lambda query: connection.execute(query).fetchall()


@contextmanager
def _psycopg_binary(server: Postgres) -> Iterator[Fetch]:
    with server.connect() as connection:
        yield lambda query: connection.execute(query, binary=True).fetchall()


@contextmanager
def _asyncpg(server: Postgres) -> Iterator[Fetch]:
    """Rows as Records, from the binary format; its statement is prepared anew for every query."""
    asyncpg = importlib.import_module("asyncpg")
    with asyncio.Runner() as runner:
        connection: Any = runner.run(
            asyncpg.connect(
                host=os.fspath(server.socket),
                port=server.port,
                user="postgres",
                database="postgres",
                statement_cache_size=0,
            )
        )
        try:
            yield lambda query: runner.run(connection.fetch(query))
        finally:
            runner.run(connection.close())


@contextmanager
def _arrow(server: Postgres) -> Iterator[Fetch]:
    """Rows as an Arrow table: columns side by side, from COPY in the binary format."""
    dbapi: Any = importlib.import_module("adbc_driver_postgresql.dbapi")
    host = quote(os.fspath(server.socket), safe="")
    address = f"postgresql://postgres@/postgres?host={host}&port={server.port}&options="
    with dbapi.connect(address) as connection, connection.cursor() as cursor:

        def fetch(query: str) -> object:
            cursor.execute(query)
            return cursor.fetch_arrow_table()

        yield fetch


_PSYCOPG = ("psycopg",)

CLIENTS: Mapping[str, Client] = {
    "libpq": Client(distributions=_PSYCOPG, modules=("psycopg",), opened=_libpq),
    "psycopg-text": Client(distributions=_PSYCOPG, modules=("psycopg",), opened=_psycopg_text),
    "psycopg-binary": Client(distributions=_PSYCOPG, modules=("psycopg",), opened=_psycopg_binary),
    "asyncpg": Client(distributions=("asyncpg",), modules=("asyncpg",), opened=_asyncpg),
    "arrow": Client(
        distributions=("adbc-driver-postgresql", "pyarrow"),
        modules=("adbc_driver_postgresql.dbapi", "pyarrow"),
        opened=_arrow,
    ),
}
"""By the word that arms use."""


def versions(names: set[str]) -> dict[str, str]:
    """What would run, by the name of the client; Unavailable when one of them cannot."""
    return {name: CLIENTS[name].version for name in sorted(names)}
