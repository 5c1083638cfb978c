"""The log: what is written down is read again, whatever happened to its end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.servers.disk import log
from earwitness.servers.disk.log import BLOCK_BYTES, Flush, Record, Refused, Write

TIMES = st.integers(0, 2**63)
BLOCKS = st.builds(
    lambda at, block, fill, count: Write(at, block * BLOCK_BYTES, fill * (count * BLOCK_BYTES)),
    TIMES,
    st.integers(0, 2**30),
    st.binary(min_size=1, max_size=1),
    st.integers(1, 3),
)
REFUSED = st.builds(Refused, TIMES, st.integers(0, 2**40), st.integers(1, 2**20))
RECORDS = st.lists(st.builds(Flush, TIMES) | BLOCKS | REFUSED, max_size=8)


def content(records: list[Record]) -> bytes:
    return b"".join(part for record in records for part in log.encoded(record))


@given(RECORDS)
def test_what_is_written_down_is_read(records: list[Record]) -> None:
    assert log.decoded(content(records)) == tuple(records)


@given(RECORDS, st.data())
def test_a_log_that_was_cut_short_ends_with_the_last_whole_record(
    records: list[Record], data: st.DataObject
) -> None:
    written = content(records)
    kept = data.draw(st.integers(0, len(written)))
    found = log.decoded(written[:kept])
    assert found == tuple(records)[: len(found)]
    assert len(content(list(found))) <= kept
    if len(found) < len(records):
        assert len(content(records[: len(found) + 1])) > kept


@pytest.mark.parametrize(("offset", "length"), [(1, BLOCK_BYTES), (0, 512), (512, BLOCK_BYTES)])
def test_part_of_a_block_is_refused(offset: int, length: int) -> None:
    with pytest.raises(ValueError, match="whole blocks"):
        log.encoded(Write(1, offset, bytes(length)))


def test_what_is_no_log_is_refused() -> None:
    with pytest.raises(ValueError, match="no record"):
        log.decoded(b"\7" * 64)


def test_flushes_are_counted_after_a_time() -> None:
    records = [Flush(1), Write(2, 0, bytes(BLOCK_BYTES)), Flush(3), Flush(5)]
    assert [log.flushes(records, after) for after in (0, 1, 4, 5)] == [3, 2, 1, 0]
