"""What is made of the records that are found after a power cut, for every way to lose them."""

from hypothesis import given
from hypothesis import strategies as st

from earwitness.claims.fsync import plug_record
from earwitness.claims.fsync.plug_record import PLACES, RECORD_BYTES

RUN = bytes(range(16))
METHODS = ("fdatasync", "fsync", "O_DSYNC")
EMPTY = plug_record.empty(RUN) * PLACES


def written(numbers: list[int], until: bytearray | None = None) -> bytearray:
    """The file after these records, in this order."""
    content = until if until is not None else bytearray(EMPTY)
    for number in numbers:
        begin = plug_record.place_of(RUN, number) * RECORD_BYTES
        content[begin : begin + RECORD_BYTES] = plug_record.made(RUN, number)
    return content


def last_of_place(safe: int) -> set[int]:
    return set({plug_record.place_of(RUN, n): n for n in range(1, safe + 1)}.values())


def test_a_record_is_found_by_its_number_and_fills_its_place() -> None:
    for number in (0, 1, 2**40):
        record = plug_record.made(RUN, number)
        assert len(record) == RECORD_BYTES
        assert plug_record.found(record, RUN) == number
        assert 0 <= plug_record.place_of(RUN, number) < PLACES


def test_records_are_spread_over_the_file() -> None:
    places = {plug_record.place_of(RUN, number) for number in range(1, PLACES)}
    assert len(places) > PLACES / 2


def test_halves_of_two_records_are_torn_and_so_is_nonsense() -> None:
    one, other = plug_record.made(RUN, 1), plug_record.made(RUN, 2)
    half = RECORD_BYTES // 2
    assert plug_record.found(one[:half] + other[half:], RUN) is None
    assert plug_record.found(one[half:] + one[:half], RUN) is None
    assert plug_record.found(bytes(RECORD_BYTES), RUN) is None
    assert plug_record.found(one[:100] + b"\x00" + one[101:], RUN) is None
    assert plug_record.found(one, bytes(16)) is None, "of another run"
    assert plug_record.found(one[:half], RUN) is None


def test_a_file_says_which_run_it_is_of() -> None:
    assert plug_record.run_of(EMPTY) == RUN
    assert plug_record.run_of(b"somebody's own data" * 1000) is None
    assert plug_record.run_of(b"") is None


@given(st.integers(0, 60), st.integers(0, 1))
def test_what_was_promised_and_is_there_is_no_loss(safe: int, more: int) -> None:
    content = written(list(range(1, safe + more + 1)))
    found = plug_record.compared(bytes(content), RUN, safe, METHODS)
    assert (found.acknowledged, found.judged) == (safe, len(last_of_place(safe)))
    assert (found.lost, found.torn, found.reordered, found.by_method) == (0, 0, False, {})


@given(st.integers(1, 60), st.data())
def test_every_promised_record_that_is_missing_is_counted(safe: int, data: st.DataObject) -> None:
    last = sorted(last_of_place(safe))
    missing = data.draw(st.sets(st.sampled_from(last), min_size=1))
    content = written([n for n in range(1, safe + 1) if n not in missing])
    found = plug_record.compared(bytes(content), RUN, safe, METHODS)
    assert found.lost == len(missing)
    assert sum(found.by_method.values()) == len(missing)
    there = set(last) - missing
    assert found.reordered is bool(there and min(missing) < max(there))


def test_what_was_on_its_way_may_be_torn_and_what_was_safe_may_not() -> None:
    half = RECORD_BYTES // 2
    content = written([1, 2, 3])
    begin = plug_record.place_of(RUN, 4) * RECORD_BYTES
    content[begin : begin + half] = plug_record.made(RUN, 4)[:half]
    found = plug_record.compared(bytes(content), RUN, 3, METHODS)
    assert (found.lost, found.torn) == (0, 0)
    begin = plug_record.place_of(RUN, 2) * RECORD_BYTES
    content[begin : begin + half] = plug_record.made(RUN, 9)[:half]
    found = plug_record.compared(bytes(content), RUN, 3, METHODS)
    assert (found.lost, found.torn) == (0, 1)
    assert found.by_method == {METHODS[2 % 3]: 1}


def test_a_file_that_was_cut_short_has_lost_its_end() -> None:
    content = written(list(range(1, 40)))
    found = plug_record.compared(bytes(content[: len(content) // 2]), RUN, 39, METHODS)
    assert found.lost + found.torn > 0
