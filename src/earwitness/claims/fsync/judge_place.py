"""What is below a directory, and what writing to it showed, means for what is written there. Pure.

Certain is what is counted or stands in the options of a mount. A flush that is too quick for its
medium has several explanations, and all are named.
"""

from collections.abc import Iterator, Sequence

from earwitness.check import storage
from earwitness.check.finding import Finding, Location, Severity
from earwitness.check.storage import Device
from earwitness.claims.fsync.evidence import (
    DirectoryDurability,
    Place,
    Probed,
    Timed,
    Verified,
)
from earwitness.claims.fsync.judge_layers import layers
from earwitness.claims.fsync.wording import NOT_A_PROOF, finding, swallowed

BARRIERS = "https://www.kernel.org/doc/html/latest/admin-guide/ext4.html"
CACHES = "https://www.kernel.org/doc/html/latest/block/writeback_cache_control.html"

IN_MEMORY = ("tmpfs", "ramfs")
_UNGUARDED = ("barrier=0", "nobarrier", "nobarrier=1")
ROTATION_MICROSECONDS = 4000.0
"""Half a turn at 7200 a minute: what a flush of a disk that turns takes on average at least."""
NAND_MICROSECONDS = 200.0
"""A page of NAND takes longer to be programmed; published times of consumer drives start at 1 ms."""
FEWEST_FLUSHES = 20
"""Of a device, before the mean of their times is held against the medium."""
SLOW_TAIL_MICROSECONDS = 10_000.0
"""What etcd asks of the 99th percentile (etcd.io/docs, tuning and FAQ)."""
TWICE = 1.5
"""Times as slow: one flush more, give or take."""
_EXPLANATIONS = (
    "Either the cache that answers is not volatile (capacitors in the drive, a battery in the "
    "controller, memory of a host or of another machine that survives), or the flush is answered "
    "and not done. From here the two look the same."
)


def findings(seen: DirectoryDurability) -> tuple[Finding, ...]:
    """All that there is to say, place by place; one finding at least."""
    found = [one for number, place in enumerate(seen.places) for one in _of_place(place, number)]
    found += swallowed(seen.surroundings.suspects, "/surroundings/suspects")
    if seen.probed is not None:
        found += _of_probe(seen.probed, seen.places[0])
    if seen.verified is not None:
        found.append(_of_plug(seen.verified))
    if not any(one.severity.at_least(Severity.MEDIUM) for one in found):
        found.append(_nothing(seen))
    return (*found, *layers(seen))


def _of_place(place: Place, number: int) -> Iterator[Finding]:
    where = Location(kind=place.role, name=place.path)
    pointer = f"/places/{number}"
    mount = place.mount
    if mount is None:
        return
    if mount.kind in IN_MEMORY or place.covered in IN_MEMORY:
        yield finding(
            "in-memory",
            Severity.CRITICAL,
            "What is written here is gone with the power",
            statement=f"The {place.role} lies on {mount.kind}, which is memory: fsync returns at once, and "
            "nothing is kept.",
            fix="Another file system, where the data matter.",
            where=where,
            evidence=(f"{pointer}/mount",),
        )
    if set(mount.options) & set(_UNGUARDED):
        yield finding(
            "no-barriers",
            Severity.CRITICAL,
            "The file system is mounted without barriers",
            statement=f"{mount.point} ({mount.kind}) is mounted with "
            f"{', '.join(sorted(set(mount.options) & set(_UNGUARDED)))}: no fsync becomes a flush "
            "of the device. That is right only where no cache below loses anything with the power.",
            fix="Mount it with barriers, which is the default.",
            where=where,
            evidence=(f"{pointer}/mount/options",),
            learn_more=BARRIERS,
        )
    for device in storage.physical(place.devices):
        yield from _of_device(place, device, where, pointer)


def _of_device(place: Place, device: Device, where: Location, pointer: str) -> Iterator[Finding]:
    if device.write_cache == "write through":
        yield finding(
            "write-through",
            Severity.MEDIUM,
            "The kernel sends this device no flush",
            statement=f"{device.name}{_model(device)} is known to the kernel as write through. That is right "
            "when the device said so of itself: it has no volatile cache, or one that survives. It "
            "is wrong when somebody wrote it into its settings, which stays until the machine is "
            "started anew.",
            fix=f"/sys/block/{device.name}/queue/write_cache, compared with what the device says of "
            "itself (nvme id-ctrl, field vwc; smartctl -g wcache).",
            where=where,
            evidence=(f"{pointer}/devices",),
            learn_more=CACHES,
        )
    for counted in place.counted:
        if counted.device == device.name and counted.flushes >= FEWEST_FLUSHES:
            mean = 1000 * counted.flush_milliseconds / counted.flushes
            if (least := _medium_takes(device)) and mean < least[1]:
                yield _implausible(device, mean, "mean of what the kernel counted", least, where)


