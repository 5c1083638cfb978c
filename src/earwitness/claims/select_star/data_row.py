"""How many bytes a row is on the wire. Pure: what is measured and what is forecast count alike."""

from collections.abc import Iterable

_MESSAGE_TYPE_BYTES = 1
_MESSAGE_LENGTH_BYTES = 4
_COLUMN_COUNT_BYTES = 2
_VALUE_LENGTH_BYTES = 4


def data_row_bytes(values: Iterable[bytes | None]) -> int:
    """Size on the wire of one DataRow message with those values, None for NULL.

    Type byte, message length, number of columns, then length and bytes of each value: protocol
    3.0, PostgreSQL documentation, "Message Formats".
    """
    head = _MESSAGE_TYPE_BYTES + _MESSAGE_LENGTH_BYTES + _COLUMN_COUNT_BYTES
    return head + sum(_VALUE_LENGTH_BYTES + len(value or b"") for value in values)
