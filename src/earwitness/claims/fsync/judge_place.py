"""What writing to a directory showed, and what was counted below it, means. Pure.

What its mounts and devices mean by themselves stands in ``judge_below``.
"""

from collections.abc import Iterator, Sequence

from earwitness.check import storage
from earwitness.check.finding import Finding, Location, Severity
from earwitness.claims.fsync.evidence import (
    DirectoryDurability,
    Place,
    Probed,
    Timed,
    Verified,
)
from earwitness.claims.fsync.judge_below import CACHES, implausible, medium_takes, of_place
from earwitness.claims.fsync.judge_layers import layers
from earwitness.claims.fsync.wording import NOT_A_PROOF, account, finding, swallowed

SLOW_TAIL_MICROSECONDS = 10_000.0
"""What etcd asks of the 99th percentile (etcd.io/docs, tuning and FAQ)."""
TWICE = 1.5
"""Times as slow: one flush more, give or take."""
_MORE_FLUSHES = 0.5
"""For each write: one more, give or take those of others."""


def findings(seen: DirectoryDurability) -> tuple[Finding, ...]:
    """All that there is to say, place by place; one finding at least."""
    found = [
        one
        for number, place in enumerate(seen.places)
        for one in of_place(place, f"/places/{number}")
    ]
    found += swallowed(seen.surroundings.suspects, "/surroundings/suspects")
    if seen.probed is not None:
        found = _once(found, list(_of_probe(seen.probed, seen.places[0])))
    if seen.verified is not None:
        found.append(_of_plug(seen.verified))
    if not any(one.severity.at_least(Severity.MEDIUM) for one in found):
        found.append(_nothing(seen))
    elif said := _accounted(seen):
        found.append(account(said, ("/places",)))
    return (*found, *layers(seen))


def _once(looked: list[Finding], timed: list[Finding]) -> list[Finding]:
    """Both, where what was timed says again what was seen by looking: that only."""
    again = {(one.id, one.location) for one in timed}
    return [one for one in looked if (one.id, one.location) not in again] + timed


def _of_probe(probed: Probed, place: Place) -> Iterator[Finding]:
    where = Location(kind=place.role, name=place.path)
    durable = [one for one in probed.timed if one.durable]
    counted = [one for one in durable if one.flushes is not None]
    devices = storage.physical(place.devices)
    flushless = devices and all(device.write_cache == "write through" for device in devices)
    # others' flushes are among them, so that fewer than one each is certain
    if counted and not flushless and not any(_flushed(one) for one in counted):
        most = max(one.flushes or 0.0 for one in counted)
        yield finding(
            "no-flush",
            Severity.CRITICAL,
            "No flush reaches the device",
            statement=f"{len({one.method for one in counted})} ways to sync were tried on a file here, and the "
            f"device counted {f'{most:g} flushes for a write at the most' if most else 'no flush'} for any "
            "of them. Where it has a volatile cache, a power cut takes what was called safe.",
            fix="Barriers in the mount, the device's write_cache in /sys/block, and libraries that are "
            "loaded before others.",
            where=where,
            evidence=("/probed/timed",),
            learn_more=CACHES,
        )
    flushed = [one for one in durable if one.flushes is None or _flushed(one)]
    yield from _too_quick(flushed, place, where)
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


def _flushed(one: Timed) -> bool:
    """Whether each of its writes was flushed."""
    return one.flushes is not None and one.flushes >= 1


def _too_quick(durable: Sequence[Timed], place: Place, where: Location) -> Iterator[Finding]:
    for device in storage.physical(place.devices):
        medium = medium_takes(device)
        if medium is None or not durable:
            continue
        quickest = min(durable, key=lambda one: one.median)
        if quickest.median < medium[1]:
            how = f"median of {quickest.count} by {quickest.method}"
            yield implausible(device, quickest.median, how, medium, where)


def _two_flushes(durable: Sequence[Timed], where: Location) -> Iterator[Finding]:
    by = {(one.method, one.size): one for one in durable}
    sizes = sorted({one.size for one in durable})
    pairs = [
        (by["fsync", size], by["fdatasync", size])
        for size in sizes
        if ("fsync", size) in by and ("fdatasync", size) in by
    ]
    if pairs and all(_costs_more(both, one) for both, one in pairs):
        both, one = (timed.median for timed in pairs[0])
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


def _costs_more(both: Timed, one: Timed) -> bool:
    """Whether the first is slower and was flushed more often."""
    if both.flushes is None or one.flushes is None:
        return False
    return both.median >= TWICE * one.median and both.flushes >= one.flushes + _MORE_FLUSHES


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
        statement=f"Median with {least:,} bytes in ms (99th percentile, flushes for each write, others' included): {said}. "
        f"Those with alone in their name promise nothing.{early}",
        fix="Nothing to do.",
        where=where,
        evidence=("/probed/timed",),
    )


def _flushes(one: Timed) -> str:
    return "not counted" if one.flushes is None else f"{one.flushes:g}"


def _of_plug(verified: Verified) -> Finding:
    kept = verified.lost == verified.torn == 0
    if kept:
        return _kept(verified)
    return _lied(verified) if verified.restarted else _changed(verified)


def _kept(verified: Verified) -> Finding:
    if not verified.restarted:
        return finding(
            "plug-not-pulled",
            Severity.INFO,
            "Everything is there, and nothing was cut off",
            statement=f"All {verified.judged:,} places hold what they have to, but this machine has "
            "not been started anew since they were written: its caches were never lost.",
            fix="The same test, with the plug pulled while it writes.",
            evidence=("/verified",),
        )
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


def _changed(verified: Verified) -> Finding:
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


def _lied(verified: Verified) -> Finding:
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
    said = _accounted(seen)
    unfollowed = [path for place in seen.places for path in place.unfollowed]
    watched = f" {said}" if said else ""
    if unfollowed:
        watched += f" What lies below {', '.join(unfollowed)} was not looked at."
    return finding(
        "nothing-seen",
        Severity.INFO,
        "Nothing speaks against the way to the disk",
        statement="No option of a mount turns flushes off, and nothing that swallows them was seen in "
        f"the {seen.surroundings.processes_seen} processes at work here that could be looked into."
        f"{watched or ' Its device counts no flushes.'} {_taken_for(seen)}{NOT_A_PROOF}",
        fix="`earwitness check --probe` times the ways to sync; `--plug-pull` is the only test that can "
        "find a lie.",
        evidence=("/places",),
    )


def _accounted(seen: DirectoryDurability) -> str:
    """What the devices did meanwhile; empty: it was not counted."""
    counted = {one.device: one for place in seen.places for one in place.counted}
    said = "; ".join(
        f"{one.device} wrote {one.writes:,} times and flushed {one.flushes:,} times"
        for one in counted.values()
    )
    return f"In {seen.seconds:g} s {said}." if said else ""


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
