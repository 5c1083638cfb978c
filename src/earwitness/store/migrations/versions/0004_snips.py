"""Snips with their history, cards with their reviews."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables of what was kept and is reviewed."""
    op.create_table(
        "snips",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "episode", sa.Text, sa.ForeignKey("episodes.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("guid", sa.Text),
        sa.Column("made_at", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("start_seconds", sa.Float),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("episode", "guid"),
    )
    op.create_table(
        "snip_history",
        sa.Column("snip", sa.Text, sa.ForeignKey("snips.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("undoes", sa.Integer),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "cards",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("snip", sa.Text, sa.ForeignKey("snips.id", ondelete="CASCADE")),
        sa.Column("deck", sa.Text, nullable=False),
        sa.Column("front", sa.Text, nullable=False),
        sa.Column("back", sa.Text, nullable=False),
        sa.Column("made_at", sa.Text, nullable=False),
        sa.Column("changed_at", sa.Text, nullable=False),
        sa.Column("suspended", sa.Boolean, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("due", sa.Text, nullable=False),
        sa.Column("memory", sa.Text, nullable=False),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("card", sa.Text, sa.ForeignKey("cards.id", ondelete="CASCADE"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("grade", sa.Integer),
        sa.Column("undoes", sa.Integer),
        sa.Column("predicted", sa.Float),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.UniqueConstraint("card", "number"),
    )
    op.create_index("snips_by_episode", "snips", ["episode", "start_seconds"])
    op.create_index("cards_by_due", "cards", ["due"])
