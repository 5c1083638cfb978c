"""Which addresses may be asked for what a feed names.

A feed is written by a stranger, and what it names is asked from inside the user's network. So a
name is resolved once, every address that it has must be a public one, and the connection goes to an
address that was judged here. Whoever keeps feeds at home allows their hosts by name. Nothing is
connected to here.
"""

import ipaddress
import socket
import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from earwitness.library.fetching.problems import Refused, TooSlow, Unreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_SPECIAL_4 = {
    ipaddress.IPv4Network(network): what
    for network, what in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by the customers of a provider"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a relay of 6to4"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
}
"""IANA's registry of special-purpose addresses (RFC 6890), and multicast.

Written out, because ``ipaddress.is_global`` calls multicast and the ways of writing an IPv4 address
inside an IPv6 one global, and what it says changes between versions of Python.
"""

_SPECIAL_6 = {
    ipaddress.IPv6Network(network): what
    for network, what in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::/96", "an IPv4 address in a form that is no longer used"),
        ("64:ff9b:1::/48", "a translation inside a network"),
        ("100::/64", "discarded"),
        ("2001::/32", "a Teredo tunnel"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "a 6to4 tunnel"),
        ("3fff::/20", "for documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
}
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
"""All that is given out to the public so far; the rest is reserved."""

_CARRY_IPV4 = (
    ipaddress.IPv6Network("::ffff:0:0/96"),  # RFC 4291: mapped
    ipaddress.IPv6Network("64:ff9b::/96"),  # RFC 6052: translated on the way
)
"""Networks whose addresses reach the IPv4 address of their last 32 bits."""

_LOWEST_32_BITS = 0xFFFFFFFF


@dataclass(frozen=True)
class Place:
    """Somewhere to connect to: what ``socket.socket`` and its ``connect`` take."""

    family: socket.AddressFamily
    address: tuple[Any, ...]


def refusal(address: Address) -> str | None:
    """What is special about an address, in words; None for a public one."""
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in network for network in _CARRY_IPV4):
            return refusal(ipaddress.IPv4Address(int(address) & _LOWEST_32_BITS))
        special = next((what for network, what in _SPECIAL_6.items() if address in network), None)
        return special or (None if address in _PUBLIC_6 else "reserved")
    return next((what for network, what in _SPECIAL_4.items() if address in network), None)


def places(
    host: str, port: int, *, allowed: Collection[str] = (), seconds: float = 10.0
) -> list[Place]:
    """Where a host can be connected to, in the resolver's order.

    ``allowed`` has hosts, in lower case, that may be at any address. Raises Refused when one of the
    addresses is not public, Unreachable when there is none, and TooSlow when the resolver does not
    answer in so many seconds.
    """
    found = [Place(family, place) for family, place in _resolved(host, port, seconds)]
    if host.lower() not in allowed:
        for place in found:
            address = ipaddress.ip_address(place.address[0])
            if (what := refusal(address)) is not None:
                raise Refused(
                    f"{host} is at {address}, which is {what}: not asked. "
                    f"If it is yours, allow it with --allow-host {host}"
                )
    return found


def is_here(host: str) -> bool:
    """Whether a name means this machine, without asking anybody."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _resolved(
    host: str, port: int, seconds: float
) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
    """What the system's resolver answers; it has no time limit of its own, so it gets a thread."""
    answers: list[tuple[socket.AddressFamily, tuple[Any, ...]]] = []
    problems: list[Exception] = []

    def ask() -> None:
        try:
            for family, _, _, _, address in socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
            ):
                if family in (socket.AF_INET, socket.AF_INET6):
                    answers.append((family, address))
        except (OSError, ValueError) as problem:  # ValueError: the name has a zero byte
            problems.append(problem)

    resolver = threading.Thread(target=ask, name="resolver", daemon=True)
    resolver.start()
    resolver.join(seconds)
    if resolver.is_alive():
        raise TooSlow(f"the address of {host} was not found within {seconds:.0f} s")
    if problems or not answers:
        why = getattr(problems[0], "strerror", None) if problems else None
        raise Unreachable(f"{host} has no address here{f': {why}' if why else ''}")
    return answers
