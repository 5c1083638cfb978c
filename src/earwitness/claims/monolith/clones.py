"""The monolith at work: one process, or clones of it, each given its stream and its detectors.

Starting them and reading what they found; what they do stands in ``pipeline.service``.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import av

from earwitness.claims.monolith import pipeline
from earwitness.claims.monolith.pipeline.service import Order, Result
from earwitness.servers import folders, process
from earwitness.servers.process import Process, User

_SECONDS = 60.0
"""For a stream of seconds; a busy machine may be slow."""
_PACKAGE = Path(pipeline.__file__).parent
_SITE = Path(av.__file__).parents[1]
"""Where the packages lie that the monolith needs."""


@dataclass(frozen=True)
class _Clone:
    process: Process
    folder: Path

    def result(self) -> Result:
        if self.process.wait(_SECONDS) != 0:
            raise self.process.failure("failed")
        result: Result = json.loads((self.folder / "result.json").read_text())
        return result


def watch(orders: Sequence[Order], folder: Path) -> list[Result]:
    """Carry out the orders, a process for each, all at once; in their order.

    ``folder``: a new one inside a workspace. Main thread only; ServerFailed when one fails.
    """
    user = folders.reaching(Path(sys.executable), _SITE, _PACKAGE)
    with ExitStack() as stack:
        clones = [
            stack.enter_context(_clone(order, folder.with_name(f"{folder.name}-{number}"), user))
            for number, order in enumerate(orders)
        ]
        return [clone.result() for clone in clones]


@contextmanager
def _clone(order: Order, folder: Path, user: User | None) -> Iterator[_Clone]:
    process.private_folder(folder, user)
    written = folder / "order.json"
    written.write_text(json.dumps(order))
    written.chmod(0o644)
    paths = os.pathsep.join((os.fspath(_PACKAGE.parent), os.fspath(_SITE)))
    command = [sys.executable, "-B", "-m", f"{_PACKAGE.name}.service", "order.json", "result.json"]
    with process.running(
        command, folder, name="monolith", user=user, environment={"PYTHONPATH": paths}
    ) as running:
        yield _Clone(running, folder)
