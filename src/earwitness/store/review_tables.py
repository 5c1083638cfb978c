"""The tables of what was kept and is reviewed: snips with their history, cards with their reviews.

Declarations only, on the metadata of ``tables``. ``snip_history`` and ``reviews`` are logs: rows are
added and never changed; what stands in ``snips`` and ``cards`` is where the logs have come to.
"""

import sqlalchemy as sa

from earwitness.store.tables import metadata

snips = sa.Table(
    "snips",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("episode", sa.Text, sa.ForeignKey("episodes.id", ondelete="CASCADE"), nullable=False),
    sa.Column("guid", sa.Text),  # the mark that another application gave it
    sa.Column("made_at", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),  # of its newest entry in the history
    sa.Column("start_seconds", sa.Float),  # null: not known where
    sa.Column("deleted", sa.Boolean, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # library.snip.Contents
    sa.UniqueConstraint("episode", "guid"),
)

snip_history = sa.Table(
    "snip_history",
    metadata,
    sa.Column("snip", sa.Text, sa.ForeignKey("snips.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # from 1, without gaps
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("change", sa.Text, nullable=False),  # library.snip.Change
    sa.Column("undoes", sa.Integer),  # number of the entry that it takes back
    sa.Column("body", sa.Text, nullable=False),  # library.snip.Contents after it
)

cards = sa.Table(
    "cards",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # snip, claim, chapter, own
    sa.Column("snip", sa.Text, sa.ForeignKey("snips.id", ondelete="CASCADE")),
    sa.Column("deck", sa.Text, nullable=False),
    sa.Column("front", sa.Text, nullable=False),
    sa.Column("back", sa.Text, nullable=False),
    sa.Column("made_at", sa.Text, nullable=False),
    sa.Column("changed_at", sa.Text, nullable=False),  # of what it says
    sa.Column("suspended", sa.Boolean, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),  # of its newest entry in the log
    sa.Column("due", sa.Text, nullable=False),
    sa.Column("memory", sa.Text, nullable=False),  # library.review.scheduling.Memory
)

reviews = sa.Table(
    "reviews",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),  # in the order of all reviews
    sa.Column("card", sa.Text, sa.ForeignKey("cards.id", ondelete="CASCADE"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),  # of the card, from 1, without gaps
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("grade", sa.Integer),  # 1 to 4; null: it takes another one back
    sa.Column("undoes", sa.Integer),  # id of the review that it takes back
    sa.Column("predicted", sa.Float),  # probability of recall before it; null: never seen before
    sa.Column("before", sa.Text, nullable=False),  # library.review.scheduling.Memory
    sa.Column("after", sa.Text, nullable=False),
    sa.UniqueConstraint("card", "number"),
)

sa.Index("snips_by_episode", snips.c.episode, snips.c.start_seconds)
sa.Index("cards_by_due", cards.c.due)
