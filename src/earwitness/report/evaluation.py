"""What labelled questions came to, as a document: figures with intervals, ours beside plain BM25."""

import math
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from earwitness.library.asking.abstention import THRESHOLD
from earwitness.library.evaluation import metrics
from earwitness.library.evaluation.running import RESULTS, Asked

_COVERAGES = (0.25, 0.5, 0.75, 1.0)
_SEED = 1
"""Of the bootstrap: the same data gives the same intervals."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A mean with its 95 % interval, over recordings drawn anew."""

    mean: float
    low: float
    high: float


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of both rankings, and the paired difference."""

    name: str
    ours: Estimate
    plain: Estimate
    """Of the same words ranked by SQLite's own BM25."""
    difference: Estimate
    """Ours less plain, question by question."""


class Risk(msgspec.Struct, frozen=True, kw_only=True):
    """Share of wrong first results when only the most confident questions are answered."""

    coverage: float
    risk: float


class EvaluationDocument(msgspec.Struct, frozen=True, kw_only=True):
    """How well search and answers do on labelled questions."""

    schema: Literal["earwitness/evaluation/1"] = "earwitness/evaluation/1"
    data: str
    meaning: bool
    """Whether the embedding model took part."""
    questions: int
    """That something answers."""
    unanswerable: int
    """That nothing answers where they were asked."""
    recordings: int
    figures: tuple[Figure, ...]
    citation_precision: Estimate | None
    """Share of citations that stand in an answering place, of the answers that were given."""
    answered: float
    """Share of the answerable questions that got an answer."""
    refused: float | None
    """Share of the unanswerable ones that got none."""
    auroc: Estimate | None
    """How well confidence tells the two apart; null without unanswerable ones."""
    risks: tuple[Risk, ...]


def document(data: str, asked: Sequence[Asked], *, meaning: bool) -> EvaluationDocument:
    """The figures of these questions. Raises NothingAsked."""
    answerable = [one for one in asked if one.relevant]
    if not answerable:
        raise NothingAsked("no question has an answer in what was searched: check the episodes")
    elsewhere = [one.elsewhere for one in asked if one.elsewhere is not None]
    nowhere = elsewhere or [one.confidence for one in asked if not one.relevant]
    given = [one for one in answerable if one.cited]
    return EvaluationDocument(
        data=data,
        meaning=meaning,
        questions=len(answerable),
        unanswerable=len(nowhere),
        recordings=len({one.group for one in answerable}),
        figures=tuple(_figures(answerable)),
        citation_precision=_mean([metrics.precision(one.cited) for one in given], given)
        if given
        else None,
        answered=len(given) / len(answerable),
        refused=sum(one < THRESHOLD for one in nowhere) / len(nowhere) if nowhere else None,
        auroc=_auroc(answerable, nowhere, paired=bool(elsewhere)),
        risks=_risks(answerable, nowhere),
    )


class NothingAsked(ValueError):
    """None of the questions could be held against anything; the message is one line."""


def _figures(asked: Sequence[Asked]) -> list[Figure]:
    figures: dict[str, Callable[[Sequence[bool], int], float]] = {
        f"nDCG@{RESULTS}": lambda ranking, relevant: metrics.ndcg(ranking, relevant, RESULTS),
        "hit@1": lambda ranking, _: metrics.hit(ranking, 1),
        "hit@5": lambda ranking, _: metrics.hit(ranking, 5),
        "MRR": lambda ranking, _: metrics.reciprocal_rank(ranking),
    }
    told = []
    for name, figure in figures.items():
        ours = [figure(one.ours, one.relevant) for one in asked]
        plain = [figure(one.plain, one.relevant) for one in asked]
        gained = [mine - other for mine, other in zip(ours, plain, strict=True)]
        told.append(
            Figure(
                name=name,
                ours=_mean(ours, asked),
                plain=_mean(plain, asked),
                difference=_mean(gained, asked),
            )
        )
    return told


def _auroc(
    answerable: Sequence[Asked], nowhere: Sequence[float], *, paired: bool
) -> Estimate | None:
    if not nowhere:
        return None
    here = [one.confidence for one in answerable]
    if paired and len(here) == len(nowhere):
        groups = [one.group for one in answerable]
        return _estimate(metrics.auroc_interval(here, nowhere, groups, _SEED))
    value = metrics.auroc(here, nowhere)
    return None if math.isnan(value) else Estimate(mean=value, low=value, high=value)


def _risks(answerable: Sequence[Asked], nowhere: Sequence[float]) -> tuple[Risk, ...]:
    confidence = [*(one.confidence for one in answerable), *nowhere]
    right = [*(bool(metrics.hit(one.ours, 1)) for one in answerable), *(False for _ in nowhere)]
    told = metrics.risk_at_coverage(confidence, right, _COVERAGES)
    return tuple(Risk(coverage=coverage, risk=risk) for coverage, risk in told)


def _mean(values: Sequence[float], asked: Sequence[Asked]) -> Estimate:
    return _estimate(metrics.interval(values, [one.group for one in asked], _SEED))


def _estimate(of: tuple[float, float, float]) -> Estimate:
    mean, low, high = of
    return Estimate(mean=mean, low=low, high=high)
