"""Doors that are programs of this room: in Python with either TLS library, and in Node.

Starts ``door_program.py`` and ``node_door_program.js`` with the options that an arm's settings ask
for. All of an experiment are started before the first is waited for.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from earwitness.claims.mtls_resumption.door import Door, Lists
from earwitness.claims.mtls_resumption.ground import Ground
from earwitness.experiment.design import Arm, Setting
from earwitness.servers import folders, node, process
from earwitness.servers.certificates import Issued
from earwitness.servers.process import Process

PYTHON_PROGRAM = Path(__file__).with_name("door_program.py")
NODE_PROGRAM = Path(__file__).with_name("node_door_program.js")
_READY_SECONDS = 20.0
_WITHOUT_VALUE = {"rechecks", "checks_list"}
_OPTIONS = (
    "library",
    "tls",
    "resumption",
    "on_update",
    "enforced_by",
    "asks",
    *sorted(_WITHOUT_VALUE),
)
"""Settings of arms that are options of the programs."""


def open_python(stack: ExitStack, ground: Ground, arms: Iterable[Arm]) -> Mapping[str, Door]:
    """A door for every arm, in processes of our own interpreter."""
    command = (sys.executable, "-P", "-B", os.fspath(within_reach(PYTHON_PROGRAM, ground)))
    return _open(stack, ground, arms, command, f"interpreter {sys.executable}")


def open_node(stack: ExitStack, ground: Ground, arms: Iterable[Arm]) -> Mapping[str, Door]:
    """A door for every arm, in processes of Node; MissingComponent when there is none."""
    program = node.find()
    command = (os.fspath(program.path), os.fspath(within_reach(NODE_PROGRAM, ground)))
    return _open(stack, ground, arms, command, program.source)


def user_of_python() -> process.User | None:
    """Whom our own interpreter runs as, with all that the program for Python needs."""
    return folders.reaching(*_needed())


def options(settings: Mapping[str, Setting]) -> list[str]:
    """An arm's settings as options of the programs; what the arm does not set is left out."""
    chosen = []
    for name in _OPTIONS:
        if name not in settings:
            continue
        flag = name.replace("_", "-")
        if name in _WITHOUT_VALUE:
            chosen.append(f"--{flag}" if settings[name] else f"--no-{flag}")
        else:
            chosen += [f"--{flag}", str(settings[name])]
    return chosen


def _open(
    stack: ExitStack, ground: Ground, arms: Iterable[Arm], command: Sequence[str], source: str
) -> Mapping[str, Door]:
    began = time.perf_counter()
    started = {}
    for arm in arms:
        lists = ground.lists(arm.name)
        started[arm.name] = (_start(stack, ground, arm, lists, command), lists)
    return {
        name: _ready(running, lists, source, began) for name, (running, lists) in started.items()
    }


def _start(
    stack: ExitStack, ground: Ground, arm: Arm, lists: Lists, command: Sequence[str]
) -> Process:
    folder = process.private_folder(ground.folder / arm.name, ground.user)
    files = {
        "certificate": ground.server.certificate,
        "key": ground.server.key,
        "authority": ground.authority.certificate,
        "revoked": lists.revoked,
        "serials": lists.serials,
    }
    named = [part for name, path in files.items() for part in (f"--{name}", os.fspath(path))]
    return stack.enter_context(
        process.running(
            [*command, *named, *options(arm.settings)],
            folder,
            name=arm.name,
            user=ground.user,
            # the same wheels as ours, however we came by them
            environment={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    )


def _ready(running: Process, lists: Lists, source: str, began: float) -> Door:
    port = running.folder / "port"
    running.wait_until(port.exists, _READY_SECONDS)
    return Door(
        port=int(port.read_text()),
        server=(running.folder / "version").read_text(),
        source=source,
        ready_seconds=time.perf_counter() - began,
        take=partial(_take, running, lists),
        require_alive=running.require_alive,
    )


def _take(running: Process, lists: Lists, revoked: Sequence[Issued]) -> None:
    lists.publish(revoked)
    running.require_alive()
    os.kill(running.pid, signal.SIGHUP)


def within_reach(program: Path, ground: Ground) -> Path:
    """A copy that whoever the servers run as can read, wherever this package is installed."""
    copy = ground.folder / program.name
    copy.write_bytes(program.read_bytes())
    copy.chmod(0o644)
    return copy


def _needed() -> tuple[Path, ...]:
    """One file of everything that the Python program needs."""
    import cryptography
    import OpenSSL

    modules = (os.__file__, OpenSSL.__file__, cryptography.__file__)
    return (Path(sys.executable), *(Path(str(each)) for each in modules))
