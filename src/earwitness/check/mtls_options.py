"""What a check of a server that asks for client certificates is told: options, and how they are read.

Values and pure functions; files are opened by ``mtls``. A certificate and its key stand in two files
or in one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from earwitness.check.target import Option

MOST_CONNECTIONS = 400
"""Unless somebody says otherwise: the whole check of three names, each try repeated as often as it may be."""
CONNECTIONS_A_SECOND = 1000.0
"""Unless somebody says otherwise."""
LONGEST_DWELL_SECONDS = 86_400.0
VERSIONS = ("1.3", "1.2")
"""Of TLS, over TCP."""
TRANSPORTS = ("tcp", "quic")
PROTOCOLS = ("http", "postgresql", "mqtt", "redis")
_OPEN_TO_ALL = "open"
_LONGEST_NAME = 253
_SHOWN = 60  # characters of a value that are quoted
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}

OPTIONS = (
    Option(name="cert", value="FILE", help="the client certificate, PEM."),
    Option(name="key", value="FILE", help="its key, when it is not in the same file."),
    Option(
        name="sni",
        value="NAME[=CERT[:KEY]]",
        multiple=True,
        help="a host name that is served there, with the certificate that opens it; repeatable. "
        "NAME=open: it asks for none.",
    ),
    Option(name="revoked-cert", value="FILE", help="a client certificate that is revoked."),
    Option(name="revoked-key", value="FILE", help="its key."),
    Option(name="path", value="PATH", help="what is asked for, by GET; / by default."),
    Option(
        name="starttls",
        value="PROTOCOL",
        help="what is spoken: http (default), postgresql or postgresql:USER (after its request for TLS; "
        "the certificate's common name by default), mqtt, redis.",
    ),
    Option(
        name="transport",
        value="TRANSPORT",
        help="tcp (default), or quic for HTTP/3 at that port, which needs 'earwitness[quic]'.",
    ),
    Option(
        name="save-session",
        value="FILE",
        attended=True,
        help="also keep sessions in a new file (0600), to come back with after a revocation.",
    ),
    Option(
        name="resume-session",
        value="FILE",
        attended=True,
        help="come back with the sessions of that file, and with the certificate that was revoked.",
    ),
    Option(
        name="dwell",
        value="DURATION",
        help="also see, for at most so long, whether sessions that are renewed again and again "
        "outlive their ticket: 5m.",
    ),
    Option(
        name="connections",
        value="NUMBER",
        help=f"at most so many; {MOST_CONNECTIONS} by default.",
    ),
    Option(
        name="rate",
        value="NUMBER",
        help=f"at most so many connections a second; {CONNECTIONS_A_SECOND:g} by default.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Files of a certificate and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, kw_only=True)
class HostName:
    """A name that is served, and what opens it."""

    name: str | None
    """None: no name is sent."""
    opened_by: Pair | None
    """None: it is open to everybody."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options as they are meant."""

    names: tuple[HostName, ...]
    """Empty: the host of the target, opened by ``own``."""
    own: Pair | None
    revoked: Pair | None
    path: str
    protocol: str
    user: str
    """Who asks, in PostgreSQL; empty: whom the certificate names."""
    transport: str
    save: Path | None
    resume: Path | None
    dwell_seconds: float
    """0: not asked for."""
    connections: int
    rate: float
    """Connections a second."""

    @property
    def versions(self) -> tuple[str, ...]:
        """Of TLS, that are tried; QUIC has one (RFC 9001, 4.2)."""
        return VERSIONS[:1] if self.transport == "quic" else VERSIONS

    @property
    def over(self) -> str:
        """What is said behind a version of TLS where it is not spoken over TCP."""
        return " over QUIC" if self.transport == "quic" else ""


def read(options: Mapping[str, str]) -> Asked:
    """The options as they are meant. ValueError for a value that cannot be."""
    own = _pair(options, "cert", "key")
    protocol, user = _protocol(options)
    return Asked(
        names=tuple(_name(line, own) for line in options.get("sni", "").split("\n") if line),
        own=own,
        revoked=_pair(options, "revoked-cert", "revoked-key"),
        path=_path(options.get("path", "/")),
        protocol=protocol,
        user=user,
        transport=_one_of(TRANSPORTS, options, "transport", "tcp"),
        save=_file(options, "save-session"),
        resume=_file(options, "resume-session"),
        dwell_seconds=_duration(options["dwell"]) if "dwell" in options else 0.0,
        connections=int(_number(options, "connections", MOST_CONNECTIONS)),
        rate=_number(options, "rate", CONNECTIONS_A_SECOND),
    )


