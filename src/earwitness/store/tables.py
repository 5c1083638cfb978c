"""The tables of the store, as SQLAlchemy Core sees them.

Declarations only. What changes here needs a migration beside it in ``migrations/versions``; a test
holds the two together.
"""

import sqlalchemy as sa

metadata = sa.MetaData()

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # experiment, check
    sa.Column("claim", sa.Text, nullable=False),  # of a check: check:postgresql
    sa.Column("depth", sa.Text, nullable=False),
    sa.Column("seed", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False),  # running, finished, interrupted, failed
    sa.Column("message", sa.Text),  # why it failed, in words
    sa.Column("verdict", sa.Text),
    sa.Column("version", sa.Text, nullable=False),  # of Earwitness
    sa.Column("owner_pid", sa.Integer, nullable=False),
    sa.Column("owner_started", sa.Float, nullable=False),  # seconds since the epoch
    sa.Column("started_at", sa.Text, nullable=False),  # ISO 8601, UTC
    sa.Column("finished_at", sa.Text),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # from 1, without gaps
    sa.Column("at", sa.Text, nullable=False),
    sa.Column(
        "body", sa.Text, nullable=False
    ),  # a JSON document: experiment.events, or a whole check
)

predictions = sa.Table(
    "predictions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("hypothesis", sa.Text, nullable=False),
    sa.Column("made_at", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # one JSON document, see experiment.prediction
)

sa.Index("runs_by_claim", runs.c.claim, runs.c.started_at)
sa.Index("predictions_by_run", predictions.c.run)