def _medium_takes(device: Device) -> tuple[str, float] | None:
    """What the medium is, and what a flush takes it at least, in microseconds."""
    if device.write_cache != "write back" or device.rotational is None:
        return None
    if device.rotational:
        return "a disk that turns", ROTATION_MICROSECONDS
    return "flash memory", NAND_MICROSECONDS


def _implausible(
    device: Device, took: float, how: str, medium: tuple[str, float], where: Location
) -> Finding:
    return finding(
        "implausibly-fast",
        Severity.MEDIUM,
        "A flush returns sooner than its medium can",
        statement=f"{device.name}{_model(device)} calls itself {medium[0]} with a volatile cache, and a flush "
        f"took {took:,.0f} us ({how}); the medium takes {medium[1]:,.0f} us or more. "
        f"{_EXPLANATIONS}",
        fix="Ask whoever sells the drive or the machine for its power-loss protection, in writing; or "
        "pull the plug: `earwitness check --plug-pull`.",
        where=where,
        evidence=("/places", "/probed"),
    )


def _of_probe(probed: Probed, place: Place) -> Iterator[Finding]:
    where = Location(kind=place.role, name=place.path)
    durable = [one for one in probed.timed if one.durable]
    counted = [one for one in durable if one.flushes is not None]
    if counted and not any(one.flushes for one in counted):
        yield finding(
            "no-flush",
            Severity.CRITICAL,
            "No flush reaches the device",
            statement=f"{len({one.method for one in counted})} ways to sync were tried on a file here, and the "
            "device counted no flush for any of them. Where it has a volatile cache, a power cut "
            "takes what was called safe.",
            fix="Barriers in the mount, the device's write_cache in /sys/block, and libraries that are "
            "loaded before others.",
            where=where,
            evidence=("/probed/timed",),
            learn_more=CACHES,
        )
    yield from _too_quick(durable, place, where)
    slow = [one for one in durable if one.p99 > SLOW_TAIL_MICROSECONDS and one.count >= 100]
    if slow and len(slow) == len(durable):
        best = min(slow, key=lambda one: one.p99)
        yield finding(
            "slow-tail",
            Severity.LOW,
            "One flush in a hundred takes more than 10 ms",
            statement=f"The best way to sync here, {best.method} of {best.size:,} bytes, took "
            f"{best.median / 1000:.2f} ms in the median and {best.p99 / 1000:.1f} ms in the 99th "
            "percentile. Software that votes by disk, such as etcd, asks for less than 10 ms.",
            fix="A device of its own for logs, or a faster one.",
            where=where,
            evidence=("/probed/timed",),
        )
    yield from _two_flushes(durable, where)
    if probed.timed:
        yield _times(probed, where)


def _too_quick(durable: Sequence[Timed], place: Place, where: Location) -> Iterator[Finding]:
    for device in storage.physical(place.devices):
        medium = _medium_takes(device)
        if medium is None or not durable:
            continue
        quickest = min(durable, key=lambda one: one.median)
        if quickest.median < medium[1]:
            how = f"median of {quickest.count} by {quickest.method}"
            yield _implausible(device, quickest.median, how, medium, where)


def _two_flushes(durable: Sequence[Timed], where: Location) -> Iterator[Finding]:
    medians = {(one.method, one.size): one.median for one in durable}
    sizes = sorted({one.size for one in durable})
    pairs = [
        (medians["fsync", size], medians["fdatasync", size])
        for size in sizes
        if ("fsync", size) in medians and ("fdatasync", size) in medians
    ]
    if pairs and all(both >= TWICE * one for both, one in pairs):
        both, one = pairs[0]
        yield finding(
            "two-flushes",
            Severity.INFO,
            "fsync costs one flush more than fdatasync here",
            statement=f"With {sizes[0]:,} bytes fsync took {both:,.0f} us and fdatasync {one:,.0f} us in the "
            "median: fsync makes the file's time safe as well.",
            fix="fdatasync or O_DSYNC where files keep their size, as logs that are made beforehand do.",
            where=where,
            evidence=("/probed/timed",),
        )


