"""Addresses and ports on the loopback interface for routers that need several.

Looks for free ones; holds none of them. A router is known to its neighbours by its address, so
several on one machine need several addresses: on Linux all of 127.0.0.0/8 is there, elsewhere
only what somebody configured.
"""

import ipaddress
import secrets
import socket

from earwitness.servers.process import MissingComponent

_BLOCKS = ipaddress.IPv4Network("127.64.0.0/10")
"""Beyond what resolvers and the like use of the loopback network."""
_BLOCK_BITS = 24
_MOST = 254


def addresses(count: int) -> tuple[ipaddress.IPv4Address, ...]:
    """That many neighbouring loopback addresses, of a block chosen at random.

    MissingComponent when the machine has only one loopback address; ValueError beyond 254.
    """
    if not 0 < count <= _MOST:
        raise ValueError(f"{count} addresses, from 1 to {_MOST} can be had")
    blocks = 1 << (_BLOCK_BITS - _BLOCKS.prefixlen)
    start = int(_BLOCKS.network_address) + (secrets.randbelow(blocks) << (32 - _BLOCK_BITS))
    chosen = tuple(ipaddress.IPv4Address(start + 1 + place) for place in range(count))
    try:
        free_port(chosen[-1])
    except OSError as error:
        raise MissingComponent(
            f"several routers on one machine need several loopback addresses ({error})"
        ) from error
    return chosen


def free_port(address: ipaddress.IPv4Address) -> int:
    """A TCP port that the kernel says is free on that address; OSError when it is not ours."""
    with socket.socket() as probe:
        probe.bind((str(address), 0))
        return int(probe.getsockname()[1])
