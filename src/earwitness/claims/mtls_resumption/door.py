"""What all doors have: a port, a version, and a way to be told of a new revocation list.

The words that the rooms of the single servers share. Nothing here starts anything.
"""

import datetime as dt
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from earwitness.servers.certificates import Authority, Issued

_BACKDATED = dt.timedelta(hours=1)
"""How far in the past the first list was issued; each later one is a second newer."""
_SERIAL_BYTES = 20  # the most that a certificate may have (RFC 5280, 4.1.2.2)


@dataclass(frozen=True, kw_only=True)
class Door:
    """A running server that lets in clients of the authority whose certificate is not revoked."""

    port: int
    server: str
    """Product and version, as it gives them itself."""
    source: str
    """Where its program comes from."""
    ready_seconds: float
    take: Callable[[Sequence[Issued]], None]
    """Publish a list that revokes these and have the server take it; it may do so a moment later."""
    require_alive: Callable[[], None]
    """ServerFailed, quoting its log, when the server has ended."""


class Lists:
    """The files in which a door reads what is revoked; at first nothing is.

    Beside the list of the authority there is one of plain serial numbers, a hexadecimal number in a
    line, which is what a check of single requests reads.
    """

    def __init__(self, authority: Authority, folder: Path) -> None:
        self.revoked = folder / "revoked.crl"
        """The revocation list, PEM."""
        self.serials = folder / "serials"
        """The serial numbers."""
        self._authority = authority
        self._next_issue = dt.datetime.now(dt.UTC) - _BACKDATED
        self.publish(())

    def publish(self, revoked: Sequence[Issued]) -> None:
        """Replace both files.

        Lists have whole seconds, and a verifier that holds two takes the newer one (get_crl_sk,
        x509_vfy.c); so each is dated a second after the one before, all of them in the past.
        """
        self._authority.revocation_list(self.revoked, revoked, issued_at=self._next_issue)
        self._next_issue += dt.timedelta(seconds=1)
        self._list(f"{each.serial:X}" for each in revoked)

    def fill(self, count: int) -> None:
        """Make the plain list one of ``count`` serial numbers of certificates that nobody has."""
        drawn = random.Random(count)  # noqa: S311 - they only have to differ
        self._list(drawn.randbytes(_SERIAL_BYTES).hex().upper() for _ in range(count))

    def _list(self, serials: Iterable[str]) -> None:
        fresh = self.serials.with_suffix(".new")
        with fresh.open("w") as file:
            file.writelines(f"{serial}\n" for serial in serials)
        fresh.chmod(0o644)
        fresh.replace(self.serials)
