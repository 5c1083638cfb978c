"""What the probes of this claim see, of a server and of a directory; what the judge judges.

Plain values that are saved as JSON, told apart by ``sort``. Adding a field keeps older evidence
readable when the field has a default. No file of the user's is opened, and nothing in one is kept.
"""

import msgspec

from earwitness.check.storage import Device, Mount


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What a physical device did over the time that somebody looked."""

    device: str
    writes: int
    flushes: int
    flush_milliseconds: int
    """Spent in those flushes, whoever asked for them."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A directory, or a part of one that lies elsewhere, and what is below it."""

    role: str
    """``directory``, ``write-ahead log`` or ``tablespace``."""
    path: str
    mount: Mount | None
    devices: tuple[Device, ...]
    """From the file system down; none where no device is seen."""
    counted: tuple[Counted, ...] = ()
    """Of the physical ones; none where the kernel does not count."""
    covered: str | None = None
    """Of an overlay: the kind of file system that takes its writes, where that is seen."""
    below: tuple[Mount, ...] = ()
    """Where the upper folder of an overlay lies, or the file of a loop device, and so on down."""
    unfollowed: tuple[str, ...] = ()
    """Folders and files of which that is not seen."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What stands between the kernel and the hardware, as far as it shows."""

    virtual_machine: str | None
    """Who says that it is one; None: nobody does."""
    container: str | None
    """Likewise."""
    suspects: tuple[str, ...] = ()
    """Libraries that make fsync do nothing, loaded by processes at work in the directory."""
    processes_seen: int = 0
    """How many such processes could be looked into."""


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """The times of one way to write and sync, in microseconds."""

    method: str
    size: int
    """Bytes of each write."""
    durable: bool
    """Whether the way promises that the data are safe when it returns."""
    count: int
    least: float
    median: float
    p90: float
    p99: float
    p999: float
    most: float
    histogram: tuple[tuple[float, int], ...]
    """Upper ends of bins, in microseconds, and how many writes fell into each."""
    flushes: float | None = None
    """Flushes of the device for each of a few writes in a row; others' are among them."""


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    """What writing showed."""

    timed: tuple[Timed, ...]
    refused: tuple[str, ...]
    """Ways that this file system does not have, with the reason."""
    written_bytes: int
    seconds: float
    stopped: str | None
    """Why it ended before all was done; None: it was done."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What was there again after the power had gone, against what the listener had been told."""

    acknowledged: int
    """Records whose sync had returned and was told."""
    judged: int
    """Places of the file that had to hold one."""
    lost: int
    torn: int
    """Places that hold a part of one record and a part of another, or nonsense."""
    reordered: bool
    """Whether a record is there although one that was safe before it began is not."""
    restarted: bool = True
    """Whether the machine was started anew since it wrote."""
    by_method: dict[str, int] = {}
    """Lost and torn ones, by the way in which they had been written."""


class DirectoryDurability(msgspec.Struct, frozen=True, kw_only=True, tag_field="sort", tag="place"):
    """A directory."""

    places: tuple[Place, ...]
    surroundings: Surroundings
    seconds: float
    """For how long the devices were watched."""
    probed: Probed | None = None
    verified: Verified | None = None


class WalCounted(msgspec.Struct, frozen=True, kw_only=True):
    """What a server counted over the time that somebody looked, and the devices below its log."""

    seconds: float
    commits: int
    """Of all its databases."""
    wal_bytes: int
    wal_syncs: int
    counted: tuple[Counted, ...]
    """Of the devices; none where the server is elsewhere or does not show where its data lie."""


class ServerDurability(msgspec.Struct, frozen=True, kw_only=True, tag_field="sort", tag="server"):
    """A PostgreSQL server."""

    major: int
    settings: dict[str, str]
    window: WalCounted | None = None
    """None: it could not be watched."""
    file_system: str | None = None
    """Of its data folder, where the server is on this machine and shows it."""
    places: tuple[Place, ...] = ()
    """Data folder, log and tablespaces, likewise."""
    suspects: tuple[str, ...] = ()
    """Libraries that make fsync do nothing, loaded by its processes or by all of this machine."""


Durability = DirectoryDurability | ServerDurability
