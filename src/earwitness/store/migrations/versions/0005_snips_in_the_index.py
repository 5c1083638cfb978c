"""Snips are found as well: what changes one makes its episode's part of the index out of date."""

from alembic import op

revision = "0005"
down_revision = "0004"

_NOTED = "insert or ignore into stale (kind, subject) values ('snips', {row}.episode);"
_WATCHED = (("insert", "new"), ("update", "new"), ("delete", "old"))


def upgrade() -> None:
    """Watch the snips, and note those that are there."""
    for event, row in _WATCHED:
        noted = _NOTED.format(row=row)
        op.execute(
            f"create trigger stale_after_snips_{event} after {event} on snips begin {noted} end"
        )
    op.execute("insert or ignore into stale select distinct 'snips', episode from snips")
