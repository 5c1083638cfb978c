"""Claims, runs and predictions as JSON."""

import secrets

from starlette.exceptions import HTTPException

from earwitness import history
from earwitness.experiment import prediction
from earwitness.experiment.design import Claim
from earwitness.launcher import Request as RunRequest
from earwitness.report import comparison, json, predicted
from earwitness.store import predictions as stored
from earwitness.store import runs
from earwitness.store.runs import RunRecord
from earwitness.web import claims as claim_pages
from earwitness.web import runs as run_pages
from earwitness.web import standing
from earwitness.web.api import values
from earwitness.web.api.operation import Nothing, Operation
from earwitness.web.site import Site


def _claims(here: Site, _path: dict[str, str], _query: Nothing) -> list[values.Standing]:
    return [
        values.Standing(
            id=one.claim,
            title=one.title,
            installed=one.installed,
            state=one.state,
            run=None if one.newest is None else one.newest.id,
            under_way=None if one.under_way is None else one.under_way.id,
        )
        for one in standing.standings(here).values()
    ]


def _claim(here: Site, path: dict[str, str], _query: Nothing) -> Claim:
    return claim_pages.find(here, path["claim"])


def _start(here: Site, path: dict[str, str], order: values.RunOrder) -> values.Run:
    claim = claim_pages.find(here, path["claim"])
    record = here.running.start(
        RunRequest(
            claim=claim.id,
            depth=order.depth,
            seed=secrets.randbelow(claim_pages.SEEDS) if order.seed is None else order.seed,
            budget_seconds=order.budget_seconds,
            predictions=[prediction.parse(text, claim) for text in order.predictions],
        )
    )
    return _told(record)


def _runs(here: Site, _path: dict[str, str], query: values.RunsQuery) -> list[values.Run]:
    known = runs.every(here.store, claim=query.claim)
    return [_told(one) for one in known if one.kind == "experiment"][: query.most]


def _run(here: Site, path: dict[str, str], _query: Nothing) -> bytes:
    return json.encode(here.shelf.document(run_pages.find(here, path["run"])))


def _stop(here: Site, path: dict[str, str], _query: Nothing) -> values.Stopped:
    record = run_pages.find(here, path["run"])
    stopping = record.status == "running" and here.running.stop(record.id)
    if record.status == "running" and not stopping:
        raise HTTPException(409, "this run was started elsewhere: stop it there")
    return values.Stopped(id=record.id, stopping=stopping)


def _compare(here: Site, _path: dict[str, str], query: values.CompareQuery) -> object:
    one, other = (here.shelf.document(run_pages.find(here, id)) for id in (query.one, query.other))
    return {
        "hypotheses": comparison.hypotheses(one, other),
        "environment": comparison.differing(one, other),
    }


def _predictions(here: Site, _path: dict[str, str], _query: Nothing) -> object:
    results = history.results(here.store)
    rows = predicted.told(stored.every(here.store), results)
    return predicted.document(rows, history.calibration(here.store, results))


def _told(record: RunRecord) -> values.Run:
    return values.Run(
        id=record.id,
        claim=record.claim,
        depth=record.depth,
        seed=record.seed,
        status=record.status,
        message=record.message,
        verdict=record.verdict,
        version=record.version,
        started_at=record.started_at,
        finished_at=record.finished_at,
    )


OPERATIONS = (
    Operation(
        name="claims",
        method="GET",
        path="/api/claims",
        summary="All claims, and where they stand on this machine",
        act=_claims,
        gives=list[values.Standing],
    ),
    Operation(
        name="claim",
        method="GET",
        path="/api/claims/{claim}",
        summary="A claim in full: hypotheses, experiments, boundary, remedy",
        act=_claim,
        gives=Claim,
        refuses=(404, 503),
    ),
    Operation(
        name="start-run",
        method="POST",
        path="/api/claims/{claim}/runs",
        summary="Run a claim; that of a run under way when there is one",
        act=_start,
        body=values.RunOrder,
        gives=values.Run,
        status=202,
        refuses=(404, 413, 415, 422, 429, 503),
    ),
    Operation(
        name="runs",
        method="GET",
        path="/api/runs",
        summary="Past runs and those under way, newest first",
        act=_runs,
        query=values.RunsQuery,
        gives=list[values.Run],
    ),
    Operation(
        name="compare-runs",
        method="GET",
        path="/api/runs/compare",
        summary="Two runs side by side",
        act=_compare,
        query=values.CompareQuery,
        refuses=(404,),
    ),
    Operation(
        name="run",
        method="GET",
        path="/api/runs/{run}",
        summary="A run whole: the document earwitness/run/1",
        act=_run,
        refuses=(404,),
    ),
    Operation(
        name="stop-run",
        method="POST",
        path="/api/runs/{run}/stop",
        summary="Ask a run to stop",
        act=_stop,
        gives=values.Stopped,
        refuses=(404, 409, 413),
    ),
    Operation(
        name="predictions",
        method="GET",
        path="/api/predictions",
        summary="Predictions with their scores, and the calibration: earwitness/predictions/1",
        act=_predictions,
    ),
)
