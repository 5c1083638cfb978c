"""The panel of a run under way as HTML, made once for all who watch it.

Keeps the events that were read, so that a long run is not read again after each of them.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from earwitness.experiment import events
from earwitness.store import events as stored
from earwitness.store.connection import Store
from earwitness.web import rendering
from earwitness.web.live import live

MOST = 8
"""Runs whose events are kept; one has the machine, and few wait for it."""


@dataclass
class _Watched:
    number: int = 0
    """Of the last event that the panel shows."""
    log: list[events.Event] = field(default_factory=list)
    html: str = ""


class Panels:
    """The panels that are being looked at."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[str, _Watched] = OrderedDict()
        self._lock = threading.Lock()

    def at(self, run: str, number: int) -> tuple[int, str]:
        """The panel that shows that event of a run, or later ones, and the number of its last."""
        with self._lock:
            watched = self._kept.setdefault(run, _Watched())
            self._kept.move_to_end(run)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
            if watched.number < number or not watched.html:
                self._read_on(run, watched)
            return watched.number, watched.html

    def _read_on(self, run: str, watched: _Watched) -> None:
        for number, body in stored.read(self._store, run, after=watched.number):
            watched.number = number
            watched.log.append(events.decode(body))
        watched.html = rendering.fragment("live.html.j2", live=live(watched.log))
