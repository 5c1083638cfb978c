"""What a collector heard, in order, and the routes that follow from it.

Values and pure functions. The log is the truth: which routes there are at any moment is computed
from it, here for the collector itself and elsewhere for whoever asks what happened in between.
Views share nothing that changes, so an UPDATE costs as much as its session has routes: right for
the thousands of a small internet, not for a full table.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from earwitness.servers.bgp.attributes import AsPath
from earwitness.servers.bgp.message import Update
from earwitness.servers.bgp.prefix import Prefix
from earwitness.servers.bgp.session import Peer


@dataclass(frozen=True)
class Up:
    """A session came up. ``at``: seconds of the monotonic clock, in all three."""

    at: float
    peer: Peer


@dataclass(frozen=True)
class Down:
    """A session ended, and with it go all routes that were heard on it (RFC 4271, 3.2)."""

    at: float
    peer: Peer
    reason: str


@dataclass(frozen=True)
class Heard:
    """An UPDATE arrived."""

    at: float
    peer: Peer
    update: Update


Event = Up | Down | Heard

Routes = Mapping[Prefix, AsPath]
"""What one peer announces: its paths by prefix (the Adj-RIB-In of that session)."""
View = Mapping[Peer, Routes]
"""What all peers whose sessions are up announce."""


def apply(view: View, event: Event) -> View:
    """The routes after the event; nothing that was given is changed."""
    match event:
        case Up():
            return {**view, event.peer: {}}
        case Down():
            return {peer: routes for peer, routes in view.items() if peer != event.peer}
        case Heard():
            return {**view, event.peer: updated(view[event.peer], event.update)}


def updated(routes: Routes, update: Update) -> Routes:
    """The routes of a session after an UPDATE: a prefix has one path, the last that was said."""
    remaining = dict(routes)
    for prefix in update.gone:
        remaining.pop(prefix, None)
    path = update.attributes.as_path or AsPath()
    return remaining | dict.fromkeys(update.come, path)


def replay(view: View, events: Iterable[Event]) -> Iterator[tuple[Event, View]]:
    """Every event with the routes after it."""
    for event in events:
        view = apply(view, event)
        yield event, view
