"""The generator of an open-loop HTTP load: the program of ``open_loop``.

Runs as a child process in a folder with ``order.json`` and ``due.npz``; leaves ``answers.npz``. It
imports nothing of the project, only what it needs to be on time.

One task for each request, all on one event loop. Connections are kept and used again, the last one
used first; no more are open than may be in flight. A request that fails is not tried again.
"""

import asyncio
import gc
import json
import re
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np

_NO_ANSWER = 0
_NOT_SENT = -1
_LEAD_SECONDS = 0.05
"""From the start of the clock to the first moment at which a request can be due."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_CLOSING = re.compile(rb"\r\nconnection: *close\r\n", re.IGNORECASE)

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Load:
    """Requests on their way, and what became of those that are back."""

    def __init__(self, order: dict[str, Any], due: Any, target: Any) -> None:
        self._port = order["port"]
        self._requests = [
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() for path in order["paths"]
        ]
        self._in_flight = order["in_flight"]
        self._patience = order["patience_seconds"]
        self._due = due.tolist()
        self._target = target.tolist()
        self._idle: list[_Connection] = []
        self._running: set[asyncio.Task[None]] = set()
        self._problems: list[BaseException] = []
        self.status = np.full(len(due), _NO_ANSWER, dtype=np.int64)
        self.lateness = np.zeros(len(due))
        self.latency = np.full(len(due), np.nan)
        self.began_at = 0.0

    async def run(self) -> None:
        begin = time.perf_counter() + _LEAD_SECONDS
        self.began_at = time.time() + _LEAD_SECONDS
        for number, due in enumerate(self._due):
            while (early := begin + due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            self.lateness[number] = -early
            if len(self._running) >= self._in_flight:
                self.status[number] = _NOT_SENT
                # without a pause, requests that are all overdue would keep answers from being read
                await asyncio.sleep(0)
                continue
            task = asyncio.create_task(self._request(number, begin + due))
            self._running.add(task)
            task.add_done_callback(self._back)
        while self._running:
            await asyncio.wait(set(self._running))
        if self._problems:
            raise self._problems[0]
        for _, writer in self._idle:
            writer.close()

    def _back(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        problem = task.exception()
        if problem is not None:  # not the server's fault but ours
            self._problems.append(problem)

    async def _request(self, number: int, due: float) -> None:
        connection: _Connection | None = None
        try:
            async with asyncio.timeout(self._patience):
                connection = self._idle.pop() if self._idle else await self._connect()
                status, kept = await self._exchange(connection, self._target[number])
        except (OSError, TimeoutError, EOFError, ValueError, asyncio.LimitOverrunError):
            if connection is not None:
                connection[1].close()
            return
        self.status[number] = status
        self.latency[number] = time.perf_counter() - due
        if kept:
            self._idle.append(connection)
        else:
            connection[1].close()

    async def _connect(self) -> _Connection:
        return await asyncio.open_connection("127.0.0.1", self._port)

    async def _exchange(self, connection: _Connection, target: int) -> tuple[int, bool]:
        """Status, and whether the connection can be used again. ValueError without a length."""
        reader, writer = connection
        writer.write(self._requests[target])
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length is None:
            raise ValueError("the answer does not state its length")
        await reader.readexactly(int(length[1]))
        return int(head[9:12]), _CLOSING.search(head) is None


def main() -> None:
    """Carry out the order of the current folder."""
    order = json.loads(Path("order.json").read_text())
    with np.load("due.npz") as given:
        load = _Load(order, given["due"], given["target"])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = order["in_flight"] + 64
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    gc.freeze()
    gc.disable()  # a collection would make requests late; there are no more than this load's
    began, used = time.perf_counter(), time.process_time()
    asyncio.run(load.run())
    cpu_share = (time.process_time() - used) / (time.perf_counter() - began)
    np.savez(
        "answers.npz",
        status=load.status,
        lateness=load.lateness,
        latency=load.latency,
        cpu_share=cpu_share,
        began_at=load.began_at,
    )


if __name__ == "__main__":
    main()
