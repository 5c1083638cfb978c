"""The tables of the index, as SQLAlchemy Core sees them: what can be found, and what is out of date.

Declarations only, on the metadata of ``tables``. The full-text table ``passages_fts`` and the
triggers stand in the migration alone, because Core has no words for them: triggers keep the
full-text table as ``passages`` is, and note in ``stale`` what has changed in the library, whoever
changes it.
"""

import sqlalchemy as sa

from earwitness.store.tables import metadata

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # library.search.passages.Kind
    sa.Column("subject", sa.Text, nullable=False),  # id of an episode, a claim, a run
    sa.Column("episode", sa.Text, sa.ForeignKey("episodes.id", ondelete="CASCADE")),
    sa.Column("digest", sa.Text, nullable=False),  # of all that it was made of
    sa.Column("body", sa.Text, nullable=False),  # library.search.passages.Facts
    sa.Column("first", sa.Integer, nullable=False),  # ids of its passages: a range of its own
    sa.Column("last", sa.Integer, nullable=False),
    sa.UniqueConstraint("kind", "subject"),
)

passages = sa.Table(
    "passages",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),  # neighbours have neighbouring ones
    sa.Column("heading", sa.Text, nullable=False),
    sa.Column("speakers", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("start_seconds", sa.Float),
    sa.Column("end_seconds", sa.Float),
    sa.Column("first_segment", sa.Integer),  # places in the transcript
    sa.Column("last_segment", sa.Integer),
)

vectors = sa.Table(
    "vectors",
    metadata,
    sa.Column(
        "passage", sa.Integer, sa.ForeignKey("passages.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("vector", sa.LargeBinary, nullable=False),  # float16, little-endian, of length one
)

signs = sa.Table(
    "signs",
    metadata,
    sa.Column(
        "document", sa.Integer, sa.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("signs", sa.LargeBinary, nullable=False),  # of its passages' vectors, in their order
)

stale = sa.Table(
    "stale",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),  # episode, run
    sa.Column("subject", sa.Text, primary_key=True),
)

index_state = sa.Table(
    "index_state",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

sa.Index("documents_by_episode", documents.c.episode)
sa.Index("documents_by_first", documents.c.first)
