"""From a stored run to the document that every format is made from.

Pure: records, events and predictions in, documents out. A run that did not finish is judged from
what it had observed.
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

import earwitness
from earwitness.experiment import events, judgement, prediction
from earwitness.experiment.design import Claim, Experiment
from earwitness.experiment.observation import Trial
from earwitness.experiment.prediction import Calibration, Expectation, Prediction, Score
from earwitness.experiment.verdict import ClaimResult
from earwitness.library.show import Show
from earwitness.report import calibration as calibrations
from earwitness.report import words
from earwitness.report.document import (
    EpisodeDocument,
    ExperimentDocument,
    PredictionDocument,
    RunDocument,
    ShowDocument,
)
from earwitness.store.predictions import StoredPrediction
from earwitness.store.runs import RunRecord
from earwitness.trouble import Trouble

WORTH_TELLING = 2.0
"""A prediction that is off by this factor or more is the surprise of a run."""


class NothingRecorded(Trouble):
    """The run ended before its design was recorded; the message says why."""


@dataclass
class Recorded:
    """The events of a run, sorted by what they tell."""

    started: events.Started | None = None
    finished: events.Finished | None = None
    trials: list[Trial] = field(default_factory=list)
    servers: list[events.ServerReady] = field(default_factory=list)
    unavailable: dict[str, events.ExperimentUnavailable] = field(default_factory=dict)
    benches: dict[str, events.BenchOpened] = field(default_factory=dict)
    ended: dict[str, events.ExperimentEnded] = field(default_factory=dict)


def sort(log: Iterable[events.Event]) -> Recorded:
    """Sort a log of events."""
    recorded = Recorded()
    for event in log:
        match event:
            case events.Started():
                recorded.started = event
            case events.TrialFinished():
                recorded.trials.append(event.trial)
            case events.ServerReady():
                recorded.servers.append(event)
            case events.BenchOpened():
                recorded.benches[event.experiment] = event
            case events.ExperimentUnavailable():
                recorded.unavailable[event.experiment] = event
            case events.ExperimentEnded():
                recorded.ended[event.experiment] = event
            case events.Finished():
                recorded.finished = event
    return recorded


def replay(recorded: Recorded) -> ClaimResult:
    """The verdicts, computed anew from the raw observations. Raises NothingRecorded."""
    started = _started(recorded)
    reasons = {id: event.reason for id, event in recorded.unavailable.items()}
    return judgement.judge(started.claim, started.depth, recorded.trials, reasons)


def run_document(
    record: RunRecord, log: Iterable[events.Event], predictions: Iterable[StoredPrediction]
) -> RunDocument:
    """The whole run. Raises NothingRecorded when it ended before it began."""
    recorded = sort(log)
    try:
        started = _started(recorded)
    except NothingRecorded as nothing:
        raise NothingRecorded(record.message or str(nothing)) from None
    claim = started.claim
    result = recorded.finished.result if recorded.finished else replay(recorded)
    return RunDocument(
        run_id=record.id,
        claim=claim.id,
        title=claim.title,
        said=claim.said,
        source=claim.source,
        status=record.status,
        message=record.message,
        verdict=result.verdict,
        headline=claim.headline,
        depth=started.depth,
        seed=started.seed,
        version=record.version,
        started_at=record.started_at,
        finished_at=record.finished_at,
        hypotheses=result.hypotheses,
        boundary=claim.boundary,
        remedy=claim.remedy,
        surprise=claim_surprise(claim, result),
        environment=started.environment,
        servers=tuple(recorded.servers),
        experiments=tuple(
            _experiment(experiment, recorded)
            for experiment in claim.experiments
            if experiment.plan_at(started.depth)
        ),
        predictions=tuple(_prediction(stored, result) for stored in predictions),
        charts=claim.charts,
        trials=tuple(recorded.trials),
    )


def _started(recorded: Recorded) -> events.Started:
    if recorded.started is None:
        raise NothingRecorded("the run ended before anything was tried")
    return recorded.started


def _experiment(experiment: Experiment, recorded: Recorded) -> ExperimentDocument:
    ended = recorded.ended.get(experiment.id)
    missing = recorded.unavailable.get(experiment.id)
    bench = recorded.benches.get(experiment.id)
    seen = {trial.block for trial in recorded.trials if trial.experiment == experiment.id}
    return ExperimentDocument(
        id=experiment.id,
        title=experiment.title,
        metrics=experiment.metrics,
        arms=experiment.arms,
        blocks=ended.blocks if ended else len(seen),
        environment={**_planned(experiment, recorded), **bench.environment} if bench else {},
        ended=ended.reason if ended else None,
        unavailable=missing.reason if missing else None,
        install=missing.install if missing else None,
    )


def _planned(experiment: Experiment, recorded: Recorded) -> Mapping[str, str]:
    """What the plan set: how many rows, how many clients, for how long."""
    plan = experiment.plan_at(_started(recorded).depth)
    return {name: str(value) for name, value in plan.settings.items()} if plan else {}


def expectation_of(stored: StoredPrediction) -> Prediction:
    """What a stored prediction expects."""
    return msgspec.json.decode(stored.body, type=Prediction)


def _prediction(stored: StoredPrediction, result: ClaimResult) -> PredictionDocument:
    expected = expectation_of(stored)
    measured = result.hypothesis(stored.hypothesis)
    score = prediction.score(expected.expectation, measured) or Score()
    return PredictionDocument(
        hypothesis=stored.hypothesis,
        text=expected.text,
        made_at=stored.made_at,
        log_error=score.log_error,
        covered=score.covered,
        brier=score.brier,
    )


def scores(
    predictions: Iterable[StoredPrediction], results: Mapping[str, ClaimResult]
) -> list[tuple[StoredPrediction, Expectation, Score | None]]:
    """Every prediction with its score against the result of its run, by run id."""
    told = []
    for stored in predictions:
        result = results.get(stored.run)
        expected = expectation_of(stored).expectation
        measured = result.hypothesis(stored.hypothesis) if result else None
        told.append((stored, expected, prediction.score(expected, measured)))
    return told


def claim_surprise(claim: Claim, result: ClaimResult) -> str | None:
    """The first of the claim's sentences whose hypothesis came out as it says."""
    for surprise in claim.surprises:
        measured = result.hypothesis(surprise.hypothesis)
        if measured is not None and measured.verdict.value in surprise.verdicts:
            return words.surprise(surprise.text, measured)
    return None


