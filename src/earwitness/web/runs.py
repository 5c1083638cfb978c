"""``/runs/...``: one run watched to its verdict, stopped, kept, and compared with another."""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from earwitness.report import assembly, comparison, html, json, markdown
from earwitness.report.assembly import NothingRecorded
from earwitness.report.document import RunDocument
from earwitness.store import predictions, runs
from earwitness.store.runs import RunRecord
from earwitness.web import forms, rendering, site, streaming
from earwitness.web.site import Site

FORMATS: Mapping[str, str] = {
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
}
"""What a run can be had as, by the ending of its address."""


def run(request: Request) -> Response:
    """A run under way, or what came out of it."""
    here = site.of(request)
    record = find(here, request.path_params["run"])
    if record.status == "running":
        return _under_way(request, here, record)
    try:
        document = here.shelf.document(record)
    except NothingRecorded as nothing:
        return rendering.page(
            request, "run_empty.html.j2", record=record, claim=_claim(here, record), why=nothing
        )
    return rendering.page(
        request,
        "run_page.html.j2",
        record=record,
        run=document,
        others=_others(here, record),
        installed=record.claim in here.claims,
    )


async def stream(request: Request) -> StreamingResponse:
    """The panel of a run under way, anew after every event."""
    here = site.of(request)
    record = await run_in_threadpool(find, here, request.path_params["run"])

    def told(new: streaming.Numbered) -> str:
        number, panel = here.panels.at(record.id, new[-1][0])
        return streaming.message("panel", panel, number)

    after = streaming.last_seen(request)
    return streaming.response(streaming.follow(here.store, here.pulse, record.id, after, told))


async def stop(request: Request) -> Response:
    """Ask a run to stop, and go back to it."""
    here = site.of(request)
    await forms.read(request)
    record = await run_in_threadpool(find, here, request.path_params["run"])
    if record.status == "running" and not here.running.stop(record.id):
        raise HTTPException(
            409, "This run was started elsewhere: stop it there, with Ctrl-C in its terminal."
        )
    return RedirectResponse(f"/runs/{record.id}", 303)


def download(request: Request) -> Response:
    """The whole run in a format."""
    here = site.of(request)
    record = find(here, request.path_params["run"])
    ending = request.path_params["ending"]
    if ending not in FORMATS:
        raise HTTPException(404, f"A run can be had as {', '.join(FORMATS)}.")
    body = encoded(here.shelf.document(record), ending)
    headers = {"Content-Disposition": f'attachment; filename="{record.id}.{ending}"'}
    return Response(body, headers=headers, media_type=FORMATS[ending])


def compare(request: Request) -> Response:
    """Two runs of one claim side by side."""
    here = site.of(request)
    left, right = (_document(here, request.query_params.get(name, "")) for name in ("one", "other"))
    return rendering.page(
        request,
        "compare.html.j2",
        one=left,
        other=right,
        rows=comparison.hypotheses(left, right),
        statements={h.id: h.statement for document in (left, right) for h in document.hypotheses},
        differing=comparison.differing(left, right),
    )


def encoded(document: RunDocument, ending: str) -> bytes:
    """A run in one of ``FORMATS``."""
    match ending:
        case "json":
            return json.encode(document)
        case "md":
            return markdown.render_run(document).encode()
        case _:
            return html.render_run(document).encode()


def find(here: Site, id: str) -> RunRecord:
    """The experiment of that whole id. Raises UnknownRun; 404 when it is a check."""
    record = runs.find(here.store, id)
    if record.kind != "experiment":
        raise HTTPException(404, "That is a check, not a run.")
    return record


def _document(here: Site, id: str) -> RunDocument:
    if not id:
        raise HTTPException(422, "Choose two runs to compare.")
    return here.shelf.document(find(here, id))


def _under_way(request: Request, here: Site, record: RunRecord) -> Response:
    seen, panel = here.panels.at(record.id, 0)
    return rendering.page(
        request,
        "run_live.html.j2",
        record=record,
        claim=_claim(here, record),
        seen=seen,
        panel=panel,
        predicted=[
            assembly.expectation_of(one) for one in predictions.every(here.store, run=record.id)
        ],
        ours=here.running.owns(record.id),
    )


def _claim(here: Site, record: RunRecord) -> str:
    """The claim's title; its id when it is not installed any more."""
    return here.claims[record.claim].title if record.claim in here.claims else record.claim


def _others(here: Site, record: RunRecord) -> list[RunRecord]:
    """Finished runs of the same claim to compare with, the newest first."""
    known = runs.every(here.store, claim=record.claim, most=20)
    return [other for other in known if other.id != record.id and other.status == "finished"]
