"""What the check of a directory looks at for this claim, and what it writes when it is asked to.

By default facts and counters only. ``--probe`` times every way to sync on a file without a name;
``--plug-pull`` writes until the power goes, and looks afterwards what is there (``plug_pull``).
"""

import time
from collections.abc import Mapping
from functools import partial

import msgspec

from earwitness.check import directory
from earwitness.check.evidence import Partly, Unseen
from earwitness.check.plan import Step
from earwitness.check.target import NotSeen
from earwitness.claims.fsync import places, plug_pull, probing
from earwitness.claims.fsync.evidence import DirectoryDurability, Place

KIND = "directory"
CLAIM = "fsync"
_WATCHED_SECONDS = 5.0

PLACES = Step(
    name="places",
    purpose="the file system and the devices below the directory, and below a write-ahead log and "
    "tablespaces that lie elsewhere",
    text="/proc/self/mountinfo, /sys/dev/block/<device>/*",
)
SURROUNDINGS = Step(
    name="surroundings",
    purpose="virtual machine, container, and libraries that make fsync do nothing in processes at "
    "work in the directory",
    text="/proc/<process>/cwd, /proc/<process>/maps, /etc/ld.so.preload, /proc/cpuinfo, "
    "/sys/class/dmi/id/*, /proc/self/cgroup",
)
COUNTERS = Step(
    name="counters",
    purpose="what the devices write and flush meanwhile",
    text="/sys/class/block/<device>/stat",
    seconds=_WATCHED_SECONDS,
)
PROBE = Step(
    name="probe",
    purpose="the time of every way to write and sync, at a duty of a tenth; ends when devices are "
    "waited for more than before",
    text=f"one file without a name of {probing.FILE_BYTES >> 20} MiB, written by pages of "
    f"{' and '.join(str(size) for size in probing.SIZES)} bytes",
    writes=f"at most {probing.WRITTEN_BYTES:,} bytes to one file without a name, gone when it is "
    "closed",
    seconds=probing.LONGEST_SECONDS,
)

PLAN = (PLACES, SURROUNDINGS, COUNTERS)


def asked(options: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps that write; ValueError when a value cannot be meant."""
    steps = []
    if "probe" in options:
        steps.append(PROBE)
    if "plug-pull" in options:
        steps.append(plug_pull.step(options["plug-pull"]))
    return tuple(steps)


def probe(session: directory.Session) -> Partly:
    """Where the directory lies and what its devices count. Raises NotSeen."""
    missed: list[Unseen] = []
    found = session.look(PLACES, partial(places.places, session.path))
    around = session.look(SURROUNDINGS, partial(places.surroundings, session.path))
    if not places.is_open(session.path):
        closed = NotSeen("the directory may not be read", "running this as its owner")
        missed.append(_missed("a write-ahead log or tablespaces that lie elsewhere", closed))
    mount = found[0].mount
    session.facts = {**session.facts, "file system": mount.kind if mount else "unknown"}
    names = places.physical_devices(found)
    before = places.counters(names)
    session.look(COUNTERS, partial(time.sleep, _WATCHED_SECONDS if before else 0.0))
    counted = places.between(names, before, places.counters(names))
    seen = DirectoryDurability(
        places=tuple(
            msgspec.structs.replace(
                place, counted=tuple(c for c in counted if c.device in _names_of(place))
            )
            for place in found
        ),
        surroundings=around,
        seconds=_WATCHED_SECONDS if before else 0.0,
    )
    return Partly(_written(session, seen, names, missed), tuple(missed))


def _written(
    session: directory.Session,
    seen: DirectoryDurability,
    names: tuple[str, ...],
    missed: list[Unseen],
) -> DirectoryDurability:
    """The evidence with what was asked for besides; what cannot be had is noted as missed."""
    if (step := session.announced(PROBE.name)) is not None:
        try:
            probed = session.look(step, partial(probing.probe, session.path, names))
            seen = msgspec.structs.replace(seen, probed=probed)
        except NotSeen as problem:
            missed.append(_missed("the time of every way to sync", problem))
    if (step := session.announced(plug_pull.STEP)) is not None:
        address = session.options["plug-pull"]
        try:
            verified = session.look(step, partial(plug_pull.write_or_verify, session.path, address))
            seen = msgspec.structs.replace(seen, verified=verified)
        except NotSeen as problem:
            missed.append(_missed("what is there after the power was gone", problem))
    return seen


def _missed(what: str, problem: NotSeen) -> Unseen:
    return Unseen(claim=CLAIM, what=what, reason=str(problem), needs=problem.needs)


def _names_of(place: Place) -> tuple[str, ...]:
    return places.physical_devices([place])
