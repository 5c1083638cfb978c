"""What the charts show of a run's trials: the middle and the spread of a metric in each arm.

Pure selection from a ``RunDocument``; no drawing. Trials without the metric are passed over, and
an arm without any does not appear.
"""

import statistics
from dataclasses import dataclass

from earwitness.experiment.design import Arm, Metric
from earwitness.report.document import ExperimentDocument, RunDocument


@dataclass(frozen=True)
class Summary:
    """A metric of an arm over the blocks, in the metric's unit."""

    arm: Arm
    median: float
    least: float
    greatest: float
    blocks: int


def experiment_of(run: RunDocument, id: str) -> ExperimentDocument | None:
    """The experiment of that id; None when the run has none."""
    return next((e for e in run.experiments if e.id == id), None)


def metric_of(experiment: ExperimentDocument, name: str) -> Metric:
    """The metric of that name; one that was not described has its name for a title."""
    known = (metric for metric in experiment.metrics if metric.name == name)
    return next(known, Metric(name=name, title=name))


def summaries(
    run: RunDocument, experiment: ExperimentDocument, metric: str, arms: tuple[str, ...] = ()
) -> list[Summary]:
    """One summary for each arm that has the metric, in the order of ``arms`` (all when empty)."""
    known = {arm.name: arm for arm in experiment.arms}
    found = []
    for name in arms or tuple(known):
        values = [
            trial.observation.values[metric]
            for trial in run.trials
            if (trial.experiment, trial.arm) == (experiment.id, name)
            and metric in trial.observation.values
        ]
        if values and name in known:
            median = statistics.median(values)
            found.append(Summary(known[name], median, min(values), max(values), len(values)))
    return found
