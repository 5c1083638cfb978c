"""What an arm on the recorded disk stands for: settings of PostgreSQL, the disk, and the moments.

Values only, read from an arm's settings. Arms whose recordings would be alike share one.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from earwitness.experiment.design import Arm, Setting
from earwitness.servers.disk.volatile import Cache

_SERVER_SETTINGS = (
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "debug_io_direct",
    "data_sync_retry",
)
"""What arms set, by the names of PostgreSQL."""
_ALWAYS: Mapping[str, Setting] = {
    "shared_buffers": "16MB",
    "max_connections": 20,
    "min_wal_size": "32MB",
    "max_wal_size": "64MB",
    "checkpoint_timeout": "1h",  # the client asks for checkpoints
    "wal_level": "replica",  # PostgreSQL's defaults, so that another one can follow
    "max_wal_senders": 10,
}
RECOVERING: Mapping[str, Setting] = {**_ALWAYS, "fsync": False, "full_page_writes": True}
"""Recovery flushes too; nobody cuts the power of this machine, so that it need not."""


class Moments(enum.StrEnum):
    """At which instants of a recording the power is cut."""

    RANDOM = "random"
    """Drawn evenly between the first acknowledgement and the last."""
    WORST = "worst"
    """Just before those flushes that save most."""


@dataclass(frozen=True)
class Recorded:
    """What makes one recording differ from another.

    ``server``: settings of PostgreSQL, sorted. ``flush_seconds``: how long a flush of the disk takes
    at least. ``writes_back``: whether the kernel is made to write files back in the meantime, as it
    would by itself in half a minute.
    """

    server: tuple[tuple[str, Setting], ...]
    flush_seconds: float
    writes_back: bool

    @property
    def settings(self) -> Mapping[str, Setting]:
        """All that PostgreSQL is configured with."""
        return {**_ALWAYS, **dict(self.server)}


@dataclass(frozen=True)
class Configuration:
    """An arm in the words of these benches."""

    recorded: Recorded
    cache: Cache
    moments: Moments


def configuration(arm: Arm) -> Configuration:
    """Read an arm's settings; KeyError when one is missing.

    ``window_ms`` 0: the cache holds what it has until it needs the room.
    """
    chosen = arm.settings
    window = int(chosen["window_ms"])
    return Configuration(
        recorded=Recorded(
            server=tuple((name, chosen[name]) for name in _SERVER_SETTINGS if name in chosen),
            flush_seconds=float(chosen["flush_ms"]) / 1000,
            writes_back=bool(chosen["writes_back"]),
        ),
        cache=Cache(
            honours_flush=bool(chosen["honours_flush"]),
            blocks=int(chosen["cache_blocks"]),
            window_ns=window * 1_000_000 if window else None,
            protected=bool(chosen["protected"]),
            atom_bytes=int(chosen["atom_bytes"]),
        ),
        moments=Moments(str(chosen["moments"])),
    )
