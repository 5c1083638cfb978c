"""Wakes whoever waits for news when the store was changed, by this process or any other.

SQLite counts the commits that a connection has not made itself (``pragma data_version``). One
connection asks for that number a few times a second, for all streams together, and only while there
are any; a stream costs nothing while nothing happens.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

INTERVAL_SECONDS = 0.1


class Pulse:
    """The changes of one store file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._listeners: set[asyncio.Event] = set()
        self._beating: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set after every change; the listener clears it."""
        news = asyncio.Event()
        self._listeners.add(news)
        if self._beating is None or self._beating.done():
            self._beating = asyncio.create_task(self._beat())
        try:
            yield news
        finally:
            self._listeners.discard(news)

    def wake(self) -> None:
        """Wake all listeners without a change, so that they see what else is new."""
        for news in self._listeners:
            news.set()

    async def _beat(self) -> None:
        """Ask until nobody listens. The question reads one number of shared memory, no page."""
        with contextlib.closing(sqlite3.connect(self._file)) as connection:
            seen = None
            while self._listeners:
                with contextlib.suppress(sqlite3.Error):  # busy or full: ask again
                    (version,) = connection.execute("pragma data_version").fetchone()
                    if version != seen:
                        seen = version
                        self.wake()
                await asyncio.sleep(INTERVAL_SECONDS)
