"""The backend's answers, with a pool that does what a test wants; and nginx's text for it."""

import asyncio
import contextlib
from typing import Any

import pytest

pytest.importorskip("asyncpg")
pytest.importorskip("uvicorn")

import asyncpg

from earwitness.claims.partition_locks import backend, backend_program
from earwitness.servers.process import MissingComponent

QUERIES = {"sum": {"sql": "select $1, $2", "parameters": ["customer", "day"]}}


class Pool:
    """Gives its one connection, or fails."""

    def __init__(self, acquiring: Exception | None = None, fetching: Exception | None = None):
        self.acquiring, self.fetching, self.fetched = acquiring, fetching, []

    @contextlib.asynccontextmanager
    async def acquire(self, timeout: float) -> Any:
        assert timeout == 0.5
        if self.acquiring:
            raise self.acquiring
        yield self

    async def fetchrow(self, sql: str, *values: int) -> tuple[int | None, ...]:
        self.fetched.append((sql, values))
        if self.fetching:
            raise self.fetching
        return (2, None)


def ask(pool: Pool, path: str, query: bytes) -> tuple[int, bytes, dict[bytes, bytes]]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> None:
        raise AssertionError("a GET has nothing to receive")

    application = backend_program.Application(pool, QUERIES, 0.5)
    asyncio.run(application({"path": path, "query_string": query}, receive, send))
    start, body = sent
    return start["status"], body["body"], dict(start["headers"])


def test_a_request_is_one_query_with_its_parameters() -> None:
    pool = Pool()
    status, body, headers = ask(pool, "/sum", b"day=4&customer=7")
    assert (status, body) == (200, b"[2, 0]")
    assert headers[b"content-length"] == b"6"
    assert pool.fetched == [("select $1, $2", (7, 4))]


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        (Pool(acquiring=TimeoutError()), b"TimeoutError"),
        (Pool(fetching=asyncpg.QueryCanceledError("slow")), b"QueryCanceledError"),
        (Pool(fetching=asyncpg.InterfaceError("gone")), b"InterfaceError"),
    ],
)
def test_what_fails_is_a_500_that_says_what(pool: Pool, said: bytes) -> None:
    assert ask(pool, "/sum", b"customer=1&day=1")[:2] == (500, said)


def test_an_unknown_query_is_not_found() -> None:
    assert ask(Pool(), "/other", b"")[0] == 404


def test_a_missing_wheel_is_told_with_what_installs_it(monkeypatch) -> None:
    monkeypatch.setattr(backend, "WHEELS", ("uvicorn", "no_such_wheel"))
    with pytest.raises(MissingComponent, match="no_such_wheel is missing") as missing:
        backend.find()
    assert missing.value.install == "pip install 'earwitness[backend]'"


def test_the_proxy_knows_every_backend() -> None:
    text = backend.front({"slots16": 1001, "slots16-fast": 1002}, 1500)
    assert "upstream slots16-fast { server 127.0.0.1:1002;" in text
    assert "location /slots16/ { proxy_pass http://slots16/; }" in text
    assert "proxy_read_timeout 1500ms;" in text
