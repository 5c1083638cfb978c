"""What the check of a PostgreSQL server reads for this claim: settings, and an account of flushes.

The server counts how often it synced its log; the kernel counts how often a device was flushed. Where
the server is on this machine, both are read over the same few seconds. Neither sees the other's
number by itself, and a flush that was never sent shows only when they are held against each other.
"""

from pathlib import Path

import msgspec

from earwitness.check import postgresql
from earwitness.check.evidence import Partly, Unseen
from earwitness.check.plan import Step
from earwitness.check.target import NotSeen
from earwitness.claims.fsync import places
from earwitness.claims.fsync.evidence import Place, ServerDurability, WalCounted

KIND = "postgresql"
CLAIM = "fsync"

OLDEST_MAJOR = 14
"""The first version that counts syncs of the log."""
_FIRST_WITH_IO = 18
"""The first version that counts them among all other I/O."""
_WATCHED_SECONDS = 4.0
_SAME_START_SECONDS = 5.0
"""Between what the lock file says of the start and what the server says."""

SETTINGS = postgresql.settings(
    "durability-settings",
    "the settings that decide what a power cut can take, and where the data lie",
    [
        "data_checksums",
        "data_directory",
        "data_sync_retry",
        "fsync",
        "full_page_writes",
        "shared_preload_libraries",
        "synchronous_commit",
        "synchronous_standby_names",
        "wal_sync_method",
        "wal_writer_delay",
    ],
)
WHERE = postgresql.select(
    "server-address",
    "whether the server is on this machine, and since when it runs",
    """
select coalesce(host(inet_server_addr()), ''),
    extract(epoch from pg_postmaster_start_time())::float8""",
)


def _counting(name: str, syncs: str) -> Step:
    # what a transaction has read of statistics it reads again, unless that is thrown away after it
    step = postgresql.select(
        name,
        "commits of all databases, bytes and syncs of the write-ahead log, once a second",
        f"""
select (select sum(xact_commit) from pg_stat_database)::bigint,
    (select wal_bytes from pg_stat_wal)::bigint, ({syncs})::bigint,
    pg_stat_clear_snapshot()::text""",  # noqa: S608 - constants only
    )
    return msgspec.structs.replace(step, seconds=_WATCHED_SECONDS, hertz=1.0)


COUNTERS = _counting("wal-counters", "select wal_sync from pg_stat_wal")
COUNTERS_OF_IO = _counting(
    "wal-counters-18", "select sum(fsyncs) from pg_stat_io where object = 'wal'"
)
DEVICES = Step(
    name="wal-device",
    purpose="flushes of the device below the log meanwhile, and libraries that make fsync do nothing "
    "in the server's processes, where it is on this machine and shows its data folder",
    text="-- files of this machine: /proc/self/mountinfo, /sys/dev/block/<device>/*, "
    "/proc/<process>/cwd, /proc/<process>/maps",
)

PLAN = (SETTINGS, WHERE, COUNTERS, COUNTERS_OF_IO, DEVICES)

_HIDDEN = ("data_directory", "shared_preload_libraries")
_TO_SEE = "grant pg_read_all_settings to the role"


def probe(session: postgresql.Session) -> Partly:
    """Settings, and what was synced and flushed over a few seconds. Raises NotSeen, Unreachable."""
    missed: list[Unseen] = []
    settings = dict(session.read_settings(SETTINGS))
    missed += [
        _missed(f"the setting {name}", "this role may not read it", _TO_SEE)
        for name in _HIDDEN
        if name not in settings
    ]
    seen = ServerDurability(major=session.major, settings=settings)
    if session.major < OLDEST_MAJOR:
        missed.append(_missed("the account of flushes", "counted from PostgreSQL 14 on"))
        return Partly(seen, tuple(missed))
    try:
        found = _places(session, settings.get("data_directory"))
    except NotSeen as problem:
        found = ()
        missed.append(_missed("the device below the log", str(problem), problem.needs))
    seen = _with_places(seen, found)
    try:
        window = _watched(session, _of_log(found))
    except NotSeen as problem:
        missed.append(_missed("the account of flushes", str(problem), problem.needs))
        return Partly(seen, tuple(missed))
    return Partly(msgspec.structs.replace(seen, window=window), tuple(missed))


def _with_places(seen: ServerDurability, found: tuple[Place, ...]) -> ServerDurability:
    """What shows of the server on this machine; as it is, where it is elsewhere."""
    if not found:
        return seen
    around = places.surroundings(Path(seen.settings["data_directory"]).resolve())
    return msgspec.structs.replace(
        seen,
        file_system=None if found[0].mount is None else found[0].mount.kind,
        places=found,
        suspects=around.suspects,
    )


def _of_log(found: tuple[Place, ...]) -> Place | None:
    """Where the log lies: with the data, unless it is a place of its own."""
    own = (place for place in found if place.role == "write-ahead log")
    return next(own, found[0] if found else None)


def _watched(session: postgresql.Session, place: Place | None) -> WalCounted:
    """What server and device count from the first reading to the last."""
    names = () if place is None else places.physical_devices([place])
    step = COUNTERS_OF_IO if session.major >= _FIRST_WITH_IO else COUNTERS
    before = places.counters(names)
    samples = session.sample(step)
    counted = places.between(names, before, places.counters(names))
    (begun, first), (ended, last) = samples[0], samples[-1]
    commits, wal_bytes, syncs = (int(last[i] or 0) - int(first[i] or 0) for i in range(3))
    return WalCounted(
        seconds=round(ended - begun, 3),
        commits=commits,
        wal_bytes=wal_bytes,
        wal_syncs=syncs,
        counted=counted,
    )


def _places(session: postgresql.Session, data: str | None) -> tuple[Place, ...]:
    """Where data and log lie, seen from here. NotSeen, with the reason, when that cannot be said."""
    ((address, started),) = session.read(WHERE)
    if data is None:
        raise NotSeen("the server does not show its data folder", _TO_SEE)
    folder = Path(data)
    if address not in ("", "127.0.0.1", "::1"):
        raise NotSeen(f"the server is at {address}, and its devices are counted there")
    if not _is_here(folder, float(started), by_socket=not address):
        raise NotSeen(
            "its data folder is not on this machine, or may not be looked into",
            "running this check on the server's machine, as its user",
        )
    try:
        return places.places(folder)
    except OSError as problem:
        raise NotSeen(f"{problem.strerror}: {problem.filename}") from None


def _is_here(folder: Path, started: float, *, by_socket: bool) -> bool:
    """Whether the folder is that server's: by its lock file, else because it was reached locally."""
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
    except PermissionError:
        return by_socket
    except OSError:
        return False
    return len(lines) > 2 and abs(int(lines[2]) - started) < _SAME_START_SECONDS


def _missed(what: str, reason: str, needs: str = "") -> Unseen:
    return Unseen(claim=CLAIM, what=what, reason=reason, needs=needs, essential=False)
