"""The index: documents, their passages with full text, vectors, and what is out of date."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_FULL_TEXT = (
    """create virtual table passages_fts using fts5(
        heading, speakers, text, content='passages', content_rowid='id',
        tokenize="porter unicode61 remove_diacritics 2")""",
    # 16 MB of new postings are held before they are written out, in place of 1, and merged by 8
    "insert into passages_fts (passages_fts, rank) values ('hashsize', 16777216)",
    "insert into passages_fts (passages_fts, rank) values ('automerge', 8)",
    """create trigger passages_removed after delete on passages begin
        insert into passages_fts (passages_fts, rowid, heading, speakers, text)
            values ('delete', old.id, old.heading, old.speakers, old.text);
        end""",
    """create trigger documents_removed after delete on documents begin
        delete from passages where id between old.first and old.last;
        end""",
)
_STALE = "insert or ignore into stale (kind, subject) values ('{kind}', {subject});"
_WATCHED = (
    ("episodes", "insert", "episode", "new.id"),
    ("episodes", "update of title, date, body", "episode", "new.id"),
    ("chapters", "insert", "episode", "new.episode"),
    ("chapters", "delete", "episode", "old.episode"),
    ("transcripts", "insert", "episode", "new.episode"),
    ("transcripts", "update of chosen", "episode", "new.episode"),
    ("transcripts", "delete", "episode", "old.episode"),
    ("runs", "insert", "run", "new.id"),
    ("runs", "update of status", "run", "new.id"),
    ("runs", "delete", "run", "old.id"),
)


def upgrade() -> None:
    """Create the index, empty, with all that is in the library marked as out of date."""
    _create_tables()
    for statement in _FULL_TEXT:
        op.execute(statement)
    for table, event, kind, subject in _WATCHED:
        name = f"stale_after_{table}_{event.partition(' ')[0]}"
        noted = _STALE.format(kind=kind, subject=subject)
        op.execute(f"create trigger {name} after {event} on {table} begin {noted} end")
    op.execute("insert into stale select 'episode', id from episodes")
    op.execute("insert into stale select 'run', id from runs")


def _create_tables() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("episode", sa.Text, sa.ForeignKey("episodes.id", ondelete="CASCADE")),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("first", sa.Integer, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.UniqueConstraint("kind", "subject"),
    )
    op.create_table(
        "passages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("heading", sa.Text, nullable=False),
        sa.Column("speakers", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("start_seconds", sa.Float),
        sa.Column("end_seconds", sa.Float),
        sa.Column("first_segment", sa.Integer),
        sa.Column("last_segment", sa.Integer),
    )
    passage = sa.ForeignKey("passages.id", ondelete="CASCADE")
    op.create_table(
        "vectors",
        sa.Column("passage", sa.Integer, passage, primary_key=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "stale",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
    )
    op.create_table(
        "index_state",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_index("documents_by_episode", "documents", ["episode"])
    op.create_index("documents_by_first", "documents", ["first"])
