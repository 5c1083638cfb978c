"""The backend of the cascade: a small ASGI application on uvicorn with a pool of asyncpg.

Runs as a child process, ``python backend_program.py OPTIONS``. It imports nothing of the project,
so that it is what anybody would write: one query for each request, on a connection from a bounded
pool, and 500 when that fails or when no connection is free in time. Statements are not cached,
because the experiment is not about prepared ones.

``GET /NAME?customer=1&day=2`` runs the query NAME with these parameters. The port is written into
the file ``port`` once it listens, with all connections of the pool open and every query run once
on each, since a new session fills its caches first.
"""

import argparse
import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import asyncpg
import uvicorn

_WARM = {"customer": 1, "day": 0}
_BACKLOG = 2048
"""Connections that may wait to be accepted: a burst is to wait for the database, not for these."""


class Application:
    """Answers a request with the result of its query."""

    def __init__(self, pool: Any, queries: dict[str, Any], acquire_seconds: float) -> None:
        self._pool = pool
        self._queries = queries
        self._acquire_seconds = acquire_seconds

    async def __call__(
        self,
        scope: dict[str, Any],
        _receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        """One request."""
        asked = {name: int(v[0]) for name, v in parse_qs(scope["query_string"].decode()).items()}
        try:
            query = self._queries[scope["path"].removeprefix("/")]
            async with self._pool.acquire(timeout=self._acquire_seconds) as connection:
                row = await connection.fetchrow(query["sql"], *values(query, asked))
        except KeyError:
            status, body = 404, b"there is no such query"
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            status, body = 500, type(error).__name__.encode()
        else:
            status, body = 200, json.dumps([int(value or 0) for value in row]).encode()
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def values(query: dict[str, Any], asked: dict[str, int]) -> list[int]:
    """What the request gives for each parameter of the query. KeyError when one is missing."""
    return [asked[name] for name in query["parameters"]]


async def serve(options: argparse.Namespace) -> None:
    """Open the pool, run every query on each of its connections, then listen until told to end."""
    queries = json.loads(Path(options.queries).read_text())

    async def warm(connection: Any) -> None:
        await connection.execute("set statement_timeout = 0")
        for query in queries.values():
            await connection.fetchrow(query["sql"], *values(query, _WARM))
        await connection.execute("reset statement_timeout")

    pool = await asyncpg.create_pool(
        host=options.socket,
        port=options.port,
        user="postgres",
        database="postgres",
        min_size=options.pool,
        max_size=options.pool,
        max_inactive_connection_lifetime=0,
        statement_cache_size=0,
        init=warm,
        server_settings={"statement_timeout": str(options.statement_timeout_ms)},
    )
    listening = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
    application = Application(pool, queries, options.acquire_timeout_ms / 1000)
    config = uvicorn.Config(
        application,
        lifespan="off",
        access_log=False,
        log_level="warning",
        backlog=_BACKLOG,
        timeout_graceful_shutdown=1,
    )
    Path("port.new").write_text(str(listening.getsockname()[1]))
    Path("port.new").replace("port")
    await uvicorn.Server(config).serve(sockets=[listening])


def main() -> None:
    """Serve with the options of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", required=True)
    parser.add_argument("--queries", required=True)
    for name in ("port", "pool", "acquire-timeout-ms", "statement-timeout-ms"):
        parser.add_argument(f"--{name}", type=int, required=True)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
