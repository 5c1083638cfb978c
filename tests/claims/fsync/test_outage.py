"""What is left after an outage: of which change, on which drive, with which luck."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.claims.fsync import outage
from earwitness.claims.fsync.history import (
    Base,
    Create,
    Event,
    Flush,
    FlushFolder,
    History,
    Remove,
    Truncate,
    Write,
    history,
)
from earwitness.claims.fsync.outage import Drive, Luck, Stop, at_risk, left
from tests.claims.fsync.test_history import EVENTS

HONEST = Drive(honours_flush=True, protected=False, cache_writes=10)
LYING = Drive(honours_flush=False, protected=False, cache_writes=10)
PROTECTED = Drive(honours_flush=False, protected=True, cache_writes=10)
OLD = b"old" * 700
NEW = b"new" * 700
BASE = Base(files={0: OLD, 1: b"", 2: b"other"}, names={"a": 0, "b": 2})


def luck(events: int, fate: float, folder: float = 0.0) -> Luck:
    return Luck(fates=np.full(events, fate), survival=1.0, folder=folder)


NOTHING, EVERYTHING, IN_PART = 1.0, 0.0, 0.99


def after(
    events: list[Event],
    drive: Drive,
    stop: Stop = Stop.POWER,
    fate: float = NOTHING,
    folder: float = 0.0,
) -> Mapping[str, bytes]:
    told = history(BASE, events)
    return left(told, len(events), drive, stop, luck(len(events), fate, folder))


WRITTEN: list[Event] = [Write(0, 0, NEW)]
FLUSHED: list[Event] = [*WRITTEN, Flush(0)]


@pytest.mark.parametrize(
    ("events", "drive", "stop", "content"),
    [
        (FLUSHED, HONEST, Stop.POWER, NEW),
        (FLUSHED, LYING, Stop.POWER, OLD),
        (FLUSHED, PROTECTED, Stop.POWER, NEW),
        (FLUSHED, LYING, Stop.KERNEL, NEW),
        (WRITTEN, HONEST, Stop.POWER, OLD),
        (WRITTEN, PROTECTED, Stop.POWER, OLD),
        (WRITTEN, LYING, Stop.KERNEL, OLD),
        (WRITTEN, LYING, Stop.PROCESS, NEW),
    ],
)
def test_a_write_is_lost_by_the_cache_that_is_emptied(
    events: list[Event], drive: Drive, stop: Stop, content: bytes
) -> None:
    assert after(events, drive, stop)["a"] == content


def test_what_a_cache_loses_may_have_made_it_all_the_same() -> None:
    assert after(FLUSHED, LYING, fate=EVERYTHING)["a"] == NEW


def test_a_write_that_made_it_in_part_is_old_and_new_by_sectors() -> None:
    content = after(FLUSHED, LYING, fate=IN_PART)["a"]
    size = outage.SECTOR_BYTES
    sectors = [slice(begin, begin + size) for begin in range(0, len(OLD), size)]
    origins = {
        "new" if content[sector] == NEW[sector] else "old"
        for sector in sectors
        if content[sector] in (OLD[sector], NEW[sector])
    }
    assert origins == {"old", "new"}
    assert all(content[sector] in (OLD[sector], NEW[sector]) for sector in sectors)


def test_a_cache_holds_the_writes_that_came_last() -> None:
    events: list[Event] = [Write(0, place, b"N") for place in range(5)]
    small = dataclasses.replace(LYING, cache_writes=2)
    assert after([*events, Flush(0)], small)["a"][:6] == b"NNN" + OLD[3:6]


def test_a_drive_gets_writes_when_they_are_flushed_and_not_when_they_are_made() -> None:
    events: list[Event] = [Write(0, 0, b"N"), Write(2, 0, b"N"), Flush(2), Flush(0)]
    small = dataclasses.replace(LYING, cache_writes=1)
    assert after(events, small) == {"a": OLD, "b": b"Nther"}


def test_a_drive_that_holds_nothing_back_is_as_good_as_one_that_flushes() -> None:
    empty = dataclasses.replace(LYING, cache_writes=0)
    assert after(FLUSHED, empty)["a"] == NEW


def test_flushing_a_file_does_not_make_its_name_safe() -> None:
    events: list[Event] = [Create("c", 3), Write(3, 0, b"new"), Flush(3)]
    assert "c" not in after(events, HONEST)
    assert after([*events, FlushFolder()], HONEST)["c"] == b"new"


def test_a_removed_name_comes_back_with_its_content() -> None:
    assert after([Remove("b")], HONEST) == {"a": OLD, "b": b"other"}
    assert after([Remove("b"), FlushFolder()], HONEST) == {"a": OLD}


@pytest.mark.parametrize(("folder", "names"), [(0.0, {"a", "b"}), (0.4, {"a"}), (0.9, {"a", "c"})])
def test_changes_of_the_folder_are_lost_from_the_last_to_the_first(
    folder: float, names: set[str]
) -> None:
    assert set(after([Remove("b"), Create("c", 3)], HONEST, folder=folder)) == names


def test_what_is_written_after_a_lost_cut_is_lost_with_it() -> None:
    events: list[Event] = [Truncate(0, 0), Write(0, 0, b"N")]
    told = history(BASE, events)
    fates = Luck(fates=np.array([NOTHING, EVERYTHING]), survival=1.0, folder=0.0)
    assert left(told, 2, HONEST, Stop.POWER, fates)["a"] == OLD
    assert after(events, HONEST, fate=EVERYTHING)["a"] == b"N"


def test_a_gap_before_a_write_reads_as_zeros() -> None:
    assert after([Write(2, 8, b"x"), Flush(2)], HONEST)["b"] == b"other\0\0\0x"


@st.composite
def moments(draw: st.DrawFn) -> tuple[History, int, Luck]:
    events: list[Event] = draw(st.lists(EVENTS, max_size=25))
    # names and numbers as a file system gives them: every file once
    fresh = [
        dataclasses.replace(e, file=10 + place) if isinstance(e, Create) else e
        for place, e in enumerate(events)
    ]
    seed = draw(st.integers(0, 1000))
    chance = outage.draw(np.random.default_rng(seed), len(fresh))
    return history(BASE, fresh), draw(st.integers(0, len(fresh))), chance


def carried_out(told: History, instant: int) -> dict[str, bytes]:
    """The plain meaning of the first events, with nothing lost."""
    contents = {file: bytearray(data) for file, data in told.base.files.items()}
    names = dict(told.base.names)
    for event in told.events[:instant]:
        match event:
            case Create(name, file):
                contents[file], names[name] = bytearray(), file
            case Remove(name):
                names.pop(name, None)
            case Write(file, offset, data):
                content = contents[file]
                if data or offset > len(content):
                    content.extend(bytes(max(0, offset - len(content))))
                content[offset : offset + len(data)] = data
            case Truncate(file, size):
                content = contents[file]
                del content[size:]
                content.extend(bytes(size - len(content)))
    return {name: bytes(contents[file]) for name, file in names.items()}


@given(moments())
def test_nothing_is_lost_when_only_the_database_dies(moment: tuple[History, int, Luck]) -> None:
    told, instant, chance = moment
    assert left(told, instant, LYING, Stop.PROCESS, chance) == carried_out(told, instant)


@given(moments())
def test_a_drive_that_lies_never_risks_less(moment: tuple[History, int, Luck]) -> None:
    told, instant, _ = moment
    honest = at_risk(told, instant, HONEST, Stop.POWER)
    assert honest <= at_risk(told, instant, LYING, Stop.POWER)
    assert honest == at_risk(told, instant, PROTECTED, Stop.POWER)
    assert honest == at_risk(told, instant, LYING, Stop.KERNEL)


@given(moments())
def test_the_future_changes_nothing(moment: tuple[History, int, Luck]) -> None:
    told, instant, chance = moment
    shorter = history(told.base, told.events[:instant])
    cut = dataclasses.replace(chance, fates=chance.fates[:instant])
    for drive in (HONEST, LYING, PROTECTED):
        assert left(told, instant, drive, Stop.POWER, chance) == left(
            shorter, instant, drive, Stop.POWER, cut
        )


def test_luck_is_repeated_by_its_seed_and_never_hopeless() -> None:
    drawn = [outage.draw(np.random.default_rng(7), 5) for _ in range(2)]
    assert drawn[0].survival == drawn[1].survival > 0
    assert (drawn[0].fates == drawn[1].fates).all()
