"""What the bench asks of running routers, whichever they are.

A protocol only. ``bird_lab`` has networks between the origin and those who look, ``exabgp_lab`` is
the smaller one that needs nothing but wheels.
"""

from collections.abc import Mapping
from typing import Protocol

from earwitness.claims.bgp_withdrawal.internet import Truth
from earwitness.servers.bgp.collector import Collector
from earwitness.servers.bgp.session import Peer


class Lab(Protocol):
    """A small internet that runs. Every change returns when the router has taken the order."""

    @property
    def collector(self) -> Collector:
        """Who is told what the vantages see."""

    @property
    def vantages(self) -> Mapping[int, str]:
        """Name of each vantage by its AS number, as metrics have it."""

    def vantage_of(self, peer: Peer) -> int:
        """The AS number of the vantage whose view that peer of the collector tells."""

    @property
    def routers(self) -> int:
        """How many routers there are."""

    @property
    def links(self) -> int:
        """How many sessions the origin has when all is well."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions and topology for the record."""

    def announce(self) -> None:
        """The origin announces all its prefixes."""

    def withdraw(self) -> None:
        """The origin withdraws all its prefixes; its sessions stay."""

    def cut(self, sessions: int) -> frozenset[int]:
        """End so many of the origin's sessions from the other side; whose they are.

        The answer is empty where such a path cannot be told from another by its AS numbers.
        """

    def mend(self) -> None:
        """Let all sessions come up again."""

    def announce_elsewhere(self) -> None:
        """Another network announces the prefix of the services too."""

    def withdraw_elsewhere(self) -> None:
        """It no longer does."""

    def answering(self) -> int:
        """How many routers answer when they are asked."""

    def sessions(self) -> int:
        """How many sessions the origin has."""

    def ghosts(self, truth: Truth) -> int:
        """Routes that the truth does not bear out, at the collector and inside the routers."""