def show_surprise(runs: Sequence[RunDocument]) -> str | None:
    """The one thing worth telling: the reader's own worst prediction, else a claim's sentence."""
    misses = [
        (guess.log_error, run, guess)
        for run in runs
        for guess in run.predictions
        if guess.log_error is not None
    ]
    if misses:
        error, run, guess = max(misses, key=lambda miss: miss[0])
        result = next(h for h in run.hypotheses if h.id == guess.hypothesis)
        if error >= math.log(WORTH_TELLING):
            return f"You expected {guess.text}; measured here: {words.measured(result)}."
    return next((run.surprise for run in runs if run.surprise), None)


def show_document(
    show: Show,
    runs: Mapping[str, RunDocument],
    *,
    installed: Iterable[str],
    environment: Mapping[str, str],
    generated_at: dt.datetime,
    calibration: Calibration,
) -> ShowDocument:
    """The page of a show with the newest run of each episode's claim.

    ``runs`` by claim id; ``installed`` are the ids of the claims that can be run here. An episode
    without a claim is answered with the reader's own calibration.
    """
    known = set(installed)
    told = " ".join(calibrations.sentences(calibration))
    return ShowDocument(
        show=show.id,
        title=show.title,
        host=show.host,
        generated_at=generated_at,
        version=earwitness.__version__,
        environment=environment,
        episodes=tuple(
            EpisodeDocument(
                episode=episode,
                run=next((runs[claim] for claim in episode.claims if claim in runs), None),
                runnable=next((claim for claim in episode.claims if claim in known), None),
                note=None if episode.claims else told,
            )
            for episode in show.episodes
        ),
        surprise=show_surprise(tuple(runs.values())),
    )
