"""A title is no answer while there is text of it: what stands under it is cited in its place."""

from dataclasses import replace

import numpy as np
import sqlalchemy as sa

from earwitness.library.search.passages import Kind
from earwitness.library.search.ranks import Ranked

_AS_GOOD = 0.85
"""Share of the best score from which on the first passage below a title stands for all."""


def told(connection: sa.Connection, ranked: Ranked) -> Ranked:
    """The ranking with each title of a chapter replaced by the best passage below it, if any."""
    reached = {int(id): float(score) for id, score in zip(ranked.ids, ranked.scores, strict=True)}
    scores: dict[int, float] = {}
    fits: dict[int, float] = {}
    for id, score, fit in zip(ranked.ids, ranked.scores, ranked.fits, strict=True):
        below = _below(connection, int(id))
        best = max((reached.get(one, 0.0) for one in below), default=0.0)
        first = (one for one in below if reached.get(one, 0.0) >= _AS_GOOD * best)
        one = next(first, int(id))
        scores[one] = max(scores.get(one, 0.0), float(score))
        fits[one] = max(fits.get(one, 0.0), float(fit))
    return replace(
        ranked,
        ids=np.array(list(scores), dtype=np.int64),
        scores=np.array(list(scores.values()), dtype=np.float32),
        fits=np.array(list(fits.values()), dtype=np.float32),
    )


def _below(connection: sa.Connection, id: int) -> list[int]:
    """The passages of a transcript or of field notes under a title; none of what is no title."""
    rows = connection.exec_driver_sql(
        "select passages.id from passages title"
        " join documents titles on title.id between titles.first and titles.last"
        " join documents on documents.episode = titles.episode and documents.kind in (?, ?)"
        " join passages on passages.id between documents.first and documents.last"
        " and passages.heading = title.text"
        " where title.id = ? and titles.kind = ? order by passages.id",
        (Kind.TRANSCRIPT, Kind.FIELD_NOTES, id, Kind.CHAPTER),
    )
    return [int(id) for id in rows.scalars()]
