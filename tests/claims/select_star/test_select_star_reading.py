"""The arithmetic of a reading, on messages and plans that were written by hand."""

import struct
from typing import Any

import pytest

from earwitness.claims.select_star.data_row import data_row_bytes
from earwitness.claims.select_star.reading import execution_of


def data_row(*values: bytes | None) -> bytes:
    """A DataRow message, field by field as in "Message Formats" of the PostgreSQL manual."""
    body = struct.pack("!h", len(values))
    for value in values:
        body += struct.pack("!i", -1 if value is None else len(value)) + (value or b"")
    return b"D" + struct.pack("!i", 4 + len(body)) + body


@pytest.mark.parametrize(
    "values",
    [(), (b"",), (None,), (b"42", None, "héllo".encode()), (b"x" * 8000, b"\\x00ff")],
    ids=["no columns", "empty text", "null", "mixed", "long"],
)
def test_bytes_are_those_of_the_message(values: tuple[bytes | None, ...]) -> None:
    assert data_row_bytes(values) == len(data_row(*values))


def test_bytes_of_a_row_counted_by_hand() -> None:
    # 1 type, 4 length, 2 column count; 4 + 2 for "42", 4 for NULL, 4 + 6 for "héllo" in UTF-8
    assert data_row_bytes((b"42", None, "héllo".encode())) == 27


def explained(**plan: Any) -> dict[str, Any]:
    scan = {"Node Type": "Index Scan", "Index Name": "key", "Shared Hit Blocks": 7}
    return {"Plan": scan | {"Shared Read Blocks": 2} | plan, "Execution Time": 1.5}


def test_pages_are_those_of_the_plan_and_of_serialization() -> None:
    document = explained()
    document["Serialization"] = {"Shared Hit Blocks": 100, "Shared Read Blocks": 30}
    execution = execution_of(document)
    assert execution.pages == 139
    assert execution.pages_from_disk == 32
    assert execution.milliseconds == 1.5
    assert execution.plan == "Index Scan using key"


def test_without_serialization_the_plan_alone_counts() -> None:
    assert execution_of(explained()).pages == 9


@pytest.mark.parametrize(
    ("plan", "alone"),
    [
        ({"Node Type": "Index Only Scan", "Heap Fetches": 0}, True),
        ({"Node Type": "Index Only Scan", "Heap Fetches": 1}, False),
        ({"Node Type": "Index Scan"}, False),
    ],
)
def test_an_index_answers_alone_only_without_heap_fetches(
    plan: dict[str, Any], alone: bool
) -> None:
    assert execution_of(explained(**plan)).index_alone is alone


def test_a_plan_without_an_index_is_named_by_its_scan() -> None:
    document = explained(**{"Node Type": "Seq Scan"})
    del document["Plan"]["Index Name"]
    assert execution_of(document).plan == "Seq Scan"


def test_a_plan_without_buffers_is_refused() -> None:
    document = explained()
    del document["Plan"]["Shared Read Blocks"]
    with pytest.raises(KeyError):
        execution_of(document)
