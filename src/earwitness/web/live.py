"""A run under way as a page shows it: what happens now, how far it is, the intervals so far.

Pure: the events so far in, one value out. Nothing is judged here; the intervals are those that the
run itself gave after its last block.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from earwitness.experiment import events
from earwitness.experiment.design import Depth, Experiment, Fixed, Role
from earwitness.experiment.verdict import HypothesisResult
from earwitness.report import charts, progress

SHOWN_LINES = 6


@dataclass(frozen=True, kw_only=True)
class Stage:
    """An experiment of the run: how many blocks are done, and how many it may take."""

    title: str
    done: int
    most: int
    state: str
    """``waiting``, ``running``, ``done`` or ``unavailable``."""


@dataclass(frozen=True, kw_only=True)
class Live:
    """Everything that is shown."""

    status: str
    stages: tuple[Stage, ...]
    results: tuple[HypothesisResult, ...]
    """What could be said after the last block of each experiment, the headline first."""
    lines: tuple[str, ...]
    """The last things that happened, the newest first; single trials are left out."""

    @property
    def chart(self) -> str | None:
        """The intervals as a drawing; None while nothing is measured."""
        return charts.forest(self.results, "Effects so far against what was asked for")


def live(log: Iterable[events.Event]) -> Live:
    """The state of a run from its events so far."""
    known = list(log)
    started = next((event for event in known if isinstance(event, events.Started)), None)
    looks = {event.experiment: event for event in known if isinstance(event, events.Look)}
    results = [result for look in looks.values() for result in look.hypotheses]
    headline = None if started is None else started.claim.headline
    results.sort(key=lambda one: (one.id != headline, one.role is not Role.CLAIM))
    telling = [e for e in known if not isinstance(e, events.TrialFinished | events.Look)]
    return Live(
        status=progress.in_words(known[-1]) if known else "starting",
        stages=() if started is None else _stages(started, known),
        results=tuple(results),
        lines=tuple(progress.in_words(event) for event in reversed(telling[-SHOWN_LINES:])),
    )


def _stages(started: events.Started, known: list[events.Event]) -> tuple[Stage, ...]:
    return tuple(
        _stage(experiment, started.depth, known)
        for experiment in started.claim.experiments
        if experiment.plan_at(started.depth) is not None
    )


def _stage(experiment: Experiment, depth: Depth, known: list[events.Event]) -> Stage:
    plan = experiment.plan_at(depth)
    assert plan is not None
    most = plan.design.blocks if isinstance(plan.design, Fixed) else plan.design.most
    done, state = 0, "waiting"
    for event in known:
        match event:
            case events.TrialFinished() if event.trial.experiment == experiment.id:
                done, state = max(done, event.trial.block), "running"
            case events.BenchOpened() if event.experiment == experiment.id:
                state = "running"
            case events.ExperimentUnavailable() if event.experiment == experiment.id:
                state = "unavailable"
            case events.ExperimentEnded() if event.experiment == experiment.id:
                done, state = event.blocks, "done"
    return Stage(title=experiment.title, done=min(done, most), most=most, state=state)
