"""Findings on servers and directories: each for its cause alone, and never a disk called honest."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from earwitness.check.finding import Finding, Severity
from earwitness.check.storage import Device, Mount
from earwitness.claims.fsync.evidence import (
    Counted,
    DirectoryDurability,
    Place,
    Probed,
    ServerDurability,
    Surroundings,
    Timed,
    Verified,
    WalCounted,
)
from earwitness.claims.fsync.judge import judge

SAFE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_sync_method": "fdatasync",
    "data_checksums": "on",
    "data_sync_retry": "off",
    "wal_writer_delay": "200",
}
FLUSHED = Counted(device="sda", writes=300, flushes=120, flush_milliseconds=600)
WINDOW = WalCounted(seconds=4.0, commits=110, wal_bytes=9000, wal_syncs=115, counted=(FLUSHED,))
SERVER = ServerDurability(major=18, settings=SAFE, window=WINDOW, file_system="ext4")
MOUNT = Mount(point="/", device="8:1", kind="ext4", source="/dev/sda1", options=("rw", "relatime"))
DISK = Device(name="sda", kind="disk", write_cache="write back", rotational=True, model="A drive")
PLACE = Place(role="directory", path="/data", mount=MOUNT, devices=(DISK,), counted=(FLUSHED,))
BARE = Surroundings(virtual_machine=None, container=None)
DIRECTORY = DirectoryDurability(places=(PLACE,), surroundings=BARE, seconds=5.0)


def found(seen: DirectoryDurability | ServerDurability) -> dict[str, Finding]:
    """By sort; through JSON, as saved evidence comes."""
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(seen))
    return {finding.id.partition("/")[2]: finding for finding in judge(document)}


def server(**settings: str) -> ServerDurability:
    return replace(SERVER, settings={**SAFE, **settings})


def place(**changed: Any) -> DirectoryDurability:
    return replace(DIRECTORY, places=(replace(PLACE, **changed),))


def timed(method: str, median: float, *, p99: float = 0, flushes: float | None = 1.0) -> Timed:
    return Timed(
        method=method,
        size=8192,
        durable=method != "write alone",
        count=100,
        least=median,
        median=median,
        p90=median,
        p99=p99 or median,
        p999=median,
        most=median,
        histogram=((median, 100),),
        flushes=flushes,
    )


def probed(*times: Timed) -> DirectoryDurability:
    showed = Probed(timed=times, refused=(), written_bytes=1, seconds=1.0, stopped=None)
    return replace(DIRECTORY, probed=showed)


def test_a_server_that_asks_for_every_flush_is_still_not_called_safe() -> None:
    (only,) = found(SERVER).values()
    assert (only.id, only.severity) == ("fsync/nothing-seen", Severity.INFO)
    assert "115 times" in only.statement
    assert "120 flushes reached" in only.statement
    assert "no proof" in only.statement


@pytest.mark.parametrize(
    ("setting", "value", "sort", "severity"),
    [
        ("fsync", "off", "fsync-off", Severity.CRITICAL),
        ("full_page_writes", "off", "torn-pages", Severity.HIGH),
        ("data_sync_retry", "on", "sync-retry", Severity.HIGH),
        ("data_checksums", "off", "no-checksums", Severity.MEDIUM),
        ("synchronous_commit", "off", "async-commit", Severity.INFO),
        ("wal_sync_method", "fsync", "two-flushes", Severity.INFO),
        ("wal_sync_method", "open_sync", "two-flushes", Severity.INFO),
    ],
)
def test_each_setting_alone_is_its_own_finding(
    setting: str, value: str, sort: str, severity: Severity
) -> None:
    only, counted = found(server(**{setting: value})).values()
    assert "115 times" in counted.statement
    assert (counted.id, counted.severity) == ("fsync/counted", Severity.INFO)
    assert (only.id, only.severity) == (f"fsync/{sort}", severity)
    assert only.location is not None
    assert only.location.name == setting


def test_where_pages_cannot_be_torn_nothing_is_said_of_it() -> None:
    assert "torn-pages" not in found(replace(server(full_page_writes="off"), file_system="zfs"))
    assert "torn-pages" in found(replace(server(full_page_writes="off"), file_system=None))


def window(syncs: int, flushes: int) -> ServerDurability:
    counted = replace(FLUSHED, flushes=flushes)
    return replace(SERVER, window=replace(WINDOW, wal_syncs=syncs, counted=(counted,)))


def test_syncs_without_a_flush_are_certain_and_few_are_not() -> None:
    assert found(window(115, 0))["no-flush"].severity is Severity.CRITICAL
    assert "no-flush" not in found(window(4, 0)), "too few to tell"
    assert "no-flush" not in found(window(115, 1))
    assert found(window(8000, 374))["few-flushes"].severity is Severity.HIGH
    assert "374 flushes" in found(window(8000, 374))["few-flushes"].statement
    assert "few-flushes" not in found(window(115, 60)), "the counts come late"
    assert "few-flushes" not in found(window(4, 1)), "too few to tell"
    direct = replace(window(115, 1), settings={**SAFE, "wal_sync_method": "open_datasync"})
    single = replace(PLACE, devices=(replace(DISK, fua=True),))
    assert "few-flushes" not in found(replace(direct, places=(single,)))
    unseen = replace(SERVER, window=replace(WINDOW, counted=()))
    assert "were not seen" in found(unseen)["nothing-seen"].statement
    assert "was not seen" in found(replace(SERVER, window=None))["nothing-seen"].statement


@pytest.mark.parametrize(
    ("mount", "sort"),
    [
        (replace(MOUNT, kind="tmpfs"), "in-memory"),
        (replace(MOUNT, options=("nobarrier",)), "no-barriers"),
    ],
)
def test_a_server_on_such_a_mount_is_told_as_a_directory_is(mount: Mount, sort: str) -> None:
    elsewhere = replace(PLACE, role="write-ahead log", mount=mount)
    findings = found(replace(SERVER, places=(PLACE, elsewhere)))
    assert findings[sort].severity is Severity.CRITICAL
    assert findings[sort].evidence[0].startswith("/places/1/")
    assert "nothing-seen" not in findings


def test_a_directory_of_which_nothing_bad_is_seen_is_still_not_called_safe() -> None:
    (only,) = found(DIRECTORY).values()
    assert only.severity is Severity.INFO
    assert "flushed 120 times" in only.statement
    assert "no proof" in only.statement


@pytest.mark.parametrize(
    ("changed", "sort", "severity"),
    [
        ({"mount": replace(MOUNT, kind="tmpfs"), "devices": ()}, "in-memory", Severity.CRITICAL),
        (
            {"mount": replace(MOUNT, kind="overlay"), "covered": "tmpfs"},
            "in-memory",
            Severity.CRITICAL,
        ),
        ({"mount": replace(MOUNT, options=("barrier=0",))}, "no-barriers", Severity.CRITICAL),
        ({"mount": replace(MOUNT, options=("nobarrier",))}, "no-barriers", Severity.CRITICAL),
        (
            {"devices": (replace(DISK, write_cache="write through"),)},
            "write-through",
            Severity.MEDIUM,
        ),
        (
            {"counted": (replace(FLUSHED, flush_milliseconds=6),)},
            "implausibly-fast",
            Severity.MEDIUM,
        ),
    ],
)
def test_each_fact_alone_is_its_own_finding(
    changed: dict[str, Any], sort: str, severity: Severity
) -> None:
    findings = found(place(**changed))
    assert findings[sort].severity is severity
    assert "nothing-seen" not in findings
    assert "120 times" in findings["counted"].statement


def test_what_keeps_nothing_is_named() -> None:
    over = replace(MOUNT, kind="overlay")
    memory = replace(MOUNT, kind="tmpfs")
    for changed in ({"covered": "tmpfs"}, {"below": (memory,)}):
        told = found(place(mount=over, **changed))["in-memory"].statement
        assert "overlay, whose data lie on tmpfs, which is memory" in told
    for kind in ("proc", "sysfs"):
        none = found(place(mount=replace(MOUNT, kind=kind), devices=()))
        assert f"{kind}, which is no storage" in none["in-memory"].statement
        assert "nothing-seen" not in none
    devices = found(place(mount=replace(MOUNT, kind="devtmpfs"), devices=()))
    assert "which is memory" in devices["in-memory"].statement


def test_what_lies_below_an_overlay_is_judged_and_what_is_unseen_said() -> None:
    over = replace(MOUNT, kind="overlay")
    unguarded = replace(MOUNT, point="/var", options=("nobarrier",))
    assert "/var" in found(place(mount=over, below=(unguarded,)))["no-barriers"].statement
    told = found(place(mount=over, devices=(), counted=(), unfollowed=("upper",)))
    assert "upper, which takes the writes, cannot be seen" in told["unfollowed"].statement
    assert "below upper was not looked at" in told["nothing-seen"].statement


def test_what_the_kernel_takes_a_device_for_is_told_and_that_the_device_was_not_asked() -> None:
    flash = replace(DISK, rotational=False, fua=True)
    told = found(place(devices=(flash,)))["nothing-seen"].statement
    assert "takes sda for write back, with FUA;" in told
    assert "capacitors (NVMe, SATA) was not asked" in told
    assert "takes" not in found(place(devices=()))["nothing-seen"].statement


def test_a_flush_that_is_too_quick_has_all_its_explanations() -> None:
    quick = found(place(counted=(replace(FLUSHED, flush_milliseconds=6),)))["implausibly-fast"]
    for words in ("capacitors", "battery", "host", "another machine", "not done"):
        assert words in quick.statement
    flash = replace(DISK, rotational=False)
    same = found(place(devices=(flash,)))
    assert "implausibly-fast" not in same, "5 ms are enough for flash"
    few = replace(FLUSHED, flushes=10, flush_milliseconds=0)
    assert "implausibly-fast" not in found(place(counted=(few,)))


@pytest.mark.parametrize(
    ("changed", "sort", "words"),
    [
        ({"mount": replace(MOUNT, kind="nfs4"), "devices": ()}, "elsewhere", "behind nfs4"),
        ({"mount": replace(MOUNT, kind="zfs"), "devices": ()}, "file-system", "intent log"),
        ({"mount": replace(MOUNT, kind="overlay")}, "file-system", "overlay"),
        ({"devices": (replace(DISK, kind="raid", layer="raid1"),)}, "raid", "raid1"),
        ({"devices": (replace(DISK, kind="mapped", layer="LVM"),)}, "mapped", "LVM"),
        ({"devices": (replace(DISK, kind="loop"),)}, "loop", "fsync of that file"),
    ],
)
def test_each_layer_gets_its_sentence(changed: dict[str, Any], sort: str, words: str) -> None:
    layer = found(place(**changed))[sort]
    assert layer.severity is Severity.INFO
    assert words in layer.statement


def test_a_volatile_overlay_is_no_mere_layer() -> None:
    for option in ("volatile", "fsync=volatile"):
        mount = replace(MOUNT, kind="overlay", options=("rw", option))
        assert found(place(mount=mount))["file-system"].severity is Severity.HIGH


def test_machine_container_and_suspects_are_named() -> None:
    around = Surroundings(
        virtual_machine="QEMU", container="Docker", suspects=("libeatmydata.so",), processes_seen=3
    )
    findings = found(replace(DIRECTORY, surroundings=around))
    assert "QEMU" in findings["virtual-machine"].statement
    assert "Docker" in findings["container"].statement
    assert findings["sync-swallowed"].severity is Severity.CRITICAL

    swallowing = replace(SERVER, suspects=("libeatmydata.so",))
    assert found(swallowing)["sync-swallowed"].severity is Severity.CRITICAL


def test_a_probe_without_a_flush_is_certain() -> None:
    times = (timed("fdatasync", 5000, flushes=0), timed("fsync", 5000, flushes=0))
    assert found(probed(*times))["no-flush"].severity is Severity.CRITICAL
    assert "no-flush" not in found(probed(times[0], timed("fsync", 5000)))
    uncounted = (timed("fdatasync", 5000, flushes=None),)
    assert "no-flush" not in found(probed(*uncounted))


def test_a_device_without_a_volatile_cache_is_not_expected_to_be_flushed() -> None:
    through = replace(PLACE, devices=(replace(DISK, write_cache="write through"),))
    times = (timed("fdatasync", 5000, flushes=0), timed("fsync", 5000, flushes=0))
    findings = found(replace(probed(*times), places=(through,)))
    assert findings["write-through"].severity is Severity.MEDIUM
    assert "no-flush" not in findings
    server_through = replace(window(115, 0), places=(through,))
    assert "write-through" in found(server_through)
    assert "no-flush" not in found(server_through)


def test_where_no_flush_comes_nothing_is_said_of_what_a_flush_takes() -> None:
    times = (timed("fdatasync", 40, flushes=0.2), timed("fsync", 90, flushes=0.6))
    findings = found(probed(*times))
    assert findings["no-flush"].severity is Severity.CRITICAL, "others flushed now and then"
    assert "0.6 flushes" in findings["no-flush"].statement
    assert not {"implausibly-fast", "two-flushes"} & set(findings)


def test_what_is_too_quick_is_said_once() -> None:
    quick = replace(PLACE, counted=(replace(FLUSHED, flush_milliseconds=6),))
    seen = replace(probed(timed("fdatasync", 60)), places=(quick,))
    ids = [one.id for one in judge(msgspec.to_builtins(seen))]
    assert ids.count("fsync/implausibly-fast") == 1


def test_what_a_probe_timed_is_held_against_the_medium() -> None:
    assert "implausibly-fast" in found(probed(timed("fdatasync", 60)))
    assert "implausibly-fast" not in found(probed(timed("fdatasync", 5000)))
    assert "implausibly-fast" not in found(probed(timed("write alone", 3), timed("fsync", 5000)))


def test_a_slow_tail_and_a_second_flush_are_told() -> None:
    slow = found(probed(timed("fdatasync", 5000, p99=20_000)))
    assert slow["slow-tail"].severity is Severity.LOW
    twice = found(probed(timed("fdatasync", 5000), timed("fsync", 10_000, flushes=2.0)))
    assert "fsync took 10,000 us" in twice["two-flushes"].statement
    assert "two-flushes" not in found(probed(timed("fdatasync", 5000), timed("fsync", 6000)))
    slower = found(probed(timed("fdatasync", 5000), timed("fsync", 10_000)))
    assert "two-flushes" not in slower, "as many flushes"


def test_a_probe_ends_with_what_each_way_took() -> None:
    told = found(probed(timed("fsync", 9000), timed("fdatasync", 5000), timed("write alone", 4)))
    statement = told["times"].statement
    order = [statement.index(name) for name in ("write alone", "fdatasync", "fsync 9.00")]
    assert order == sorted(order)
    assert told["times"].severity is Severity.INFO
    cut_short = Probed(
        timed=(timed("fsync", 9000),),
        refused=(),
        written_bytes=1,
        seconds=1.0,
        stopped="it suffered",
    )
    assert "it suffered" in found(replace(DIRECTORY, probed=cut_short))["times"].statement


def test_a_pulled_plug_proves_a_lie_and_never_honesty() -> None:
    kept = Verified(acknowledged=900, judged=700, lost=0, torn=0, reordered=False)
    held = found(replace(DIRECTORY, verified=kept))["plug-pulled"]
    assert held.severity is Severity.INFO
    assert "rule of three" in held.statement
    idle = found(replace(DIRECTORY, verified=replace(kept, restarted=False)))
    assert "plug-pulled" not in idle
    assert "never lost" in idle["plug-not-pulled"].statement
    removed = found(replace(DIRECTORY, verified=replace(kept, lost=700, restarted=False)))
    assert "flush-lied" not in removed, "no power was cut"
    assert removed["plug-file-changed"].severity is Severity.LOW
    assert "changed or removed the file" in removed["plug-file-changed"].statement
    lied = replace(kept, lost=3, torn=1, reordered=True, by_method={"fsync": 4})
    caught = found(replace(DIRECTORY, verified=lied))["flush-lied"]
    assert caught.severity is Severity.CRITICAL
    assert "fsync 4" in caught.statement
    assert "order" in caught.statement


def test_evidence_of_neither_sort_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        judge({"sort": "other"})
