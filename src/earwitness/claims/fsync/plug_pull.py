"""The test that needs a second machine and a hand on the plug: write, be cut off, look.

The writer numbers its records, writes each at a random place in one of the ways to sync, and tells
the listener on the other machine the number once the sync has returned. So the listener knows what
was promised. When the power is back, the same command finds its file, asks the listener how far it
had been told, and looks: a record that was promised has to be there, or a later one in its place.

Which place a record has follows from its number, so that the listener need remember one number only.
The layout of a record stands in ``plug_record``; the listener in ``plug_listener``. Passing the test
bounds how often a device lies; only failing it proves something.
"""

import contextlib
import json
import mmap
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from earwitness.check.plan import Step
from earwitness.check.target import NotSeen
from earwitness.claims.fsync import plug_record, timed_writes
from earwitness.claims.fsync.evidence import Verified
from earwitness.claims.fsync.plug_record import PLACES, RECORD_BYTES
from earwitness.claims.fsync.timed_writes import METHODS, Writer

STEP = "plug-pull"
FILE_NAME = "earwitness-plug-pull"
FILE_BYTES = PLACES * RECORD_BYTES
LONGEST_SECONDS = 600.0
"""For which it writes and waits for the power to go."""
_CONNECT_SECONDS = 10.0
_RECONNECT_SECONDS = 20.0
"""For how long a listener that was lost is looked for."""
_RETRY_SECONDS = 0.2
DURABLE = tuple(method for method in METHODS if method.durable)


def step(address: str) -> Step:
    """What the plan says of it; ValueError when the address is no host and port."""
    host, port = split(address)
    return Step(
        name=STEP,
        purpose="writes numbered records until the power goes, at most 10 minutes, and tells the "
        "listener what is safe; when the file is there already, it is compared with what the "
        "listener was told, and removed",
        text=f"{FILE_NAME} in the directory; a TCP connection to {host}:{port}",
        writes=f"one file, {FILE_NAME}, of {FILE_BYTES:,} bytes, which has to stay until the power "
        "is back; its pages are written again and again until then",
        seconds=LONGEST_SECONDS,
    )


def split(address: str) -> tuple[str, int]:
    """Host and port; ValueError when it is not both."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal():
        raise ValueError(f"--plug-pull wants HOST:PORT, not {address!r}")
    return host.strip("[]"), int(port)


def write_or_verify(folder: Path, address: str) -> Verified:
    """Look, where an earlier write was cut off; else write. NotSeen when there was nothing to see."""
    if (verified := verify(folder, address)) is not None:
        return verified
    written = write(folder, address, seconds=LONGEST_SECONDS)
    verify(folder, address)  # and so remove and forget it
    raise NotSeen(
        f"the power did not go within {LONGEST_SECONDS / 60:g} minutes and {written:,} records",
        "pulling the plug while it writes, and the same command once more when the power is back",
    )


def write(folder: Path, address: str, *, seconds: float) -> int:
    """Write records and tell of each until the time is up; how many. NotSeen when it cannot."""
    with _Line(address) as line, contextlib.ExitStack() as stack:
        run = plug_record.new_run()
        file = stack.enter_context(_filled(folder / FILE_NAME, run))
        writers = _writers(file, stack)
        names = [writer.method.name for writer in writers]
        facts = {"methods": names, "place": _place(folder), "boot": _boot()}
        line.say({"run": run.hex(), **facts})
        number, record = 0, timed_writes.buffer(RECORD_BYTES)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            number += 1
            record[:] = plug_record.made(run, number)
            _put(writers[number % len(writers)], record, plug_record.place_of(run, number))
            line.say({"run": run.hex(), "safe": number})
        return number


def _put(writer: Writer, record: mmap.mmap, place: int) -> None:
    """Write a record. NotSeen when the device fails: its file stays for when it is back."""
    try:
        writer.write(record, RECORD_BYTES, place * RECORD_BYTES)
    except OSError as problem:
        raise NotSeen(
            f"{writer.method.name} failed: {problem.strerror or problem}",
            "the same command once more when the device is back",
        ) from None


def verify(folder: Path, address: str) -> Verified | None:
    """Hold what is there against what the listener was told, and remove it; None: no test was begun.

    A lie about flushes can take the file's name, or make it unreadable: then all of it is lost.
    NotSeen when there is a file of which the listener knows nothing.
    """
    path = folder / FILE_NAME
    content = _read(path)
    run = plug_record.run_of(content or b"")
    asked = {"unfinished": _place(folder)} if run is None else {"verify": run.hex()}
    with _Line(address) as line:
        told = line.say(asked)
        if told:
            line.say({"done": told["run"]})
    if not told and content is None:
        return None
    if not told:
        raise NotSeen(f"the listener knows nothing of {path}", "removing it, for a new test")
    with contextlib.suppress(OSError):  # it is gone, or its folder is damaged
        path.unlink()
    return _compared(content or b"", bytes.fromhex(told["run"]), told)


def _read(path: Path) -> bytes | None:
    """The file; None when there is none, nothing when it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        return b""


