"""What every server of the matrix has: where it listens, and what can be done to it.

A value only, that the rooms of the servers make and ``matrix`` uses.
"""

from collections.abc import Callable
from dataclasses import dataclass

from earwitness.claims.mtls_resumption.door import Lists
from earwitness.claims.mtls_resumption.visitor import LOOPBACK, Asked


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A running server of the matrix."""

    port: int
    host: str = LOOPBACK
    asked: Asked
    """What lets a visitor in."""
    lists: Lists
    product: str
    """Product and version."""
    source: str
    """Where its program comes from."""
    ready_seconds: float
    reload: Callable[[], None]
    """Have the server read its files again; it does so a moment later."""
    renew_keys: Callable[[], None] = lambda: None
    """Put new ticket keys into the file, where there is one; a reload makes the server use them."""
    restart: Callable[[], None]
    """Stop it and start it on the same port and files; it is ready a moment later."""
    await_ready: Callable[[], None]
    """ServerFailed, quoting its log, when it does not get ready."""
    cpu_seconds: Callable[[], float]
    """Processor time that the server has used until now."""
    require_alive: Callable[[], None]
    """ServerFailed, quoting its log, when the server has ended."""
