"""What those who look could see, computed from what the collector heard.

Pure. A route here is a pair of a vantage (an autonomous system, by however many sessions) and a
prefix: present when the vantage has at least one path to it.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from earwitness.servers.bgp import history
from earwitness.servers.bgp.history import Event, Heard, View
from earwitness.servers.bgp.prefix import Prefix
from earwitness.servers.bgp.session import Peer

Pair = tuple[int, Prefix]
"""AS number of the vantage, and a prefix that it has a route to."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """How the number of routes went between two moments."""

    least: int
    """The smallest number of routes at any moment in between, both ends included."""
    changed_at: float | None
    """When that number changed for the last time (monotonic seconds); None: it never did."""
    updates: int
    """UPDATE messages."""
    announcements: int
    """Prefixes announced in them, each time anew."""
    withdrawals: int
    """Prefixes withdrawn in them."""


@dataclass(frozen=True)
class Question:
    """What is counted: routes to these prefixes, at the vantage that each session speaks for."""

    prefixes: Collection[Prefix]
    vantage_of: Callable[[Peer], int]
    """The AS number of the vantage whose view it is that a peer tells us."""


def pairs(view: View, question: Question) -> frozenset[Pair]:
    """The routes that are asked for."""
    return frozenset(
        (question.vantage_of(peer), prefix)
        for peer, routes in view.items()
        for prefix in question.prefixes
        if prefix in routes
    )


def paths(view: View) -> Iterable[tuple[int, ...]]:
    """The AS path of every announcement that stands."""
    return (path.asns for routes in view.values() for path in routes.values())


def course(before: View, events: Iterable[Event], question: Question) -> Course:
    """What became of the routes from ``before`` on."""
    events = tuple(events)
    count = least = len(pairs(before, question))
    changed_at = None
    for event, view in history.replay(before, events):
        now = len(pairs(view, question))
        if now != count:
            count, changed_at = now, event.at
            least = min(least, now)
    heard = [event.update for event in events if isinstance(event, Heard)]
    return Course(
        least=least,
        changed_at=changed_at,
        updates=len(heard),
        announcements=sum(len(update.come) for update in heard),
        withdrawals=sum(len(update.gone) for update in heard),
    )
