"""A responder that says of a throw-away authority's certificates whether they are still good.

Starting and its address; the program is ``ocsp_program``. It signs with the authority's own key, so
it runs as ourselves, who have that key.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from earwitness.servers import process
from earwitness.servers.certificates import Authority

_PROGRAM = Path(__file__).with_name("ocsp_program.py")
_READY_SECONDS = 20.0


@contextlib.contextmanager
def responder(authority: Authority, serials: Path, workspace: Path) -> Iterator[str]:
    """The URL of a running responder. ``serials``: the file that it reads for every question.

    ServerFailed, quoting its log, when it does not get ready.
    """
    folder = process.private_folder(workspace / "responder", None)
    files = (authority.certificate, authority.key, serials)
    with process.running(
        [sys.executable, "-P", _PROGRAM, *files],
        folder,
        name="responder",
        # the same wheels as ours, however we came by them
        environment={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as running:
        port = folder / "port"
        running.wait_until(port.exists, _READY_SECONDS)
        yield f"http://127.0.0.1:{port.read_text()}/"
