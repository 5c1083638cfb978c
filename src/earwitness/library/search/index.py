"""Keeps the index as the library is: each document anew when what it is made of has changed.

Triggers note what changed in the table ``stale``, in the transaction of the change itself, so that
nothing is missed whoever writes and whenever he is killed. ``refresh`` works the notes off, a batch
in each transaction: killed in between, the rest is still noted. What did not change in content
keeps its passages, and so its vectors.

This room indexes what the library has. Documents of others (claims, runs) are written by ``put``
from above.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence

import msgspec
import sqlalchemy as sa

from earwitness.library import field_notes
from earwitness.library.chapters import Chapter, merge
from earwitness.library.intake import ChapterSource, EpisodeFacts, Segment, SourcedChapter
from earwitness.library.search import descriptions
from earwitness.library.search import passages as packing
from earwitness.library.search.passages import Document, Facts, Kind, Passage
from earwitness.library.snip import Contents
from earwitness.store.connection import Store

GAP = 8
"""Ids left free between two documents: more than the reach of smoothing, so that it stays inside."""
_BATCH = 100
"""Episodes in one transaction: few enough for others to get a turn."""
_HIGHEST = "highest-passage"
_LIBRARY_KINDS = (Kind.TRANSCRIPT, Kind.DESCRIPTION, Kind.CHAPTER, Kind.FIELD_NOTES)

Progress = Callable[[int, int], None]
"""Called with how many episodes are done, and of how many."""


def refresh(store: Store, progress: Progress = lambda _done, _all: None) -> bool:
    """Index what has changed in the library; whether anything had."""
    _notice_new_notes(store)
    noted = [(_index_episode, episode) for episode in stale(store, "episode")]
    noted += [(_index_snips, episode) for episode in stale(store, "snips")]
    for done in range(0, len(noted), _BATCH):
        progress(done, len(noted))
        with writing(store) as connection:
            for work, episode in noted[done : done + _BATCH]:
                work(connection, episode)
    return bool(noted)


def stale(store: Store, kind: str) -> list[str]:
    """The subjects of that kind that have changed since they were indexed."""
    with store.reading() as connection:
        rows = connection.exec_driver_sql(
            "select subject from stale where kind = ? order by subject", (kind,)
        )
        return [row[0] for row in rows]


def is_stale(store: Store) -> bool:
    """Whether anything at all has changed since it was indexed."""
    with store.reading() as connection:
        return connection.exec_driver_sql("select 1 from stale limit 1").first() is not None


@contextlib.contextmanager
def writing(store: Store) -> Iterator[sa.Connection]:
    """One transaction in which documents are ``put``, each at most once.

    It has the store's write lock from its beginning, so no other gives out the same ids.
    """
    with store.writing() as connection:
        before = _highest(connection)
        yield connection
        connection.exec_driver_sql(
            # one statement for all, because SQLite writes the full text out after each
            "insert into passages_fts (rowid, heading, speakers, text)"
            " select id, heading, speakers, text from passages where id > ? order by id",
            (before,),
        )


def put(
    connection: sa.Connection, subject: str, kinds: Sequence[Kind], documents: Sequence[Document]
) -> None:
    """Make the documents of these kinds on one subject be exactly these; within ``writing``."""
    wanted = {document.kind: document for document in documents if document.passages}
    for kind in kinds:
        there = connection.exec_driver_sql(
            "select id, digest from documents where kind = ? and subject = ?", (kind, subject)
        ).first()
        digest = _digest(wanted[kind]) if kind in wanted else None
        if there is not None and there.digest == digest:
            continue
        if there is not None:
            connection.exec_driver_sql("delete from documents where id = ?", (there.id,))
        if digest is not None:
            _write(connection, wanted[kind], digest)


def settle(connection: sa.Connection, kind: str, subject: str) -> None:
    """Take a note off, in the transaction that has done what it asked for."""
    connection.exec_driver_sql("delete from stale where kind = ? and subject = ?", (kind, subject))


def state(store: Store, name: str) -> str | None:
    """What the index was last told under that name."""
    with store.reading() as connection:
        row = connection.exec_driver_sql(
            "select value from index_state where name = ?", (name,)
        ).first()
    return None if row is None else str(row[0])


def set_state(connection: sa.Connection, name: str, value: str) -> None:
    """Remember it."""
    connection.exec_driver_sql("insert or replace into index_state values (?, ?)", (name, value))


def _notice_new_notes(store: Store) -> None:
    """The field notes come with the package: another version of them makes their episodes stale."""
    digest = field_notes.digest()
    if state(store, "field-notes") == digest:
        return
    with store.writing() as connection:
        connection.exec_driver_sql("insert or ignore into stale select 'episode', id from episodes")
        set_state(connection, "field-notes", digest)


def _index_episode(connection: sa.Connection, episode: str) -> None:
    row = connection.exec_driver_sql(
        "select title, show, body from episodes where id = ?", (episode,)
    ).first()
    if row is not None:  # else it was removed, and its documents with it
        facts = msgspec.json.decode(row.body, type=EpisodeFacts)
        chapters = _chapters(connection, episode, facts.duration_seconds)
        documents = [
            _transcript(connection, episode, chapters),
            _description(episode, facts, chapters),
            Document(
                kind=Kind.CHAPTER,
                subject=episode,
                episode=episode,
                passages=packing.of_chapters(chapters, facts.duration_seconds),
            ),
            _field_notes(row.show, episode),
        ]
        put(connection, episode, _LIBRARY_KINDS, documents)
    settle(connection, "episode", episode)


def _index_snips(connection: sa.Connection, episode: str) -> None:
    """All snips of an episode as one document, in order of time; each is a passage or more."""
    rows = connection.exec_driver_sql(
        "select body from snips where episode = ? and not deleted order by start_seconds, id",
        (episode,),
    ).scalars()
    packed: list[Passage] = []
    for contents in (msgspec.json.decode(body, type=Contents) for body in rows):
        told = "\n".join(filter(None, (contents.title, contents.quote, contents.note)))
        tagged = " ".join((told, *contents.tags)) if contents.tags else told
        pieces = packing.of_text(
            tagged, heading=contents.chapter or "", start_seconds=contents.start_seconds
        )
        end = contents.end_seconds
        packed += [msgspec.structs.replace(piece, end_seconds=end) for piece in pieces]
    document = Document(kind=Kind.SNIP, subject=episode, episode=episode, passages=tuple(packed))
    put(connection, episode, (Kind.SNIP,), (document,))
    settle(connection, "snips", episode)


def _chapters(connection: sa.Connection, episode: str, duration: float | None) -> list[Chapter]:
    rows = connection.exec_driver_sql(
        "select source, start_seconds, end_seconds, title, url, image, listed from chapters"
        " where episode = ? order by source, place",
        (episode,),
    )
    by_source: dict[ChapterSource, list[SourcedChapter]] = {}
    for row in rows:
        values = row._mapping
        chapter = SourcedChapter(**{name: values[name] for name in values if name != "source"})
        by_source.setdefault(ChapterSource(row.source), []).append(chapter)
    return [chapter for chapter in merge(by_source, duration) if chapter.listed]


def _transcript(connection: sa.Connection, episode: str, chapters: Sequence[Chapter]) -> Document:
    chosen = connection.exec_driver_sql(
        "select id from transcripts where episode = ? and chosen", (episode,)
    ).scalar()
    rows = connection.exec_driver_sql(
        "select text, start_seconds, end_seconds, speaker from segments"
        " where transcript = ? order by place",
        (chosen,),
    )
    segments = [
        Segment(text=text, start_seconds=start, end_seconds=end, speaker=speaker)
        for text, start, end, speaker in rows.fetchall()
    ]
    return Document(
        kind=Kind.TRANSCRIPT,
        subject=episode,
        episode=episode,
        passages=packing.of_segments(segments, chapters),
        facts=Facts(transcript=chosen),
    )


def _description(episode: str, facts: EpisodeFacts, chapters: Sequence[Chapter]) -> Document:
    described = descriptions.without_chapters(packing.plain_text(facts.description), chapters)
    told = "\n".join(filter(None, (facts.line, described)))
    return Document(
        kind=Kind.DESCRIPTION,
        subject=episode,
        episode=episode,
        passages=tuple(packing.of_text(told or facts.title, heading=facts.title)),
    )


def _field_notes(show: str, episode: str) -> Document:
    sections = field_notes.notes(show, episode.rpartition("/")[2])
    packed: list[Passage] = []
    for section in sections:
        packed += packing.of_text(
            section.text, heading=section.title, start_seconds=section.start_seconds
        )
    sources = tuple(dict.fromkeys(source for section in sections for source in section.sources))
    return Document(
        kind=Kind.FIELD_NOTES,
        subject=episode,
        episode=episode,
        passages=tuple(packed),
        facts=Facts(sources=sources),
    )


def _highest(connection: sa.Connection) -> int:
    """The highest id that a passage ever had; ids are not used again."""
    value = connection.exec_driver_sql(
        "select value from index_state where name = ?", (_HIGHEST,)
    ).scalar()
    return int(value or 0)


def _digest(document: Document) -> str:
    return hashlib.sha256(msgspec.json.encode(document)).hexdigest()


def _write(connection: sa.Connection, document: Document, digest: str) -> None:
    first = _highest(connection) + GAP
    last = first + len(document.passages) - 1
    set_state(connection, _HIGHEST, str(last))
    body = msgspec.json.encode(document.facts).decode()
    connection.exec_driver_sql(
        "insert into documents (kind, subject, episode, digest, body, first, last)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        (document.kind, document.subject, document.episode, digest, body, first, last),
    )
    # straight to the driver: a library has hundreds of thousands of passages
    connection.exec_driver_sql(
        "insert into passages (id, heading, speakers, text, start_seconds, end_seconds,"
        " first_segment, last_segment) values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                first + place,
                one.heading,
                one.speakers,
                one.text,
                one.start_seconds,
                one.end_seconds,
                one.first_segment,
                one.last_segment,
            )
            for place, one in enumerate(document.passages)
        ],
    )
