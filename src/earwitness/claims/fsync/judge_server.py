"""What the settings of a PostgreSQL server and its account of flushes mean. Pure.

Severities: what a power cut takes with certainty or silently is ``critical``; what it takes with
bad luck, or after one more fault, is less.
"""

from collections.abc import Iterator
from typing import NamedTuple

from earwitness.check.finding import Finding, Location, Severity
from earwitness.check.storage import Device
from earwitness.claims.fsync.evidence import ServerDurability, WalCounted
from earwitness.claims.fsync.judge_below import of_place
from earwitness.claims.fsync.wording import NOT_A_PROOF, account, finding, swallowed

WAL = "https://www.postgresql.org/docs/current/runtime-config-wal.html"
RELIABILITY = "https://www.postgresql.org/docs/current/wal-reliability.html"
ERRORS = "https://www.postgresql.org/docs/current/runtime-config-error-handling.html"

FEWEST_SYNCS = 5
"""Syncs of the log in the time that was watched: with fewer, no flush at all may be chance."""
FEWEST_SHARE = 0.5
"""Flushes for each sync of the log that are clearly too few.

One process syncs the log at a time, and each sync needs a flush that begins after the last ended, so
that none can be shared, and others' flushes only add. But a server tells its counts up to a second
late: of the three seconds from the first reading to the last, a third of the syncs may be older.
"""
_ROUND_THE_CACHE = ("open_datasync", "open_sync")
"""Ways to sync the log by which a device may take writes through its cache, without a flush."""
COPY_ON_WRITE = ("zfs", "btrfs")
"""File systems that write a page to a new place, so that it is not torn."""


class _Trap(NamedTuple):
    """A setting that is found at one of these values. ``{value}`` and the like: see ``_settings``."""

    setting: str
    values: tuple[str, ...]
    sort: str
    severity: Severity
    title: str
    statement: str
    fix: str
    learn_more: str = WAL


_TORN_PAGES = _Trap(
    "full_page_writes",
    ("off",),
    "torn-pages",
    Severity.HIGH,
    "Pages can be torn",
    "full_page_writes is off {where}: a page of 8 KiB that is half written when the power goes cannot "
    "be repaired from the log. At random moments that is rare, during a checkpoint it is not. File "
    "systems that write every page to a new place (ZFS, Btrfs) do not tear pages.",
    "full_page_writes = on, unless the file system or the device writes 8 KiB whole.",
)
_TRAPS = (
    _Trap(
        "fsync",
        ("off",),
        "fsync-off",
        Severity.CRITICAL,
        "fsync is off",
        "The server never asks for a flush: a power cut or a crash of the kernel can take any number "
        "of commits, and leave the database damaged.",
        "fsync = on, a checkpoint, and a backup made before the next crash.",
    ),
    _TORN_PAGES,
    _Trap(
        "data_sync_retry",
        ("on",),
        "sync-retry",
        Severity.HIGH,
        "A failed flush is tried again",
        "data_sync_retry is on: after one write error the kernel reports success to the second fsync "
        "although the data are gone, the checkpoint completes, and the damage shows in no checksum.",
        "data_sync_retry = off: the server stops itself and recovers from its log.",
        ERRORS,
    ),
    _Trap(
        "data_checksums",
        ("off",),
        "no-checksums",
        Severity.MEDIUM,
        "Pages have no checksums",
        "A page that a disk gives back wrong is taken for a right one.",
        "pg_checksums --enable while the server is shut down; it rewrites every page.",
    ),
    _Trap(
        "synchronous_commit",
        ("off",),
        "async-commit",
        Severity.INFO,
        "Commits are answered before they are safe",
        "synchronous_commit is off: a crash can take the commits of about three times "
        "wal_writer_delay ({delay} ms), and damages nothing.",
        "Nothing to do where that was meant; else synchronous_commit = on.",
    ),
    _Trap(
        "wal_sync_method",
        ("fsync", "open_sync"),
        "two-flushes",
        Severity.INFO,
        "A commit flushes the log's time as well",
        "wal_sync_method is {value}: on a journalling file system a commit costs up to two flushes, "
        "with fdatasync or open_datasync one, and is no safer.",
        "wal_sync_method = fdatasync, measured with pg_test_fsync or `earwitness check --probe`.",
    ),
)


