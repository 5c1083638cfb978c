"""The machine that keeps its power: remembers how far each test had come when its writer fell silent.

One number for each run, and a small file of them that is replaced at the end of each connection, so
that the listener may be stopped while the other machine is down. Every line is answered: the writer
waits for it, and is never ahead of what is known here by more than one record. A machine whose power
went says no goodbye, so that each connection has a thread of its own.
"""

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Tell = Callable[[str], None]


class Listener:
    """A socket that takes what writers tell."""

    def __init__(self, host: str, port: int, memory: Path, tell: Tell = lambda _: None) -> None:
        self._memory = memory
        self._tell = tell
        self._runs: dict[str, dict[str, Any]] = _read(memory)
        self.history: list[tuple[int, int]] = []
        """When it was told of each record, in ns of CLOCK_MONOTONIC, with its number."""
        self._keeping = threading.Lock()
        self._socket = socket.create_server((host, port))

    @property
    def address(self) -> str:
        """Host and port that it listens on."""
        host, port, *_ = self._socket.getsockname()
        return f"{host}:{port}"

    def serve(self) -> None:
        """Until the socket is closed by ``close``."""
        while True:
            try:
                connection, peer = self._socket.accept()
            except OSError:
                return
            self._tell(f"{peer[0]} is here")
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def close(self) -> None:
        """No further connection; what was told is kept."""
        with self._socket:
            # a thread that waits in accept notices only this
            self._socket.shutdown(socket.SHUT_RDWR)
        self._keep()

    def _talk(self, connection: socket.socket) -> None:
        run = ""
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for line in _lines(connection):
                said = json.loads(line)
                run = said.get("run", run)
                answer = self._answer(run, said)
                connection.sendall((json.dumps(answer) + "\n").encode("ascii"))
        self._keep()
        if run in self._runs:
            self._tell(f"told of {self._runs[run]['safe']:,} records, and then nothing more")

    def _answer(self, run: str, said: Mapping[str, Any]) -> Mapping[str, Any]:
        match said:
            case {"verify": asked}:
                return self._runs.get(asked, {})
            case {"unfinished": place}:
                return self._unfinished(place)
            case {"done": ended}:
                self._runs.pop(ended, None)
            case {"run": begun, "methods": _, "place": _, "boot": _}:
                self._runs[begun] = {**said, "safe": 0}
                self._keep()
            case {"safe": number} if run:
                self._runs[run]["safe"] = int(number)
                self.history.append((time.monotonic_ns(), int(number)))
        return {"heard": True}

    def _unfinished(self, place: str) -> Mapping[str, Any]:
        """The last run of that place that nobody has looked at since; nothing when there is none."""
        own = [told for told in self._runs.values() if told["place"] == place]
        return own[-1] if own else {}

    def _keep(self) -> None:
        partial = self._memory.with_suffix(".partial")
        with self._keeping, partial.open("w") as file:
            json.dump(self._runs, file)
            file.flush()
            os.fsync(file.fileno())
            os.replace(partial, self._memory)  # noqa: PTH105 - the atomic one, by its name


def _lines(connection: socket.socket) -> Iterator[bytes]:
    """Whole lines; a machine whose power went leaves half a line or none, and no end."""
    try:
        with connection.makefile("rb") as lines:
            yield from (line for line in lines if line.endswith(b"\n"))
    except (ConnectionError, TimeoutError):
        return


def _read(memory: Path) -> dict[str, dict[str, Any]]:
    try:
        runs: dict[str, dict[str, Any]] = json.loads(memory.read_text())
    except FileNotFoundError:
        return {}
    return runs
