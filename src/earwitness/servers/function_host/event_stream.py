"""Messages of ``application/vnd.amazon.eventstream``, as InvokeWithResponseStream answers with.

Pure. A message has a prelude (total length, length of the headers, CRC-32 of both), headers,
payload, and a CRC-32 of all before it ("Event stream encoding", Amazon Transcribe and S3 Select
documentation).
"""

import struct
import zlib
from collections.abc import Mapping

import msgspec

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_STRING = 7  # the type of a header value
_OVERHEAD_BYTES = 16  # prelude with its checksum, and the checksum at the end


def payload_chunk(piece: bytes) -> bytes:
    """A piece of the answer."""
    headers = {
        ":message-type": "event",
        ":event-type": "PayloadChunk",
        ":content-type": "application/octet-stream",
    }
    return message(headers, piece)


def invoke_complete(error: str | None, detail: str) -> bytes:
    """The end of the answer; with an error code when the function failed in mid-stream."""
    told = {} if error is None else {"ErrorCode": error, "ErrorDetails": detail}
    headers = {
        ":message-type": "event",
        ":event-type": "InvokeComplete",
        ":content-type": "application/json",
    }
    return message(headers, msgspec.json.encode(told))


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message."""
    fields = b"".join(_header(name, value) for name, value in headers.items())
    lengths = struct.pack(">II", len(fields) + len(payload) + _OVERHEAD_BYTES, len(fields))
    prelude = lengths + struct.pack(">I", zlib.crc32(lengths))
    checked = prelude + fields + payload
    return checked + struct.pack(">I", zlib.crc32(checked))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return bytes([len(key)]) + key + struct.pack(">BH", _STRING, len(text)) + text
