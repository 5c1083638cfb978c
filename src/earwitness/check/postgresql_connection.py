"""Connecting to PostgreSQL for a check, and being certain to get away again.

What an address leaves open is filled in so that a network which swallows packets is noticed; what it
may not decide is forced. Nothing is sent from here once the connection stands.
"""

import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import make_conninfo

from earwitness.check.target import Target, Unreachable

_CONNECTION: Mapping[str, str | int] = {
    # What an address may override. The waits are for networks that swallow packets.
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_FORCED: Mapping[str, str] = {
    "client_encoding": "UTF8",
    "options": "",  # else the address or PGOPTIONS would speak; and some poolers refuse it
}
_SEVERAL = "Multiple connection attempts failed. All failures were:\n"
_ATTEMPT = re.compile(r"^(?:- host: .*, hostaddr: [^:\s]+(?::[^:\s]*)*: )?connection failed: ")


class Deadline:
    """Cuts a connection when its time is up, whatever the other end does or fails to do."""

    def __init__(self, connection: psycopg.Connection[Any], seconds: float) -> None:
        self.expired = False
        """Whether the time ran out and the connection was cut."""
        self._connection = connection
        self._ends = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    @property
    def seconds_left(self) -> float:
        """Until it cuts; 0 when it has."""
        return max(0.0, self._ends - time.monotonic())

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()  # else it might cut whoever gets the number of our socket next

    def _cut(self) -> None:
        self.expired = True
        with contextlib.suppress(OSError, psycopg.Error):
            copy = socket.socket(fileno=os.dup(self._connection.pgconn.socket))
            with contextlib.closing(copy):
                copy.shutdown(socket.SHUT_RDWR)


def connect(target: Target) -> psycopg.Connection[Any]:
    """An open connection that commits by itself and prepares nothing. Raises Unreachable."""
    chosen: dict[str, Any] = {**_CONNECTION, **target.parameters, **_FORCED}
    try:
        connection = psycopg.connect(
            make_conninfo("", **chosen), autocommit=True, prepare_threshold=None
        )
    except psycopg.Error as problem:
        secrets = target.secrets.with_values([os.environ.get("PGPASSWORD")])
        raise Unreachable(
            f"cannot connect to {target.shown}: {secrets.one_line(told_once(str(problem)))}"
        ) from None
    for kind in ("text", "name"):
        connection.adapters.register_loader(kind, _Readable)
    return connection


class _Readable(Loader):
    """Text whatever its bytes are: a database of encoding SQL_ASCII holds any, also in names."""

    format = pq.Format.BINARY

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "backslashreplace")


def told_once(message: str) -> str:
    """What went wrong at each host, without what is said again.

    libpq tries once with and once without TLS where it may, and psycopg repeats the last host.
    """
    _, _, attempts = message.partition(_SEVERAL)
    lines = (_ATTEMPT.sub("", line).strip() for line in (attempts or message).splitlines())
    # as sentences, so that they stay apart in one line
    return "\n".join(dict.fromkeys(lines)).replace("\nconnection to", "\nConnection to")
