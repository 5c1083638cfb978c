"""Shows, episodes, chapters, transcripts, and the jobs that fetch them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables of what can be listened to."""
    op.create_table(
        "shows",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("author", sa.Text),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("feed_url", sa.Text, unique=True),
        sa.Column("guid", sa.Text, unique=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("checked_at", sa.Text),
        sa.Column("added_at", sa.Text, nullable=False),
    )
    op.create_table(
        "episodes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("show", sa.Text, sa.ForeignKey("shows.id", ondelete="CASCADE"), nullable=False),
        sa.Column("guid", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("date", sa.Text),
        sa.Column("duration_seconds", sa.Float),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("audio_file", sa.Text),
        sa.UniqueConstraint("show", "guid"),
    )
    op.create_table(
        "chapters",
        sa.Column("episode", sa.Text, _episode(), primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("start_seconds", sa.Float, nullable=False),
        sa.Column("end_seconds", sa.Float),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("image", sa.Text),
        sa.Column("listed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "transcripts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("episode", sa.Text, _episode(), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("format", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("origin", sa.Text),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("added_at", sa.Text, nullable=False),
        sa.Column("chosen", sa.Boolean, nullable=False),
        sa.UniqueConstraint("episode", "digest"),
    )
    transcript = sa.ForeignKey("transcripts.id", ondelete="CASCADE")
    op.create_table(
        "segments",
        sa.Column("transcript", sa.Integer, transcript, primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("start_seconds", sa.Float),
        sa.Column("end_seconds", sa.Float),
        sa.Column("speaker", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("done", sa.Float, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("owner_pid", sa.Integer, nullable=False),
        sa.Column("owner_started", sa.Float, nullable=False),
        sa.Column("started_at", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Text, nullable=False),
        sa.UniqueConstraint("kind", "subject"),
    )
    op.create_index("episodes_by_date", "episodes", ["show", "date"])
    op.create_index("transcripts_by_episode", "transcripts", ["episode"])


def _episode() -> sa.ForeignKey:
    return sa.ForeignKey("episodes.id", ondelete="CASCADE")
