"""Has vectors made while the site is served: looks now and then whether any are missing.

The work is done by a process that ends with this one, however this one ends; a page waits for none
of it.
"""

import contextlib
import subprocess
import threading

from earwitness.library.search import index
from earwitness.library.search.embedding import background, making
from earwitness.store.connection import Store
from earwitness.store.errors import StoreError

_EVERY_SECONDS = 60.0
_PATIENCE_SECONDS = 2.0


class Embedding:
    """Begins with ``begin`` and ends with ``close``; does nothing where it is not wanted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="embedding", daemon=True)
        self._worker: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Look from now on."""
        if background.wanted():
            self._thread.start()

    def close(self) -> None:
        """Stop what is being made; what was made is kept."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._worker is not None:
            _stop(self._worker)

    def _watch(self) -> None:
        while not self._end.is_set():
            # whatever is wrong with the store is told by the pages
            with contextlib.suppress(StoreError, OSError):
                self._start_if_missing()
            self._end.wait(_EVERY_SECONDS)
            if self._worker is not None and self._worker.poll() not in (None, 0):
                return  # it cannot: the command line says why

    def _start_if_missing(self) -> None:
        if self._worker is not None:
            if self._worker.poll() is None:
                return
            _stop(self._worker)
        self._worker = None
        if index.is_stale(self._store) or making.any_missing(self._store):
            self._worker = background.start(self._store.file.parent, with_us=True)


def _stop(worker: "subprocess.Popen[bytes]") -> None:
    assert worker.stdin is not None
    worker.stdin.close()
    worker.terminate()
    try:
        worker.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