def _times(probed: Probed, where: Location) -> Finding:
    """What each way took: the table that somebody wanted who asked for a probe."""
    least = min(one.size for one in probed.timed)
    rows = sorted((one for one in probed.timed if one.size == least), key=lambda one: one.median)
    said = ", ".join(
        f"{one.method} {one.median / 1000:.2f} ({one.p99 / 1000:.2f}, {_flushes(one)})"
        for one in rows
    )
    early = f" It ended early: {probed.stopped}." if probed.stopped else ""
    return finding(
        "times",
        Severity.INFO,
        "What each way to sync takes here",
        statement=f"Median with {least:,} bytes in ms (99th percentile, flushes for each write): {said}. "
        f"Those with alone in their name promise nothing.{early}",
        fix="Nothing to do.",
        where=where,
        evidence=("/probed/timed",),
    )


def _flushes(one: Timed) -> str:
    return "not counted" if one.flushes is None else f"{one.flushes:g}"


def _of_plug(verified: Verified) -> Finding:
    kept = verified.lost == verified.torn == 0
    if kept and not verified.restarted:
        return finding(
            "plug-not-pulled",
            Severity.INFO,
            "Everything is there, and nothing was cut off",
            statement=f"All {verified.judged:,} places hold what they have to, but this machine has "
            "not been started anew since they were written: its caches were never lost.",
            fix="The same test, with the plug pulled while it writes.",
            evidence=("/verified",),
        )
    if kept:
        return finding(
            "plug-pulled",
            Severity.INFO,
            "After this power cut everything was there",
            statement=f"{verified.acknowledged:,} records had been called safe, and all {verified.judged:,} "
            "places that had to hold one did. One cut says little: none lost in n cuts leaves, by "
            "the rule of three, up to 3 in n possible. " + NOT_A_PROOF,
            fix="Once more, under the load and the temperature that matter.",
            evidence=("/verified",),
        )
    if not verified.restarted:
        return finding(
            "plug-file-changed",
            Severity.LOW,
            "What was written is gone, and nothing was cut off",
            statement=f"{verified.lost + verified.torn:,} of {verified.judged:,} places do not hold what they "
            "have to, but this machine has not been started anew since they were written: somebody "
            "changed or removed the file, or its device alone was away. Of flushes that says nothing.",
            fix="The same test, with the file left alone and the plug of the machine pulled while it "
            "writes.",
            evidence=("/verified",),
        )
    ways = ", ".join(f"{name} {count}" for name, count in sorted(verified.by_method.items()))
    order = " A later record was there, so that writes were not made safe in their order."
    return finding(
        "flush-lied",
        Severity.CRITICAL,
        "What was called safe was gone after the power cut",
        statement=f"Of {verified.judged:,} places that had to hold a record whose sync had returned, "
        f"{verified.lost:,} held an older one and {verified.torn:,} a torn one ({ways})."
        f"{order if verified.reordered else ''} Something between this file and the medium answers "
        "flushes that it does not do.",
        fix="A drive or a controller with power-loss protection; its cache off; barriers in every layer "
        "between. Until then take every commit since the last quiet minute for lost at a power cut.",
        evidence=("/verified",),
    )


def _nothing(seen: DirectoryDurability) -> Finding:
    flushes = [counted for place in seen.places for counted in place.counted]
    said = "; ".join(
        f"{one.device} wrote {one.writes:,} times and flushed {one.flushes:,} times"
        for one in flushes
    )
    watched = f" In {seen.seconds:g} s {said}." if said else " Its device counts no flushes."
    return finding(
        "nothing-seen",
        Severity.INFO,
        "Nothing speaks against the way to the disk",
        statement="No option of a mount turns flushes off, and nothing that swallows them was seen in "
        f"the {seen.surroundings.processes_seen} processes at work here that could be looked into."
        f"{watched} {_taken_for(seen)}{NOT_A_PROOF}",
        fix="`earwitness check --probe` times the ways to sync; `--plug-pull` is the only test that can "
        "find a lie.",
        evidence=("/places",),
    )


def _taken_for(seen: DirectoryDurability) -> str:
    """What the kernel believes of the caches, and that nobody else was asked."""
    known = {
        f"{device.name} for {device.write_cache}{', with FUA' if device.fua else ''}"
        for place in seen.places
        for device in storage.physical(place.devices)
        if device.write_cache
    }
    if not known:
        return ""
    return (
        f"The kernel takes {', '.join(sorted(known))}; what the drive says of its cache and of its "
        "capacitors (NVMe, SATA) was not asked. "
    )


def _model(device: Device) -> str:
    return f" ({device.model})" if device.model else ""
