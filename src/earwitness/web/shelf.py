"""Documents of runs that have ended, kept while they are looked at: they never change again."""

import threading
from collections import OrderedDict

from earwitness import history
from earwitness.report.document import RunDocument
from earwitness.store.connection import Store
from earwitness.store.runs import RunRecord

MOST = 48
"""Documents that are kept; the largest has some thousand trials."""


class Shelf:
    """The documents that were asked for last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[tuple[str, str], RunDocument] = OrderedDict()
        self._lock = threading.Lock()

    def document(self, record: RunRecord) -> RunDocument:
        """The document of a run. Raises NothingRecorded when it ended before it began."""
        if record.status == "running":
            return history.document_of(self._store, record)
        key = (record.id, record.status)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
        document = history.document_of(self._store, record)
        with self._lock:
            self._kept[key] = document
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return document
