"""What the settings of a PostgreSQL server and its account of flushes mean. Pure.

Severities: what a power cut takes with certainty or silently is ``critical``; what it takes with
bad luck, or after one more fault, is less.
"""

from collections.abc import Iterator

from earwitness.check.finding import Finding, Location, Severity
from earwitness.claims.fsync.evidence import ServerDurability, WalCounted
from earwitness.claims.fsync.wording import NOT_A_PROOF, finding, swallowed

WAL = "https://www.postgresql.org/docs/current/runtime-config-wal.html"
RELIABILITY = "https://www.postgresql.org/docs/current/wal-reliability.html"
ERRORS = "https://www.postgresql.org/docs/current/runtime-config-error-handling.html"

FEWEST_SYNCS = 5
"""Syncs of the log in the time that was watched: with fewer, no flush at all may be chance."""
COPY_ON_WRITE = ("zfs", "btrfs")
"""File systems that write a page to a new place, so that it is not torn."""


def findings(seen: ServerDurability) -> tuple[Finding, ...]:
    """All that there is to say; one finding at least."""
    found = (*_settings(seen), *_account(seen), *swallowed(seen.suspects, "/suspects"))
    return found or (_nothing(seen),)


def _settings(seen: ServerDurability) -> Iterator[Finding]:
    chosen = seen.settings
    if chosen.get("fsync") == "off":
        yield _of_setting(
            "fsync-off",
            Severity.CRITICAL,
            "fsync is off",
            statement="The server never asks for a flush: a power cut or a crash of the kernel can take any "
            "number of commits, and leave the database damaged.",
            fix="fsync = on, a checkpoint, and a backup made before the next crash.",
            setting="fsync",
        )
    if chosen.get("full_page_writes") == "off" and seen.file_system not in COPY_ON_WRITE:
        known = f"on {seen.file_system}" if seen.file_system else "whose file system was not seen"
        yield _of_setting(
            "torn-pages",
            Severity.HIGH,
            "Pages can be torn",
            statement=f"full_page_writes is off {known}: a page of 8 KiB that is half written when the power "
            "goes cannot be repaired from the log. At random moments that is rare, during a "
            "checkpoint it is not. File systems that write every page to a new place (ZFS, Btrfs) "
            "do not tear pages.",
            fix="full_page_writes = on, unless the file system or the device writes 8 KiB whole.",
            setting="full_page_writes",
        )
    if chosen.get("data_sync_retry") == "on":
        yield _of_setting(
            "sync-retry",
            Severity.HIGH,
            "A failed flush is tried again",
            statement="data_sync_retry is on: after one write error the kernel reports success to the second "
            "fsync although the data are gone, the checkpoint completes, and the damage shows in no "
            "checksum.",
            fix="data_sync_retry = off: the server stops itself and recovers from its log.",
            setting="data_sync_retry",
            learn_more=ERRORS,
        )
    if chosen.get("data_checksums") == "off":
        yield _of_setting(
            "no-checksums",
            Severity.MEDIUM,
            "Pages have no checksums",
            statement="A page that a disk gives back wrong is taken for a right one.",
            fix="pg_checksums --enable while the server is shut down; it rewrites every page.",
            setting="data_checksums",
        )
    yield from _performance(seen)


def _performance(seen: ServerDurability) -> Iterator[Finding]:
    chosen = seen.settings
    if chosen.get("synchronous_commit") == "off":
        yield _of_setting(
            "async-commit",
            Severity.INFO,
            "Commits are answered before they are safe",
            statement="synchronous_commit is off: a crash can take the commits of about three times "
            f"wal_writer_delay ({chosen.get('wal_writer_delay', '200')} ms), and damages nothing.",
            fix="Nothing to do where that was meant; else synchronous_commit = on.",
            setting="synchronous_commit",
        )
    if chosen.get("wal_sync_method") in ("fsync", "open_sync"):
        yield _of_setting(
            "two-flushes",
            Severity.INFO,
            "A commit flushes the log's time as well",
            statement=f"wal_sync_method is {chosen['wal_sync_method']}: on a journalling file system a commit "
            "costs up to two flushes, with fdatasync or open_datasync one, and is no safer.",
            fix="wal_sync_method = fdatasync, measured with pg_test_fsync or `earwitness check --probe`.",
            setting="wal_sync_method",
        )


def _account(seen: ServerDurability) -> Iterator[Finding]:
    window = seen.window
    if window is None or not window.counted or window.wal_syncs < FEWEST_SYNCS:
        return
    if not any(device.flushes for device in window.counted):
        devices = ", ".join(device.device for device in window.counted)
        yield finding(
            "no-flush",
            Severity.CRITICAL,
            "No flush reaches the device",
            statement=f"In {window.seconds:g} s the server synced its log {window.wal_syncs:,} times, and "
            f"{devices} got no flush at all. Something between them swallows flushes: a mount "
            "without barriers, a write cache that the kernel was told is none, a library that makes "
            "fsync do nothing. Where the device has no volatile cache, none is needed.",
            fix="`earwitness check` of the data folder names what it sees; mount with barriers, leave "
            "the device's write_cache at what the device says of itself, take the library out.",
            where=Location(kind="device", name=devices),
            evidence=("/window",),
            learn_more=RELIABILITY,
        )


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


def _of_setting(
    sort: str,
    severity: Severity,
    title: str,
    *,
    statement: str,
    fix: str,
    setting: str,
    learn_more: str = WAL,
) -> Finding:
    return finding(
        sort,
        severity,
        title,
        statement=statement,
        fix=fix,
        where=Location(kind="setting", name=setting),
        evidence=(f"/settings/{setting}",),
        learn_more=learn_more,
    )
