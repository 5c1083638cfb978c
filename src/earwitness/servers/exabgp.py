"""ExaBGP, a BGP speaker in pure Python: it announces and withdraws what it is told to.

Runs the installed package ``exabgp`` in a process of its own, as one router with one neighbour. It has no routing table and passes nothing on, so it can stand for the origin of routes
and not for a network on their way. Commands go to it and answers come back through two named
pipes, which a small shell program joins to the standard streams that ExaBGP gives its helpers.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import select
import shlex
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from earwitness.servers import folders, process
from earwitness.servers.bgp.prefix import Family, Prefix, family_of
from earwitness.servers.component import Component
from earwitness.servers.process import MissingComponent, Process, ServerFailed, User

NAME = "ExaBGP"
INSTALL = "pip install 'earwitness[bgp]'"

_PACKAGE = "exabgp"
_START = (
    "import runpy, sys; sys.path.append(sys.argv.pop(1)); "
    f"runpy.run_module({_PACKAGE!r}, run_name='__main__', alter_sys=True)"
)
"""Runs the package from the folder in the first argument, wherever that lies: behind all others on
the path, so that nothing beside it hides a module of the standard library."""
_SHELL = "/bin/sh"
_READY_SECONDS = 20.0
_ANSWER_SECONDS = 10.0
_ANSWER_OCTETS = 65536
_DONE, _FAILED = "done", "error"
_QUOTED = 60
"""Characters of a command in an error message."""
_PREFIXES_IN_A_COMMAND = 200
"""A command is a line of at most 64 KiB, and a prefix of IPv6 has at most 43 characters."""


@dataclass(frozen=True)
class Binaries:
    """An installed ExaBGP and the interpreter that runs it."""

    interpreter: Path
    packages: Path
    """The folder that holds the package."""
    version: str
    source: str
    user: User | None
    """Whom it is run as; None: ourselves."""


@dataclass(frozen=True, kw_only=True)
class Router:
    """Who the speaker is, and whom it connects to."""

    asn: int
    router_id: str
    neighbor_asn: int
    neighbor_address: str
    neighbor_port: int
    address: str = "127.0.0.1"
    """Its own address on that session."""


def find() -> Binaries:
    """The installed package; MissingComponent, with what would help, when it cannot be used."""
    if not Path(_SHELL).exists():
        raise MissingComponent(f"there is no {_SHELL}, which {NAME} is controlled through")
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise MissingComponent(f"the package {_PACKAGE} is not installed", INSTALL)
    version = importlib.metadata.version(_PACKAGE)
    interpreter = Path(sys.executable)
    return Binaries(
        interpreter=interpreter,
        packages=Path(package.origin).parent.parent,
        version=version,
        source=f"wheel {_PACKAGE} {version}",
        user=folders.reaching(interpreter, Path(package.origin)),
    )


def components() -> tuple[Component, ...]:
    """Its line in the table of components."""
    try:
        found = find()
    except MissingComponent as missing:
        return (Component(name=NAME, missing=missing.reason, install=missing.install),)
    return (Component(name=NAME, version=found.version, source=found.source),)


class ExaBgp:
    """A running speaker; made by ``running``."""

    def __init__(
        self, binaries: Binaries, server: Process, pipes: "_Pipes", ready_seconds: float
    ) -> None:
        self.binaries = binaries
        self.name = server.name
        self.ready_seconds = ready_seconds
        self._process = server
        self._pipes = pipes

    @property
    def version(self) -> str:
        """Product and version."""
        return f"{NAME} {self.binaries.version}"

    @property
    def source(self) -> str:
        """Where its program comes from."""
        return self.binaries.source

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process.alive

    def answers(self) -> bool:
        """Whether it says its version when asked."""
        try:
            return any(self.binaries.version in line for line in self.command("version"))
        except ServerFailed:
            return False

    def announce(self, prefixes: Iterable[Prefix], next_hops: dict[Family, str]) -> None:
        """Announce prefixes with the next hop of their family; returns when it has accepted all."""
        self._each("announce", prefixes, next_hops)

    def withdraw(self, prefixes: Iterable[Prefix], next_hops: dict[Family, str]) -> None:
        """Withdraw prefixes that were announced with these next hops."""
        self._each("withdraw", prefixes, next_hops)

    def command(self, text: str) -> tuple[str, ...]:
        """The lines of its answer, the word that ends it left out.

        ServerFailed, quoting its log, when it answers with an error or not at all.
        """
        self._pipes.send(text)
        return self.answer(text)

    def answer(self, text: str) -> tuple[str, ...]:
        """The answer to a command that was sent already."""
        lines: list[str] = []
        for line in self._pipes.lines(time.monotonic() + _ANSWER_SECONDS):
            if line == _DONE:
                return tuple(lines)
            if line == _FAILED:
                raise self._process.failure(f"refused {text[:_QUOTED]!r} ({' '.join(lines)})")
            lines.append(line)
        raise self._process.failure(f"does not answer {text[:_QUOTED]!r}")

    def _each(self, verb: str, prefixes: Iterable[Prefix], next_hops: dict[Family, str]) -> None:
        by_family: dict[Family, list[Prefix]] = {}
        for prefix in prefixes:
            by_family.setdefault(family_of(prefix), []).append(prefix)
        for family, several in by_family.items():
            for start in range(0, len(several), _PREFIXES_IN_A_COMMAND):
                some = " ".join(map(str, several[start : start + _PREFIXES_IN_A_COMMAND]))
                self.command(f"{verb} attributes next-hop {next_hops[family]} nlri {some}")


class _Pipes:
    """The two named pipes, both kept open here so that neither side ever sees an end."""

    def __init__(self, folder: Path, user: User | None) -> None:
        self.commands, self.answers = folder / "commands", folder / "answers"
        for path in (self.commands, self.answers):
            os.mkfifo(path, 0o600)
            if user is not None:
                os.chown(path, user.uid, user.gid)
        self._to = os.open(self.commands, os.O_RDWR)
        self._from = os.open(self.answers, os.O_RDWR | os.O_NONBLOCK)
        self._pending = b""

    def send(self, text: str) -> None:
        """Write one line."""
        data = text.encode() + b"\n"
        while data:
            data = data[os.write(self._to, data) :]

    def lines(self, deadline: float) -> Iterator[str]:
        """Lines as they come; ends at the deadline (monotonic clock)."""
        while (left := deadline - time.monotonic()) > 0:
            while b"\n" in self._pending:
                line, self._pending = self._pending.split(b"\n", 1)
                yield line.decode(errors="replace").strip()
            if select.select([self._from], [], [], left)[0]:
                self._pending += os.read(self._from, _ANSWER_OCTETS)

    def has_answer(self) -> bool:
        """Whether anything waits to be read."""
        return bool(select.select([self._from], [], [], 0)[0])

    def close(self) -> None:
        """Close both; whoever reads at the other end sees the end."""
        os.close(self._to)
        os.close(self._from)


@contextlib.contextmanager
def running(binaries: Binaries, workspace: Path, *, name: str, router: Router) -> Iterator[ExaBgp]:
    """Start a speaker in a folder ``name`` of the workspace and stop it at the end of the block.

    Returns when it answers commands; its session may come later. ServerFailed, quoting its log,
    when it does not start.
    """
    user = binaries.user
    folder = process.private_folder(workspace / name, user)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        pipes = stack.enter_context(contextlib.closing(_Pipes(folder, user)))
        bridge = _written(folder / "bridge.sh", _bridge(pipes), user)
        settings = _written(folder / "exabgp.conf", configuration(router, bridge), user)
        command: list[str | Path] = [binaries.interpreter, "-s", "-c", _START]
        command += [binaries.packages, "server", settings]
        began = time.monotonic()
        server = stack.enter_context(
            process.running(command, folder, name=name, user=user, environment=_ENVIRONMENT)
        )
        pipes.send("version")
        server.wait_until(pipes.has_answer, _READY_SECONDS)
        speaker = ExaBgp(binaries, server, pipes, time.monotonic() - began)
        speaker.answer("version")
        yield speaker


def configuration(router: Router, bridge: Path) -> str:
    """The speaker's configuration: one neighbour, both families, a helper that passes commands."""
    return f"""\
process bridge {{
    run {_SHELL} {bridge};
    encoder text;
}}
neighbor {router.neighbor_address} {{
    router-id {router.router_id};
    local-address {router.address};
    local-as {router.asn};
    peer-as {router.neighbor_asn};
    connect {router.neighbor_port};
    hold-time 90;
    family {{
        ipv4 unicast;
        ipv6 unicast;
    }}
    capability {{
        asn4 enable;
        graceful-restart disable;
        route-refresh disable;
    }}
    api {{
        processes [ bridge ];
    }}
}}
"""


_ENVIRONMENT = {
    "exabgp_daemon_drop": "false",  # it runs without privileges already
    "exabgp_api_cli": "false",
    "exabgp_api_ack": "true",
    "exabgp_log_destination": "stderr",
    "exabgp_log_level": "WARNING",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def _bridge(pipes: _Pipes) -> str:
    commands, answers = shlex.quote(str(pipes.commands)), shlex.quote(str(pipes.answers))
    # Standard input of a background job is /dev/null unless it is given another one.
    return f"cat < {commands} &\nexec cat > {answers}\n"


def _written(path: Path, text: str, user: User | None) -> Path:
    path.write_text(text)
    if user is not None:
        os.chown(path, user.uid, user.gid)
    return path