def _compared(content: bytes, run: bytes, told: Mapping[str, Any]) -> Verified:
    found = plug_record.compared(content, run, int(told["safe"]), told["methods"])
    return msgspec.structs.replace(found, restarted=told["boot"] != _boot())


def _boot() -> str:
    """Changes whenever the machine is started (man 5 proc_sys_kernel)."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _place(folder: Path) -> str:
    """What the listener knows the directory by."""
    return f"{socket.gethostname()}:{folder}"


@contextlib.contextmanager
def _filled(path: Path, run: bytes) -> Iterator[int]:
    """A new file with a record in every place, safe with its name. NotSeen when it cannot be made."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise NotSeen(f"{path} cannot be made: {problem.strerror}") from None
    try:
        _fill(file, path, run)
        yield file
    finally:
        os.close(file)


def _fill(file: int, path: Path, run: bytes) -> None:
    try:
        for place in range(PLACES):
            os.pwrite(file, plug_record.empty(run), place * RECORD_BYTES)
        os.fsync(file)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as problem:
        path.unlink(missing_ok=True)
        raise NotSeen(f"{path} cannot be written: {problem.strerror}") from None


def _writers(file: int, stack: contextlib.ExitStack) -> tuple[Writer, ...]:
    """The ways to sync that this file system has."""
    found = []
    for method in DURABLE:
        with contextlib.suppress(OSError):
            writer = stack.enter_context(timed_writes.opened(method, file, FILE_BYTES))
            found.append(writer)
    return tuple(found)


class _Line:
    """The way to the listener: connects where it is entered, and again when it was lost."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._stack = contextlib.ExitStack()
        self._lines: Any = None

    def __enter__(self) -> "_Line":
        try:
            self._connect()
        except OSError as problem:
            raise self._lost(problem) from None
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._stack.close()

    def say(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Tell it, and wait for the answer: so at most one record is on its way that it knows not of.

        NotSeen when the listener is gone and does not come back.
        """
        deadline = time.monotonic() + _RECONNECT_SECONDS
        while True:
            try:
                return self._exchange(said)
            except OSError as problem:
                if time.monotonic() > deadline:
                    raise self._lost(problem) from None
                time.sleep(_RETRY_SECONDS)
                with contextlib.suppress(OSError):
                    self._connect()

    def _exchange(self, said: Mapping[str, Any]) -> dict[str, Any]:
        self._lines.write(json.dumps(said) + "\n")
        self._lines.flush()
        answer = self._lines.readline()
        if not answer:
            raise ConnectionError("it hung up")
        heard: dict[str, Any] = json.loads(answer)
        return heard

    def _connect(self) -> None:
        with contextlib.suppress(OSError):
            self._stack.close()
        connection = socket.create_connection(split(self._address), timeout=_CONNECT_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stack.enter_context(connection)
        lines = connection.makefile("rw", encoding="ascii", newline="\n")
        self._lines = self._stack.enter_context(lines)

    def _lost(self, problem: OSError) -> NotSeen:
        return NotSeen(
            f"the listener at {self._address} cannot be reached: {problem}",
            "`earwitness listen` on the other machine",
        )
