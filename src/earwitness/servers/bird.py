"""The BIRD internet routing daemon: finding it, running several, asking them.

Each daemon runs unprivileged with a configuration, a folder and a control socket of its own, and
touches no routing table of the kernel unless its configuration says so. What the routers are to
each other is the configuration's matter, and so the caller's.

It is the program that ``EARWITNESS_BIRD`` names, else the one that is found on PATH or where
systems keep daemons. It is spoken to in the protocol of its control socket: lines with a
four-digit code, the last of an answer marked by a space behind it (BIRD's doc/reply_codes).
"""

import contextlib
import os
import re
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from earwitness.servers import process
from earwitness.servers.component import Component
from earwitness.servers.process import Process, ServerFailed
from earwitness.servers.program import Program, Wanted

NAME = "BIRD"

_WANTED = Wanted(
    name=NAME,
    file="bird",
    variable="EARWITNESS_BIRD",
    ask=("--version",),
    # BIRD 1 had a daemon for each address family and another language
    version=r"BIRD version ([2-9]\.\S+)",
    install="brew install bird" if sys.platform == "darwin" else "apt-get install bird2",
)
_READY_SECONDS = 10.0
_ANSWER_SECONDS = 5.0
_FIRST_ERROR_CODE = 8000
_LAST_LINE = re.compile(rb"(\d{4}) ")
_COUNTED = re.compile(r"\b(\d+) of \d+ routes for \d+ networks in table ")


class Refused(Exception):
    """The daemon answered a command with an error; the message is what it said."""


def find() -> Program:
    """The program that is used here; MissingComponent, with what would help, when there is none."""
    return _WANTED.find()


def components() -> tuple[Component, ...]:
    """Its line in the table of components."""
    return (_WANTED.component(),)


class Bird:
    """A running daemon; made by ``running``."""

    def __init__(
        self, program: Program, server: Process, control: Path, ready_seconds: float
    ) -> None:
        self.program = program
        self.name = server.name
        self.ready_seconds = ready_seconds
        self._process = server
        self._socket = _connect(control)
        self._stream = self._socket.makefile("rb")
        self._answer()  # it greets

    @property
    def version(self) -> str:
        """Product and version."""
        return f"{NAME} {self.program.version}"

    @property
    def source(self) -> str:
        """Where its program comes from."""
        return self.program.source

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process.alive

    def answers(self) -> bool:
        """Whether it says that it is up and running when asked."""
        try:
            return any("up and running" in line for line in self.command("show status"))
        except (ServerFailed, Refused):
            return False

    def command(self, text: str) -> tuple[str, ...]:
        """The lines of its answer without their codes.

        Refused when it answers with an error; ServerFailed, quoting its log, when it does not
        answer.
        """
        try:
            self._socket.sendall(text.encode() + b"\n")
            code, lines = self._answer()
        except OSError as error:
            raise self._process.failure(f"does not answer ({error})") from error
        if code >= _FIRST_ERROR_CODE:
            raise Refused(f"{self.name}: {text!r}: {' '.join(lines)}")
        return lines

    def enable(self, protocol: str) -> None:
        """Switch a protocol of its configuration on."""
        self.command(f"enable {protocol}")

    def disable(self, protocol: str) -> None:
        """Switch a protocol of its configuration off; a BGP session is ended in an orderly way."""
        self.command(f"disable {protocol}")

    def is_established(self, protocol: str) -> bool:
        """Whether a BGP session is up."""
        (*_, line) = self.command(f"show protocols {protocol}")
        return line.split()[-1] == "Established"

    def routes_where(self, condition: str) -> int:
        """How many routes in all its tables meet a condition of BIRD's filter language.

        All routes of a prefix count, also those that are not the best.
        """
        counts = _COUNTED.findall("\n".join(self.command(f"show route where {condition} count")))
        return sum(map(int, counts))

    def close(self) -> None:
        """Close the control connection."""
        self._stream.close()
        self._socket.close()

    def _answer(self) -> tuple[int, tuple[str, ...]]:
        lines = []
        while line := self._stream.readline():
            continued = line[:1] in b" +"
            lines.append(line[1 if continued else 5 :].decode(errors="replace").strip())
            if last := _LAST_LINE.match(line):
                return int(last[1]), tuple(filter(None, lines))
        raise ConnectionError("it closed its control socket")


@contextlib.contextmanager
def running(program: Program, workspace: Path, *, name: str, configuration: str) -> Iterator[Bird]:
    """Start a daemon in a folder ``name`` of the workspace and stop it at the end of the block.

    ServerFailed, quoting its log, when it does not start: that a configuration is wrong stands
    there. It does not wait for its sessions.
    """
    user = process.unprivileged()
    folder = process.private_folder(workspace / name, user)
    written, control = folder / "bird.conf", folder / "bird.ctl"
    written.write_text(configuration)
    if user is not None:
        os.chown(written, user.uid, user.gid)
    options: list[str | Path] = ["-f", "-c", written, "-s", control, "-P", folder / "bird.pid"]
    began = time.monotonic()
    try:
        with process.running([program.path, *options], folder, name=name, user=user) as server:
            server.wait_until(lambda: _accepts(control), _READY_SECONDS)
            try:
                bird = Bird(program, server, control, time.monotonic() - began)
            except OSError as error:  # it listens before it has read its configuration
                raise server.failure(f"does not answer ({error})") from error
            with contextlib.closing(bird):
                yield bird
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _accepts(control: Path) -> bool:
    """Whether the control socket exists and somebody listens there."""
    try:
        _connect(control).close()
    except OSError:
        return False
    return True


def _connect(control: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_ANSWER_SECONDS)
    try:
        connection.connect(os.fspath(control))
    except OSError:
        connection.close()
        raise
    return connection