def findings(seen: ServerDurability) -> tuple[Finding, ...]:
    """All that there is to say; one finding at least."""
    below = [
        one
        for number, place in enumerate(seen.places)
        for one in of_place(place, f"/places/{number}")
    ]
    found = (
        *_settings(seen),
        *below,
        *_account(seen),
        *swallowed(seen.suspects, "/suspects"),
    )
    if not found:
        return (_nothing(seen),)
    if seen.window is None:
        return found
    return (*found, account(_of_window(seen.window), ("/window",)))


def _settings(seen: ServerDurability) -> Iterator[Finding]:
    where = f"on {seen.file_system}" if seen.file_system else "whose file system was not seen"
    delay = seen.settings.get("wal_writer_delay", "200")
    for trap in _TRAPS:
        value = seen.settings.get(trap.setting)
        whole = trap is _TORN_PAGES and seen.file_system in COPY_ON_WRITE
        if value in trap.values and not whole:
            yield finding(
                trap.sort,
                trap.severity,
                trap.title,
                statement=trap.statement.format(value=value, where=where, delay=delay),
                fix=trap.fix,
                where=Location(kind="setting", name=trap.setting),
                evidence=(f"/settings/{trap.setting}",),
                learn_more=trap.learn_more,
            )


def _account(seen: ServerDurability) -> Iterator[Finding]:
    window = seen.window
    if window is None or not window.counted or window.wal_syncs < FEWEST_SYNCS:
        return
    if _flushless(seen, window):
        return
    flushes = max(device.flushes for device in window.counted)
    if not flushes:
        devices = ", ".join(device.device for device in window.counted)
        yield finding(
            "no-flush",
            Severity.CRITICAL,
            "No flush reaches the device",
            statement=f"In {window.seconds:g} s the server synced its log {window.wal_syncs:,} times, and "
            f"{devices} got no flush at all. Something between them swallows flushes: a mount "
            "without barriers, a write cache that the kernel was told is none, a library that makes "
            "fsync do nothing. Where the device has no volatile cache, none is needed; nor where the log "
            "is written round the page cache and the device takes such writes through its own "
            "(wal_sync_method open_datasync with direct I/O, queue/fua 1).",
            fix="`earwitness check` of the data folder names what it sees; mount with barriers, leave "
            "the device's write_cache at what the device says of itself, take the library out.",
            where=Location(kind="device", name=devices),
            evidence=("/window",),
            learn_more=RELIABILITY,
        )
    elif flushes < FEWEST_SHARE * window.wal_syncs and not _round_the_cache(seen):
        yield finding(
            "few-flushes",
            Severity.HIGH,
            "Most syncs of the log do not reach the device as a flush",
            statement=f"In {window.seconds:g} s the server synced its log {window.wal_syncs:,} times, and the "
            f"device below it got {flushes:,} flushes, those of others included. Each sync of the log "
            "needs one of its own: something between them swallows flushes, such as a mount without "
            "barriers or a library that makes fsync do nothing. A burst that had just ended when the "
            "counting began can look the same.",
            fix="The same check once more; `earwitness check` of the data folder names what it sees.",
            where=Location(kind="device", name=", ".join(one.device for one in window.counted)),
            evidence=("/window",),
            learn_more=RELIABILITY,
        )


def _flushless(seen: ServerDurability, window: WalCounted) -> bool:
    """Whether the kernel sends these devices no flush by what it takes them for."""
    known = _devices(seen)
    return all(
        one.device in known and known[one.device].write_cache == "write through"
        for one in window.counted
    )


def _round_the_cache(seen: ServerDurability) -> bool:
    way = seen.settings.get("wal_sync_method")
    return way in _ROUND_THE_CACHE and any(one.fua is not False for one in _devices(seen).values())


def _devices(seen: ServerDurability) -> dict[str, Device]:
    return {device.name: device for place in seen.places for device in place.devices}


def _nothing(seen: ServerDurability) -> Finding:
    return finding(
        "nothing-seen",
        Severity.INFO,
        "Nothing speaks against the way to the disk",
        statement=f"The settings ask for every flush. {_of_window(seen.window)} {NOT_A_PROOF}",
        fix="Nothing to do; how to pull the plug, the documentation says.",
        evidence=("/settings", "/window"),
        learn_more=RELIABILITY,
    )


def _of_window(window: WalCounted | None) -> str:
    if window is None:
        return "What it syncs was not seen."
    said = f"In {window.seconds:g} s it committed {window.commits:,} times and synced its log "
    said += f"{window.wal_syncs:,} times"
    if not window.counted:
        return f"{said}; the flushes of its device were not seen."
    flushes = max(device.flushes for device in window.counted)
    return f"{said}, and {flushes:,} flushes reached the device, those of others included."
