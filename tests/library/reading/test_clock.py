import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.library.reading import clock


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1:02:03", 3723.0),
        ("34:12", 2052.0),
        ("2052", 2052.0),
        ("00:00:05.250", 5.25),
        ("00:00:05,250", 5.25),
        ("34min", 2040.0),
        ("1h 5min", 3900.0),
        ("PT1H2M3S", 3723.0),
        ("90:00", 5400.0),
        ("", None),
        ("junk", None),
        ("-5", None),
        ("99999999", None),
        ("1:2:3:4", None),
        ("٣:٤٥", None),
    ],
)
def test_lengths_and_places(text: str, seconds: float | None) -> None:
    assert clock.seconds(text) == seconds


@given(st.integers(min_value=0, max_value=359_999))
def test_a_stamp_is_read_back(value: int) -> None:
    assert clock.seconds(clock.stamp(value)) == value


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Tue, 05 Mar 2024 08:00:00 GMT", "2024-03-05T08:00:00+00:00"),
        ("Tue, 5 Mar 2024 08:00:00 PST", "2024-03-05T16:00:00+00:00"),
        ("Tue, 5 Mar 2024 08:00:00 CEST", "2024-03-05T06:00:00+00:00"),
        ("Tues, 5 Mar 2024 08:00 +01:00", "2024-03-05T07:00:00+00:00"),
        ("Di., 5 Mar 2024 08:00:00 +0100", "2024-03-05T07:00:00+00:00"),
        ("05 Mar 24 08:00:00 Z", "2024-03-05T08:00:00+00:00"),
        ("2024-03-05T08:00:00Z", "2024-03-05T08:00:00+00:00"),
        ("2024-03-05T08:00:00.123-05:00", "2024-03-05T13:00:00+00:00"),
        ("2024-03-05 08:00", "2024-03-05T08:00:00+00:00"),
        ("2024-03-05", "2024-03-05"),
        ("May 25, 2023", "2023-05-25"),
        ("Tue, 5 Mar 2024 24:00:60 GMT", "2024-03-06T00:01:00+00:00"),
        ("Tue, 05 Mar 2024 08:00:00 XYZ", "2024-03-05T08:00:00+00:00"),
        ("yesterday", None),
        ("32 Mar 2024 08:00:00 GMT", None),
        ("", None),
    ],
)
def test_dates_in_many_forms(text: str, date: str | None) -> None:
    assert clock.date(text) == date


@given(st.text(max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    clock.date(text)
    clock.seconds(text)
