"""``/predictions``: what was expected, what came out, and how well somebody judges themselves."""

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from earwitness import history
from earwitness.experiment.design import Claim
from earwitness.report import calibration as calibrations
from earwitness.report import charts, predicted
from earwitness.report.predicted import Predicted
from earwitness.store import predictions as stored
from earwitness.store import runs
from earwitness.web import rendering, site, standing
from earwitness.web.site import Site


@dataclass(frozen=True, kw_only=True)
class Row:
    """A prediction, and what it was made of."""

    predicted: Predicted
    claim_id: str
    claim: Claim | None
    """None where its package is not installed any more."""
    statement: str
    """The hypothesis in words; its id where the claim does not have it any more."""


def index(request: Request) -> Response:
    """All predictions with their scores, and the charts of calibration."""
    here = site.of(request)
    results = history.results(here.store)
    calibration = history.calibration(here.store, results)
    rows = predicted.told(stored.every(here.store), results)
    errors = [row.score.log_error for row in rows if row.score and row.score.log_error is not None]
    standings = standing.standings(here)
    return rendering.page(
        request,
        "predictions.html.j2",
        rows=_rows(here, reversed(rows)),
        told=calibrations.sentences(calibration) if calibration.scored else [],
        calibration=charts.calibration(calibration.calls),
        factors=charts.factors(errors),
        open=[one for one in standings.values() if one.installed and one.newest is None],
    )


def _rows(here: Site, told: Iterable[Predicted]) -> list[Row]:
    claims = {record.id: record.claim for record in runs.every(here.store)}
    found = []
    for one in told:
        id = claims[one.prediction.run]
        claim = here.claims.get(id)
        statements = {h.id: h.statement for h in claim.hypotheses} if claim else {}
        hypothesis = one.prediction.hypothesis
        statement = statements.get(hypothesis, hypothesis)
        found.append(Row(predicted=one, claim_id=id, claim=claim, statement=statement))
    return found
