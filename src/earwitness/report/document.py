"""The data that every report format is made from, and that ``--format json`` prints.

Values with a ``schema`` name; adding a field keeps the number. No format lives here, and nothing
that reads a clock or a store: the caller brings the record.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

import msgspec

from earwitness.experiment.design import Arm, Boundary, Chart, Depth, Metric, Remedy, Source
from earwitness.experiment.events import ServerReady
from earwitness.experiment.observation import Trial
from earwitness.experiment.verdict import HypothesisResult, Verdict
from earwitness.library.show import Episode


class ExperimentDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What an experiment was and how it ended.

    ``ended``: decided, condition failed, complete or budget; None when it never ran, and then
    ``unavailable`` says why and ``install`` what would help.
    """

    id: str
    title: str
    metrics: tuple[Metric, ...]
    arms: tuple[Arm, ...]
    blocks: int
    environment: Mapping[str, str] = {}
    """Settings of its plan, such as rows and clients; versions and settings of its servers."""
    ended: str | None = None
    unavailable: str | None = None
    install: str | None = None


class PredictionDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody expected of a hypothesis, and how it came out (None: not scored)."""

    hypothesis: str
    text: str
    """As it was given: ``3x``, ``2x..5x``, ``refuted@70%``."""
    made_at: dt.datetime
    log_error: float | None = None
    """Absolute natural logarithm of predicted over measured effect."""
    covered: bool | None = None
    """Whether the measured effect lies in the predicted range."""
    brier: float | None = None
    """Squared error of the stated probability of the verdict."""


class RunDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one claim, whole: enough to judge it again."""

    schema: Literal["earwitness/run/1"] = "earwitness/run/1"
    run_id: str
    claim: str
    title: str
    said: str
    source: Source
    status: Literal["running", "finished", "interrupted", "failed"]
    message: str | None = None
    """Why it failed, in words."""
    verdict: Verdict
    headline: str
    """Id of the hypothesis that is shown first."""
    depth: Depth
    seed: int
    version: str
    started_at: dt.datetime
    finished_at: dt.datetime | None
    hypotheses: tuple[HypothesisResult, ...]
    boundary: Boundary
    remedy: Remedy
    surprise: str | None
    environment: Mapping[str, str]
    servers: tuple[ServerReady, ...]
    experiments: tuple[ExperimentDocument, ...]
    predictions: tuple[PredictionDocument, ...]
    charts: tuple[Chart, ...]
    trials: tuple[Trial, ...]

    @property
    def headline_result(self) -> HypothesisResult | None:
        """The result shown first; None when the depth does not test it."""
        return next((h for h in self.hypotheses if h.id == self.headline), None)


class EpisodeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """An episode of the page with the newest run of its claim, or what there is instead."""

    episode: Episode
    run: RunDocument | None = None
    runnable: str | None = None
    """The claim of the episode that can be run here, where one is installed."""
    note: str | None = None
    """What answers an episode that claims nothing of a system: the reader's own calibration."""


class ShowDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A show's page with what was measured here."""

    schema: Literal["earwitness/show/1"] = "earwitness/show/1"
    show: str
    title: str
    host: str
    generated_at: dt.datetime
    version: str
    environment: Mapping[str, str]
    """The machine, for the first line of the page."""
    episodes: tuple[EpisodeDocument, ...]
    surprise: str | None = None