def demand(options: Mapping[str, str]) -> None:
    """ValueError when they do not go together, or one is missing."""
    asked = read(options)
    if not any(name.opened_by for name in asked.names) and asked.own is None:
        raise ValueError("a check of mtls:// needs a client certificate: --cert FILE --key FILE")
    for part, whole in (("key", "cert"), ("revoked-key", "revoked-cert")):
        if part in options and whole not in options:
            raise ValueError(f"--{part} needs --{whole}")
    if asked.save and asked.resume:
        raise ValueError("--save-session and --resume-session are two checks, one after the other")
    if asked.save and asked.save.exists():
        raise ValueError(f"{asked.save} is there already; sessions are kept in a new file")
    if asked.transport == "quic" and asked.protocol != "http":
        raise ValueError(f"--transport quic asks with HTTP/3, and not with {asked.protocol}")
    names = [name.name for name in asked.names]
    if len(names) != len(set(names)):
        raise ValueError("each --sni has a name of its own")


def _pair(options: Mapping[str, str], certificate: str, key: str) -> Pair | None:
    if certificate not in options:
        return None
    file = Path(options[certificate])
    return Pair(certificate=file, key=Path(options.get(key) or file))


def _name(text: str, own: Pair | None) -> HostName:
    name, given, files = text.partition("=")
    if not name or any(character.isspace() or character == "/" for character in name):
        raise ValueError(f"--sni {text}: a host name is NAME, NAME=CERT:KEY or NAME={_OPEN_TO_ALL}")
    _require_sendable(name)
    if not given:
        return HostName(name=name, opened_by=own)
    if files == _OPEN_TO_ALL:
        return HostName(name=name, opened_by=None)
    certificate, _, key = files.partition(":")
    if not certificate:
        raise ValueError(f"--sni {text}: there is no certificate behind the =")
    return HostName(
        name=name, opened_by=Pair(certificate=Path(certificate), key=Path(key or certificate))
    )


def _require_sendable(name: str) -> None:
    """ValueError for a name that no handshake can carry (RFC 6066, 3; RFC 1035, 2.3.4)."""
    try:
        sent = name.encode("idna")
    except UnicodeError:
        raise ValueError(f"--sni {name[:_SHOWN]}: this is no name of a host") from None
    if len(sent) > _LONGEST_NAME:
        raise ValueError(
            f"--sni {name[:_SHOWN]}: a host name has at most {_LONGEST_NAME} characters"
        )


def _path(text: str) -> str:
    if not text.startswith("/") or not text.isascii() or any(c.isspace() for c in text):
        raise ValueError("--path begins with / and has no spaces")
    return text


def _protocol(options: Mapping[str, str]) -> tuple[str, str]:
    """The protocol, and the user behind a colon, whom only PostgreSQL has."""
    name, colon, user = options.get("starttls", "").partition(":")
    known = _one_of(PROTOCOLS, {"starttls": name} if name else {}, "starttls", "http")
    if colon and (known != "postgresql" or not user or "\0" in user):
        raise ValueError("--starttls names a user only as postgresql:USER")
    return known, user


def _one_of(known: Sequence[str], options: Mapping[str, str], name: str, usual: str) -> str:
    text = options.get(name, usual)
    if text not in known:
        raise ValueError(f"--{name} knows {', '.join(known)}")
    return text


def _file(options: Mapping[str, str], name: str) -> Path | None:
    return Path(options[name]) if name in options else None


def _duration(text: str) -> float:
    found = _DURATION.fullmatch(text)
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not 0 < seconds <= LONGEST_DWELL_SECONDS:
        raise ValueError(f"--dwell {text}: a duration such as 90s, 5m or 2h, at most 24h")
    return seconds


def _number(options: Mapping[str, str], name: str, usual: float) -> float:
    text = options.get(name, "")
    if not text:
        return usual
    if not re.fullmatch(r"\d{1,6}", text) or not int(text):
        raise ValueError(f"--{name} {text}: a whole number, at least 1")
    return float(text)
