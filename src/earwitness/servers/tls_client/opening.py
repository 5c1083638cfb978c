"""What is said to a server to see whether it lets a client in, by protocol.

Nothing that is said changes anything: a GET, the first message of a connection, or a ping. Values and
pure functions; whether an answer means that somebody got in is decided by comparison, elsewhere.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding: *chunked")
_LOCATION = re.compile(rb"(?i)\r\nlocation:[ \t]*([^\r\n]*)")
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
_REDIS = re.compile(rb"\A([-+:$*]\S*)")
_REDIS_TYPES = b"-+:$*"  # the first byte of an answer (RESP2)
_SQLSTATE = re.compile(rb"\0C(\w{5})\0")
_SSL_REQUEST = struct.pack("!II", 8, 80877103)  # PostgreSQL: protocol, "SSL Session Encryption"
_SSL_YES = b"S"


@dataclass(frozen=True, kw_only=True)
class Opening:
    """The beginning of a conversation."""

    name: str
    before_tls: bytes = b""
    """What asks for TLS; empty where a connection begins with it."""
    agreed: bytes = b""
    """The answer that grants it."""
    request: Callable[[str], bytes]
    """What is asked, of the server of that name."""
    idempotent: bool = True
    """Whether asking twice is asking once, so that it may travel as early data."""
    is_whole: Callable[[bytes], bool]
    """Whether the answer has all been received."""
    status: Callable[[bytes], str]
    """What the answer comes to in one word; empty when it is none."""
    body: Callable[[bytes], bytes]
    """What of the answer may differ between hosts."""
    farewell: bytes = b""
    """What ends the conversation."""
    is_other: Callable[[bytes], bool] = lambda _answer: False
    """Whether an answer, of which something came, is of another protocol."""


def http(path: str = "/", host: str = "") -> Opening:
    """GET of a path. ``host``: what the request names, when it is not the server's name."""

    def request(name: str) -> bytes:
        named = host or name
        return (
            f"GET {path} HTTP/1.1\r\nHost: {named}\r\nUser-Agent: earwitness\r\n"
            "Accept: */*\r\nConnection: close\r\n\r\n"
        ).encode()

    return Opening(
        name="http",
        request=request,
        is_whole=_http_is_whole,
        status=lambda answer: _first(_STATUS, answer),
        body=_http_body,
    )


def postgresql(user: str = "earwitness") -> Opening:
    """A startup packet after the request for TLS; the answer asks to log in, or refuses."""
    parameters = b"user\0" + user.encode() + b"\0database\0postgres\0\0"
    startup = struct.pack("!II", 8 + len(parameters), 196608) + parameters  # version 3.0
    return Opening(
        name="postgresql",
        before_tls=_SSL_REQUEST,
        agreed=_SSL_YES,
        request=lambda _name: startup,
        idempotent=False,
        is_whole=_postgresql_is_whole,
        status=_postgresql_status,
        body=lambda _answer: b"",
        farewell=b"X\0\0\0\4",  # Terminate
    )


def mqtt(client: str = "earwitness") -> Opening:
    """CONNECT of MQTT 3.1.1 with a clean session, and DISCONNECT."""
    variable = b"\0\x04MQTT\x04\x02\0\x3c" + struct.pack("!H", len(client)) + client.encode()
    connect = bytes([0x10, len(variable)]) + variable
    return Opening(
        name="mqtt",
        request=lambda _name: connect,
        idempotent=False,
        is_whole=lambda answer: len(answer) >= 4,
        status=lambda answer: f"CONNACK {answer[3]}" if answer[:2] == b"\x20\x02" else "",
        body=lambda _answer: b"",
        farewell=b"\xe0\0",
    )


def redis() -> Opening:
    """PING."""
    return Opening(
        name="redis",
        request=lambda _name: b"PING\r\n",
        is_whole=lambda answer: answer.endswith(b"\r\n"),
        status=lambda answer: _first(_REDIS, answer),
        body=lambda answer: answer,
        is_other=lambda answer: answer[:1] not in _REDIS_TYPES,
    )


def _http_is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    if _CHUNKED.search(head):
        return body.endswith(b"0\r\n\r\n")
    length = _LENGTH.search(head)
    return bool(length and len(body) >= int(length[1]))


def _http_body(answer: bytes) -> bytes:
    """With the place that a redirect leads to, which is what it says (RFC 9110, 15.4)."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if not _first(_STATUS, head + b"\r\n").startswith("3"):
        return body
    return _first(_LOCATION, head + b"\r\n").encode() + b"\r\n" + body


def _postgresql_is_whole(answer: bytes) -> bool:
    return len(answer) >= 5 and len(answer) > int.from_bytes(answer[1:5], "big")


def _postgresql_status(answer: bytes) -> str:
    """Asks for authentication or is content: "R"; else the error with its SQLSTATE."""
    if answer[:1] == b"E":
        return f"E {_first(_SQLSTATE, answer)}".strip()
    return answer[:1].decode(errors="replace")


def _first(pattern: re.Pattern[bytes], answer: bytes) -> str:
    found = pattern.search(answer)
    return found[1].decode(errors="replace") if found else ""
