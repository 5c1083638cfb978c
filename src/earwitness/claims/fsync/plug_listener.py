"""The machine that keeps its power: remembers how far each test had come when its writer fell silent.

One number for each run, and a small file of them that is replaced every second and at the end of
each connection, so that the listener may be stopped while the other machine is down. Every line is
answered: the writer waits for it, and is never ahead of what is known here by more than one record.
A machine whose power went says no goodbye, so that each connection has a thread of its own.
"""

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

_KEEP_SECONDS = 1.0
"""How old the file may be while a writer talks."""
_END_SECONDS = 2.0
"""For a connection to end once it was shut down."""


class Listener:
    """A socket that takes what writers tell."""

    def __init__(
        self,
        host: str,
        port: int,
        memory: Path,
        tell: Callable[[str], None] = lambda _: None,
        heard: Callable[[int], None] = lambda _: None,
    ) -> None:
        """``tell``: what happens, for people. ``heard``: every number, before it is answered.

        ValueError when the memory is none or cannot be kept, OSError when nothing can listen there.
        """
        self._memory = memory
        self._tell = tell
        self._heard = heard
        self._runs: dict[str, dict[str, Any]] = _read(memory)
        self._keeping = threading.Lock()
        self._kept_at = 0.0
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        try:
            self._keep()  # to know now, and not when something was promised
        except OSError as problem:
            raise ValueError(f"{memory} cannot be written: {problem.strerror}") from None
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
            self._connections.append(connection)
            thread = threading.Thread(target=self._talk, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """No connection any more; what was told is kept."""
        for listening in (self._socket, *self._connections):
            with contextlib.suppress(OSError), listening:
                # a thread that waits for it notices only this
                listening.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_END_SECONDS)  # each keeps what it was told; the next listener reads it
        self._keep()

    def _talk(self, connection: socket.socket) -> None:
        run = ""
        with connection, contextlib.suppress(OSError):  # it is gone, or we are closed
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for said in _messages(connection):
                run = str(said.get("run", run))
                answer = json.dumps(self._answer(said)) + "\n"
                connection.sendall(answer.encode("ascii"))
        self._keep_or_tell()
        if run in self._runs:
            self._tell(f"told of {self._runs[run]['safe']:,} records, and then nothing more")

    def _answer(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        match said:
            case {"verify": asked}:
                return self._runs.get(asked, {})
            case {"unfinished": place}:
                return self._unfinished(place)
            case {"done": ended}:
                self._runs.pop(ended, None)
                self._keep()
            case {"run": begun, "methods": _, "place": _, "boot": _}:
                self._runs[begun] = {**said, "safe": 0}
                self._keep()
            case {"run": run, "safe": _} if run not in self._runs:
                return {"heard": False}  # our memory was lost; nothing may be promised on it
            case {"run": run, "safe": int(number)}:
                self._runs[run]["safe"] = number
                self._heard(number)
                if time.monotonic() > self._kept_at + _KEEP_SECONDS:
                    self._keep()
        return {"heard": True}

    def _unfinished(self, place: str) -> Mapping[str, Any]:
        """The last run of that place that nobody has looked at since; nothing when there is none."""
        own = [told for told in self._runs.values() if told["place"] == place]
        return own[-1] if own else {}

    def _keep_or_tell(self) -> None:
        try:
            self._keep()
        except OSError as problem:
            self._tell(f"{self._memory} cannot be written: {problem.strerror}")

    def _keep(self) -> None:
        partial = self._memory.with_suffix(".partial")
        self._kept_at = time.monotonic()
        with self._keeping, partial.open("w") as file:
            json.dump(dict(self._runs), file)  # others may add to it meanwhile
            file.flush()
            os.fsync(file.fileno())
            os.replace(partial, self._memory)  # noqa: PTH105 - the atomic one, by its name


def _messages(connection: socket.socket) -> Iterator[Mapping[str, Any]]:
    """What is said, until the end or until it is no message of ours.

    A machine whose power went leaves half a line or none, and no end.
    """
    with connection.makefile("rb") as lines:
        for line in lines:
            try:
                said = json.loads(line)
            except ValueError:
                return
            if not isinstance(said, dict):
                return
            yield said


def _read(memory: Path) -> dict[str, dict[str, Any]]:
    try:
        runs = json.loads(memory.read_text())
    except FileNotFoundError:
        return {}
    except OSError as problem:
        raise ValueError(f"{memory} cannot be read: {problem.strerror}") from None
    except ValueError:
        runs = None
    if not isinstance(runs, dict) or not all(isinstance(told, dict) for told in runs.values()):
        raise ValueError(f"{memory} is no memory of a listener")
    return runs
