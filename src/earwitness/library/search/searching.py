"""``search``: a query in, hits out, each with the show, the episode and the second.

Reads the index and nothing else; ``index.refresh`` brings it up to date before.
"""

from dataclasses import dataclass

from earwitness.library.search.hits import Hit, hits
from earwitness.library.search.query import parse
from earwitness.library.search.ranks import DEPTH, rank
from earwitness.library.search.scope import EVERYWHERE, Scope
from earwitness.store.connection import Store


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of what was found, and how much that is; beyond ``DEPTH`` nothing is counted."""

    hits: list[Hit]
    total: int
    first: int

    @property
    def following(self) -> int | None:
        """Where the next part begins; None at the end."""
        after = self.first + len(self.hits)
        return after if self.hits and after < self.total else None


def search(
    store: Store, text: str, *, scope: Scope = EVERYWHERE, most: int = 10, meaning: bool = True
) -> list[Hit]:
    """The passages that fit best, the best first. Any text is a query; none fits: no hits."""
    query = parse(text)
    with store.reading() as connection:
        ranked = rank(connection, query, scope, most, meaning=meaning)
        return hits(connection, query, ranked)


def page(store: Store, text: str, *, scope: Scope, first: int, most: int) -> Page:
    """The passages from the ``first`` on, counted from 0. All parts are cut from one ranking."""
    query = parse(text)
    with store.reading() as connection:
        ranked = rank(connection, query, scope, DEPTH)
        chosen = ranked.part(first, most)
        return Page(hits=hits(connection, query, chosen), total=len(ranked.ids), first=first)
