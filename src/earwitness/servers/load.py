"""What a load was, and how pgbench's output says it.

Values and parsing; no process and no file is touched here. Format of the log: PostgreSQL's
manual, pgbench, "Per-Transaction Logging".
"""

import collections
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_ABORTED = re.compile(
    r"client \d+ (?:script \d+ )?aborted in command \d+ "
    r"(?:query \d+: |\(.*?\) of script \d+; )(.*)"
)
_REFUSED = re.compile(r"connection to server .*?failed: (.*)")
_SEVERITY = re.compile(r"^(?:ERROR|FATAL|PANIC):\s+")
_NO_TIME = {b"failed": -1, b"serialization": -2, b"deadlock": -3, b"skipped": -4}
"""Words that the log has in place of a time, and the number that is read instead."""
_NO_TIME_MESSAGES = {
    -1: "transaction failed",
    -2: "serialization failure",
    -3: "deadlock detected",
    -4: "skipped",
}
_COLUMNS = 6  # client, number, time, script, epoch seconds, microseconds; the lag may follow
_WARM_TRANSACTIONS = 3
"""Finished by each client before a load counts as warm: the first fills the caches of its server
process and takes locks that later ones do not; the others are margin."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Load:
    """What pgbench saw; arrays have one entry for each finished transaction, in that order."""

    clients: int
    """How many were asked for."""
    began_at: float
    """Seconds of the epoch when the first transaction began, or when this part begins."""
    ended_at: float
    """Seconds of the epoch when the last transaction finished."""
    client: Integers
    """Whose transaction, from 0."""
    finished_at: Floats
    """Seconds of the epoch."""
    latencies_ms: Floats
    """Milliseconds; with a rate, from the time at which it was due, so that waiting counts.

    pgbench reads the clock once for all clients that a thread serves in one turn, so what takes
    less than about 0.1 ms may show as 0.
    """
    lags_ms: Floats | None
    """With a rate: milliseconds from the time at which it was due to its begin."""
    messages: Mapping[str, int]
    """How often each error was met. A client that met one in a statement has stopped."""
    version: str
    """Of pgbench."""

    @property
    def transactions(self) -> int:
        """How many finished without an error."""
        return len(self.latencies_ms)

    @property
    def failures(self) -> int:
        """How many errors were met."""
        return sum(self.messages.values())

    @property
    def seconds(self) -> float:
        """From ``began_at`` to ``ended_at``."""
        return self.ended_at - self.began_at

    @property
    def tps(self) -> float:
        """Finished transactions per second; 0 when there are none."""
        return self.transactions / self.seconds if self.seconds > 0 else 0.0

    def quantile(self, q: float) -> float:
        """Latency in milliseconds that a share ``q`` of the transactions did not exceed.

        ValueError when no transaction finished.
        """
        if not self.transactions:
            raise ValueError("no transaction finished")
        return float(np.quantile(self.latencies_ms, q))

    def warm_at(self, transactions: int = _WARM_TRANSACTIONS) -> float | None:
        """Seconds of the epoch when every client had finished so many; None if that never was."""
        moments = []
        for client in range(self.clients):
            finished = self.finished_at[self.client == client]
            if len(finished) < transactions:
                return None
            moments.append(finished[transactions - 1])
        return float(max(moments))

    def after(self, moment: float) -> "Load":
        """The part that finished later than ``moment`` (seconds of the epoch).

        ``messages`` stay those of the whole load: pgbench does not say when they came.
        """
        later = self.finished_at > moment
        return replace(
            self,
            began_at=moment,
            ended_at=max(moment, self.ended_at),
            client=self.client[later],
            finished_at=self.finished_at[later],
            latencies_ms=self.latencies_ms[later],
            lags_ms=None if self.lags_ms is None else self.lags_ms[later],
        )

    def warm(self, transactions: int = _WARM_TRANSACTIONS) -> "Load | None":
        """The part after ``warm_at``; None when there is no such moment."""
        moment = self.warm_at(transactions)
        return None if moment is None else self.after(moment)


def read(
    logs: Iterable[bytes],
    said: str,
    *,
    clients: int,
    rated: bool,
    version: str,
    ran: tuple[float, float],
) -> Load:
    """The load from the transaction logs of pgbench's threads and from what it ``said``.

    ``rated``: whether it ran with a rate, so that the log has a lag; ``ran``: seconds of the
    epoch around the whole program, used when no transaction finished.
    """
    parts = [table for log in logs if len(table := _table(log))]
    table = np.concatenate(parts) if parts else np.empty((0, _COLUMNS + 1))
    lost = collections.Counter(int(code) for code in table[table[:, 2] < 0, 2])
    table = table[table[:, 2] >= 0]
    finished_at = table[:, 4] + table[:, 5] / 1e6
    order = np.argsort(finished_at, kind="stable")
    finished_at, table = finished_at[order], table[order]
    latencies_ms = table[:, 2] / 1e3
    begun = finished_at - latencies_ms / 1e3
    return Load(
        clients=clients,
        began_at=float(begun.min()) if len(begun) else ran[0],
        ended_at=float(finished_at[-1]) if len(begun) else ran[1],
        client=table[:, 0].astype(np.int64),
        finished_at=finished_at,
        latencies_ms=latencies_ms,
        lags_ms=table[:, _COLUMNS] / 1e3 if rated else None,
        messages={_NO_TIME_MESSAGES[code]: n for code, n in lost.items()} | messages(said),
        version=version,
    )


def messages(said: str) -> dict[str, int]:
    """How often each error occurs in what pgbench said, without severity, client or command."""
    counted: collections.Counter[str] = collections.Counter()
    for line in said.splitlines():
        if found := _ABORTED.search(line) or _REFUSED.search(line):
            counted[_SEVERITY.sub("", found[1]).strip()] += 1
    return dict(counted)


def _table(log: bytes) -> Floats:
    """One row for each line, with the columns of ``_COLUMNS`` and the lag (0 without a rate)."""
    for word, code in _NO_TIME.items():
        log = log.replace(word, b"%d" % code)
    columns = len(log.partition(b"\n")[0].split())
    if not columns:
        return np.empty((0, _COLUMNS + 1))
    numbers = np.fromstring(log, dtype=np.float64, sep=" ")
    table = numbers[: len(numbers) // columns * columns].reshape(-1, columns)
    if columns == _COLUMNS:
        return np.column_stack([table, np.zeros(len(table))])
    return table[:, : _COLUMNS + 1]
