"""Vectors in half the width, with their signs by document, by which near ones are found.

Those that are there are dropped: they are made anew from the passages.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Both tables, empty."""
    op.drop_table("vectors")
    passage = sa.ForeignKey("passages.id", ondelete="CASCADE")
    op.create_table(
        "vectors",
        sa.Column("passage", sa.Integer, passage, primary_key=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    document = sa.ForeignKey("documents.id", ondelete="CASCADE")
    op.create_table(
        "signs",
        sa.Column("document", sa.Integer, document, primary_key=True),
        sa.Column("signs", sa.LargeBinary, nullable=False),
    )
