"""The private calls are tried before they are relied on, and sessions are read without a server."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL

from earwitness.servers.process import MissingComponent
from earwitness.servers.tls_client import library, session
from earwitness.servers.tls_client.library import NotASession
from earwitness.servers.tls_client.session import Kept, Session


def element(tag: int, content: bytes) -> bytes:
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes(2, "big")
    return bytes([tag, 0x82]) + length + content


def der(*, ticket: bytes | None = None, hint: int = 7200, number: bytes = b"") -> bytes:
    """A session as ssl_asn1.c writes it."""
    ticketed = b""
    if ticket is not None:
        lifetime = element(0x02, hint.to_bytes(hint.bit_length() // 8 + 1, "big"))
        ticketed = element(0xA9, lifetime) + element(0xAA, element(0x04, ticket))
    return element(
        0x30,
        element(0x02, b"\x01")
        + element(0x02, b"\x03\x04")
        + element(0x04, b"\x13\x01")
        + element(0x04, number)
        + element(0x04, b"\x07" * 32)
        + element(0xA1, element(0x02, b"\x01"))
        + element(0xA2, element(0x02, b"\x1c\x20"))
        + element(0xA4, element(0x04, b""))
        + ticketed,
    )


class Replaced:
    """The library with one call replaced."""

    def __init__(self, **calls: object) -> None:
        self._genuine, self._calls = SSL._lib, calls

    def __getattr__(self, name: str) -> object:
        if name in self._calls:
            return self._calls[name]
        return getattr(self._genuine, name)


def test_the_private_calls_work_here() -> None:
    library.require_working()


def test_a_library_without_a_private_call_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SSL, "_lib", object())
    with pytest.raises(MissingComponent, match="whether a session was resumed"):
        library.require_working()


def test_a_library_that_calls_everything_resumed_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SSL, "_lib", Replaced(SSL_session_reused=lambda _connection: 1))
    with pytest.raises(MissingComponent, match="fresh connection"):
        library.require_working()


def test_a_library_that_loses_what_it_writes_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SSL, "_lib", Replaced(i2d_SSL_SESSION=lambda _session, _buffer: 5))
    with pytest.raises(MissingComponent, match="back as it was"):
        library.require_working()


@given(ticket=st.binary(min_size=1, max_size=400), hint=st.integers(0, 2**31 - 1))
def test_what_may_be_known_of_a_session(ticket: bytes, hint: int) -> None:
    one = Session(version="1.3", der=der(ticket=ticket, hint=hint))
    assert one.ticket_key_name == ticket[:16]
    assert one.lifetime_seconds == hint
    assert one.early_data_bytes == 0
    library.require_session(one.der)


def test_a_session_without_a_ticket_has_no_key_and_no_lifetime() -> None:
    one = Session(version="1.2", der=der(number=b"\x01" * 32))
    assert (one.ticket_key_name, one.lifetime_seconds) == (None, None)


def test_a_session_does_not_show_itself() -> None:
    assert "secret" not in repr(Session(version="1.3", der=der(ticket=b"secret")))


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"sessions": [{"version": 3}]}'])
def test_a_file_of_something_else_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "sessions"
    path.write_bytes(content)
    with pytest.raises(NotASession, match="no file of kept sessions"):
        session.kept(path)


def test_a_file_with_broken_sessions_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sessions"
    session.keep(path, [Kept(version="1.3", der=b"\x30\x01")], {})
    with pytest.raises(NotASession):
        session.kept(path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is full")
def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sessions"
    genuine = os.open

    def full(name: Path, flags: int, mode: int) -> int:
        genuine(name, flags, mode)
        return genuine("/dev/full", os.O_WRONLY)

    monkeypatch.setattr(session.os, "open", full)
    monkeypatch.setattr(session.os, "fchmod", lambda _file, _mode: None)
    with pytest.raises(OSError, match="No space left"):
        session.keep(path, [Kept(version="1.3", der=der(ticket=b"t"))], {})
    assert not path.exists()
