"""``/predictions``: what was expected, what came out, and how well somebody judges themselves."""

from starlette.requests import Request
from starlette.responses import Response

from earwitness import history
from earwitness.report import calibration as calibrations
from earwitness.report import charts, predicted
from earwitness.store import predictions as stored
from earwitness.web import rendering, site, standing


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
        rows=list(reversed(rows)),
        told=calibrations.sentences(calibration) if calibration.scored else [],
        calibration=charts.calibration(calibration.calls),
        factors=charts.factors(errors),
        open=[one for one in standings.values() if one.installed and one.newest is None],
    )
