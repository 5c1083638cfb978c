"""Whether a claim makes sense before anything is started for it.

Pure. Authors of claims call it in their tests; the worker calls it before it opens a bench.
"""

from collections.abc import Iterable, Iterator, Mapping

from earwitness.experiment import contrast as contrasts
from earwitness.experiment.design import (
    Claim,
    Control,
    Curve,
    Experiment,
    Fixed,
    HeatMap,
    Hypothesis,
    Inference,
    Role,
    Share,
    Topology,
    Within,
)
from earwitness.experiment.judgement import LEAST_EXACT_BLOCKS


def problems(claim: Claim) -> tuple[str, ...]:
    """Every contradiction in the claim, one sentence each; empty when it can be run."""
    return (
        *_repeated("hypothesis", (h.id for h in claim.hypotheses)),
        *_repeated("experiment", (e.id for e in claim.experiments)),
        *_claim_level(claim),
        *(found for h in claim.hypotheses for found in _hypothesis(claim, h)),
        *(found for e in claim.experiments for found in _experiment(claim, e)),
        *_charts(claim),
    )


def _claim_level(claim: Claim) -> Iterator[str]:
    by_id = {h.id: h for h in claim.hypotheses}
    headline = by_id.get(claim.headline)
    if headline is None:
        yield f"the headline {claim.headline!r} is no hypothesis of the claim"
    elif headline.role is not Role.CLAIM:
        yield f"the headline {claim.headline!r} must have the role claim"
    named = [claim.remedy.hypothesis, *(surprise.hypothesis for surprise in claim.surprises)]
    for id in named:
        if id not in by_id:
            yield f"{id!r} is named by the remedy or a surprise and is no hypothesis"


def _hypothesis(claim: Claim, hypothesis: Hypothesis) -> Iterator[str]:
    where = f"hypothesis {hypothesis.id!r}"
    experiment = {e.id: e for e in claim.experiments}.get(hypothesis.experiment)
    if experiment is None:
        yield f"{where}: there is no experiment {hypothesis.experiment!r}"
        return
    yield from _unknown_arms(where, contrasts.arms_of(hypothesis.contrast), experiment)
    # the metric of a share is an outcome, and outcomes are words without a declaration
    if not isinstance(hypothesis.contrast, Share):
        yield from _unknown_metric(where, hypothesis.contrast.metric, experiment)
    criterion = hypothesis.criterion
    if isinstance(criterion, Within) and criterion.low >= criterion.high:
        yield f"{where}: the range of equivalence is empty"
    if hypothesis.inference is Inference.EXACT:
        for depth, plan in experiment.plans.items():
            least = plan.design.blocks if isinstance(plan.design, Fixed) else plan.design.least
            if least < LEAST_EXACT_BLOCKS:
                yield f"{where}: {depth} has {least} blocks, an exact outcome needs three"


def _experiment(claim: Claim, experiment: Experiment) -> Iterator[str]:
    where = f"experiment {experiment.id!r}"
    yield from _repeated(f"{where}: arm", (arm.name for arm in experiment.arms))
    yield from _repeated(f"{where}: metric", (metric.name for metric in experiment.metrics))
    for metric in experiment.metrics:
        if metric.of:
            yield from _unknown_metric(f"{where}: metric {metric.name!r}", metric.of, experiment)
    if not experiment.plans:
        yield f"{where} has no plan for any depth"
    for depth, plan in experiment.plans.items():
        yield from _unknown_arms(f"{where}, plan {depth}", plan.arms, experiment)
        if not isinstance(plan.design, Fixed) and not 1 <= plan.design.least <= plan.design.most:
            yield f"{where}, plan {depth}: least must be from 1 to most"
    hypotheses = {h.id for h in claim.hypotheses}
    for gate in experiment.gates:
        named = (gate.arm, gate.twin) if isinstance(gate, Control) else gate.arms
        yield from _unknown_arms(f"gate {gate.id!r}", named, experiment)
        yield from _unknown_metric(f"gate {gate.id!r}", gate.metric, experiment)
        for id in gate.guards:
            if id not in hypotheses:
                yield f"gate {gate.id!r} guards {id!r}, which is no hypothesis"


def _charts(claim: Claim) -> Iterator[str]:
    experiments = {e.id: e for e in claim.experiments}
    for chart in claim.charts:
        where = f"chart {chart.title!r}"
        if isinstance(chart, HeatMap):
            yield from _heat_map(where, chart, experiments)
            continue
        experiment = experiments.get(chart.experiment)
        if experiment is None:
            yield f"{where}: there is no experiment {chart.experiment!r}"
            continue
        metrics = chart.metrics if isinstance(chart, Curve | Topology) else (chart.metric,)
        for metric in metrics:
            yield from _unknown_metric(where, metric, experiment)
        if not isinstance(chart, Curve):
            yield from _unknown_arms(where, chart.arms, experiment)
        elif not any(chart.along in arm.settings for arm in experiment.arms):
            yield f"{where}: no arm has the setting {chart.along!r}"
        if isinstance(chart, Topology):
            yield from _map(where, chart)


def _heat_map(where: str, chart: HeatMap, experiments: Mapping[str, Experiment]) -> Iterator[str]:
    units = set()
    for id in chart.experiments:
        experiment = experiments.get(id)
        if experiment is None:
            yield f"{where}: there is no experiment {id!r}"
            continue
        for metric in chart.metrics:
            yield from _unknown_metric(where, metric, experiment)
        units |= {metric.unit for metric in experiment.metrics if metric.name in chart.metrics}
    if len(units) > 1:
        yield f"{where}: its metrics have different units"


def _map(where: str, chart: Topology) -> Iterator[str]:
    names = [node.name for node in chart.nodes]
    yield from _repeated(f"{where}: node", names)
    for link in chart.links:
        for name in (link.first, link.second):
            if name not in names:
                yield f"{where}: there is no node {name!r}"


def _unknown_arms(where: str, names: Iterable[str], experiment: Experiment) -> Iterator[str]:
    known = {arm.name: arm for arm in experiment.arms}
    yield from (f"{where}: there is no arm {name!r}" for name in names if name not in known)


def _unknown_metric(where: str, name: str, experiment: Experiment) -> Iterator[str]:
    if name not in {metric.name for metric in experiment.metrics}:
        yield f"{where}: there is no metric {name!r}"


def _repeated(what: str, names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield f"{what} {name!r} stands twice"
        seen.add(name)
