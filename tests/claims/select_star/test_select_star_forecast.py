"""The forecast of bytes: exact on the rows that it was taken from, and on nothing else's account."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.claims.select_star import forecast
from earwitness.claims.select_star.data_row import data_row_bytes
from earwitness.claims.select_star.forecast import ColumnWidth
from earwitness.claims.select_star.reading import wire_milliseconds

values = st.none() | st.binary(max_size=300)


def widths_of(rows: list[list[bytes | None]]) -> tuple[ColumnWidth, ...]:
    """What a sample of all the rows would say; the binary form is that of twice the length."""
    columns = []
    for place in range(len(rows[0])):
        lengths = [len(value) for row in rows if (value := row[place]) is not None]
        mean = statistics.fmean(lengths) if lengths else 0.0
        columns.append(
            ColumnWidth(
                name=f"c{place}",
                present=len(lengths) / len(rows),
                text_bytes=mean,
                binary_bytes=2 * mean,
            )
        )
    return tuple(columns)


@given(
    st.integers(0, 5).flatmap(
        lambda width: st.lists(
            st.lists(values, min_size=width, max_size=width), min_size=1, max_size=30
        )
    )
)
def test_means_of_the_rows_themselves_give_their_bytes(rows: list[list[bytes | None]]) -> None:
    sent = sum(data_row_bytes(row) for row in rows)
    assert forecast.forecast(widths_of(rows), rows=len(rows)) == pytest.approx(sent)
    doubled = [[None if value is None else value * 2 for value in row] for row in rows]
    sent = sum(data_row_bytes(row) for row in doubled)
    assert forecast.forecast(widths_of(rows), rows=len(rows), binary=True) == pytest.approx(sent)


def test_a_row_counted_by_hand() -> None:
    column = ColumnWidth(name="c", present=0.5, text_bytes=10, binary_bytes=4)
    # 1 type, 4 length, 2 column count; 4 for the length of the value, which is there every other row
    assert forecast.row_bytes([column]) == 7 + 4 + 5
    assert forecast.row_bytes([column], binary=True) == 7 + 4 + 2
    assert forecast.forecast([column], rows=0) == 0


def test_time_on_a_link_is_bits_by_rate() -> None:
    assert wire_milliseconds(125_000, 1) == 1000
    assert wire_milliseconds(125_000, 1000) == 1
