"""A wire between two networks of our own, as fast as it is told to be.

Two network namespaces, joined by a pair of virtual Ethernet devices; what leaves the server's end
passes the kernel's token bucket (tc-tbf(8)). Each namespace is held by a process that does nothing,
so all of it is gone when that process is, which the kernel ends with us. Nothing of the machine's
own network is touched. What runs at the ends is the affair of others.

It takes Linux, root and iproute2.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from earwitness.servers import process
from earwitness.servers.component import Component
from earwitness.servers.process import MissingComponent, Process, ServerFailed
from earwitness.servers.program import Program, Wanted

WANTED = Wanted(
    name="iproute2",
    file="tc",
    variable="EARWITNESS_TC",
    ask=("-V",),
    version=r"iproute2-([\w.]+)",
    install="apt-get install iproute2",
)

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET, linux/sched.h
_START_SECONDS = 10.0
_COMMAND_SECONDS = 10.0
_DEVICE = "wire"
"""The name of the device at either end."""
_PREFIX = 30
"""Length of the address prefix: room for two."""
_BUCKET = ("burst", "128kb", "latency", "50ms")
"""What may pass at once, more than one large segment; how long the rest may queue before it is lost."""


@dataclass(frozen=True)
class End:
    """One end of the wire: a network, and the IPv4 address of its device."""

    address: str
    holder: Process

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread in that network: sockets and processes that it makes in the block are there.

        They stay there afterwards. ServerFailed when the network is gone.
        """
        self.holder.require_alive()
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            there = os.open(f"/proc/{self.holder.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            try:
                _enter(there)
            finally:
                os.close(there)
            try:
                yield
            finally:
                _enter(here)
        finally:
            os.close(here)


class Wire:
    """An open wire without a limit; made by ``opened``."""

    def __init__(self, program: Program, server: End, client: End) -> None:
        self.program = program
        self.server = server
        """The end whose sending is limited."""
        self.client = client
        self._limited = False

    @property
    def version(self) -> str:
        """As in "iproute2 6.1.0"."""
        return f"iproute2 {self.program.version}"

    def limit(self, megabits_per_second: float | None) -> None:
        """Let the server's end send that much; None: as much as the machine can.

        Counted with Ethernet's header, as the kernel counts. ServerFailed when the kernel refuses.
        """
        with self.server.entered():
            if megabits_per_second is not None:
                rate = f"{megabits_per_second:g}mbit"
                place = ("dev", _DEVICE, "root", "tbf", "rate", rate)
                _run(self.program.path, "qdisc", "replace", *place, *_BUCKET)
            elif self._limited:
                _run(self.program.path, "qdisc", "delete", "dev", _DEVICE, "root")
        self._limited = megabits_per_second is not None


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Wire]:
    """Two networks and a wire, for as long as the block and whatever is still in them.

    ``folder`` lies in a workspace. MissingComponent where it cannot be had: without iproute2, on
    another system than Linux, for others than root.
    """
    if sys.platform != "linux":
        raise MissingComponent("a wire of our own takes Linux's network namespaces")
    program = WANTED.find()
    if os.geteuid() != 0:
        raise MissingComponent("a wire of our own takes root, because networks are made for it")
    with contextlib.ExitStack() as stack:
        try:
            holders = [stack.enter_context(_network(folder, side)) for side in ("server", "client")]
            ends = [End(f"10.77.0.{host}", holder) for host, holder in enumerate(holders, start=1)]
            _connect(program, *ends)
            wire = Wire(program, *ends)
            wire.limit(1000)  # tells now whether the kernel has a token bucket
            wire.limit(None)
        except (OSError, ServerFailed) as error:
            raise MissingComponent(f"no wire of our own can be made: {error}") from error
        yield wire


def components() -> tuple[Component, ...]:
    """Its line in the table of components."""
    return (WANTED.component(),)


@contextlib.contextmanager
def _network(folder: Path, side: str) -> Iterator[Process]:
    """A process that is in a network of its own and waits."""
    unshare, sleep = shutil.which("unshare"), shutil.which("sleep")
    if unshare is None or sleep is None:
        raise MissingComponent("unshare is not on this machine", "apt-get install util-linux")
    command = [unshare, "--net", sleep, "infinity"]
    ours = _network_of("self")
    with process.running(command, folder, name=f"network of the {side}") as holder:
        holder.wait_until(lambda: _network_of(holder.pid) not in (None, ours), _START_SECONDS)
        yield holder


def _network_of(pid: int | str) -> Path | None:
    """What the kernel calls the network of a process; None when there is no such process."""
    try:
        return Path(f"/proc/{pid}/ns/net").readlink()
    except FileNotFoundError:
        return None


def _connect(program: Program, server: End, client: End) -> None:
    """A device at each end, each the other's peer, with its address."""
    ip = program.path.with_name("ip")
    with server.entered():
        peer = ("peer", "name", _DEVICE, "netns", str(client.holder.pid))
        _run(ip, "link", "add", "name", _DEVICE, "type", "veth", *peer)
    for end in (server, client):
        with end.entered():
            _run(ip, "address", "add", f"{end.address}/{_PREFIX}", "dev", _DEVICE)
            _run(ip, "link", "set", "dev", _DEVICE, "up")


def _run(program: Path, *arguments: str) -> None:
    """ServerFailed, with what it said, when the program does not succeed."""
    try:
        done = subprocess.run(
            [os.fspath(program), *arguments],
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ServerFailed(str(error)) from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise ServerFailed(f"{program.name} {' '.join(arguments)}: {said[-1]}")


def _enter(network: int) -> None:
    """setns(2), which Python has from 3.12 on."""
    if ctypes.CDLL(None, use_errno=True).setns(network, _NEW_NETWORK) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"setns(2): {os.strerror(error)}")
