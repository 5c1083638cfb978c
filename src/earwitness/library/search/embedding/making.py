"""Makes the vectors that are missing, a few at a time, and may be stopped or killed at any.

What was made is kept at once, and a document is found by meaning when all of it has vectors. While
one process is at it, no other is.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

from earwitness.library import jobs
from earwitness.library.jobs import JobKind
from earwitness.library.search.embedding import model, vectors
from earwitness.library.search.lookup import Range
from earwitness.store.connection import Store

_STEP = 8
"""Passages in one transaction, and between two looks at whether to go on: half a second of a core."""
_BATCH = 64
"""Passages among which those of similar length are put together, in whole documents."""

Progress = Callable[[int, int], None]
"""Called with how many passages have vectors, and how many should."""
GoOn = Callable[[], bool]
"""Asked again and again; may wait before it answers. False: stop here."""


def embed(
    store: Store,
    progress: Progress = lambda _done, _all: None,
    *,
    go_on: GoOn = lambda: True,
) -> int:
    """Make the vectors that are missing; how many were made. Raises NoModel, JobTaken."""
    sentences = model.load()
    made = 0
    with jobs.working(store, JobKind.EMBED, "") as job:
        while batch := _unsealed(store):
            for some in _steps(_texts(store, batch)):
                if not go_on():
                    job.end("interrupted")
                    return made
                found = zip(some, sentences.embed(list(some.values())), strict=True)
                with store.writing() as connection:
                    vectors.keep(connection, dict(found))
                made += len(some)
            with store.writing() as connection:
                for document, part in batch:
                    vectors.seal(connection, document, part)
            done, whole = vectors.counts(store)
            progress(done, whole)
            job.note(done / max(whole, 1))
    return made


def any_missing(store: Store) -> bool:
    """Whether there is anything to make."""
    done, whole = vectors.counts(store)
    return done < whole


def _unsealed(store: Store) -> list[tuple[int, Range]]:
    """Documents that are not found by meaning yet, as many as make a batch."""
    with store.reading() as connection:
        rows = connection.exec_driver_sql(
            "select id, first, last from documents where id not in (select document from signs)"
            " order by id limit ?",
            (_BATCH,),
        ).all()
    passages = itertools.accumulate(last - first + 1 for _, first, last in rows)
    count = sum(1 for before in (0, *passages) if before < _BATCH)
    return [(id, (first, last)) for id, first, last in rows[:count]]


def _texts(store: Store, batch: Sequence[tuple[int, Range]]) -> dict[int, str]:
    """The passages of some documents that have no vectors, by their ids."""
    with store.reading() as connection:
        return {
            id: text
            for _, part in batch
            for id, text in connection.exec_driver_sql(
                "select id, text from passages where id between ? and ?"
                " and id not in (select passage from vectors where passage between ? and ?)",
                (*part, *part),
            )
        }


def _steps(texts: Mapping[int, str]) -> Iterator[dict[int, str]]:
    """The texts in small parts, those of similar length together."""
    ids = sorted(texts, key=lambda id: len(texts[id]))
    for first in range(0, len(ids), _STEP):
        yield {id: texts[id] for id in ids[first : first + _STEP]}
