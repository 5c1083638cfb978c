"""A session that was made over QUIC, in bytes: its ticket, and what has to be known to present it.

A format of our own, because aioquic has none. Values and pure functions; reading one needs no aioquic,
so that a file of kept sessions can be read without it.
"""

import msgspec

from earwitness.servers.tls_client.library import NotASession

UNLIMITED = 0xFFFFFFFF
"""The only size with which early data is permitted over QUIC (RFC 9001, 4.6.1)."""


class Ticket(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What ``aioquic.tls.SessionTicket`` holds; times are seconds of the epoch."""

    age_add: int
    cipher_suite: int
    not_valid_after: float
    not_valid_before: float
    resumption_secret: bytes
    server_name: str
    ticket: bytes
    max_early_data_size: int | None
    other_extensions: tuple[tuple[int, bytes], ...]
    """Among them the transport parameters that early data goes by (RFC 9000, 7.4.1)."""

    @property
    def early_data_bytes(self) -> int:
        """How many bytes of early data the server permits; 0: none."""
        return UNLIMITED if self.max_early_data_size == UNLIMITED else 0

    @property
    def lifetime_seconds(self) -> int:
        """What the server says that it is good for."""
        return round(self.not_valid_after - self.not_valid_before)


def write(ticket: Ticket) -> bytes:
    """The bytes of a ticket, secrets included."""
    return msgspec.msgpack.encode(ticket)


def read(content: bytes) -> Ticket:
    """The ticket of these bytes. Raises NotASession."""
    try:
        return msgspec.msgpack.decode(content, type=Ticket)
    except msgspec.DecodeError:
        raise NotASession("these bytes are no session of QUIC") from None
