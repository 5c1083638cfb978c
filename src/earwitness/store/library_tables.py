"""The tables of the library, as SQLAlchemy Core sees them: what was heard, and what was kept of it.

Declarations only, on the metadata of ``tables``. Columns are what is asked of the database; all
else of a show or an episode is one JSON document in ``body``. Times are ISO 8601 in UTC, places in
an episode are seconds from its start.
"""

import sqlalchemy as sa

from earwitness.store.tables import metadata

shows = sa.Table(
    "shows",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # a slug; stands in addresses
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("author", sa.Text),
    sa.Column("source", sa.Text, nullable=False),  # where it came from first: library.intake.Source
    sa.Column("feed_url", sa.Text, unique=True),
    sa.Column("guid", sa.Text, unique=True),  # podcast:guid
    sa.Column("body", sa.Text, nullable=False),  # library.intake.ShowFacts
    sa.Column("etag", sa.Text),  # of the last answer of the feed
    sa.Column("last_modified", sa.Text),
    sa.Column("checked_at", sa.Text),  # when the feed was last asked
    sa.Column("added_at", sa.Text, nullable=False),
)

episodes = sa.Table(
    "episodes",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # show/slug
    sa.Column("show", sa.Text, sa.ForeignKey("shows.id", ondelete="CASCADE"), nullable=False),
    sa.Column("guid", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("date", sa.Text),
    sa.Column("duration_seconds", sa.Float),
    sa.Column("place", sa.Integer, nullable=False),  # on the show's page: 0 is the first
    sa.Column("body", sa.Text, nullable=False),  # library.intake.EpisodeFacts, without its chapters
    sa.Column("audio_file", sa.Text),  # below the data folder, once it was downloaded
    sa.UniqueConstraint("show", "guid"),
)

chapters = sa.Table(
    "chapters",
    metadata,
    sa.Column(
        "episode", sa.Text, sa.ForeignKey("episodes.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("source", sa.Text, primary_key=True),  # library.intake.ChapterSource
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("start_seconds", sa.Float, nullable=False),
    sa.Column("end_seconds", sa.Float),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("url", sa.Text),
    sa.Column("image", sa.Text),
    sa.Column("listed", sa.Boolean, nullable=False),  # false: not in a table of contents
)

transcripts = sa.Table(
    "transcripts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("episode", sa.Text, sa.ForeignKey("episodes.id", ondelete="CASCADE"), nullable=False),
    sa.Column("source", sa.Text, nullable=False),  # feed, file, recognised
    sa.Column("format", sa.Text, nullable=False),  # vtt, srt, json, markdown, or the engine
    sa.Column("language", sa.Text),
    sa.Column("origin", sa.Text),  # address, name of the file, or model
    sa.Column("digest", sa.Text, nullable=False),  # SHA-256 of what was parsed, in hex
    sa.Column("added_at", sa.Text, nullable=False),
    sa.Column("chosen", sa.Boolean, nullable=False),  # shown and searched; one of each episode
    sa.UniqueConstraint("episode", "digest"),
)

segments = sa.Table(
    "segments",
    metadata,
    sa.Column(
        "transcript",
        sa.Integer,
        sa.ForeignKey("transcripts.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("start_seconds", sa.Float),  # null: the transcript has no times
    sa.Column("end_seconds", sa.Float),
    sa.Column("speaker", sa.Text),
    sa.Column("text", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # download, recognise, embed
    sa.Column("subject", sa.Text, nullable=False),  # an episode's id; empty: the whole library
    sa.Column("status", sa.Text, nullable=False),  # running, finished, interrupted, failed
    sa.Column("done", sa.Float, nullable=False),  # 0 to 1
    sa.Column("message", sa.Text),
    sa.Column("owner_pid", sa.Integer, nullable=False),
    sa.Column("owner_started", sa.Float, nullable=False),  # seconds since the epoch
    sa.Column("started_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.UniqueConstraint("kind", "subject"),
)

sa.Index("episodes_by_date", episodes.c.show, episodes.c.date)
sa.Index("transcripts_by_episode", transcripts.c.episode)
