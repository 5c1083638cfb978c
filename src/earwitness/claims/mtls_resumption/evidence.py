"""What the probe of this claim saw of a server: plain values, which the judge reads.

How visits ended, and whether sessions were taken. Answers are kept as keyed digests that can be
compared within one check; certificates, keys, sessions and tickets are not here, and of the name of a
ticket key only a digest is.
"""

import datetime as dt

import msgspec


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """How one visit ended."""

    status: str = ""
    """Of the answer; empty when there was none."""
    body: str = ""
    """Digest of what the answer said besides its status; empty when that was nothing."""
    refusal: str = ""
    """What ended the connection before an answer came."""
    resumed: bool = False
    """Whether the server took the session that was presented."""


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """What a host says to those who are known to get in, and to those who are not."""

    version: str
    """Of TLS."""
    name: str | None
    """Of the host; None: no name was sent."""
    open_to_all: bool
    """Whether it was said to ask for no certificate."""
    alone: Seen
    """Without certificate."""
    stranger: Seen
    """With a certificate that nobody vouches for."""
    admitted: tuple[Seen, ...]
    """With the certificate that opens it: twice at first, and once at the end."""


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions of a host presented to it again, without the certificate."""

    version: str
    name: str | None
    memory: bool
    """Whether the server keeps the session; else the client has it in a ticket."""
    offered: bool
    """Whether the server gave a session at all."""
    tries: tuple[Seen, ...]
    """Each with a session of its own; more than one when the first was not taken."""
    lifetime_seconds: int | None = None
    """What the server says that the ticket is good for."""
    renewed: bool = False
    """Whether the resumed connection gave a new ticket."""
    ticket_key: str = ""
    """Digest of the name of its ticket's key; empty where several tickets do not begin the same."""


class Crossed(msgspec.Struct, frozen=True, kw_only=True):
    """A client of one host at another."""

    version: str
    memory: bool
    of: str | None
    """The host whose certificate or session it has."""
    to: str | None
    """The host that it asks for."""
    handshake_name: str | None
    """What the handshake names; None: nothing."""
    named: bool
    """Whether the handshake names the host that the request asks for."""
    full: Seen
    """With the certificate of the one host."""
    resumed: Seen | None
    """With a session of it alone; None when there was none, or the certificate gets in as well."""


class Early(msgspec.Struct, frozen=True, kw_only=True):
    """The question asked in early data, with a session alone."""

    name: str | None
    permitted_bytes: int
    taken: bool
    seen: Seen | None


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    """A client whose certificate is said to be revoked."""

    version: str
    name: str | None
    full: Seen
    resumed: Seen | None
    """With the session that the refused visit gave; None when it gave none."""


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """A session from an earlier check, presented after its certificate was revoked."""

    version: str
    name: str | None
    age_seconds: float
    before: Seen
    """What its certificate was told then."""
    alone: Seen
    """Without certificate, now."""
    alone_before: Seen | None = None
    """Without certificate, then; None in evidence of older versions."""
    full: Seen
    """With the certificate, now."""
    resumed: Seen
    """With the session alone, now."""
    same_ticket_key: bool | None
    """Whether tickets still begin as they did then; None when they have no such beginning."""


class Dwelt(msgspec.Struct, frozen=True, kw_only=True):
    """A session that was renewed again and again."""

    name: str | None
    lifetime_seconds: int
    seconds: float
    """How long the chain of sessions was kept up."""
    renewals: int
    alive: bool
    """Whether the last one was still taken, and let in."""


class KnownKey(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket key that an earlier check of the same target saw in use."""

    digest: str
    """Of its name, as in ``Resumed.ticket_key``."""
    since: dt.datetime
    """When a check on this machine first saw it."""
    age_seconds: float
    """From then to this check."""


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """All that one check saw."""

    server: str
    """What it calls itself; else the protocol."""
    protocol: str
    versions: tuple[str, ...]
    baselines: tuple[Baseline, ...] = ()
    resumed: tuple[Resumed, ...] = ()
    crossed: tuple[Crossed, ...] = ()
    early: tuple[Early, ...] = ()
    revoked: tuple[Revoked, ...] = ()
    returned: tuple[Returned, ...] = ()
    dwelt: tuple[Dwelt, ...] = ()
    kept: int = 0
    """Sessions that were kept in a file."""
    kept_in: str = ""
    """Which file that is."""
    known_keys: tuple[KnownKey, ...] = ()
    """Those ticket keys of this check that earlier ones saw as well."""
    transport: str = "tcp"
    """What all of it was seen over."""
    offers_quic: bool = False
    """Whether the server said that it speaks HTTP/3 too, of which nothing was seen."""
