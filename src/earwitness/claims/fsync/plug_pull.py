"""The test that needs a second machine and a hand on the plug: write, be cut off, look.

The writer numbers its records, writes each at a random place in one of the ways to sync, and tells
the listener on the other machine the number once the sync has returned. So the listener knows what
was promised. When the power is back, the same command finds its file, asks the listener how far it
had been told, and looks: a record that was promised has to be there, or a later one in its place.

Which place a record has follows from its number, so that the listener need remember one number only.
The layout of a record stands in ``plug_record``; the listener in ``plug_listener``. Passing the test
bounds how often a device lies; only failing it proves something. The file is locked while it is
written, so that the same command at the same time does not judge a test that still runs.
"""

import contextlib
import fcntl
import json
import mmap
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

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
_LAST_PORT = 65535
_LONGEST_ANSWER = 1 << 16
"""Bytes; a listener's are some hundred."""
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
    if not colon or not host or not (port.isascii() and port.isdecimal()):
        raise ValueError(f"--plug-pull wants HOST:PORT, not {address!r}")
    if not 0 < int(port) <= _LAST_PORT:
        raise ValueError(f"--plug-pull wants a port from 1 to {_LAST_PORT}, not {port}")
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
            if not line.say({"run": run.hex(), "safe": number}).get("heard"):
                raise NotSeen(
                    "the listener no longer knows this test: it was started again without its memory",
                    f"removing {FILE_NAME}, for a new test",
                )
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
    with _unlocked(path), _Line(address) as line:
        run = plug_record.run_of(_read(path) or b"")
        asked = {"unfinished": _place(folder)} if run is None else {"verify": run.hex()}
        told = line.ask(asked)
        content = _read(path)  # after it was asked, so that the promise is the older of the two
        if told is None and content is None:
            return None
        if told is None:
            raise NotSeen(f"the listener knows nothing of {path}", "removing it, for a new test")
        found = _compared(content or b"", told)
        line.say({"done": told.run})
        with contextlib.suppress(OSError):  # it is gone, or its folder is damaged
            path.unlink()
        return found


@contextlib.contextmanager
def _unlocked(path: Path) -> Iterator[None]:
    """The file, if any, while nobody writes it. NotSeen when a test is writing it now."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield  # none, or damaged: nobody writes it
        return
    try:
        _lock(file, path, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    finally:
        os.close(file)


def _lock(file: int, path: Path, how: int) -> None:
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        raise NotSeen(
            f"another --plug-pull is at work on {path} now",
            "waiting until it has ended, or the power has gone",
        ) from None
    except OSError:
        pass  # a file system without locks


def _read(path: Path) -> bytes | None:
    """The file; None when there is none, nothing when it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        return b""


def _compared(content: bytes, told: "_Told") -> Verified:
    found = plug_record.compared(content, bytes.fromhex(told.run), told.safe, told.methods)
    return msgspec.structs.replace(found, restarted=told.boot != _boot())


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
        _lock(file, path, fcntl.LOCK_EX)  # waits for one that only looks
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


class _Told(msgspec.Struct, frozen=True):
    """What a listener remembers of a test."""

    run: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
    safe: Annotated[int, msgspec.Meta(ge=0)]
    methods: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    boot: str


class _Line:
    """The way to the listener: connects where it is entered, and again when it was lost."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._stack = contextlib.ExitStack()
        self._lines: Any = None
        self._known = False
        """Whether a listener of ours has answered: only such a one is waited for."""

    def __enter__(self) -> "_Line":
        try:
            self._connect()
        except OSError as problem:
            raise self._lost(problem) from None
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._stack.close()

    def ask(self, asked: Mapping[str, Any]) -> _Told | None:
        """What it remembers; None: nothing. NotSeen as ``say``."""
        answer = self.say(asked)
        try:
            return msgspec.convert(answer, _Told) if answer else None
        except msgspec.ValidationError:
            raise self._stranger() from None

    def say(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Tell it, and wait for the answer: so at most one record is on its way that it knows not of.

        NotSeen when the listener is gone and does not come back, or is none.
        """
        deadline = time.monotonic() + _RECONNECT_SECONDS
        while True:
            try:
                return self._exchange(said)
            except OSError as problem:
                if not self._known:
                    raise self._stranger(problem) from None
                if time.monotonic() > deadline:
                    raise self._lost(problem) from None
                time.sleep(_RETRY_SECONDS)
                with contextlib.suppress(OSError):
                    self._connect()

    def _exchange(self, said: Mapping[str, Any]) -> dict[str, Any]:
        if self._lines is None:
            raise ConnectionError("nobody listens there any more")
        self._lines.write(json.dumps(said).encode("ascii") + b"\n")
        self._lines.flush()
        answer = self._lines.readline(_LONGEST_ANSWER)
        if not answer or (self._known and not answer.endswith(b"\n")):
            raise ConnectionError("it hung up")
        try:
            heard = msgspec.json.decode(answer, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._stranger() from None
        self._known = True
        return heard

    def _connect(self) -> None:
        self._lines = None
        with contextlib.suppress(OSError):
            self._stack.close()
        connection = socket.create_connection(split(self._address), timeout=_CONNECT_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stack.enter_context(connection)
        self._lines = self._stack.enter_context(connection.makefile("rwb"))

    def _lost(self, problem: OSError) -> NotSeen:
        return NotSeen(
            f"the listener at {self._address} cannot be reached: {problem}",
            "`earwitness listen` on the other machine",
        )

    def _stranger(self, problem: OSError | None = None) -> NotSeen:
        why = "" if problem is None else f": {problem}"
        return NotSeen(
            f"no earwitness listener answers at {self._address}{why}",
            "`earwitness listen` on the other machine, and its port",
        )
