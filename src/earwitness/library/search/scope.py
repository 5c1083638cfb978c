"""Where to look: shows, episodes, days and kinds, as ranges of passages.

What the caller narrows to (ids) and what the query itself says (words of titles, days) hold
together.
"""

import json
from dataclasses import dataclass

import sqlalchemy as sa

from earwitness.library.search.lookup import Range
from earwitness.library.search.passages import Kind
from earwitness.library.search.query import Query

_ALLOWED = """
select documents.first, documents.last from documents
left join episodes on episodes.id = documents.episode
left join shows on shows.id = episodes.show
where (:show is null or episodes.show = :show)
  and (:episode is null or episodes.id = :episode)
  and (:after is null or episodes.date >= :after)
  and (:before is null or episodes.date < :before)
  and (:kinds is null or documents.kind in (select value from json_each(:kinds)))
  and not exists (
    select 1 from json_each(:show_words)
    where instr(lower(coalesce(shows.id || ' ' || shows.title, '')), lower(value)) = 0)
  and not exists (
    select 1 from json_each(:episode_words)
    where instr(lower(coalesce(episodes.id || ' ' || episodes.title, '')), lower(value)) = 0)
order by documents.first
"""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Where to look: ids, None for everywhere. Beside what the query itself says."""

    show: str | None = None
    episode: str | None = None
    kinds: tuple[Kind, ...] = ()
    """Empty: all."""


EVERYWHERE = Scope()


def ranges(connection: sa.Connection, query: Query, scope: Scope) -> list[Range] | None:
    """The documents that may be looked at, in order; None: all of them."""
    if scope == EVERYWHERE and not (query.show or query.episode or query.after or query.before):
        return None
    rows = connection.execute(
        sa.text(_ALLOWED),
        {
            "show": scope.show,
            "episode": scope.episode,
            "after": query.after,
            "before": query.before,
            "kinds": json.dumps(scope.kinds) if scope.kinds else None,
            "show_words": json.dumps((query.show or "").split()),
            "episode_words": json.dumps((query.episode or "").split()),
        },
    )
    return [(first, last) for first, last in rows]
