"""Sessions of QUIC in bytes, and questions in the words of HTTP/3: without a server."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.servers.tls_client import opening, quic_ticket, session
from earwitness.servers.tls_client.library import NotASession
from earwitness.servers.tls_client.quic import headers_of
from earwitness.servers.tls_client.quic_ticket import UNLIMITED, Ticket
from earwitness.servers.tls_client.session import Kept, Session

seconds = st.floats(0, 2**32, allow_nan=False)
tickets = st.builds(
    Ticket,
    age_add=st.integers(0, 2**32 - 1),
    cipher_suite=st.integers(0x1301, 0x1303),
    not_valid_before=seconds,
    not_valid_after=seconds,
    resumption_secret=st.binary(max_size=48),
    server_name=st.text(max_size=20),
    ticket=st.binary(min_size=1, max_size=300),
    max_early_data_size=st.sampled_from([None, UNLIMITED]),
    other_extensions=st.lists(
        st.tuples(st.integers(0, 2**16 - 1), st.binary(max_size=20)), max_size=3
    ).map(tuple),
)


@given(ticket=tickets)
def test_a_ticket_comes_back_as_it_was_and_says_what_may_be_known(ticket: Ticket) -> None:
    written = quic_ticket.write(ticket)
    assert quic_ticket.read(written) == ticket
    one = Session(version="1.3", der=written, transport="quic")
    assert one.ticket_key_name == ticket.ticket[:16]
    assert one.early_data_bytes == (ticket.max_early_data_size or 0)
    assert one.lifetime_seconds == round(ticket.not_valid_after - ticket.not_valid_before)
    assert repr(one) == "Session(version='1.3', transport='quic')"


@given(content=st.binary(max_size=40))
def test_other_bytes_are_no_session(content: bytes) -> None:
    with pytest.raises(NotASession):
        quic_ticket.read(content)


def test_a_file_may_keep_both_kinds_and_refuses_one_for_the_other(tmp_path: Path) -> None:
    path = tmp_path / "sessions"
    session.keep(path, [Kept(version="1.3", der=b"\x90", transport="quic")], {})
    with pytest.raises(NotASession):
        session.kept(path)


def test_a_question_of_http_is_asked_in_the_words_of_http_3() -> None:
    headers = headers_of(opening.http("/api?x=1").request("a.test"))
    assert headers[:4] == [
        (b":method", b"GET"),
        (b":scheme", b"https"),
        (b":authority", b"a.test"),
        (b":path", b"/api?x=1"),
    ]
    assert dict(headers[4:]) == {b"user-agent": b"earwitness", b"accept": b"*/*"}


@pytest.mark.parametrize("asking", [opening.redis(), opening.mqtt(), opening.postgresql()])
def test_what_is_no_question_of_http_is_not_asked(asking: opening.Opening) -> None:
    with pytest.raises(ValueError, match="only questions of HTTP"):
        headers_of(asking.request("a.test"))
