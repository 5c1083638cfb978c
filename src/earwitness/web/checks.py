"""``/checks/...``: paste a target, see the plan, then look; what was found, and what was before."""

from collections.abc import Callable, Mapping, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from earwitness import checks
from earwitness.check import kinds
from earwitness.check.finding import Severity
from earwitness.check.target import NotATarget
from earwitness.checks import CannotCheck, Order
from earwitness.report import check_markdown, comparison, json, junit, sarif
from earwitness.report.check_document import CheckDocument
from earwitness.report.quantities import duration
from earwitness.store import runs
from earwitness.store.runs import RunRecord
from earwitness.web import forms, rendering, site
from earwitness.web.forms import Form
from earwitness.web.site import Site

FORMATS: Mapping[str, tuple[str, str, Callable[[CheckDocument], str]]] = {
    "json": ("application/json", "json", lambda document: json.encode(document).decode()),
    "sarif": ("application/sarif+json", "sarif", sarif.render),
    "junit": ("application/xml", "xml", junit.render),
    "markdown": ("text/markdown; charset=utf-8", "md", check_markdown.render_check),
}
"""What a check can be had as: media type, ending of the file, and how it is made."""
MOST_SECONDS = 180.0
"""Of a check from a page, which waits for the answer; the command line has more patience."""
OFFERED = {
    kind: tuple(option for option in kind.options if not option.attended) for kind in kinds.KINDS
}
"""What can be asked for besides, by the kind of target that knows it."""
_OFFERED_NAMES = frozenset(option.name for options in OFFERED.values() for option in options)
_SHOWN = 30


def index(request: Request) -> Response:
    """Where a target is pasted, and the checks so far."""
    return _asked(request, site.of(request))


async def plan(request: Request) -> Response:
    """Plan a check of the target; nothing is connected to."""
    here = site.of(request)
    form = await forms.read(request)
    return await run_in_threadpool(_planned, request, here, form)


def unplanned(_request: Request) -> Response:
    """Who comes without a plan, as by reloading what was refused, begins anew."""
    return RedirectResponse("/checks", 303)


def planned(request: Request) -> Response:
    """What the check would do, until it is carried out. Raises Expired."""
    ticket = request.path_params["ticket"]
    order = site.of(request).checking.look(ticket)
    return rendering.page(request, "plan.html.j2", plan=order.plan, ticket=ticket)


async def carry_out(request: Request) -> Response:
    """Do what the plan said, and show what was found."""
    here = site.of(request)
    form = await forms.read(request)
    order = here.checking.redeem(form.one("ticket"))
    record = await run_in_threadpool(here.checking.carry_out, order)
    return RedirectResponse(f"/checks/{record.id}", 303)


def check(request: Request) -> Response:
    """One check with its findings."""
    here = site.of(request)
    record = find(here, request.path_params["check"])
    document = checks.document_of(here.store, record)
    before = _before(here, record, document)
    return rendering.page(
        request,
        "check.html.j2",
        record=record,
        check=document,
        before=before,
        changed=[] if before is None else _changed(document, before[1]),
        formats=FORMATS,
        severities=list(Severity),
        claims=here.claims,
    )


def download(request: Request) -> Response:
    """A check in a format."""
    here = site.of(request)
    name = request.path_params["format"]
    if name not in FORMATS:
        raise HTTPException(404, f"A check can be had as {', '.join(FORMATS)}.")
    record = find(here, request.path_params["check"])
    type_, ending, render = FORMATS[name]
    headers = {"Content-Disposition": f'attachment; filename="{record.id}.{ending}"'}
    text = render(checks.document_of(here.store, record))
    return Response(text, headers=headers, media_type=type_)


def find(here: Site, id: str) -> RunRecord:
    """The check of that id. Raises UnknownRun; 404 when it is a run."""
    record = runs.find(here.store, id)
    if record.kind != "check":
        raise HTTPException(404, "That is a run, not a check.")
    return record


def ordered(address: str, claims: Sequence[str], options: Mapping[str, str]) -> Order:
    """The check as a page may make it. Raises NotATarget, CannotCheck, UnknownClaim, BrokenClaim."""
    for name in options:
        if name not in _OFFERED_NAMES:
            raise CannotCheck(f"--{name} is for the command line")
    order = checks.order(address, claims, options)
    if order.budget.seconds > MOST_SECONDS:
        raise CannotCheck(
            f"this would take up to {duration(order.budget.seconds)}, and a page waits for "
            f"{duration(MOST_SECONDS)} only; the command line has more patience"
        )
    return order


def every(here: Site, most: int | None = None) -> list[RunRecord]:
    """The checks, newest first."""
    return [record for record in runs.every(here.store) if record.kind == "check"][:most]


def _planned(request: Request, here: Site, form: Form) -> Response:
    chosen = [id for id in form.every("claim") if id in here.claims]
    options = _options(form)
    try:
        order = ordered(form.one("target"), chosen, options)
    except (NotATarget, CannotCheck) as problem:
        return _asked(request, here, options, unclear=str(problem), status=422)
    return RedirectResponse(f"/checks/plan/{here.checking.plan(order)}", 303)


def _options(form: Form) -> dict[str, str]:
    """What was asked for besides; several values of one option are lines."""
    said = {name: form.one(f"option-{name}") for name in _OFFERED_NAMES}
    return {name: "\n".join(value.split("\r\n")) for name, value in said.items() if value}


def _asked(
    request: Request,
    here: Site,
    options: Mapping[str, str] | None = None,
    *,
    unclear: str | None = None,
    status: int = 200,
) -> Response:
    """The page that asks for a target. What was pasted is not repeated: it may hold a password."""
    return rendering.page(
        request,
        "checks.html.j2",
        status=status,
        offered=OFFERED,
        options=options or {},
        history=[(record, _target(here, record)) for record in every(here, _SHOWN)],
        unclear=unclear,
    )


def _target(here: Site, record: RunRecord) -> str:
    return checks.document_of(here.store, record).target


def _before(
    here: Site, record: RunRecord, document: CheckDocument
) -> tuple[RunRecord, CheckDocument] | None:
    """The check of the same target before this one."""
    for other in every(here):
        if other.started_at < record.started_at and other.claim == record.claim:
            found = checks.document_of(here.store, other)
            if found.target == document.target:
                return other, found
    return None


def _changed(now: CheckDocument, before: CheckDocument) -> list[comparison.Row]:
    """Findings whose severity is not what it was."""
    return [row for row in comparison.findings(before, now) if row["one"] != row["other"]]
